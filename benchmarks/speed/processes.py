"""Wall time of one model in one process and in two, on the CPU.

Random rows in the shapes of cellcycle_FUN, ten heads, batches of 64, one epoch after
one that warms up; the loss of the last epoch shows that the model is the same. Launches
take turns, and the quickest of each counts: whatever else runs here makes them slower.

    python benchmarks/speed/processes.py [--rounds N] [--out FILE.csv]
"""

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

RESULT = Path(__file__).parents[1] / "results" / "processes.csv"
SPLIT = "torch.distributed.run", "--standalone", "--nproc_per_node=2"
# What is run, with how many threads in each process.
KINDS = {
    "one process, one thread": ((), 1),
    "two processes, one thread each": (("-m", *SPLIT), 1),
}


def run():
    """Train, and print the second epoch's seconds and loss."""
    from training_step import hierarchy_of, random_rows

    from sklearn_hmlc import HierarchicalEnsembleClassifier

    hierarchy = hierarchy_of("cellcycle_FUN")
    x, y = random_rows(hierarchy, 1600, np.random.default_rng(0))
    model = HierarchicalEnsembleClassifier(
        hierarchy,
        n_estimators=10,
        batch_size=64,
        max_epochs=2,
        device="accelerate",
        random_state=0,
    ).fit(x.numpy(), y.numpy())
    if int(os.environ.get("RANK", "0")) == 0:
        last = model.history_[-1]
        print(json.dumps({"seconds": last["dur"], "loss": last["train_loss"]}))


def launched(kind):
    words, threads = KINDS[kind]
    env = os.environ | {"OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, *words, __file__, "--one"]
    answer = subprocess.run(command, stdout=-1, env=env, text=True, check=True)
    return json.loads(answer.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        run()
        return
    found = {kind: [] for kind in KINDS}
    for _ in range(args.rounds):
        for kind in KINDS:
            found[kind].append(launched(kind))
            print(kind, found[kind][-1], flush=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "seconds", "ratio", "loss"])
        base = None
        for kind, answers in found.items():
            seconds = min(one["seconds"] for one in answers)
            base = base or seconds
            loss = answers[0]["loss"]
            writer.writerow([kind, f"{seconds:.4g}", f"{seconds / base:.3f}", loss])


if __name__ == "__main__":
    main()

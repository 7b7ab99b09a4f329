"""Training steps and memory of ten heads, a dropout ensemble and a shared body.

Random rows in the shapes of real data sets; steps of the kinds take turns, so that a
noisy machine slows all of them alike. Batches of 4 rows (the paper's) and of 64.

    python benchmarks/speed/ensemble_step.py [--quick] [--out FILE.csv]

Set SKLEARN_HMLC_DATA to the folder of the real data for their hierarchies.
"""

import argparse
import csv
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
from training_step import (
    N_FEATURES,
    SHAPES,
    hierarchy_of,
    high_water_mark,
    make_step,
    random_rows,
    take_turns,
)

from sklearn_hmlc.losses import HierarchicalFocalLoss, node_weights
from sklearn_hmlc.nn import DropoutMLP, LastLayerMLP, MultiHeadMLP

RESULTS = Path(__file__).parents[1] / "results" / "ensemble_step.csv"
KINDS = {"heads": MultiHeadMLP, "dropout": DropoutMLP, "last_layer": LastLayerMLP}
BATCHES = (4, 64)


def step_of(name, kind, batch):
    hierarchy = hierarchy_of(name)
    x, y = random_rows(hierarchy, 64, np.random.default_rng(0))
    weight = node_weights(y.numpy(), floor=None, power=0.5)
    _, _, hidden, n_members, _ = SHAPES[name]
    net = KINDS[kind](
        N_FEATURES,
        hierarchy.n_nodes,
        n_heads=n_members,
        hidden_layer_sizes=(hidden, hidden),
    )
    loss = HierarchicalFocalLoss(hierarchy, node_weight=weight)
    return make_step(net, loss, x[:batch], y[:batch])


def time_rows(name, batch, n_rounds):
    steps = {kind: step_of(name, kind, batch) for kind in KINDS}
    return take_turns(steps, n_rounds)


def memory_rows(name, batch):
    """Peak memory of some steps in GB, above that of a process with no network."""
    command = [sys.executable, __file__, "--memory-of", name, str(batch)]
    peaks = {
        kind: float(subprocess.run([*command, kind], stdout=-1, check=True).stdout)
        for kind in ("none", *KINDS)
    }
    bare = peaks.pop("none")
    return {kind: peak - bare for kind, peak in peaks.items()}


def run_for_memory(name, batch, kind):
    if kind == "none":
        hierarchy_of(name)
    else:
        step = step_of(name, kind, int(batch))
        for _ in range(3):
            step()
    print(high_water_mark())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory_of:
        run_for_memory(*args.memory_of)
        return
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "shapes", "batch", "ensemble", "value", "ratio"])
        for name, batch in product(SHAPES, BATCHES):
            seconds = time_rows(name, batch, 3 if args.quick else 15)
            parts = {"step seconds": seconds, "peak GB": memory_rows(name, batch)}
            for what, values in parts.items():
                for kind, value in values.items():
                    ratio = value / values["heads"]
                    row = [what, name, batch, kind, f"{value:.4g}", f"{ratio:.3f}"]
                    writer.writerow(row)
                    print(*row, flush=True)


if __name__ == "__main__":
    main()

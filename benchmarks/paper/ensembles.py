"""Ten heads against a dropout ensemble and a shared body: time, memory and quality.

The classifier's defaults otherwise, 30 epochs; decisions at 0.5 on test rows, macro
over scored nodes. Each fit runs in a process of its own: `peak_gb` is the most that it
held above what it had before `fit` (torch and the data). Run it on an idle machine;
ratios within one data set and seed are what counts.

    SKLEARN_HMLC_DATA=... python benchmarks/paper/ensembles.py [--summary]

Results are appended cell by cell; what the CSV has is not computed again.
"""

import argparse
import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pandas as pd
from _cells import fill, load, timed_fit

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.metrics import node_precision_recall_f1

RESULTS = Path(__file__).parents[1] / "results" / "ensembles.csv"
KEYS = ["data", "seed", "batch_size", "ensemble"]


def run(*cell):
    """Run one cell in a fresh process."""
    command = [sys.executable, __file__, "--cell", *map(str, cell)]
    return json.loads(subprocess.run(command, stdout=-1, check=True).stdout)


def run_cell(data, seed, batch_size, ensemble):
    train, test, hierarchy = load(data)
    classifier = HierarchicalEnsembleClassifier(
        hierarchy,
        ensemble=ensemble,
        n_estimators=10,
        batch_size=int(batch_size),
        max_epochs=30,
        random_state=int(seed),
    )
    # The first step of torch brings its kernels in; they are not the ensemble's.
    small = HierarchicalEnsembleClassifier(n_estimators=1, max_epochs=1)
    small.fit([[0.0], [1.0]], [[0, 1], [1, 0]])
    before = memory("VmRSS")
    pipeline, seconds = timed_fit(classifier, train)
    peak = memory("VmHWM") - before
    pred = pipeline.predict(test.data)
    macro = node_precision_recall_f1(test.target, pred, hierarchy=hierarchy)
    return {
        "fit_seconds": f"{seconds:.1f}",
        "peak_gb": f"{peak:.3f}",
        "recall": f"{macro.recall:.4f}",
        "precision": f"{macro.precision:.4f}",
        "f1": f"{macro.f1:.4f}",
        "au_prc": f"{pipeline.score(test.data, test.target):.4f}",
    }


def memory(entry):
    """Resident memory of this process, now (VmRSS) or at most (VmHWM), in GB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{entry}:"):
            return int(line.split()[1]) / 2**20
    raise RuntimeError("The kernel tells no peak memory; run this on Linux.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", nargs="+", default=["cellcycle_FUN", "eisen_FUN", "gasch1_FUN"]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[32])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--summary", action="store_true", help="no training")
    parser.add_argument("--cell", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.cell:
        print(json.dumps(run_cell(*args.cell)))
        return
    if not args.summary:
        kinds = ["heads", "dropout", "last_layer"]
        cells = product(args.data, args.seeds, args.batch_sizes, kinds)
        fill(args.out, KEYS, cells, run)
    summary = summarize(pd.read_csv(args.out))
    summary.to_csv(args.out.with_stem(f"{args.out.stem}_summary"))
    print(summary.to_string())


def summarize(results):
    """Means over seeds; in brackets how much more or less than the heads' they are."""
    columns = {
        "fit_seconds": "Seconds",
        "peak_gb": "Peak GB",
        "recall": "Recall",
        "precision": "Precision",
        "f1": "F1",
        "au_prc": "AU(PRC)",
    }
    grouped = results.groupby(["data", "batch_size", "ensemble"], sort=False)
    mean = grouped[list(columns)].mean()
    heads = mean.xs("heads", level="ensemble")
    base = heads.reindex(mean.index.droplevel("ensemble")).set_axis(mean.index)
    change = (mean / base - 1).map(" ({:+.0%})".format)
    text = mean.map("{:.3g}".format) + change
    text.insert(0, "Seeds", grouped.size())
    names = ["Data", "Batch", "Ensemble"]
    return text.rename(columns=columns).rename_axis(names)


if __name__ == "__main__":
    main()

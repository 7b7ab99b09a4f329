"""The paper's claims on real data: run the experiments, write the report.

    python -m benchmarks.paper run --profile quick
    python -m benchmarks.paper run --profile full --jobs 2
    python -m benchmarks.paper run --profile images
    python -m benchmarks.paper report
    python -m benchmarks.paper report --profile quick

A cell is a data set, a seed and a method, and becomes one line of the results when it
ends. What is there is not computed again, so a run that was killed goes on where it
was. ``--cluster`` runs cells on a dask cluster.
Data come from ``SKLEARN_HMLC_DATA``, or are downloaded; the images are scikit-learn's.
"""

import argparse
from itertools import product
from pathlib import Path

from benchmarks._cluster import add_cluster, on_cluster

from ._experiment import FUN, GO, OTHER, choose_epochs, run
from ._images import run_images
from ._methods import MAIN, METHODS, budget_of
from ._table import Table, fill

RESULTS = Path(__file__).parents[1] / "results" / "paper"
QUICK_EPOCHS = 12


def full():
    """Cells in the order of their worth: what breaks off early is a smaller study."""
    yield from product(FUN, [0], MAIN)
    yield from product(FUN, [0], METHODS)
    yield from product(OTHER, [0], MAIN)
    yield from product(FUN, [1, 2], MAIN)
    yield from product(GO, [0], MAIN)
    yield from product(FUN, [1, 2], METHODS)
    yield from product(OTHER, [1, 2], MAIN)


def quick():
    """Three data sets, one seed, few epochs."""
    yield from product(["cellcycle_FUN", "eisen_FUN", "pheno_FUN"], [0], MAIN)


PROFILES = {"full": full, "quick": quick}


def run_profile(profile, results, jobs, data=None, methods=None):
    cells = [
        (name, seed, method)
        for name, seed, method in dict.fromkeys(PROFILES[profile]())
        if name in (data or [name]) and method in (methods or [method])
    ]
    table = Table(results / f"{profile}.csv", ["data", "seed", "method"])
    budgets = [(data, budget_of(method)) for data, _, method in cells]
    epochs = dict.fromkeys(budgets, QUICK_EPOCHS)
    if profile == "full":
        chosen = Table(results / "epochs.csv", ["data", "method"])
        fill(chosen, list(epochs), _epochs, jobs)
        rows = chosen.rows()
        epochs = {(row["data"], row["method"]): int(row["epochs"]) for row in rows}
    fill(table, cells, run, jobs, [(epochs[budget],) for budget in budgets])


def _epochs(data, method):
    return {"epochs": choose_epochs(data, method)}


def main():
    words = argparse.ArgumentParser(
        prog="python -m benchmarks.paper",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words.add_argument("command", choices=["run", "report"])
    words.add_argument("--profile", choices=[*PROFILES, "images"], default="full")
    words.add_argument("--data", nargs="+", choices=[*FUN, *GO, *OTHER], metavar="SET")
    words.add_argument("--methods", nargs="+", choices=METHODS, metavar="METHOD")
    words.add_argument("--jobs", type=int, default=-1, help="cells at a time")
    add_cluster(words)
    words.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    args = words.parse_args()
    if args.command == "report":
        from ._report import report, show  # needs matplotlib

        (show if args.profile == "quick" else report)(args.results)
        return
    with on_cluster(args.cluster):
        if args.profile == "images":
            run_images(args.results, args.jobs)
            return
        run_profile(args.profile, args.results, args.jobs, args.data, args.methods)


if __name__ == "__main__":
    main()

"""Against what people would pick instead: every shared data set, the same rows.

    python -m benchmarks.peers run [--data NAME ...] [--methods NAME ...] [--jobs N]
                                   [--cluster ADDRESS]
    python -m benchmarks.peers report

A cell is a data set, a seed and a method: fitted on the train and valid rows, the test
rows scored once. Cells that are there are not computed again. CPU seconds are those of
the process and the programs it starts; memory is its peak, so methods run in processes
of their own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks._cluster import add_cluster, on_cluster
from benchmarks.paper._calibration import calibration
from benchmarks.paper._experiment import FUN, OTHER, decisions, load, ranking
from benchmarks.paper._table import Table, fill
from sklearn_hmlc.metrics import fmax_score

from ._methods import METHODS, OURS, SLOW
from ._page import as_page

RESULTS = Path(__file__).parents[1] / "results" / "peers.csv"
PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "peers.inc"
KEYS = ["data", "seed", "method"]
GO = [
    f"{name}_GO" for name in ("cellcycle", "derisi", "gasch1", "gasch2", "pheno", "seq")
]


def cells():
    """Ours before the others, small sets before large ones."""
    quick = [method for method in METHODS if method not in SLOW]
    for seed in range(3):
        yield from product([*FUN, *OTHER], [seed], OURS)
        yield from product([*FUN, *OTHER], [seed], quick)
    for seed in range(2):
        yield from product(GO, [seed], quick)
    yield from product(FUN, [0], SLOW)


def in_a_process(data, seed, method):
    command = [sys.executable, "-m", "benchmarks.peers", "one", data, str(seed), method]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(answer.stdout.splitlines()[-1])


def judge(data, seed, method):
    """Train and score; return the measures of one cell by name."""
    train, valid, test, hierarchy = load(data)
    X, Y = np.vstack([train[0], valid[0]]), sp.vstack([train[1], valid[1]], "csr")
    before, wall = _cpu_seconds(), time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nodes without a row, constant columns
        model = METHODS[method](hierarchy, seed).fit(X, Y)
        proba = np.asarray(model.predict_proba(test[0]))
        labels = model.predict(test[0])
    spent = _cpu_seconds() - before, time.perf_counter() - wall
    measures = ranking(test[1], proba, Y, hierarchy)
    measures |= decisions(test[1], labels, Y, hierarchy)
    measures["fmax"] = float(fmax_score(test[1], proba, hierarchy=hierarchy))
    measures |= calibration(
        test[1][:, hierarchy.scored].toarray(), proba[:, hierarchy.scored]
    )
    measures["cpu_seconds"], measures["seconds"] = spent
    measures["mb_highest"] = max(_usage(who).ru_maxrss for who in WHO) / 1024
    return {name: float(value) for name, value in measures.items()}


WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _usage(who):
    return resource.getrusage(who)


def _cpu_seconds():
    return sum(_usage(who).ru_utime + _usage(who).ru_stime for who in WHO)


def whole_cells():
    """Measures of the cells that are there, with data, seed and method as index."""
    rows = pd.DataFrame(Table(RESULTS, KEYS).rows())
    numbers = rows.drop(columns=KEYS).replace("", np.nan).astype(float)
    return numbers.set_index(pd.MultiIndex.from_frame(rows[KEYS]))


def report():
    """Write the tables of the page, and print them."""
    page = as_page(whole_cells())
    PAGE.write_text(page)
    print(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["run", "report", "one"])
    parser.add_argument("cell", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--data", nargs="+")
    parser.add_argument("--seeds", nargs="+", type=int)
    parser.add_argument("--methods", nargs="+", choices=METHODS)
    parser.add_argument("--jobs", type=int, default=1)
    add_cluster(parser)
    args = parser.parse_args()
    if args.action == "one":
        data, seed, method = args.cell
        print(json.dumps(judge(data, int(seed), method)))
        return
    if args.action == "run":
        wanted = [
            (data, seed, method)
            for data, seed, method in dict.fromkeys(cells())
            if data in (args.data or [data])
            and seed in (args.seeds or [seed])
            and method in (args.methods or [method])
        ]
        with on_cluster(args.cluster):
            fill(Table(RESULTS, KEYS), wanted, in_a_process, args.jobs)
    report()


if __name__ == "__main__":
    main()

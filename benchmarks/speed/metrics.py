"""Seconds of the measures on 20,000 rows x 5,000 nodes, dense scores, sparse truth.

python benchmarks/speed/metrics.py
"""

import csv
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy, metrics

N_SAMPLES, N_NODES = 20_000, 5_000
RESULT = Path(__file__).parents[1] / "results" / "metrics_speed.csv"


def make_data(seed=0):
    """Closed CSR labels of a bushy random tree, and scores that lean their way."""
    rng = np.random.default_rng(seed)
    parents = [(int(rng.integers((i + 1) // 2)), i) for i in range(1, N_NODES)]
    hierarchy = Hierarchy.from_edges(parents, nodes=range(N_NODES))
    nodes = (N_NODES * rng.random(2 * N_SAMPLES) ** 2).astype(int)
    rows = np.repeat(np.arange(N_SAMPLES), 2)
    ends = sp.csr_array((np.ones(len(rows)), (rows, nodes)), (N_SAMPLES, N_NODES))
    y_true = hierarchy.close(ends > 0)
    scores = rng.random((N_SAMPLES, N_NODES), dtype=np.float32) * 0.7
    scores += 0.3 * y_true.toarray()
    return y_true, scores, hierarchy


def measures(y_true, scores, hierarchy):
    y_pred = scores >= 0.65
    information = metrics.information_accretion(y_true, hierarchy)
    named = {"hierarchy": hierarchy}
    return {
        "au_prc pooled": lambda: metrics.au_prc(y_true, scores),
        "au_prc pooled, weighted rows": lambda: metrics.au_prc(
            y_true, scores, sample_weight=np.arange(1, N_SAMPLES + 1)
        ),
        "au_prc Davis-Goadrich": lambda: metrics.au_prc(
            y_true, scores, interpolation="davis-goadrich"
        ),
        "au_prc macro": lambda: metrics.au_prc(y_true, scores, average="macro"),
        "node_precision_recall_f1": lambda: metrics.node_precision_recall_f1(
            y_true, y_pred
        ),
        "rarity_report": lambda: metrics.rarity_report(y_true, y_pred, y_train=y_true),
        "fmax_score": lambda: metrics.fmax_score(y_true, scores, **named),
        "weighted_fmax_score": lambda: metrics.weighted_fmax_score(
            y_true, scores, information=information, **named
        ),
        "smin_score": lambda: metrics.smin_score(
            y_true, scores, information=information, **named
        ),
    }


def main():
    RESULT.parent.mkdir(exist_ok=True)
    with RESULT.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["measure", "rows", "nodes", "seconds"])
        for name, measure in measures(*make_data()).items():
            start = time.perf_counter()
            measure()
            seconds = time.perf_counter() - start
            writer.writerow([name, N_SAMPLES, N_NODES, f"{seconds:.1f}"])
            print(f"{name:28s} {seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    main()

"""Time and memory of the samplers on 100,000 rows x 5,000 nodes with sparse labels.

Peak memory is what is allocated on top of the input while `fit_resample` runs, the
result included. Run: ``python benchmarks/speed/resampling.py``.
"""

import csv
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.over_sampling import HROSPD, LPROS, MLROS, SamplingWarning

N_SAMPLES, N_NODES, N_FEATURES = 100_000, 5_000, 50
RESULT = Path(__file__).parents[1] / "results" / "resampling_speed.csv"


def make_data(seed=0):
    """Features, closed CSR labels and a random tree; rows have 1 to 4 rare paths."""
    random = np.random.default_rng(seed)
    # Node i hangs below one of the first i / 2: bushy, about 9 levels deep.
    parents = [(int(random.integers((i + 1) // 2)), i) for i in range(1, N_NODES)]
    hierarchy = Hierarchy.from_edges(parents, nodes=range(N_NODES))
    lengths = random.integers(1, 5, size=N_SAMPLES)
    rows = np.repeat(np.arange(N_SAMPLES), lengths)
    nodes = (N_NODES * random.random(len(rows)) ** 2).astype(int)
    ones = np.ones(len(rows), dtype=np.int8)
    ends = sp.csr_array((ones, (rows, nodes)), shape=(N_SAMPLES, N_NODES))
    Y = hierarchy.close((ends > 0).astype(np.int8))
    X = random.standard_normal((N_SAMPLES, N_FEATURES), dtype=np.float32)
    return X, Y, hierarchy


def samplers(hierarchy):
    return {
        "LPROS all": LPROS(random_state=0),
        "LPROS all, hierarchy": LPROS(hierarchy=hierarchy, random_state=0),
        "LPROS leaves": LPROS(labelset="leaves", hierarchy=hierarchy, random_state=0),
        "LPROS depth 2": LPROS(labelset=2, hierarchy=hierarchy, random_state=0),
        "MLROS": MLROS(hierarchy=hierarchy, random_state=0),
        "HROSPD": HROSPD(hierarchy, random_state=0),
    }


def n_bytes(Y):
    return Y.data.nbytes + Y.indices.nbytes + Y.indptr.nbytes


def measure(sampler, X, Y):
    """Seconds without tracing, then peak bytes with it."""
    start = time.perf_counter()
    sampler.fit_resample(X, Y)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    sampler.fit_resample(X, Y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak


def main():
    X, Y, hierarchy = make_data()
    size = X.nbytes + n_bytes(Y)
    print(f"{hierarchy}, {Y.nnz / N_SAMPLES:.1f} labels a row, {size / 1e6:.1f} MB")
    rows = []
    for name, sampler in samplers(hierarchy).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SamplingWarning)
            seconds, peak = measure(sampler, X, Y)
        rows.append(
            {
                "sampler": name,
                "n_samples": N_SAMPLES,
                "n_nodes": N_NODES,
                "positives": Y.nnz,
                "asked": sampler.n_requested_,
                "added": sampler.n_added_,
                "seconds": round(seconds, 2),
                "input_mb": round(size / 1e6, 1),
                "labels_mb": round(n_bytes(Y) / 1e6, 1),
                "peak_mb": round(peak / 1e6, 1),
                "peak_to_input": round(peak / size, 2),
            }
        )
        print(rows[-1])
    with RESULT.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

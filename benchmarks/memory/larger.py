"""Peak memory at 1, 4 and 16 times the rows: training and prediction by partitions.

Each run is a process of its own, whose highest memory is measured 50 times a second
(RssAnon: what the process has allocated, without pages of mapped files, which the
system drops when it needs the room). ``mb_before`` is what is there before the work:
Python, torch, and the labels.

- array, memmap, hdf5, zarr: one epoch on float32 rows, in memory or from there.
  ``mb_labels`` is what the labels take, CSR, which are in memory.
- partitions: probabilities of Zarr in chunks of 5,000 rows, to Zarr.
- tables: the best 5 nodes of each row of a frame in partitions of 5,000, to Parquet.
- reading: seconds to read all rows once in shuffled batches of 128, from each place.

    python -m benchmarks.memory.larger [part ...] [--rows N]
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks.speed.predictions import Memory

RESULT = Path(__file__).parents[1] / "results" / "memory" / "larger.json"
FOLDER = Path(gettempdir()) / "hmlc-benchmark-larger"
N_FEATURES, N_NODES, BLOCK, TIMES = 400, 63, 5_000, (1, 4, 16)


def make_hierarchy():
    """A binary tree."""
    from sklearn_hmlc import Hierarchy

    return Hierarchy.from_edges(
        [(f"n{(node - 1) // 2}", f"n{node}") for node in range(1, N_NODES)],
        direction="parent_to_child",
    )


def make_labels(n_rows, hierarchy):
    """One path of the tree in each row."""
    rng = np.random.default_rng(1)
    leaves = hierarchy.index([f"n{node}" for node in range(N_NODES // 2, N_NODES)])
    ends = leaves[rng.integers(len(leaves), size=n_rows)]
    labels = sp.csr_array(
        (np.ones(n_rows, dtype=bool), ends, np.arange(n_rows + 1)), (n_rows, N_NODES)
    )
    return hierarchy.close(labels)


def blocks(n_rows):
    """Random rows, a block at a time."""
    rng = np.random.default_rng(0)
    for start in range(0, n_rows, BLOCK):
        yield start, rng.standard_normal((BLOCK, N_FEATURES), dtype=np.float32)


def make_rows(kind, n_rows, chunk=500):
    """Rows in memory or on disk, in chunks of so many rows where there are any."""
    shape, path = (n_rows, N_FEATURES), FOLDER / f"{kind}-{n_rows}"
    if kind == "array":
        X = np.empty(shape, np.float32)
    elif kind == "memmap":
        X = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    elif kind.startswith("hdf5"):
        import h5py

        chunks = None if kind == "hdf5" else (chunk, N_FEATURES)
        file = h5py.File(path, "w")
        X = file.create_dataset("X", shape, np.float32, chunks=chunks)
    else:
        import zarr

        chunks = (chunk, N_FEATURES)
        X = zarr.open_array(
            str(path), mode="w", shape=shape, chunks=chunks, dtype=np.float32
        )
    for start, block in blocks(n_rows):
        X[start : start + BLOCK] = block
    return X


def make_classifier(hierarchy):
    from sklearn_hmlc import HierarchicalEnsembleClassifier

    return HierarchicalEnsembleClassifier(
        hierarchy,
        n_estimators=2,
        hidden_layer_sizes=(64,),
        max_epochs=1,
        batch_size=128,
        random_state=0,
    )


def measured(work, **more):
    """Run something, and return what it took."""
    memory, before, start = Memory(), Memory.now(), time.perf_counter()
    work()
    return {
        "seconds": time.perf_counter() - start,
        "mb_before": before,
        "mb_highest": memory.highest,
        **more,
    }


def train(kind, n_rows):
    """One epoch."""
    hierarchy = make_hierarchy()
    X, Y = make_rows(kind, n_rows), make_labels(n_rows, hierarchy)
    megabytes = sum(part.nbytes for part in (Y.data, Y.indices, Y.indptr)) / 2**20
    clf = make_classifier(hierarchy)
    return measured(
        lambda: clf.fit(X, Y),
        mb_features=X.dtype.itemsize * np.prod(X.shape) / 2**20,
        mb_labels=megabytes,
    )


def trained(columns=None):
    hierarchy = make_hierarchy()
    X = make_rows("array", BLOCK)
    X = X if columns is None else pd.DataFrame(X, columns=columns)
    return make_classifier(hierarchy).fit(X, make_labels(BLOCK, hierarchy))


def partitions(n_rows):
    """Probabilities to Zarr."""
    import dask.array as da

    from sklearn_hmlc.predictions import predict_partitions

    clf = trained()
    make_rows("zarr", n_rows, chunk=BLOCK)
    out = FOLDER / f"proba-{n_rows}.zarr"
    lazy = da.from_zarr(str(FOLDER / f"zarr-{n_rows}"))
    return measured(lambda: predict_partitions(clf, lazy, out=out, force=True))


def tables(n_rows):
    """The best nodes to Parquet."""
    import dask.dataframe as dd

    from sklearn_hmlc.predictions import predict_partitions

    names = [f"f{column}" for column in range(N_FEATURES)]
    clf, folder = trained(names), FOLDER / f"frame-{n_rows}"
    folder.mkdir(exist_ok=True)
    for start, block in blocks(n_rows):
        index = pd.Index(np.arange(start, start + BLOCK), name="row")
        frame = pd.DataFrame(block, index=index, columns=names)
        frame.to_parquet(folder / f"{start:09d}.parquet")
    lazy = dd.read_parquet(folder)
    out = FOLDER / f"top-{n_rows}.parquet"
    options = {"k": 5, "uncertainty": None}
    return measured(
        lambda: predict_partitions(clf, lazy, "top", out=out, force=True, **options)
    )


def reading(n_rows):
    """Seconds per pass in shuffled batches."""
    from sklearn_hmlc._on_disk import read_rows

    order = np.random.default_rng(2).permutation(n_rows)
    seconds = {}
    for kind in ("array", "memmap", "hdf5", "hdf5_chunks", "zarr"):
        X = make_rows(kind, n_rows)
        start = time.perf_counter()
        for first in range(0, n_rows, 128):
            read_rows(X, order[first : first + 128])
        seconds[kind] = time.perf_counter() - start
    return seconds


WORK = {
    **{
        kind: lambda n_rows, kind=kind: train(kind, n_rows)
        for kind in ("array", "memmap", "hdf5", "zarr")
    },
    "partitions": partitions,
    "tables": tables,
    "reading": reading,
}
# Zarr unpacks a chunk for nearly every row of a shuffled batch: few rows, once.
ONCE, FEW = {"hdf5", "zarr", "reading"}, 10_000


def run(part, n_rows):
    """Run a part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory.larger", part, "--one"]
    command += ["--rows", str(n_rows)]
    # As Dask sets it for its workers: what is freed goes back to the system, and does
    # not count as used. It has to be there when a process begins.
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536"}
    found = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=environment
    )
    answer = json.loads(found.stdout.splitlines()[-1])
    return {name: float(f"{value:.4g}") for name, value in answer.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*WORK, []], default=[])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--one", action="store_true", help="in this process")
    args = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    if args.one:
        print(json.dumps(WORK[args.parts[0]](args.rows)))
        return
    found = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for part in args.parts or WORK:
        sizes = [FEW] if part in ONCE else [times * args.rows for times in TIMES]
        for n_rows in sizes:
            found.setdefault(part, {})[str(n_rows)] = run(part, n_rows)
            print(part, n_rows, found[part][str(n_rows)], flush=True)
            RESULT.parent.mkdir(parents=True, exist_ok=True)
            RESULT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()

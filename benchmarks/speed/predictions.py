"""Seconds and memory of predictions of a whole ontology: 17,000 rows x 43,558 nodes.

Each step runs in a process of its own, whose highest memory is measured: a model
predicts into a file of the best 500 nodes of each row, the file is read back, and the
measures are taken of the sparse scores, of an array on disk and of blocks. The network
is hardly trained, which changes neither; the labels are random and closed. Memory is
the process's own (RssAnon), without pages of mapped files, which the system drops when
it needs the room.

python benchmarks/speed/predictions.py          # all steps
python benchmarks/speed/predictions.py fmax csr # one step
"""

import csv
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import scipy.sparse as sp
from scipy.special import expit

N_ROWS, N_NODES, N_FEATURES, K = 17_000, 43_558, 6_000, 500
RESULT = Path(__file__).parents[1] / "results" / "predictions.csv"
FOLDER = Path(gettempdir()) / "hmlc-benchmark-predictions"
FILE, DISK = FOLDER / "top.tsv.gz", FOLDER / "proba.npy"
IDS = [f"gene{row}" for row in range(N_ROWS)]


def make_hierarchy():
    """A bushy random DAG of the Gene Ontology's size, 1.77 parents a node."""
    from sklearn_hmlc import Hierarchy

    rng = np.random.default_rng(0)
    edges = {(int(rng.integers((i + 1) // 2)), i) for i in range(1, N_NODES)}
    more = rng.integers(1, N_NODES, 33_500).tolist()
    edges |= {(int(rng.integers((i + 1) // 2)), i) for i in more}
    names = [f"GO:{i:07d}" for i in range(N_NODES)]
    pairs = [(names[above], names[below]) for above, below in sorted(edges)]
    return Hierarchy.from_edges(pairs, nodes=names, direction="parent_to_child")


def make_labels(hierarchy):
    """Closed CSR labels, of random nodes; some 100 a row."""
    rng = np.random.default_rng(1)
    rows = np.repeat(np.arange(N_ROWS), 8)
    nodes = (N_NODES * rng.random(len(rows)) ** 2).astype(int)
    ends = sp.csr_array((np.ones(len(rows)), (rows, nodes)), (N_ROWS, N_NODES))
    return hierarchy.close(ends > 0)


def make_rows():
    """Sparse 0/1 features, 1.65 ones a row, as protein domains are."""
    rng = np.random.default_rng(2)
    n_ones = int(1.65 * N_ROWS)
    places = rng.integers(N_ROWS, size=n_ones), rng.integers(N_FEATURES, size=n_ones)
    return sp.csr_array((np.ones(n_ones, np.float32), places), (N_ROWS, N_FEATURES))


class Scores:
    """A stand-in for a network: a product with the rows' features, made coherent."""

    def __init__(self, hierarchy):
        rng = np.random.default_rng(3)
        self.hierarchy_ = hierarchy
        self.classes_ = np.array(hierarchy.nodes)
        self.hidden = rng.normal(size=(N_FEATURES, 64)).astype(np.float32)
        self.out = rng.normal(size=(64, N_NODES)).astype(np.float32) / 8
        self.bias = -6 * np.sqrt(hierarchy.depth / hierarchy.depth.max())

    def predict_proba(self, X):
        proba = expit((X @ self.hidden) @ self.out + self.bias.astype(np.float32))
        by_node = np.ascontiguousarray(proba.T)
        for parents, children in self.hierarchy_.levels:
            starts = np.flatnonzero(np.diff(parents, prepend=-1))
            below = np.maximum.reduceat(by_node[children], starts, axis=0)
            np.maximum(by_node[parents[starts]], below, out=below)
            by_node[parents[starts]] = below
        return np.ascontiguousarray(by_node.T)


def make_model(kind, hierarchy):
    """The library's own classifier, after one epoch on few rows, or the stand-in."""
    if kind == "product":
        return Scores(hierarchy)
    from sklearn_hmlc import HierarchicalEnsembleClassifier

    model = HierarchicalEnsembleClassifier(
        hierarchy,
        n_estimators=1,
        hidden_layer_sizes=(100,),
        random_state=0,
    )
    # Not by fit, which would leave out the nodes that these rows lack.
    return model.partial_fit(make_rows()[:64], make_labels(hierarchy)[:64])


def blocks(kind, hierarchy):
    from sklearn_hmlc.predictions import iter_proba

    return iter_proba(make_model(kind, hierarchy), make_rows(), ids=IDS)


def scores_of(kind, hierarchy):
    if kind == "csr":
        from sklearn_hmlc.predictions import read_predictions

        return read_predictions(FILE, hierarchy, ids=IDS).scores
    if kind == "memmap":
        return np.load(DISK, mmap_mode="r")
    return blocks("product", hierarchy)


def measure(name, kind, hierarchy):
    """Return a function that measures; the rest is made before its time is taken."""
    from sklearn_hmlc import metrics, postprocessing

    truth, scores = make_labels(hierarchy), scores_of(kind, hierarchy)
    if name == "node_thresholds":
        return lambda: postprocessing.node_thresholds(truth, scores)
    if name == "au_prc":
        return lambda: metrics.au_prc(truth, scores, hierarchy=hierarchy)
    options = {"hierarchy": hierarchy}
    if name != "fmax":
        options["information"] = metrics.information_accretion(truth, hierarchy)
    return lambda: getattr(metrics, f"{name}_score")(truth, scores, **options)


def step(name, kind):
    from sklearn_hmlc.predictions import (
        predict_dense,
        read_predictions,
        write_predictions,
    )

    hierarchy = make_hierarchy()
    if name == "top-500 file":
        made = blocks(kind, hierarchy)
        return lambda: write_predictions(FILE, made, format="cafa", k=K, force=True)
    if name == "array on disk":
        shape = (N_ROWS, N_NODES)
        out = np.lib.format.open_memmap(DISK, "w+", np.float32, shape)
        model, rows = make_model(kind, hierarchy), make_rows()
        return lambda: predict_dense(model, rows, out=out) is None
    if name == "read file":
        return lambda: read_predictions(FILE, hierarchy, ids=IDS) is None
    return measure(name, kind, hierarchy)


STEPS = [
    ("top-500 file", "network"),
    ("top-500 file", "product"),
    ("read file", "csr"),
    ("array on disk", "product"),
    *(
        (name, kind)
        for name in ("au_prc", "fmax", "weighted_fmax", "smin")
        for kind in ("csr", "memmap", "blocks")
    ),
    ("node_thresholds", "csr"),
]


class Memory(threading.Thread):
    """Looks at the memory of this process 50 times a second, in MB."""

    def __init__(self):
        super().__init__(daemon=True)
        self.highest = self.now()
        self.start()

    def run(self):
        while True:
            self.highest = max(self.highest, self.now())
            time.sleep(0.02)

    @staticmethod
    def now():
        text = Path("/proc/self/status").read_text()
        return int(text.partition("RssAnon:")[2].split()[0]) / 1024


def main():
    FOLDER.mkdir(exist_ok=True)
    if len(sys.argv) > 1:
        name, kind = sys.argv[1:]
        run = step(name, kind)
        memory, before = Memory(), Memory.now()
        start = time.perf_counter()
        value = run()
        seconds = time.perf_counter() - start
        value = f"{value:.12g}" if isinstance(value, float) else ""
        print(f"{seconds:.1f},{before:.0f},{memory.highest:.0f},{value}")
        return
    with RESULT.open("w", newline="") as file:
        writer = csv.writer(file)
        columns = ["seconds", "mb_before", "mb_highest", "value"]
        writer.writerow(["step", "scores", *columns])
        for name, kind in STEPS:
            command = [sys.executable, __file__, name, kind]
            found = subprocess.run(command, capture_output=True, text=True, check=True)
            writer.writerow([name, kind, *found.stdout.strip().split(",")])
            file.flush()
            print(f"{name:16s} {kind:8s} {found.stdout.strip()}", flush=True)
    shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()

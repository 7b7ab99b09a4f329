"""CPU seconds from the raw files of the Gene Ontology to X and Y, and sizes.

SKLEARN_HMLC_DATA=... python benchmarks/speed/reading.py
"""

import csv
import os
import resource
import time
from pathlib import Path

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import align, labels, read_annotations, read_features

FOLDER = Path(os.environ["SKLEARN_HMLC_DATA"], "human_go")
RESULT = Path(__file__).parents[1] / "results" / "reading_speed.csv"
TIMES = 3


def steps():
    """Yield what each step is called and does, and what says how much came of it."""
    made = {}

    def keep(name, value):
        made[name] = value
        return value

    yield (
        "Hierarchy.from_obo",
        lambda: keep("go", Hierarchy.from_obo(FOLDER / "go-2022-07-01.obo")),
        lambda go: f"{go.n_nodes} nodes",
    )
    yield (
        "read_annotations",
        lambda: keep(
            "rows", read_annotations(FOLDER / "human-2022.gaf.gz", made["go"])
        ),
        lambda read: f"{read.report.n_rows} rows",
    )
    yield (
        "labels",
        lambda: keep("Y", labels(made["rows"])),
        lambda Y: f"{Y.target.nnz} positives",
    )
    yield (
        "labels, min_count=10",
        lambda: labels(made["rows"], min_count=10),
        lambda Y: f"{Y.hierarchy.n_nodes} nodes",
    )
    yield (
        "read_features",
        lambda: keep("X", read_features(FOLDER / "pfam.tsv")),
        lambda X: f"{X.data.shape[1]} features",
    )
    yield (
        "align",
        lambda: align(made["X"], made["Y"]),
        lambda both: f"{both.target.nnz} positives",
    )


def main():
    with RESULT.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "what", "cpu_seconds", "peak_mb"])
        for name, step, size in steps():
            seconds = []
            for _ in range(TIMES):
                start = time.process_time()
                found = step()
                seconds.append(time.process_time() - start)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            writer.writerow([name, size(found), f"{min(seconds):.2f}", f"{peak:.0f}"])
            print(f"{name:22s} {size(found):18s} {min(seconds):5.2f} s {peak:5.0f} MB")


if __name__ == "__main__":
    main()

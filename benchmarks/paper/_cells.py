"""Tables that are filled cell by cell: what the CSV has is not computed again."""

import csv
import time
import warnings

from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc.datasets import fetch_hmc


def fill(path, keys, cells, run):
    """Append ``run(*cell)`` for each cell (values of ``keys``) that is not there.

    ``run`` returns a dict, or a list of dicts for a cell of several rows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for cell in cells:
        if tuple(map(str, cell)) in _done(path, keys):
            continue
        rows = run(*cell)
        for row in rows if isinstance(rows, list) else [rows]:
            whole = dict(zip(keys, cell, strict=True)) | row
            print(whole, flush=True)
            _append(path, whole)


def _done(path, keys):
    if not path.exists():
        return set()
    with path.open(newline="") as file:
        return {tuple(row[key] for key in keys) for row in csv.DictReader(file)}


def _append(path, row):
    if not path.exists():
        path.write_text(",".join(row) + "\n")
    with path.open(newline="") as file:
        columns = next(csv.reader(file))
    with path.open("a", newline="") as file:
        csv.DictWriter(file, columns).writerow(row)


def load(name):
    """Features (nominal ones one-hot), labels of train + valid and test; hierarchy."""
    train = fetch_hmc(name, subset="trainvalid", as_frame=False)
    test = fetch_hmc(name, subset="test", as_frame=False)
    return train, test, train.hierarchy


def timed_fit(classifier, train, make=Pipeline, steps=()):
    """Impute, scale, (resample,) fit; return the pipeline and the seconds."""
    pipeline = make(
        [
            ("impute", SimpleImputer()),
            ("scale", StandardScaler()),
            *steps,
            ("classify", classifier),
        ]
    )
    start = time.perf_counter()
    with warnings.catch_warnings():
        # Rare nodes may have no row, and bags may be single rows: both are the point.
        warnings.simplefilter("ignore", UserWarning)
        pipeline.fit(train.data, train.target)
    return pipeline, time.perf_counter() - start

"""``hmlc demo``: what the rare-node ensemble finds that a plain network misses.

Stage: the whole way, from made-up or benchmark data to a table and a figure.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import scipy.sparse as sp
from sklearn.model_selection import train_test_split

from .. import HierarchicalEnsembleClassifier, Hierarchy
from .._files import check_free_folder
from ..datasets import fetch_hmc, make_hierarchical_multilabel
from . import _report
from ._columns import text_columns
from ._defaults import FULL, QUICK, Size
from ._model import make_model
from ._say import say, tell
from ._tables import plain

PLAIN = "plain network"
ENSEMBLE = "rare-node ensemble"
#: What the demo writes.
FILES = ("overall.csv", "rarity.csv", "rarity.png")


class _Data(NamedTuple):
    """Rows to train on and rows to test on; labels are closed CSR."""

    name: str
    X_train: pd.DataFrame
    Y_train: sp.csr_array
    X_test: pd.DataFrame
    Y_test: sp.csr_array
    hierarchy: Hierarchy


def run(args) -> None:
    """Train both models, print their measures, write tables and the figure."""
    size = _size(args)
    check_free_folder(args.out, _report.file_names(FILES), args.force)
    data = _load(args, size)
    say(f"{data.name}: {data.hierarchy!r}\nTraining on {len(data.X_train)} rows.")
    reports = {}
    for name, model in _models(args, size, data).items():
        tell(f"Training the {name}")
        reports[name] = _train_and_test(model, data)
    overall = pd.DataFrame({name: report.overall for name, report in reports.items()})
    paths = _write(overall, reports, args)
    _show(data, overall)
    say(f"\n{_report.files_text(paths)}")


def _size(args) -> Size:
    size = QUICK if args.quick else FULL
    given = {"heads": args.heads, "epochs": args.epochs}
    return size._replace(**{k: v for k, v in given.items() if v is not None})


def _load(args, size: Size) -> _Data:
    if args.dataset is not None:
        return _benchmark(args.dataset)
    X, Y, hierarchy = make_hierarchical_multilabel(
        size.n_samples,
        n_nodes=size.n_nodes,
        sparse_output=True,
        random_state=args.random_state,
    )
    X_train, X_test, Y_train, Y_test = train_test_split(
        pd.DataFrame(X), Y, random_state=args.random_state
    )
    return _Data("Made-up data", X_train, Y_train, X_test, Y_test, hierarchy)


def _benchmark(name: str) -> _Data:
    train = fetch_hmc(name, subset="trainvalid")
    test = fetch_hmc(name, subset="test")
    return _Data(
        name,
        plain(train.data),
        train.target,
        plain(test.data),
        test.target,
        train.hierarchy,
    )


def _models(args, size: Size, data: _Data) -> dict:
    """Return both pipelines by name: all alike but for what the ensemble adds."""
    common = {
        "hidden_layer_sizes": size.hidden,
        "dropout": size.dropout,
        "lr": size.lr,
        "max_epochs": size.epochs,
        "random_state": args.random_state,
        "device": args.device,
        "verbose": 1,
    }
    different = {
        PLAIN: {"n_estimators": 1, "node_weight": None, "uncertainty": None},
        ENSEMBLE: {"n_estimators": size.heads},
    }
    nominal = text_columns(data.X_train)
    return {
        name: make_model(
            HierarchicalEnsembleClassifier(data.hierarchy, **common, **options), nominal
        )
        for name, options in different.items()
    }


def _train_and_test(model, data: _Data) -> _report.Report:
    start = time.perf_counter()
    model.fit(data.X_train, data.Y_train)
    seconds = time.perf_counter() - start
    report = _report.measure(
        data.Y_test,
        model.predict(data.X_test),
        model.predict_proba(data.X_test),
        train_counts=data.Y_train.sum(axis=0),
        hierarchy=data.hierarchy,
    )
    report.overall[_report.SECONDS] = seconds
    return report


def _show(data: _Data, overall: pd.DataFrame) -> None:
    say(f"{_report.describe(data.Y_test, data.hierarchy)}\n")
    say(_report.overall_text(overall))
    before, after = overall.loc[_report.RAREST]
    say(
        f"\nMean recall on the rarest quarter of nodes goes from {before:.3f} to "
        f"{after:.3f}."
    )


def _write(overall: pd.DataFrame, reports: dict, args) -> list[Path]:
    rarity = {name: report.rarity for name, report in reports.items()}
    table = pd.concat(rarity, names=["model"])
    draw = partial(_report.groups_figure, rarity)
    parts = dict(zip(FILES, (overall, table, draw), strict=True))
    return _report.write_report(args.out, parts, force=args.force)

"""``hmlc fit``, ``hmlc predict`` and ``hmlc evaluate``.

Stage: files to a model file; a model file and files to predictions, or to measures.
"""

from __future__ import annotations

import time
import warnings

import numpy as np
import pandas as pd

from .. import HierarchicalEnsembleClassifier, __version__
from .._response import ask, hierarchy_of, part_with
from .._validation import as_labels, name_array, shorten
from ..postprocessing import STRATEGIES, NodeThresholdClassifier
from . import _csv, _files, _report
from ._model import load_model, make_model, save_model
from ._tables import Table, read_table

#: How many folds tune thresholds.
FOLDS = 5

# -- fit -------------------------------------------------------------------------------


def fit(args) -> None:
    """Train on labelled files and write the model."""
    _files.check_free(args.model, args.force)
    if args.threshold_folds is not None and args.threshold not in STRATEGIES:
        raise ValueError(
            "--threshold-folds tunes thresholds; it needs --threshold prevalence or f1."
        )
    table = read_table(args, labelled=True)
    model = _model(args, table)
    start = time.perf_counter()
    model.fit(table.data, table.target)
    seconds = time.perf_counter() - start
    save_model(args.model, model, table.nominal, table.target.sum(axis=0))
    if not args.quiet:
        rows, columns = table.data.shape
        print(f"Data: {rows} rows, {columns} columns, {table.hierarchy!r}")
        print(
            f"Trained in {seconds:.1f} s, {part_with(model, 'n_iter_').n_iter_} epochs"
        )
        print(f"Model: {args.model}")


def _model(args, table: Table):
    """Make the pipeline, and around it the tuning of thresholds if it is wanted."""
    tuned = args.threshold in STRATEGIES
    own = {"threshold": 0.5} if tuned else {}
    pipeline = make_model(_classifier(args, table, **own), table.nominal)
    if not tuned:
        return pipeline
    return NodeThresholdClassifier(
        pipeline,
        strategy=args.threshold,
        cv=args.threshold_folds or FOLDS,
        random_state=args.random_state,
    )


def _classifier(args, table: Table, **own):
    """Make the classifier from the options that have its parameters' names."""
    known = HierarchicalEnsembleClassifier().get_params()
    options = {name: value for name, value in vars(args).items() if name in known}
    return HierarchicalEnsembleClassifier(
        table.hierarchy, verbose=int(not args.quiet), **options | own
    )


# -- predict ---------------------------------------------------------------------------


def predict(args) -> None:
    """Write the probabilities of the nodes, or the decisions about them."""
    _check_predict_options(args)
    _files.check_free(args.out, args.force)
    model, table = _model_and_rows(args, labelled=False)
    proba = _scored_proba(model["pipeline"], table.data)
    decided = _decided(model["pipeline"], table.data) if args.decisions else None
    if args.format == "long":
        kept = proba >= args.min_probability if decided is None else decided == 1
        result = _long(proba, kept.to_numpy())
    else:
        result = (proba if decided is None else decided).reset_index()
    with _files.whole_file(args.out) as partial:
        result.to_csv(partial, index=False, float_format="%.6f")
    rows, nodes = proba.shape
    print(f"Predicted {nodes} nodes for {rows} rows: {args.out}")


def _check_predict_options(args) -> None:
    if not 0 <= args.min_probability <= 1:
        raise ValueError(
            f"Expected --min-probability in [0, 1], but got {args.min_probability:g}."
        )
    if args.min_probability and args.format != "long":
        raise ValueError("--min-probability needs --format long.")
    if args.min_probability and args.decisions:
        raise ValueError(
            "--min-probability does not go with --decisions; the model's threshold was "
            "chosen by `hmlc fit --threshold`."
        )


def _scored_proba(pipeline, data: pd.DataFrame) -> pd.DataFrame:
    """Return probabilities, ids in the index, scored nodes in the columns."""
    return _scored(pipeline, data, ask(pipeline, data, "predict_proba").values)


def _decided(pipeline, data: pd.DataFrame) -> pd.DataFrame:
    """Return decisions, 0 and 1, in the same form."""
    decisions = as_labels(pipeline.predict(data), hierarchy_of(pipeline))
    return _scored(pipeline, data, decisions.toarray().astype(np.int8))


def _scored(pipeline, data: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    hierarchy = hierarchy_of(pipeline)
    ids = data.index.rename("id")
    names = name_array(hierarchy.nodes)[hierarchy.scored]
    return pd.DataFrame(values[:, hierarchy.scored], ids, names)


def _long(proba: pd.DataFrame, kept: np.ndarray) -> pd.DataFrame:
    """Return one line id, node, probability for each that is kept."""
    values = proba.to_numpy()
    rows, nodes = np.nonzero(kept)
    return pd.DataFrame(
        {
            "id": proba.index[rows],
            "node": proba.columns[nodes],
            "probability": values[rows, nodes],
        }
    )


# -- evaluate --------------------------------------------------------------------------


def evaluate(args) -> None:
    """Print measures by rarity and depth; write tables and figures."""
    model, table = _model_and_rows(args, labelled=True)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
    pipeline = model["pipeline"]
    proba = pipeline.predict_proba(table.data)
    report = _report.measure(
        table.target,
        pipeline.predict(table.data),
        proba,
        train_counts=model["train_counts"],
        hierarchy=table.hierarchy,
    )
    print(_report.describe(table.target, table.hierarchy))
    print(f"\n{_report.overall_text(report.overall.to_frame())}")
    print(f"\nBy training rows per node\n{_report.groups_text(report.rarity)}")
    print(f"\nBy depth of nodes\n{_report.groups_text(report.depth)}")
    if args.out is not None:
        paths = _write(report, table, proba, args.out)
        print(f"\n{_report.files_text(paths)}")


def _write(report: _report.Report, table: Table, proba, out) -> list:
    """Write a table and a figure of each part of the report."""
    paths = [
        _report.write_table(part, out / f"{name}.csv")
        for name, part in report._asdict().items()
    ]
    if _report.can_draw():
        paths += [
            _report.draw_groups({None: report.rarity}, out / "rarity.png"),
            _report.draw_groups({None: report.depth}, out / "depth.png"),
            _report.draw_curve(
                table.target, proba, table.hierarchy, out / "pr_curve.png"
            ),
        ]
    return paths


# -- shared ----------------------------------------------------------------------------


def _model_and_rows(args, labelled: bool) -> tuple[dict, Table]:
    """Return the model file's content, and a table whose columns fit the model."""
    model = load_model(args.model)
    if model["version"] != __version__:
        warnings.warn(
            f"{args.model} is from version {model['version']}, this is {__version__}; "
            "if results look odd, fit again.",
            stacklevel=1,
        )
    pipeline = model["pipeline"]
    table = read_table(
        args,
        labelled=labelled,
        hierarchy=hierarchy_of(pipeline),
        nominal=model["nominal"],
    )
    expected = part_with(pipeline, "feature_names_in_").feature_names_in_
    _csv.check_columns(table.data.columns, expected, "DATA", "the training data")
    _check_numbers(table.data, model["nominal"])
    table.data = table.data[list(expected)]
    return model, table


def _check_numbers(data: pd.DataFrame, nominal) -> None:
    text = [name for name in _csv.text_columns(data) if name not in nominal]
    if text:
        raise ValueError(
            "Columns of DATA that held numbers in training have text now: "
            f"{shorten(text)}."
        )

"""``hmlc fit``, ``hmlc predict`` and ``hmlc evaluate``.

Stage: files to a model file; a model file and files to predictions, or to measures.
"""

from __future__ import annotations

import time
import warnings
from functools import partial

import numpy as np
import pandas as pd

from .. import HierarchicalEnsembleClassifier, __version__
from .._files import check_free, check_free_folder, is_stdout
from .._response import ask, hierarchy_of, part_with
from .._validation import as_labels, count, name_array, shorten
from ..postprocessing import STRATEGIES, NodeThresholdClassifier
from . import _csv, _report
from ._columns import describe_text, row_of, text_columns
from ._model import load_model, make_model, save_model, unseen_texts
from ._report import write_table
from ._say import say, tell
from ._tables import Table, read_table

#: How many folds tune thresholds.
FOLDS = 5

#: What `evaluate` writes.
FILES = ("overall.csv", "rarity.csv", "depth.csv")
FILES += ("rarity.png", "depth.png", "pr_curve.png")

# -- fit -------------------------------------------------------------------------------


def fit(args) -> None:
    """Train on labelled files and write the model."""
    check_free(args.model, args.force)
    if args.threshold_folds is not None and args.threshold not in STRATEGIES:
        raise ValueError(
            "--threshold-folds tunes thresholds; it needs --threshold prevalence or f1."
        )
    table = read_table(args, labelled=True)
    model = _model(args, table)
    say_here = tell if is_stdout(args.model) else say
    if not args.quiet:
        say_here(_describe(table))
    start = time.perf_counter()
    _train(model, table)
    seconds = time.perf_counter() - start
    counts = table.target.sum(axis=0)
    save_model(args.model, model, table.nominal, counts, force=args.force)
    if not args.quiet:
        epochs = part_with(model, "n_iter_").n_iter_
        say_here(f"Trained in {seconds:.1f} s, {epochs} epochs\nModel: {args.model}")


def _train(model, table: Table) -> None:
    with warnings.catch_warnings():
        if isinstance(model, NodeThresholdClassifier):
            # Nodes that the rows of a fold lack need no warning; those of all rows do.
            _warn_empty(table)
            warnings.filterwarnings("ignore", ".* no positive row")
        model.fit(table.data, table.target)


def _warn_empty(table: Table) -> None:
    empty = table.hierarchy.scored & (table.target.sum(axis=0) == 0)
    if empty.any():
        names = name_array(table.hierarchy.nodes)[empty]
        warnings.warn(
            f"{len(names)} of {len(empty)} nodes have no positive row, so that nothing "
            f"is learnt about them: {shorten(names)}.",
            stacklevel=2,
        )


def _describe(table: Table) -> str:
    """Say what the model is trained on."""
    rows, columns = table.data.shape
    lines = [f"Data: {rows} rows, {columns} columns, {table.hierarchy!r}"]
    if table.nominal:
        lines.append(describe_text(table.data, table.nominal))
    if table.hierarchy.unscored:
        lines.append(f"Not scored: {shorten(table.hierarchy.unscored)}")
    return "\n".join(lines)


def _model(args, table: Table):
    """Make the pipeline, and around it the tuning of thresholds if it is wanted."""
    tuned = args.threshold in STRATEGIES
    folds = args.threshold_folds or FOLDS
    if tuned and folds > len(table.data):
        raise ValueError(
            f"--threshold-folds {folds} needs as many rows, but DATA has "
            f"{len(table.data)}."
        )
    own = {"threshold": 0.5} if tuned else {}
    pipeline = make_model(_classifier(args, table, **own), table.nominal)
    if not tuned:
        return pipeline
    return NodeThresholdClassifier(
        pipeline,
        strategy=args.threshold,
        cv=folds,
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
    check_free(args.out, args.force)
    model, table = _model_and_rows(args, labelled=False)
    proba = _scored_proba(model["pipeline"], table.data)
    decided = _decided(model["pipeline"], table.data) if args.decisions else None
    if args.format == "long":
        kept = proba >= args.min_probability if decided is None else decided == 1
        result = _long(proba, kept.to_numpy())
    else:
        result = (proba if decided is None else decided).reset_index()
    write_table(result, args.out, force=args.force, index=False, float_format="%.6f")
    rows, nodes = proba.shape
    say_here = tell if is_stdout(args.out) else say
    say_here(f"Predicted {nodes} nodes for {rows} rows: {args.out}")


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
    if args.out is not None:
        check_free_folder(args.out, _report.file_names(FILES), args.force)
    model, table = _model_and_rows(args, labelled=True)
    pipeline = model["pipeline"]
    proba = pipeline.predict_proba(table.data)
    report = _report.measure(
        table.target,
        pipeline.predict(table.data),
        proba,
        train_counts=model["train_counts"],
        hierarchy=table.hierarchy,
    )
    paths = [] if args.out is None else _write(report, table, proba, args)
    say(_report.describe(table.target, table.hierarchy))
    say(f"\n{_report.overall_text(report.overall.to_frame())}")
    say(f"\nBy training rows per node\n{_report.groups_text(report.rarity)}")
    say(f"\nBy depth of nodes\n{_report.groups_text(report.depth)}")
    if paths:
        say(f"\n{_report.files_text(paths)}")


def _write(report: _report.Report, table: Table, proba, args) -> list:
    figures = (
        partial(_report.groups_figure, {None: report.rarity}),
        partial(_report.groups_figure, {None: report.depth}),
        partial(_report.curve_figure, table.target, proba, table.hierarchy),
    )
    parts = dict(zip(FILES, (*report, *figures), strict=True))
    return _report.write_report(args.out, parts, force=args.force)


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
    _warn_unseen(pipeline, table.data)
    return model, table


def _check_numbers(data: pd.DataFrame, nominal) -> None:
    text = [name for name in text_columns(data) if name not in nominal]
    if text:
        known = pd.to_numeric(data[text[0]].astype(str), errors="coerce")
        bad = (known.isna() & data[text[0]].notna()).to_numpy()
        example = ""
        if bad.any():
            cell = str(data[text[0]].to_numpy()[bad][0])
            example = f" ({cell!r} in {row_of(data, bad)})"
        raise ValueError(
            "Columns of DATA that held numbers in training have text now: "
            f"{shorten(text)}{example}."
        )


def _warn_unseen(pipeline, data: pd.DataFrame) -> None:
    for name, texts in unseen_texts(pipeline, data).items():
        warnings.warn(
            f"The column {name!r} of DATA has texts that no training row had, in "
            f"{count(len(texts), 'row')}: {shorten(texts.unique(), 3)}; they count as "
            "none of the known ones.",
            stacklevel=1,
        )

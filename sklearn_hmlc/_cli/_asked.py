"""A model file and the rows that it is asked about.

Stage: between files and a model's answers. In: the arguments of ``hmlc predict`` and
``hmlc evaluate``. Out: what the file holds, and a `Table` whose columns fit.
"""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd

from .. import __version__
from .._response import hierarchy_of, part_with
from .._validation import count, shorten
from . import _csv
from ._columns import check_numbers
from ._model import load_model, unseen_texts
from ._ontology import read_like_training
from ._tables import Table, read_table
from ._unasked import refuse


def read_model(path: Any, trust: bool) -> dict[str, Any]:
    """Read a model file; warn if another version wrote it."""
    model = load_model(path, trust)
    if model["version"] != __version__:
        warnings.warn(
            f"{path} is from version {model['version']}, this is {__version__}; "
            "if results look odd, fit again.",
            stacklevel=2,
        )
    return model


def rows_of(args: Any, model: dict[str, Any], labelled: bool) -> tuple[Table, Any]:
    """Return a table that fits a model, and the report of what was read, if any."""
    if model["reading"] is not None:
        return _features(args, model["reading"], labelled)
    if getattr(args, "features", None) is not None or not args.data:
        raise ValueError(
            f"Expected DATA, ARFF or CSV files, on which {args.model} was trained"
            + (", in place of --features." if not args.data else ", alone.")
        )
    return _table(args, model, labelled), None


def _features(args: Any, reading: dict[str, Any], labelled: bool) -> tuple[Table, Any]:
    if labelled:
        raise ValueError(
            f"{args.model} was trained with an ontology: write predictions by `hmlc "
            "predict --format cafa`, and measure them by `hmlc evaluate --ontology "
            "--truth --predictions`."
        )
    refuse(args, {"index": False}, "for CSV files of models without an ontology")
    paths = [*args.data, *([args.features] if args.features is not None else [])]
    if len(paths) != 1:
        raise ValueError(
            f"Expected --features with one file, as {args.model} was trained on, but "
            f"got {count(len(paths), 'file')}."
        )
    read = read_like_training(paths[0], reading)
    return Table(read.data, [], ids=read.ids), read.report


def _table(args: Any, model: dict[str, Any], labelled: bool) -> Table:
    pipeline = model["pipeline"]
    table = read_table(
        args,
        labelled=labelled,
        hierarchy=hierarchy_of(pipeline),
        nominal=model["nominal"],
    )
    expected = part_with(pipeline, "feature_names_in_").feature_names_in_
    _csv.check_columns(table.data.columns, expected, "DATA", "the training data")
    check_numbers(table.data, model["nominal"])
    table.data = table.data[list(expected)]
    _warn_unseen(pipeline, table.data)
    return table


def _warn_unseen(pipeline, data: pd.DataFrame) -> None:
    for name, texts in unseen_texts(pipeline, data).items():
        warnings.warn(
            f"The column {name!r} of DATA has texts that no training row had, in "
            f"{count(len(texts), 'row')}: {shorten(texts.unique(), 3)}; they count as "
            "none of the known ones.",
            stacklevel=1,
        )

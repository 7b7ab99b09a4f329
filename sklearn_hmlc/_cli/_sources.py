"""Labelled rows of either kind of files, to train on and to hold out.

Stage: between files and the model. In: the arguments of ``hmlc fit``. Out: `TableRows`
or `GeneRows`, both with ``len``, ``split``, ``table`` and ``describe``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .._validation import count, shorten
from ._columns import describe_text
from ._ontology import GeneRows, describe_labels
from ._tables import Table, read_table
from ._unasked import OF_ANNOTATIONS, OF_TABLES, refuse

_ONTOLOGY = ("ontology", "annotations", "features")


class TableRows:
    """The rows of CSV or ARFF files."""

    reading = None

    def __init__(self, args: Any) -> None:
        self._table = read_table(args, labelled=True)

    def __len__(self) -> int:
        return self._table.target.shape[0]

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[Table, Table]:
        """Return rows to train on and rows to test on."""
        return self._table.take(train), self._table.take(test)

    def table(self) -> Table:
        """Return all rows."""
        return self._table

    def describe(self) -> list[str]:
        """Say what was read."""
        return _describe_columns(self._table)


def read_rows(args: Any) -> TableRows | GeneRows:
    """Read what ``hmlc fit`` names: tables, or annotations and features."""
    given = [name for name in _ONTOLOGY if getattr(args, name) is not None]
    if not given:
        refuse(args, OF_ANNOTATIONS, "for files given by --annotations and --features")
        if not args.data:
            raise ValueError(
                "Expected DATA, ARFF or CSV files; or --ontology, --annotations and "
                "--features."
            )
        return TableRows(args)
    refuse(args, OF_TABLES, f"for CSV and ARFF files, not beside --{given[0]}")
    missing = [f"--{x}" for x in _ONTOLOGY[1:] if x not in given]
    if missing:
        raise ValueError(
            f"--{given[0]} needs {' and '.join(missing)} beside it: who has which "
            "term, and the features of the same ids."
        )
    return GeneRows(args)


def describe_rows(table: Table) -> list[str]:
    """Say what a model is trained on."""
    lines = [describe_labels(table)]
    if table.hierarchy.unscored:
        lines.append(f"Not scored: {shorten(table.hierarchy.unscored)}")
    return lines


def _describe_columns(table: Table) -> list[str]:
    rows, columns = table.data.shape
    lines = [f"Data: {rows} rows, {columns} columns, {table.hierarchy!r}"]
    numbers = [name for name in table.data.columns if name not in table.nominal]
    if numbers:
        lines.append(f"Numbers: {count(len(numbers), 'column')}: {shorten(numbers)}")
    if table.nominal:
        lines.append(describe_text(table.data, table.nominal))
    missing = table.data.isna().to_numpy()
    if missing.any():
        worst = pd.Series(missing.mean(axis=0), table.data.columns)
        lines.append(
            f"Missing: {missing.mean():.1%} of the cells, most in {worst.idxmax()!r} "
            f"({worst.max():.1%})"
        )
    return lines

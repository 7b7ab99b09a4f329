"""Files on disk -> features, labels and hierarchy.

Stage: before the model. In: paths of ARFF or CSV files. Out: a `Table` with ``data`` of
shape (n_samples, n_features) and, where labels are wanted, a closed ``target`` of shape
(n_samples, n_nodes).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .._response import some_rows
from .._validation import did_you_mean, unknown
from ..datasets import UNSCORED_ROOTS, read_arff
from ..hierarchy import Hierarchy
from . import _csv
from ._columns import check_text, text_columns
from ._defaults import CODES
from ._source import suffix

ROOT = UNSCORED_ROOTS[0]


@dataclass
class Table:
    """Rows of one or several files.

    ``data`` has the rows' ids in its index, or is a matrix beside ``ids``; ``nominal``
    names its columns of text. ``n_given`` counts the labels before the ancestors came.
    """

    data: Any
    nominal: list[str]
    target: sp.csr_array | None = None
    hierarchy: Hierarchy | None = None
    ids: pd.Index | None = None
    n_given: int | None = None

    @property
    def row_ids(self) -> pd.Index:
        """What the rows are called."""
        return self.data.index if self.ids is None else self.ids

    def take(self, rows: np.ndarray) -> Table:
        """Return some of the rows."""
        return replace(
            self,
            data=some_rows(self.data, rows),
            target=self.target[rows],
            ids=None if self.ids is None else self.ids[rows],
            n_given=None,
        )


def read_table(args, *, labelled, hierarchy=None, nominal=None) -> Table:
    """Read what the command line names.

    Parameters
    ----------
    args : argparse.Namespace
        With ``data``, ``index`` and, where labels are wanted, ``labels``; for training
        with ``edges``, ``text`` and ``unscored`` as well.
    labelled : bool
        Whether labels are wanted.
    hierarchy : Hierarchy, default=None
        What labels must fit. None: the files bring it, and it is decided which of its
        nodes are scored.
    nominal : list of str, default=None
        Columns of CSV files to read as text. None: those that are not numbers.
    """
    kinds = {kind_of(path) for path in args.data}
    if len(kinds) > 1:
        raise ValueError("Expected DATA files of one kind, but got ARFF and CSV ones.")
    read = _read_arffs if kinds == {"arff"} else _read_csvs
    table = read(args, labelled, hierarchy, nominal)
    if labelled and hierarchy is None:
        return unscore(table, getattr(args, "unscored", None))
    return table


def kind_of(path: Path) -> str:
    """Return "arff" or "csv"."""
    ending = suffix(path)
    if ending not in (".arff", ".csv", ".tsv"):
        raise ValueError(f"{path}: expected a file named .arff, .csv or .tsv.")
    return "arff" if ending == ".arff" else "csv"


def _read_csvs(args, labelled, hierarchy, nominal) -> Table:
    if labelled and not args.labels:
        raise ValueError("CSV files have no labels in them; give them with --labels.")
    text = getattr(args, "text", None) or ()
    data, nominal = _csv.read_features(args.data, args.index, nominal, text)
    if not labelled:
        return Table(data, nominal)
    if hierarchy is None and args.edges is not None:
        codes = str(args.edges) == CODES
        hierarchy = CODES if codes else _csv.read_hierarchy(args.edges)
    ids = data.index if args.index else None
    target, hierarchy, n_given = _csv.read_labels(args.labels, ids, hierarchy)
    if len(data) != target.shape[0]:
        raise ValueError(
            f"DATA has {len(data)} rows, but --labels has {target.shape[0]}. Use "
            "--index if both have ids in their first column."
        )
    first = data.columns[0]
    if not args.index and first.strip().lower() == "id":
        warnings.warn(
            f"The first column of DATA is named {first!r}, but counts as a feature; say"
            " --index if it holds ids.",
            stacklevel=2,
        )
    return Table(data, nominal, target, hierarchy, n_given=n_given)


def _read_arffs(args, labelled, hierarchy, nominal) -> Table:
    _refuse_csv_options(args)
    unlabelled = "error" if labelled else "keep"
    bunches = [read_arff(path, unlabelled=unlabelled) for path in args.data]
    data = _csv.stack([plain(bunch.data) for bunch in bunches], args.data)
    data = data.reset_index(drop=True)
    text = text_columns(data)
    if nominal is None:
        _check_nominal(data, text, getattr(args, "text", None) or ())
    if not labelled:
        return Table(data, text)
    expected = bunches[0].hierarchy if hierarchy is None else hierarchy
    for bunch in bunches:
        if not _same_graph(bunch.hierarchy, expected):
            raise ValueError(
                f"{bunch.filename} declares {bunch.hierarchy!r}, but expected are the "
                f"nodes and edges of {args.data[0] if hierarchy is None else 'MODEL'}: "
                f"{expected!r}."
            )
    target = sp.csr_array(sp.vstack([bunch.target for bunch in bunches]))
    return Table(data, text, target, expected)


def _same_graph(one: Hierarchy, other: Hierarchy) -> bool:
    """Tell whether nodes and edges are the same, whichever are scored."""
    return one.nodes == other.nodes and np.array_equal(one.edges, other.edges)


def _check_nominal(data: pd.DataFrame, nominal: list[str], insist: Sequence[str]):
    """Refuse nominal attributes that are ids; their categories may be numbers."""
    for name in insist:
        if name not in nominal:
            raise ValueError(
                f"--text: {name!r} is no nominal attribute of DATA."
                f"{did_you_mean(name, nominal)}"
            )
    check_text(data, [x for x in nominal if x not in insist], True, declared=True)


def _refuse_csv_options(args) -> None:
    options = {"--index": "index", "--labels": "labels", "--hierarchy": "edges"}
    given = [flag for flag, name in options.items() if getattr(args, name, None)]
    if given:
        raise ValueError(
            f"{', '.join(given)}: for CSV files alone; an ARFF file has its labels and "
            "its hierarchy in it."
        )


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Make text out of categorical columns, and dense columns out of sparse ones."""
    return frame.astype(
        {
            name: object if dtype == "category" else float
            for name, dtype in frame.dtypes.items()
        }
    )


# -- which nodes count -----------------------------------------------------------------


def unscore(table: Table, asked: Sequence[str] | None) -> Table:
    """Mark the nodes that count in no loss and no measure.

    Parameters
    ----------
    table : Table
    asked : sequence of str, default=None
        Further nodes. Empty: none at all are marked. None: those that say nothing, the
        roots that `sklearn_hmlc.datasets.read_arff` marks and a single root that all
        rows have.
    """
    hierarchy = table.hierarchy
    for name in asked or ():
        if name not in hierarchy:
            raise ValueError(f"--unscored: {unknown(name, hierarchy.nodes)}")
    marked = [] if asked == [] else [*_empty_roots(table), *(asked or ())]
    if len(set(marked)) == hierarchy.n_nodes:
        raise ValueError("--unscored leaves no node to learn.")
    marked = Hierarchy(hierarchy.nodes, hierarchy.edges, marked)
    columns = hierarchy.index(list(marked.nodes))
    return replace(table, target=table.target[:, columns], hierarchy=marked)


def _empty_roots(table: Table) -> list[str]:
    hierarchy = table.hierarchy
    tops = [root for root in hierarchy.roots if root not in hierarchy.leaves]
    # A node of the name "root" may be real, as in plants, unless it is at the top.
    names = [name for name in UNSCORED_ROOTS if name != ROOT or name in tops]
    empty = [name for name in names if name in hierarchy]
    if len(tops) == 1 == len(hierarchy.roots):
        rows = table.target[:, [hierarchy.index(tops[0])]].sum()
        empty += tops if rows == table.target.shape[0] else []
    return [*hierarchy.unscored, *empty]

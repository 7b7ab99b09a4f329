"""Files on disk -> features, labels and hierarchy.

Stage: before the model. In: paths of ARFF or CSV files. Out: a `Table` with ``data`` of
shape (n_samples, n_features) and, where labels are wanted, a closed ``target`` of shape
(n_samples, n_nodes).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import scipy.sparse as sp

from ..datasets import read_arff
from ..hierarchy import Hierarchy
from . import _csv


@dataclass
class Table:
    """Rows of one or several files.

    ``data`` has the rows' ids in its index, ``nominal`` names its columns of text.
    """

    data: pd.DataFrame
    nominal: list[str]
    target: sp.csr_array | None = None
    hierarchy: Hierarchy | None = None


def read_table(args, *, labelled, hierarchy=None, nominal=None) -> Table:
    """Read what the command line names.

    Parameters
    ----------
    args : argparse.Namespace
        With ``data``, ``index`` and, where labels are wanted, ``labels`` and ``edges``.
    labelled : bool
        Whether labels are wanted.
    hierarchy : Hierarchy, default=None
        What labels must fit. None: the files bring it.
    nominal : list of str, default=None
        Columns of CSV files to read as text. None: those that are not numbers.
    """
    kinds = {_kind(path) for path in args.data}
    if len(kinds) > 1:
        raise ValueError("Expected DATA files of one kind, but got ARFF and CSV ones.")
    read = _read_arffs if kinds == {"arff"} else _read_csvs
    return read(args, labelled, hierarchy, nominal)


def _kind(path: Path) -> str:
    suffix = _csv.suffix(path)
    if suffix not in (".arff", ".csv", ".tsv"):
        raise ValueError(f"{path}: expected a file named .arff, .csv or .tsv.")
    return "arff" if suffix == ".arff" else "csv"


def _read_csvs(args, labelled, hierarchy, nominal) -> Table:
    data, nominal = _csv.read_features(args.data, args.index, nominal)
    if not labelled:
        return Table(data, nominal)
    if not args.labels:
        raise ValueError("CSV files have no labels in them; give them with --labels.")
    if hierarchy is None and args.edges is not None:
        hierarchy = _csv.read_hierarchy(args.edges)
    ids = data.index if args.index else None
    target, hierarchy = _csv.read_labels(args.labels, ids, hierarchy)
    if len(data) != target.shape[0]:
        raise ValueError(
            f"DATA has {len(data)} rows, but --labels has {target.shape[0]}. Use "
            "--index if both have ids in their first column."
        )
    return Table(data, nominal, target, hierarchy)


def _read_arffs(args, labelled, hierarchy, nominal) -> Table:  # noqa: ARG001
    _refuse_csv_options(args)
    unlabelled = "error" if labelled else "keep"
    bunches = [read_arff(path, unlabelled=unlabelled) for path in args.data]
    data = _csv.stack([plain(bunch.data) for bunch in bunches], args.data)
    data = data.reset_index(drop=True)
    text = _csv.text_columns(data)
    if not labelled:
        return Table(data, text)
    expected = bunches[0].hierarchy if hierarchy is None else hierarchy
    for bunch in bunches:
        if bunch.hierarchy != expected:
            raise ValueError(
                f"{bunch.filename} declares {bunch.hierarchy!r}, but expected are the "
                f"nodes and edges of {args.data[0] if hierarchy is None else 'MODEL'}: "
                f"{expected!r}."
            )
    target = sp.csr_array(sp.vstack([bunch.target for bunch in bunches]))
    return Table(data, text, target, expected)


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

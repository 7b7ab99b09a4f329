"""A model's predictions into a file, some rows at a time.

Stage: the last one. In: a fitted model and rows. Out: a table with names of nodes, one
with a column per node, or the lines of CAFA; whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import gen_batches

from .. import predictions
from .._files import is_stdout, packed, write_whole
from .._response import hierarchy_of, some_rows
from .._validation import name_array
from ..hierarchy import Hierarchy
from ._progress import followed
from ._source import suffix

# Lines, or cells of a wide table, that are made at a time, and probabilities (64 MB).
_LINES = 500_000
_CELLS = 2**24


def write_predictions(
    path: Path,
    model: Any,
    data: Any,
    ids: Any,
    *,
    format: str,
    top: int | None = None,
    min_proba: float = 0.0,
    decisions: bool = False,
    force: bool,
    quiet: bool = False,
) -> None:
    """Write probabilities of the scored nodes, or the decisions about them."""
    hierarchy = hierarchy_of(model)
    per_row = min(top or hierarchy.n_nodes, hierarchy.n_nodes)
    batch_size = max(1, min(_LINES // per_row, _CELLS // hierarchy.n_nodes))
    if format == "cafa":
        blocks = predictions.iter_proba(model, data, batch_size=batch_size)
        predictions.write_predictions(
            path,
            iter(blocks) if quiet else followed(blocks, len(blocks), "predict"),
            format="cafa",
            ids=list(ids),
            hierarchy=hierarchy,
            k=top,
            min_proba=min_proba or None,
            force=force,
        )
        return
    if format == "wide":
        make = partial(_wide, decisions=decisions)
    else:
        make = partial(_long, top=top, min_proba=min_proba, decisions=decisions)
    ids = pd.Index(ids)
    batches = list(gen_batches(len(ids), batch_size))
    tables = (
        make(model, hierarchy, some_rows(data, rows), ids[rows]) for rows in batches
    )
    if not quiet:
        tables = followed(tables, len(batches), "predict")
    write_whole(path, partial(_write_tables, path, tables), force=force)


def _write_tables(path: Path, tables: Iterator[pd.DataFrame], file: BinaryIO) -> None:
    mark = "," if suffix(path) == ".csv" or is_stdout(path) else "\t"
    with packed(path, file) as stream:
        for number, table in enumerate(tables):
            text = table.to_csv(
                index=False, header=number == 0, sep=mark, float_format="%.6g"
            )
            stream.write(text.encode())


def _wide(
    model: Any, hierarchy: Hierarchy, data: Any, ids: pd.Index, decisions: bool
) -> pd.DataFrame:
    """Return a line per row, and a column per scored node."""
    if decisions:
        values = predictions.predict_labels(model, data).toarray().astype(np.int8)
    else:
        values = predictions.predict_dense(model, data)
    names = name_array(hierarchy.nodes)[hierarchy.scored]
    if "id" in names.tolist():
        raise ValueError(
            "A node is named 'id', as the column of the rows' ids is; use --format "
            "long, in which nodes are no columns."
        )
    table = pd.DataFrame(values[:, hierarchy.scored], ids.rename("id"), names)
    return table.reset_index()


def _long(
    model: Any,
    hierarchy: Hierarchy,
    data: Any,
    ids: pd.Index,
    top: int | None,
    min_proba: float,
    decisions: bool,
) -> pd.DataFrame:
    """Return a line for each row and node that is kept, the best first."""
    kept = predictions.predict_sparse(model, data, k=top, min_proba=min_proba or None)
    if decisions:
        kept = kept.multiply(predictions.predict_labels(model, data))
    pairs = sp.coo_array(kept)
    order = np.lexsort((pairs.col, -pairs.data, pairs.row))
    rows, columns = pairs.row[order], pairs.col[order]
    nodes = [hierarchy.nodes[k] for k in columns.tolist()]
    table = {"id": ids[rows], "node": nodes}
    for name, facts in (
        ("name", hierarchy.names),
        ("namespace", hierarchy.namespaces),
    ):
        if facts:
            table[name] = [facts.get(node) for node in nodes]
    return pd.DataFrame(table | {"probability": pairs.data[order]})

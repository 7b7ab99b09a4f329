"""Indicator matrices under a hierarchy: the true path rule, whatever the container.

Stage: labels on their way in. In: ``Y`` of shape (n_samples, n_nodes) as an array, a
SciPy sparse matrix or a DataFrame, and the sparse child-to-parent matrix. Inside,
labels are boolean CSR in node order: the cost follows the positives, never
n_nodes ** 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from ._hierarchy import Hierarchy


def is_dataframe(Y: Any) -> bool:
    """Tell a DataFrame by its shape of API, without importing pandas."""
    return hasattr(Y, "columns") and hasattr(Y, "to_numpy")


def column_positions(hierarchy: Hierarchy, columns: Sequence[Any]) -> np.ndarray:
    """For each node the position of its column; the columns must be the nodes.

    Raises
    ------
    ValueError
        If a column is no node, a node has no column, or a column comes twice.
    """
    names = list(columns)
    where = {name: position for position, name in enumerate(names)}
    if len(where) != len(names):
        double = sorted({str(name) for name in names if names.count(name) > 1})
        raise ValueError(f"Columns of Y come more than once: {shorten(double)}.")
    missing = [node for node in hierarchy.nodes if node not in where]
    unknown = [name for name in names if name not in hierarchy]
    if missing or unknown:
        raise ValueError(
            "The columns of Y must be the nodes of the hierarchy; without a column: "
            f"{shorten(missing)}; unknown: {shorten(unknown)}. Rename the columns, or "
            "use `hierarchy.subset` for fewer nodes."
        )
    return np.array([where[node] for node in hierarchy.nodes], dtype=np.intp)


def shorten(names: Sequence[Any], most: int = 5) -> str:
    """List some names for a message: the first few and how many more there are."""
    if not names:
        return "none"
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def to_csr(hierarchy: Hierarchy, Y: Any) -> sp.csr_array:
    """Return labels as a new boolean CSR array, columns in node order.

    Raises
    ------
    ValueError
        If ``Y`` is not 2-D, has another number of columns than there are nodes, or
        holds anything but 0 and 1.
    """
    order = column_positions(hierarchy, Y.columns) if is_dataframe(Y) else None
    if not sp.issparse(Y):
        Y = Y.to_numpy() if is_dataframe(Y) else np.asarray(Y)
    if Y.ndim != 2 or Y.shape[1] != hierarchy.n_nodes:
        raise ValueError(
            f"Expected Y of shape (n_samples, {hierarchy.n_nodes}), one column a node, "
            f"but got shape {Y.shape}."
        )
    labels = sp.csr_array(Y, copy=True)
    values = labels.data
    if values.dtype != bool:
        try:
            valid = (values == 1) | (values == 0)
        except TypeError:
            valid = np.zeros(len(values), dtype=bool)
        if not np.all(valid):
            first = values[np.argmin(valid)]
            raise ValueError(
                f"Y must hold only 0 and 1 (or False and True), but has {first!r}."
            )
    labels = sp.csr_array(
        (values.astype(bool), labels.indices, labels.indptr), shape=labels.shape
    )
    labels.sum_duplicates()
    labels.eliminate_zeros()
    return labels if order is None else labels[:, order]


def like(hierarchy: Hierarchy, labels: sp.csr_array, template: Any) -> Any:
    """Put boolean CSR labels into the container, dtype and column order of another."""
    if is_dataframe(template):
        where = column_positions(hierarchy, template.columns)
        values = labels[:, np.argsort(where)].toarray()
        frame = type(template)(values, columns=template.columns, index=template.index)
        return frame.astype(dict(template.dtypes))
    if sp.issparse(template):
        result = labels.astype(template.dtype)
        container = sp.csr_array if isinstance(template, sp.sparray) else sp.csr_matrix
        return container(result).asformat(template.format)
    return labels.toarray().astype(np.asarray(template).dtype)


def close(labels: sp.csr_array, to_parent: sp.csr_array) -> sp.csr_array:
    """Add all ancestors: one product a generation, over what is new alone."""
    closed = labels
    frontier = labels
    while frontier.nnz:
        above = (frontier @ to_parent).astype(bool)
        frontier = _without(above, closed)
        closed = closed + frontier
    return closed


def missing_parents(labels: sp.csr_array, to_parent: sp.csr_array) -> sp.csr_array:
    """Where a node has a positive child and is not positive itself."""
    return _without((labels @ to_parent).astype(bool), labels)


def most_specific(labels: sp.csr_array, to_parent: sp.csr_array) -> sp.csr_array:
    """Keep the positives that have no positive child."""
    return _without(labels, (labels @ to_parent).astype(bool))


def _without(labels: sp.csr_array, others: sp.csr_array) -> sp.csr_array:
    kept = sp.csr_array(labels > others)
    kept.eliminate_zeros()
    return kept

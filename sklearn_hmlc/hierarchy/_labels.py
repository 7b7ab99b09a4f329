"""Indicator matrices under a hierarchy: the true path rule, whatever the container.

Stage: labels on their way in. In: ``Y`` of shape (n_samples, n_nodes) as an array, a
SciPy sparse matrix or a DataFrame, and the sparse child-to-parent matrix. Inside,
labels are boolean CSR in node order: the cost follows the positives, never
n_nodes ** 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from ._names import shorten, to_python

if TYPE_CHECKING:
    from ._structure import Structure


def is_dataframe(Y: Any) -> bool:
    """Tell a DataFrame by its shape of API, without importing pandas."""
    return hasattr(Y, "columns") and hasattr(Y, "to_numpy")


def column_positions(hierarchy: Structure, columns: Sequence[Any]) -> np.ndarray:
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


def to_csr(hierarchy: Structure, Y: Any) -> sp.csr_array:
    """Return labels as a new boolean CSR array, columns in node order.

    Raises
    ------
    ValueError
        If ``Y`` is not 2-D, has another number of columns than there are nodes, or
        holds anything but 0 and 1.
    """
    order = column_positions(hierarchy, Y.columns) if is_dataframe(Y) else None
    values = _values(Y)
    if values.ndim != 2 or values.shape[1] != hierarchy.n_nodes:
        raise ValueError(
            f"Expected Y of shape (n_samples, {hierarchy.n_nodes}), one column a node, "
            f"but got shape {values.shape}."
        )
    _check_binary(values.data if sp.issparse(values) else values)
    labels = sp.csr_array(values.astype(bool), copy=True)
    labels.sum_duplicates()
    labels.eliminate_zeros()
    return labels if order is None else labels[:, order]


def _values(Y: Any) -> Any:
    """Return a CSR array of sparse labels, a plain array of all others."""
    if sp.issparse(Y):
        return sp.csr_array(Y)
    if is_dataframe(Y):
        return _frame_values(Y)
    try:
        return np.asarray(Y)
    except ValueError as error:
        raise ValueError(
            "Expected Y as a rectangular array of 0 and 1, but its rows differ in "
            "length; for lists of node names use HierarchicalLabelBinarizer."
        ) from error


def _frame_values(Y: Any) -> np.ndarray:
    """Values of a DataFrame; where columns are nullable, floats with NaN for NA."""
    for column, dtype in zip(Y.columns, Y.dtypes, strict=True):
        if dtype.kind not in "biuf" and not isinstance(dtype, np.dtype):
            raise ValueError(
                "The columns of Y must hold numbers or booleans, but column "
                f"{column!r} is of dtype {dtype}; use `Y.astype(int)`."
            )
    values = Y.to_numpy()
    if values.dtype == object and all(dtype.kind in "biuf" for dtype in Y.dtypes):
        return Y.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def _check_binary(values: np.ndarray) -> None:
    if values.dtype.kind in "biuf":
        valid = (values == 0) | (values == 1)
    else:
        valid = np.array([_is_binary(x) for x in values.ravel().tolist()], dtype=bool)
    if valid.all():
        return
    first = to_python(values.ravel()[np.argmin(valid)])
    named = isinstance(first, str)
    hint = " For node names use HierarchicalLabelBinarizer." if named else ""
    raise ValueError(
        f"Y must hold only 0 and 1 (or False and True), but has {first!r}.{hint}"
    )


def _is_binary(value: Any) -> bool:
    return isinstance(value, Number) and value in (0, 1)


def like(hierarchy: Structure, labels: sp.csr_array, template: Any) -> Any:
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

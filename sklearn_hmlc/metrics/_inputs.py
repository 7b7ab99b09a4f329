"""Truth beside predictions or scores: the ceremony at the door of every measure.

Stage: first step of each public function. In: what the user gave, in whatever
container. Out: a hierarchy that names the columns, labels and scores in node order,
rows' weights; and back: one number per node as the truth's columns stand. The checks
themselves are those of the whole package.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import gen_batches

from .. import _frames as frames
from .. import _validation as check
from .._validation import BoolArray, FloatArray, Node
from ..hierarchy import Hierarchy

# Cells of an array at a time where one of all rows would take too much memory.
_BLOCK_CELLS = 10_000_000


class Sides(NamedTuple):
    """Truth and what stands beside it, columns in node order.

    ``other`` are boolean CSR labels or dense scores; ``weights`` None where all rows
    count alike, else above 0: rows of weight 0 are left out.
    """

    hierarchy: Hierarchy
    truth: sp.csr_array
    other: Any
    weights: FloatArray | None


# -- which hierarchy -------------------------------------------------------------------


def given_hierarchy(hierarchy: Any) -> Hierarchy:
    """Return the hierarchy; raise if it is anything else."""
    if not isinstance(hierarchy, Hierarchy):
        raise TypeError(
            f"Expected `hierarchy` to be a Hierarchy, but got "
            f"{type(hierarchy).__name__}; make one with `Hierarchy.from_edges`."
        )
    return hierarchy


def common_hierarchy(
    hierarchy: Hierarchy | None,
    sides: Mapping[str, Any],
    by_node: Mapping[str, Any] | None = None,
) -> Hierarchy:
    """Return the hierarchy that names the columns of all sides of a call.

    It is the given one, else a flat one over the columns of the first frame, so that
    others are matched with it, else over positions. ``sides`` are arrays with a column
    per node and ``by_node`` those with a value per node, by their names.

    Raises
    ------
    ValueError
        If a frame's columns are not the nodes, or one without names stands beside a
        frame whose columns are not in node order.
    """
    columns = {name: frames.columns(Y, name) for name, Y in sides.items()}
    if hierarchy is not None:
        hierarchy = given_hierarchy(hierarchy)
    else:
        named = [names for names in columns.values() if names is not None]
        width = _width(*next(iter(sides.items()))) if not named else 0
        hierarchy = Hierarchy.flat(named[0] if named else range(width))
    for name, names in columns.items():
        if names is not None:
            check.column_positions(hierarchy, names, name)
    check.check_one_order(hierarchy, **sides)
    check_by_node(hierarchy, sides, by_node or {})
    return hierarchy


def check_by_node(
    hierarchy: Hierarchy, sides: Mapping[str, Any], by_node: Mapping[str, Any]
) -> None:
    """Refuse a bare value per node beside a frame whose columns are in another order.

    Raises
    ------
    ValueError
        With what to wrap.
    """
    columns = {side: frames.columns(Y, side) for side, Y in sides.items()}
    check.check_values_by_node(hierarchy, columns, by_node)


def _width(name: str, Y: Any) -> int:
    if check.is_list_of_probabilities(Y):
        return len(Y)
    try:
        shape = Y.shape if hasattr(Y, "shape") else np.shape(Y)
    except ValueError:
        raise ValueError(f"Expected `{name}` with rows of one length.") from None
    if len(shape) != 2:
        raise ValueError(
            f"Expected `{name}` of shape (n_samples, n_nodes), but got shape {shape}."
        )
    return int(shape[1])


# -- truth beside the rest -------------------------------------------------------------


def side_by_side(
    y_true: Any,
    other: Any,
    name: str,
    hierarchy: Hierarchy | None,
    *,
    scores: bool,
    sample_weight: Any = None,
    by_node: Mapping[str, Any] | None = None,
    stacklevel: int = 2,
) -> Sides:
    """Read truth and predictions, or scores, called ``name``, of the same rows.

    ``stacklevel`` is how many functions lie between here and the user.

    Raises
    ------
    ValueError
        If shapes, columns or values do not fit, or there are no rows.

    Warns
    -----
    UserWarning
        If both are pandas frames with the same rows in another order.
    """
    hierarchy = common_hierarchy(hierarchy, {"y_true": y_true, name: other}, by_node)
    truth = check.as_labels(y_true, hierarchy, "y_true")
    if truth.shape[0] == 0:
        raise ValueError("Expected `y_true` with at least one row, but got none.")
    read = check.as_scores if scores else check.as_labels
    values = read(other, hierarchy, name)
    check.check_same_rows(truth, values, name)
    check.check_same_ids(y_true, other, ("y_true", name), stacklevel + 2)
    weights = check.as_row_weights(sample_weight, truth.shape[0])
    if weights is not None and not weights.all():
        counted = np.flatnonzero(weights)
        if not len(counted):
            raise ValueError(
                "Expected `sample_weight` with at least one row above 0, but got zeros "
                "alone."
            )
        truth, values, weights = truth[counted], values[counted], weights[counted]
    return Sides(hierarchy, truth, values, weights)


def relative(weights: FloatArray | None) -> FloatArray | None:
    """Weights as shares of the largest, whose sums are finite."""
    return None if weights is None else weights / weights.max()


# -- numbers per node and their means --------------------------------------------------


def per_node(
    values: NDArray[Any], nodes: BoolArray, hierarchy: Hierarchy, y: Any, name: str
) -> Any:
    """One number per masked node: an array, or a Series where ``y`` is a frame.

    The array is in node order, the Series in that of the frame's columns.
    """
    columns = frames.columns(y)
    if columns is None:
        return values
    where = np.full(hierarchy.n_nodes, -1)
    where[nodes] = np.arange(len(values))
    kept = [node for node in columns if where[hierarchy.index(node)] >= 0]
    positions = where[hierarchy.index(kept)]
    return pd.Series(values[positions], index=_index(kept), name=name)


def _index(nodes: list[Node]) -> pd.Index:
    return pd.Index(nodes, tupleize_cols=False, name="node")


def weighted_mean(
    values: NDArray[Any], weights: NDArray[Any], undefined: float, what: str
) -> float:
    """Average with weights; a warning and a stated value where they sum to 0."""
    if weights.sum() == 0:
        warnings.warn(
            f"{what} is not defined: no scored node has a positive row in `y_true`; "
            f"it is set to {undefined}.",
            UndefinedMetricWarning,
            stacklevel=4,  # the caller of the public function
        )
        return float(undefined)
    return float(np.average(values, weights=weights))


def row_blocks(n_rows: int, width: int) -> Iterator[slice]:
    """Slices of rows, each of one row or of `_BLOCK_CELLS` cells at most."""
    return gen_batches(n_rows, max(1, _BLOCK_CELLS // max(width, 1)))

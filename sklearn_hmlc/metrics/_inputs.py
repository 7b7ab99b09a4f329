"""Truth beside predictions or scores: the checks with which every measure begins.

Stage: first step of each public function. In: what the user gave, in whatever
container. Out: labels and scores in node order, the hierarchy that names their columns,
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
from .._naming import common_hierarchy
from .._response import classes_beside_nodes, node_names
from .._scores import comes_in_blocks, read_scores
from .._validation import BoolArray, FloatArray, Node
from ..hierarchy import Hierarchy

# Cells of an array at a time where one of all rows would take too much memory.
_BLOCK_CELLS = 10_000_000


class Sides(NamedTuple):
    """Truth and what stands beside it, columns in node order.

    ``other`` are boolean CSR labels, or `Scores`; ``weights`` None where all rows count
    alike, else above 0: rows of weight 0 are left out.
    """

    hierarchy: Hierarchy
    truth: sp.csr_array
    other: Any
    weights: FloatArray | None


# -- truth beside the rest -------------------------------------------------------------


def side_by_side(
    y_true: Any,
    other: Any,
    name: str,
    hierarchy: Hierarchy | None,
    *,
    scores: bool,
    sample_weight: Any = None,
    per_node: Mapping[str, Any] | None = None,
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
    named = _columns_of_blocks(other, hierarchy) if scores else None
    sides = {"y_true": y_true, name: other if named is None else named}
    hierarchy = common_hierarchy(hierarchy, sides, per_node)
    truth = check.as_labels(y_true, hierarchy, "y_true")
    if truth.shape[0] == 0:
        raise ValueError("Expected `y_true` with at least one row, but got none.")
    values: Any
    if scores:
        columns = None if named is None else list(named.columns)
        values = read_scores(other, hierarchy, name, truth.shape[0], columns)
        check.check_same_rows(truth, values, name)
    else:
        values = check.as_labels(other, hierarchy, name)
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
        values = values.take(counted) if scores else values[counted]
        truth, weights = truth[counted], weights[counted]
    return Sides(hierarchy, truth, values, weights)


def _columns_of_blocks(blocks: Any, hierarchy: Hierarchy | None) -> Any:
    """Return a frame without rows that has the names of a model's blocks.

    None where they have no names, or mere numbers of columns.

    Raises
    ------
    ValueError
        If the model gives each row one class: these are no nodes.
    """
    if getattr(blocks, "of_classes", False):
        raise classes_beside_nodes()
    names = getattr(blocks, "nodes", None) if comes_in_blocks(blocks) else None
    if names is not None and hierarchy is not None:
        names = node_names(list(names), hierarchy)
    if names is None or list(names) == list(range(len(names))):
        return None
    return pd.DataFrame(columns=pd.Index(list(names), tupleize_cols=False))


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

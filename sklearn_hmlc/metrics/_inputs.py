"""Truth beside predictions or scores: the checks with which every measure begins.

Stage: first step of each public function. In: what the user gave, in whatever
container. Out: labels and scores in node order, the hierarchy that names their columns,
rows' weights; and back: one number per node as the truth's columns stand. The checks
themselves are those of the whole package.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from .. import _frames as frames
from .. import _validation as check
from .._naming import common_hierarchy, given_hierarchy
from .._on_disk import parts_of
from .._response import classes_beside_nodes, node_names
from .._scores import Predictions, comes_in_blocks, in_rows_of, read_scores
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
        If both have row ids, the same in another order.
    """
    side = other
    if scores:
        other, side, hierarchy = named_scores(y_true, other, name, hierarchy)
    hierarchy = common_hierarchy(hierarchy, {"y_true": y_true, name: side}, per_node)
    truth = check.as_labels(y_true, hierarchy, "y_true")
    if truth.shape[0] == 0:
        raise ValueError("Expected `y_true` with at least one row, but got none.")
    values: Any
    if scores:
        columns = frames.columns(side) if comes_in_blocks(other) else None
        values = read_scores(
            other, hierarchy, name, truth.shape[0], columns, {"y_true": y_true}
        )
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


def named_scores(
    y_true: Any, scores: Any, name: str, hierarchy: Hierarchy | None
) -> tuple[Any, Any, Hierarchy | None]:
    """Return scores with the truth's rows, what names their columns, and the hierarchy.

    The names are the scores themselves, or a frame without rows that has the names of a
    model's blocks or a file's predictions. None stands for blocks that are yet to show
    theirs. The hierarchy is the given one, else that of the model.

    Raises
    ------
    ValueError
        If the model gives each row one class: these are no nodes; or if the predictions
        have other rows or nodes.
    """
    if isinstance(scores, Predictions):
        scores = in_rows_of(y_true, scores, name)
        if hierarchy is not None:
            _check_nodes(scores.nodes, hierarchy, name)
        return scores, _without_rows(scores.nodes), hierarchy
    if scores is None or not comes_in_blocks(scores):
        return scores, scores, hierarchy
    if getattr(scores, "of_classes", False):
        raise classes_beside_nodes()
    if hierarchy is None:
        hierarchy = _hierarchy_of_blocks(scores, y_true)
    names = getattr(scores, "nodes", None)
    if names is not None and hierarchy is not None:
        names = node_names(list(names), hierarchy)
    if names is None or _are_numbers(names):
        return scores, None, hierarchy
    return scores, _without_rows(names), hierarchy


def _check_nodes(nodes: list[Node], hierarchy: Any, name: str) -> None:
    others = set(given_hierarchy(hierarchy).nodes) ^ set(nodes)
    if others:
        raise ValueError(
            f"Expected `{name}` with the nodes of the hierarchy, but there are "
            f"{check.count(len(others), 'node')} of one without the other, such as "
            f"{check.shorten(others, 1)}. Read the file with the hierarchy: "
            "`read_predictions(path, hierarchy)`."
        )


def _hierarchy_of_blocks(blocks: Any, y_true: Any) -> Hierarchy | None:
    """Return the hierarchy of a model's blocks, unless it only numbers columns."""
    hierarchy = getattr(blocks, "hierarchy", None)
    columns = frames.columns(y_true, "y_true")
    if hierarchy is None or columns is None or not _are_numbers(hierarchy.nodes):
        return hierarchy
    return hierarchy if set(columns) == set(hierarchy.nodes) else None


def _are_numbers(names: Iterable[Node]) -> bool:
    """Tell whether names are mere positions."""
    names = list(names)
    return names == list(range(len(names)))


def _without_rows(names: Iterable[Node]) -> pd.DataFrame:
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
    return parts_of(n_rows, max(1, _BLOCK_CELLS // max(width, 1)))

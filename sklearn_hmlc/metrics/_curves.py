"""Precision-recall curves as counts at thresholds, and the areas under them.

Stage: between arrays in node order and the public measures. In: boolean CSR labels and
dense scores of shape (n_samples, n_nodes). Out: a `Curve` or its area.

Recall moves only at thresholds at which a positive lies. So positives alone are grouped
by score, and the rest is counted in the sorted scores: no array of all thresholds. Rows
of different weights need the order of scores, not sorted scores alone, which takes
several times the scores' memory; so they are counted some rows at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from .._validation import BoolArray, FloatArray

# Cells of the scores at a time, where rows have weights.
_BLOCK_CELLS = 1_000_000


@dataclass
class Curve:
    """Counts at the distinct scores of positives, from the highest down.

    ``start`` is just above a score, ``end`` includes it; arrays of one length.
    """

    thresholds: FloatArray
    n_positive: NDArray[Any]
    true_end: NDArray[Any]
    false_start: NDArray[Any]
    false_end: NDArray[Any]


# -- counting --------------------------------------------------------------------------


def pooled_curve(
    truth: sp.csr_array,
    scores: FloatArray,
    mask: BoolArray,
    weights: FloatArray | None = None,
) -> Curve | None:
    """One curve over all pairs of a row and a masked node; None without positives."""
    rows, columns = truth[:, mask].nonzero()
    nodes = np.flatnonzero(mask)
    positives = scores[rows, nodes[columns]]
    if weights is None:
        return _counted(positives, scores[:, mask].reshape(-1))
    # Every block is searched for the thresholds of all positives, which would take most
    # of the time in blocks of fewer cells than these.
    cells = max(_BLOCK_CELLS, len(positives))
    pools = (
        (scores[block][:, mask].reshape(-1), np.repeat(weights[block], len(nodes)))
        for block in gen_batches(len(scores), max(1, cells // len(nodes)))
    )
    return _weighed(positives, weights[rows], pools)


def node_areas(
    truth: sp.csr_array,
    scores: FloatArray,
    mask: BoolArray,
    area: Callable[[Curve], float],
    weights: FloatArray | None = None,
) -> FloatArray:
    """One area per masked node; NaN without positives."""
    by_column = sp.csc_array(truth)
    areas = np.full(len(mask), np.nan)
    for node in np.flatnonzero(mask & (np.diff(by_column.indptr) > 0)).tolist():
        rows = by_column.indices[by_column.indptr[node] : by_column.indptr[node + 1]]
        column = scores[:, node].copy()
        if weights is None:
            curve = _counted(column[rows], column)
        else:
            curve = _weighed(column[rows], weights[rows], [(column, weights)])
        areas[node] = np.nan if curve is None else area(curve)
    return areas[mask]


def _counted(positives: FloatArray, pool: FloatArray) -> Curve | None:
    """Count rows, or pairs, at and above each distinct score of positives.

    ``pool`` are all scores, those of positives too; it is sorted in place.
    """
    if positives.size == 0:
        return None
    thresholds, n_positive = np.unique(positives, return_counts=True)
    pool.sort()
    # In ascending scores all from the left end of a tie on are at or above it, all from
    # its right end on are above it.
    at_least = pool.size - np.searchsorted(pool, thresholds, side="left")
    above = pool.size - np.searchsorted(pool, thresholds, side="right")
    return _curve(thresholds, n_positive, at_least, above)


def _weighed(
    positives: FloatArray,
    positive_weights: FloatArray,
    pools: Iterable[tuple[FloatArray, FloatArray]],
) -> Curve | None:
    """Sum weights at and above each distinct score of positives.

    ``pools`` are scores and their weights, block by block; all scores together are as
    in `_counted`.
    """
    if not positive_weights.any():
        return None
    thresholds, group = np.unique(positives, return_inverse=True)
    n_positive = np.bincount(group, weights=positive_weights)
    at_least, above = np.zeros((2, len(thresholds)))
    for scores, weights in pools:
        order = np.argsort(scores)
        scores = scores[order]
        # mass[k]: what the scores from position k to the highest weigh together.
        mass = np.append(np.cumsum(weights[order][::-1])[::-1], 0.0)
        at_least += mass[np.searchsorted(scores, thresholds, side="left")]
        above += mass[np.searchsorted(scores, thresholds, side="right")]
    return _curve(thresholds, n_positive, at_least, above)


def _curve(
    thresholds: FloatArray,
    n_positive: NDArray[Any],
    at_least: NDArray[Any],
    above: NDArray[Any],
) -> Curve:
    """Turn counts at ascending thresholds around: recall grows as thresholds fall."""
    n_positive = n_positive[::-1]
    true_end = np.cumsum(n_positive)
    return Curve(
        thresholds=thresholds[::-1],
        n_positive=n_positive,
        true_end=true_end,
        # `above` and `at_least` count positives and negatives together: less the
        # positives they are false positives. At a threshold these are all positives
        # down to it; just above it, those of the threshold itself are not among them.
        false_start=above[::-1] - (true_end - n_positive),
        false_end=at_least[::-1] - true_end,
    )


# -- areas -----------------------------------------------------------------------------


def precision_at(curve: Curve) -> FloatArray:
    """Precision at each threshold; 0 where all rows so far weigh 0."""
    predicted = curve.true_end + curve.false_end
    none = np.zeros(len(predicted))
    return np.divide(curve.true_end, predicted, out=none, where=predicted > 0)


def step_area(curve: Curve) -> float:
    """Average precision."""
    return float(curve.n_positive @ precision_at(curve) / curve.true_end[-1])


def davis_goadrich_area(curve: Curve) -> float:
    """Trapezoids between successive whole numbers of true positives.

    Within a threshold's tie negatives come in evenly with its positives, ``slope`` of
    them per positive. The curve starts at no true positive and the negatives above all
    positives: at precision 0, or, where there are none, level with its first point.
    """
    count = curve.n_positive
    slope = (curve.false_end - curve.false_start) / count
    n_steps = int(curve.true_end[-1])
    total = 0.0
    for block in gen_batches(n_steps, _BLOCK_CELLS):
        # The step from `left_true` to one true positive more lies in one tie.
        left_true = np.arange(block.start, block.stop)
        tie = np.searchsorted(curve.true_end, left_true, side="right")
        inside = left_true - (curve.true_end - count)[tie]
        left_false = curve.false_start[tie] + slope[tie] * inside
        right_true, right_false = left_true + 1, left_false + slope[tie]
        right = right_true / (right_true + right_false)
        left = right.copy()  # where nothing is predicted yet
        reached = left_true + left_false
        np.divide(left_true, reached, out=left, where=reached > 0)
        total += (left + right).sum() / 2
    return float(total / n_steps)

"""Precision-recall curves as counts at thresholds, and the areas under them.

Stage: between arrays in node order and the public measures. In: boolean CSR labels and
dense scores of shape (n_samples, n_nodes). Out: a `Curve` or its area.

Recall moves only at thresholds at which a positive lies. So positives alone are grouped
by score, and the rest is counted in the sorted scores: no argsort, no array of all
thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .._validation import BoolArray, FloatArray


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
    chosen = scores[:, mask]  # a copy, which may be sorted in place
    positives = chosen[rows, columns]
    if weights is None:
        return _curve(positives, chosen.reshape(-1))
    spread = np.repeat(weights, chosen.shape[1])
    return _curve(positives, chosen.reshape(-1), weights[rows], spread)


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
        own = None if weights is None else weights[rows]
        curve = _curve(column[rows], column, own, weights)
        areas[node] = np.nan if curve is None else area(curve)
    return areas[mask]


def _curve(
    positives: FloatArray,
    pool: FloatArray,
    positive_weights: FloatArray | None = None,
    pool_weights: FloatArray | None = None,
) -> Curve | None:
    """Count positives, and all scores, at and above each distinct positive score.

    ``pool`` are all scores, those of positives too; it is sorted in place. With weights
    the counts are sums of these.
    """
    if positives.size == 0 or (
        positive_weights is not None and not positive_weights.any()
    ):
        return None
    if positive_weights is None or pool_weights is None:
        thresholds, n_positive = np.unique(positives, return_counts=True)
        pool.sort()
        # In ascending scores all from the left end of a tie on are at or above it,
        # all from its right end on are above it.
        at_least = pool.size - np.searchsorted(pool, thresholds, side="left")
        above = pool.size - np.searchsorted(pool, thresholds, side="right")
    else:
        thresholds, group = np.unique(positives, return_inverse=True)
        n_positive = np.bincount(group, weights=positive_weights)
        order = np.argsort(pool)
        pool = pool[order]
        # mass[k]: what the scores from position k to the highest weigh together.
        mass = np.append(np.cumsum(pool_weights[order][::-1])[::-1], 0.0)
        at_least = mass[np.searchsorted(pool, thresholds, side="left")]
        above = mass[np.searchsorted(pool, thresholds, side="right")]
    # From here on thresholds fall, as recall grows along a curve.
    n_positive = n_positive[::-1]
    true_end = np.cumsum(n_positive)
    return Curve(
        thresholds=thresholds[::-1],
        n_positive=n_positive,
        true_end=true_end,
        # What is no positive is a negative; just above a threshold its own positives
        # are not reached yet.
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
    """Trapezoids between successive numbers of true positives.

    Each array below has one entry per positive: the step from ``left_true`` to
    ``right_true`` true positives. Within a threshold's tie negatives come in evenly
    with its positives, ``slope`` of them per positive.
    """
    count = curve.n_positive
    false_start = curve.false_start.copy()
    false_start[0] = 0  # from the origin to the first threshold
    slope = np.repeat((curve.false_end - false_start) / count, count)
    true_start = np.repeat(curve.true_end - count, count)
    right_true = np.arange(1, curve.true_end[-1] + 1)
    right_false = np.repeat(false_start, count) + slope * (right_true - true_start)
    left_true = right_true - 1
    left_false = right_false - slope
    right = right_true / (right_true + right_false)
    left = right.copy()  # level up to the first positive, where 0 of 0 are predicted
    np.divide(left_true, left_true + left_false, out=left, where=left_true > 0)
    return float(np.mean((left + right) / 2))

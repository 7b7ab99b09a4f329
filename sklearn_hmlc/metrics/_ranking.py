"""Areas under precision-recall curves: pooled over all nodes, or node by node.

Stage: quality of scores, no threshold. In: truth and scores of shape
(n_samples, n_nodes). Out: a number in [0, 1], or one a node. With ``TP(t)`` and
``FP(t)`` the positives and negatives that score ``t`` or more, and ``P`` positives,

    step:            sum over k of (TP_k - TP_{k-1}) / P * TP_k / (TP_k + FP_k)
    Davis-Goadrich:  trapezoids through every TP = 0, 1, ..., P, where FP grows
                     linearly with TP from one threshold to the next

over the distinct scores ``t_1 > t_2 > ...``. Only thresholds at which a positive
lies move the area. So positives alone are grouped by score, and the rest is counted in
the sorted scores: no argsort, no array of all thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..hierarchy import Hierarchy
from . import _validation as check
from ._validation import BoolArray, FloatArray


def au_prc(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "pooled",
    interpolation: str = "step",
    skip_empty: bool = True,
    hierarchy: Hierarchy | None = None,
    scored: Any = None,
    sample_weight: Any = None,
) -> Any:
    """Area under the precision-recall curve, over the scored nodes.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    y_score : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Scores, larger = more likely: the output of ``predict_proba``. Sparse ones
        are made dense.
    average : {"pooled", "macro", "weighted"} or None, default="pooled"
        "pooled": one curve over all (row, node) pairs, AU(PRC), the measure that the
        field compares by. "macro": the mean of the nodes' areas. "weighted": their
        mean weighted with the nodes' positives. None: each node's area.
    interpolation : {"step", "davis-goadrich"}, default="step"
        What lies between two thresholds. "step": average precision, scikit-learn's
        choice. "davis-goadrich": false positives grow linearly with true positives,
        the choice of Clus.
    skip_empty : bool, default=True
        Whether nodes without positives are left out of "macro" and of the array of
        ``average=None`` (as NaN). Otherwise their area counts as 0. "pooled" and
        "weighted" don't depend on it.
    hierarchy : Hierarchy, default=None
        Names the columns, by which DataFrames are matched, and the unscored nodes.
    scored : array-like of bool of shape (n_nodes,), default=None
        Nodes that count. None: those that the hierarchy scores, or all.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, for "step" alone.

    Returns
    -------
    area : float or ndarray of shape (n_scored,)
        In [0, 1], larger is better. With ``average=None`` one a scored node, in the
        order of the columns.

    Raises
    ------
    TypeError
        If `skip_empty` or `hierarchy` has a wrong type.
    ValueError
        If an argument is not one of its options, shapes do not agree, a score is not
        finite or a label other than 0 and 1.

    Warns
    -----
    UndefinedMetricWarning
        If no scored node has a positive; the area is 0.0 then.

    See Also
    --------
    rarity_report : The mean area by the frequency of nodes.
    sklearn.metrics.average_precision_score : The same for dense arrays, without
        unscored nodes.

    Notes
    -----
    ``average="pooled", interpolation="step"`` equals scikit-learn's
    ``average_precision_score(average="micro")`` over the scored columns.

    With Davis and Goadrich's interpolation the curve passes every number of true
    positives ``x``. Between thresholds A and B, with
    ``s = (FP_B - FP_A) / (TP_B - TP_A)``, it has recall ``x / P`` and precision
    ``x / (x + FP_A + s (x - TP_A))``; trapezoids join these points. The curve starts at
    ``TP = FP = 0``, which makes it level up to the first threshold with a positive.

    References
    ----------
    .. [1] J. Davis and M. Goadrich, "The relationship between Precision-Recall and ROC
       curves", ICML 2006.
    .. [2] C. Vens et al., "Decision trees for hierarchical multi-label
       classification", Machine Learning 73, 2008.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import au_prc
    >>> y_true = [[1, 0], [1, 1], [0, 0]]
    >>> y_score = [[0.9, 0.1], [0.6, 0.3], [0.7, 0.2]]
    >>> round(au_prc(y_true, y_score), 3)
    0.806
    >>> round(au_prc(y_true, y_score, interpolation="davis-goadrich"), 3)
    0.764
    >>> au_prc(y_true, y_score, average=None)
    array([0.83333333, 1.        ])
    """
    check.check_option("average", average, ("pooled", "macro", "weighted", None))
    check.check_option("interpolation", interpolation, tuple(_AREAS))
    check.check_bool("skip_empty", skip_empty)
    hierarchy = check.as_hierarchy(hierarchy, y_true, y_score)
    truth = check.as_labels(y_true, hierarchy, "y_true")
    scores = check.as_scores(y_score, hierarchy, "y_score")
    check.check_same_rows(truth, scores, "y_score")
    weights = check.as_weights(sample_weight, truth.shape[0])
    if weights is not None and interpolation != "step":
        raise ValueError(
            "Expected `sample_weight` to be None with interpolation='davis-goadrich', "
            "which counts whole rows; use interpolation='step'."
        )
    mask = check.as_scored(scored, hierarchy)
    area = _AREAS[interpolation]
    if average == "pooled":
        return _defined(pooled_area(truth, scores, mask, area, weights))
    areas = node_areas(truth, scores, mask, area, weights)
    return _average(areas, node_support(truth, mask, weights), average, skip_empty)


def node_support(
    truth: sp.csr_array, mask: BoolArray, weights: FloatArray | None = None
) -> NDArray[Any]:
    """Positives, or the sum of their rows' weights, of each masked node."""
    totals = truth.sum(axis=0) if weights is None else weights @ truth
    return np.asarray(totals)[mask]


def _average(
    areas: FloatArray, support: NDArray[Any], average: str | None, skip_empty: bool
) -> Any:
    if average is None:
        return areas if skip_empty else np.nan_to_num(areas)
    if average == "weighted":
        node_weight = support
    elif skip_empty:
        node_weight = np.where(support > 0, 1.0, 0.0)
    else:  # without any positive there is nothing to average
        node_weight = np.full(len(support), float(support.any()))
    return check.weighted_mean(np.nan_to_num(areas), node_weight, 0.0, "au_prc")


def _defined(area: float) -> float:
    values = np.array([area])
    return check.weighted_mean(
        np.nan_to_num(values), np.isfinite(values).astype(float), 0.0, "au_prc"
    )


# -- compute -------------------------------------------------------------------------


@dataclass
class _Curve:
    """Counts at the distinct scores of positives, from the highest down.

    ``start`` is just above a score, ``end`` includes it; arrays of one length.
    """

    n_positive: NDArray[Any]
    true_end: NDArray[Any]
    false_start: NDArray[Any]
    false_end: NDArray[Any]


def pooled_area(
    truth: sp.csr_array,
    scores: FloatArray,
    mask: BoolArray,
    area: Callable[[_Curve], float],
    weights: FloatArray | None = None,
) -> float:
    """One curve over all pairs of a row and a masked node; NaN without positives."""
    rows, columns = truth[:, mask].nonzero()
    chosen = scores[:, mask]  # a copy, which may be sorted in place
    positives = chosen[rows, columns]
    if weights is None:
        return _area_of(positives, chosen.reshape(-1), area)
    spread = np.repeat(weights, chosen.shape[1])
    return _area_of(positives, chosen.reshape(-1), area, weights[rows], spread)


def node_areas(
    truth: sp.csr_array,
    scores: FloatArray,
    mask: BoolArray,
    area: Callable[[_Curve], float],
    weights: FloatArray | None = None,
) -> FloatArray:
    """Each masked node's area; NaN without positives."""
    by_column = sp.csc_array(truth)
    areas = np.full(len(mask), np.nan)
    for node in np.flatnonzero(mask & (np.diff(by_column.indptr) > 0)).tolist():
        rows = by_column.indices[by_column.indptr[node] : by_column.indptr[node + 1]]
        column = scores[:, node].copy()
        own = None if weights is None else weights[rows]
        areas[node] = _area_of(column[rows], column, area, own, weights)
    return areas[mask]


def _area_of(
    positives: FloatArray,
    pool: FloatArray,
    area: Callable[[_Curve], float],
    positive_weights: FloatArray | None = None,
    pool_weights: FloatArray | None = None,
) -> float:
    if positives.size == 0 or (
        positive_weights is not None and not positive_weights.any()
    ):
        return np.nan
    return area(_curve(positives, pool, positive_weights, pool_weights))


def _curve(
    positives: FloatArray,
    pool: FloatArray,
    positive_weights: FloatArray | None,
    pool_weights: FloatArray | None,
) -> _Curve:
    """Count positives and all scores at and above; sorts the pool in place."""
    if positive_weights is None or pool_weights is None:
        thresholds, n_positive = np.unique(positives, return_counts=True)
        pool.sort()
        at_least = pool.size - np.searchsorted(pool, thresholds, side="left")
        above = pool.size - np.searchsorted(pool, thresholds, side="right")
    else:
        thresholds, group = np.unique(positives, return_inverse=True)
        n_positive = np.bincount(group, weights=positive_weights)
        order = np.argsort(pool)
        pool = pool[order]
        mass = np.append(np.cumsum(pool_weights[order][::-1])[::-1], 0.0)
        at_least = mass[np.searchsorted(pool, thresholds, side="left")]
        above = mass[np.searchsorted(pool, thresholds, side="right")]
    n_positive = n_positive[::-1]
    true_end = np.cumsum(n_positive)
    return _Curve(
        n_positive=n_positive,
        true_end=true_end,
        false_start=above[::-1] - (true_end - n_positive),
        false_end=at_least[::-1] - true_end,
    )


def step_area(curve: _Curve) -> float:
    """Average precision."""
    predicted = curve.true_end + curve.false_end
    # A threshold where all rows weigh 0 moves nothing.
    precision = np.divide(
        curve.true_end, predicted, out=np.zeros(len(predicted)), where=predicted > 0
    )
    return float(curve.n_positive @ precision / curve.true_end[-1])


def davis_goadrich_area(curve: _Curve) -> float:
    """Trapezoids between successive numbers of true positives."""
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


_AREAS: dict[str, Callable[[_Curve], float]] = {
    "step": step_area,
    "davis-goadrich": davis_goadrich_area,
}

"""Areas under precision-recall curves: pooled over all nodes, or node by node.

Stage: quality of scores, no threshold. In: truth and scores of shape
(n_samples, n_nodes). Out: a number in [0, 1], or one per node. With ``TP(t)`` and
``FP(t)`` the positives and negatives that score ``t`` or more, and ``P`` positives,

    step:            sum over k of (TP_k - TP_{k-1}) / P * TP_k / (TP_k + FP_k)
    Davis-Goadrich:  trapezoids through every TP = 0, 1, ..., P, where FP grows
                     linearly with TP from one threshold to the next

over the distinct scores ``t_1 > t_2 > ...``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import _validation as check
from .._validation import BoolArray, FloatArray
from ..hierarchy import Hierarchy
from . import _inputs as inputs
from ._curves import (
    Curve,
    davis_goadrich_area,
    node_areas,
    pooled_curve,
    precision_at,
    step_area,
)

# Whole numbers of true positives that a curve may pass, some minutes' work.
_MOST_STEPS = 10_000_000_000

_AREAS: dict[str, Callable[[Curve], float]] = {
    "step": step_area,
    "davis-goadrich": davis_goadrich_area,
}


class PooledPRCurve(NamedTuple):
    """The precision-recall curve over all pairs of a row and a scored node.

    Attributes
    ----------
    precision : ndarray of shape (n_thresholds,)
        Share of the pairs at or above the threshold that are positive. It holds from
        the last recall up to the threshold's own.
    recall : ndarray of shape (n_thresholds,)
        Share of the positive pairs at or above the threshold, ascending up to 1.
    thresholds : ndarray of shape (n_thresholds,)
        The distinct scores of positive pairs, descending: only there recall moves.
    area : float
        The area under the steps, AU(PRC).

    See Also
    --------
    pooled_pr_curve : Gives one.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import pooled_pr_curve
    >>> pooled_pr_curve([[1, 0], [0, 0]], [[0.9, 0.1], [0.5, 0.2]]).area
    1.0
    """

    precision: FloatArray
    recall: FloatArray
    thresholds: FloatArray
    area: float


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
    y_score : array-like, sparse matrix, DataFrame or blocks of shape \
(n_samples, n_nodes)
        Scores, larger = more likely: the output of ``predict_proba``. Absent entries
        of sparse ones are 0. Blocks of rows do too: what
        `sklearn_hmlc.predictions.iter_proba` returns, or a function that returns an
        iterator of them; they are passed over twice. Of what
        `sklearn_hmlc.predictions.read_predictions` returns rows go by their ids.
    average : {"pooled", "macro", "weighted"} or None, default="pooled"
        "pooled": one curve over all (row, node) pairs, AU(PRC), the measure that the
        field compares by. "macro": the mean of the nodes' areas. "weighted": their
        mean weighted with the nodes' positives. None: one area per node.
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
        None: that of a model's blocks, if they have one.
    scored : array-like of bool of shape (n_nodes,), mapping or Series, default=None
        Nodes that count. None: those that the hierarchy scores, or all.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; with "davis-goadrich" whole numbers, how often each row
        counts.

    Returns
    -------
    area : float, or ndarray or Series of shape (n_scored,)
        In [0, 1], larger is better. With ``average=None`` one per scored node: an array
        in node order, or, where `y_true` is a frame, a Series with the nodes' names,
        in the order of its columns.

    Raises
    ------
    TypeError
        If `skip_empty` or `hierarchy` has a wrong type.
    ValueError
        If an argument is not one of its options, shapes do not agree, a score is not
        finite, a label other than 0 and 1, or an array without names stands beside a
        frame whose columns are not in node order.

    Warns
    -----
    UndefinedMetricWarning
        If no scored node has a positive; the area is 0.0 then.

    See Also
    --------
    rarity_report : The mean area by the frequency of nodes.
    pooled_pr_curve : The curve itself.
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
    ``TP = 0`` and the number of negatives that outscore all positives: at precision 0,
    or, where there are none, level up to the first threshold with a positive.

    This is the curve of Clus, whose averages over nodes are "macro" and "weighted". For
    its pooled area leave out the nodes without a positive, as it does:
    ``scored=y_true.any(axis=0)``.

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
    hierarchy, truth, scores, weights = inputs.side_by_side(
        y_true,
        y_score,
        "y_score",
        hierarchy,
        scores=True,
        sample_weight=sample_weight,
        per_node={"scored": scored},
    )
    if interpolation == "step":
        weights = inputs.relative(weights)
    else:
        _check_whole(truth, weights)
    mask = check.as_scored(scored, hierarchy)
    area = _AREAS[interpolation]
    if average == "pooled":
        curve = pooled_curve(truth, scores, mask, weights)
        return _defined(np.nan if curve is None else area(curve))
    areas = node_areas(truth, scores, mask, area, weights)
    if average is None:
        areas = areas if skip_empty else np.nan_to_num(areas)
        return inputs.per_node(areas, mask, hierarchy, y_true, "au_prc")
    return _average(areas, node_support(truth, mask, weights), average, skip_empty)


def pooled_pr_curve(
    y_true: Any,
    y_score: Any,
    *,
    hierarchy: Hierarchy | None = None,
    scored: Any = None,
    sample_weight: Any = None,
) -> PooledPRCurve:
    """Precision and recall at each threshold, pooled over the scored nodes.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    y_score : array-like, sparse matrix, DataFrame or blocks of shape \
(n_samples, n_nodes)
        Scores, larger = more likely; as in `au_prc`.
    hierarchy : Hierarchy, default=None
        Names the columns, by which DataFrames are matched, and the unscored nodes.
        None: that of a model's blocks, if they have one.
    scored : array-like of bool of shape (n_nodes,), mapping or Series, default=None
        Nodes that count. None: those that the hierarchy scores, or all.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    curve : PooledPRCurve
        ``(precision, recall, thresholds, area)``.

    Raises
    ------
    TypeError
        If `hierarchy` has a wrong type.
    ValueError
        If an array does not fit, has no names beside a frame whose columns are not in
        node order, or no scored node has a positive row.

    See Also
    --------
    au_prc : The area alone, and other averages.
    sklearn_hmlc.plotting.PooledPRCurveDisplay : Draws the curve.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import pooled_pr_curve
    >>> y_true = [[1, 0], [1, 1], [0, 0]]
    >>> y_score = [[0.9, 0.1], [0.6, 0.3], [0.7, 0.2]]
    >>> curve = pooled_pr_curve(y_true, y_score)
    >>> curve.thresholds
    array([0.9, 0.6, 0.3])
    >>> curve.recall.round(3), curve.precision.round(3)
    (array([0.333, 0.667, 1.   ]), array([1.   , 0.667, 0.75 ]))
    >>> round(curve.area, 3)
    0.806
    """
    hierarchy, truth, scores, weights = inputs.side_by_side(
        y_true,
        y_score,
        "y_score",
        hierarchy,
        scores=True,
        sample_weight=sample_weight,
        per_node={"scored": scored},
    )
    mask = check.as_scored(scored, hierarchy)
    curve = pooled_curve(truth, scores, mask, inputs.relative(weights))
    if curve is None:
        raise ValueError(
            "Expected a node with a positive row in `y_true`, but none of the scored "
            "nodes has one."
        )
    recall = curve.true_end / curve.true_end[-1]
    return PooledPRCurve(
        precision_at(curve), recall, curve.thresholds, step_area(curve)
    )


# -- weights and averages --------------------------------------------------------------


def _check_whole(truth: sp.csr_array, weights: FloatArray | None) -> None:
    """Raise unless weights say how often a row comes, and not too often."""
    if weights is None:
        return
    broken = weights[weights % 1 != 0]
    if len(broken):
        raise ValueError(
            "Expected `sample_weight` of whole numbers, how often each row counts, "
            "with interpolation='davis-goadrich', whose curve passes every number of "
            f"true positives, but got {broken[0]:g}; use interpolation='step'."
        )
    if weights.max() > _MOST_STEPS / max(truth.nnz, 1):
        raise ValueError(
            "Expected `sample_weight` of smaller numbers with interpolation="
            "'davis-goadrich', which takes a step per positive, but got "
            f"{weights.max():g}; use interpolation='step'."
        )


def node_support(
    truth: sp.csr_array, mask: BoolArray, weights: FloatArray | None = None
) -> NDArray[Any]:
    """Positives, or the sum of their rows' weights, per masked node."""
    totals = truth.sum(axis=0) if weights is None else weights @ truth
    return np.asarray(totals)[mask]


def _average(
    areas: FloatArray, support: NDArray[Any], average: str, skip_empty: bool
) -> float:
    if average == "weighted":
        node_weight = support
    elif skip_empty:
        node_weight = np.where(support > 0, 1.0, 0.0)
    else:  # without any positive there is nothing to average
        node_weight = np.full(len(support), float(support.any()))
    return inputs.weighted_mean(np.nan_to_num(areas), node_weight, 0.0, "au_prc")


def _defined(area: float) -> float:
    values = np.array([area])
    return inputs.weighted_mean(
        np.nan_to_num(values), np.isfinite(values).astype(float), 0.0, "au_prc"
    )

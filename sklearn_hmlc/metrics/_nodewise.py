"""Precision, recall and F1 per node, and their averages over nodes.

Stage: quality of decisions. In: truth and predictions of shape (n_samples, n_nodes).
Out: numbers in [0, 1]. For node ``i`` with true positives ``TP``, predicted rows ``Q``
and positive rows ``P``: precision ``TP / Q``, recall ``TP / P``, F1 ``2 TP / (Q + P)``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import _validation as check
from .._validation import BoolArray, FloatArray
from ..hierarchy import Hierarchy
from . import _inputs as inputs


class PrecisionRecallF1(NamedTuple):
    """Precision, recall and F1: three numbers, or three arrays or Series over nodes.

    Attributes
    ----------
    precision : float, or ndarray or Series of shape (n_selected,)
        Share of the predicted pairs that are right.
    recall : float, or ndarray or Series of shape (n_selected,)
        Share of the positive pairs that are found.
    f1 : float, or ndarray or Series of shape (n_selected,)
        Harmonic mean of the two, or the mean of the nodes' F1.

    See Also
    --------
    node_precision_recall_f1, hierarchical_precision_recall_f1 : Give one.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import node_precision_recall_f1
    >>> node_precision_recall_f1([[1, 0]], [[1, 1]], average="micro").recall
    1.0
    """

    precision: Any
    recall: Any
    f1: Any


def node_precision_recall_f1(
    y_true: Any,
    y_pred: Any,
    *,
    average: str | None = "macro",
    zero_division: float = 0.0,
    present_only: bool = False,
    hierarchy: Hierarchy | None = None,
    scored: Any = None,
    sample_weight: Any = None,
) -> PrecisionRecallF1:
    """Precision, recall and F1 over the scored nodes.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    y_pred : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Predicted labels, 0 and 1.
    average : {"macro", "micro", "weighted"} or None, default="macro"
        "macro": the mean over nodes, so that rare ones count as much as common ones.
        "micro": from counts summed over nodes. "weighted": the mean weighted with the
        nodes' positives. None: one value per node.
    zero_division : float, default=0.0
        Value in [0, 1] where there is nothing to divide by: the precision of a node
        that is never predicted, the recall of one without positives, the F1 of one
        that is neither.
    present_only : bool, default=False
        Whether only nodes with a positive row in `y_true` count.
    hierarchy : Hierarchy, default=None
        Names the columns, by which DataFrames are matched, and the unscored nodes.
    scored : array-like of bool of shape (n_nodes,), mapping or Series, default=None
        Nodes that count. None: those that the hierarchy scores, or all.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    scores : PrecisionRecallF1
        ``(precision, recall, f1)``; with ``average=None`` arrays over the nodes that
        count, in node order, or, where `y_true` is a frame, Series with the nodes'
        names, in the order of its columns.

    Raises
    ------
    TypeError
        If `zero_division`, `present_only` or `hierarchy` has a wrong type.
    ValueError
        If an argument is not one of its options, shapes do not agree, a label is other
        than 0 and 1, or an array without names stands beside a frame whose columns are
        not in node order.

    Warns
    -----
    UndefinedMetricWarning
        If an average has no node to average over, since no scored node has a
        positive; it is `zero_division` then.

    See Also
    --------
    rarity_report : The same by the frequency of nodes.
    sklearn.metrics.precision_recall_fscore_support : The same for all columns.

    Notes
    -----
    The macro values of Xu et al. [1]_ are the defaults: all scored nodes, a division by
    nothing counts 0.

    References
    ----------
    .. [1] Xu et al., "Improving Detection of Rare Nodes in Hierarchical Multi-Label
       Learning", 2026, arXiv 2602.08986.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import node_precision_recall_f1
    >>> y_true = [[1, 0, 0], [1, 1, 0]]
    >>> y_pred = [[1, 1, 0], [1, 1, 0]]
    >>> precision, recall, f1 = node_precision_recall_f1(y_true, y_pred)
    >>> round(precision, 3), round(recall, 3), round(f1, 3)
    (0.5, 0.667, 0.556)
    >>> scores = node_precision_recall_f1(y_true, y_pred, present_only=True)
    >>> scores.recall
    1.0
    """
    check.check_option("average", average, ("macro", "micro", "weighted", None))
    check.check_share("zero_division", zero_division)
    check.check_bool("present_only", present_only)
    hierarchy, truth, predicted, weights = inputs.side_by_side(
        y_true,
        y_pred,
        "y_pred",
        hierarchy,
        scores=False,
        sample_weight=sample_weight,
        per_node={"scored": scored},
    )
    counts = count(truth, predicted, inputs.relative(weights))
    mask = check.as_scored(scored, hierarchy)
    if present_only:
        mask = mask & (counts.positive > 0)
    counts = counts.at(mask)
    if average == "micro":
        return ratios(counts.pooled(), zero_division)
    by_node = ratios(counts, zero_division)
    if average is None:
        return PrecisionRecallF1(
            *(
                inputs.per_node(values, mask, hierarchy, y_true, name)
                for name, values in by_node._asdict().items()
            )
        )
    node_weight = (
        counts.positive if average == "weighted" else np.ones(len(counts.positive))
    )
    return PrecisionRecallF1(
        *(
            inputs.weighted_mean(values, node_weight, zero_division, name)
            for name, values in zip(by_node._fields, by_node, strict=True)
        )
    )


# -- compute ---------------------------------------------------------------------------


class Counts(NamedTuple):
    """Rows per node, or nodes per row: predicted rightly, predicted, positive."""

    hit: NDArray[Any]
    predicted: NDArray[Any]
    positive: NDArray[Any]

    def at(self, mask: BoolArray) -> Counts:
        """Counts of the masked nodes."""
        return Counts(*(counts[mask] for counts in self))

    def pooled(self, weights: Any = 1) -> Counts:
        """Counts summed over nodes or, with the rows' weights, over rows."""
        return Counts(*((counts * weights).sum() for counts in self))


def count(
    truth: sp.csr_array, predicted: sp.csr_array, weights: FloatArray | None = None
) -> Counts:
    """Count rows, or sum their weights, per node."""
    rows = np.ones(truth.shape[0]) if weights is None else weights
    return Counts(rows @ truth.multiply(predicted), rows @ predicted, rows @ truth)


def ratios(counts: Counts, zero_division: float) -> PrecisionRecallF1:
    """Precision, recall and F1 from counts; numbers from numbers."""

    def divide(above: Any, below: Any) -> Any:
        out = np.full(np.shape(above), float(zero_division))
        np.divide(above, below, out=out, where=np.asarray(below) > 0)
        return out if out.ndim else float(out)

    return PrecisionRecallF1(
        divide(counts.hit, counts.predicted),
        divide(counts.hit, counts.positive),
        divide(2 * counts.hit, counts.predicted + counts.positive),
    )

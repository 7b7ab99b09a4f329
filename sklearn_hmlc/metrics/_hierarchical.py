"""Measures that read the hierarchy: Kiritchenko's, and breaches of coherence.

Stage: quality of decisions; soundness of scores. In: arrays of shape
(n_samples, n_nodes). Out: numbers. With ``T`` a row's true nodes and their ancestors,
and ``P`` its predicted ones and theirs, hierarchical precision is ``|P & T| / |P|`` and
recall ``|P & T| / |T|``, numerators and denominators summed over rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _validation as check
from .._naming import given_hierarchy
from ..hierarchy import Hierarchy
from . import _inputs as inputs
from ._nodewise import Counts, PrecisionRecallF1, ratios


def hierarchical_precision_recall_f1(
    y_true: Any,
    y_pred: Any,
    *,
    hierarchy: Hierarchy,
    average: str = "micro",
    zero_division: float = 0.0,
    sample_weight: Any = None,
) -> PrecisionRecallF1:
    """Precision, recall and F1 of the rows' node sets, ancestors added.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1; most specific ones or closed.
    y_pred : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Predicted labels, 0 and 1; most specific ones or closed.
    hierarchy : Hierarchy
        The label graph; its unscored nodes don't count.
    average : {"micro", "samples"}, default="micro"
        "micro": from set sizes summed over rows, the definition of Kiritchenko et al.
        "samples": the mean over rows.
    zero_division : float, default=0.0
        Value in [0, 1] where there is nothing to divide by.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    scores : PrecisionRecallF1
        ``(precision, recall, f1)``, in [0, 1], larger is better.

    Raises
    ------
    TypeError
        If `hierarchy` is none.
    ValueError
        If an argument is not one of its options, shapes do not agree, a label is other
        than 0 and 1, or an array without names stands beside a frame whose columns are
        not in node order.

    See Also
    --------
    node_precision_recall_f1 : Averages over nodes, without adding ancestors.

    References
    ----------
    .. [1] S. Kiritchenko et al., "Learning and evaluation in the presence of class
       hierarchies: application to text categorization", Canadian AI 2006.

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.metrics import hierarchical_precision_recall_f1
    >>> hierarchy = Hierarchy.from_edges([("a", "b"), ("a", "c")])
    >>> y_true, y_pred = [[0, 1, 0]], [[0, 0, 1]]
    >>> hierarchical_precision_recall_f1(y_true, y_pred, hierarchy=hierarchy)
    PrecisionRecallF1(precision=0.5, recall=0.5, f1=0.5)
    """
    check.check_option("average", average, ("micro", "samples"))
    check.check_share("zero_division", zero_division)
    hierarchy = given_hierarchy(hierarchy)
    _, truth, predicted, weights = inputs.side_by_side(
        y_true,
        y_pred,
        "y_pred",
        hierarchy,
        scores=False,
        sample_weight=sample_weight,
    )
    mask = check.as_scored(None, hierarchy)
    truth = hierarchy.close(truth)[:, mask]
    predicted = hierarchy.close(predicted)[:, mask]
    counts = Counts(
        hit=np.asarray(truth.multiply(predicted).sum(axis=1)),
        predicted=np.asarray(predicted.sum(axis=1)),
        positive=np.asarray(truth.sum(axis=1)),
    )
    weights = inputs.relative(weights)
    if weights is None:
        weights = np.ones(truth.shape[0])
    if average == "micro":
        return ratios(counts.pooled(weights), zero_division)
    by_row = ratios(counts, zero_division)
    return PrecisionRecallF1(
        *(float(np.average(values, weights=weights)) for values in by_row)
    )


def coherence_violations(
    y: Any, hierarchy: Hierarchy, *, tolerance: float = 0.0
) -> int:
    """Count the pairs of a row and an edge where the child outscores its parent.

    Parameters
    ----------
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Probabilities, other scores or labels.
    hierarchy : Hierarchy
        The label graph; edges of unscored nodes count too.
    tolerance : float, default=0.0
        How far above its parent a child may be; at least 0.

    Returns
    -------
    n_violations : int
        0 for coherent scores, and for closed labels.

    Raises
    ------
    TypeError
        If `hierarchy` is none.
    ValueError
        If the array does not fit, or `tolerance` is below 0.

    See Also
    --------
    sklearn_hmlc.hierarchy.Hierarchy.check_closed : Where labels break it.

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.metrics import coherence_violations
    >>> hierarchy = Hierarchy.from_edges([("a", "b"), ("b", "c")])
    >>> coherence_violations([[0.5, 0.6, 0.1], [0.2, 0.3, 0.4]], hierarchy)
    3
    """
    hierarchy = given_hierarchy(hierarchy)
    if not (isinstance(tolerance, int | float | np.number) and tolerance >= 0):
        raise ValueError(
            f"Expected argument `tolerance` to be a number of at least 0, but got "
            f"{tolerance!r}."
        )
    scores = check.as_scores(y, hierarchy, "y")
    parents, children = hierarchy.edges.T
    return sum(
        int(np.count_nonzero(block[:, children] - block[:, parents] > tolerance))
        for block in (
            scores[rows] for rows in inputs.row_blocks(len(scores), hierarchy.n_edges)
        )
    )

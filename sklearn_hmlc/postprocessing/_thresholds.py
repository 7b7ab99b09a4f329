"""Decision thresholds, one per node, tuned on held-out rows.

Stage: probabilities and labels of rows that were not trained on -> thresholds
(n_nodes,). Decisions by them are closed upward by whoever makes them.
"""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import gen_batches

from .. import _frames as frames
from .._naming import common_hierarchy
from .._scores import Predictions, comes_in_blocks, in_rows_of, read_scores
from .._validation import (
    as_labels,
    as_numbers,
    as_row_weights,
    check_option,
    check_same_rows,
    every_node,
)
from ..hierarchy import Hierarchy
from ._pooling import pooled_thresholds
from ._ranking import Ranking

STRATEGIES = ("prevalence", "f1")
DEFAULT_FACTOR = 3.0

# Entries that are sorted at a time (32 MB of float64, several arrays of them).
_BLOCK_ENTRIES = 2**22


def node_thresholds(
    y_true: Any,
    proba: Any,
    strategy: str = "prevalence",
    *,
    prevalence: Any = None,
    factor: float = DEFAULT_FACTOR,
    hierarchy: Hierarchy | None = None,
    sample_weight: Any = None,
    pooled: int | None = None,
) -> np.ndarray | pd.Series:
    r"""Tune a decision threshold for each node on held-out rows.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    proba : array-like, sparse or Predictions of shape (n_samples, n_nodes)
        Probabilities (scores in [0, 1]) of the same rows, from a model that was not
        trained on them. Where both have names their columns are matched by these, else
        by position: bare probabilities of a model that was fitted on a frame are in the
        order of its ``classes_``, those of `predict_dense` and `predict_sparse` in that
        of the hierarchy's nodes. Absent entries of sparse ones are 0; they, and a
        memmap, are read some nodes at a time.
    strategy : {"prevalence", "f1"}, default="prevalence"
        "prevalence": as many rows are predicted to have the node as `prevalence` says.
        "f1": the largest F1 among thresholds whose predicted number is within
        `factor` of that number. Nodes that no row finds (F1 is 0 there) fall back to
        "prevalence".
    prevalence : array-like of shape (n_nodes,), mapping or Series, default=None
        Share of rows that have each node, in [0, 1]; an array in the order of the
        hierarchy's nodes or, without one, of the columns of `y_true`. None: that of
        `y_true`.
    factor : float, default=3.0
        For "f1": how far the predicted number may be from the number by `prevalence`,
        at least 1. With few positives the best F1 is a matter of luck, and often
        predicts the node almost everywhere; infinity allows that.
    hierarchy : Hierarchy, default=None
        Names the columns of what has no names: they are in the order of its nodes.
        None: columns without names are in the order of those of `y_true`.
    sample_weight : array-like of shape (n_samples,), default=None
        What each row counts, >= 0, in shares, numbers and F1. None: 1.
    pooled : int, default=None
        For "f1": nodes with fewer positive rows than this share what they learn. Those
        of a frequency class (1 to 2 positive rows, 3 to 4, 5 to 8, ...) are predicted
        the same multiple of `prevalence`, one of 1/4 to 12, which has the largest mean
        F1 over the class; `factor` is for single nodes and does not bound it. Classes
        are joined with the next until they have `pooled` positive rows or more between
        them. None: each node stands for itself.

    Returns
    -------
    thresholds : ndarray of float64 or Series, of shape (n_nodes,)
        In the order of the columns of `y_true`; where columns have names a Series by
        node, as the classifiers' ``threshold`` takes it. In [0, 1], or infinity; a node
        is predicted from its threshold on. They lie midway between the lowest score
        that is predicted and the highest one that is not; where no row is to have the
        node, midway between the highest score and 1, and at infinity if that score is
        1.

    Raises
    ------
    ValueError
        If shapes or names of columns do not fit, a value is not finite or out of its
        range, or the strategy is unknown.

    Warns
    -----
    UserWarning
        If `factor` or `pooled` is given for a strategy that has no use for it.

    Notes
    -----
    Rows of equal scores stay together, so that with ties the predicted number is the
    nearest possible to the wanted one, and the lower one of two. Decisions that are
    closed upward predict inner nodes more often than their own thresholds do. Rows of
    weight 0 count as absent. O(n log n) per node, and memory for a part of the nodes at
    a time.

    References
    ----------
    .. [1] Yang, "A Study of Thresholding Strategies for Text Categorization", SIGIR
       2001 (proportional assignment, and why few positives overfit).
    .. [2] Lipton, Elkan and Narayanaswamy, "Optimal Thresholding of Classifiers to
       Maximize F1 Measure", ECML 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_hmlc.postprocessing import node_thresholds
    >>> y_true = np.array([[1], [0], [1], [0], [0]])
    >>> proba = np.array([[0.4], [0.3], [0.25], [0.1], [0.05]])
    >>> node_thresholds(y_true, proba)  # two of five
    array([0.275])
    >>> node_thresholds(y_true, proba, "f1")  # three, to find both
    array([0.175])
    >>> rare = np.array([[1, 0], [0, 0], [0, 0], [0, 0], [0, 1]])
    >>> proba = np.array([[0.2, 0.1], [0.3, 0.5], [0.1, 0.1], [0.1, 0.2], [0.1, 0.4]])
    >>> node_thresholds(rare, proba, "f1", pooled=2)  # two rows find one, both times
    array([0.15, 0.3 ])
    """
    check_option("strategy", strategy, STRATEGIES)
    check_factor(strategy, factor)
    check_pooled(strategy, pooled)
    side = proba
    if isinstance(proba, Predictions):
        proba = in_rows_of(y_true, proba, "proba")
        side = pd.DataFrame(columns=pd.Index(proba.nodes, tupleize_cols=False))
    # Without a hierarchy the nodes are the columns of `y_true`, in their order, and an
    # array goes by these, whatever the order of the probabilities.
    by_node = {} if hierarchy is None else {"prevalence": prevalence}
    sides = {"y_true": y_true, "proba": side}
    hierarchy = common_hierarchy(hierarchy, sides, by_node)
    truth = sp.csc_array(as_labels(y_true, hierarchy, "y_true"))
    if 0 in truth.shape:
        raise ValueError(
            "Expected `y_true` with at least one row and one node, but got shape "
            f"{truth.shape}."
        )
    scores = _read_probabilities(proba, hierarchy)
    check_same_rows(truth, scores, "proba")
    n_samples = truth.shape[0]
    weight = _checked_weight(sample_weight, n_samples)
    counts = weight > 0
    n_rows = np.count_nonzero(counts)
    share = weight @ truth / n_rows if prevalence is None else prevalence
    wanted = _checked_share(share, hierarchy) * n_rows
    bound = factor if strategy == "f1" else None

    def ranking(nodes: Any) -> Ranking:
        return Ranking.of(
            truth[:, nodes].toarray()[counts],
            scores.columns(nodes)[counts].astype(np.float64, copy=False),
            weight[counts],
        )

    thresholds = np.empty(hierarchy.n_nodes)
    step = max(1, _BLOCK_ENTRIES // n_samples)
    for part in gen_batches(len(thresholds), step):
        thresholds[part] = _tuned(ranking(part), wanted[part], bound)
    if pooled is not None and strategy == "f1":
        n_positive = np.diff(truth[counts].tocsc().indptr)
        rare = np.flatnonzero((n_positive < pooled) & hierarchy.scored)
        parts = list(gen_batches(len(rare), step)) if len(rare) else []
        thresholds[rare] = pooled_thresholds(
            n_positive[rare],
            wanted[rare],
            pooled,
            ((part, ranking(rare[part])) for part in parts),
        )
    columns = frames.columns(y_true) or frames.columns(side)
    if columns is None:
        return thresholds
    index = pd.Index(columns, tupleize_cols=False)
    places = hierarchy.index(columns)
    return pd.Series(thresholds[places], index=index, name="threshold")


def _read_probabilities(proba: Any, hierarchy: Hierarchy) -> Any:
    """Return `Scores` in [0, 1] that have columns; sparse ones stay sparse."""
    if comes_in_blocks(proba):
        raise ValueError(
            "Expected `proba` with all rows of a node at hand, but got blocks of rows; "
            "put them into an array on disk (`predict_dense(..., out=)`) or a sparse "
            "one (`predict_sparse`) first."
        )
    scores = read_scores(proba, hierarchy, "proba")
    ends = [(block.min(), block.max()) for _, block in scores.blocks() if block.size]
    low = min((low for low, _ in ends), default=0)
    high = max((high for _, high in ends), default=1)
    if low < 0 or high > 1:
        raise ValueError(
            "Expected `proba` of probabilities in [0, 1], but got values from "
            f"{low:g} to {high:g}."
        )
    return scores


def check_factor(strategy: str, factor: float, stacklevel: int = 3) -> None:
    """Raise unless it is at least 1; warn where it has no effect."""
    if not factor >= 1:
        raise ValueError(f"Expected `factor` to be at least 1, but got {factor}.")
    if strategy != "f1" and factor != DEFAULT_FACTOR:
        warnings.warn(
            f"factor={factor} has no effect with strategy={strategy!r}; it bounds the "
            "thresholds of 'f1' alone.",
            UserWarning,
            stacklevel=stacklevel,
        )


def check_pooled(strategy: str, pooled: int | None, stacklevel: int = 3) -> None:
    """Raise unless it is a whole number of at least 1; warn where it has no effect."""
    if pooled is None:
        return
    whole = isinstance(pooled, Integral) and not isinstance(pooled, bool)
    if not whole or pooled < 1:
        raise ValueError(
            "Expected `pooled` to be a whole number of rows, at least 1, or None, but "
            f"got {pooled!r}."
        )
    if strategy != "f1":
        warnings.warn(
            f"pooled={pooled} has no effect with strategy={strategy!r}; it pools the "
            "thresholds of 'f1' alone.",
            UserWarning,
            stacklevel=stacklevel,
        )


def _tuned(ranking: Ranking, wanted: np.ndarray, factor: float | None) -> np.ndarray:
    """Thresholds of some nodes, by F1 where there is a factor, else by prevalence."""
    count = ranking.nearest(wanted)
    if factor is not None:
        count = ranking.best_f1(wanted, count, factor)
    return ranking.midway(count)


def _checked_weight(sample_weight: Any, n_rows: int) -> np.ndarray:
    """What rows count, 1 on average over those that count at all."""
    weight = as_row_weights(sample_weight, n_rows)
    if weight is None:
        return np.ones(n_rows)
    if not weight.any():
        raise ValueError("All sample weights of the rows to tune on are 0.")
    weight = weight / weight.max()  # large ones have no finite sum
    return weight * np.count_nonzero(weight) / weight.sum()


def _checked_share(prevalence: Any, hierarchy: Hierarchy) -> np.ndarray:
    share = as_numbers(every_node(prevalence, hierarchy, "prevalence"), "prevalence")
    # Means over many rows may round to more than 1.
    fits = share.shape == (hierarchy.n_nodes,)
    if not fits or not ((share >= 0) & (share <= 1 + 1e-9)).all():
        raise ValueError(
            f"Expected `prevalence` of shape ({hierarchy.n_nodes},) with values in "
            f"[0, 1], but got shape {share.shape}, values from {share.min(initial=1)} "
            f"to {share.max(initial=0)}."
        )
    return np.minimum(share, 1.0)

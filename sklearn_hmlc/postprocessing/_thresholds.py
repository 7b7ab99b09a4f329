"""Decision thresholds, one per node, tuned on held-out rows.

Stage: probabilities and labels of rows that were not trained on -> thresholds
(n_nodes,). Decisions by them are closed upward by whoever makes them.
"""

from __future__ import annotations

import warnings
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
    as_row_weights,
    check_option,
    check_same_rows,
    every_node,
)
from ..hierarchy import Hierarchy

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
        If `factor` is given for a strategy that has no use for it.

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
    """
    check_option("strategy", strategy, STRATEGIES)
    check_factor(strategy, factor)
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
    thresholds = np.empty(hierarchy.n_nodes)
    for part in gen_batches(len(thresholds), max(1, _BLOCK_ENTRIES // n_samples)):
        thresholds[part] = _tuned(
            truth[:, part].toarray()[counts],
            scores.columns(part)[counts].astype(np.float64, copy=False),
            weight[counts],
            wanted[part],
            bound,
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


def _tuned(
    truth: np.ndarray,
    scores: np.ndarray,
    weight: np.ndarray,
    wanted: np.ndarray,
    factor: float | None,
) -> np.ndarray:
    """Thresholds of some nodes, by F1 where there is a factor, else by prevalence."""
    order = np.argsort(-scores, axis=0, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=0)
    number = np.cumsum(weight[order], axis=0)
    count = _nearest(ranked, number, wanted)
    if factor is not None:
        true = np.take_along_axis(truth, order, axis=0)
        found = np.cumsum(true * weight[order], axis=0)
        count = _best_f1(ranked, number, found, wanted, count, factor)
    return _midway(ranked, count)


def _nearest(ranked: np.ndarray, number: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each node how many rows to predict to come nearest to the wanted number."""
    distance = np.abs(np.vstack([np.zeros_like(wanted), number]) - wanted)
    # There is no threshold between equal scores: no cut inside a tie.
    distance[1:-1][ranked[:-1] == ranked[1:]] = np.inf
    return _first_nearest(distance)


def _first_nearest(distance: np.ndarray) -> np.ndarray:
    """Position of the smallest number of rows in each column; of equal ones the first.

    Sums of weights are equal up to rounding only, which must not decide.
    """
    equal = distance <= distance.min(axis=0) + 1e-9 * len(distance)
    return equal.argmax(axis=0)


def _best_f1(
    ranked: np.ndarray,
    number: np.ndarray,
    found: np.ndarray,
    wanted: np.ndarray,
    otherwise: np.ndarray,
    factor: float,
) -> np.ndarray:
    """For each node how many rows to predict for the largest F1, ties to ``wanted``.

    ``number`` and ``found`` are how many rows, and how many with the node, are among
    the first 1, 2, ... of the ranking, so that each entry is a cut between two rows.
    Cuts that are not allowed get an F1 of 0, which is also what finds nothing: where
    all have it, the number is ``otherwise``.
    """
    n_rows = len(ranked)
    # F1 = 2 TP / (predicted + positive), and the last entry of `found` is all positive.
    f1 = 2 * found / (number + found[-1])
    # There is no threshold between equal scores: no cut inside a tie.
    f1[:-1][ranked[:-1] == ranked[1:]] = 0
    factor = min(factor, 1e300)  # 0 times infinity would be NaN, and is to be 0
    # Bounds are whole rows. A product such as 0.07 * 100 * 3 may come out as
    # 21.000000000000004, which must not make 22 of it.
    low = np.floor(wanted / factor + 1e-9)
    # However rare the node, one row may always be predicted.
    high = np.maximum(np.ceil(wanted * factor - 1e-9), number[0])
    f1[(number < low) | (number > high)] = 0
    # Of cuts with the same F1 the one nearest to the wanted number, as the sounder
    # guess. Rounding must not tell them apart: F1 of whole rows is a fraction with a
    # denominator of at most 2 n, so that values less than 1 / (4 n^2) apart are equal.
    margin = max(1 / (8.0 * n_rows**2), 1e-15)
    distance = np.where(f1 >= f1.max(axis=0) - margin, np.abs(number - wanted), np.inf)
    best = _first_nearest(distance)
    columns = np.arange(ranked.shape[1])
    return np.where(f1[best, columns] > 0, best + 1, otherwise)


def _midway(ranked: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Thresholds above which the ``count`` highest scores of each column lie."""
    padded = np.pad(ranked, ((1, 1), (0, 0)), constant_values=((1.0, 0.0), (0.0, 0.0)))
    columns = np.arange(ranked.shape[1])
    lowest_in, highest_out = padded[count, columns], padded[count + 1, columns]
    middle = (lowest_in + highest_out) / 2
    # Neighbouring floats have no number between them.
    threshold = np.where(middle > highest_out, middle, lowest_in)
    # Nothing in [0, 1] is above a score of 1.
    return np.where(highest_out >= 1, np.inf, threshold)


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
    share = every_node(prevalence, hierarchy, "prevalence").astype(np.float64)
    # Means over many rows may round to more than 1.
    fits = share.shape == (hierarchy.n_nodes,)
    if not fits or not ((share >= 0) & (share <= 1 + 1e-9)).all():
        raise ValueError(
            f"Expected `prevalence` of shape ({hierarchy.n_nodes},) with values in "
            f"[0, 1], but got shape {share.shape}, values from {share.min(initial=1)} "
            f"to {share.max(initial=0)}."
        )
    return np.minimum(share, 1.0)

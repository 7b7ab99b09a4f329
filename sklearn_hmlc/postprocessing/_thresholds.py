"""Decision thresholds: one a node, given by the user or tuned on held-out rows.

Stage: probabilities and labels of rows that were not trained on -> thresholds
(n_nodes,). Decisions by them are closed upward by whoever makes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import KFold, ShuffleSplit, check_cv
from sklearn.utils import gen_batches

from ..hierarchy import Hierarchy
from .._validation import by_node as values_by_node

STRATEGIES = ("prevalence", "f1")

# Entries that are sorted at a time (32 MB of float64, several arrays of them).
_BLOCK_ENTRIES = 2**22


def node_thresholds(
    y_true: Any,
    proba: Any,
    strategy: str = "prevalence",
    *,
    prevalence: Any = None,
    factor: float = 3.0,
    sample_weight: Any = None,
) -> np.ndarray:
    r"""Tune a decision threshold for each node on held-out rows.

    Parameters
    ----------
    y_true : array-like or sparse matrix of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    proba : array-like of shape (n_samples, n_nodes)
        Probabilities (scores in [0, 1]) of the same rows, from a model that was not
        trained on them.
    strategy : {"prevalence", "f1"}, default="prevalence"
        "prevalence": as many rows are predicted to have the node as `prevalence` says.
        "f1": the largest F1 among thresholds whose predicted number is within
        `factor` of that number. Nodes that no row finds (F1 is 0 there) fall back to
        "prevalence".
    prevalence : array-like of shape (n_nodes,), default=None
        Share of rows that have each node, in [0, 1]. None: that of `y_true`.
    factor : float, default=3.0
        For "f1": how far the predicted number may be from the number by `prevalence`,
        at least 1. With few positives the best F1 is a matter of luck, and often
        predicts the node almost everywhere; infinity allows that.
    sample_weight : array-like of shape (n_samples,), default=None
        What each row counts, >= 0, in shares, numbers and F1. None: 1.

    Returns
    -------
    thresholds : ndarray of float64 of shape (n_nodes,)
        In [0, 1]; a node is predicted from its threshold on. They lie midway between
        the lowest score that is predicted and the highest one that is not; where no
        row is to have the node, midway between the highest score and 1.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite or out of its range, or the strategy
        is unknown.

    Notes
    -----
    Rows of equal scores stay together, so that with ties the predicted number is the
    nearest possible to the wanted one, and the lower one of two. Decisions that are
    closed upward predict inner nodes more often than their own thresholds do. O(n log
    n) a node, and memory for a part of the nodes at a time.

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
    truth, scores = _checked_rows(y_true, proba)
    if strategy not in STRATEGIES:
        raise ValueError(
            f"Expected `strategy` to be one of {list(STRATEGIES)}, but got "
            f"{strategy!r}."
        )
    if not factor >= 1:
        raise ValueError(f"Expected `factor` to be at least 1, but got {factor}.")
    n_nodes = scores.shape[1]
    weight = _checked_weight(sample_weight, len(scores))
    counts = weight > 0
    n_rows = np.count_nonzero(counts)
    share = weight @ truth / n_rows if prevalence is None else prevalence
    wanted = _checked_share(share, n_nodes) * n_rows
    bound = factor if strategy == "f1" else None
    thresholds = np.empty(n_nodes)
    for part in gen_batches(n_nodes, max(1, _BLOCK_ENTRIES // len(scores))):
        labels = truth[:, part]
        labels = labels.toarray() if sp.issparse(labels) else labels
        columns = labels[counts], scores[counts, part].astype(np.float64)
        thresholds[part] = _tuned(*columns, weight[counts], wanted[part], bound)
    return thresholds


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
    # A cut between equal scores is none.
    distance[1:-1][ranked[:-1] == ranked[1:]] = np.inf
    return distance.argmin(axis=0)


def _best_f1(
    ranked: np.ndarray,
    number: np.ndarray,
    found: np.ndarray,
    wanted: np.ndarray,
    otherwise: np.ndarray,
    factor: float,
) -> np.ndarray:
    """For each node how many rows to predict for the largest F1, ties to ``wanted``."""
    n_rows = len(ranked)
    f1 = 2 * found / (number + found[-1])
    # A cut between equal scores is none.
    f1[:-1][ranked[:-1] == ranked[1:]] = 0
    factor = min(factor, 1e300)  # of nothing it is still nothing
    # At least one row may be predicted, however rare the node.
    # Whole rows; products that should be whole may come out a little off.
    low = np.floor(wanted / factor + 1e-9)
    high = np.maximum(np.ceil(wanted * factor - 1e-9), number[0])
    f1[(number < low) | (number > high)] = 0
    distance = np.abs(number - wanted) / n_rows
    # Fractions of numbers up to 2 n: two values of F1 differ by more than 1 / (4 n^2).
    best = np.argmax(f1 - distance / (8.0 * n_rows**2), axis=0)
    columns = np.arange(ranked.shape[1])
    return np.where(f1[best, columns] > 0, best + 1, otherwise)


def _midway(ranked: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Thresholds above which the ``count`` highest scores of each column lie."""
    padded = np.pad(ranked, ((1, 1), (0, 0)), constant_values=((1.0, 0.0), (0.0, 0.0)))
    columns = np.arange(ranked.shape[1])
    lowest_in, highest_out = padded[count, columns], padded[count + 1, columns]
    middle = (lowest_in + highest_out) / 2
    # Neighbours may have no number between them.
    return np.where(middle > highest_out, middle, lowest_in)


def split_rows(cv: Any, labels: sp.csr_array) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to train on and rows held out, a pair a fold, by a splitter or iterable."""
    folds = check_cv(cv)
    plain = isinstance(folds, KFold | ShuffleSplit)
    # Splitters that look at labels want them dense.
    y = labels if plain else labels.toarray().astype(np.int8)
    return list(folds.split(np.zeros(labels.shape[0]), y))


def resolve_thresholds(spec: Any, hierarchy: Hierarchy) -> np.ndarray:
    """Turn what a user calls thresholds into an array of shape () or (n_nodes,).

    ``spec`` is a number, an array in node order, or a mapping or Series node ->
    threshold (the rest 0.5).
    """
    thresholds = values_by_node(spec, hierarchy, 0.5, "threshold")
    if thresholds.shape not in ((), (hierarchy.n_nodes,)):
        raise ValueError(
            f"Expected `threshold` to be a number or of shape ({hierarchy.n_nodes},), "
            f"one a node, but got shape {thresholds.shape}."
        )
    bad = ~((thresholds >= 0) & (thresholds <= 1))
    if bad.any():
        raise ValueError(
            "Expected thresholds in [0, 1], but got "
            f"{np.atleast_1d(thresholds)[np.atleast_1d(bad)][0]}."
        )
    return thresholds


def _checked_rows(
    y_true: Any, proba: Any
) -> tuple[np.ndarray | sp.csc_array, np.ndarray]:
    """Labels as booleans, dense or CSC as they came, and scores."""
    truth = sp.csc_array(y_true) if sp.issparse(y_true) else np.asarray(y_true)
    scores = np.asarray(proba)
    if truth.ndim != 2 or truth.shape != scores.shape or 0 in scores.shape:
        raise ValueError(
            "Expected y_true and proba of the same shape (n_samples, n_nodes) with at "
            f"least one row and one node, but got {truth.shape} and {scores.shape}."
        )
    values = truth.data if sp.issparse(truth) else truth
    if not ((values == 0) | (values == 1)).all():
        raise ValueError("Expected y_true to hold only 0 and 1.")
    if not (scores.min(initial=0) >= 0 and scores.max(initial=1) <= 1):
        raise ValueError("Expected probabilities in [0, 1], without NaN.")
    return truth.astype(bool), scores


def _checked_weight(sample_weight: Any, n_rows: int) -> np.ndarray:
    """What rows count, 1 on average over those that count at all."""
    if sample_weight is None:
        return np.ones(n_rows)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_rows,) or not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError(
            f"Expected `sample_weight` of shape ({n_rows},), finite and >= 0, but got "
            f"shape {weight.shape}, values from {weight.min(initial=0)} to "
            f"{weight.max(initial=0)}."
        )
    if not weight.any():
        raise ValueError("All sample weights of the rows to tune on are 0.")
    return weight * np.count_nonzero(weight) / weight.sum()


def _checked_share(prevalence: Any, n_nodes: int) -> np.ndarray:
    share = np.asarray(prevalence, dtype=np.float64)
    # Means over many rows may round to more than 1.
    if share.shape != (n_nodes,) or not ((share >= 0) & (share <= 1 + 1e-9)).all():
        raise ValueError(
            f"Expected `prevalence` of shape ({n_nodes},) with values in [0, 1], but "
            f"got shape {share.shape}, values from {share.min(initial=1)} to "
            f"{share.max(initial=0)}."
        )
    return np.minimum(share, 1.0)

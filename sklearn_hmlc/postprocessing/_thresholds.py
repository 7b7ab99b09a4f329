"""Decision thresholds: one a node, given by the user or tuned on held-out rows.

Stage: probabilities and labels of rows that were not trained on -> thresholds
(n_nodes,). Decisions by them are closed upward by whoever makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..hierarchy import Hierarchy

STRATEGIES = ("prevalence", "f1")


def node_thresholds(
    y_true: Any,
    proba: Any,
    strategy: str = "prevalence",
    *,
    prevalence: Any = None,
    factor: float = 3.0,
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
    Rows of equal scores stay together, so that with ties the predicted number may
    differ from the wanted one. O(n log n) a node.

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
    share = truth.mean(axis=0) if prevalence is None else prevalence
    wanted = _checked_share(share, truth.shape[1]) * len(truth)
    order = np.argsort(-scores, axis=0, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=0)
    count = np.rint(wanted).astype(np.intp)
    if strategy == "f1":
        found = np.cumsum(np.take_along_axis(truth, order, axis=0), axis=0)
        count = _best_f1(ranked, found, wanted, count, factor)
    return _midway(ranked, count)


def _best_f1(
    ranked: np.ndarray,
    found: np.ndarray,
    wanted: np.ndarray,
    otherwise: np.ndarray,
    factor: float,
) -> np.ndarray:
    """For each node the number of predictions of the largest F1, ties to ``wanted``."""
    n_rows = len(ranked)
    number = np.arange(1, n_rows + 1)[:, np.newaxis]
    f1 = 2 * found / (number + found[-1])
    # A cut between equal scores is none.
    f1[:-1][ranked[:-1] == ranked[1:]] = 0
    factor = min(factor, 1e300)  # of nothing it is still nothing
    # At least one row may be predicted, however rare the node.
    low, high = np.floor(wanted / factor), np.maximum(np.ceil(wanted * factor), 1)
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


def resolve_thresholds(spec: Any, hierarchy: Hierarchy) -> np.ndarray:
    """Turn what a user calls thresholds into an array of shape () or (n_nodes,).

    ``spec`` is a number, an array in node order, or a mapping or Series node ->
    threshold (the rest 0.5).
    """
    if isinstance(spec, Mapping) or hasattr(spec, "to_dict"):
        thresholds = np.full(hierarchy.n_nodes, 0.5)
        try:
            positions = [hierarchy.index(node) for node in spec.keys()]  # noqa: SIM118
        except KeyError as error:
            raise ValueError(f"In `threshold`: {error.args[0]}") from None
        thresholds[positions] = list(dict(spec).values())
    else:
        thresholds = np.asarray(spec, dtype=np.float64)
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


def _checked_rows(y_true: Any, proba: Any) -> tuple[np.ndarray, np.ndarray]:
    truth = np.asarray(y_true.toarray() if sp.issparse(y_true) else y_true)
    scores = np.asarray(proba)
    if truth.ndim != 2 or truth.shape != scores.shape or len(truth) == 0:
        raise ValueError(
            "Expected y_true and proba of the same shape (n_samples, n_nodes) with at "
            f"least one row, but got {truth.shape} and {scores.shape}."
        )
    if not np.isin(truth, (0, 1)).all():
        raise ValueError("Expected y_true to hold only 0 and 1.")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("Expected probabilities in [0, 1], without NaN.")
    return truth.astype(bool), scores.astype(np.float64)


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

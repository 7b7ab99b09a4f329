"""From any probabilities to coherent ones.

Stage: scores (n_samples, n_nodes) of any classifier -> scores in which a parent is
never below its child.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..hierarchy import Hierarchy
from ._isotonic import isotonic

METHODS = ("max", "min", "mean", "isotonic")


def make_coherent(proba: Any, hierarchy: Hierarchy, method: str = "max") -> np.ndarray:
    """Make scores coherent: no parent below its child.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_nodes)
        Scores of any kind, finite: probabilities or logits. Columns in the order of
        ``hierarchy.nodes``.
    hierarchy : Hierarchy
        The label graph.
    method : {"max", "min", "mean", "isotonic"}, default="max"
        "max": a node gets the largest score of itself and its descendants. What a
        child knows counts.
        "min": a node gets the smallest score of itself and its ancestors (top-down).
        What a parent doubts counts.
        "mean": halfway between both; no coherent scores have a smaller largest change
        (isotonic regression in the maximum norm).
        "isotonic": the coherent scores with the smallest sum of squared changes [1]_.
        They keep each row's mean score; values stay in the range of the old ones.

    Returns
    -------
    coherent : ndarray of float of shape (n_samples, n_nodes)
        Of the dtype of `proba` (float64 where it is no float). Coherent scores come
        back as they are.

    Raises
    ------
    ValueError
        If the shape does not fit the hierarchy, a value is not finite or the method is
        unknown.

    Notes
    -----
    All but "isotonic" take a pass over the edges. "isotonic" is exact, for DAGs too; it
    works on the nodes whose scores are not coherent, row by row, and takes
    milliseconds to seconds a row, the more the more of them hang together.

    References
    ----------
    .. [1] Obozinski, Lanckriet, Grant, Jordan and Noble, "Consistent probabilistic
       outputs for protein function prediction", Genome Biology 9 (2008), S6.
    .. [2] Valentini, "Hierarchical ensemble methods for protein function prediction",
       ISRN Bioinformatics (2014), for "max" and "min" as bottom-up and top-down rules.

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.postprocessing import make_coherent
    >>> hierarchy = Hierarchy.from_edges([("a", "b"), ("a", "c")])
    >>> for method in ("max", "min", "mean", "isotonic"):
    ...     print(make_coherent([[0.2, 0.6, 0.1]], hierarchy, method))
    [[0.6 0.6 0.1]]
    [[0.2 0.2 0.1]]
    [[0.4 0.4 0.1]]
    [[0.4 0.4 0.1]]
    """
    scores = _checked(proba, hierarchy)
    if method not in METHODS:
        raise ValueError(
            f"Expected `method` to be one of {list(METHODS)}, but got {method!r}."
        )
    if method == "max":
        return _upward(scores, hierarchy)
    if method == "min":
        return _downward(scores, hierarchy)
    if method == "mean":
        return (_upward(scores, hierarchy) + _downward(scores, hierarchy)) / 2
    return isotonic(scores, hierarchy)


def _upward(scores: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    columns = np.array(scores.T, order="C")
    for parents, children in hierarchy.levels:
        np.maximum.at(columns, parents, columns[children])
    return np.ascontiguousarray(columns.T)


def _downward(scores: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    columns = np.array(scores.T, order="C")
    for parents, children in reversed(hierarchy.levels):
        np.minimum.at(columns, children, columns[parents])
    return np.ascontiguousarray(columns.T)


def _checked(proba: Any, hierarchy: Hierarchy) -> np.ndarray:
    scores = np.asarray(proba)
    if scores.dtype.kind != "f":
        scores = scores.astype(np.float64)
    if scores.ndim != 2 or scores.shape[1] != hierarchy.n_nodes:
        raise ValueError(
            f"Expected scores of shape (n_samples, {hierarchy.n_nodes}), one column a "
            f"node, but got {scores.shape}."
        )
    if not np.isfinite(scores).all():
        raise ValueError("Expected finite scores, but some are NaN or infinite.")
    return scores

"""From any probabilities to coherent ones.

Stage: scores (n_samples, n_nodes) of any classifier -> scores in which a parent is
never below its child.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _frames as frames
from .._naming import given_hierarchy
from .._validation import as_scores, check_option
from ..hierarchy import Hierarchy
from ._isotonic import isotonic
from ._passes import lower_children, raise_parents

METHODS = ("max", "min", "mean", "isotonic")


def make_coherent(proba: Any, hierarchy: Hierarchy, method: str = "max") -> Any:
    """Make scores coherent: no parent below its child.

    Parameters
    ----------
    proba : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Scores of any kind, finite: probabilities or logits. A frame's columns go by
        name, those of anything else are in the order of ``hierarchy.nodes``.
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
    coherent : ndarray of float or frame, of shape (n_samples, n_nodes)
        Float32 where `proba` is that, else float64. A frame comes back as a frame of
        its kind, its rows and columns as they were. Scores that are coherent already
        don't change.

    Raises
    ------
    ValueError
        If the shape does not fit the hierarchy, a value is not finite or the method is
        unknown.
    TypeError
        If `hierarchy` is no Hierarchy.

    Notes
    -----
    All but "isotonic" take a pass over the edges. "isotonic" is exact, for DAGs too; it
    works on the nodes whose scores are not coherent, row by row, and takes
    milliseconds to seconds per row, the more the more of them hang together.

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
    check_option("method", method, METHODS)
    hierarchy = given_hierarchy(hierarchy)
    scores = as_scores(proba, hierarchy, "proba")
    coherent = _coherent(scores, hierarchy, method)
    names = frames.columns(proba)
    if names is None:
        return coherent
    nodes = hierarchy.index(names)
    return frames.like(coherent[:, nodes], proba, keep_dtypes=False)


def _coherent(scores: np.ndarray, hierarchy: Hierarchy, method: str) -> np.ndarray:
    if method == "max":
        return _upward(scores, hierarchy)
    if method == "min":
        return _downward(scores, hierarchy)
    if method == "mean":
        return (_upward(scores, hierarchy) + _downward(scores, hierarchy)) / 2
    return isotonic(scores, hierarchy)


def _upward(scores: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    columns = np.array(scores.T, order="C")
    raise_parents(columns, hierarchy)
    return np.ascontiguousarray(columns.T)


def _downward(scores: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    columns = np.array(scores.T, order="C")
    lower_children(columns, hierarchy)
    return np.ascontiguousarray(columns.T)

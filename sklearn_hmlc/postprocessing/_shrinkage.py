"""Probabilities of rare nodes, drawn towards what their parents say.

Stage: coherent probabilities (n_samples, n_nodes) of any classifier, and in how many
rows it has seen each node -> coherent probabilities. With ``n`` rows of a node,

    p'(node) = (n p(node) + strength b(node)) / (n + strength)
    b(node)  = min over parents of  p'(parent) (n(node) + 1/2) / (n(parent) + 1)

from the roots down, and then the max constraint, so that a parent is not below what its
child has kept.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from .. import _frames as frames
from .._naming import given_hierarchy
from .._validation import as_probabilities, not_negative
from ..hierarchy import Hierarchy
from ._passes import per_node, raise_parents

# Entries that are held at a time beside the answer (16 MB of float32, twice).
_BLOCK_ENTRIES = 2**22


def shrink_to_parents(
    proba: Any, hierarchy: Hierarchy, n_positive: Any, strength: float = 1.0
) -> Any:
    r"""Draw the probabilities of rare nodes towards what their parents say.

    A node that was learnt from two rows is known badly, its parent better, and most of
    what tells the parent from other nodes is true of the node as well. So the word of
    the parent, times the share of its rows that have the node, counts as much as
    `strength` rows of the node's own. It is shrinkage as in [1]_, with weights by the
    number of rows instead of ones for each path. Rankings of rare nodes gain by it, and
    probabilities of nodes that were in no training row rank by their parent's.

    Parameters
    ----------
    proba : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Probabilities in [0, 1], coherent. A frame's columns go by name, those of
        anything else are in the order of ``hierarchy.nodes``.
    hierarchy : Hierarchy
        The label graph.
    n_positive : array-like of shape (n_nodes,), mapping or Series
        In how many training rows each node is, at least 0, a parent's no less than its
        child's: ``Y.sum(axis=0)``. An array is in the order of ``hierarchy.nodes``.
    strength : float, default=1.0
        How many rows the parent's word is worth, at least 0, which changes nothing.

    Returns
    -------
    shrunk : ndarray of float or frame, of shape (n_samples, n_nodes)
        Coherent. Float32 where `proba` is that, else float64. A frame comes back as a
        frame of its kind, its rows and columns as they were.

    Raises
    ------
    ValueError
        If a shape does not fit the hierarchy, a value is not finite or out of its
        range, or a child is in more rows than its parent.
    TypeError
        If `hierarchy` is no Hierarchy.

    See Also
    --------
    sklearn_hmlc.experts.CoherentVotingClassifier : Chooses the strength on held-out
        rows (``shrinkage="auto"``), and does the rest.

    Notes
    -----
    From the roots down, with :math:`n_j` rows of node j and strength :math:`\kappa`,

    .. math::
        p'_j = \frac{n_j\, p_j + \kappa\, b_j}{n_j + \kappa}, \qquad
        b_j = \min_{i \in \mathrm{parents}(j)}
        p'_i \, \frac{n_j + 1/2}{n_i + 1},

    where the fraction of b is the share of the parent's rows that have the node, as
    Krichevsky and Trofimov estimate it. Roots stay as they are. The max constraint
    comes last: a parent gets no less than its child. Two passes over the edges.

    References
    ----------
    .. [1] McCallum, Rosenfeld, Mitchell and Ng, "Improving Text Classification by
       Shrinkage in a Hierarchy of Classes", ICML 1998.

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.postprocessing import shrink_to_parents
    >>> hierarchy = Hierarchy.from_edges([("a", "b"), ("a", "c")])
    >>> proba = [[0.6, 0.1, 0.2], [0.2, 0.1, 0.0]]
    >>> shrink_to_parents(proba, hierarchy, [9, 1, 8]).round(3)
    array([[0.6  , 0.095, 0.234],
           [0.2  , 0.065, 0.019]])
    """
    hierarchy = given_hierarchy(hierarchy)
    scores = as_probabilities(proba, hierarchy, "proba")
    counts = _checked_counts(n_positive, hierarchy)
    is_number = isinstance(strength, Real) and not isinstance(strength, bool)
    if not is_number or not 0 <= strength < np.inf:
        raise ValueError(
            f"Expected `strength` to be a finite number of rows, at least 0, but got "
            f"{strength!r}."
        )
    shrunk = _shrunk(scores, hierarchy, counts, strength)
    names = frames.columns(proba)
    if names is None:
        return shrunk
    nodes = hierarchy.index(names)
    return frames.like(shrunk[:, nodes], proba, keep_dtypes=False)


def _checked_counts(n_positive: Any, hierarchy: Hierarchy) -> np.ndarray:
    counts = not_negative(n_positive, hierarchy, "n_positive").astype(np.float64)
    parents, children = hierarchy.edges.T
    # Sums of weights are what they are but for rounding.
    more = counts[children] > counts[parents] * (1 + 1e-9)
    if more.any():
        parent, child = (hierarchy.nodes[k] for k in hierarchy.edges[more.argmax()])
        raise ValueError(
            f"Expected `n_positive` of closed labels, but {child!r} is in more rows "
            f"than its parent {parent!r}; count after `Hierarchy.close`."
        )
    return counts


def _shrunk(
    proba: np.ndarray, hierarchy: Hierarchy, counts: np.ndarray, strength: float
) -> np.ndarray:
    """Shrink an array of probabilities, some rows at a time."""
    if strength == 0:
        return proba.copy()
    shrunk = np.empty_like(proba)
    step = max(1, _BLOCK_ENTRIES // max(1, hierarchy.n_nodes))
    for start in range(0, len(proba), step):
        rows = slice(start, start + step)
        columns = np.array(proba[rows].T, order="C")
        _lean(columns, hierarchy, counts, strength)
        raise_parents(columns, hierarchy)
        # Of weights that add up to 1 but for rounding.
        shrunk[rows] = np.minimum(columns, 1, out=columns).T
    return shrunk


def _lean(
    columns: np.ndarray, hierarchy: Hierarchy, counts: np.ndarray, strength: float
) -> None:
    """Shrink probabilities (n_nodes, n_rows) in place, parents before children."""
    own = (counts / (counts + strength)).astype(columns.dtype)[:, np.newaxis]
    borrowed = np.full_like(columns, np.inf)
    is_child = np.zeros(len(counts), dtype=bool)
    is_child[hierarchy.edges[:, 1]] = True

    def settle(nodes: np.ndarray) -> None:
        nodes = nodes[is_child[nodes]]
        columns[nodes] = (
            own[nodes] * columns[nodes] + (1 - own[nodes]) * borrowed[nodes]
        )

    # All parents of a node are higher than it: once its turn comes they are done.
    for parents, children in reversed(hierarchy.levels):
        settle(np.unique(parents))
        share = (counts[children] + 0.5) / (counts[parents] + 1)
        share = np.minimum(share, 1).astype(columns.dtype)[:, np.newaxis]
        below, words = per_node(np.minimum, children, share * columns[parents])
        borrowed[below] = np.minimum(borrowed[below], words)
    settle(np.flatnonzero(hierarchy.height == 0))

"""Least-squares isotonic regression over a hierarchy, exact for trees and DAGs.

Stage: scores (n_samples, n_nodes) -> the nearest coherent ones. Sources: Obozinski et
al. (2008) for its use; Luss, Rosset and Shahar (2012) and Spouge, Wan and Wilbur (2003)
for the partitioning.

How it is computed. Where no ancestor is smaller and no descendant larger, a score stays
as it is. The other nodes of a row fall into connected parts, each solved alone: those
that lie above the part's mean in the solution are the ancestor-closed set of the
largest total above the mean, a minimum cut. Both sides are solved again, until a side
is coherent or can't be cut: then it gets its mean.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import (
    breadth_first_order,
    connected_components,
    maximum_flow,
)

from ..hierarchy import Hierarchy
from ._passes import lower_children, raise_parents

# Capacities are integers whose sum must fit into 32 bits.
_TOTAL_CAPACITY = 2**30


def isotonic(scores: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    """Return the coherent scores with the smallest sum of squared changes.

    Parameters
    ----------
    scores : ndarray of float of shape (n_samples, n_nodes)
    hierarchy : Hierarchy

    Returns
    -------
    coherent : ndarray of the shape and dtype of ``scores``
        Exact to a part in 10^8 of a row's range.
    """
    # Where the largest score below a node and the smallest above it are its own,
    # nothing pulls at it.
    low, high = scores.T.copy(), scores.T.copy()
    raise_parents(high, hierarchy)
    lower_children(low, hierarchy)
    moves = (low != high).T
    solved = scores.astype(np.float64)
    for row in np.flatnonzero(moves.any(axis=1)):
        nodes = np.flatnonzero(moves[row])
        edges = _edges_among(nodes, hierarchy)
        solved[row, nodes] = _solve(solved[row, nodes], edges)
    result = solved.astype(scores.dtype).T
    # What is equal up to rounding becomes equal, so that no parent is below its child
    # in the last bit.
    raise_parents(result, hierarchy)
    return np.ascontiguousarray(result.T)


def _edges_among(nodes: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    """Edges (parent, child) between some nodes, as positions among these."""
    position = np.full(hierarchy.n_nodes, -1)
    position[nodes] = np.arange(len(nodes))
    edges = position[hierarchy.edges]
    return edges[(edges >= 0).all(axis=1)]


def _solve(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Solve one row's open nodes; a stack in place of recursion."""
    solved = values.copy()
    stack = [np.arange(len(values))]
    while stack:
        for part, inner in _parts(stack.pop(), edges):
            # One value for the whole part is best at its mean; whether two are better
            # shows in which nodes pull away from it.
            mean = values[part].mean()
            if (values[part][inner[:, 0]] >= values[part][inner[:, 1]]).all():
                continue  # coherent as it is
            above = _cut(values[part] - mean, inner)
            # No set worth cutting off: the mean is the solution of this part. Else both
            # sides are problems of their own, since no edge between them binds.
            if above.any() and not above.all():
                stack += [part[above], part[~above]]
            else:
                solved[part] = mean
    return solved


def _parts(
    nodes: np.ndarray, edges: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split nodes into connected parts, each with its edges, numbered within it."""
    # Nodes beyond the last one that has an edge have no place in this table; they are
    # parts of their own, which need no solving.
    position = np.full(edges.max(initial=-1) + 1, -1)
    nodes_with_edges = nodes[nodes < len(position)]
    position[nodes_with_edges] = np.flatnonzero(nodes < len(position))
    inner = position[edges]
    inner = inner[(inner >= 0).all(axis=1)]
    links = sp.coo_array(
        (np.ones(len(inner)), (inner[:, 0], inner[:, 1])), shape=(len(nodes),) * 2
    )
    n_parts, label = connected_components(links, directed=False)
    rank = np.empty(len(nodes), dtype=np.intp)
    for k in range(n_parts):
        members = np.flatnonzero(label == k)
        if len(members) == 1:
            continue
        rank[members] = np.arange(len(members))
        yield nodes[members], rank[inner[label[inner[:, 0]] == k]]


def _cut(weights: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Tell which nodes form the ancestor-closed set of the largest total weight."""
    n = len(weights)
    # The largest weight is made 1 first: of the smallest numbers a sum may be 0.
    weights = weights / np.abs(weights).max()
    scale = _TOTAL_CAPACITY / np.abs(weights).sum()
    capacity = np.rint(np.abs(weights) * scale).astype(np.int32)
    # The closed set of the largest weight is the source's side of a minimum cut: what
    # is cut off is the gain left out and the loss taken in (project selection).
    gain, source, sink = weights > 0, n, n + 1
    nodes = np.arange(n)
    tails = np.where(gain, source, nodes)
    heads = np.where(gain, nodes, sink)
    # A child in the set takes its parents with it: an edge that is never cut.
    graph = sp.csr_array(
        (
            np.concatenate([capacity, np.full(len(edges), 2**31 - 1, np.int32)]),
            (
                np.concatenate([tails, edges[:, 1]]),
                np.concatenate([heads, edges[:, 0]]),
            ),
        ),
        shape=(n + 2, n + 2),
    )
    flow = maximum_flow(sp.csr_matrix(graph), source, sink).flow
    residual = graph.astype(np.int64) - sp.csr_array(flow).astype(np.int64)
    # Saturated edges are the cut; SciPy's search would walk stored zeros.
    residual.eliminate_zeros()
    reached = breadth_first_order(
        sp.csr_matrix(residual), source, return_predecessors=False
    )
    above = np.zeros(n + 2, dtype=bool)
    above[reached] = True
    return above[:n]

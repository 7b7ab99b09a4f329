"""Passes over the edges of a hierarchy, upwards and downwards.

Stage: below `make_coherent` and `shrink_to_parents`. In: scores with a row per node,
(n_nodes, n_samples), so that whole nodes are gathered. They are changed in place.
"""

from __future__ import annotations

import numpy as np

from ..hierarchy import Hierarchy


def raise_parents(columns: np.ndarray, hierarchy: Hierarchy) -> None:
    """Give every node the largest score of itself and its descendants."""
    for parents, children in hierarchy.levels:
        above, highest = per_node(np.maximum, parents, columns[children])
        columns[above] = np.maximum(columns[above], highest)


def lower_children(columns: np.ndarray, hierarchy: Hierarchy) -> None:
    """Give every node the smallest score of itself and its ancestors."""
    for parents, children in reversed(hierarchy.levels):
        below, lowest = per_node(np.minimum, children, columns[parents])
        columns[below] = np.minimum(columns[below], lowest)


def per_node(
    function: np.ufunc, nodes: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Reduce rows of the same node to one; return nodes, each once, and their rows.

    A third of the time that ``function.at`` takes.
    """
    if (nodes[1:] < nodes[:-1]).any():
        order = np.argsort(nodes, kind="stable")
        nodes, rows = nodes[order], rows[order]
    starts = np.flatnonzero(np.diff(nodes, prepend=-1))
    return nodes[starts], function.reduceat(rows, starts, axis=0)

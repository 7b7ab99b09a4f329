"""Plain graph algorithms on edges between integer positions.

Stage: inside `Hierarchy`. In: the number of nodes and edge arrays ``parent``,
``child`` of shape (n_edges,). Out: arrays. Nothing here knows names or labels.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

IntArray = NDArray[np.intp]


def frozen(array: np.ndarray) -> np.ndarray:
    """Make an array read-only, and return it."""
    array.flags.writeable = False
    return array


def group_by(keys: IntArray, values: IntArray, n_groups: int) -> list[IntArray]:
    """Split ``values`` by ``keys``: element ``k`` holds those whose key is ``k``."""
    order = np.lexsort((values, keys))
    ends = np.cumsum(np.bincount(keys, minlength=n_groups))[:-1]
    return np.split(values[order], ends)


def topological_order(n_nodes: int, parent: IntArray, child: IntArray) -> IntArray:
    """Order the nodes parents first; of those that could come next, the lowest.

    An order that is topological already is kept. Nodes on or below a cycle are
    missing from the result, which is how a cycle shows.
    """
    children = group_by(parent, child, n_nodes)
    waiting = np.bincount(child, minlength=n_nodes).tolist()
    ready = [node for node in range(n_nodes) if waiting[node] == 0]
    order = []
    while ready:
        node = heapq.heappop(ready)
        order.append(node)
        for below in children[node].tolist():
            waiting[below] -= 1
            if waiting[below] == 0:
                heapq.heappush(ready, below)
    return np.array(order, dtype=np.intp)


def find_cycle(n_nodes: int, parent: IntArray, child: IntArray) -> list[int]:
    """Return one cycle as a path whose first and last node are the same.

    Call it only where there is a cycle: every node outside the topological order
    has a parent outside it too, so walking up must come back.
    """
    ordered = set(topological_order(n_nodes, parent, child).tolist())
    upward = {
        below: above
        for above, below in zip(parent.tolist(), child.tolist(), strict=True)
        if above not in ordered
    }
    node = next(node for node in range(n_nodes) if node not in ordered)
    path: list[int] = []
    seen: dict[int, int] = {}
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = upward[node]
    cycle = [*path[seen[node] :], node]
    return cycle[::-1]


def longest_paths(n_nodes: int, sources: IntArray, targets: IntArray) -> IntArray:
    """Edges on the longest path that ends at each node.

    ``sources`` and ``targets`` must be sorted so that every edge into a node comes
    before any edge out of it.
    """
    length = [0] * n_nodes
    for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
        length[target] = max(length[target], length[source] + 1)
    return np.array(length, dtype=np.intp)


def levels(edges: IntArray, height: IntArray) -> tuple[tuple[IntArray, IntArray], ...]:
    """Edges (parents, children) grouped by the parent's height, leaves first.

    ``edges`` are sorted by parent, then child, and so is each group.
    """
    parents, children = edges.T
    order = np.argsort(height[parents], kind="stable")
    ends = np.cumsum(np.bincount(height[parents], minlength=1))[:-1]
    above = np.split(parents[order], ends)
    below = np.split(children[order], ends)
    # Leaves have no children: at height 0 there is no edge.
    return tuple(
        (frozen(one), frozen(other))
        for one, other in zip(above, below, strict=True)
        if len(one)
    )


def to_parent(n_nodes: int, edges: IntArray) -> sp.csr_array:
    """Edges as a boolean matrix, row child, column parent."""
    parents, children = edges.T
    ones = np.ones(len(edges), dtype=bool)
    matrix = sp.csr_array((ones, (children, parents)), shape=(n_nodes, n_nodes))
    for array in (matrix.data, matrix.indices, matrix.indptr):
        frozen(array)
    return matrix


def absent(n_nodes: int, positions: IntArray) -> IntArray:
    """Return the nodes that are not among the positions."""
    return np.flatnonzero(~np.isin(np.arange(n_nodes), positions))


def reachable(starts: Iterable[int], neighbours: Sequence[IntArray]) -> list[int]:
    """Return the nodes reached by a step or more from the starts, in ascending order.

    Without cycles a start is not among them, unless another start leads to it.
    """
    seen: set[int] = set()
    stack = list(starts)
    while stack:
        for node in neighbours[stack.pop()].tolist():
            if node not in seen:
                seen.add(node)
                stack.append(node)
    return sorted(seen)


def contract(keep: list[int], parents: Sequence[IntArray]) -> list[tuple[int, int]]:
    """Edges among the kept nodes, renumbered, that preserve who is whose ancestor.

    A removed node's children hang below its nearest kept ancestors. The nodes must
    be in topological order, so that a parent's answer is there before it is asked.
    """
    rank = {old: new for new, old in enumerate(keep)}
    nearest: list[set[int]] = []
    for above in parents:
        kept = {node for node in above.tolist() if node in rank}
        others = [nearest[node] for node in above.tolist() if node not in rank]
        # A single set is shared, not copied: copies along a chain of removed nodes
        # would take quadratic time.
        shared = not kept and len(others) == 1
        nearest.append(others[0] if shared else kept.union(*others))
    return [
        (rank[above], rank[node]) for node in keep for above in sorted(nearest[node])
    ]

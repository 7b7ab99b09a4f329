"""Plain graph algorithms on edges between integer positions.

Stage: inside `Hierarchy`. In: the number of nodes and edge arrays ``parent``,
``child`` of shape (n_edges,). Out: arrays. Nothing here knows names or labels.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.intp]


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


def reachable(start: int, neighbours: Sequence[IntArray]) -> IntArray:
    """Return the nodes reached from ``start``, itself excluded, in ascending order."""
    seen = {start}
    stack = [start]
    while stack:
        for node in neighbours[stack.pop()].tolist():
            if node not in seen:
                seen.add(node)
                stack.append(node)
    seen.remove(start)
    return np.array(sorted(seen), dtype=np.intp)


def contract(keep: Iterable[int], parents: Sequence[IntArray]) -> list[tuple[int, int]]:
    """Edges among the kept nodes that preserve who is whose ancestor.

    A removed node's children hang below its nearest kept ancestors. The nodes must
    be in topological order, so that a parent's answer is there before it is asked.
    """
    kept = set(keep)
    nearest: list[set[int]] = []
    for above in parents:
        found: set[int] = set()
        for node in above.tolist():
            found |= {node} if node in kept else nearest[node]
        nearest.append(found)
    return [(above, node) for node in sorted(kept) for above in sorted(nearest[node])]

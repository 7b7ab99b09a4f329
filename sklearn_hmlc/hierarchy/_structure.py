"""The graph under a `Hierarchy`: its nodes, its edges, and what follows from them.

Letters as everywhere: C nodes, E edges parent -> child. Nodes are numbered in
topological order (parents first), so that ``i < j`` wherever ``j`` is a descendant of
``i``. All that is derived is computed when first asked for and kept, read-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from . import _graph
from ._html import summary_html
from ._names import Node, as_list, check_names, count, path, unknown

if TYPE_CHECKING:
    from typing_extensions import Self

_IMMUTABLE = "A Hierarchy is immutable; make another with `from_edges` or `subset`."


class Structure:
    """Nodes and edges, immutable; `Hierarchy` documents the parameters."""

    _nodes: tuple[Node, ...]
    _edges: np.ndarray
    _unscored: tuple[Node, ...]

    def __init__(
        self, nodes: Iterable[Node], edges: Any, unscored: Iterable[Node] = ()
    ) -> None:
        names = as_list(nodes)
        check_names(names)
        pairs = _checked_pairs(edges, len(names))
        order = _checked_order(names, pairs)
        rank = np.argsort(order)
        self.__dict__["_nodes"] = tuple(names[position] for position in order.tolist())
        self.__dict__["_edges"] = _frozen(np.unique(rank[pairs], axis=0))
        self.__dict__["_unscored"] = self._checked_unscored(unscored)

    # -- facts -----------------------------------------------------------------------

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self._nodes

    @property
    def n_nodes(self) -> int:
        return len(self._nodes)

    @property
    def n_edges(self) -> int:
        return len(self._edges)

    @property
    def edges(self) -> np.ndarray:
        return self._edges

    @property
    def unscored(self) -> tuple[Node, ...]:
        return self._unscored

    @cached_property
    def scored(self) -> np.ndarray:
        return _frozen(~np.isin(np.arange(self.n_nodes), self._at(self._unscored)))

    @cached_property
    def roots(self) -> tuple[Node, ...]:
        below = np.isin(np.arange(self.n_nodes), self._edges[:, 1])
        return self._names(np.flatnonzero(~below))

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        above = np.isin(np.arange(self.n_nodes), self._edges[:, 0])
        return self._names(np.flatnonzero(~above))

    @cached_property
    def depth(self) -> np.ndarray:
        parents, children = self._edges.T
        return _frozen(_graph.longest_paths(self.n_nodes, parents, children))

    @cached_property
    def height(self) -> np.ndarray:
        parents, children = self._edges[np.argsort(-self._edges[:, 1])].T
        return _frozen(_graph.longest_paths(self.n_nodes, children, parents))

    @property
    def is_tree(self) -> bool:
        return bool(len(np.unique(self._edges[:, 1])) == self.n_edges)

    @cached_property
    def levels(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        parents, children = self._edges.T
        height = self.height[parents]
        order = np.argsort(height, kind="stable")
        ends = np.cumsum(np.bincount(height, minlength=1))[:-1]
        grouped = zip(
            np.split(parents[order], ends),
            np.split(children[order], ends),
            strict=True,
        )
        return tuple(
            (_frozen(above), _frozen(below)) for above, below in grouped if len(above)
        )

    @cached_property
    def to_parent(self) -> sp.csr_array:
        parents, children = self._edges.T
        ones = np.ones(self.n_edges, dtype=bool)
        matrix = sp.csr_array((ones, (children, parents)), shape=(self.n_nodes,) * 2)
        for array in (matrix.data, matrix.indices, matrix.indptr):
            _frozen(array)
        return matrix

    # -- protocol --------------------------------------------------------------------

    def __contains__(self, node: object) -> bool:
        try:
            return node in self._index
        except TypeError:
            return False

    def __len__(self) -> int:
        return self.n_nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Structure):
            return NotImplemented
        return (
            self._nodes == other._nodes
            and self._unscored == other._unscored
            and np.array_equal(self._edges, other._edges)
        )

    @cached_property
    def _hash(self) -> int:
        return hash((self._nodes, self._unscored, self._edges.tobytes()))

    def __hash__(self) -> int:
        return self._hash

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(_IMMUTABLE)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(_IMMUTABLE)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._nodes, self._edges, self._unscored)

    def __repr__(self) -> str:
        if self.n_nodes == 0:
            return "Hierarchy(0 nodes)"
        counts = ", ".join(
            count(number, word)
            for number, word in (
                (self.n_nodes, "node"),
                (self.n_edges, "edge"),
                (len(self.roots), "root"),
            )
        )
        kind = "tree" if self.is_tree else "DAG"
        return f"Hierarchy({counts}, depth {self.depth.max()}, {kind})"

    def _repr_html_(self) -> str:
        return summary_html(self)

    # -- inside ----------------------------------------------------------------------

    @cached_property
    def _index(self) -> dict[Node, int]:
        return {node: position for position, node in enumerate(self._nodes)}

    @cached_property
    def _parent_lists(self) -> list[np.ndarray]:
        return _graph.group_by(self._edges[:, 1], self._edges[:, 0], self.n_nodes)

    @cached_property
    def _child_lists(self) -> list[np.ndarray]:
        return _graph.group_by(self._edges[:, 0], self._edges[:, 1], self.n_nodes)

    def _names(self, positions: Iterable[int]) -> tuple[Node, ...]:
        return tuple(self._nodes[position] for position in positions)

    def _at(self, names: Iterable[Node]) -> np.ndarray:
        return np.array([self._position(name) for name in names], dtype=np.intp)

    def _position(self, name: Node) -> int:
        try:
            return self._index[name]
        except (KeyError, TypeError):
            raise KeyError(unknown(name, self._nodes)) from None

    def _checked_unscored(self, unscored: Iterable[Node]) -> tuple[Node, ...]:
        try:
            positions = np.unique(self._at(as_list(unscored)))
        except KeyError as error:
            raise ValueError(f"In `unscored`: {error.args[0]}") from None
        return self._names(positions)


def _restore(
    kind: type[Structure],
    nodes: tuple[Node, ...],
    edges: np.ndarray,
    unscored: tuple[Node, ...],
) -> Structure:
    """Unpickle without checking again what was checked."""
    structure = kind.__new__(kind)
    structure.__dict__.update(_nodes=nodes, _edges=_frozen(edges), _unscored=unscored)
    return structure


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _checked_pairs(edges: Any, n_nodes: int) -> np.ndarray:
    pairs = np.asarray(edges)
    if pairs.size == 0:
        return np.empty((0, 2), dtype=np.intp)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(
            "Expected edges as an array of integers of shape (n_edges, 2), but got "
            f"shape {pairs.shape} of {pairs.dtype}; for names use "
            "`Hierarchy.from_edges`."
        )
    if pairs.min() < 0 or pairs.max() >= n_nodes:
        raise ValueError(
            f"Expected edges between positions 0 to {n_nodes - 1}, but got "
            f"{pairs.min()} to {pairs.max()}."
        )
    return pairs.astype(np.intp)


def _checked_order(names: list[Node], pairs: np.ndarray) -> np.ndarray:
    """Topological order of the nodes; an error if there is none."""
    parent, child = pairs.T
    order = _graph.topological_order(len(names), parent, child)
    if len(order) < len(names):
        cycle = [names[node] for node in _graph.find_cycle(len(names), parent, child)]
        raise ValueError(
            f"Node {cycle[0]!r} is its own ancestor through {path(cycle)}; remove one "
            "of these edges."
        )
    return order

"""`Hierarchy`: an immutable directed acyclic graph over named nodes.

Letters as everywhere: C nodes, E edges parent -> child. Nodes are numbered in
topological order (parents first), so that ``i < j`` wherever ``j`` is a descendant of
``i``. Source: Xu et al. (2026), section 3, and the true path rule of the Gene Ontology.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from . import _graph, _labels

Node = Hashable


class Hierarchy:
    """Nodes of a label hierarchy and the edges between them.

    Use the constructors `from_edges`, `from_parents`, `from_codes`, `from_networkx`
    and `flat`. A hierarchy is immutable, hashable, picklable and equal to another of
    the same nodes (in the same order), edges and unscored nodes.

    Parameters
    ----------
    nodes : sequence of hashable
        Names, each once.
    edges : array-like of int of shape (n_edges, 2)
        Positions in ``nodes``: parent, child. A repeated edge counts once.
    unscored : iterable of hashable, default=()
        Nodes that stay in the graph but count in no loss and no metric: a virtual
        root, the namespace roots of the Gene Ontology.

    Attributes
    ----------
    nodes : tuple of hashable
        Names in topological order, parents first; of the nodes that could come next,
        the one that was given first. The order of the columns of ``Y``.
    n_nodes, n_edges : int
        Number of nodes C and of edges E.
    roots, leaves : tuple of hashable
        Nodes without parents, and without children.
    depth : ndarray of int of shape (n_nodes,)
        Edges on the longest path from a root; 0 for roots.
    height : ndarray of int of shape (n_nodes,)
        Edges on the longest path down to a leaf; 0 for leaves.
    is_tree : bool
        Whether no node has two parents (a forest counts).
    scored : ndarray of bool of shape (n_nodes,)
        False for the unscored nodes.
    edges : ndarray of int of shape (n_edges, 2)
        Positions of parent and child, sorted by parent, then child.
    levels : tuple of (ndarray, ndarray)
        The edges (parents, children) grouped by the height of the parent, from the
        leaves up: when a level is walked, all that lies below it is final.

    Raises
    ------
    ValueError
        If a node is named twice, an edge or an unscored node is unknown, or there is
        a cycle (the message has its path).

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> hierarchy = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    >>> hierarchy
    Hierarchy(3 nodes, 2 edges, 1 root, depth 1, tree)
    >>> hierarchy.nodes
    ('animal', 'cat', 'dog')
    >>> hierarchy.ancestors("dog")
    ('animal',)
    >>> hierarchy.close([[0, 0, 1]])
    array([[1, 0, 1]])
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        edges: Any,
        unscored: Iterable[Node] = (),
    ) -> None:
        names = list(nodes)
        _check_names(names)
        pairs = np.asarray(edges, dtype=np.intp).reshape(-1, 2)
        order = _checked_order(names, pairs)
        rank = np.argsort(order)
        self._nodes = tuple(names[position] for position in order.tolist())
        self._edges = np.unique(rank[pairs], axis=0).reshape(-1, 2)
        self._edges.flags.writeable = False
        self._unscored = self._checked_unscored(unscored)

    # -- constructors ----------------------------------------------------------------

    @classmethod
    def from_edges(
        cls,
        edges: Iterable[Sequence[Node]],
        nodes: Iterable[Node] | None = None,
        unscored: Iterable[Node] = (),
    ) -> Hierarchy:
        """Make a hierarchy from pairs of names.

        Parameters
        ----------
        edges : iterable of (parent, child)
            Pairs of names; an array of shape (n_edges, 2) does too.
        nodes : iterable of hashable, default=None
            All nodes, isolated ones included, in the wanted order. None: those of the
            edges, in order of appearance.
        unscored : iterable of hashable, default=()
            Nodes that count in no loss and no metric.

        Returns
        -------
        hierarchy : Hierarchy

        Raises
        ------
        ValueError
            If an edge is no pair or names an unknown node, a node comes twice, or
            there is a cycle.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
        Hierarchy(4 nodes, 4 edges, 1 root, depth 2, DAG)
        """
        pairs = [_pair(edge) for edge in _as_list(edges)]
        if nodes is None:
            names = list(dict.fromkeys(name for pair in pairs for name in pair))
        else:
            names = _as_list(nodes)
        return cls(names, _positions(names, pairs), unscored)

    @classmethod
    def from_parents(
        cls, parents: Mapping[Node, Any], unscored: Iterable[Node] = ()
    ) -> Hierarchy:
        """Make a hierarchy from each node's parents.

        Parameters
        ----------
        parents : mapping
            Node -> its parent, a list, tuple or set of parents, or None for a root.
            Parents that are no keys become roots.
        unscored : iterable of hashable, default=()
            Nodes that count in no loss and no metric.

        Returns
        -------
        hierarchy : Hierarchy

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_parents({"a": None, "b": "a", "c": ["a", "b"]}).nodes
        ('a', 'b', 'c')
        """
        pairs = [
            (above, node)
            for node, given in parents.items()
            for above in _parent_list(given)
        ]
        above_only = [above for above, _ in pairs if above not in parents]
        names = list(dict.fromkeys([*parents, *above_only]))
        return cls(names, _positions(names, pairs), unscored)

    @classmethod
    def from_codes(
        cls,
        codes: Iterable[str],
        sep: str = "/",
        root: Node | None = None,
        unscored: Iterable[Node] = (),
    ) -> Hierarchy:
        """Make a forest from path codes such as FunCat's ``01/01/03``.

        Parameters
        ----------
        codes : iterable of str
            Paths from the top; the nodes on the way are made where they are missing.
        sep : str, default="/"
            What separates the levels.
        root : hashable, default=None
            Name of a virtual root above all top codes; it is unscored. None: no root.
        unscored : iterable of hashable, default=()
            Further nodes that count in no loss and no metric.

        Returns
        -------
        hierarchy : Hierarchy

        Raises
        ------
        ValueError
            If a code is no string or has an empty level.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_codes(["01/01/03", "01/05"]).nodes
        ('01', '01/01', '01/01/03', '01/05')
        """
        parents: dict[Node, Node | None] = {} if root is None else {root: None}
        for code in codes:
            if not isinstance(code, str) or not all(code.split(sep)):
                raise ValueError(
                    f"Expected a code of non-empty levels separated by {sep!r}, but "
                    f"got {code!r}."
                )
            parts = code.split(sep)
            paths = [sep.join(parts[: level + 1]) for level in range(len(parts))]
            if root in paths:
                raise ValueError(
                    f"The virtual root {root!r} is a code too; choose another name."
                )
            for above, path in zip([root, *paths], paths, strict=False):
                parents.setdefault(path, above)
        top = () if root is None else (root,)
        return cls.from_parents(parents, unscored=[*top, *unscored])

    @classmethod
    def from_networkx(cls, graph: Any, unscored: Iterable[Node] = ()) -> Hierarchy:
        """Make a hierarchy from a `networkx.DiGraph` with edges parent -> child.

        Parameters
        ----------
        graph : networkx.DiGraph
            Multigraphs do too. Nodes with the attribute ``scored=False`` are unscored.
        unscored : iterable of hashable, default=()
            Further nodes that count in no loss and no metric.

        Returns
        -------
        hierarchy : Hierarchy

        Raises
        ------
        TypeError
            If the graph is not directed.

        Examples
        --------
        >>> import networkx as nx
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_networkx(nx.DiGraph([("a", "b")]))
        Hierarchy(2 nodes, 1 edge, 1 root, depth 1, tree)
        """
        if not (hasattr(graph, "is_directed") and graph.is_directed()):
            raise TypeError(
                "Expected a directed networkx graph with edges parent -> child, but "
                f"got {type(graph).__name__}; use networkx.DiGraph."
            )
        marked = [
            node
            for node, scored in graph.nodes(data="scored", default=True)
            if not scored
        ]
        pairs = [(edge[0], edge[1]) for edge in graph.edges()]
        return cls.from_edges(pairs, nodes=graph.nodes, unscored=[*marked, *unscored])

    @classmethod
    def flat(cls, names: Iterable[Node]) -> Hierarchy:
        """Make a hierarchy without edges: plain multi-label.

        Parameters
        ----------
        names : iterable of hashable
            The nodes, each once.

        Returns
        -------
        hierarchy : Hierarchy

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.flat(["x", "y"])
        Hierarchy(2 nodes, 0 edges, 2 roots, depth 0, tree)
        """
        return cls(_as_list(names), np.empty((0, 2), dtype=np.intp))

    def to_networkx(self) -> Any:
        """Return the graph as a `networkx.DiGraph`; needs networkx.

        Returns
        -------
        graph : networkx.DiGraph
            Edges parent -> child; each node with a boolean attribute ``scored``.

        Raises
        ------
        ImportError
            If networkx is not installed.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> graph = Hierarchy.from_edges([("a", "b")]).to_networkx()
        >>> list(graph.edges)
        [('a', 'b')]
        """
        try:
            import networkx as nx
        except ImportError as error:
            raise ImportError(
                "Hierarchy.to_networkx needs networkx; install it with "
                "`pip install sklearn-hmlc[graph]`."
            ) from error
        graph = nx.DiGraph()
        graph.add_nodes_from(
            (node, {"scored": scored})
            for node, scored in zip(self.nodes, self.scored.tolist(), strict=True)
        )
        graph.add_edges_from(
            (self._nodes[above], self._nodes[below])
            for above, below in self._edges.tolist()
        )
        return graph

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
        """Names of the unscored nodes, in topological order."""
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

    # -- relations -------------------------------------------------------------------

    def index(self, x: Any) -> Any:
        """Position of a node, or of each of several.

        Parameters
        ----------
        x : hashable, or list or ndarray of hashable
            A name, or names.

        Returns
        -------
        position : int or ndarray of int

        Raises
        ------
        KeyError
            If a name is no node; the message offers the nearest name.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> hierarchy = Hierarchy.flat(["x", "y"])
        >>> hierarchy.index("y"), hierarchy.index(["y", "x"])
        (1, array([1, 0]))
        """
        if isinstance(x, list | np.ndarray):
            return self._at(x)
        return self._position(x)

    def parents(self, x: Node) -> tuple[Node, ...]:
        """Nodes directly above ``x``, in topological order."""
        return self._names(self._parent_lists[self._position(x)])

    def children(self, x: Node) -> tuple[Node, ...]:
        """Nodes directly below ``x``, in topological order."""
        return self._names(self._child_lists[self._position(x)])

    def ancestors(self, x: Node) -> tuple[Node, ...]:
        """Return all nodes above ``x``, itself excluded, in topological order."""
        return self._names(_graph.reachable(self._position(x), self._parent_lists))

    def descendants(self, x: Node) -> tuple[Node, ...]:
        """Return all nodes below ``x``, itself excluded, in topological order."""
        return self._names(_graph.reachable(self._position(x), self._child_lists))

    def subset(self, nodes: Iterable[Node]) -> Hierarchy:
        """Return the hierarchy over some of the nodes; who is above whom is kept.

        Parameters
        ----------
        nodes : iterable of hashable
            The nodes to keep.

        Returns
        -------
        hierarchy : Hierarchy
            The children of a removed node hang below its nearest kept ancestors.

        Raises
        ------
        KeyError
            If a name is no node.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> chain = Hierarchy.from_edges([("a", "b"), ("b", "c")])
        >>> chain.subset(["a", "c"]).parents("c")
        ('a',)
        """
        keep = sorted(set(self._at(_as_list(nodes)).tolist()))
        names = self._names(keep)
        rank = {old: new for new, old in enumerate(keep)}
        pairs = [
            (rank[above], rank[below])
            for above, below in _graph.contract(keep, self._parent_lists)
        ]
        kept = set(names)
        return Hierarchy(names, pairs, [x for x in self._unscored if x in kept])

    # -- labels ----------------------------------------------------------------------

    def close(self, Y: Any) -> Any:
        """Add every positive node's ancestors (the true path rule).

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1; columns in the order of `nodes`, a DataFrame's by name.

        Returns
        -------
        Y_closed : same container and dtype as ``Y``

        Raises
        ------
        ValueError
            If the shape, the columns or the values do not fit.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b")]).close([[0, 1], [0, 0]])
        array([[1, 1],
               [0, 0]])
        """
        labels = _labels.to_csr(self, Y)
        return _labels.like(self, _labels.close(labels, self.to_parent), Y)

    def most_specific(self, Y: Any) -> Any:
        """Keep the positives without a positive child; `close` is the way back.

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1.

        Returns
        -------
        Y_specific : same container and dtype as ``Y``

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b")]).most_specific([[1, 1], [1, 0]])
        array([[0, 1],
               [1, 0]])
        """
        labels = _labels.to_csr(self, Y)
        return _labels.like(self, _labels.most_specific(labels, self.to_parent), Y)

    def is_closed(self, Y: Any) -> bool:
        """Tell whether every positive node's parents are positive too.

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1.

        Returns
        -------
        closed : bool
        """
        labels = _labels.to_csr(self, Y)
        return _labels.missing_parents(labels, self.to_parent).nnz == 0

    def check_closed(self, Y: Any) -> None:
        """Raise where labels break the hierarchy.

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1.

        Raises
        ------
        ValueError
            If a row has a node without one of its parents; the message has the first
            such row and node, how many there are, and how to mend it.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b")]).check_closed([[0, 1]])
        Traceback (most recent call last):
            ...
        ValueError: Y breaks the hierarchy in 1 place (1 row): row 0 has node 'b' but \
not its parent 'a'. Close it first: `Y = hierarchy.close(Y)`.
        """
        labels = _labels.to_csr(self, Y)
        missing = _labels.missing_parents(labels, self.to_parent)
        if missing.nnz == 0:
            return
        rows, columns = missing.nonzero()
        row, above = int(rows[0]), int(columns[0])
        present = labels[[row]].toarray()[0]
        below = next(j for j in self._child_lists[above].tolist() if present[j])
        places = _count(missing.nnz, "place")
        raise ValueError(
            f"Y breaks the hierarchy in {places} ({_count(len(np.unique(rows)), 'row')}"
            f"): row {row} has node {self._nodes[below]!r} but not its parent "
            f"{self._nodes[above]!r}. Close it first: `Y = hierarchy.close(Y)`."
        )

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
        if not isinstance(other, Hierarchy):
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
        # The constructor and `cached_property` write to `__dict__` only once.
        if name in self.__dict__ or not name.startswith("_"):
            raise AttributeError(
                "A Hierarchy is immutable; make another with `from_edges` or `subset`."
            )
        object.__setattr__(self, name, value)

    def __copy__(self) -> Hierarchy:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Hierarchy:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._nodes, self._edges, self._unscored)

    def __repr__(self) -> str:
        if self.n_nodes == 0:
            return "Hierarchy(0 nodes)"
        return (
            f"Hierarchy({_count(self.n_nodes, 'node')}, "
            f"{_count(self.n_edges, 'edge')}, {_count(len(self.roots), 'root')}, depth {self.depth.max()}, "
            f"{'tree' if self.is_tree else 'DAG'})"
        )

    # -- inside ----------------------------------------------------------------------

    @cached_property
    def to_parent(self) -> sp.csr_array:
        """Sparse boolean (n_nodes, n_nodes): row child, column parent."""
        parents, children = self._edges.T
        ones = np.ones(self.n_edges, dtype=bool)
        return sp.csr_array((ones, (children, parents)), shape=(self.n_nodes,) * 2)

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
            raise KeyError(_unknown(name, self._nodes)) from None

    def _checked_unscored(self, unscored: Iterable[Node]) -> tuple[Node, ...]:
        try:
            positions = np.unique(self._at(_as_list(unscored)))
        except KeyError as error:
            raise ValueError(f"In `unscored`: {error.args[0]}") from None
        return self._names(positions)


def _restore(
    nodes: tuple[Node, ...], edges: np.ndarray, unscored: tuple[Node, ...]
) -> Hierarchy:
    """Unpickle without checking again what was checked."""
    hierarchy = Hierarchy.__new__(Hierarchy)
    edges.flags.writeable = False
    hierarchy.__dict__.update(_nodes=nodes, _edges=edges, _unscored=unscored)
    return hierarchy


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _as_list(names: Any) -> list[Any]:
    # tolist() turns NumPy scalars into Python's, so that names print plainly.
    return names.tolist() if isinstance(names, np.ndarray) else list(names)


def _pair(edge: Any) -> tuple[Node, Node]:
    if isinstance(edge, str) or not hasattr(edge, "__len__") or len(edge) != 2:
        raise ValueError(f"Expected an edge (parent, child), but got {edge!r}.")
    return tuple(_as_list(edge))


def _parent_list(given: Any) -> list[Node]:
    if given is None:
        return []
    if isinstance(given, list | tuple | set | frozenset | np.ndarray):
        return _as_list(given)
    return [given]


def _unknown(name: object, names: Sequence[Node]) -> str:
    near = difflib.get_close_matches(str(name), [str(x) for x in names], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{name!r} is no node of the hierarchy ({len(names)} nodes).{hint}"


def _positions(names: list[Node], pairs: list[tuple[Node, Node]]) -> np.ndarray:
    index = {name: position for position, name in enumerate(names)}
    try:
        found = [(index[above], index[below]) for above, below in pairs]
    except KeyError as error:
        unknown = error.args[0]
        raise ValueError(
            f"An edge names {unknown!r}: {_unknown(unknown, names)} Add it to `nodes` "
            "or drop the edge."
        ) from None
    return np.array(found, dtype=np.intp).reshape(-1, 2)


def _check_names(names: list[Node]) -> None:
    seen: set[Node] = set()
    for name in names:
        if name is None or name != name:
            raise ValueError(f"{name!r} can't name a node; use a string or a number.")
        if name in seen:
            raise ValueError(f"Node {name!r} is given twice; names must be unique.")
        seen.add(name)


def _checked_order(names: list[Node], pairs: np.ndarray) -> np.ndarray:
    """Topological order of the nodes; an error if there is none."""
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= len(names)):
        raise ValueError(
            f"Expected edges between positions 0 to {len(names) - 1}, but got "
            f"{pairs.min()} to {pairs.max()}."
        )
    parent, child = pairs.T
    order = _graph.topological_order(len(names), parent, child)
    if len(order) < len(names):
        cycle = _graph.find_cycle(len(names), parent, child)
        path = [str(names[node]) for node in cycle]
        raise ValueError(
            f"Node {path[0]!r} is its own ancestor through {' -> '.join(path)}; remove "
            "one of these edges."
        )
    return order

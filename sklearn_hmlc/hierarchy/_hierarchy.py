"""`Hierarchy`: an immutable directed acyclic graph over named nodes.

Stage: the root of the package. In: what `_construct` reads. Out: facts of the graph,
answers about nodes by name, labels that obey it (`_labels`). Letters as everywhere: C
nodes, E edges parent -> child. Nodes are numbered in topological order (parents first),
so that ``i < j`` wherever ``j`` is a descendant of ``i``.
Source: Xu et al. (2026), section 3, and the true path rule of the Gene Ontology.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from .._validation import Node, as_labels, as_list, like, unknown
from . import _construct, _direction, _graph, _html, _labels, _obo, _plain
from ._facts import Facts, Known, check_facts

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

Nodes = Iterable[Node]


class Hierarchy:
    """Nodes of a label hierarchy and the edges between them.

    Use the constructors, `from_edges`, `from_obo` and others. A hierarchy is immutable,
    hashable, picklable and equal to another of the same nodes (in the same order),
    edges, unscored nodes and facts (names, namespaces, metadata, alternatives).

    Parameters
    ----------
    nodes : sequence of hashable
        The nodes' names, each once.
    edges : array-like of int of shape (n_edges, 2)
        Positions in ``nodes``: parent, child. A repeated edge counts once.
    unscored : iterable of hashable, default=()
        Nodes that stay in the graph but count in no loss and no metric: a virtual
        root, the namespace roots of the Gene Ontology.
    names : mapping of hashable to str, default=None
        Titles of nodes, such as "lipid metabolism" of "GO:0006629"; of all or of some.
    namespaces : mapping of hashable to hashable, default=None
        The part of an ontology that a node belongs to; of all or of some.
    metadata : mapping of str to object, default=None
        What else is known of the whole, such as the ontology's version.
    alternatives : mapping of hashable to hashable, default=None
        Other names, such as merged and replaced ids, and the node each stands for.

    Attributes
    ----------
    nodes : tuple of hashable
        Names in topological order, parents first; of the nodes that could come next,
        the one that was given first. The order of the columns of ``Y``.
    n_nodes, n_edges : int
        Number of nodes C and of edges E.
    roots, leaves : tuple of hashable
        Nodes without parents, and without children.
    depth, height : ndarray of int of shape (n_nodes,)
        Edges on the longest path from a root, and on the longest down to a leaf.
    is_tree : bool
        Whether no node has two parents (a forest counts).
    unscored : tuple of hashable
        The unscored nodes, in topological order.
    scored : ndarray of bool of shape (n_nodes,)
        False for the unscored nodes.
    edges : ndarray of int of shape (n_edges, 2)
        Positions of parent and child, sorted by parent, then child.
    edge_names : tuple of (hashable, hashable)
        The edges by name, as `from_edges` takes them.
    names, namespaces, metadata, alternatives : mapping
        As given, read-only; empty where nothing was given.
    levels : tuple of (ndarray, ndarray)
        The edges (parents, children) by the parent's height, from the leaves up: when
        a level is walked, all that lies below it is final.
    to_parent : csr_array of bool of shape (n_nodes, n_nodes)
        Row child, column parent: ``Y @ to_parent`` marks what lies above.

    Raises
    ------
    ValueError
        If a name is unknown or comes twice, or there is a cycle, with its path.

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> hierarchy = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    >>> hierarchy
    Hierarchy(3 nodes, 2 edges, 1 root, depth 1, tree)
    >>> hierarchy.ancestors("dog")
    ('animal',)
    >>> hierarchy.close([[0, 0, 1]])
    array([[1, 0, 1]])
    """

    nodes: tuple[Node, ...]
    n_nodes: int
    edges: np.ndarray
    n_edges: int
    unscored: tuple[Node, ...]
    names: Mapping[Node, str]
    namespaces: Mapping[Node, Node]
    metadata: Mapping[str, Any]
    alternatives: Mapping[Node, Node]
    _facts: Facts

    def __init__(
        self,
        nodes: Nodes,
        edges: Any,
        unscored: Nodes = (),
        *,
        names: Mapping[Node, str] | None = None,
        namespaces: Mapping[Node, Node] | None = None,
        metadata: Mapping[str, Any] | None = None,
        alternatives: Mapping[Node, Node] | None = None,
    ) -> None:
        ordered, pairs = _construct.in_order(as_list(nodes), edges)
        left_out = _construct.check_unscored(unscored, ordered)
        facts = check_facts(ordered, names, namespaces, metadata, alternatives)
        self._set(tuple(ordered), pairs, left_out, facts)

    def _set(
        self, nodes: tuple[Node, ...], edges: Any, unscored: Any, facts: Facts
    ) -> None:
        # Not by `__setattr__`, which always raises.
        self.__dict__.update(nodes=nodes, n_nodes=len(nodes), unscored=unscored)
        edges = _graph.frozen(edges)
        self.__dict__.update(edges=edges, n_edges=len(edges), _facts=facts)
        for name in Known.__annotations__:
            self.__dict__[name] = MappingProxyType(getattr(facts, name))

    # -- ways to make one --------------------------------------------------------------

    @classmethod
    def from_edges(
        cls,
        edges: Iterable[Sequence[Node]],
        nodes: Nodes | None = None,
        unscored: Nodes = (),
        *,
        direction: str | None = None,
        **facts: Unpack[Known],
    ) -> Self:
        """Make a hierarchy from pairs of names.

        Parameters
        ----------
        edges : iterable of (parent, child)
            Pairs of names; an array of shape (n_edges, 2) or a DataFrame with the
            columns parent and child does too.
        nodes : iterable of hashable, default=None
            All nodes, isolated ones included, in the wanted order. None: those of the
            edges, in order of appearance.
        unscored : iterable of hashable, default=()
            Nodes that count in no loss and no metric.
        direction : {"parent_to_child", "child_to_parent"}, default=None
            Which way the edges run, where names of columns do not say it. None: from
            parent to child, and an unscored leaf below all the rest is an error.
        **facts : mappings
            ``names``, ``namespaces``, ``metadata``, ``alternatives``: see `Hierarchy`.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
        Hierarchy(4 nodes, 4 edges, 1 root, depth 2, DAG)
        """
        parts = _construct.read_edges(edges, nodes, direction)
        made = cls(*parts, unscored, **facts)
        return _direction.upright(made, "from_edges", direction)

    @classmethod
    def from_parents(
        cls, parents: Mapping[Node, Any], unscored: Nodes = (), **facts: Unpack[Known]
    ) -> Self:
        """Make a hierarchy from each node's parents.

        Parameters
        ----------
        parents : mapping
            Node -> its parent, a list, tuple or set of parents, or None for a root.
            Parents that are no keys become roots. A tuple that is a key itself is
            one parent.
        unscored, **facts
            As in `from_edges`.

        Examples
        --------
        >>> Hierarchy.from_parents({"a": None, "b": "a", "c": ["a", "b"]}).nodes
        ('a', 'b', 'c')
        """
        made = cls(*_construct.read_parents(parents), unscored, **facts)
        return _direction.upright(made, "from_parents")

    @classmethod
    def from_codes(
        cls,
        codes: Iterable[str],
        sep: str = "/",
        root: Node | None = None,
        unscored: Nodes = (),
        **facts: Unpack[Known],
    ) -> Self:
        """Make a forest from path codes such as FunCat's ``01/01/03``.

        Parameters
        ----------
        codes : iterable of str
            Paths from the top; the nodes on the way are made where they are missing.
        sep : str, default="/"
            What separates the levels.
        root : hashable, default=None
            Name of a virtual root above all top codes; it is unscored. None: no root.
        unscored, **facts
            As in `from_edges`; ``unscored`` are further nodes.

        Examples
        --------
        >>> Hierarchy.from_codes(["01/01/03", "01/05"]).nodes
        ('01', '01/01', '01/01/03', '01/05')
        """
        top = [] if root is None else [root]
        parts = _construct.read_codes(codes, sep, root)
        return cls(*parts, [*top, *as_list(unscored, "unscored")], **facts)

    @classmethod
    def from_networkx(
        cls,
        graph: Any,
        unscored: Nodes = (),
        *,
        relations: Iterable[str] | None = None,
        direction: str | None = None,
        **facts: Unpack[Known],
    ) -> Self:
        """Make a hierarchy from a directed networkx graph.

        Parameters
        ----------
        graph : networkx.DiGraph
            Or a multigraph. Nodes with the attribute ``scored=False`` are unscored;
            ``name``, ``namespace`` and ``alt_id`` become `names`, `namespaces` and
            `alternatives`, attributes of the graph `metadata`.
        relations : iterable of str, default=None
            The kinds of edges (keys, or an attribute) to take, such as "is_a" and
            "part_of". None: all; an error if some make no ancestors.
        direction : {"parent_to_child", "child_to_parent"}, default=None
            As in `from_edges`; must be said where edges have an ontology's kinds.
        unscored, **facts
            As in `from_edges`, on top of what the graph has.

        Examples
        --------
        >>> import networkx as nx
        >>> Hierarchy.from_networkx(nx.DiGraph([("a", "b")]))
        Hierarchy(2 nodes, 1 edge, 1 root, depth 1, tree)
        """
        parts, direction = _construct.read_networkx(graph, relations, direction)
        left_out = _construct.networkx_unscored(graph, unscored)
        made = cls(*parts, left_out, **_construct.networkx_facts(graph, facts))
        return _direction.upright(made, "from_networkx", direction)

    @classmethod
    def from_obo(
        cls,
        path: str | os.PathLike[str],
        relations: Iterable[str] = ("is_a", "part_of"),
        across_namespaces: bool = False,
        namespaces: Iterable[str] | None = None,
        *,
        unscored: Nodes | None = None,
    ) -> Self:
        """Read an ontology in the OBO format; needs obonet. Errors have the line.

        Merged and replaced ids become `alternatives`, versions and ids that nothing
        has replaced ("obsolete") `metadata`.

        Parameters
        ----------
        path : str or path-like
            The file, perhaps compressed.
        relations : iterable of str, default=("is_a", "part_of")
            The kinds of edges whose upper end is an ancestor.
        across_namespaces : bool, default=False
            Whether to keep edges between terms of different namespaces.
        namespaces : iterable of str, default=None
            The namespaces to keep, such as "molecular_function". None: all.
        unscored : iterable of hashable, default=None
            As in `from_edges`. None: the root of each namespace that has a single one.

        Examples
        --------
        >>> Hierarchy.from_obo("go-basic.obo")  # doctest: +SKIP
        Hierarchy(43558 nodes, 77055 edges, 3 roots, ...)
        """
        only = _obo.Choice(relations, across_namespaces, namespaces)
        return _obo.read(cls, path, only, unscored)

    @classmethod
    def flat(cls, nodes: Nodes, unscored: Nodes = (), **facts: Unpack[Known]) -> Self:
        """Make a hierarchy of nodes without edges: plain multi-label.

        ``unscored`` and ``facts`` are as in `from_edges`.

        Examples
        --------
        >>> Hierarchy.flat(["x", "y"])
        Hierarchy(2 nodes, 0 edges, 2 roots, depth 0, tree)
        """
        return cls(nodes, [], unscored, **facts)

    def to_networkx(self) -> Any:
        """Return a `networkx.DiGraph` that `from_networkx` reads; needs networkx.

        Examples
        --------
        >>> list(Hierarchy.from_edges([("a", "b")]).to_networkx().edges)
        [('a', 'b')]
        """
        return _construct.to_networkx(self, self._facts)

    # -- facts: computed when first asked for and kept, read-only ----------------------

    @cached_property
    def edge_names(self) -> tuple[tuple[Node, Node], ...]:
        nodes = self.nodes
        return tuple((nodes[i], nodes[j]) for i, j in self.edges.tolist())

    @cached_property
    def scored(self) -> np.ndarray:
        return _graph.frozen(~np.isin(np.arange(self.n_nodes), self._at(self.unscored)))

    @cached_property
    def roots(self) -> tuple[Node, ...]:
        return self._named(_graph.absent(self.n_nodes, self.edges[:, 1]))

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        return self._named(_graph.absent(self.n_nodes, self.edges[:, 0]))

    @cached_property
    def depth(self) -> np.ndarray:
        parents, children = self.edges.T
        return _graph.frozen(_graph.longest_paths(self.n_nodes, parents, children))

    @cached_property
    def height(self) -> np.ndarray:
        parents, children = self.edges[np.argsort(-self.edges[:, 1])].T
        return _graph.frozen(_graph.longest_paths(self.n_nodes, children, parents))

    @property
    def is_tree(self) -> bool:
        return bool(len(np.unique(self.edges[:, 1])) == self.n_edges)

    @cached_property
    def levels(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        return _graph.levels(self.edges, self.height)

    @cached_property
    def to_parent(self) -> sp.csr_array:
        return _graph.to_parent(self.n_nodes, self.edges)

    # -- relations ---------------------------------------------------------------------

    def index(self, x: Any) -> Any:
        """Position (int) of a node, or of each of several (ndarray of int).

        Parameters
        ----------
        x : hashable, or list, ndarray or Series of hashable
            A name (a tuple is one), or names. A KeyError offers the nearest name for
            what is no node, here and below.

        Examples
        --------
        >>> hierarchy = Hierarchy.flat(["x", "y"])
        >>> hierarchy.index("y"), hierarchy.index(["y", "x"])
        (1, array([1, 0]))
        """
        try:
            hash(x)
        except TypeError:
            return self._at(as_list(x))
        return self._position(x)

    def parents(self, x: Node) -> tuple[Node, ...]:
        """Return the nodes directly above ``x``, in topological order.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b"), ("b", "c")]).parents("c")
        ('b',)
        """
        return self._named(self._parent_lists[self._position(x)])

    def children(self, x: Node) -> tuple[Node, ...]:
        """Return the nodes directly below ``x``, in topological order.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b"), ("b", "c")]).children("a")
        ('b',)
        """
        return self._named(self._child_lists[self._position(x)])

    def ancestors(self, x: Node) -> tuple[Node, ...]:
        """Return all nodes above ``x``, itself excluded, in topological order.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b"), ("b", "c")]).ancestors("c")
        ('a', 'b')
        """
        return self._named(_graph.reachable([self._position(x)], self._parent_lists))

    def descendants(self, x: Node) -> tuple[Node, ...]:
        """Return all nodes below ``x``, itself excluded, in topological order.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b"), ("b", "c")]).descendants("a")
        ('b', 'c')
        """
        return self._named(_graph.reachable([self._position(x)], self._child_lists))

    def subset(self, nodes: Nodes) -> Self:
        """Return the hierarchy over some of the nodes; ancestors stay ancestors.

        Parameters
        ----------
        nodes : iterable of hashable
            Those to keep. A removed node's children hang below its nearest kept
            ancestors.

        Examples
        --------
        >>> chain = Hierarchy.from_edges([("a", "b"), ("b", "c")])
        >>> chain.subset(["a", "c"]).parents("c")
        ('a',)
        """
        keep = sorted(set(self._at(as_list(nodes)).tolist()))
        kept = self._named(keep)
        pairs = _graph.contract(keep, self._parent_lists)
        unscored = set(self.unscored).intersection(kept)
        return type(self)(kept, pairs, unscored, **self._facts.of(kept))

    # -- labels ------------------------------------------------------------------------

    def close(self, Y: Any) -> Any:
        """Add every positive node's ancestors (the true path rule).

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1; columns in the order of `nodes`, a DataFrame's by name.

        Returns
        -------
        Y_closed : same container and dtype as ``Y``; an array for lists

        Raises
        ------
        ValueError
            If the shape, the columns or the values do not fit.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b")]).close([[0, 1], [0, 0]])
        array([[1, 1],
               [0, 0]])
        """
        return self._like(_labels.close(as_labels(Y, self), self.levels), Y)

    def most_specific(self, Y: Any) -> Any:
        """Keep the positives without a positive child; `close` is the way back.

        Takes and returns what `close` does.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b")]).most_specific([[1, 1], [1, 0]])
        array([[0, 1],
               [1, 0]])
        """
        return self._like(_labels.most_specific(as_labels(Y, self), self.to_parent), Y)

    def is_closed(self, Y: Any) -> bool:
        """Tell whether every positive node's parents are positive too.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b")]).is_closed([[0, 1]])
        False
        """
        return _labels.missing_parents(as_labels(Y, self), self.to_parent).nnz == 0

    def check_closed(self, Y: Any) -> None:
        """Raise where labels break the hierarchy.

        Raises
        ------
        ValueError
            If a row has a node without one of its parents; the message says where.

        Examples
        --------
        >>> Hierarchy.from_edges([("a", "b")]).check_closed([[0, 1]])
        Traceback (most recent call last):
            ...
        ValueError: Y breaks the hierarchy in 1 place (1 row): row 0 has node 'b' but \
not its parent 'a'. Close it first: `Y = hierarchy.close(Y)`.
        """
        _labels.check_closed(as_labels(Y, self), self.to_parent, self.nodes)

    # -- protocol ----------------------------------------------------------------------

    def __contains__(self, node: object) -> bool:
        try:
            return node in self._index
        except TypeError:
            return False

    def __len__(self) -> int:
        return self.n_nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hierarchy):
            return NotImplemented
        return (
            self.nodes == other.nodes
            and self.unscored == other.unscored
            and np.array_equal(self.edges, other.edges)
            and self._facts == other._facts
        )

    def __hash__(self) -> int:
        return hash((self.nodes, self.unscored, self.edges.tobytes(), self._facts))

    def __setattr__(self, name: str, *value: Any) -> None:
        raise AttributeError(
            "A Hierarchy is immutable; make another with `from_edges` or `subset`."
        )

    __delattr__ = __setattr__

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    # Pickles go by the first; model files, which hold no objects, by the second.
    __reduce_ex__, __getstate__ = _plain.reduced, _plain.state_of

    def __setstate__(self, state: Any) -> None:
        self._set(*_plain.parts_of(state, type(self)))

    def __repr__(self) -> str:
        return _html.summary(self, self._facts.words())

    def _repr_html_(self) -> str:
        return _html.summary_html(self, self._facts.groups(self.nodes))

    # -- inside ------------------------------------------------------------------------

    @cached_property
    def _index(self) -> dict[Node, int]:
        return {node: position for position, node in enumerate(self.nodes)}

    @cached_property
    def _parent_lists(self) -> list[np.ndarray]:
        return _graph.group_by(self.edges[:, 1], self.edges[:, 0], self.n_nodes)

    @cached_property
    def _child_lists(self) -> list[np.ndarray]:
        return _graph.group_by(self.edges[:, 0], self.edges[:, 1], self.n_nodes)

    def _named(self, positions: Iterable[int]) -> tuple[Node, ...]:
        return tuple(self.nodes[position] for position in positions)

    def _at(self, names: Nodes) -> np.ndarray:
        return np.array([self._position(name) for name in names], dtype=np.intp)

    def _position(self, name: Node) -> int:
        try:
            return self._index[name]
        except (KeyError, TypeError):
            raise KeyError(unknown(name, self.nodes)) from None

    def _like(self, labels: sp.csr_array, Y: Any) -> Any:
        return like(labels, self, np.asarray(Y) if isinstance(Y, list) else Y)

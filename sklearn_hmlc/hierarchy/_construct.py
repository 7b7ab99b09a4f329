"""The ways to make a `Hierarchy`, and the way out to networkx.

In: pairs of names, parents, path codes or a graph. Out: names and integer edges for the
constructor, which checks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._names import Node, as_list, plain, unknown
from ._structure import Structure

if TYPE_CHECKING:
    from typing_extensions import Self


class Conversions(Structure):
    """Constructors by what is given; in `Hierarchy`."""

    @classmethod
    def from_edges(
        cls,
        edges: Iterable[Sequence[Node]],
        nodes: Iterable[Node] | None = None,
        unscored: Iterable[Node] = (),
    ) -> Self:
        """Make a hierarchy from pairs of names.

        Parameters
        ----------
        edges : iterable of (parent, child)
            Pairs of names; an array or DataFrame of shape (n_edges, 2) does too.
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
        TypeError
            If a name is not hashable, or a single string stands for several names.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
        Hierarchy(4 nodes, 4 edges, 1 root, depth 2, DAG)
        """
        pairs = _pairs(edges)
        if nodes is None:
            names = list(dict.fromkeys(name for pair in pairs for name in pair))
        else:
            names = as_list(nodes)
        return cls(names, _positions(names, pairs), unscored)

    @classmethod
    def from_parents(
        cls, parents: Mapping[Node, Any], unscored: Iterable[Node] = ()
    ) -> Self:
        """Make a hierarchy from each node's parents.

        Parameters
        ----------
        parents : mapping
            Node -> its parent, a list, tuple or set of parents, or None for a root.
            Parents that are no keys become roots. A tuple that is a key itself is
            one parent.
        unscored : iterable of hashable, default=()
            Nodes that count in no loss and no metric.

        Returns
        -------
        hierarchy : Hierarchy

        Raises
        ------
        ValueError
            If there is a cycle or a name is missing.
        TypeError
            If ``parents`` is no mapping or a name is not hashable.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_parents({"a": None, "b": "a", "c": ["a", "b"]}).nodes
        ('a', 'b', 'c')
        """
        if not isinstance(parents, Mapping):
            raise TypeError(
                "Expected a mapping node -> parents, but got "
                f"{type(parents).__name__}; for pairs use `Hierarchy.from_edges`."
            )
        pairs = [
            (above, plain(node))
            for node, given in parents.items()
            for above in _parent_list(given, parents)
        ]
        names = list(dict.fromkeys([*as_list(parents), *(above for above, _ in pairs)]))
        return cls(names, _positions(names, pairs), unscored)

    @classmethod
    def from_codes(
        cls,
        codes: Iterable[str],
        sep: str = "/",
        root: Node | None = None,
        unscored: Iterable[Node] = (),
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
        unscored : iterable of hashable, default=()
            Further nodes that count in no loss and no metric.

        Returns
        -------
        hierarchy : Hierarchy

        Raises
        ------
        ValueError
            If a code is no string or has an empty level, ``sep`` is empty, or the
            root's name is taken.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_codes(["01/01/03", "01/05"]).nodes
        ('01', '01/01', '01/01/03', '01/05')
        """
        if not (isinstance(sep, str) and sep):
            raise ValueError(f"Expected `sep` to be a string, but got {sep!r}.")
        parents: dict[Node, Node | None] = {} if root is None else {root: None}
        for code in as_list(codes):
            paths = _paths(code, sep)
            if root in paths:
                raise ValueError(
                    f"The virtual root {root!r} is a code too; choose another name."
                )
            for above, path in zip([root, *paths], paths, strict=False):
                parents.setdefault(path, above)
        top = [] if root is None else [root]
        return cls.from_parents(parents, unscored=[*top, *as_list(unscored)])

    @classmethod
    def from_networkx(cls, graph: Any, unscored: Iterable[Node] = ()) -> Self:
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
        return cls.from_edges(
            pairs, nodes=graph.nodes, unscored=[*marked, *as_list(unscored)]
        )

    @classmethod
    def flat(cls, names: Iterable[Node]) -> Self:
        """Make a hierarchy without edges: plain multi-label.

        Parameters
        ----------
        names : iterable of hashable
            The nodes, each once.

        Returns
        -------
        hierarchy : Hierarchy

        Raises
        ------
        ValueError
            If a node is named twice.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.flat(["x", "y"])
        Hierarchy(2 nodes, 0 edges, 2 roots, depth 0, tree)
        """
        return cls(as_list(names), np.empty((0, 2), dtype=np.intp))

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


def _pairs(edges: Any) -> list[tuple[Node, Node]]:
    rows = edges.to_numpy() if hasattr(edges, "to_numpy") else edges
    if not isinstance(rows, Iterable) or isinstance(rows, str):
        raise TypeError(f"Expected pairs (parent, child) of names, but got {edges!r}.")
    return [_pair(row) for row in rows]


def _pair(edge: Any) -> tuple[Node, Node]:
    ordered = isinstance(edge, Sequence | np.ndarray) and not isinstance(edge, str)
    if not ordered or len(edge) != 2:
        raise ValueError(f"Expected an edge (parent, child), but got {edge!r}.")
    return plain(edge[0]), plain(edge[1])


def _parent_list(given: Any, parents: Mapping[Node, Any]) -> list[Node]:
    if given is None:
        return []
    if isinstance(given, set | frozenset):
        # The order of a set changes from run to run, that of nodes must not.
        return as_list(sorted(given, key=repr))
    if isinstance(given, tuple) and given not in parents:
        return as_list(given)
    return as_list(given) if isinstance(given, list | np.ndarray) else [plain(given)]


def _paths(code: Any, sep: str) -> list[str]:
    """Return the nodes on the way to a code, from the top, itself included."""
    if not isinstance(code, str) or not all(code.split(sep)):
        raise ValueError(
            f"Expected a code of non-empty levels separated by {sep!r}, but got "
            f"{code!r}."
        )
    parts = code.split(sep)
    return [sep.join(parts[: level + 1]) for level in range(len(parts))]


def _positions(names: list[Node], pairs: list[tuple[Node, Node]]) -> np.ndarray:
    index = {name: position for position, name in enumerate(names)}
    try:
        found = [(index[above], index[below]) for above, below in pairs]
    except KeyError as error:
        raise ValueError(
            f"In `edges`: {unknown(error.args[0], names)} Add it to `nodes` or drop "
            "the edge."
        ) from None
    return np.array(found, dtype=np.intp).reshape(-1, 2)

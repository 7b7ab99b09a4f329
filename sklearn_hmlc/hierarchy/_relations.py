"""Who is above whom in a `Hierarchy`: questions about nodes, asked by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import _graph
from ._names import Node, as_list
from ._structure import Structure

if TYPE_CHECKING:
    from typing_extensions import Self


class Relations(Structure):
    """Positions, parents, ancestors and parts; in `Hierarchy`."""

    def index(self, x: Any) -> Any:
        """Position of a node, or of each of several.

        Parameters
        ----------
        x : hashable, or list, ndarray or Series of hashable
            A name, or names. A tuple is one name.

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
        try:
            hash(x)
        except TypeError:
            return self._at(as_list(x))
        return self._position(x)

    def parents(self, x: Node) -> tuple[Node, ...]:
        """Return the nodes directly above one.

        Parameters
        ----------
        x : hashable
            A node.

        Returns
        -------
        parents : tuple of hashable
            In topological order.

        Raises
        ------
        KeyError
            If ``x`` is no node; the message offers the nearest name.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b"), ("b", "c")]).parents("c")
        ('b',)
        """
        return self._names(self._parent_lists[self._position(x)])

    def children(self, x: Node) -> tuple[Node, ...]:
        """Return the nodes directly below one.

        Parameters
        ----------
        x : hashable
            A node.

        Returns
        -------
        children : tuple of hashable
            In topological order.

        Raises
        ------
        KeyError
            If ``x`` is no node; the message offers the nearest name.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b"), ("b", "c")]).children("a")
        ('b',)
        """
        return self._names(self._child_lists[self._position(x)])

    def ancestors(self, x: Node) -> tuple[Node, ...]:
        """Return all nodes above one.

        Parameters
        ----------
        x : hashable
            A node.

        Returns
        -------
        ancestors : tuple of hashable
            In topological order, ``x`` itself excluded.

        Raises
        ------
        KeyError
            If ``x`` is no node; the message offers the nearest name.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b"), ("b", "c")]).ancestors("c")
        ('a', 'b')
        """
        return self._names(_graph.reachable(self._position(x), self._parent_lists))

    def descendants(self, x: Node) -> tuple[Node, ...]:
        """Return all nodes below one.

        Parameters
        ----------
        x : hashable
            A node.

        Returns
        -------
        descendants : tuple of hashable
            In topological order, ``x`` itself excluded.

        Raises
        ------
        KeyError
            If ``x`` is no node; the message offers the nearest name.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b"), ("b", "c")]).descendants("a")
        ('b', 'c')
        """
        return self._names(_graph.reachable(self._position(x), self._child_lists))

    def subset(self, nodes: Iterable[Node]) -> Self:
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
        keep = sorted(set(self._at(as_list(nodes)).tolist()))
        names = self._names(keep)
        rank = {old: new for new, old in enumerate(keep)}
        pairs = [
            (rank[above], rank[below])
            for above, below in _graph.contract(keep, self._parent_lists)
        ]
        kept = set(names)
        return type(self)(names, pairs, [x for x in self._unscored if x in kept])

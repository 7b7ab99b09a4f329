"""`Hierarchy`: an immutable directed acyclic graph over named nodes.

Put together from the graph itself (`Structure`), the ways to make one (`Conversions`),
who is above whom (`Relations`) and what that asks of labels (`LabelOperations`).
Source: Xu et al. (2026), section 3, and the true path rule of the Gene Ontology.
"""

from __future__ import annotations

from ._closure import LabelOperations
from ._construct import Conversions
from ._relations import Relations


class Hierarchy(Conversions, Relations, LabelOperations):
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
    unscored : tuple of hashable
        The unscored nodes, in topological order.
    scored : ndarray of bool of shape (n_nodes,)
        False for the unscored nodes.
    edges : ndarray of int of shape (n_edges, 2)
        Positions of parent and child, sorted by parent, then child.
    levels : tuple of (ndarray, ndarray)
        The edges (parents, children) grouped by the height of the parent, from the
        leaves up: when a level is walked, all that lies below it is final.

    to_parent : csr_array of bool of shape (n_nodes, n_nodes)
        Row child, column parent: ``Y @ to_parent`` marks what lies above.

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

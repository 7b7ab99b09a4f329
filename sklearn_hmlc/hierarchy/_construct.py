"""The ways to make a `Hierarchy`, and the way out to networkx.

Stage: inside `Hierarchy`'s constructors. In: pairs of names, parents, path codes or a
graph, and what is known of nodes. Out: names and integer edges, checked.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import _frames as frames
from .._optional import optional
from .._validation import Node, as_list, plain, unknown
from . import _direction, _graph
from ._facts import Facts, Known, is_name

Parts = tuple[list[Node], np.ndarray]

# What graphs of `to_networkx` say of their edges, as an attribute of the graph.
_OWN = "parent_to_child"
"""Names, and edges (parent, child) of shape (n_edges, 2) between their positions."""


# -- edges, parents, codes -------------------------------------------------------------


def read_edges(
    edges: Any, nodes: Iterable[Node] | None, direction: str | None = None
) -> Parts:
    """Read pairs of names; the nodes are those given or else those of the pairs."""
    pairs = _pairs(edges, direction)
    if nodes is None:
        names = list(dict.fromkeys(name for pair in pairs for name in pair))
    else:
        names = as_list(nodes)
    return names, _positions(names, pairs)


def read_parents(parents: Any) -> Parts:
    """Read a mapping node -> parents."""
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
    return names, _positions(names, pairs)


def read_codes(codes: Any, sep: Any, root: Node | None) -> Parts:
    """Read path codes; all nodes on the way are made, below a virtual root if any."""
    if not (isinstance(sep, str) and sep):
        raise ValueError(f"Expected `sep` to be a string, but got {sep!r}.")
    if frames.is_frame(codes):
        # Whose names of columns would be taken for codes.
        raise TypeError(
            f"Expected path codes, but got {type(codes).__name__}; give one column, or "
            "its `columns` if they are the codes."
        )
    parents: dict[Node, Node | None] = {} if root is None else {root: None}
    for code in as_list(codes):
        new, above = [], root
        for path in _paths_up(code, sep):
            if path == root:
                raise ValueError(
                    f"The virtual root {root!r} is a code too; choose another name."
                )
            if path in parents:
                above = path
                break
            new.append(path)
        for path in reversed(new):
            parents[path] = above
            above = path
    return read_parents(parents)


def _pairs(edges: Any, direction: str | None) -> list[tuple[Node, Node]]:
    ends = _direction.ends(direction)
    if frames.is_frame(edges):
        pairs = _direction.frame_pairs(edges, direction)
        return [(plain(above), plain(below)) for above, below in pairs]
    if hasattr(edges, "is_directed"):
        # To iterate over a graph yields its nodes: if pairs, they would pass for edges.
        raise TypeError("Expected pairs of names; for a graph use `from_networkx`.")
    if not isinstance(edges, Iterable) or isinstance(edges, str):
        raise TypeError(f"Expected pairs (parent, child) of names, but got {edges!r}.")
    return [_pair(edge, *ends) for edge in edges]


def _pair(edge: Any, above: int, below: int) -> tuple[Node, Node]:
    ordered = isinstance(edge, Sequence | np.ndarray) and not isinstance(edge, str)
    if not ordered or len(edge) != 2:
        raise ValueError(f"Expected an edge (parent, child), but got {edge!r}.")
    fields = getattr(edge, "_fields", ())
    if fields and (named := _direction.parent_and_child(fields)):
        return plain(getattr(edge, named[0])), plain(getattr(edge, named[1]))
    return plain(edge[above]), plain(edge[below])


def _parent_list(given: Any, parents: Mapping[Node, Any]) -> list[Node]:
    if given is None:
        return []
    if isinstance(given, set | frozenset):
        # The order of a set changes from run to run, that of nodes must not.
        return as_list(sorted(given, key=repr))
    if isinstance(given, tuple) and given not in parents:
        return as_list(given)
    return as_list(given) if isinstance(given, list | np.ndarray) else [plain(given)]


def _paths_up(code: Any, sep: str) -> Iterator[str]:
    """Yield the nodes on the way from a code, itself included, up to the top."""
    if not isinstance(code, str) or not all(code.split(sep)):
        raise ValueError(
            f"Expected a code of non-empty levels separated by {sep!r}, but got "
            f"{code!r}."
        )
    end = len(code)
    for part in reversed(code.split(sep)):
        yield code[:end]
        end -= len(part) + len(sep)


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


# -- networkx --------------------------------------------------------------------------


def read_networkx(
    graph: Any, relations: Iterable[str] | None, direction: str | None
) -> tuple[Parts, str | None]:
    """Read the nodes and the chosen edges of a directed graph, and their direction."""
    if not (hasattr(graph, "is_directed") and graph.is_directed()):
        raise TypeError(
            "Expected a directed networkx graph with edges parent -> child, but "
            f"got {type(graph).__name__}; use networkx.DiGraph."
        )
    if direction is None and graph.graph.get(_OWN) is True:
        direction = _direction.DOWN
    pairs = _direction.graph_pairs(graph, relations, direction)
    return read_edges(pairs, graph.nodes), direction


def networkx_facts(graph: Any, given: Known) -> Known:
    """Read what is known of nodes off the graph; what is given replaces it."""
    titles = graph.nodes(data="name")
    spaces = graph.nodes(data="namespace")
    found: dict[str, Any] = {
        # Any graph may have attributes of these names that mean something else.
        "names": {node: name for node, name in titles if isinstance(name, str)},
        "namespaces": {node: space for node, space in spaces if is_name(space)},
        "metadata": {
            key: x
            for key, x in graph.graph.items()
            if isinstance(key, str) and key != _OWN
        },
        "alternatives": {
            other: node
            for node, others in graph.nodes(data="alt_id")
            for other in (others if isinstance(others, list) else ())
            if is_name(other) and other not in graph
        },
    }
    for fact, values in given.items():
        if isinstance(values, Mapping) and fact in found:
            found[fact] = {**found[fact], **values}
        elif values is not None:
            found[fact] = values  # a Series, or something that `check_facts` refuses
    return found  # type: ignore[return-value]


def networkx_unscored(graph: Any, unscored: Any) -> list[Node]:
    """Nodes with the attribute ``scored=False``, and further ones that are given."""
    marked = graph.nodes(data="scored", default=True)
    found = [node for node, scored in marked if not scored]
    return [*found, *as_list(unscored, "unscored")]


def to_networkx(hierarchy: Any, facts: Facts) -> Any:
    """Make a `networkx.DiGraph` that `read_networkx` and `networkx_facts` read back."""
    nx = optional("networkx", "Hierarchy.to_networkx", "graph")
    graph = nx.DiGraph()
    graph.graph.update(copy.deepcopy(facts.metadata), **{_OWN: True})
    scored = zip(hierarchy.nodes, hierarchy.scored.tolist(), strict=True)
    graph.add_nodes_from((node, {"scored": value}) for node, value in scored)
    nx.set_node_attributes(graph, facts.names, "name")
    nx.set_node_attributes(graph, facts.namespaces, "namespace")
    for other, node in facts.alternatives.items():
        graph.nodes[node].setdefault("alt_id", []).append(other)
    graph.add_edges_from(hierarchy.edge_names)
    return graph


# -- checks of names and edges ---------------------------------------------------------


def in_order(names: list[Node], edges: Any) -> tuple[dict[Node, int], np.ndarray]:
    """Return names with positions, parents first, and the edges between positions.

    Raises
    ------
    ValueError
        If a name is missing or comes twice, an edge is none, or there is a cycle.
    """
    _check_names(names)
    pairs = _check_pairs(edges, len(names))
    order = _check_order(names, pairs)
    ordered = {names[old]: new for new, old in enumerate(order.tolist())}
    return ordered, np.unique(np.argsort(order)[pairs], axis=0)


def _check_names(names: Iterable[Node]) -> None:
    """Raise where a name is missing (None, NaN) or comes twice."""
    seen: set[Node] = set()
    for name in names:
        if not is_name(name):
            raise ValueError(f"{name!r} can't name a node; use a string or a number.")
        if name in seen:
            raise ValueError(f"Node {name!r} is given twice; names must be unique.")
        seen.add(name)


def _check_pairs(edges: Any, n_nodes: int) -> np.ndarray:
    """Return edges between positions as an array of shape (n_edges, 2)."""
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


def check_unscored(unscored: Any, index: Mapping[Node, int]) -> tuple[Node, ...]:
    """Return the unscored nodes in the order of all nodes, each once.

    Raises
    ------
    ValueError
        If a name is no node.
    """
    given = dict.fromkeys(as_list(unscored, "unscored"))
    for name in given:
        if name not in index:
            raise ValueError(f"In `unscored`: {unknown(name, list(index))}")
    # Names as the nodes have them, though 1 equals 1.0.
    return tuple(node for node in index if node in given)


def _check_order(names: Sequence[Node], pairs: np.ndarray) -> np.ndarray:
    """Return the topological order of the nodes; an error has the path of a cycle."""
    parent, child = pairs.T
    order = _graph.topological_order(len(names), parent, child)
    if len(order) < len(names):
        cycle = [names[node] for node in _graph.find_cycle(len(names), parent, child)]
        raise ValueError(
            f"Node {cycle[0]!r} is its own ancestor through {arrows(cycle)}; remove "
            "one of these edges."
        )
    return order


def arrows(names: Sequence[Node], most: int = 12) -> str:
    """Names with arrows between them; of a long path the two ends."""
    steps = [str(name) for name in names]
    if len(steps) > most:
        half = most // 2
        steps[half:-half] = [f"({len(steps) - 2 * half} more)"]
    return " -> ".join(steps)

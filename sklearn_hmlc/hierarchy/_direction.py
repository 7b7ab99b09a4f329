"""Which way edges run: from parent to child, or the other way round.

Stage: inside `Hierarchy`'s constructors. In: frames, networkx graphs and pairs as users
have them. Out: pairs (parent, child), or an error with the recipe, since a hierarchy
upside down looks like any other and makes all that is learnt under it wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from .. import _frames as frames
from .._validation import Node, as_list, check_option, count, did_you_mean, shorten
from . import _graph

DOWN, UP = DIRECTIONS = "parent_to_child", "child_to_parent"

Pair = tuple[Node, Node]
H = TypeVar("H")

# Kinds of edges whose upper end is an ancestor in the sense of the true path rule, and
# others that come beside them. All are read "child kind parent".
_ANCESTRAL = {"is_a", "part_of", "instance_of", "child_of", "broader", "skos:broader"}
_ANCESTRAL |= {"subclassof", "rdfs:subclassof"}
_BESIDE = {"regulates", "positively_regulates", "negatively_regulates", "has_part"}
_BESIDE |= {"occurs_in", "happens_during", "ends_during", "capable_of", "located_in"}
_BESIDE |= {"develops_from", "derives_from"}

# The three roots of the Gene Ontology, in the forms in which files have them.
_TOPS = {"GO:0003674", "GO:0005575", "GO:0008150"}
_TOPS |= {top.replace(":", "") for top in _TOPS}

# In a hierarchy upside down every unscored leaf gives it away: look at a few.
_MOST_LEAVES = 20


def ends(direction: str | None) -> tuple[int, int]:
    """Return which end of a pair is the parent and which the child; None is `DOWN`."""
    if direction is not None:
        check_option("direction", direction, DIRECTIONS)
    return (1, 0) if direction == UP else (0, 1)


# -- columns of frames -----------------------------------------------------------------


def frame_pairs(frame: Any, direction: str | None) -> Iterable[Pair]:
    """Return the rows of a frame as (parent, child), by the names of the columns."""
    names: list[Any] = frames.columns(frame, "edges") or []
    if not names:
        return ()
    if len(names) != 2:
        raise ValueError(
            f"Expected edges in two columns, parent and child, but got {shorten(names)}"
            "; choose rows, if there are kinds of edges, and then the columns: "
            "`edges[['parent', 'child']]`."
        )
    above, below = parent_and_child(names) or _by_direction(names, direction)
    return zip(frames.values(frame, above), frames.values(frame, below), strict=True)


def parent_and_child(names: Sequence[Any]) -> list[Any] | None:
    """Return two names as [parent, child] if one of them says which it is."""
    words = [str(name).casefold() for name in names]
    parents = ["parent" in word and "child" not in word for word in words]
    children = ["child" in word and "parent" not in word for word in words]
    if sum(parents) > 1 or sum(children) > 1 or not any(parents + children):
        return None
    first = parents[0] or children[1]
    return [names[0], names[1]] if first else [names[1], names[0]]


def _by_direction(names: list[Any], direction: str | None) -> list[Any]:
    """Return two names that say nothing of parents as [parent, child]."""
    words = [str(name).casefold() for name in names]
    if words in (["target", "source"], ["to", "from"]):
        names = names[::-1]
    # Nor do the names that pandas and polars make up where none were given.
    elif direction is None and not (
        words in (["source", "target"], ["from", "to"], ["column_0", "column_1"])
        or names == [0, 1]
    ):
        raise ValueError(
            f"The columns of the edges are {shorten(names)}, which do not say who is "
            "the parent. Name them parent and child, or say direction='parent_to_child'"
            " (the first column is the parent) or 'child_to_parent'."
        )
    above, below = ends(direction)
    return [names[above], names[below]]


# -- kinds of edges in networkx --------------------------------------------------------


def graph_pairs(
    graph: Any, relations: Iterable[str] | None, direction: str | None
) -> list[Pair]:
    """Return the edges of the chosen kinds as (parent, child)."""
    above, below = ends(direction)
    wanted = None if relations is None else as_list(relations, "relations")
    edges = list(_edges_with_kinds(graph, wanted or []))
    kinds = [str(kind) for kind in dict.fromkeys(edge[2] for edge in edges) if kind]
    if edges:
        _check_kinds(kinds, wanted, direction)
    if wanted is not None:
        edges = [edge for edge in edges if edge[2] in wanted]
    pairs = [(edge[above], edge[below]) for edge in edges]
    _check_is_a(graph, pairs)
    return pairs


def _edges_with_kinds(
    graph: Any, wanted: Sequence[Any]
) -> Iterator[tuple[Any, Any, Any]]:
    """Yield edges with their kind: an attribute that is one, or the key."""
    keyed = {"keys": True} if graph.is_multigraph() else {}
    for one, other, *key, data in graph.edges(data=True, **keyed):
        words = [word for word in (*key, *data.values()) if isinstance(word, str)]
        kinds = [word for word in words if word in wanted or is_relation(word)]
        keys = [word for word in key if isinstance(word, str)]
        yield one, other, next(iter([*kinds, *keys]), None)


def is_relation(word: str) -> bool:
    """Tell the usual kinds of an ontology's edges from other words."""
    return word.casefold() in _ANCESTRAL or word.casefold() in _BESIDE


def _check_kinds(kinds: list[str], wanted: list[Any] | None, direction: Any) -> None:
    for word in wanted or []:
        # An ontology may happen to lack one of the usual kinds.
        if word not in kinds and not (is_relation(str(word)) and kinds):
            raise ValueError(
                f"In `relations`: {word!r} is no kind of the graph's edges, which are "
                f"{shorten(kinds)}.{did_you_mean(word, kinds)}"
            )
    if not any(map(is_relation, kinds)):
        return
    ancestral = [kind for kind in kinds if kind.casefold() in _ANCESTRAL]
    if direction is None:
        raise ValueError(
            f"The graph's edges are of the kinds {shorten(kinds)}. As obonet reads "
            "ontologies, such edges run from child to parent. Say which way they run, "
            "and which kinds make an ancestor: `Hierarchy.from_networkx(graph, "
            f"direction='child_to_parent', relations={ancestral})`; after "
            "`graph.reverse()` the direction is 'parent_to_child'."
        )
    if wanted is None and len(ancestral) < len(kinds):
        others = [kind for kind in kinds if kind not in ancestral]
        raise ValueError(
            f"Edges of the kinds {shorten(others)} need not make an ancestor, and the "
            f"true path rule holds for ancestors alone. Choose: `relations={ancestral}`"
            "."
        )


def _check_is_a(graph: Any, pairs: Iterable[Pair]) -> None:
    """Raise where a node's attribute ``is_a``, as obonet has it, names its child."""
    for above, below in pairs:
        stated = graph.nodes[above].get("is_a")
        if stated == below or (isinstance(stated, list | tuple) and below in stated):
            raise ValueError(
                f"The graph says that {above!r} is_a {below!r}, but its edges, read "
                f"as they are, make {above!r} the parent. Turn them round: by "
                "`graph.reverse()`, or by the other `direction`, one of "
                f"{DIRECTIONS[0]!r} and {DIRECTIONS[1]!r}."
            )


# -- unscored leaves -------------------------------------------------------------------


_SAY = "direction='parent_to_child' or 'child_to_parent'"
_RECIPES = {
    "from_edges": "Turn the edges round, `[(parent, child) for child, parent in edges]`"
    f", or say which way they run: {_SAY}.",
    "from_networkx": f"Turn it, `graph.reverse()`, or say which way edges run: {_SAY}.",
    "from_parents": "Give each node's parents, not its children; if it is right, use "
    "`Hierarchy.from_edges` with direction='parent_to_child'.",
}


def upright(hierarchy: H, constructor: str, direction: str | None = None) -> H:
    """Return a hierarchy, unless what should be a root hangs below all the rest.

    A virtual root and the roots of namespaces are unscored. Upside down they are
    leaves, and what lies above them fans out upwards: of the scored roots and leaves
    around them more are roots. A hierarchy that is right fans out downwards, even
    where a rare leaf is unscored. A single edge tells nothing, and a ``direction`` of
    `DOWN` is taken at its word.
    """
    if direction != DOWN:
        _check_leaves(hierarchy, constructor)
    return hierarchy


def _check_leaves(hierarchy: Any, constructor: str) -> None:
    tops = [node for node in _TOPS if node in hierarchy]
    odd = {hierarchy.index(node) for node in (*tops, *hierarchy.unscored)}
    if not odd or not hierarchy.n_edges:
        return
    leaves = [
        x
        for x in hierarchy.leaves
        if hierarchy.index(x) in odd and hierarchy.parents(x)
    ]
    for leaf in leaves[:_MOST_LEAVES]:
        n_above, n_roots, n_leaves = _around(hierarchy, leaf, odd)
        # The roots of the Gene Ontology may be leaves below one virtual root.
        least = 1 if leaf in hierarchy.unscored else 2
        if n_roots >= least and n_roots > n_leaves:
            what = "unscored" if least == 1 else "a root of the Gene Ontology"
            raise ValueError(
                f"Node {leaf!r} is {what}, but {count(n_above, 'node')} lie above it "
                f"and none below: the hierarchy seems to be upside down. "
                f"{_RECIPES[constructor]}"
            )


def _around(hierarchy: Any, leaf: Node, odd: set[int]) -> tuple[int, int, int]:
    """Count the nodes above a leaf, the roots there, and the leaves below those."""
    parents, children = hierarchy._parent_lists, hierarchy._child_lists
    above = _graph.reachable([hierarchy.index(leaf)], parents)
    roots = [node for node in above if not len(parents[node])]
    below = _graph.reachable(roots, children)
    leaves = [node for node in below if not len(children[node])]
    if len(above) == len(below) == 1:
        return 1, 0, 0
    return len(above), len(set(roots) - odd), len(set(leaves) - odd)

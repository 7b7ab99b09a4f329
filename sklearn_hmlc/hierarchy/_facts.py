"""What is known of nodes, and of a hierarchy as a whole, beside the graph.

Stage: inside `Hierarchy`. In: mappings as users give them, checked here. Out: titles
and namespaces by node, in node order, other names of nodes, and metadata.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np

from .._validation import Node, count, goes_by_name, to_python, unknown


class Known(TypedDict, total=False):
    """The arguments by which users give them."""

    names: Mapping[Node, str] | None
    namespaces: Mapping[Node, Node] | None
    metadata: Mapping[str, Any] | None
    alternatives: Mapping[Node, Node] | None


@dataclass(frozen=True, eq=False)
class Facts:
    """Titles and namespaces by node, metadata, other names; equal by value."""

    names: dict[Node, str]
    namespaces: dict[Node, Node]
    metadata: dict[str, Any]
    alternatives: dict[Node, Node] = field(default_factory=dict)

    def of(self, nodes: Sequence[Node]) -> Known:
        """Return what is known of some of the nodes."""
        kept = set(nodes)
        others = self.alternatives.items()
        return {
            "names": {x: self.names[x] for x in nodes if x in self.names},
            "namespaces": {
                x: self.namespaces[x] for x in nodes if x in self.namespaces
            },
            "metadata": self.metadata,
            "alternatives": {old: node for old, node in others if node in kept},
        }

    def words(self) -> list[str]:
        """Say in a few words what is known, for a repr."""
        words = ["named"] if self.names else []
        if self.namespaces:
            words.append(count(len(set(self.namespaces.values())), "namespace"))
        short = [
            f"{key}={value!r}"
            for key, value in self.metadata.items()
            if isinstance(value, str | int | float) and len(str(value)) <= 40
        ]
        return [*words, *short[:3]]

    def groups(self, nodes: Sequence[Node]) -> dict[str, np.ndarray]:
        """Return which nodes have a title, and which are in each namespace."""
        groups = {}
        if self.names:
            groups["named"] = np.array([node in self.names for node in nodes])
        for space in list(dict.fromkeys(self.namespaces.values()))[:10]:
            inside = [self.namespaces.get(node) == space for node in nodes]
            groups[f"in {space}"] = np.array(inside)
        return groups

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Facts):
            return NotImplemented
        return (
            self.names == other.names
            and self.namespaces == other.namespaces
            and self.alternatives == other.alternatives
            and self.metadata.keys() == other.metadata.keys()
            and all(_same(x, other.metadata[key]) for key, x in self.metadata.items())
        )

    def __hash__(self) -> int:
        # Values of metadata may be lists, which have no hash.
        mappings = self.names, self.namespaces, self.alternatives
        known = tuple(frozenset(mapping.items()) for mapping in mappings)
        return hash((known, frozenset(self.metadata)))


def _same(one: Any, other: Any) -> bool:
    """Tell whether values of metadata are equal, whatever they hold; NaN is itself."""
    one, other = (x.tolist() if isinstance(x, np.ndarray) else x for x in (one, other))
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        same = one.keys() == other.keys()
        return same and all(_same(x, other[key]) for key, x in one.items())
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, Mapping | Sequence) or isinstance(other, Mapping | Sequence):
        return type(one) is type(other) and bool(one == other)
    try:
        return bool(np.all(one == other)) or bool(one != one and other != other)
    except (TypeError, ValueError):
        return False


# -- checks ----------------------------------------------------------------------------


def check_facts(
    index: Mapping[Node, int],
    names: Any,
    namespaces: Any,
    metadata: Any,
    alternatives: Any = None,
) -> Facts:
    """Return what users say of nodes, given the positions of all nodes.

    Raises
    ------
    ValueError
        If a name is no node, or an alternative is one.
    TypeError
        If something is no mapping, a title no string, or a namespace not hashable.
    """
    return Facts(
        _by_node(names, index, "names", "a string", _is_title),
        _by_node(namespaces, index, "namespaces", "a hashable value", is_name),
        _check_metadata(metadata),
        _check_alternatives(alternatives, index),
    )


def _by_node(
    spec: Any,
    index: Mapping[Node, int],
    parameter: str,
    expected: str,
    good: Callable[[Any], bool],
) -> dict[Node, Any]:
    given = _plain_mapping(spec, parameter, "nodes")
    for node, value in given.items():
        if node not in index:
            raise ValueError(f"In `{parameter}`: {unknown(node, list(index))}")
        if not good(value):
            raise TypeError(
                f"In `{parameter}`: expected {expected} for node {node!r}, but got "
                f"{value!r}; leave out nodes that have none."
            )
    return {node: given[node] for node in sorted(given, key=index.__getitem__)}


def _check_alternatives(spec: Any, index: Mapping[Node, int]) -> dict[Node, Node]:
    given = _plain_mapping(spec, "alternatives", "other names")
    for other, node in given.items():
        if node not in index:
            raise ValueError(f"In `alternatives`: {unknown(node, list(index))}")
        if other in index:
            raise ValueError(
                f"In `alternatives`: {other!r} stands for {node!r}, but is a node "
                "itself; leave it out."
            )
    # In an order of its own, so that equal hierarchies have equal pickles.
    ordered = sorted(given.items(), key=lambda pair: (index[pair[1]], repr(pair[0])))
    return dict(ordered)


def _plain_mapping(spec: Any, parameter: str, keys: str) -> dict[Node, Any]:
    if spec is None:
        return {}
    if not goes_by_name(spec):
        raise TypeError(
            f"Expected `{parameter}` as a mapping from {keys}, but got "
            f"{type(spec).__name__}."
        )
    return {to_python(key): to_python(value) for key, value in dict(spec).items()}


def _is_title(value: Any) -> bool:
    return isinstance(value, str)


def is_name(value: Any) -> bool:
    """Tell what can name something: hashable, and neither None nor NaN."""
    try:
        hash(value)
        return value is not None and bool(value == value)
    except TypeError:  # not hashable; or pandas.NA, which is neither true nor false
        return False


def is_missing(value: Any) -> bool:
    """Tell None, NaN and the like from names, and from lists of names."""
    try:
        hash(value)
    except TypeError:
        return False
    return not is_name(value)


def _check_metadata(metadata: Any) -> dict[str, Any]:
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise TypeError(
            "Expected `metadata` as a mapping, such as {'version': '2026-01'}, but got "
            f"{type(metadata).__name__}."
        )
    for key in metadata:
        if not isinstance(key, str):
            raise TypeError(
                f"Expected the keys of `metadata` to be strings, but got {key!r}."
            )
    return copy.deepcopy(dict(metadata))

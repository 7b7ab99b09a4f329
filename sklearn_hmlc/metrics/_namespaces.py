"""Which nodes make up a namespace, such as the three of the Gene Ontology.

Stage: before CAFA's measures. In: a hierarchy, and perhaps the nodes at the tops. Out:
name -> positions of its scored nodes.

Terms of one namespace may be parts of terms of another, so that they lie below both
tops. Where the hierarchy knows the nodes' namespaces, each node counts in its own
alone, as in CAFA; else the graph is all there is to go by.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .. import _validation as check
from .._validation import BoolArray, Node
from ..hierarchy import Hierarchy

_ALL = "all"

Groups = dict[Node, list[Node]]


def nodes_by_namespace(
    hierarchy: Hierarchy, tops: Iterable[Node] | None
) -> dict[Node, NDArray[np.intp]]:
    """Name -> positions of the namespace's scored nodes.

    Warns
    -----
    UserWarning
        If nodes lie below several tops, and nothing says which is theirs.
    """
    if tops is None:
        groups = _default_tops(hierarchy)
    else:
        groups = {top: [top] for top in _known(tops, hierarchy)}
    inside = {name: _below(hierarchy, group) for name, group in groups.items()}
    if hierarchy.namespaces:
        _keep_own(inside, groups, hierarchy, every=tops is None)
    inside = {name: nodes & hierarchy.scored for name, nodes in inside.items()}
    _warn_of_shared(inside, groups, hierarchy)
    return {name: np.flatnonzero(nodes) for name, nodes in inside.items()}


# -- tops ------------------------------------------------------------------------------


def _default_tops(hierarchy: Hierarchy) -> Groups:
    """Each unscored root, or its children where they are unscored; then the rest.

    The rest goes by the namespaces of its roots, where they are known.
    """
    unscored, spaces = set(hierarchy.unscored), hierarchy.namespaces
    groups: Groups = {}
    for root in hierarchy.roots:
        children = hierarchy.children(root)
        if root in unscored:
            virtual = len(children) > 0 and unscored.issuperset(children)
            groups.update((top, [top]) for top in (children if virtual else [root]))
    names = {spaces[top]: top for top in reversed(groups) if top in spaces}
    for root in hierarchy.roots:
        if root not in unscored:
            space = spaces.get(root, _ALL)
            groups.setdefault(names.get(space, space), []).append(root)
    return groups


def _known(tops: Iterable[Node], hierarchy: Hierarchy) -> list[Node]:
    names = list(tops) if isinstance(tops, Iterable) else []
    unknown = [name for name in names if name not in hierarchy]
    if unknown or not names or isinstance(tops, str):
        raise ValueError(
            "Expected `namespaces` to be a list of nodes of the hierarchy, but got "
            f"{tops!r}; no nodes: {check.shorten(unknown)}."
        )
    return names


def _below(hierarchy: Hierarchy, tops: Iterable[Node]) -> BoolArray:
    """Tell the nodes at and below some nodes."""
    names = {name for top in tops for name in (top, *hierarchy.descendants(top))}
    mask = np.zeros(hierarchy.n_nodes, dtype=bool)
    mask[hierarchy.index(list(names))] = True
    return mask


# -- namespaces that are known ---------------------------------------------------------


def _keep_own(
    inside: dict[Node, BoolArray],
    groups: Groups,
    hierarchy: Hierarchy,
    every: bool,
) -> None:
    """Leave each namespace its own nodes, and those of which nothing is known.

    Nodes that come under the tops of other namespaces alone are brought home: to the
    first top that has none of its namespace above it, or, where ``every`` namespace is
    asked for, to one of their own.
    """
    code, spaces = codes(hierarchy), hierarchy.namespaces
    homes: dict[int, Node] = {}
    for name, tops in groups.items():
        positions = [hierarchy.index(top) for top in tops]
        own = {int(code[position]) for position in positions} - {-1}
        if own:
            inside[name] &= np.isin(code, [*own, -1])
        for top, position in zip(tops, positions, strict=True):
            if code[position] >= 0 and not _has_own_above(hierarchy, top, code):
                homes.setdefault(int(code[position]), name)
    for stray in _strays(hierarchy, code):
        space = int(code[hierarchy.index(stray)])
        if space not in homes and every:
            homes[space] = spaces[stray]
            inside[spaces[stray]] = np.zeros(hierarchy.n_nodes, dtype=bool)
        if space in homes:
            inside[homes[space]] |= _below(hierarchy, [stray]) & (code == space)


def codes(hierarchy: Hierarchy) -> NDArray[np.intp]:
    """Number the namespaces by node; -1 where none is known."""
    spaces = hierarchy.namespaces
    numbers = {space: k for k, space in enumerate(dict.fromkeys(spaces.values()))}
    found = [numbers[spaces[x]] if x in spaces else -1 for x in hierarchy.nodes]
    return np.array(found, dtype=np.intp)


def across(hierarchy: Hierarchy, code: NDArray[np.intp]) -> BoolArray:
    """Tell the edges that lead from one known namespace into another."""
    above, below = code[hierarchy.edges.T]
    return (above >= 0) & (below >= 0) & (above != below)


def _strays(hierarchy: Hierarchy, code: NDArray[np.intp]) -> list[Node]:
    """Nodes below those of other namespaces, with none of their own above."""
    above, below = hierarchy.edges.T
    kept = below[code[above] == code[below]]  # most have a parent of their own
    led = np.setdiff1d(below[across(hierarchy, code)], kept)
    names = [hierarchy.nodes[position] for position in led.tolist()]
    return [name for name in names if not _has_own_above(hierarchy, name, code)]


def _has_own_above(hierarchy: Hierarchy, node: Node, code: NDArray[np.intp]) -> bool:
    above = [hierarchy.index(name) for name in hierarchy.ancestors(node)]
    return bool((code[above] == code[hierarchy.index(node)]).any())


# -- namespaces that are not known -----------------------------------------------------


def _warn_of_shared(
    inside: Mapping[Node, BoolArray], groups: Groups, hierarchy: Hierarchy
) -> None:
    """Warn of nodes below two tops of which neither lies below the other."""
    shared = np.zeros(hierarchy.n_nodes, dtype=bool)
    for one, other in combinations(inside, 2):
        both = inside[one] & inside[other]
        if both.any() and not _nested(groups[one] + groups[other], hierarchy):
            shared |= both
    if shared.any():
        names = [hierarchy.nodes[position] for position in np.flatnonzero(shared)]
        warnings.warn(
            f"{check.count(len(names), 'node')} below several namespaces' tops: "
            f"{check.shorten(names)}. They count in each, where CAFA counts a term in "
            "its own namespace alone; make the hierarchy with `namespaces`, a mapping "
            "from nodes.",
            UserWarning,
            stacklevel=5,  # the caller of the public function
        )


def _nested(tops: list[Node], hierarchy: Hierarchy) -> bool:
    return any(not set(tops).isdisjoint(hierarchy.ancestors(top)) for top in tops)

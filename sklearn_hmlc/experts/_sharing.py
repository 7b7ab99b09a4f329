"""One hierarchy for all experts: found and checked.

Stage: before any expert is fitted. In: unfitted experts by name, and the hierarchy of
the whole, if it was given. Out: the hierarchy, or None for a flat one.
"""

from __future__ import annotations

from typing import Any

from .._inner_fit import is_frozen
from .._response import hierarchy_of, knows_hierarchies, own_hierarchy
from .._words import shorten
from ..hierarchy import Hierarchy


def shared_hierarchy(
    given: Hierarchy | None, experts: dict[str, Any]
) -> Hierarchy | None:
    """Return the hierarchy that all experts have or are to have, or raise."""
    own = {name: _hierarchy_inside(expert) for name, expert in experts.items()}
    having = [name for name, hierarchy in own.items() if hierarchy is not None]
    if not having:
        return given
    shared, whose = given, "`hierarchy`"
    if shared is None:
        shared, whose = own[having[0]], f"that of {having[0]!r}"
    for name in having:
        if own[name] != shared:
            raise ValueError(
                f"Expected the experts to have one hierarchy, but that of {name!r}, "
                f"{own[name]!r}, differs from {whose}, {shared!r}."
            )
    lacking = [name for name in experts if own[name] is None]
    lacking = [name for name in lacking if knows_hierarchies(experts[name])]
    if given is None and lacking:
        raise ValueError(
            "Expected the experts to have one hierarchy, but there is one in "
            f"{shorten(having)} and none in {shorten(lacking)}. Give it as `hierarchy` "
            "to the whole, which hands it to those without."
        )
    return shared


def _hierarchy_inside(expert: Any) -> Hierarchy | None:
    return hierarchy_of(expert) if is_frozen(expert) else own_hierarchy(expert)

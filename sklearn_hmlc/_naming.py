"""Which hierarchy names the columns of the arrays of one call.

Stage: at the door of functions that can do without a hierarchy. In: a hierarchy or
None, and arrays in whatever container. Out: a hierarchy whose nodes are their columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _frames as frames
from . import _validation as check
from .hierarchy import Hierarchy


def given_hierarchy(hierarchy: Any) -> Hierarchy:
    """Return the hierarchy; raise if it is anything else."""
    if not isinstance(hierarchy, Hierarchy):
        raise TypeError(
            f"Expected `hierarchy` to be a Hierarchy, but got "
            f"{type(hierarchy).__name__}; make one with `Hierarchy.from_edges`."
        )
    return hierarchy


def common_hierarchy(
    hierarchy: Hierarchy | None,
    sides: Mapping[str, Any],
    per_node: Mapping[str, Any] | None = None,
) -> Hierarchy:
    """Return the hierarchy that names the columns of all sides of a call.

    It is the given one, else a flat one over the columns of the first frame, so that
    others are matched with it, else over positions. ``sides`` are arrays with a column
    per node and ``per_node`` those with a value per node, by what the user calls them;
    None stands for what is not given.

    Raises
    ------
    ValueError
        If a frame's columns are not the nodes, or something without names stands beside
        a frame whose columns are not in node order.
    """
    sides = {name: Y for name, Y in sides.items() if Y is not None}
    columns = {name: frames.columns(Y, name) for name, Y in sides.items()}
    if hierarchy is not None:
        hierarchy = given_hierarchy(hierarchy)
    else:
        named = [names for names in columns.values() if names is not None]
        width = _width(*next(iter(sides.items()))) if not named else 0
        hierarchy = Hierarchy.flat(named[0] if named else range(width))
    for name, names in columns.items():
        if names is not None:
            check.column_positions(hierarchy, names, name)
    check.check_one_order(hierarchy, sides, per_node or {})
    return hierarchy


def _width(name: str, Y: Any) -> int:
    if check.is_list_of_probabilities(Y):
        return len(Y)
    try:
        shape = Y.shape if hasattr(Y, "shape") else np.shape(Y)
    except ValueError:
        raise ValueError(f"Expected `{name}` with rows of one length.") from None
    if len(shape) != 2:
        raise ValueError(
            f"Expected `{name}` of shape (n_samples, n_nodes), but got shape {shape}."
        )
    return int(shape[1])

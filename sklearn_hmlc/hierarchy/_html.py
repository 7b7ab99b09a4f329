"""A hierarchy in a notebook: how many nodes it has, depth by depth.

Stage: display. In: a `Hierarchy`. Out: a small HTML table.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._structure import Structure


def summary_html(hierarchy: Structure) -> str:
    """Return a table of how many nodes, leaves and unscored nodes each depth has."""
    counted = {
        "nodes": np.ones(hierarchy.n_nodes, dtype=bool),
        "leaves": hierarchy.height == 0,
        "unscored": ~hierarchy.scored,
    }
    n_depths = hierarchy.depth.max(initial=-1) + 1
    rows = [_row("th", "depth", range(n_depths))]
    for name, chosen in counted.items():
        counts = np.bincount(hierarchy.depth[chosen], minlength=n_depths)
        rows.append(_row("td", name, counts.tolist()))
    title = html.escape(repr(hierarchy))
    return f"<div><b>{title}</b><table>{''.join(rows)}</table></div>"


def _row(tag: str, name: str, values: Iterable[int]) -> str:
    cells = "".join(f"<{tag}>{value}</{tag}>" for value in values)
    return f"<tr><th>{name}</th>{cells}</tr>"

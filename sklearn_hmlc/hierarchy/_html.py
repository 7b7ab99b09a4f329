"""A hierarchy in a line, and in a notebook: how many nodes it has, depth by depth.

Stage: display. In: a `Hierarchy`. Out: a few words, or a drawing and a table as
HTML.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from .._validation import count
from ._icicle import icicle

if TYPE_CHECKING:
    from ._hierarchy import Hierarchy

_MOST_LETTERS = 60


def summary(hierarchy: Hierarchy, known: Iterable[str]) -> str:
    """Return sizes and shape in a line; ``known`` are words of what else is known."""
    if hierarchy.n_nodes == 0:
        return "Hierarchy(0 nodes)"
    parts = [
        count(hierarchy.n_nodes, "node"),
        count(hierarchy.n_edges, "edge"),
        count(len(hierarchy.roots), "root"),
        f"depth {hierarchy.depth.max()}",
        "tree" if hierarchy.is_tree else "DAG",
        *known,
    ]
    return f"Hierarchy({', '.join(parts)})"


def summary_html(hierarchy: Hierarchy, more: Mapping[str, np.ndarray]) -> str:
    """Return a drawing of the top, and how many nodes of each group each depth has."""
    depth = hierarchy.depth
    groups = {
        "nodes": np.ones(hierarchy.n_nodes, dtype=bool),
        "leaves": hierarchy.height == 0,
        "unscored": ~hierarchy.scored,
        **more,
    }
    n_depths = depth.max(initial=-1) + 1
    rows = [_row("th", "depth", range(n_depths))]
    for name, chosen in groups.items():
        counts = np.bincount(depth[chosen], minlength=n_depths)
        rows.append(_row("td", name, counts.tolist()))
    facts = [_fact(str(key), str(value)) for key, value in hierarchy.metadata.items()]
    table = f"<table>{''.join(rows)}</table>"
    heading = f"<b>{html.escape(repr(hierarchy))}</b>"
    drawing = f"<div>{icicle(hierarchy)}</div>"
    return f"<div>{heading}{drawing}{table}{''.join(facts)}</div>"


def _row(tag: str, name: str, values: Iterable[int]) -> str:
    cells = "".join(f"<{tag}>{value}</{tag}>" for value in values)
    return f"<tr><th>{html.escape(name)}</th>{cells}</tr>"


def _fact(key: str, value: str) -> str:
    if len(value) > _MOST_LETTERS:
        value = value[:_MOST_LETTERS] + "..."
    return f"<p>{html.escape(key)}: {html.escape(value)}</p>"

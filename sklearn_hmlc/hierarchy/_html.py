"""A hierarchy in a notebook: how many nodes it has, depth by depth.

Stage: display. In: a heading, the depth of each node, groups of nodes and what else is
known. Out: a small HTML table.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

_MOST_LETTERS = 60


def summary_html(
    title: str,
    depth: np.ndarray,
    groups: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
) -> str:
    """Return a table of how many nodes of each group (a mask) each depth has."""
    n_depths = depth.max(initial=-1) + 1
    rows = [_row("th", "depth", range(n_depths))]
    for name, chosen in groups.items():
        counts = np.bincount(depth[chosen], minlength=n_depths)
        rows.append(_row("td", name, counts.tolist()))
    facts = [_fact(str(key), str(value)) for key, value in metadata.items()]
    table = f"<table>{''.join(rows)}</table>"
    return f"<div><b>{html.escape(title)}</b>{table}{''.join(facts)}</div>"


def _row(tag: str, name: str, values: Iterable[int]) -> str:
    cells = "".join(f"<{tag}>{value}</{tag}>" for value in values)
    return f"<tr><th>{html.escape(name)}</th>{cells}</tr>"


def _fact(key: str, value: str) -> str:
    if len(value) > _MOST_LETTERS:
        value = value[:_MOST_LETTERS] + "..."
    return f"<p>{html.escape(key)}: {html.escape(value)}</p>"

"""The top of a hierarchy as a small drawing: what lies below what, and how much.

Stage: display. In: a `Hierarchy`. Out: an SVG. A row of boxes per depth; below each
node lie its children, and a box is as wide as what there is below it. Where the graph
is no tree, a node stands below the first of its deepest parents.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from .._validation import count

if TYPE_CHECKING:
    from ._hierarchy import Hierarchy

_WIDTH, _HEIGHT, _ROWS = 640, 20, 4  # pixels, pixels and depths
_THINNEST, _LETTER = 2.0, 6.2  # pixels
# Of one hue, lighter the deeper; text and edges are of the page's own color.
_FILL = "#0072B2"


def icicle(hierarchy: Hierarchy) -> str:
    """Return the SVG; nothing where there is no edge to draw."""
    if hierarchy.n_edges == 0:
        return ""
    main = _main_parents(hierarchy)
    sizes = _sizes(main)
    boxes, shown = [], 0
    titles = hierarchy.names
    level = {-1: (0.0, float(_WIDTH))}  # node -> where its children go
    children = _children(main)
    for depth in range(_ROWS):
        below = {}
        for parent, (left, right) in level.items():
            nodes = children.get(parent, [])
            # A parent counts, too: its own share of its width stays empty.
            whole = sizes[parent] if parent >= 0 else len(main)
            per_node = (right - left) / whole
            for node in nodes:
                width = per_node * sizes[node]
                if width >= _THINNEST:
                    name = hierarchy.nodes[node]
                    title = str(titles.get(name, name))
                    above = str(hierarchy.nodes[parent]) if parent >= 0 else ""
                    text = _fitting(title, above, width)
                    known = str(name) if title == str(name) else f"{name} {title}"
                    known += f": {count(sizes[node] - 1, 'node')} below"
                    boxes.append(_box(text, known, depth, left, width))
                    below[node] = (left, left + width)
                left += width
        level = below
        shown += bool(below)
    size = f'width="{_WIDTH}" height="{shown * _HEIGHT}"'
    return f'<svg {size} font-size="10" role="img">{"".join(boxes)}</svg>'


def _main_parents(hierarchy: Hierarchy) -> list[int]:
    """Position of the parent that each node is drawn below; -1 for roots."""
    parent, child = hierarchy.edges.T
    order = np.lexsort((-hierarchy.depth[parent], child))  # stable: the first of a tie
    children, first = np.unique(child[order], return_index=True)
    main = np.full(hierarchy.n_nodes, -1)
    main[children] = parent[order][first]
    found: list[int] = main.tolist()
    return found


def _sizes(main: list[int]) -> list[int]:
    """How many nodes each one stands for: itself and what is drawn below it."""
    sizes = [1] * len(main)
    for node in range(len(main) - 1, -1, -1):  # children come after their parents
        if main[node] >= 0:
            sizes[main[node]] += sizes[node]
    return sizes


def _children(main: list[int]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(main):
        children.setdefault(parent, []).append(node)
    return children


def _fitting(title: str, above: str, width: float) -> str:
    """Cut a title to a box; of a path first what stands in the box above."""
    room = int((width - 4) / _LETTER)
    if above and len(title) > room and title.startswith(f"{above}/"):
        title = "…" + title[len(above) :]
    if len(title) > room:
        title = title[: max(room - 1, 0)] + "…"
    return title if room >= 3 else ""


def _box(text: str, known: str, depth: int, left: float, width: float) -> str:
    top = depth * _HEIGHT
    place = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_HEIGHT}"'
    look = f'fill="{_FILL}" fill-opacity="{0.45 - 0.1 * depth:.2f}"'
    edge = 'stroke="currentColor" stroke-opacity="0.3"'
    label = ""
    if text:
        where = f'x="{left + 3:.1f}" y="{top + 14}" fill="currentColor"'
        label = f"<text {where}>{_plain(text)}</text>"
    return f"<g><title>{_plain(known)}</title><rect {place} {look} {edge} />{label}</g>"


def _plain(text: str) -> str:
    """Escape text; what XML has no character for becomes a space."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return html.escape(kept)

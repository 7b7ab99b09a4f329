"""A hierarchy as an outline: one line per node, indented below one of its parents.

Stage: inside `HierarchyDisplay`. In: a hierarchy. Out: its lines from top to bottom,
drawn to the left of an Axes in which line k has y = k. Where the graph is no tree, a
node stands below its deepest parent and the others are named beside it.
"""

from dataclasses import dataclass

from ._style import shown

_FONT_SIZE = 8  # points, as are the next two
_INDENT = 10
_GAP = 8
_HINTING = 1.1  # letters set to whole pixels are wider by up to this factor
_LONGEST = 60  # characters of a line, unless a name is longer


@dataclass(frozen=True)
class Line:
    """A node's place and text."""

    node: int  # its position in the hierarchy
    level: int  # how far it is indented
    parent_line: int | None  # None for roots
    text: str


def outline(hierarchy, labels):
    """Return the lines of all nodes, each followed by what lies below it.

    Parameters
    ----------
    hierarchy : Hierarchy
        The graph.
    labels : mapping
        Node -> text to show beside its name.

    Returns
    -------
    lines : list of Line
    """
    names = hierarchy.nodes
    parents = [hierarchy.parents(name) for name in names]
    main = [max(above, key=_depth(hierarchy), default=None) for above in parents]
    below = {}
    for node, above in enumerate(main):
        below.setdefault(above, []).append(node)
    lines = []
    waiting = [(node, 0, None) for node in reversed(below.get(None, []))]
    while waiting:
        node, level, parent_line = waiting.pop()
        others = [x for x in parents[node] if x != main[node]]
        text = _text(names[node], labels.get(names[node]), others)
        lines.append(Line(node, level, parent_line, text))
        children = below.get(names[node], [])
        waiting += [(child, level + 1, len(lines) - 1) for child in reversed(children)]
    return lines


def outline_width(lines):
    """Return the width of the outline in points."""
    return max(_end(line) for line in lines) + _GAP


def draw_outline(ax, lines):
    """Draw lines of text, joined to their parents, to the left of an Axes.

    Parameters
    ----------
    ax : Axes
        Beside it the outline goes; line k at y = k.
    lines : list of Line
        What to draw.
    """
    left = -outline_width(lines)
    options = {"transform": _points_from_left(ax), "clip_on": False}
    for k, line in enumerate(lines):
        start, end = left + line.level * _INDENT, left + _end(line)
        ax.text(
            start, k, line.text, fontsize=_FONT_SIZE, va="center",
            parse_math=False, usetex=False, **options,
        )  # fmt: skip
        # Thin lines: to the parent above, and to the values on the right.
        ax.plot([end + 3, 0], [k, k], color="0.6", alpha=0.4, linewidth=0.8, **options)
        if line.parent_line is not None:
            turn = start - 0.6 * _INDENT
            x, y = [turn, turn, start - 2], [line.parent_line + 0.4, k, k]
            ax.plot(x, y, color="0.6", linewidth=0.8, **options)


def _points_from_left(ax):
    """Transform: x in points from the left side of the Axes, y as its data."""
    from matplotlib.transforms import (
        Affine2D,
        ScaledTranslation,
        blended_transform_factory,
    )

    points = Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans
    from_left = points + ScaledTranslation(0, 0, ax.transAxes)
    return blended_transform_factory(from_left, ax.transData)


def _end(line):
    """Where a line of text ends, in points from the outline's left side."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=_FONT_SIZE)
    width, _, _ = text_to_path.get_text_width_height_descent(line.text, font, False)
    return line.level * _INDENT + _HINTING * width


def _text(name, label, other_parents):
    """The name as it is, then what there is room for."""
    name, more = shown(name), ""
    if label is not None and shown(label) != name:
        more += f" {shown(label)}"
    if other_parents:
        more += f" (also below {', '.join(map(shown, other_parents))})"
    room = max(_LONGEST - len(name), 1)
    return name + (more if len(more) <= room else more[: room - 1] + "…")


def _depth(hierarchy):
    return lambda name: hierarchy.depth[hierarchy.index(name)]

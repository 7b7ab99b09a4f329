"""What all figures share: axes, colours, markers, legends.

Stage: inside the displays. Colours are those of Okabe and Ito, which colour-blind
readers can tell apart; markers, lines and hatches differ as well, so that grey prints
can be read. From the eighth on colours come back, but with another marker, line and
hatch. Optional dependencies are imported only when something is drawn.
"""

import textwrap

import numpy as np

from .._optional import optional

# Okabe and Ito's palette less its yellow, which is too faint on white.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++", "ooo")
_LEGEND_WIDTH = 2.5  # inches: what the sizes of figures leave for it
_LEGEND_MARGIN = 0.6  # inches above and below it


def pyplot(caller):
    """Import `matplotlib.pyplot`."""
    return optional("matplotlib.pyplot", caller, "plot")


def panels(ax, caller, n_panels, size):
    """Return Axes one above the other: fresh ones, or the user's own.

    Parameters
    ----------
    ax : Axes, array-like of Axes or None
        None: a new figure with ``n_panels`` Axes.
    caller : str
        Who needs matplotlib, for the error message.
    n_panels : int
        Number of Axes.
    size : tuple of float
        Width and height in inches of one panel of a new figure.

    Returns
    -------
    axes : ndarray of Axes of shape (n_panels,)
    """
    plt = pyplot(caller)
    if ax is None:
        # This layout makes room for legends outside the axes.
        figure, axes = plt.subplots(
            n_panels,
            sharex=True,
            squeeze=False,
            layout="constrained",
            figsize=(size[0], size[1] * n_panels),
        )
        figure.made_by_display = n_panels, size[0]
        return axes.ravel()
    axes = np.ravel(np.asarray(ax, dtype=object))
    if len(axes) != n_panels or not all(isinstance(one, plt.Axes) for one in axes):
        raise ValueError(
            f"Expected `ax` to be {n_panels} matplotlib Axes, one per panel, but got "
            f"{ax!r}."
        )
    return axes


def one_or_all(axes):
    """Return the only Axes by itself, and several as the array they are."""
    return axes[0] if len(axes) == 1 else axes


def ink():
    """Return the color of text and axes: black on white, white on black."""
    return pyplot("plotting").rcParams["axes.edgecolor"]


def paper():
    """Return the color behind the data, with which hollow marks are filled."""
    return pyplot("plotting").rcParams["axes.facecolor"]


def color(position):
    """Return the color at a position; the last one is that of the axes."""
    position %= len(COLORS)
    return COLORS[position] if position < len(COLORS) - 1 else ink()


def _shifted(position, by):
    """Return the position among seven that each round of colors shifts.

    Lines are shifted by more than markers, so that a marker meets another line, too.
    """
    return (position + by * (position // len(COLORS))) % len(COLORS)


def line_style(position, **given):
    """Keyword arguments for the line at a position; given ones come first."""
    return {
        "color": color(position),
        "marker": _MARKERS[_shifted(position, 1)],
        "linestyle": _LINES[_shifted(position, 2)],
        "markersize": 5,
        **given,
    }


def bar_style(position, **given):
    """Keyword arguments for the bars at a position; given ones come first."""
    return {
        "color": color(position),
        "hatch": _HATCHES[_shifted(position, 1)],
        "edgecolor": paper(),
        "linewidth": 0,
        **given,
    }


# -- names -----------------------------------------------------------------------------


def shown(name):
    """Return a name as text of one line; what can't be printed is escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(name))


def verbatim(text):
    """Have a matplotlib text show its characters: "$" is no mathematics, "%" no TeX."""
    text.set_usetex(False)
    text.set_parse_math(False)


def set_titles(axes, titles, **style):
    """Put titles above the left ends of panels, in lines that fit into the figure.

    Call it last, when the panels have their places. A figure of ours gets higher by the
    lines that were broken.
    """
    figure = axes[0].get_figure(root=True)
    figure.draw_without_rendering()
    more = 0
    for ax, title in zip(axes, titles, strict=True):
        text = ax.set_title(title, loc="left", **style)
        verbatim(text)
        before = text.get_window_extent().height
        _break_lines(text, ax.figure.bbox.x1 - ax.get_window_extent().x0)
        more += text.get_window_extent().height - before
    if hasattr(figure, "made_by_display"):
        figure.set_figheight(figure.get_figheight() + more / figure.dpi)


def _break_lines(text, room):
    """Break lines of a text that are wider than the room, in pixels."""
    lines = text.get_text().split("\n")
    letters = max(map(len, lines))
    # Other resolutions have wider letters.
    while text.get_window_extent().width > 0.95 * room and letters > 1:
        letters -= 1 + letters // 20
        text.set_text("\n".join(textwrap.fill(line, letters) for line in lines))


def name(artist, label):
    """Give an artist its name in the legend, to be shown as it is.

    matplotlib hides names that begin with "_", so that names of ours are marked.
    """
    artist.set_label(shown(label))
    artist.named_by_display = True


def make_hollow(bar):
    """Take off a bar's filling; its edge and hatch keep the color."""
    color = bar.get_facecolor()
    bar.set(facecolor=paper(), edgecolor=color, linewidth=1)
    bar.is_hollow = True


def _look_like_solid_bar(key, bars):
    """Give a legend's key the look of the first bar that is not hollow."""
    solid = [bar for bar in bars if not hasattr(bar, "is_hollow")]
    key.update_from((solid or list(bars))[0])


def hollow_marker(label):
    """Return the legend's key to markers that are hollow."""
    from matplotlib.lines import Line2D

    style = {"marker": "o", "markerfacecolor": paper(), "color": "0.5"}
    key = Line2D([], [], linestyle="none", markersize=5, **style)
    name(key, label)
    return key


# A ring around a point of a line.
RING = {
    "marker": "o", "markersize": 11, "markerfacecolor": "none",
    "markeredgecolor": "0.5", "markeredgewidth": 1.5, "linestyle": "none",
    "label": "_nolegend_",
}  # fmt: skip


def ring_marker(label):
    """Return the legend's key to points that have a ring."""
    from matplotlib.lines import Line2D

    key = Line2D([], [], **{**RING, "markersize": 8})
    name(key, label)
    return key


def hollow_bar(label):
    """Return the legend's key to bars that are hollow."""
    from matplotlib.patches import Patch

    key = Patch(facecolor=paper(), edgecolor="0.5")
    name(key, label)
    return key


def legend_outside(ax, *keys, **options):
    """Put the legend to the right of the data; none where nothing has a name.

    ``keys`` are artists, drawn nowhere else, that explain a mark.
    """
    from matplotlib.container import BarContainer
    from matplotlib.legend_handler import HandlerPatch

    drawn = [*ax.lines, *ax.patches, *ax.containers]
    ours = [artist for artist in drawn if hasattr(artist, "named_by_display")]
    ours += keys
    theirs = [x for x in ax.get_legend_handles_labels()[0] if x not in ours]
    handles = ours + theirs
    if not handles:
        return
    place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1), "borderaxespad": 0}
    # Labels are set afterwards, since those with a leading "_" would be dropped.
    unseen = ["-"] * len(handles)
    look = {BarContainer: HandlerPatch(update_func=_look_like_solid_bar)}
    options = {**place, "handler_map": look, **options}
    legend = ax.legend(handles, unseen, frameon=False, **options)
    for text, artist in zip(legend.get_texts(), handles, strict=True):
        text.set_text(artist.get_label())
        if artist in ours:
            verbatim(text)
    _make_room(ax.figure, legend)


def _make_room(figure, legend):
    """Make a figure of ours larger where a legend needs more than is left for it."""
    if not hasattr(figure, "made_by_display"):
        return
    n_panels, width = figure.made_by_display
    needed = legend.get_window_extent().size / figure.dpi
    size = width - _LEGEND_WIDTH + needed[0], n_panels * (_LEGEND_MARGIN + needed[1])
    figure.set_size_inches(np.maximum(figure.get_size_inches(), size))


def despine(ax):
    """Take off the frame's upper and right side."""
    ax.spines[["top", "right"]].set_visible(False)

"""Whether a figure can be read: nothing overlaps, nothing is cut off."""

import itertools

from matplotlib.text import Text


def assert_readable(figure):
    """Check tick labels, legends and texts of a figure once it is drawn."""
    figure.canvas.draw()
    for ax in figure.axes:
        frame = ax.get_window_extent()
        assert frame.width > 60
        assert frame.height > 30
        for shown in (tick_labels(ax.xaxis, 0), tick_labels(ax.yaxis, 1)):
            assert_apart(shown)
            assert_inside(figure, shown)
        texts = [
            own for own in ax.get_children() if isinstance(own, Text)
        ]  # and titles
        assert_inside(figure, [ax.xaxis.label, ax.yaxis.label, *texts])
        assert_apart(ax.texts)
        legend = ax.get_legend()
        if legend is not None:
            assert_inside(figure, [legend])
            assert not legend.get_window_extent().overlaps(frame)


def tick_labels(axis, coordinate):
    """Labels that are drawn: those of ticks between the ends of the axis."""
    low, high = sorted(axis.get_view_interval())
    return [
        label
        for label in axis.get_ticklabels()
        if label.get_visible() and low <= label.get_position()[coordinate] <= high
    ]


def assert_apart(artists):
    boxes = [(artist, artist.get_window_extent()) for artist in artists]
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"{one} overlaps {other}"


def assert_inside(figure, artists):
    for artist in artists:
        box = artist.get_window_extent()
        if box.width:
            assert box.x0 >= -1, artist
            assert box.y0 >= -1, artist
            assert box.x1 <= figure.bbox.x1 + 1, artist
            assert box.y1 <= figure.bbox.y1 + 1, artist

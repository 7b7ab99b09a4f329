"""`CriticalDifferenceDisplay`: ranks, groups and ruler are the comparison's."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sklearn_hmlc.metrics import compare
from sklearn_hmlc.plotting import CriticalDifferenceDisplay
from tests.plotting.readable import assert_readable

pytest.importorskip("scikit_posthocs")

NAMES = ["best", "good too", "a method of a longer name", "middling", "poor", "worst"]


@pytest.fixture
def results(rng):
    merit = np.linspace(0.6, 0, len(NAMES))
    return pd.DataFrame(rng.random((12, len(NAMES))) * 0.4 + merit, columns=NAMES)


def groups_by_hand(comparison):
    """Longest runs of methods, by rank, whose ends lie within the difference."""
    ranks = comparison.average_ranks.to_numpy()
    reach = [
        np.flatnonzero(ranks - r < comparison.critical_difference)[-1] for r in ranks
    ]
    runs = [(low, high) for low, high in enumerate(reach) if high > low]
    return {
        (ranks[low], ranks[high])
        for low, high in runs
        if not any(a <= low and high <= b and (a, b) != (low, high) for a, b in runs)
    }


def test_markers_stand_at_the_average_ranks(results):
    display = CriticalDifferenceDisplay.from_results(results)
    ranks = compare(results).average_ranks
    places = [
        marker.get_offsets()[0].tolist() for marker in display.artists_["markers"]
    ]
    assert sorted(places) == [[rank, 0] for rank in ranks]
    texts = {text.get_text().strip() for text in display.artists_["labels"]}
    left = {f"{name} ({rank:.2f})" for name, rank in ranks.iloc[:3].items()}
    right = {f"({rank:.2f}) {name}" for name, rank in ranks.iloc[3:].items()}
    assert texts == left | right


def test_bars_join_what_lies_within_the_critical_difference(results):
    comparison = compare(results)
    display = CriticalDifferenceDisplay(comparison).plot()
    bars = {
        (min(line.get_xdata()), max(line.get_xdata()))
        for (line,) in display.artists_["crossbars"]
    }
    assert len(bars) > 1
    assert bars == groups_by_hand(comparison)
    ruler = display.ruler_.get_xdata()
    assert ruler[1] - ruler[0] == pytest.approx(comparison.critical_difference)


def test_arguments_reach_the_comparison(results):
    display = CriticalDifferenceDisplay.from_results(
        -results, higher_is_better=False, alpha=0.1
    )
    expected = compare(results, alpha=0.1)
    assert display.comparison.alpha == 0.1
    pd.testing.assert_series_equal(
        display.comparison.average_ranks, expected.average_ranks
    )


@pytest.mark.parametrize("n_methods", [3, 6])
def test_readable(results, n_methods):
    display = CriticalDifferenceDisplay.from_results(results.iloc[:, :n_methods])
    assert_readable(display.figure_)


def test_own_axes(results):
    _, ax = plt.subplots()
    display = CriticalDifferenceDisplay(compare(results))
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_bars_are_drawn_from_left_to_right():
    # So that the figure is the same each time, whatever the order of a set is.
    results = np.random.default_rng(0).random((6, 9))
    methods = [f"method {k}" for k in range(9)]
    display = CriticalDifferenceDisplay.from_results(
        pd.DataFrame(results, columns=methods)
    )
    bars = np.ravel(display.artists_["crossbars"])
    assert len(bars)
    for bar in bars:
        x = bar.get_xdata()
        assert len(x) > 1
        assert (np.diff(x) >= 0).all()


def test_a_figure_has_room_for_long_names(rng):
    results = pd.DataFrame(
        rng.normal([0.3, 0.2, 0.1], 0.05, size=(6, 3)),
        columns=["a long name of a method that has many parts " * 2, "b", "c" * 60],
    )
    display = CriticalDifferenceDisplay.from_results(results)
    display.figure_.canvas.draw()
    for text in display.artists_["labels"]:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= display.figure_.bbox.x1
    assert display.ax_.get_window_extent().width / display.figure_.dpi > 2


@pytest.mark.parametrize("index", [pd.Index, pd.MultiIndex.from_tuples])
def test_names_that_are_tuples(results, index):
    options = {"tupleize_cols": False} if index is pd.Index else {}
    plain = CriticalDifferenceDisplay.from_results(results)
    results.columns = index([(name, "x") for name in NAMES], **options)
    display = CriticalDifferenceDisplay.from_results(results)
    expected = [text.get_text() for text in plain.artists_["labels"]]
    for name in NAMES:
        expected = [text.replace(name, str((name, "x"))) for text in expected]
    assert [text.get_text() for text in display.artists_["labels"]] == expected
    for one, other in zip(
        np.ravel(display.artists_["crossbars"]),
        np.ravel(plain.artists_["crossbars"]),
        strict=True,
    ):
        np.testing.assert_array_equal(one.get_xydata(), other.get_xydata())


def test_other_names(rng):
    results = pd.DataFrame(rng.random((6, 3)))
    results.columns = pd.Index([1, ("a", 2), "{rank}"], tupleize_cols=False)
    display = CriticalDifferenceDisplay.from_results(results)
    found = {text.get_text().strip() for text in display.artists_["labels"]}
    for name, rank in display.comparison.average_ranks.items():
        assert found & {f"{name} ({rank:.2f})", f"({rank:.2f}) {name}"}

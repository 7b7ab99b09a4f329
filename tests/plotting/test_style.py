"""What all figures share: when matplotlib is imported, and what is said without it."""

import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import same_color

from sklearn_hmlc import plotting
from sklearn_hmlc.plotting import _style

ARGUMENTS = {
    "CriticalDifferenceDisplay.from_results": [None],
    "HierarchyDisplay.from_estimator": [None, None],
    "PooledPRCurveDisplay.from_estimator": [None, None, None],
    "PooledPRCurveDisplay.from_predictions": [None, None],
    "RarityDisplay.from_estimator": [None, None, None],
    "RarityDisplay.from_predictions": [None, None],
    "TrainingDisplay.from_estimator": [None],
    "UncertaintyDisplay.from_estimator": [None, None, None],
    "UncertaintyDisplay.from_predictions": [None, None, None],
}


@pytest.mark.parametrize("method", ARGUMENTS)
def test_without_matplotlib(monkeypatch, method):
    display, constructor = method.split(".")
    make = getattr(getattr(plotting, display), constructor)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = rf"{method} needs matplotlib; .* `pip install sklearn-hmlc\[plot\]`"
    with pytest.raises(ImportError, match=message):
        make(*ARGUMENTS[method])


def test_importing_the_package_does_not_import_matplotlib():
    code = (
        "import sys, sklearn_hmlc.plotting; "
        "sys.exit(any(name.startswith('matplotlib') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_styles_differ_and_start_again():
    styles = [_style.line_style(k) for k in range(7)]
    for what in ("color", "marker", "linestyle"):
        assert len({str(style[what]) for style in styles}) == 7
    assert len({_style.bar_style(k)["hatch"] for k in range(7)}) == 7
    assert _style.line_style(49) == styles[0]
    assert _style.line_style(0, color="k")["color"] == "k"


@pytest.mark.parametrize(
    ("style", "pair"),
    [
        (_style.line_style, ("color", "marker")),
        (_style.line_style, ("color", "linestyle")),
        (_style.line_style, ("marker", "linestyle")),  # in grey
        (_style.bar_style, ("color", "hatch")),
    ],
)
def test_more_styles_than_colors(style, pair):
    styles = [style(k) for k in range(49)]
    assert len({tuple(str(style[what]) for what in pair) for style in styles}) == 49


def test_panels_are_the_users_own():
    _, axes = plt.subplots(2)
    assert list(_style.panels(axes, "here", 2, (1, 1))) == list(axes)
    assert list(_style.panels(axes[0], "here", 1, (1, 1))) == [axes[0]]
    with pytest.raises(ValueError, match="`ax` to be 1 matplotlib Axes"):
        _style.panels(axes, "here", 1, (1, 1))
    with pytest.raises(ValueError, match=r"`ax` to be 1 matplotlib Axes, .* 'x'"):
        _style.panels("x", "here", 1, (1, 1))


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_marks_are_seen_on_light_and_dark(style):
    with plt.style.context(style):
        behind = plt.rcParams["axes.facecolor"]
        _, ax = plt.subplots()
        (bar,) = ax.bar([0], [1])
        _style.make_hollow(bar)
        assert same_color(bar.get_facecolor(), behind)
        assert not same_color(_style.ink(), behind)
        colors = [_style.line_style(k)["color"] for k in range(7)]
        assert not any(same_color(c, behind) for c in colors)

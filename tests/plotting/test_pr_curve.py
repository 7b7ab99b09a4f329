"""`PooledPRCurveDisplay` against scikit-learn's curve over all cells."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.plotting import PooledPRCurveDisplay
from tests.plotting.readable import assert_readable


@pytest.fixture
def example(rng):
    y_true = rng.random((50, 12)) < 0.2
    y_score = np.round(rng.random((50, 12)) + 0.3 * y_true, 2)  # with ties
    return y_true, y_score


def area_below(line):
    """Steps before each point: a precision counts back to the recall before it."""
    x, y = line.get_data()
    return np.sum(np.diff(x) * y[1:])


def test_points_lie_on_scikit_learns_curve(example):
    y_true, y_score = example
    display = PooledPRCurveDisplay.from_predictions(y_true, y_score)
    precision, recall, _ = precision_recall_curve(y_true.ravel(), y_score.ravel())
    theirs = set(zip(recall.round(12), precision.round(12), strict=True))
    ours = set(
        zip(display.recall[0].round(12), display.precision[0].round(12), strict=True)
    )
    assert ours <= theirs
    # All recalls there are, but for the 0 without any prediction.
    assert {r for r, _ in ours} == {r for r, _ in theirs} - {0}


def test_area_below_the_drawn_line(example):
    y_true, y_score = example
    display = PooledPRCurveDisplay.from_predictions(y_true, y_score, name="Mine")
    expected = average_precision_score(y_true.ravel(), y_score.ravel())
    (line,) = display.line_
    assert line.get_drawstyle() == "steps-pre"
    assert area_below(line) == pytest.approx(expected)
    assert display.area == [pytest.approx(expected)]
    assert line.get_label() == f"Mine (AU(PRC) = {expected:.3f})"


def test_unscored_nodes_are_left_out(example):
    y_true, y_score = example
    hierarchy = Hierarchy(range(12), [], unscored=[0, 5])
    mask = hierarchy.scored
    display = PooledPRCurveDisplay.from_predictions(
        y_true, y_score, hierarchy=hierarchy, plot_chance_level=True
    )
    inner = y_true[:, mask]
    expected = average_precision_score(inner.ravel(), y_score[:, mask].ravel())
    assert area_below(display.line_[0]) == pytest.approx(expected)
    alike = np.tile(inner.mean(axis=0), (len(inner), 1))
    expected = average_precision_score(inner.ravel(), alike.ravel())
    assert area_below(display.chance_level_) == pytest.approx(expected)


@pytest.mark.parametrize("bare", [False, True])
def test_from_estimator_matches_columns_by_name(
    data, named, fitted, in_node_order, bare
):
    X, Y, _ = data
    y = named[list(fitted.classes_)].to_numpy() if bare else named
    display = PooledPRCurveDisplay.from_estimator({"it": fitted}, X, y)
    expected = average_precision_score(
        Y.ravel(), in_node_order["predict_proba"].ravel()
    )
    assert display.area == [pytest.approx(expected)]
    assert display.line_[0].get_label().startswith("it (")


def test_several_curves_can_be_told_apart(example):
    y_true, y_score = example
    models = {"a model": y_score, "a model with a longer name": -y_score}
    display = PooledPRCurveDisplay.from_predictions(
        y_true, models, plot_chance_level=True
    )
    one, two = display.line_
    assert one.get_color() != two.get_color()
    assert one.get_marker() != two.get_marker()
    assert one.get_linestyle() != two.get_linestyle()
    assert_readable(display.figure_)


def test_a_second_display_on_the_same_axes_goes_on_with_the_styles(example):
    y_true, y_score = example
    first = PooledPRCurveDisplay.from_predictions(y_true, y_score)
    second = PooledPRCurveDisplay.from_predictions(y_true, -y_score, ax=first.ax_)
    assert second.figure_ is first.figure_
    assert first.line_[0].get_color() != second.line_[0].get_color()


def test_curve_kwargs(example):
    y_true, y_score = example
    _, ax = plt.subplots()
    display = PooledPRCurveDisplay.from_predictions(
        y_true, y_score, ax=ax, curve_kwargs={"color": "k", "label": "L"}
    )
    assert display.line_[0].get_color() == "k"
    assert display.line_[0].get_label() == "L"
    assert display.ax_ is ax


def test_names_beside_none_in_another_order(example):
    y_true, y_score = example
    letters = list("abcdefghijkl")
    hierarchy = Hierarchy.flat(letters)
    frame = pd.DataFrame(y_score, columns=letters)[letters[::-1]]
    with pytest.raises(
        ValueError, match=r"`y_true` has no names, .* `y_score\['a'\]` are"
    ):
        PooledPRCurveDisplay.from_predictions(y_true, {"a": frame}, hierarchy=hierarchy)
    right = PooledPRCurveDisplay.from_predictions(
        pd.DataFrame(y_true, columns=letters), {"a": frame}, hierarchy=hierarchy
    )
    assert right.area == PooledPRCurveDisplay.from_predictions(y_true, y_score).area


@pytest.mark.parametrize(
    ("y_true", "y_score", "message"),
    [
        ([[0, 0]], [[0.1, 0.2]], "a node with a positive row"),
        ([[1, 0]], [[0.1, 0.2]] * 2, "`y_score` with as many rows"),
        ([[1, 0]], [[0.1, np.nan]], "y_score contains NaN"),
        ([[1, 0]], {"a": [[0.1]]}, "y_score of shape"),
    ],
)
def test_bad_input(y_true, y_score, message):
    with pytest.raises(ValueError, match=message):
        PooledPRCurveDisplay.from_predictions(y_true, y_score)


@pytest.mark.parametrize("known", ["nothing", "y_train", "counts", "by name"])
def test_chance_level_is_that_of_the_frequencies(rng, known):
    hierarchy = Hierarchy(range(12), [], unscored=[0, 5])
    y_true = rng.random((50, 12)) < np.linspace(0.0, 0.6, 12)
    y_train = rng.random((30, 12)) < np.linspace(0.5, 0.1, 12)
    y_train[:, :3] = 0  # ties, at a frequency of 0
    given = {
        "nothing": {},
        "y_train": {"y_train": y_train},
        "counts": {"train_counts": y_train.sum(axis=0)},
        "by name": {"train_counts": pd.Series(y_train.sum(axis=0))[::-1]},
    }[known]
    display = PooledPRCurveDisplay.from_predictions(
        y_true, y_true, hierarchy=hierarchy, plot_chance_level=True, **given
    )
    frequencies = (y_true if known == "nothing" else y_train).mean(axis=0)
    scores = np.tile(frequencies, (50, 1))
    expected = au_prc(y_true, scores, hierarchy=hierarchy)
    assert display.chance_level[2] == pytest.approx(expected)
    assert area_below(display.chance_level_) == pytest.approx(expected)
    label = f"Node frequencies (AU(PRC) = {expected:.3f})"
    assert display.chance_level_.get_label() == label
    same = PooledPRCurveDisplay.from_predictions(y_true, scores, hierarchy=hierarchy)
    points = np.array([same.recall[0], same.precision[0]])
    drawn = np.array(display.chance_level_.get_data())[:, 1:]
    np.testing.assert_allclose(drawn, points)


@pytest.mark.parametrize("bare", [False, True])
def test_chance_level_of_training_columns(data, named, fitted, bare):
    X, _, hierarchy = data
    columns = list(fitted.classes_)
    y_train = named.iloc[:40][columns].to_numpy() if bare else named.iloc[:40]
    display = PooledPRCurveDisplay.from_estimator(fitted, X, named, y_train=y_train)
    scores = np.tile(named.iloc[:40].mean(), (len(named), 1))
    expected = au_prc(named, scores, hierarchy=hierarchy)
    assert display.chance_level[2] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y_train": [[1, 0]], "train_counts": [1, 0]}, "got both"),
        ({"train_counts": [1]}, r"of 2 finite numbers, .* \(1,\)"),
        ({"train_counts": 1}, "`train_counts` of 2 finite numbers"),
        ({"train_counts": {0: 1}}, "`train_counts` for every node"),
        ({"train_counts": [1, -1]}, "none below 0"),
        ({"y_train": [[1, 0, 0]]}, "y_train of shape"),
    ],
)
def test_bad_training_counts(given, message):
    with pytest.raises(ValueError, match=message):
        PooledPRCurveDisplay.from_predictions([[1, 0]], [[0.1, 0.2]], **given)


def test_chance_level_that_is_not_known():
    display = PooledPRCurveDisplay([], [], [], [])
    with pytest.raises(ValueError, match="`chance_level` with plot_chance_level"):
        display.plot(plot_chance_level=True)

"""Several runs of a model in one figure: their mean and how far they lie apart."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_hmlc.plotting import (
    PooledPRCurveDisplay,
    RarityDisplay,
    TrainingDisplay,
)
from tests.plotting.readable import assert_readable


@pytest.fixture(scope="module")
def seeds(fitted, data, named):
    X = data[0]
    runs = [clone(fitted).set_params(random_state=seed) for seed in range(3)]
    return [run.fit(X, named) for run in runs]


@pytest.fixture
def truth(data, named):
    return data[0], named


def test_bars_are_means_with_their_range(seeds, fitted, truth):
    X, y = truth
    models = {"one": fitted, "three": seeds}
    options = {"y_train": y, "metric": "recall"}
    display = RarityDisplay.from_estimator(models, X, y, **options)
    alone = [RarityDisplay.from_estimator(run, X, y, **options) for run in seeds]
    heights = np.array(
        [[bar.get_height() for bar in next(iter(one.bars_.values()))] for one in alone]
    )
    bars = display.bars_["recall", "three"]
    np.testing.assert_allclose([bar.get_height() for bar in bars], heights.mean(axis=0))
    assert set(display.ranges_) == {("recall", "three")}
    (lines,) = display.ranges_["recall", "three"].lines[2]
    ends = [part[:, 1] for part in lines.get_segments() if len(part)]
    wide = np.ptp(heights, axis=0) > 0
    expected = np.column_stack([heights.min(axis=0), heights.max(axis=0)])[wide]
    np.testing.assert_allclose(ends, expected)
    assert isinstance(display.reports["three"], list)
    assert_readable(display.plot(metric="recall").figure_)


def test_curves_of_runs_share_style_and_name(seeds, fitted, truth):
    X, y = truth
    display = PooledPRCurveDisplay.from_estimator({"a": seeds, "b": fitted}, X, y)
    assert display.name == ["a", "a", "a", "b"]
    first, second, third, other = display.line_
    assert first.get_color() == second.get_color() == third.get_color()
    assert first.get_color() != other.get_color()
    areas = display.area[:3]
    mean, spread = np.mean(areas), np.std(areas, ddof=1)
    label = f"a (AU(PRC) = {mean:.3f} ± {spread:.3f}, 3 runs)"
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == [label, f"b (AU(PRC) = {display.area[3]:.3f})"]
    assert_readable(display.figure_)


def test_histories_of_runs(seeds, fitted):
    display = TrainingDisplay.from_estimator({"a": seeds, "b": fitted})
    for run, model in enumerate(seeds):
        line = display.line_["valid_loss", ("a", run)]
        expected = [epoch["valid_loss"] for epoch in model.history_]
        np.testing.assert_array_equal(line.get_ydata(), expected)
    assert ("valid_loss", "b") in display.line_
    texts = [text.get_text() for text in display.ax_[1].get_legend().get_texts()]
    assert texts == ["a, validation", "b, validation", "epoch that was kept"]
    again = TrainingDisplay([model.history_ for model in seeds]).plot()
    assert len(again.line_) == len(display.line_) * 3 // 4


def test_a_single_list(seeds, truth):
    X, y = truth
    display = PooledPRCurveDisplay.from_estimator(seeds, X, y)
    assert len(display.line_) == 3
    assert display.name == ["HierarchicalEnsembleClassifier"] * 3
    with pytest.raises(ValueError, match="at least one model"):
        PooledPRCurveDisplay.from_estimator({"a": []}, X, y)

"""`RarityDisplay`: the bars are the report's numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from sklearn_hmlc.metrics import rarity_report
from sklearn_hmlc.plotting import RarityDisplay
from tests.plotting.readable import assert_readable

METRICS = ("recall", "precision", "f1")


@pytest.fixture
def example(rng):
    y_train = rng.random((400, 30)) < np.linspace(0.005, 0.6, 30)
    y_true = rng.random((80, 30)) < np.linspace(0.02, 0.6, 30)
    models = {"one": y_true ^ (rng.random((80, 30)) < 0.2), "two": y_true}
    return y_train, y_true, models


def heights(bars):
    return [bar.get_height() for bar in bars]


def middles(bars):
    return [bar.get_x() + bar.get_width() / 2 for bar in bars]


def test_bars_are_the_reports_numbers(example):
    y_train, y_true, models = example
    display = RarityDisplay.from_predictions(y_true, models, y_train=y_train)
    assert len(display.bars_) == 6
    for name, y_pred in models.items():
        report = rarity_report(y_true, y_pred, y_train=y_train)
        for metric in METRICS:
            np.testing.assert_array_equal(
                heights(display.bars_[metric, name]), report[metric]
            )


def test_models_stand_side_by_side_over_their_group(example):
    y_train, y_true, models = example
    display = RarityDisplay.from_predictions(
        y_true, models, y_train=y_train, bins=[0, 20, 100], metric="recall"
    )
    one, two = display.bars_["recall", "one"], display.bars_["recall", "two"]
    assert np.add(middles(one), middles(two)) / 2 == pytest.approx([0, 1, 2])
    for left, right in zip(one, two, strict=True):
        assert left.get_x() + left.get_width() <= right.get_x()
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    report = rarity_report(y_true, y_true, y_train=y_train, bins=[0, 20, 100])
    assert labels == [
        f"{group}\nn = {n}"
        for group, n in zip(report.index, report.n_nodes, strict=True)
    ]
    assert display.ax_.get_ylabel() == "Recall"
    assert display.ax_.get_xlabel() == "Training rows per node (n = nodes)"


def test_models_differ_in_more_than_color(example):
    y_train, y_true, models = example
    display = RarityDisplay.from_predictions(y_true, models, y_train=y_train, few=0)
    one, two = (display.bars_["f1", name][0] for name in models)
    assert one.get_facecolor() != two.get_facecolor()
    assert one.get_hatch() != two.get_hatch()


@pytest.mark.parametrize("training", ["labels", "bare labels", "counts", "bare counts"])
def test_from_estimator(data, named, fitted, in_node_order, training):
    X, Y, hierarchy = data
    y_train = named[list(fitted.classes_)]
    given = {
        "labels": {"y_train": y_train},
        "bare labels": {"y_train": y_train.to_numpy()},
        "counts": {"train_counts": y_train.sum()},
        "bare counts": {"train_counts": y_train.sum().to_numpy()},
    }[training]
    display = RarityDisplay.from_estimator(
        fitted, X, named, metric=["f1", "auprc"], bins=[0, 20, 40], **given
    )
    report = rarity_report(
        Y,
        in_node_order["predict"],
        in_node_order["predict_proba"],
        y_train=Y,
        bins=[0, 20, 40],
        hierarchy=hierarchy,
    )
    name = "HierarchicalEnsembleClassifier"
    assert report.f1.max() > 0
    np.testing.assert_array_equal(heights(display.bars_["f1", name]), report.f1)
    np.testing.assert_allclose(heights(display.bars_["auprc", name]), report.auprc)
    assert_readable(display.figure_)


@pytest.mark.parametrize("by", ["frequency", "rarest", "depth"])
def test_readable(example, data, by):
    _, Y, hierarchy = data
    models = {"a model": Y, "a model with a longer name": 1 - Y, "third": Y * 0}
    display = RarityDisplay.from_predictions(
        Y, models, y_train=Y, by=by, hierarchy=hierarchy, few=60
    )
    assert_readable(display.figure_)
    texts = [text.get_text() for text in display.ax_[0].get_legend().get_texts()]
    few = [] if by == "rarest" else ["fewer than 60 positives"]
    assert texts == [*models, *few]


def test_groups_of_few_positives_are_hollow(rng):
    y_true = rng.random((100, 4)) < [0.01, 0.02, 0.5, 0.6]
    display = RarityDisplay.from_predictions(
        y_true, {"m": y_true}, train_counts=[1, 7, 60, 600], metric="recall", few=10
    )
    white = [
        bar.get_facecolor() == (1, 1, 1, 1) for bar in display.bars_["recall", "m"]
    ]
    assert white == [True, True, False, False]
    edges = [bar.get_edgecolor() for bar in display.bars_["recall", "m"]]
    assert edges[0] == display.bars_["recall", "m"][2].get_facecolor()
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["m", "fewer than 10 positives"]


def test_groups_without_data_differ_from_0():
    y_true = np.array([[0, 1, 1], [0, 1, 0]])
    y_pred = np.array([[1, 0, 1], [0, 0, 0]])
    display = RarityDisplay.from_predictions(
        y_true, y_pred, y_score=y_pred, train_counts=[1, 7, 60],
        metric=["recall", "precision", "auprc"], few=0,
    )  # fmt: skip
    expected = {"recall": [np.nan, 0, 1], "precision": [np.nan, 0, 1]}
    expected["auprc"] = [np.nan, 1, 1]
    for (metric, _), bars in display.bars_.items():
        np.testing.assert_array_equal(heights(bars), expected[metric])
    for ax in display.ax_:
        assert [text.get_text() for text in ax.texts] == ["no data"]
        assert ax.texts[0].get_position()[0] == 0
    assert_readable(display.figure_)


def segments(container):
    (lines,) = container.lines[2]
    return np.array([part[:, 1] for part in lines.get_segments() if len(part)])


def test_bars_have_the_reports_intervals(example):
    y_train, y_true, models = example
    given = {"y_train": y_train, "bins": [0, 20, 50]}
    display = RarityDisplay.from_predictions(
        y_true, models, metric=["recall", "f1"], interval=0.8, **given
    )
    assert len(display.intervals_) == 4
    assert display.ranges_ == {}
    for (metric, name), drawn in display.intervals_.items():
        report = rarity_report(y_true, models[name], interval=0.8, **given)
        expected = report[[f"{metric}_low", f"{metric}_high"]].dropna()
        np.testing.assert_allclose(segments(drawn), expected)
        places = [part[0, 0] for part in drawn.lines[2][0].get_segments() if len(part)]
        assert set(places) <= set(middles(display.bars_[metric, name]))
    assert_readable(display.figure_)


def test_no_intervals_where_none_are_asked_for_or_there_is_no_data(example):
    y_train, y_true, models = example
    display = RarityDisplay.from_predictions(
        y_true, models, y_train=y_train, interval=None
    )
    assert display.intervals_ == {}
    absent = y_true * (np.arange(30) >= 10)
    display = RarityDisplay.from_predictions(
        absent, models["one"], train_counts=np.repeat([2, 60], [10, 20]),
        metric="precision",
    )  # fmt: skip
    assert len(segments(display.intervals_["precision", None])) == 1


def test_one_unnamed_model_has_no_legend(example):
    y_train, y_true, models = example
    display = RarityDisplay.from_predictions(
        y_true, models["one"], y_train=y_train, metric="recall", few=0
    )
    assert display.ax_.get_legend() is None
    assert list(display.bars_) == [("recall", None)]


def test_own_axes_and_style(example):
    y_train, y_true, models = example
    figure, axes = plt.subplots(2)
    report = rarity_report(y_true, models["one"], y_train=y_train)
    display = RarityDisplay(report)
    style = {"few": 0, "bar_kwargs": {"color": "k"}}
    assert display.plot(axes, metric=["f1", "recall"], **style) is display
    assert display.figure_ is figure
    assert list(display.ax_) == list(axes)
    assert display.bars_["f1", None][0].get_facecolor() == (0, 0, 0, 1)


def test_names_beside_none_in_another_order(data, named):
    _, Y, hierarchy = data
    turned = named.iloc[:, ::-1]
    for given in (
        {"y_pred": turned, "y_train": Y},
        {"y_pred": Y, "y_train": turned},
        {"y_pred": {"a": Y, "b": turned}, "train_counts": Y.sum(axis=0)},
    ):
        with pytest.raises(ValueError, match=r"`y_true` has no names, .* are named"):
            RarityDisplay.from_predictions(Y, hierarchy=hierarchy, **given)


def test_no_depths_without_a_hierarchy(data):
    X, Y, _ = data
    forest = RandomForestClassifier(n_estimators=2, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match='`hierarchy` with by="depth"'):
        RarityDisplay.from_estimator(forest, X, Y, by="depth")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"metric": "reca"}, "`metric` to be one of .* Did you mean 'recall'"),
        ({"metric": None}, "`metric` to be one of"),
        ({"metric": []}, "`metric` to name a measure"),
        ({"metric": "auprc"}, "column 'auprc'; give the scores"),
        ({"ax": "here"}, "`ax` to be 3 matplotlib Axes, .* 'here'"),
        ({"y_pred": {}}, "at least one model"),
        ({"name": "x"}, "`name` to be None with a mapping"),
        ({"y_train": None}, "`y_train` or `train_counts`"),
    ],
)
def test_bad_input(changed, message):
    given = {"y_true": [[1, 0]], "y_pred": {"a": [[1, 0]]}, "y_train": [[1, 0]]}
    with pytest.raises(ValueError, match=message):
        RarityDisplay.from_predictions(**{**given, **changed})


def test_reports_of_other_groups(example):
    y_train, y_true, _ = example
    reports = {
        bins: rarity_report(y_true, y_true, y_train=y_train, bins=bins)
        for bins in ((0, 20), (0, 30))
    }
    with pytest.raises(ValueError, match="same groups"):
        RarityDisplay(reports).plot()


def test_keys_look_like_bars_that_are_not_hollow(rng):
    y_true = rng.random((200, 4)) < [0.02, 0.3, 0.4, 0.5]
    display = RarityDisplay.from_predictions(
        y_true, {"one": y_true, "two": y_true}, train_counts=[1, 60, 70, 80], few=30
    )
    first, *_, last = display.bars_["recall", "one"]
    assert first.get_facecolor() == (1, 1, 1, 1)  # hollow
    keys = display.ax_[0].get_legend().get_patches()
    assert keys[0].get_facecolor() == last.get_facecolor()
    assert keys[1].get_facecolor() != (1, 1, 1, 1)

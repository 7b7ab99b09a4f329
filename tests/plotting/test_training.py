"""`TrainingDisplay`: the curves are the history's numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.plotting import TrainingDisplay
from tests.plotting.readable import assert_readable

HISTORY = [
    {"epoch": 1, "train_batch_count": 4, "dur": 0.5, "train_loss": np.float64(3.0),
     "train_loss_best": True},
    {"epoch": 2, "train_batch_count": 4, "dur": 0.5, "train_loss": np.float64(2.5),
     "train_loss_best": True, "valid_own": np.float32(0.25)},
]  # fmt: skip


def test_curves_of_a_fitted_classifier(fitted):
    display = TrainingDisplay.from_estimator(fitted)
    assert sorted(record for record, _ in display.line_) == [
        "train_loss", "valid_au_prc", "valid_loss"
    ]  # fmt: skip
    for (record, _), line in display.line_.items():
        assert line.get_xdata().tolist() == list(range(1, fitted.n_iter_ + 1))
        assert line.get_ydata().tolist() == [e[record] for e in fitted.history_]
    assert [ax.get_ylabel() for ax in display.ax_] == ["Loss", "AU(PRC)"]
    assert_readable(display.figure_)


def test_only_what_was_measured_and_when():
    display = TrainingDisplay(HISTORY).plot()
    assert set(display.line_) == {("train_loss", None), ("valid_own", None)}
    line = display.line_["valid_own", None]
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([2], [0.25])
    assert [ax.get_ylabel() for ax in display.ax_] == ["Loss", "own"]


@pytest.mark.parametrize(("sign", "marker"), [(1, "^"), (-1, "v")])
def test_first_epochs_do_not_flatten_the_rest(sign, marker):
    values = sign * np.array([400, 90, 3, 2.5, 2.0, 2.2, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4])
    history = [{"train_loss": value, "valid_loss": value / 2} for value in values]
    display = TrainingDisplay(history).plot()
    low, high = sorted(display.ax_.get_ylim())
    assert high - low < 3
    assert display.line_["train_loss", None].get_ydata().tolist() == values.tolist()
    edge = high if sign > 0 else low
    for line in display.clipped_:
        assert line.get_xdata().tolist() == [1]
        assert line.get_ydata().tolist() == [edge]
        assert line.get_marker() == marker
    assert len(display.clipped_) == 2
    (text,) = (text.get_text() for text in display.ax_.texts)
    assert sorted(map(float, text.split(", "))) == sorted([sign * 200, sign * 400])
    assert_readable(display.figure_)


@pytest.mark.parametrize("values", [[3, 2, 1.5, 1], [9, 1, 1, 1], [9, 1], [9, np.nan]])
def test_all_epochs_where_they_have_room(values):
    display = TrainingDisplay([{"train_loss": float(value)} for value in values]).plot()
    low, high = display.ax_.get_ylim()
    assert low < np.nanmin(values) <= np.nanmax(values) < high
    assert display.clipped_ == []


def test_several_models():
    display = TrainingDisplay({"one": HISTORY, "a longer name": HISTORY[:1]}).plot()
    one = display.line_["train_loss", "one"]
    other = display.line_["train_loss", "a longer name"]
    assert one.get_color() != other.get_color()
    assert one.get_marker() != other.get_marker()
    texts = [text.get_text() for text in display.ax_[0].get_legend().get_texts()]
    assert texts == ["one, training", "a longer name, training"]
    assert ("valid_own", "a longer name") not in display.line_
    assert_readable(display.figure_)


def test_through_a_pipeline_onto_own_axes(data):
    X, Y, hierarchy = data
    classifier = HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=1, hidden_layer_sizes=(5,), max_epochs=2
    )
    pipeline = make_pipeline(StandardScaler(), classifier).fit(X, Y)
    _, ax = plt.subplots()
    display = TrainingDisplay.from_estimator(pipeline, ax=ax, name="P")
    assert display.ax_ is ax
    assert list(display.line_) == [("train_loss", "P")]


@pytest.mark.parametrize("history", [[], [{"dur": 1.0}]])
def test_nothing_recorded(history):
    with pytest.raises(ValueError, match="records named 'train_"):
        TrainingDisplay(history).plot()


def test_no_history():
    with pytest.raises(NotFittedError):
        TrainingDisplay.from_estimator(HierarchicalEnsembleClassifier())
    flat = LogisticRegression().fit([[0], [1]], [0, 1])
    with pytest.raises(AttributeError, match="`history_`, but LogisticRegression"):
        TrainingDisplay.from_estimator(flat)


def test_axes_that_do_not_fit():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="`ax` to be 2 matplotlib Axes"):
        TrainingDisplay(HISTORY).plot(ax)


def test_the_epoch_that_was_kept_has_a_ring(fitted):
    scores = [epoch["valid_au_prc"] for epoch in fitted.history_]
    display = TrainingDisplay.from_estimator(fitted)
    ring = display.kept_["valid_au_prc", None]
    assert ring.get_xdata().tolist() == [np.argmax(scores) + 1]
    assert ring.get_ydata().tolist() == [max(scores)]
    given = [{"valid_loss": 3.0}, {"valid_loss": 1.0}, {"valid_loss": 2.0}]
    display = TrainingDisplay({"mine": given}, kept={"mine": 2}).plot()
    assert display.kept_["valid_loss", "mine"].get_xydata().tolist() == [[2, 1]]
    assert TrainingDisplay(given).plot().kept_ == {}


@pytest.mark.parametrize(
    ("firsts", "said"),
    [((95.0, 180.0), "95, 180"), ((400.0, 95.0, 180.0, 90.0), "90 to 400")],
)
def test_many_values_of_first_epochs_are_a_range(firsts, said):
    later = [{"train_loss": 1 + 1 / k} for k in range(1, 9)]
    histories = {f"m{k}": [{"train_loss": one}, *later] for k, one in enumerate(firsts)}
    display = TrainingDisplay(histories).plot()
    assert said in [text.get_text() for text in display.ax_.texts]

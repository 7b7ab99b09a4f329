"""Figures have room for long names and for many of them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.plotting import (
    ExplanationDisplay,
    HierarchyDisplay,
    PooledPRCurveDisplay,
    RarityDisplay,
    TrainingDisplay,
)
from tests.plotting.readable import assert_readable

LONG = ["n" * 60, "a forest of shallow trees with weights of nodes " * 2]
MANY = [f"model {k}" for k in range(16)]
LABELS = np.tile([[1, 1, 0], [1, 0, 1]], (20, 1))
TITLE = "RNA polymerase II cis-regulatory region sequence-specific DNA binding"
GO = Hierarchy.from_edges(
    [("GO:1", "GO:0000978"), ("GO:1", "GO:3")], names={"GO:0000978": TITLE}
)
ROWS = [
    "P12345",
    "sp|P12345|A kinase of the membrane " * 4,
    "n" * 150,  # no blank to break it at
]


def rarity(names, ax=None):
    return RarityDisplay.from_predictions(
        LABELS, dict.fromkeys(names, LABELS), y_train=LABELS, metric="recall", ax=ax
    )


def curves(names, ax=None):
    return PooledPRCurveDisplay.from_predictions(
        LABELS, dict.fromkeys(names, LABELS), ax=ax
    )


def training(names, ax=None):
    history = [{"train_loss": 2.0, "valid_loss": 3.0}, {"train_loss": 1.0}]
    return TrainingDisplay(dict.fromkeys(names, history)).plot(ax)


@pytest.mark.parametrize("names", [LONG, MANY], ids=["long", "many"])
@pytest.mark.parametrize("draw", [rarity, curves, training])
def test_legends(draw, names):
    display = draw(names)
    assert_readable(display.figure_)
    assert display.ax_.get_window_extent().width / display.figure_.dpi > 3


def test_short_legends_leave_a_figure_as_it_is():
    sizes = [draw(["a", "b"]).figure_.get_figwidth() for draw in (curves, training)]
    assert sizes == [7, 7]


def test_the_users_own_figure_keeps_its_size():
    figure, ax = plt.subplots()
    before = figure.get_size_inches().tolist()
    rarity(LONG, ax)
    assert figure.get_size_inches().tolist() == before


def test_more_names_in_a_figure_of_ours():
    display = curves(["short"])
    curves(LONG, display.ax_)
    assert_readable(display.figure_)


def title_of(display):
    return display.ax_.get_title("left")


@pytest.mark.parametrize("dpi", [70, 100, 220])
@pytest.mark.parametrize("row", ROWS)
def test_titles_of_the_hierarchy_display(row, dpi):
    display = HierarchyDisplay.from_predictions(
        [0.9, 0.2, 0.7], hierarchy=GO, title=row, max_nodes=2
    )
    display.figure_.set_dpi(dpi)
    assert_readable(display.figure_)
    assert title_of(display).replace("\n", " ").endswith("2 of 3 nodes")
    words = "".join(title_of(display).split())
    assert words == "".join(f"{row}: 2 of 3 nodes".split())


@pytest.fixture(scope="module")
def model():
    X = np.random.default_rng(0).normal(size=(40, 12))
    settings = {"n_estimators": 1, "hidden_layer_sizes": (4,), "max_epochs": 1}
    model = HierarchicalEnsembleClassifier(GO, random_state=0, **settings)
    return model.fit(X, LABELS), X


@pytest.mark.parametrize("feature", ["x", "a feature with a long name"])
def test_titles_of_the_explanation_display(model, feature):
    model, X = model
    display = ExplanationDisplay.from_estimator(
        model, X[:3], "GO:0000978", k=4, ids=ROWS,
        feature_names=[f"{feature} {k}" for k in range(12)],
    )  # fmt: skip
    assert_readable(display.figure_)
    first = display.ax_[0].get_title("left")
    assert (
        first.replace("\n", " ")
        .replace("- ", "-")
        .startswith(f"P12345: GO:0000978 {TITLE} ")
    )


def test_short_titles_are_not_broken(model):
    model, X = model
    display = ExplanationDisplay.from_estimator(model, X[[0]], "GO:1", k=4)
    assert title_of(display).count("\n") == 1
    assert display.figure_.get_figheight() == pytest.approx(1.3 + 0.24 * 5)


def test_titles_on_the_users_own_axes(model):
    model, X = model
    figure, ax = plt.subplots(layout="constrained")
    ExplanationDisplay.from_estimator(model, X[[0]], "GO:0000978", k=4, ax=ax)
    assert figure.get_size_inches().tolist() == plt.rcParams["figure.figsize"]
    assert_readable(figure)

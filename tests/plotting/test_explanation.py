"""`ExplanationDisplay`: bars are the table's numbers, and can be read."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.inspection import explain
from sklearn_hmlc.plotting import ExplanationDisplay
from tests.plotting.readable import assert_readable


@pytest.fixture(scope="module")
def model(data):
    X, Y, hierarchy = data
    settings = {"hidden_layer_sizes": (10,), "max_epochs": 2, "random_state": 0}
    names = [f"signal {k}" for k in range(20)]
    frame = pd.DataFrame(X, columns=names, index=[f"P{k}" for k in range(len(X))])
    return HierarchicalEnsembleClassifier(hierarchy, **settings).fit(frame, Y), frame


def test_bars_are_the_attributions(model, data):
    model, X = model
    node = data[2].nodes[3]
    display = ExplanationDisplay.from_estimator(model, X[5:6], node, k=4)
    explanation = explain(model, X[5:6], node, k=4)
    lengths = [bar.get_width() for bar in display.bars_["P5", node]]
    table, said = explanation.table, explanation.responses.iloc[0]
    np.testing.assert_allclose(lengths[:4], table["attribution"])
    assert sum(lengths) == pytest.approx(said["attributed"])
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    expected = [
        f"{line.feature} = {line.value:.3g}" for line in table.itertuples(index=False)
    ]
    assert labels == [*expected, "all other features"]
    assert display.ax_.get_title("left").startswith(f"P5: {node}\n")
    for bar, length in zip(display.bars_["P5", node][:4], lengths, strict=False):
        same = display.bars_["P5", node][0].get_facecolor() == bar.get_facecolor()
        assert same == (np.sign(length) == np.sign(lengths[0]))
    assert_readable(display.figure_)


def test_panels_share_their_scale(model, data):
    model, X = model
    nodes = list(data[2].nodes[:2])
    display = ExplanationDisplay.from_estimator(model, X[:2], nodes, k=3)
    assert len(display.ax_) == 4
    assert len({ax.get_xlim() for ax in display.ax_}) == 1
    assert_readable(display.figure_)
    with pytest.raises(ValueError, match="but got 20"):
        ExplanationDisplay.from_estimator(model, X[:20], nodes[0])


def test_other_frames_and_long_names(data):
    X, Y, hierarchy = data
    names = [f"{'a long name of a feature ' * 3}{k}" for k in range(20)]
    frame = pl.DataFrame(X, schema=names)
    model = HierarchicalEnsembleClassifier(hierarchy, max_epochs=1).fit(frame, Y)
    display = ExplanationDisplay.from_estimator(
        model, frame[:1], hierarchy.nodes[0], scale="logit", k=3
    )
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert max(map(len, labels)) <= 40
    assert "log odds" in display.ax_.get_xlabel()
    assert_readable(display.figure_)

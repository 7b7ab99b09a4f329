"""`UncertaintyDisplay` against shares of right decisions counted cell by cell."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.plotting import UncertaintyDisplay
from tests.plotting.readable import assert_readable


@pytest.fixture
def example(rng):
    # a - b - d, a - c, and e, which does not count.
    hierarchy = Hierarchy.from_edges(
        [("a", "b"), ("b", "d"), ("a", "c")], nodes=list("abcde"), unscored=["e"]
    )
    y_true = rng.random((200, 5)) < 0.4
    y_pred = rng.random((200, 5)) < 0.4
    return hierarchy, y_true, y_pred, rng.random((200, 5))


def by_hand(y_true, y_pred, uncertainty, nodes, edges):
    """Mean uncertainty, share of right decisions and their number, bin by bin."""
    points = []
    for low, high in zip([-np.inf, *edges], [*edges, np.inf], strict=True):
        cells = [
            (uncertainty[row, node], y_true[row, node] == y_pred[row, node])
            for row in range(len(y_true))
            for node in nodes
            if low <= uncertainty[row, node] < high
        ]
        if cells:
            points.append((*np.mean(cells, axis=0), len(cells)))
    return np.array(points)


def depths(hierarchy):
    return {
        str(depth): np.flatnonzero((hierarchy.depth == depth) & hierarchy.scored)
        for depth in range(3)
    }


def assert_points(display, example, edges):
    hierarchy, *arrays = example
    assert list(display.line_) == ["0", "1", "2"]
    for depth, nodes in depths(hierarchy).items():
        expected = by_hand(*arrays, nodes, edges)
        x, y = display.line_[depth].get_data()
        np.testing.assert_allclose(x, expected[:, 0])
        np.testing.assert_allclose(y, expected[:, 1])
        table = display.table[display.table.depth == depth]
        assert table.n_decisions.tolist() == expected[:, 2].tolist()


def test_bins_of_one_width(example):
    hierarchy, y_true, y_pred, uncertainty = example
    display = UncertaintyDisplay.from_predictions(
        y_true, y_pred, uncertainty, hierarchy=hierarchy, n_bins=4
    )
    top = uncertainty[:, hierarchy.scored].max()
    assert_points(display, example, [top / 4, top / 2, 3 * top / 4])


def test_bins_of_as_many_decisions(example):
    hierarchy, y_true, y_pred, uncertainty = example
    display = UncertaintyDisplay.from_predictions(
        y_true,
        y_pred,
        uncertainty,
        hierarchy=hierarchy,
        n_bins=4,
        strategy="quantile",
    )
    scored = uncertainty[:, hierarchy.scored]
    assert_points(display, example, np.quantile(scored, [0.25, 0.5, 0.75]))
    assert display.table.groupby(
        display.table.index % 4
    ).n_decisions.sum().tolist() == ([200] * 4)


def test_points_of_few_decisions_are_hollow():
    uncertainty = np.repeat([0.1, 0.5, 0.9], [50, 3, 50])[:, np.newaxis]
    labels = np.ones((103, 1))
    display = UncertaintyDisplay.from_predictions(
        labels, labels, uncertainty, n_bins=3, few=4
    )
    assert display.line_["0"].get_xdata() == pytest.approx([0.1, 0.5, 0.9])
    assert display.line_["0"].get_markevery() == [0, 2]
    hollow = display.hollow_["0"]
    assert hollow.get_xdata() == pytest.approx([0.5])
    assert hollow.get_markerfacecolor() == "white"
    assert hollow.get_color() == display.line_["0"].get_color()
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["0 (103 decisions)", "fewer than 4 decisions"]
    assert display.plot(few=3).hollow_ == {}
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["0 (103 decisions)"]


def test_depths_together(example):
    hierarchy, *arrays = example
    display = UncertaintyDisplay.from_predictions(
        *arrays, hierarchy=hierarchy, bins=[0, 1]
    )
    totals = display.table.groupby("depth").n_decisions.sum()
    assert totals.to_dict() == {"0": 200, "1+": 600}


def test_deep_nodes_share_a_curve_by_default():
    chain = Hierarchy.from_edges([(k, k + 1) for k in range(10)])
    labels = np.ones((2, 11))
    display = UncertaintyDisplay.from_predictions(
        labels, labels, np.full((2, 11), 0.5), hierarchy=chain
    )
    assert list(display.line_) == ["0", "1", "2", "3", "4", "5", "6+"]
    assert len({line.get_color() for line in display.line_.values()}) == 7
    assert len({line.get_marker() for line in display.line_.values()}) == 7


@pytest.mark.parametrize("bare", [False, True])
def test_from_estimator_matches_columns_by_name(
    data, named, fitted, in_node_order, bare
):
    X, Y, hierarchy = data
    y = named[list(fitted.classes_)].to_numpy() if bare else named
    display = UncertaintyDisplay.from_estimator(fitted, X, y, n_bins=5)
    expected = UncertaintyDisplay.from_predictions(
        Y,
        in_node_order["predict"],
        in_node_order["predict_uncertainty"],
        hierarchy=hierarchy,
        n_bins=5,
    )
    np.testing.assert_allclose(
        display.table.drop(columns="depth"), expected.table.drop(columns="depth")
    )
    assert display.ax_.get_xlabel() == "Uncertainty (gmu)"
    assert_readable(display.figure_)


def test_own_axes_and_style(example):
    hierarchy, *arrays = example
    _, ax = plt.subplots()
    display = UncertaintyDisplay.from_predictions(
        *arrays, hierarchy=hierarchy, ax=ax, curve_kwargs={"color": "k"}
    )
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert {line.get_color() for line in display.line_.values()} == {"k"}


def test_names_beside_none_in_another_order(example):
    hierarchy, y_true, y_pred, uncertainty = example
    y_pred = pd.DataFrame(y_pred, columns=hierarchy.nodes).iloc[:, ::-1]
    with pytest.raises(ValueError, match=r"`y_true` has no names, .* `y_pred` are"):
        UncertaintyDisplay.from_predictions(
            y_true, y_pred, uncertainty, hierarchy=hierarchy
        )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"uncertainty": [[-0.5, 1]]}, "`uncertainty` of 0 or more, but got -0.5"),
        ({"uncertainty": [[1]]}, "uncertainty of shape"),
        ({"uncertainty": [[1, 1]] * 2}, "`uncertainty` with as many rows"),
        ({"y_pred": [[1, 1]] * 2}, "`y_pred` with as many rows"),
        ({"n_bins": 0}, "`n_bins` of 1 or more, but got 0"),
        ({"n_bins": "5"}, "`n_bins` of 1 or more, but got '5'"),
        ({"strategy": "uni"}, "`strategy` to be one of .* Did you mean 'uniform'"),
        ({"bins": [3, 1]}, "`bins` to be ascending"),
        ({"bins": [7]}, "lower the first end"),
        ({"y_true": np.ones((0, 2))}, "as many rows"),
        (
            dict.fromkeys(["y_true", "y_pred", "uncertainty"], np.ones((0, 2))),
            "one row",
        ),
    ],
)
def test_bad_input(changed, message):
    given = {"y_true": [[1, 0]], "y_pred": [[1, 0]], "uncertainty": [[0.1, 0.2]]}
    with pytest.raises(ValueError, match=message):
        UncertaintyDisplay.from_predictions(**{**given, **changed})


def test_estimator_without_uncertainty():
    flat = LogisticRegression().fit([[0], [1]], [0, 1])
    with pytest.raises(AttributeError, match="`predict_uncertainty`, but Logistic"):
        UncertaintyDisplay.from_estimator(flat, [[0]], [[1]])


def test_points_of_few_decisions_have_wilsons_interval():
    # Of 10 decisions 7 are right.
    y_true = np.zeros((10, 1), dtype=int)
    y_pred = (np.arange(10) < 3).astype(int)[:, None]
    display = UncertaintyDisplay.from_predictions(
        y_true, y_pred, np.full((10, 1), 0.5), n_bins=1
    )
    (segment,) = display.intervals_["0"].get_segments()
    interval = binomtest(7, 10).proportion_ci(method="wilson")
    np.testing.assert_allclose(segment[:, 1], interval, atol=1e-4)
    assert display.plot(few=10).intervals_ == {}

"""`HierarchyDisplay`: every node in its place, with its own numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.ensemble import RandomForestClassifier

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.plotting import HierarchyDisplay
from tests.plotting.readable import assert_readable

#   a        f
#   +- b
#   |  +- d
#   |     +- e (also below c)
#   +- c
EDGES = [("a", "b"), ("a", "c"), ("b", "d"), ("d", "e"), ("c", "e")]
PROBA = {"a": 0.9, "b": 0.6, "c": 0.8, "d": 0.5, "e": 0.3, "f": 0.1}
TRUE = {"a": 1, "b": 1, "c": 0, "d": 1, "e": 1, "f": 0}


@pytest.fixture
def hierarchy():
    return Hierarchy.from_edges(EDGES, nodes=list("abcdef"), unscored=["f"])


def of(values, hierarchy):
    return [values[node] for node in hierarchy.nodes]


def drawn(display):
    """Node -> (outcome, probability), read from the figure."""
    return {
        display.nodes_[int(y)]: (outcome, x)
        for outcome, line in display.points_.items()
        for x, y in zip(*line.get_data(), strict=True)
    }


def test_each_node_has_its_own_numbers(hierarchy):
    uncertainty = {node: 1 - p for node, p in PROBA.items()}
    display = HierarchyDisplay.from_predictions(
        of(PROBA, hierarchy),
        hierarchy=hierarchy,
        y_true=of(TRUE, hierarchy),
        uncertainty=of(uncertainty, hierarchy),
        measure="margin",
    )
    assert display.nodes_ == ("a", "b", "d", "e", "c")  # f is unscored
    assert drawn(display) == {
        "a": ("true, predicted", 0.9),
        "b": ("true, predicted", 0.6),
        "c": ("not true, predicted", 0.8),
        "d": ("true, predicted", 0.5),
        "e": ("true, missed", 0.3),
    }
    widths = [bar.get_width() for bar in display.bars_]
    assert widths == pytest.approx([uncertainty[node] for node in display.nodes_])
    assert display.uncertainty_ax_.get_xlabel() == "Uncertainty (margin)"
    assert_readable(display.figure_)


def test_outline(hierarchy):
    display = HierarchyDisplay.from_predictions(
        of(PROBA, hierarchy), hierarchy=hierarchy, labels={"c": "the third"}
    )
    lines = [text.get_text() for text in display.ax_.texts]
    assert lines == ["a", "b", "d", "e (also below c)", "c the third"]
    indents = [text.get_position()[0] for text in display.ax_.texts]
    steps = np.subtract(indents, indents[0]) / (indents[1] - indents[0])
    assert steps.tolist() == [0, 1, 2, 3, 1]
    assert [text.get_position()[1] for text in display.ax_.texts] == list(range(5))


def test_without_truth_and_with_own_decisions(hierarchy):
    y_pred = {**dict.fromkeys("abcdef", 0), "a": 1, "b": 1}
    display = HierarchyDisplay.from_predictions(
        of(PROBA, hierarchy), hierarchy=hierarchy, y_pred=of(y_pred, hierarchy)
    )
    outcomes = {node: outcome for node, (outcome, _) in drawn(display).items()}
    assert outcomes == {
        node: "predicted" if node in "ab" else "not predicted" for node in "abcde"
    }
    assert display.uncertainty_ax_ is None
    assert display.bars_ is None


def test_true_nodes_come_first_then_the_probable(hierarchy):
    given = {"hierarchy": hierarchy, "max_nodes": 3}
    proba = of(PROBA, hierarchy)
    display = HierarchyDisplay.from_predictions(proba, **given)
    assert display.nodes_ == ("a", "b", "c")
    assert display.ax_.get_title("left") == "3 of 5 nodes"
    y_true = [[node in "ae" for node in hierarchy.nodes]]
    display = HierarchyDisplay.from_predictions(proba, y_true=y_true, **given)
    assert set(display.nodes_) == {"a", "e", "c"}
    lines = [text.get_text() for text in display.ax_.texts]
    assert lines == ["a", "c", "e (also below a)"]


def test_ties_keep_ancestors():
    chain = Hierarchy.from_edges([(k, k + 1) for k in range(9)])
    display = HierarchyDisplay.from_predictions(
        np.full(10, 0.7), hierarchy=chain, max_nodes=4
    )
    assert display.nodes_ == (0, 1, 2, 3)


def test_unscored_nodes_are_left_out():
    edges = [("top", "a"), ("top", "b"), ("a", "between"), ("between", "c")]
    hierarchy = Hierarchy.from_edges(edges, unscored=["top", "between"])
    proba = pd.Series({"top": 1.0, "between": 0.8, "a": 0.9, "b": 0.2, "c": 0.4})
    given = {"hierarchy": hierarchy, "uncertainty": 1 - proba}
    display = HierarchyDisplay.from_predictions(proba, **given)
    assert display.nodes_ == ("a", "c", "b")
    assert set(drawn(display)) == {"a", "b", "c"}
    assert len(display.bars_) == 3
    # They take no place, neither among the most telling nor below a node.
    display = HierarchyDisplay.from_predictions(proba, max_nodes=2, **given)
    assert display.nodes_ == ("a", "c")
    assert display.ax_.get_title("left") == "2 of 3 nodes"
    display = HierarchyDisplay.from_predictions(proba, node="between", **given)
    assert display.nodes_ == ("c",)
    table = pd.DataFrame({"proba": proba, "predicted": proba > 0.5})
    display = HierarchyDisplay(hierarchy, table.loc[list(hierarchy.nodes)]).plot()
    assert set(drawn(display).values()) == {
        ("predicted", 0.9), ("not predicted", 0.2), ("not predicted", 0.4)
    }  # fmt: skip
    leaf = Hierarchy.from_edges([("a", "b")], unscored=["b"])
    with pytest.raises(ValueError, match="scored node to show"):
        HierarchyDisplay.from_predictions([1, 0], hierarchy=leaf, node="b")


def test_names_that_are_tuples():
    hierarchy = Hierarchy.from_edges([(("a", 1), ("b", 2)), (("a", 1), ("b", 3))])
    display = HierarchyDisplay.from_predictions(
        [0.9, 0.8, 0.1], hierarchy=hierarchy, node=("a", 1), max_nodes=2
    )
    assert display.nodes_ == (("a", 1), ("b", 2))
    assert [text.get_text() for text in display.ax_.texts] == ["('a', 1)", "('b', 2)"]


def test_titles_of_the_hierarchy(hierarchy):
    titles = {"a": "the first", "b": "b"}
    hierarchy = Hierarchy.from_edges(
        hierarchy.edge_names,
        nodes=hierarchy.nodes,
        unscored=hierarchy.unscored,
        names=titles,
    )
    given = {"y_score": of(PROBA, hierarchy), "hierarchy": hierarchy, "max_nodes": 2}
    texts = [
        text.get_text()
        for labels in (None, {"c": "third"})
        for text in HierarchyDisplay.from_predictions(**given, labels=labels).ax_.texts
    ]
    assert texts == ["a the first", "c", "a", "c third"]


def test_below_a_node(hierarchy):
    display = HierarchyDisplay.from_predictions(
        of(PROBA, hierarchy), hierarchy=hierarchy, node="b"
    )
    assert display.nodes_ == ("b", "d", "e")
    assert drawn(display)["e"] == ("not predicted", 0.3)
    assert display.ax_.get_title("left") == ""


@pytest.mark.parametrize(
    "container",
    [
        lambda row, names: [row],
        lambda row, names: pd.Series(row, index=names)[::-1],
        lambda row, names: pd.DataFrame([row], columns=names).iloc[:, ::-1],
        lambda row, names: sp.csr_array([row]),
    ],
)
def test_containers(hierarchy, container):
    row = container(of(PROBA, hierarchy), list(hierarchy.nodes))
    truth = container(of(TRUE, hierarchy), list(hierarchy.nodes))
    display = HierarchyDisplay.from_predictions(row, hierarchy=hierarchy, y_true=truth)
    scored = {node: PROBA[node] for node in "abcde"}
    assert {node: p for node, (_, p) in drawn(display).items()} == scored
    assert drawn(display)["e"][0] == "true, missed"


@pytest.mark.parametrize("form", ["frame", "bare", "1-D", "series"])
def test_from_estimator_matches_columns_by_name(
    data, named, fitted, in_node_order, form
):
    X, Y, hierarchy = data
    row = named.iloc[[7]]
    if form == "series":
        row = named.iloc[7]
    elif form != "frame":  # as the classifier's columns
        row = row[list(fitted.classes_)].to_numpy()
        row = row[0] if form == "1-D" else row
    display = HierarchyDisplay.from_estimator(fitted, X[[7]], row, max_nodes=25)
    assert sorted(display.nodes_) == sorted(hierarchy.nodes)
    order = hierarchy.index(list(display.nodes_))
    expected = in_node_order["predict_proba"][7, order]
    found = [drawn(display)[node][1] for node in display.nodes_]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    unsure = [bar.get_width() for bar in display.bars_]
    np.testing.assert_allclose(
        unsure, in_node_order["predict_uncertainty"][7, order], rtol=1e-5
    )
    for node, (outcome, _) in drawn(display).items():
        at = hierarchy.index(node)
        true, predicted = Y[7, at], in_node_order["predict"][7, at]
        assert outcome.startswith("true") == bool(true)
        assert outcome.endswith(("not predicted", "missed")) != bool(predicted)


def test_estimator_of_another_kind(data):
    X, Y, hierarchy = data
    forest = RandomForestClassifier(n_estimators=5, random_state=0).fit(X, Y)
    display = HierarchyDisplay.from_estimator(forest, X[[0]], hierarchy=hierarchy)
    proba = [p[0, 1] for p in forest.predict_proba(X[[0]])]
    found = {node: p for node, (_, p) in drawn(display).items()}
    assert found == dict(zip(hierarchy.nodes, proba, strict=True))
    assert display.bars_ is None


@pytest.mark.parametrize("dpi", [60, 100, 150])
def test_a_hundred_nodes_are_readable(dpi, rng):
    _, Y, hierarchy = make_hierarchical_multilabel(
        100, n_nodes=100, kind="dag", random_state=0
    )
    labels = dict.fromkeys(hierarchy.nodes[::3], "wwwwww mmmmmm a long description $x$")
    display = HierarchyDisplay.from_predictions(
        rng.random(100),
        hierarchy=hierarchy,
        y_true=Y[0],
        uncertainty=rng.random(100),
        max_nodes=100,
        labels=labels,
    )
    display.figure_.set_dpi(dpi)
    assert_readable(display.figure_)
    left = display.ax_.get_window_extent().x0
    assert len(display.ax_.texts) == 100
    assert max(text.get_window_extent().x1 for text in display.ax_.texts) < left


def test_own_axes(hierarchy):
    _, ax = plt.subplots()
    display = HierarchyDisplay.from_predictions(
        of(PROBA, hierarchy), hierarchy=hierarchy, ax=ax
    )
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_names_beside_none_in_another_order(hierarchy):
    proba = pd.Series(PROBA)[::-1]
    with pytest.raises(ValueError, match=r"`y_true` has no names, .* `y_score` are"):
        HierarchyDisplay.from_predictions(
            proba, hierarchy=hierarchy, y_true=of(TRUE, hierarchy)
        )


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"y_score": [[0.5] * 6] * 2}, ValueError, "`y_score` of one row, but got 2"),
        ({"y_score": [0.5] * 3}, ValueError, "y_score of shape"),
        ({"y_score": 0.5}, ValueError, "y_score of shape"),
        ({"y_score": [0.5] * 5 + [np.nan]}, ValueError, "y_score contains NaN"),
        ({"y_score": [0.5] * 5 + [1.5]}, ValueError, r"in \[0, 1\], .* 0.5 to 1.5"),
        ({"y_true": [[1] * 6] * 3}, ValueError, "`y_true` of one row, but got 3"),
        ({"y_true": [2] * 6}, ValueError, "y_true must hold only 0 and 1 .* has 2"),
        ({"max_nodes": 0}, ValueError, "`max_nodes` of 1 or more, but got 0"),
        ({"max_nodes": "all"}, ValueError, "`max_nodes` of 1 or more, but got 'all'"),
        ({"node": "z"}, KeyError, "'z' is no node"),
        ({"hierarchy": None}, TypeError, "`hierarchy` to be a Hierarchy"),
    ],
)
def test_bad_input(hierarchy, changed, error, message):
    given = {"y_score": of(PROBA, hierarchy), "hierarchy": hierarchy, **changed}
    with pytest.raises(error, match=message):
        HierarchyDisplay.from_predictions(**given)


def test_the_name_of_the_row_is_the_title(fitted, data, hierarchy):
    X = pd.DataFrame(data[0][:1], index=["P_$1$"])
    display = HierarchyDisplay.from_estimator(fitted, X, max_nodes=5)
    n_scored = data[2].scored.sum()
    assert display.ax_.get_title("left") == f"P_$1$: 5 of {n_scored} nodes"
    assert_readable(display.figure_)
    display = HierarchyDisplay.from_predictions(
        of(PROBA, hierarchy), hierarchy=hierarchy, title="gene 7"
    )
    assert display.ax_.get_title("left") == "gene 7"

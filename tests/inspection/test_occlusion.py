"""`explain` with any model: one feature after the other is taken away."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.inspection import explain

HIERARCHY = Hierarchy.from_edges([("a", "b")], nodes=["a", "b", "c"], unscored=["c"])


class Additive(ClassifierMixin, BaseEstimator):
    """Probabilities .1 + .2 x0 + .3 x1 of a, half of that of b; c is unscored."""

    classes_ = np.array(["a", "b", "c"])
    hierarchy_ = HIERARCHY

    def fit(self, X, y=None):
        return self

    def predict_proba(self, X):
        X = X.toarray() if sp.issparse(X) else np.asarray(X)
        a = 0.1 + 0.2 * X[:, 0] + 0.3 * X[:, 1]
        return np.column_stack([a, a / 2, np.ones(len(a))])


class OfWords(Additive):
    """Probability .9 where the colour is red, else .4."""

    def predict_proba(self, X):
        a = np.where(np.array(X["colour"].to_list()) == "red", 0.9, 0.4)
        return np.column_stack([a, a / 2, np.ones(len(a))])


def of_node(table, node):
    """(id, feature) -> attribution."""
    table = table[table["node"] == node]
    keys = zip(table["id"], table["feature"], strict=True)
    return dict(zip(keys, table["attribution"], strict=True))


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.csr_matrix])
def test_an_additive_model_in_closed_form(container):
    X = np.array([[1.0, 1.0, 5.0], [0.0, 1.0, 7.0]])
    baseline = np.array([[0.0, 0.0, 5.0], [1.0, 0.0, 6.0]])
    found = explain(Additive(), container(X), ["a", "b"], baseline=container(baseline))
    assert found.method == "occlusion"
    # x0: .2 times the mean of what is above the baselines; x2 says nothing.
    expected = {(0, "x0"): 0.1, (0, "x1"): 0.3, (1, "x0"): -0.1, (1, "x1"): 0.3}
    assert of_node(found.table, "a") == pytest.approx(expected)
    half = {key: value / 2 for key, value in expected.items()}
    assert of_node(found.table, "b") == pytest.approx(half)
    responses = found.responses
    assert responses["response"].tolist() == pytest.approx([0.6, 0.3, 0.4, 0.2])
    assert responses["baseline"].tolist() == pytest.approx([0.2, 0.1, 0.2, 0.1])
    assert responses["attributed"].tolist() == pytest.approx([0.4, 0.2, 0.2, 0.1])


def test_sparse_rows_need_no_baseline_and_ask_for_what_they_hold():
    X = sp.csr_array(np.array([[1.0, 0, 0], [0, 0, 3.0]]))
    found = explain(Additive(), X, "a")
    assert of_node(found.table, "a") == pytest.approx({(0, "x0"): 0.2})
    with pytest.raises(ValueError, match="`baseline` for a dense X"):
        explain(Additive(), X.toarray(), "a")


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_with_words(library):
    X = library.DataFrame({"size": [1, 2], "colour": ["red", "blue"]})
    baseline = library.DataFrame({"colour": ["blue", "red"], "size": [9, 9]})
    found = explain(OfWords(), X, "a", baseline=baseline)
    assert isinstance(found.table, library.DataFrame)
    rows = found.table[["id", "feature", "value", "attribution"]]
    rows = rows.values.tolist() if library is pd else rows.rows()
    expected = [(0, "colour", "red", 0.25), (1, "colour", "blue", -0.25)]
    for row, other in zip(rows, expected, strict=True):
        assert tuple(row[:3]) == other[:3]
        assert row[3] == pytest.approx(other[3])


def test_categories_stay_categories():
    X = pd.DataFrame({"colour": pd.Categorical(["red", "blue"]), "size": [1.0, 2.0]})
    seen = []

    class Sees(OfWords):
        def predict_proba(self, X):
            seen.append(X.dtypes.to_dict())
            return super().predict_proba(X)

    explain(Sees(), X, "a", baseline=X[1:])
    assert all(dtypes == X.dtypes.to_dict() for dtypes in seen)


def test_log_odds():
    X = np.array([[1.0, 1.0]])
    found = explain(Additive(), X, "a", baseline=[0.0, 0.0], scale="logit")
    of = found.table.set_index("feature")["attribution"]
    expected = np.log(0.6 / 0.4) - np.log(0.4 / 0.6)
    assert of["x0"] == pytest.approx(expected)
    forest = RandomForestClassifier(3, random_state=0).fit(X.repeat(4, 0), [0, 1, 0, 1])
    sure = KNeighborsClassifier(1).fit([[0.0], [1.0]], ["cat", "dog"])
    assert explain(forest, X, 1, baseline=[0, 0]).responses["node"].tolist() == [1]
    with pytest.raises(ValueError, match='scale="probability"'):
        explain(sure, [[0.0]], "cat", baseline=[1], scale="logit")


def test_one_class_per_row():
    X = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]] * 5)
    y = np.array(["cat", "dog", "cat", "dog"] * 5)
    for model in (
        LogisticRegression(),
        HierarchicalEnsembleClassifier(max_epochs=20, random_state=0),
    ):
        found = explain(model.fit(X, y), X[1:2], "dog", baseline=X[0])
        assert found.method == "occlusion"
        assert found.table["feature"].tolist() == ["x0"]
        expected = model.predict_proba(X[:2])[:, 1]
        fall = expected[1] - expected[0]
        assert found.table["attribution"][0] == pytest.approx(fall)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, pd.DataFrame])
def test_a_row_that_is_its_own_baseline(container):
    X = container(np.array([[1.0, 1.0]]))
    found = explain(Additive(), X, "a", baseline=X)
    assert found.table.empty
    assert found.responses["attributed"].tolist() == [0]


BAD = {
    "node": ({"node": "d"}, "In `node`"),
    "unscored": ({"node": "c"}, "unscored"),
    "no nodes": ({"node": []}, "at least one node"),
    "method": ({"method": "occlusio"}, "occlusion"),
    "gradients": ({"method": "integrated_gradients"}, "not a network's alone"),
    "scale": ({"scale": "odds"}, "`scale`"),
    "response": ({"response_method": "predict"}, "`response_method`"),
    "k": ({"k": 0}, "`k` of 1 or more"),
    "width": ({"baseline": [0, 0, 0]}, r"\(n_baselines, 2\)"),
    "names": ({"feature_names": ["x"]}, "of 2 features"),
    "twice": ({"feature_names": ["x", "x"]}, "`feature_names`"),
    "a row": ({"X": [1.0, 2.0]}, "One row"),
    "frame": ({"baseline": pd.DataFrame({"a": [1], "b": [2]})}, "without names"),
    "ids": ({"ids": ["P1", "P2"]}, "`ids` of 1 rows"),
}


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD)
def test_bad_input(given, message):
    usual = {"X": [[1.0, 1.0]], "node": "a", "baseline": [0, 0]}
    with pytest.raises(ValueError, match=message):
        explain(Additive(), **{**usual, **given})


def test_other_columns():
    X = pd.DataFrame({"x": [1.0], "y": [2.0]})
    with pytest.raises(ValueError, match="alone: 'y', 'z'"):
        explain(Additive(), X, "a", baseline=X.rename(columns={"y": "z"}))
    with pytest.raises(ValueError, match="same library"):
        explain(Additive(), X, "a", baseline=pl.DataFrame({"x": [1.0], "y": [2.0]}))


def test_nodes_without_rows_have_no_gradients():
    X, Y = np.eye(4), np.array([[1, 0], [1, 0], [0, 0], [0, 0]])
    model = HierarchicalEnsembleClassifier(
        Hierarchy.from_edges([("a", "b")]), max_epochs=1
    )
    with pytest.warns(UserWarning, match="no positive"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="had no row"):
        explain(model, X, "b")

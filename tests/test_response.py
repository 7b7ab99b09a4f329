"""What a model answers beside a truth: by name, or not at all."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._response import ask, node_names
from sklearn_hmlc.experts import NeighborsHierarchyClassifier
from sklearn_hmlc.inspection import rank_rows
from sklearn_hmlc.metrics import au_prc, get_scorer
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier
from sklearn_hmlc.predictions import (
    predict_dense,
    predict_frame,
    predict_labels,
    predict_sparse,
    predict_top,
)

TREE = Hierarchy.from_edges([("r", "a"), ("r", "b"), ("a", "c")])
OTHER = Hierarchy.from_edges([("R", "A"), ("R", "B"), ("A", "C")])
SWAPPED = ["r", "b", "a", "c"]


@pytest.fixture
def data(rng):
    Y = TREE.close((rng.random((60, 4)) < [0.2, 0.3, 0.2, 0.4]).astype(int))
    return rng.normal(size=(60, 3)), Y


def coherent(hierarchy):
    return CoherentClassifier(KNeighborsClassifier(3), hierarchy)


def test_names_are_positions_only_where_none_is_a_node():
    numbers = Hierarchy.flat([1, 2, 3])
    assert node_names([0, 1, 2], TREE) is None
    assert node_names([0, 1, 2], numbers) == [0, 1, 2]
    assert node_names([2, 1, 3], numbers) == [2, 1, 3]
    assert node_names(["R", "A"], TREE) == ["R", "A"]
    assert node_names(None, TREE) is None


def test_a_model_of_other_nodes_is_refused(data):
    X, Y = data
    model = coherent(OTHER).fit(X, Y)
    with pytest.raises(ValueError, match=r"the model's answer.*unknown: 'R', 'A'"):
        get_scorer("au_prc", hierarchy=TREE)(model, X, Y)
    with pytest.raises(
        ValueError, match=r"FrozenEstimator's scores.*unknown: 'R', 'A'"
    ):
        NodeThresholdClassifier(FrozenEstimator(model), TREE).fit(X, Y)


@pytest.mark.parametrize("scoring", ["au_prc", "node_f1_micro"])
def test_a_model_of_classes_has_no_answers_of_nodes(data, scoring):
    X, Y = data
    classes = np.array(TREE.nodes)[np.arange(60) % 4]
    model = make_pipeline(StandardScaler(), coherent(TREE)).fit(X, classes)
    for y in (Y, pd.DataFrame(Y, columns=TREE.nodes)):
        with pytest.raises(ValueError, match="one class per row"):
            get_scorer(scoring)(model, X, y)


def test_a_bare_mask_beside_a_model_in_another_order(data):
    X, Y = data
    frame = pd.DataFrame(Y, columns=TREE.nodes)[SWAPPED]
    model = coherent(TREE).fit(X, frame)
    mask = np.array([False, True, False, True])
    by_name = dict(zip(TREE.nodes, mask, strict=True))
    expected = get_scorer("au_prc", scored=by_name)(model, X, frame)
    # Bare labels are in the order of the model's classes, but is the mask?
    y = frame.to_numpy()
    assert get_scorer("au_prc", scored=by_name)(model, X, y) == expected
    for scored in (mask, mask.tolist()):
        with pytest.raises(ValueError, match=r"`scored` has no names.*estimator"):
            get_scorer("au_prc", scored=scored)(model, X, y)
    in_order = pd.DataFrame(Y, columns=TREE.nodes)
    assert get_scorer("au_prc", scored=mask)(model, X, in_order) == expected


class ListOfMargins(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def decision_function(self, X):
        return [X[:, 0], X[:, 1], X[:, 2]]


def test_margins_in_a_list_are_columns(rng):
    X = rng.normal(size=(3, 3))  # as many rows as columns
    values = ask(ListOfMargins().fit(X, X), X, "predict_proba").values
    np.testing.assert_allclose(values, 1 / (1 + np.exp(-X)))


@pytest.mark.parametrize(
    "model",
    [
        KNeighborsClassifier(3),
        DecisionTreeClassifier(),
        make_pipeline(StandardScaler(), KNeighborsClassifier(3)),
        FrozenEstimator(KNeighborsClassifier(3)),
    ],
    ids=["neighbours", "tree", "pipeline", "frozen"],
)
@pytest.mark.parametrize("dtype", [int, bool, float])
@pytest.mark.parametrize("label", [0, 1])
def test_a_node_that_no_row_has_or_every_row(label, dtype, model, rng):
    X = rng.normal(size=(20, 2))
    y = np.full(20, label).astype(dtype)
    inner = getattr(model, "estimator", model)
    inner.fit(X, y)
    values = ask(model, X, "predict_proba").values
    np.testing.assert_array_equal(values, np.full((20, 1), label))


@pytest.mark.parametrize("name", [0, 1, "a"])
def test_a_single_node_by_any_name(name, rng):
    X, y = rng.normal(size=(20, 2)), rng.integers(0, 2, (20, 1))
    clf = CoherentClassifier(KNeighborsClassifier(3), Hierarchy.flat([name]))
    proba = clf.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(ask(clf, X, "predict_proba").values, proba)
    assert 0 < proba.mean() < 1


def test_a_single_node_that_a_fold_lacks(rng):
    groups = np.repeat(range(4), 20)
    y = (np.arange(80) < 10).astype(int)[:, np.newaxis]
    X = rng.normal(size=(80, 2)) + 6 * y
    cv, nearest = GroupKFold(4), KNeighborsClassifier(5)
    clf = NodeThresholdClassifier(nearest, Hierarchy.flat(["a"]), cv=cv)
    clf.fit(X, y, groups=groups)
    # Folds whose model knows none say 0 of the rows that have the node.
    assert clf.thresholds_[0] <= 1
    both = np.hstack([y, 1 - y])
    two = NodeThresholdClassifier(nearest, Hierarchy.flat(["a", "b"]), cv=cv)
    assert two.fit(X, both, groups=groups).thresholds_[0] == clf.thresholds_[0]


# -- sparse rows of any format ---------------------------------------------------------

FORMATS = [
    getattr(sp, f"{name}_{kind}")
    for name in ("bsr", "coo", "csc", "dia", "dok", "lil")
    for kind in ("array", "matrix")
]


@pytest.mark.parametrize("container", FORMATS)
def test_rows_of_any_sparse_format_are_predicted_block_by_block(data, container):
    X, Y = data
    model = coherent(TREE).fit(container(X), container(Y))
    for predict in (predict_dense, predict_labels, predict_sparse):
        found, expected = (predict(model, x, batch_size=7) for x in (container(X), X))
        assert (found != expected).sum() == 0
    for table in (
        predict_top,
        predict_frame,
        lambda model, x, batch_size: rank_rows(
            model, x, by="entropy", y=container(Y), batch_size=batch_size
        ),
    ):
        found, expected = (table(model, x, batch_size=7) for x in (container(X), X))
        pd.testing.assert_frame_equal(found, expected)
    scores = predict_dense(model, X)
    assert au_prc(container(Y), container(scores)) == au_prc(Y, scores)


# -- bare truth beside a model of names ------------------------------------------------


def test_labels_in_another_order_are_refused_where_they_tell(data):
    X, Y = data
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    turned = frame.iloc[:, ::-1]
    search = GridSearchCV(coherent(TREE), {"threshold": [0.5]}, cv=2)
    for model in (coherent(TREE), search):
        model.fit(X, turned)
        for name in ("au_prc", "node_f1_macro"):
            scorer = get_scorer(name)
            assert scorer(model, X, turned.to_numpy()) == scorer(model, X, frame)
            with pytest.raises(ValueError, match=r"order .`classes_`.: 'c'.* a frame"):
                scorer(model, X, Y)


# -- labels that scikit-learn has numbered anew ----------------------------------------

NUMBERED = Hierarchy.from_edges(
    [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6), (6, 7)]
)


def test_classes_that_were_numbered_anew(rng):
    X, classes = rng.normal(size=(60, 3)), np.array([3, 4, 5, 7])[np.arange(60) % 4]
    model = NeighborsHierarchyClassifier(NUMBERED)
    model.fit(X, classes)  # no warning
    with pytest.warns(
        UserWarning, match="are 0, 1, 2, 3, inner .* `cross_val_predict`"
    ):
        cross_val_predict(model, X, classes, cv=2, method="predict_proba")
    named = NeighborsHierarchyClassifier(TREE)
    with pytest.raises(ValueError, match=r"no nodes .*: 0, 1\. .* `cross_val_predict`"):
        cross_val_predict(
            named,
            X,
            np.array(["b", "c"])[np.arange(60) % 2],
            cv=2,
            method="predict_proba",
        )

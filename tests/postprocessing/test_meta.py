"""Any classifier made coherent, with a threshold a node."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    make_coherent,
    node_thresholds,
)
from tests.test_classifier import TREE, X, Y

FOREST = RandomForestClassifier(n_estimators=10, max_depth=3, random_state=0)
LOGISTIC = MultiOutputClassifier(LogisticRegression())
# Labels of which one is in no row and one, with its parent, in all.
ODD = Y.copy()
ODD[:, TREE.index("a/x")] = 0
ODD[:, [TREE.index("root"), TREE.index("b")]] = 1


@pytest.mark.parametrize("labels", [Y, ODD], ids=["plain", "constant nodes"])
@pytest.mark.parametrize(
    "inner",
    [
        FOREST,
        LOGISTIC,
        KNeighborsClassifier(3),
        MLPClassifier((5,), max_iter=300, tol=1e-2, random_state=0),
        OneVsRestClassifier(LogisticRegression()),
        ClassifierChain(LogisticRegression()),
        RidgeClassifier(),
        make_pipeline(StandardScaler(), LOGISTIC),
    ],
    ids=lambda inner: type(inner).__name__,
)
def test_any_classifier_becomes_coherent(inner, labels):
    clf = CoherentClassifier(inner, TREE).fit(X, labels)
    proba = clf.predict_proba(X)
    assert proba.shape == Y.shape
    assert ((proba >= 0) & (proba <= 1)).all()
    parents, children = TREE.edges.T
    assert (proba[:, parents] >= proba[:, children]).all()
    assert np.array_equal(clf.predict(X), (proba >= 0.5).astype(Y.dtype))
    constant = labels.min(0) == labels.max(0)
    assert np.array_equal(proba[:, constant], labels[:, constant])


@pytest.mark.parametrize("method", ["max", "min", "mean", "isotonic"])
def test_probabilities_are_the_inner_ones_made_coherent(method):
    varying = np.ptp(Y, axis=0) > 0
    forest = clone(FOREST).fit(X, Y[:, varying])
    expected = np.ones(Y.shape)
    expected[:, varying] = np.column_stack([p[:, 1] for p in forest.predict_proba(X)])
    clf = CoherentClassifier(FOREST, TREE, method=method).fit(X, Y)
    np.testing.assert_allclose(
        clf.predict_proba(X), make_coherent(expected, TREE, method)
    )


WRAPPERS = [
    CoherentClassifier(FOREST, TREE),
    NodeThresholdClassifier(CoherentClassifier(FOREST, TREE), cv=2, random_state=0),
]


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_containers_come_back(wrapper):
    expected = clone(wrapper).fit(X, Y).predict(X)
    for make in (sp.csr_array, sp.csc_matrix):
        got = clone(wrapper).fit(X, make(Y)).predict(X)
        assert type(got) is make
        assert np.array_equal(got.toarray(), expected)
    frame = pd.DataFrame(Y.astype(bool), columns=TREE.nodes)[list(TREE.nodes[::-1])]
    rows = pd.DataFrame(X, index=range(5, 5 + len(X)))
    rows.columns = [f"x{i}" for i in range(X.shape[1])]
    clf = clone(wrapper).fit(rows, frame)
    got = clf.predict(rows)
    assert got.index.equals(rows.index)
    assert got.columns.tolist() == clf.classes_.tolist() == frame.columns.tolist()
    assert set(got.dtypes) == {np.dtype(bool)}
    assert TREE.is_closed(got)
    proba = clf.predict_proba(rows)[:, ::-1]
    assert clf.feature_names_in_.tolist() == rows.columns.tolist()
    parents, children = TREE.edges.T
    assert (proba[:, parents] >= proba[:, children]).all()


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_lives_in_scikit_learn(wrapper):
    fitted = clone(wrapper).fit(X, Y)
    assert np.array_equal(
        pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X)
    )
    inside = make_pipeline(StandardScaler(), clone(wrapper)).fit(X, Y)
    assert inside.predict(X).shape == Y.shape
    depth = "estimator__" * (1 + isinstance(wrapper, NodeThresholdClassifier))
    search = GridSearchCV(wrapper, {f"{depth}max_depth": [1, 3]}, cv=2)
    assert search.fit(X, Y).best_params_[f"{depth}max_depth"] in (1, 3)
    weight = np.ones(len(X))
    weight[:30] = 0
    weighted = clone(wrapper).fit(X, Y, sample_weight=weight)
    assert not np.array_equal(weighted.predict_proba(X), fitted.predict_proba(X))


def test_thresholds_are_those_of_held_out_rows():
    inner = CoherentClassifier(FOREST, TREE)
    folds = KFold(3)
    clf = NodeThresholdClassifier(inner, strategy="f1", cv=folds).fit(X, Y)
    scores = np.concatenate(
        [
            clone(inner).fit(X[train], Y[train]).predict_proba(X[test])
            for train, test in folds.split(X)
        ]
    )
    expected = node_thresholds(Y, scores, "f1")
    np.testing.assert_allclose(clf.thresholds_, expected)
    assert clf.hierarchy_ is TREE
    whole = clone(inner).fit(X, Y)
    np.testing.assert_allclose(clf.predict_proba(X), whole.predict_proba(X))
    decided = TREE.close(whole.predict_proba(X) >= expected)
    assert np.array_equal(clf.predict(X), decided.astype(Y.dtype))


def test_a_fitted_classifier_is_tuned_on_what_it_has_not_seen():
    inner = CoherentClassifier(FOREST, TREE).fit(X[:30], Y[:30])
    clf = NodeThresholdClassifier(inner, cv="prefit").fit(X[30:], Y[30:])
    assert clf.estimator_ is inner
    scores = inner.predict_proba(X[30:])
    np.testing.assert_allclose(clf.thresholds_, node_thresholds(Y[30:], scores))


def test_one_split_without_a_second_fit():
    inner = CoherentClassifier(FOREST, TREE)
    clf = NodeThresholdClassifier(inner, cv=0.3, refit=False, random_state=1).fit(X, Y)
    split = ShuffleSplit(1, test_size=0.3, random_state=np.random.RandomState(1))
    ((train, test),) = split.split(X)
    part = clone(inner).fit(X[train], Y[train])
    np.testing.assert_array_equal(clf.predict_proba(X), part.predict_proba(X))
    expected = node_thresholds(
        Y[test], part.predict_proba(X[test]), prevalence=Y.mean(axis=0)
    )
    np.testing.assert_allclose(clf.thresholds_, expected)
    with pytest.raises(ValueError, match=r"refit=False needs a single split.* 5"):
        NodeThresholdClassifier(inner, refit=False).fit(X, Y)


def test_weights_count_in_fits_and_thresholds():
    inner, folds = CoherentClassifier(FOREST, TREE), KFold(2)
    weight = np.random.default_rng(0).choice([0.0, 1.0, 5.0], len(X))
    settings = {"strategy": "f1", "factor": 1.5}
    clf = NodeThresholdClassifier(inner, cv=folds, **settings)
    clf.fit(X, Y, sample_weight=weight)
    scores = np.concatenate(
        [
            clone(inner)
            .fit(X[train], Y[train], sample_weight=weight[train])
            .predict_proba(X[test])
            for train, test in folds.split(X)
        ]
    )
    expected = node_thresholds(Y, scores, **settings, sample_weight=weight)
    np.testing.assert_allclose(clf.thresholds_, expected)
    free = NodeThresholdClassifier(inner, cv=folds, strategy="f1", factor=np.inf)
    assert free.fit(X, Y).thresholds_.shape == (6,)


@pytest.mark.parametrize("kind", ["heads", CoherentClassifier])
def test_a_fitted_classifier_s_columns_go_by_name(kind):
    names = list(TREE.nodes)
    frame = pd.DataFrame(Y, columns=names)
    turned = frame[names[::-1]]
    if kind == "heads":
        inner = HierarchicalEnsembleClassifier(TREE, n_estimators=2, max_epochs=2)
    else:
        inner = GridSearchCV(kind(FOREST, TREE), {"method": ["max"]}, cv=2)
    straight = NodeThresholdClassifier(inner.fit(X, frame), cv="prefit")
    # An array's columns are the nodes in their order, a frame's go by name.
    for y in (frame, turned, Y):
        other = NodeThresholdClassifier(inner, cv="prefit").fit(X, y)
        np.testing.assert_array_equal(
            other.thresholds_, straight.fit(X, frame).thresholds_
        )
        assert other.hierarchy_ is TREE
    inner.fit(X, turned)
    again = NodeThresholdClassifier(inner, cv="prefit").fit(X, Y)
    pred = pd.DataFrame(again.predict(X), columns=names)
    expected = TREE.close(inner.predict_proba(X)[:, ::-1] >= again.thresholds_)
    np.testing.assert_array_equal(pred, expected)


def test_a_fitted_classifier_of_classes_is_refused():
    points, names = [[0.0], [1.0], [5.0], [6.0]], ["cat", "cat", "dog", "dog"]
    fitted = KNeighborsClassifier(1).fit(points, names)
    clf = NodeThresholdClassifier(fitted, Hierarchy.flat(["dog", "cat"]), cv="prefit")
    with pytest.raises(ValueError, match="predicts one class a row"):
        clf.fit(points, names)


def test_splitters_that_look_at_labels():
    folds = MultilabelStratifiedKFold(2, shuffle=True, random_state=0)
    inner = CoherentClassifier(FOREST, TREE)
    for y in (Y, sp.csr_array(Y)):
        clf = NodeThresholdClassifier(inner, cv=folds).fit(X, y)
        assert clf.thresholds_.shape == (6,)
    own = HierarchicalEnsembleClassifier(
        TREE, threshold="f1", threshold_cv=folds, n_estimators=2, max_epochs=1
    )
    assert own.fit(X, Y).thresholds_.shape == (6,)
    # What can be read only once.
    own.set_params(threshold_cv=folds.split(X, Y))
    assert own.fit(X, Y).thresholds_.shape == (6,)


def test_sparse_labels_for_classifiers_that_take_none():
    clf = NodeThresholdClassifier(FOREST, TREE, cv=2, random_state=0)
    expected = clone(clf).fit(X, Y).predict(X)
    got = clone(clf).fit(X, sp.csr_array(Y)).predict(X)
    np.testing.assert_array_equal(got.toarray(), expected)


@pytest.mark.parametrize(
    "inner", [LOGISTIC, FOREST, ClassifierChain(LogisticRegression())]
)
def test_a_single_node_that_varies(inner):
    pair = Hierarchy.from_edges([("a", "b")])
    labels = np.column_stack([np.ones(60), Y[:, TREE.index("b")]])
    clf = CoherentClassifier(inner, pair).fit(X, labels)
    proba = clf.predict_proba(X)
    assert (proba[:, 0] == 1).all()
    assert proba[labels[:, 1] == 1, 1].mean() > proba[labels[:, 1] == 0, 1].mean()


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_scores_by_pooled_precision_and_names(wrapper):
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    clf = clone(wrapper).fit(X, frame)
    expected = au_prc(Y, clf.predict_proba(X), hierarchy=TREE)
    assert clf.score(X, frame) == pytest.approx(expected)
    assert clf.score(X, frame[list(TREE.nodes[::-1])]) == pytest.approx(expected)
    names = np.where(Y[:, TREE.index("a")], "a", "b")
    one = clone(wrapper).fit(X, names)
    assert one.score(X, names) == np.mean(one.predict(X) == names)


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_a_failed_fit_leaves_no_model(wrapper):
    clf = clone(wrapper).fit(X, Y)
    with pytest.raises(ValueError):  # noqa: PT011 (whatever the reason)
        clf.fit(X[:30], Y)
    with pytest.raises(NotFittedError):
        clf.predict(X)


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_no_rows(wrapper):
    with pytest.raises(ValueError, match=r"0 sample\(s\), while a minimum of 1"):
        clone(wrapper).fit(X[:0], Y[:0])


def test_a_hierarchy_of_one_node():
    one = Hierarchy.flat(["a"])
    labels = Y[:, [TREE.index("a")]]
    inner = KNeighborsClassifier(5)
    clf = NodeThresholdClassifier(inner, one, cv=2).fit(X, labels)
    expected = clone(inner).fit(X, labels.ravel()).predict_proba(X)[:, 1:]
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_classes_that_a_fold_lacks_are_improbable():
    class Half(DummyClassifier):
        """Knows but one class of the first node."""

        def fit(self, X, y):
            self.n_features_in_ = X.shape[1]
            self.classes_ = [np.array([0]), np.array([1]), np.array([0, 1])]
            return self

        def predict_proba(self, X):
            ones = np.ones((len(X), 1))
            return [ones, ones, np.column_stack([0.3 * ones, 0.7 * ones])]

    flat = Hierarchy.flat(["a", "b", "c"])
    labels = np.tile(np.eye(3, dtype=int), (20, 1))
    proba = CoherentClassifier(Half(), flat).fit(X, labels).predict_proba(X)
    np.testing.assert_allclose(proba[0], [0.0, 1.0, 0.7])


def test_order_of_a_frame_s_columns_does_not_matter():
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    turned = frame[list(TREE.nodes[::-1])]
    inner = CoherentClassifier(KNeighborsClassifier(5), TREE)
    clf = NodeThresholdClassifier(inner, cv=KFold(3))
    straight = clone(clf).fit(X, frame)
    other = clone(clf).fit(X, turned)
    np.testing.assert_allclose(straight.thresholds_, other.thresholds_)
    pd.testing.assert_frame_equal(
        straight.predict(X), other.predict(X)[list(TREE.nodes)]
    )


def test_around_the_ensemble():
    inner = HierarchicalEnsembleClassifier(
        TREE, n_estimators=2, hidden_layer_sizes=(8,), max_epochs=2, random_state=0
    )
    clf = NodeThresholdClassifier(make_pipeline(StandardScaler(), inner), cv=2)
    assert TREE.is_closed(clf.fit(X, Y).predict(X))


def test_no_hierarchy_is_a_flat_one():
    clf = CoherentClassifier(FOREST).fit(X, Y)
    assert clf.classes_.tolist() == list(range(6))
    assert clf.hierarchy_.n_edges == 0


@pytest.mark.parametrize(
    "kind", [CoherentClassifier, lambda *a: NodeThresholdClassifier(*a, cv=2)]
)
def test_one_node_a_row(kind):
    animals = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    points = [[0.0], [0.1], [5.0], [5.1]] * 10
    names = ["cat", "cat", "dog", "dog"] * 10
    clf = kind(KNeighborsClassifier(3), animals).fit(points, names)
    assert clf.predict([[0.0], [5.0]]).tolist() == ["cat", "dog"]
    np.testing.assert_allclose(clf.predict_proba(points).sum(1), 1)


def test_thresholds_a_node():
    clf = CoherentClassifier(FOREST, TREE, threshold={"b/z": 0.0}).fit(X, Y)
    pred = clf.predict(X)
    assert pred[:, TREE.index("b/z")].all()
    assert pred[:, TREE.index("b")].all()


OPEN = np.zeros_like(Y)
OPEN[0, TREE.index("b/z")] = 1


@pytest.mark.parametrize("kind", [CoherentClassifier, NodeThresholdClassifier])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed"),
        (Y[:, 0], "no nodes of the hierarchy"),
        (OPEN, "close"),
        (Y[:, :3], "6"),
    ],
)
def test_bad_labels(kind, y, message):
    with pytest.raises(ValueError, match=message):
        kind(FOREST, TREE).fit(X, y)


def test_bad_inner_classifiers():
    with pytest.raises(ValueError, match="got 1 class each"):
        CoherentClassifier(FOREST, Hierarchy.flat(["a", "b"])).fit(X, np.ones((60, 2)))
    with pytest.raises(ValueError, match=r"Is it a multi-label classifier|6 nodes"):
        NodeThresholdClassifier(Single().fit(X, Y), TREE, cv="prefit").fit(X, Y)


class Single(DummyClassifier):
    """Gives one score a row, whatever it is asked."""

    def predict_proba(self, X):
        return np.zeros(len(X))

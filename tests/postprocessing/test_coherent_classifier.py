"""Any classifier made coherent."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    make_coherent,
)

from .data import FOREST, LOGISTIC, TREE, X, Y

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


def test_no_hierarchy_is_a_flat_one():
    clf = CoherentClassifier(FOREST).fit(X, Y)
    assert clf.classes_.tolist() == list(range(6))
    assert clf.hierarchy_.n_edges == 0


def test_thresholds_by_node():
    clf = CoherentClassifier(FOREST, TREE, threshold={"b/z": 0.0}).fit(X, Y)
    pred = clf.predict(X)
    assert pred[:, TREE.index("b/z")].all()
    assert pred[:, TREE.index("b")].all()


def test_bad_inner_classifiers():
    with pytest.raises(ValueError, match="got 1 class each"):
        CoherentClassifier(FOREST, Hierarchy.flat(["a", "b"])).fit(X, np.ones((60, 2)))

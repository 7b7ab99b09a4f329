"""What inner classifiers give and take: margins, sparse scores, labels, positions."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier

from .data import FOREST, LOGISTIC, TREE, X, Y

ALL_HAVE_ROOT = Y.copy()
ALL_HAVE_ROOT[:, TREE.index("root")] = 1


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
@pytest.mark.parametrize(
    "inner",
    [
        OneVsRestClassifier(LinearSVC()),
        make_pipeline(StandardScaler(), OneVsRestClassifier(LinearSVC())),
    ],
    ids=["alone", "pipeline"],
)
def test_margins_where_all_rows_have_the_root(inner):
    for clf in (
        CoherentClassifier(inner, TREE),
        NodeThresholdClassifier(inner, TREE, cv=2),
        NodeThresholdClassifier(FrozenEstimator(clone(inner).fit(X, Y)), TREE),
        NodeThresholdClassifier(
            FrozenEstimator(clone(inner).fit(X, ALL_HAVE_ROOT)), TREE
        ),
    ):
        proba = clf.fit(X, ALL_HAVE_ROOT).predict_proba(X)
        assert ((proba >= 0) & (proba <= 1)).all()
        assert TREE.is_closed(clf.predict(X))
        assert clf.score(X, ALL_HAVE_ROOT) > 0.9
    assert (proba[:, TREE.index("root")] == 1).all()


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_sparse_probabilities(container):
    problem_transform = pytest.importorskip("skmultilearn.problem_transform")
    sparse = problem_transform.BinaryRelevance(LogisticRegression())
    assert sp.issparse(clone(sparse).fit(X, Y).predict_proba(X))
    dense = CoherentClassifier(LOGISTIC, TREE).fit(X, Y)
    expected = dense.predict_proba(X)
    clf = CoherentClassifier(sparse, TREE).fit(X, container(Y))
    np.testing.assert_allclose(clf.predict_proba(X), expected)
    tuned = NodeThresholdClassifier(clf, cv=2).fit(X, container(Y))
    np.testing.assert_allclose(tuned.predict_proba(X), expected)
    alone = NodeThresholdClassifier(FrozenEstimator(clone(sparse).fit(X, Y)), TREE)
    assert TREE.is_closed(alone.fit(X, container(Y)).predict(X))


class KeepsLabels(DummyClassifier):
    """Remembers what it was fitted on."""

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        return super().fit(X, y)


def test_inner_labels_take_four_bytes():
    clf = CoherentClassifier(KeepsLabels(), TREE).fit(X, sp.csr_array(Y))
    assert clf.estimator_.y_.dtype == np.int32
    tuned = NodeThresholdClassifier(KeepsLabels(), TREE, cv=2).fit(X, sp.csr_array(Y))
    assert tuned.estimator_.y_.dtype == np.int32


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix])
def test_features_with_64_bit_positions(kind):
    features = kind(X)
    features.indices = features.indices.astype(np.int64)
    features.indptr = features.indptr.astype(np.int64)
    if kind is sp.csr_array:
        with pytest.raises(ValueError, match="int64"):
            clone(FOREST).fit(features, Y).predict(features)
    for clf in (
        CoherentClassifier(FOREST, TREE),
        NodeThresholdClassifier(FOREST, TREE, cv=2, random_state=0),
        NodeThresholdClassifier(FrozenEstimator(clone(FOREST).fit(kind(X), Y)), TREE),
    ):
        expected = clone(clf).fit(kind(X), Y).predict(kind(X))
        got = clf.fit(features, Y).predict(features)
        np.testing.assert_array_equal(got, expected)
    assert features.indices.dtype == np.int64
    inner = CoherentClassifier(KeepsLabels(), TREE).fit(features, Y).estimator_
    assert np.shares_memory(inner.X_.data, features.data)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64])
@pytest.mark.parametrize("wrapper", [CoherentClassifier, NodeThresholdClassifier])
def test_every_column_of_many_is_its_own_node(wrapper, dtype):
    # scikit-learn's label binarizer loses the order of more columns than a byte counts.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    Y = (rng.random((60, 140)) < 0.4).astype(dtype)
    folds = {"cv": 2, "random_state": 0} if wrapper is NodeThresholdClassifier else {}
    wrapped = wrapper(OneVsRestClassifier(GaussianNB()), **folds).fit(X, Y)
    alone = [GaussianNB().fit(X, y).predict_proba(X)[:, 1] for y in Y.T]
    assert_allclose(wrapped.predict_proba(X), np.transpose(alone))

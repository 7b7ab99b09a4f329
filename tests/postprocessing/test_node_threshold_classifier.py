"""A threshold per node around any classifier, tuned on held-out rows."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    node_thresholds,
)

from .data import FOREST, TREE, X, Y


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
    clf = NodeThresholdClassifier(FrozenEstimator(inner)).fit(X[30:], Y[30:])
    assert clf.estimator_.estimator is inner
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
    straight = NodeThresholdClassifier(FrozenEstimator(inner.fit(X, frame)))
    # An array's columns are the nodes in their order, a frame's go by name.
    for y in (frame, turned, Y):
        other = NodeThresholdClassifier(FrozenEstimator(inner)).fit(X, y)
        np.testing.assert_array_equal(
            other.thresholds_, straight.fit(X, frame).thresholds_
        )
        assert other.hierarchy_ is TREE
    inner.fit(X, turned)
    again = NodeThresholdClassifier(FrozenEstimator(inner)).fit(X, Y)
    pred = pd.DataFrame(again.predict(X), columns=names)
    method = "decision_proba" if kind == "heads" else "predict_proba"
    scores = getattr(inner, method)(X)[:, ::-1]
    expected = TREE.close(scores >= again.thresholds_)
    np.testing.assert_array_equal(pred, expected)


def test_a_fitted_classifier_of_classes_is_refused():
    points, names = [[0.0], [1.0], [5.0], [6.0]], ["cat", "cat", "dog", "dog"]
    fitted = KNeighborsClassifier(1).fit(points, names)
    flat = Hierarchy.flat(["dog", "cat"])
    clf = NodeThresholdClassifier(FrozenEstimator(fitted), flat)
    with pytest.raises(ValueError, match="predicts one class per row"):
        clf.fit(points, names)


def test_splitters_that_look_at_labels():
    folds = MultilabelStratifiedKFold(2, shuffle=True, random_state=0)
    inner = CoherentClassifier(FOREST, TREE)
    for y in (Y, sp.csr_array(Y)):
        clf = NodeThresholdClassifier(inner, cv=folds).fit(X, y)
        assert clf.thresholds_.shape == (6,)
    # What can be read only once.
    clf = NodeThresholdClassifier(inner, cv=folds.split(X, Y)).fit(X, Y)
    assert clf.thresholds_.shape == (6,)


def test_sparse_labels_for_classifiers_that_take_none():
    clf = NodeThresholdClassifier(FOREST, TREE, cv=2, random_state=0)
    expected = clone(clf).fit(X, Y).predict(X)
    got = clone(clf).fit(X, sp.csr_array(Y)).predict(X)
    np.testing.assert_array_equal(got.toarray(), expected)


def test_a_hierarchy_of_one_node():
    one = Hierarchy.flat(["a"])
    labels = Y[:, [TREE.index("a")]]
    inner = KNeighborsClassifier(5)
    clf = NodeThresholdClassifier(inner, one, cv=2).fit(X, labels)
    expected = clone(inner).fit(X, labels.ravel()).predict_proba(X)[:, 1:]
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


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


def test_images_and_datasets():
    images = np.tile(X[:, None, :, None], (1, 1, 1, 2)).astype(np.float32)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(images))
    encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 8))
    inner = HierarchicalEnsembleClassifier(
        TREE,
        encoder=encoder,
        n_estimators=2,
        hidden_layer_sizes=(8,),
        max_epochs=2,
        random_state=0,
    )
    weight = np.where(np.arange(60) % 5, 1.0, 0.0)
    for estimator in (inner, FrozenEstimator(clone(inner).fit(images, Y))):
        clf = NodeThresholdClassifier(estimator, cv=None)
        settings = {"sample_weight": weight}
        if estimator is inner:
            clf.set_params(cv=2, random_state=0)
        expected = clone(clf).fit(images, Y, **settings)
        got = clone(clf).fit(dataset, Y, **settings)
        np.testing.assert_array_equal(got.thresholds_, expected.thresholds_)
        np.testing.assert_array_equal(got.predict(dataset), expected.predict(images))


def test_one_score_per_row_is_refused():
    single = FrozenEstimator(Single().fit(X, Y))
    with pytest.raises(ValueError, match=r"Is it a multi-label classifier|6 nodes"):
        NodeThresholdClassifier(single, TREE).fit(X, Y)


class Single(DummyClassifier):
    """Gives one score per row, whatever it is asked."""

    def predict_proba(self, X):
        return np.zeros(len(X))

"""Thresholds from held-out probabilities that a classifier has of its own."""

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import Pipeline as SamplingPipeline
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import LPROS
from sklearn_hmlc.experts import NeighborsHierarchyClassifier
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    node_thresholds,
)

from .data import TREE, TURNED, X, Y

ROWS = NeighborsHierarchyClassifier(TREE, n_neighbors=5)


class Counting(ClassifierMixin, BaseEstimator):
    """Frequencies of the nodes, which count the fits."""

    fits = 0

    def __init__(self, wrong=None):
        self.wrong = wrong

    def fit(self, X, y):
        Counting.fits += 1
        self.rate_, self.n_rows_ = np.mean(y, axis=0), len(y)
        self.n_features_in_ = X.shape[1]
        return self

    def predict_proba(self, X):
        return np.tile(self.rate_, (len(X), 1))

    def held_out_proba(self):
        if self.wrong == "none":
            raise ValueError("Nothing was held out.")
        n_rows = self.n_rows_ - (self.wrong == "rows")
        return np.linspace(0, 1, n_rows)[:, np.newaxis] * np.ones(len(self.rate_))


@pytest.fixture(autouse=True)
def _from_zero():
    Counting.fits = 0


@pytest.mark.parametrize("cv", [None, "held_out"])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("settings", [{}, {"strategy": "f1", "pooled": 9}])
def test_thresholds_are_those_by_hand(cv, scaled, settings):
    inner = make_pipeline(StandardScaler(), ROWS) if scaled else ROWS
    clf = NodeThresholdClassifier(inner, cv=cv, **settings).fit(X, Y)
    fitted = clone(inner).fit(X, Y)
    last = fitted[-1] if scaled else fitted
    expected = node_thresholds(
        Y, last.held_out_proba(), **{"strategy": "prevalence", **settings}
    )
    np.testing.assert_array_equal(clf.thresholds_, expected)
    np.testing.assert_array_equal(clf.predict_proba(X), fitted.predict_proba(X))
    assert clf.response_method_ == "predict_proba"


def test_one_fit_is_enough():
    clf = NodeThresholdClassifier(Counting(), TREE).fit(X, Y)
    assert Counting.fits == 1
    expected = node_thresholds(Y, clf.estimator_.held_out_proba())
    np.testing.assert_array_equal(clf.thresholds_, expected)
    NodeThresholdClassifier(Counting(), TREE, cv=3).fit(X, Y)
    assert Counting.fits == 1 + 3 + 1


@pytest.mark.parametrize("wrong", ["none", "rows"])
def test_folds_where_there_is_nothing_held_out(wrong):
    clf = NodeThresholdClassifier(Counting(wrong), TREE, random_state=0).fit(X, Y)
    assert Counting.fits == 1 + 5
    by_folds = clone(clf).set_params(cv=5).fit(X, Y)
    np.testing.assert_array_equal(clf.thresholds_, by_folds.thresholds_)
    message = {"none": "Nothing was held out", "rows": "each of the 60 rows"}[wrong]
    with pytest.raises(ValueError, match=message):
        NodeThresholdClassifier(Counting(wrong), TREE, cv="held_out").fit(X, Y)


@pytest.mark.parametrize(
    "inner",
    [
        CoherentClassifier(Counting(), TREE),
        GridSearchCV(Counting(), {"wrong": [None]}, cv=2, scoring=lambda *_: 0.0),
        SamplingPipeline([("more", LPROS(0.02, random_state=0)), ("last", Counting())]),
    ],
    ids=["wrapper", "search", "sampler"],
)
def test_what_is_not_of_the_same_rows_or_probabilities(inner):
    clf = NodeThresholdClassifier(inner, TREE, random_state=0)
    by_folds = clone(clf).set_params(cv=5).fit(X, Y)
    np.testing.assert_array_equal(clf.fit(X, Y).thresholds_, by_folds.thresholds_)
    with pytest.raises(ValueError, match="with `held_out_proba`, alone or as the last"):
        clf.set_params(cv="held_out", random_state=None).fit(X, Y)


def test_groups_are_kept_apart_by_folds():
    groups = np.repeat(np.arange(6), 10)
    clf = NodeThresholdClassifier(Counting(), TREE, cv=GroupKFold(3))
    clf.fit(X, Y, groups=groups)
    assert Counting.fits == 3 + 1
    with pytest.raises(ValueError, match="can't keep groups apart"):
        clf.set_params(cv="held_out").fit(X, Y, groups=groups)


def test_what_does_not_go_with_held_out_probabilities():
    clf = NodeThresholdClassifier(ROWS, cv="held_out", response_method="decision_proba")
    with pytest.raises(ValueError, match="goes with probabilities"):
        clf.fit(X, Y)
    with pytest.raises(ValueError, match="or 'held_out', but got 'heldout'"):
        NodeThresholdClassifier(ROWS, cv="heldout").fit(X, Y)
    clf = NodeThresholdClassifier(ROWS, cv="held_out", refit=False, random_state=0)
    with pytest.warns(UserWarning, match="refit, random_state of .* fits once"):
        clf.fit(X, Y)


def test_a_frozen_classifier_is_asked_as_it_is():
    frozen = FrozenEstimator(clone(ROWS).fit(X[:30], Y[:30]))
    clf = NodeThresholdClassifier(frozen).fit(X[30:], Y[30:])
    expected = node_thresholds(Y[30:], frozen.predict_proba(X[30:]))
    np.testing.assert_array_equal(clf.thresholds_, expected)
    # In a pipeline whose scaling is not, too.
    mixed = make_pipeline(StandardScaler(with_std=False, with_mean=False), frozen)
    clf = NodeThresholdClassifier(mixed, random_state=0).fit(X[30:], Y[30:])
    np.testing.assert_array_equal(clf.thresholds_, expected)


def test_rows_of_weight_0_count_as_absent():
    weight = np.where(np.arange(60) % 3 > 0, 1.0, 0.0)
    some = weight > 0
    clf = NodeThresholdClassifier(ROWS).fit(X, Y, sample_weight=weight)
    absent = clone(clf).fit(X[some], Y[some])
    np.testing.assert_allclose(clf.thresholds_, absent.thresholds_)


def test_frames_in_another_order():
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    clf = NodeThresholdClassifier(ROWS)
    expected = clf.fit(X, frame).thresholds_
    np.testing.assert_array_equal(clf.fit(X, frame[TURNED]).thresholds_, expected)
    np.testing.assert_array_equal(clf.fit(X, Y).thresholds_, expected)

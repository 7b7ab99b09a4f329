"""Which scores are tuned, what has no effect, and what a fitted classifier is."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc._response import ask
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    node_thresholds,
)

from .data import FOREST, TREE, X, Y


class Decided(CoherentClassifier):
    """Decides on the square roots of its probabilities."""

    def decision_proba(self, X):
        return np.sqrt(self.predict_proba(X))


class DecidedNeighbors(KNeighborsClassifier):
    """Has scores of its own to decide on, which what is around it does not hand on."""

    def decision_proba(self, X):
        raise NotImplementedError


INNER = Decided(KNeighborsClassifier(5), TREE)
FOLDS = KFold(3)


def out_of_fold(inner, method):
    return np.concatenate(
        [
            getattr(clone(inner).fit(X[train], Y[train]), method)(X[test])
            for train, test in FOLDS.split(X)
        ]
    )


@pytest.mark.parametrize("response", ["auto", "decision_proba", "predict_proba"])
@pytest.mark.parametrize(
    "around",
    [
        lambda inner: inner,
        lambda inner: make_pipeline(StandardScaler(with_std=False), inner),
        lambda inner: GridSearchCV(inner, {"method": ["max"]}, cv=2),
        lambda inner: FrozenEstimator(inner.fit(X, Y)),
    ],
    ids=["alone", "pipeline", "search", "frozen"],
)
def test_scores_that_are_tuned_are_those_decided_on(around, response):
    inner = around(clone(INNER))
    frozen = isinstance(inner, FrozenEstimator)
    clf = NodeThresholdClassifier(
        inner, cv=None if frozen else FOLDS, response_method=response
    ).fit(X, Y)
    method = "predict_proba" if response == "predict_proba" else "decision_proba"
    assert clf.response_method_ == method
    whole = clone(INNER).fit(X, Y)
    scores = getattr(whole, method)(X)
    held_out = scores if frozen else out_of_fold(INNER, method)
    np.testing.assert_allclose(clf.thresholds_, node_thresholds(Y, held_out))
    np.testing.assert_allclose(clf.decision_proba(X), scores)
    np.testing.assert_allclose(clf.predict_proba(X), whole.predict_proba(X))
    expected = TREE.close(scores >= clf.thresholds_).astype(Y.dtype)
    np.testing.assert_array_equal(clf.predict(X), expected)


def test_a_model_that_has_made_something_else_of_it_is_asked_itself():
    # Inside lies an estimator that has the method, but is not what answers.
    inner = MultiOutputClassifier(CalibratedClassifierCV(DecidedNeighbors(3), cv=2))
    assert NodeThresholdClassifier(inner, TREE, cv=FOLDS).fit(
        X, Y
    ).response_method_ == ("predict_proba")
    clf = NodeThresholdClassifier(CoherentClassifier(inner, TREE), cv=FOLDS)
    assert clf.fit(X, Y).response_method_ == "decision_proba"
    np.testing.assert_array_equal(clf.decision_proba(X), clf.predict_proba(X))
    alone = NodeThresholdClassifier(inner, TREE, response_method="decision_proba")
    with pytest.raises(ValueError, match=r"`decision_proba`, but MultiOutput.* none"):
        alone.fit(X, Y)


def test_wrappers_tell_what_they_decide_on():
    plain = CoherentClassifier(FOREST, TREE)
    with pytest.raises(NotFittedError):
        plain.decision_proba(X)
    plain.fit(X, Y)
    np.testing.assert_array_equal(plain.decision_proba(X), plain.predict_proba(X))
    tuned = NodeThresholdClassifier(INNER, cv=FOLDS)
    with pytest.raises(NotFittedError):
        tuned.decision_proba(X)
    pipeline = make_pipeline(StandardScaler(with_std=False), tuned).fit(X, Y)
    answer = ask(pipeline, X, "decision_proba")
    assert answer.names == list(TREE.nodes)
    np.testing.assert_allclose(answer.values, np.sqrt(pipeline.predict_proba(X)))
    again = NodeThresholdClassifier(tuned, cv=2).fit(X, Y)
    np.testing.assert_allclose(again.decision_proba(X), answer.values)
    names = np.where(Y[:, TREE.index("a")], "a", "b")
    one = clone(tuned).fit(X, names)
    assert one.decision_proba(X).shape == one.predict_proba(X).shape == (60, 2)


def test_prefit_is_a_frozen_estimator():
    inner = clone(INNER).fit(X, Y)
    with pytest.raises(ValueError, match=r"'prefit'.*FrozenEstimator\(classifier\)"):
        NodeThresholdClassifier(inner, cv="prefit").fit(X, Y)
    pipeline = make_pipeline(StandardScaler(), clone(INNER)).fit(X, Y)
    frozen = FrozenEstimator(pipeline)
    parts = make_pipeline(*[FrozenEstimator(step) for _, step in pipeline.steps])
    for estimator in (frozen, parts):
        clf = NodeThresholdClassifier(estimator).fit(X[:20], Y[:20])
        np.testing.assert_array_equal(clf.predict_proba(X), pipeline.predict_proba(X))
        expected = node_thresholds(
            Y[:20], pipeline[-1].decision_proba(pipeline[:-1].transform(X[:20]))
        )
        np.testing.assert_allclose(clf.thresholds_, expected)
    with pytest.raises(NotFittedError):
        NodeThresholdClassifier(FrozenEstimator(INNER), TREE).fit(X, Y)
    # What scales is fitted, so that held-out rows are needed.
    half = make_pipeline(StandardScaler(), FrozenEstimator(pipeline[-1]))
    clf = NodeThresholdClassifier(half, cv=FOLDS).fit(X, Y)
    scores = out_of_fold(half, "predict_proba")
    expected = node_thresholds(Y, np.sqrt(scores))
    np.testing.assert_allclose(clf.thresholds_, expected)


@pytest.mark.parametrize(
    ("params", "frozen", "message"),
    [
        ({"factor": 2.0}, False, "factor=2.0 has no effect"),
        ({"cv": 3, "random_state": 0}, True, "cv, random_state .* frozen"),
        ({"refit": False}, True, "refit of .* without effect beside a frozen"),
        ({"cv": FOLDS, "random_state": 0}, False, "makes its own splits"),
    ],
)
def test_parameters_without_effect(params, frozen, message):
    inner = FrozenEstimator(clone(INNER).fit(X, Y)) if frozen else INNER
    with pytest.warns(UserWarning, match=message) as caught:
        NodeThresholdClassifier(inner, **params).fit(X, Y)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_a_factor_without_effect_on_the_function():
    with pytest.warns(UserWarning, match="factor=2.0 has no effect") as caught:
        node_thresholds(Y, Y * 0.5, factor=2.0)
    assert caught[0].filename == __file__


def test_jobs_and_reports_change_nothing(capsys):
    clf = NodeThresholdClassifier(INNER, cv=3, random_state=0)
    expected = clf.fit(X, Y).thresholds_
    quiet = capsys.readouterr()
    assert quiet.out == quiet.err == ""
    clf.set_params(n_jobs=2, verbose=10).fit(X, Y)
    np.testing.assert_array_equal(clf.thresholds_, expected)
    told = capsys.readouterr()
    assert "4 out of   4" in told.out + told.err  # three folds and the whole

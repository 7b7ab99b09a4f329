"""Weights and groups of rows: on their way through wrappers, routed or not."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    node_thresholds,
)

from .data import FOREST, TREE, WRAPPERS, X, Y

WEIGHT = np.random.default_rng(0).choice([1.0, 2.0, 5.0], len(X))
GROUPS = np.repeat(np.arange(6), 10)

each_wrapper = pytest.mark.parametrize(
    "wrapper", WRAPPERS, ids=lambda wrapper: type(wrapper).__name__
)


class Recorder(ClassifierMixin, BaseEstimator):
    """A classifier that writes down what each fit was given."""

    seen = []

    def __init__(self, name="one"):
        self.name = name

    def fit(self, X, y, sample_weight=None):
        Recorder.seen.append((X, y, sample_weight))
        self.n_features_in_ = X.shape[1]
        self.rate_ = np.average(y, axis=0, weights=sample_weight)
        return self

    def predict_proba(self, X):
        return np.tile(self.rate_, (X.shape[0], 1))


def _no_score(estimator, X, y):
    return 0.0


@pytest.fixture(autouse=True)
def _forget():
    Recorder.seen.clear()


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def requests(estimator, **requested):
    return clone(estimator).set_fit_request(**requested)


# -- weights, without routing ----------------------------------------------------------


def test_weights_reach_the_last_step_of_a_pipeline():
    inner = make_pipeline(StandardScaler(), Recorder())
    clf = NodeThresholdClassifier(inner, TREE, cv=KFold(2)).fit(
        X, Y, sample_weight=WEIGHT
    )
    given = [weight for _, _, weight in Recorder.seen]
    np.testing.assert_array_equal(given[0], WEIGHT[30:])
    np.testing.assert_array_equal(given[1], WEIGHT[:30])
    np.testing.assert_array_equal(given[2], WEIGHT)
    by_step = clone(clf).fit(X, Y, recorder__sample_weight=WEIGHT)
    np.testing.assert_array_equal(by_step.thresholds_, clf.thresholds_)
    assert not np.array_equal(clone(clf).fit(X, Y).thresholds_, clf.thresholds_)


def test_weights_reach_into_pipelines_of_pipelines():
    inner = make_pipeline(StandardScaler(), make_pipeline(Recorder()))
    NodeThresholdClassifier(inner, TREE, cv=2).fit(X, Y, sample_weight=WEIGHT)
    assert all(weight is not None for _, _, weight in Recorder.seen)


def test_weights_reach_through_searches_and_both_wrappers():
    inner = GridSearchCV(
        make_pipeline(StandardScaler(), Recorder()),
        {"recorder__name": ["two"]},
        cv=2,
        scoring=_no_score,
    )
    clf = NodeThresholdClassifier(CoherentClassifier(inner, TREE), cv=KFold(2))
    clf.fit(X, Y, sample_weight=WEIGHT)
    assert len(Recorder.seen) == 3 * 3
    assert all(weight is not None for _, _, weight in Recorder.seen)


# -- weights, routed -------------------------------------------------------------------


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: CoherentClassifier(inner, TREE),
        lambda inner: NodeThresholdClassifier(inner, TREE, cv=KFold(2)),
        lambda inner: NodeThresholdClassifier(
            CoherentClassifier(inner, TREE), cv=KFold(2)
        ),
        lambda inner: NodeThresholdClassifier(
            make_pipeline(StandardScaler(), inner), TREE, cv=KFold(2)
        ),
    ],
    ids=["coherent", "thresholds", "both", "pipeline"],
)
def test_weights_reach_who_has_requested_them(wrap):
    clf = wrap(requests(Recorder(), sample_weight=True))
    if hasattr(clf.estimator, "steps"):
        clf.estimator[0].set_fit_request(sample_weight=False)
    clf.fit(X, Y, sample_weight=WEIGHT)
    np.testing.assert_array_equal(Recorder.seen[-1][2], WEIGHT)
    assert all(weight is not None for _, _, weight in Recorder.seen)
    expected = [len(weight) for _, _, weight in Recorder.seen]
    assert expected == [len(features) for features, _, _ in Recorder.seen]
    # From further out, too: searches and cross-validation.
    Recorder.seen.clear()
    search = GridSearchCV(clf, {"hierarchy": [TREE]}, cv=2, scoring=_no_score)
    search.fit(X, Y, sample_weight=WEIGHT)
    assert Recorder.seen
    assert all(weight is not None for _, _, weight in Recorder.seen)
    np.testing.assert_array_equal(Recorder.seen[-1][2], WEIGHT)
    Recorder.seen.clear()
    cross_validate(clf, X, Y, cv=2, params={"sample_weight": WEIGHT}, scoring=_no_score)
    assert all(weight is not None for _, _, weight in Recorder.seen)


@pytest.mark.usefixtures("routing")
@each_wrapper
def test_weights_nobody_has_spoken_about_are_refused(wrapper):
    with pytest.raises(UnsetMetadataPassedError, match="RandomForestClassifier"):
        clone(wrapper).fit(X, Y, sample_weight=WEIGHT)
    with pytest.raises(TypeError, match="unexpected argument"):
        clone(wrapper).fit(X, Y, weights=WEIGHT)


@pytest.mark.usefixtures("routing")
def test_weights_of_thresholds_alone():
    # The inner classifier takes none, or says that it wants none.
    folds = KFold(2)
    knn = CoherentClassifier(KNeighborsClassifier(5), TREE)
    forest = CoherentClassifier(requests(FOREST, sample_weight=False), TREE)
    for inner in (knn, forest):
        scores = [
            clone(inner).fit(X[train], Y[train]).predict_proba(X[test])
            for train, test in folds.split(X)
        ]
        settings = {"strategy": "f1", "factor": np.inf}
        expected = node_thresholds(
            Y, np.concatenate(scores), **settings, sample_weight=WEIGHT
        )
        clf = NodeThresholdClassifier(inner, cv=folds, **settings)
        clf.fit(X, Y, sample_weight=WEIGHT)
        np.testing.assert_allclose(clf.thresholds_, expected)
        frozen = FrozenEstimator(clone(inner).fit(X, Y))
        clf = NodeThresholdClassifier(frozen, **settings)
        clf.fit(X, Y, sample_weight=WEIGHT)
        expected = node_thresholds(
            Y, frozen.predict_proba(X), **settings, sample_weight=WEIGHT
        )
        np.testing.assert_allclose(clf.thresholds_, expected)


@pytest.mark.usefixtures("routing")
def test_an_alias_counts_in_thresholds_as_well():
    inner = requests(FOREST, sample_weight="w")
    clf = NodeThresholdClassifier(inner, TREE, cv=KFold(2)).fit(X, Y, w=WEIGHT)
    straight = clone(clf).set_params(estimator=requests(FOREST, sample_weight=True))
    straight.fit(X, Y, sample_weight=WEIGHT)
    np.testing.assert_array_equal(clf.thresholds_, straight.thresholds_)
    inner.set_fit_request(sample_weight=True)
    assert not np.array_equal(clf.fit(X, Y).thresholds_, straight.thresholds_)


@pytest.mark.usefixtures("routing")
@each_wrapper
def test_scores_ask_for_weights_of_their_own(wrapper):
    clf = clone(wrapper)
    coherent = clf if isinstance(clf, CoherentClassifier) else clf.estimator
    coherent.estimator.set_fit_request(sample_weight=False)
    clf.set_score_request(sample_weight=True)
    got = cross_validate(
        clf, X, Y, cv=KFold(2), params={"sample_weight": WEIGHT}, return_estimator=True
    )
    for one, score, (_, test) in zip(
        got["estimator"], got["test_score"], KFold(2).split(X), strict=True
    ):
        assert score == one.score(X[test], Y[test], sample_weight=WEIGHT[test])


# -- groups ----------------------------------------------------------------------------


@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("folds", [GroupKFold(3), LeaveOneGroupOut()])
def test_groups_reach_the_splitter(routed, folds):
    with config_context(enable_metadata_routing=routed):
        clf = NodeThresholdClassifier(Recorder(), TREE, cv=folds)
        clf.fit(X, Y, groups=GROUPS)
    *parts, whole = Recorder.seen
    assert len(whole[0]) == len(X)
    assert len(parts) == folds.get_n_splits(groups=GROUPS)
    for features, _, _ in parts:
        trained = (X[:, None] == features).all(axis=2).any(axis=1)
        # Groups lie on one side alone.
        assert all(len(set(trained[group == GROUPS])) == 1 for group in range(6))


def test_groups_that_are_missing_or_useless():
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        NodeThresholdClassifier(FOREST, TREE, cv=GroupKFold(2)).fit(X, Y)
    with pytest.warns(UserWarning, match="groups parameter is ignored by KFold"):
        NodeThresholdClassifier(FOREST, TREE, cv=KFold(2)).fit(X, Y, groups=GROUPS)


def test_groups_with_weights():
    weight = np.where(GROUPS == 2, 0.0, WEIGHT)
    clf = NodeThresholdClassifier(Recorder(), TREE, cv=LeaveOneGroupOut())
    clf.fit(X, Y, groups=GROUPS, sample_weight=weight)
    assert [len(features) for features, _, _ in Recorder.seen] == [40] * 5 + [50]


# -- rows of weight 0 ------------------------------------------------------------------

SOME = np.arange(len(X)) % 3 > 0
ZEROS = np.where(SOME, WEIGHT, 0.0)


@pytest.mark.parametrize(
    "wrapper",
    [
        *WRAPPERS,
        NodeThresholdClassifier(FOREST, TREE, cv=0.3, random_state=0, strategy="f1"),
        NodeThresholdClassifier(FOREST, TREE, random_state=0),
    ],
)
def test_rows_of_weight_0_count_as_absent(wrapper):
    clf = clone(wrapper).fit(X, Y, sample_weight=ZEROS)
    absent = clone(wrapper).fit(X[SOME], Y[SOME], sample_weight=WEIGHT[SOME])
    np.testing.assert_array_equal(clf.predict_proba(X), absent.predict_proba(X))
    np.testing.assert_array_equal(clf.predict(X), absent.predict(X))
    if isinstance(clf, NodeThresholdClassifier):
        np.testing.assert_array_equal(clf.thresholds_, absent.thresholds_)


def test_a_node_that_varies_in_absent_rows_alone_is_constant():
    labels = Y.copy()
    labels[SOME] = 1
    labels[SOME, TREE.index("b/z")] = WEIGHT[SOME] > 1
    clf = CoherentClassifier(Recorder(), TREE).fit(X, labels, sample_weight=ZEROS)
    assert Recorder.seen[0][1].shape == (SOME.sum(), 2)  # the same column twice
    others = [node != "b/z" for node in TREE.nodes]
    assert (clf.predict_proba(X)[:, others] == 1).all()


def test_a_fold_of_absent_rows():
    weight = np.where(np.arange(60) < 20, 0.0, 1.0)
    clf = NodeThresholdClassifier(CoherentClassifier(FOREST, TREE), cv=KFold(3))
    clf.fit(X, Y, sample_weight=weight)
    later = clone(clf)
    folds = [
        (np.arange(40, 60), np.arange(20, 40)),
        (np.arange(20, 40), np.arange(40, 60)),
    ]
    later.set_params(cv=folds).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(clf.thresholds_, later.thresholds_)
    with pytest.raises(ValueError, match="folds with rows of a weight above 0"):
        clf.set_params(cv=KFold(2)).fit(X, Y, sample_weight=np.arange(60) < 30)


def test_frozen_classifiers_are_asked_about_rows_that_count():
    inner = FrozenEstimator(CoherentClassifier(FOREST, TREE).fit(X, Y))
    clf = NodeThresholdClassifier(inner).fit(X, Y, sample_weight=ZEROS)
    absent = clone(clf).fit(X[SOME], Y[SOME], sample_weight=WEIGHT[SOME])
    np.testing.assert_array_equal(clf.thresholds_, absent.thresholds_)


@each_wrapper
def test_weights_of_any_size(wrapper):
    whole = np.where(SOME, 1.0, 0.0)
    expected = clone(wrapper).fit(X, Y, sample_weight=whole)
    for scale in (1e-300, 1e100, 1e308):
        clf = clone(wrapper).fit(X, Y, sample_weight=whole * scale)
        np.testing.assert_array_equal(clf.predict(X), expected.predict(X))
    knn = NodeThresholdClassifier(
        FrozenEstimator(KNeighborsClassifier(5).fit(X, Y)), TREE
    )
    expected = knn.fit(X, Y, sample_weight=whole).thresholds_
    for scale in (1e-307, 1e308):
        got = knn.fit(X, Y, sample_weight=whole * scale).thresholds_
        np.testing.assert_array_equal(got, expected)
    pipeline = make_pipeline(KNeighborsClassifier(5)).fit(X, Y)
    knn.set_params(estimator=FrozenEstimator(pipeline))
    knn.fit(X, Y, kneighborsclassifier__sample_weight=whole * 1e308)
    np.testing.assert_array_equal(knn.thresholds_, expected)


@each_wrapper
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-WEIGHT, "`sample_weight` >= 0, but got -5"),
        (np.where(SOME, 1, np.nan), "`sample_weight`: Input contains NaN"),
        (np.where(SOME, 1, np.inf), "`sample_weight`: Input contains infinity"),
        (WEIGHT[:5], r"`sample_weight` of shape \(60,\)"),
        (WEIGHT * 0, "sample weights are zero; there is nothing to learn"),
    ],
)
def test_bad_weights(wrapper, weight, message):
    with pytest.raises(ValueError, match=message):
        clone(wrapper).fit(X, Y, sample_weight=weight)


def test_weights_that_the_inner_classifier_does_not_take():
    clf = CoherentClassifier(KNeighborsClassifier(3), TREE)
    with pytest.raises(TypeError, match="sample_weight"):
        clf.fit(X, Y, sample_weight=WEIGHT)

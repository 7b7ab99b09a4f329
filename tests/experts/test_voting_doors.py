"""What a mean of experts refuses, and weights and groups on their way through it."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._response import ask
from sklearn_hmlc.experts import (
    CoherentVotingClassifier,
    NeighborsHierarchyClassifier,
)
from sklearn_hmlc.metrics import coherence_violations
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier
from tests.classifier.common import TREE, make_data, small

from .stand_ins import Told, noisy, numbered

X, Y = make_data()
NUMBERS = numbered(len(Y))
ONE, TWO = noisy(Y, 0.5, TREE), noisy(Y, 1.0, TREE, seed=1)
OTHER = TREE.subset(TREE.nodes[:-1])


def told(one=None, two=None, hierarchy=TREE, **params):
    experts = [("one", Told(ONE, one)), ("two", Told(TWO, two))]
    return CoherentVotingClassifier(experts, hierarchy, **params)


# -- coherent experts ------------------------------------------------------------------


def by_heart(hierarchy=TREE, **params):
    """Trees for single nodes, which know their training rows by heart."""
    trees = OneVsRestClassifier(ExtraTreesClassifier(20, random_state=0))
    experts = [("trees", trees), ("near", NeighborsHierarchyClassifier(n_neighbors=5))]
    return CoherentVotingClassifier(experts, hierarchy, cv=3, random_state=0, **params)


@pytest.mark.filterwarnings("ignore:.*no positive row")
@pytest.mark.parametrize("params", [{}, {"weights": None, "shrinkage": "auto"}])
def test_what_is_coherent_of_training_rows_alone_is_refused(params):
    with pytest.raises(ValueError, match="'trees' gives nodes more than their parents"):
        by_heart(**params).fit(X, Y)


def test_held_out_probabilities_of_its_own_are_looked_at():
    clf = CoherentVotingClassifier([("one", Told(ONE, held_out=1 - ONE))], TREE)
    with pytest.raises(ValueError, match="'one' gives nodes more than their parents"):
        clf.fit(NUMBERS, Y)


def test_new_rows_are_coherent_whatever_an_expert_says(rng):
    clf = by_heart(weights=None).fit(X, Y)  # nothing was held out
    new = X + rng.normal(size=X.shape)
    raw = ask(clf.estimators_[0], new, "predict_proba").values
    assert coherence_violations(raw, TREE)
    assert not coherence_violations(clf.predict_proba(new), TREE)
    assert TREE.is_closed(clf.predict(new))


# -- one hierarchy ---------------------------------------------------------------------


def test_the_hierarchy_is_handed_to_those_without():
    inner = make_pipeline(StandardScaler(), CoherentClassifier(KNeighborsClassifier(3)))
    clf = CoherentVotingClassifier([("a", inner), ("b", small(None))], TREE, cv=2)
    clf.fit(X, Y)
    assert clf.estimators_[0][-1].hierarchy_ == TREE
    assert clf.estimators_[1].hierarchy_ == TREE
    # Parameters stay as they were given.
    assert inner[-1].hierarchy is None


def test_the_hierarchy_of_the_experts():
    clf = told(TREE, TREE, hierarchy=None, weights=None)
    assert NodeThresholdClassifier(clf, cv=2).fit(NUMBERS, Y).hierarchy_ == TREE
    assert clf.fit(NUMBERS, Y).hierarchy_ == TREE
    flat = told(hierarchy=None, weights=None).fit(NUMBERS, Y)
    assert flat.hierarchy_ == Hierarchy.flat(range(6))


@pytest.mark.parametrize(
    ("clf", "message"),
    [
        (
            told(TREE, OTHER, hierarchy=None),
            r"that of 'two', .* differs from that of 'on",
        ),
        (told(OTHER, None), "that of 'one', .* differs from `hierarchy`"),
        (
            told(TREE, None, hierarchy=None),
            "there is one in 'one' and none in 'two'. Give it as `hierarchy`",
        ),
    ],
)
def test_experts_that_disagree(clf, message):
    with pytest.raises(ValueError, match=message):
        clf.fit(NUMBERS, Y)


# -- experts ---------------------------------------------------------------------------


def test_incoherent_experts_are_refused():
    upside_down = ONE[:, ::-1]
    experts = [("fine", Told(ONE)), ("broken", Told(upside_down))]
    with pytest.raises(ValueError, match="'broken' gives nodes more"):
        CoherentVotingClassifier(experts, TREE, weights=None).fit(NUMBERS, Y)
    nearest = NodeThresholdClassifier(Told(upside_down), TREE, cv=2)
    with pytest.raises(ValueError, match="'nearest' gives nodes more"):
        CoherentVotingClassifier([("nearest", nearest)], TREE).fit(NUMBERS, Y)


@pytest.mark.parametrize(
    ("experts", "message"),
    [
        ([], "non-empty list"),
        ([("a", "drop")], "All estimators are dropped"),
        ([("a", Told(ONE)), ("a", Told(TWO))], "not unique"),
        ([("cv", Told(ONE))], "conflict with constructor arguments"),
        ([("a__b", Told(ONE))], "must not contain __"),
        ([("mean", Told(ONE))], "names of `estimators` other than 'mean'"),
        ([("a", StandardScaler())], "should be a classifier"),
        ([("a", Told(ONE[:, :-1]))], "scores of 6 nodes, but got shape"),
        ([("a", Told(2 * ONE + 0.5))], r"in \[0, 1\], but Told gives values from"),
    ],
)
def test_bad_experts(experts, message):
    with pytest.raises(ValueError, match=message):
        CoherentVotingClassifier(experts, TREE, weights=None).fit(NUMBERS, Y)


def test_margins_are_no_obstacle():
    svc = CoherentClassifier(OneColumn())
    clf = CoherentVotingClassifier([("svc", svc)], Hierarchy.flat(range(1)), cv=2)
    assert clf.fit(X, Y[:, [1]]).predict(X).shape == (60, 1)


class OneColumn(LinearSVC):
    """A margin classifier that learns the last column of y."""

    def fit(self, X, y):
        self.n_columns_ = np.shape(y)[1]
        return super().fit(X, np.asarray(y)[:, -1])

    def decision_function(self, X):
        return np.tile(super().decision_function(X)[:, None], (1, self.n_columns_))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1], r"`weights` of shape \(2,\)"),
        ([1, -1], "`weights` of at least 0"),
        ([0, 0], "one above 0"),
        ([1, np.nan], "`weights` of at least 0"),
        ({"on": 1}, r"among 'one', 'two', but got 'on'\. Did you mean 'one'\?"),
        (pd.Series([1, 2]), "among 'one', 'two', but got 0"),
        (["a", 1], "In `weights`: expected numbers"),
        ("best", "'auto'"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        told(weights=weights).fit(NUMBERS, Y)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (ShuffleSplit(2, random_state=0), "hold out each of the 60 rows once, but"),
        ([(np.arange(30), np.arange(30, 60))], "holds out 30 of them"),
        (1, "cv|splits"),
    ],
)
def test_folds_that_do_not_hold_out_every_row(cv, message):
    with pytest.raises(ValueError, match=message):
        told(cv=cv).fit(NUMBERS, Y)


def test_bad_data():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        told().fit(NUMBERS[:5], Y)
    broken = Y.copy()
    broken[:, TREE.index("b")] = 0
    with pytest.raises(ValueError, match="breaks the hierarchy"):
        told().fit(NUMBERS, broken)
    with pytest.raises(ValueError, match="0 sample"):
        told().fit(NUMBERS[:0], Y[:0])
    for weight in (np.zeros(60), np.ones(5), -np.ones(60)):
        with pytest.raises(ValueError, match=r"weight"):
            told().fit(NUMBERS, Y, sample_weight=weight)


def test_a_fit_that_fails_changes_nothing():
    clf = told(weights=[1, 3]).fit(NUMBERS, Y)
    before = clf.predict_proba(NUMBERS)
    with pytest.raises(ValueError, match="inconsistent"):
        clf.fit(NUMBERS[:5], Y)
    with pytest.raises(ValueError, match="'two' gives nodes more"):
        clf.set_params(two__answers=TWO[:, ::-1]).fit(NUMBERS, Y)
    np.testing.assert_array_equal(clf.predict_proba(NUMBERS), before)


# -- weights and groups ----------------------------------------------------------------


GROUPS = np.repeat(np.arange(6), 10)
WEIGHT = np.arange(1.0, 61)


@pytest.mark.parametrize("routed", [False, True])
def test_groups_reach_the_splitter(routed):
    seen = []

    class Folds(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    with config_context(enable_metadata_routing=routed):
        told(cv=Folds(3)).fit(NUMBERS, Y, groups=GROUPS)
    np.testing.assert_array_equal(seen[0], GROUPS)


def test_groups_that_are_of_no_use():
    with pytest.raises(ValueError, match="splitter such as GroupKFold beside `groups`"):
        told().fit(NUMBERS, Y, groups=GROUPS)
    with (
        config_context(enable_metadata_routing=True),
        pytest.raises(ValueError, match="requested `groups`, but KFold has not"),
    ):
        told(cv=KFold(2)).fit(NUMBERS, Y, groups=GROUPS)
    with pytest.warns(UserWarning, match="groups: without effect"):
        told(weights=None, cv=KFold(2)).fit(NUMBERS, Y, groups=GROUPS)


def test_routed_weights_go_to_those_that_have_asked():
    with config_context(enable_metadata_routing=True):
        clf = told(weights=None)
        with pytest.raises(UnsetMetadataPassedError, match="Told"):
            clf.fit(NUMBERS, Y, sample_weight=WEIGHT)
        clf.estimators[0][1].set_fit_request(sample_weight=True)
        clf.estimators[1][1].set_fit_request(sample_weight=False)
        clf.fit(NUMBERS, Y, sample_weight=WEIGHT)
    np.testing.assert_array_equal(clf.estimators_[0].weight_, WEIGHT)
    assert clf.estimators_[1].weight_ is None


def test_rows_of_frames_in_another_order():
    features = pd.DataFrame(X, index=np.arange(60)).rename(columns=str)
    labels = pd.DataFrame(Y, columns=TREE.nodes, index=np.arange(60)[::-1])
    nearest = CoherentClassifier(KNeighborsClassifier(3))
    clf = CoherentVotingClassifier([("a", nearest)], TREE, weights=None)
    with pytest.warns(UserWarning, match="same row ids"):
        clf.fit(features, labels)
    assert clf.feature_names_in_.tolist() == [str(number) for number in range(8)]

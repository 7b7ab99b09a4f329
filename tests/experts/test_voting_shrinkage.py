"""A mean whose rare nodes lean on their parents: given, chosen, and of before."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.model_selection import GroupKFold

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.experts import (
    CoherentVotingClassifier,
    HierarchicalForestClassifier,
    KernelHierarchyClassifier,
)
from sklearn_hmlc.experts._weights import STRENGTHS, choose_strength
from sklearn_hmlc.io import load_model, save_model
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.postprocessing import shrink_to_parents
from tests.classifier.common import TREE, make_data

from .stand_ins import Told, noisy, numbered

X, Y = make_data()
NUMBERS = numbered(len(Y))
COUNTS = Y.sum(axis=0)
ONE, TWO = noisy(Y, 0.5, TREE), noisy(Y, 1.0, TREE, seed=1)


def told(held_out=True, **params):
    experts = [
        (name, Told(answers, held_out=answers if held_out else None))
        for name, answers in (("one", ONE), ("two", TWO))
    ]
    return CoherentVotingClassifier(experts, TREE, **params)


def learnt(hierarchy, **params):
    experts = [
        ("forest", HierarchicalForestClassifier(n_estimators=20, random_state=0)),
        ("kernel", KernelHierarchyClassifier(random_state=0)),
    ]
    return CoherentVotingClassifier(experts, hierarchy, random_state=0, **params)


@pytest.mark.parametrize("strength", [0, 0.3, 4])
def test_given_strength(strength):
    clf = told(weights=[3, 1], shrinkage=strength).fit(NUMBERS, Y)
    assert clf.shrinkage_ == strength
    mean = 0.75 * ONE + 0.25 * TWO
    expected = shrink_to_parents(mean, TREE, COUNTS, strength)
    np.testing.assert_allclose(clf.predict_proba(NUMBERS), expected, rtol=1e-5)
    np.testing.assert_allclose(clf.held_out_proba(), expected, rtol=1e-5)
    assert TREE.is_closed(clf.predict(NUMBERS))


def test_chosen_strength_is_the_most_that_costs_nothing():
    data = {"n_samples": 150, "n_features": 10, "n_nodes": 30, "random_state": 0}
    X, Y, hierarchy = make_hierarchical_multilabel(**data)
    plain = learnt(hierarchy).fit(X, Y)
    mean, counts = plain.held_out_proba(), Y.sum(axis=0)
    areas = [
        au_prc(Y, shrink_to_parents(mean, hierarchy, counts, one), hierarchy=hierarchy)
        for one in STRENGTHS
    ]
    cheap = [
        one
        for one, area in zip(STRENGTHS, areas, strict=True)
        if area >= 0.999 * max(areas)
    ]
    clf = learnt(hierarchy, shrinkage="auto").fit(X, Y)
    assert clf.shrinkage_ == max(cheap)
    np.testing.assert_array_equal(clf.weights_, plain.weights_)
    expected = shrink_to_parents(mean, hierarchy, counts, clf.shrinkage_)
    np.testing.assert_array_equal(clf.held_out_proba(), expected)
    area = areas[STRENGTHS.index(clf.shrinkage_)]
    assert clf.expert_scores_["mean"] == pytest.approx(area)


def test_little_where_it_hurts_and_much_where_it_helps():
    # A common node and 30 rare ones. What is told of the rare ones is right, or noise.
    names = ["common", *(f"rare{k:02d}" for k in range(30))]
    hierarchy = Hierarchy.from_edges([("all", name) for name in names])
    rng = np.random.default_rng(0)
    truth = np.zeros((300, 32))
    truth[:150, 1] = 1
    truth[np.arange(60), 2 + np.arange(60) % 30] = 1
    truth[:, 0] = truth[:, 1:].any(axis=1)
    labels, counts = sp.csr_array(truth).astype(bool), truth.sum(axis=0)
    of_all = np.where(truth[:, :1] > 0, 0.9, 0.5)
    common = np.where(truth[:, 1:2] > 0, 0.9, 0.3)
    # By 3 rows and more of the parent's word those that are right get less than .3.
    right = np.column_stack([of_all, common, 0.5 * truth[:, 2:]])
    noise = np.column_stack([of_all, common, 0.5 * rng.random((300, 30))])
    assert choose_strength(right, labels, hierarchy, counts) == 1
    assert choose_strength(noise, labels, hierarchy, counts) == 10


def test_nothing_to_choose_by():
    labels = sp.csr_array((5, 6), dtype=bool)
    assert choose_strength(np.zeros((5, 6)), labels, TREE, np.zeros(6)) == 0
    clf = told(shrinkage="auto").fit(NUMBERS, np.zeros_like(Y))
    assert clf.shrinkage_ == 0


def test_weights_given_and_shrinkage_chosen():
    clf = told(weights=None, shrinkage="auto").fit(NUMBERS, Y)
    np.testing.assert_array_equal(clf.weights_, [0.5, 0.5])
    assert clf.shrinkage_ in STRENGTHS
    assert list(clf.expert_scores_) == ["one", "two", "mean"]


def test_groups_are_kept_apart_for_it():
    groups = np.repeat(np.arange(6), 10)
    clf = learnt(TREE, weights=None, shrinkage="auto", cv=GroupKFold(2))
    held_out = clf.fit(X, Y, groups=groups).held_out_proba()
    assert held_out.shape == Y.shape


def test_rows_count_as_they_are_weighted():
    weight = np.where(np.arange(len(Y)) % 3 > 0, 2.5, 0.0)
    some = weight > 0
    clf = told(weights=None, shrinkage=2).fit(NUMBERS, Y, sample_weight=weight)
    alone = told(weights=None, shrinkage=2).fit(NUMBERS[some], Y[some])
    proba = alone.predict_proba(NUMBERS)
    np.testing.assert_allclose(clf.predict_proba(NUMBERS), proba, rtol=1e-6)
    twice = np.where(np.arange(len(Y)) < 20, 3.0, 1.0)
    clf = told(weights=None, shrinkage=2).fit(NUMBERS, Y, sample_weight=twice)
    counts = (twice / twice.mean()) @ Y
    expected = shrink_to_parents((ONE + TWO) / 2, TREE, counts, 2)
    np.testing.assert_allclose(clf.predict_proba(NUMBERS), expected, rtol=1e-5)


def test_one_node_per_row():
    names = np.array(TREE.nodes)[[1, 4, 5] * 20]
    clf = learnt(TREE, shrinkage=3).fit(X, names)
    proba = clf.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert proba.min() >= 0


def test_files_and_pickles(tmp_path):
    clf = learnt(TREE, shrinkage=3).fit(X, Y)
    expected = clf.predict_proba(X)
    save_model(clf, tmp_path / "model.hmlc")
    for again in (
        load_model(tmp_path / "model.hmlc"),
        pickle.loads(pickle.dumps(clf)),
    ):
        np.testing.assert_array_equal(again.predict_proba(X), expected)


def test_pickles_of_before_have_none():
    clf = learnt(TREE).fit(X, Y)
    expected = clf.predict_proba(X)
    state = clf.__getstate__()
    for name in ("shrinkage", "shrinkage_", "_counts"):
        del state[name]
    old = CoherentVotingClassifier.__new__(CoherentVotingClassifier)
    old.__setstate__(state)
    assert old.shrinkage == old.shrinkage_ == 0
    np.testing.assert_array_equal(old.predict_proba(X), expected)


@pytest.mark.parametrize("shrinkage", [-1, "much", np.nan, np.inf, None])
def test_bad_strengths(shrinkage):
    with pytest.raises(ValueError, match="'shrinkage'"):
        told(shrinkage=shrinkage).fit(NUMBERS, Y)

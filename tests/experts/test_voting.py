"""The mean of experts: closed forms, held-out rows, containers, errors."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc.experts import CoherentVotingClassifier, NeighborsHierarchyClassifier
from sklearn_hmlc.metrics import au_prc, coherence_violations
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    node_thresholds,
)
from tests._strategies import few, hierarchies
from tests.classifier.common import TREE, make_data, small

from .stand_ins import Told, noisy, numbered

X, Y = make_data()
NUMBERS = numbered(len(Y))
ONE, TWO = noisy(Y, 0.5, TREE), noisy(Y, 1.0, TREE, seed=1)

ROWS = NeighborsHierarchyClassifier(n_neighbors=5)
NEAREST = CoherentClassifier(KNeighborsClassifier(7))
NEARER = CoherentClassifier(KNeighborsClassifier(3))


def told(**params):
    """Return a mean of two experts whose answers are known."""
    experts = [("one", Told(ONE)), ("two", Told(TWO))]
    return CoherentVotingClassifier(experts, TREE, **params)


def learnt(**params):
    """Return a mean of experts that learn: one with held-out rows, two without."""
    experts = [
        ("rows", make_pipeline(StandardScaler(), ROWS)),
        ("nearest", NEAREST),
        ("nearer", NEARER),
    ]
    return CoherentVotingClassifier(experts, TREE, **{"random_state": 0, **params})


# -- the mean --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (None, (0.5, 0.5)),
        ([3, 1], (0.75, 0.25)),
        ([1e308, 1e308], (0.5, 0.5)),
        (np.array([0, 2]), (0, 1)),
        ({"one": 1, "two": 4}, (0.2, 0.8)),
        ({"two": 4}, (0, 1)),
        (pd.Series([4, 1], index=["two", "one"]), (0.2, 0.8)),
    ],
)
def test_mean_by_given_weights(weights, expected):
    clf = told(weights=weights).fit(NUMBERS, Y)
    np.testing.assert_allclose(clf.weights_, expected)
    mean = expected[0] * ONE + expected[1] * TWO
    np.testing.assert_allclose(clf.predict_proba(NUMBERS), mean, rtol=1e-6)
    np.testing.assert_array_equal(clf.predict(NUMBERS), mean >= 0.5)
    assert clf.predict(NUMBERS).dtype == Y.dtype
    assert not hasattr(clf, "expert_scores_")
    assert list(clf.summary().columns) == ["weight"]


def test_experts_of_weight_0_are_not_asked():
    clf = told(weights=[0, 1]).fit(NUMBERS, Y)
    clf.estimators_[0].answers = None
    assert clf.predict_proba(NUMBERS).shape == Y.shape


@few
@given(hierarchies(min_nodes=1), st.integers(0, 2**32 - 1), st.booleans())
def test_coherent_on_any_graph(hierarchy, seed, chosen):
    rng = np.random.default_rng(seed)
    shape = 20, hierarchy.n_nodes
    labels = hierarchy.close((rng.random(shape) < 0.3).astype(int))
    answers = [noisy(labels, 2.0, hierarchy, seed=one) for one in range(3)]
    experts = [(f"e{one}", Told(p, held_out=p)) for one, p in enumerate(answers)]
    weights = "auto" if chosen else rng.random(3)
    clf = CoherentVotingClassifier(experts, hierarchy, weights=weights)
    rows = numbered(20)
    proba = clf.fit(rows, labels).predict_proba(rows)
    parents, children = hierarchy.edges.T
    for values in (proba, clf.held_out_proba()):
        assert (values[:, children] <= values[:, parents]).all()
        assert values.min() >= 0
        assert values.max() <= 1
    assert hierarchy.is_closed(clf.predict(rows))


def test_names_parameters_and_dropped_experts():
    clf = told(weights=[1, 3])
    assert clf.get_params()["one__scale"] == 1.0
    clf.set_params(one__scale=0.5, two__scale=0.25).fit(NUMBERS, Y)
    expected = 0.25 * 0.5 * ONE + 0.75 * 0.25 * TWO
    np.testing.assert_allclose(clf.predict_proba(NUMBERS), expected, rtol=1e-6)
    assert clf.named_estimators_["two"] is clf.estimators_[1]
    clf.set_params(one="drop").fit(NUMBERS, Y)
    assert clf.named_estimators_["one"] == "drop"
    assert len(clf.estimators_) == len(clf.weights_) == 1
    expected = (0.25 * TWO).astype(np.float32)
    np.testing.assert_array_equal(clf.predict_proba(NUMBERS), expected)
    same = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(same.predict_proba(NUMBERS), expected)


def test_searches_reach_the_experts():
    grid = {"weights": [None, "auto"], "nearest__estimator__n_neighbors": [3, 5]}
    search = GridSearchCV(learnt(), grid, cv=2).fit(X, Y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.predict(X).shape == Y.shape


# -- held-out rows ---------------------------------------------------------------------


def test_held_out_probabilities_are_those_by_hand():
    clf = learnt(cv=KFold(3)).fit(X, Y)
    scaled = StandardScaler().fit_transform(X)
    known = [clone(ROWS).set_params(hierarchy=TREE).fit(scaled, Y).held_out_proba()]
    for expert in (NEAREST, NEARER):
        expert = clone(expert).set_params(hierarchy=TREE)
        parts = [
            expert.fit(X[train], Y[train]).predict_proba(X[test])
            for train, test in KFold(3).split(X)
        ]
        known.append(np.concatenate(parts))
    for name, proba in zip(("rows", "nearest", "nearer"), known, strict=True):
        assert clf.expert_scores_[name] == pytest.approx(
            au_prc(Y, proba, hierarchy=TREE), abs=1e-6
        )
    mean = np.tensordot(clf.weights_, known, axes=1)
    np.testing.assert_allclose(clf.held_out_proba(), mean, rtol=1e-5)
    table = clf.summary()
    assert table.index.tolist() == ["rows", "nearest", "nearer", "mean"]
    score = au_prc(Y, mean, hierarchy=TREE)
    assert table.loc["mean", "au_prc"] == pytest.approx(score, abs=1e-6)
    assert f"{table.loc['rows', 'au_prc']:.3f}" in clf._repr_html_()


def test_one_round_of_folds_for_experts_that_need_it():
    Told.fits = 0
    experts = [("own", Told(ONE, held_out=ONE)), ("folds", Told(TWO))]
    CoherentVotingClassifier(experts, TREE, cv=3).fit(NUMBERS, Y)
    assert Told.fits == 1 + 1 + 3
    # Groups are kept apart by folds alone.
    Told.fits = 0
    clf = CoherentVotingClassifier(experts, TREE, cv=KFold(2))
    with pytest.warns(UserWarning, match="groups parameter is ignored by KFold"):
        clf.fit(NUMBERS, Y, groups=np.arange(60))
    assert Told.fits == 2 + 2 * 2


def test_thresholds_from_the_mean_cost_no_fit():
    clf = NodeThresholdClassifier(learnt(), strategy="f1", pooled=9).fit(X, Y)
    alone = learnt().fit(X, Y)
    expected = node_thresholds(Y, alone.held_out_proba(), "f1", pooled=9)
    np.testing.assert_array_equal(clf.thresholds_, expected)
    np.testing.assert_array_equal(clf.predict_proba(X), alone.predict_proba(X))
    assert clf.hierarchy_ == TREE


@pytest.mark.parametrize("weights", ["auto", [1, 1]])
def test_rounding_of_experts_leaves_the_mean_coherent(weights):
    rng = np.random.default_rng(0)
    rounded = np.full(Y.shape, 0.5) - rng.uniform(0, 1e-6, Y.shape)
    expert = Told(rounded, held_out=rounded)
    experts = [("one", expert), ("two", expert)]
    clf = CoherentVotingClassifier(experts, TREE, weights=weights).fit(NUMBERS, Y)
    for proba in (clf.predict_proba(NUMBERS), clf.held_out_proba()):
        assert coherence_violations(proba, TREE) == 0
        np.testing.assert_allclose(proba, rounded, atol=2e-6)
    assert TREE.is_closed(clf.predict(NUMBERS))


def test_what_users_write_on_held_out_rows_changes_nothing():
    clf = learnt().fit(X, Y)
    proba = clf.held_out_proba()
    kept = proba.copy()
    proba[:] = 0
    np.testing.assert_array_equal(clf.held_out_proba(), kept)


def test_held_out_rows_of_given_weights():
    experts = [("one", Told(ONE, held_out=TWO)), ("two", Told(TWO, held_out=ONE))]
    clf = CoherentVotingClassifier(experts, TREE, weights=[1, 3]).fit(NUMBERS, Y)
    expected = 0.25 * TWO + 0.75 * ONE
    np.testing.assert_allclose(clf.held_out_proba(), expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r'Nothing was held out. Set weights="auto"'):
        told(weights=None).fit(NUMBERS, Y).held_out_proba()
    with pytest.raises(NotFittedError):
        told().held_out_proba()


def test_rows_of_weight_0_count_as_absent():
    weight = np.where(np.arange(60) % 3 > 0, 1.0, 0.0)
    some = weight > 0
    clf = learnt(weights="auto").fit(X, Y, sample_weight=weight)
    absent = learnt(weights="auto").fit(X[some], Y[some])
    np.testing.assert_allclose(clf.predict_proba(X), absent.predict_proba(X), rtol=1e-6)
    np.testing.assert_array_equal(clf.weights_, absent.weights_)
    got = clf.held_out_proba()
    np.testing.assert_allclose(got[some], absent.held_out_proba(), rtol=1e-6)
    # Nothing was trained on the others.
    expected = absent.predict_proba(X[~some])
    np.testing.assert_allclose(got[~some], expected, rtol=1e-6)


def test_weights_of_rows_go_to_those_that_take_them():
    weight = np.arange(1.0, 61)
    experts = [("told", make_pipeline(StandardScaler(), Told(ONE))), ("rest", NEAREST)]
    experts[0][1].steps[0] = ("same", "passthrough")
    clf = CoherentVotingClassifier(experts, TREE, weights=None)
    clf.fit(np.c_[NUMBERS, X], Y, sample_weight=weight)
    np.testing.assert_array_equal(clf.estimators_[0][-1].weight_, weight)


def test_repeatable_and_in_parallel():
    proba = learnt().fit(X, Y).held_out_proba()
    np.testing.assert_array_equal(learnt(n_jobs=2).fit(X, Y).held_out_proba(), proba)


def test_frozen_experts_are_asked_as_they_are():
    frozen = FrozenEstimator(clone(ROWS).set_params(hierarchy=TREE).fit(X[:30], Y[:30]))
    experts = [("frozen", frozen), ("nearest", NEAREST)]
    clf = CoherentVotingClassifier(experts, TREE, cv=3).fit(X[30:], Y[30:])
    expected = au_prc(Y[30:], frozen.predict_proba(X[30:]), hierarchy=TREE)
    assert clf.expert_scores_["frozen"] == pytest.approx(expected)


def test_the_network_among_experts():
    experts = [("network", small()), ("rows", clone(ROWS).set_params(hierarchy=TREE))]
    clf = CoherentVotingClassifier(experts, cv=2, random_state=0).fit(X, Y)
    assert clf.hierarchy_ == TREE
    assert clf.score(X, Y) > 0.5


# -- containers ------------------------------------------------------------------------


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_go_by_name(library):
    turned = np.arange(TREE.n_nodes)[::-1]
    frame = library.DataFrame({TREE.nodes[node]: Y[:, node] for node in turned})
    clf = learnt().fit(X, frame)
    bare = learnt().fit(X, Y)
    assert clf.classes_.tolist() == [TREE.nodes[node] for node in turned]
    np.testing.assert_array_equal(
        clf.predict_proba(X), bare.predict_proba(X)[:, turned]
    )
    np.testing.assert_array_equal(
        clf.held_out_proba(), bare.held_out_proba()[:, turned]
    )
    predicted = clf.predict(X)
    assert type(predicted) is type(frame)
    np.testing.assert_array_equal(np.asarray(predicted), bare.predict(X)[:, turned])


def test_sparse_labels_and_one_node_per_row():
    bare = learnt().fit(X, Y)
    sparse = learnt().fit(X, sp.csr_array(Y))
    np.testing.assert_array_equal(sparse.predict_proba(X), bare.predict_proba(X))
    assert sp.issparse(sparse.predict(X))
    names = np.array(TREE.nodes, dtype=object)
    y = names[[TREE.index("a/x"), TREE.index("b"), TREE.index("b/z")]][
        np.arange(60) % 3
    ].astype(str)
    clf = learnt().fit(X, y)
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1)
    assert set(clf.predict(X)) <= set(y)
    np.testing.assert_allclose(clf.held_out_proba().sum(axis=1), 1)


def test_sparse_features():
    experts = [("rows", ROWS), ("nearest", NEAREST)]
    clf = CoherentVotingClassifier(experts, TREE, weights=None)
    dense = clone(clf).fit(X, Y).predict_proba(X)
    sparse = clf.fit(sp.csr_array(X), Y).predict_proba(sp.csr_array(X))
    np.testing.assert_allclose(sparse, dense, atol=1e-5)

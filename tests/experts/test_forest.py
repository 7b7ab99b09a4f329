"""The forest against slow forms and scikit-learn's own trees."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor

from sklearn_hmlc.datasets import fetch_hmc, make_hierarchical_multilabel
from sklearn_hmlc.experts import HierarchicalForestClassifier, _trees
from sklearn_hmlc.hierarchy import Hierarchy
from sklearn_hmlc.metrics import au_prc
from tests._reference import label_distance, mean_over_leaves
from tests._strategies import closed_labels, few, hierarchies

X, Y, DAG = make_hierarchical_multilabel(
    160, 12, 25, kind="dag", noise=1.0, random_state=0
)
TRAIN, TEST = slice(100), slice(100, 160)


def forest(**params):
    """Return a small forest with a seed."""
    settings = {"n_estimators": 7, "random_state": 0}
    return HierarchicalForestClassifier(DAG, **{**settings, **params})


@pytest.fixture
def drawn(monkeypatch):
    """What rows count in each tree that is grown, as it is drawn."""
    counts, inner = [], _trees.Growth.drawn

    def recorded(*args):
        counts.append(inner(*args))
        return counts[-1]

    monkeypatch.setattr(_trees.Growth, "drawn", recorded)
    return counts


SAMPLES = {
    "all rows": {},
    "bootstrap": {"bootstrap": True},
    "bootstrap of a few": {"bootstrap": True, "max_samples": 0.5},
    "some rows": {"max_samples": 0.7},
    "a number of rows": {"max_samples": 60},
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("params", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("splitter", ["extra", "best"])
def test_leaves_average_label_sets(params, splitter, weighted, drawn, rng):
    weight = rng.uniform(0.1, 3, 100) if weighted else None
    clf = forest(splitter=splitter, **params).fit(X[TRAIN], Y[TRAIN], weight)
    counts = np.column_stack(drawn)
    assert counts.shape == (100, 7)
    slow = mean_over_leaves(clf.apply(X[TEST]), clf.apply(X[TRAIN]), counts, Y[TRAIN])
    np.testing.assert_allclose(clf.predict_proba(X[TEST]), slow, rtol=1e-6)
    if weighted and not params:
        for count in counts.T:
            np.testing.assert_allclose(count / count[0], weight / weight[0])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("params", list(SAMPLES.values())[1:], ids=list(SAMPLES)[1:])
def test_out_of_bag(params, weighted, drawn, rng):
    weight = rng.uniform(0.1, 3, 100) if weighted else None
    clf = forest(n_estimators=40, **params).fit(X[TRAIN], Y[TRAIN], weight)
    counts, leaves = np.column_stack(drawn), clf.apply(X[TRAIN])
    slow = mean_over_leaves(leaves, leaves, counts, Y[TRAIN], left_out=counts == 0)
    assert not np.isnan(slow).any()
    np.testing.assert_allclose(clf.held_out_proba(), slow, rtol=1e-6)


def test_draws(drawn, rng):
    weight = np.where(np.arange(100) < 50, 3.0, 1.0)
    forest(bootstrap=True).fit(X[TRAIN], Y[TRAIN])
    forest(max_samples=0.7).fit(X[TRAIN], Y[TRAIN])
    forest(bootstrap=True, n_estimators=200).fit(X[TRAIN], Y[TRAIN], weight)
    bootstrap, some, weighted = drawn[:7], drawn[7:14], np.array(drawn[14:])
    assert {count.sum() for count in bootstrap} == {100}
    assert max(count.max() for count in bootstrap) > 1
    assert {count.sum() for count in some} == {70}
    assert {count.max() for count in some} == {1}
    assert len({count.tobytes() for count in [*bootstrap, *some]}) == 14
    assert weighted[:, :50].mean() / weighted[:, 50:].mean() == pytest.approx(3, 0.05)


@pytest.mark.parametrize("depth_weight", [1.0, 0.75])
def test_one_tree_is_that_of_scikit_learn(depth_weight):
    # Without a draw among features or rows a tree depends on nothing but its data, as
    # long as leaves are too large for two features to tell the same rows apart.
    clf = forest(
        splitter="best",
        max_features=None,
        n_estimators=1,
        n_components=None,
        depth_weight=depth_weight,
        min_samples_leaf=12,
        max_depth=3,
    ).fit(X[TRAIN], Y[TRAIN])
    scale = np.sqrt(depth_weight**DAG.depth)
    tree = DecisionTreeRegressor(min_samples_leaf=12, max_depth=3, random_state=1)
    tree.fit(X[TRAIN].astype(np.float32), Y[TRAIN] * scale)
    np.testing.assert_allclose(
        clf.predict_proba(X[TEST]) * scale, tree.predict(X[TEST]), atol=1e-6
    )
    np.testing.assert_allclose(clf.feature_importances_, tree.feature_importances_)


def test_values_are_not_kept():
    clf = forest(splitter="extra", n_components=None).fit(X[TRAIN], Y[TRAIN])
    for tree in clf._forest.trees:
        assert tree.value.shape == (tree.node_count, 1, 1)
    grown = ExtraTreeRegressor(min_samples_leaf=3, random_state=0).fit(X, Y).tree_
    slim = _trees._without_values(grown)
    narrow = X.astype(np.float32)
    np.testing.assert_array_equal(slim.apply(narrow), grown.apply(narrow))
    assert slim.compute_feature_importances() == pytest.approx(
        grown.compute_feature_importances()
    )


# -- label components ------------------------------------------------------------------


def distances(target):
    return ((target[:, None] - target[None]) ** 2).sum(axis=2)


@pytest.mark.parametrize("n_components", [None, 25, 24])
def test_rows_are_as_far_apart_as_their_labels(n_components):
    # The 25th singular value is small beside the others, and those are all there are.
    labels = sp.csr_array(Y[:30].astype(float))
    target = _trees.label_components(labels, 0.75, DAG, n_components, None, 0)
    slow = label_distance(Y[:30], DAG.depth, 0.75)
    tolerance = np.linalg.svd(Y[:30] * np.sqrt(0.75**DAG.depth))[1][24] ** 2
    assert tolerance < 0.1
    rtol = tolerance * 4 if n_components == 24 else 1e-9
    np.testing.assert_allclose(distances(target), slow, atol=rtol)


@pytest.mark.parametrize("weighted", [False, True])
def test_few_components_are_the_leading_ones(weighted, rng):
    weight = rng.uniform(0.1, 3, 100) if weighted else np.ones(100)
    labels = sp.csr_array(Y[TRAIN].astype(float))
    given = weight if weighted else None
    target = _trees.label_components(labels, 0.5, DAG, 4, given, 0)
    dense = Y[TRAIN] * np.sqrt(0.5**DAG.depth)
    basis = np.linalg.svd(np.sqrt(weight)[:, None] * dense)[2][:4]
    np.testing.assert_allclose(
        distances(target), distances(dense @ basis.T), rtol=1e-2, atol=1e-2
    )


def test_unscored_nodes_do_not_count_in_splits():
    hierarchy = Hierarchy.from_edges(DAG.edge_names, unscored=[DAG.nodes[0]])
    order = hierarchy.index(list(DAG.nodes))
    labels = sp.csr_array(Y[:, np.argsort(order)].astype(float))
    target = _trees.label_components(labels, 0.75, hierarchy, None, None, 0)
    assert target.shape == (160, 24)


# -- coherence and sameness ------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.* are out of no tree's bag")
@few
@given(hierarchies(), st.data())
def test_coherent(hierarchy, data):
    labels = data.draw(closed_labels(hierarchy, min_rows=2, max_rows=12))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    rows = rng.normal(size=(len(labels), 2))
    weight = data.draw(st.none() | st.just(rng.uniform(1e-3, 1e3, len(labels))))
    clf = HierarchicalForestClassifier(
        hierarchy,
        n_estimators=data.draw(st.integers(3, 9)),
        splitter=data.draw(st.sampled_from(["extra", "best"])),
        min_samples_leaf=data.draw(st.integers(1, 3)),
        n_components=data.draw(st.sampled_from([2, None])),
        max_samples=data.draw(st.sampled_from([None, 0.5])),
        random_state=0,
    ).fit(rows, sp.csr_array(labels), weight)
    held_out = clf.held_out_proba() if data.draw(st.booleans()) else rows[:0]
    for proba in (clf.predict_proba(rng.normal(size=(5, 2))), held_out):
        if len(proba):
            assert proba.dtype == np.float32
            assert proba.min() >= 0
            assert proba.max() <= 1
            for parent, child in hierarchy.edges:
                assert (proba[:, child] <= proba[:, parent]).all()
    assert hierarchy.is_closed(clf.predict(rows))


@pytest.mark.parametrize("params", [{}, {"bootstrap": True, "n_estimators": 30}])
def test_repeatable(params):
    one = forest(**params).fit(X, Y)
    proba, held_out = one.predict_proba(X), one.held_out_proba()
    for other in (
        forest(n_jobs=2, **params).fit(X, Y),
        clone(one).fit(X, Y),
        pickle.loads(pickle.dumps(one)),
    ):
        np.testing.assert_array_equal(other.predict_proba(X), proba)
        np.testing.assert_array_equal(other.held_out_proba(), held_out)
    other = forest(**{**params, "random_state": 1}).fit(X, Y)
    assert (other.predict_proba(X) != proba).any()
    np.testing.assert_array_equal(one.held_out_proba(), held_out)


@pytest.mark.parametrize("entries", [1, 100, 1000])
def test_blocks_change_nothing(entries, monkeypatch):
    clf = forest(n_estimators=20, bootstrap=True).fit(X, Y)
    proba, held_out = clf.predict_proba(X), clf.held_out_proba()
    monkeypatch.setattr(_trees, "_BLOCK_ENTRIES", entries)
    np.testing.assert_array_equal(clf.predict_proba(X), proba)
    np.testing.assert_array_equal(clf.held_out_proba(), held_out)


def test_memory_is_not_leaves_by_nodes(rng):
    n_nodes = 20_000
    columns = rng.integers(0, n_nodes, 400)
    labels = sp.csr_array((np.ones(400), columns, np.arange(401)), (400, n_nodes))
    clf = HierarchicalForestClassifier(
        n_estimators=10, min_samples_leaf=1, random_state=0
    ).fit(rng.normal(size=(400, 3)), labels)
    n_leaves = sum(tree.n_leaves for tree in clf._forest.trees)
    per_row = 200 * 10 * 400
    assert len(pickle.dumps(clf._forest)) < per_row < n_leaves * n_nodes / 10


def test_feature_importances(rng):
    labels = (X[:, [3, 7]] > 0).astype(int)
    clf = HierarchicalForestClassifier(n_estimators=20, random_state=0).fit(X, labels)
    importances = clf.feature_importances_
    assert importances.shape == (12,)
    assert importances.sum() == pytest.approx(1)
    assert set(np.argsort(importances)[-2:]) == {3, 7}
    same = np.tile([1, 0], (160, 1))
    assert not clf.fit(X, same).feature_importances_.any()
    np.testing.assert_array_equal(clf.predict_proba(X), same)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least"), [("eisen_FUN", 0.29), ("cellcycle_GO", 0.395)]
)
def test_yeast(name, least, data_dir):
    train = fetch_hmc(name, "trainvalid", as_frame=False)
    test = fetch_hmc(name, "test", as_frame=False)
    clf = HierarchicalForestClassifier(train.hierarchy, random_state=0)
    proba = clf.fit(train.data, train.target).predict_proba(test.data)
    truth = test.target.toarray()
    assert au_prc(truth, proba, scored=train.hierarchy.scored) > least

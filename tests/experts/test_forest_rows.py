"""The forest's rows: held-out ones, weights, missing values, sparse X, bad input."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.tree import ExtraTreeRegressor

from sklearn_hmlc.experts import HierarchicalForestClassifier
from sklearn_hmlc.metrics import au_prc
from tests.experts.test_forest import DAG, X, Y, forest

HELD_OUT = {
    "folds": {"n_estimators": 30},
    "two folds": {"n_estimators": 30, "n_folds": 2},
    "as many rows as there are": {"n_estimators": 30, "max_samples": 1.0},
    "bootstrap": {"bootstrap": True, "n_estimators": 60},
    "some rows": {"max_samples": 0.8, "n_estimators": 60},
}


@pytest.mark.parametrize("params", HELD_OUT.values(), ids=HELD_OUT)
class TestHeldOut:
    def test_own_labels_are_in_nothing_of_it(self, params, rng):
        # What only one row has, nobody can know of who has not seen it.
        own = np.eye(160, dtype=int)[:, rng.permutation(160)[:20]]
        clf = HierarchicalForestClassifier(
            min_samples_leaf=1, random_state=0, **params
        ).fit(X, own)
        held_out = clf.held_out_proba()
        rows, nodes = np.nonzero(own)
        assert not held_out[rows, nodes].any()
        assert held_out.any(axis=0).sum() > 10
        assert clf.predict_proba(X)[rows, nodes].min() > 0.2

    def test_tells_how_good_it_is_on_new_rows(self, params):
        train = slice(110)
        clf = forest(min_samples_leaf=1, **params).fit(X[train], Y[train])
        seen = au_prc(Y[train], clf.predict_proba(X[train]))
        new = au_prc(Y[110:], clf.predict_proba(X[110:]))
        held_out = au_prc(Y[train], clf.held_out_proba())
        assert seen > held_out + 0.1
        assert abs(held_out - new) < 0.1

    def test_rows_of_weight_zero(self, params):
        weight = np.where(np.arange(160) % 4 == 1, 0.0, 1.0)
        clf = forest(**params).fit(X, Y, weight)
        there = forest(**params).fit(X[weight > 0], Y[weight > 0])
        np.testing.assert_array_equal(clf.predict_proba(X), there.predict_proba(X))
        held_out = clf.held_out_proba()
        assert held_out.shape == (160, 25)
        np.testing.assert_array_equal(held_out[weight > 0], there.held_out_proba())
        np.testing.assert_array_equal(
            held_out[weight == 0], there.predict_proba(X[weight == 0])
        )


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_in_every_tree_have_the_others_frequencies(weighted, rng):
    weight = rng.uniform(0.1, 3, 160) if weighted else np.ones(160)
    clf = forest(n_estimators=1, bootstrap=True).fit(X, Y, weight)
    held_out = clf.held_out_proba()
    in_bag = np.flatnonzero(clf._forest.never_out)
    assert 60 < len(in_bag) < 150
    for row in in_bag:
        others = np.delete(np.arange(160), row)
        expected = np.average(Y[others], axis=0, weights=weight[others])
        np.testing.assert_allclose(held_out[row], expected, rtol=1e-5, atol=1e-7)


def test_warns_of_rows_in_every_tree():
    clf = forest(n_estimators=2, bootstrap=True).fit(X, Y)
    message = r"of 160 rows are .* Raise `n_estimators`"
    with pytest.warns(UserWarning, match=message) as caught:
        clf.held_out_proba()
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_row_in_every_tree():
    """As happens with few rows: each has the others' frequencies."""
    fits = [
        forest(n_estimators=1, bootstrap=True, random_state=seed).fit(X[:2], Y[:2])
        for seed in range(10)
    ]
    seen = [clf for clf in fits if clf._forest.never_out.all()]
    assert 0 < len(seen) < 10
    for clf in seen:
        assert_array_equal(clf.held_out_proba(), Y[:2][::-1])


def test_nothing_to_hold_out():
    with pytest.raises(NotFittedError):
        forest().held_out_proba()
    with pytest.raises(ValueError, match="Expected 2 rows at least"):
        forest().fit(X[:1], Y[:1]).held_out_proba()
    for params in ({}, {"n_components": 10}, {"max_samples": 2}):
        clf = forest(**params).fit(X[:2], Y[:2])
        # All that is known of each is the other.
        np.testing.assert_array_equal(clf.held_out_proba(), Y[[1, 0]])


@pytest.mark.parametrize("container", [np.array, sp.csr_array])
def test_rows_that_are_written_on_later(container):
    rows = container(X.astype(np.float32))
    clf = forest().fit(rows, Y)
    held_out = clf.held_out_proba()
    (rows.data if sp.issparse(rows) else rows)[:] = 1
    np.testing.assert_array_equal(clf.held_out_proba(), held_out)


# -- row weights -----------------------------------------------------------------------


@pytest.mark.parametrize("n_components", [None, 10])
def test_a_weight_of_two_is_a_row_twice(n_components):
    params = {"min_samples_leaf": 1, "n_components": n_components}
    weight = np.where(np.arange(160) < 40, 2.0, 1.0)
    weighted = forest(**params).fit(X, Y, weight)
    twice = forest(**params).fit(np.vstack([X, X[:40]]), np.vstack([Y, Y[:40]]))
    np.testing.assert_allclose(
        weighted.predict_proba(X), twice.predict_proba(X), rtol=1e-6
    )


@pytest.mark.parametrize("bootstrap", [False, True])
@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**1000])
def test_only_shares_of_weights_count(bootstrap, unit, rng):
    weight = rng.uniform(0.1, 3, 160)
    one = forest(bootstrap=bootstrap).fit(X, Y, weight)
    other = forest(bootstrap=bootstrap).fit(X, Y, weight * unit)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


# -- features --------------------------------------------------------------------------


@pytest.mark.parametrize("positions", [np.int32, np.int64])
@pytest.mark.parametrize("container", [sp.csr_array, sp.csc_matrix, sp.coo_array])
def test_sparse_rows_are_as_dense_ones(container, positions):
    holes = np.where(np.abs(X) < 1, 0, X)
    rows = container(holes)
    if rows.format != "coo":
        rows.indices, rows.indptr = (
            rows.indices.astype(positions),
            rows.indptr.astype(positions),
        )
    before = rows.toarray()
    sparse, dense = forest().fit(rows, sp.csr_array(Y)), forest().fit(holes, Y)
    for name in ("predict_proba", "apply"):
        np.testing.assert_array_equal(
            getattr(sparse, name)(rows), getattr(dense, name)(holes)
        )
    np.testing.assert_array_equal(sparse.held_out_proba(), dense.held_out_proba())
    np.testing.assert_array_equal(rows.toarray(), before)
    assert sp.issparse(sparse.predict(rows))


@pytest.mark.parametrize("splitter", ["extra", "best"])
def test_missing_values(splitter, rng):
    # A feature that is missing where the node is: what is missing tells it.
    labels = (np.arange(160) % 2)[:, None]
    rows = np.where(labels == 1, np.nan, rng.normal(size=(160, 2)))
    clf = HierarchicalForestClassifier(
        n_estimators=20, splitter=splitter, random_state=0
    ).fit(rows, sp.csr_array(labels))
    assert (clf.predict(rows).toarray() == labels).all()
    assert au_prc(labels, clf.held_out_proba()) == 1
    # Those that come at prediction only go where scikit-learn's trees send them.
    late = forest(splitter=splitter).fit(X, Y).predict_proba(np.full((2, 12), np.nan))
    assert np.isfinite(late).all()


def test_missing_values_as_in_scikit_learn(rng):
    rows = np.where(rng.random(X.shape) < 0.3, np.nan, X).astype(np.float32)
    clf = forest(n_estimators=1, n_components=None, depth_weight=1.0).fit(rows, Y)
    # The seed of the only tree, in the order in which seeds are drawn.
    seed = np.random.RandomState(0).randint(_LARGEST, size=2)[0]
    seed = np.random.RandomState(seed).randint(_LARGEST, size=1)[0]
    tree = ExtraTreeRegressor(min_samples_leaf=3, random_state=seed).fit(rows, Y)
    np.testing.assert_array_equal(clf.apply(rows)[:, 0], tree.apply(rows))
    np.testing.assert_allclose(clf.predict_proba(rows), tree.predict(rows), rtol=1e-6)


_LARGEST = np.iinfo(np.int32).max

BAD_ROWS = {
    "infinite": (np.where(X > 2, np.inf, X), "infinity"),
    "too large": (np.where(X > 2, 1e300, X), "too large for dtype"),
    "sparse missing": (sp.csr_array(np.where(X > 2, np.nan, X)), "contains NaN"),
}


@pytest.mark.parametrize(("rows", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_features(rows, message):
    clf = forest().fit(X, Y)
    proba = clf.predict_proba(X)
    for call in (clf.predict_proba, clf.apply, lambda rows: clf.fit(rows, Y)):
        with pytest.raises(ValueError, match=message):
            call(rows)
    np.testing.assert_array_equal(clf.predict_proba(X), proba)


# -- parameters and containers ---------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_estimators": 0}, "'n_estimators' parameter"),
        ({"splitter": "random"}, "'splitter' parameter"),
        ({"max_features": 0.0}, "'max_features' parameter"),
        ({"min_samples_leaf": 1.0}, "'min_samples_leaf' parameter"),
        ({"depth_weight": 0}, "'depth_weight' parameter"),
        ({"n_components": 0}, "'n_components' parameter"),
        ({"n_folds": 1}, "'n_folds' parameter"),
        ({"max_samples": 161}, r"at most the 160 rows, but got 161.*a share"),
        ({"max_samples": 1.5}, "'max_samples' parameter"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        forest(**params).fit(X, Y)


@pytest.mark.parametrize(
    ("n_features", "looked_at"), [(12, 12), (500, 500), (600, 416), (40_000, 200)]
)
def test_very_many_features(n_features, looked_at, rng):
    rows = rng.normal(size=(20, n_features))
    labels = Y[:20]
    auto = forest(n_estimators=3).fit(rows, labels)
    given = forest(n_estimators=3, max_features=looked_at).fit(rows, labels)
    other = forest(n_estimators=3, max_features=looked_at - 1).fit(rows, labels)
    np.testing.assert_array_equal(auto.apply(rows), given.apply(rows))
    importances = [clf.feature_importances_ for clf in (auto, given, other)]
    np.testing.assert_array_equal(importances[0], importances[1])
    assert (importances[0] != importances[2]).any()


@pytest.mark.parametrize("as_rows", [np.asarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize(("n_two_valued", "looked_at"), [(3, 16), (4, 4), (16, 4)])
def test_few_of_two_valued_features(n_two_valued, looked_at, as_rows, rng):
    rows = rng.normal(size=(160, 16)).round(2)
    for column in range(n_two_valued):
        values = ([0, 1], [-2, 0], [1, 3], [5, 5])[column % 4]
        rows[:, column] = rng.choice(values, 160)
    if as_rows is np.asarray:
        rows[rng.random(rows.shape) < 0.1] = np.nan
    rows = as_rows(rows)
    auto, given = forest().fit(rows, Y), forest(max_features=looked_at).fit(rows, Y)
    assert_array_equal(auto.apply(rows), given.apply(rows))


def test_best_thresholds_leave_features_to_chance(rng):
    rows = rng.normal(size=(160, 16))
    auto = forest(splitter="best").fit(rows, Y)
    given = forest(splitter="best", max_features=4).fit(rows, Y)
    assert_array_equal(auto.apply(rows), given.apply(rows))
    assert len(np.unique(auto.apply(rows), axis=1).T) == auto.n_estimators


@pytest.mark.parametrize("as_rows", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("max_features", [None, 1.0, 12, 13])
@pytest.mark.parametrize("splitter", ["extra", "best"])
def test_warns_of_trees_that_are_alike(splitter, max_features, as_rows):
    # Large leaves, so that no two features tell the same rows apart.
    size = {"min_samples_leaf": 12, "max_depth": 3}
    clf = forest(splitter=splitter, max_features=max_features, **size)
    rows = as_rows(X if splitter == "best" else X > 0)
    with pytest.warns(UserWarning, match="All 7 trees are alike.*`max_features`") as w:
        clf.fit(rows, Y)
    assert w[0].filename == __file__
    trees = clf.apply(rows)
    # Numbers of leaves follow the side on which a feature's values are.
    parts = {tuple(np.unique(tree, return_inverse=True)[1]) for tree in trees.T}
    assert len(parts) == 1


@pytest.mark.parametrize(
    "params",
    [
        {"splitter": "extra", "max_features": None},
        {"max_features": 11},
        {"max_features": 1},
        {"max_features": 0.9},
        {"max_features": "sqrt"},
        {"max_features": None, "bootstrap": True},
        {"max_features": None, "max_samples": 0.9},
        {"max_features": None, "n_estimators": 1},
    ],
)
def test_trees_that_differ(params):
    clf = forest(**{"splitter": "best", **params}).fit(X, Y)
    assert len(np.unique(clf.apply(X), axis=1).T) == clf.n_estimators


def test_frames_go_by_name():
    turned = list(DAG.nodes[::-1])
    frame = pd.DataFrame(Y, columns=list(DAG.nodes))[turned].astype("Int8")
    clf, bare = forest().fit(X, frame), forest().fit(X, Y)
    assert clf.classes_.tolist() == turned
    for name in ("predict_proba", "held_out_proba"):
        args = [X] if name == "predict_proba" else []
        np.testing.assert_array_equal(
            getattr(clf, name)(*args)[:, ::-1], getattr(bare, name)(*args)
        )
    predicted = clf.predict(X)
    assert predicted.columns.tolist() == turned
    assert set(predicted.dtypes.astype(str)) == {"Int8"}


def test_one_node_a_row(rng):
    names = np.array(DAG.nodes)[rng.integers(0, 25, 160)]
    clf = forest().fit(X, names)
    proba, held_out = clf.predict_proba(X), clf.held_out_proba()
    for p in (proba, held_out):
        assert p.shape == (160, len(clf.classes_))
        np.testing.assert_allclose(p.sum(axis=1), 1)
    assert set(clf.predict(X)) <= set(names)


class TestComponentsOfFeatures:
    WIDE = sp.random_array((160, 600), density=0.01, rng=np.random.default_rng(0))

    def test_equal_a_forest_on_them(self, rng):
        new = sp.csr_array(self.WIDE.tocsr()[rng.permutation(160)])
        clf = forest(n_feature_components=7).fit(self.WIDE, Y)
        seed = np.random.RandomState(0).randint(2**31 - 1, size=2)[0]
        components = TruncatedSVD(7, random_state=seed).fit(self.WIDE.astype("f4"))
        X_few, new_few = components.transform(self.WIDE), components.transform(new)
        other = forest(n_feature_components=None).fit(X_few, Y)
        assert_allclose(clf.predict_proba(new), other.predict_proba(new_few))
        assert_allclose(clf.held_out_proba(), other.held_out_proba())
        assert_array_equal(clf.apply(new), other.apply(new_few))
        importances = other.feature_importances_ @ components.components_**2
        assert_allclose(clf.feature_importances_, importances)
        assert clf.feature_importances_.sum() == pytest.approx(1)

    def test_auto_is_for_many_sparse_features(self):
        few, many = (sp.csr_array(self.WIDE.tocsr()[:, :n]) for n in (500, 600))
        for rows, components in ((few, None), (many, 100), (many.toarray(), None)):
            clf = forest(n_estimators=3).fit(rows, Y)
            other = forest(n_estimators=3, n_feature_components=components)
            expected = other.fit(rows, Y).predict_proba(rows)
            assert_array_equal(clf.predict_proba(rows), expected)

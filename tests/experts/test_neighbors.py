"""`NeighborsHierarchyClassifier` against a slow form; ties, weights, empty rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import cdist

from sklearn_hmlc.experts import NeighborsHierarchyClassifier
from tests._reference import nearest_answer
from tests.classifier.common import TREE, make_data

from .data import make_indicators

_, Y = make_data(n_samples=80)
FEATURES = make_indicators()
NEW = make_indicators(n_rows=30, seed=1)
WEIGHT = np.random.default_rng(2).integers(1, 4, size=80) / 2


def slow_similarity(X, Z, metric):
    """Similarities, rounded so that equal ones are equal; 0 where nothing is there."""
    X, Z = X.toarray(), Z.toarray()
    both = X @ Z.T
    sizes = X.sum(axis=1)[:, np.newaxis], Z.sum(axis=1)
    if metric == "cosine":
        whole = np.sqrt(sizes[0] * sizes[1])
    else:
        whole = sizes[0] + sizes[1] - both
    return np.round(np.where(both > 0, both / np.maximum(whole, 1), 0), 12)


def without(array, row):
    return np.delete(array, row, axis=0)


def unscored_aside(proba):
    """Columns that are an expert's own, and not those all models agree on."""
    return proba[:, TREE.scored]


@pytest.mark.parametrize("shrinkage", [0, 1.5])
@pytest.mark.parametrize("weights", ["similarity", "uniform"])
@pytest.mark.parametrize("metric", ["cosine", "jaccard"])
@pytest.mark.parametrize("n_neighbors", [1, 4, 70])
@pytest.mark.parametrize(
    "container", [sp.csr_array, sp.csr_matrix, sp.csr_array.todense]
)
def test_similarities_against_slow_form(
    metric, weights, n_neighbors, shrinkage, container
):
    clf = NeighborsHierarchyClassifier(
        TREE,
        n_neighbors=n_neighbors,
        metric=metric,
        weights=weights,
        shrinkage=shrinkage,
    ).fit(container(FEATURES), Y, WEIGHT)

    def answer(near, Y, weight):
        value = near if weights == "similarity" else (near > 0).astype(float)
        near = np.where(near > 0, near, -np.inf)
        return nearest_answer(near, value, Y, weight, n_neighbors, shrinkage)

    expected = [
        answer(row, Y, WEIGHT) for row in slow_similarity(NEW, FEATURES, metric)
    ]
    proba = clf.predict_proba(container(NEW))
    np.testing.assert_allclose(
        unscored_aside(proba), unscored_aside(np.array(expected)), atol=1e-6
    )
    expected = [
        answer(without(near, row), without(Y, row), without(WEIGHT, row))
        for row, near in enumerate(slow_similarity(FEATURES, FEATURES, metric))
    ]
    np.testing.assert_allclose(
        unscored_aside(clf.held_out_proba()),
        unscored_aside(np.array(expected)),
        atol=1e-6,
    )


@pytest.mark.parametrize("weights", ["similarity", "uniform"])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev"])
@pytest.mark.parametrize("n_neighbors", [1, 4, 200])
def test_distances_against_slow_form(metric, weights, n_neighbors):
    """Most rows are equally far apart, so that a search has to ask again."""
    X, Z = FEATURES.toarray(), NEW.toarray()
    clf = NeighborsHierarchyClassifier(
        TREE, n_neighbors=n_neighbors, metric=metric, weights=weights
    ).fit(X, Y, WEIGHT)
    names = {"manhattan": "cityblock"}
    distances = np.round(cdist(Z, X, names.get(metric, metric)), 12)

    def similarity_of(distance):
        def similarity(beyond):
            unit = 2 * distance.max() if beyond is None else -beyond
            return np.maximum(0, 1 - distance / unit)

        return similarity if weights == "similarity" else np.ones(len(distance))

    expected = [
        nearest_answer(-distance, similarity_of(distance), Y, WEIGHT, n_neighbors, 1.0)
        for distance in distances
    ]
    np.testing.assert_allclose(
        unscored_aside(clf.predict_proba(Z)),
        unscored_aside(np.array(expected)),
        atol=1e-6,
    )


def test_order_of_rows_decides_nothing():
    order = np.random.default_rng(0).permutation(80)
    clf = NeighborsHierarchyClassifier(TREE, n_neighbors=3)
    proba = clf.fit(FEATURES, Y).predict_proba(NEW)
    held_out = clf.held_out_proba()
    clf.fit(FEATURES[order], Y[order])
    np.testing.assert_allclose(clf.predict_proba(NEW), proba, atol=1e-6)
    np.testing.assert_allclose(clf.held_out_proba(), held_out[order], atol=1e-6)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("longest", [1, 7])
def test_rows_in_one_direction_share_the_places(container, dtype, longest):
    """Their cosine is 1 but for rounding, and may be more than 1."""
    rng = np.random.default_rng(0)
    directions = np.repeat(rng.normal(size=(4, 20)), 20, axis=0)
    X = container((directions * rng.uniform(1, longest, size=(80, 1))).astype(dtype))
    clf = NeighborsHierarchyClassifier(TREE, n_neighbors=5).fit(X, Y)
    for graph, n_alike in ((clf.kneighbors_graph(X), 20), (clf.kneighbors_graph(), 19)):
        assert (np.diff(graph.indptr) == n_alike).all()
        np.testing.assert_allclose(graph.data, 5 / 6 / n_alike, rtol=1e-5)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "jaccard"])
def test_weights_of_rows_are_repeats(metric):
    repeats = np.random.default_rng(0).integers(0, 3, size=80)
    rows = np.repeat(np.arange(80), repeats)
    clf = NeighborsHierarchyClassifier(TREE, n_neighbors=7, metric=metric)
    weighted = clf.fit(FEATURES, Y, repeats).predict_proba(NEW)
    repeated = clf.fit(FEATURES[rows], Y[rows]).predict_proba(NEW)
    np.testing.assert_allclose(weighted, repeated, atol=1e-6)


@pytest.mark.parametrize("shrinkage", [0, 1])
def test_rows_with_nothing_in_common_get_frequencies(shrinkage):
    clf = NeighborsHierarchyClassifier(TREE, shrinkage=shrinkage).fit(FEATURES, Y)
    empty = sp.csr_array((2, FEATURES.shape[1]))
    np.testing.assert_allclose(
        clf.predict_proba(empty), [Y.mean(axis=0)] * 2, atol=1e-6
    )
    np.testing.assert_allclose(clf.kneighbors_graph(empty).toarray(), 0)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_graph_makes_the_answer(metric):
    weight = WEIGHT * (np.arange(80) % 5 > 0)
    clf = NeighborsHierarchyClassifier(TREE, n_neighbors=5, metric=metric)
    clf.fit(FEATURES, Y, weight)
    frequencies = weight @ Y / weight.sum()
    graph = clf.kneighbors_graph(NEW)
    assert graph.shape == (30, 80)
    rest = 1 - graph.sum(axis=1)
    expected = graph @ Y + np.outer(rest, frequencies)
    proba = clf.predict_proba(NEW)
    np.testing.assert_allclose(
        unscored_aside(proba), unscored_aside(expected), atol=1e-6
    )
    assert (graph.toarray()[:, weight == 0] == 0).all()
    own = clf.kneighbors_graph()
    assert own.shape == (80, 80)
    assert (own.diagonal() == 0).all()
    left_out = clf.kneighbors_graph(FEATURES[weight == 0])
    np.testing.assert_allclose(own[weight == 0].toarray(), left_out.toarray())


def test_missing_values():
    X = FEATURES.toarray()
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    X[0] = np.nan  # at no distance from any other
    clf = NeighborsHierarchyClassifier(TREE, metric="nan_euclidean").fit(X, Y)
    proba = clf.predict_proba(X)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba[0], Y.mean(axis=0), atol=1e-6)
    with pytest.raises(ValueError, match="NaN"):
        NeighborsHierarchyClassifier(TREE).fit(X, Y)


def test_a_callable_is_a_metric():
    def city_block(a, b):
        return np.abs(a - b).sum()

    X, Z = FEATURES.toarray(), NEW.toarray()
    own = NeighborsHierarchyClassifier(TREE, metric=city_block).fit(X, Y)
    named = NeighborsHierarchyClassifier(TREE, metric="manhattan").fit(X, Y)
    np.testing.assert_allclose(own.predict_proba(Z), named.predict_proba(Z), atol=1e-6)


def test_small_weights_are_reported():
    clf = NeighborsHierarchyClassifier(TREE, n_neighbors=5)
    with pytest.warns(UserWarning, match="mean of 1"):
        clf.fit(FEATURES, Y, np.full(80, 1 / 80))


def test_sparse_rows_need_a_metric_for_them():
    with pytest.raises(TypeError, match="dense data is required"):
        NeighborsHierarchyClassifier(TREE, metric="canberra").fit(FEATURES, Y)


def test_one_row_leaves_nothing():
    clf = NeighborsHierarchyClassifier(TREE).fit(FEATURES[:1], Y[:1])
    with pytest.raises(ValueError, match="at least 2 rows"):
        clf.held_out_proba()


@pytest.mark.parametrize(
    "params", [{"metric": "cosin"}, {"n_neighbors": 0}, {"shrinkage": -1}]
)
def test_bad_parameters(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        NeighborsHierarchyClassifier(TREE, **params).fit(FEATURES, Y)


@pytest.mark.parametrize(
    "metric",
    ["euclidean", "manhattan", "chebyshev", "canberra", "cosine", "correlation"],
)
def test_ties_are_those_of_the_features_whatever_their_dtype(metric, rng):
    # One decimal, which float32 rounds.
    X = rng.integers(1, 5, size=(200, 5)) / 10
    X[:, 0] += np.ptp(X, axis=1) == 0  # correlation of constants is none
    labels = Y[rng.integers(0, 80, 200)]
    exact, rounded = (
        NeighborsHierarchyClassifier(TREE, n_neighbors=8, metric=metric).fit(A, labels)
        for A in (X, X.astype(np.float32))
    )
    graphs = [clf.kneighbors_graph() for clf in (exact, rounded)]
    np.testing.assert_array_equal(graphs[0].indices, graphs[1].indices)
    np.testing.assert_allclose(exact.held_out_proba(), rounded.held_out_proba(), 1e-4)
    new = rng.integers(1, 5, size=(20, 5)) / 10
    for rows in (new, new.astype(np.float32)):
        np.testing.assert_allclose(
            rounded.predict_proba(rows), exact.predict_proba(new), 1e-4
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_many_rows_near_one_another_are_no_ties(metric, dtype, rng):
    X = rng.normal(size=(5_000, 2)).astype(dtype)
    clf = NeighborsHierarchyClassifier(TREE, metric=metric)
    clf.fit(X, Y[rng.integers(0, 80, len(X))])
    graph = clf.kneighbors_graph(X[:50] + dtype(0.001))
    assert (np.diff(graph.indptr) == 30).all()


def test_warns_where_jaccard_sees_no_difference(rng):
    clf = NeighborsHierarchyClassifier(TREE, metric="jaccard")
    dense = rng.uniform(1, 2, size=(80, 3))
    with pytest.warns(UserWarning, match='metric="jaccard" .* no entry of X is 0') as w:
        clf.fit(dense, Y)
    assert w[0].filename == __file__
    clf.fit(dense * (rng.random(dense.shape) < 0.9), Y)  # no warning

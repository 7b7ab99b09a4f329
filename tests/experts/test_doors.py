"""What goes in and comes out of any expert: containers, names, rows of weight 0."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.experts import NeighborsHierarchyClassifier
from sklearn_hmlc.metrics import coherence_violations
from tests._strategies import closed_labels, few, hierarchies
from tests.classifier.common import TREE, small

from .data import EXPERTS, TURNED, X, Y

every_expert = pytest.mark.parametrize("expert", EXPERTS, ids=str)


@every_expert
@few
@given(data=st.data())
def test_answers_are_coherent_probabilities(expert, data):
    hierarchy = data.draw(hierarchies(min_nodes=1))
    labels = data.draw(closed_labels(hierarchy, min_rows=3, max_rows=8))
    seed = data.draw(st.integers(0, 100))
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(len(labels), 3)).astype(float)
    weight = rng.integers(3, 7, size=len(labels)) / 3
    clf = clone(expert).set_params(hierarchy=hierarchy).fit(X, labels, weight)
    for proba in (clf.predict_proba(X[::-1]), clf.held_out_proba()):
        assert proba.dtype == np.float32
        assert ((proba >= 0) & (proba <= 1)).all()
        for parent, child in hierarchy.edges:
            assert (proba[:, parent] >= proba[:, child]).all()
    assert hierarchy.is_closed(clf.predict(X).astype(int))


@every_expert
def test_unscored_nodes_are_answered_as_the_network_does(expert):
    """The frequency, but no less than a child's probability."""
    labels = Y.copy()
    labels[:20] = 0
    clf = clone(expert).fit(X, labels)
    net = small().fit(X, labels)
    root = TREE.index("root")
    for model in (clf, net):
        proba = model.predict_proba(X)
        children = TREE.index(list(TREE.children("root")))
        expected = np.maximum(proba[:, children].max(axis=1), labels[:, root].mean())
        np.testing.assert_allclose(proba[:, root], expected, rtol=1e-6)


@every_expert
def test_columns_go_by_name(expert):
    frame = pd.DataFrame(Y, columns=list(TREE.nodes))[TURNED]
    named = clone(expert).fit(X, frame)
    bare = clone(expert).fit(X, Y)
    assert named.classes_.tolist() == TURNED
    order = TREE.index(TURNED)
    np.testing.assert_array_equal(
        named.predict_proba(X), bare.predict_proba(X)[:, order]
    )
    np.testing.assert_array_equal(
        named.held_out_proba(), bare.held_out_proba()[:, order]
    )
    assert list(named.predict(X).columns) == TURNED
    assert named.score(X, frame) == bare.score(X, Y)


@every_expert
def test_containers_come_back(expert):
    bare = clone(expert).fit(X, Y)
    expected = bare.predict(X)
    assert expected.dtype == Y.dtype
    frame = clone(expert).fit(X, pl.DataFrame(Y, schema=list(TREE.nodes))).predict(X)
    assert isinstance(frame, pl.DataFrame)
    np.testing.assert_array_equal(frame.to_numpy(), expected)
    sparse = clone(expert).fit(X, sp.csc_array(Y)).predict(X)
    assert isinstance(sparse, sp.csc_array)
    np.testing.assert_array_equal(sparse.toarray(), expected)


@every_expert
def test_sparse_features_are_as_dense_ones(expert):
    few_entries = np.where(np.abs(X) > 2, X, 0)
    dense = clone(expert).fit(few_entries, Y)
    sparse = clone(expert).fit(sp.csr_array(few_entries), Y)
    expected = dense.predict_proba(few_entries)
    for container in (sp.csr_array, sp.csc_matrix, np.asarray):
        proba = sparse.predict_proba(container(few_entries))
        np.testing.assert_allclose(proba, expected, atol=1e-6)
    proba = dense.predict_proba(sp.csr_array(few_entries))
    np.testing.assert_allclose(proba, expected, atol=1e-6)
    np.testing.assert_allclose(
        sparse.held_out_proba(), dense.held_out_proba(), atol=1e-6
    )


@every_expert
def test_one_node_per_row(expert):
    leaves = np.array(["a/x", "b/z", "a/y"])[np.arange(len(X)) % 3]
    clf = clone(expert).fit(X, leaves)
    assert clf.classes_.tolist() == ["a/x", "a/y", "b/z"]
    for proba in (clf.predict_proba(X), clf.held_out_proba()):
        assert proba.shape == (len(X), 3)
        np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert set(clf.predict(X)) <= set(leaves)


@every_expert
def test_rows_of_weight_0_are_absent(expert):
    weight = (np.arange(len(X)) % 4 > 0).astype(float)
    clf = clone(expert).fit(X, Y, weight)
    there = weight > 0
    alone = clone(expert).fit(X[there], Y[there])
    np.testing.assert_allclose(clf.predict_proba(X), alone.predict_proba(X), atol=1e-6)
    held_out = clf.held_out_proba()
    np.testing.assert_allclose(held_out[there], alone.held_out_proba(), atol=1e-6)
    np.testing.assert_allclose(
        held_out[~there], alone.predict_proba(X[~there]), atol=1e-6
    )
    with pytest.raises(ValueError, match="weights are zero"):
        clone(expert).fit(X, Y, np.zeros(len(X)))


@every_expert
@pytest.mark.parametrize("sparse", [False, True])
def test_what_users_write_later_changes_nothing(expert, sparse):
    features, labels = X.copy(), Y.astype(bool)
    if sparse:
        features, labels = sp.csr_array(features), sp.csr_array(labels)
    clf = clone(expert).fit(features, labels)
    proba, held_out = clf.predict_proba(X), clf.held_out_proba()
    for values in (features, labels):
        (values.data if sparse else values)[:] = 0
    np.testing.assert_array_equal(clf.predict_proba(X), proba)
    np.testing.assert_array_equal(clf.held_out_proba(), held_out)


@every_expert
def test_huge_weights(expert):
    weight = np.full(len(X), np.finfo(float).max)
    proba = clone(expert).fit(X, Y, weight).predict_proba(X)
    np.testing.assert_allclose(
        proba, clone(expert).fit(X, Y, np.ones(len(X))).predict_proba(X), atol=1e-6
    )


@every_expert
def test_specks_of_weight_are_absent(expert):
    """Beside them nothing would be left of the others."""
    weight = np.ones(len(X))
    weight[5:] = 1e-20
    clf = clone(expert).fit(X, Y, weight)
    alone = clone(expert).fit(X[:5], Y[:5])
    np.testing.assert_array_equal(clf.predict_proba(X), alone.predict_proba(X))
    np.testing.assert_array_equal(clf.held_out_proba()[:5], alone.held_out_proba())
    weight[1:] = 1e-20
    with pytest.raises(ValueError, match=r"minimum of 2|at least 2 rows"):
        clone(expert).fit(X, Y, weight).held_out_proba()


@every_expert
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_features(expert, dtype):
    features = X.astype(dtype)
    features[3, 1] = -np.finfo(dtype).max / 2
    for container in (np.asarray, sp.csr_array):
        with pytest.raises(ValueError, match="Scale the features"):
            clone(expert).fit(container(features), Y)
    clf = clone(expert).fit(X.astype(dtype), Y)
    with pytest.raises(ValueError, match="Scale the features"):
        clf.predict_proba(features)


@every_expert
def test_a_fit_that_fails_changes_nothing(expert):
    clf = clone(expert)
    with pytest.raises(NotFittedError):
        clf.held_out_proba()
    clf.fit(X, Y)
    expected = clf.predict_proba(X)
    broken = Y.copy()
    broken[:, TREE.index("a")] = 0
    with pytest.raises(ValueError, match="breaks the hierarchy"):
        clf.fit(X[:, :3], broken)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    unfitted = clone(expert)
    with pytest.raises(ValueError, match="breaks the hierarchy"):
        unfitted.fit(X, broken)
    assert set(vars(unfitted)) == set(unfitted.get_params())


@every_expert
def test_blocks_make_no_difference(expert, monkeypatch):
    whole = clone(expert).fit(X, Y)
    expected = whole.predict_proba(X), whole.held_out_proba()
    folder = "sklearn_hmlc.experts"
    for name in ("_base._BLOCK_ENTRIES", "_neighbors._BLOCK_ENTRIES"):
        monkeypatch.setattr(f"{folder}.{name}", 40)
    for name in ("_nearest._PAIRS", "_kernel_classifier._ENTRIES", "_ridge._ENTRIES"):
        monkeypatch.setattr(f"{folder}.{name}", 400)
    parts = clone(expert).fit(X, Y)
    np.testing.assert_allclose(parts.predict_proba(X), expected[0], atol=1e-6)
    np.testing.assert_allclose(parts.held_out_proba(), expected[1], atol=1e-6)


def test_rows_in_another_order_are_reported():
    features = pd.DataFrame(X, index=[f"row {row}" for row in range(len(X))])
    features.columns = features.columns.astype(str)
    labels = pd.DataFrame(Y, columns=list(TREE.nodes), index=features.index)
    with pytest.warns(UserWarning, match="another order"):
        NeighborsHierarchyClassifier(TREE).fit(features, labels[::-1])


def test_without_a_hierarchy_nodes_are_unrelated():
    labels = (X > 0).astype(int)
    clf = NeighborsHierarchyClassifier().fit(X, labels)
    assert isinstance(clf.hierarchy_, Hierarchy)
    assert len(clf.hierarchy_.edges) == 0
    assert clf.predict(X).shape == labels.shape
    assert coherence_violations(clf.predict_proba(X), clf.hierarchy_) == 0

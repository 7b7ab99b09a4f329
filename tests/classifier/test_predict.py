"""Predictions: coherent, in the container that came in, members and uncertainty."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.uncertainty import get_measure
from tests import _strategies as strategies
from tests.classifier.common import TREE, make_data, small

X, Y = make_data()


@settings(max_examples=15)
@given(st.data())
def test_predictions_never_break_the_hierarchy(data):
    hierarchy = data.draw(strategies.hierarchies(max_nodes=8))
    assume(hierarchy.scored.any())
    scale = data.draw(st.sampled_from([1.0, 1e3]))  # 1e3: sigmoid rounds to 0 and 1
    rng = np.random.default_rng(0)
    labels = hierarchy.close(rng.random((20, hierarchy.n_nodes)) < 0.3)
    clf = small(hierarchy, n_estimators=3, max_epochs=1, lr=0.1)
    with pytest.MonkeyPatch.context() as patch:
        # Nodes without rows are fine here.
        patch.setattr("sklearn_hmlc._fit.warn_empty", lambda *_: None)
        clf.fit(rng.normal(size=(20, 4)), labels)
    points = rng.normal(size=(50, 4)) * scale
    proba = clf.predict_proba(points)
    parents, children = hierarchy.edges.T
    assert np.all(proba[:, parents] >= proba[:, children])
    assert proba.min() > 0
    assert proba.max() < 1
    members = clf.predict_members(points)
    assert np.all(members[..., parents] >= members[..., children])
    for threshold in (0.0, 0.3, 0.5, float(proba.flat[0]), 1.0):
        clf.threshold = threshold
        assert hierarchy.is_closed(clf.predict(points))


def test_probabilities_are_the_mean_of_the_members():
    clf = small().fit(X, Y)
    members = clf.predict_members(X)
    assert members.shape == (2, len(X), TREE.n_nodes)
    np.testing.assert_allclose(clf.predict_proba(X), members.mean(axis=0), atol=2e-7)
    unconstrained = clf.predict_members(X, constrained=False)
    parents, children = TREE.edges.T
    assert np.any(unconstrained[..., parents] < unconstrained[..., children])


def test_chunks_do_not_show(monkeypatch):
    clf = small().fit(X, Y)
    whole = clf.predict_proba(X), clf.predict_members(X), clf.predict_uncertainty(X)
    monkeypatch.setattr("sklearn_hmlc._net._CHUNK_ENTRIES", 300)
    parts = clf.predict_proba(X), clf.predict_members(X), clf.predict_uncertainty(X)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("measure", ["bma", "gmu", lambda p: p.amax(0)])
def test_uncertainty_is_that_of_the_members(measure):
    clf = small().fit(X, Y)
    members = torch.tensor(clf.predict_members(X))
    expected = get_measure(measure)(members).numpy()
    expected[:, ~TREE.scored] = 0  # nobody asks
    np.testing.assert_allclose(clf.predict_uncertainty(X, measure), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.int64, np.float32])
@pytest.mark.parametrize(
    "make",
    [np.asarray, sp.csr_array, sp.csc_matrix, sp.coo_array, sp.lil_matrix],
)
def test_predict_keeps_the_container_of_y(make, dtype):
    given_ = make(Y.astype(dtype))
    clf = small().fit(X, given_)
    pred = clf.predict(X)
    assert type(pred) is type(given_)
    assert pred.dtype == dtype
    dense = pred.toarray() if sp.issparse(pred) else pred
    np.testing.assert_array_equal(dense, small().fit(X, Y).predict(X))
    assert clf.score(X, given_) == small().fit(X, Y).score(X, Y)


def test_data_frames_are_matched_by_name_and_come_back():
    order = np.random.default_rng(1).permutation(TREE.n_nodes)
    columns = [TREE.nodes[node] for node in order]
    index = [f"gene {row}" for row in range(len(X))]
    frame = pd.DataFrame(Y[:, order], columns=columns, index=index)
    features = pd.DataFrame(X, columns=list("abcdefgh"), index=index)
    clf = small().fit(features, frame)
    pred = clf.predict(features)
    assert list(pred.columns) == columns
    assert list(pred.index) == index
    assert (pred.dtypes == frame.dtypes).all()
    # Columns of all outputs follow y, so that scikit-learn's metrics fit.
    assert clf.classes_.tolist() == columns
    plain = small().fit(X, Y)
    np.testing.assert_array_equal(
        clf.predict_proba(features), plain.predict_proba(X)[:, order]
    )
    np.testing.assert_array_equal(
        clf.predict_members(features), plain.predict_members(X)[..., order]
    )
    np.testing.assert_array_equal(pred.to_numpy(), plain.predict(X)[:, order])
    assert clf.score(features, frame) == plain.score(X, Y)
    assert clf.score(features, frame[list(TREE.nodes)]) == plain.score(X, Y)


def test_no_hierarchy_is_a_flat_one():
    clf = small(None).fit(X, pd.DataFrame(Y, columns=list("pqrstu")))
    assert clf.hierarchy_ == Hierarchy.flat(list("pqrstu"))
    assert small(None).fit(X, Y).hierarchy_ == Hierarchy.flat(range(6))


def test_sparse_features_train_the_same_net():
    dense = small().fit(X, Y)
    sparse = small().fit(sp.csc_array(X), Y)
    np.testing.assert_allclose(
        sparse.predict_proba(sp.csr_matrix(X)), dense.predict_proba(X), atol=1e-6
    )


def test_one_node_a_row():
    rng = np.random.default_rng(0)
    names = np.array(["a/x", "a/y", "b/z", "b"])
    y = rng.choice(names, 200)
    points = (y[:, None] == names) * 4.0 + rng.normal(size=(200, 4))
    clf = small(max_epochs=30, lr=0.01, dropout=0.0).fit(points, y)
    assert clf.classes_.tolist() == sorted(names)
    proba = clf.predict_proba(points)
    assert proba.shape == (200, 4)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    # Inner node and leaf below it are told apart.
    assert clf.score(points, y) > 0.9
    assert clf.predict(points).dtype == y.dtype


def test_read_only_features():
    locked = X.astype(np.float32)
    locked.flags.writeable = False
    clf = small().fit(locked, Y)
    np.testing.assert_array_equal(clf.predict_proba(locked), clf.predict_proba(X))


def test_frames_come_back_from_plain_features():
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    pred = small().fit(X.tolist(), frame).predict(X.tolist())
    assert list(pred.index) == list(range(len(X)))


class Frame:
    """A DataFrame of another library: columns, but no index."""

    def __init__(self, values, columns):
        self.values, self.columns, self.shape = values, columns, values.shape

    def to_numpy(self):
        return self.values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_predictions_are_frames_of_the_library_that_labels_came_in(library):
    names = [TREE.nodes[node] for node in (2, 0, 1, 5, 4, 3)]
    columns = {name: Y[:, TREE.index(name)] for name in names}
    y = pl.DataFrame(columns) if library == "polars" else pa.table(columns)
    clf = small().fit(X, y)
    pred = clf.predict(X)
    assert type(pred) is type(y)
    expected = small().fit(X, Y).predict(X)
    wanted = pd.DataFrame(expected, columns=TREE.nodes)[names]
    pd.testing.assert_frame_equal(
        pred.to_pandas(), wanted, check_column_type=False, check_names=False
    )
    assert clf.score(X, y) == clf.score(X, Y[:, TREE.index(names)])


def test_lazy_frames_are_named():
    lazy = pl.LazyFrame({name: Y[:, k] for k, name in enumerate(TREE.nodes)})
    with pytest.raises(TypeError, match=r"pandas, polars or pyarrow.*LazyFrame.*coll"):
        small().fit(X, lazy)


def test_frames_of_other_libraries():
    names = [TREE.nodes[node] for node in (2, 0, 1, 5, 4, 3)]
    y = Frame(Y[:, TREE.index(names)], names)
    points = Frame(X, list("abcdefgh"))
    pred = small().fit(points, y).predict(points)
    assert list(pred.columns) == names
    expected = small().fit(X, Y).predict(X)
    np.testing.assert_array_equal(pred[list(TREE.nodes)], expected)


def test_wrong_features_in_prediction():
    clf = small().fit(pd.DataFrame(X, columns=list("abcdefgh")), Y)
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(pd.DataFrame(X, columns=list("abcdefgx")))
    with pytest.raises(ValueError, match="has 7 features"):
        small().fit(X, Y).predict(X[:, :7])


def test_an_error_in_prediction_leaves_torch_as_it_was():
    def bad(p):
        raise RuntimeError("no measure")

    clf = small().fit(X, Y)
    with pytest.raises(RuntimeError, match="no measure") as caught:
        clf.predict_uncertainty(X, bad)
    # The traceback holds what was going on.
    assert caught.tb
    assert not torch.is_inference_mode_enabled()
    members = clf.net_.iter_members(X)
    next(members)
    assert not torch.is_inference_mode_enabled()


def test_threshold_out_of_range_in_prediction():
    with pytest.raises(ValueError, match="'threshold' parameter"):
        small().fit(X, Y).set_params(threshold=7).predict(X)


@pytest.mark.parametrize(
    ("measure", "got"),
    [
        (lambda p: p.std(), r"shape \(\)"),
        (lambda p: p.std(dim=(0, 2)), r"shape \(6,\)"),
        (lambda p: p, r"shape \(2, 6, 6\)"),
        (lambda p: p.numpy().std(0), "ndarray"),
    ],
)
def test_a_measure_that_is_none(measure, got):
    clf = small().fit(X, Y)
    with pytest.raises(ValueError, match=rf"a tensor of shape \(6, 6\).* got {got}"):
        clf.predict_uncertainty(X[:6], measure)


def test_members_are_those_of_the_fit():
    clf = small().fit(X, Y)
    members = clf.predict_members(X)
    for n_estimators in (1, 5):
        clf.set_params(n_estimators=n_estimators)
        np.testing.assert_array_equal(clf.predict_members(X), members)

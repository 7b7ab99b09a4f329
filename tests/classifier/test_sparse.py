"""Rows that are mostly zeros: a first layer and an optimiser of their own."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from skorch.callbacks import GradientNormClipping, LRScheduler

from sklearn_hmlc.metrics import coherence_violations
from sklearn_hmlc.nn import EnsembleLinear, RowAdam, SparseInputLinear

from .common import TREE, make_data, small

Y = make_data(n_samples=120)[1]


def domains(seed=0, n_features=300):
    """A few ones per row, which tell the row's nodes."""
    rng = np.random.default_rng(seed)
    X = sp.random_array((120, n_features), density=0.005, rng=rng).tolil()
    for row, labels in enumerate(Y):
        for node in np.flatnonzero(labels):
            X[row, 10 * node + rng.integers(3)] = 1
    X = X.tocsr()
    X.data[:] = 1
    return X.astype(np.float32)


X = domains()


def first_layer(clf):
    return clf.net_.module_.layers[0]


@pytest.mark.parametrize("ensemble", ["heads", "dropout", "last_layer"])
def test_sparse_rows_learn_and_answer_as_dense_ones(ensemble):
    clf = small(ensemble=ensemble, max_epochs=40, dropout=0.1).fit(X, Y)
    assert isinstance(first_layer(clf), SparseInputLinear)
    assert isinstance(clf.net_.optimizer_, RowAdam)
    assert clf.score(X, Y) > 0.95
    proba = clf.predict_proba(X)
    assert coherence_violations(proba, TREE) == 0
    for form in (X.toarray(), sp.csc_matrix(X), sp.coo_array(X)):
        np.testing.assert_allclose(clf.predict_proba(form), proba, atol=1e-6)
    unsorted = sp.csr_array(
        (X.data[::-1], X.indices[::-1], X.indptr), shape=X.shape, copy=True
    )
    clf.predict_proba(unsorted)
    np.testing.assert_array_equal(clf.fit(X, Y).predict_proba(X), proba)


def test_rows_are_scaled_to_a_share_of_the_mean_square_of_standardised_ones():
    layer = first_layer(small(max_epochs=1).fit(X, Y))
    squares = np.asarray(X.multiply(X).sum(axis=1)).ravel()
    assert layer.scale**2 * squares.mean() == pytest.approx(0.3**2 * X.shape[1])
    larger = first_layer(small(max_epochs=1).fit(X * 8, Y))
    assert larger.scale == pytest.approx(layer.scale / 8)


def test_what_is_not_mostly_zeros_is_made_dense():
    data = make_data(n_samples=120)[0]
    clf = small(max_epochs=2).fit(sp.csr_array(data), Y)
    assert isinstance(first_layer(clf), EnsembleLinear)
    expected = small(max_epochs=2).fit(data, Y).predict_proba(data)
    np.testing.assert_array_equal(clf.predict_proba(sp.csr_array(data)), expected)
    empty = sp.csr_array((120, 300), dtype=np.float32)
    assert isinstance(first_layer(small(max_epochs=1).fit(empty, Y)), EnsembleLinear)


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": "sgd", "lr": 0.1},
        {"optimizer": "rmsprop"},
        {"net_params": {"callbacks": [GradientNormClipping(1.0)]}},
        {"net_params": {"optimizer__betas": (0.8, 0.9)}},
    ],
)
def test_others_get_dense_gradients(params):
    clf = small(**params).fit(X, Y)
    assert isinstance(first_layer(clf), SparseInputLinear)
    assert not first_layer(clf).sparse_grad
    assert not isinstance(clf.net_.optimizer_, RowAdam)


def test_adamw_decays_apart():
    clf = small(optimizer="adamw", weight_decay=0.1).fit(X, Y)
    group = clf.net_.optimizer_.param_groups[0]
    assert group["decoupled_weight_decay"]
    assert group["weight_decay"] == 0.1


def test_features_that_never_came_keep_their_weights():
    absent = np.flatnonzero(X.sum(axis=0) == 0)
    assert len(absent)
    clf = small(max_epochs=1).partial_fit(X, Y)
    before = first_layer(clf).weight.detach().clone()
    after = first_layer(clf.partial_fit(X, Y)).weight.detach()
    changed = (before != after).any(dim=1).cpu().numpy()
    assert not changed[absent].any()
    assert changed[X.sum(axis=0) > 0].all()


def test_training_goes_on_and_models_are_pickled():
    callbacks = {"callbacks": [LRScheduler("StepLR", step_size=2)]}
    clf = small(warm_start=True, net_params=callbacks, early_stopping=True)
    clf.fit(X, Y, sample_weight=np.linspace(0, 1, 120)).fit(X, Y)
    twin = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(twin.predict_proba(X), clf.predict_proba(X))
    np.testing.assert_array_equal(
        twin.fit(X, Y).predict_proba(X), clf.fit(X, Y).predict_proba(X)
    )
    assert clf.predict_members(X).shape == (2, 120, 6)
    assert clf.predict_uncertainty(X).shape == (120, 6)


def test_workers_carry_sparse_batches():
    expected = small(max_epochs=2).fit(X, Y).predict_proba(X)
    clf = small(max_epochs=2, net_params={"iterator_train__num_workers": 1})
    np.testing.assert_array_equal(clf.fit(X, Y).predict_proba(X), expected)


def test_one_matrix_has_one_form():
    halves = sp.csr_array(
        (
            np.repeat(X.data / 2, 2),
            np.repeat(X.indices, 2),
            2 * X.indptr,
        ),
        shape=X.shape,
    )
    zeros = X.tolil()
    zeros[0, :20] = 7
    zeros = zeros.tocsr()
    zeros[0, :20] = X[[0], :20].toarray().ravel()
    assert (zeros.data == 0).any()
    expected = small(max_epochs=2).fit(X, Y)
    for form in (halves, zeros):
        stored = form.nnz
        clf = small(max_epochs=2).fit(form, Y)
        assert first_layer(clf).scale == first_layer(expected).scale
        same = clf.predict_proba(form)
        np.testing.assert_array_equal(same, expected.predict_proba(X))
        assert form.nnz == stored  # the user's stays as it is


def test_numbers_at_the_ends_of_float32():
    for value in (1e-42, 1e-30, 1e36):
        proba = small(max_epochs=1).fit(X * value, Y).predict_proba(X * value)
        assert np.isfinite(proba).all()


def test_encoders_are_given_dense_batches():
    encoder = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 300)), torch.nn.Conv1d(1, 2, 3), torch.nn.Flatten()
    )
    clf = small(max_epochs=1, encoder=encoder).fit(X, Y)
    dense = small(max_epochs=1, encoder=encoder).fit(X.toarray(), Y)
    np.testing.assert_array_equal(clf.predict_proba(X), dense.predict_proba(X))

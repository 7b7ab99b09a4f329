"""What rows count, in whatever unit."""

import numpy as np
import pytest
from torch.utils.data import DataLoader

from tests.classifier.common import make_data, small

X, Y = make_data()


def learnt(sample_weight, **params):
    params = {"lr": 1e-2, "dropout": 0.0, "max_epochs": 5, **params}
    return small(**params).fit(X, Y, sample_weight=sample_weight).predict_proba(X)


@pytest.mark.parametrize("unit", [5e-324, 1e-300, 1e-46, 1e-6, 1e15, 1e38, 1e308])
def test_the_unit_of_weights_does_not_matter(unit):
    np.testing.assert_array_equal(learnt([unit] * 60), learnt([1.0] * 60))


def test_forms_of_weights():
    weights = np.arange(60.0)
    expected = learnt(weights)
    for same in (weights.tolist(), weights.astype(np.float16), weights.astype(int)):
        np.testing.assert_array_equal(learnt(same), expected)


def test_the_unit_stays_while_training_goes_on():
    small_ones, ones = small(), small()
    for weights in (np.full(60, 2.0**-20), np.full(60, 2.0**-19), None):
        small_ones.partial_fit(X, Y, sample_weight=weights)
        ones.partial_fit(
            X, Y, sample_weight=None if weights is None else weights * 2.0**20
        )
    np.testing.assert_array_equal(small_ones.predict_proba(X), ones.predict_proba(X))


@pytest.mark.parametrize("sample_weight", [None, np.arange(60.0)])
def test_loaders_of_the_user_s_ask_for_rows(sample_weight):
    own = {"iterator_train": DataLoader, "iterator_train__shuffle": True}
    first, again = (learnt(sample_weight, net_params=own) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    plain = learnt(sample_weight, net_params={"iterator_train__shuffle": False})
    loader = learnt(
        sample_weight,
        net_params={"iterator_train": DataLoader} | {"iterator_train__shuffle": False},
    )
    np.testing.assert_allclose(loader, plain, atol=1e-5)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_rows_of_weight_zero_are_absent(early_stopping):
    weight = np.random.default_rng(0).choice([0.0, 1.0, 3.0], len(X))
    counts = weight > 0
    clf = small(early_stopping=early_stopping)
    whole = clf.fit(X, Y, sample_weight=weight).predict_proba(X)
    alone = clf.fit(X[counts], Y[counts], sample_weight=weight[counts])
    np.testing.assert_array_equal(alone.predict_proba(X), whole)

"""The measures against slow NumPy versions, golden numbers and their extremes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_hmlc.uncertainty import MEASURES, get_measure
from tests import _reference as reference
from tests.golden import MODES

EPS = 1e-10

probabilities = hnp.array_shapes(min_dims=3, max_dims=3, max_side=5).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.floats(0, 1))
)


@pytest.mark.parametrize("name", MEASURES)
@given(p=probabilities)
def test_equals_the_slow_version(name, p):
    expected = reference.MEASURES[name](p, EPS)
    got = MEASURES[name](torch.tensor(p)).numpy()
    # The zero floor of entropies cuts off rounding of the size of EPS.
    np.testing.assert_allclose(got, expected, atol=5e-9, rtol=1e-7)


@pytest.mark.parametrize("name", MEASURES)
@given(p=probabilities)
def test_range_shape_and_order_of_members(name, p):
    u = MEASURES[name](torch.tensor(p))
    assert u.shape == p.shape[1:]
    assert torch.isfinite(u).all()
    assert u.min() >= 0
    if name != "epistemic_kl":
        assert u.max() <= 1
    torch.testing.assert_close(MEASURES[name](torch.tensor(p[::-1].copy())), u)


def test_golden_numbers(golden):
    p = torch.sigmoid(golden.logits)
    compared = 0
    for name, mode in MODES.items():
        if f"uncertainty_{mode}" in golden:
            expected = golden[f"uncertainty_{mode}"]
            np.testing.assert_allclose(MEASURES[name](p), expected, rtol=1e-10)
            compared += 1
    assert compared >= 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("name", "opposed", "undecided", "agreed"),
    [
        # Two members at 0 and 1; both at 0.5; both at 1.
        ("bma", 1, 1, 0),
        ("gmu", 1, 1, 0),
        ("predictive", 1, 1, 0),
        ("aleatoric", 0, 1, 0),
        ("mutual_information", 1, 0, 0),
        ("epistemic_js", 1, 0, 0),
        # log2 of 1 over the smallest probability, 1e-10.
        ("epistemic_kl", np.log2(1e10), 0, 0),
    ],
)
def test_extremes(name, opposed, undecided, agreed, dtype):
    p = torch.tensor([[[0.0, 0.5, 1.0]], [[1.0, 0.5, 1.0]]], dtype=dtype)
    u = MEASURES[name](p)
    assert u.dtype == dtype
    np.testing.assert_allclose(u, [[opposed, undecided, agreed]], atol=1e-6)


@pytest.mark.parametrize("name", MEASURES)
def test_one_member(name):
    p = torch.tensor([[[0.0, 0.2, 0.5, 1.0]]], dtype=torch.float64)
    expected = {
        "bma": [0, 0.4, 1, 0],
        "gmu": [0, 0.4, 1, 0],
        # H2(0.2) = 0.2 log2(5) + 0.8 log2(1.25)
        "predictive": [0, 0.7219280949, 1, 0],
        "aleatoric": [0, 0.7219280949, 1, 0],
    }.get(name, [0, 0, 0, 0])
    np.testing.assert_allclose(MEASURES[name](p), [expected], atol=1e-9)


def test_gmu_lies_between_bma_and_1():
    torch.manual_seed(0)
    p = torch.rand(5, 20, 10)
    bma, gmu = MEASURES["bma"](p), MEASURES["gmu"](p)
    assert (gmu >= bma - 1e-6).all()
    assert (gmu > bma + 1e-3).any()


def test_get_measure_takes_names_and_callables():
    assert get_measure("gmu") is MEASURES["gmu"]

    def spread(p):
        return p.amax(0) - p.amin(0)

    assert get_measure(spread) is spread


def test_unknown_measure_offers_the_nearest():
    with pytest.raises(ValueError, match=r"got 'gum'\. Did you mean 'gmu'"):
        get_measure("gum")
    with pytest.raises(ValueError, match=r"out of \['bma', 'gmu'"):
        get_measure(3)

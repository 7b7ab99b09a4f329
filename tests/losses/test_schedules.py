"""Schedules against their closed forms."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc.losses import get_schedule

shares = st.floats(0, 1)


@given(shares, st.floats(0.1, 5), st.floats(0, 1000))
def test_weights_move_to_one_as_in_the_paper(t, k, w):
    for name, exponent in (("linear", 1), ("power", k)):
        s = get_schedule(name, k)(t, 0)
        assert w * s + (1 - s) == pytest.approx(w * (1 - t**exponent) + t**exponent)


def test_alternating_is_weighted_first():
    share = get_schedule("alternating")
    assert [share(0.3, step) for step in range(4)] == [1, 0, 1, 0]


def test_none_is_weighted_throughout():
    assert get_schedule(None)(0.7, 5) == 1


def test_callables_see_the_share_of_training():
    assert get_schedule(lambda t: t / 2)(0.5, 3) == 0.25


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan"), None, "half"])
def test_callables_that_return_no_share(value):
    with pytest.raises(ValueError, match=r"return a number in \[0, 1\].*t=0.5"):
        get_schedule(lambda t: value)(0.5, 0)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (("sigmoid", 2.0), "one of .*'linear'.* but got 'sigmoid'"),
        (("power", 0.0), "exponent to be > 0, but got 0.0"),
        (("power", float("inf")), "exponent to be > 0, but got inf"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        get_schedule(*params)


@pytest.mark.parametrize("name", ["linear", "power", "alternating", None])
def test_schedules_can_be_pickled(name):
    share = get_schedule(name)
    assert pickle.loads(pickle.dumps(share))(0.25, 2) == share(0.25, 2)

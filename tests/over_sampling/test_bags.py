"""Grouping of rows and sharing out of clones, against slow versions."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_hmlc.over_sampling._bags import draw_rows, group_rows, spread


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8)))
def test_group_rows_groups_equal_rows_in_order_of_appearance(labels):
    bags = group_rows(sp.csr_array(labels))
    same = (labels[:, None] == labels[None]).all(axis=2)
    np.testing.assert_array_equal(bags[:, None] == bags[None], same)
    _, first = np.unique(bags, return_index=True)
    assert np.all(np.diff(first) > 0)


def test_group_rows_does_not_mind_the_order_of_stored_columns():
    unsorted = sp.csr_array(
        (np.ones(4, dtype=bool), [2, 0, 0, 2], [0, 2, 4]), shape=(2, 3)
    )
    np.testing.assert_array_equal(group_rows(unsorted), [0, 0])


def one_by_one(room, n_clones):
    """Sizes of shares when each clone goes to the bag with the fewest that is open."""
    shares = [0] * len(room)
    for _ in range(n_clones):
        unfilled = [bag for bag in range(len(room)) if shares[bag] < room[bag]]
        if not unfilled:
            break
        shares[min(unfilled, key=shares.__getitem__)] += 1
    return shares


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=8),
    st.integers(0, 60),
    st.integers(0, 5),
)
def test_spread_is_as_even_as_handing_out_one_by_one(room, n_clones, seed):
    shares = spread(np.array(room), n_clones, np.random.RandomState(seed))
    assert shares.sum() == min(n_clones, sum(room))
    assert np.all(shares <= room)
    assert sorted(shares) == sorted(one_by_one(room, n_clones))


def test_spread_leaves_the_rest_to_chance():
    room = np.array([9, 9, 9])
    drawn = {tuple(spread(room, 7, np.random.RandomState(seed))) for seed in range(30)}
    assert drawn == {(3, 2, 2), (2, 3, 2), (2, 2, 3)}


def test_draw_rows_takes_each_row_of_the_group_as_often():
    rows, starts = np.array([7, 3, 5, 1]), np.array([0, 1, 4])
    groups = np.repeat([0, 1], [10, 3000])
    drawn = draw_rows(rows, starts, groups, np.random.RandomState(0))
    assert set(drawn[:10]) == {7}
    values, times = np.unique(drawn[10:], return_counts=True)
    np.testing.assert_array_equal(values, [1, 3, 5])
    assert times == pytest.approx(1000, abs=100)  # four standard deviations

"""MLROS against a hand-worked case and a replay of its rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.over_sampling import MLROS, SamplingWarning

from .strategies import labelled

ignore_warnings = pytest.mark.filterwarnings(
    "ignore::sklearn_hmlc.over_sampling.SamplingWarning"
)


def test_hand_worked_classes():
    # 8 a, 2 b, 2 c: ratios 1, 4, 4, mean 3. One clone each makes 8 / 3 and closes.
    X, y = np.arange(12).reshape(-1, 1), np.repeat(["a", "b", "c"], [8, 2, 2])
    message = (
        "added 2 of the 6 clones .* all 2 minority nodes .* 3.00. Lower .* to 0.167"
    )
    with pytest.warns(SamplingWarning, match=message):
        _, resampled = MLROS(0.5, random_state=0).fit_resample(X, y)
    assert resampled[12:].tolist() == ["b", "c"]


def test_bags_take_turns_until_the_budget_is_spent():
    # Ratios 1, 10, 10, mean 7: closed at 2 rows; the budget ends before.
    X, y = np.arange(12).reshape(-1, 1), np.repeat(["a", "b", "c"], [10, 1, 1])
    sampler = MLROS(1 / 12, random_state=0).fit(X, y)
    assert sampler.sample_indices_[12:].tolist() == [10]
    assert sampler.sampling_strategy_ == {1: 1}


def test_a_closed_bag_does_not_cost_the_others_their_turn():
    # Counts a 2, b 1, c 1, d 1, mean ratio 1.75. The clone for b brings c along; the
    # second and last one must go to d.
    Y = [[0, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    sampler = MLROS(0.5, random_state=0).fit(np.zeros((4, 1)), Y)
    assert sampler.sample_indices_[4:].tolist() == [0, 3]
    assert sampler.sampling_strategy_ == {1: 1, 3: 1}


def test_unscored_nodes_are_left_out():
    # With the root, on all 12 rows, the largest count would be 12, not 6.
    hierarchy = Hierarchy.from_codes(["1", "2", "3"], root="root")
    Y = np.repeat([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]], [6, 4, 2], axis=0)
    X = np.arange(12).reshape(-1, 1)
    # Ratios 1, 1.5, 3, mean 1.83: node 3 wants 6 / 1.83 = 3.3 rows, 2 more.
    with pytest.warns(SamplingWarning, match="mean, 1.83"):
        sampler = MLROS(0.5, hierarchy=hierarchy, random_state=0).fit(X, Y)
    assert sampler.sampling_strategy_ == {3: 2}


def replay(hierarchy, Y, clones, nodes):
    """Check each clone against the rule with dense counts; return whether any is left.

    A bag is open if, at its turn, its ratio is above the first mean.
    """
    counts = Y.sum(axis=0).astype(float)
    counts[~hierarchy.scored] = 0
    present = counts > 0
    mean = np.mean(counts.max() / counts[present])
    turns = [i for i in np.flatnonzero(present) if counts.max() / counts[i] > mean]
    clones, nodes = list(clones), list(nodes)
    while turns:
        still = []
        for node in turns:
            if counts.max() / counts[node] <= mean:
                continue
            if not clones:
                return True
            row = clones.pop(0)
            assert nodes.pop(0) == node
            assert Y[row, node] == 1
            counts += Y[row] * hierarchy.scored
            still.append(node)
        turns = still
    assert not clones
    return False


@ignore_warnings
@settings(deadline=None)
@given(labelled(), st.floats(0, 2), st.integers(0, 2))
def test_every_clone_follows_the_rule(data, ratio, seed):
    hierarchy, Y = data
    X = np.arange(len(Y)).reshape(-1, 1)
    sampler = MLROS(ratio, hierarchy=hierarchy, random_state=seed)
    X_resampled, Y_resampled = sampler.fit_resample(X, Y)
    np.testing.assert_array_equal(X_resampled, X[sampler.sample_indices_])
    np.testing.assert_array_equal(Y_resampled, Y[sampler.sample_indices_])
    labels, n_clones = sampler._check_y(Y), sampler.n_requested_
    rows, nodes = sampler._draw_clones(labels, n_clones, np.random.RandomState(seed))
    np.testing.assert_array_equal(rows, sampler.sample_indices_[len(X) :])
    some_left = replay(hierarchy, Y, rows, nodes)
    assert sampler.n_added_ == n_clones or not some_left

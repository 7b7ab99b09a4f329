"""HROSPD: hand-worked budgets over levels, and labels of clones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.over_sampling import HROSPD, SamplingWarning, irlbl

from .strategies import labelled


def rows_ending_at(hierarchy, counts):
    """X, and Y with as many rows with the one path to each node as asked."""
    ends = np.repeat(np.eye(hierarchy.n_nodes, dtype=int), counts, axis=0)
    return np.arange(sum(counts)).reshape(-1, 1), hierarchy.close(ends)


def test_budget_goes_to_the_only_minority_path():
    hierarchy = Hierarchy.from_codes(["a", "a/1", "a/2", "b"])
    X, Y = rows_ending_at(hierarchy, [2, 1, 3, 6])
    # Ratios 3, 6, 2, 1, mean 3: only a/1 is above it.
    sampler = HROSPD(hierarchy, sampling_ratio=0.25, random_state=0).fit(X, Y)
    assert sampler.sampling_strategy_ == {hierarchy.index("a/1"): 3}
    assert set(sampler.sample_indices_[12:].tolist()) == {2}


def test_counts_and_minority_paths_are_brought_up_to_date_at_each_level():
    hierarchy = Hierarchy.from_parents({"a": None, "c": None, "g": None, "d": "a"})
    counts = dict(zip(hierarchy.nodes, [0] * 4, strict=True))
    counts.update(d=1, c=3, g=2, a=10)
    X, Y = rows_ending_at(hierarchy, list(counts.values()))
    # 16 rows, 4 clones. Ratios d 10, c 3.33, g 5, a 1, mean 4.83: d and g, two each.
    # With 3 rows, d has 3.33 and the mean is 3.17: now c too, one for g and one for c.
    sampler = HROSPD(hierarchy, sampling_ratio=0.25, random_state=0).fit(X, Y)
    plan = {hierarchy.index("d"): 2, hierarchy.index("c"): 1, hierarchy.index("g"): 1}
    assert sampler.sampling_strategy_ == plan


def test_a_clone_has_one_of_its_rows_paths_alone():
    hierarchy = Hierarchy.from_codes(["a/1", "b/1"], root="root")
    both, only_b = [1, 1, 1, 1, 1], [1, 0, 0, 1, 1]
    Y = np.array([both] + [only_b] * 9)
    sampler = HROSPD(hierarchy, sampling_ratio=0.2, random_state=0)
    X_resampled, Y_resampled = sampler.fit_resample(np.arange(10).reshape(-1, 1), Y)
    assert X_resampled[10:].tolist() == [[0], [0]]
    only_a = [node in ("root", "a", "a/1") for node in hierarchy.nodes]
    np.testing.assert_array_equal(Y_resampled[10:], [only_a] * 2)


def test_the_unscored_end_of_a_path_is_no_path():
    hierarchy = Hierarchy.from_codes(["a", "b"], root="root")
    X, Y = rows_ending_at(hierarchy, [1, 3, 8])
    sampler = HROSPD(hierarchy, sampling_ratio=0.25, random_state=0).fit(X, Y)
    assert sampler.sampling_strategy_ == {hierarchy.index("a"): 3}


def test_balanced_paths_leave_nothing_to_clone():
    hierarchy = Hierarchy.flat(list("ab"))
    X, Y = rows_ending_at(hierarchy, [5, 5])
    with pytest.warns(SamplingWarning, match="HROSPD added 0 of the 1 clones asked"):
        HROSPD(hierarchy, random_state=0).fit(X, Y)


def test_several_labels_need_the_hierarchy():
    with pytest.raises(ValueError, match=r"needs the hierarchy .*Hierarchy\.flat"):
        HROSPD().fit([[0], [1]], [[1, 1], [1, 0]])


def test_one_class_a_row_needs_none():
    y = np.repeat(["a", "b"], [9, 1])
    _, resampled = HROSPD(random_state=0).fit_resample(np.zeros((10, 1)), y)
    assert resampled[10:].tolist() == ["b"]


def test_the_budget_is_a_tenth_of_the_rows():
    assert HROSPD().sampling_ratio == 0.1


def test_no_label_at_all_is_refused():
    hierarchy = Hierarchy.from_codes(["a"], root="root")
    with pytest.raises(ValueError, match="at least one scored node"):
        HROSPD(hierarchy).fit([[0], [1]], [[1, 0], [0, 0]])


@pytest.mark.filterwarnings("ignore::sklearn_hmlc.over_sampling.SamplingWarning")
@settings(deadline=None)
@given(labelled(), st.floats(0, 2), st.integers(0, 2))
def test_properties(data, ratio, seed):
    hierarchy, Y = data
    X = np.arange(len(Y)).reshape(-1, 1)
    sampler = HROSPD(hierarchy, sampling_ratio=ratio, random_state=seed)
    X_resampled, Y_resampled = sampler.fit_resample(X, Y)
    rows = sampler.sample_indices_
    np.testing.assert_array_equal(X_resampled, X[rows])
    np.testing.assert_array_equal(Y_resampled[: len(X)], Y)
    assert sampler.n_added_ <= sampler.n_requested_

    clones, origins = Y_resampled[len(X) :], Y[rows[len(X) :]]
    assert hierarchy.is_closed(clones)
    ends = hierarchy.most_specific(clones)
    np.testing.assert_array_equal(ends.sum(axis=1), 1)
    assert np.all(ends <= hierarchy.most_specific(origins))
    plan = {i: n for i, n in enumerate(ends.sum(axis=0).tolist()) if n}
    assert sampler.sampling_strategy_ == plan

    # What is deepest among the clones was a minority path to begin with.
    if len(clones):
        ratios = irlbl(Y, hierarchy, per_path=True)
        deepest = max(plan, key=hierarchy.depth.__getitem__)
        assert ratios[deepest] > np.mean(ratios[np.isfinite(ratios)])

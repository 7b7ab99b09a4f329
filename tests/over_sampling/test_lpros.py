"""LPROS: hand-worked bags, what makes a bag, properties, warnings."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.over_sampling import LPROS, SamplingWarning

from .strategies import labelled

ignore_warnings = pytest.mark.filterwarnings(
    "ignore::sklearn_hmlc.over_sampling.SamplingWarning"
)


def bags_of(sizes):
    """X and Y with one label set for each bag, of these sizes."""
    sets = (np.arange(1, len(sizes) + 1)[:, None] >> np.arange(3)) & 1
    Y = np.repeat(sets, sizes, axis=0)
    return np.arange(len(Y)).reshape(-1, 1), Y


# 76 rows, 15.2 per bag: each may grow to 16, so that the bags of 12, 3 and 1 rows have
# room for 4, 13 and 15 clones.
#  8 clones: 2 2/3 each; which two get the third is left to chance.
# 19 clones: 6 1/3 each is too much for the first, which is full with 4; 7 1/2 for the
#     rest.
# 38 clones: more than the room of 32; all are filled.
TABLE = {
    0.10: (8, {(3, 3, 2), (3, 2, 3), (2, 3, 3)}),
    0.25: (19, {(4, 7, 8), (4, 8, 7)}),
    0.50: (38, {(4, 13, 15)}),
}


@ignore_warnings
@pytest.mark.parametrize(("ratio", "expected"), TABLE.items())
def test_hand_worked_table(ratio, expected):
    asked, shares = expected
    X, Y = bags_of([40, 20, 12, 3, 1])
    seen = set()
    for seed in range(20):
        sampler = LPROS(ratio, random_state=seed).fit(X, Y)
        assert sampler.n_requested_ == asked
        drawn = sampler.bags_[sampler.sample_indices_[76:]]
        counts = np.bincount(drawn, minlength=5)
        np.testing.assert_array_equal(counts[:2], 0)
        seen.add(tuple(counts[2:].tolist()))
        plan = {bag: times for bag, times in enumerate(counts.tolist()) if times}
        assert sampler.sampling_strategy_ == plan
    assert seen == shares


def test_only_the_half_that_cannot_be_met_warns():
    X, Y = bags_of([40, 20, 12, 3, 1])
    for ratio in (0, 0.1, 0.25):
        LPROS(ratio, random_state=0).fit(X, Y)  # a warning would be an error
    message = (
        "LPROS added 32 of the 38 clones asked for. The 76 rows make 5 bags, 15.20 "
        "rows on average; 3 are minority bags, 1 of them of a single row, and a bag "
        r"may grow to 16 \(max_bag='mean'\). .* labelset='leaves' or a smaller depth"
    )
    with pytest.warns(SamplingWarning, match=message):
        LPROS(0.5, random_state=0).fit(X, Y)


def test_bags_of_single_rows_are_doubled_without_a_word():
    X, Y = bags_of([9, 1, 1])  # 3.67 per bag
    sampler = LPROS(0.1, random_state=0).fit(X, Y)
    assert sampler.n_added_ == 1
    assert sampler.sample_indices_[-1] in (9, 10)


def test_rows_of_a_bag_are_drawn_alike():
    X, Y = bags_of([60, 4])
    sampler = LPROS(0.4375, random_state=0).fit(X, Y)  # 28 clones fill 4 rows to 32
    drawn = np.bincount(sampler.sample_indices_[64:])[60:]
    assert drawn.sum() == 28
    assert np.all(drawn > 0)


@pytest.mark.parametrize("labelset", ["all", 0])
def test_balanced_bags_or_a_single_one_warn_of_the_opposite(labelset):
    X, Y = bags_of([4, 4])
    message = "0 are minority bags, .* A greater depth tells more label sets apart"
    sampler = LPROS(labelset=labelset, hierarchy=Hierarchy.flat(list("abc")))
    with pytest.warns(SamplingWarning, match=message):
        assert sampler.fit(X, Y).n_added_ == 0


def test_a_number_for_max_bag():
    X, Y = bags_of([40, 20, 12, 3, 1])
    sampler = LPROS(0.5, max_bag=25, random_state=0).fit(X, Y)
    assert sampler.sampling_strategy_ == {1: 5, 2: 11, 3: 11, 4: 11}
    assert LPROS(0, max_bag=1).fit(X, Y).n_added_ == 0


def test_a_mean_below_two_doubles_single_rows():
    X, Y = bags_of([2, 1, 1, 1])  # 1.25 per bag, rounded up to 2
    assert LPROS(0.6, random_state=0).fit(X, Y).sampling_strategy_ == {1: 1, 2: 1, 3: 1}
    with pytest.warns(SamplingWarning, match="added 3 of the 4 .* may grow to 2 "):
        assert LPROS(0.8, random_state=0).fit(X, Y).n_added_ == 3


@pytest.mark.parametrize("n_bags", [3, 7, 49])
def test_a_whole_mean_is_not_rounded(n_bags):
    sizes = np.full(n_bags, 3)
    sizes[:2] = 2, 4
    sets = (np.arange(1, n_bags + 1)[:, None] >> np.arange(6)) & 1
    Y = np.repeat(sets, sizes, axis=0)
    with pytest.warns(SamplingWarning, match="added 1 of the"):
        LPROS(1.0, random_state=0).fit(np.zeros((len(Y), 1)), Y)


# Nodes in order: a, b, a1, a2, a11; rows listed with their names.
HIERARCHY = Hierarchy.from_edges(
    [("a", "a1"), ("a", "a2"), ("a1", "a11")], nodes=["a", "b", "a1", "a2", "a11"]
)
ROWS = [
    ("a", "a1", "a11"),
    ("a", "a1"),
    ("a", "a1", "a2"),
    ("a", "b"),
    ("a", "a2", "b"),
    ("b",),
    ("a", "a1"),
    (),
]
NAMED = np.array([[node in row for node in HIERARCHY.nodes] for row in ROWS])
# Rows a node: a 6, b 3, a1 4, a2 2, a11 1. Of its most specific nodes the rarest:
# a11; a1; a2, not a1; b, not a; a2, not b; b; a1; none.
BAGS = {
    "all": [0, 1, 2, 3, 4, 5, 1, 6],
    "leaves": [0, 1, 2, 3, 2, 3, 1, 4],
    0: [0, 0, 0, 1, 1, 2, 0, 3],
    1: [0, 0, 1, 2, 3, 4, 0, 5],
    2: [0, 1, 2, 3, 4, 5, 1, 6],
}


def same_partition(bags, others):
    bags, others = np.asarray(bags), np.asarray(others)
    return np.array_equal(bags[:, None] == bags[None], others[:, None] == others[None])


@ignore_warnings
@pytest.mark.parametrize(("labelset", "bags"), BAGS.items())
def test_what_makes_a_bag(labelset, bags):
    sampler = LPROS(labelset=labelset, hierarchy=HIERARCHY)
    fitted = sampler.fit(np.zeros((8, 1)), NAMED)
    assert same_partition(fitted.bags_, bags)
    assert set(fitted.bags_) == set(range(max(bags) + 1))


@ignore_warnings
@pytest.mark.parametrize(
    "labelset",
    [
        lambda Y: Y.sum(axis=1) > 1,
        lambda Y: Y[:, [0]].toarray() & Y[:, [1, 2, 3]].toarray().any(axis=1)[:, None],
        lambda Y: ["many" if row.nnz > 1 else "few" for row in Y],
    ],
    ids=["group", "matrix", "strings"],
)
def test_a_callable_labelset(labelset):
    groups = labelset(sp.csr_array(NAMED))
    sampler = LPROS(labelset=labelset).fit(np.zeros((8, 1)), NAMED.astype(int))
    assert same_partition(sampler.bags_, np.ravel(groups))


@ignore_warnings
def test_a_callable_may_return_a_sparse_matrix():
    sampler = LPROS(labelset=lambda Y: Y[:, :2]).fit(np.zeros((8, 1)), NAMED)
    assert same_partition(sampler.bags_, BAGS[0])


@pytest.mark.parametrize("returned", [np.zeros(3), np.zeros((3, 2)), 1, "groups"])
def test_a_callable_of_the_wrong_shape_is_refused(returned):
    with pytest.raises(ValueError, match=r"to return a group for each row.*\(8,\)"):
        LPROS(labelset=lambda Y: returned).fit(np.zeros((8, 1)), NAMED)


@pytest.mark.parametrize("labelset", ["leaves", 0, 3])
def test_some_labelsets_need_the_hierarchy(labelset):
    with pytest.raises(ValueError, match=f"labelset={labelset!r} needs the hierarchy"):
        LPROS(labelset=labelset).fit(np.zeros((8, 1)), NAMED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("labelset", "leafs"),
        ("labelset", -1),
        ("labelset", 1.5),
        ("max_bag", "median"),
        ("max_bag", 0),
        ("max_bag", 2.5),
        ("hierarchy", [("a", "b")]),
        ("random_state", "seed"),
    ],
)
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of LPROS must be"):
        LPROS(**{name: value}).fit(np.zeros((8, 1)), NAMED)


@ignore_warnings
@settings(deadline=None)
@given(
    labelled(),
    st.floats(0, 3),
    st.sampled_from(["all", "leaves", 0, 1, 2]),
    st.one_of(st.just("mean"), st.integers(1, 20)),
    st.integers(0, 2),
)
def test_properties(data, ratio, labelset, max_bag, seed):
    hierarchy, Y = data
    X = np.arange(len(Y)).reshape(-1, 1)
    sampler = LPROS(
        ratio,
        labelset=labelset,
        hierarchy=hierarchy,
        max_bag=max_bag,
        random_state=seed,
    )
    X_resampled, Y_resampled = sampler.fit_resample(X, Y)

    # Originals first and untouched; clones are whole rows; labels stay closed.
    rows = sampler.sample_indices_
    np.testing.assert_array_equal(rows[: len(X)], np.arange(len(X)))
    np.testing.assert_array_equal(X_resampled, X[rows])
    np.testing.assert_array_equal(Y_resampled, Y[rows])
    assert hierarchy.is_closed(Y_resampled)

    # No bag that grew passes the cap, and the budget is met where the caps allow it.
    before = np.bincount(sampler.bags_)
    after = np.bincount(sampler.bags_[rows])
    cap = math.ceil(len(X) / len(before)) if max_bag == "mean" else max_bag
    assert np.all(after[after > before] <= cap)
    room = sum(max(cap - size, 0) for size in before.tolist())
    assert sampler.n_requested_ == round(ratio * len(X))
    assert sampler.n_added_ == len(rows) - len(X) == min(sampler.n_requested_, room)

    # Bags below the cap that grew less than another are full (evenly spread).
    grown = after - before
    below = after < cap
    if below.any():
        assert grown.max() <= grown[below].min() + 1

    again = LPROS(**sampler.get_params()).fit(X, sp.csr_matrix(Y))
    np.testing.assert_array_equal(again.sample_indices_, rows)


@pytest.mark.parametrize(
    ("name", "budget", "single"),
    [("cellcycle_FUN", 619, 1387), ("cellcycle_GO", 618, 1897)],
)
def test_gene_data_doubles_genes_up_to_the_budget(name, budget, single, data_dir):
    from sklearn_hmlc.datasets import fetch_hmc

    data = fetch_hmc(name, subset=("train", "valid"))
    sampler = LPROS(random_state=0).fit(data.data, data.target)  # warnings are errors
    assert sampler.n_added_ == sampler.n_requested_ == budget
    assert set(sampler.sampling_strategy_.values()) == {1}
    assert np.count_nonzero(np.bincount(sampler.bags_) == 1) == single


def test_gene_data_in_larger_bags(data_dir):
    from sklearn_hmlc.datasets import fetch_hmc

    data = fetch_hmc("cellcycle_FUN", subset=("train", "valid"))
    sampler = LPROS(labelset="leaves", hierarchy=data.hierarchy, random_state=0)
    X_resampled, Y_resampled = sampler.fit_resample(data.data, data.target)
    assert sampler.n_added_ == 619
    assert X_resampled.shape[0] == Y_resampled.shape[0] == 3095
    assert data.hierarchy.is_closed(Y_resampled)

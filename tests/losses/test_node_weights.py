"""Node weights against worked-out numbers, the slow version and golden numbers."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.losses import node_weights, node_weights_from_counts
from tests import _reference as reference

# Eight rows: a node that all have, one of 4, of 2, of 1, and of none.
COUNTS = (8, 4, 2, 1, 0)
Y = np.array([[row < count for count in COUNTS] for row in range(8)])


def test_worked_out_binary():
    # v = 8 / (2 n): 1 (all rows), 1, 2, 4, 1 (no row)
    np.testing.assert_allclose(node_weights(Y, floor=None), [1, 1, 2, 4, 1])
    # 0.25 + 4 (v - 1) / 3
    expected = [0.25, 0.25, 0.25 + 4 / 3, 4.25, 0.25]
    np.testing.assert_allclose(node_weights(Y), expected)


def test_worked_out_class_wise():
    # v = 8 / (5 n): 1, 0.4, 0.8, 1.6, 1; the range is 0.4 to 1.6
    expected = 0.25 + 1.6 * (np.array([1, 0.4, 0.8, 1.6, 1]) - 0.4) / 1.2
    np.testing.assert_allclose(node_weights(Y, "class-wise"), expected)
    # Not rescaled, no weight is below 1.
    without = node_weights(Y, "class-wise", floor=None)
    np.testing.assert_allclose(without, [1, 1, 1, 1.6, 1])


def test_worked_out_tempered():
    weights = node_weights(Y, floor=None, power=0.5)
    np.testing.assert_allclose(weights, [1, 1, 2**0.5, 2, 1])
    np.testing.assert_allclose(node_weights(Y, floor=None, power=0), 1)


def test_unscored_nodes_weigh_1_and_have_no_say():
    scored = np.array([True, True, True, False, True])
    # Without the rarest node the largest v is 2.
    expected = [0.25, 0.25, 2.25, 1, 0.25]
    np.testing.assert_allclose(node_weights(Y, scored=scored), expected)


def test_unscored_nodes_weigh_1_without_a_floor_too():
    # The rarest and a frequent node, of v = 4 and 1; class-wise 1.6 and 0.4.
    scored = np.array([True, False, True, False, True])
    weights = node_weights(Y, floor=None, scored=scored)
    np.testing.assert_allclose(weights, [1, 1, 2, 1, 1])
    weights = node_weights(Y, "class-wise", floor=None, scored=~scored)
    np.testing.assert_allclose(weights, [1, 1, 1, 1.6, 1])


@pytest.mark.parametrize("count", ["node", "subtree"])
@pytest.mark.parametrize("scheme", ["binary", "class-wise"])
def test_golden_numbers(golden, scheme, count):
    expected = golden[f"node_weight_{count}_{scheme}_floor0.25"]
    got = node_weights(
        golden["y_train"], scheme, count=count, hierarchy=golden.hierarchy
    )
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_counts_over_subtrees():
    # The diamond's bottom counts once for each node above, not once per path.
    diamond = Hierarchy.from_edges([("r", "a"), ("r", "b"), ("a", "z"), ("b", "z")])
    labels = diamond.close([[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
    counts = labels.sum(axis=0)  # r 2, a 2, b 1, z 1
    np.testing.assert_array_equal(counts, [2, 2, 1, 1])
    expected = 4 / (2 * np.array([6, 3, 2, 1]))
    options = {"count": "subtree", "hierarchy": diamond, "floor": 0.0}
    raw = (expected - expected.min()) / np.ptp(expected) * expected.max()
    np.testing.assert_allclose(node_weights(labels, **options), raw)
    np.testing.assert_allclose(node_weights_from_counts(counts, 4, **options), raw)
    # A sum that happens to be the number of rows is what the formula makes of it.
    weights = node_weights_from_counts(
        [4, 2, 0, 0], 6, count="subtree", hierarchy=diamond, floor=None
    )
    np.testing.assert_allclose(weights, [1, 1.5, 1, 1])


def test_subtrees_need_their_hierarchy():
    with pytest.raises(ValueError, match=r"`hierarchy` to be the label .* got none"):
        node_weights(Y, count="subtree")
    with pytest.raises(ValueError, match="5 nodes, but got one of 2"):
        node_weights_from_counts(
            [1] * 5, 9, count="subtree", hierarchy=Hierarchy.flat(["a", "b"])
        )
    with pytest.raises(ValueError, match="Expected argument `count` to be one of"):
        node_weights(Y, count="leaf")


@given(
    hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8)),
    st.sampled_from(["binary", "class-wise"]),
    st.floats(0, 1),
)
def test_equals_the_slow_version(Y, scheme, power):
    got = node_weights(Y, scheme, power=power)
    raw = reference.node_weights(Y, scheme, None, power)
    if np.ptp(raw) < 1e-9 * raw.max():
        return  # nothing to rescale; see test_nothing_to_tell_apart
    expected = reference.node_weights(Y, scheme, 0.25, power)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_nothing_to_tell_apart():
    np.testing.assert_array_equal(node_weights(np.eye(3)), 1)


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_matrix, pd.DataFrame, list])
def test_containers(make):
    given_ = make(Y.astype(int).tolist()) if make is list else make(Y.astype(int))
    np.testing.assert_allclose(node_weights(given_), node_weights(Y))


def test_frames_of_other_libraries():
    pl = pytest.importorskip("polars")
    frame = pl.from_numpy(Y.astype(int))
    np.testing.assert_allclose(node_weights(frame), node_weights(Y))


def test_row_weights_are_copies_of_rows():
    copies = np.array([1, 2, 1, 3, 1, 1, 0, 2])
    np.testing.assert_allclose(
        node_weights(Y, sample_weight=copies), node_weights(Y.repeat(copies, axis=0))
    )


def test_a_node_of_all_rows_is_told_from_others_under_any_row_weights():
    rng = np.random.default_rng(0)
    labels = np.stack([np.ones(5000), rng.random(5000) < 0.2], axis=1)
    weight = rng.random(5000).astype(np.float32)
    raw = node_weights(labels, floor=None, sample_weight=weight)
    assert raw[0] == 1
    assert node_weights(labels, sample_weight=weight)[0] == 0.25
    without = np.where(labels[:, 1] > 0, 0, weight)
    assert node_weights(labels, floor=None, sample_weight=without)[1] == 1


def test_row_weights_of_any_size():
    copies = np.array([1, 2, 0, 3, 1, 1, 0, 2])
    expected = node_weights(Y, floor=None, sample_weight=copies)
    for scale in (1e-300, 5e307):
        got = node_weights(Y, floor=None, sample_weight=copies * scale)
        np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize(
    ("Y", "params", "message"),
    [
        (np.ones((0, 3)), {}, r"at least one row, but got shape \(0, 3\)"),
        (np.ones(3), {}, r"shape \(n_samples, n_nodes\).* got shape \(3,\)"),
        (
            Y,
            {"scheme": "binry"},
            r"one of 'binary', 'class-wise', but got 'binry'. Did",
        ),
        (Y * 2, {}, "must hold only 0 and 1"),
        (Y, {"sample_weight": [1, 2]}, r"`sample_weight` of shape \(8,\)"),
        (Y, {"sample_weight": [-1] * 8}, "`sample_weight` >= 0, but got -1"),
        (Y, {"sample_weight": [np.nan] * 8}, "`sample_weight`: Input contains NaN"),
        (Y, {"scored": [1, 0]}, r"`scored` of shape \(5,\), one per node"),
        (Y, {"floor": -1}, "`floor` to be None or >= 0, but got -1"),
        (Y, {"power": 1.5}, r"`power` to be in \[0, 1\], but got 1.5"),
    ],
)
def test_bad_input(Y, params, message):
    with pytest.raises(ValueError, match=message):
        node_weights(Y, **params)


@pytest.mark.parametrize(
    ("counts", "n_rows", "message"),
    [
        (["x"], 3, "In `counts`: expected numbers, but got"),
        ([np.nan, 1], 3, r"`counts` of shape \(n_nodes,\), finite and none below 0"),
        ([-1, 1], 3, r"`counts` of shape \(n_nodes,\), finite and none below 0"),
        ([[1]], 3, r"`counts` of shape \(n_nodes,\), finite and none below 0"),
        ([1], 0, "`n_rows` above 0, but got 0"),
        ([1], np.nan, "`n_rows` above 0, but got nan"),
    ],
)
def test_bad_counts(counts, n_rows, message):
    with pytest.raises(ValueError, match=message):
        node_weights_from_counts(counts, n_rows)


def test_counts_over_subtrees_do_not_depend_on_rounding():
    # q is in all rows, and so is what p's subtree sums up to.
    tree = Hierarchy.from_edges([("p", "q"), ("p", "l")])
    labels = np.zeros((1000, 3), dtype=int)
    labels[:, tree.index(["p", "q"])] = 1
    labels[::3, tree.index(["l"])] = 1
    options = {"count": "subtree", "hierarchy": tree, "scheme": "class-wise"}
    seen = set()
    for seed in range(10):
        weight = np.random.default_rng(seed).random(1000)
        weights = node_weights(labels, **options, sample_weight=weight)
        seen.add(round(float(weights[tree.index("q")]), 6))
        assert len(seen) == 1 or np.ptp(list(seen)) < 0.2

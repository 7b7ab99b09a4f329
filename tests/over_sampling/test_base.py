"""The ceremony all samplers share: containers, plans, weights and errors."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.over_sampling import (
    HROSPD,
    LPROS,
    MLROS,
    BaseMultiLabelSampler,
    SamplingWarning,
)

HIERARCHY = Hierarchy.from_edges(
    [("a", "a1"), ("a", "a2")], nodes=["a", "a1", "a2", "b"]
)
# Label sets {b} x 6, {a, a2} x 4, {a, a1, b} x 2: 4 rows a bag.
Y = np.repeat([[0, 0, 0, 1], [1, 0, 1, 0], [1, 1, 0, 1]], [6, 4, 2], axis=0)
X = np.arange(24.0).reshape(12, 2)

SAMPLERS = [
    LPROS(sampling_ratio=0.17, hierarchy=HIERARCHY, random_state=0),
    MLROS(sampling_ratio=0.17, hierarchy=HIERARCHY, random_state=0),
    HROSPD(HIERARCHY, sampling_ratio=0.17, random_state=0),
]
each_sampler = pytest.mark.parametrize(
    "sampler", SAMPLERS, ids=lambda sampler: type(sampler).__name__
)


@each_sampler
def test_originals_come_first_then_clones(sampler):
    X_resampled, Y_resampled = sampler.fit_resample(X, Y)
    assert X_resampled.shape == (14, 2)
    np.testing.assert_array_equal(X_resampled[:12], X)
    np.testing.assert_array_equal(Y_resampled[:12], Y)
    np.testing.assert_array_equal(sampler.sample_indices_[:12], np.arange(12))
    np.testing.assert_array_equal(X_resampled, X[sampler.sample_indices_])
    assert HIERARCHY.is_closed(Y_resampled)
    assert (sampler.n_requested_, sampler.n_added_) == (2, 2)
    assert sum(sampler.sampling_strategy_.values()) == 2


@each_sampler
def test_input_is_left_as_it_was(sampler):
    X_before, Y_before = X.copy(), Y.copy()
    labels = sp.csr_array(Y)
    labels_before = labels.copy()
    sampler.fit_resample(X, Y)
    sampler.fit_resample(X, labels)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(Y, Y_before)
    np.testing.assert_array_equal(labels.data, labels_before.data)
    np.testing.assert_array_equal(labels.indices, labels_before.indices)


@each_sampler
@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.float32])
@pytest.mark.parametrize(
    "container",
    [
        np.asarray,
        sp.csr_array,
        sp.csr_matrix,
        sp.csc_array,
        sp.coo_array,
        sp.lil_matrix,
    ],
)
def test_labels_keep_container_and_dtype(sampler, container, dtype):
    _, expected = sampler.fit_resample(X, Y)
    _, resampled = sampler.fit_resample(X, container(Y.astype(dtype)))
    assert type(resampled) is type(container(Y))
    assert resampled.dtype == dtype
    dense = resampled.toarray() if sp.issparse(resampled) else resampled
    np.testing.assert_array_equal(dense, expected)


@each_sampler
@pytest.mark.parametrize(
    "container", [sp.csr_array, sp.csr_matrix, sp.csc_matrix, sp.coo_array]
)
def test_features_keep_their_sparse_container(sampler, container):
    expected, _ = sampler.fit_resample(X, Y)
    resampled, _ = sampler.fit_resample(container(X.astype(np.float32)), Y)
    assert type(resampled) is container
    assert resampled.dtype == np.float32
    np.testing.assert_array_equal(resampled.toarray(), expected)


@each_sampler
def test_lists_come_back_as_lists(sampler):
    expected = sampler.fit_resample(X, Y)
    X_resampled, Y_resampled = sampler.fit_resample(X.tolist(), Y.tolist())
    assert isinstance(X_resampled, list)
    assert isinstance(Y_resampled, list)
    np.testing.assert_array_equal(X_resampled, expected[0])
    np.testing.assert_array_equal(Y_resampled, expected[1])


@each_sampler
def test_dataframes_keep_columns_and_dtypes(sampler):
    frame = pd.DataFrame(
        {
            "number": np.arange(12, dtype=np.float32),
            "kind": pd.Categorical(["x", "y", None] * 4),
            "day": pd.date_range("2026-01-01", periods=12),
            "name": [f"row {i}" for i in range(12)],
            "sparse": pd.arrays.SparseArray([0, 0, 1] * 4),
        },
        index=np.arange(100, 112),
    )
    labels = pd.DataFrame(Y, columns=HIERARCHY.nodes, index=frame.index)
    labels = labels[["b", "a2", "a", "a1"]].astype({"b": "int8"})
    X_resampled, Y_resampled = sampler.fit_resample(frame, labels)
    pd.testing.assert_series_equal(X_resampled.dtypes, frame.dtypes)
    pd.testing.assert_series_equal(Y_resampled.dtypes, labels.dtypes)
    pd.testing.assert_frame_equal(X_resampled[:12], frame.reset_index(drop=True))
    pd.testing.assert_frame_equal(Y_resampled[:12], labels.reset_index(drop=True))
    pd.testing.assert_index_equal(X_resampled.index, Y_resampled.index)
    np.testing.assert_array_equal(sampler.feature_names_in_, frame.columns)
    # The columns are matched by name: the same plan as with columns in node order.
    _, expected = sampler.fit_resample(X, Y)
    np.testing.assert_array_equal(Y_resampled[list(HIERARCHY.nodes)], expected)


@each_sampler
def test_strings_nan_and_infinity_pass_through(sampler):
    mixed = np.array([["x", np.nan], [None, np.inf]] * 6, dtype=object)
    resampled, _ = sampler.fit_resample(mixed, Y)
    assert resampled.dtype == object
    rows = sampler.sample_indices_
    assert [row[0] for row in resampled] == [mixed[row, 0] for row in rows]


@pytest.mark.parametrize("container", [list, np.array, pd.Series, pd.Categorical])
def test_each_class_of_a_1d_target_is_a_label_set(container):
    classes = ["b"] * 6 + ["c"] * 4 + ["d"] * 2
    sampler = LPROS(sampling_ratio=0.17, random_state=0)
    _, resampled = sampler.fit_resample(X, container(classes))
    assert list(resampled) == [*classes, "d", "d"]


def test_a_series_keeps_name_and_dtype():
    classes = pd.Series(
        ["b"] * 6 + ["c"] * 6, name="kind", dtype="category", index=X[:, 0]
    )
    _, resampled = LPROS(sampling_ratio=0).fit_resample(X, classes)
    pd.testing.assert_series_equal(resampled, classes.reset_index(drop=True))


def test_a_class_is_the_most_specific_node_where_there_is_a_hierarchy():
    nodes = ["b"] * 6 + ["a2"] * 4 + ["a1"] * 2
    sampler = LPROS(sampling_ratio=0.25, labelset=0, hierarchy=HIERARCHY)
    sampler.set_params(sampling_ratio=0, random_state=0).fit(X, nodes)
    np.testing.assert_array_equal(sampler.bags_, [0] * 6 + [1] * 6)  # a1, a2 below a


def test_a_single_column_holds_classes():
    column = np.repeat(["b", "c"], [9, 3]).reshape(-1, 1)
    sampler = LPROS(sampling_ratio=0.25, random_state=0)
    _, resampled = sampler.fit_resample(X, column)
    assert resampled.tolist() == [["b"]] * 9 + [["c"]] * 6
    one_node = LPROS(0, hierarchy=Hierarchy.flat(["b"])).fit(X, Y[:, :1])
    assert one_node.hierarchy_.nodes == ("b",)


@each_sampler
def test_fit_makes_the_plan_of_fit_resample(sampler):
    planned = clone(sampler).fit(X, Y)
    sampler.fit_resample(X, Y)
    np.testing.assert_array_equal(planned.sample_indices_, sampler.sample_indices_)
    assert planned.sampling_strategy_ == sampler.sampling_strategy_


@each_sampler
def test_same_seed_same_rows(sampler):
    first = clone(sampler).fit(X, Y).sample_indices_
    np.testing.assert_array_equal(clone(sampler).fit(X, Y).sample_indices_, first)
    as_sparse = clone(sampler).fit(X, sp.csc_array(Y)).sample_indices_
    np.testing.assert_array_equal(as_sparse, first)
    others = [
        clone(sampler).set_params(random_state=seed).fit(X, Y).sample_indices_
        for seed in range(10)
    ]
    assert len({tuple(rows) for rows in others}) > 1


@each_sampler
def test_pickle_and_clone(sampler):
    fitted = sampler.fit(X, Y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.sample_indices_, fitted.sample_indices_)
    assert clone(fitted).get_params() == fitted.get_params()


@each_sampler
def test_a_ratio_of_zero_adds_nothing(sampler):
    sampler = clone(sampler).set_params(sampling_ratio=0)
    X_resampled, Y_resampled = sampler.fit_resample(X, Y)
    np.testing.assert_array_equal(X_resampled, X)
    np.testing.assert_array_equal(Y_resampled, Y)
    assert sampler.sampling_strategy_ == {}


@pytest.mark.parametrize("sampler", SAMPLERS[:2])
def test_sample_weight_is_one_more_for_each_clone(sampler):
    weight = sampler.to_sample_weight(X, Y)
    assert weight.shape == (12,)
    assert weight.sum() == 14
    X_resampled, _ = sampler.fit_resample(X, Y)
    for row, times in zip(X, weight, strict=True):
        assert np.sum((X_resampled == row).all(axis=1)) == times


def test_sample_weight_gives_the_model_that_copies_give(rng):
    data, classes = rng.normal(size=(60, 3)), np.repeat([0, 1], [50, 10])
    sampler = LPROS(random_state=0)
    copies = LogisticRegression(tol=1e-8).fit(*sampler.fit_resample(data, classes))
    weight = sampler.to_sample_weight(data, classes)
    weighted = LogisticRegression(tol=1e-8).fit(data, classes, sample_weight=weight)
    np.testing.assert_allclose(weighted.coef_, copies.coef_, atol=1e-5)


def test_no_sample_weight_where_clones_are_relabelled():
    sampler = SAMPLERS[2]
    assert not hasattr(sampler, "to_sample_weight")
    with pytest.raises(AttributeError, match="has no attribute") as error:
        sampler.to_sample_weight(X, Y)
    assert "weights of rows can't express" in str(error.value.__cause__)


def test_target_is_checked_as_imbalanced_learn_does():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        LPROS().fit_resample(X, np.linspace(0, 1, 12))


BAD_TARGETS = {
    "not closed": ([[0, 1, 0, 0]] * 12, "row 0 has node 'a1' but not its parent 'a'"),
    "too narrow": (Y[:, :3], r"Expected Y of shape \(n_samples, 4\)"),
    "not 0 or 1": (Y * 2, "must hold only 0 and 1"),
    "NaN": (np.where(Y, np.nan, 0), "must hold only 0 and 1"),
    "3-D": (Y[:, :, None], r"but got shape \(12, 4, 1\)"),
    "too short": (Y[:5], "inconsistent numbers of samples"),
    "no node": (["z"] * 12, r"no nodes of the hierarchy: 'z'"),
    "one label set": (Y[:1].repeat(12, axis=0), "more than 1 class or label set"),
    "lists of names": ([["a"], ["a", "b"]] * 6, "its rows have different lengths"),
    "no class": (pd.Series(["a", None, "b"] * 4), "y has no class in 4 rows"),
    "NaN class": (np.array([0, np.nan, 1] * 4), "y has no class in 4 rows"),
    "missing": (None, "the target y is None"),
    "wrong columns": (pd.DataFrame(Y, columns=list("wxyz")), "without a column: 'a'"),
}


@each_sampler
@pytest.mark.parametrize(("y", "message"), BAD_TARGETS.values(), ids=BAD_TARGETS)
def test_bad_targets_are_refused(sampler, y, message):
    with pytest.raises(ValueError, match=message):
        sampler.fit_resample(X, y)


@each_sampler
def test_bad_features_are_refused(sampler):
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        sampler.fit_resample(X[:, 0], Y)
    with pytest.raises(ValueError, match="0 sample"):
        sampler.fit_resample(X[:0], Y[:0])
    with pytest.raises(ValueError, match="all 0 rows have the same"):
        sampler.fit_resample(pd.DataFrame(X[:0]), Y[:0])


@each_sampler
@pytest.mark.parametrize("ratio", [-0.1, np.nan, np.inf, "0.1", None])
def test_bad_ratios_are_refused(sampler, ratio):
    sampler = clone(sampler).set_params(sampling_ratio=ratio)
    with pytest.raises(ValueError, match="The 'sampling_ratio' parameter of"):
        sampler.fit_resample(X, Y)


def test_a_sampler_of_ones_own_implements_one_method():
    class Last(BaseMultiLabelSampler):
        hierarchy = random_state = None
        sampling_ratio = 0.5

        def _draw_clones(self, labels, n_clones, random_state):
            return np.full(n_clones, labels.shape[0] - 1), np.zeros(n_clones, dtype=int)

    X_resampled, Y_resampled = Last().fit_resample(X, Y)
    np.testing.assert_array_equal(X_resampled[12:], X[[-1] * 6])
    np.testing.assert_array_equal(Y_resampled[12:], Y[[-1] * 6])


def test_warnings_can_be_told_from_others():
    assert issubclass(SamplingWarning, UserWarning)
    with pytest.warns(SamplingWarning, match="LPROS added"):
        LPROS(sampling_ratio=3).fit(X, Y)

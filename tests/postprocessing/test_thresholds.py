"""Thresholds by node against brute force over all cuts, and counts."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._validation import as_thresholds
from sklearn_hmlc.postprocessing import node_thresholds


@st.composite
def held_out(draw, grid=8):
    """Labels and scores with many ties (a coarse grid)."""
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 3)))
    truth = draw(hnp.arrays(bool, shape))
    scores = draw(hnp.arrays(int, shape, elements=st.integers(0, grid))) / grid
    return truth, scores


@st.composite
def distinct(draw):
    truth, scores = draw(held_out())
    order = np.argsort(np.argsort(scores, axis=0, kind="stable"), axis=0)
    return truth, (order + 1) / (len(order) + 2)


@given(distinct())
def test_prevalence_predicts_as_often_as_the_node_is_there(case):
    truth, scores = case
    thresholds = node_thresholds(truth, scores)
    assert np.array_equal((scores >= thresholds).sum(0), truth.sum(0))


@given(distinct(), st.floats(0, 1))
def test_prevalence_from_elsewhere(case, share):
    truth, scores = case
    n_nodes = truth.shape[1]
    thresholds = node_thresholds(truth, scores, prevalence=[share] * n_nodes)
    predicted = (scores >= thresholds).sum(0)
    assert (abs(predicted - share * len(truth)) <= 0.5 + 1e-9).all()


@given(distinct(), st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_weights_are_copies_of_rows(case, copies):
    truth, scores = case
    copies = np.array(copies[: len(truth)])
    if not copies.any():
        copies[0] = 1
    many = np.repeat(truth, copies, axis=0), np.repeat(scores, copies, axis=0)
    settings = {"strategy": "f1", "factor": np.inf}
    weighted = node_thresholds(truth, scores, **settings, sample_weight=copies)
    np.testing.assert_allclose(weighted, node_thresholds(*many, **settings))
    # By prevalence a cut may fall between copies of one row, which no threshold makes.
    weighted = node_thresholds(truth, scores, sample_weight=copies)
    predicted = copies @ (scores >= weighted)
    assert (abs(predicted - copies @ truth) <= copies.max() / 2).all()


def test_rows_that_count_nothing_have_no_say():
    truth = np.array([[1], [0], [1], [0]])
    scores = np.array([[0.9], [0.8], [0.2], [0.1]])
    for strategy in ("prevalence", "f1"):
        weighted = node_thresholds(
            truth, scores, strategy, sample_weight=[3.0, 3.0, 0.0, 3.0]
        )
        rows = [0, 1, 3]
        assert weighted == node_thresholds(truth[rows], scores[rows], strategy)


@given(held_out())
def test_thresholds_lie_in_range_and_keep_ties_together(case):
    truth, scores = case
    for strategy in ("prevalence", "f1"):
        thresholds = node_thresholds(truth, scores, strategy)
        never = thresholds == np.inf
        assert (((thresholds >= 0) & (thresholds <= 1)) | never).all()
        assert (scores.max(0)[never] == 1).all()
        assert thresholds.dtype == np.float64
        # No cut that keeps equal scores together comes nearer to the wanted number.
        if strategy == "prevalence":
            for node, wanted in enumerate(truth.sum(0)):
                cuts = [*np.unique(scores[:, node]), 2.0]
                possible = [(scores[:, node] >= cut).sum() for cut in cuts]
                got = (scores[:, node] >= thresholds[node]).sum()
                assert abs(got - wanted) == min(abs(n - wanted) for n in possible)


def test_ties_at_the_bottom_do_not_predict_the_node_everywhere():
    scores = np.array([0.2] + [0.0] * 99)[:, None]
    truth = np.arange(100)[:, None] < 3
    assert (scores >= node_thresholds(truth, scores)).sum() == 1


def test_the_factor_s_bound_is_exact():
    scores = np.linspace(1, 0, 100)[:, None] / 2
    truth = np.arange(100)[:, None] == 21
    threshold = node_thresholds(truth, scores, "f1", prevalence=[0.07], factor=3)
    # 22 rows would be needed to find the one; 3 * 7 are allowed.
    assert (scores >= threshold).sum() == 7


def test_the_factor_s_lower_bound_is_exact():
    scores = np.linspace(1, 0, 100)[:, None] / 2
    truth = np.arange(100)[:, None] < 18
    # 0.57 * 100 / 3 comes out as 18.999...: 19 rows are the least.
    threshold = node_thresholds(truth, scores, "f1", prevalence=[0.57], factor=3)
    assert (scores >= threshold).sum() == 19


def test_one_row_may_be_predicted_however_rare_the_node():
    scores, truth = np.array([[0.9], [0.5], [0.1]]), np.array([[1], [0], [0]])
    threshold = node_thresholds(truth, scores, "f1", prevalence=[0.0])
    assert (scores >= threshold).sum() == 1
    # One row, whatever it weighs.
    weight = [5.0, 1.0, 1.0]
    threshold = node_thresholds(
        truth, scores, "f1", prevalence=[0.0], sample_weight=weight
    )
    assert (scores >= threshold).sum() == 1


def test_f1_of_cuts_between_equal_scores_does_not_count():
    # After the first of the ties F1 would be 1; with all of them it is 4/7, and 2/3
    # without.
    scores = np.array([[0.9], [0.5], [0.5], [0.5], [0.5]])
    truth = np.array([[1], [1], [0], [0], [0]])
    threshold = node_thresholds(truth, scores, "f1", factor=np.inf)
    assert (scores >= threshold).sum() == 1


def test_shares_are_of_rows_that_count():
    scores = np.linspace(0.9, 0.1, 10)[:, None]
    truth = np.arange(10)[:, None] < 2
    weight = np.where(np.arange(10) < 6, 1.0, 0.0)
    threshold = node_thresholds(truth, scores, prevalence=[0.5], sample_weight=weight)
    assert (scores >= threshold).sum() == 3


def test_none_wanted_is_none_predicted_even_where_a_score_is_1():
    scores = np.array([[1.0], [0.2], [0.1]])
    none = np.zeros((3, 1), dtype=int)
    for kind in (np.float32, np.float64):
        for strategy in ("prevalence", "f1"):
            threshold = node_thresholds(none, scores.astype(kind), strategy)
            assert threshold.tolist() == [np.inf]
            assert not (scores.astype(kind) >= threshold).any()
    # What is below 1 leaves room for a threshold above it.
    below = node_thresholds(none, np.nextafter(np.minimum(scores, 1.0), 0))
    assert below == 1.0
    # Ties at 1 stand or fall together: 3 rows, of which 1 is wanted.
    ties = np.array([[1.0], [1.0], [1.0], [0.0]])
    wanted = node_thresholds(np.array([[1], [0], [0], [0]]), ties)
    assert wanted.tolist() == [np.inf]


def test_of_equal_f1_the_number_nearest_to_the_wanted_one():
    # F1 is 2/3 with one row and with four: positives are the first and the last.
    scores = np.array([[0.9], [0.7], [0.5], [0.3], [0.1]])
    truth = np.array([[1], [0], [0], [1], [0]])
    for share, predicted in ((0.2, 1), (0.4, 1), (0.6, 4), (0.8, 4)):
        threshold = node_thresholds(truth, scores, "f1", prevalence=[share], factor=9)
        assert (scores >= threshold).sum() == predicted


def test_frequencies_that_round_to_more_than_1():
    scores = np.array([[0.4], [0.2]])
    truth = np.ones((2, 1))
    for strategy in ("prevalence", "f1"):
        share = [1 + 1e-12]
        threshold = node_thresholds(truth, scores, strategy, prevalence=share)
        assert (scores >= threshold).all()
    with pytest.raises(ValueError, match=r"in \[0, 1\].* to 1.00001"):
        node_thresholds(truth, scores, prevalence=[1.00001])
    # 0.1 * 3 / 0.3 and the like, over many rows.
    weight = np.full(1003, 0.1)
    many = np.linspace(0.9, 0.1, 1003)[:, None]
    assert node_thresholds(np.ones((1003, 1)), many, sample_weight=weight) <= 0.1


def test_weights_of_any_size():
    truth, scores = np.array([[1], [0], [1]]), np.array([[0.9], [0.5], [0.1]])
    expected = node_thresholds(truth, scores, "f1", sample_weight=[2, 0, 1])
    for scale in (1e-300, 1e300, 8e307):
        got = node_thresholds(
            truth, scores, "f1", sample_weight=np.array([2, 0, 1]) * scale
        )
        assert got == expected


def test_no_nodes():
    with pytest.raises(ValueError, match="at least one row and one node"):
        node_thresholds(np.zeros((3, 0)), np.zeros((3, 0)))


def test_bad_weights():
    one = np.array([[1.0]])
    for weight, message in (
        ([0.0], "are 0"),
        ([-1.0], "`sample_weight` >= 0, but got -1"),
        ([np.nan], "`sample_weight`: Input contains NaN"),
        ([1.0, 1.0], r"shape \(1,\).* but got shape \(2,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            node_thresholds(one, one, sample_weight=weight)


def best_f1(truth, scores, low=0, high=np.inf):
    """The largest F1 of any cut that predicts between ``low`` and ``high`` rows."""
    cuts = np.unique(scores)
    values = [
        f1_score(truth, scores >= cut, zero_division=0)
        for cut in cuts
        if low <= (scores >= cut).sum() <= high
    ]
    return max(values, default=0.0)


@given(held_out(), st.sampled_from([1.0, 2.0, 3.0, 1e9]))
def test_f1_is_the_largest_of_all_cuts(case, factor):
    truth, scores = case
    thresholds = node_thresholds(truth, scores, "f1", factor=factor)
    for node, positives in enumerate(truth.sum(0)):
        high = max(np.ceil(positives * factor), 1)
        low = np.floor(positives / factor)
        expected = best_f1(truth[:, node], scores[:, node], low, high)
        if expected == 0:
            continue  # falls back to prevalence
        got = f1_score(truth[:, node], scores[:, node] >= thresholds[node])
        assert got == pytest.approx(expected)


def test_f1_falls_back_where_no_row_has_the_node():
    scores = np.array([[0.1, 0.6], [0.3, 0.2], [0.2, 0.4]])
    truth = np.array([[0, 1], [0, 0], [0, 1]])
    thresholds = node_thresholds(truth, scores, "f1")
    assert thresholds[0] == pytest.approx((0.3 + 1) / 2)
    assert thresholds[1] == pytest.approx(0.3)


def test_one_lucky_row_does_not_predict_the_node_everywhere():
    # The only positive has the lowest score of 100: the best F1 predicts all rows.
    scores = np.linspace(0.9, 0.1, 100)[:, None]
    truth = np.arange(100)[:, None] == 99
    free = node_thresholds(truth, scores, "f1", factor=np.inf)
    bound = node_thresholds(truth, scores, "f1")
    assert (scores >= free).sum() == 100
    assert (scores >= bound).sum() == 1


def test_parts_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    truth, scores = rng.random((30, 7)) < 0.3, rng.random((30, 7))
    for strategy in ("prevalence", "f1"):
        whole = node_thresholds(truth, scores, strategy)
        monkeypatch.setattr(
            "sklearn_hmlc.postprocessing._thresholds._BLOCK_ENTRIES", 70
        )
        for labels in (truth, sp.csr_array(truth)):
            parts = node_thresholds(labels, scores, strategy)
            np.testing.assert_array_equal(parts, whole)
        monkeypatch.undo()


def test_sparse_labels():
    truth = np.array([[1, 0], [0, 1], [0, 0]])
    scores = np.array([[0.4, 0.1], [0.2, 0.3], [0.6, 0.2]])
    for strategy in ("prevalence", "f1"):
        expected = node_thresholds(truth, scores, strategy)
        got = node_thresholds(sp.csr_array(truth), scores, strategy)
        assert np.array_equal(got, expected)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (([[1]], [[0.5, 0.5]]), {}, r"\(n_samples, 1\), .* but got shape \(1, 2\)"),
        ((np.zeros((0, 2)), np.zeros((0, 2))), {}, "at least one row"),
        (([[2]], [[0.5]]), {}, "only 0 and 1"),
        (([[1]], [[1.5]]), {}, r"`proba` of .* in \[0, 1\], .* to 1.5"),
        (([[1]], [[np.nan]]), {}, "Input proba contains NaN"),
        (([[1]], [[0.5]], "youden"), {}, "`strategy` to be one of .* 'youden'"),
        (([[1]], [[0.5]]), {"prevalence": [2.0]}, r"in \[0, 1\].* to 2.0"),
        (([[1]], [[0.5]]), {"prevalence": [0.1, 0.1]}, r"shape \(1,\)"),
        (([[1]], [[0.5]], "f1"), {"factor": 0.5}, "at least 1, but got 0.5"),
        (([[1]], [[0.5]], "f1"), {"factor": np.nan}, "at least 1, but got nan"),
    ],
)
def test_bad_input(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        node_thresholds(*args, **kwargs)


def test_what_users_call_thresholds():
    hierarchy = Hierarchy.flat(["a", "b", "c"])
    assert as_thresholds(0.3, hierarchy) == 0.3
    assert as_thresholds([0, 1, 0.5], hierarchy).tolist() == [0, 1, 0.5]
    assert as_thresholds([0, np.inf, 1], hierarchy).tolist() == [0, np.inf, 1]
    assert as_thresholds({"c": 0.1}, hierarchy).tolist() == [0.5, 0.5, 0.1]
    for bad, message in [
        ([0.1, 0.2], r"number or of shape \(3,\)"),
        ({"d": 0.1}, "In `threshold`: .*d"),
        (1.1, r"in \[0, 1\], but got 1.1"),
        ([0, np.nan, 1], "but got nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            as_thresholds(bad, hierarchy)


@pytest.mark.parametrize("strategy", ["prevalence", "f1"])
@given(case=held_out())
def test_sparse_scores_have_the_thresholds_of_dense_ones(strategy, case):
    truth, scores = case
    expected = node_thresholds(truth, scores, strategy)
    found = node_thresholds(sp.csr_array(truth), sp.csr_array(scores), strategy)
    np.testing.assert_array_equal(found, expected)


def test_thresholds_need_all_rows_of_a_node():
    with pytest.raises(ValueError, match=r"but got blocks of rows; .*predict_sparse"):
        node_thresholds([[1], [0]], iter([[[0.5]], [[0.2]]]))


def test_sparse_scores_of_many_nodes():
    truth = sp.csr_array((np.ones(2, bool), ([0, 3], [7, 99_999])), (5, 100_000))
    scores = sp.csr_array(([0.5, 0.25], ([0, 3], [7, 99_999])), (5, 100_000))
    thresholds = node_thresholds(truth, scores)
    assert thresholds[[7, 99_999]].tolist() == [0.25, 0.125]
    assert (np.delete(thresholds, [7, 99_999]) == 0.5).all()


def test_a_hierarchy_names_what_has_no_names(rng):
    hierarchy = Hierarchy.from_edges([("r", "a"), ("r", "b")])
    truth = pd.DataFrame(rng.random((40, 3)) < [0.9, 0.5, 0.2], columns=["r", "a", "b"])
    proba = rng.random((40, 3))
    share = np.array([0.8, 0.4, 0.1])
    expected = node_thresholds(truth.to_numpy(), proba, prevalence=share)
    options = {"hierarchy": hierarchy, "prevalence": share}
    np.testing.assert_array_equal(node_thresholds(truth, proba, **options), expected)
    mixed = truth[["b", "r", "a"]]
    named = pd.DataFrame(proba, columns=hierarchy.nodes)
    options["prevalence"] = dict(zip(hierarchy.nodes, share, strict=True))
    found = node_thresholds(mixed, named, **options)
    assert found.index.tolist() == ["b", "r", "a"]
    assert found[["r", "a", "b"]].tolist() == expected.tolist()
    # Bare columns are in node order: nobody need guess, nor get a wrong number.
    with pytest.raises(ValueError, match=r"`proba` has no names.*y_true\[list\(hier"):
        node_thresholds(mixed, proba, hierarchy=hierarchy)
    with pytest.raises(ValueError, match="`prevalence` has no names"):
        node_thresholds(mixed, named, prevalence=share, hierarchy=hierarchy)
    with pytest.raises(TypeError, match="`hierarchy` to be a Hierarchy"):
        node_thresholds(truth, proba, hierarchy="GO")
    # Without one, an array is in the order of the truth, whatever the other's order.
    found = node_thresholds(truth, named[["b", "a", "r"]], prevalence=share)
    assert found.tolist() == expected.tolist()

"""`au_prc` against scikit-learn, a hand-worked curve, loops and the golden numbers."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import average_precision_score

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import au_prc
from tests._strategies import few


@pytest.fixture
def example(rng):
    """Labels with one empty node, and scores with many ties."""
    y_true = rng.random((40, 6)) < 0.3
    y_true[:, 4] = False
    return y_true, np.round(rng.random((40, 6)) + 0.3 * y_true, 1)


def davis_goadrich_slowly(y_true, y_score):
    """Points at whole numbers of true positives between the thresholds, by loops."""
    points = []
    for threshold in sorted(set(y_score[y_true].tolist()), reverse=True):
        reached, above = y_score >= threshold, y_score > threshold
        tp_b, fp_b = (reached & y_true).sum(), (reached & ~y_true).sum()
        tp_a, fp_a = (above & y_true).sum(), (above & ~y_true).sum()
        points.append((tp_a, fp_a))  # a drop at one recall: no area
        for step in range(1, int(tp_b - tp_a) + 1):
            false = fp_a + (fp_b - fp_a) * step / (tp_b - tp_a)
            points.append((tp_a + step, false))
    recall = np.array([tp for tp, _ in points]) / y_true.sum()
    precision = np.array([tp / (tp + fp) if tp + fp else np.nan for tp, fp in points])
    # Where nothing is predicted yet the curve is level with its first point.
    precision[0] = precision[1] if np.isnan(precision[0]) else precision[0]
    return np.trapezoid(precision, recall)


# -- scikit-learn and the golden numbers ---------------------------------------------


def test_golden(golden_file):
    golden = np.load(golden_file)
    area = au_prc(golden["metric_y_true"], golden["metric_y_score"])
    assert area == pytest.approx(float(golden["auprc_micro"]), abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_pooled_is_sklearns_micro(example, rng, weighted, dtype):
    y_true, y_score = example
    y_score = y_score.astype(dtype)
    weights = rng.random(40) if weighted else None
    expected = average_precision_score(
        y_true, y_score, average="micro", sample_weight=weights
    )
    assert au_prc(y_true, y_score, sample_weight=weights) == pytest.approx(expected)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_averages_are_sklearns_without_empty_nodes(example, rng, average, weighted):
    y_true, y_score = example
    weights = rng.random(40) if weighted else None
    some = y_true.any(axis=0)
    expected = average_precision_score(
        y_true[:, some], y_score[:, some], average=average, sample_weight=weights
    )
    area = au_prc(y_true, y_score, average=average, sample_weight=weights)
    assert area == pytest.approx(expected)


def test_each_node_and_empty_ones(example):
    y_true, y_score = example
    areas = au_prc(y_true, y_score, average=None)
    assert np.flatnonzero(np.isnan(areas)).tolist() == [4]
    for node in (0, 1, 2, 3, 5):
        expected = average_precision_score(y_true[:, node], y_score[:, node])
        assert areas[node] == pytest.approx(expected)
    filled = au_prc(y_true, y_score, average=None, skip_empty=False)
    assert_allclose(filled, np.nan_to_num(areas))
    # The empty node counts 0 among the six.
    kept = au_prc(y_true, y_score, average="macro")
    assert au_prc(y_true, y_score, average="macro", skip_empty=False) == (
        pytest.approx(kept * 5 / 6)
    )


def test_integer_weights_repeat_rows(example):
    y_true, y_score = example
    weights = np.arange(40) % 3
    for average in ("pooled", "macro", "weighted"):
        repeated = au_prc(
            np.repeat(y_true, weights, axis=0),
            np.repeat(y_score, weights, axis=0),
            average=average,
        )
        area = au_prc(y_true, y_score, average=average, sample_weight=weights)
        assert area == pytest.approx(repeated)


def test_rows_of_no_weight_at_the_top_move_nothing():
    y_true, y_score = [[1], [1], [0]], [[0.9], [0.5], [0.7]]
    area = au_prc(y_true, y_score, sample_weight=[0, 1, 1])
    assert area == pytest.approx(0.5)


# -- Davis and Goadrich --------------------------------------------------------------


def test_davis_goadrich_hand_worked():
    # The example of the paper: A has TP 5, FP 5 and B has TP 10, FP 30, of 20 positives
    # and 2000 negatives. Between them FP grows by (30 - 5) / (10 - 5) = 5 a positive:
    # precision 6/16, 7/22, 8/28, 9/34 at TP 6, 7, 8, 9. Up to A it is level at 5/10.
    # From B to the end FP grows by (2000 - 30) / 10 = 197 a positive.
    y_true = np.r_[np.ones(5), np.zeros(5), np.ones(5), np.zeros(25), np.ones(10)]
    y_score = np.r_[np.full(10, 0.9), np.full(30, 0.5), np.full(10, 0.1)]
    y_true = np.r_[y_true, np.zeros(1970)].astype(bool)
    y_score = np.r_[y_score, np.full(1970, 0.1)]
    first = 0.25 * 5 / 10
    second = 0.05 * (5 / 10 / 2 + 6 / 16 + 7 / 22 + 8 / 28 + 9 / 34 + 10 / 40 / 2)
    after = [tp / (tp + 30 + 197 * (tp - 10)) for tp in range(10, 21)]
    third = 0.05 * (sum(after) - after[0] / 2 - after[-1] / 2)
    area = au_prc(
        y_true[:, np.newaxis], y_score[:, np.newaxis], interpolation="davis-goadrich"
    )
    assert area == pytest.approx(first + second + third)


def test_davis_goadrich_hand_worked_pooled_over_nodes():
    # All pairs by score: 0.9 (+), 0.7 (-), 0.6 (+), 0.3 (+), 0.2 (-), 0.1 (-).
    # TP 0 -> 1 at FP 0: 1. TP 1 -> 2 at FP 1: (1/2 + 2/3) / 2 = 7/12.
    # TP 2 -> 3 at FP 1: (2/3 + 3/4) / 2 = 17/24.
    y_true = [[1, 0], [1, 1], [0, 0]]
    y_score = [[0.9, 0.1], [0.6, 0.3], [0.7, 0.2]]
    area = au_prc(y_true, y_score, interpolation="davis-goadrich")
    assert area == pytest.approx((1 + 7 / 12 + 17 / 24) / 3)


@pytest.mark.parametrize("average", ["pooled", None])
def test_davis_goadrich_against_loops(example, average):
    y_true, y_score = example
    areas = au_prc(y_true, y_score, average=average, interpolation="davis-goadrich")
    if average == "pooled":
        assert areas == pytest.approx(
            davis_goadrich_slowly(y_true.ravel(), y_score.ravel())
        )
        return
    for node in (0, 1, 2, 3, 5):
        expected = davis_goadrich_slowly(y_true[:, node], y_score[:, node])
        assert areas[node] == pytest.approx(expected)


def test_davis_goadrich_negatives_above_all_positives():
    # Two negatives outscore the first positive, a third lies before the second.
    # From (0, 2) at precision 0 to (1, 2) at 1/3; then from (1, 3) at 1/4 to (2, 3).
    y_true = np.array([[0], [0], [1], [0], [1]])
    y_score = np.arange(5)[::-1, np.newaxis]
    area = au_prc(y_true, y_score, interpolation="davis-goadrich")
    assert area == pytest.approx((0 + 1 / 3) / 4 + (1 / 4 + 2 / 5) / 4)


@few
@given(st.data())
def test_davis_goadrich_against_loops_anywhere(data):
    y_true, y_score = data.draw(ranked())
    area = au_prc(y_true, y_score, interpolation="davis-goadrich")
    assert area == pytest.approx(davis_goadrich_slowly(y_true.ravel(), y_score.ravel()))


# -- containers and unscored nodes ---------------------------------------------------


@pytest.mark.parametrize("average", ["pooled", "macro", "weighted", None])
@pytest.mark.parametrize("interpolation", ["step", "davis-goadrich"])
def test_only_scored_nodes_count(example, average, interpolation):
    y_true, y_score = example
    hierarchy = Hierarchy(range(6), [(0, 1), (0, 2)], unscored=[0])
    options = {"average": average, "interpolation": interpolation}
    expected = au_prc(y_true[:, 1:], y_score[:, 1:], **options)
    assert_allclose(au_prc(y_true, y_score, hierarchy=hierarchy, **options), expected)
    mask = np.arange(6) > 0
    assert_allclose(au_prc(y_true, y_score, scored=mask, **options), expected)


def test_containers_agree(example):
    y_true, y_score = example
    hierarchy = Hierarchy.flat(list("abcdef"))
    expected = au_prc(y_true, y_score)
    truth = pd.DataFrame(y_true, columns=list("abcdef"))[list("fedcba")]
    scores = pd.DataFrame(y_score, columns=list("abcdef"))[list("cdabfe")]
    assert au_prc(truth, scores, hierarchy=hierarchy) == expected
    assert au_prc(truth, scores) == expected
    for container in (sp.csr_array, sp.csc_matrix, sp.coo_array):
        assert au_prc(container(y_true), container(y_score)) == expected
    assert au_prc(y_true.astype(int).tolist(), y_score.tolist()) == expected


def test_inputs_are_left_alone(example):
    y_true, y_score = example
    before = y_true.copy(), y_score.copy()
    for average in ("pooled", "macro"):
        au_prc(y_true, y_score, average=average)
    assert (y_true == before[0]).all()
    assert (y_score == before[1]).all()


# -- properties ----------------------------------------------------------------------


@st.composite
def ranked(draw, tied=True):
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 4)))
    y_true = draw(hnp.arrays(bool, shape).filter(np.any))
    levels = st.integers(0, 4 if tied else 60)
    y_score = draw(hnp.arrays(float, shape, elements=levels, unique=not tied))
    return y_true, y_score


@few
@given(ranked(), st.sampled_from(["pooled", "macro", "weighted"]))
@pytest.mark.parametrize("interpolation", ["step", "davis-goadrich"])
def test_area_properties(interpolation, example, average):
    y_true, y_score = example
    options = {"average": average, "interpolation": interpolation}
    area = au_prc(y_true, y_score, **options)
    assert 0 < area <= 1
    # Only the order counts, here of values that keep their order exactly.
    assert au_prc(y_true, y_score**3 - 7, **options) == pytest.approx(area)
    assert au_prc(y_true, y_true, **options) == 1.0


@few
@given(ranked(tied=False), st.data())
@pytest.mark.parametrize("interpolation", ["step", "davis-goadrich"])
def test_a_positive_that_rises_lifts_the_area(interpolation, example, data):
    # Ties aside: a positive that joins a group of negatives can lower it.
    y_true, y_score = example
    row, node = data.draw(st.sampled_from(np.argwhere(y_true).tolist()))
    raised = y_score.copy()
    raised[row, node] += data.draw(st.integers(1, 30)) + 0.5
    before = au_prc(y_true, y_score, interpolation=interpolation)
    assert au_prc(y_true, raised, interpolation=interpolation) >= before - 1e-12


# -- nothing to measure, and bad input -----------------------------------------------


@pytest.mark.parametrize("average", ["pooled", "macro", "weighted"])
@pytest.mark.parametrize("skip_empty", [True, False])
def test_no_positive_warns_and_gives_zero(average, skip_empty):
    with pytest.warns(UndefinedMetricWarning, match="au_prc is not defined") as caught:
        area = au_prc([[0, 0]], [[1, 2]], average=average, skip_empty=skip_empty)
    assert area == 0.0
    assert caught[0].filename == __file__


def test_positives_without_weight_are_none():
    with pytest.warns(UndefinedMetricWarning, match="it is set to 0.0"):
        assert au_prc([[1], [0]], [[1], [2]], sample_weight=[0, 1]) == 0.0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"average": "makro"}, "`average` to be one of .* Did you mean 'macro'"),
        ({"interpolation": "steps"}, "one of 'step', 'davis-.*, but got 'steps'"),
        ({"y_true": [1, 0]}, r"`y_true` of shape \(n_samples, n_nodes\), .* \(2,\)"),
        ({"y_true": [[1, 2]]}, "y_true must hold only 0 and 1"),
        ({"y_true": [["a", "b"]]}, "y_true must .*HierarchicalLabelBinarizer"),
        ({"y_true": [[1, 0], [1]]}, "`y_true` with rows of one length"),
        ({"y_true": np.zeros((0, 2))}, "`y_true` with at least one row"),
        ({"y_score": [[1, np.nan]]}, "In `y_score`: .*NaN"),
        ({"y_score": [["high", 1]]}, "In `y_score`: could not convert"),
        ({"y_score": [[1, 2, 3]]}, r"y_score of shape \(n_samples, 2\), .* \(1, 3\)"),
        ({"y_score": [[1, 2]] * 2}, "`y_score` with as many rows as `y_true`"),
        ({"y_true": [[1, 0, 0]], "hierarchy": Hierarchy.flat(list("ab"))},
         "Expected y_true of shape"),
        ({"scored": [0, 1]}, r"`scored` to be a boolean mask of shape \(2,\),"),
        ({"scored": [False, False]}, "at least one scored node"),
        ({"sample_weight": [1, 2]}, r"`sample_weight` of shape \(1,\)"),
        ({"sample_weight": [-1]}, "`sample_weight` >= 0, but got -1"),
        ({"sample_weight": ["a lot"]}, "In `sample_weight`: could not convert"),
        ({"sample_weight": [0.5], "interpolation": "davis-goadrich"}, "whole numbers"),
    ],
)  # fmt: skip
def test_bad_input(changed, message):
    given = {"y_true": [[1, 0]], "y_score": [[0.2, 0.1]], **changed}
    with pytest.raises(ValueError, match=message):
        au_prc(**given)


def test_wrong_types():
    with pytest.raises(TypeError, match="`skip_empty` to be True or False"):
        au_prc([[1]], [[1]], skip_empty="no")
    with pytest.raises(TypeError, match="to be a Hierarchy, but got list"):
        au_prc([[1]], [[1]], hierarchy=[("a", "b")])


def test_columns_of_scores_must_be_nodes():
    scores = pd.DataFrame([[1, 2]], columns=["a", "x"])
    with pytest.raises(ValueError, match=r"y_score must be .*unknown: 'x'"):
        au_prc([[1, 0]], scores, hierarchy=Hierarchy.flat(list("ab")))

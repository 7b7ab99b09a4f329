"""CAFA's measures: an ontology of four terms worked by hand, and loops."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import (
    coverage_score,
    fmax_score,
    information_accretion,
    smin_score,
    weighted_fmax_score,
)
from tests._strategies import closed_labels, few, hierarchies

# r above a and b, c below both; r is no term to find.
DIAMOND = Hierarchy.from_edges(
    [("r", "a"), ("r", "b"), ("a", "c"), ("b", "c")], unscored=["r"]
)
INFORMATION = [0.0, 1.0, 2.0, 3.0]
Y_TRUE = np.array([[1, 1, 0, 0], [1, 1, 1, 1]])
Y_SCORE = np.array([[0.9, 0.8, 0.3, 0.3], [0.9, 0.6, 0.6, 0.2]])

# By threshold t, the predicted terms of row 1 (true: a) and of row 2 (true: a, b, c):
#   t <= 0.2        a b c | a b c
#   0.2 < t <= 0.3  a b c | a b
#   0.3 < t <= 0.6  a     | a b
#   0.6 < t <= 0.8  a     | none
FMAX = {
    0.1: 4 / 5,  # pr (1/3 + 1) / 2 = 2/3, rc 1
    0.3: 20 / 27,  # pr 2/3, rc (1 + 2/3) / 2 = 5/6
    0.5: 10 / 11,  # pr 1, rc 5/6
    0.7: 2 / 3,  # pr 1 over row 1 alone, rc (1 + 0) / 2
    0.95: 0.0,  # nothing is predicted
}
WEIGHTED = {
    0.1: 14 / 19,  # pr (1/6 + 6/6) / 2 = 7/12, rc 1
    0.3: 21 / 32,  # pr (1/6 + 3/3) / 2 = 7/12, rc (1 + 3/6) / 2 = 3/4
    0.5: 6 / 7,  # pr 1, rc 3/4
    0.7: 2 / 3,  # pr 1, rc 1/2
    0.95: 0.0,
}
SMIN = {
    0.1: 2.5,  # ru 0, mi (2 + 3) / 2
    0.3: np.hypot(1.5, 2.5),  # ru 3 / 2, mi 5 / 2
    0.5: 1.5,  # ru 3 / 2, mi 0
    0.7: 3.0,  # ru (1 + 2 + 3) / 2, mi 0
    0.95: 3.5,  # ru (1 + 6) / 2, mi 0
}


@pytest.mark.parametrize("threshold", FMAX)
def test_hand_worked_at_one_threshold(threshold):
    options = {"hierarchy": DIAMOND, "thresholds": [threshold]}
    fmax = fmax_score(Y_TRUE, Y_SCORE, **options)
    assert fmax == pytest.approx(FMAX[threshold])
    weighted = weighted_fmax_score(Y_TRUE, Y_SCORE, INFORMATION, **options)
    assert weighted == pytest.approx(WEIGHTED[threshold])
    smin = smin_score(Y_TRUE, Y_SCORE, INFORMATION, **options)
    assert smin == pytest.approx(SMIN[threshold])


@pytest.mark.parametrize(
    ("threshold", "share"), [(0.2, 1), (0.6, 1), (0.7, 0.5), (0.85, 0)]
)
def test_coverage_is_the_share_of_rows_with_a_prediction(threshold, share):
    options = {"hierarchy": DIAMOND, "threshold": threshold}
    # A prediction of r, at 0.9, is none.
    assert coverage_score(Y_TRUE, Y_SCORE, **options) == share
    # Rows without truth do not count, whatever is predicted there.
    more = np.vstack([Y_TRUE, [1, 0, 0, 0]]), np.vstack([Y_SCORE, np.ones(4)])
    assert coverage_score(*more, **options) == share


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_hand_worked_over_thresholds(dtype):
    # 0.3, 0.6 and 0.8 lie on the default grid: "at least" is what counts, in both.
    y_score = Y_SCORE.astype(dtype)
    assert fmax_score(Y_TRUE, y_score, hierarchy=DIAMOND) == pytest.approx(10 / 11)
    on_grid = {"hierarchy": DIAMOND, "thresholds": [0.6]}
    assert fmax_score(Y_TRUE, y_score, **on_grid) == pytest.approx(10 / 11)
    weighted = weighted_fmax_score(Y_TRUE, y_score, INFORMATION, hierarchy=DIAMOND)
    assert weighted == pytest.approx(6 / 7)
    smin = smin_score(Y_TRUE, y_score, INFORMATION, hierarchy=DIAMOND)
    assert smin == pytest.approx(1.5)


def test_rows_without_truth_do_not_count():
    y_true = np.vstack([Y_TRUE, [[0, 0, 0, 0], [1, 0, 0, 0]]])
    y_score = np.vstack([Y_SCORE, [[0.9, 0.9, 0.9, 0.9]] * 2])
    assert fmax_score(y_true, y_score, hierarchy=DIAMOND) == pytest.approx(10 / 11)
    smin = smin_score(y_true, y_score, INFORMATION, hierarchy=DIAMOND)
    assert smin == pytest.approx(1.5)


def test_rows_without_information_do_not_count():
    # a is worth nothing, so that row 1 has nothing to find; row 2 has b and c.
    # t <= 0.2: pr 1, rc 1.
    information = [0, 0, 2, 3]
    score = weighted_fmax_score(Y_TRUE, Y_SCORE, information, hierarchy=DIAMOND)
    assert score == pytest.approx(1.0)


# -- loops, containers, properties ---------------------------------------------------


def slowly(y_true, y_score, information, thresholds):
    """Fmax, weighted Fmax and Smin of one namespace with sets of nodes."""
    best = {"f": 0.0, "w": 0.0, "s": np.inf}
    rows = [row for row in range(len(y_true)) if y_true[row].any()]

    def f1(value):
        pairs = []
        for row in rows:
            truth = set(np.flatnonzero(y_true[row]).tolist())
            predicted = set(np.flatnonzero(y_score[row] >= threshold).tolist())
            pairs.append([value(x) for x in (truth & predicted, predicted, truth)])
        precision = [hit / below for hit, below, _ in pairs if below]
        recall = np.mean([hit / below for hit, _, below in pairs])
        if not precision or not recall:
            return 0.0
        precision = np.mean(precision)
        return 2 * precision * recall / (precision + recall)

    for threshold in thresholds:
        best["f"] = max(best["f"], f1(len))
        best["w"] = max(best["w"], f1(lambda x: sum(information[i] for i in x)))
        predicted = y_score >= threshold
        missed = ((y_true & ~predicted) @ information)[rows].mean()
        made_up = ((~y_true & predicted) @ information)[rows].mean()
        best["s"] = min(best["s"], np.sqrt(missed**2 + made_up**2))
    return best


def test_against_loops(rng, monkeypatch):
    y_true = rng.random((50, 9)) < 0.15
    y_score = rng.random((50, 9)) * 0.8 + 0.2 * y_true
    information = rng.random(9) + 0.1
    expected = slowly(y_true, y_score, information, np.arange(1, 101) / 100)
    # In one block of rows, and in many.
    for step in (10_000, 7):
        monkeypatch.setattr("sklearn_hmlc.metrics._inputs._BLOCK_CELLS", step * 9)
        assert fmax_score(y_true, y_score) == pytest.approx(expected["f"])
        weighted = weighted_fmax_score(y_true, y_score, information)
        assert weighted == pytest.approx(expected["w"])
        smin = smin_score(y_true, y_score, information)
        assert smin == pytest.approx(expected["s"])


def test_containers_agree():
    names = list("rabc")
    truth = pd.DataFrame(Y_TRUE, columns=names)[list("cbar")]
    scores = pd.DataFrame(Y_SCORE, columns=names)[list("brac")]
    for y_true, y_score in (
        (truth, scores),
        (sp.csr_array(Y_TRUE), sp.csc_array(Y_SCORE)),
        (Y_TRUE.tolist(), Y_SCORE.tolist()),
    ):
        score = fmax_score(y_true, y_score, hierarchy=DIAMOND)
        assert score == pytest.approx(10 / 11)


# Nodes below several unscored roots, which are drawn too.
@pytest.mark.filterwarnings("ignore:.* below several namespaces' tops:UserWarning")
@few
@given(hierarchies(min_nodes=2), st.data())
def test_perfect_scores(hierarchy, data):
    labels = data.draw(closed_labels(hierarchy, min_rows=1))
    if not labels[:, hierarchy.scored].any():
        return
    information = information_accretion(labels, hierarchy)
    assert (information >= 0).all()
    assert fmax_score(labels, labels, hierarchy=hierarchy) == pytest.approx(1)
    smin = smin_score(labels, labels, information, hierarchy=hierarchy)
    assert smin == pytest.approx(0, abs=1e-12)
    ones = np.ones(len(hierarchy))
    score = fmax_score(labels, labels * 0.5, hierarchy=hierarchy)
    assert weighted_fmax_score(
        labels, labels * 0.5, ones, hierarchy=hierarchy
    ) == pytest.approx(score)


# -- information accretion -----------------------------------------------------------


def test_information_by_hand():
    # 8 rows. r in all; a in rows 0-3, b in rows 2-5, c in row 3.
    # ia(r) = log2(8/8) = 0, ia(a) = ia(b) = log2(8/4) = 1; a and b come together in
    # rows 2 and 3, so that ia(c) = log2(2/1) = 1.
    labels = np.zeros((8, 4), dtype=int)
    labels[:, 0] = 1
    labels[:4, 1] = 1
    labels[2:6, 2] = 1
    labels[3, 3] = 1
    assert information_accretion(labels, DIAMOND).tolist() == [0, 1, 1, 1]
    frame = pd.DataFrame(labels, columns=list("rabc"))[list("cbar")]
    named = information_accretion(frame, DIAMOND)
    assert named.to_dict() == {"c": 1, "b": 1, "a": 1, "r": 0}
    assert named.index.tolist() == list("cbar")


def test_information_of_roots_and_of_unseen_nodes():
    # A root is compared with all rows: log2(4/1). A node without rows has 0.
    hierarchy = Hierarchy.from_edges([("x", "y")])
    labels = [[1, 0], [0, 0], [0, 0], [0, 0]]
    assert information_accretion(labels, hierarchy).tolist() == [2, 0]


@few
@given(hierarchies(), st.data())
def test_information_against_loops(hierarchy, data):
    labels = data.draw(closed_labels(hierarchy, min_rows=1))
    information = information_accretion(labels, hierarchy)
    for position, node in enumerate(hierarchy.nodes):
        above = [hierarchy.index(parent) for parent in hierarchy.parents(node)]
        condition = labels[:, above].all(axis=1)
        having = labels[:, position].sum()
        expected = np.log2(condition.sum() / having) if having else 0
        assert information[position] == pytest.approx(expected)


# -- bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_true": np.zeros((2, 4))}, "a row with a true node in some namespace"),
        ({"y_true": [[1, 0, 0, 0]] * 2}, "a row with a true node in some namespace"),
        ({"average": "micro"}, "`average` to be one of 'macro', None"),
        ({"thresholds": [0.5, 0.1]}, "`thresholds` to be ascending finite numbers"),
        ({"thresholds": []}, "`thresholds` to be ascending"),
        ({"thresholds": 0.5}, "`thresholds` to be ascending"),
        ({"thresholds": ["high"]}, "`thresholds` to be ascending"),
        ({"namespaces": ["q"]}, "`namespaces` to be a list of nodes.*: 'q'"),
        ({"namespaces": "ab"}, "`namespaces` to be a list of nodes"),
        ({"namespaces": 3}, "`namespaces` to be a list of nodes"),
        ({"namespaces": []}, "`namespaces` to be a list of nodes"),
        ({"y_score": Y_SCORE[:1]}, "`y_score` with as many rows"),
        ({"y_score": np.full((2, 4), np.inf)}, "In `y_score`: .*infinity"),
        ({"information": [1, 2]}, r"`information` of 4 finite numbers, .* \(2,\)"),
        ({"information": None}, "`information` of 4 finite numbers"),
        ({"information": [1, 2, 3, -1]}, "none below 0"),
        ({"information": [0, 0, 0, 0]}, "with information above 0"),
    ],
)
def test_bad_input(changed, message):
    given = {
        "y_true": Y_TRUE,
        "y_score": Y_SCORE,
        "hierarchy": DIAMOND,
        "information": INFORMATION,
        **changed,
    }
    with pytest.raises(ValueError, match=message):
        weighted_fmax_score(**given)


def test_information_needs_closed_labels_of_rows():
    with pytest.raises(ValueError, match="Close it first"):
        information_accretion([[0, 1, 0, 0]], DIAMOND)
    with pytest.raises(ValueError, match="`y_train` with at least one row"):
        information_accretion(np.zeros((0, 4)), DIAMOND)
    with pytest.raises(TypeError, match="`hierarchy` to be a Hierarchy"):
        information_accretion([[0, 1, 0, 0]], None)


@pytest.mark.parametrize("threshold", ["x", None, 0, -1, np.nan, np.inf, [0.5]])
def test_bad_thresholds_of_coverage(threshold):
    with pytest.raises(ValueError, match="`threshold` to be a finite number above 0"):
        coverage_score(Y_TRUE, Y_SCORE, threshold=threshold)

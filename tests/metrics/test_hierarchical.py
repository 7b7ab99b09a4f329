"""Kiritchenko's measures and coherence, worked by hand and against loops."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import (
    coherence_violations,
    hierarchical_precision_recall_f1,
    node_precision_recall_f1,
)
from tests._strategies import any_labels, closed_labels, few, hierarchies

DIAMOND = Hierarchy.from_edges(
    [("r", "a"), ("r", "b"), ("a", "c"), ("b", "c")], unscored=["r"]
)


def test_hand_worked():
    # Without r. Row 1: true {c} -> {a, b, c}, predicted {a} -> {a}: 1 of 1, 1 of 3.
    # Row 2: true {b} -> {b}, predicted {c} -> {a, b, c}: 1 of 3, 1 of 1.
    # Row 3: true {a} -> {a}, predicted nothing: 0 of 0, 0 of 1.
    y_true = [[0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]
    y_pred = [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    # Sums: 2 hits of 4 predicted and of 5 true; F1 = 2 * 2 / (4 + 5).
    micro = hierarchical_precision_recall_f1(y_true, y_pred, hierarchy=DIAMOND)
    assert micro == pytest.approx((2 / 4, 2 / 5, 4 / 9))
    # Rows: precision 1, 1/3, 0; recall 1/3, 1, 0; F1 1/2, 1/2, 0.
    samples = hierarchical_precision_recall_f1(
        y_true, y_pred, hierarchy=DIAMOND, average="samples"
    )
    assert samples == pytest.approx((4 / 9, 4 / 9, 1 / 3))
    # Row 3 has no precision.
    samples = hierarchical_precision_recall_f1(
        y_true, y_pred, hierarchy=DIAMOND, average="samples", zero_division=1.0
    )
    assert samples == pytest.approx((7 / 9, 4 / 9, 1 / 3))


@few
@given(hierarchies(unscored=False), st.data())
def test_closed_labels_give_the_micro_average(hierarchy, data):
    y_true = data.draw(closed_labels(hierarchy, min_rows=3, max_rows=3))
    y_pred = data.draw(any_labels(hierarchy, min_rows=3, max_rows=3))
    scores = hierarchical_precision_recall_f1(y_true, y_pred, hierarchy=hierarchy)
    closed = hierarchy.close(y_pred)
    expected = node_precision_recall_f1(y_true, closed, average="micro")
    assert scores == pytest.approx(expected)
    for container in (sp.csr_array, sp.csc_matrix):
        assert scores == hierarchical_precision_recall_f1(
            container(y_true), container(y_pred), hierarchy=hierarchy
        )


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"hierarchy": None}, TypeError, "to be a Hierarchy, but got NoneType"),
        ({"average": "macro"}, ValueError, "one of 'micro', 'samples'"),
        ({"zero_division": 3}, ValueError, "`zero_division` to be in"),
        ({"y_pred": [[1, 0]]}, ValueError, "Expected y_pred of shape"),
        ({"y_pred": [[1, 0, 0, 0]] * 2}, ValueError, "`y_pred` with as many rows"),
    ],
)
def test_bad_input(changed, error, message):
    row = [[1, 0, 0, 0]]
    given = {"y_true": row, "y_pred": row, "hierarchy": DIAMOND, **changed}
    with pytest.raises(error, match=message):
        hierarchical_precision_recall_f1(**given)


# -- coherence -----------------------------------------------------------------------


def test_violations_by_hand():
    # Row 1: a < c and b < c. Row 2: r < b. Row 3: none.
    scores = np.array([[0.9, 0.5, 0.4, 0.6], [0.3, 0.2, 0.4, 0.1], [0.5] * 4])
    assert coherence_violations(scores, DIAMOND) == 3
    # c is 0.1 above a, 0.2 above b; b is 0.1 above r.
    assert coherence_violations(scores, DIAMOND, tolerance=0.15) == 1
    assert coherence_violations(scores, DIAMOND, tolerance=1) == 0
    frame = pd.DataFrame(scores, columns=list("rabc"))[list("cbar")]
    assert coherence_violations(frame, DIAMOND) == 3


@few
@given(hierarchies(), st.data())
def test_violations_are_missing_parents(hierarchy, data):
    labels = data.draw(any_labels(hierarchy, min_rows=1))
    expected = sum(
        labels[row, child] and not labels[row, parent]
        for row in range(len(labels))
        for parent, child in hierarchy.edges.tolist()
    )
    assert coherence_violations(labels, hierarchy) == expected
    assert coherence_violations(sp.csr_array(labels), hierarchy) == expected
    assert coherence_violations(hierarchy.close(labels), hierarchy) == 0


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"hierarchy": 3}, TypeError, "to be a Hierarchy, but got int"),
        ({"tolerance": -1}, ValueError, "`tolerance` to be a number of at least 0"),
        ({"tolerance": "no"}, ValueError, "`tolerance` to be a number .* 'no'"),
        ({"y": [[1, 2]]}, ValueError, "Expected y of shape"),
        ({"y": [[1, 2, 3, np.nan]]}, ValueError, "In `y`: .*NaN"),
    ],
)
def test_bad_scores(changed, error, message):
    given = {"y": [[1, 0, 0, 0]], "hierarchy": DIAMOND, **changed}
    with pytest.raises(error, match=message):
        coherence_violations(**given)

"""Measures of imbalance against hand-worked numbers and loops over definitions."""

import math
import statistics

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import assume, given

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.over_sampling import cvir, irlbl, mean_ir, scumble

from .strategies import labelled

MEASURES = [irlbl, mean_ir, cvir, scumble]
each_measure = pytest.mark.parametrize("measure", MEASURES)

TREE = Hierarchy.from_codes(["a/1", "a/2", "b"], root="root")
# Rows: a/1 | a/1 | a/1 | a/2, b | a (ends above the leaves) | b. Of 6 rows, root 6,
# a 5, a/1 3, a/2 1, b 2; paths that end: a 1, a/1 3, a/2 1, b 2.
ROWS = [("a/1",), ("a/1",), ("a/1",), ("a/2", "b"), ("a",), ("b",)]
Y = TREE.close(np.array([[node in row for node in TREE.nodes] for row in ROWS], int))


def by_name(values):
    return dict(zip(TREE.nodes, np.asarray(values).tolist(), strict=True))


def test_hand_worked_by_node():
    ratios = by_name(irlbl(Y, TREE))
    assert ratios.pop("root") == pytest.approx(5 / 6)  # unscored: not the maximum
    assert ratios == pytest.approx({"a": 1, "a/1": 5 / 3, "a/2": 5, "b": 2.5})
    mean = (1 + 5 / 3 + 5 + 2.5) / 4
    assert mean_ir(Y, TREE) == pytest.approx(mean)
    spread = statistics.stdev([1, 5 / 3, 5, 2.5])
    assert cvir(Y, TREE) == pytest.approx(spread / mean)
    in_a1 = 1 - math.sqrt(5 / 3) / (4 / 3)
    in_a2_b = 1 - (5 * 2.5) ** (1 / 3) / (8.5 / 3)
    assert scumble(Y, TREE) == pytest.approx((3 * in_a1 + in_a2_b) / 6)


def test_hand_worked_by_path():
    ratios = by_name(irlbl(Y, TREE, per_path=True))
    assert ratios == {"root": np.inf, "a": 3, "a/1": 1, "a/2": 3, "b": 1.5}
    assert mean_ir(Y, TREE, per_path=True) == pytest.approx(8.5 / 4)
    spread = statistics.stdev([3, 1, 3, 1.5])
    assert cvir(Y, TREE, per_path=True) == pytest.approx(spread * 4 / 8.5)
    in_a2_b = 1 - math.sqrt(4.5) / 2.25
    assert scumble(Y, TREE, per_path=True) == pytest.approx(in_a2_b / 6)


def loop_over_definitions(Y):
    """All four, by the formulas; Y flat and dense, every node on some row."""
    counts = [sum(column) for column in Y.T.tolist()]
    ratios = [max(counts) / n for n in counts]
    mean = sum(ratios) / len(ratios)
    variance = sum((r - mean) ** 2 for r in ratios) / (len(ratios) - 1)
    rows = []
    for row in Y.tolist():
        own = [ratios[i] for i, label in enumerate(row) if label]
        if own:
            rows.append(1 - math.prod(own) ** (1 / len(own)) / (sum(own) / len(own)))
    return ratios, mean, math.sqrt(variance) / mean, sum(rows) / len(Y)


@given(labelled())
def test_definitions_on_flat_labels(data):
    _, Y = data
    assume(np.all(Y.any(axis=0)))
    for measure, expected in zip(MEASURES, loop_over_definitions(Y), strict=True):
        np.testing.assert_allclose(measure(Y), expected, atol=1e-12)


@given(labelled())
def test_paths_are_the_most_specific_nodes(data):
    hierarchy, Y = data
    ends = hierarchy.most_specific(Y)
    assume(ends.any())
    for measure in MEASURES:
        by_path = measure(Y, hierarchy, per_path=True)
        np.testing.assert_allclose(by_path, measure(ends), atol=1e-12)


@each_measure
@pytest.mark.parametrize(
    "container",
    [
        list,
        sp.csr_matrix,
        sp.coo_array,
        lambda Y: pd.DataFrame(Y, columns=TREE.nodes).iloc[:, ::-1],
    ],
    ids=["list", "csr_matrix", "coo_array", "DataFrame"],
)
def test_containers(measure, container):
    np.testing.assert_allclose(measure(container(Y), TREE), measure(Y, TREE))


def test_extremes():
    assert cvir([[1, 0], [1, 0]]) == 0  # one node with rows
    assert mean_ir(np.eye(4)) == 1
    assert cvir(np.eye(4)) == 0
    assert scumble(np.eye(4)) == 0
    assert scumble([[1, 1], [0, 0]]) == 0  # both as frequent; a row without labels


@each_measure
def test_bad_input_is_refused(measure):
    with pytest.raises(ValueError, match=r"per_path=True needs the hierarchy"):
        measure(Y, per_path=True)
    with pytest.raises(ValueError, match="at least one scored node"):
        measure(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="but not its parent"):
        measure(np.eye(5), TREE)
    with pytest.raises(ValueError, match="must hold only 0 and 1"):
        measure([[np.nan, 1]])
    with pytest.raises(ValueError, match="Expected `Y` of shape"):
        measure([1, 0, 1])

"""`node_precision_recall_f1` against scikit-learn, counts by hand and the golden."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import precision_recall_fscore_support

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import node_precision_recall_f1
from tests._strategies import few


@pytest.fixture
def example(rng):
    """Nodes of all kinds: empty, never predicted, neither."""
    y_true = rng.random((30, 7)) < 0.3
    y_pred = rng.random((30, 7)) < 0.4
    y_true[:, [2, 4]] = False
    y_pred[:, [3, 4]] = False
    return y_true, y_pred


def test_golden(golden_file):
    golden = np.load(golden_file)
    scores = node_precision_recall_f1(golden["metric_y_true"], golden["metric_y_pred"])
    for field in ("precision", "recall", "f1"):
        expected = float(golden[f"macro_{field}"])
        assert getattr(scores, field) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("zero_division", [0.0, 1.0])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
@pytest.mark.parametrize("weighted", [False, True])
def test_same_as_sklearn(example, rng, average, zero_division, weighted):
    y_true, y_pred = example
    options = {
        "average": average,
        "zero_division": zero_division,
        "sample_weight": rng.random(30) if weighted else None,
    }
    expected = precision_recall_fscore_support(y_true, y_pred, **options)[:3]
    scores = node_precision_recall_f1(y_true, y_pred, **options)
    for found, value in zip(scores, expected, strict=True):
        assert_allclose(found, value)


def test_zero_division_between():
    # Node 0: never predicted, so no precision. Node 1: no positive, so no recall.
    scores = node_precision_recall_f1(
        [[1, 0]], [[0, 1]], average=None, zero_division=0.5
    )
    assert scores.precision.tolist() == [0.5, 0.0]
    assert scores.recall.tolist() == [0.0, 0.5]
    assert scores.f1.tolist() == [0.0, 0.0]


def test_present_only(example):
    y_true, y_pred = example
    present = y_true.any(axis=0)
    expected = node_precision_recall_f1(y_true[:, present], y_pred[:, present])
    assert node_precision_recall_f1(y_true, y_pred, present_only=True) == expected
    by_node = node_precision_recall_f1(y_true, y_pred, present_only=True, average=None)
    assert len(by_node.recall) == present.sum()


def test_only_scored_nodes_count(example):
    y_true, y_pred = example
    hierarchy = Hierarchy(range(7), [(0, 1)], unscored=[0])
    expected = node_precision_recall_f1(y_true[:, 1:], y_pred[:, 1:])
    assert node_precision_recall_f1(y_true, y_pred, hierarchy=hierarchy) == expected
    mask = np.arange(7) > 0
    assert node_precision_recall_f1(y_true, y_pred, scored=mask) == expected


def test_containers_agree(example):
    y_true, y_pred = example
    expected = node_precision_recall_f1(y_true, y_pred)
    frame = pd.DataFrame(y_true, columns=list("abcdefg"))
    other = pd.DataFrame(y_pred, columns=list("abcdefg"))[list("gfedcba")]
    assert node_precision_recall_f1(frame, other) == expected
    for container in (sp.csr_array, sp.csc_matrix):
        assert node_precision_recall_f1(container(y_true), y_pred) == expected
        assert node_precision_recall_f1(y_true, container(y_pred)) == expected


@few
@given(
    st.tuples(st.integers(1, 6), st.integers(1, 4)).flatmap(
        lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(bool, shape))
    )
)
def test_precision_and_recall_change_places(pair):
    y_true, y_pred = pair
    scores = node_precision_recall_f1(y_true, y_pred, average=None)
    turned = node_precision_recall_f1(y_pred, y_true, average=None)
    assert_allclose(scores.precision, turned.recall)
    assert_allclose(scores.f1, turned.f1)
    assert ((scores.f1 >= 0) & (scores.f1 <= 1)).all()


@pytest.mark.parametrize(
    "options", [{"average": "weighted"}, {"average": "macro", "present_only": True}]
)
def test_nothing_to_average_warns(options):
    with pytest.warns(UndefinedMetricWarning, match="is not defined") as caught:
        scores = node_precision_recall_f1(
            [[0, 0]], [[1, 0]], zero_division=1.0, **options
        )
    assert scores == (1.0, 1.0, 1.0)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"average": "samples"}, ValueError, "one of 'macro', 'micro', 'weighted'"),
        ({"zero_division": 2}, ValueError, r"`zero_division` to be in \[0, 1\], .* 2"),
        ({"zero_division": np.nan}, ValueError, "but got nan"),
        ({"zero_division": "warn"}, TypeError, "to be a number, but got 'warn'"),
        ({"present_only": "no"}, TypeError, "`present_only` to be True or False"),
        ({"y_pred": [[0.5, 1]]}, ValueError, "y_pred must hold only 0 and 1"),
        ({"y_pred": [[1, 1, 1]]}, ValueError, "Expected y_pred of shape"),
        ({"y_pred": [[1, 1]] * 3}, ValueError, "`y_pred` with as many rows"),
    ],
)  # fmt: skip
def test_bad_input(changed, error, message):
    given = {"y_true": [[1, 0]], "y_pred": [[1, 0]], **changed}
    with pytest.raises(error, match=message):
        node_precision_recall_f1(**given)

"""Weights of rows: what they mean is the same in every measure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_hmlc import Hierarchy, metrics
from tests._strategies import few

HIERARCHY = Hierarchy.from_edges(
    [("r", "a"), ("r", "b"), ("a", "c"), ("b", "d")], unscored=["r"]
)
INFORMATION = [0.0, 1.0, 2.0, 3.0, 4.0]
KNOWN = {"hierarchy": HIERARCHY}


def au_prc(**options):
    return lambda y, _, s, w: metrics.au_prc(y, s, sample_weight=w, **KNOWN, **options)


def nodewise(**options):
    return lambda y, p, _, w: metrics.node_precision_recall_f1(
        y, p, sample_weight=w, **KNOWN, **options
    )


def hierarchical(average):
    return lambda y, p, _, w: metrics.hierarchical_precision_recall_f1(
        y, p, sample_weight=w, average=average, **KNOWN
    )


def cafa(measure, *information):
    return lambda y, _, s, w: measure(y, s, *information, sample_weight=w, **KNOWN)


WHOLE = {
    f"davis-goadrich {average}": au_prc(average=average, interpolation="davis-goadrich")
    for average in ("pooled", "macro", "weighted", None)
}
MEASURES = {
    **{
        f"au_prc {average}": au_prc(average=average)
        for average in ("pooled", "macro", "weighted", None)
    },
    "pooled_pr_curve": lambda y, _, s, w: np.concatenate(
        metrics.pooled_pr_curve(y, s, sample_weight=w, **KNOWN)[:3]
    ),
    **{
        f"nodes {average}": nodewise(average=average)
        for average in ("macro", "micro", "weighted", None)
    },
    "nodes present": nodewise(present_only=True),
    **{f"hierarchical {name}": hierarchical(name) for name in ("micro", "samples")},
    "coverage": cafa(metrics.coverage_score),
    "fmax": cafa(metrics.fmax_score),
    "weighted fmax": cafa(metrics.weighted_fmax_score, INFORMATION),
    "smin": cafa(metrics.smin_score, INFORMATION),
}


@st.composite
def rows(draw):
    """Truth with a positive in a row that counts, labels, scores, whole weights."""
    shape = draw(st.tuples(st.integers(2, 7), st.just(5)))
    truth = HIERARCHY.close(draw(hnp.arrays(bool, shape)))
    scores = draw(hnp.arrays(float, shape, elements=st.integers(0, 4))) / 4
    weights = draw(hnp.arrays(int, shape[0], elements=st.integers(0, 3)))
    row, node = draw(st.integers(0, shape[0] - 1)), draw(st.integers(1, 4))
    truth[row, node] = True
    weights[row] += 1
    return HIERARCHY.close(truth), scores > 0.4, scores, weights


@few
@given(rows())
@pytest.mark.parametrize("name", [*MEASURES, *WHOLE])
def test_whole_weights_repeat_rows(name, example):
    measure = {**MEASURES, **WHOLE}[name]
    *arrays, weights = example
    repeated = [np.repeat(values, weights, axis=0) for values in arrays]
    found, expected = measure(*arrays, weights), measure(*repeated, None)
    np.testing.assert_allclose(found, expected)


@few
@given(rows())
@pytest.mark.parametrize("name", [*MEASURES, *WHOLE])
def test_rows_of_no_weight_are_absent(name, example):
    measure = {**MEASURES, **WHOLE}[name]
    *arrays, weights = example
    some = weights > 0
    kept = measure(*(values[some] for values in arrays), weights[some])
    # Bit for bit: what they hold is not even looked at.
    np.testing.assert_array_equal(measure(*arrays, weights), kept)
    arrays[2] = np.where(some[:, np.newaxis], arrays[2], 0.75)
    np.testing.assert_array_equal(measure(*arrays, weights), kept)


@pytest.mark.parametrize("factor", [1e308, 1e-308, 0.37])
@pytest.mark.parametrize("name", MEASURES)
def test_only_their_ratios_count(name, factor, rng):
    truth = HIERARCHY.close(rng.random((30, 5)) < 0.2)
    scores = rng.random((30, 5))
    weights = rng.choice([0.25, 0.5, 1.0], 30)
    measure = MEASURES[name]
    expected = measure(truth, scores > 0.4, scores, weights)
    found = measure(truth, scores > 0.4, scores, weights * factor)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("name", [*MEASURES, *WHOLE])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0, 0], "at least one row above 0"),
        ([1, -1], "`sample_weight` >= 0, but got -1"),
        ([1, np.inf], "In `sample_weight`: .*infinity"),
        ([1], r"`sample_weight` of shape \(2,\), one per row"),
    ],
)
def test_bad_weights(name, weights, message):
    ones = np.ones((2, 5))
    with pytest.raises(ValueError, match=message):
        {**MEASURES, **WHOLE}[name](ones, ones, ones, weights)


@pytest.mark.parametrize(
    ("weights", "message"),
    [([1, 1.5], "whole numbers.* got 1.5"), ([1, 1e308], "smaller numbers.* 1e.308")],
)
@pytest.mark.parametrize("name", WHOLE)
def test_weights_that_repeat_no_rows(name, weights, message):
    ones = np.ones((2, 5))
    with pytest.raises(ValueError, match=message):
        WHOLE[name](ones, ones, ones, weights)


def test_weighted_area_in_blocks(rng, monkeypatch):
    truth, scores = rng.random((50, 5)) < 0.3, rng.random((50, 5)).round(1)
    weights = rng.random(50)
    expected = metrics.au_prc(truth, scores, sample_weight=weights)
    whole = au_prc(interpolation="davis-goadrich")
    steps = whole(truth, None, scores, np.arange(50))
    monkeypatch.setattr("sklearn_hmlc.metrics._curves._BLOCK_CELLS", 3)
    found = metrics.au_prc(truth, scores, sample_weight=weights)
    assert found == pytest.approx(expected)
    assert whole(truth, None, scores, np.arange(50)) == pytest.approx(steps)


def test_a_node_in_one_row_is_present():
    # c is in one row, d in none.
    truth = [[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]]
    labels = [[1, 1, 1, 0, 1], [1, 1, 1, 0, 0]]
    for weights in (None, [0.5, 3.0], [1e-3, 1.0]):
        found = metrics.node_precision_recall_f1(
            truth,
            labels,
            present_only=True,
            average=None,
            sample_weight=weights,
            **KNOWN,
        )
        assert found.recall.tolist() == [1, 1, 0]
    report = metrics.rarity_report(
        truth, labels, train_counts=[9, 5, 5, 1, 1], present_only=True, **KNOWN
    )
    assert report.n_nodes.tolist() == [1, 2]
    assert report.loc["1-4"].tolist() == [1, 1, 1, 1, 0, 0, 0]

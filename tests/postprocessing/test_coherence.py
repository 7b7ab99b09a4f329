"""Coherent scores against loops over the closure and a general optimiser."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import minimize

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.postprocessing import make_coherent
from tests import _reference as reference
from tests import _strategies as strategies

METHODS = ["max", "min", "mean", "isotonic"]


@st.composite
def cases(draw, dtype=np.float64):
    hierarchy = draw(strategies.hierarchies(max_nodes=8))
    shape = (draw(st.integers(0, 3)), hierarchy.n_nodes)
    width = np.dtype(dtype).itemsize * 8
    elements = st.floats(0, 1, width=width, allow_subnormal=False)
    return hierarchy, draw(hnp.arrays(dtype, shape, elements=elements))


def is_coherent(scores, hierarchy):
    parents, children = hierarchy.edges.T
    return (scores[:, parents] >= scores[:, children]).all()


@given(cases(np.float32), st.sampled_from(METHODS))
def test_coherent_to_the_bit_and_of_the_same_kind(case, method):
    hierarchy, scores = case
    result = make_coherent(scores, hierarchy, method)
    assert is_coherent(result, hierarchy)
    assert result.dtype == scores.dtype
    assert result.shape == scores.shape
    again = make_coherent(result, hierarchy, method)
    np.testing.assert_array_equal(again, result)


@given(cases())
def test_max_and_min_are_those_over_the_closure(case):
    hierarchy, scores = case
    reach = reference.reach_of(hierarchy)
    for i in range(hierarchy.n_nodes):
        high = scores[:, reach[i]].max(axis=1)
        low = scores[:, reach[:, i]].min(axis=1)
        assert np.array_equal(make_coherent(scores, hierarchy)[:, i], high)
        assert np.array_equal(make_coherent(scores, hierarchy, "min")[:, i], low)
        mean = make_coherent(scores, hierarchy, "mean")[:, i]
        np.testing.assert_allclose(mean, (high + low) / 2)


@given(cases())
def test_no_coherent_scores_have_a_smaller_largest_change(case):
    # A child above its (grand)parent: one of both moves by half of the difference.
    hierarchy, scores = case
    reach = reference.reach_of(hierarchy)
    changed = np.abs(make_coherent(scores, hierarchy, "mean") - scores)
    for row, change in zip(scores, changed, strict=True):
        excess = np.where(reach, row[np.newaxis] - row[:, np.newaxis], 0).max()
        assert change.max() == pytest.approx(max(excess, 0) / 2)


def projection(scores, hierarchy):
    """Least squares by a general optimiser."""
    parents, children = hierarchy.edges.T
    constraint = {
        "type": "ineq",
        "fun": lambda x: x[parents] - x[children],
        "jac": lambda x: np.eye(len(x))[parents] - np.eye(len(x))[children],
    }
    return minimize(
        lambda x: np.square(x - scores).sum(),
        np.full(len(scores), scores.mean()),
        jac=lambda x: 2 * (x - scores),
        constraints=[constraint] if len(parents) else [],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    ).x


@settings(max_examples=50)
@given(cases())
def test_isotonic_is_the_projection(case):
    hierarchy, scores = case
    result = make_coherent(scores, hierarchy, "isotonic")
    for row, expected in zip(result, scores, strict=True):
        np.testing.assert_allclose(row, projection(expected, hierarchy), atol=1e-5)
    np.testing.assert_allclose(result.mean(1), scores.mean(1), atol=1e-7)


@pytest.mark.parametrize("kind", ["tree", "dag"])
def test_isotonic_on_larger_hierarchies(kind):
    hierarchy = make_hierarchical_multilabel(5, 2, 40, kind=kind, random_state=0)[2]
    scores = np.random.default_rng(0).random((3, 40))
    result = make_coherent(scores, hierarchy, "isotonic")
    for row, expected in zip(result, scores, strict=True):
        np.testing.assert_allclose(row, projection(expected, hierarchy), atol=1e-5)


def test_isotonic_of_the_smallest_numbers():
    pair = Hierarchy.from_edges([("a", "b")])
    got = make_coherent([[0.0, 1e-310]], pair, "isotonic")
    np.testing.assert_allclose(got, [[5e-311, 5e-311]], rtol=1e-6, atol=0)


def test_logits_and_lists_go_too():
    hierarchy = Hierarchy.from_edges([("a", "b")])
    assert make_coherent([[-3, 2]], hierarchy).tolist() == [[2, 2]]


@pytest.mark.parametrize(
    ("scores", "method", "message"),
    [
        ([[0.1]], "max", r"\(n_samples, 2\).* but got shape \(1, 1\)"),
        ([0.1, 0.2], "max", r"but got shape \(2,\)"),
        ([[0.1, np.nan]], "max", "In `proba`: Input proba contains NaN"),
        ([[0.1, 0.2]], "median", "`method` to be one of .* 'median'"),
    ],
)
def test_bad_input(scores, method, message):
    with pytest.raises(ValueError, match=message):
        make_coherent(scores, Hierarchy.from_edges([("a", "b")]), method)

"""Rare nodes that lean on their parents: against loops, and in closed form."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.postprocessing import make_coherent, shrink_to_parents
from tests import _reference as reference
from tests import _strategies as strategies

PATH = Hierarchy.from_edges([("a", "b"), ("b", "c")])
FAN = Hierarchy.from_edges([("a", "b"), ("a", "c")])


@st.composite
def cases(draw, dtype=np.float64):
    hierarchy = draw(strategies.hierarchies(min_nodes=1, max_nodes=8))
    labels = draw(strategies.closed_labels(hierarchy))
    shape = (draw(st.integers(1, 3)), hierarchy.n_nodes)
    width = np.dtype(dtype).itemsize * 8
    elements = st.floats(0, 1, width=width, allow_subnormal=False)
    scores = draw(hnp.arrays(dtype, shape, elements=elements))
    counts = np.asarray(labels, dtype=float).sum(axis=0)
    return hierarchy, make_coherent(scores, hierarchy), counts


strengths = st.sampled_from([0.3, 1.0, 7.0, 1e300])


@given(cases(), strengths)
def test_against_loops(case, strength):
    hierarchy, proba, counts = case
    expected = reference.shrunk_to_parents(proba, hierarchy.edges, counts, strength)
    shrunk = shrink_to_parents(proba, hierarchy, counts, strength)
    np.testing.assert_allclose(shrunk, expected, rtol=1e-12)


@given(cases(np.float32), strengths)
def test_coherent_to_the_bit(case, strength):
    hierarchy, proba, counts = case
    before = proba.copy()
    shrunk = shrink_to_parents(proba, hierarchy, counts, strength)
    parents, children = hierarchy.edges.T
    assert (shrunk[:, parents] >= shrunk[:, children]).all()
    assert shrunk.dtype == np.float32
    assert shrunk.min() >= 0
    assert shrunk.max() <= 1
    roots = hierarchy.index(list(hierarchy.roots))
    assert (shrunk[:, roots] >= before[:, roots]).all()
    np.testing.assert_array_equal(proba, before)


@given(cases())
def test_strength_0_changes_nothing(case):
    hierarchy, proba, counts = case
    shrunk = shrink_to_parents(proba, hierarchy, counts, 0)
    np.testing.assert_array_equal(shrunk, proba)
    assert shrunk is not proba


def test_along_a_path():
    # No row has c: it gets half a row's share of what b has.
    b = (3 * 0.4 + 0.8 * 3.5 / 8) / 4
    shrunk = shrink_to_parents([[0.8, 0.4, 0.3]], PATH, [7, 3, 0])
    np.testing.assert_allclose(shrunk, [[0.8, b, b * 0.5 / 4]])


def test_nodes_that_no_row_has_rank_by_their_parent():
    proba = np.array([[0.9, 0.1, 0.0], [0.5, 0.1, 0.1], [0.2, 0.1, 0.05]])
    shrunk = shrink_to_parents(proba, FAN, [8, 5, 0])
    assert (np.diff(shrunk[:, 2]) < 0).all()


def test_common_nodes_stay_and_rare_ones_do_not():
    proba = [[0.8, 0.1, 0.1]]
    _, rare, common = shrink_to_parents(proba, FAN, [10_000, 1, 9_000])[0]
    assert abs(common - 0.1) < 1e-3
    assert abs(rare - 0.05) < 1e-3


def test_blocks_of_rows_are_as_all(monkeypatch):
    rng = np.random.default_rng(0)
    proba = make_coherent(rng.random((7, 3)), PATH)
    whole = shrink_to_parents(proba, PATH, [5, 2, 1])
    monkeypatch.setattr("sklearn_hmlc.postprocessing._shrinkage._BLOCK_ENTRIES", 6)
    np.testing.assert_array_equal(shrink_to_parents(proba, PATH, [5, 2, 1]), whole)


def test_no_row_and_no_edge():
    assert shrink_to_parents(np.empty((0, 3)), PATH, [1, 1, 1]).shape == (0, 3)
    flat = Hierarchy.flat(["a", "b"])
    np.testing.assert_array_equal(
        shrink_to_parents([[0.2, 0.7]], flat, [0, 3], 5), [[0.2, 0.7]]
    )


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_go_by_name(library):
    bare = shrink_to_parents([[0.8, 0.4, 0.3]], PATH, [7, 3, 1])[0]
    frame = library.DataFrame({"c": [0.3], "a": [0.8], "b": [0.4]})
    for counts in ({"b": 3, "c": 1, "a": 7}, pd.Series([1, 7, 3], index=list("cab"))):
        shrunk = shrink_to_parents(frame, PATH, counts)
        assert type(shrunk) is library.DataFrame
        assert list(shrunk.columns) == ["c", "a", "b"]
        np.testing.assert_array_equal(shrunk.to_numpy(), [bare[[2, 0, 1]]])


def test_sparse_probabilities():
    proba = np.array([[0.8, 0.4, 0.0], [0.0, 0.0, 0.0]])
    dense = shrink_to_parents(proba, PATH, [7, 3, 1])
    np.testing.assert_array_equal(
        shrink_to_parents(sp.csr_array(proba), PATH, [7, 3, 1]), dense
    )


@pytest.mark.parametrize(
    ("proba", "counts", "strength", "message"),
    [
        ([[2.0, 0.4, 0.3]], [7, 3, 1], 1, r"in \[0, 1\], but got values from 0.3 to 2"),
        ([[np.nan, 0.4, 0.3]], [7, 3, 1], 1, "proba"),
        ([[0.8, 0.4]], [7, 3, 1], 1, "proba"),
        (np.ma.array([[0.8, 0.4, 0.3]], mask=[[0, 1, 0]]), [7, 3, 1], 1, "masked"),
        ([["x", "y", "z"]], [7, 3, 1], 1, "proba"),
        ([[0.8, 0.4, 0.3]], [7, 3], 1, r"n_positive.* 3 finite numbers.*\(2,\)"),
        ([[0.8, 0.4, 0.3]], [7, -3, 1], 1, "n_positive.*none below 0"),
        ([[0.8, 0.4, 0.3]], ["x", 3, 1], 1, "n_positive"),
        ([[0.8, 0.4, 0.3]], [7, 3, 1], True, "strength.*True"),
        ([[0.8, 0.4, 0.3]], [7, np.nan, 1], 1, "n_positive"),
        ([[0.8, 0.4, 0.3]], [3, 7, 1], 1, "'b' is in more rows than its parent 'a'"),
        ([[0.8, 0.4, 0.3]], {"a": 7, "b": 3}, 1, "n_positive.*'c'"),
        ([[0.8, 0.4, 0.3]], [7, 3, 1], -1, "strength.*-1"),
        ([[0.8, 0.4, 0.3]], [7, 3, 1], np.nan, "strength.*nan"),
        ([[0.8, 0.4, 0.3]], [7, 3, 1], np.inf, "finite.*inf"),
        ([[0.8, 0.4, 0.3]], [7, 3, 1], "auto", "strength.*'auto'"),
    ],
)
def test_bad_input(proba, counts, strength, message):
    with pytest.raises(ValueError, match=message):
        shrink_to_parents(proba, PATH, counts, strength)

"""The true path rule, in every container, against the dense formulas."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.hierarchy import _labels
from tests import _reference as reference
from tests._strategies import (
    any_labels,
    closed_labels,
    column_index,
    contained,
    few,
    hierarchies,
    to_bool,
)

# a over b and c, both over d.
DIAMOND = Hierarchy.from_edges([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
CHAIN = Hierarchy.from_edges([("a", "b"), ("b", "c")])


# -- worked out --------------------------------------------------------------------


def test_close_by_hand():
    given = [[0, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    expected = [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(DIAMOND.close(given), expected)


def test_most_specific_by_hand():
    given = [[1, 1, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    expected = [[0, 0, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(DIAMOND.most_specific(given), expected)


def test_is_closed_by_hand():
    assert DIAMOND.is_closed([[1, 1, 1, 1], [1, 0, 1, 0]])
    # All the ancestors count, not the nearest or one of them alone.
    assert not DIAMOND.is_closed([[1, 1, 0, 1]])
    assert not CHAIN.is_closed([[0, 1, 1]])
    assert not CHAIN.is_closed([[1, 0, 1]])


def test_check_closed_names_the_first_place():
    DIAMOND.check_closed([[1, 1, 1, 1]])
    message = (
        "Y breaks the hierarchy in 3 places (2 rows): row 1 has node 'b' but not its "
        "parent 'a'. Close it first: `Y = hierarchy.close(Y)`."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        DIAMOND.check_closed([[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 1]])
    with pytest.raises(ValueError, match=r"in 1 place \(1 row\): row 0 has node 'd' "):
        DIAMOND.check_closed([[1, 1, 0, 1]])


# -- against the dense formulas, whatever the container ----------------------------


@st.composite
def labelled(draw, labels):
    """A hierarchy, boolean labels, and the same labels in some container."""
    hierarchy = draw(hierarchies(min_nodes=0))
    Y = draw(labels(hierarchy))
    return hierarchy, Y, draw(contained(hierarchy, Y))


def assert_same_container(got, given):
    assert type(got) is type(given)
    if isinstance(given, pd.DataFrame):
        pd.testing.assert_index_equal(got.columns, given.columns)
        pd.testing.assert_index_equal(got.index, given.index)
        pd.testing.assert_series_equal(got.dtypes, given.dtypes)
    else:
        assert got.dtype == given.dtype
        assert got.shape == given.shape
        assert getattr(got, "format", None) == getattr(given, "format", None)


@few
@given(labelled(any_labels))
def test_close(case):
    hierarchy, Y, given = case
    closed = hierarchy.close(given)
    assert_same_container(closed, given)
    expected = reference.close(Y, reference.reach_of(hierarchy))
    np.testing.assert_array_equal(to_bool(hierarchy, closed), expected)
    # What was given stays as it was.
    np.testing.assert_array_equal(to_bool(hierarchy, given), Y)


@few
@given(hierarchies(), st.data())
def test_close_in_blocks_of_rows(hierarchy, data):
    Y = data.draw(any_labels(hierarchy, min_rows=15, max_rows=40))
    given = sp.csr_array(Y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_labels, "_BLOCK", 1)  # eight rows
        closed = hierarchy.close(given)
    expected = reference.close(Y, reference.reach_of(hierarchy))
    np.testing.assert_array_equal(closed.toarray(), expected)
    assert closed.has_canonical_format


@few
@given(labelled(closed_labels))
def test_most_specific_and_back(case):
    hierarchy, Y, given = case
    specific = hierarchy.most_specific(given)
    assert_same_container(specific, given)
    expected = reference.most_specific(Y, reference.reach_of(hierarchy))
    np.testing.assert_array_equal(to_bool(hierarchy, specific), expected)
    back = hierarchy.close(specific)
    np.testing.assert_array_equal(to_bool(hierarchy, back), Y)


@few
@given(labelled(any_labels))
def test_is_closed_and_check_closed(case):
    hierarchy, Y, given = case
    closed = reference.is_closed(Y, reference.reach_of(hierarchy))
    assert hierarchy.is_closed(given) == closed
    if closed:
        hierarchy.check_closed(given)
    else:
        with pytest.raises(ValueError, match="Y breaks the hierarchy in"):
            hierarchy.check_closed(given)
    assert hierarchy.is_closed(hierarchy.close(given))


@few
@given(labelled(any_labels))
def test_the_place_named_is_broken(case):
    hierarchy, Y, given = case
    try:
        hierarchy.check_closed(given)
    except ValueError as error:
        found = re.search(
            "row (.*) has node (.*) but not its parent (.*). Cl", f"{error}"
        )
        names = {repr(node): node for node in hierarchy.nodes}
        row, below, above = int(found[1]), names[found[2]], names[found[3]]
        assert above in hierarchy.parents(below)
        assert Y[row, hierarchy.index(below)]
        assert not Y[row, hierarchy.index(above)]


# -- containers, one by one --------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32"])
def test_dense_dtypes(dtype):
    closed = CHAIN.close(np.array([[0, 0, 1]], dtype=dtype))
    assert closed.dtype == dtype
    assert closed.tolist() == [[1, 1, 1]]


@pytest.mark.parametrize("dtype", ["boolean", "Int64", "UInt8", "Float32", "object"])
def test_frames_of_nullable_and_object_columns(dtype):
    frame = pd.DataFrame([[1, 0, 0]], columns=["c", "a", "b"]).astype(dtype)
    closed = CHAIN.close(frame)
    assert closed.to_numpy().tolist() == [[1, 1, 1]]
    assert (closed.dtypes == dtype).all()


def test_frame_of_mixed_columns():
    frame = pd.DataFrame({"b": [True], "a": [0.0], "c": pd.array([0], dtype="Int8")})
    closed = CHAIN.close(frame)
    assert closed.to_numpy().tolist() == [[True, 1.0, 0]]
    pd.testing.assert_series_equal(closed.dtypes, frame.dtypes)


def test_frame_of_sparse_columns():
    frame = pd.DataFrame([[0, 0, 1]], columns=list("abc"))
    frame = frame.astype(pd.SparseDtype(int, 0))
    closed = CHAIN.close(frame)
    assert closed.to_numpy().tolist() == [[1, 1, 1]]
    pd.testing.assert_series_equal(closed.dtypes, frame.dtypes)


def test_frame_of_tuple_names():
    hierarchy = Hierarchy.from_edges([(("x", 1), ("x", 2))])
    frame = pd.DataFrame([[1, 0]], columns=column_index([("x", 2), ("x", 1)]))
    assert hierarchy.close(frame).to_numpy().tolist() == [[1, 1]]
    # Two levels of columns have the same names.
    levels = pd.DataFrame([[1, 0]], columns=pd.MultiIndex.from_tuples(frame.columns))
    closed = hierarchy.close(levels)
    assert closed.to_numpy().tolist() == [[1, 1]]
    pd.testing.assert_index_equal(closed.columns, levels.columns)


@pytest.mark.parametrize("form", ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"])
@pytest.mark.parametrize("make", [sp.csr_array, sp.csr_matrix])
def test_sparse_formats(form, make):
    given = make([[0, 0, 1], [0, 0, 0]]).asformat(form)
    closed = CHAIN.close(given)
    assert type(closed) is type(given)
    assert closed.toarray().tolist() == [[1, 1, 1], [0, 0, 0]]


def test_stored_zeros_are_zeros():
    given = sp.csr_array(([0, 1], [2, 0], [0, 2]), shape=(1, 3))
    assert CHAIN.close(given).toarray().tolist() == [[1, 0, 0]]
    assert CHAIN.is_closed(given)


@pytest.mark.parametrize("make", [np.zeros, sp.csr_array])
def test_no_rows(make):
    given = make((0, 3))
    assert CHAIN.close(given).shape == (0, 3)
    assert CHAIN.most_specific(given).shape == (0, 3)
    assert CHAIN.is_closed(given)


def test_no_rows_in_a_frame():
    given = pd.DataFrame(columns=list("cab"), dtype="int8")
    pd.testing.assert_frame_equal(CHAIN.close(given), given)


def test_no_nodes():
    empty = Hierarchy.flat([])
    assert empty.close(np.zeros((2, 0))).shape == (2, 0)
    assert empty.close(sp.csr_array((2, 0))).shape == (2, 0)
    assert empty.close(pd.DataFrame(index=[5, 6])).index.tolist() == [5, 6]
    assert empty.is_closed(np.zeros((2, 0)))


# -- bad input ---------------------------------------------------------------------

WRONG = [
    ([[0, 1, 2]], "only 0 and 1 .or False and True., but has 2"),
    ([[0, -1, 1]], "but has -1"),
    ([[0.0, 0.5, 1]], "but has 0.5"),
    ([[0, np.nan, 1]], "but has nan"),
    ([[0, np.inf, 1]], "but has inf"),
    ([[0, None, 1]], "but has None"),
    ([["a", "b", "c"]], "but has 'a'. For node names use HierarchicalLabelBinarizer"),
    ([["0", "1", "1"]], "but has '0'"),
    (np.array([[0, [1], 1]], dtype=object), r"but has \[1\]"),
    ([["a", "b"], ["c"]], "rows differ in length; for lists of node names use Hier"),
    ([[0, 1]], r"shape \(n_samples, 3\), one column per node, but got shape \(1, 2\)"),
    ([0, 1, 0], r"but got shape \(3,\)"),
    (None, r"but got shape \(\)"),
    ("abc", r"but got shape \(\)"),
    (sp.csr_array([[0, 1, 2]]), "but has 2"),
    (sp.csr_array([[0, np.nan, 1]]), "but has nan"),
    (sp.lil_array([[0, 3, 1]]), "but has 3"),
    (sp.csr_array([[0, 1]]), r"but got shape \(1, 2\)"),
    (sp.coo_array(np.array([0, 1, 0])), r"but got shape \(3,\)"),
    (pd.DataFrame([[1, 0, np.nan]], columns=list("abc")), "but has nan"),
    (pd.DataFrame([[1, 0, None]], columns=list("abc"), dtype="Int64"), "but has nan"),
    (pd.DataFrame([[1, 0, 3]], columns=list("abc"), dtype=object), "but has 3"),
    (
        pd.DataFrame([["1", "0", "1"]], columns=list("cab"), dtype="string"),
        "numbers or booleans, but column 'c' is of dtype string; use `Y.astype.int.`",
    ),
    (
        pd.DataFrame([[1, 0, 1]], columns=list("cab"), dtype="category"),
        "column 'c' is of dtype category",
    ),
    (
        pd.DataFrame([[1, 0, 1]], columns=list("axb")),
        "must be the nodes of the hierarchy; without a column: 'c'; unknown: 'x'. Ren",
    ),
    (
        pd.DataFrame([[1, 0]], columns=list("ab")),
        "column: 'c'; unknown: none",
    ),
    (pd.DataFrame([[1, 0, 1]]), "unknown: 0, 1, 2"),
    (
        pd.DataFrame([[1, 0, 1, 0]], columns=list("abbc")),
        "Columns of Y come more than once: 'b'",
    ),
]


@pytest.mark.parametrize(
    "method", ["close", "most_specific", "is_closed", "check_closed"]
)
@pytest.mark.parametrize(("Y", "message"), WRONG)
def test_bad_labels(method, Y, message):
    with pytest.raises(ValueError, match=message):
        getattr(CHAIN, method)(Y)

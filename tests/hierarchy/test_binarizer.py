"""`HierarchicalLabelBinarizer`: round trips, bad input, scikit-learn's rules."""

import itertools
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.hierarchy import HierarchicalLabelBinarizer
from tests._strategies import closed_labels, few, hierarchies

# a over b and c, both over d; e alone.
EXAMPLE = Hierarchy.from_edges(
    [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], nodes=list("abcde")
)


# -- there and back ----------------------------------------------------------------


def test_transform_closes():
    binarizer = HierarchicalLabelBinarizer(EXAMPLE).fit([])
    Y = binarizer.transform([["d"], ("b", "e"), [], {"a"}, ["b", "b"]])
    expected = [
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],
        [0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
    ]
    np.testing.assert_array_equal(Y, expected)
    assert Y.dtype == int
    assert binarizer.classes_.tolist() == list("abcde")
    assert binarizer.hierarchy_ is EXAMPLE


def test_inverse_transform():
    binarizer = HierarchicalLabelBinarizer(EXAMPLE).fit([])
    Y = np.array([[1, 1, 1, 1, 0], [1, 1, 0, 0, 1], [0, 0, 0, 0, 0]])
    assert binarizer.inverse_transform(Y) == [("d",), ("b", "e"), ()]
    names = binarizer.inverse_transform(Y, most_specific=False)
    assert names == [("a", "b", "c", "d"), ("a", "b", "e"), ()]


@few
@given(hierarchies(min_nodes=0), st.booleans(), st.booleans(), st.data())
def test_round_trip(hierarchy, sparse_output, most_specific, data):
    Y = data.draw(closed_labels(hierarchy))
    binarizer = HierarchicalLabelBinarizer(hierarchy, sparse_output=sparse_output)
    binarizer.fit([])
    names = binarizer.inverse_transform(Y, most_specific=most_specific)
    assert len(names) == len(Y)
    again = binarizer.transform(names)
    assert sp.issparse(again) == sparse_output
    dense = again.toarray() if sparse_output else again
    np.testing.assert_array_equal(dense, Y)


@few
@given(st.lists(st.lists(st.sampled_from("abcde"))))
def test_without_a_hierarchy_it_is_the_flat_binarizer(rows):
    flat, expected = HierarchicalLabelBinarizer(), MultiLabelBinarizer()
    np.testing.assert_array_equal(
        flat.fit_transform(rows), expected.fit_transform(rows)
    )
    assert flat.classes_.tolist() == expected.classes_.tolist()


def test_names_of_several_types_have_an_order():
    binarizer = HierarchicalLabelBinarizer().fit([["b", 2], [("x", 1), 1, "a"]])
    assert binarizer.classes_.tolist() == [1, 2, "a", "b", ("x", 1)]


def test_sparse_output():
    binarizer = HierarchicalLabelBinarizer(EXAMPLE, sparse_output=True)
    Y = binarizer.fit_transform([["d"], []])
    assert isinstance(Y, sp.csr_array)
    assert Y.dtype == int
    assert Y.nnz == 4


@pytest.mark.parametrize("make", [sp.csr_array, sp.csc_matrix, pd.DataFrame])
def test_inverse_transform_of_other_containers(make):
    Y = make(np.array([[1, 1, 1, 1, 0]]))
    if isinstance(Y, pd.DataFrame):
        Y.columns = list("abcde")
        Y = Y[list("edcba")]
    assert HierarchicalLabelBinarizer(EXAMPLE).fit([]).inverse_transform(Y) == [("d",)]


def test_no_rows():
    binarizer = HierarchicalLabelBinarizer(EXAMPLE)
    Y = binarizer.fit_transform([])
    assert Y.shape == (0, 5)
    assert binarizer.inverse_transform(Y) == []


def test_rows_may_come_once():
    rows = (iter(names) for names in (["a"], ["b"]))
    assert HierarchicalLabelBinarizer().fit_transform(rows).tolist() == [[1, 0], [0, 1]]


def test_numpy_names():
    rows = [np.array(["d"]), np.array(["e"])]
    binarizer = HierarchicalLabelBinarizer(EXAMPLE)
    assert binarizer.fit_transform(rows).sum(axis=1).tolist() == [4, 1]
    names = HierarchicalLabelBinarizer().fit(rows).hierarchy_.nodes
    assert [type(name) for name in names] == [str, str]


# -- unknown names and other bad input ---------------------------------------------


def test_unknown_names_are_listed():
    binarizer = HierarchicalLabelBinarizer(EXAMPLE).fit([])
    message = "no nodes: 'x', 1, 'y'. Correct them, or set unknown=\"ignore\""
    with pytest.raises(ValueError, match=message):
        binarizer.transform([["a", "x"], [1, "x"], [np.str_("y")]])
    with pytest.raises(ValueError, match="'p', 'q', 'r', 's', 't' and 2 more"):
        binarizer.transform([list("pqrstuv")])


def test_unknown_names_are_left_out_on_request():
    binarizer = HierarchicalLabelBinarizer(EXAMPLE, unknown="ignore").fit([])
    Y = binarizer.transform([["x", "b", 1], ["y"]])
    np.testing.assert_array_equal(Y, [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["ab", "c"],
            "In row 0 of the labels: .* got 'ab'; wrap a single name",
        ),
        (
            [["a"], "b"],
            "In row 1 of the labels: .* got 'b'; wrap a single name",
        ),
        ([["a"], 3], "In row 1 of the labels: Expected several names, but got 3"),
        ([["a"], None], "In row 1 of the labels: .* but got None; give an empty list"),
        ([["a"], np.nan], "row 1 .* a list of node names, but got nan; give an empty"),
        (pd.Series([["a"], np.nan], index=[7, 8]), "In row 1 .* nan; give an empty li"),
        ([["a"], pd.NA], "In row 1 .* got <NA>; give an empty list for a row without"),
        ([["a"], pd.NaT], "In row 1 .* got NaT; give an empty list"),
        (np.array([["a"], np.float32("nan")], dtype=object), "In row 1 .* an empty"),
        (pl.Series([["a"], None]), "In row 1 .* got None; give an empty list"),
        (pa.array([["a"], None]), "In row 1 .* got None; give an empty list"),
        ({("a",): 1}, "a list of node names per row, but got dict; give one column"),
        (
            pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
            "per row, but got DataFrame; give one column of lists, or close 0/1",
        ),
        (pl.DataFrame({"a": [1]}), "per row, but got DataFrame"),
        (pa.table({"a": [1]}), "per row, but got Table"),
        ([[["a"]]], r"In row 0 of the labels: \['a'\] can't name a node"),
        ("ab", "In row 0 of the labels"),
        (None, "Expected a list of node names per row, but got None"),
        (5, "Expected a list of node names per row, but got 5"),
    ],
)
@pytest.mark.parametrize("hierarchy", [None, EXAMPLE])
def test_rows_that_are_no_lists(hierarchy, rows, message):
    with pytest.raises(TypeError, match=message):
        HierarchicalLabelBinarizer(hierarchy).fit_transform(rows)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hierarchy": [("a", "b")]}, "The 'hierarchy' parameter .* instance of"),
        (
            {"unknown": "drop"},
            "The 'unknown' parameter .* must be a str among",
        ),
        ({"sparse_output": "yes"}, "The 'sparse_output' parameter"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        HierarchicalLabelBinarizer(**parameters).fit([["a"]])


@pytest.mark.parametrize("name", [None, np.nan, pd.NA])
@pytest.mark.parametrize("hierarchy", [None, EXAMPLE])
def test_missing_names_are_no_labels(hierarchy, name):
    message = "In row 1 of the labels: .* can't name a node; leave it out, and give an"
    with pytest.raises(ValueError, match=message):
        HierarchicalLabelBinarizer(hierarchy).fit_transform([["a"], ["b", name]])
    lenient = HierarchicalLabelBinarizer(EXAMPLE, unknown="ignore")
    assert lenient.fit_transform([["a"], [name]]).sum(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize(
    "rows",
    [
        pl.Series([["d"], [], ["e", "b"]]),
        pa.array([["d"], [], ["e", "b"]]),
        pa.chunked_array([[["d"], []], [["e", "b"]]]),
    ],
    ids=["polars", "pyarrow", "chunked"],
)
def test_columns_of_lists(rows):
    binarizer = HierarchicalLabelBinarizer(EXAMPLE)
    names = binarizer.inverse_transform(binarizer.fit_transform(rows))
    assert names == [("d",), (), ("b", "e")]


LARGE = [2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1]


@given(st.lists(st.sampled_from(LARGE) | st.integers(), min_size=1, unique=True))
@few
def test_integers_of_any_size_name_nodes(names):
    chain = Hierarchy.from_edges(itertools.pairwise(names), nodes=names)
    assert chain.index(names).tolist() == list(range(len(names)))
    binarizer = HierarchicalLabelBinarizer(chain)
    Y = binarizer.fit_transform([[name] for name in names])
    np.testing.assert_array_equal(Y, np.tri(len(names), dtype=int))
    assert binarizer.classes_.tolist() == names
    assert binarizer.inverse_transform(Y) == [(name,) for name in names]
    flat = HierarchicalLabelBinarizer()
    np.testing.assert_array_equal(
        flat.fit_transform([[name] for name in sorted(names)]), np.eye(len(names))
    )


def test_unsigned_names():
    names = np.array([2**63, 2**64 - 1, 5], dtype=np.uint64)
    binarizer = HierarchicalLabelBinarizer().fit([names])
    assert binarizer.classes_.tolist() == [5, 2**63, 2**64 - 1]


def test_not_fitted():
    binarizer = HierarchicalLabelBinarizer(EXAMPLE)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        binarizer.transform([["a"]])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        binarizer.inverse_transform([[0, 0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("Y", "message"),
    [
        (
            [[0, 1]],
            r"shape \(n_samples, 5\), one column .* got shape \(1, 2\)",
        ),
        ([[0, 1, 0, 2, 0]], "only 0 and 1"),
    ],
)
def test_inverse_transform_of_bad_labels(Y, message):
    with pytest.raises(ValueError, match=message):
        HierarchicalLabelBinarizer(EXAMPLE).fit([]).inverse_transform(Y)


# -- scikit-learn's rules ----------------------------------------------------------


def test_same_tags_as_the_flat_binarizer():
    tags, flat = get_tags(HierarchicalLabelBinarizer()), get_tags(MultiLabelBinarizer())
    assert not tags.input_tags.two_d_array
    assert tags.input_tags == flat.input_tags
    assert tags.target_tags == flat.target_tags
    assert tags.requires_fit == flat.requires_fit


def test_the_check_suite_has_only_what_needs_no_data():
    """Lists of names are no X: the suite leaves out all that fits, as it says."""
    with pytest.warns(SkipTestWarning, match="Can't test estimator"):
        results = check_estimator(HierarchicalLabelBinarizer(EXAMPLE), on_fail="raise")
    assert results
    assert {result["status"] for result in results} == {"passed"}


def test_clone_and_pickle():
    binarizer = HierarchicalLabelBinarizer(EXAMPLE, unknown="ignore")
    assert clone(binarizer).get_params() == binarizer.get_params()
    again = pickle.loads(pickle.dumps(binarizer.fit([])))
    assert again.hierarchy_ == EXAMPLE
    np.testing.assert_array_equal(again.transform([["d"]]), [[1, 1, 1, 1, 0]])


def test_fit_changes_no_parameter():
    binarizer = HierarchicalLabelBinarizer()
    binarizer.fit([["b"], ["a"]])
    assert binarizer.hierarchy is None
    assert binarizer.fit([["c"]]).classes_.tolist() == ["c"]


def test_set_output_is_not_offered():
    """As in MultiLabelBinarizer: labels are no features, so there are no names."""
    binarizer = HierarchicalLabelBinarizer(EXAMPLE).fit([])
    assert not hasattr(binarizer, "set_output")
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(binarizer.transform([["a"]]), np.ndarray)

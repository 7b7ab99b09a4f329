"""Names: in from whatever holds them, out into messages."""

import networkx as nx
import numpy as np
import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._validation import count, name_array, shorten, unknown
from sklearn_hmlc.hierarchy._construct import arrows


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("a", "bc"), "U"),
        ((1, 2), "i"),
        ((1, "a"), "O"),
        (((1, 2), (3, 4)), "O"),
        ((True, 2), "O"),
        ((0.5, 1.5), "O"),
    ],
)
def test_name_array(names, kind):
    array = name_array(names)
    assert array.shape == (2,)
    assert array.dtype.kind == kind
    assert tuple(array.tolist()) == names


def test_name_array_of_none():
    assert name_array(()).shape == (0,)


def test_counts_have_a_plural():
    assert count(1, "node") == "1 node"
    assert count(0, "node") == "0 nodes"


def test_shorten():
    assert shorten([]) == "none"
    assert shorten(["a", 1]) == "'a', 1"
    assert shorten(list("abcdefg")) == "'a', 'b', 'c', 'd', 'e' and 2 more"


def test_path():
    assert arrows(["a", 1, "a"]) == "a -> 1 -> a"
    assert arrows(list("abcdef"), most=4) == "a -> b -> (2 more) -> e -> f"
    assert arrows(list("abcd"), most=4) == "a -> b -> c -> d"


def test_of_names_that_differ_in_case_the_first_is_offered():
    assert unknown("AB", ["aB", "ab"]).endswith("Did you mean 'aB'?")


def test_a_numpy_string_is_looked_up_plainly():
    assert unknown(np.str_("b"), ["a"]).startswith("'b' is no node")


def test_unscored_nodes_in_a_list():
    for make in (
        lambda: Hierarchy.from_codes(["a/b"], unscored="a"),
        lambda: Hierarchy.from_networkx(nx.DiGraph([("a", "b")]), unscored="a"),
        lambda: Hierarchy.from_edges([("a", "b")], unscored="a"),
    ):
        with pytest.raises(TypeError, match=r"In `unscored`: .* in a list: \['a'\]"):
            make()

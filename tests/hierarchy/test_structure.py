"""Facts of a `Hierarchy` and what Python asks of an immutable value."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from hypothesis import given
from sklearn.base import BaseEstimator, clone

from sklearn_hmlc import Hierarchy
from tests import _reference as reference
from tests._strategies import few, hierarchies

# a over b and c, both over d; d over e; f alone.
EXAMPLE = Hierarchy.from_edges(
    [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e"), ("a", "e")],
    nodes=list("abcdef"),
    unscored=["f", "a"],
)
EMPTY = Hierarchy.flat([])


# -- facts -------------------------------------------------------------------------


def test_facts():
    assert EXAMPLE.n_nodes == 6
    assert EXAMPLE.n_edges == 6
    assert EXAMPLE.roots == ("a", "f")
    assert EXAMPLE.leaves == ("e", "f")
    assert EXAMPLE.depth.tolist() == [0, 1, 1, 2, 3, 0]
    assert EXAMPLE.height.tolist() == [3, 2, 2, 1, 0, 0]
    assert not EXAMPLE.is_tree
    assert EXAMPLE.unscored == ("a", "f")
    assert EXAMPLE.scored.tolist() == [False, True, True, True, True, False]


def test_levels_by_hand():
    got = [(above.tolist(), below.tolist()) for above, below in EXAMPLE.levels]
    assert got == [([3], [4]), ([1, 2], [3, 3]), ([0, 0, 0], [1, 2, 4])]


def test_empty_hierarchy():
    assert EMPTY.nodes == EMPTY.roots == EMPTY.leaves == EMPTY.levels == ()
    assert EMPTY.n_nodes == EMPTY.n_edges == 0
    assert EMPTY.depth.shape == EMPTY.height.shape == EMPTY.scored.shape == (0,)
    assert EMPTY.edges.shape == (0, 2)
    assert EMPTY.to_parent.shape == (0, 0)
    assert EMPTY.is_tree
    assert EMPTY.subset([]) == EMPTY


def test_repr():
    assert repr(EXAMPLE) == "Hierarchy(6 nodes, 6 edges, 2 roots, depth 3, DAG)"
    assert repr(EMPTY) == "Hierarchy(0 nodes)"
    one = Hierarchy.flat(["a"])
    assert repr(one) == "Hierarchy(1 node, 0 edges, 1 root, depth 0, tree)"


@few
@given(hierarchies(min_nodes=0))
def test_facts_agree_with_networkx(hierarchy):
    graph = hierarchy.to_networkx()
    nodes = hierarchy.nodes
    assert set(hierarchy.roots) == {x for x in graph if graph.in_degree(x) == 0}
    assert set(hierarchy.leaves) == {x for x in graph if graph.out_degree(x) == 0}
    assert hierarchy.is_tree == all(graph.in_degree(x) <= 1 for x in graph)
    pairs = zip(*hierarchy.to_parent.nonzero(), strict=True)
    assert {(nodes[above], nodes[below]) for below, above in pairs} == set(graph.edges)


@few
@given(hierarchies())
def test_depth_and_height(hierarchy):
    reach = reference.reach_of(hierarchy)
    np.testing.assert_array_equal(hierarchy.depth, reference.longest_depth(reach))
    np.testing.assert_array_equal(hierarchy.height, reference.longest_depth(reach.T))


@few
@given(hierarchies())
def test_levels_hold_each_edge_once_and_what_lies_below_is_final(hierarchy):
    edges_left = {tuple(edge) for edge in hierarchy.edges.tolist()}
    for above, below in hierarchy.levels:
        assert len(above) == len(below) > 0
        # No node of this level waits for an edge of this or a later level.
        waiting = {parent for parent, _ in edges_left}
        assert not waiting & set(below.tolist())
        for edge in zip(above.tolist(), below.tolist(), strict=True):
            edges_left.remove(edge)
        # A parent is complete after its level.
        assert not {parent for parent, _ in edges_left} & set(above.tolist())
    assert not edges_left
    assert len(hierarchy.levels) == hierarchy.height.max()


def test_reference_closures_agree():
    """Floyd-Warshall and matrix powers, against the graph worked out by hand."""
    expected = np.array(
        [
            [1, 1, 1, 1, 1, 0],
            [0, 1, 0, 1, 1, 0],
            [0, 0, 1, 1, 1, 0],
            [0, 0, 0, 1, 1, 0],
            [0, 0, 0, 0, 1, 0],
            [0, 0, 0, 0, 0, 1],
        ],
        dtype=bool,
    )
    np.testing.assert_array_equal(reference.reach_of(EXAMPLE), expected)
    np.testing.assert_array_equal(
        reference.transitive_closure(6, EXAMPLE.edges), expected
    )


# -- an immutable value ------------------------------------------------------------


@pytest.mark.parametrize("name", ["nodes", "depth", "_nodes", "_edges", "anything"])
def test_attributes_cannot_be_set_or_deleted(name):
    hierarchy = Hierarchy.from_edges([("a", "b")])
    assert hierarchy.depth.tolist() == [0, 1]
    with pytest.raises(AttributeError, match="immutable; make another with"):
        setattr(hierarchy, name, None)
    with pytest.raises(AttributeError, match="immutable; make another with"):
        delattr(hierarchy, name)


def test_arrays_are_read_only():
    levels = [array for level in EXAMPLE.levels for array in level]
    matrix = EXAMPLE.to_parent
    arrays = [EXAMPLE.edges, EXAMPLE.depth, EXAMPLE.height, EXAMPLE.scored, *levels]
    for array in [*arrays, matrix.data, matrix.indices, matrix.indptr]:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_edges_given_are_not_kept():
    edges = np.array([[0, 1]])
    hierarchy = Hierarchy(["a", "b"], edges)
    edges[0] = 1, 0
    assert hierarchy.edges.tolist() == [[0, 1]]


def test_copies_are_the_hierarchy_itself():
    assert copy.copy(EXAMPLE) is EXAMPLE
    assert copy.deepcopy(EXAMPLE) is EXAMPLE
    assert copy.deepcopy({"h": [EXAMPLE]})["h"][0] is EXAMPLE


class Holder(BaseEstimator):
    def __init__(self, hierarchy=None):
        self.hierarchy = hierarchy


def test_clone_of_an_estimator_that_holds_one():
    holder = clone(Holder(EXAMPLE))
    assert holder.hierarchy is EXAMPLE
    assert "Hierarchy(6 nodes" in repr(holder)


@few
@given(hierarchies(min_nodes=0))
def test_pickle_equality_and_hash(hierarchy):
    again = pickle.loads(pickle.dumps(hierarchy))
    assert again == hierarchy
    assert hash(again) == hash(hierarchy)
    assert joblib.hash(again) == joblib.hash(hierarchy)
    assert again.nodes == hierarchy.nodes
    assert again.unscored == hierarchy.unscored
    assert not again.edges.flags.writeable
    np.testing.assert_array_equal(again.depth, hierarchy.depth)


def test_pickle_is_not_bound_to_what_was_computed():
    fresh = Hierarchy.from_edges([("a", "b")])
    before = pickle.dumps(fresh)
    hash(fresh), fresh.depth, fresh.levels, fresh.to_parent
    assert pickle.dumps(fresh) == before


def test_joblib_hash_tells_content_apart():
    one, same = (Hierarchy.from_edges([("a", "b")]) for _ in range(2))
    other = Hierarchy.from_edges([("b", "a")])
    assert joblib.hash(one) == joblib.hash(same) != joblib.hash(other)


@pytest.mark.parametrize(
    "other",
    [
        Hierarchy.from_edges([("a", "b")], nodes=list("abcdef"), unscored=["f", "a"]),
        Hierarchy.from_edges([("b", "a")], nodes=list("abcdef")),
        Hierarchy.flat(list("uvwxyz")),
        "Hierarchy",
        None,
    ],
    ids=["fewer edges", "other order", "other names", "string", "None"],
)
def test_unequal(other):
    assert other != EXAMPLE


def test_unscored_nodes_count_for_equality():
    plain = Hierarchy.flat(["a", "b"])
    marked = Hierarchy(["a", "b"], [], unscored=["a"])
    assert plain != marked
    assert len({plain, marked, Hierarchy.flat(["a", "b"])}) == 2


def test_the_type_of_names_matters_only_by_equality():
    assert Hierarchy.flat([1, 2]) == Hierarchy.flat([1.0, 2.0])
    assert Hierarchy.flat([1, 2]) != Hierarchy.flat(["1", "2"])


def test_container_protocol():
    assert len(EXAMPLE) == 6
    assert list(EXAMPLE) == list("abcdef")
    assert "a" in EXAMPLE
    assert "z" not in EXAMPLE
    assert ["a"] not in EXAMPLE


def test_subclasses_stay_what_they_are():
    class Own(Hierarchy):
        pass

    own = Own.from_edges([("a", "b")])
    assert type(own) is Own
    assert type(own.subset(["a"])) is Own

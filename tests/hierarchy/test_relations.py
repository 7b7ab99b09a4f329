"""Positions, relatives and parts, against networkx."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from tests import _reference as reference
from tests._strategies import few, hierarchies

# a over b and c, both over d; d over e.
EXAMPLE = Hierarchy.from_edges(
    [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e")], unscored=["a", "d"]
)


def test_relatives_by_hand():
    assert EXAMPLE.parents("d") == ("b", "c")
    assert EXAMPLE.children("a") == ("b", "c")
    assert EXAMPLE.ancestors("d") == ("a", "b", "c")
    assert EXAMPLE.descendants("b") == ("d", "e")
    assert EXAMPLE.parents("a") == EXAMPLE.ancestors("a") == ()
    assert EXAMPLE.children("e") == EXAMPLE.descendants("e") == ()


@few
@given(hierarchies())
def test_relatives_agree_with_networkx(hierarchy):
    graph = hierarchy.to_networkx()
    for node in hierarchy.nodes:
        for got, expected in [
            (hierarchy.parents(node), graph.predecessors(node)),
            (hierarchy.children(node), graph.successors(node)),
            (hierarchy.ancestors(node), nx.ancestors(graph, node)),
            (hierarchy.descendants(node), nx.descendants(graph, node)),
        ]:
            assert got == tuple(sorted(expected, key=hierarchy.index))


@few
@given(hierarchies())
def test_relatives_agree_with_the_closure(hierarchy):
    reach = reference.reach_of(hierarchy)
    for i, node in enumerate(hierarchy.nodes):
        below = np.flatnonzero(reach[i])
        above = np.flatnonzero(reach[:, i])
        names = [node, *hierarchy.descendants(node)]
        assert hierarchy.index(names).tolist() == sorted(below)
        names = [*hierarchy.ancestors(node), node]
        assert hierarchy.index(names).tolist() == sorted(above)


# -- index -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", [["c", "a"], np.array(["c", "a"]), pd.Index(["c", "a"])]
)
def test_index_of_several(names):
    positions = EXAMPLE.index(names)
    assert positions.tolist() == [2, 0]
    assert positions.dtype == np.intp


def test_index_of_one_and_of_none():
    assert EXAMPLE.index("c") == 2
    assert EXAMPLE.index([]).shape == (0,)


def test_index_of_a_tuple_name():
    hierarchy = Hierarchy.flat([("x", 1), ("x", 2)])
    assert hierarchy.index(("x", 2)) == 1
    assert hierarchy.index([("x", 2), ("x", 1)]).tolist() == [1, 0]


@pytest.mark.parametrize(
    "ask", ["parents", "children", "ancestors", "descendants", "index"]
)
def test_unknown_nodes(ask):
    hierarchy = Hierarchy.flat(["GO:0000001", "GO:0000002", 17])
    question = getattr(hierarchy, ask)
    with pytest.raises(KeyError, match=r"'GO:00000' is no node .* Did you mean 'GO:"):
        question("GO:00000")
    with pytest.raises(KeyError, match=r"'go:0000002' .* Did you mean 'GO:0000002'"):
        question("go:0000002")
    with pytest.raises(KeyError, match=r"'17' is no node .* Did you mean 17\?"):
        question("17")
    with pytest.raises(KeyError, match=r"'xyz' is no node of the .* \(3 nodes\)\.\"$"):
        question("xyz")
    with pytest.raises(KeyError, match="is no node"):
        question(["xyz"])


# -- subset ------------------------------------------------------------------------


def test_subset_by_hand():
    part = EXAMPLE.subset(["e", "d", "a"])
    assert part.nodes == ("a", "d", "e")
    assert part.edges.tolist() == [[0, 1], [1, 2]]
    assert part.unscored == ("a", "d")
    assert EXAMPLE.subset(["b", "c"]).n_edges == 0


def test_subset_of_all_is_the_same():
    assert EXAMPLE.subset(reversed(EXAMPLE.nodes)) == EXAMPLE


@few
@given(hierarchies(), st.data())
def test_subset_keeps_who_is_above_whom(hierarchy, data):
    keep = data.draw(st.lists(st.sampled_from(hierarchy.nodes)))
    part = hierarchy.subset(keep)
    assert part.nodes == tuple(x for x in hierarchy.nodes if x in set(keep))
    assert part.unscored == tuple(x for x in hierarchy.unscored if x in set(keep))
    at = hierarchy.index(list(part.nodes))
    expected = reference.reach_of(hierarchy)[np.ix_(at, at)]
    np.testing.assert_array_equal(reference.reach_of(part), expected)


@few
@given(hierarchies(tree=True), st.data())
def test_part_of_a_forest_is_a_forest(hierarchy, data):
    keep = data.draw(st.lists(st.sampled_from(hierarchy.nodes)))
    assert hierarchy.subset(keep).is_tree


def test_subset_bad_input():
    with pytest.raises(KeyError, match="'z' is no node of the hierarchy"):
        EXAMPLE.subset(["a", "z"])
    with pytest.raises(TypeError, match="got 'ab'; wrap a single name in a list"):
        EXAMPLE.subset("ab")

"""Ways to make a `Hierarchy`: worked-out answers, networkx as oracle, bad input."""

import itertools
import re
import sys

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from sklearn_hmlc import Hierarchy
from tests._strategies import edge_lists, few, hierarchies

DIAMOND = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]


# -- from_edges --------------------------------------------------------------------


def test_from_edges():
    hierarchy = Hierarchy.from_edges(DIAMOND)
    assert hierarchy.nodes == ("a", "b", "c", "d")
    assert hierarchy.edges.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert hierarchy.unscored == ()


@pytest.mark.parametrize(
    "edges",
    [
        np.array(DIAMOND),
        pd.DataFrame(DIAMOND, columns=["parent", "child"]),
        (edge for edge in DIAMOND),
        [*DIAMOND, DIAMOND[0]],
        [list(edge) for edge in DIAMOND],
    ],
    ids=["array", "frame", "generator", "repeated edge", "lists"],
)
def test_from_edges_takes_any_pairs(edges):
    hierarchy = Hierarchy.from_edges(edges)
    assert hierarchy == Hierarchy.from_edges(DIAMOND)
    assert all(type(node) is str for node in hierarchy.nodes)


def test_from_edges_with_isolated_nodes_and_wanted_order():
    hierarchy = Hierarchy.from_edges([("a", "b")], nodes=["x", "b", "a"])
    assert hierarchy.nodes == ("x", "a", "b")
    assert hierarchy.roots == ("x", "a")


@pytest.mark.parametrize("edges", [[], np.empty((0, 2)), ()])
def test_from_edges_without_edges(edges):
    assert Hierarchy.from_edges(edges).n_nodes == 0
    assert Hierarchy.from_edges(edges, nodes=[1, 2]).nodes == (1, 2)


@pytest.mark.parametrize(
    ("name", "kind"),
    [(np.str_("a"), str), (np.int64(3), int), (np.float32(0.5), float)],
)
def test_numpy_names_become_plain(name, kind):
    made = [
        Hierarchy.flat([name]),
        Hierarchy([name], []),
        Hierarchy.from_parents({name: None}),
        Hierarchy.from_edges([(name, "z")]),
    ]
    for hierarchy in made:
        assert type(hierarchy.nodes[0]) is kind
        assert hierarchy.index(name) == 0


@pytest.mark.parametrize(
    ("edges", "path"),
    [
        ([("a", "a")], "a -> a"),
        ([("a", "b"), ("b", "a")], "a -> b -> a"),
        ([("r", "a"), ("a", "b"), ("b", "a"), ("b", "z")], "a -> b -> a"),
        ([("z", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")], "a -> b -> c"),
    ],
)
def test_a_cycle_is_reported_with_its_path(edges, path):
    with pytest.raises(ValueError, match="is its own ancestor through") as caught:
        Hierarchy.from_edges(edges)
    message = str(caught.value)
    found = re.search("through (.*); remove one of these edges", message)[1]
    steps = found.split(" -> ")
    assert message.startswith(f"Node {steps[0]!r} is its own")
    assert steps[0] == steps[-1]
    assert set(itertools.pairwise(steps)) <= set(edges)
    assert set(steps) == set(path.split(" -> "))


def test_of_a_long_cycle_the_two_ends_are_shown():
    edges = [(node, (node + 1) % 100) for node in range(100)]
    with pytest.raises(
        ValueError,
        match=re.escape("through 0 -> 1 -> 2 -> 3 -> 4 -> 5 -> (89 more) -> 95 -> "),
    ):
        Hierarchy.from_edges(edges)


@few
@given(edge_lists(min_nodes=2))
def test_any_closed_walk_is_refused(drawn):
    names, edges = drawn
    graph = nx.DiGraph(edges)
    descents = [(x, y) for x in graph for y in nx.descendants(graph, x)]
    for above, below in descents[:3]:
        with pytest.raises(ValueError, match="is its own ancestor"):
            Hierarchy.from_edges([*edges, (below, above)], nodes=names)


@pytest.mark.parametrize(
    ("edges", "kwargs", "kind", "message"),
    [
        (["ab"], {}, ValueError, r"Expected an edge \(parent, child\), but got 'ab'"),
        ([("a",)], {}, ValueError, r"Expected an edge .* but got \('a',\)"),
        ([("a", "b", "c")], {}, ValueError, "Expected an edge"),
        ([{"a", "b"}], {}, ValueError, "Expected an edge"),
        (None, {}, TypeError, "Expected pairs .* but got None"),
        ("ab", {}, TypeError, "Expected pairs .* but got 'ab'"),
        ([("a", ["b"])], {}, TypeError, r"\['b'\] can't name a node: it is not hash"),
        ([("a", None)], {}, ValueError, "None can't name a node; use a string"),
        ([("a", np.nan)], {}, ValueError, "nan can't name a node"),
        ([("a", pd.NA)], {}, ValueError, "<NA> can't name a node"),
        ([], {"nodes": ["a", "b", "a"]}, ValueError, "Node 'a' is given twice"),
        ([], {"nodes": [1, True]}, ValueError, "Node True is given twice"),
        ([], {"nodes": "ab"}, TypeError, "several names, but got 'ab'; wrap a single"),
        ([], {"nodes": 3}, TypeError, "Expected several names, but got 3"),
        (
            [("alpha", "beta")],
            {"nodes": ["alpha", "betas"]},
            ValueError,
            r"In `edges`: 'beta' is no node of the hierarchy \(2 nodes\). Did you mean "
            "'betas'. Add it to `nodes` or drop the edge.",
        ),
        (
            [("a", "b")],
            {"unscored": ["root"]},
            ValueError,
            r"In `unscored`: 'root' is no node of the hierarchy \(2 nodes\)",
        ),
        ([("root", "b")], {"unscored": "root"}, TypeError, "wrap a single name in a"),
    ],
)
def test_from_edges_bad_input(edges, kwargs, kind, message):
    with pytest.raises(kind, match=message):
        Hierarchy.from_edges(edges, **kwargs)


@few
@given(edge_lists())
def test_from_edges_agrees_with_networkx(drawn):
    names, edges = drawn
    hierarchy = Hierarchy.from_edges(edges, nodes=names)
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(edges)
    assert set(hierarchy.nodes) == set(graph)
    pairs = [(hierarchy.nodes[i], hierarchy.nodes[j]) for i, j in hierarchy.edges]
    assert len(pairs) == hierarchy.n_edges == graph.number_of_edges()
    assert set(pairs) == set(graph.edges)


# -- order of the nodes ------------------------------------------------------------


@few
@given(edge_lists())
def test_order_is_topological_and_stable(drawn):
    """The lexicographically first topological order, in the order of the names."""
    names, edges = drawn
    hierarchy = Hierarchy.from_edges(edges, nodes=names)
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(edges)
    expected = nx.lexicographical_topological_sort(graph, key=names.index)
    assert list(hierarchy.nodes) == list(expected)
    assert (hierarchy.edges[:, 0] < hierarchy.edges[:, 1]).all()


@few
@given(hierarchies(min_nodes=0, unscored="inner"))
def test_an_order_that_is_topological_is_kept(hierarchy):
    again = Hierarchy.from_networkx(hierarchy.to_networkx())
    assert again.nodes == hierarchy.nodes


@few
@given(edge_lists())
def test_order_of_the_edges_does_not_matter(drawn):
    names, edges = drawn
    forward = Hierarchy.from_edges(edges, nodes=names)
    assert Hierarchy.from_edges(edges[::-1], nodes=names) == forward


# -- from_parents ------------------------------------------------------------------


def test_from_parents():
    parents = {"d": ["b", "c"], "b": "a", "c": ("a",), "e": None, "f": set()}
    hierarchy = Hierarchy.from_parents(parents, unscored=["e"])
    assert hierarchy.nodes == ("e", "f", "a", "b", "c", "d")
    assert hierarchy.parents("d") == ("b", "c")
    assert hierarchy.roots == ("e", "f", "a")
    assert hierarchy.unscored == ("e",)


def test_a_tuple_that_is_a_key_is_one_parent():
    hierarchy = Hierarchy.from_parents({("x", 1): None, ("x", 2): ("x", 1)})
    assert hierarchy.nodes == (("x", 1), ("x", 2))
    assert hierarchy.parents(("x", 2)) == (("x", 1),)


def test_the_order_of_a_set_of_parents_does_not_matter():
    one, other = set([0, 8]), set([8, 0])  # noqa: C405 (8 goes where 0 would)
    assert list(one) != list(other)
    hierarchy = Hierarchy.from_parents({"x": one})
    assert hierarchy == Hierarchy.from_parents({"x": other})
    assert hierarchy.nodes == (0, 8, "x")


@few
@given(hierarchies(unscored="inner"))
def test_from_parents_goes_back(hierarchy):
    parents = {node: list(hierarchy.parents(node)) for node in hierarchy.nodes}
    again = Hierarchy.from_parents(parents, unscored=hierarchy.unscored)
    assert again == hierarchy


@pytest.mark.parametrize(
    ("parents", "kind", "message"),
    [
        ([("a", "b")], TypeError, "Expected a mapping node -> parents, but got list"),
        ({"a": "b", "b": "a"}, ValueError, "is its own ancestor through"),
        ({"a": float("nan")}, ValueError, "nan can't name a node"),
        ({"a": [["b"]]}, TypeError, "not hashable"),
        ({"a": {"b": 1}}, TypeError, "not hashable"),
    ],
)
def test_from_parents_bad_input(parents, kind, message):
    with pytest.raises(kind, match=message):
        Hierarchy.from_parents(parents)


# -- from_codes --------------------------------------------------------------------


def test_from_codes():
    hierarchy = Hierarchy.from_codes(["01/01/03", "01/05", "02", "01/05"])
    assert hierarchy.nodes == ("01", "01/01", "01/01/03", "01/05", "02")
    assert hierarchy.parents("01/01/03") == ("01/01",)
    assert hierarchy.is_tree


def test_from_codes_with_separator_and_root():
    hierarchy = Hierarchy.from_codes(
        ["01.01", "02"], sep=".", root="root", unscored=["02"]
    )
    assert hierarchy.nodes == ("root", "01", "01.01", "02")
    assert hierarchy.children("root") == ("01", "02")
    assert hierarchy.scored.tolist() == [False, True, True, False]


def test_from_codes_separators_of_several_letters():
    assert Hierarchy.from_codes(["a::b"], sep="::").nodes == ("a", "a::b")


def test_from_codes_empty():
    assert Hierarchy.from_codes([]).n_nodes == 0
    assert Hierarchy.from_codes([], root="root").nodes == ("root",)


@pytest.mark.parametrize(
    ("codes", "kwargs", "kind", "message"),
    [
        ([""], {}, ValueError, "non-empty levels separated by '/', but got ''"),
        (["1//2"], {}, ValueError, "but got '1//2'"),
        (["1/"], {}, ValueError, "but got '1/'"),
        ([1], {}, ValueError, "non-empty levels separated by '/', but got 1"),
        ("1/2", {}, TypeError, "Expected several names, but got '1/2'; wrap"),
        (["1"], {"sep": ""}, ValueError, "Expected `sep` to be a string, but got ''"),
        (["1"], {"sep": None}, ValueError, "Expected `sep`"),
        (["1/2"], {"root": "1"}, ValueError, "virtual root '1' is a code too; choose"),
        (["1"], {"unscored": "1"}, TypeError, "wrap a single name in a list"),
    ],
)
def test_from_codes_bad_input(codes, kwargs, kind, message):
    with pytest.raises(kind, match=message):
        Hierarchy.from_codes(codes, **kwargs)


# -- networkx and flat -------------------------------------------------------------


def test_to_networkx():
    graph = Hierarchy.from_edges(DIAMOND, unscored=["a"]).to_networkx()
    assert isinstance(graph, nx.DiGraph)
    assert list(graph.edges) == DIAMOND
    assert dict(graph.nodes(data="scored")) == {
        "a": False,
        "b": True,
        "c": True,
        "d": True,
    }


@few
@given(hierarchies(min_nodes=0))
def test_networkx_round_trip(hierarchy):
    graph = hierarchy.to_networkx()
    again = Hierarchy.from_networkx(graph, direction="parent_to_child")
    assert again == hierarchy


@few
@given(hierarchies(min_nodes=0, unscored="inner"))
def test_networkx_round_trip_where_nothing_is_odd(hierarchy):
    assert Hierarchy.from_networkx(hierarchy.to_networkx()) == hierarchy


def test_from_networkx_multigraph_and_unscored():
    graph = nx.MultiDiGraph([("a", "b"), ("a", "b"), ("b", "c")])
    graph.nodes["a"]["scored"] = False
    hierarchy = Hierarchy.from_networkx(graph, unscored=["b"])
    assert hierarchy.n_edges == 2
    assert hierarchy.unscored == ("a", "b")


@pytest.mark.parametrize("graph", [nx.Graph([("a", "b")]), [("a", "b")], None])
def test_from_networkx_wants_a_directed_graph(graph):
    message = f"Expected a directed networkx graph .* got {type(graph).__name__}"
    with pytest.raises(TypeError, match=message):
        Hierarchy.from_networkx(graph)


def test_to_networkx_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(ImportError, match=r"pip install sklearn-hmlc\[graph\]"):
        Hierarchy.flat(["a"]).to_networkx()


@pytest.mark.parametrize(
    "names", [["x", "y"], np.array(["x", "y"]), pd.Index(["x", "y"])]
)
def test_flat(names):
    hierarchy = Hierarchy.flat(names)
    assert hierarchy.nodes == hierarchy.roots == hierarchy.leaves == ("x", "y")
    assert hierarchy.levels == ()
    assert all(type(name) is str for name in hierarchy.nodes)


def test_flat_bad_input():
    with pytest.raises(TypeError, match="got 'abc'; wrap a single name in a list"):
        Hierarchy.flat("abc")
    with pytest.raises(ValueError, match="Node 'a' is given twice"):
        Hierarchy.flat(["a", "a"])


# -- the constructor itself --------------------------------------------------------


def test_constructor_takes_positions():
    assert Hierarchy(["b", "a"], [[1, 0]]).nodes == ("a", "b")


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([[0.0, 1.0]], r"integers of shape \(n_edges, 2\), .* of float64; for names"),
        ([["a", "b"]], "for names use `Hierarchy.from_edges`"),
        ([[0], [1]], r"but got shape \(2, 1\) of int64"),
        ([0, 1], r"but got shape \(2,\)"),
        ([[0, 1, 0]], r"but got shape \(1, 3\)"),
        ([[0, 2]], "between positions 0 to 1, but got 0 to 2"),
        ([[-1, 0]], "between positions 0 to 1, but got -1 to 0"),
    ],
)
def test_constructor_bad_edges(edges, message):
    with pytest.raises(ValueError, match=message):
        Hierarchy(["a", "b"], edges)


def test_names_in_pyarrow_s_arrays_are_plain():
    pa = pytest.importorskip("pyarrow")
    names = pa.array(["a", "b", "c"])
    assert Hierarchy.flat(names).nodes == ("a", "b", "c")
    made = Hierarchy.from_edges([("a", "b")], names, unscored=names[2:])
    assert made.index(names[1:]).tolist() == [1, 2]
    assert Hierarchy.from_codes(pa.array(["1/2"])).nodes == ("1", "1/2")
    chain = Hierarchy.from_edges(itertools.pairwise(names))
    assert chain.edge_names == (("a", "b"), ("b", "c"))


def test_a_frame_is_no_list_of_codes():
    with pytest.raises(TypeError, match="path codes, but got DataFrame; give one"):
        Hierarchy.from_codes(pd.DataFrame({"codes": ["1/2"]}))

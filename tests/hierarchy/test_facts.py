"""Titles, namespaces and metadata: kept wherever the hierarchy goes."""

import copy
import pickle

import joblib
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from tests._strategies import few, hierarchies

EDGES = [("GO:1", "GO:2"), ("GO:1", "GO:3"), ("GO:2", "GO:4")]
KNOWN = {
    "names": {"GO:4": "lipid metabolism", "GO:1": "biological_process"},
    "namespaces": {"GO:2": "P", "GO:1": "P", "GO:3": ("F", 1)},
    "metadata": {"data-version": "2026-01", "subsets": ["slim"], "releases": {"x": 1}},
    "alternatives": {"GO:9": "GO:4", "GO:8": "GO:4"},
}
EXAMPLE = Hierarchy.from_edges(EDGES, **KNOWN)
PLAIN = Hierarchy.from_edges(EDGES)


@st.composite
def known(draw):
    """A hierarchy, and the same one with things known of it."""
    plain = draw(hierarchies(unscored="inner"))
    some = st.lists(st.sampled_from(plain.nodes), unique=True)
    words = st.text("ab", max_size=2)
    facts = {
        "names": {node: draw(words) for node in draw(some)},
        "namespaces": {node: draw(words | st.integers(0, 2)) for node in draw(some)},
        "metadata": draw(
            st.dictionaries(words, words | st.lists(words) | st.integers(), max_size=2)
        ),
        "alternatives": {("old", node): node for node in draw(some)},
    }
    return plain, Hierarchy(plain.nodes, plain.edges, plain.unscored, **facts)


# -- what is given is there --------------------------------------------------------


def test_nothing_is_known_where_nothing_is_given():
    assert PLAIN.names == PLAIN.namespaces == PLAIN.metadata == {}
    assert PLAIN.alternatives == {}


@pytest.mark.parametrize(
    "made",
    [
        EXAMPLE,
        Hierarchy(["GO:1", "GO:2", "GO:3", "GO:4"], [(0, 1), (0, 2), (1, 3)], **KNOWN),
        Hierarchy.from_parents(
            {"GO:2": "GO:1", "GO:3": "GO:1", "GO:4": "GO:2", "GO:1": None}, **KNOWN
        ),
        Hierarchy.from_networkx(nx.DiGraph(EDGES), **KNOWN),
        Hierarchy.flat(["GO:1", "GO:2", "GO:3", "GO:4"], **KNOWN),
        Hierarchy.from_codes(["GO:1", "GO:2", "GO:3", "GO:4"], **KNOWN),
    ],
    ids=["edges", "constructor", "parents", "networkx", "flat", "codes"],
)
def test_every_constructor_takes_them(made):
    assert dict(made.names) == KNOWN["names"]
    assert dict(made.namespaces) == KNOWN["namespaces"]
    assert dict(made.metadata) == KNOWN["metadata"]
    assert dict(made.alternatives) == KNOWN["alternatives"]


def test_a_series_does_too():
    names = pd.Series({np.str_("GO:4"): np.str_("lipid metabolism")})
    made = Hierarchy.from_edges(EDGES, names=names)
    assert made.names == {"GO:4": "lipid metabolism"}
    assert type(made.names["GO:4"]) is str


def test_they_cannot_be_changed():
    given = {"versions": [1]}
    made = Hierarchy.flat(["a"], names={"a": "A"}, metadata=given)
    given["versions"].append(2)
    assert made.metadata == {"versions": [1]}
    for mapping in (made.names, made.namespaces, made.metadata):
        with pytest.raises(TypeError, match="does not support item assignment"):
            mapping["a"] = "B"
    with pytest.raises(AttributeError, match="immutable; make another with"):
        made.names = {}


@pytest.mark.parametrize(
    ("facts", "kind", "message"),
    [
        (
            {"names": {"GO:44": "x"}},
            ValueError,
            "In `names`: 'GO:44' is no node .*GO:4",
        ),
        ({"names": {"GO:1": 3}}, TypeError, "a string for node 'GO:1', but got 3"),
        ({"names": {"GO:1": None}}, TypeError, "but got None; leave out nodes that"),
        ({"names": ["x"]}, TypeError, "`names` as a mapping from nodes, but got list"),
        ({"namespaces": {"GO:5": "P"}}, ValueError, "In `namespaces`: 'GO:5' is no "),
        ({"namespaces": {"GO:1": ["P"]}}, TypeError, r"a hashable value .* \['P'\]"),
        ({"namespaces": {"GO:1": np.nan}}, TypeError, "but got nan; leave out"),
        ({"namespaces": "P"}, TypeError, "`namespaces` as a mapping .* got str"),
        (
            {"alternatives": {"GO:7": "GO:5"}},
            ValueError,
            "`alternatives`: 'GO:5' is no",
        ),
        ({"alternatives": "GO:7"}, TypeError, "mapping from other names, but got str"),
        ({"metadata": "v1"}, TypeError, "`metadata` as a mapping, such as .* got str"),
        ({"metadata": {1: "v1"}}, TypeError, "keys of `metadata` .* strings, .* got 1"),
        ({"title": {}}, TypeError, "unexpected keyword argument 'title'"),
    ],
)
def test_bad_facts(facts, kind, message):
    with pytest.raises(kind, match=message):
        Hierarchy.from_edges(EDGES, **facts)
    graph = nx.DiGraph(EDGES)
    with pytest.raises(kind, match=message):
        Hierarchy.from_networkx(graph, **facts)


# -- and stays ---------------------------------------------------------------------


@few
@given(known())
def test_copies_have_them(case):
    plain, hierarchy = case
    again = pickle.loads(pickle.dumps(hierarchy))
    assert again == hierarchy
    assert hash(again) == hash(hierarchy)
    assert joblib.hash(again) == joblib.hash(hierarchy)
    assert again.names == hierarchy.names
    assert copy.deepcopy(hierarchy) is hierarchy
    assert Hierarchy.from_networkx(hierarchy.to_networkx()) == hierarchy
    facts = hierarchy.names, hierarchy.namespaces, hierarchy.metadata
    bare = not any((*facts, hierarchy.alternatives))
    assert (plain == hierarchy) == bare


@few
@given(known(), st.data())
def test_parts_have_theirs(case, data):
    _, hierarchy = case
    keep = data.draw(st.lists(st.sampled_from(hierarchy.nodes)))
    part = hierarchy.subset(keep)
    kept = set(keep)
    assert part.names == {x: t for x, t in hierarchy.names.items() if x in kept}
    spaces = {x: s for x, s in hierarchy.namespaces.items() if x in kept}
    assert part.namespaces == spaces
    assert part.metadata == hierarchy.metadata
    others = {old: x for old, x in hierarchy.alternatives.items() if x in kept}
    assert part.alternatives == others


@few
@given(hierarchies(min_nodes=0, unscored="inner"))
def test_edge_names_are_what_from_edges_takes(hierarchy):
    names = hierarchy.edge_names
    again = Hierarchy.from_edges(
        names, nodes=hierarchy.nodes, unscored=hierarchy.unscored
    )
    assert again == hierarchy
    assert len(names) == hierarchy.n_edges
    assert all(above in hierarchy.parents(below) for above, below in names)


@pytest.mark.parametrize("fact", ["names", "namespaces", "metadata", "alternatives"])
def test_each_counts_for_equality(fact):
    other = Hierarchy.from_edges(EDGES, **{**KNOWN, fact: None})
    assert other != EXAMPLE
    assert hash(other) != hash(EXAMPLE)


def test_the_order_in_which_they_are_given_does_not_count():
    turned = {fact: dict(reversed(given.items())) for fact, given in KNOWN.items()}
    other = Hierarchy.from_edges(EDGES, **turned)
    assert other == EXAMPLE
    assert hash(other) == hash(EXAMPLE)
    assert joblib.hash(other) == joblib.hash(EXAMPLE)


def test_arrays_in_metadata_are_compared_by_value():
    one, same, other = (
        Hierarchy.flat(["ab"], metadata={"x": np.array(x), "y": 0})
        for x in ([1, 2], [1, 2], [1, 3])
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != Hierarchy.flat(["ab"], metadata={"x": 1, "y": 0})


def test_networkx_attributes():
    graph = EXAMPLE.to_networkx()
    assert graph.nodes["GO:1"] == {
        "scored": True,
        "name": "biological_process",
        "namespace": "P",
    }
    assert "name" not in graph.nodes["GO:3"]
    assert graph.graph == {**KNOWN["metadata"], "parent_to_child": True}
    graph.graph["subsets"].append("other")
    assert EXAMPLE.metadata["subsets"] == ["slim"]


def test_what_is_given_goes_before_what_a_graph_has():
    graph = EXAMPLE.to_networkx()
    graph.nodes["GO:3"]["name"] = 3  # no title
    graph.graph[0] = "no word"
    made = Hierarchy.from_networkx(
        graph, names={"GO:1": "top"}, metadata={"data-version": "2026-02"}
    )
    assert made.names == {"GO:1": "top", "GO:4": "lipid metabolism"}
    assert made.namespaces == EXAMPLE.namespaces
    assert made.metadata == {**KNOWN["metadata"], "data-version": "2026-02"}
    series = Hierarchy.from_networkx(graph, names=pd.Series({"GO:1": "top"}))
    assert series.names == {"GO:1": "top"}


# -- shown -------------------------------------------------------------------------


def test_repr():
    assert repr(EXAMPLE) == (
        "Hierarchy(4 nodes, 3 edges, 1 root, depth 2, tree, named, 2 namespaces, "
        "data-version='2026-01')"
    )
    long = Hierarchy.flat(["a"], metadata={"remark": "x" * 41, **dict.fromkeys("abcd")})
    assert repr(long) == "Hierarchy(1 node, 0 edges, 1 root, depth 0, tree)"


def test_html():
    shown = Hierarchy.from_edges(
        EDGES, namespaces={"GO:2": "<b>"}, names={"GO:1": "top"}, metadata={"v": "&"}
    )._repr_html_()
    assert "<tr><th>in &lt;b&gt;</th><td>0</td><td>1</td><td>0</td></tr>" in shown
    assert "<tr><th>named</th><td>1</td><td>0</td><td>0</td></tr>" in shown
    assert "<p>v: &amp;</p>" in shown
    remark = Hierarchy.flat(["a"], metadata={"v": "x" * 1000})
    assert f"<p>v: {'x' * 60}...</p>" in remark._repr_html_()


@pytest.mark.parametrize(
    ("make", "equal"),
    [
        (lambda: np.arange(3), True),
        (lambda: {"a": np.zeros(2)}, True),
        (lambda: [np.arange(3), {"b": (1, np.ones(1))}], True),
        (lambda: float("nan"), True),
        (lambda: [1, float("nan")], True),
        (lambda: np.array([np.nan, 1]), True),
        (lambda: pd.Series([1, 2]), True),
        (lambda: pd.DataFrame({"a": [1, 2]}), True),
        (object, False),
    ],
)
def test_metadata_of_any_kind_are_compared(make, equal):
    one, other = (
        Hierarchy.from_edges([("a", "b")], metadata={"x": make()}) for _ in range(2)
    )
    assert (one == other) is equal
    assert one == copy.copy(one)
    for value in (1, [1], {"a": 1}, np.arange(2), pd.Series([1, 3]), None, "nan"):
        assert one != Hierarchy.from_edges([("a", "b")], metadata={"x": value})


def test_networkx_says_which_way_edges_run():
    hierarchy = Hierarchy.from_edges(
        [("r1", "rare"), ("r2", "rare"), ("r1", "x")],
        unscored=["rare"],
        direction="parent_to_child",
        metadata={"version": 1},
    )
    again = Hierarchy.from_networkx(hierarchy.to_networkx())
    assert again == hierarchy
    assert again.metadata == {"version": 1}
    graph = hierarchy.to_networkx()
    del graph.graph["parent_to_child"]
    with pytest.raises(ValueError, match="upside down"):
        Hierarchy.from_networkx(graph)

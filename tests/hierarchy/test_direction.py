"""A hierarchy read the wrong way round: right, or an error with the recipe."""

import itertools
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from tests._strategies import edge_lists, few, hierarchies

DOWN, UP = "parent_to_child", "child_to_parent"

# root over a and b; a over c and d.
EDGES = [("root", "a"), ("root", "b"), ("a", "c"), ("a", "d")]
TURNED = [(child, parent) for parent, child in EDGES]
RIGHT = Hierarchy.from_edges(EDGES)


def obonet(is_a=True):
    """A graph as obonet reads one: child -> parent, kinds as keys, headers kept."""
    graph = nx.MultiDiGraph(ontology="go", **{"data-version": "2026-01"})
    for term in range(1, 6):
        graph.add_node(f"GO:{term}", name=f"term {term}", namespace="P")
    for below, above, kind in [
        (2, 1, "is_a"),
        (3, 1, "is_a"),
        (4, 2, "part_of"),
        (5, 3, "regulates"),
        (5, 4, "is_a"),
    ]:
        graph.add_edge(f"GO:{below}", f"GO:{above}", key=kind)
        if is_a and kind == "is_a":
            graph.nodes[f"GO:{below}"].setdefault("is_a", []).append(f"GO:{above}")
    return graph


# -- ontologies in networkx ------------------------------------------------------------


@pytest.mark.parametrize("is_a", [True, False])
def test_an_ontology_as_obonet_reads_it(is_a):
    graph = obonet(is_a)
    with pytest.raises(ValueError, match=r"from child to parent.*direction='child_to_"):
        Hierarchy.from_networkx(graph)
    with pytest.raises(ValueError, match=r"kinds 'regulates' need not make an anc.*Ch"):
        Hierarchy.from_networkx(graph, direction=UP)
    kinds = ["is_a", "part_of"]
    right = Hierarchy.from_networkx(graph, relations=kinds, direction=UP)
    assert right.roots == ("GO:1",)
    assert right.ancestors("GO:5") == ("GO:1", "GO:2", "GO:4")
    assert right.names["GO:2"] == "term 2"
    assert set(right.namespaces.values()) == {"P"}
    assert right.metadata == {"ontology": "go", "data-version": "2026-01"}
    turned = Hierarchy.from_networkx(graph.reverse(), relations=kinds, direction=DOWN)
    assert turned == right
    every = Hierarchy.from_networkx(
        graph, relations=[*kinds, "regulates"], direction=UP
    )
    assert every.parents("GO:5") == ("GO:3", "GO:4")


def test_a_wrong_direction_is_seen_in_what_nodes_say_of_themselves():
    graph = obonet()
    with pytest.raises(
        ValueError, match=r"'GO:2' is_a 'GO:1', but its .*Turn them round"
    ):
        Hierarchy.from_networkx(graph, relations=["is_a"], direction=DOWN)
    with pytest.raises(ValueError, match=r"Turn them round: by `graph.reverse\(\)`"):
        Hierarchy.from_networkx(graph.reverse(), relations=["is_a"], direction=UP)
    # Without keys: nothing but the nodes says it.
    bare = nx.DiGraph(graph)
    assert not any(data for _, _, data in bare.edges(data=True))
    with pytest.raises(ValueError, match="Turn them round"):
        Hierarchy.from_networkx(bare)
    assert Hierarchy.from_networkx(bare.reverse()).roots == ("GO:1",)
    assert Hierarchy.from_networkx(bare, direction=UP).roots == ("GO:1",)
    bare.nodes["GO:2"]["is_a"] = "GO:1"
    with pytest.raises(ValueError, match="Turn them round"):
        Hierarchy.from_networkx(bare)


@pytest.mark.parametrize("kind", ["is_a", "part_of", "subClassOf", "IS_A", "has_part"])
@pytest.mark.parametrize("where", ["key", "relation", "label"])
def test_kinds_are_known_as_keys_and_as_attributes(kind, where):
    if where == "key":
        graph = nx.MultiDiGraph()
        graph.add_edge("b", "a", key=kind)
    else:
        graph = nx.DiGraph()
        graph.add_edge("b", "a", **{where: kind, "weight": 1})
    with pytest.raises(
        ValueError, match=f"kinds '{kind}'.*direction='child_to_parent'"
    ):
        Hierarchy.from_networkx(graph)
    with pytest.raises(ValueError, match="direction='child_to_parent'"):
        Hierarchy.from_networkx(graph, relations=[kind])
    made = Hierarchy.from_networkx(graph, relations=[kind], direction=UP)
    assert made.nodes == ("a", "b")


def test_graphs_that_name_no_known_kind_run_from_parent_to_child():
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", key="x")
    graph.add_edge("a", "c", key="y")
    assert Hierarchy.from_networkx(graph).roots == ("a",)
    only = Hierarchy.from_networkx(graph, relations=["x"])
    assert only.edge_names == (("a", "b"),)
    assert only.roots == ("a", "c")
    assert Hierarchy.from_networkx(graph, direction=UP).roots == ("b", "c")
    plain = nx.DiGraph()
    plain.add_edge("a", "b", label="of old", weight=2)
    assert Hierarchy.from_networkx(plain).roots == ("a",)


def test_relations_bad_input():
    with pytest.raises(
        ValueError, match=r"'partof' is no kind .*Did you mean 'part_of"
    ):
        Hierarchy.from_networkx(obonet(), relations=["partof"], direction=UP)
    with pytest.raises(TypeError, match="got 'is_a'; wrap a single name in a list"):
        Hierarchy.from_networkx(obonet(), relations="is_a", direction=UP)
    with pytest.raises(
        ValueError, match="'is_a' is no kind of the graph's edges, which"
    ):
        Hierarchy.from_networkx(nx.DiGraph([("a", "b")]), relations=["is_a"])
    with pytest.raises(
        ValueError, match=r"`direction` to be one of .*Did you mean 'chil"
    ):
        Hierarchy.from_networkx(obonet(), direction="child_to_parents")
    # A kind that an ontology happens to lack is no error, nor are no edges at all.
    graph = obonet().edge_subgraph([("GO:2", "GO:1", "is_a")])
    kinds = ["is_a", "part_of"]
    assert Hierarchy.from_networkx(graph, relations=kinds, direction=UP).n_edges == 1
    graph = nx.empty_graph(2, create_using=nx.MultiDiGraph)
    assert Hierarchy.from_networkx(graph, relations=kinds, direction=UP).n_nodes == 2


def test_a_graph_is_no_list_of_edges():
    graph = nx.DiGraph()
    graph.add_edge(("a", 1), ("a", 2))
    with pytest.raises(TypeError, match="for a graph use `from_networkx`"):
        Hierarchy.from_edges(graph)


# -- frames ----------------------------------------------------------------------------


def pandas(rows, columns):
    return pd.DataFrame(rows, columns=columns)


def polars(rows, columns):
    return pl.DataFrame(rows, schema=columns, orient="row")


def pyarrow(rows, columns):
    return pa.table([list(column) for column in zip(*rows, strict=True)], names=columns)


every_frame = pytest.mark.parametrize("frame", [pandas, polars, pyarrow])


@every_frame
@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["parent", "child"], EDGES),
        (["child", "parent"], TURNED),
        (["Child_ID", "Parent_ID"], TURNED),
        (["term", "parent"], TURNED),
        (["parent", "term"], EDGES),
        (["child", "is_a"], TURNED),
        (["super", "child"], EDGES),
        (["source", "target"], EDGES),
        (["target", "source"], TURNED),
        (["To", "From"], TURNED),
    ],
)
def test_columns_go_by_name(frame, columns, rows):
    assert Hierarchy.from_edges(frame(rows, columns)) == RIGHT


@every_frame
@pytest.mark.parametrize(
    "columns", [["a", "b"], ["subject", "object"], ["parent_1", "parent_2"]]
)
def test_columns_that_say_nothing(frame, columns):
    with pytest.raises(
        ValueError, match=r"do not say who is the parent. Name them pare"
    ):
        Hierarchy.from_edges(frame(EDGES, columns))
    assert Hierarchy.from_edges(frame(EDGES, columns), direction=DOWN) == RIGHT
    assert Hierarchy.from_edges(frame(TURNED, columns), direction=UP) == RIGHT


def test_columns_without_names_go_by_position():
    assert Hierarchy.from_edges(pd.DataFrame(EDGES)) == RIGHT
    assert Hierarchy.from_edges(pl.DataFrame(np.array(EDGES))) == RIGHT
    assert Hierarchy.from_edges(pd.DataFrame(TURNED), direction=UP) == RIGHT


@every_frame
def test_a_direction_counts_where_names_do_not_say_it(frame):
    frame_of_graph = frame(TURNED, ["source", "target"])
    assert Hierarchy.from_edges(frame_of_graph, direction=UP) == RIGHT
    named = frame(TURNED, ["child", "parent"])
    assert Hierarchy.from_edges(named, direction=UP) == RIGHT
    assert Hierarchy.from_edges(named, direction=DOWN) == RIGHT


@every_frame
def test_other_columns_are_refused(frame):
    rows = [(*edge, "is_a") for edge in EDGES]
    with pytest.raises(ValueError, match="in two columns, parent and child, but got"):
        Hierarchy.from_edges(frame(rows, ["parent", "child", "kind"]))
    with pytest.raises(ValueError, match="in two columns"):
        Hierarchy.from_edges(frame([("a",)], ["parent"]))


def test_frames_bad_input():
    twice = pd.DataFrame(EDGES, columns=["parent", "parent"])
    with pytest.raises(ValueError, match="Columns of edges come more than once"):
        Hierarchy.from_edges(twice)
    with pytest.raises(TypeError, match=r"pandas, polars or pyarrow"):
        Hierarchy.from_edges(pl.LazyFrame({"parent": ["a"], "child": ["b"]}))
    with pytest.raises(ValueError, match="None can't name a node"):
        Hierarchy.from_edges(pl.DataFrame({"parent": ["a", None], "child": ["b", "a"]}))
    assert Hierarchy.from_edges(pd.DataFrame(), nodes=["a"]).nodes == ("a",)
    empty = pd.DataFrame(columns=["parent", "child"])
    assert Hierarchy.from_edges(empty, nodes=["a"]).nodes == ("a",)


def test_columns_of_different_types_keep_their_values():
    # As one array they would be floats, in which both names of a pair are one.
    large = 2**63
    frame = pd.DataFrame(
        {
            "parent": np.array([large + 1], dtype="uint64"),
            "child": np.array([large - 1], dtype="int64"),
        }
    )
    assert Hierarchy.from_edges(frame).nodes == (large + 1, large - 1)


class Edge(NamedTuple):
    child: Any
    parent: Any


class Step(NamedTuple):
    start: Any
    end: Any


def test_named_pairs_go_by_name():
    named = [Edge(*pair) for pair in TURNED]
    for direction in (None, DOWN, UP):
        assert Hierarchy.from_edges(named, direction=direction) == RIGHT
    frame = pd.DataFrame(TURNED, columns=["child", "parent"])
    assert Hierarchy.from_edges(frame.itertuples(index=False)) == RIGHT
    assert Hierarchy.from_edges([Step(*pair) for pair in EDGES]) == RIGHT


@few
@given(edge_lists(), st.sampled_from([pandas, polars, pyarrow]))
def test_any_frame_in_either_order(drawn, frame):
    names, edges = drawn
    words = {name: str(name) for name in names}
    pairs = [(words[above], words[below]) for above, below in edges]
    expected = Hierarchy.from_edges(pairs, nodes=words.values())
    if pairs:
        turned = [pair[::-1] for pair in pairs]
        for columns, rows in [
            (["parent", "child"], pairs),
            (["child", "parent"], turned),
        ]:
            made = Hierarchy.from_edges(frame(rows, columns), nodes=words.values())
            assert made == expected
    turned = [pair[::-1] for pair in edges]
    again = Hierarchy.from_edges(turned, nodes=names, direction=UP)
    assert again == Hierarchy.from_edges(edges, nodes=names)


# -- unscored leaves -------------------------------------------------------------------

WRONG = [
    (TURNED, ["root"]),
    ([("b", "root"), ("c", "root")], ["root"]),
    ([("c", "b"), ("b", "root")], ["root"]),
    # A diamond is a diamond either way.
    ([("d", "b"), ("d", "c"), ("b", "a"), ("c", "a")], ["a"]),
    # Two namespaces that share a term, one of whose roots is marked.
    ([("x", "m"), ("x", "p"), ("y", "m"), ("z", "x"), ("w", "x")], ["m"]),
    # What should be a rare leaf is a root here.
    ([("b", "root"), ("c", "root"), ("d", "root")], ["root", "d"]),
    # More isolated nodes than are looked at.
    ([*TURNED], ["root", *range(30)]),
    # The Gene Ontology's own root, though nobody marks it.
    ([("GO:0000001", "GO:0008150"), ("GO:0000002", "GO:0008150")], []),
]


@pytest.mark.parametrize(("edges", "unscored"), WRONG)
def test_an_unscored_leaf_below_all_the_rest(edges, unscored):
    nodes = dict.fromkeys([*itertools.chain(*edges), *unscored])
    message = "and none below: the hierarchy seems to be upside down. "
    with pytest.raises(ValueError, match=message + r"Turn the edges round, `\[\(pare"):
        Hierarchy.from_edges(edges, nodes=nodes, unscored=unscored)
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(nodes)
    with pytest.raises(ValueError, match=message + r"Turn it, `graph.reverse\(\)`"):
        Hierarchy.from_networkx(graph, unscored=unscored)
    nx.set_node_attributes(
        graph, {node: node not in unscored for node in nodes}, "scored"
    )
    with pytest.raises(ValueError, match=message):
        Hierarchy.from_networkx(graph)
    parents = {node: [a for a, b in edges if b == node] for node in nodes}
    with pytest.raises(
        ValueError, match=message + "Give each node's parents, not its c"
    ):
        Hierarchy.from_parents(parents, unscored=unscored)
    # As the message says:
    right = Hierarchy.from_edges([pair[::-1] for pair in edges], nodes, unscored)
    assert Hierarchy.from_edges(edges, nodes, unscored, direction=UP) == right
    assert Hierarchy.from_networkx(graph.reverse(), unscored=unscored) == right
    as_given = Hierarchy.from_edges(edges, nodes, unscored, direction=DOWN)
    assert as_given.n_edges == right.n_edges


@pytest.mark.parametrize(
    ("edges", "unscored"),
    [
        (EDGES, ["root"]),
        (EDGES, ["root", "a"]),
        (EDGES, ["b"]),
        (EDGES, ["root", "b", "c"]),
        ([("a", "b")], ["b"]),
        ([("a", "b"), ("b", "c")], ["a", "c"]),
        ([("a", "b"), ("b", "c"), ("a", "d")], ["c"]),
        ([("root", "GO0005575"), ("root", "GO0008150")], []),
        ([("root", "GO0005575"), ("root", "GO0008150")], ["root", "GO0008150"]),
    ],
)
def test_what_may_well_be_right_is_taken(edges, unscored):
    made = Hierarchy.from_edges(edges, unscored=unscored)
    assert made.n_edges == len(edges)
    assert set(made.unscored) == set(unscored)


def test_the_wrong_word_is_seen_too():
    with pytest.raises(ValueError, match="upside down"):
        Hierarchy.from_edges(EDGES, unscored=["root"], direction=UP)


def test_parts_are_not_asked():
    chain = Hierarchy.from_edges([*EDGES, ("c", "e")], unscored=["c"])
    part = chain.subset(["root", "a", "c"])
    assert part.leaves == part.unscored == ("c",)
    codes = Hierarchy.from_codes(["1/1/1"], unscored=["1/1/1"])
    assert codes.leaves == codes.unscored == ("1/1/1",)


@few
@given(hierarchies(unscored=False))
def test_tops_that_are_unscored_tell_either_way(hierarchy):
    tops = [root for root in hierarchy.roots if hierarchy.children(root)]
    right = Hierarchy.from_edges(hierarchy.edge_names, hierarchy.nodes, tops)
    turned = [pair[::-1] for pair in hierarchy.edge_names]
    assert Hierarchy.from_edges(turned, right.nodes, tops, direction=UP) == right
    around = [
        {top, *hierarchy.descendants(top)}.union(
            *map(hierarchy.ancestors, hierarchy.descendants(top))
        )
        for top in tops
    ]
    if any(len(nodes) > 2 for nodes in around):
        with pytest.raises(ValueError, match="seems to be upside down"):
            Hierarchy.from_edges(turned, hierarchy.nodes, tops)


@few
@given(hierarchies(unscored="inner"))
def test_unscored_nodes_with_children_are_always_taken(hierarchy):
    again = Hierarchy.from_edges(
        hierarchy.edge_names, hierarchy.nodes, hierarchy.unscored
    )
    assert again == hierarchy

"""`labels`: closed Y, the nodes that are kept and their hierarchy."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import labels, read_annotations
from tests._strategies import few, hierarchies

FOLDER = Path(__file__).parents[1] / "data" / "ontology"


@pytest.fixture(scope="module")
def excerpt():
    go = Hierarchy.from_obo(FOLDER / "go_excerpt.obo")
    return read_annotations(FOLDER / "go_excerpt.gaf", go)


def slow_labels(pairs, hierarchy, min_count, count_on):
    """Sets of nodes by id, and which nodes are kept, one by one."""
    closed = {}
    for name, node in pairs:
        closed.setdefault(name, set()).update({node, *hierarchy.ancestors(node)})
    kept = [
        node
        for node in hierarchy.nodes
        if sum(node in closed[name] for name in closed if name in count_on) >= min_count
    ]
    rows = {name: nodes & {*kept} for name, nodes in closed.items()}
    return {name: nodes for name, nodes in rows.items() if nodes}, kept


@st.composite
def annotated(draw):
    hierarchy = draw(hierarchies())
    pair = st.tuples(st.sampled_from("ABCDE"), st.sampled_from(hierarchy.nodes))
    return hierarchy, draw(st.lists(pair, min_size=1, max_size=12))


@few
@given(annotated(), st.integers(0, 3), st.sets(st.sampled_from("ABCDE"), min_size=1))
def test_against_sets(made, min_count, count_on):
    hierarchy, pairs = made
    annotations = Bunch(
        table=pd.DataFrame(pairs, columns=["id", "node"]), hierarchy=hierarchy
    )
    rows, kept = slow_labels(pairs, hierarchy, min_count, count_on)
    if not kept or not {name for name, _ in pairs} & count_on:
        with pytest.raises(
            ValueError, match=r"lower `min_count`|none of \d ids? has an"
        ):
            labels(annotations, min_count=min_count, count_on=sorted(count_on))
        return
    Y = labels(annotations, min_count=min_count, count_on=sorted(count_on))
    assert list(Y.hierarchy.nodes) == Y.target_names == kept
    assert Y.ids.tolist() == list(rows)
    assert Y.hierarchy.is_closed(Y.target)
    for row, name in zip(Y.target.toarray(), Y.ids, strict=True):
        assert {kept[k] for k in np.flatnonzero(row)} == rows[name]


def test_container(excerpt):
    Y = labels(excerpt)
    assert isinstance(Y.target, sp.csr_array)
    assert Y.target.dtype == bool
    assert Y.target.indices.dtype == Y.target.indptr.dtype == np.int32
    assert Y.target.has_sorted_indices
    assert Y.ids.name == "id"


def test_roots_and_names_stay(excerpt):
    Y = labels(excerpt, min_count=3)
    assert Y.hierarchy.unscored == ("GO:0003674", "GO:0005575", "GO:0008150")
    assert Y.hierarchy.names["GO:0005515"] == "protein binding"
    assert (Y.target.sum(axis=0) >= 3).all() or "GO:0008150" in Y.hierarchy
    assert labels(excerpt, min_count=0).hierarchy == excerpt.hierarchy


def test_namespaces(excerpt):
    Y = labels(excerpt, namespaces=["cellular_component"])
    assert set(Y.hierarchy.namespaces.values()) == {"cellular_component"}
    every = labels(excerpt)
    columns = every.hierarchy.index(list(Y.hierarchy.nodes))
    there = every.target[:, columns].sum(axis=1) > 0
    # Genes with terms of other namespaces alone are left out.
    assert Y.ids.tolist() == every.ids[there].tolist()
    assert len(Y.ids) < len(every.ids)
    with pytest.raises(ValueError, match=r"no 'cellular'; it has .*Did you mean"):
        labels(excerpt, namespaces=["cellular"])


def test_whole_ontology(data_dir):
    folder = data_dir / "human_go"
    go = Hierarchy.from_obo(folder / "go-2022-07-01.obo")
    read = read_annotations(folder / "human-2022.gaf.gz", go)
    Y = labels(read)
    assert len(Y.ids) == 17_185
    assert Y.target.nnz == 997_133


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count": 100}, "No node has 100 rows or more; lower `min_count`"),
        ({"count_on": ["x"]}, r"none of 1 id has annotations; expected .*but got 'x'"),
        ({"min_count": -1}, "The 'min_count' parameter of labels"),
    ],
)
def test_bad_arguments(excerpt, options, message):
    with pytest.raises(ValueError, match=message):
        labels(excerpt, **options)


def test_no_annotations():
    with pytest.raises(
        TypeError, match=r"as `read_annotations` returns .* got DataFrame"
    ):
        labels(pd.DataFrame({"id": ["a"], "node": ["b"]}))


@pytest.mark.parametrize("option", ["namespaces", "count_on"])
def test_a_single_name(excerpt, option):
    with pytest.raises(
        TypeError, match=rf"In `{option}`: expected several names, .* list: \['3804'\]"
    ):
        labels(excerpt, **{option: "3804"})


def test_ids_of_another_type(excerpt):
    with pytest.raises(
        ValueError, match=r"such as '3804', .*got 3804\. Ids are text: .*astype\(str\)"
    ):
        labels(excerpt, count_on=[3804])


def test_ids_can_be_split(excerpt):
    """Of pandas' text type scikit-learn can't take rows."""
    for ids in (excerpt.table["id"].unique(), excerpt.ids):
        train, test = train_test_split(ids, test_size=3, random_state=0)
        assert sorted([*train, *test]) == sorted(set(excerpt.table["id"]))
        assert labels(excerpt, count_on=train).ids.isin(test).any()
    assert excerpt.ids.tolist() == list(dict.fromkeys(excerpt.table["id"]))

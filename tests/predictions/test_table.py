"""Tidy tables of predictions against loops over rows and nodes."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import Bunch

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.predictions import (
    iter_proba,
    predict_dense,
    predict_frame,
    predict_labels,
    predict_sparse,
    predict_top,
)

from .models import (
    HIERARCHY,
    KNOW_NAMES,
    MODELS,
    NODES,
    coherent,
    ensemble,
    fit,
    make_data,
)

IDS = [f"gene {row}" for row in range(60)]
SCORED = [node for node in NODES if node != "r"]


def decisions(model, X, name):
    """What `predict` says, columns in node order."""
    labels = model.predict(X)
    return labels[NODES].to_numpy() if name in KNOW_NAMES else labels


def by_hand(proba, decided, *, k=None, least=None, specific=False):
    """Lines (row, node) of one row after the other, by plain loops."""
    for row in range(len(proba)):
        p = dict(zip(NODES, proba[row], strict=True))
        yes = dict(zip(NODES, decided[row], strict=True))
        kept = [x for x in SCORED if least is None or p[x] >= least]
        if specific:
            if least is None:
                kept = [x for x in kept if yes[x]]
            kept = [x for x in kept if not set(HIERARCHY.descendants(x)) & set(kept)]
        kept.sort(key=lambda x: (-p[x], NODES.index(x)))
        for node in kept[:k]:
            yield IDS[row], node, p[node], bool(yes[node])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"k": 2},
        {"k": None, "min_proba": 0.3},
        {"most_specific": True},
        {"most_specific": True, "min_proba": 0.2, "k": 1},
    ],
    ids=str,
)
def test_top(name, options):
    X, _ = make_data()
    model = fit(name)
    table = predict_top(model, X, ids=IDS, hierarchy=HIERARCHY, batch_size=7, **options)
    proba = predict_dense(model, X, hierarchy=HIERARCHY, batch_size=7)
    expected = by_hand(
        proba,
        decisions(model, X, name),
        k=options.get("k", 10),
        least=options.get("min_proba"),
        specific=options.get("most_specific", False),
    )
    found = table[["id", "node", "probability", "decision"]]
    assert list(found.itertuples(index=False, name=None)) == list(expected)


@pytest.mark.parametrize("name", ["ensemble", "thresholds", "forest"])
def test_frame_has_all_pairs_in_order(name):
    X, _ = make_data()
    model = fit(name)
    table = predict_frame(model, X, ids=IDS, hierarchy=HIERARCHY, batch_size=7)
    pairs = [(id, node) for id in IDS for node in SCORED]
    assert list(zip(table["id"], table["node"], strict=True)) == pairs
    proba = predict_dense(model, X, hierarchy=HIERARCHY, batch_size=7)
    wide = table.pivot(index="id", columns="node", values="probability")
    np.testing.assert_array_equal(wide.loc[IDS, SCORED], proba[:, 1:])
    said = predict_frame(model, X, only_decided=True, ids=IDS, hierarchy=HIERARCHY)
    assert said["decision"].all()
    yes = table[table["decision"]]
    assert list(said["node"]) == list(yes["node"])


def test_names_and_namespaces():
    table = predict_frame(fit("coherent"), make_data()[0][:1])
    assert list(table.columns) == [
        *("id", "node", "name", "namespace", "probability", "decision")
    ]
    rows = table.set_index("node")
    assert rows["name"].to_dict() == {
        **dict.fromkeys(SCORED), "a": "alpha", "c": "gamma"
    }  # fmt: skip
    assert rows["namespace"]["e"] is None
    assert rows["namespace"]["d"] == "second"


def test_columns_without_facts_are_left_out():
    table = predict_top(KNeighborsClassifier().fit(*make_data()), make_data()[0])
    assert list(table.columns) == ["id", "node", "probability", "decision"]


@pytest.mark.parametrize("name", ["ensemble", "pipeline"])
def test_uncertainty(name):
    X, _ = make_data()
    model = fit(name)
    inner = model if name == "ensemble" else model[-1]
    rows = X if name == "ensemble" else model[:-1].transform(X)
    for given, measure in (("auto", "gmu"), ("predictive", "predictive")):
        table = predict_top(model, X, k=3, uncertainty=given)
        unsure = inner.predict_uncertainty(rows, measure)
        columns = list(inner.classes_)
        expected = [
            unsure[row, columns.index(node)]
            for row, node in zip(table["id"], table["node"], strict=True)
        ]
        np.testing.assert_allclose(table["uncertainty"], expected, rtol=1e-4)
    assert "uncertainty" not in predict_top(model, X, uncertainty=None)


def test_uncertainty_that_no_model_knows():
    X, _ = make_data()
    with pytest.raises(AttributeError, match="predict_uncertainty"):
        predict_top(fit("coherent"), X, uncertainty="gmu")


@pytest.mark.parametrize("model", [LogisticRegression(), coherent()], ids=str)
def test_classes_are_decided_once_per_row(model, rng):
    X, _ = make_data()
    y = rng.choice(["c", "e", "d"], 60)
    table = predict_top(model.fit(X, y), X, most_specific=True, ids=IDS)
    assert list(table["id"]) == IDS
    assert list(table["node"]) == list(model.predict(X))


LIBRARIES = {
    "pandas": lambda X: pd.DataFrame(X, columns=list("wxyz"), index=IDS),
    "polars": lambda X: pl.DataFrame(X, schema=list("wxyz")),
    "pyarrow": lambda X: pa.table({name: X[:, k] for k, name in enumerate("wxyz")}),
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_table_is_of_the_library_of_the_rows(library):
    X, Y = make_data()
    frame = LIBRARIES[library](X)
    model = coherent().fit(frame, Y)
    expected = predict_top(coherent().fit(X, Y), X, ids=IDS)
    found = predict_top(model, frame, ids=None if library == "pandas" else IDS)
    assert type(found) is type(frame)
    columns = found.to_pydict() if library == "pyarrow" else found.to_dict()
    if library == "polars":
        columns = {name: list(column) for name, column in columns.items()}
    if library == "pandas":
        columns = {name: list(found[name]) for name in found}
    assert columns == {name: expected[name].tolist() for name in expected}


def test_names_that_are_numbers_or_tuples():
    X, Y = make_data()
    numbers = Hierarchy.flat([10, 11, 12, 13, 14, 15])
    table = predict_top(KNeighborsClassifier().fit(X, Y), X, k=1, hierarchy=numbers)
    assert table["node"].dtype == np.int64
    tuples = Hierarchy.flat([("n", k) for k in range(6)])
    table = predict_top(KNeighborsClassifier().fit(X, Y), X, k=1, hierarchy=tuples)
    assert set(table["node"]) <= set(tuples.nodes)


def test_no_line_at_all():
    X, _ = make_data()
    table = predict_top(fit("ensemble"), X, min_proba=1.0)
    assert len(table) == 0
    assert list(table.columns)[:2] == ["id", "node"]


@pytest.mark.parametrize("option", ["only_decided", "most_specific"])
def test_switches_are_true_or_false(option):
    ask = predict_frame if option == "only_decided" else predict_top
    with pytest.raises(TypeError, match=f"`{option}` to be True or False"):
        ask(fit("coherent"), make_data()[0], **{option: "yes"})


# -- types of columns, and features with their ids -------------------------------------

OTHERS = {
    "polars": lambda X: pl.DataFrame(X, schema=list("wxyz")),
    "pyarrow": lambda X: pa.table({name: X[:, k] for k, name in enumerate("wxyz")}),
}


def columns_of(table):
    names = table.schema.names if isinstance(table, pa.Table) else table.columns
    kind = table.schema.field if isinstance(table, pa.Table) else table.schema.get
    return {name: getattr(kind(name), "type", kind(name)) for name in names}


@pytest.mark.parametrize("library", OTHERS)
@pytest.mark.parametrize("ids", [None, [f"gene{row}" for row in range(60)]])
def test_columns_have_the_same_types_with_and_without_lines(library, ids):
    X, Y = make_data()
    given = OTHERS[library](X)
    model = ensemble().fit(given, Y)
    full = predict_top(model, given, k=2, ids=ids)
    empty = predict_top(model, given, min_proba=1.0, ids=ids)
    assert (len(full), len(empty)) == (120, 0)
    assert full.schema == empty.schema
    types = {name: str(dtype) for name, dtype in columns_of(full).items()}
    assert types["node"].lower() in ("string", "large_string")
    assert types["probability"].lower().replace("float32", "float") == "float"
    assert types["decision"].lower() in ("bool", "boolean")
    plain = predict_top(ensemble().fit(X, Y), X, k=2, ids=ids)
    back = full.to_pandas()
    for name in ("id", "node", "probability", "decision", "uncertainty"):
        assert back[name].tolist() == plain[name].tolist()


@pytest.mark.parametrize("library", OTHERS)
def test_ids_of_several_types_are_refused_where_there_is_none_for_them(library):
    X, Y = make_data()
    given = OTHERS[library](X)
    ids = [1, "a", *range(2, 60)]
    assert predict_top(fit("coherent"), X, ids=ids)["id"].tolist()[0] == 1
    with pytest.raises(ValueError, match=r"one type in the column 'id'.*int and str"):
        predict_top(coherent().fit(given, Y), given, ids=ids)


def test_a_bunch_of_features_brings_its_ids():
    X, _ = make_data()
    ids = [f"gene{row}" for row in range(60)]
    model = fit("coherent")
    bunch = Bunch(data=X, ids=np.array(ids), feature_names=list("wxyz"))
    for function in (predict_top, predict_frame):
        expected = function(model, X, ids=ids)
        pd.testing.assert_frame_equal(function(model, bunch), expected)
    assert predict_top(model, bunch, ids=range(60))["id"].tolist()[0] == 0
    assert iter_proba(model, bunch).ids == ids
    for function in (predict_dense, predict_labels, predict_sparse):
        found, expected = function(model, bunch), function(model, X)
        assert (found != expected).sum() == 0
    with pytest.raises(TypeError, match="a Bunch without `data`: it has 'target'"):
        predict_top(model, Bunch(target=X))

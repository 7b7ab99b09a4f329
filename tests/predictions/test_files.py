"""Prediction files: written, read back, and read by the evaluator of CAFA."""

import bz2
import gzip
import lzma
import warnings
from decimal import Decimal

import cafaeval.evaluation
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import fmax_score, smin_score, weighted_fmax_score
from sklearn_hmlc.predictions import (
    iter_proba,
    predict_dense,
    predict_frame,
    predict_top,
    read_predictions,
    write_predictions,
)

from .models import HIERARCHY, NODES, fit, make_data

IDS = [f"gene{row}" for row in range(60)]
FORMATS = ["cafa", "long", "wide"]


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def scores(request, rng):
    """Coherent scores, many of them 0 and some 1."""
    values = np.clip(rng.normal(0.2, 0.5, (60, 6)), 0, 1)
    for parents, children in HIERARCHY.levels:
        np.maximum.at(values, (slice(None), parents), values[:, children])
    return values.astype(request.param)


GIVEN = {
    "array": lambda values: (values, {"ids": IDS, "hierarchy": HIERARCHY}),
    "csr": lambda values: (
        sp.csr_array(values),
        {"ids": IDS, "hierarchy": HIERARCHY},
    ),
    "pandas": lambda values: (
        pd.DataFrame(values, IDS, NODES)[NODES[::-1]],
        {"hierarchy": HIERARCHY},
    ),
    "polars": lambda values: (
        pl.DataFrame(values, schema=NODES),
        {"ids": IDS, "hierarchy": HIERARCHY},
    ),
    "blocks": lambda values: (
        iter([values[:7], values[7:50], values[50:]]),
        {"ids": IDS, "hierarchy": HIERARCHY},
    ),
    "function": lambda values: (
        lambda: iter([values[:7], sp.csr_array(values[7:])]),
        {"ids": IDS, "hierarchy": HIERARCHY},
    ),
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["scores.tsv", "scores.csv", "scores.csv.gz"])
def test_there_and_back(scores, given, format, name, tmp_path):
    what, options = GIVEN[given](scores)
    path = tmp_path / name
    digits = 17 if format == "cafa" else None
    write_predictions(path, what, format=format, digits=digits, **options)
    found = read_predictions(path, HIERARCHY, ids=IDS)
    assert found.ids == IDS
    assert found.nodes == NODES
    expected = np.where(HIERARCHY.scored, scores, 0)
    # float32 is written with the digits that make it float32 again.
    read = found.scores.toarray().astype(scores.dtype)
    np.testing.assert_array_equal(read, expected)
    assert found.scores.nnz == np.count_nonzero(expected)


@pytest.mark.parametrize("format", FORMATS)
def test_without_hierarchy_names_come_in_their_order(format, tmp_path):
    path = tmp_path / "there.tsv"
    frame = pd.DataFrame([[0, 0.5], [0.25, 0]], ["y", "x"], ["B", "A"])
    write_predictions(path, frame, format=format)
    found = read_predictions(path, format=format)
    assert found.ids == ["y", "x"]
    assert found.nodes == (["B", "A"] if format == "wide" else ["A", "B"])
    read = pd.DataFrame(found.scores.toarray(), found.ids, found.nodes)
    pd.testing.assert_frame_equal(read[["B", "A"]], frame)


@pytest.mark.parametrize(
    ("ending", "unpack"),
    [(".gz", gzip.decompress), (".xz", lzma.decompress), (".bz2", bz2.decompress)],
)
def test_compressed_by_the_ending(ending, unpack, tmp_path, scores):
    plain, packed = tmp_path / "a.tsv", tmp_path / f"a.tsv{ending}"
    for path in (plain, packed):
        write_predictions(path, scores, ids=IDS, hierarchy=HIERARCHY)
    assert unpack(packed.read_bytes()) == plain.read_bytes()


def significant(value, digits):
    """Round half to even at a number of significant digits, in decimal."""
    number = Decimal(float(value))
    step = Decimal(1).scaleb(number.adjusted() - digits + 1)
    return number.quantize(step)


@pytest.mark.parametrize("digits", [None, 1, 2, 6])
def test_digits_of_cafa(digits, tmp_path, rng):
    values = 10.0 ** -rng.uniform(0, 12, (50, 1))
    path = tmp_path / "there.txt"
    options = {} if digits is None else {"digits": digits}
    frame = pd.DataFrame(values, columns=["GO:1"])
    write_predictions(path, frame, format="cafa", **options)
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    assert [line[:2] for line in lines] == [[str(row), "GO:1"] for row in range(50)]
    texts = [line[2] for line in lines]
    assert not any("e" in text for text in texts)
    expected = [significant(value, digits or 3) for value in values[:, 0]]
    assert [Decimal(text) for text in texts] == expected
    longest = max(len(text.replace(".", "").lstrip("0")) for text in texts)
    assert longest == (digits or 3)


def test_header_of_cafa(tmp_path):
    path = tmp_path / "team_1_9606.txt"
    header = {"MODEL": 1, "AUTHOR": "a team", "KEYWORDS": "machine learning."}
    frame = pd.DataFrame([[0.5]], ["T1"], ["GO:1"])
    write_predictions(path, frame, format="cafa", header=header)
    assert path.read_text() == (
        "AUTHOR a team\nMODEL 1\nKEYWORDS machine learning.\nT1\tGO:1\t0.5\nEND\n"
    )
    assert read_predictions(path).scores.toarray() == [[0.5]]


def test_k_and_min_proba(scores, tmp_path):
    path = tmp_path / "there.tsv"
    options = {"ids": IDS, "hierarchy": HIERARCHY, "k": 3, "min_proba": 0.3}
    write_predictions(path, scores, **options)
    lines = pd.read_csv(path, sep="\t")
    expected = []
    for row, values in enumerate(scores):
        best = sorted(range(1, 6), key=lambda node: (-values[node], node))[:3]
        expected += [(IDS[row], NODES[x]) for x in best if values[x] >= 0.3]
    assert list(zip(lines["id"], lines["node"], strict=True)) == expected


@pytest.mark.parametrize("name", ["ensemble", "thresholds", "one-vs-rest"])
def test_a_model_predicts_into_a_file(name, tmp_path):
    X, _ = make_data()
    model, path = fit(name), tmp_path / "there.tsv.gz"
    blocks = iter_proba(model, X, ids=IDS, hierarchy=HIERARCHY, batch_size=7)
    write_predictions(path, blocks)
    found = read_predictions(path, HIERARCHY, ids=IDS, propagate=False)
    proba = predict_dense(model, X, hierarchy=HIERARCHY, batch_size=7)
    read = found.scores.toarray().astype(proba.dtype)
    np.testing.assert_array_equal(read[:, 1:], proba[:, 1:])


def test_a_model_of_numbers(tmp_path):
    X, _ = make_data()
    path = tmp_path / "there.tsv"
    write_predictions(path, iter_proba(fit("forest"), X), format="wide")
    assert read_predictions(path).nodes == list("012345")


@pytest.mark.parametrize("library", [lambda table: table, pl.from_pandas])
@pytest.mark.parametrize("name", ["there.csv", "there.tsv"])
def test_tidy_tables(library, name, tmp_path):
    X, _ = make_data()
    model, path = fit("ensemble"), tmp_path / name
    table = predict_top(model, X, k=2, ids=IDS)
    write_predictions(path, library(table))
    back = pd.read_csv(path, sep="," if name.endswith("csv") else "\t")
    assert list(back.columns) == list(table.columns)
    for column in ("id", "node", "decision"):
        assert back[column].tolist() == table[column].tolist()
    for column in ("probability", "uncertainty"):
        np.testing.assert_array_equal(back[column].astype(np.float32), table[column])
    found = read_predictions(path, HIERARCHY)
    assert found.scores.nnz == 120


@pytest.mark.parametrize("library", [lambda table: table, pl.from_pandas])
@pytest.mark.parametrize("format", ["long", "cafa"])
def test_unscored_nodes_of_tidy_tables_are_not_written(library, format, tmp_path):
    graph = Hierarchy.from_edges([("a", "b"), ("a", "c")], unscored=["a"])
    table = pd.DataFrame(
        {"id": ["P1", "P1", "P2"], "node": ["a", "b", "c"], "probability": 0.5}
    )
    write_predictions(tmp_path / "tidy", library(table), format=format, hierarchy=graph)
    write_predictions(tmp_path / "rest", library(table[1:]), format=format)
    assert (tmp_path / "tidy").read_text() == (tmp_path / "rest").read_text()


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, lambda Y: iter([Y])])
@pytest.mark.parametrize("format", FORMATS)
def test_no_rows(container, format, tmp_path):
    path, empty = tmp_path / "none", container(np.zeros((0, 6)))
    write_predictions(path, empty, format=format, hierarchy=HIERARCHY, ids=[])
    scored = np.array(HIERARCHY.nodes)[HIERARCHY.scored]
    head = {"long": ["id", "node", "probability"], "wide": ["id", *scored]}
    assert path.read_text().split() == head.get(format, [])


def test_names_with_the_separator_in_them(tmp_path):
    names = {"a": 'an "odd", long\tname'}
    hierarchy = Hierarchy.from_edges([("r, s", "a"), ("r, s", 'b"')], names=names)
    for name in ("there.csv", "there.tsv"):
        path = tmp_path / name
        scores = pd.DataFrame([[1, 0.5, 0.25]], ['x "y", z'], list(hierarchy.nodes))
        for format in ("long", "wide"):
            write_predictions(path, scores, format=format, force=True)
            found = read_predictions(path, hierarchy)
            assert found.ids == ['x "y", z']
            assert found.scores.toarray().tolist() == [[1, 0.5, 0.25]]
    table = pd.DataFrame(
        {"id": ["x"], "node": ["a"], "name": ["l, m"], "probability": [0.5]}
    )
    write_predictions(tmp_path / "tidy.csv", table)
    assert read_predictions(tmp_path / "tidy.csv").scores.nnz == 1


def test_nodes_that_are_numbers(tmp_path):
    hierarchy = Hierarchy.flat([30, 10, 20])
    path = tmp_path / "there.tsv"
    options = {"ids": [7], "hierarchy": hierarchy}
    write_predictions(path, [[0.1, 0.2, 0.3]], **options)
    found = read_predictions(path, hierarchy, ids=np.array([8, 7]))
    assert found.ids == [8, 7]
    assert found.nodes == [30, 10, 20]
    assert found.scores.toarray().tolist() == [[0, 0, 0], [0.1, 0.2, 0.3]]


# -- the evaluator of CAFA -------------------------------------------------------------

THRESHOLDS = np.arange(0.01, 1, 0.01)  # as the evaluator makes them


def two_namespaces(rng):
    """Random DAGs A and B, with terms of B that are parts of terms of A."""
    edges = []
    for top in "AB":
        nodes = [f"{top}:{number}" for number in range(9)]
        for number in range(1, 9):
            for above in set(rng.integers(0, number, size=2).tolist()):
                edges.append((nodes[above], nodes[number]))
    edges += [("A:1", "B:3"), ("A:4", "B:3"), ("A:6", "B:2")]
    spaces = {node: node[0] for edge in edges for node in edge}
    return Hierarchy.from_edges(edges, unscored=["A:0", "B:0"], namespaces=spaces)


def obo(hierarchy):
    terms = ["format-version: 1.2\n"]
    for node in hierarchy.nodes:
        lines = [f"[Term]\nid: {node}\nname: {node}\nnamespace: {node[0]}"]
        for above in hierarchy.parents(node):
            kind = "is_a:" if above[0] == node[0] else "relationship: part_of"
            lines.append(f"{kind} {above} ! {above}")
        terms.append("\n".join(lines) + "\n")
    return "\n".join(terms)


@pytest.mark.parametrize("header", [None, {"AUTHOR": "a team", "MODEL": 1}])
def test_measures_are_those_of_cafaeval_on_the_file(tmp_path, rng, header):
    hierarchy = two_namespaces(rng)
    truth = hierarchy.close(
        (rng.random((50, len(hierarchy))) < 0.08) & hierarchy.scored
    )
    information = np.where(hierarchy.scored, rng.uniform(0.5, 4, len(hierarchy)), 0.0)
    scores = rng.random(truth.shape) ** 3 * (rng.random(truth.shape) < 0.6)
    scores = np.maximum(scores, 0.6 * truth * rng.random(truth.shape))
    for parents, children in hierarchy.levels:
        np.maximum.at(scores, (slice(None), parents), scores[:, children])
    ids = [f"P{row}" for row in range(50)]
    (tmp_path / "there").mkdir()
    path = tmp_path / "there" / "model.tsv"
    options = {"format": "cafa", "ids": ids, "hierarchy": hierarchy, "header": header}
    write_predictions(path, sp.csr_array(scores), **options)
    pairs = [f"{ids[row]}\t{hierarchy.nodes[x]}\n" for row, x in np.argwhere(truth)]
    (tmp_path / "truth.tsv").write_text("".join(pairs))
    weights = zip(hierarchy.nodes, information, strict=True)
    (tmp_path / "ia.tsv").write_text("".join(f"{x}\t{ia}\n" for x, ia in weights))
    (tmp_path / "graph.obo").write_text(obo(hierarchy))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame, _ = cafaeval.evaluation.cafa_eval(
            *(str(tmp_path / name) for name in ("graph.obo", "there", "truth.tsv")),
            ia=str(tmp_path / "ia.tsv"),
            no_orphans=True,
        )
    theirs = frame.groupby("ns")
    read = read_predictions(path, hierarchy, ids=ids).scores
    options = {
        "hierarchy": hierarchy,
        "namespaces": ["A:0", "B:0"],
        "average": None,
        "thresholds": THRESHOLDS,
    }
    fmax = fmax_score(truth, read, **options)
    weighted = weighted_fmax_score(truth, read, information, **options)
    smin = smin_score(truth, read, information, **options)
    for space in "AB":
        top = f"{space}:0"
        assert fmax[top] == pytest.approx(theirs["f"].max()[space], rel=1e-12)
        assert weighted[top] == pytest.approx(theirs["f_w"].max()[space], rel=1e-12)
        assert smin[top] == pytest.approx(theirs["s_w"].min()[space], rel=1e-12)


def test_frames_of_all_pairs_are_the_same_file(tmp_path):
    X, _ = make_data()
    model = fit("coherent")
    one, other = tmp_path / "one.tsv", tmp_path / "other.tsv"
    write_predictions(one, predict_frame(model, X, ids=IDS), format="cafa")
    write_predictions(other, iter_proba(model, X, ids=IDS), format="cafa")
    assert sorted(one.read_text().split("\n")) == sorted(other.read_text().split("\n"))

"""CSV files: separators, encodings, ids, tables of labels."""

import bz2
import gzip
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._cli import _csv, main

from .pets import FEATURES, LABELS_LONG, SMALL, content_of, error_of, write


def read(content, index=True, name="x.csv"):
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return _csv.read_features([path], index)[0]


# -- separators and encodings ----------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "id;a;b\ng1;1;2.5\n",
        "id\ta\tb\ng1\t1\t2.5\n",
        "sep=;\nid;a;b\ng1;1;2.5\n",
        "SEP=,\r\nid,a,b\r\ng1,1,2.5\r\n",
        "id,a,b\rg1,1,2.5\r",
        "\n\nid,a,b\n\ng1,1,2.5\n\n",
        '"id";"a";"b"\n"g1";"1";"2.5"\n',
        "\ufeffid,a,b\ng1,1,2.5",
        "\ufeff\ufeff\nid,a,b\ng1,1,2.5",
    ],
)
def test_tables_are_read_whatever_separates(folder, content):
    assert read(content).to_dict("index") == {"g1": {"a": 1, "b": 2.5}}
    assert read(content, name="x.tsv").to_dict("index") == {"g1": {"a": 1, "b": 2.5}}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_encodings_with_a_mark_are_read(folder, encoding):
    data = read("id,ä\ngé1,1\n".encode(encoding))
    assert data.to_dict("index") == {"gé1": {"ä": 1}}


def test_other_encodings_are_named(folder, capsys):
    Path("x.csv").write_bytes("id,a\ngé1,1\n".encode("latin-1"))
    fit = ["fit", "x.csv", "--labels", "y.csv", "--model", "m"]
    assert "line 2 has the byte 0xe9. Save it as UTF-8" in error_of(capsys, fit)


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        (lambda path: _csv.read_features([path], True), 'id,a\n"g1,1\ng2",1\n'),
        (_csv.read_hierarchy, 'parent,child\na,"b\na,c"\n'),
        (lambda path: _csv.read_labels([path], None, None), '"x\r\ny",z\n1,0\n'),
        (
            lambda path: _csv.read_labels([path], pd.Index(["g1"]), None),
            'id,node\ng1,"b\ng1,c"\n',
        ),
    ],
)
def test_ids_and_nodes_of_several_lines_are_refused(folder, reader, content):
    path = Path("x.csv")
    path.write_text(content)
    with pytest.raises(ValueError, match=r"x\.csv: .*line breaks.*quote left open"):
        reader(path)


def test_text_of_several_lines_is_a_feature(folder):
    assert read('id,a\ng1,"u\nv"\n').to_dict("index") == {"g1": {"a": "u\nv"}}


def test_a_name_with_the_mark_of_another_table(folder):
    data = read('id,"a;b"\ng1,1\n')
    assert list(data.columns) == ["a;b"]
    assert list(read('"id";"a,b"\ng1;1\n').columns) == ["a,b"]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_compressed(folder, compress):
    ending = {gzip.compress: "gz", bz2.compress: "bz2"}[compress]
    data = read(compress(b"id,a\ng1,1\n"), name=f"x.csv.{ending}")
    assert data["a"].tolist() == [1]


def test_a_decompression_bomb(folder):
    Path("x.csv.gz").write_bytes(gzip.compress(b"id,a\n" + b"g,1\n" * 2**26 + b"g,1"))
    with pytest.raises(ValueError, match=r"x\.csv\.gz: decompressed, it is larger"):
        _csv.read_features([Path("x.csv.gz")], True)


# -- rows and columns ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,a,b\ng1,1,2\ng2,1\n", "expected 3 values .* but line 3 has 2"),
        ("id;a;b\ng1;1;2\ng2;1\n", "line 3 has 2. Values are separated by semicolons"),
        ('id,a\n"g\n1",1\n"g2",1,1\n', "expected 2 values .* but line 4 has 3"),
        ("id,a,a\ng1,1,2\n", "columns come more than once: 'a'. Give each"),
        ("id,,b\ng1,1,2\n", "column 2 has no name in the header"),
        ("a\n1\n\n2\n", "line 3 is empty; write . for a missing value"),
        ("id\ng1\n", "DATA has ids, but no column to learn from"),
        ("id,a\x00\ng1,1\n", "NUL characters"),
        ('id,a\n"g1,1\n', "x.csv: .*EOF inside string|expected 2 values"),
        (" \n \n", "the file is empty"),
    ],
)
def test_tables_that_are_none(folder, content, said):
    with pytest.raises(ValueError, match=said):
        read(content)


def test_a_first_column_without_a_name(folder):
    assert read(",a\ng1,1\n").index.tolist() == ["g1"]  # as pandas and R write it
    with pytest.raises(ValueError, match=r"column 1 has no name.*say so with --index"):
        read(",a\ng1,1\n", index=False)


IDS = ["007", "7", "1e5", "100000", "NA", "nan", "?", "1.0", "True", " g", "0_1"]


def test_ids_are_text_whatever_they_look_like(folder):
    data = read("id,a\n" + "".join(f"{name},{k}\n" for k, name in enumerate(IDS)))
    assert data.index.tolist() == IDS
    flat = Hierarchy.flat(["n1", "n2"])
    write("y.csv", "id,node\n" + "".join(f"{name},n1\n" for name in IDS))
    labels, *_ = _csv.read_labels([Path("y.csv")], data.index, flat)
    assert labels.toarray().tolist() == [[1, 0]] * len(IDS)
    rows = "".join(f"{name},{k % 2},1\n" for k, name in enumerate(IDS))
    write("y.csv", f"id,n2,n1\n{rows}")
    labels, *_ = _csv.read_labels([Path("y.csv")], data.index, flat)
    assert labels.toarray().tolist() == [[1, k % 2] for k in range(len(IDS))]


def test_ids_come_back_as_they_were(folder):
    ids = ["007", "1e5", "NA"]
    write("x.csv", "id,a\n" + "".join(f"{name},{k}\n" for k, name in enumerate(ids)))
    write(
        "y.csv", "id,node\n" + "".join(f"{name},1e3\n" for name in ids[1:]) + "007,NA"
    )
    fit = ["fit", "x.csv", "--index", "--labels", "y.csv", "--model", "m", *SMALL]
    assert main(fit) == 0
    assert main(["predict", "m", "x.csv", "--index", "--out", "p.csv"]) == 0
    found = pd.read_csv("p.csv", dtype=str, keep_default_na=False)
    assert found["id"].tolist() == ids
    assert set(found.columns) == {"id", "1e3", "NA"}


@pytest.mark.filterwarnings("default")
def test_a_forgotten_index_of_numbers(folder, capsys):
    write("x.csv", "ID,a\n1,1\n2,2\n")
    write("y.csv", "n\n1\n0\n")
    assert main(["fit", "x.csv", "--labels", "y.csv", "--model", "m", *SMALL]) == 0
    said = "The first column of DATA is named 'ID', but counts as a feature"
    assert said in capsys.readouterr().err


# -- labels and hierarchies ------------------------------------------------------------


@pytest.mark.parametrize("header", ["ID,Node", " id , NODE ", "id,node"])
def test_the_header_of_labels_in_other_letters(folder, header):
    ids = pd.Index(["a", "b", "c", "d"])
    write("y.csv", LABELS_LONG.replace("id,node", header))
    write("h.csv", "Parent,CHILD\ndog,terrier\n,cat\n")
    hierarchy = _csv.read_hierarchy(Path("h.csv"))
    labels, *_ = _csv.read_labels([Path("y.csv")], ids, hierarchy)
    counts = dict(zip(hierarchy.nodes, labels.sum(axis=0).tolist(), strict=True))
    assert counts == {"dog": 3, "terrier": 2, "cat": 2}


@pytest.mark.parametrize("header", ["gene,term", "id,Labels", "ID,node"])
@pytest.mark.parametrize("mark", [";", " | "])
def test_several_nodes_in_a_cell(folder, header, mark):
    write("y.csv", f"{header}\na,01/02{mark}02\nb,01/03\nb,02{mark}\n")
    ids = pd.Index(["b", "a"])
    labels, hierarchy, n_given = _csv.read_labels([Path("y.csv")], ids, "codes")
    assert hierarchy.nodes == ("01", "01/02", "01/03", "02")
    np.testing.assert_array_equal(labels.toarray(), [[1, 0, 1, 1], [1, 1, 0, 1]])
    assert n_given == 4


def test_a_node_may_have_a_mark_in_its_name(folder):
    write("y.csv", "id,node\na,cat;dog\nb,dog\n")
    ids, pets = pd.Index(["a", "b"]), Hierarchy.flat(["cat;dog", "dog"])
    labels, *_ = _csv.read_labels([Path("y.csv")], ids, pets)
    np.testing.assert_array_equal(labels.toarray(), [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    "content",
    [
        "gene,dog\na,yes\nb,no\n",
        "gene,term,evidence\na,dog,IEA\nb,cat,EXP\n",
        "id,node,evidence\na,dog,IEA\nb,cat,EXP\n",
    ],
)
def test_other_tables_of_labels_are_explained(folder, content):
    write("y.csv", content)
    flat = Hierarchy.flat(["dog", "cat"])
    with pytest.raises(ValueError, match="or the two columns id,node with one line pe"):
        _csv.read_labels([Path("y.csv")], pd.Index(["a", "b"]), flat)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,node\na,dog\nb,\n", "y.csv: a row has no node"),
        ("id,node\na,dog\n,cat\n", "y.csv: a row has no id"),
        ("gene,labels\na,dog\nb,; \n", "no node in the column 'labels'"),
        ("id,dog,pug\na,1,0\nb,1,0\n", "no nodes .*: 'pug'.* Did you mean|'pug' is no"),
        ("id,dog\na,1\nb,0.5\n", "the column 'dog' has 0.5"),
    ],
)
def test_labels_that_can_t_be_used(folder, content, said):
    write("y.csv", content)
    flat = Hierarchy.flat(["dog", "cat"])
    with pytest.raises(ValueError, match=said):
        _csv.read_labels([Path("y.csv")], pd.Index(["a", "b"]), flat)


def test_an_edge_without_a_child(folder):
    write("h.csv", "parent,child\na,b\nc,\n")
    with pytest.raises(ValueError, match=r"h\.csv: a row has a parent, but no child"):
        _csv.read_hierarchy(Path("h.csv"))


@pytest.mark.parametrize(
    ("names", "nodes"),
    [
        (["01/01/03", "02"], {"01", "01/01", "01/01/03", "02"}),
        (["1.2.3", "2"], {"1", "1.2", "1.2.3", "2"}),
    ],
)
@pytest.mark.parametrize("wide", [False, True])
def test_names_that_are_paths(folder, names, nodes, wide, capsys):
    write("x.csv", "id,a\ng1,1\ng2,2\n")
    if wide:
        write("y.csv", f"id,{names[0]},{names[1]}\ng1,1,0\ng2,0,1\n")
    else:
        write("y.csv", f"id,node\ng1,{names[0]}\ng2,{names[1]}\n")
    fit = ["fit", "x.csv", "--index", "--labels", "y.csv", *SMALL, "--model"]
    with pytest.warns(UserWarning, match=rf"such as '{names[0]}'.*--hierarchy codes"):
        _csv.read_labels([Path("y.csv")], pd.Index(["g1", "g2"]), None)
    assert main([*fit, "tree", "--hierarchy", "codes"]) == 0
    hierarchy = content_of("tree")["pipeline"][-1].hierarchy_
    assert set(hierarchy.nodes) == nodes
    assert hierarchy.n_edges == 2
    assert capsys.readouterr().err == ""


@pytest.mark.filterwarnings("error")
def test_other_names_are_no_paths(folder):
    write("y.csv", "id,node\ng1,and/\ng1,GO:1\ng1,1.\ng1,v1.2\ng1,/x\n")
    _, hierarchy, _ = _csv.read_labels([Path("y.csv")], pd.Index(["g1"]), None)
    assert hierarchy.n_nodes == 5


# -- in time ---------------------------------------------------------------------------


def test_many_columns_take_no_longer_than_their_number(folder):
    names = [f"x{k}" for k in range(10_000)]
    ones = ",".join("1" for _ in names)
    write("x.csv", f"id,{','.join(names)}\ng1,{ones}\n")
    start = time.process_time()
    data = read(Path("x.csv").read_text())
    assert data.shape == (1, 10_000)
    _csv.check_columns(list(data.columns), names[::-1], "a", "b")
    labels, *_ = _csv.read_labels([Path("x.csv")], data.index, None)
    assert labels.sum() == 10_000
    with pytest.raises(ValueError, match="come more than once: 'x'"):
        read(f"id,{','.join('x' for _ in names * 2)}\ng1,{ones},{ones}\n")
    assert time.process_time() - start < 15


def test_numbers_are_those_of_the_file(folder):
    cells = ["1", "-2.5e3", "", "NA", "?", "+.5", "1E2", " 7 "]
    data = read("id,a\n" + "".join(f"g{k},{x}\n" for k, x in enumerate(cells)))
    missing = [np.nan] * 3
    expected = [1, -2500, *missing, 0.5, 100, 7]
    np.testing.assert_array_equal(data["a"], expected)


def test_the_pets_are_read_as_before(folder):
    data = read(FEATURES)
    assert data["weight"].fillna(-1).tolist() == [4.5, -1, 1, 2]
    assert data["coat"].fillna("-").tolist() == ["long", "short", "-", "long"]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("columns", "untold"),
    [
        ("cat,dog", "2 of 4 nodes: 'terrier', 'cow'"),
        ("cat,terrier", "1 of 4 nodes: 'cow'"),  # dogs are told of by terriers
        ("cow,dog,terrier", "1 of 4 nodes: 'cat'"),
        ("cat,cow,terrier", None),
    ],
)
def test_nodes_without_a_column_are_told(folder, capsys, columns, untold):
    """No row counts as having them, which alters measures and when to stop."""
    write("x.csv", "weight\n1\n2\n3\n")
    write("edges.csv", "parent,child\n,cat\n,dog\ndog,terrier\n,cow\n")
    write("whole.csv", "cat,dog,terrier,cow\n1,0,0,1\n0,1,1,0\n1,1,0,1\n")
    cells = {"cat": "1,0,1", "dog": "0,1,1", "terrier": "0,1,0", "cow": "1,0,1"}
    lines = zip(*(cells[name].split(",") for name in columns.split(",")), strict=True)
    write("some.csv", "\n".join([columns, *map(",".join, lines)]) + "\n")
    fit = ["fit", "x.csv", "--labels", "whole.csv", "--hierarchy", "edges.csv"]
    write("v.csv", "weight\n1.5\n2.5\n4\n")
    valid = ["--valid", "v.csv", "--valid-labels", "some.csv"]
    assert main([*fit, *valid, "--model", "m", *SMALL]) == 0
    fitted = capsys.readouterr().err
    assert main(["evaluate", "m", "v.csv", "--labels", "some.csv"]) == 0
    for said in (fitted, capsys.readouterr().err):
        assert ("no column for" in said) == (untold is not None)
        assert untold is None or f"The labels have no column for {untold}" in said

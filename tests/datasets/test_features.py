"""`read_features` of text: numbers, lists of items, the head, cells that are wrong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_hmlc.datasets import read_features

FOLDER = Path(__file__).parents[1] / "data" / "ontology"


def dense(bunch):
    return bunch.data.toarray().tolist()


# -- numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.tsv", "gene\ta\tb\n007\t1.5\t\nNA\t-2\t1e3\n"),
        ("x.csv", "gene,a,b\n007,1.5,\nNA,-2,1e3\n"),
        ("x.csv", "gene;a;b\r\n007;1.5;NA\r\nNA;-2;1e3\r\n"),
        ("x.csv", '"gene","a","b"\n"007",1.5,nan\n"NA",-2,1000\n'),
        ("x.txt", "#gene\ta\tb\n007\t1.5\t\nNA\t-2\t1000\n"),
    ],
)
def test_numbers(write, name, content):
    read = read_features(write(content, name))
    assert isinstance(read.data, pd.DataFrame)
    assert read.ids.tolist() == read.data.index.tolist() == ["007", "NA"]
    assert read.feature_names == read.data.columns.tolist() == ["a", "b"]
    np.testing.assert_array_equal(read.data.to_numpy(), [[1.5, np.nan], [-2, 1000]])
    assert repr(read.report).endswith("(table, head in line 1): 2 rows, 2 features")


@pytest.mark.parametrize(
    ("content", "ids", "names"),
    [
        ("P1,0.5,2\nP2,1,3\n", ["P1", "P2"], ["x0", "x1"]),
        (",0,1\nP1,0.5,2\nP2,1,3\n", ["P1", "P2"], ["0", "1"]),
        ("gene,1,2\nP1,0.5,2\n", ["P1"], ["1", "2"]),
        ("1,0.5,2\n2,1,3\n", ["1", "2"], ["x0", "x1"]),
        ("what,dim1,dim2\nP1,0.5,2\n", ["P1"], ["dim1", "dim2"]),
        ("P1,a,a,a\nP2,1,2,3\n", ["P2"], ["a", "a.1", "a.2"]),
        ("a,b\nP1,0.5,2\nP2,1,3\n", ["P1", "P2"], ["a", "b"]),  # as R writes it
        ('"a1","b1"\n"P1",0.5,2\n', ["P1"], ["a1", "b1"]),
    ],
)
def test_with_or_without_a_head(write, content, ids, names):
    read = read_features(write(content, "x.csv"))
    assert read.ids.tolist() == ids
    assert read.feature_names == names


def test_head_by_choice(write):
    path = write("P1,PF1\nP2,PF2\n", "x.csv")
    assert read_features(path).ids.tolist() == ["P1", "P2"]
    assert read_features(path, header=True).ids.tolist() == ["P2"]
    assert read_features(path, id_column="P1").ids.tolist() == ["P2"]


def test_columns(write):
    path = write("a,gene,label,b\n1,P1,x y,2\n3,P2,z,4\n", "x.csv")
    read = read_features(path, id_column="gene", drop=["label"])
    assert read.data.to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    again = read_features(path, id_column=1, drop=["label"])
    pd.testing.assert_frame_equal(again.data, read.data)
    with pytest.raises(ValueError, match=r"no column 'gne'; it has .*Did you mean"):
        read_features(path, id_column="gne")
    with pytest.raises(ValueError, match=r"In `drop`: .* no column 'lable'.*Did you"):
        read_features(path, id_column="gene", drop=["lable"])


@pytest.mark.parametrize("words", [("True", "False"), ("TRUE", "FALSE")])
@pytest.mark.parametrize("empty", ["", "NA", "?"])
def test_truth_values_beside_missing_ones(write, words, empty):
    yes, no = words
    whole = read_features(write(f"gene\tx\ts\nA\t1\t{yes}\nB\t2\t{no}\n"))
    assert whole.data["s"].tolist() == [1, 0]
    path = write(f"gene\tx\ts\nA\t1\t{yes}\nB\t2\t{empty}\nC\t3\t{no}\n", "b.tsv")
    for read in (read_features(path), read_features(path, feature_names=whole)):
        assert read.feature_names == ["x", "s"]
        np.testing.assert_array_equal(read.data["s"], [1, np.nan, 0])
    assert read_features(path, list_columns=["s"]).item_names == {
        "s": {no: no, yes: yes}
    }


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        (["93%", "87.5%", "12%"], "Write numbers without other marks"),
        (["93 %", "", "n.d."], "Write numbers without other marks"),
        (["2020-01-31", "2021-02-01", "2020-03-01"], "Make numbers of dates"),
        (["31.1.2020", "1.2.2021", ""], "Make numbers of dates"),
        (["2020-01-31 10:30", "2020-01-31 10:31:02", ""], "Make numbers of dates"),
        (["1 234", "7 000", "5 678"], "Leave out the marks between thousands"),
    ],
)
def test_numbers_in_another_form_are_no_items(write, cells, advice):
    lines = [f"P{k}\t{k}.5\t{cell}\n" for k, cell in enumerate(cells)]
    path = write("gene\tx\tidentity\n" + "".join(lines))
    message = (
        rf"line 2: expected a number in column 'identity', .*{cells[0]}.* {advice}"
    )
    with pytest.raises(ValueError, match=message):
        read_features(path)
    assert read_features(path, list_columns=["identity"]).item_names
    # A model that does not use the column does not mind it.
    assert read_features(path, feature_names=["x"]).feature_names == ["x"]
    with pytest.raises(ValueError, match=message):
        read_features(path, feature_names=["identity"])


@pytest.mark.parametrize(
    "cells",
    [["3.4.21", "1.14.13"], ["1.1.1.1", "2.7.11.1"], ["01/03/16", "20/01"], ["T", "F"]],
)
def test_codes_are_items(write, cells):
    path = write("gene\tec\n" + "".join(f"P{k}\t{x}\n" for k, x in enumerate(cells)))
    assert read_features(path).feature_names == sorted(cells)


# -- lists of items --------------------------------------------------------------------


@pytest.mark.parametrize("sep", [",", ";", "|", " ; "])
def test_lists(write, sep):
    content = f"gene\tpfam\n7\tPF2{sep}PF1\n12\t\n5\tPF2\n4\t-\n"
    read = read_features(write(content))
    assert isinstance(read.data, sp.csr_array)
    assert read.data.dtype == np.float32
    assert read.data.indices.dtype == np.int32
    assert read.ids.tolist() == ["7", "12", "5", "4"]
    assert read.feature_names == ["PF1", "PF2"]
    assert dense(read) == [[1, 1], [0, 0], [0, 1], [0, 0]]


def test_items_in_several_lines_go_together(write):
    read = read_features(write("gene\tpfam\nA\tPF1\nB\tPF2\nA\tPF3,PF1\n"))
    assert read.ids.tolist() == ["A", "B"]
    assert dense(read) == [[1, 0, 1], [0, 1, 0]]


def test_lists_and_numbers(write):
    content = (
        "gene\tpfam\tlength\tsite\nA\tPF1;PF2\t310\tcell wall\nB\tPF1\t\tnucleus\n"
    )
    read = read_features(write(content))
    assert read.feature_names == [
        *("pfam_PF1", "pfam_PF2", "length"),
        *("site_cell wall", "site_nucleus"),
    ]
    np.testing.assert_array_equal(
        read.data.toarray(), [[1, 1, 310, 1, 0], [1, 0, np.nan, 0, 1]]
    )


def test_lists_of_numbers(write):
    path = write("gene\tmotifs\nA\t1;5\nB\t05\n")
    with pytest.raises(
        ValueError, match=r"line 2: expected a number in .*'motifs', bu"
    ):
        read_features(path)
    assert read_features(path, list_columns=["motifs"]).feature_names == [
        "05",
        "1",
        "5",
    ]
    spaced = write("gene\tmotifs\nA\tx y\nB\tz\n")
    assert read_features(spaced, list_sep=" ").feature_names == ["x", "y", "z"]


def test_domains(data_dir):
    path = data_dir / "human_go" / "pfam.tsv"
    read = read_features(path)
    lines = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    assert read.ids.tolist() == [gene for gene, _ in lines]
    assert read.data.nnz == sum(len(set(cell.split(","))) for _, cell in lines)


# -- the columns of a model ------------------------------------------------------------


def test_wanted_items(write):
    path = write("gene\tpfam\nA\tPF1,PF3\nB\tPF2,PF3\n")
    with pytest.warns(UserWarning, match=r"1 of 3 features asked.* zeros: 'PF9'\. Na"):
        read = read_features(path, feature_names=["PF2", "PF9", "PF1"])
    assert read.feature_names == ["PF2", "PF9", "PF1"]
    assert dense(read) == [[0, 0, 1], [1, 0, 0]]
    assert read.report.unknown == {"PF3": 2}
    assert "features asked for: 1, such as 'PF3' (2 rows)" in repr(read.report)


def test_wanted_columns(write):
    path = write("gene,a,b,c\nA,1,2,3\n", "x.csv")
    read = read_features(path, feature_names=["c", "a"])
    assert read.data.to_dict("list") == {"c": [3], "a": [1]}
    with pytest.raises(ValueError, match="lacks 1 column of `feature_names`: 'd'"):
        read_features(path, feature_names=["a", "d"])


def test_new_rows_may_lack_what_is_left_out(write):
    train = write("gene,x,label\nA,1,a;b\nB,2,c\n", "train.csv")
    X = read_features(train, drop=["label"])
    options = {"drop": ["label"], "feature_names": X}
    read = read_features(write("gene,x\nC,3\n", "new.csv"), **options)
    assert read.data.to_dict("list") == {"x": [3]}
    pd.testing.assert_frame_equal(read_features(train, **options).data, X.data)


# -- files that are wrong --------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "gene,a\nP1,1\nP2,x\n",
            "line 3: expected a number in column 'a', but got 'x'",
        ),
        ("gene,a\nP1,1\nP2,\nP3,1.5.2\n", r"line 4: expected a number .*'1\.5\.2'"),
        ('gene,a\nP1,"1,5"\nP2,"2,5"\n', "line 2: .*'1,5'. Write decimal points"),
        (
            "gene,a\nP1,1\nP1,2\n",
            r"line 3: the id 'P1' has come before; .*a row per id",
        ),
        (
            "gene,a,b\nP1,1,2\nP2,1\n",
            r"line 3: expected 3 columns, but got 2 c.*cut sh",
        ),
        ("gene,a,b\nP1,1\nP2,1,2\n", r"line 2: .*on_error='skip'\.$"),
        ("gene,a\nP1,1\n,2\nP3,3\n", "line 3: there is no id"),
        ("gene,a\n", "expected rows below the head, but there are none"),
        ("", "the file has no rows"),
        ("gene\nP1\n", "expected a table of ids and features"),
    ],
)
def test_wrong_files(write, content, message):
    with pytest.raises(ValueError, match=rf"x\.csv, line .*{message}|{message}"):
        read_features(write(content, "x.csv"))


def test_malformed_lines_can_be_left_out(write):
    path = write("gene,a,b\nP1,1\n,3,4\nP2,1,2\n", "x.csv")
    read = read_features(path, on_error="skip")
    assert read.ids.tolist() == ["P2"]
    assert read.report.malformed == {
        2: "expected 3 columns, but got 2 columns",
        3: "there is no id",
    }
    assert "malformed: 2 lines, the first is 2: expected 3" in repr(read.report)


def test_folder(tmp_path):
    with pytest.raises(IsADirectoryError, match="name a file in it"):
        read_features(tmp_path)


def test_ids_of_a_table(write):
    with pytest.raises(ValueError, match="has ids of its own; leave out `ids`"):
        read_features(write("gene,a\nP1,1\n", "x.csv"), ids=["P1"])

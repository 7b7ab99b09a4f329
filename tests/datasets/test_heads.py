"""Which line of a table is its head: told from rows, said by the user, or asked for."""

import pandas as pd
import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import read_annotations, read_features

PETS = Hierarchy.from_edges(
    [("animal", "cat"), ("animal", "dog")], alternatives={"hound": "dog"}
)
ASKED = r"line 1: nobody can tell .* header=True or header=False"


def annotated(read):
    return list(zip(read.table["id"], read.table["node"], strict=True))


# -- annotations -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "rows", "line"),
    [
        ("P1\tcat\nP2\tdog\n", ["cat", "dog"], None),
        ("P1\thound\nP2\tcat\n", ["dog", "cat"], None),
        ("P1\tcat; dog\nP2\tcat\n", ["cat", "dog", "cat"], None),
        ("A\tcat\tIDA\nB\tdog\tTAS\n", ["cat", "dog"], None),
        ("P1\tcat\n", ["cat"], None),
        ("gene\tpet\nP1\tcat\n", ["cat"], 1),
        ("who\tterm\nP1\tcat\n", ["cat"], 1),
        ("\n# a comment\n\ngene\tterm\nP1\tcat\n", ["cat"], 4),
        ("# gene\tterm\nP1\tcat\n", ["cat"], 1),
        ("P1\tbear\nP2\tcat\nP3\tbear\n", ["cat"], None),  # an unknown term
        ("P1\tbear\nP1\tcat\n", ["cat"], None),
    ],
)
def test_annotations(write, content, rows, line):
    read = read_annotations(write(content), PETS)
    assert read.table["node"].tolist() == rows
    assert read.report.header_line == line
    words = "without a head" if line is None else f"head in line {line}"
    assert f"(table, {words}): " in repr(read.report)


@pytest.mark.parametrize("first", ["P1\tbear", "who\twhat", "gene\tcat", "P1\tlabel"])
def test_annotations_that_nobody_can_tell(write, first):
    path = write(f"{first}\nP2\tdog\n")
    with pytest.raises(ValueError, match=ASKED):
        read_annotations(path, PETS)
    assert annotated(read_annotations(path, PETS, header=True)) == [("P2", "dog")]
    n_rows = read_annotations(path, PETS, header=False).report.n_rows
    assert n_rows == 2


def test_codes_without_digits(write):
    path = write("P1\tA/B\nP2\tA\n")
    with pytest.raises(ValueError, match=ASKED):
        read_annotations(path)
    assert annotated(read_annotations(path, header=False)) == [
        ("P1", "A/B"),
        ("P2", "A"),
    ]


def test_terms_by_position(write):
    path = write("cat\tP1\ndog\tP2\n")
    read = read_annotations(path, PETS, term_column=0, id_column=1)
    assert annotated(read) == [("P1", "cat"), ("P2", "dog")]


def test_header_is_for_tables(write):
    path = write("!gaf-version: 2.2\n")
    with pytest.raises(ValueError, match="leave out `header`, which is for tables"):
        read_annotations(path, PETS, header=True)


# -- features --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "ids", "line"),
    [
        ("P1\tKinase;SH\nP2\tKinase\nP3\tZnf\n", ["P1", "P2", "P3"], None),
        ("P1\tKinase\nP2\tZnf\nP1\tSH\n", ["P1", "P2"], None),
        ("Entry name\tpfam\nP1\tKinase\n", ["P1"], 1),
        ("P1\tNA\t0.5\nP2\t3\t0.6\n", ["P1", "P2"], None),
        ("P1\t\t\nP2\t3\t0.6\n", ["P1", "P2"], None),
        ("acc\t100\t200\nP1\t1\t2\n", ["P1"], 1),
        ("BRCA\t200\t100\nP1\t1\t2\n", ["BRCA", "P1"], None),
        ("P0\t100\t200\nP1\t1\t2\n", ["P0", "P1"], None),
        ("what\ta\tb\nP1\t\t\nP2\t3\t0.6\n", ["P1", "P2"], 1),
    ],
)
def test_features(write, content, ids, line):
    read = read_features(write(content))
    assert read.ids.tolist() == ids
    assert read.report.header_line == line


@pytest.mark.parametrize(
    "content",
    [
        "P1\tKinase\nP2\tZnf\n",
        "what\tdomains\nP2\tZnf\n",
        "what\t100\t200\nP1\t1\t2\n",
        "P1\tx\t0.5\nP2\t3\t0.6\n",  # a row with a cell that is wrong?
        "\t3\t0.5\nP2\t3\t0.6\n",
    ],
)
def test_features_that_nobody_can_tell(write, content):
    path = write(content)
    with pytest.raises(ValueError, match=ASKED):
        read_features(path)
    n_columns = content.split("\n")[0].count("\t")
    read = read_features(path, header=True)
    assert read.ids.tolist() == [content.split("\n")[1].split("\t")[0]]
    assert read.report.header_line == 1
    assert n_columns == 1 or read.report.n_features == n_columns


def test_index_that_was_written_beside_ids(tmp_path):
    path = tmp_path / "x.csv"
    frame = pd.DataFrame({"gene": ["P1", "P2"], "length": [310, 87]})
    frame.to_csv(path)
    with pytest.raises(
        ValueError, match=r"numbers the rows; .* id_column='gene', drop"
    ):
        read_features(path)
    read = read_features(path, id_column="gene", drop=[""])
    assert read.data.to_dict("index") == {"P1": {"length": 310}, "P2": {"length": 87}}
    assert read_features(path, id_column=0, drop=["gene"]).ids.tolist() == ["0", "1"]
    frame.set_index(pd.Index(["A", "B"])).to_csv(path)
    assert read_features(path, drop=["gene"]).ids.tolist() == ["A", "B"]


def test_names_of_list_columns_are_a_head(write):
    read = read_features(write("what\tpfam\nP1\tKinase\n"), list_columns=["pfam"])
    assert read.ids.tolist() == ["P1"]

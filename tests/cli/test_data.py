"""Data that can't be used, and what is said of them."""

import re

import pytest

from .pets import FEATURES, HEADER, LABELS_LONG, ROWS, SMALL, error_of, write


def test_missing_files(arff_model, capsys):
    said = "no.arff: No such file or directory"
    assert said in error_of(capsys, ["fit", "no.arff", "--model", "m"])
    assert said in error_of(capsys, ["evaluate", arff_model, "no.arff"])
    error = error_of(capsys, ["predict", "no.hmlc", "x.csv", "--out", "y.csv"])
    assert "no.hmlc: No such file or directory" in error


def test_arff_errors_have_the_line(capsys):
    write("bad.arff", HEADER + "4.5,long,cat\n1,cat\n")
    error = error_of(capsys, ["fit", "bad.arff", "--model", "m"])
    assert "bad.arff" in error
    assert "line 7" in error


def test_rows_without_labels_can_t_be_learnt_from(capsys):
    write("bad.arff", HEADER + "4.5,long,?\n")
    assert "has no label" in error_of(capsys, ["fit", "bad.arff", "--model", "m"])


def test_files_of_another_hierarchy(arff, arff_model, capsys):
    write("other.arff", HEADER.replace("terrier", "pug") + "1,long,dog/pug\n")
    said = "other.arff declares Hierarchy(4 nodes"
    error = error_of(capsys, ["fit", arff[0], "other.arff", "--model", "m"])
    assert said in error
    assert "of train.arff" in error
    error = error_of(capsys, ["evaluate", arff_model, "other.arff"])
    assert said in error
    assert "of MODEL" in error


def test_files_of_other_columns(arff, arff_model, capsys):
    write("other.arff", HEADER.replace("coat", "fur") + ROWS[0])
    for argv in (
        ["fit", arff[0], "other.arff", "--model", "m"],
        ["predict", arff_model, "other.arff", "--out", "out.csv"],
    ):
        assert "missing: 'coat'; unknown: 'fur'" in error_of(capsys, argv)


def test_csv_options_with_arff_files(arff, capsys):
    options = ["--index", "--labels", "x.csv", "--hierarchy", "y.csv"]
    error = error_of(capsys, ["fit", *arff, "--model", "m", *options])
    assert error.startswith("--index, --labels, --hierarchy: for CSV files alone")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (["train.arff", "genes.csv"], "of one kind, but got ARFF and CSV"),
        (["genes.xlsx"], "genes.xlsx: expected a file named .arff, .csv or .tsv"),
        (["genes.csv"], "CSV files have no labels in them; give them with --labels"),
    ],
)
def test_which_data_files(capsys, data, said):
    write("genes.csv", FEATURES)
    assert said in error_of(capsys, ["fit", *data, "--model", "m"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("genes.csv", "", "genes.csv: No columns to parse"),
        ("genes.csv", "id,x\n", "genes.csv: there is no row below the header"),
        ("genes.csv", "id,x\na,1,2\nb,2,3\n", "more values than the header"),
        ("genes.csv", "id,x\na,1\nb,2,3\n", "genes.csv: .*line 3"),
        ("genes.csv", "id,x\na,1\na,2\n", "more than once in DATA: 'a'"),
        ("genes.csv", "id,x\na,1\n,2\n", "genes.csv: a row has no id in .*'id'"),
        ("genes.csv", "id,x\na,1\nz,2\n", "--labels lacks rows of DATA: 'z'"),
        ("genes.csv", "id,x\na,1\nb,inf\n", "infinity"),
        ("labels.csv", LABELS_LONG + "a,pug\n", "no nodes of the hierarchy: 'pug'"),
        ("labels.csv", "id,cat,pug\na,1,1\n", "lacks rows of DATA"),
        ("labels.csv", "id,pug\na,1\nb,1\nc,1\nd,0\n", "no nodes .*: 'pug'"),
        ("labels.csv", "id,cat\na,1\nb,2\nc,1\nd,0\n", "column 'cat' has 2"),
        ("labels.csv", "id,cat\na,1\nb,\nc,1\nd,0\n", "column 'cat' has nan"),
        ("labels.csv", "id,cat\na,1\na,1\nb,1\n", "more than once in --labels: 'a'"),
        ("edges.csv", "child,parent\na,b\n", "columns parent,child, but got child,"),
        ("edges.csv", "parent,child\na,b\nb,a\n", "edges.csv: .*its own ancestor"),
    ],
)
def test_csv_files_that_can_t_be_used(csv, capsys, name, content, said):
    write(name, content)
    error = error_of(capsys, ["fit", *csv, "--model", "m", *SMALL])
    assert re.search(said, error)


def test_labels_that_need_ids(csv, capsys):
    argv = ["fit", "genes.csv", "--labels", "labels.csv", "--model", "m"]
    assert "say with --index" in error_of(capsys, argv)


def test_labels_of_other_rows(csv, capsys):
    write("labels.csv", "cat\n1\n0\n")
    argv = ["fit", "genes.csv", "--labels", "labels.csv", "--model", "m"]
    assert "DATA has 4 rows, but --labels has 2" in error_of(capsys, argv)


def test_columns_that_were_numbers(csv_model, capsys):
    write("genes.csv", FEATURES.replace("4.5", "heavy"))
    argv = ["predict", csv_model, "genes.csv", "--index", "--out", "out.csv"]
    assert "numbers in training have text now: 'weight'" in error_of(capsys, argv)


def test_a_forgotten_index(csv_model, capsys):
    error = error_of(capsys, ["predict", csv_model, "genes.csv", "--out", "out.csv"])
    assert "missing: none; unknown: 'id'" in error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--min-probability", "2", "--format", "long"], r"in \[0, 1\], but got 2"),
        (["--min-probability", "0.5"], "--min-proba needs --format long or cafa"),
        (
            ["--min-probability", "0.5", "--format", "long", "--decisions"],
            "does not go with --decisions",
        ),
    ],
)
def test_predict_options(csv_model, capsys, options, said):
    argv = ["predict", csv_model, "genes.csv", "--index", "--out", "out.csv", *options]
    assert re.search(said, error_of(capsys, argv))


def test_parameters_out_of_range(arff, capsys):
    error = error_of(capsys, ["fit", *arff, "--model", "m", "--dropout", "2"])
    assert error.startswith(
        "--dropout must be a str among {'auto'} or a float in the range [0.0, 1.0)"
    )

"""Columns of text: named in the summary, refused where they are none."""

from pathlib import Path

import pytest

from sklearn_hmlc._cli import _csv, main

from .pets import SMALL, content_of, error_of, write

N = 30


def table(cells, name="a"):
    """Write a column between two others, and labels that go with it."""
    rows = [f"g{k}\t{k}\t{cell}" for k, cell in enumerate(cells)]
    write("x.tsv", f"id\tx\t{name}\n" + "\n".join(rows) + "\n")
    labels = [f"g{k},{'hi' if k % 2 else 'lo'}" for k in range(len(cells))]
    write("y.csv", "id,node\n" + "\n".join(labels) + "\n")
    return ["fit", "x.tsv", "--index", "--labels", "y.csv", "--model", "m", *SMALL]


def texts(*values):
    return [values[k % len(values)] for k in range(N)]


@pytest.mark.parametrize(
    ("cells", "example", "advice"),
    [
        ([f"0,{k:03}" for k in range(N)], "'0,000', '0,001'", "decimal points"),
        ([f"{k},5" for k in range(N)], "'0,5', '1,5'", "decimal points"),
        (["1,234"] * N, "'1,234'", "decimal points, and no marks between thousands"),
        (["1 234 567.5"] * N, "'1 234 567.5'", "Leave out the marks"),
        ([*("1.5",) * (N - 1), "#DIV/0!"], "'#DIV/0!'", "Leave a missing value empty"),
        ([*("1.5",) * (N - 1), "-"], "'-'", "Leave a missing value empty"),
        ([*("1",) * (N // 2), *("low",) * (N // 2)], "'low'", "missing value empty"),
        (["0_171"] * N, "'0_171'", "in ASCII digits, such as -1.5e3"),
        (["1e3_0"] * N, "'1e3_0'", "in ASCII digits"),
        (["\u0661\u0662"] * N, "'\u0661\u0662'", "in ASCII digits"),
        (["12 %"] * N, "'12 %'", "in ASCII digits"),
        ([*("7",) * (N - 1), "1_0"], "'1_0'", "in ASCII digits"),
        ([*("7",) * (N - 2), "inf", "n.d."], "'inf', 'n.d.'", "in ASCII digits"),
        ([*("", "?", "NA") * 8, "1", "2", "3", "4", "5", "-"], "'-'", "missing value"),
    ],
)
def test_numbers_in_the_wrong_form_are_refused(folder, capsys, cells, example, advice):
    fit = table(cells)
    error = error_of(capsys, fit)
    assert error.startswith("The column 'a' of DATA has numbers in ")
    assert f"because of {example}" in error
    assert advice in error
    assert "or say `--text a`" in error
    assert not Path("m").exists()
    assert main([*fit, "--text", "a"]) == 0
    assert content_of("m")["nominal"] == ["a"]


@pytest.mark.parametrize(
    "cells",
    [
        texts("long", "short"),
        texts("1", "low", "middle"),
        texts("01", "1", "b", "01"),
        texts("1.2.3.4", "1.1.1.1"),
        texts("True", "False"),
        texts("a,b", "c,d", ""),
        texts("2020-01-01", "2020-01-02"),
        [f"g{k}" for k in range(9)],
    ],
)
def test_other_text_is_text(folder, cells):
    assert main(table(cells)) == 0
    assert content_of("m")["nominal"] == ["a"]


@pytest.mark.parametrize(
    "cells", [texts("1", "2.5"), texts("1e3", ""), texts("007", "08"), ["?"] * N]
)
def test_numbers_are_numbers(folder, cells):
    assert main(table(cells)) == 0
    assert content_of("m")["nominal"] == []


def test_a_column_that_is_text_if_one_says_so(folder):
    fit = table(texts("1", "2", "3"), name="chromosome")
    assert main([*fit, "--text", "chromosome"]) == 0
    assert content_of("m")["nominal"] == ["chromosome"]
    write("new.tsv", "id\tx\tchromosome\ng1\t1\t3\n")
    assert main(["predict", "m", "new.tsv", "--index", "--out", "p.csv"]) == 0


def test_a_column_that_is_none(folder, capsys):
    error = error_of(capsys, [*table(texts("u")), "--text", "A"])
    assert "--text: 'A' is no column of DATA. Did you mean 'a'?" in error


@pytest.mark.parametrize("word", ["inf", "-inf", "Infinity", "1e999"])
def test_infinity_is_refused(folder, capsys, word):
    error = error_of(capsys, table([*texts("1", "2"), word]))
    assert "the column 'a' of DATA has infinity or a number above 1e308 in the r" in (
        error
    )
    assert f"the row of 'g{N}'" in error


def test_ids_are_no_features(folder, capsys):
    fit = table([f"s{k}" for k in range(N - 1)] + ["s0"])
    error = error_of(capsys, fit)
    assert (
        f"'a' of DATA has {N - 1} different texts in {N} rows, such as 's0', " in error
    )
    assert "leave it out if it is an id, or `--text a`" in error
    assert main([*fit, "--text", "a"]) == 0


def test_a_forgotten_index_of_texts(folder, capsys):
    fit = [word for word in table(texts("1", "2")) if word != "--index"]
    error = error_of(capsys, fit)
    assert "The column 'id' of DATA has 30 different texts" in error
    assert "say --index if these are ids" in error


def test_nominal_attributes_may_be_numbers_but_no_ids(folder, capsys):
    head = "@attribute n {%s}\n@attribute class hierarchical a,b\n@data\n"
    fit = ["fit", "x.arff", "--model", "m", *SMALL]
    write("x.arff", head % "0,1" + "".join(f"{k % 2},a@b\n" for k in range(N)))
    assert main(fit) == 0
    assert content_of("m")["nominal"] == ["n"]
    ids = ",".join(f"g{k}" for k in range(N))
    write("x.arff", head % ids + "".join(f"g{k},a@b\n" for k in range(N)))
    assert "30 different texts" in error_of(capsys, [*fit, "--force"])
    assert main([*fit, "--force", "--text", "n"]) == 0
    error = error_of(capsys, [*fit, "--force", "--text", "m"])
    assert "'m' is no nominal attribute of DATA" in error


def test_the_summary_names_columns_of_text(folder, capsys):
    fit = [word for word in table(texts("u", "v"), "c\x1b[1mt") if word != "--quiet"]
    assert main(fit) == 0
    out = capsys.readouterr().out
    assert "Text, one-hot encoded: 'c\\x1b[1mt' (2 texts)\n" in out


@pytest.mark.filterwarnings("default")
def test_texts_that_no_training_row_had(folder, capsys):
    assert main(table(texts("long", "short"))) == 0
    write("new.tsv", "id\tx\ta\ng1\t1\tLong\ng2\t1\tshort\ng3\t1\t\n")
    assert main(["predict", "m", "new.tsv", "--index", "--out", "p.csv"]) == 0
    error = capsys.readouterr().err
    said = "'a' of DATA has texts that no training row had, in 1 row: 'Long'"
    assert said in error


def test_numbers_that_were_numbers_once(folder, capsys):
    assert main(table(texts("1.5", "2"))) == 0
    write("new.tsv", "id\tx\ta\ng1\t1\t1.5\ng2\t1\t1,5\n")
    predict = ["predict", "m", "new.tsv", "--index", "--out", "p.csv"]
    error = error_of(capsys, predict)
    assert "have text now: 'a' ('1,5' in the row of 'g2')" in error


def test_columns_may_come_in_any_number(folder):
    words = [f"w{k % 3}" for k in range(12)]
    lines = [",".join(f"c{k}" for k in range(300))]
    lines += [",".join(words[(k + row) % 12] for k in range(300)) for row in range(12)]
    write("x.csv", "\n".join(lines) + "\n")
    data, nominal = _csv.read_features([Path("x.csv")], False)
    assert len(nominal) == 300
    assert data.shape == (12, 300)

"""``hmlc evaluate --predictions``: which nodes count, and under which names."""

import os

import pandas as pd
import pytest

from sklearn_hmlc._cli import main

from .pets import error_of, write

OBO = """\
format-version: 1.2

[Term]
id: A:1
name: top

[Term]
id: A:2
name: two
is_a: A:1

[Term]
id: A:4
name: four
alt_id: A:9
is_a: A:2
"""


def evaluate(*argv):
    """Run the command; return its table, whose index has method and measure."""
    argv = ["evaluate", "--out", "report", "--force", *argv]
    assert main(argv) == 0
    return pd.read_csv("report/measures.csv", index_col=["method", "measure"])


# -- path codes ------------------------------------------------------------------------

WRONG = "P1 01/02 .9\nP1 03 .95\nP1 04 .95\nP2 02 .5\nP2 03 .99\n"


@pytest.fixture
def codes(folder):
    write("truth.tsv", "P1\t01/02\nP2\t02\n")
    write("p.tsv", WRONG)
    write("train.tsv", "Q1\t01/02\nQ2\t02\nQ3\t05/01\nP1\t01\n")
    return ["--truth", "truth.tsv", "--predictions", "p.tsv"]


def test_predictions_of_codes_that_the_truth_lacks_count(codes, capsys):
    found = evaluate(*codes).loc["p.tsv"]
    # At 0.5 or less row 1 has 01, 01/02 and two wrong nodes, row 2 has 02 and a wrong
    # one: precision 1/2, recall 1.
    assert found.loc["Fmax", "mean"] == pytest.approx(2 / 3, rel=1e-5)
    # Pooled, two of three positives come after three wrong scores, one after them.
    area = 2 / 3 * 2 / 5 + 1 / 3 * 3 / 6
    assert found.loc["AU(PRC)", "mean"] == pytest.approx(area, rel=1e-5)
    printed = capsys.readouterr()
    assert "5 nodes, of which the truth has all but 2: '03', '04'." in printed.out
    assert "left out" not in printed.err


@pytest.mark.parametrize(
    "lines", ["", "P1 05/01 .3\n", "P3 05 .3\n"], ids=["none", "more", "others"]
)
def test_files_side_by_side_are_measured_on_all_codes(codes, lines):
    alone = evaluate(*codes).loc["p.tsv"]
    write("other.tsv", f"P1 01/02 1\nP2 02 1\n{lines}")
    both = evaluate(*codes, "other.tsv")
    pd.testing.assert_frame_equal(both.loc["p.tsv"], alone)
    assert both.loc[("other.tsv", "Fmax"), "mean"] == 1


def test_codes_of_rows_to_train_on(codes, capsys):
    found = evaluate(*codes, "--train-annotations", "train.tsv")
    # Shares are 1/3 of 01, 01/02, 02, 05 and 05/01: precision (2/5 + 1/5) / 2, recall 1
    assert found.loc[("naive", "Fmax"), "mean"] == pytest.approx(0.6 / 1.3, rel=1e-5)
    assert "Information: 3 rows of train.tsv" in capsys.readouterr().out


def test_codes_of_a_model(codes, capsys):
    write("f.tsv", "gene\tpfam\n" + "".join(f"Q{k}\tPF{k % 3}\n" for k in range(9)))
    write("a.tsv", "".join(f"Q{k}\t{['01/02', '02', '03'][k % 3]}\n" for k in range(9)))
    argv = ["fit", "--annotations", "a.tsv", "--features", "f.tsv", "--model", "m"]
    assert main([*argv, "--heads", "1", "--epochs", "1", "--hidden", "4"]) == 0
    found = evaluate("m", *codes)
    assert found.loc[("p.tsv", "Fmax"), "mean"] == pytest.approx(2 / 3, rel=1e-5)
    # Each row has 01, 01/02, 02 and 03 at 1/3: precision (2/4 + 1/4) / 2, recall 1.
    assert found.loc[("naive", "Fmax"), "mean"] == pytest.approx(0.75 / 1.375, rel=1e-5)
    write("truth.tsv", "P1\t7/1\n")
    assert "MODEL knows none" in error_of(capsys, ["evaluate", "m", *codes])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("P1 7.1 1\nP2 8 1\n", "expected nodes of the hierarchy, such as '01'"),
        ("P1 01//02 1\n", "p.tsv: Expected a code of non-empty levels"),
        ("P1 01 2\n", "p.tsv, line 1: expected a score in [0, 1]"),
    ],
)
def test_files_without_codes(codes, capsys, lines, said):
    write("p.tsv", lines)
    assert said in error_of(capsys, ["evaluate", *codes])


def test_a_pipe_can_t_be_read_twice(codes, capsys):
    error = error_of(capsys, ["evaluate", *codes, os.devnull])
    assert ": expected a file, since path codes are read first" in error


# -- merged terms ----------------------------------------------------------------------


@pytest.fixture
def ontology(folder):
    write("o.obo", OBO)
    write("truth.tsv", "P1\tA:4\nP2\tA:2\nP3\tA:4\n")
    return ["--ontology", "o.obo", "--truth", "truth.tsv"]


def test_a_term_beside_one_merged_into_it(ontology):
    write("one.tsv", "P1 A:4 .9\nP2 A:2 .5\nP3 A:4 .7\n")
    write("two.tsv", "P1 A:4 .8\nP1 A:9 .9\nP2 A:2 .5\nP3 A:9 .7\nP3 A:4 0\n")
    found = evaluate(*ontology, "--predictions", "one.tsv", "two.tsv")
    pd.testing.assert_frame_equal(found.loc["one.tsv"], found.loc["two.tsv"])


@pytest.mark.parametrize("lines", ["A:4 2\nA:9 5\n", "A:9 5\nA:4 2\n", "A:9 2\n"])
def test_the_own_information_of_a_term_counts_first(ontology, lines):
    write("p.tsv", "P1 A:2 .9\nP2 A:2 .9\nP3 A:2 .9\n")
    write("bits.tsv", "A:2 1\n" + lines)
    argv = [*ontology, "--predictions", "p.tsv", "--information", "bits.tsv"]
    # Two of three rows miss 2 bits.
    smin = evaluate(*argv).loc[("p.tsv", "Smin"), "mean"]
    assert smin == pytest.approx(4 / 3, rel=1e-5)


# -- namespaces ------------------------------------------------------------------------


def test_coverage_of_an_ontology_without_namespaces(ontology, capsys):
    write("p.tsv", "P1 A:2 .9\nP2 A:2 .009\nP3 A:1 .9\n")
    write("train.tsv", "Q1\tA:4\n")
    argv = [*ontology, "--predictions", "p.tsv", "--train-annotations", "train.tsv"]
    found = evaluate(*argv)
    assert found.columns.tolist() == ["A:1", "mean"]
    assert found.loc[("p.tsv", "coverage")].tolist() == pytest.approx([1 / 3] * 2, 1e-5)
    assert found.loc[("naive", "coverage")].tolist() == [1, 1]

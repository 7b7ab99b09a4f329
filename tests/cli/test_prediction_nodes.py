"""``hmlc evaluate --predictions``: which nodes count, and under which names."""

import pandas as pd
import pytest

from sklearn_hmlc._cli import main

from .pets import write

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

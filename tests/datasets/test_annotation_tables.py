"""`read_annotations` of tables: two, three or many columns, labels in a column."""

from pathlib import Path

import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import labels, read_annotations

FOLDER = Path(__file__).parents[1] / "data" / "ontology"
EXPECTED = [("G1", "GO:0005515"), ("G2", "GO:0005886")]


@pytest.fixture(scope="module")
def go():
    return Hierarchy.from_obo(FOLDER / "go_excerpt.obo")


def pairs(annotations):
    return list(zip(annotations.table["id"], annotations.table["node"], strict=True))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.tsv", "G1\tGO:0005515\nG2\tGO:0005886\n"),
        ("x.csv", "G1,GO:0005515\nG2,GO:0005886\n"),
        ("x.csv", "G1;GO:0005515\nG2;GO:0005886\n"),
        ("x.csv", '"G1","GO:0005515"\n"G2","GO:0005886"\n'),
        ("x.txt", "G1\tGO:0005515\r\nG2\tGO:0005886"),
        ("x.tsv", "gene\tgo term\nG1\tGO:0005515\n\nG2\tGO:0005886\n"),
        ("x.tsv", "term\tprotein\nGO:0005515\tG1\nGO:0005886\tG2\n"),
        ("x.tsv", "#id\tterm\nG1\tGO:0005515\nG2\tGO:0005886\n"),
        ("x.tsv", "# a comment\n! another\nG1\tGO:0005515\nG2\tGO:0005886\n"),
        ("x.tsv", "G1\tGO:0005515\tIDA\nG2\tGO:0005886\tTAS\nG3\tGO:0005886\tIEA\n"),
        (
            "x.tsv",
            "gene\tevidence\tgo\tqualifier\nG1\tIDA\tGO:0005515\t\n"
            "G2\tIDA\tGO:0005886\t\nG3\tIDA\tGO:0005886\tNOT\n",
        ),
    ],
)
def test_tables(go, write, name, content):
    read = read_annotations(write(content, name), go)
    assert pairs(read) == EXPECTED
    assert read.report.format == "table"


def test_phenotypes(write):
    """As the Human Phenotype Ontology publishes them."""
    hp = Hierarchy.from_edges([("HP:0000118", "HP:0000252")])
    head = "database_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\taspect"
    rows = [
        "OMIM:1\tx\t\tHP:0000252\tPMID:1\tPCS\tP",
        "OMIM:1\tx\tNOT\tHP:0000118\tPMID:1\tPCS\tP",
        "OMIM:2\ty\t\tHP:0000252\tOMIM:2\tTAS\tP",
        "OMIM:3\tz\t\tHP:0000118\tOMIM:3\tIEA\tP",
    ]
    content = "\n".join(["#description: HPO annotations", "#version: 1", head, *rows])
    read = read_annotations(write(content), hp)
    assert pairs(read) == [("OMIM:1", "HP:0000252"), ("OMIM:2", "HP:0000252")]
    assert read.report.dropped == {"negated (NOT)": 1, "other evidence": 1}


def test_first_row_of_an_unknown_term_is_no_head(go, write):
    read = read_annotations(write("G1\tGO:7777777\nG2\tGO:0005886\n"), go)
    assert read.report.unknown == {"GO:7777777": 1}


def test_columns_by_name_and_position(go, write):
    content = "a,gene,b,function\n1,G1,2,GO:0005515\n1,G2,2,GO:0005886\n"
    path = write(content, "x.csv")
    by_name = read_annotations(path, go, id_column="gene", term_column="function")
    assert pairs(by_name) == EXPECTED
    by_position = read_annotations(path, go, id_column=1, term_column=3)
    assert pairs(by_position) == EXPECTED
    with pytest.raises(ValueError, match=r"two or three columns.*has 4 \('a', 'gene'"):
        read_annotations(path, go)
    with pytest.raises(
        ValueError, match=r"no column 'fuction'; .*Did you mean 'functi"
    ):
        read_annotations(path, go, id_column="gene", term_column="fuction")
    with pytest.raises(ValueError, match="no column 9; it has 'a', 'gene'"):
        read_annotations(path, go, id_column=9, term_column=3)
    with pytest.raises(ValueError, match="got 'gene' for both"):
        read_annotations(path, go, id_column="gene", term_column="gene")


def test_scores_are_no_evidence(go, write):
    path = write("G1\tGO:0005515\t0.93\nG2\tGO:0005886\t0.1\n")
    with pytest.raises(ValueError, match=r"line 1: expected evidence codes .*'0\.93'"):
        read_annotations(path, go)


def test_wrong_lines(go, write):
    path = write("G1\tGO:0005515\nG2\n\tGO:0005886\nG2\tGO:0005886\n")
    with pytest.raises(
        ValueError,
        match=r"line 2: expected 2 columns, but got 1 column\..*1 other line",
    ):
        read_annotations(path, go)
    read = read_annotations(path, go, on_error="skip")
    assert pairs(read) == EXPECTED
    assert list(read.report.malformed) == [2, 3]


def test_quoted_cells_over_lines(go, write):
    path = write('gene,go\nG1,GO:0005515\n"G\n2",GO:0005886\nG3\n', "x.csv")
    read = read_annotations(path, go, on_error="skip")
    assert pairs(read) == [("G1", "GO:0005515"), ("G\n2", "GO:0005886")]
    assert read.table.index.tolist() == [2, 3]
    assert list(read.report.malformed) == [5]
    with pytest.raises(ValueError, match=r"line 2: a cell that begins .* not end well"):
        read_annotations(write('gene,go\n"G1,GO:0005515\n', "x.csv"), go)
    with pytest.raises(
        ValueError, match=r"line 3: a cell that begins .* quotes inside"
    ):
        read_annotations(write('gene,go\nA,b\n"G"1,GO:0005515\n', "x.csv"), go)


def test_quotes_that_are_letters(go, write):
    content = 'gene\tgo\n"G"1\tGO:0005515\n5"\tGO:0005886\n'
    read = read_annotations(write(content), go)
    assert pairs(read) == [('"G"1', "GO:0005515"), ('5"', "GO:0005886")]
    written = 'gene,go\n"say ""G"", ""H""",GO:0005515\n5",GO:0005886\n'
    read = read_annotations(write(written, "x.csv"), go)
    assert pairs(read) == [('say "G", "H"', "GO:0005515"), ('5"', "GO:0005886")]


# -- labels in a column ----------------------------------------------------------------


@pytest.mark.parametrize("sep", [";", "|", ",", "@", " ; "])
def test_labels_in_a_column(write, sep):
    content = f"gene\texpression\tcodes\nA\t0.5\t14/04{sep}20/01\nB\t1\t20\nC\t2\t\n"
    read = read_annotations(write(content), id_column="gene", term_column="codes")
    assert read.hierarchy.nodes == ("14", "14/04", "20", "20/01")
    assert pairs(read) == [("A", "14/04"), ("A", "20/01"), ("B", "20")]
    assert read.report.dropped == {"without a term": 1}
    Y = labels(read)
    assert Y.ids.tolist() == ["A", "B"]
    assert Y.target.toarray().astype(int).tolist() == [[1, 1, 1, 1], [0, 0, 1, 0]]


def test_terms_with_separators_in_them(write):
    hierarchy = Hierarchy.flat(["lipid; fat", "acid"])
    read = read_annotations(write("id\tterm\nA\tlipid; fat\nB\tacid;base\n"), hierarchy)
    assert pairs(read) == [("A", "lipid; fat"), ("B", "acid")]
    assert read.report.unknown == {"base": 1}
    split = read_annotations(
        write("id\tterm\nA\tlipid; fat&acid\n"), hierarchy, term_sep="&"
    )
    assert pairs(split) == [("A", "lipid; fat"), ("A", "acid")]


def test_ids_of_an_ontology_need_one(write):
    with pytest.raises(
        ValueError, match=r"`hierarchy` for terms such as 'GO:0005515'; "
    ):
        read_annotations(write("G1\tGO:0005515\n"))


# -- negated rows, evidence, codes -----------------------------------------------------


@pytest.mark.parametrize("word", ["not", "Not", "NOT", "not|enables", "NOT:enables"])
def test_negated_in_any_letters(go, write, word):
    rows = f"G1\tGO:0005515\tenables\nG2\tGO:0005886\t{word}\n"
    read = read_annotations(write("gene\tterm\tqualifier\n" + rows), go)
    assert pairs(read) == EXPECTED[:1]
    assert read.report.dropped == {"negated (NOT)": 1}


@pytest.mark.parametrize("word", ["", "enables", "notable", "knotted"])
def test_not_negated(go, write, word):
    rows = f"G1\tGO:0005515\t{word}\nG2\tGO:0005886\t{word}\n"
    read = read_annotations(write("gene\tterm\tqualifier\n" + rows), go)
    assert pairs(read) == EXPECTED


@pytest.mark.parametrize("cell", ["", "-", "NA"])
def test_without_evidence(go, write, cell):
    content = f"G1\tGO:0005515\tIDA\nG2\tGO:0005886\t{cell}\nG3\tGO:0005886\tXX\n"
    report = read_annotations(write(content), go).report
    assert report.dropped == {
        "without evidence": 1,
        "evidence of an unknown code": 1,
    }


def test_codes_with_dots(write):
    path = write("entry\tec\nA\t1.2.3.4\nB\t1.2.-.-\nC\t\n")
    with pytest.raises(
        ValueError, match=r"got '1\.2\.-\.-' .* none of which has a '/'.*code_sep='\.'"
    ):
        read_annotations(path)
    read = read_annotations(path, code_sep=".")
    assert read.hierarchy.nodes == ("1", "1.2", "1.2.3", "1.2.3.4")
    assert pairs(read) == [("A", "1.2.3.4"), ("B", "1.2")]
    flat = read_annotations(path, code_sep="/")
    assert flat.hierarchy.n_edges == 0
    with pytest.raises(ValueError, match=r"data\.arff: Expected a code of non-empty"):
        read_annotations(write("entry\tec\nA\t1..2\n"), code_sep=".")


@pytest.mark.parametrize("terms", ["cat dog E.coli", "14 14/04 1.5", "x. y. z."])
def test_codes_that_have_no_other_separator(write, terms):
    rows = "".join(f"P{k}\t{term}\n" for k, term in enumerate(terms.split()))
    read = read_annotations(write("gene\tterm\n" + rows))
    assert set(terms.split()) == set(read.hierarchy.nodes)


def test_code_below_one_that_is_there(write):
    rows = "A\tcell\nB\tcell.wall\nC\tfat\nD\tacid\n"
    with pytest.raises(ValueError, match=r"code_sep='\.'"):
        read_annotations(write("gene\tterm\n" + rows))


def test_code_sep_beside_a_hierarchy(go, write):
    with pytest.raises(ValueError, match=r"Leave out `code_sep`, .*leave out `hier"):
        read_annotations(write("G1\tGO:0005515\n"), go, code_sep=".")

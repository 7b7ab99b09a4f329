"""`read_annotations`: every format, what is dropped and why, files that are wrong."""

import gzip
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import EVIDENCE, read_annotations

FOLDER = Path(__file__).parents[1] / "data" / "ontology"
GAF = FOLDER / "go_excerpt.gaf"


@pytest.fixture(scope="module")
def go():
    return Hierarchy.from_obo(FOLDER / "go_excerpt.obo")


def pairs(annotations):
    return list(zip(annotations.table["id"], annotations.table["node"], strict=True))


def gaf_line(
    gene="G1",
    term="GO:0005515",
    evidence="IDA",
    qualifier="enables",
    taxon="taxon:9606",
    aspect="F",
):
    cells = ["UniProtKB", gene, gene.lower(), qualifier, term, "PMID:1", evidence, ""]
    return "\t".join(
        [*cells, aspect, "", "", "protein", taxon, "20240101", "X", "", ""]
    )


def gaf(*lines, version="2.2"):
    return "\n".join([f"!gaf-version: {version}", *lines, ""])


# -- the excerpt and the whole file ----------------------------------------------------


def test_excerpt(go):
    read = read_annotations(GAF, go)
    report = read.report
    assert (report.format, report.n_rows) == ("GAF 2.2", 72)
    # As `cut -f4,7 go_excerpt.gaf | sort | uniq -c` counts them.
    assert report.dropped == {
        "negated (NOT)": 1,
        "no data (ND)": 13,
        "other evidence": 21,
        "of obsolete terms": 1,
        "of unknown terms": 1,
    }
    assert report.replaced == {"GO:0005554": "GO:0003674", "GO:9900001": "GO:0005515"}
    assert report.n_replaced == 2
    assert report.unknown == {"GO:7777777": 1}
    assert report.n_kept == len(read.table) == 72 - 37
    assert report.n_ids == 13
    assert read.table.loc[72].tolist()[:3] == ["99", "GO:0005515", "IDA"]
    assert repr(report).splitlines()[1:] == [
        "  dropped: 1 negated (NOT), 13 no data (ND), 21 other evidence, 1 of obsolete "
        "terms, 1 of unknown terms",
        "  unknown: 1 term, such as 'GO:7777777'",
        "  replaced: 2 rows of 2 terms, such as GO:0005554 -> GO:0003674, "
        "GO:9900001 -> GO:0005515",
    ]


def test_by_a_slow_reader(go):
    rows = [line.split("\t") for line in GAF.read_text().splitlines() if line[0] != "!"]
    expected = []
    for row in rows:
        term = go.alternatives.get(row[4], row[4])
        if "NOT" not in row[3] and row[6] in EVIDENCE["experimental"] and term in go:
            expected.append((row[1], term))
    assert pairs(read_annotations(GAF, go)) == expected


def test_whole_file(data_dir):
    folder = data_dir / "human_go"
    go = Hierarchy.from_obo(folder / "go-2022-07-01.obo")
    report = read_annotations(folder / "human-2022.gaf.gz", go).report
    assert (report.n_rows, report.n_ids) == (348_116, 17_185)
    assert report.dropped["no data (ND)"] == 1_699
    every = read_annotations(folder / "human-2022.gaf.gz", go, evidence="all").report
    assert every.n_kept == 348_116 - 1_699


# -- evidence, qualifiers, taxon -------------------------------------------------------


def test_evidence(go):
    codes = {
        name: Counter(read_annotations(GAF, go, evidence=name).table["evidence"])
        for name in ("experimental", "curated", "all")
    }
    assert set(codes["experimental"]) == {"IPI", "IDA", "HDA", "IMP", "TAS"}
    assert set(codes["curated"]) - set(codes["experimental"]) == {"IBA", "ISS", "NAS"}
    assert set(codes["all"]) - set(codes["curated"]) == {"IEA"}
    only = read_annotations(GAF, go, evidence=["tas", "ND"])
    assert set(only.table["evidence"]) == {"TAS", "ND"}
    eco = read_annotations(GAF, go, evidence=["ECO:0000304"])
    assert set(eco.table["evidence"]) == {"TAS"}


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ("experimentl", "Did you mean 'experimental'"),
        ("IDA", r"Give codes in a list: \['IDA'\]"),
        (["IDB"], "'IDB' is no evidence code; expected some of EXP, .*Did you mean"),
    ],
)
def test_bad_evidence(go, evidence, message):
    with pytest.raises(ValueError, match=message):
        read_annotations(GAF, go, evidence=evidence)


def test_code_that_is_not_known(go, write):
    path = write(gaf(gaf_line(), gaf_line(evidence="XYZ")))
    dropped = read_annotations(path, go).report.dropped
    assert dropped == {"evidence of an unknown code": 1}
    assert len(read_annotations(path, go, evidence="all").table) == 2


@pytest.mark.parametrize("word", ["NOT", "NOT|enables", "enables|NOT", "NOT enables"])
def test_negated(go, write, word):
    path = write(gaf(gaf_line(), gaf_line("G2", qualifier=word)))
    read = read_annotations(path, go, evidence="all")
    assert pairs(read) == [("G1", "GO:0005515")]
    assert read.report.dropped == {"negated (NOT)": 1}


def test_ids_stay_as_they_are(go, write):
    ids = ["007", "1e5", "NA", "null", "0.50", '"x']
    path = write(gaf(*map(gaf_line, ids)))
    assert read_annotations(path, go).table["id"].tolist() == ids
    table = write("".join(f"{name}\tGO:0005515\n" for name in ids[:5]))
    assert read_annotations(table, go).table["id"].tolist() == ids[:5]


def test_qualifiers(go, write):
    path = write(
        gaf(
            gaf_line("G1", qualifier="enables"),
            gaf_line("G2", qualifier="contributes_to"),
            gaf_line("G3", qualifier="colocalizes_with"),
        )
    )
    read = read_annotations(path, go, qualifiers=["enables", "contributes_to"])
    assert read.table["id"].tolist() == ["G1", "G2"]
    assert read.report.dropped == {"of another qualifier": 1}
    with pytest.raises(ValueError, match=r"no 'enable', but .*Did you mean 'enables'"):
        read_annotations(path, go, qualifiers=["enable"])


@pytest.mark.parametrize("taxon", [9606, "9606", "taxon:9606", [9606, 3702]])
def test_taxon(go, write, taxon):
    lines = [
        gaf_line("G1"),
        gaf_line("G2", taxon="taxon:10090"),
        gaf_line("G3", taxon="taxon:9606|taxon:10090"),
        gaf_line("G4", taxon="taxon:10090|taxon:9606"),
    ]
    read = read_annotations(write(gaf(*lines)), go, taxon=taxon)
    assert read.table["id"].tolist() == ["G1", "G3"]
    assert read.report.dropped == {"of another taxon": 2}


def test_terms_of_another_namespace(write):
    part = Hierarchy.from_obo(
        FOLDER / "go_excerpt.obo", namespaces=["molecular_function"]
    )
    lines = [gaf_line(), gaf_line(term="GO:0005886", aspect="C"), gaf_line(term="GO:1")]
    report = read_annotations(write(gaf(*lines)), part).report
    assert report.dropped == {"of another namespace": 1, "of unknown terms": 1}


def test_id_column(go):
    symbols = read_annotations(GAF, go, id_column="symbol").table["id"]
    assert "MADE" in set(symbols)
    assert "99" not in set(symbols)
    with pytest.raises(ValueError, match=r"no column 'symbl'; .*Did you mean 'symbol'"):
        read_annotations(GAF, go, id_column="symbl")
    with pytest.raises(
        ValueError, match=r"has no column 1; .* Positions are for table"
    ):
        read_annotations(GAF, go, id_column=1)


@pytest.mark.parametrize(
    "column", ["term", "evidence", "qualifier", "taxon", "aspect", "db", "reference"]
)
def test_columns_that_name_no_rows(go, write, column):
    with pytest.raises(ValueError, match=rf"no ids of rows in its column '{column}'"):
        read_annotations(GAF, go, id_column=column, taxon=9606)
    if column in ("term", "evidence", "qualifier", "reference"):
        for content in (GPAD_1, GPAD_2):
            with pytest.raises(
                ValueError, match=r"expected one of 'id'|one of 'db_id'"
            ):
                read_annotations(write(content), go, id_column=column)
    with pytest.raises(ValueError, match=r"no ids of rows .*'name'; expected one of"):
        read_annotations(write(GENE2GO), go, id_column="name")


# -- formats ---------------------------------------------------------------------------

EXPECTED = [("G1", "GO:0005515"), ("G2", "GO:0005886")]

GPAD_1 = """\
!gpa-version: 1.1
UniProtKB\tG1\tenables\tGO:0005515\tPMID:1\tECO:0000353\t\t\t20240101\tX\t\t
UniProtKB\tG1\tNOT|enables\tGO:0003823\tPMID:1\tECO:0000314\t\t\t20240101\tX\t\t
UniProtKB\tG2\tlocated_in\tGO:0005886\tPMID:1\tECO:9999999\t\t\t20240101\tX\t\tgo_evidence=IDA
UniProtKB\tG3\tlocated_in\tGO:0005886\tPMID:1\tECO:0000501\t\t\t20240101\tX\t\tgo_evidence=IEA
"""
GPAD_2 = """\
!gpad-version: 2.0
UniProtKB:G1\t\tRO:0002327\tGO:0005515\tPMID:1\tECO:0000353\t\t\t2024-01-01\tX\t\t
UniProtKB:G1\tNOT\tRO:0002327\tGO:0003823\tPMID:1\tECO:0000314\t\t\t2024-01-01\tX\t\t
UniProtKB:G2\t\tRO:0001025\tGO:0005886\tPMID:1\tECO:0007005\t\t\t2024-01-01\tX\t\t
UniProtKB:G3\t\tRO:0001025\tGO:0005886\tPMID:1\tECO:0007669\t\t\t2024-01-01\tX\t\t
"""
GENE2GO = """\
#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory
9606\tG1\tGO:0005515\tIPI\tenables\tprotein binding\t-\tFunction
9606\tG1\tGO:0003823\tIDA\tNOT enables\tantigen binding\t-\tFunction
9606\tG2\tGO:0005886\tIDA\t-\tplasma membrane\t-\tComponent
9606\tG3\tGO:0005886\tIEA\t-\tplasma membrane\t-\tComponent
"""
GAF_LINES = [
    gaf_line("G1", "GO:0005515", "IPI"),
    gaf_line("G1", "GO:0003823", qualifier="NOT|enables"),
    gaf_line("G2", "GO:0005886", qualifier="located_in", aspect="C"),
    gaf_line("G3", "GO:0005886", "IEA", "located_in", aspect="C"),
]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (gaf(*GAF_LINES), "GAF 2.2"),
        (gaf(*GAF_LINES, version="2.1"), "GAF 2.1"),
        (gaf(*GAF_LINES, version="2.0").replace("|enables", ""), "GAF 2.0"),
        ("\n".join(GAF_LINES), "GAF"),
        (GPAD_1, "GPAD 1.1"),
        (GPAD_2, "GPAD 2.0"),
        (GENE2GO, "gene2go"),
        (GENE2GO.lstrip("#").replace("\n", "\r\n"), "gene2go"),
    ],
)
def test_formats(go, write, content, name):
    read = read_annotations(write(content, "x.txt"), go)
    assert read.report.format == name
    assert pairs(read) == EXPECTED
    assert read.report.dropped == {"negated (NOT)": 1, "other evidence": 1}
    assert set(read.table["evidence"]) <= {"IPI", "IDA", "HDA"}


def test_columns_at_the_end_may_be_missing(go, write):
    short = [line.rstrip("\t") for line in GAF_LINES]
    assert {line.count("\t") for line in short} == {14}
    assert pairs(read_annotations(write(gaf(*short)), go)) == EXPECTED
    assert (
        pairs(read_annotations(write(gaf(*short[:2], *GAF_LINES[2:])), go)) == EXPECTED
    )


def test_relations_and_ids_of_gpad_2(go, write):
    path = write(GPAD_2.replace("UniProtKB:G2", "MGI:MGI:1918911"))
    read = read_annotations(path, go)
    assert read.table["id"].tolist() == ["G1", "MGI:1918911"]
    assert read.table["qualifier"].tolist() == ["enables", "located_in"]
    whole = read_annotations(path, go, id_column="db_id")
    assert whole.table["id"].tolist() == ["UniProtKB:G1", "MGI:MGI:1918911"]


def test_compressed(go, tmp_path):
    path = tmp_path / "x.gaf.gz"
    path.write_bytes(gzip.compress(GAF.read_bytes()))
    pd.testing.assert_frame_equal(
        read_annotations(path, go).table, read_annotations(GAF, go).table
    )


# -- wrong files -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("UniProtKB\tG1", "line 3: expected 15 or 16 or 17 columns, but got 2 columns"),
        (gaf_line("G1") + "\tmore", "line 3: .* but got 18 columns"),
        (gaf_line(""), "line 3: there is no id"),
        (gaf_line(term=""), "line 3: there is no term"),
    ],
)
def test_malformed_lines(go, write, line, message):
    path = write(gaf(gaf_line("G1"), line, "!a comment", gaf_line("G2")))
    with pytest.raises(ValueError, match=rf"data.arff, {message}.*on_error='skip'"):
        read_annotations(path, go)
    read = read_annotations(path, go, on_error="skip")
    assert read.table["id"].tolist() == ["G1", "G2"]
    assert read.report.n_rows == 3
    assert read.report.dropped == {"malformed": 1}
    assert list(read.report.malformed) == [3]
    assert "malformed: 1 line, the first is 3: " in repr(read.report)


def test_cut_file(go, write):
    content = GAF.read_text()
    path = write(content[: len(content) - 60])
    with pytest.raises(
        ValueError, match=r"line 74: expected 15.*is the file cut short"
    ):
        read_annotations(path, go)


def test_compressed_file_that_is_cut(go, tmp_path):
    path = tmp_path / "x.gaf.gz"
    path.write_bytes(gzip.compress(GAF.read_bytes())[:300])
    with pytest.raises(ValueError, match=r"x.gaf.gz: expected a compressed.*cut short"):
        read_annotations(path, go)


def test_nothing_left(go, write):
    path = write(
        gaf(gaf_line(term="HP:1"), gaf_line(term="HP:2"), gaf_line(term="HP:2"))
    )
    with pytest.raises(
        ValueError,
        match=r"No row is left(.|\n)*3 of unknown terms(.|\n)*'HP:2', 'HP:1'",
    ):
        read_annotations(path, go)


def test_a_folder(go, tmp_path):
    with pytest.raises(IsADirectoryError, match="name a file in it"):
        read_annotations(tmp_path, go)


@pytest.mark.parametrize("content", ["", "!gaf-version: 2.2\n", "# only this\n"])
def test_no_rows(go, write, content):
    with pytest.raises(ValueError, match=r"No row is left|the file has no rows"):
        read_annotations(write(content), go)


def test_bad_arguments(go, write):
    path = write(GPAD_1)
    with pytest.raises(
        ValueError, match=r"not say of which species .* leave out `taxon`"
    ):
        read_annotations(path, go, taxon=9606)
    with pytest.raises(ValueError, match="such as 9606, but got 'human'"):
        read_annotations(path, go, taxon="human")
    with pytest.raises(
        ValueError, match="leave out `term_column`, which is for tables"
    ):
        read_annotations(path, go, term_column="term")
    with pytest.raises(ValueError, match=r"Expected `hierarchy` for a GPAD 1\.1 file"):
        read_annotations(path)
    with pytest.raises(ValueError, match="The 'hierarchy' parameter"):
        read_annotations(path, "go.obo")

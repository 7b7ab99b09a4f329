"""Ontologies, annotations and features that can't be used: one line says why."""

import gzip
import re
from pathlib import Path

import pytest

from sklearn_hmlc._cli import main

from .genes import DOMAINS, GAF, OBO, TINY
from .pets import error_of, write


def fit(ontology=OBO, annotations=GAF, features=DOMAINS, *options):
    files = {"ontology": ontology, "annotations": annotations, "features": features}
    words = [w for k, v in files.items() if v is not None for w in (f"--{k}", v)]
    return ["fit", *words, "--model", "m", *TINY, *options]


def changed(path, name, old, new):
    content = Path(path).read_text()
    assert old in content
    return write(name, content.replace(old, new, 1))


def cut_obo():
    return {"ontology": write("cut.obo", Path(OBO).read_text()[:3000])}


def wrong_obo():
    return {"ontology": changed(OBO, "bad.obo", "is_a: GO:0008150", "is_a")}


def cycle():
    below = "id: GO:0005515\nname: protein binding\nnamespace: molecular_function\n"
    more = f"{below}is_a: GO:0005102\n"
    return {"ontology": changed(OBO, "cycle.obo", below, more)}


def wrong_line():
    text = Path(GAF).read_text().splitlines()
    text[9] = text[9].replace("\t", " ")
    return {"annotations": write("bad.gaf", "\n".join(text) + "\n")}


def cut_gz():
    packed = gzip.compress(Path(GAF).read_bytes())
    Path("cut.gaf.gz").write_bytes(packed[: len(packed) // 2])
    return {"annotations": "cut.gaf.gz"}


def other_ids():
    return {"features": write("x.tsv", "id\tx\nP1\t1.5\nP2\t2\n")}


def mixed_ids():
    text = re.sub(r"^(\d)", r"sp|\1", Path(DOMAINS).read_text(), flags=re.MULTILINE)
    return {"features": write("mixed.tsv", text)}


def double_ids():
    return {"features": write("x.tsv", "id\tx\n3804\t1.5\n3804\t2\n")}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (cut_obo, r"cut\.obo, line \d+: .*the file has no term .* Is it cut short\?"),
        (wrong_obo, r"bad\.obo, line \d+: expected `tag: value`"),
        (cycle, r"cycle\.obo, line \d+: term .* is its own ancestor through"),
        (wrong_line, r"bad\.gaf, line 10: expected 15 .* by --on-error skip\.$"),
        (cut_gz, r"cut\.gaf\.gz: expected a compressed file.*cut short"),
        (
            other_ids,
            r"in both --features \(2 rows: 'P1', 'P2'\) and --annotations \(13",
        ),
        (mixed_ids, "would match without the database in front"),
        (double_ids, r"x\.tsv, line 3: the id '3804' has come before"),
        (lambda: {"ontology": "."}, "Expected a file, but this is a folder"),
        (lambda: {"annotations": "."}, "Expected a file, but this is a folder"),
        (lambda: {"features": "."}, "Expected a file, but this is a folder"),
        (lambda: {"ontology": "no.obo"}, r"no\.obo: No such file"),
        (lambda: {"ontology": None}, r"Expected --ontology for a GAF 2\.2 file\.$"),
        (lambda: {"features": None}, "--ontology needs --features beside it"),
        (lambda: {"annotations": None}, "--ontology needs --annotations beside it"),
    ],
)
def test_files(folder, capsys, files, said):
    error = error_of(capsys, fit(**files()))
    assert error.count("\n") == 1
    assert re.search(said, error.strip())
    assert not Path("m").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--relations", "is_a", "partof"], "In --relations: 'partof'.*'part_of'?"),
        (["--namespace", "molecular"], "In --namespaces: .*'molecular_function'?"),
        (["--min-count", "100"], "No node has 100 rows or more; lower --min-count"),
        (["--evidence", "IDA", "all"], "Expected --evidence with all alone, or with"),
        (["--taxon", "human"], "Expected --taxon as NCBI's number"),
        (["--taxon", "1"], "No row is left to read.*72 of another taxon"),
        (["--id-column", "nix"], "In --id-column: GAF has no column 'nix'"),
        (["--features-id-column", "nix"], "has no column 'nix'; it has 'gene_id'"),
        (["--list-sep", ""], "Expected --list-sep as a mark, such as ';'"),
        (["--drop", "nix"], "In --drop: .* has no column 'nix'"),
        (["--index"], "--index: for CSV and ARFF files, not beside --ontology"),
        (["--labels", "y.csv"], "--labels: for CSV and ARFF files, not beside"),
        (["--test-fraction", "0.99"], "--test-fraction 0.99 leaves no row to train on"),
        (["--test-fraction", "0.8", "--min-count", "3"], "No node has 3 rows or more"),
    ],
)
def test_options(folder, capsys, options, said):
    error = error_of(capsys, fit(OBO, GAF, DOMAINS, *options))
    assert error.count("\n") == 1
    assert re.search(said, error)


def test_options_of_annotations_beside_tables(csv, capsys):
    argv = ["fit", *csv, "--model", "m", "--min-count", "3", "--taxon", "9606"]
    error = error_of(capsys, argv)
    assert error.startswith("--taxon, --min-count: for files given by --annotations")
    error = error_of(capsys, ["fit", "--model", "m"])
    assert "Expected DATA, ARFF or CSV files; or --ontology, --annotations" in error


def test_malformed_lines_may_be_left_out(folder):
    bad = wrong_line()["annotations"]
    assert main(fit(OBO, bad, DOMAINS, "--on-error", "skip")) == 0


def test_a_mistyped_set_of_evidence(capsys):
    with pytest.raises(SystemExit) as stop:
        main(fit(OBO, GAF, DOMAINS, "--evidence", "experimntal"))
    assert stop.value.code == 2
    assert "Did you mean 'experimental'?" in capsys.readouterr().err

"""No file that is read is written over, not even by --force."""

import os
import shutil
from pathlib import Path

import pytest

from sklearn_hmlc._cli import main

from .genes import DOMAINS, GAF, OBO, TINY
from .pets import error_of

FIT = ["fit", "--ontology", "go.obo", "--annotations", "g.gaf", "--features", "d.tsv"]
EVALUATE = ["evaluate", "--ontology", "go.obo", "--truth", "g.gaf", "--force"]
HELD_OUT = ["--test-fraction", "0.3", "--test-predictions"]


@pytest.fixture(autouse=True)
def files(folder):
    for name, path in {"go.obo": OBO, "g.gaf": GAF, "d.tsv": DOMAINS}.items():
        shutil.copy(path, name)
    os.symlink("d.tsv", "link.tsv")


def contents():
    return {path.name: path.read_bytes() for path in Path().rglob("*.*")}


@pytest.mark.parametrize(
    ("options", "lost"),
    [
        (["--model", "d.tsv"], "d.tsv"),
        (["--model", "./link.tsv"], "d.tsv"),
        (["--model", "m.hmlc", *HELD_OUT, "g.gaf"], "g.gaf"),
    ],
)
def test_fit_keeps_what_it_reads(capsys, options, lost):
    before = contents()
    error = error_of(capsys, [*FIT, *TINY, "--force", *options])
    assert error.startswith(f"Can't write {lost}: it is one of the files to read")
    assert contents() == before


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_fit_writes_two_files(capsys, force):
    options = ["--model", "m.hmlc", *HELD_OUT, "./m.hmlc", *force]
    error = error_of(capsys, [*FIT, *TINY, *options])
    assert "another file for each of --model and --test-predictions" in error
    assert not Path("m.hmlc").exists()


def test_predict_and_evaluate_keep_what_they_read(capsys):
    assert main([*FIT, *TINY, "--model", "m.hmlc"]) == 0
    predict = ["predict", "m.hmlc", "--features", "d.tsv", "--out"]
    Path("report").mkdir()
    assert main([*predict, "report/measures.csv"]) == 0
    before = contents()
    for out in ("d.tsv", "m.hmlc"):
        error = error_of(capsys, [*predict, out, "--force"])
        assert error.startswith(f"Can't write {out}: it is one of the files to read")
    words = [*EVALUATE, "--predictions", "report/measures.csv", "--out", "report"]
    assert "report/measures.csv: it is one of" in error_of(capsys, words)
    assert contents() == before


def test_a_zip_is_refused_before_the_work(capsys):
    words = [*FIT, *TINY, "--model", "m.hmlc", *HELD_OUT, "p.zip"]
    assert "Can't write p.zip: expected the ending .gz" in error_of(capsys, words)
    assert not Path("m.hmlc").exists()

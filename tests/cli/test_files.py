"""Files to write, and model files: there, not there, something else."""

import errno
import os
import pickle
from pathlib import Path

import joblib
import pytest

from sklearn_hmlc._cli import main

from .pets import SMALL, error_of, write


@pytest.mark.parametrize("command", ["fit", "predict"])
def test_files_are_not_overwritten_unasked(arff, arff_model, capsys, command):
    argv = {
        "fit": ["fit", *arff, "--model", "there", *SMALL],
        "predict": ["predict", arff_model, *arff, "--out", "there"],
    }[command]
    write("there", "precious")
    error = error_of(capsys, argv)
    assert error.startswith("there exists; name another file, or replace it by ")
    assert "(on the command line: --force)" in error
    assert Path("there").read_text() == "precious"
    assert main([*argv, "--force"]) == 0
    assert Path("there").read_bytes() != b"precious"


def test_a_failed_write_leaves_the_old_file(arff, arff_model, monkeypatch, capsys):
    def dump(content, file):
        file.write(b"half a mod")
        raise OSError(errno.ENOSPC, "No space left on device")

    before = Path(arff_model).read_bytes()
    monkeypatch.setattr(joblib, "dump", dump)
    fit = ["fit", *arff, "--model", arff_model, *SMALL, "--force"]
    assert "No space left on device" in error_of(capsys, fit)
    assert Path(arff_model).read_bytes() == before
    assert not [name for name in os.listdir() if name.startswith(".")]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".", "it is a folder; name a file in it"),
        ("no/where", "there is no folder no"),
    ],
)
def test_where_nothing_can_be_written(arff, arff_model, capsys, path, said):
    for argv in (["fit", *arff, "--model", path], ["predict", "m", "d", "--out", path]):
        assert said in error_of(capsys, argv)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is no joblib file"),
        (b"id,node\n", "it is no joblib file"),
        (pickle.dumps({"format": "cake"}), "it holds something else"),
        (pickle.dumps([1, 2]), "it holds something else"),
        (pickle.dumps([1, 2])[:-3], "Error"),
    ],
)
def test_files_that_are_no_models(arff, capsys, content, said):
    Path("m").write_bytes(content)
    error = error_of(capsys, ["predict", "m", *arff, "--out", "out.csv"])
    assert error.startswith("m is no model file that hmlc")
    assert said in error


def test_a_model_file_cut_short(arff, arff_model, capsys):
    whole = Path(arff_model).read_bytes()
    Path("cut").write_bytes(whole[: len(whole) // 2])
    error = error_of(capsys, ["evaluate", "cut", *arff])
    assert "or it is damaged" in error


@pytest.mark.filterwarnings("default")
def test_a_model_of_another_version(arff, arff_model, capsys):
    content = joblib.load(arff_model)
    joblib.dump({**content, "version": "0.0.1"}, arff_model)
    assert main(["evaluate", arff_model, *arff]) == 0
    warning = capsys.readouterr().err
    assert warning.startswith("hmlc: warning: pets.joblib is from version 0.0.1, this")

"""Files to write, and model files: there, not there, something else."""

import errno
import os
import pickle
from pathlib import Path

import joblib
import pytest

from sklearn_hmlc import LPROS
from sklearn_hmlc._cli import main
from sklearn_hmlc.io import _container, save_model

from .pets import SMALL, content_of, error_of, write


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
    def dump(members, file):
        file.write(b"half a mod")
        raise OSError(errno.ENOSPC, "No space left on device")

    before = Path(arff_model).read_bytes()
    monkeypatch.setattr(_container, "_write", dump)
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
        (b"", "but it is empty"),
        (b"id,node\n", "but it is something else"),
        (pickle.dumps({"format": "cake"}), "it holds something else"),
        (pickle.dumps([1, 2]), "it holds something else"),
        (pickle.dumps([1, 2])[:-3], "Error"),
    ],
)
def test_files_that_are_no_models(arff, capsys, content, said):
    Path("m").write_bytes(content)
    error = error_of(capsys, ["predict", "m", *arff, "--out", "out.csv", "--trust"])
    assert error.startswith(
        ("m is no model file that hmlc", "m: expected a model file")
    )
    assert said in error


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("proof",)


@pytest.mark.parametrize("argv", [["info"], ["predict", "x", "--out", "y"]])
def test_joblib_files_are_not_opened_without_trust(folder, capsys, argv):
    joblib.dump(Hostile(), "m")
    words = [argv[0], "m", *argv[1:]]
    error = error_of(capsys, words)
    assert error.startswith("m is a joblib file, which can run any code")
    assert "say --trust" in error
    assert not Path("proof").exists()
    assert "it holds something else" in error_of(capsys, [*words, "--trust"])
    assert Path("proof").exists()


def test_joblib_files_of_earlier_versions(arff, arff_model, capsys):
    content = content_of(arff_model)
    joblib.dump({**content, "format": "sklearn_hmlc model 2"}, "old.joblib")
    for model, words in ((arff_model, []), ("old.joblib", ["--trust"])):
        argv = ["predict", model, *arff, "--out", f"{model}.csv", *words]
        assert main(argv) == 0
    assert Path(f"{arff_model}.csv").read_text() == Path("old.joblib.csv").read_text()


def test_model_files_of_python(arff, folder, capsys):
    save_model(LPROS(), "m")
    error = error_of(capsys, ["predict", "m", *arff, "--out", "out.csv"])
    assert "not one of `hmlc fit`" in error


def test_a_model_file_cut_short(arff, arff_model, capsys):
    whole = Path(arff_model).read_bytes()
    Path("cut").write_bytes(whole[: len(whole) // 2])
    error = error_of(capsys, ["evaluate", "cut", *arff])
    assert "cut short" in error


@pytest.mark.filterwarnings("default")
def test_a_model_of_another_version(arff, arff_model, capsys):
    content = content_of(arff_model) | {"format": "sklearn_hmlc model 2"}
    joblib.dump({**content, "version": "0.0.1"}, arff_model)
    assert main(["evaluate", arff_model, *arff, "--trust"]) == 0
    warning = capsys.readouterr().err
    assert warning.startswith("hmlc: warning: pets.hmlc is from version 0.0.1, this")

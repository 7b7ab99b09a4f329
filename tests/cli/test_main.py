"""``hmlc`` itself: help, options, exit status, errors in their own words."""

import errno
import re
import subprocess
import sys

import pytest

import sklearn_hmlc
from sklearn_hmlc._cli import _demo, main

from .pets import error_of, usage_error_of


def test_module_runs_as_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "sklearn_hmlc", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"hmlc {sklearn_hmlc.__version__}\n"


@pytest.mark.parametrize("command", [[], ["demo"], ["fit"], ["predict"], ["evaluate"]])
def test_help_names_every_option_and_fits_the_screen(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "usage: hmlc" in text
    assert max(map(len, text.splitlines())) <= 80


def test_without_a_command(capsys):
    assert "required: COMMAND" in usage_error_of(capsys, [])


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--heads", "0"], "--heads: expected a whole number from 1 on, but got '0'"),
        (["--hidden", "9", "x"], "--hidden: expected a whole number"),
        (["--uncertainty", "gmx"], "--uncertainty: expected bma, gmu.* or none, but"),
        (["--node-weight", "bin"], "--node-weight: expected binary, class-wise or"),
        (["--device", "abacus"], "--device: expected auto, cpu, cuda .*'abacus'"),
        (["--threshold-folds", "1"], "--threshold-folds: expected a whole number from"),
        (["--threshold", "f2"], "--threshold: expected a probability in .0, 1. or one"),
        (["--threshold", "2"], "one of prevalence, f1, but got '2'"),
        (["--ensemble", "bag"], "--ensemble: invalid choice: 'bag'"),
        (["--lr", "fast"], "--lr: invalid float value: 'fast'"),
    ],
)
def test_options_are_checked_first(capsys, option, said):
    error = usage_error_of(capsys, ["fit", "no.arff", "--model", "m", *option])
    assert re.search(said, error)


def test_cuda_where_there_is_none(capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    error = usage_error_of(capsys, ["demo", "--device", "cuda:0"])
    assert "torch finds no CUDA device here" in error


def test_interrupt_ends_without_a_traceback(monkeypatch, capsys):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(_demo, "run", interrupt)
    assert main(["demo"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("no node 'x'"), "no node 'x'"),
        (ImportError("needs matplotlib"), "needs matplotlib"),
        (OSError(errno.ENOSPC, "No space left", "m.hmlc"), "m.hmlc: No space left"),
        (OSError("no network"), "no network"),
    ],
)
def test_errors_are_told_in_their_own_words(monkeypatch, capsys, error, said):
    def fail(args):
        raise error

    monkeypatch.setattr(_demo, "run", fail)
    assert error_of(capsys, ["demo"]) == f"{said}\n"

"""What is said of errors: in the words of the command line, in one safe line."""

import re
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._cli import _demo, _say, main
from sklearn_hmlc._cli._parser import make_parser

from .pets import HEADER, SMALL, error_of, usage_error_of, write


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


# -- the last resort -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory. Less is needed with smaller --hidden"),
        (
            MemoryError("Unable to allocate 74.5 GiB"),
            "out of memory: Unable to allocate 74.5 GiB. Less",
        ),
        (
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:127] data. DefaultCPUAllocator: can't "
                "allocate memory: you tried to allocate 400000000000 bytes. Error 12"
            ),
            "out of memory: 372.5 GiB were asked for. Less",
        ),
        (
            RuntimeError(
                "DefaultCPUAllocator: not enough memory: you tried to allocate "
                "4294967296 bytes."
            ),
            "out of memory: 4.0 GiB were asked for. Less",
        ),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB."),
            "out of memory: CUDA out of memory. Tried to allocate 20.00 GiB. Less",
        ),
        (RuntimeError("a\nb"), "unexpected RuntimeError: a b (a fault of hmlc or of a"),
        (TypeError("x"), "unexpected TypeError: x (a fault"),
        (RecursionError("deep"), "unexpected RecursionError: deep (a fault"),
    ],
)
def test_unexpected_errors_get_one_line(monkeypatch, capsys, error, said):
    monkeypatch.setattr(_demo, "run", raising(error))
    assert main(["demo"]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith(f"hmlc: error: {said}")
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_memory_that_no_machine_has(arff, capsys):
    argv = ["fit", *arff, "--model", "m", "--quiet", "--hidden", "999999", "999999"]
    assert main(argv) == 1
    error = capsys.readouterr().err
    assert re.search(r"out of memory: [0-9,]+\.[0-9] GiB were asked for", error)
    assert not Path("m").exists()


def test_where_a_fault_lies_is_shown_on_request(monkeypatch, capsys):
    monkeypatch.setattr(_demo, "run", raising(RuntimeError("odd")))
    monkeypatch.setenv("HMLC_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="odd"):
        main(["demo"])
    assert "unexpected RuntimeError: odd" in capsys.readouterr().err


BROKEN = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, NoTorch())
from sklearn_hmlc._cli import main
sys.exit(main(["info", "m"]))
"""


def test_a_missing_library_is_no_traceback():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BROKEN)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("hmlc: error: No module named 'torch'")
    assert done.stderr.count("\n") == 1


# -- the words of the command line -----------------------------------------------------


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            ["--dropout", "2"],
            "--dropout must be a str among {'auto'} or a float in the range [0.0, 1.0)",
        ),
        (["--lr", "0"], "--lr must be a str among {'auto'} or a float"),
        (["--power", "2"], "--power must be a float"),
    ],
)
def test_parameters_have_the_names_of_their_flags(arff, capsys, option, said):
    error = error_of(capsys, ["fit", *arff, "--model", "m", *SMALL, *option])
    assert error.startswith(said)


def test_all_options_of_the_classifier_have_their_flags():
    args = make_parser().parse_args(["fit", "x.arff", "--model", "m"])
    known = HierarchicalEnsembleClassifier().get_params()
    assert {name for name in vars(args) if name in known} == set(_say.FLAGS)


@pytest.mark.filterwarnings("default")
def test_options_without_effect_are_warned_about_in_these_words(
    arff, monkeypatch, capsys
):
    fit = HierarchicalEnsembleClassifier.fit

    def warn(self, X, y):
        warnings.warn(
            "`node_weight_power` has no effect beside `node_weight=None`; leave one "
            "out (node_weight is None). Not so `validation_fraction`, or 'lr'.",
            stacklevel=2,
        )
        return fit(self, X, y)

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", warn)
    assert main(["fit", *arff, "--model", "m", *SMALL]) == 0
    assert capsys.readouterr().err == (
        "hmlc: warning: --power has no effect beside --node-weight; leave one out "
        "(--node-weight is None). Not so `validation_fraction`, or 'lr'.\n"
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["fti"], "invalid choice: 'fti'.*Did you mean 'fit'?"),
        (["evalute", "x"], "Did you mean 'evaluate'?"),
        (["fit", "x.arff", "--model", "m", "--epocs", "3"], "mean '--epochs'?"),
        (["fit", "x.arff", "--model", "m", "--treshold=f1"], "mean '--threshold'?"),
        (["predict", "m", "x", "--out", "y", "--decision=1"], "ignored explicit"),
        (["predict", "m", "x", "--out", "y", "--fromat", "long"], "mean '--format'?"),
        (["fit", "x", "--model", "m", "--ensemble", "head"], "mean 'heads'?"),
        (["fit", "x", "--model", "m", "--threshold", "prevalenz"], "'prevalence'?"),
        (["fit", "x", "--model", "m", "--uncertainty", "gum"], "mean 'gmu'?"),
        (["fit", "x", "--model", "m", "--node-weight", "class"], "mean 'class-wise'?"),
        (["demo", "--seed", "-1"], "from 0 to 4,294,967,295, but got '-1'"),
        (["demo", "--seed", "4294967296"], "from 0 to 4,294,967,295"),
        (["demo", "--heads", "\u0663"], "from 1 on, but got"),
        (["demo", "--heads", "9" * 5000], "from 1 on, but got"),
        (["fit", "x", "--model", "m", "--lr", "1_0"], "--lr: invalid float value"),
        (["fit", "x", "--model", "m", "--lr", "nan"], "--lr: invalid float value"),
    ],
)
def test_slips_of_the_pen(capsys, argv, said):
    assert re.search(said.rstrip("?"), usage_error_of(capsys, argv))


@pytest.mark.filterwarnings("default")
def test_an_option_without_effect_is_warned_about(arff, capsys):
    options = ["--node-weight", "none", "--power", "0.3"]
    assert main(["fit", *arff, "--model", "m", *SMALL, *options]) == 0
    error = capsys.readouterr().err
    assert error.startswith("hmlc: warning: ")
    assert "no effect: --power (--node-weight is None)" in error


def test_more_folds_than_rows(arff, capsys):
    fit = ["fit", *arff, "--model", "m", *SMALL, "--threshold", "f1"]
    said = "--threshold-folds 5 needs as many rows, but DATA has 4"
    assert said in error_of(capsys, fit)


# -- control characters ----------------------------------------------------------------

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\r"


def safe(text):
    return all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.mark.parametrize(
    "content",
    [
        HEADER + f"{EVIL},long,cat\n",
        HEADER + f"1,{EVIL},cat\n",
        HEADER + f"1,long,{EVIL}\n",
        HEADER.replace("coat", f"'c{EVIL}t'") + "x,long,cat\n",
        f"@attribute {EVIL} string\n",
        EVIL,
    ],
)
def test_what_is_in_files_never_steers_the_terminal(folder, capsys, content):
    Path("x.arff").write_bytes(content.encode())
    assert safe(error_of(capsys, ["fit", "x.arff", "--model", "m", *SMALL]))


def test_names_never_steer_the_terminal(folder, capsys):
    name = f"x{EVIL[:-1]}\n.csv"
    write(name, "id,a\ng1,1\ng2,2\n")
    write("y.csv", f"id,n{EVIL[:-1]},m\ng1,1,1\ng2,0,1\n")
    words = ["--index", "--labels", "y.csv"]
    assert main(["fit", name, *words, "--model", name + "m", *SMALL[:-1]]) == 0
    error = error_of(capsys, ["fit", name, *words, "--model", name + "m"])
    assert "exists" in error
    assert safe(error)
    assert main(["predict", name + "m", name, "--index", "--out", name + "p"]) == 0
    assert main(["evaluate", name + "m", name, *words, "--out", name + "r"]) == 0
    printed = capsys.readouterr()
    assert safe(printed.out)
    assert safe(printed.err)
    assert safe(error_of(capsys, ["predict", name, name, "--out", "p2"]))
    assert safe(usage_error_of(capsys, ["fit", "--" + EVIL, "x", "--model", "m"]))


def test_what_is_printed_fits_the_terminal(monkeypatch):
    class Narrow:
        encoding = "ascii"
        text = ""

        def write(self, text):
            self.text += text.encode("ascii").decode()

    stream = Narrow()
    monkeypatch.setattr(sys, "stdout", stream)
    _say.say("Größe\n\t\ud800")
    assert stream.text == "Gr\\xf6\\xdfe\n\\t\\ud800\n"
    monkeypatch.setattr(sys, "stdout", None)
    _say.say("into nothing")


def test_messages_end():
    assert len(_say.one_line("x" * 10**6)) < 3000

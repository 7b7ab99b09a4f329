"""What Ctrl-C, a kill, a closed pipe and a failed fit leave behind: nothing."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path

import pytest
from sklearn.exceptions import ConvergenceWarning

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._cli import main

from .pets import SMALL, content_of, error_of

# A fit that tells when it has begun, and then goes on until it is stopped.
WAITING = """
import signal, sys, time
from pathlib import Path
from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.io import _container
from sklearn_hmlc._cli import main

def wait(*args, **kwargs):
    Path("begun").touch()
    # In short naps: of a signal that comes just before one Python hears after it.
    for _ in range(60_000):
        time.sleep(0.01)

# As from a terminal: tests that run behind (&, nohup) hand down that these are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
{patch}
sys.exit(main(sys.argv[1:]))
"""
IN_FIT = "HierarchicalEnsembleClassifier.fit = wait"
IN_WRITING = """
def dump(members, file):
    file.write(b"half")
    file.flush()
    wait()

_container._write = dump
"""

# Seconds that tell what hangs from a busy machine, where torch takes a minute to come.
PATIENCE = 300


@contextlib.contextmanager
def begun(words, patch):
    """Run the command in a process of its own, up to where it waits for a signal."""
    code = textwrap.dedent(WAITING.format(patch=patch))
    # Nothing of ours runs between fork and exec, where a thread's lock would stay shut.
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _wait_for_begin(process)
            yield process
        finally:
            process.kill()


def _wait_for_begin(process):
    late = time.monotonic() + PATIENCE
    while not Path("begun").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < late
        time.sleep(0.02)
    Path("begun").unlink()


@pytest.mark.parametrize(
    ("number", "status", "patch"),
    [
        (signal.SIGTERM, 143, IN_FIT),
        (signal.SIGTERM, 143, IN_WRITING),
        (signal.SIGINT, 130, IN_WRITING),
        (signal.SIGHUP, 129, IN_WRITING),
    ],
)
def test_a_signal_leaves_nothing_behind(arff, folder, patch, number, status):
    before = sorted(os.listdir())
    with begun(["fit", *arff, "--model", "m", *SMALL], patch) as process:
        process.send_signal(number)
        _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == status
    assert error == ""
    assert sorted(os.listdir()) == before


def test_a_signal_never_costs_a_good_file(arff, arff_model):
    before, names = Path(arff_model).read_bytes(), sorted(os.listdir())
    fit = ["fit", *arff, "--model", arff_model, "--force", *SMALL]
    with begun(fit, IN_WRITING) as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert Path(arff_model).read_bytes() == before
    assert sorted(os.listdir()) == names


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), 130), (ValueError("Training diverged"), 2)],
)
def test_no_model_file_of_a_failed_fit(
    arff, arff_model, monkeypatch, capsys, error, status
):
    def fail(self, X, y):
        raise error

    before = Path(arff_model).read_bytes()
    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", fail)
    assert main(["fit", *arff, "--model", "new", *SMALL]) == status
    assert main(["fit", *arff, "--model", arff_model, *SMALL, "--force"]) == status
    assert not Path("new").exists()
    assert Path(arff_model).read_bytes() == before
    assert "Traceback" not in capsys.readouterr().err


def test_handlers_are_put_back(arff, monkeypatch):
    seen = []

    def look(self, X, y):
        seen.append(signal.getsignal(signal.SIGTERM))
        raise ValueError

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", look)
    before = signal.getsignal(signal.SIGTERM)
    main(["fit", *arff, "--model", "m", *SMALL])
    assert seen[0] is not before
    assert signal.getsignal(signal.SIGTERM) is before
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        main(["fit", *arff, "--model", "m", *SMALL])
        assert seen[1] is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.filterwarnings("default")
def test_warnings_of_convergence_are_shown(arff, monkeypatch, capsys):
    fit = HierarchicalEnsembleClassifier.fit

    def warn(self, X, y):
        warnings.warn("The loss rises; lower `lr`.", ConvergenceWarning, stacklevel=2)
        return fit(self, X, y)

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", warn)
    assert main(["fit", *arff, "--model", "m", *SMALL]) == 0
    assert capsys.readouterr().err == "hmlc: warning: The loss rises; lower --lr.\n"


# -- pipes and streams -----------------------------------------------------------------


def test_a_closed_pipe_is_quiet(arff, arff_model):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "sklearn_hmlc", "evaluate", arff_model, *arff],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_predictions_into_a_stream(arff, arff_model, folder):
    assert main(["predict", arff_model, *arff, "--out", "p.csv"]) == 0
    words = [sys.executable, "-m", "sklearn_hmlc", "predict", arff_model, *arff]
    with open("out.csv", "wb") as out:
        done = subprocess.run(
            [*words, "--out", "/dev/stdout"],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    assert Path("out.csv").read_bytes() == Path("p.csv").read_bytes()
    assert done.stderr == "Predicted 3 nodes for 4 rows: /dev/stdout\n"


def test_a_model_into_nothing(arff, folder):
    assert main(["fit", *arff, "--model", "/dev/null", *SMALL]) == 0
    assert not [name for name in os.listdir() if name.startswith(".")]


def test_a_full_disk_behind_stdout(arff, arff_model):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sklearn_hmlc", "evaluate", arff_model, *arff],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr.splitlines()[0]


# -- what was trained is not thrown away -----------------------------------------------


def test_a_model_that_finds_its_name_taken(arff, monkeypatch, capsys, folder):
    fit = HierarchicalEnsembleClassifier.fit

    def slow(self, X, y):
        Path("m.hmlc").write_bytes(b"precious")
        return fit(self, X, y)

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", slow)
    error = error_of(capsys, ["fit", *arff, "--model", "m.hmlc", *SMALL])
    assert "m.hmlc has appeared meanwhile and stays as it is" in error
    assert Path("m.hmlc").read_bytes() == b"precious"
    assert "pipeline" in content_of("m-1.hmlc")


def test_a_model_whose_folder_is_lost(arff, monkeypatch, capsys, tmp_path):
    fit = HierarchicalEnsembleClassifier.fit
    Path("there").mkdir()
    Path("temporary").mkdir()
    monkeypatch.setattr("tempfile.gettempdir", lambda: "temporary")

    def slow(self, X, y):
        Path("there").rmdir()
        return fit(self, X, y)

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", slow)
    error = error_of(capsys, ["fit", *arff, "--model", "there/m", *SMALL])
    assert "there/m: No such file or directory. What was to be written" in error
    (kept,) = Path("temporary").iterdir()
    assert f"is in {kept}; move it from there" in error
    assert "pipeline" in content_of(kept)


def test_permission_is_tested_before_training(arff, monkeypatch, capsys):
    def refuse(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", refuse)
    real = open

    def read_only(path, mode="r", *args, **kwargs):
        if "x" in mode:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return real(path, mode, *args, **kwargs)

    monkeypatch.setattr("builtins.open", read_only)
    fit = ["fit", *arff, "--model", "m", *SMALL]
    assert "Can't write m: nothing can be written into" in error_of(capsys, fit)
    assert "Read-only file system" in error_of(capsys, ["demo", "--out", "x"])


@pytest.mark.parametrize("command", ["demo", "evaluate"])
def test_earlier_files_are_not_replaced_unasked(arff, arff_model, capsys, command):
    argv = {
        "demo": ["demo", "--quick", "--out", "out"],
        "evaluate": ["evaluate", arff_model, *arff, "--out", "out"],
    }[command]
    Path("out").mkdir()
    Path("out/rarity.csv").write_bytes(b"precious")
    assert "out/rarity.csv exists" in error_of(capsys, argv)
    assert [path.name for path in Path("out").iterdir()] == ["rarity.csv"]
    assert Path("out/rarity.csv").read_bytes() == b"precious"
    if command == "evaluate":
        assert main([*argv, "--force"]) == 0
        assert Path("out/rarity.csv").read_bytes() != b"precious"


def test_nothing_is_made_of_a_failed_report(arff, capsys):
    error_of(capsys, ["evaluate", "no-model", *arff, "--out", "out"])
    assert not Path("out").exists()
    error_of(capsys, ["demo", "--dataset", "no-data", "--out", "out"])
    assert not Path("out").exists()

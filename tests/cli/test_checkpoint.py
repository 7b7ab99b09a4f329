"""`hmlc fit --checkpoint DIR --resume`: what is kept, refused and removed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_hmlc import _net
from sklearn_hmlc._cli import main
from sklearn_hmlc.io import load_model

from .pets import SMALL, error_of

pytestmark = pytest.mark.filterwarnings("ignore:.* no positive row")
FIT = ["fit", "x.csv", "--labels", "y.csv", *SMALL, "--epochs", "4"]
KEPT = [*FIT, "--checkpoint", "kept", "--checkpoint-every", "0"]


@pytest.fixture(autouse=True)
def rows(folder, rng):
    table = rng.normal(size=(40, 3))
    pd.DataFrame(table, columns=list("abc")).to_csv("x.csv", index=False)
    labels = table[:, :2] > 0
    pd.DataFrame(labels.astype(int), columns=["A", "B"]).to_csv("y.csv", index=False)


class Killed(BaseException):
    """The process ends."""


def kill_after(monkeypatch, n_epochs):
    """Kill the command in the middle of some epoch."""
    run, done = _net.HierarchicalNet.run_single_epoch, []

    def run_or_die(self, iterator, training, *args, **kwargs):
        done.append(training)
        if sum(done) > n_epochs:
            raise Killed
        return run(self, iterator, training, *args, **kwargs)

    monkeypatch.setattr(_net.HierarchicalNet, "run_single_epoch", run_or_die)
    return done


def proba(path):
    return load_model(path).predict_proba(pd.read_csv("x.csv"))


@pytest.mark.parametrize(
    ("more", "after"),
    [
        ([], 2),
        (["--early-stopping"], 3),
        (["--folds", "2"], 6),
        (["--folds", "2"], 11),
        (["--threshold", "f1", "--threshold-folds", "3"], 9),
    ],
)
def test_a_killed_command_goes_on(monkeypatch, more, after):
    assert main([*FIT, *more, "--model", "plain"]) == 0
    with monkeypatch.context() as patch:
        kill_after(patch, after)
        with pytest.raises(Killed):
            main([*KEPT, *more, "--model", "m"])
    assert not Path("m").exists()
    with monkeypatch.context() as patch:
        epochs = kill_after(patch, 99)
        assert main([*KEPT, *more, "--model", "m", "--resume"]) == 0
    parts = 1 + (2 if "--folds" in more else 0) + (3 if "--threshold" in more else 0)
    # One epoch was cut; all others are trained once.
    assert sum(epochs) == 4 * parts - after
    np.testing.assert_array_equal(proba("m"), proba("plain"))
    assert list(Path("kept").iterdir()) == []


def test_resume_where_there_is_nothing_begins():
    assert main([*KEPT, "--model", "m", "--resume"]) == 0
    assert list(Path("kept").iterdir()) == []


def test_an_earlier_training_is_not_taken_unasked(monkeypatch, capsys):
    with monkeypatch.context() as patch:
        kill_after(patch, 2)
        with pytest.raises(Killed):
            main([*KEPT, "--model", "m"])
    assert "has checkpoints of an earlier" in error_of(capsys, [*KEPT, "--model", "m"])
    other = [*KEPT, "--model", "m", "--resume", "--lr", "0.1"]
    assert "--lr was 'auto', and is 0.1" in error_of(capsys, other)
    assert not Path("m").exists()
    assert main([*KEPT, "--model", "m", "--resume"]) == 0


def test_flags_that_do_not_go_together(capsys):
    alone = [*FIT, "--model", "m", "--resume"]
    assert error_of(capsys, alone) == "--resume needs --checkpoint.\n"
    every = [*FIT, "--model", "m", "--checkpoint", "kept", "--checkpoint-every", "-1"]
    assert "--checkpoint-every must be a float" in error_of(capsys, every)
    Path("kept").touch()
    assert "Can't make the folder kept" in error_of(capsys, [*KEPT, "--model", "m"])

"""One model in several processes: two of them on the CPU, against one alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._rows import Batches
from sklearn_hmlc._together import Together, _different
from sklearn_hmlc.nn import DropoutMLP, MultiHeadMLP

from . import launched

pytest.importorskip("accelerate")

LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
FAIL = {
    "taken_folder": "is the checkpoint of another training",
    "other_rows": "but X differs in process 1 .*; y differs .*with seeds",
    "other_parameters": "`lr` is 0.01 in process 0, and 0.02 in 1",
    "side_by_side": "one model after the other",
    "own_batches": "`iterator_train` can't be split",
}


@pytest.fixture(scope="module")
def launch(tmp_path_factory):
    """What two processes answered, the folder they had, and what they printed."""
    folder = tmp_path_factory.mktemp("launch")
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    # Two processes can't share a GPU.
    env = os.environ | {"PYTHONPATH": path, "ACCELERATE_USE_CPU": "true"}
    command = [*LAUNCH, "--nproc_per_node=2", "-m", launched.__name__, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, env=env, timeout=600)
    assert run.returncode == 0, run.stderr
    answers = [json.loads((folder / f"rank{k}.json").read_text()) for k in (0, 1)]
    return answers, folder, run.stderr


def without_time(answer):
    return {name: value for name, value in answer.items() if name != "seconds"}


@pytest.mark.parametrize("name", [*launched.SAME, "unseeded", "encoder", "resumed"])
def test_all_processes_end_with_the_same_model(launch, name):
    """Losses, weights, thresholds and when to stop; to the last bit."""
    (one, other), *_ = launch
    assert "error" not in one[name], one[name]["lines"]
    mine, theirs = without_time(one[name]), without_time(other[name])
    if name in ("encoder",):  # the one that was given differs, what was learnt does not
        assert mine.pop("pickle") != theirs.pop("pickle")
    assert mine == theirs


@pytest.mark.parametrize("name", launched.SAME)
@pytest.mark.filterwarnings("ignore")
def test_two_processes_learn_what_one_does(launch, name):
    """Heads, masks, sparse rows, uneven and tiny batches, weights, folds."""
    (found, _), *_ = launch
    found, expected = found[name], launched.SAME[name]("cpu")
    # The others differ by the roundings of sums.
    close = 0.05 if name == "bf16" else 1e-5
    if name == "lbfgs":
        steps = (one["steps"][:2] for one in (found, expected))
        np.testing.assert_allclose(*steps, rtol=1e-6)
        return
    for what in ("losses", "steps", "scores"):
        if expected.get(what) is not None:
            np.testing.assert_allclose(found[what], expected[what], rtol=0, atol=close)
    if "steps" in expected and name == "heads":
        assert len(expected["steps"]) == 20
    for what in ("proba", "thresholds"):
        if what in expected:
            np.testing.assert_allclose(found[what], expected[what], atol=close)
    assert found["n_iter"] == expected["n_iter"]


def test_an_interrupted_training_goes_on_in_all_processes(launch):
    (one, _), folder, _ = launch
    assert one["resumed"]["weights"] == one["resumed"]["whole"]
    assert one["resumed"]["n_iter"] == launched.EPOCHS
    assert (folder / "one" / "training.ckpt").exists()


def test_one_process_writes_and_shows_progress(launch):
    _, folder, errors = launch
    assert list((folder / "skorch").iterdir())
    lines = [line for line in errors.splitlines() if line.startswith("fit: ")]
    assert len(lines) == launched.EPOCHS


@pytest.mark.parametrize("name", FAIL)
def test_what_can_not_be_is_refused_in_all_processes(launch, name):
    answers, *_ = launch
    for answer in answers:
        with pytest.raises(ValueError, match=FAIL[name]):
            raise ValueError(answer[name]["error"])
        assert answer[name]["error"].startswith("ValueError")


def test_where_one_process_fails_the_others_hear_of_it(launch):
    (one, other), *_ = launch
    assert one["one_fails"]["error"].startswith(
        "RuntimeError: Another process of this training does not answer"
    )
    assert other["one_fails"]["error"] == "OSError: on purpose"
    assert one["one_fails"]["seconds"] < 60
    # And can train again.
    assert one["after_that"]["weights"] == one["heads"]["weights"]


def test_where_one_process_is_interrupted_the_others_do_not_wait(launch):
    (one, other), *_ = launch
    assert one["one_is_interrupted"]["n_iter"] == 2  # those that are whole
    assert "does not answer" in other["one_is_interrupted"]["error"]
    assert other["one_is_interrupted"]["seconds"] < 60


# -- the parts -------------------------------------------------------------------------


class State:
    device = torch.device("cpu")

    def __init__(self, n, rank):
        self.num_processes, self.process_index = n, rank


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 7, 64])
def test_a_batch_is_split_whole(n, n_rows):
    rows, total = [], 0
    for rank in range(n):
        part, counts = Together(State(n, rank), None).part(n_rows)
        own = list(range(n_rows))[part]
        assert len(own) >= min(2, n_rows)  # no lone row
        if counts:
            assert counts == len(own) / n_rows
            rows += own
        total += counts
    assert rows == list(range(n_rows))
    assert total == pytest.approx(1)


def test_parts_of_batches_are_those_of_the_whole():
    def batches(part=None):
        generator = torch.Generator().manual_seed(0)
        return Batches(17, 4, True, False, generator, part)

    halves = [slice(0, 2), slice(2, None)]
    first, second = (list(batches(lambda size, h=half: h)) for half in halves)
    whole = list(batches())
    assert batches().sizes() == [len(one) for one in whole] == [4, 4, 4, 5]
    for one, a, b in zip(whole, first, second, strict=True):
        np.testing.assert_array_equal(one, np.concatenate([a, b]))


@pytest.mark.parametrize("kind", [MultiHeadMLP, DropoutMLP])
def test_masks_of_a_part_are_those_of_the_whole(kind):
    net = kind(3, 4, n_heads=2, hidden_layer_sizes=(8,), dropout=0.5)
    x = torch.randn(6, 3)

    def of(rows, part):
        net.draw_from(torch.Generator().manual_seed(1), part)
        return net(x[rows])

    whole = of(slice(None), None)
    rows = slice(2, 5)
    torch.testing.assert_close(of(rows, (6, rows)), whole[:, rows])


def test_what_differs_is_named_once():
    facts = [{"X": (rank, "shape (3,)"), "y": (0, "a")} for rank in range(3)]
    assert list(_different(facts)) == ["X differs in process 1 from that in process 0"]
    assert list(_different([{"y": (0, "a")}, {"y": (1, "b")}])) == [
        "y is a in process 0, and b in 1"
    ]


def test_without_a_launch_there_is_one_process():
    X, Y, hierarchy = launched.data()
    one, other = (
        launched.classifier(hierarchy, device, max_epochs=1).fit(X, Y)
        for device in ("accelerate", "auto")
    )
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert one.net_.device == other.net_.device


def test_a_launch_that_accelerate_does_not_know_is_refused(monkeypatch):
    X, Y, hierarchy = launched.data()
    clf = HierarchicalEnsembleClassifier(hierarchy, device="accelerate", max_epochs=1)
    launched.classifier(hierarchy, "accelerate", max_epochs=1).fit(X, Y)  # its state
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(ValueError, match=r"4 processes were launched, but .* has 1"):
        clf.fit(X, Y)

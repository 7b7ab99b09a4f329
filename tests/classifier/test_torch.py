"""Global state: threads, processes, forks, torch's defaults and modes."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from skorch.callbacks import Callback

from sklearn_hmlc import _torch
from tests.classifier.common import make_data, small

X, Y = make_data()
ENCODER = torch.nn.Sequential(torch.nn.Linear(8, 9), torch.nn.Dropout())
KINDS = {
    "heads": {},
    "early stopping": {"early_stopping": True},
    "dropout": {"ensemble": "dropout"},
    "workers": {"net_params": {"iterator_train__num_workers": 1}},
    "activation": {"activation": torch.nn.RReLU},
    "weights of an activation": {"activation": torch.nn.PReLU},
    "encoder": {
        "encoder": torch.nn.Sequential(torch.nn.Linear(8, 9), torch.nn.Dropout())
    },
}


def answer(seed, params=None):
    return small(random_state=seed, **(params or {})).fit(X, Y).predict_proba(X)


# CUDA that a parent has used is not for its forked children.
ON_CPU = {"device": "cpu"}


@pytest.mark.parametrize("kind", KINDS)
def test_fits_in_threads_are_fits_alone(kind):
    state = torch.get_rng_state()
    alone = [answer(seed, KINDS[kind]) for seed in range(4)]
    with ThreadPoolExecutor(2) as pool:
        pooled = list(pool.map(lambda seed: answer(seed, KINDS[kind]), range(4)))
    threads = Parallel(n_jobs=2, backend="threading")(
        delayed(answer)(seed, KINDS[kind]) for seed in range(4)
    )
    assert torch.equal(torch.get_rng_state(), state)
    for results in (pooled, threads):
        for one, other in zip(alone, results, strict=True):
            np.testing.assert_array_equal(one, other)


def test_workers_of_the_validation_part_draw_nothing():
    state = torch.get_rng_state()
    own = {"iterator_valid__num_workers": 1}
    small(early_stopping=True, max_epochs=1, net_params=own).fit(X, Y)
    assert torch.equal(torch.get_rng_state(), state)


def test_processes_agree_with_fits_alone():
    processes = Parallel(n_jobs=2)(delayed(answer)(seed) for seed in range(2))
    for seed, one in enumerate(processes):
        np.testing.assert_allclose(answer(seed), one, rtol=1e-6)


def test_other_threads_may_draw_meanwhile():
    draw = threading.Event()

    def noise():
        while not draw.is_set():
            torch.rand(10)

    thread = threading.Thread(target=noise)
    expected = answer(0)
    thread.start()
    try:
        np.testing.assert_array_equal(answer(0), expected)
    finally:
        draw.set()
        thread.join()


WIDE = torch.nn.Linear(8, 9000)


def in_child(queue):
    queue.put(answer(0, ON_CPU))


def goes_on_in_child(clf, queue):
    # Fitted ones, and encoders, are copied.
    for fit in (clf.fit, clf.partial_fit, clone(small(encoder=WIDE, **ON_CPU)).fit):
        queue.put(fit(X, Y).n_iter_)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_trains(monkeypatch):
    wide = torch.rand(400, 400)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        expected = answer(0, ON_CPU)
        torch.relu(wide @ wide).sum()  # starts the threads, of which a child has none
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=in_child, args=(queue,))
        child.start()
        np.testing.assert_allclose(queue.get(timeout=60), expected, rtol=1e-6)
        child.join(10)
        assert child.exitcode == 0
        clf = small(hidden_layer_sizes=(400, 400), warm_start=True, **ON_CPU).fit(X, Y)
        child = context.Process(target=goes_on_in_child, args=(clf, queue))
        child.start()
        assert [queue.get(timeout=60) for _ in range(3)] == [6, 7, 3]
        child.join(10)
    finally:
        child.kill()
        torch.set_num_threads(before)


def test_a_child_does_not_wait_for_its_parent_s_lock(monkeypatch):
    device = torch.device("cpu")
    with _torch.global_generators(0, device):
        monkeypatch.setattr(_torch.os, "getpid", lambda: -1)
        other = threading.Thread(target=answer, args=(0, KINDS["encoder"]))
        other.start()
        other.join(60)
        assert not other.is_alive()


def modes():
    return {
        "inference": torch.inference_mode(),
        "no gradients": torch.no_grad(),
        "autocast": torch.autocast("cpu"),
    }


@pytest.mark.parametrize("mode", ["inference", "no gradients", "autocast"])
def test_modes_around_calls_change_nothing(mode):
    expected = answer(0)
    clf = small().fit(X, Y)
    unsure = clf.predict_uncertainty(X)
    with modes()[mode]:
        np.testing.assert_array_equal(answer(0), expected)
        np.testing.assert_array_equal(clf.predict_proba(X), expected)
        np.testing.assert_array_equal(clf.predict_uncertainty(X), unsure)


@pytest.mark.parametrize("kind", ["heads", "dropout", "weights of an activation"])
def test_torch_s_default_dtype_changes_nothing(kind):
    expected = answer(0, KINDS[kind])
    torch.set_default_dtype(torch.float64)
    try:
        np.testing.assert_array_equal(answer(0, KINDS[kind]), expected)
    finally:
        torch.set_default_dtype(torch.float32)


class Writer:
    """What can't be copied, such as a writer of log files."""

    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []


def test_callbacks_that_cannot_be_copied():
    class Logging(Callback):
        def __init__(self, writer):
            self.writer = writer

        def on_epoch_end(self, net, **kwargs):
            self.epochs_ = len(net.history)
            self.writer.lines.append(time.time())

    callback = Logging(Writer())
    clf = clone(small(net_params={"callbacks": [callback]}))
    assert clf.net_params["callbacks"][0].writer is callback.writer
    clf.fit(X, Y)
    assert len(callback.writer.lines) == 3
    assert not hasattr(callback, "epochs_")  # a copy was trained with
    assert not hasattr(clf.net_params["callbacks"][0], "epochs_")


def test_what_a_notebook_defines_comes_back_from_workers(tmp_path):
    # Classes of a script are not to be found by the processes that train.
    script = tmp_path / "notebook.py"
    script.write_text(NOTEBOOK)
    paths = [str(Path(__file__).parents[2]), *sys.path]
    run = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert run.stdout.strip() == "3 3", run.stderr


NOTEBOOK = """
import torch
from sklearn.model_selection import cross_validate
from tests.classifier.common import make_data, small


class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 7)

    def forward(self, x):
        return torch.relu(self.layer(x))


if __name__ == "__main__":
    X, Y = make_data()
    own = {"encoder": Encoder(), "uncertainty": lambda p: p.mean(0)}
    result = cross_validate(
        small(**own), X, Y, cv=2, n_jobs=2, return_estimator=True, error_score="raise"
    )
    print(*(one.n_iter_ for one in result["estimator"]))
"""

"""SIGKILL and SIGTERM at any moment: what is left, and what comes of it."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from .runs import EPOCHS, KINDS, run
from .test_same_bits import check_same

pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(),
    reason="a process that has imported all is forked, which not all systems can",
)

FEW = [("early stopping", 3), ("thresholds", 3)]
ALL = [(kind, 20) for kind in KINDS]


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch):
    """CUDA is not for forked children."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")


def start(kind, folder, out, log):
    """Start a training in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run.__module__])
    process = context.Process(target=run, args=(kind, folder, out, log))
    process.start()
    return process


def train(kind, folder, out, log):
    """Return what a training that nobody kills has learnt, and its seconds."""
    begin = time.perf_counter()
    process = start(kind, folder, out, log)
    process.join(120)
    assert process.exitcode == 0
    with np.load(out) as found:
        return dict(found), time.perf_counter() - begin


def epochs_in(log):
    return log.read_text().split() if log.exists() else []


def files_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def wait_for_epoch(log, process, epoch):
    while len(epochs_in(log)) < epoch:
        assert process.is_alive() or len(epochs_in(log)) >= epoch
        time.sleep(0.002)


@pytest.mark.parametrize(
    ("kind", "times"),
    [*FEW, *(pytest.param(*one, marks=pytest.mark.slow) for one in ALL)],
)
def test_killed_at_random_moments(tmp_path, kind, times):
    moments = np.random.default_rng(sum(map(ord, kind)) + times)
    out = tmp_path / "out.npz"
    expected, _ = train(kind, None, out, tmp_path / "log")
    whole, seconds = train(kind, tmp_path / "whole", out, tmp_path / "log of whole")
    check_same(whole, expected)
    n_epochs = len(epochs_in(tmp_path / "log"))
    begun = 0
    for number in range(times):
        folder, log = tmp_path / f"{number}", tmp_path / f"log {number}"
        process = start(kind, folder, out, log)
        if number % 2:  # anywhere, or while it trains
            wait_for_epoch(log, process, moments.integers(1, n_epochs))
        else:
            process.join(moments.uniform(0.02, seconds))
        process.kill()
        process.join()
        before = len(epochs_in(log))
        begun += 0 < before < n_epochs
        found, _ = train(kind, folder, out, log)
        check_same(found, expected)
        # At most the epoch is done again that was not on the disk yet.
        assert n_epochs <= len(epochs_in(log)) <= n_epochs + 1
        assert set(files_in(folder)) == {"training.ckpt"}
        assert len(files_in(folder)) == len(files_in(tmp_path / "whole"))
    assert begun


def test_killed_while_it_writes(tmp_path):
    # What a process leaves that is killed between writing and naming a file.
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".hmlc-0123.part").write_bytes(b"half")
    (folder / "mine.txt").touch()
    train("plain", folder, tmp_path / "out.npz", tmp_path / "log")
    assert sorted(files_in(folder)) == ["mine.txt", "training.ckpt"]


def test_sigterm_writes_a_checkpoint_and_ends(tmp_path):
    folder, out, log = tmp_path / "folder", tmp_path / "out.npz", tmp_path / "log"
    for epoch in (5, 20):
        process = start("long", folder, out, log)
        wait_for_epoch(log, process, epoch)
        os.kill(process.pid, signal.SIGTERM)
        process.join(60)
        assert process.exitcode == -signal.SIGTERM
        assert files_in(folder) == ["training.ckpt"]
    process = start("long", folder, out, log)
    process.join(120)
    epochs = [int(number) for number in epochs_in(log)]
    assert epochs[-1] == 200
    assert len(epochs) <= 200 + 2  # one for each signal
    with np.load(out) as found:
        resumed = dict(found)
    process = start("long", tmp_path / "other", out, tmp_path / "other log")
    process.join(120)
    with np.load(out) as found:
        check_same(resumed, dict(found))


def test_the_handler_of_the_user_is_asked_and_comes_back(tmp_path):
    from .runs import Log, classifier, data

    X, Y, hierarchy = data()
    heard = []

    class Asks(Log):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 4:
                assert signal.getsignal(signal.SIGTERM) is not note
                signal.raise_signal(signal.SIGTERM)

    def note(number, frame):
        heard.append((number, (tmp_path / "training.ckpt").stat().st_size))

    before = signal.signal(signal.SIGTERM, note)
    try:
        fitted = classifier(hierarchy, tmp_path, Asks(), checkpoint_every=60.0)
        fitted.fit(X, Y)
        assert signal.getsignal(signal.SIGTERM) is note
    finally:
        signal.signal(signal.SIGTERM, before)
    assert fitted.n_iter_ == EPOCHS  # a handler that returns lets training go on
    assert [number for number, _ in heard] == [signal.SIGTERM]
    assert heard[0][1] > 0

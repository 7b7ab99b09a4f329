"""Folders and files that can't be used: an error that says why, before training."""

import errno
import os
import threading

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_hmlc import HierarchicalEnsembleClassifier, _files
from sklearn_hmlc._checkpoints import _keeper

from .runs import EPOCHS, Log, classifier, data, learnt
from .test_same_bits import check_same

X, Y, HIERARCHY = data()


def cut_off(folder, **params):
    """Leave an unfinished training in a folder."""
    with pytest.raises(RuntimeError, match="stopped"):
        classifier(HIERARCHY, folder, Log(fails_after=3), **params).fit(X, Y)
    return folder / "training.ckpt"


def swish(x):
    return x * torch.sigmoid(x)


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"dropout": 0.1}, r"`dropout` was 'auto', and is 0\.1\."),
        ({"lr": 0.01}, r"`lr` was 'auto', and is 0\.01\."),
        ({"random_state": 1}, "`random_state` was 0, and is 1"),
        ({"max_epochs": 9}, "`max_epochs` was 8, and is 9"),
        ({"activation": torch.nn.Tanh}, "`activation` was 'relu', and is Tanh"),
        (
            {"net_params": {"optimizer__betas": (0.8, 0.9)}},
            r"`net_params\['optimizer__betas'\]` was absent, and is \(0\.8, 0\.9\)",
        ),
        ({"callbacks": [Log()]}, r"`net_params\['callbacks'\]` differs"),
        ({"node_weight": np.ones(15)}, "`node_weight` was 'binary', and is a ndarray"),
    ],
)
def test_other_parameters_are_refused(tmp_path, params, message, finished):
    if finished:
        classifier(HIERARCHY, tmp_path).fit(X, Y)
    else:
        cut_off(tmp_path)
    before = (tmp_path / "training.ckpt").read_bytes()
    with pytest.raises(ValueError, match=message):
        classifier(HIERARCHY, tmp_path, **params).fit(X, Y)
    assert (tmp_path / "training.ckpt").read_bytes() == before


def test_code_that_changed_is_told(tmp_path):
    def schedule(factor):
        return lambda t: 1 - factor * t

    cut_off(tmp_path, schedule=schedule(0.1))
    with pytest.raises(ValueError, match="`schedule` differs"):
        classifier(HIERARCHY, tmp_path, schedule=schedule(0.2)).fit(X, Y)
    classifier(HIERARCHY, tmp_path, schedule=schedule(0.1)).fit(X, Y)


def test_what_does_not_matter_may_change(tmp_path):
    cut_off(tmp_path)
    other = {"threshold": 0.3, "device": "cpu", "checkpoint_every": 1.0, "verbose": 1}
    fitted = classifier(HIERARCHY, str(tmp_path), **other).fit(X, Y)
    plain = classifier(HIERARCHY, None).fit(X, Y)
    check_same(learnt(fitted, X), learnt(plain, X))


def _one_number():
    other = X.copy()
    other[-1, -1] = np.nextafter(np.float32(other[-1, -1]), np.float32(9))
    return other, Y, None


def _one_label():
    other = Y.copy()
    leaf = HIERARCHY.index(HIERARCHY.leaves[0])
    row = np.flatnonzero(other[:, leaf])[0]
    other[row, leaf] = 0
    return X, other, None


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (_one_number, r"X differs \(both: shape \(200, 20\)\)"),
        (_one_label, "y differs"),
        (
            lambda: (X[:-1], Y[:-1], None),
            r"X was shape \(200, 20\), and is shape",
        ),
        (lambda: (X, Y, np.r_[np.ones(199), 2]), "sample_weight was none, and is weig"),
        (lambda: (X[::-1], Y[::-1], None), "X differs"),
    ],
)
def test_other_rows_are_refused(tmp_path, other, message):
    cut_off(tmp_path)
    other_X, other_Y, weight = other()
    with pytest.raises(ValueError, match=message):
        classifier(HIERARCHY, tmp_path).fit(other_X, other_Y, sample_weight=weight)


def test_other_versions_are_refused(tmp_path, monkeypatch):
    cut_off(tmp_path)
    now = _keeper.versions() | {"torch": "9.9"}
    monkeypatch.setattr(_keeper, "versions", lambda: now)
    with pytest.raises(ValueError, match=r"torch was of version .*, and is 9\.9"):
        classifier(HIERARCHY, tmp_path).fit(X, Y)


def test_another_machine_is_told(tmp_path, monkeypatch):
    cut_off(tmp_path)
    monkeypatch.setattr(_keeper, "machine", lambda *who: {"threads": "77"})
    with pytest.warns(UserWarning, match=r"other rounding.* threads '1', now '77'"):
        classifier(HIERARCHY, tmp_path).fit(X, Y)


class Drifting:
    """A sampler that gives other rows at each call."""

    calls = 0

    def fit_resample(self, X, y):
        Drifting.calls += 1
        return X[Drifting.calls :], y[Drifting.calls :]


def test_a_sampler_that_draws_from_elsewhere(tmp_path):
    cut_off(tmp_path, sampler=Drifting())
    with pytest.raises(ValueError, match="the sampler returns other rows"):
        classifier(HIERARCHY, tmp_path, sampler=Drifting()).fit(X, Y)


# -- damage ----------------------------------------------------------------------------


def test_damaged_files_are_refused(tmp_path, rng):
    path = cut_off(tmp_path)
    whole = path.read_bytes()
    damaged = [whole[: rng.integers(len(whole))] for _ in range(40)]
    for _ in range(40):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        damaged.append(bytes(content))
    for content in [*damaged, b"", whole + b"x", b"something else" * 99]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match="the checkpoint can't be read"):
            classifier(HIERARCHY, tmp_path).fit(X, Y)
    newer = whole.replace(b"format 1,", b"format 2,", 1)
    path.write_bytes(newer)
    with pytest.raises(ValueError, match=r"format 2, of a newer version"):
        classifier(HIERARCHY, tmp_path).fit(X, Y)


def test_no_code_runs(tmp_path):
    from sklearn_hmlc._checkpoints import _file

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    _file.write(tmp_path / "training.ckpt", {"net": Hostile()})
    with pytest.raises(ValueError, match="the checkpoint can't be read"):
        classifier(HIERARCHY, tmp_path).fit(X, Y)
    assert not (tmp_path / "ran").exists()


# -- folders ---------------------------------------------------------------------------


def test_folders_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    for folder in ("file", "file/below"):
        with pytest.raises(ValueError, match="Can't make the folder"):
            classifier(HIERARCHY, tmp_path / folder).fit(X, Y)
    (tmp_path / "training.ckpt").mkdir()
    with pytest.raises(ValueError, match="it is a folder"):
        classifier(HIERARCHY, tmp_path).fit(X, Y)


def _full(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_before_training(tmp_path, monkeypatch):
    log = Log(tmp_path / "log")
    fitted = classifier(HIERARCHY, tmp_path / "folder", log)
    with monkeypatch.context() as patch:
        patch.setattr(_files.os, "fsync", _full)
        with pytest.raises(ValueError, match=r"can't be written \(No space left"):
            fitted.fit(X, Y)
    assert not hasattr(fitted, "net_")
    assert not (tmp_path / "log").exists()
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_full_disk_later_is_no_reason_to_lose_the_training(tmp_path, monkeypatch):
    fills = threading.Event()

    class Fills(Log):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 3 and not fills.is_set():
                fills.set()
                monkeypatch.setattr(_files.os, "fsync", _full)

    fitted = classifier(HIERARCHY, tmp_path, Fills())
    with pytest.warns(UserWarning, match="Training goes on; what is there is of an ep"):
        fitted.fit(X, Y)
    monkeypatch.undo()
    plain = learnt(classifier(HIERARCHY, None).fit(X, Y), X)
    check_same(learnt(fitted, X), plain)
    assert os.listdir(tmp_path) == ["training.ckpt"]
    check_same(learnt(classifier(HIERARCHY, tmp_path, Fills()).fit(X, Y), X), plain)


def test_one_training_for_a_folder(tmp_path, monkeypatch):
    from sklearn_hmlc._checkpoints import _file

    monkeypatch.setattr(_file, "_GRACE", 0.1)
    begun, done = threading.Event(), threading.Event()

    class Waits(Log):
        def on_epoch_end(self, net, **kwargs):
            begun.set()
            done.wait(60)

    first = threading.Thread(
        target=classifier(HIERARCHY, tmp_path, Waits()).fit, args=(X, Y)
    )
    first.start()
    begun.wait(60)
    try:
        with pytest.raises(ValueError, match="is in use by another training"):
            classifier(HIERARCHY, tmp_path).fit(X, Y)
    finally:
        done.set()
        first.join()
    assert os.listdir(tmp_path) == ["training.ckpt"]


def test_clones_in_threads_have_folders_of_their_own(tmp_path):
    base = classifier(HIERARCHY, tmp_path)
    # Two of them the same: the second one waits, and takes what the first has learnt.
    fits = [clone(base).set_params(dropout=p) for p in (0.1, 0.3, 0.3, 0.5)]
    threads = [threading.Thread(target=fit.fit, args=(X, Y)) for fit in fits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(os.listdir(tmp_path)) == 3
    for fit in fits:
        assert fit.n_iter_ == EPOCHS
        plain = classifier(HIERARCHY, None, dropout=fit.dropout).fit(X, Y)
        check_same(learnt(fit, X), learnt(plain, X))


def test_parameters_are_checked():
    for params in ({"checkpoint": 3}, {"checkpoint": "x", "checkpoint_every": -1}):
        with pytest.raises(ValueError, match=f"'{list(params)[-1]}' parameter"):
            HierarchicalEnsembleClassifier(**params).fit(X, Y)
    with pytest.warns(UserWarning, match="`checkpoint_every` .checkpoint is None"):
        classifier(HIERARCHY, None, checkpoint_every=1.0).fit(X, Y)

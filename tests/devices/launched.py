"""Trainings of all kinds that processes of a launch share; each writes what it has.

    python -m torch.distributed.run --standalone --nproc_per_node=2 \
        -m tests.devices.launched FOLDER [NAME ...]

The functions of `SAME` are called in one process, too, to compare.
"""

import contextlib
import hashlib
import json
import pickle
import sys
import time
import traceback
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from joblib import parallel_config
from skorch.callbacks import Callback, TrainEndCheckpoint

from sklearn_hmlc import LPROS, HierarchicalEnsembleClassifier
from sklearn_hmlc._checkpoints._fingerprint import digest
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.postprocessing import NodeThresholdClassifier
from tests.callbacks import Unseen

# 5 steps of 4 epochs: 4 batches of 24 rows and one of 7.
N_ROWS, BATCH, EPOCHS = 103, 24, 4


def data(n_rows=N_ROWS, n_features=12):
    return make_hierarchical_multilabel(n_rows, n_features, 11, random_state=0)


class Steps(Callback):
    """Keeps the loss of each step."""

    kept = ()

    def on_train_begin(self, net, **kwargs):
        type(self).kept = []

    def on_epoch_end(self, net, **kwargs):
        batches = net.history[-1]["batches"]
        self.kept.extend(one["train_loss"] for one in batches if "train_loss" in one)


class StopInStep(Callback):
    """Interrupts the first process in the middle of its third epoch."""

    def on_batch_end(self, net, training=False, **kwargs):
        if training and net.together_.first and len(net.history) == 3:
            raise KeyboardInterrupt


class Once(Unseen):
    """Raises in one epoch, in a process or in all."""

    def __init__(self, error, epoch, rank=None):
        self.error, self.epoch, self.rank = error, epoch, rank

    def on_epoch_end(self, net, **kwargs):
        mine = self.rank in (None, net.together_.rank)
        if len(net.history) == self.epoch and mine:
            raise self.error("on purpose")


def classifier(hierarchy, device, **params):
    usual = {
        "n_estimators": 3,
        "hidden_layer_sizes": (16,),
        "dropout": 0.0,
        "batch_size": BATCH,
        "max_epochs": EPOCHS,
        "lr": 1e-2,
        "random_state": 0,
    }
    return HierarchicalEnsembleClassifier(
        hierarchy, **{**usual, "device": device, **params}
    )


def told(fitted, **more):
    """What a fitted classifier has learnt, as plain values."""
    weights = hashlib.sha256()
    for tensor in fitted.net_.module_.state_dict().values():
        weights.update(tensor.numpy().tobytes())
    # The bits of a pickle name places in memory; what is in it has none.
    pickled = pickle.loads(pickle.dumps(fitted))
    content = {**vars(pickled), "net_": vars(pickled.net_)}
    return {
        "losses": fitted.loss_curve_,
        "weights": weights.hexdigest(),
        "pickle": digest(content),
        "n_iter": fitted.n_iter_,
        "scores": fitted.validation_scores_,
        **more,
    }


def fit(device, X=None, **params):
    own_X, Y, hierarchy = data()
    X = own_X if X is None else X
    steps = {"callbacks": [Steps()]} if "net_params" not in params else {}
    params = {**({"net_params": steps} if steps else {}), **params}
    clf = classifier(hierarchy, device, **params).fit(X, Y)
    return told(clf, steps=list(Steps.kept), proba=clf.predict_proba(X)[:5].tolist())


def sparse(device):
    rng = np.random.default_rng(0)
    X = sp.random_array((N_ROWS, 400), density=0.02, rng=rng, format="csr")
    X.data[:] = 1
    return fit(device, X.astype(np.float32))


def weighted(device):
    X, Y, hierarchy = data()
    weight = np.random.default_rng(1).uniform(0, 2, len(X))
    clf = classifier(hierarchy, device, mix=0.5, schedule="linear")
    return told(clf.fit(X, Y, sample_weight=weight))


def thresholds(device):
    X, Y, hierarchy = data()
    model = NodeThresholdClassifier(
        classifier(hierarchy, device), cv=2, random_state=0
    ).fit(X, Y)
    return told(model.estimator_, thresholds=model.thresholds_.tolist())


def going_on(device):
    X, Y, hierarchy = data()
    clf = classifier(hierarchy, device, warm_start=True, max_epochs=2)
    clf.fit(X, Y).fit(X, Y)
    return told(clf.partial_fit(X[:50], Y[:50]))


# What one process computes as well, to rounding.
SAME = {
    "heads": fit,
    "masks": lambda device: fit(device, dropout=0.5, batch_size=20),
    "dropout": lambda device: fit(device, ensemble="dropout", dropout=0.5),
    "last_layer": lambda device: fit(device, ensemble="last_layer", dropout=0.5),
    "small batches": lambda device: fit(device, batch_size=2, max_epochs=1),
    "workers": lambda device: fit(
        device, net_params={"iterator_train__num_workers": 1}
    ),
    # It takes 20 passes per step; roundings grow in them.
    "lbfgs": lambda device: fit(
        device, optimizer=torch.optim.LBFGS, weight_decay=0.0, lr=0.1, max_epochs=1
    ),
    "early stopping": lambda device: fit(
        device, early_stopping=True, n_iter_no_change=2, max_epochs=12
    ),
    "sampler": lambda device: fit(device, sampler=LPROS()),
    "bf16": lambda device: fit(device, precision="bf16"),
    "sparse": sparse,
    "weighted": weighted,
    "thresholds": thresholds,
    "going on": going_on,
}


# -- what only a launch has ------------------------------------------------------------


def unseeded(device, folder):
    return fit(device, random_state=None, early_stopping=True)


def encoder(device, folder):
    """Whose weights and masks each process draws on its own."""
    layers = torch.nn.Linear(12, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.2)
    return fit(device, encoder=torch.nn.Sequential(*layers))


def resumed(device, folder):
    """A training that was interrupted and one that was not, each in a folder."""
    X, Y, hierarchy = data()
    torch.manual_seed(0)
    layers = torch.nn.Linear(12, 8), torch.nn.Dropout(0.2)
    params = {
        "encoder": torch.nn.Sequential(*layers),
        "dropout": 0.5,
        "checkpoint_every": 0,
    }
    other = folder / "other"
    whole = classifier(hierarchy, device, checkpoint=other, **params).fit(X, Y)
    stop = {"callbacks": [Once(KeyboardInterrupt, 3)]}
    params["checkpoint"] = folder / "one"
    with contextlib.suppress(KeyboardInterrupt):
        classifier(hierarchy, device, net_params=stop, **params).fit(X, Y)
    stop["callbacks"] = [Once(KeyboardInterrupt, 99)]
    again = classifier(hierarchy, device, net_params=stop, **params).fit(X, Y)
    return told(again, whole=told(whole)["weights"])


def taken_folder(device, folder):
    """The first process alone finds that the folder has another training."""
    return fit(device, checkpoint=folder / "one")


def writers(device, folder):
    X, Y, hierarchy = data()
    save = TrainEndCheckpoint(dirname=str(folder / "skorch"))
    params = {"net_params": {"callbacks": [save]}, "verbose": 1}
    classifier(hierarchy, device, **params).fit(X, Y)
    return {}


def other_rows(device, folder):
    X, Y, hierarchy = data()
    order = np.random.default_rng().permutation(len(X))
    return told(classifier(hierarchy, device).fit(X[order], Y[order]))


def other_parameters(device, folder):
    return fit(device, lr=1e-2 * (1 + rank()))


def side_by_side(device, folder):
    X, Y, hierarchy = data()
    model = NodeThresholdClassifier(classifier(hierarchy, device), cv=2, n_jobs=2)
    with parallel_config(backend="threading"):
        return told(model.fit(X, Y).estimator_)


def own_batches(device, folder):
    loader = {"iterator_train": torch.utils.data.DataLoader}
    return fit(device, net_params=loader)


def one_fails(device, folder):
    stop = {"callbacks": [Once(OSError, 2, rank=1)]}
    return fit(device, net_params=stop)


def one_is_interrupted(device, folder):
    X, Y, hierarchy = data()
    clf = classifier(hierarchy, device, net_params={"callbacks": [StopInStep()]})
    try:
        clf.fit(X, Y)
    except KeyboardInterrupt:
        return told(clf)
    return {}


def after_that(device, folder):
    return fit(device)


LAUNCHED = [
    unseeded,
    encoder,
    resumed,
    taken_folder,
    writers,
    other_rows,
    other_parameters,
    side_by_side,
    own_batches,
    one_fails,
    one_is_interrupted,
    after_that,
]


def rank():
    from accelerate import PartialState

    return PartialState(cpu=True).process_index


# As debuggers and notebooks do; frames in them have what the training had.
kept_errors = []


def answer(function, *args):
    """What a function returns, or raises, and the seconds it took."""
    before = time.perf_counter()
    try:
        found = function(*args)
    except Exception as error:
        kept_errors.append(error)
        lines = traceback.format_exc()
        found = {"error": f"{type(error).__name__}: {error}", "lines": lines}
    return {**found, "seconds": time.perf_counter() - before}


def main():
    warnings.simplefilter("ignore")
    folder, *wanted = map(Path, sys.argv[1:])
    work = {name: (function, "accelerate") for name, function in SAME.items()}
    for function in LAUNCHED:
        work[function.__name__] = (function, "accelerate", folder)
    names = [str(name) for name in wanted] or work
    found = {name: answer(*work[name]) for name in names}
    (folder / f"rank{rank()}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    # By its name: classes of the main program are pickled by value.
    import_module("tests.devices.launched").main()

"""Small trainings of all kinds, each a function of the folder of its checkpoints.

They are run in processes that are killed, so each makes its data itself, and returns
what it has learnt as arrays.
"""

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, Freezer, LRScheduler
from torch.optim.lr_scheduler import OneCycleLR

from sklearn_hmlc import LPROS, HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.postprocessing import NodeThresholdClassifier
from tests.callbacks import Unseen

EPOCHS = 8


def data():
    return make_hierarchical_multilabel(
        n_samples=200, n_features=20, n_nodes=15, random_state=0
    )


class Log(Unseen):
    """Writes the number of each epoch that is over, and may fail after one."""

    def __init__(self, path=None, fails_after=None):
        self.path, self.fails_after = path, fails_after

    def on_epoch_end(self, net, **kwargs):
        if self.path is not None:
            with open(self.path, "a") as file:
                file.write(f"{len(net.history)}\n")
        if self.fails_after == len(net.history):
            raise RuntimeError("stopped")


class Noise(Callback):
    """Has state of its own: numbers drawn, a mean of weights, a count of steps."""

    def on_train_begin(self, net, **kwargs):
        self.rng_ = np.random.default_rng(5)
        self.steps_, self.seen_ = 0, {}
        self.mean_ = {n: p.detach().clone() for n, p in net.module_.named_parameters()}

    def on_batch_end(self, net, training=False, **kwargs):
        self.steps_ += training

    def on_epoch_end(self, net, **kwargs):
        self.seen_[len(net.history)] = np.float32(self.rng_.normal())
        with torch.no_grad():
            for name, weight in net.module_.named_parameters():
                weight += 1e-3 * self.seen_[len(net.history)].item()
                self.mean_[name].lerp_(weight, 0.5)
        net.history.record("steps", self.steps_)

    def on_train_end(self, net, **kwargs):
        net.module_.load_state_dict(self.mean_, strict=False)


def classifier(hierarchy, folder, log=None, callbacks=(), **params):
    usual = {
        "n_estimators": 3,
        "hidden_layer_sizes": (32,),
        "max_epochs": EPOCHS,
        "random_state": 0,
        "checkpoint_every": 0 if folder is not None else 5.0,
    }
    own = params.pop("net_params", {})
    return HierarchicalEnsembleClassifier(
        hierarchy,
        checkpoint=folder,
        net_params={**own, "callbacks": [*callbacks, log or Log()]},
        **{**usual, **params},
    )


def learnt(fitted, X):
    """All that a training leaves, as arrays by name."""
    net = fitted.net_
    found = {
        f"weights {k}": v.cpu().numpy() for k, v in net.module_.state_dict().items()
    }
    for name in sorted({name for epoch in fitted.history_ for name in epoch}):
        if name not in ("dur", "batches"):
            found[f"history {name}"] = np.array([e.get(name) for e in fitted.history_])
    losses = [b["train_loss"] for epoch in net.history for b in epoch["batches"][:-1]]
    found["losses"] = np.array(losses)
    found["share"] = np.array(net.criterion_.share)
    found["proba"] = fitted.predict_proba(X)
    found["next draw"] = np.array(fitted._random_state.get_state()[1])
    return found


def _one(X=None, weight=None, **params):
    def run(folder, log=None):
        table, Y, hierarchy = data()
        own = table if X is None else X(table)
        fitted = classifier(hierarchy, folder, log, **params)
        return learnt(fitted.fit(own, Y, sample_weight=weight), own)

    return run


def _mostly_zeros(X):
    return sp.random_array((len(X), 400), density=0.02, format="csr", rng=0)


class Jitter(torch.utils.data.Dataset):
    """Rows with noise that is drawn when they are read, in workers or here."""

    def __init__(self, X):
        self.X = torch.from_numpy(X).float()

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        return self.X[row] + 0.1 * torch.rand(self.X.shape[1])


def _encoder():
    torch.manual_seed(3)
    layers = [torch.nn.Linear(20, 12), torch.nn.BatchNorm1d(12), torch.nn.Dropout(0.3)]
    return torch.nn.Sequential(*layers)


def _encoded(folder, log=None):
    X, Y, hierarchy = data()
    plan = [LRScheduler("StepLR", step_size=2, gamma=0.5)]
    fitted = classifier(hierarchy, folder, log, plan, encoder=_encoder())
    return learnt(fitted.fit(Jitter(X), Y), X.astype(np.float32))


def _again(folder, log=None):
    """A training that goes on with the net of one before."""
    X, Y, hierarchy = data()
    fitted = classifier(hierarchy, folder, log, warm_start=True, schedule="linear")
    fitted.fit(X, Y).set_params(lr=0.01, max_epochs=EPOCHS - 2).fit(X, Y)
    return learnt(fitted.partial_fit(X, Y), X)


def _thresholds(folder, log=None):
    X, Y, hierarchy = data()
    inner = classifier(hierarchy, folder, log, early_stopping=True)
    fitted = NodeThresholdClassifier(inner, cv=3, random_state=0).fit(X, Y)
    found = learnt(fitted.estimator_, X)
    return {**found, "thresholds": fitted.thresholds_}


def _search(folder, log=None):
    X, Y, hierarchy = data()
    grid = {"dropout": [0.2, 0.6]}
    fitted = GridSearchCV(
        classifier(hierarchy, folder, log), grid, cv=2, scoring="f1_micro"
    ).fit(X, Y)
    scores = fitted.cv_results_["split1_test_score"]
    return {**learnt(fitted.best_estimator_, X), "scores": scores}


KINDS = {
    "plain": _one(),
    "early stopping": _one(early_stopping=True, n_iter_no_change=3, lr=0.02),
    "schedule": _one(schedule="alternating", max_epochs=EPOCHS + 1),
    "dropout ensemble": _one(ensemble="dropout", weight=np.linspace(0, 2, 200)),
    "sampler": _one(sampler=LPROS(), early_stopping=True),
    "sparse X": _one(X=_mostly_zeros),
    "callbacks": _one(
        callbacks=[
            Noise(),
            Freezer("layers.0.*", at=3),
            LRScheduler("ReduceLROnPlateau", patience=1),
            LRScheduler(OneCycleLR, max_lr=0.01, total_steps=200, step_every="batch"),
        ]
    ),
    "optimiser": _one(optimizer=torch.optim.LBFGS, weight_decay=0, max_epochs=4),
    "random state": lambda folder, log=None: _one(
        random_state=np.random.RandomState(3)
    )(folder, log),
    "encoder": _encoded,
    "warm start": _again,
    "thresholds": _thresholds,
    "search": _search,
}


#: Of many epochs, and a checkpoint each hour, which is never.
LONG = _one(max_epochs=200, checkpoint_every=60.0)


def run(kind, folder, out, log):
    """Train, and write what was learnt."""
    train = LONG if kind == "long" else KINDS[kind]
    np.savez(out, **train(folder, Log(log)))

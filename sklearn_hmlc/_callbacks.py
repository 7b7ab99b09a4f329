"""What watches over training: divergence, validation score, schedule, progress.

Stage: beside the training loop. In: the net after each step or epoch. Out: records in
its history, the loss's share, or the end of training.
"""

from __future__ import annotations

import contextlib
import copy
import math
import sys
import time
import warnings

import numpy as np
import skorch.callbacks
from sklearn.base import clone
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, EpochTimer
from skorch.utils import noop

from . import _torch
from ._scoring import score_name
from .losses import get_schedule


class OwnCallback(Callback):
    """A callback of this package; it hears of the begin and end of every call."""


class StopOnNan(OwnCallback):
    """End training with an error where the loss is no number any more."""

    def on_epoch_end(self, net, **kwargs):  # noqa: ARG002
        """Look at the epoch's loss."""
        loss = net.history[-1, "train_loss"]
        if not math.isfinite(loss):
            raise ValueError(
                f"Training diverged: the loss is {loss} in epoch {len(net.history)}. "
                "Lower `lr`, or scale the features (StandardScaler)."
            )


class EpochTime(EpochTimer):
    """`skorch.callbacks.EpochTimer`: one time for all who train."""

    def on_epoch_end(self, net, **kwargs):  # noqa: ARG002
        """Record the seconds."""
        seconds = time.time() - self.epoch_start_time_
        self.epoch_start_time_ = None
        net.history.record("dur", net.together_.agreed(seconds))


class ValidationScore(OwnCallback):
    """Record the score of the validation part after each epoch, under a name."""

    def __init__(self, name):
        self.name = name

    def on_epoch_end(self, net, dataset_valid=None, **kwargs):  # noqa: ARG002
        """Score the epoch."""
        score = net.together_.agreed(dataset_valid.score(net))
        net.history.record(self.name, score)


class Schedule(OwnCallback):
    """Set the weighted loss's share before each training step.

    Validation is always by the weighted loss, so that epochs can be compared.

    Parameters
    ----------
    share : callable
        From `sklearn_hmlc.losses.get_schedule`.
    """

    def __init__(self, share):
        self.share = share

    def on_train_begin(self, net, X=None, span=None, **kwargs):  # noqa: ARG002
        """Learn which epochs these are: ``span`` is (done before, all in all)."""
        done, total = span
        steps = len(net.get_iterator(X, training=True))
        self.step_, self.n_steps_ = done * steps, total * steps

    def on_epoch_begin(self, net, **kwargs):  # noqa: ARG002
        """Start the epoch's account."""
        self.shares_ = []

    def on_batch_begin(self, net, training=False, **kwargs):  # noqa: ARG002
        """Set the share."""
        net.criterion_.share = 1.0
        if training:
            t = min(self.step_ / self.n_steps_, 1.0)
            net.criterion_.share = self.share(t, self.step_)
            self.shares_.append(net.criterion_.share)
            self.step_ += 1

    def on_epoch_end(self, net, **kwargs):  # noqa: ARG002
        """Record the epoch's mean, and leave it to the correction of predictions."""
        net.history.record("weighted_share", float(np.mean(self.shares_)))
        settle_share(net)


def settle_share(net, epoch=0):
    """Set the share by which the weights have shifted the logits after an epoch.

    It is the mean over this epoch and the one before it: shares may alternate from step
    to step, and an epoch of an odd number of steps alone would tell of one side only.
    0: the last epoch.
    """
    recent = [
        record["weighted_share"]
        for record in net.history
        if "weighted_share" in record and record["epoch"] <= (epoch or len(net.history))
    ]
    net.criterion_.share = float(np.mean(recent[-2:])) if recent else 1.0


class BestEpoch(EarlyStopping, OwnCallback):
    """`skorch.callbacks.EarlyStopping` that brings the loss's share back as well."""

    def on_train_end(self, net, **kwargs):
        """Load the best epoch's weights."""
        super().on_train_end(net, **kwargs)
        settle_share(net, self.best_epoch_)


class Progress(OwnCallback):
    """How far training is, with the loss and the validation score.

    A bar over the epochs on a terminal and in a notebook, elsewhere a line for each:
    in the log of a job a bar would be one endless line.
    """

    def on_train_begin(self, net, epochs=None, **kwargs):  # noqa: ARG002
        """Begin; one process shows it for all."""
        if not net.together_.first:
            self.bar_ = _Nothing()
        else:
            self.bar_ = _bar(epochs) if _shows_bars() else _Lines(epochs)

    def skip(self, epochs):
        """Begin after some epochs, of a training that goes on."""
        self.bar_.update(epochs)

    def on_epoch_end(self, net, **kwargs):  # noqa: ARG002
        """Move on."""
        record = net.history[-1]
        scores = [n for n in record if n.startswith("valid_") and n != "valid_loss"]
        names = ("train_loss", "valid_loss", *scores)
        shown = {n: record[n] for n in names if isinstance(record.get(n), float)}
        self.bar_.set_postfix({n: f"{value:.4f}" for n, value in shown.items()})
        self.bar_.update()

    def on_train_end(self, net, **kwargs):  # noqa: ARG002
        """End."""
        self.bar_.close()

    def __getstate__(self):
        # A bar holds a lock, which can't be pickled, and is of no use later.
        return {k: v for k, v in self.__dict__.items() if k != "bar_"}


def _tqdm():
    """Return tqdm's bar for a notebook or a terminal.

    It is imported where it is wanted: in a notebook without ipywidgets tqdm warns that
    it has no widget, and there are lines in place of one.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        from tqdm.auto import tqdm
    return tqdm


def _shows_bars():
    """Tell whether a bar can move: on a terminal, or as a notebook's widget."""
    if any(base.__module__ == "tqdm.notebook" for base in _tqdm().__mro__):
        return True
    return sys.stderr is not None and sys.stderr.isatty()


def _bar(epochs):
    # What comes last is cut off where the line is short, so that the loss comes first.
    form = "{desc}: {n_fmt}/{total_fmt} epochs{postfix} |{bar}| {elapsed}<{remaining}"
    return _tqdm()(total=epochs, desc="fit", bar_format=form)


class _Nothing:
    """What shows nothing."""

    def set_postfix(self, values):
        pass

    def update(self, epochs=1):
        pass

    def close(self):
        pass


class _Lines:
    """What a bar would show, in a line for each epoch."""

    def __init__(self, epochs):
        self.epochs, self.done, self.words = epochs, 0, "from a checkpoint"
        self.start = time.perf_counter()

    def set_postfix(self, values):
        self.words = ", ".join(f"{name}={value}" for name, value in values.items())

    def update(self, epochs=1):
        self.done += epochs
        seconds = time.perf_counter() - self.start
        self._write(f"{self.done}/{self.epochs} epochs, {self.words}, {seconds:.1f} s")

    def close(self):
        pass

    def _write(self, text):
        if sys.stderr is not None:
            sys.stderr.write(f"fit: {text}\n")
            sys.stderr.flush()


def own_callbacks(estimator):
    """Return the callbacks that the classifier's parameters ask for."""
    callbacks = []
    if estimator.schedule is not None:
        share = get_schedule(estimator.schedule, estimator.schedule_exponent)
        callbacks.append(Schedule(share))
    if estimator.early_stopping:
        name = score_name(estimator.scoring)
        stop = BestEpoch(
            monitor=name,
            patience=estimator.n_iter_no_change,
            lower_is_better=False,
            # Any gain is one; skorch's share of the score would be a loss below 0.
            threshold=0,
            threshold_mode="abs",
            load_best=True,
            sink=noop,
        )
        callbacks += [ValidationScore(name), stop]
    return callbacks + ([Progress()] if estimator.verbose else [])


def best_epoch(net):
    """Return the number of the epoch whose weights early stopping keeps, or None."""
    stops = [one for _, one in net.callbacks_ if isinstance(one, BestEpoch)]
    return getattr(stops[-1], "best_epoch_", None) if stops else None


def wants_to_stop(net):
    """Tell whether skorch's early stopping has just ended training.

    It has no other way than to raise a KeyboardInterrupt, as Ctrl-C does.
    """
    return any(
        isinstance(callback, EarlyStopping)
        and getattr(callback, "misses_", None) == callback.patience
        for _, callback in net.callbacks_
    )


# -- the user's own --------------------------------------------------------------------


# What does nothing but write and print; one process does so for all.
_WRITERS = (
    skorch.callbacks.Checkpoint,
    skorch.callbacks.TrainEndCheckpoint,
    skorch.callbacks.TensorBoard,
    skorch.callbacks.WandbLogger,
    skorch.callbacks.NeptuneLogger,
    skorch.callbacks.SacredLogger,
    skorch.callbacks.MlflowLogger,
    skorch.callbacks.PrintLog,
    skorch.callbacks.ProgressBar,
)


def callbacks_of(estimator, first=True):
    """Return fresh callbacks: ours, and copies of the user's.

    In all processes but the ``first`` those that write do nothing.
    """
    given = (estimator.net_params or {}).get("callbacks") or []
    if not isinstance(given, list | tuple):
        raise ValueError(
            f"In `net_params`: expected `callbacks` to be a list, but got {given!r}."
        )
    for one in given:
        inner = _unnamed(one)
        if not issubclass(inner if isinstance(inner, type) else type(inner), Callback):
            raise ValueError(
                "In `net_params`: expected `callbacks` of skorch, alone or as (name, "
                f"callback), but got {one!r}."
            )
    if any(isinstance(_unnamed(one), EpochScoring) for one in given):
        raise ValueError(
            "In `net_params`: EpochScoring can't score this net, whose labels come "
            "with weights. With early_stopping=True the validation part's AU(PRC), or "
            "what `scoring` says, is recorded; for more measures write a callback "
            "whose `on_epoch_end(net, dataset_valid, ...)` compares "
            "`net.mean_proba(dataset_valid.X)` with `dataset_valid.Y`."
        )
    # skorch writes on callbacks, and parameters are not ours to change.
    copies = [copy_callback(one) if first else _mute(one) for one in given]
    return [*own_callbacks(estimator), *copies]


def _mute(callback):
    """Copy a callback of the user's; what only writes is replaced by what does not."""
    one = _unnamed(callback)
    if not issubclass(one if isinstance(one, type) else type(one), _WRITERS):
        return copy_callback(callback)
    return (callback[0], Callback()) if isinstance(callback, tuple) else Callback()


def _unnamed(callback):
    """The callback of a pair (name, callback), or the callback itself."""
    return callback[1] if isinstance(callback, tuple) else callback


def copy_callback(callback):
    """Copy a callback of the user's, as far as it can be copied.

    One may hold what can't, such as the writer of TensorBoard: the copy shares that.
    """
    if isinstance(callback, tuple):
        return callback[0], copy_callback(callback[1])
    if isinstance(callback, type):
        return callback
    try:
        return copy.deepcopy(callback)
    except Exception:
        # Locks, files and threads raise all kinds of errors.
        return _shallow(callback)


def _shallow(callback):
    same = copy.copy(callback)
    for name, value in vars(callback).items():
        with contextlib.suppress(Exception):
            setattr(same, name, copy.deepcopy(value))
    return same


@_torch.usual("cpu")  # copies of encoders are made by torch
def clone_with_callbacks(estimator):
    """Clone as scikit-learn does, callbacks as far as they can be copied."""
    params = {
        name: clone(value, safe=False)
        for name, value in estimator.get_params(deep=False).items()
        if name != "net_params"
    }
    net_params = estimator.net_params
    if net_params is not None:
        own = {
            k: clone(v, safe=False) for k, v in net_params.items() if k != "callbacks"
        }
        if "callbacks" in net_params:
            given = net_params["callbacks"]
            sequence = isinstance(given, list | tuple)
            own["callbacks"] = list(map(copy_callback, given)) if sequence else given
        net_params = own
    same = type(estimator)(**params, net_params=net_params)
    # What scikit-learn keeps beside the parameters: metadata requests and callbacks,
    # which are shared by clones.
    if hasattr(estimator, "_metadata_request"):
        same._metadata_request = clone(estimator._metadata_request)
    if hasattr(estimator, "_skl_callbacks"):
        same._skl_callbacks = estimator._skl_callbacks
    if estimator.checkpoint is not None:
        same._is_clone = True  # it is not alone in the folder
    return same

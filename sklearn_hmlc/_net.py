"""The private skorch net behind the classifier.

Stage: `Rows` to a trained net. Out: a net whose ``module_`` maps features (B, F) to
logits (M, B, C) and whose ``history`` has a row an epoch.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import gen_batches
from sklearn.utils.validation import _num_samples
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochTimer,
    PassthroughScoring,
)
from skorch.utils import to_tensor
from tqdm.auto import tqdm

from ._rows import features
from .metrics import au_prc

# Largest hidden or output tensor in prediction, in entries (16 MB of float32).
_CHUNK_ENTRIES = 2**22

# Probabilities keep this distance from 0 and 1: float32 rounds sigmoid to both.
_MARGIN = 1e-7


class HierarchicalNet(NeuralNet):
    """`skorch.NeuralNet` for logits of many members and labels with row weights."""

    def get_loss(self, y_pred, y_true, X=None, training=False):  # noqa: ARG002
        """Compute the criterion from logits, labels and, where given, row weights."""
        return self.criterion_(y_pred, *to_tensor(y_true, device=self.device))

    def iter_members(self, X, constrained=True, corrected=False):
        """Yield the members' probabilities (M, b, C) of some rows at a time."""
        return self._iter_proba(X, self.module_.members, constrained, corrected)

    def mean_proba(self, X, corrected=False):
        """Return coherent probabilities, the mean over members, in node order.

        Parameters
        ----------
        X : what `features` takes
        corrected : bool
            Whether without the shift that the node weights cause.

        Returns
        -------
        proba : ndarray of float32 of shape (n_samples, n_nodes), strictly in (0, 1)
        """
        n_nodes = len(self.criterion_.node_weight)
        proba = np.empty((_num_samples(X), n_nodes), dtype=np.float32)
        for rows, members in self._iter_proba(X, self.module_, True, corrected):
            # One member after the other: the same roundings in every column, so that
            # a parent stays above its child to the last bit.
            total = members[0].clone()
            for member in members[1:]:
                total += member
            mean = (total / len(members)).clamp_(_MARGIN, 1 - _MARGIN)
            proba[rows] = mean.cpu().numpy()
        return proba

    def _iter_proba(self, X, forward, constrained, corrected):
        self.module_.eval()
        for rows in gen_batches(_num_samples(X), self._chunk()):
            # Not around the loop: whoever leaves it early would stay in this mode.
            with torch.inference_mode():
                logits = forward(to_tensor(features(X, rows), device=self.device))
                if corrected:
                    shift = self.criterion_.logit_shift(logits)
                    logits = logits - shift.to(logits.dtype)
                p = torch.sigmoid(logits)
                p = self.criterion_.constraint(p) if constrained else p
            yield rows, p

    def trim_for_prediction(self):
        """Drop what only training needs; the loss stays, it has the max constraint."""
        criterion = self.criterion_
        super().trim_for_prediction()
        self.criterion_ = criterion

    def _chunk(self):
        """Rows that are predicted at a time."""
        if self.module__encoder is not None:
            # How wide an encoder is inside is its own affair; a batch did fit.
            return self.batch_size
        widest = max(self.module__n_nodes, *self.module__hidden_layer_sizes, 1)
        return max(1, _CHUNK_ENTRIES // (widest * self.module__n_heads))

    @property
    def _default_callbacks(self):
        return [
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
            ("diverged", StopOnNan()),
        ]


class StopOnNan(Callback):
    """End training with an error where the loss is no number any more."""

    def on_epoch_end(self, net, **kwargs):  # noqa: ARG002
        """Look at the epoch's loss."""
        loss = net.history[-1, "train_loss"]
        if not math.isfinite(loss):
            raise ValueError(
                f"Training diverged: the loss is {loss} in epoch {len(net.history)}. "
                "Lower `lr`, or scale the features (StandardScaler)."
            )


class ValidationScore(Callback):
    """Record the pooled AU(PRC) of the validation part after each epoch."""

    def __init__(self, corrected=False):
        self.corrected = corrected

    def on_epoch_end(self, net, dataset_valid=None, **kwargs):  # noqa: ARG002
        """Score the epoch."""
        scores = net.mean_proba(dataset_valid.X, self.corrected)
        scored = net.criterion_.scored.cpu().numpy()
        score = au_prc(
            dataset_valid.Y.toarray(),
            scores,
            scored=scored,
            sample_weight=dataset_valid.sample_weight,
        )
        net.history.record("valid_au_prc", float(score))


class Schedule(Callback):
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

    def on_train_end(self, net, **kwargs):  # noqa: ARG002
        """Leave that of the last whole epoch, where one was interrupted."""
        settle_share(net)


def settle_share(net, epoch=0):
    """Set the share by which the weights have shifted the logits after an epoch.

    It is the mean over this epoch and the one before it, since shares may alternate
    from step to step and an epoch may have an odd number of steps. 0: the last epoch.
    """
    recent = [
        record["weighted_share"]
        for record in net.history
        if "weighted_share" in record and record["epoch"] <= (epoch or len(net.history))
    ]
    net.criterion_.share = float(np.mean(recent[-2:])) if recent else 1.0


class BestEpoch(EarlyStopping):
    """`skorch.callbacks.EarlyStopping` that brings the loss's share back as well."""

    def on_train_end(self, net, **kwargs):
        """Load the best epoch's weights."""
        super().on_train_end(net, **kwargs)
        settle_share(net, self.best_epoch_)


class Progress(Callback):
    """One progress bar over the epochs, with the loss and the validation score."""

    def on_train_begin(self, net, epochs=None, **kwargs):  # noqa: ARG002
        """Open the bar."""
        self.bar_ = tqdm(total=epochs, unit="epoch", desc="fit")

    def on_epoch_end(self, net, **kwargs):  # noqa: ARG002
        """Move the bar on."""
        record = net.history[-1]
        names = ("train_loss", "valid_loss", "valid_au_prc")
        self.bar_.set_postfix({n: f"{record[n]:.4f}" for n in names if n in record})
        self.bar_.update()

    def on_train_end(self, net, **kwargs):  # noqa: ARG002
        """Close the bar."""
        self.bar_.close()

    def __getstate__(self):
        # A bar holds a lock, which can't be pickled, and is of no use later.
        return {k: v for k, v in self.__dict__.items() if k != "bar_"}


def train(net, rows, epochs, span):
    """Run some epochs on an initialised net; Ctrl-C ends training with a warning.

    ``span`` tells schedules where these epochs stand: (done before, all in all).
    """
    net.notify("on_train_begin", X=rows, y=None, epochs=epochs, span=span)
    try:
        net.fit_loop(rows, epochs=epochs)
    except KeyboardInterrupt:
        # Callbacks that stop early raise it too, but between epochs.
        whole = len(epochs_of(net.history))
        if whole < len(net.history):
            warnings.warn(
                f"Training was interrupted; the net stays as it is after {whole} whole "
                "epochs.",
                ConvergenceWarning,
                stacklevel=5,
            )
    finally:
        net.notify("on_train_end", X=rows, y=None)


def seed_generators(seed, device):
    """Seed torch's generators of the CPU and of one device, and no others."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def epochs_of(history):
    """Return what was recorded of whole epochs, a dict each, without the batches."""
    return [
        {name: value for name, value in epoch.items() if name != "batches"}
        for epoch in history
        if "train_loss" in epoch
    ]

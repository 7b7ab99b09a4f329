"""The private skorch net behind the classifier, and its batches straight from memory.

Stage: validated arrays to a trained net. In: `Rows` of features (n_samples, n_features)
and labels (n_samples, n_nodes). Out: a net whose ``module_`` maps features (B, F) to
logits (M, B, C) and whose ``history`` has a row an epoch.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer, PassthroughScoring
from skorch.utils import to_tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
)
from tqdm.auto import tqdm

from .metrics import au_prc

# Largest hidden or output tensor in prediction, in entries (16 MB of float32).
_CHUNK_ENTRIES = 2**22

# Probabilities keep this distance from 0 and 1: float32 rounds sigmoid to both.
_MARGIN = 1e-7


class Rows(Dataset):
    """Features, labels and weights of some rows; an item is a whole batch.

    Parameters
    ----------
    X : ndarray of float32 or csr_array of shape (n_samples, n_features)
    Y : csr_array of bool of shape (n_samples, n_nodes)
    sample_weight : ndarray of float32 of shape (n_samples,), default=None
    """

    def __init__(self, X, Y, sample_weight=None):
        self.X = X
        self.Y = Y
        self.sample_weight = sample_weight

    def __len__(self):
        return self.X.shape[0]

    def __getitem__(self, rows):
        targets = [torch.from_numpy(self.Y[rows].toarray())]
        if self.sample_weight is not None:
            targets.append(torch.from_numpy(self.sample_weight[rows]))
        return features(self.X, rows), tuple(targets)

    def take(self, rows):
        """Return some of the rows, as `Rows`."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return Rows(self.X[rows], self.Y[rows], weight)


def features(X, rows):
    """Return a batch of features as a dense float32 tensor."""
    batch = X[rows]
    dense = batch.toarray() if sp.issparse(batch) else np.ascontiguousarray(batch)
    # torch has no read-only tensors, and warns of memory that may not be written.
    return torch.from_numpy(dense if dense.flags.writeable else dense.copy())


def memory_batches(dataset, batch_size, shuffle=False, **kwargs):
    """Return a loader that asks `Rows` for whole batches: no collating row by row."""
    order = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
    batches = BatchSampler(order, batch_size, drop_last=False)
    return DataLoader(dataset, sampler=batches, batch_size=None, **kwargs)


class HierarchicalNet(NeuralNet):
    """`skorch.NeuralNet` for logits of many members and labels with row weights."""

    def get_loss(self, y_pred, y_true, X=None, training=False):  # noqa: ARG002
        """Compute the criterion from logits, labels and, where given, row weights."""
        return self.criterion_(y_pred, *to_tensor(y_true, device=self.device))

    def iter_members(self, X, constrained=True):
        """Yield the members' probabilities (M, b, C) of some rows at a time."""
        self.module_.eval()
        with torch.inference_mode():
            for start in range(0, X.shape[0], self._chunk()):
                rows = slice(start, start + self._chunk())
                logits = self.infer(features(X, rows))
                p = torch.sigmoid(logits)
                yield rows, self.criterion_.constraint(p) if constrained else p

    def mean_proba(self, X):
        """Return coherent probabilities, the mean over members, in node order.

        Returns
        -------
        proba : ndarray of float32 of shape (n_samples, n_nodes), strictly in (0, 1)
        """
        proba = np.empty((X.shape[0], self.module__n_nodes), dtype=np.float32)
        for rows, members in self.iter_members(X):
            # One member after the other: the same roundings in every column, so that
            # a parent stays above its child to the last bit.
            total = members[0].clone()
            for member in members[1:]:
                total += member
            mean = (total / len(members)).clamp_(_MARGIN, 1 - _MARGIN)
            proba[rows] = mean.cpu().numpy()
        return proba

    def trim_for_prediction(self):
        """Drop what only training needs; the loss stays, it has the max constraint."""
        criterion = self.criterion_
        super().trim_for_prediction()
        self.criterion_ = criterion

    def _chunk(self):
        """Rows that are predicted at a time."""
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

    def on_epoch_end(self, net, dataset_valid=None, **kwargs):  # noqa: ARG002
        """Score the epoch."""
        scores = net.mean_proba(dataset_valid.X)
        scored = net.criterion_.scored.cpu().numpy()
        score = au_prc(dataset_valid.Y.toarray(), scores, scored=scored)
        net.history.record("valid_au_prc", float(score))


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


def train(net, rows, epochs):
    """Run some epochs on an initialised net; Ctrl-C ends training with a warning."""
    net.notify("on_train_begin", X=rows, y=None, epochs=epochs)
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

"""The private skorch net behind the classifier.

Stage: `Rows` to one training step, or to coherent probabilities. Its ``module_`` maps
features (B, F) to logits (M, B, C).
"""

from __future__ import annotations

import contextlib
import inspect

import numpy as np
import torch
from sklearn.utils import gen_batches
from sklearn.utils.validation import _num_samples
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    PassthroughScoring,
)

from . import _torch
from ._callbacks import EpochTime, StopOnNan
from ._rows import features, memory_batches, whole_sizes
from ._together import ALONE

# Largest hidden or output tensor in prediction, in entries (16 MB of float32).
_CHUNK_ENTRIES = 2**22

# float32's nearest neighbours of 0 and 1: probabilities stay strictly between them, and
# what is told apart by the network stays so.
LOWEST, HIGHEST = torch.finfo(torch.float32).tiny, 1 - 2**-24


class HierarchicalNet(NeuralNet):
    """`skorch.NeuralNet` for logits of many members and labels with row weights."""

    generator_ = None

    # Who trains, while it does, and the part of a batch that this process has.
    together_ = ALONE
    share_ = 1.0

    # Of the products in training.
    precision_ = "float32"

    # Whether the callbacks have heard of the begin of training.
    begun_ = False

    # -- training ----------------------------------------------------------------------

    @contextlib.contextmanager
    def drawing_from(self, order, masks, together=ALONE, foreign=()):
        """Draw the order of rows and the dropout masks from these generators.

        ``together`` are those who train; code of the user's draws from the ``foreign``
        generators.
        """
        own = {"generator_": order, "masks_": masks, "foreign_": foreign}
        vars(self).update(own, together_=together)
        self.module_.draw_from(masks)
        try:
            yield
        finally:
            for name in (*own, "together_", "share_"):
                vars(self).pop(name, None)
            self.module_.draw_from(None)

    def draw_apart(self):
        """Let the user's code draw other numbers in each process of a training.

        Before each epoch: that is where one that was interrupted goes on.
        """
        if self.together_.n > 1:
            seed, epoch = self.generator_.initial_seed(), len(self.history)
            own = np.random.SeedSequence((seed, epoch, self.together_.rank))
            for generator in self.foreign_:
                generator.manual_seed(int(own.generate_state(1)[0]))

    def initialize_callbacks(self):
        """Make the callbacks; they have heard of nothing yet."""
        self.begun_ = False
        return super().initialize_callbacks()

    def get_iterator(self, dataset, training=False):
        """Make batches; ours shuffle by the generator of the fit."""
        if not training or self.iterator_train is not memory_batches:
            if training and self.together_.n > 1:
                raise ValueError(
                    "In `net_params`: the batches of `iterator_train` can't be split "
                    "over processes; leave it out. Options of a DataLoader, such as "
                    "iterator_train__num_workers, may stay."
                )
            return super().get_iterator(dataset, training)
        given = self.get_params_for("iterator_train")
        own = {"batch_size": self.batch_size, "generator": self.generator_}
        if self.together_.n > 1:
            own["part"] = lambda size: self.together_.part(size)[0]
        return memory_batches(dataset, **{**own, **given})

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run an epoch as skorch does, but without a wait for the device in each step.

        Of batches that are split the history has the whole ones.
        """
        if iterator is None:
            return
        split = training and self.together_.n > 1
        sizes = iter(whole_sizes(iterator)) if split else None
        losses = []
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            n_rows = next(sizes) if split else len(batch[0])
            if split:
                self._take_part(n_rows)
            step = step_fn(batch, **fit_params)
            losses.append(step["loss"].detach())
            self.history.record_batch(f"{prefix}_loss", self._now(losses[-1]))
            self.history.record_batch(f"{prefix}_batch_size", n_rows)
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self._record_losses(f"{prefix}_loss", losses)
        self.history.record(f"{prefix}_batch_count", len(losses))

    def _now(self, loss):
        """Return a loss as a number, where that is no wait, else as a tensor."""
        return loss.item() if loss.device.type == "cpu" else loss

    def _record_losses(self, name, losses):
        """Record the losses of an epoch's batches as numbers, the same for all."""
        if not losses:
            return
        numbers = self.together_.agreed(torch.stack(losses).tolist())
        batches = self.history[-1]["batches"][-len(losses) :]
        for batch, number in zip(batches, numbers, strict=True):
            batch[name] = number

    def _take_part(self, n_rows):
        """Let the next step be one on this process's part of a batch."""
        rows, self.share_ = self.together_.part(n_rows)
        self.module_.draw_from(self.masks_, (n_rows, rows))

    def get_loss(self, y_pred, y_true, X=None, training=False):  # noqa: ARG002
        """Compute the criterion from logits, labels and, where given, row weights."""
        y_true = (_torch.moved(target, self.device) for target in y_true)
        return self.criterion_(y_pred, *y_true)

    def train_step(self, batch, **fit_params):
        """Take one step; as skorch's, without what it does besides.

        Its closure, its accumulator and setting the mode of every module anew cost a
        small network a quarter of the step.
        """
        if _needs_closure(self.optimizer_):
            return super().train_step(batch, **fit_params)
        self.optimizer_.zero_grad()
        step = self.train_step_single(batch)
        self._notify_of_gradients(batch)
        self.optimizer_.step()
        return step

    def train_step_single(self, batch, **fit_params):  # noqa: ARG002
        """Compute loss and gradients, of the whole batch where it is split."""
        if not self.module_.training:  # a callback may have predicted
            self._set_training(True)
        x, targets = batch
        with self._products():
            y_pred = self.module_(_torch.moved(x, self.device))
        if self.precision_ != "float32":
            y_pred = y_pred.float()
        loss = self.get_loss(y_pred, targets)
        if self.together_.n > 1:
            loss = loss * self.share_
            loss.backward()
            loss = self.together_.add_up(loss, self.module_.parameters())
        else:
            loss.backward()
        return {"loss": loss, "y_pred": y_pred}

    def _products(self):
        """Compute products in the precision that the user has asked for."""
        if self.precision_ == "float32":
            return contextlib.nullcontext()
        # Without the cache of narrow weights, which lasts as long as the outermost
        # context: that is around the whole training, and weights change in each step.
        device = torch.device(self.device).type
        return torch.autocast(device, torch.bfloat16, cache_enabled=False)

    def _notify_of_gradients(self, batch):
        """Call `on_grad_computed` of those callbacks that do something there."""
        for _, callback in self.callbacks_:
            if type(callback).on_grad_computed is not Callback.on_grad_computed:
                parameters = list(self.get_all_learnable_params())
                callback.on_grad_computed(
                    self, named_parameters=parameters, batch=batch, training=True
                )

    def __getstate__(self):
        """Pickle as skorch does, but what a notebook defines by value.

        Workers send fitted nets back, and have no such class to refer to.
        """
        state = self.__dict__.copy()
        # Callbacks with them: learning-rate schedules hold the optimiser.
        heavy = (*self.cuda_dependent_attributes_, "callbacks")
        names = [name for name in state if str(name).startswith(heavy)]
        parts = {name: state.pop(name) for name in names}
        state["__cuda_dependent_attributes__"] = _torch.pickled(parts)
        return state

    # -- prediction --------------------------------------------------------------------

    def iter_members(self, X, constrained=True, corrected=False):
        """Yield the members' probabilities (M, b, C) of some rows at a time."""
        for rows, p in self._iter_proba(X, True, constrained, corrected):
            yield rows, self._settle_unscored(p) if constrained else p

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
        with _torch.usual(self.device):
            for rows, part in self.iter_mean(X, corrected):
                proba[rows] = part
        return proba

    def iter_mean(self, X, corrected=False):
        """Yield what `mean_proba` returns, (b, C) of some rows at a time."""
        for rows, members in self._iter_proba(X, False, True, corrected):
            yield rows, self._mean(members).cpu().numpy()

    @torch.inference_mode()
    def _mean(self, members):
        # One member after the other: the same roundings in every column, so that a
        # parent stays above its child to the last bit.
        total = members[0].clone()
        for member in members[1:]:
            total += member
        return self._settle_unscored(total / len(members)).clamp_(LOWEST, HIGHEST)

    def _iter_proba(self, X, members, constrained, corrected):
        self.module_.eval()
        for rows in gen_batches(_num_samples(X), self._chunk()):
            # Not around the loop: whoever leaves it early would stay in this mode.
            with torch.inference_mode():
                x = _torch.moved(features(X, rows), self.device)
                logits = self.module_.members(x) if members else self.module_(x)
                if corrected:
                    logits = logits - self.shift(x, logits).to(logits.dtype)
                p = torch.sigmoid(logits)
                p = self.criterion_.constraint(p) if constrained else p
            if not p.isfinite().all():
                raise ValueError(
                    "The network's outputs are NaN for some rows; its weights are "
                    "damaged, or the encoder fails on these rows."
                )
            yield rows, p

    def gives_numbers(self, X):
        """Tell whether the network's outputs are finite for a few rows."""
        self.module_.eval()
        with _torch.usual(self.device), torch.inference_mode():
            x = features(X, slice(0, _num_samples(X)))
            try:
                logits = self.module_(_torch.moved(x, self.device))
            except ValueError:  # an encoder's features
                return False
            return bool(logits.isfinite().all())

    def shift(self, x, logits):
        """Return what the weights have put on the logits.

        Where the focal weight has a say in it (a mix), it is that of the members, as in
        training; the one pass of a dropout ensemble knows no spread.
        """
        if self.criterion_.shift_depends_on_logits and len(logits) == 1:
            logits = self.module_.members(x)
        return self.criterion_.logit_shift(logits)

    @torch.inference_mode()
    def _settle_unscored(self, p):
        """Give unscored nodes, of which nothing was learnt, their training frequency.

        At least their children's probability, and at most that of scored ancestors, so
        that all stays coherent. In place.
        """
        # Children come before their parents; each list is in that order.
        for node, frequency, children, ancestors in self.unscored_:
            value = torch.full_like(p[..., node], frequency)
            if len(children):
                value = torch.maximum(value, p[..., children].amax(-1))
            if len(ancestors):
                value = torch.minimum(value, p[..., ancestors].amin(-1))
            p[..., node] = value
        return p

    def set_frequencies(self, hierarchy, frequencies):
        """Learn how often unscored nodes come, and what stands around them."""
        self.unscored_ = []
        for node in np.flatnonzero(~hierarchy.scored)[::-1].tolist():
            name = hierarchy.nodes[node]
            children = hierarchy.index(list(hierarchy.children(name)))
            above = hierarchy.index(list(hierarchy.ancestors(name)))
            entry = children.tolist(), above[hierarchy.scored[above]].tolist()
            self.unscored_.append((node, float(frequencies[node]), *entry))

    def trim_for_prediction(self):
        """Drop what only training needs; the loss stays, it has the max constraint."""
        criterion = self.criterion_
        super().trim_for_prediction()
        self.criterion_ = criterion
        self.given_callbacks_ = []

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
            ("epoch_timer", EpochTime()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
            ("diverged", StopOnNan()),
        ]


def _needs_closure(optimizer):
    """Tell an optimiser that computes the loss several times per step (LBFGS)."""
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    return closure is not None and closure.default is closure.empty

"""Coming back: what a fit that fails, or is interrupted, leaves behind.

Stage: around training. In: an estimator or its net before it is trained on. Out: the
same again, whole, where training does not end well.
"""

from __future__ import annotations

import contextlib
import copy
from numbers import Integral

import torch

from . import _torch
from ._callbacks import settle_share
from ._tasks import WHILE_FITTING
from .losses import SIDES


class Saved:
    """A net at some moment, to come back to.

    Parameters
    ----------
    net : HierarchicalNet
    whole : bool
        Whether with the optimiser's state, which is larger than the weights, and with
        callbacks and settings.
    """

    def __init__(self, net, whole=False):
        self.weights = {
            name: copy.deepcopy(value.detach() if torch.is_tensor(value) else value)
            for name, value in net.module_.state_dict().items()
        }
        loss = net.criterion_
        self.node_weights = loss.node_weight.clone(), loss.negative_weight.clone()
        self.share = net.criterion_.share
        self.n_epochs = len(net.history)
        self.optimizer = None
        if whole:
            self.optimizer = copy.deepcopy(net.optimizer_.state_dict())
            self.settings = dict(vars(net))
            self.callbacks = [(one, dict(vars(one))) for _, one in net.callbacks_]
            schedules = [
                getattr(one, "lr_scheduler_", None) for _, one in net.callbacks_
            ]
            self.schedules = [
                (one, copy.deepcopy(one.state_dict()))
                for one in schedules
                if one is not None
            ]

    def renewed(self, net):
        """Take the net's present state, into the same memory."""
        try:
            self._take(net)
        except KeyboardInterrupt:
            self._take(net)  # halves of two epochs are none
            raise
        return self

    def _take(self, net):
        for name, value in net.module_.state_dict().items():
            if torch.is_tensor(value):
                self.weights[name].copy_(value)
            else:
                self.weights[name] = copy.deepcopy(value)
        self.share, self.n_epochs = net.criterion_.share, len(net.history)

    def restore(self, net):
        """Bring the net back."""
        net.module_.load_state_dict(self.weights)
        for side, weight in zip(SIDES, self.node_weights, strict=True):
            net.criterion_.set_node_weight(weight.numpy(), side)
        net.criterion_.share = self.share
        del net.history[self.n_epochs :]
        if self.optimizer is None:
            settle_share(net)
            return
        vars(net).clear()
        vars(net).update(self.settings)
        net.optimizer_.load_state_dict(self.optimizer)
        for callback, attributes in self.callbacks:
            vars(callback).clear()
            vars(callback).update(attributes)
        for schedule, state in self.schedules:
            schedule.load_state_dict(state)


@contextlib.contextmanager
def all_or_nothing(estimator, goes_on):
    """Leave an estimator as it was where fitting fails, or is refused."""
    before = dict(estimator.__dict__)
    trained = before.get("net_") if goes_on else None
    can_change = getattr(trained, "optimizer_", None) is not None  # None: trimmed
    saved = None
    if can_change:
        with _torch.usual(trained.device):
            saved = Saved(trained, whole=True)
    # Numbers that a failure has drawn are drawn again, if they are this fit's alone.
    own = isinstance(estimator.random_state, Integral) and goes_on
    drawn = estimator._random_state.get_state() if own else None
    try:
        yield
    except BaseException:
        kept = {k: v for k, v in vars(estimator).items() if k in WHILE_FITTING}
        estimator.__dict__.clear()
        estimator.__dict__.update(before | kept)
        if drawn is not None:
            estimator._random_state.set_state(drawn)
        if saved is not None:
            with _torch.usual(trained.device):
                saved.restore(trained)
        raise

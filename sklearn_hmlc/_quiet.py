"""Clones for folds, whose training leaves nothing behind.

Stage: before what is inside a wrapper is fitted on some of the rows. skorch's callbacks
write checkpoints and logs; these are the user's, of the model that stays, and a fold
must not write over them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from sklearn.base import clone
from skorch import callbacks as skorch
from skorch.callbacks import Callback

# What does nothing but write.
_WRITERS = (
    skorch.TrainEndCheckpoint,
    skorch.TensorBoard,
    skorch.WandbLogger,
    skorch.NeptuneLogger,
    skorch.SacredLogger,
    skorch.MlflowLogger,
)


def quiet_clone(estimator: Any) -> Any:
    """Clone an estimator; networks inside have callbacks that leave no files."""
    same = clone(estimator)
    for name, value in same.get_params(deep=True).items():
        parameter = name.rpartition("__")[2]
        if parameter == "net_params" and isinstance(value, dict):
            given = value.get("callbacks")
            if isinstance(given, list | tuple):
                value = {**value, "callbacks": list(_quiet(given))}
                same.set_params(**{name: value})
        elif parameter == "callbacks" and isinstance(value, list | tuple):
            same.set_params(**{name: list(_quiet(value))})  # a net of skorch's own
    return same


def _quiet(callbacks: Any) -> Iterator[Any]:
    for given in callbacks:
        named = isinstance(given, tuple)
        one = given[1] if named else given
        kind = one if isinstance(one, type) else type(one)
        if issubclass(kind, skorch.Checkpoint):
            if isinstance(one, type) or not one.load_best or one.monitor is None:
                continue
            best = BestWeights(one.monitor)
            yield (given[0], best) if named else best
        elif not issubclass(kind, _WRITERS):
            yield given


class BestWeights(Callback):  # type: ignore[misc]
    """What `skorch.callbacks.Checkpoint` with ``load_best`` does to a net, in memory.

    Parameters
    ----------
    monitor : str or callable
        As of the checkpoint.
    """

    def __init__(self, monitor: Any) -> None:
        self.monitor = monitor

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Forget an earlier training."""
        self.weights_ = None

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Keep the weights of an epoch that is better than those before."""
        best = self.monitor
        if best(net) if callable(best) else net.history[-1, best]:
            self.weights_ = copy.deepcopy(net.module_.state_dict())

    def on_train_end(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Load the best weights."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)

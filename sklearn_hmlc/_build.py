"""From the classifier's parameters to an initialised net, in skorch's words.

Stage: between validation and training. In: the estimator, with what it has learnt about
the form of the data. Out: a `HierarchicalNet`, fresh or made ready to go on.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import operator
from numbers import Integral

import numpy as np
import torch
from skorch.callbacks import Callback, LRScheduler
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ._callbacks import OwnCallback, StopOnNan, callbacks_of, own_callbacks
from ._net import HierarchicalNet
from ._rows import features, memory_batches
from ._together import ALONE
from ._validation import mostly_zeros
from .losses import HierarchicalFocalLoss
from .nn import ENSEMBLES, EncodedHeads, RowAdam, encoded_width

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

# Root mean square of a sparse row's entries, 1 for standardised ones. Less overfits
# less and takes more epochs; chosen on validation rows.
_SCALE = 0.3

# What the training loop here takes from the classifier and not from the net.
_OURS_ALONE = ("max_epochs", "verbose", "warm_start")

# Optimisers of which torch has a fused form: one pass over the parameters per step.
_FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad)


def make_net(estimator, rows, device, generator, together=ALONE):
    """Return an initialised net; ``net_params`` go before the other parameters."""
    if not estimator.hierarchy_.scored.any():
        raise ValueError("Expected a hierarchy with at least one scored node.")
    given = checked_net_params(estimator)
    sparse_input = _sparse_input(estimator, rows.X)
    params = {
        **_module(estimator, rows),
        "module__sparse_input": sparse_input,
        **_criterion(estimator),
        **_optimizer(estimator),
        **_lazy_optimizer(estimator, sparse_input),
        "max_epochs": estimator.max_epochs_,
        "batch_size": estimator.batch_size_,
        "iterator_train": memory_batches,
        "iterator_train__shuffle": True,
        "iterator_valid": memory_batches,
        "train_split": None,
        "device": str(device),
        "verbose": 0,
    }
    try:
        callbacks = callbacks_of(estimator, together.first)
        net = HierarchicalNet(**{**params, **given}, callbacks=callbacks)
        with drawing_weights(net, generator):
            net.initialize()
    except (TypeError, ValueError) as error:
        # skorch's words for a name that it doesn't know; ours are all known.
        if "unexpected argument" not in str(error):
            raise
        raise ValueError(f"In `net_params`: {error}") from error
    net.rates_ = estimator.lr_, encoder_lr(estimator)
    net.given_callbacks_ = given_callbacks(estimator)
    net.precision_ = estimator.precision
    return net


def given_callbacks(estimator):
    """Return the user's callbacks, as given."""
    return list((estimator.net_params or {}).get("callbacks") or [])


@contextlib.contextmanager
def drawing_weights(net, generator):
    """Let a net draw its initial weights from a generator, and forget it then."""
    net.module = _Maker(net.module, generator)
    try:
        yield
        net.module_.draw_from(None)
    finally:
        net.module = net.module.make


class _Maker:
    """`make_module` with a generator, which must not stay in the net's parameters."""

    def __init__(self, make, generator):
        self.make, self.generator = make, generator

    def __call__(self, **settings):
        return self.make(generator=self.generator, **settings)


def make_module(*, encoder, freeze_encoder, ensemble, **settings):
    """Return the ensemble, behind a copy of the encoder where there is one."""
    # float32, whatever torch's default is; activations may have weights, too.
    heads = ENSEMBLES[ensemble](**settings, dtype=torch.float32).float()
    if encoder is None:
        return heads
    return EncodedHeads(copy.deepcopy(encoder), heads, freeze=freeze_encoder)


def refresh_net(net, estimator, restart, together=ALONE):
    """Take up the parameters that may change while training goes on.

    Those that ``net_params`` give stay; they go before the estimator's. ``restart``:
    whether this is a training of its own, with callbacks and rates from their start, or
    one more part of the same one.
    """
    given = estimator.net_params or {}
    if restart or not _same_callbacks(net, estimator):
        net.callbacks = callbacks_of(estimator, together.first)
        net.initialize_callbacks()
        start_anew(net)
        net.given_callbacks_ = given_callbacks(estimator)
    rates = estimator.lr_, encoder_lr(estimator)
    if {"lr", "optimizer__lr", "optimizer__param_groups"} & set(given):
        pass
    elif restart or rates != net.rates_:
        # In place: the optimiser keeps its moments.
        net.set_params(lr=estimator.lr_)
        _set_encoder_lr(net, estimator)
        _tell_schedules(net)
    net.rates_ = rates
    if "batch_size" not in given:
        net.batch_size = estimator.batch_size_
    net.precision_ = estimator.precision
    return net


def _tell_schedules(net):
    """Let learning-rate schedules go on from the rates that are set now."""
    rates = [group["lr"] for group in net.optimizer_.param_groups]
    for _, callback in net.callbacks_:
        schedule = getattr(callback, "lr_scheduler_", None)
        if hasattr(schedule, "base_lrs"):
            schedule.base_lrs = list(rates)


def _same_callbacks(net, estimator):
    kinds = [type(one) for one in own_callbacks(estimator)]
    own = [
        type(one)
        for _, one in net.callbacks_
        if isinstance(one, OwnCallback) and not isinstance(one, StopOnNan)
    ]
    now, before = given_callbacks(estimator), net.given_callbacks_
    same = len(now) == len(before) and all(map(operator.is_, now, before))
    return kinds == own and same


def start_anew(net):
    """Let learning-rate schedules start from their first epoch, at the present rates.

    skorch would let them go on from the net's number of epochs, with the rates of the
    schedule before them, if there was one.
    """
    for group in net.optimizer_.param_groups:
        group.pop("initial_lr", None)
    for _, callback in net.callbacks_:
        policy = getattr(callback, "policy", None)
        by_epoch = policy not in ("ReduceLROnPlateau", ReduceLROnPlateau)
        if isinstance(callback, LRScheduler) and by_epoch:
            callback.last_epoch = vars(callback).get("last_epoch", -1)


def checked_net_params(estimator):
    """Return ``net_params`` less the callbacks, or raise where they can't be used."""
    given = dict(estimator.net_params or {})
    given.pop("callbacks", None)
    if "train_split" in given:
        raise ValueError(
            "In `net_params`: `train_split` is set by `early_stopping` and "
            "`validation_fraction`; use these."
        )
    for name in _OURS_ALONE:
        if name in given:
            raise ValueError(
                f"In `net_params`: `{name}` is a parameter of the classifier; set it "
                "there."
            )
    side = "node" if estimator.node_weight_side == "positive" else "negative"
    taken = f"criterion__{side}_weight"
    if taken in given and estimator.node_weight is not None:
        raise ValueError(
            f"In `net_params`: `{taken}` is set by `node_weight`; set this to None, or "
            "to the weights."
        )
    size = given.get("batch_size", 1)
    if not isinstance(size, Integral) or size < 1:
        raise ValueError(
            "In `net_params`: expected `batch_size` to be a whole number of at least "
            f"1, but got {size!r}."
        )
    if "optimizer" in given:
        _check_optimizer(given["optimizer"], "In `net_params`: expected `optimizer`")
    return {**given, **_of_outputs(estimator, given)}


def _of_outputs(estimator, given):
    """Cut weights by node to the nodes that the net answers for."""
    n_nodes = estimator.hierarchy_.n_nodes
    names = ("criterion__node_weight", "criterion__negative_weight")
    weights = {name: given[name] for name in names if given.get(name) is not None}
    return {
        name: estimator._outputs.of(np.asarray(weight))
        if np.shape(weight) == (n_nodes,)
        else weight
        for name, weight in weights.items()
    }


def _module(estimator, rows):
    n_inputs = estimator.encoder is None and estimator.n_features_in_
    return {
        "module": make_module,
        "module__encoder": estimator.encoder,
        "module__freeze_encoder": estimator.freeze_encoder,
        "module__ensemble": estimator.ensemble,
        "module__n_features": n_inputs
        or encoded_width(estimator.encoder, features(rows.X, slice(0, 2))),
        "module__n_nodes": estimator._outputs.hierarchy.n_nodes,
        "module__n_heads": int(estimator.n_estimators),
        "module__hidden_layer_sizes": widths(estimator.hidden_layer_sizes_),
        "module__activation": estimator.activation,
        "module__dropout": estimator.dropout_,
    }


def _sparse_input(estimator, X):
    """Arguments of a first layer for rows that are mostly zeros, or None.

    Rows are scaled to a share of the mean square of standardised ones. Gradients are
    sparse where the optimiser is ours to choose, and nothing looks at them in between.
    """
    if estimator.encoder is not None or not mostly_zeros(X) or X.nnz == 0:
        return None
    square = float(np.square(X.data, dtype=np.float64).mean()) * X.nnz / X.shape[0]
    return {
        "scale": float(np.clip(_SCALE * np.sqrt(X.shape[1] / square), 1e-30, 1e30)),
        "sparse_grad": _is_lazy(estimator),
    }


def _is_lazy(estimator):
    hook = Callback.on_grad_computed
    quiet = all(
        getattr(type(one), "on_grad_computed", hook) is hook
        for one in given_callbacks(estimator)
    )
    own = any(name.startswith("optimizer") for name in estimator.net_params or {})
    return estimator.optimizer in ("adam", "adamw") and quiet and not own


def _criterion(estimator):
    return {
        "criterion": HierarchicalFocalLoss,
        "criterion__hierarchy": estimator._outputs.hierarchy,
        "criterion__uncertainty": estimator.uncertainty,
        "criterion__focal_exponent": estimator.focal_exponent,
        "criterion__focal_floor": estimator.focal_floor,
        "criterion__mix": estimator.mix,
    }


def _optimizer(estimator):
    optimizer = OPTIMIZERS.get(estimator.optimizer, estimator.optimizer)
    words = f"Expected `optimizer` to be one of {sorted(OPTIMIZERS)} or"
    _check_optimizer(optimizer, words)
    # Not where the user chose another form, or another optimiser.
    own = {"optimizer", "optimizer__foreach"} & set(estimator.net_params or {})
    fused = {"optimizer__fused": True} if optimizer in _FUSED and not own else {}
    return {
        "optimizer": optimizer,
        "lr": estimator.lr_,
        **_weight_decay(estimator, optimizer),
        **fused,
        **_groups(estimator),
    }


def _check_optimizer(optimizer, words):
    is_class = isinstance(optimizer, type)
    if not (is_class and issubclass(optimizer, torch.optim.Optimizer)):
        raise ValueError(f"{words} a class of torch.optim, but got {optimizer!r}.")


def _lazy_optimizer(estimator, sparse_input):
    """Replace Adam where gradients of the first layer are sparse."""
    if not sparse_input or not sparse_input["sparse_grad"]:
        return {}
    decoupled = estimator.optimizer == "adamw"
    return {
        "optimizer": RowAdam,
        **({"optimizer__decoupled_weight_decay": True} if decoupled else {}),
    }


def _weight_decay(estimator, optimizer):
    if "weight_decay" in inspect.signature(optimizer).parameters:
        return {"optimizer__weight_decay": estimator.weight_decay}
    if estimator.weight_decay:
        raise ValueError(
            f"{optimizer.__name__} has no weight decay; set `weight_decay` to 0."
        )
    return {}


def _groups(estimator):
    """Let the encoder have a group of parameters of its own, with its own rate."""
    if estimator.encoder is None:
        return {}
    group = ("encoder.*", {"lr": encoder_lr(estimator)})
    return {"optimizer__param_groups": [group]}


def encoder_lr(estimator):
    """Learning rate of the encoder."""
    return estimator.lr_ if estimator.encoder_lr is None else estimator.encoder_lr


def _set_encoder_lr(net, estimator):
    if estimator.encoder is None:
        return
    own = set(net.module_.encoder.parameters())
    for group in net.optimizer_.param_groups:
        if own.intersection(group["params"]):
            group["lr"] = encoder_lr(estimator)


def widths(sizes):
    """Return the widths of hidden layers as a tuple, or raise."""
    numbers = np.atleast_1d(np.asarray(sizes)).tolist()
    if not all(isinstance(width, int) and width > 0 for width in numbers):
        raise ValueError(
            "Expected `hidden_layer_sizes` to be whole numbers of at least 1, but got "
            f"{sizes!r}."
        )
    return tuple(numbers)

"""From the classifier's parameters to an initialised net, in skorch's words.

Stage: between validation and training. In: the estimator, with what it learnt about the
data (features, hierarchy, node weights). Out: a `HierarchicalNet`.
"""

import copy
import inspect

import numpy as np
import torch
from skorch.utils import noop

from . import _net
from ._rows import memory_batches
from .losses import HierarchicalFocalLoss, get_schedule
from .nn import DropoutMLP, EncodedHeads, LastLayerMLP, MultiHeadMLP

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

ENSEMBLES = {"heads": MultiHeadMLP, "dropout": DropoutMLP, "last_layer": LastLayerMLP}

# Optimisers of which torch has a fused form: one pass over the parameters a step.
_FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad)


def make_net(estimator, device, n_inputs):
    """Return an initialised net; ``net_params`` go before the other parameters."""
    given = _checked_net_params(estimator)
    params = {
        **_module(estimator, n_inputs),
        **_criterion(estimator),
        **_optimizer(estimator),
        "max_epochs": estimator.max_epochs,
        "batch_size": int(estimator.batch_size),
        "iterator_train": memory_batches,
        "iterator_train__shuffle": True,
        "iterator_valid": memory_batches,
        "train_split": None,
        "device": str(device),
        "verbose": 0,
    }
    callbacks = callbacks_of(estimator)
    try:
        net = _net.HierarchicalNet(**{**params, **given}, callbacks=callbacks)
        return net.initialize()
    except (TypeError, ValueError) as error:
        # skorch's words for a name that it doesn't know; ours are all known.
        if "unexpected argument" not in str(error):
            raise
        raise ValueError(f"In `net_params`: {error}") from error


def refresh_net(net, estimator):
    """Take up the parameters that may change while training goes on.

    Those that ``net_params`` give stay; they go before the estimator's.
    """
    given = estimator.net_params or {}
    net.callbacks = callbacks_of(estimator)
    net.initialize_callbacks()
    if not {"lr", "optimizer__lr", "optimizer__param_groups"} & set(given):
        # In place: the optimiser keeps its moments.
        net.set_params(lr=estimator.lr)
        _set_encoder_lr(net, estimator)
    if "batch_size" not in given:
        net.batch_size = int(estimator.batch_size)


def _checked_net_params(estimator):
    given = dict(estimator.net_params or {})
    given.pop("callbacks", None)
    if "train_split" in given:
        raise ValueError(
            "In `net_params`: `train_split` is set by `early_stopping` and "
            "`validation_fraction`; use these."
        )
    if given.get("batch_size", 1) < 1:
        raise ValueError(
            "In `net_params`: expected `batch_size` to be at least 1, but got "
            f"{given['batch_size']}."
        )
    return given


def _module(estimator, n_inputs):
    return {
        "module": make_module,
        "module__encoder": estimator.encoder,
        "module__freeze_encoder": estimator.freeze_encoder,
        "module__ensemble": estimator.ensemble,
        "module__n_features": n_inputs,
        "module__n_nodes": estimator.hierarchy_.n_nodes,
        "module__n_heads": int(estimator.n_estimators),
        "module__hidden_layer_sizes": _widths(estimator.hidden_layer_sizes),
        "module__activation": estimator.activation,
        "module__dropout": estimator.dropout,
    }


def make_module(*, encoder, freeze_encoder, ensemble, **settings):
    """Return the ensemble, behind a copy of the encoder where there is one."""
    heads = ENSEMBLES[ensemble](**settings)
    if encoder is None:
        return heads
    return EncodedHeads(copy.deepcopy(encoder), heads, freeze=freeze_encoder)


def _criterion(estimator):
    return {
        "criterion": HierarchicalFocalLoss,
        "criterion__hierarchy": estimator.hierarchy_,
        "criterion__node_weight": estimator.node_weights_,
        "criterion__uncertainty": estimator.uncertainty,
        "criterion__focal_exponent": estimator.focal_exponent,
        "criterion__focal_floor": estimator.focal_floor,
        "criterion__mix": estimator.mix,
    }


def _optimizer(estimator):
    optimizer = OPTIMIZERS.get(estimator.optimizer, estimator.optimizer)
    if not issubclass(optimizer, torch.optim.Optimizer):
        raise ValueError(
            f"Expected `optimizer` to be one of {sorted(OPTIMIZERS)} or a class of "
            f"torch.optim, but got {optimizer}."
        )
    # Not where the user chose another form, or another optimiser.
    own = {"optimizer", "optimizer__foreach"} & set(estimator.net_params or {})
    fused = {"optimizer__fused": True} if optimizer in _FUSED and not own else {}
    return {
        "optimizer": optimizer,
        "lr": estimator.lr,
        **_weight_decay(estimator, optimizer),
        **fused,
        **_groups(estimator),
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
    group = ("encoder.*", {"lr": _encoder_lr(estimator)})
    return {"optimizer__param_groups": [group]}


def _encoder_lr(estimator):
    return estimator.lr if estimator.encoder_lr is None else estimator.encoder_lr


def _set_encoder_lr(net, estimator):
    if estimator.encoder is None:
        return
    own = set(net.module_.encoder.parameters())
    for group in net.optimizer_.param_groups:
        if own.intersection(group["params"]):
            group["lr"] = _encoder_lr(estimator)


def _widths(sizes):
    widths = np.atleast_1d(np.asarray(sizes)).tolist()
    if not all(isinstance(width, int) and width > 0 for width in widths):
        raise ValueError(
            "Expected `hidden_layer_sizes` to be whole numbers of at least 1, but got "
            f"{sizes!r}."
        )
    return tuple(widths)


def callbacks_of(estimator):
    """Return fresh callbacks: ours, and copies of the user's."""
    given = (estimator.net_params or {}).get("callbacks") or []
    if not isinstance(given, list | tuple):
        raise ValueError(
            f"In `net_params`: expected `callbacks` to be a list, but got {given!r}."
        )
    # skorch writes on callbacks, and parameters are not ours to change.
    return [*_own_callbacks(estimator), *copy.deepcopy(list(given))]


def _own_callbacks(estimator):
    callbacks = []
    if estimator.schedule is not None:
        share = get_schedule(estimator.schedule, estimator.schedule_exponent)
        callbacks.append(_net.Schedule(share))
    if estimator.early_stopping:
        stop = _net.BestEpoch(
            monitor="valid_au_prc",
            patience=estimator.n_iter_no_change,
            lower_is_better=False,
            load_best=True,
            sink=noop,
        )
        callbacks += [_net.ValidationScore(estimator.prior_correction), stop]
    return callbacks + ([_net.Progress()] if estimator.verbose else [])

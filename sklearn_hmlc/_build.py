"""From the classifier's parameters to an uninitialised net, in skorch's words.

Stage: between validation and training. In: the estimator, with what it learnt about the
data (features, hierarchy, node weights). Out: a `HierarchicalNet`.
"""

import torch
from skorch.callbacks import EarlyStopping
from skorch.utils import noop

from . import _net
from .losses import HierarchicalFocalLoss
from .nn import MultiHeadMLP

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

# Optimisers of which torch has a fused form: one pass over the parameters a step.
_FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad)


def make_net(estimator, device):
    """Return the net; what ``net_params`` names goes before what the others say."""
    given = dict(estimator.net_params or {})
    callbacks = [*_callbacks(estimator), *given.pop("callbacks", [])]
    params = {
        **_module(estimator),
        **_criterion(estimator),
        **_optimizer(estimator),
        "max_epochs": estimator.max_epochs,
        "batch_size": estimator.batch_size,
        "iterator_train": _net.memory_batches,
        "iterator_train__shuffle": True,
        "iterator_valid": _net.memory_batches,
        "train_split": None,
        "device": str(device),
        "verbose": 0,
    }
    return _net.HierarchicalNet(**{**params, **given}, callbacks=callbacks)


def _module(estimator):
    return {
        "module": MultiHeadMLP,
        "module__n_features": estimator.n_features_in_,
        "module__n_nodes": estimator.hierarchy_.n_nodes,
        "module__n_heads": estimator.n_estimators,
        "module__hidden_layer_sizes": tuple(estimator.hidden_layer_sizes),
        "module__activation": estimator.activation,
        "module__dropout": estimator.dropout,
    }


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
    fused = {"optimizer__fused": True} if optimizer in _FUSED else {}
    return {
        "optimizer": optimizer,
        "optimizer__weight_decay": estimator.weight_decay,
        "lr": estimator.lr,
        **fused,
    }


def _callbacks(estimator):
    callbacks = []
    if estimator.early_stopping:
        stop = EarlyStopping(
            monitor="valid_au_prc",
            patience=estimator.n_iter_no_change,
            lower_is_better=False,
            load_best=True,
            sink=noop,
        )
        callbacks += [_net.ValidationScore(), stop]
    return callbacks + ([_net.Progress()] if estimator.verbose else [])

"""A fitted classifier as plain data, and back: what model files hold of it.

Stage: between a fit and a file. In: the classifier's attributes. Out: the same, but for
what torch and skorch make: of the net its settings, weights and history, of encoders
what `_encoders` keeps. What the optimiser and callbacks remember is not kept, as after
a `fit`; training goes on with those that the parameters ask for.
"""

from __future__ import annotations

import copyreg
import inspect
import os

import numpy as np
import torch
from skorch import NeuralNet
from torch import nn

from . import _encoders, _torch
from ._aside import parts
from ._build import drawing_weights, given_callbacks, make_module, start_anew
from ._callbacks import callbacks_of
from ._net import HierarchicalNet
from ._params import fixed_params
from ._rows import memory_batches
from ._together import LAUNCHED
from ._versions import Versioned
from .losses import HierarchicalFocalLoss

# What every net has, and no file needs to say.
_USUAL = {
    "module": make_module,
    "criterion": HierarchicalFocalLoss,
    "iterator_train": memory_batches,
    "iterator_valid": memory_batches,
}
_DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(NeuralNet.__init__).parameters.items()
}
_MISSING = object()

# -- to plain data ---------------------------------------------------------------------


class Plain(Versioned):
    """Tells files of itself in plain data, and pickles as it is."""

    def __reduce_ex__(self, protocol):
        # Pickles and copies keep all, what the optimiser remembers too.
        return copyreg.__newobj__, (type(self),), super().__getstate__()

    def __getstate__(self):
        # For model files, which hold no objects of torch and skorch.
        return as_plain(self, super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__(state)
        restore(self)


def as_plain(estimator, state):
    """Return an estimator's state without objects of torch and skorch."""
    plain = {name: _plain_value(value) for name, value in state.items()}
    if "net_" in state:
        plain["net_"] = _plain_net(state["net_"])
        plain["_made_with"] = _plain_made_with(estimator)
    return plain


def _plain_value(value):
    if isinstance(value, os.PathLike):
        return os.fspath(value)  # the folder of checkpoints, which is the same by name
    if not isinstance(value, nn.Module):
        return value
    kept = _keep(value, _encoders.tensors_of(value))
    return {"torch_module": _encoders.as_plain(value), **kept}


def _plain_made_with(estimator):
    """Say which parameters are those of the fit, and what the others were."""
    present = fixed_params(estimator)
    made_with = estimator._made_with
    others = {
        name: _plain_value(value)
        for name, value in made_with.items()
        if value is not present.get(name, _MISSING)
    }
    return {"same": [name for name in made_with if name not in others], **others}


def _plain_net(net):
    trimmed = bool(getattr(net, "_trimmed_for_prediction", False))
    loss = net.criterion_
    return {
        "params": {
            name: _plain_value(value)
            for name, value in vars(net).items()
            if _is_told(name, value, trimmed)
        },
        "weights": _keep(net.module_, net.module_.state_dict()),
        "node_weight": loss.node_weight.numpy(),
        "negative_weight": loss.negative_weight.numpy(),
        "share": float(loss.share),
        "history": [_without_batches(epoch) for epoch in net.history],
        "rates": list(net.rates_),
        "trimmed": trimmed,
    }


def _is_told(name, value, trimmed):
    """Tell whether a file has to say an attribute of a net."""
    if name.endswith("_") or name.startswith(("_", "callbacks")):
        return False  # what was made of the parameters, or comes from the estimator's
    if trimmed and (name in ("criterion", "iterator_train") or "optimizer" in name):
        return False  # None there
    return value is not {**_DEFAULTS, **_USUAL}.get(name, _MISSING)


def _without_batches(epoch):
    return {name: value for name, value in epoch.items() if name != "batches"}


def _keep(owner, tensors):
    """Keep tensors beside the state, or as arrays in it."""
    tensors = {name: tensor.detach().cpu() for name, tensor in tensors.items()}
    aside = parts()
    if aside is not None:
        return {"prefix": aside.keep_tensors(owner, tensors)}
    # NumPy has no bfloat16: its bits then.
    halves = [name for name, x in tensors.items() if x.dtype == torch.bfloat16]
    bits = {name: tensors[name].view(torch.int16) for name in halves}
    arrays = {name: x.numpy() for name, x in {**tensors, **bits}.items()}
    return {"arrays": arrays, "bfloat16": halves}


# -- and back --------------------------------------------------------------------------


def restore(estimator):
    """Turn plain data among an estimator's attributes into what they stand for."""
    own = vars(estimator)
    own.update({name: _value(value) for name, value in own.items()})
    if "net_" in own:  # written before it could be "auto"
        own.setdefault("dropout_", estimator.dropout)
    if isinstance(own.get("net_"), dict):  # pickles have the net itself
        own["_made_with"] = _made_with(estimator)
        own["net_"] = _net(estimator, own["net_"])


def _value(value):
    if isinstance(value, dict) and "torch_module" in value:
        aside = parts()
        given = [] if aside is None else aside.encoders
        return _encoders.from_plain(value["torch_module"], _kept(value), given)
    return value


def _made_with(estimator):
    kept = dict(estimator._made_with)
    same, present = kept.pop("same"), fixed_params(estimator)
    return {
        **{name: present[name] for name in same},
        **{name: _value(value) for name, value in kept.items()},
    }


@_torch.usual("cpu")
def _net(estimator, kept):
    """Make the net as it was made for the fit, and fill in what it has learnt."""
    params = {name: _value(value) for name, value in kept["params"].items()}
    params["device"] = _device(estimator.device, params["device"])
    net = HierarchicalNet(**{**_USUAL, **params}, callbacks=callbacks_of(estimator))
    # Initial weights are drawn, and thrown away: from no generator of anybody else.
    with drawing_weights(net, torch.Generator().manual_seed(0)):
        net.initialize()
    net.module_.load_state_dict(_kept(kept["weights"]))
    loss = net.criterion_
    loss.set_node_weight(kept["node_weight"], "positive")
    loss.set_node_weight(kept["negative_weight"], "negative")
    loss.share = float(kept["share"])
    for epoch in kept["history"]:
        net.history.new_epoch()
        for name, value in epoch.items():
            net.history.record(name, value)
    start_anew(net)
    net.rates_ = tuple(kept["rates"])
    net.given_callbacks_ = given_callbacks(estimator)
    net.precision_ = estimator.precision
    outputs = estimator._outputs
    net.set_frequencies(outputs.hierarchy, outputs.of(estimator._seen.frequencies))
    net.module_.eval()
    if kept["trimmed"]:
        net.trim_for_prediction()
    return net


def _device(wanted, trained_on):
    """Return where the net is to be: where it was trained, if there is such a place."""
    asked = "auto" if wanted in ("auto", LAUNCHED) else trained_on
    try:
        return str(_torch.device_of(asked))
    except ValueError:
        return "cpu"


def _kept(kept):
    """Return the tensors that `_keep` was given."""
    if "prefix" in kept:
        return parts().tensors_of(kept["prefix"])
    tensors = {
        name: torch.from_numpy(np.array(x)) for name, x in kept["arrays"].items()
    }
    bits = {name: tensors[name].view(torch.bfloat16) for name in kept["bfloat16"]}
    return {**tensors, **bits}

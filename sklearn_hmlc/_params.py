"""The classifier's parameters: what each may be, and what they mean to each other.

Stage: at the door of `fit`, before any data. In: the parameters as given. Out: warnings
of what does nothing, and which of them must stay while training goes on.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from ._build import OPTIMIZERS
from ._torch import PRECISIONS
from .hierarchy import Hierarchy
from .losses import COUNTS, SCHEDULES, SCHEMES, SIDES
from .nn import ACTIVATIONS, ENSEMBLES

AUTO = StrOptions({"auto"})

CONSTRAINTS = {
    "hierarchy": [Hierarchy, None],
    "ensemble": [StrOptions(set(ENSEMBLES))],
    "n_estimators": [Interval(Integral, 1, None, closed="left")],
    "hidden_layer_sizes": [
        AUTO,
        "array-like",
        Interval(Integral, 1, None, closed="left"),
    ],
    "activation": [StrOptions(set(ACTIVATIONS)), callable],
    "dropout": [AUTO, Interval(Real, 0, 1, closed="left")],
    "uncertainty": [str, callable, None],
    "focal_exponent": [Interval(Real, 0, None, closed="neither")],
    "focal_floor": [Interval(Real, 0, None, closed="left")],
    "node_weight": [StrOptions(set(SCHEMES)), "array-like", dict, None],
    "node_weight_side": [StrOptions(set(SIDES))],
    "node_weight_count": [StrOptions(set(COUNTS))],
    "node_weight_power": [Interval(Real, 0, 1, closed="both")],
    "node_weight_floor": [Interval(Real, 0, None, closed="left"), None],
    "mix": [Interval(Real, 0, 1, closed="both")],
    "schedule": [StrOptions(set(SCHEDULES)), callable, None],
    "schedule_exponent": [Interval(Real, 0, None, closed="neither")],
    "sampler": [HasMethods("fit_resample"), None],
    "encoder": [torch.nn.Module, None],
    "encoder_lr": [Interval(Real, 0, None, closed="neither"), None],
    "freeze_encoder": ["boolean"],
    "optimizer": [StrOptions(set(OPTIMIZERS)), type],
    "lr": [AUTO, Interval(Real, 0, None, closed="neither")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "batch_size": [AUTO, Interval(Integral, 1, None, closed="left")],
    "max_epochs": [AUTO, Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "scoring": [str, callable, None],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "prior_correction": ["boolean"],
    "threshold": [Interval(Real, 0, 1, closed="both"), "array-like", Mapping],
    "device": [str, torch.device],
    "precision": [StrOptions(set(PRECISIONS))],
    "net_params": [dict, None],
    "warm_start": ["boolean"],
    "checkpoint": [str, os.PathLike, None],
    "checkpoint_every": [Interval(Real, 0, None, closed="left")],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

# What a later call of `fit` or `partial_fit` takes up while it goes on with a net.
_MAY_CHANGE = {
    "lr",
    "batch_size",
    "max_epochs",
    "early_stopping",
    "scoring",
    "validation_fraction",
    "n_iter_no_change",
    "encoder_lr",
    "prior_correction",
    "precision",
    "threshold",
    "sampler",  # as other rows may come, too
    "net_params",  # but its callbacks alone
    "warm_start",
    "checkpoint",
    "checkpoint_every",
    "verbose",
}


def warn_without_effect(estimator):
    """Warn about parameters that do nothing beside the others, or leave nothing."""
    params = estimator.get_params(deep=False)
    defaults = type(estimator)().get_params(deep=False)
    idle = [
        f"`{name}` ({why})"
        for why, names in _idle(params, estimator._target.single)
        for name in names
        if not _alike(params[name], defaults[name])
    ]
    if idle:
        warnings.warn(
            f"These parameters have no effect: {', '.join(idle)}.",
            UserWarning,
            stacklevel=4,
        )
    if params["node_weight_floor"] == 0 and isinstance(params["node_weight"], str):
        warnings.warn(
            "node_weight_floor=0: the commonest node gets the weight 0, so that "
            f"nothing is learnt from its {params['node_weight_side']} rows. Give more "
            "than 0, or None for weights of at least 1.",
            UserWarning,
            stacklevel=4,
        )


def _idle(params, single):
    """Yield reasons, and the parameters that do nothing for them."""
    weight = params["node_weight"]
    if single:
        yield "y is 1-D, and the most probable class is predicted", ["threshold"]
    if not isinstance(weight, str):
        reason = f"node_weight is {'None' if weight is None else 'no scheme'}"
        yield reason, [f"node_weight_{name}" for name in ("power", "floor", "count")]
    if weight is None:
        yield "node_weight is None", ["node_weight_side"]
    if params["uncertainty"] is None:
        yield "uncertainty is None", ["focal_exponent", "focal_floor"]
    if params["mix"] == 0:
        weights = [name for name in params if name.startswith("node_weight")]
        focal = ["uncertainty", "focal_exponent", "focal_floor"]
        reason = "mix is 0, the plain loss"
        yield reason, ["schedule", *focal, *weights, "prior_correction"]
    if params["schedule"] != "power":
        yield "schedule is not 'power'", ["schedule_exponent"]
    if not params["early_stopping"]:
        reason = "early_stopping is False"
        yield reason, ["scoring", "validation_fraction", "n_iter_no_change"]
    if params["checkpoint"] is None:
        yield "checkpoint is None", ["checkpoint_every"]
    if params["encoder"] is None:
        yield "encoder is None", ["encoder_lr", "freeze_encoder"]
    elif params["freeze_encoder"]:
        yield "freeze_encoder is True", ["encoder_lr"]


def _alike(value, default):
    return value is default or (
        type(value) is not np.ndarray and bool(np.all(value == default))
    )


def fixed_params(estimator):
    """Return the parameters that must stay while training goes on."""
    params = estimator.get_params(deep=False)
    fixed = {name: params[name] for name in params if name not in _MAY_CHANGE}
    inner = {f"net_params[{k!r}]": v for k, v in (estimator.net_params or {}).items()}
    inner.pop("net_params['callbacks']", None)
    return fixed | inner


def check_sampler(estimator):
    """Refuse a sampler's class where one of its objects is meant."""
    if isinstance(estimator.sampler, type):
        name = estimator.sampler.__name__
        raise ValueError(
            f"Expected `sampler` to be an object, but got the class {name}; make one, "
            f"{name}()."
        )


def check_partial_fit(estimator):
    """Refuse what needs all the rows at once."""
    if estimator.early_stopping:
        raise ValueError(
            "partial_fit can't stop early; set early_stopping=False, or use `fit` "
            "with warm_start=True."
        )
    if estimator.sampler is not None:
        raise ValueError(
            "partial_fit can't resample: which rows are rare shows in all of them. Set "
            "sampler=None and call the sampler's fit_resample before, or use `fit`."
        )

"""The private skorch net behind the classifier, and how one is made of parameters.

Stage: validated parameters -> a net whose ``module_`` maps features (B, F) to logits
(M, B, C); `Rows` -> one training step, or coherent probabilities.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import operator

import cloudpickle
import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils import gen_batches
from sklearn.utils.validation import _num_samples
from skorch import NeuralNet
from skorch.callbacks import (
    Callback,
    EpochScoring,
    EpochTimer,
    LRScheduler,
    PassthroughScoring,
)
from skorch.utils import to_tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from . import _torch
from ._callbacks import OwnCallback, StopOnNan, own_callbacks
from ._rows import features, memory_batches
from .losses import HierarchicalFocalLoss
from .nn import ENSEMBLES, EncodedHeads, encoded_width

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

# Optimisers of which torch has a fused form: one pass over the parameters per step.
_FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad)

# Largest hidden or output tensor in prediction, in entries (16 MB of float32).
_CHUNK_ENTRIES = 2**22

# float32's nearest neighbours of 0 and 1: probabilities stay strictly between them, and
# what is told apart by the network stays so.
_LOWEST, _HIGHEST = torch.finfo(torch.float32).tiny, 1 - 2**-24


class HierarchicalNet(NeuralNet):
    """`skorch.NeuralNet` for logits of many members and labels with row weights."""

    generator_ = None

    # Whether the callbacks have heard of the begin of training.
    begun_ = False

    # -- training ----------------------------------------------------------------------

    @contextlib.contextmanager
    def drawing_from(self, order, masks):
        """Draw the order of rows and the dropout masks from these generators."""
        self.generator_ = order
        self.module_.draw_from(masks)
        try:
            yield
        finally:
            self.generator_ = None
            self.module_.draw_from(None)

    def initialize_callbacks(self):
        """Make the callbacks; they have heard of nothing yet."""
        self.begun_ = False
        return super().initialize_callbacks()

    def get_iterator(self, dataset, training=False):
        """Make batches; ours shuffle by the generator of the fit."""
        if not training or self.iterator_train is not memory_batches:
            return super().get_iterator(dataset, training)
        given = self.get_params_for("iterator_train")
        own = {"batch_size": self.batch_size, "generator": self.generator_}
        return memory_batches(dataset, **{**own, **given})

    def get_loss(self, y_pred, y_true, X=None, training=False):  # noqa: ARG002
        """Compute the criterion from logits, labels and, where given, row weights."""
        return self.criterion_(y_pred, *to_tensor(y_true, device=self.device))

    def train_step(self, batch, **fit_params):
        """Take one step; as skorch's, without what it does besides.

        Its closure, its accumulator and setting the mode of every module anew cost a
        small network a quarter of the step.
        """
        if _needs_closure(self.optimizer_):
            return super().train_step(batch, **fit_params)
        if not self.module_.training:  # a callback may have predicted
            self._set_training(True)
        x, targets = batch
        self.optimizer_.zero_grad()
        y_pred = self.module_(to_tensor(x, device=self.device))
        loss = self.get_loss(y_pred, targets)
        loss.backward()
        self._notify_of_gradients(batch)
        self.optimizer_.step()
        return {"loss": loss, "y_pred": y_pred}

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
        state["__cuda_dependent_attributes__"] = cloudpickle.dumps(parts)
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
            for rows, members in self._iter_proba(X, False, True, corrected):
                proba[rows] = self._mean(members).cpu().numpy()
        return proba

    @torch.inference_mode()
    def _mean(self, members):
        # One member after the other: the same roundings in every column, so that a
        # parent stays above its child to the last bit.
        total = members[0].clone()
        for member in members[1:]:
            total += member
        return self._settle_unscored(total / len(members)).clamp_(_LOWEST, _HIGHEST)

    def _iter_proba(self, X, members, constrained, corrected):
        self.module_.eval()
        for rows in gen_batches(_num_samples(X), self._chunk()):
            # Not around the loop: whoever leaves it early would stay in this mode.
            with torch.inference_mode():
                x = to_tensor(features(X, rows), device=self.device)
                logits = self.module_.members(x) if members else self.module_(x)
                if corrected:
                    logits = logits - self._shift(x, logits).to(logits.dtype)
                p = torch.sigmoid(logits)
                p = self.criterion_.constraint(p) if constrained else p
            if not p.isfinite().all():
                raise ValueError(
                    "The network's outputs are NaN for some rows; its weights are "
                    "damaged, or the encoder fails on these rows."
                )
            yield rows, p

    def _shift(self, x, logits):
        """What the weights have put on the logits.

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
            ("epoch_timer", EpochTimer()),
            ("train_loss", PassthroughScoring(name="train_loss", on_train=True)),
            ("valid_loss", PassthroughScoring(name="valid_loss")),
            ("diverged", StopOnNan()),
        ]


def _needs_closure(optimizer):
    """Tell an optimiser that computes the loss several times per step (LBFGS)."""
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    return closure is not None and closure.default is closure.empty


# -- from parameters to a net ----------------------------------------------------------


def make_net(estimator, rows, device, generator):
    """Return an initialised net; ``net_params`` go before the other parameters."""
    if not estimator.hierarchy_.scored.any():
        raise ValueError("Expected a hierarchy with at least one scored node.")
    given = checked_net_params(estimator)
    params = {
        **_module(estimator, rows),
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
    try:
        net = HierarchicalNet(**{**params, **given}, callbacks=callbacks_of(estimator))
        net.module = _Maker(net.module, generator)
        net.initialize()
    except (TypeError, ValueError) as error:
        # skorch's words for a name that it doesn't know; ours are all known.
        if "unexpected argument" not in str(error):
            raise
        raise ValueError(f"In `net_params`: {error}") from error
    net.module = net.module.make
    net.rates_ = estimator.lr, encoder_lr(estimator)
    net.given_callbacks_ = _given_callbacks(estimator)
    return net


def _given_callbacks(estimator):
    return list((estimator.net_params or {}).get("callbacks") or [])


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


def refresh_net(net, estimator, restart):
    """Take up the parameters that may change while training goes on.

    Those that ``net_params`` give stay; they go before the estimator's. ``restart``:
    whether this is a training of its own, with callbacks and rates from their start, or
    one more part of the same one.
    """
    given = estimator.net_params or {}
    if restart or not _same_callbacks(net, estimator):
        net.callbacks = callbacks_of(estimator)
        net.initialize_callbacks()
        _start_anew(net)
        net.given_callbacks_ = _given_callbacks(estimator)
    rates = estimator.lr, encoder_lr(estimator)
    if {"lr", "optimizer__lr", "optimizer__param_groups"} & set(given):
        pass
    elif restart or rates != net.rates_:
        # In place: the optimiser keeps its moments.
        net.set_params(lr=estimator.lr)
        _set_encoder_lr(net, estimator)
        _tell_schedules(net)
    net.rates_ = rates
    if "batch_size" not in given:
        net.batch_size = int(estimator.batch_size)
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
    now, before = _given_callbacks(estimator), net.given_callbacks_
    same = len(now) == len(before) and all(map(operator.is_, now, before))
    return kinds == own and same


def _start_anew(net):
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
    if given.get("batch_size", 1) < 1:
        raise ValueError(
            "In `net_params`: expected `batch_size` to be at least 1, but got "
            f"{given['batch_size']}."
        )
    return given


def _module(estimator, rows):
    n_inputs = estimator.encoder is None and estimator.n_features_in_
    return {
        "module": make_module,
        "module__encoder": estimator.encoder,
        "module__freeze_encoder": estimator.freeze_encoder,
        "module__ensemble": estimator.ensemble,
        "module__n_features": n_inputs
        or encoded_width(estimator.encoder, features(rows.X, slice(0, 2))),
        "module__n_nodes": estimator.hierarchy_.n_nodes,
        "module__n_heads": int(estimator.n_estimators),
        "module__hidden_layer_sizes": widths(estimator.hidden_layer_sizes),
        "module__activation": estimator.activation,
        "module__dropout": estimator.dropout,
    }


def _criterion(estimator):
    return {
        "criterion": HierarchicalFocalLoss,
        "criterion__hierarchy": estimator.hierarchy_,
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
    group = ("encoder.*", {"lr": encoder_lr(estimator)})
    return {"optimizer__param_groups": [group]}


def encoder_lr(estimator):
    """Learning rate of the encoder."""
    return estimator.lr if estimator.encoder_lr is None else estimator.encoder_lr


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


def callbacks_of(estimator):
    """Return fresh callbacks: ours, and copies of the user's."""
    given = (estimator.net_params or {}).get("callbacks") or []
    if not isinstance(given, list | tuple):
        raise ValueError(
            f"In `net_params`: expected `callbacks` to be a list, but got {given!r}."
        )
    if any(isinstance(_unnamed(one), EpochScoring) for one in given):
        raise ValueError(
            "In `net_params`: EpochScoring can't score this net, whose labels come "
            "with weights. With early_stopping=True the validation part's AU(PRC) is "
            "recorded as 'valid_au_prc'; for another measure write a callback whose "
            "`on_epoch_end(net, dataset_valid, ...)` compares "
            "`net.mean_proba(dataset_valid.X)` with `dataset_valid.Y`."
        )
    # skorch writes on callbacks, and parameters are not ours to change.
    return [*own_callbacks(estimator), *map(copy_callback, given)]


def _unnamed(callback):
    """The callback of a pair (name, callback), or the callback itself."""
    return callback[1] if isinstance(callback, tuple) else callback


def copy_callback(callback):
    """Copy a callback of the user's, as far as it can be copied.

    One may hold what can't, such as the writer of TensorBoard: the copy shares that.
    """
    if isinstance(callback, tuple):
        return callback[0], copy_callback(callback[1])
    if isinstance(callback, type):
        return callback
    try:
        return copy.deepcopy(callback)
    except Exception:
        # Locks, files and threads raise all kinds of errors.
        return _shallow(callback)


def _shallow(callback):
    same = copy.copy(callback)
    for name, value in vars(callback).items():
        with contextlib.suppress(Exception):
            setattr(same, name, copy.deepcopy(value))
    return same


@_torch.usual("cpu")  # copies of encoders are made by torch
def clone_with_callbacks(estimator):
    """Clone as scikit-learn does, callbacks as far as they can be copied."""
    params = {
        name: clone(value, safe=False)
        for name, value in estimator.get_params(deep=False).items()
        if name != "net_params"
    }
    net_params = estimator.net_params
    if net_params is not None:
        own = {
            k: clone(v, safe=False) for k, v in net_params.items() if k != "callbacks"
        }
        if "callbacks" in net_params:
            given = net_params["callbacks"]
            sequence = isinstance(given, list | tuple)
            own["callbacks"] = list(map(copy_callback, given)) if sequence else given
        net_params = own
    return type(estimator)(**params, net_params=net_params)

"""Training: from validated rows to a trained net, in plain functions.

Stage: between `Rows` and a fitted classifier. In: rows, parameters, an initialised net
and generators. Out: the net, trained for some whole epochs, or as it was before.
"""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from . import _torch
from ._build import make_net, refresh_net
from ._callbacks import OwnCallback, best_epoch, wants_to_stop
from ._checkpoints import Unkept, check_same, kept
from ._outputs import Outputs
from ._params import fixed_params
from ._resample import resampled
from ._rows import rows_per_node
from ._saved import Saved
from ._scoring import Validation, score_name
from ._sizes import settle_sizes
from ._tasks import Tasks
from ._together import training_on
from ._torch import check_precision
from ._validation import by_node, shorten
from .losses import SCHEMES, node_weights_from_counts

# -- before training -------------------------------------------------------------------


def warn_empty(estimator, labels):
    """Warn, once for all of them, about scored nodes that no row has."""
    hierarchy = estimator._target.hierarchy
    if estimator._target.single and estimator.hierarchy is None:
        return  # the nodes are the classes of y, some of which may weigh nothing
    empty = hierarchy.scored & (rows_per_node(labels) == 0)
    if empty.any():
        names = [hierarchy.nodes[node] for node in np.flatnonzero(empty)]
        warnings.warn(
            f"{len(names)} of {hierarchy.n_nodes} nodes have no positive row, so that "
            f"nothing is learnt about them: {shorten(names)}. `hierarchy.subset` makes "
            "a hierarchy without them. (Of a node that all rows have, "
            "`cross_val_predict` makes one that none has.)",
            UserWarning,
            stacklevel=4,  # the caller of `fit`, behind scikit-learn's wrapper
        )


def check_unchanged(estimator, classes=None):
    """Refuse to go on with a net that can't, or was made by other parameters."""
    target = estimator._target
    if classes is not None and target.single:
        now, before = np.unique(classes), target.classes
        if not np.array_equal(now, before):
            raise ValueError(
                f"Expected `classes` as in the first call, {shorten(before.tolist())}, "
                f"but got {shorten(now.tolist())}. The columns of a net stay; leave "
                "`classes` out, or fit a new classifier."
            )
    if getattr(estimator.net_, "_trimmed_for_prediction", False):
        raise ValueError(
            "This model was trimmed for prediction and can't be trained further; fit "
            "a new one (warm_start=False, or a clone)."
        )
    made_with, present = estimator._made_with, fixed_params(estimator)
    for name in {**made_with, **present}:
        now, value = present.get(name), made_with.get(name)
        if now is not value and not np.array_equal(now, value):
            raise ValueError(
                "Training goes on with the net of the last fit, but "
                f"{name} changed from {value!r} to {now!r}. Set it back, or use `fit` "
                "with warm_start=False."
            )


@contextlib.contextmanager
def own_generators(estimator, seed, device):
    """Give this fit generators of its own, on the host and on the device.

    torch's global ones are left alone, unless code of the user's draws from them. Fits
    with loaders of the user's, or with workers, take turns: a process that is forked
    while another thread is at work may die.
    """
    lent = contextlib.nullcontext()
    if _has_foreign_code(estimator):
        lent = _torch.global_generators(seed, device)
    with _torch.usual(device), lent:
        yield _torch.generators(seed, device)


def _has_foreign_code(estimator):
    """Tell whether code of the user's may draw from torch's global generators."""
    loads = any(name.startswith("iterator_") for name in estimator.net_params or {})
    return estimator.encoder is not None or callable(estimator.activation) or loads


def _foreign_generators(estimator, device):
    """Return torch's global generators, if this fit may draw from them."""
    if not _has_foreign_code(estimator):
        return []
    on_device = []
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        on_device = [torch.cuda.default_generators[index]]
    return [torch.default_generator, *on_device]


def held_out(estimator, rows, given=None):
    """Rows to train on and, for early stopping, rows to validate on, or None.

    There is one seed as long as training goes on: what is held out is never trained on.
    Nothing is held out where validation rows were ``given``.
    """
    if not estimator.early_stopping:
        return rows, None
    valid, remedy = given, "give others"
    if given is None:
        numbers = train_test_split(
            np.arange(len(rows)),
            test_size=estimator.validation_fraction,
            random_state=estimator._split_seed,
        )
        rows, valid = map(rows.take, numbers)
        remedy = "raise `validation_fraction`"
    if not rows_per_node(valid.Y)[estimator.hierarchy_.scored].any():
        raise ValueError(
            f"None of the {len(valid)} validation rows has a positive node; {remedy}, "
            "or set early_stopping=False."
        )
    return rows, Validation(valid, estimator)


@dataclass
class Seen:
    """How often nodes came in the rows that were trained on, over all calls.

    ``counts`` (n_nodes,) and ``n_rows`` are sums of row weights, ``in_all`` (n_nodes,)
    tells the nodes that no row has lacked.
    """

    counts: np.ndarray
    n_rows: float
    in_all: np.ndarray

    @classmethod
    def of(cls, rows):
        """Count some rows."""
        n_rows = rows_per_node(rows.Y)
        in_all = n_rows == len(rows)
        if rows.sample_weight is None:
            return cls(n_rows.astype(np.float64), float(len(rows)), in_all)
        weight = np.asarray(rows.sample_weight, dtype=np.float64)
        return cls(weight @ rows.Y.astype(np.float64), float(weight.sum()), in_all)

    def __add__(self, other):
        return Seen(
            self.counts + other.counts,
            self.n_rows + other.n_rows,
            self.in_all & other.in_all,
        )

    @property
    def frequencies(self):
        """Share of the rows that have each node; sums of weights may round above 1."""
        return np.minimum(self.counts / self.n_rows, 1.0)


def count_rows(estimator, net, rows, columns, goes_on):
    """Count rows, and let node weights and correction follow all that were seen."""
    seen = Seen.of(rows)
    estimator._seen = estimator._seen + seen if goes_on else seen
    hierarchy = estimator.hierarchy_
    weights = node_weights_of(estimator, hierarchy, estimator._seen, columns)
    estimator.node_weights_ = np.array(weights)
    if estimator.node_weight is not None:  # or the user's, by net_params, stay
        own = estimator._outputs.of(estimator.node_weights_)
        net.criterion_.set_node_weight(own, estimator.node_weight_side)
    frequencies = estimator._outputs.of(estimator._seen.frequencies)
    net.set_frequencies(estimator._outputs.hierarchy, frequencies)


def node_weights_of(estimator, hierarchy, seen, columns=None):
    """Turn ``node_weight`` into what rows of each node count, in node order."""
    spec = estimator.node_weight
    if spec is None:
        return np.ones(hierarchy.n_nodes)
    if isinstance(spec, str) and spec in SCHEMES:
        return node_weights_from_counts(
            seen.counts,
            seen.n_rows,
            spec,
            count=estimator.node_weight_count,
            hierarchy=hierarchy,
            floor=estimator.node_weight_floor,
            power=estimator.node_weight_power,
            scored=hierarchy.scored,
            in_all=seen.in_all,
        )
    return np.broadcast_to(
        by_node(spec, hierarchy, 1.0, "node_weight", columns), (hierarchy.n_nodes,)
    )


# -- training --------------------------------------------------------------------------


def learn(estimator, rows, goes_on, one_epoch=False, valid=None, tasks=None):
    """Train a classifier on checked rows, and set what it has learnt.

    Returns a KeyboardInterrupt that came after a whole epoch, or None. ``one_epoch``:
    as one more part of a training whose rows are not all known. ``valid``: checked rows
    to validate on. ``tasks``: `Tasks`, for scikit-learn's callbacks.
    """
    with training_on(estimator.device) as (together, device):
        tasks = tasks if tasks and together.first else Tasks()
        check_precision(estimator.precision, device)
        check_same(estimator, rows, valid, goes_on, together)
        if one_epoch:
            keeping = contextlib.nullcontext(Unkept(estimator, together))
        else:
            keeping = kept(estimator, rows, valid, goes_on, device, together)
        with keeping as keeper:
            who = device, together, keeper
            interrupt = _learn(estimator, rows, valid, tasks, goes_on, one_epoch, *who)
        tasks.end()
    return interrupt


def _learn(estimator, rows, valid, tasks, goes_on, one_epoch, device, together, keeper):
    if not goes_on:
        all_known = not (one_epoch or estimator.warm_start)
        there = rows.Y if all_known else None
        estimator._outputs = Outputs.of_rows(estimator._target.hierarchy, there)
        estimator._random_state = keeper.random_state
        estimator._split_seed = estimator._random_state.randint(_torch.SEEDS)
        estimator._made_with = fixed_params(estimator)
        estimator.hierarchy_ = estimator._target.hierarchy
        estimator.node_names_ = estimator.hierarchy_.nodes
        estimator.classes_ = estimator._target.classes
    done = estimator.n_iter_ if goes_on and one_epoch else 0
    seed = estimator._random_state.randint(_torch.SEEDS)
    rows, valid = held_out(estimator, rows, valid)
    settle_sizes(estimator, rows, goes_on)
    tasks.begin(estimator.max_epochs_)
    rows = resampled(estimator, rows)
    if estimator.sampler is not None:
        keeper.check_resampled(rows, together)
    with own_generators(estimator, seed, device) as (host, on_device):
        foreign = _foreign_generators(estimator, device)
        keeper.draws_from(host, on_device, *foreign)
        if goes_on:
            net = refresh_net(estimator.net_, estimator, not one_epoch, together)
        else:
            net = make_net(estimator, rows, device, host, together)
        together.settle(net.module_)
        count_rows(estimator, net, rows, estimator._target.column_names, goes_on)
        with net.drawing_from(host, on_device, together, foreign):
            epochs = 1 if one_epoch else estimator.max_epochs_
            span = done, estimator.max_epochs_
            parts = estimator._outputs.rows(rows), valid, tasks
            interrupt = train(net, *parts, epochs, span, keeper, begins=not done)
        keeper.finish(net, interrupt is not None)
    estimator.net_ = net
    set_curves(estimator, net)
    return interrupt


def set_curves(estimator, net):
    """Set what the epochs recorded, as lists of numbers too."""
    estimator.history_ = records = epochs_of(net.history)
    estimator.n_iter_ = len(records)
    estimator.loss_curve_ = [record["train_loss"] for record in records]
    estimator.validation_scores_ = estimator.best_validation_score_ = None
    if estimator.early_stopping:
        name = score_name(estimator.scoring)
        scores = {one["epoch"]: one[name] for one in records if name in one}
        estimator.validation_scores_ = list(scores.values())
        best = best_epoch(net)
        estimator.best_validation_score_ = scores.get(best, max(scores.values()))


def train(net, rows, valid, tasks, epochs, span, keeper, begins=True):
    """Run some epochs on an initialised net.

    Parameters
    ----------
    net : HierarchicalNet
    rows, valid : Rows
        ``valid`` is None where nothing is held out, else a `Validation`.
    tasks : Tasks
    epochs : int
    span : (int, int)
        Where these epochs stand, for schedules: (done before, all in all).
    keeper : Kept or Unkept
        Knows how many of these epochs are done, and is told of each.
    begins : bool
        Whether this is the begin of a training. Otherwise the user's callbacks are not
        told of it: what they do over all epochs goes on.

    Returns
    -------
    interrupt : KeyboardInterrupt or None
        Ctrl-C after at least one whole epoch; the net is as it was after the last one.
    """
    n_before, infinite = len(epochs_of(net.history)), _not_finite(net.module_)
    begins = begins or not net.begun_  # or it is with callbacks that are new
    told = {"X": rows, "y": None}
    try:
        _tell(net, "on_train_begin", begins, epochs=epochs, span=span, **told)
        net.begun_ = True
        interrupt = _run_epochs(net, rows, valid, tasks, epochs, keeper)
    except BaseException:
        # This is the news, and not what callbacks can't do after half a training.
        _tell(net, "on_train_end", begins, quietly=True, **told)
        raise
    try:
        _tell(net, "on_train_end", begins, quietly=interrupt is not None, **told)
    except KeyboardInterrupt as stop:
        # All epochs are whole. Ours once more: one may have been at loading weights.
        _tell(net, "on_train_end", False, **told)
        interrupt = stop
    if interrupt is None:
        net.together_.settle(net.module_)
    else:  # the others are elsewhere, or were not interrupted at all
        net.together_.leave()
    check_trained(net, rows, n_before, infinite)
    return interrupt


def _run_epochs(net, rows, valid, tasks, epochs, keeper):
    """Run epochs; return a KeyboardInterrupt that came after a whole one, or None."""
    data = {"dataset_train": rows, "dataset_valid": valid}
    batches = net.get_iterator(rows, training=True)
    validation = None if valid is None else net.get_iterator(valid)
    start = keeper.resume(net, (batches, validation), epochs)
    whole, stopped = Saved(net) if start else None, False
    try:
        for epoch in range(start, epochs):
            # Early stopping of an earlier call is no reason to stop in this one.
            stopped = wants_to_stop(net)
            tasks.begin_epoch()
            net.draw_apart()
            net.notify("on_epoch_begin", **data)
            net.run_single_epoch(batches, True, "train", net.train_step)
            net.together_.settle(net.module_)
            net.run_single_epoch(validation, False, "valid", net.validation_step)
            net.notify("on_epoch_end", **data)
            if net.together_.agreed(tasks.end_epoch(net)):
                return None
            if epoch + 1 < epochs:
                whole = Saved(net) if whole is None else whole.renewed(net)
                keeper.keep(net, epoch + 1)
    except KeyboardInterrupt as stop:
        if stopped or not wants_to_stop(net):
            if whole is None:
                raise
            whole.restore(net)
            return stop
        tasks.end_epoch(net)
    return None


def _tell(net, hook, everybody, quietly=False, **kwargs):
    """Call a hook of all callbacks, or of this package's own.

    ``quietly``: what one of them raises is nothing to the others and the caller.
    """
    for _, callback in net.callbacks_:
        if everybody or isinstance(callback, OwnCallback):
            with contextlib.suppress(*[Exception] * quietly):
                getattr(callback, hook)(net, **kwargs)


def _not_finite(module):
    """Names of the weights and running statistics that are not finite."""
    state = chain(module.named_parameters(), module.named_buffers())
    return {name for name, tensor in state if not tensor.isfinite().all()}


def check_trained(net, rows, n_before, infinite):
    """Raise where training has left numbers that are none; warn where it went astray.

    ``n_before`` epochs were trained in earlier calls. ``infinite`` are names of what
    was not finite before, such as a mask of an encoder's.
    """
    damaged = sorted(_not_finite(net.module_) - infinite)
    what = f"the weights {damaged[0]!r} are not finite" if damaged else ""
    if not damaged:
        first = rows.take(np.arange(min(2, len(rows)))).X
        if not net.gives_numbers(first):
            what = "the outputs are NaN or infinite"
    if what:
        raise ValueError(
            f"Training diverged: {what} after epoch {len(net.history)}. Lower `lr`, or "
            "scale the features (StandardScaler)."
        )
    records = epochs_of(net.history)[n_before:]
    if records and not any(record["train_loss"] for record in records):
        warnings.warn(
            "Nothing was learnt: the loss is 0 in every epoch. With focal_floor=0 a "
            "measure of disagreement makes it so where members can't differ: raise "
            "`focal_floor` or `n_estimators`, or take another `uncertainty`.",
            ConvergenceWarning,
            stacklevel=6,
        )
    if len(records) < 2 or "weighted_share" in records[0]:
        return  # a schedule changes what the loss counts
    first, last = records[0]["train_loss"], records[-1]["train_loss"]
    # Dropout makes losses noisy, most of all those of a few epochs on a few rows.
    noise = 1.5 if len(records) < 5 else 1.1
    if last > noise * first:
        warnings.warn(
            f"Training went astray: the loss is {last:.4g} after the last epoch, "
            f"{first:.4g} after the first. Lower `lr`, or scale the features "
            "(StandardScaler).",
            ConvergenceWarning,
            stacklevel=6,
        )


def epochs_of(history):
    """Return what was recorded of whole epochs, a dict each, without the batches."""
    return [
        {name: value for name, value in epoch.items() if name != "batches"}
        for epoch in history
        if "train_loss" in epoch
    ]

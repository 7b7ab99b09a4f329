"""`HierarchicalEnsembleClassifier`: validate, train, predict coherently.

Stage: the whole way from ``(X, y)`` to probabilities; each step is a call into the
layer that does it. Source: Xu et al. (2026).
"""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import (
    check_consistent_length,
    check_random_state,
    estimator_html_repr,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight
from skorch.helper import predefined_split

from . import _net
from ._build import ENSEMBLES, OPTIMIZERS, make_net, refresh_net
from ._held_out import SEEDS, HeldOutMixin
from ._prediction import PredictionMixin
from ._rows import Rows, check_features, features
from ._target import make_target
from .hierarchy import Hierarchy
from .losses._node_weights import SCHEMES, resolve_node_weights, warn_empty
from .losses._schedules import SCHEDULES
from .nn._encoder import encoded_width
from .nn._mlp import _ACTIVATIONS
from .postprocessing._thresholds import STRATEGIES, resolve_thresholds

# What a later call of `fit` or `partial_fit` takes up while it goes on with a net.
_MAY_CHANGE = {
    "lr",
    "batch_size",
    "max_epochs",
    "early_stopping",
    "validation_fraction",
    "n_iter_no_change",
    "encoder_lr",
    "prior_correction",
    "threshold",
    "threshold_cv",
    "net_params",  # but its callbacks alone
    "warm_start",
    "verbose",
}


class HierarchicalEnsembleClassifier(
    HeldOutMixin, PredictionMixin, ClassifierMixin, BaseEstimator
):
    """Coherent neural ensemble for labels in a hierarchy, with an eye on rare nodes.

    An ensemble of networks whose predictions obey the hierarchy by construction (max
    constraint), trained with a loss that weighs nodes by their rarity and by how
    uncertain the ensemble is about them [1]_.

    Parameters
    ----------
    hierarchy : Hierarchy, default=None
        The label graph. None: a flat one over the columns (or classes) of ``y``.
    ensemble : {"heads", "dropout", "last_layer"}, default="heads"
        What the members are. "heads": networks that share nothing but the batch.
        "dropout": dropout masks over one network; predictions go without dropout; much
        quicker and smaller. "last_layer": last layers over one shared body.
    n_estimators : int, default=5
        Number of ensemble members M, trained together as one batched product.
    hidden_layer_sizes : array-like of int, default=(500, 500)
        Widths of each member's hidden layers.
    activation : {"relu", "tanh", "logistic", "gelu", "silu", "identity"} or callable, \
default="relu"
        Activation of the hidden layers; a callable makes a `torch.nn.Module`.
    dropout : float, default=0.7
        Share of hidden units dropped in training, in [0, 1).
    uncertainty : str, callable or None, default="gmu"
        Measure that gives the focal weights, see
        `sklearn_hmlc.uncertainty.get_measure`. None: no focal weights.
    focal_exponent : float, default=1.0
        Exponent of the uncertainty in the focal weights, > 0.
    focal_floor : float, default=0.25
        Focal weight of a node that the ensemble is sure about, >= 0.
    node_weight : {"binary", "class-wise"}, array-like, mapping or None, \
default="binary"
        What a positive of each node counts: a scheme by rarity (see
        `sklearn_hmlc.losses.node_weights`), an array of shape (n_nodes,) in node
        order, or a mapping node -> weight (the rest 1). None: all 1.
    node_weight_power : float, default=0.5
        Tempers a scheme's weights, in [0, 1]: 0 all alike, 1 the full ones.
    node_weight_floor : float or None, default=None
        Rescales a scheme's weights to start at this floor, as the paper does (with
        0.25). None: no rescaling, and no weight below 1.
    mix : float, default=1.0
        Share of the weighted loss in the whole, in [0, 1]; the rest is the plain loss.
    schedule : {"linear", "power", "alternating"}, callable or None, default=None
        Moves the loss's weights to 1 while training goes on, see
        `sklearn_hmlc.losses.get_schedule`. A callable takes the share of training done,
        in [0, 1], and returns the weighted loss's share. None: weighted throughout.
    schedule_exponent : float, default=2.0
        Exponent of the schedule "power", > 0.
    encoder : torch.nn.Module, default=None
        What turns a batch of ``X`` into features for the ensemble, shape (B, ...): a
        CNN, a trained backbone. A copy of it is trained, from its present weights.
        None: ``X`` are the features.
    encoder_lr : float, default=None
        Learning rate of the encoder. None: ``lr``.
    freeze_encoder : bool, default=False
        Whether the encoder stays as it is.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or class, default="adam"
        A class is any `torch.optim.Optimizer`; one without weight decay needs
        ``weight_decay=0``.
    lr : float, default=1e-3
        Learning rate.
    weight_decay : float, default=1e-5
        The optimiser's penalty on squared weights.
    batch_size : int, default=32
        Rows a training step.
    max_epochs : int, default=40
        Passes over the training rows.
    early_stopping : bool, default=False
        Whether to set a validation part aside and stop when its pooled AU(PRC) no
        longer improves; the best epoch's weights are kept.
    validation_fraction : float, default=0.1
        Share of the rows set aside, in (0, 1).
    n_iter_no_change : int, default=10
        Epochs without improvement before training stops early.
    prior_correction : bool, default=True
        Whether `predict_proba` takes off the logits what the node weights have put on
        them (see Notes). Decisions are made on the uncorrected ones either way, but
        for 1-D ``y``, where the most probable class is that of `predict_proba`.
    threshold : float, array-like, mapping, "prevalence" or "f1", default=0.5
        `predict` says yes from this (uncorrected) probability on, in [0, 1]: one for
        all nodes, an array of shape (n_nodes,) in node order, or a mapping node ->
        threshold (the rest 0.5). A node with a positive descendant is positive.
        "prevalence" and "f1" tune one a node on held-out rows, see
        `sklearn_hmlc.postprocessing.node_thresholds`.
    threshold_cv : int, splitter or None, default=None
        Rows to tune thresholds on. None: a validation part, which is not trained on.
        Otherwise cross-validation: the ensemble is trained once more for each fold, for
        as many epochs as the whole.
    device : str or torch.device, default="auto"
        Where to train. "auto": CUDA where there is one, else the CPU.
    net_params : dict, default=None
        Further parameters in skorch's own words, for the private `skorch.NeuralNet`:
        ``callbacks``, ``iterator_train__num_workers``, ``optimizer__betas``, ...
    warm_start : bool, default=False
        Whether `fit` goes on with the net of the last `fit`. Changes of ``lr``,
        ``encoder_lr``, ``batch_size``, ``max_epochs``, ``verbose``, the callbacks of
        ``net_params``, thresholds and early stopping are taken up; other parameters
        must stay. The validation part is the same where the rows are.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, dropout, the order of rows and the validation part.
        Same number, same machine: same model. torch's generators get their state back
        after each fit.
    verbose : int, default=0
        1: a progress bar with the loss and, where there is a validation part, its
        AU(PRC).

    Attributes
    ----------
    classes_ : ndarray of shape (n_nodes,) or (n_classes,)
        Names of the columns of `predict_proba`. They follow the columns of ``y``: for
        arrays the hierarchy's order, for a DataFrame its own. For 1-D ``y`` the sorted
        classes.
    hierarchy_ : Hierarchy
        The hierarchy in use.
    node_names_ : tuple of hashable
        Names of the nodes, in the hierarchy's order.
    node_weights_ : ndarray of shape (n_nodes,)
        What a positive of each node counted, in the hierarchy's order.
    thresholds_ : ndarray of shape (n_nodes,)
        Thresholds that were tuned, in the hierarchy's order.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the torch module.
    history_ : list of dict
        What skorch recorded in each epoch: ``epoch``, ``train_loss``, ``dur``
        (seconds), with a schedule ``weighted_share`` (the mean of its shares), and with
        early stopping ``valid_loss`` (weighted, whatever the schedule) and
        ``valid_au_prc``. ``..._best`` tells whether a loss was the best so far.
    n_iter_ : int
        Number of epochs trained, over all calls that went on with the net.
    input_shape_ : tuple of int
        Shape of a row of ``X``.
    n_features_in_ : int
        Number of features; of arrays of more dimensions the second one. Not there after
        a fit on a Dataset.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where ``X`` had string names.

    See Also
    --------
    sklearn_hmlc.losses.HierarchicalFocalLoss : The loss.
    sklearn_hmlc.nn.MaxConstraint : What makes predictions coherent.

    Notes
    -----
    A weight on the positives of a node multiplies its odds by this weight. That finds
    rare nodes, but as probabilities the numbers are too high, and across nodes their
    order suffers. So there are two answers: `predict` decides on the weighted
    probabilities; `predict_proba` takes the weight's logarithm off the logits, before
    the max constraint (``prior_correction``) [2]_. Both are coherent.

    Scale the features (`sklearn.preprocessing.StandardScaler`) and fill missing values
    (`sklearn.impute.SimpleImputer`) first. Networks compute in float32. Sparse ``X``
    and ``y`` are made dense a batch at a time.

    `sklearn.model_selection.cross_val_predict` with ``method="predict_proba"`` encodes
    each column of ``y`` anew, so that a node that all rows have, such as a virtual
    root, comes as 0 and ``y`` as not closed. Leave such nodes out
    (``hierarchy.subset``), or loop over the folds.

    References
    ----------
    .. [1] Xu, Gillis, Sharma, Misiuk, Brown and Trappenberg, "Improving Detection of
       Rare Nodes in Hierarchical Multi-Label Learning", 2026, arXiv 2602.08986.
    .. [2] Menon et al., "Long-tail learning via logit adjustment", ICLR 2021.

    Examples
    --------
    >>> from sklearn_hmlc import HierarchicalEnsembleClassifier
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=200, n_features=20, n_nodes=15, random_state=0
    ... )
    >>> clf = HierarchicalEnsembleClassifier(
    ...     hierarchy, n_estimators=3, hidden_layer_sizes=(32,), random_state=0
    ... )
    >>> proba = clf.fit(X, Y).predict_proba(X)
    >>> proba.shape
    (200, 15)
    >>> hierarchy.is_closed(clf.predict(X))
    True
    """

    _doc_link_module = "sklearn_hmlc"
    _doc_link_template = (
        "https://sklearn-hmlc.readthedocs.io/en/latest/generated/"
        "{estimator_module}.{estimator_name}.html"
    )

    _parameter_constraints: ClassVar[dict] = {
        "hierarchy": [Hierarchy, None],
        "ensemble": [StrOptions(set(ENSEMBLES))],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(_ACTIVATIONS)), callable],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "uncertainty": [str, callable, None],
        "focal_exponent": [Interval(Real, 0, None, closed="neither")],
        "focal_floor": [Interval(Real, 0, None, closed="left")],
        "node_weight": [StrOptions(set(SCHEMES)), "array-like", dict, None],
        "node_weight_power": [Interval(Real, 0, 1, closed="both")],
        "node_weight_floor": [Interval(Real, 0, None, closed="left"), None],
        "mix": [Interval(Real, 0, 1, closed="both")],
        "schedule": [StrOptions(set(SCHEDULES)), callable, None],
        "schedule_exponent": [Interval(Real, 0, None, closed="neither")],
        "encoder": [torch.nn.Module, None],
        "encoder_lr": [Interval(Real, 0, None, closed="neither"), None],
        "freeze_encoder": ["boolean"],
        "optimizer": [StrOptions(set(OPTIMIZERS)), type],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "prior_correction": ["boolean"],
        "threshold": [
            Interval(Real, 0, 1, closed="both"),
            StrOptions(set(STRATEGIES)),
            "array-like",
            Mapping,
        ],
        "threshold_cv": ["cv_object"],
        "device": [str, torch.device],
        "net_params": [dict, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hierarchy=None,
        *,
        ensemble="heads",
        n_estimators=5,
        hidden_layer_sizes=(500, 500),
        activation="relu",
        dropout=0.7,
        uncertainty="gmu",
        focal_exponent=1.0,
        focal_floor=0.25,
        node_weight="binary",
        node_weight_power=0.5,
        node_weight_floor=None,
        mix=1.0,
        schedule=None,
        schedule_exponent=2.0,
        encoder=None,
        encoder_lr=None,
        freeze_encoder=False,
        optimizer="adam",
        lr=1e-3,
        weight_decay=1e-5,
        batch_size=32,
        max_epochs=40,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        prior_correction=True,
        threshold=0.5,
        threshold_cv=None,
        device="auto",
        net_params=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.hierarchy = hierarchy
        self.ensemble = ensemble
        self.n_estimators = n_estimators
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.uncertainty = uncertainty
        self.focal_exponent = focal_exponent
        self.focal_floor = focal_floor
        self.node_weight = node_weight
        self.node_weight_power = node_weight_power
        self.node_weight_floor = node_weight_floor
        self.mix = mix
        self.schedule = schedule
        self.schedule_exponent = schedule_exponent
        self.encoder = encoder
        self.encoder_lr = encoder_lr
        self.freeze_encoder = freeze_encoder
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.prior_correction = prior_correction
        self.threshold = threshold
        self.threshold_cv = threshold_cv
        self.device = device
        self.net_params = net_params
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # -- training --------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the ensemble.

        Parameters
        ----------
        X : array-like, sparse matrix or Dataset of shape (n_samples, n_features)
            Features, finite. With an ``encoder`` also an array of more dimensions, such
            as images (n_samples, channels, height, width), of floats or of uint8, which
            is scaled to [0, 1]; a `numpy.memmap` is read batch by batch; or a
            `torch.utils.data.Dataset` whose items are, or begin with, the features.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
array-like of shape (n_samples,)
            Labels, 0 and 1, closed under the hierarchy; columns in the order of
            ``hierarchy.nodes``, a DataFrame's by name. 1-D: one node a row.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts, >= 0. None: 1.

        Returns
        -------
        self : HierarchicalEnsembleClassifier

        Raises
        ------
        ValueError
            If the data do not fit each other or the hierarchy, the labels are not
            closed, or training diverges.

        Warns
        -----
        UserWarning
            If nodes have no positive row.
        """
        goes_on = self.warm_start and hasattr(self, "net_")
        rows = self._validate_rows(X, y, sample_weight, reset=not goes_on)
        warn_empty(self._target.hierarchy, rows.Y)
        return self._train(rows, epochs=self.max_epochs, goes_on=goes_on)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one more epoch, on these rows.

        The first call initialises the ensemble and sets the node weights. There is no
        early stopping here. A schedule counts ``max_epochs`` calls as the whole.

        Parameters
        ----------
        X : array-like, sparse matrix or Dataset of shape (n_samples, n_features)
            Features, finite. With an ``encoder`` also an array of more dimensions, such
            as images (n_samples, channels, height, width), of floats or of uint8, which
            is scaled to [0, 1]; a `numpy.memmap` is read batch by batch; or a
            `torch.utils.data.Dataset` whose items are, or begin with, the features.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
array-like of shape (n_samples,)
            Labels, as in `fit`.
        classes : array-like of shape (n_classes,), default=None
            For 1-D ``y``, at the first call: all labels that will ever come. None:
            those of this call.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts, >= 0. None: 1.

        Returns
        -------
        self : HierarchicalEnsembleClassifier

        Raises
        ------
        ValueError
            As in `fit`, with ``early_stopping=True``, and where thresholds are to be
            tuned.
        """
        if self.early_stopping:
            raise ValueError(
                "partial_fit can't stop early; set early_stopping=False, or use `fit` "
                "with warm_start=True."
            )
        goes_on = hasattr(self, "net_")
        rows = self._validate_rows(X, y, sample_weight, not goes_on, classes)
        if self._tunes():
            raise ValueError(
                "partial_fit can't tune thresholds; give `threshold` as a number, or "
                "wrap the fitted classifier in a NodeThresholdClassifier with "
                'cv="prefit".'
            )
        done = self.n_iter_ if goes_on else 0
        return self._train(rows, 1, goes_on, span=(done, self.max_epochs))

    def _validate_rows(self, X, y, sample_weight, reset, classes=None):
        """Check what the user gave; learn the kind of target at the first fit."""
        if reset:
            # Should this fit fail, no mixture of it and an older one remains.
            self.__dict__.pop("net_", None)
        else:
            self._check_unchanged()
        X = check_features(self, X, reset)
        if reset:
            self._target = make_target(y, self.hierarchy, classes)
        if not isinstance(self.threshold, str):
            resolve_thresholds(self.threshold, self._target.hierarchy)
        labels = self._target.encode(y)
        check_consistent_length(X, labels)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, X, dtype=np.float32, ensure_non_negative=True
            )
        return Rows(X, labels, sample_weight)

    def _train(self, rows, epochs, goes_on, span=None):
        """Train and, where asked for, tune thresholds; ``span`` as in `_net.train`."""
        if not goes_on:
            self._random_state = check_random_state(self.random_state)
            self._split_seed = None
            self.hierarchy_ = self._target.hierarchy
            self.node_names_ = self.hierarchy_.nodes
            self.classes_ = self._target.classes
        # Before the split: tuning and early stopping change nothing of the rest.
        seed = self._random_state.randint(SEEDS)
        train, valid = self._split(rows)
        if train.sample_weight is not None and not train.sample_weight.any():
            raise ValueError(
                "All sample weights of the rows to train on are 0; there is nothing to "
                "learn."
            )
        folds = self._folds(rows) if self._tunes() else None
        device = self._device()
        # torch's layers draw from its global generator, whose state is put back.
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            _net.seed_generators(seed, device)
            net = self._refreshed() if goes_on else self._initialized(train, device)
            net.train_split = predefined_split(valid) if self.early_stopping else None
            # A net whose training fails is no fitted one.
            self.__dict__.pop("net_", None)
            _net.train(net, train, epochs, span or (0, epochs))
        net.train_split = None
        self.net_ = net
        self.history_ = _net.epochs_of(self.net_.history)
        self.n_iter_ = len(self.history_)
        self.__dict__.pop("thresholds_", None)
        if self._tunes():
            self._tune(rows, valid, folds)
        return self

    def _refreshed(self):
        refresh_net(self.net_, self)
        return self.net_

    def _check_unchanged(self):
        """Refuse to go on with a net that was made by other parameters."""
        present = self._fixed_params()
        for name in {**self._made_with, **present}:
            now, value = present.get(name), self._made_with.get(name)
            if now is not value and not np.array_equal(now, value):
                raise ValueError(
                    "Training goes on with the net of the last fit, but "
                    f"{name} changed from {value!r} to {now!r}. Set it back, or use "
                    "`fit` with warm_start=False."
                )

    def _fixed_params(self):
        """What must stay while training goes on."""
        params = self.get_params(deep=False)
        fixed = {name: params[name] for name in params if name not in _MAY_CHANGE}
        inner = {f"net_params[{k!r}]": v for k, v in (self.net_params or {}).items()}
        inner.pop("net_params['callbacks']", None)
        return fixed | inner

    def _initialized(self, rows, device):
        """Make a fresh net, with node weights by the rows to train on."""
        if not self.hierarchy_.scored.any():
            raise ValueError("Expected a hierarchy with at least one scored node.")
        self._made_with = self._fixed_params()
        self.node_weights_ = resolve_node_weights(
            self.node_weight,
            self.hierarchy_,
            rows.Y,
            floor=self.node_weight_floor,
            power=self.node_weight_power,
            sample_weight=rows.sample_weight,
        )
        return make_net(self, device, self._n_inputs(rows))

    def _n_inputs(self, rows):
        """Width of what the heads see."""
        if self.encoder is None:
            return self.n_features_in_
        return encoded_width(self.encoder, features(rows.X, slice(0, 2)))

    def _device(self):
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            device = torch.device(self.device)
            torch.zeros(1, device=device).cpu()
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            raise ValueError(
                "Expected `device` to be 'auto' or a device of this machine, but got "
                f"{self.device!r}: {error}"
            ) from error
        return device

    def _html_repr(self):
        """Show the hierarchy below scikit-learn's diagram."""
        hierarchy = getattr(self, "hierarchy_", self.hierarchy)
        summary = "" if hierarchy is None else hierarchy._repr_html_()
        return estimator_html_repr(self) + summary

    def __sklearn_is_fitted__(self):
        """Tell whether training got as far as a net."""
        return hasattr(self, "net_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags

"""`HierarchicalEnsembleClassifier`: validate, train, predict coherently.

Stage: all of them, each a call into its room. Source: Xu et al. (2026).
"""

from typing import ClassVar

from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils.validation import _num_samples, check_is_fitted

from . import _fit
from ._callbacks import clone_with_callbacks
from ._diagram import block_of, html_of
from ._door import checked_rows
from ._features import check_features
from ._params import (
    CONSTRAINTS,
    check_partial_fit,
    check_sampler,
    warn_without_effect,
)
from ._saved import all_or_nothing
from ._scoring import given_validation
from ._stored import Plain
from ._target import ScoreMixin
from ._tasks import CallbackSupportMixin, Tasks
from ._torch import usual
from ._validation import as_thresholds
from .uncertainty import get_measure, measure_members


class HierarchicalEnsembleClassifier(
    Plain, ScoreMixin, CallbackSupportMixin, ClassifierMixin, BaseEstimator
):
    """Coherent neural ensemble for labels in a hierarchy, with an eye on rare nodes.

    Networks whose predictions obey the hierarchy by construction (max constraint),
    trained with a loss that weighs nodes by their rarity and by how uncertain the
    ensemble is about them [1]_.

    Parameters
    ----------
    hierarchy : Hierarchy, default=None
        The label graph. None: a flat one over the columns (or classes) of ``y``.
    ensemble : {"heads", "dropout", "last_layer"}, default="heads"
        What the members are: networks that share nothing but the batch; dropout masks
        over one network (quicker and smaller); last layers over one shared body.
    n_estimators : int, default=5
        Number of ensemble members M, trained together as one batched product.
    hidden_layer_sizes : array-like of int or "auto", default="auto"
        Widths of each member's hidden layers. "auto": (500, 500), or (500,) for a
        sparse ``X`` that is mostly zeros (see Notes).
    activation : {"relu", "tanh", "logistic", "gelu", "silu", "identity"} or callable, \
default="relu"
        Activation of the hidden layers; a callable makes a `torch.nn.Module`.
    dropout : float or "auto", default="auto"
        Share of hidden units dropped in training, in [0, 1). "auto": 0.7, or 0.3 for a
        dense ``X`` whose nearest rows mostly share their labels.
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
    node_weight_side : {"positive", "negative"}, default="positive"
        Whether these weights are put on the rows that have the node or, as the code
        published with the paper does, on the rows that lack it.
    node_weight_count : {"node", "subtree"}, default="node"
        What a scheme takes for the number of a node's rows: those that have it, or the
        sum over it and all nodes below, as the published code does.
    node_weight_power : float, default=0.5
        Tempers a scheme's weights, in [0, 1]: 0 all alike, 1 the full ones.
    node_weight_floor : float or None, default=None
        Rescales a scheme's weights to start at this floor, as the paper does (with
        0.25). None: no rescaling, and no weight below 1.
    mix : float, default=1.0
        Share of the weighted loss in the whole, in [0, 1]; the rest is the plain loss.
    schedule : {"linear", "power", "alternating"}, callable or None, default=None
        Moves the loss's weights to 1 while training goes on, see
        `sklearn_hmlc.losses.get_schedule`. None: weighted throughout.
    schedule_exponent : float, default=2.0
        Exponent of the schedule "power", > 0.
    sampler : object with ``fit_resample``, default=None
        Resamples the rows to train on, once the validation part is set aside, so that
        no clone of a training row is validated on: `~sklearn_hmlc.over_sampling.LPROS`,
        say. It is given ``y`` as `fit` is. Its ``random_state`` (and those of
        samplers inside), if None, follows from that of the classifier. Node weights and
        the frequencies of unscored nodes are those of the resampled rows;
        ``prior_correction`` knows nothing of clones. None: the rows as they are.
    encoder : torch.nn.Module, default=None
        What turns a batch of ``X`` into features, shape (B, ...): a CNN, a backbone. A
        copy of it is trained, from its present weights. None: ``X`` are the features.
    encoder_lr : float, default=None
        Learning rate of the encoder. None: ``lr``.
    freeze_encoder : bool, default=False
        Whether the encoder stays as it is.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"} or class, default="adam"
        A class is any `torch.optim.Optimizer`; one without weight decay needs
        ``weight_decay=0``.
    lr : float or "auto", default="auto"
        Learning rate. "auto": 1e-3 with batches of 32, and in proportion to the square
        root of the batch.
    weight_decay : float, default=1e-5
        The optimiser's penalty on squared weights.
    batch_size : int or "auto", default="auto"
        Rows per training step. "auto": 32 to 128, some 100 steps per epoch.
    max_epochs : int or "auto", default="auto"
        Passes over the training rows. "auto": 40; with a sparse first layer fewer, down
        to 10, of more than 3,000 rows.
    early_stopping : bool, default=False
        Whether to stop when the score of a validation part no longer improves; the best
        epoch's weights are kept.
    scoring : str, callable or None, default=None
        That score: a name that `sklearn_hmlc.metrics.get_scorer` takes, or a callable
        ``(estimator, X, y)``; higher is better. None: the pooled AU(PRC).
    validation_fraction : float, default=0.1
        Share of the rows set aside, in (0, 1), unless `fit` is given others.
    n_iter_no_change : int, default=10
        Epochs without improvement before training stops early.
    prior_correction : bool, default=True
        Whether `predict_proba` takes off what the node weights have put on (see Notes).
        Decisions are made without it either way, but for 1-D ``y``.
    threshold : float, array-like or mapping, default=0.5
        `predict` says yes where `decision_proba` reaches this, in [0, 1]: one for all,
        an array of shape (n_nodes,) in node order, or a mapping node -> threshold (the
        rest 0.5). `sklearn_hmlc.postprocessing.NodeThresholdClassifier` tunes them.
    device : str or torch.device, default="auto"
        Where to train. "auto": CUDA where there is one, else the CPU. "accelerate": as
        one model in all processes of ``accelerate launch`` or ``torchrun``, see the
        user guide; in a program that was started without them the same as "auto".
    precision : {"float32", "bf16"}, default="float32"
        Of the products in training. "bf16": bfloat16, on devices that have it; weights,
        the max constraint, the loss and all predictions stay float32.
    net_params : dict, default=None
        Further parameters in skorch's own words: ``callbacks``,
        ``iterator_train__num_workers``, ``optimizer__betas``, ...
    warm_start : bool, default=False
        Whether `fit` goes on with the net of the last `fit`. Other rates, batches,
        epochs, callbacks, threshold, sampler and early stopping are taken up, nothing
        else. If False, `fit` drops what the optimiser remembers, and `partial_fit`
        starts anew in this.
    checkpoint : str or path-like, default=None
        Folder in which `fit` keeps a training, so that one that was killed goes on when
        the same `fit` is called again, and ends with the same bits; a finished one is
        not trained again. A folder for each training; clones, as in folds and searches,
        have folders of their own in it. See the user guide. None: no files.
    checkpoint_every : float, default=5.0
        Minutes between checkpoints, >= 0, at the ends of epochs; 0: after each epoch.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, dropout, the order of rows and the validation part.
        Same number, same machine: same model, in threads and processes too.
    verbose : int, default=0
        1: a progress bar with the loss and the validation part's AU(PRC).

    Attributes
    ----------
    classes_ : ndarray of shape (n_nodes,) or (n_classes,)
        Names of the columns of `predict_proba`: the nodes in their order, or as the
        columns of a DataFrame ``y``; for 1-D ``y`` the sorted classes.
    hierarchy_ : Hierarchy
        The hierarchy in use.
    node_names_ : tuple of hashable
        Names of the nodes, in the hierarchy's order.
    node_weights_ : ndarray of shape (n_nodes,)
        What a positive of each node (or a negative, see ``node_weight_side``) counted,
        in the hierarchy's order.
    sampler_ : object
        The fitted sampler, where there is one.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the torch module.
    history_ : list of dict
        What each epoch recorded: ``train_loss``, ``dur`` (seconds), ``weighted_share``
        of a schedule, ``valid_loss`` and ``valid_au_prc`` (or ``valid_`` and the name
        in ``scoring``, ``valid_score`` of a callable) with early stopping, ...
    loss_curve_, validation_scores_ : list of float
        Training loss and validation score of each epoch; the latter None without
        ``early_stopping``, as is the score of the weights that were kept:
    best_validation_score_ : float
    n_iter_ : int
        Number of epochs trained, over all calls.
    hidden_layer_sizes_, dropout_, batch_size_, max_epochs_, lr_
        What "auto" stands for, or as given.
    input_shape_ : tuple of int
        Shape of a row of ``X``.
    n_features_in_, feature_names_in_ : int, ndarray of shape (`n_features_in_`,)
        Number and names of the features, where ``X`` had any.

    See Also
    --------
    sklearn_hmlc.losses.HierarchicalFocalLoss : The loss.
    sklearn_hmlc.nn.MaxConstraint : What makes predictions coherent.

    Notes
    -----
    A weight on the positives of a node multiplies its odds by this weight. That finds
    rare nodes, but as probabilities the numbers are too high, and across nodes their
    order suffers. So there are two coherent answers: `predict` decides on the weighted
    probabilities; `predict_proba` takes the weight's logarithm off the logits, before
    the max constraint (``prior_correction``) [2]_.

    Scale the features (`StandardScaler`) and fill missing values (`SimpleImputer`)
    first. Sparse ``X`` and ``y`` are made dense one batch at a time. But a sparse ``X``
    of which at most one entry in 32 is stored stays sparse, is scaled, and learns where
    it has entries, see `sklearn_hmlc.nn.SparseInputLinear` and `RowAdam`. Nodes that no
    row of `fit` has are no outputs of the net: they are predicted with their frequency,
    0 as nearly as float32 has it (unless ``warm_start``, as more rows may come).

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

    _parameter_constraints: ClassVar[dict] = CONSTRAINTS

    def __init__(
        self,
        hierarchy=None,
        *,
        ensemble="heads",
        n_estimators=5,
        hidden_layer_sizes="auto",
        activation="relu",
        dropout="auto",
        uncertainty="gmu",
        focal_exponent=1.0,
        focal_floor=0.25,
        node_weight="binary",
        node_weight_side="positive",
        node_weight_count="node",
        node_weight_power=0.5,
        node_weight_floor=None,
        mix=1.0,
        schedule=None,
        schedule_exponent=2.0,
        sampler=None,
        encoder=None,
        encoder_lr=None,
        freeze_encoder=False,
        optimizer="adam",
        lr="auto",
        weight_decay=1e-5,
        batch_size="auto",
        max_epochs="auto",
        early_stopping=False,
        scoring=None,
        validation_fraction=0.1,
        n_iter_no_change=10,
        prior_correction=True,
        threshold=0.5,
        device="auto",
        precision="float32",
        net_params=None,
        warm_start=False,
        checkpoint=None,
        checkpoint_every=5.0,
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
        self.node_weight_side = node_weight_side
        self.node_weight_count = node_weight_count
        self.node_weight_power = node_weight_power
        self.node_weight_floor = node_weight_floor
        self.mix = mix
        self.schedule = schedule
        self.schedule_exponent = schedule_exponent
        self.sampler = sampler
        self.encoder = encoder
        self.encoder_lr = encoder_lr
        self.freeze_encoder = freeze_encoder
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.prior_correction = prior_correction
        self.threshold = threshold
        self.device = device
        self.precision = precision
        self.net_params = net_params
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.random_state = random_state
        self.verbose = verbose

    # -- training --------------------------------------------------------------------

    # The sampler's parameters are not validated yet.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the ensemble.

        Parameters
        ----------
        X : array-like, sparse matrix or Dataset of shape (n_samples, n_features)
            Features, finite. A `numpy.memmap`, an array of Zarr or HDF5, and a
            `torch.utils.data.Dataset` whose items are, or begin with, the features are
            read batch by batch. With an ``encoder`` also of more dimensions: images
            (n_samples, channels, height, width) of floats, or uint8 (scaled to [0, 1]).
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
array-like of shape (n_samples,)
            Labels, 0 and 1, closed under the hierarchy; columns in the order of
            ``hierarchy.nodes``, a DataFrame's by name; or on disk. 1-D: a node per row.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts, >= 0. None: 1. Rows of weight 0 are left out.
        X_val, y_val, sample_weight_val : as ``X``, ``y`` and ``sample_weight``, \
default=None
            Rows for early stopping, in place of a part of those to train on.

        Returns
        -------
        self : HierarchicalEnsembleClassifier

        Raises
        ------
        ValueError
            If the data do not fit each other or the hierarchy, the labels are not
            closed, or training diverges; if the folder ``checkpoint`` can't be written,
            is in use, or has another training's (other rows, parameters or versions).
            The classifier stays as it was before.
        KeyboardInterrupt
            On Ctrl-C. After a whole epoch the classifier is fitted, as of the last one
            (with ``early_stopping`` as of the best).

        Warns
        -----
        UserWarning
            If nodes have no positive row, or a parameter has no effect.
        ConvergenceWarning
            If the loss ends well above that of the first epoch.
        """
        check_sampler(self)
        goes_on = self.warm_start and hasattr(self, "net_")
        with all_or_nothing(self, goes_on):
            if goes_on:
                _fit.check_unchanged(self)
            rows = checked_rows(self, X, y, sample_weight, reset=not goes_on)
            valid = given_validation(self, X_val, y_val, sample_weight_val)
            _fit.warn_empty(self, rows.Y)
            warn_without_effect(self)
            tasks = Tasks(self, X, y, sample_weight)
            interrupt = _fit.learn(self, rows, goes_on, valid=valid, tasks=tasks)
            if not self.warm_start:
                # A model is its weights; Adam's moments are twice as large.
                self.net_.optimizer_.state.clear()
        if interrupt is not None:
            raise interrupt
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one more epoch, on these rows.

        Node weights, and with them the prior correction, follow the rows of all calls.
        A schedule counts ``max_epochs`` calls as the whole, and callbacks, such as
        learning-rate schedules, go on from call to call.

        Parameters
        ----------
        X, y
            As in `fit`.
        classes : array-like of shape (n_classes,), default=None
            For 1-D ``y``, at the first call: all labels that will ever come. None:
            those of this call.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Returns
        -------
        self : HierarchicalEnsembleClassifier

        Raises
        ------
        ValueError
            As in `fit`, and with ``early_stopping=True`` or a ``sampler``.
        """
        check_partial_fit(self)
        goes_on = hasattr(self, "net_")
        with all_or_nothing(self, goes_on):
            if goes_on:
                _fit.check_unchanged(self, classes)
            rows = checked_rows(self, X, y, sample_weight, not goes_on, classes)
            _fit.learn(self, rows, goes_on, one_epoch=True)
        return self

    # -- prediction ------------------------------------------------------------------

    def predict_proba(self, X):
        """Predict coherent probabilities, the mean over the members.

        With ``prior_correction`` what the node weights have put on them is taken off.
        With ``ensemble="dropout"`` the one network is asked, without dropout.

        Parameters
        ----------
        X : array-like, sparse matrix or Dataset of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of float32 of shape (n_samples, n_nodes)
            Strictly between 0 and 1; a parent's is never below its child's. Columns as
            in ``classes_``. An unscored node has its training frequency, or more where
            a child has. After a fit on 1-D ``y``: float64 of shape (n_samples,
            n_classes), the probability that a row's path ends in the class.
        """
        return self._columns_of(self._node_proba(X))

    def decision_proba(self, X):
        """Predict the weighted probabilities on which `predict` decides.

        Those of `predict_proba` without the prior correction: coherent, too high as
        frequencies of rare nodes, with 0.5 as a sensible threshold.

        Parameters
        ----------
        X : array-like, sparse matrix or Dataset of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of float32 of shape (n_samples, n_nodes)
            Columns as in ``classes_``. After a fit on 1-D ``y`` as `predict_proba`.
        """
        check_is_fitted(self)
        corrected = self._target.single and self.prior_correction
        return self._columns_of(self._node_proba(X, corrected))

    def predict(self, X):
        """Predict labels: yes where `decision_proba` reaches ``threshold``.

        Parameters
        ----------
        X : array-like, sparse matrix or Dataset of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
ndarray of shape (n_samples,)
            In the container and dtype of the ``y`` of `fit`, closed under the
            hierarchy. After a fit on 1-D ``y``: the most probable class by
            `predict_proba`.
        """
        self._validate_params()
        check_is_fitted(self)
        if self._target.single:
            return self._target.most_probable(self._node_proba(X))
        thresholds = as_thresholds(
            self.threshold, self.hierarchy_, self._target.column_names
        )
        positive = self._node_proba(X, corrected=False) >= thresholds
        if thresholds.ndim:
            # One threshold for all keeps coherence; others may not.
            positive = self.hierarchy_.close(positive)
        return self._target.restore(positive, X)

    def predict_members(self, X, *, constrained=True):
        """Predict each member's probabilities.

        With ``ensemble="dropout"`` members are masks drawn at `fit`, the same for all
        rows and calls. ``prior_correction`` counts as in `predict_proba`.

        Parameters
        ----------
        X : array-like, sparse matrix or Dataset of shape (n_samples, n_features)
        constrained : bool, default=True
            Whether each member is made coherent.

        Returns
        -------
        proba : ndarray of float32 of shape (n_estimators, n_samples, n_nodes)
            Columns as in ``classes_``.
        """
        X = self._checked(X)
        with usual(self.net_.device):
            members = self.net_.iter_members(X, constrained, self.prior_correction)
            blocks = ((rows, p.cpu().numpy()) for rows, p in members)
            shape = int(self._made_with["n_estimators"]), _num_samples(X)
            return self._target.columns(self._outputs.filled(shape, blocks))

    def predict_uncertainty(self, X, measure="gmu"):
        """Tell how unsure the ensemble is about each node of each row.

        Parameters
        ----------
        X : array-like, sparse matrix or Dataset of shape (n_samples, n_features)
        measure : str or callable, default="gmu"
            See `sklearn_hmlc.uncertainty.get_measure`.

        Returns
        -------
        uncertainty : ndarray of float32 of shape (n_samples, n_nodes)
            Larger = less sure; of `predict_members`. 0 for unscored nodes. Columns as
            in ``classes_``.
        """
        measure = get_measure(measure)
        X = self._checked(X)
        with usual(self.net_.device):
            members = self.net_.iter_members(X, corrected=self.prior_correction)
            blocks = (
                (rows, measure_members(measure, p).cpu().numpy()) for rows, p in members
            )
            unsure = self._outputs.filled([_num_samples(X)], blocks, fill=0)
        unsure[:, ~self.hierarchy_.scored] = 0
        return self._target.columns(unsure)

    def _checked(self, X):
        check_is_fitted(self)
        return check_features(self, X, reset=False)

    def _node_proba(self, X, corrected=None):
        """Coherent probabilities (n_samples, n_nodes) in the hierarchy's order."""
        X = self._checked(X)
        corrected = self.prior_correction if corrected is None else corrected
        with usual(self.net_.device):
            blocks = self.net_.iter_mean(X, corrected)
            return self._outputs.filled([_num_samples(X)], blocks)

    def _columns_of(self, proba):
        if self._target.single:
            return self._target.distribution(proba)
        return self._target.columns(proba)

    # -- protocol --------------------------------------------------------------------

    def _html_repr(self):
        """Show the hierarchy below scikit-learn's diagram."""
        return html_of(self)

    def _sk_visual_block_(self):
        """Tell the hierarchy's sizes in scikit-learn's diagrams, of pipelines too."""
        return block_of(self)

    def __sklearn_clone__(self):
        """Clone, with callbacks that can't be copied as a whole."""
        return clone_with_callbacks(self)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags

"""A fitted classifier as one torch module, for programs that know no scikit-learn.

Stage: after `fit`. In: a fitted estimator. Out: a module from rows (B, n_features) to
what `predict_proba` returns: scaling, network, correction, max constraint, mean over
members, unscored nodes and the order of columns inside, of operations that
`torch.export` and ONNX have.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from torch import nn

from ._classifier import HierarchicalEnsembleClassifier
from ._net import HIGHEST, LOWEST
from ._options import check_option
from ._recipe import TableStandardizer
from ._torch import usual
from .postprocessing import NodeThresholdClassifier

METHODS = ("predict_proba", "decision_proba")


def to_torch(estimator, *, method="predict_proba"):
    """Turn a fitted classifier into one `torch.nn.Module`.

    Prior correction, max constraint, mean over the members, frequencies of unscored
    nodes, nodes without an output and the order of columns are inside, so that it can
    be exported with `torch.export` or `torch.onnx` and run where there is no Python.

    Parameters
    ----------
    estimator : HierarchicalEnsembleClassifier, Pipeline, search or \
NodeThresholdClassifier
        Fitted. Of a pipeline's steps before the classifier `StandardScaler` and
        `SimpleImputer` are taken along as constants; for others transform the rows
        first, and give the last step alone. Of a search it is the best estimator.
    method : {"predict_proba", "decision_proba"}, default="predict_proba"
        Whose answer the module gives: probabilities, or the weighted ones that
        `predict` compares with its thresholds.

    Returns
    -------
    module : torch.nn.Module
        From a float Tensor of shape (B, n_features), or of what the ``encoder`` takes,
        to a Tensor of float32 of shape (B, n_nodes) with columns as in its attribute
        ``classes_``; after a fit on 1-D ``y`` float64 of shape (B, n_classes). A copy
        on the CPU, without gradients of its weights, always in evaluation mode.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator, or a step of the pipeline, is of another kind.

    See Also
    --------
    sklearn_hmlc.nn.MaxConstraint : Can be exported in networks of your own, too.

    Notes
    -----
    Rows are dense: a network that was fitted on sparse rows takes them dense here, and
    its sums are then rounded otherwise (by some 1e-7). What is missing (NaN) without an
    imputer, or infinite, is not refused, and comes out as NaN.

    Under `torch.no_grad` for an export: there is nothing to train in it.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_hmlc import HierarchicalEnsembleClassifier, to_torch
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=100, n_features=10, n_nodes=8, random_state=0
    ... )
    >>> clf = HierarchicalEnsembleClassifier(
    ...     hierarchy, hidden_layer_sizes=(16,), max_epochs=2, random_state=0
    ... ).fit(X, Y)
    >>> module = to_torch(clf)
    >>> rows = torch.from_numpy(X).float()
    >>> bool(np.allclose(module(rows), clf.predict_proba(X), atol=1e-6))
    True
    >>> batch = torch.export.Dim("batch")
    >>> program = torch.export.export(module, (rows,), dynamic_shapes=[{0: batch}])
    >>> program.module()(rows[:3]).shape
    torch.Size([3, 8])
    """
    check_option("method", method, METHODS)
    check_is_fitted(estimator)
    steps, classifier = _taken_apart(estimator)
    with usual("cpu"):
        module = _Exported(classifier, steps, method)
    if list(module.classes_) != list(estimator.classes_):
        raise ValueError(
            f"Expected {type(estimator).__name__} to have its columns in the order of "
            f"the {type(classifier).__name__} inside, but they differ; export the "
            "latter alone."
        )
    return module


# -- what is inside --------------------------------------------------------------------


def _taken_apart(estimator):
    """Return modules of the steps before the classifier, and the classifier itself."""
    steps, outermost = [], estimator
    while type(estimator) is not HierarchicalEnsembleClassifier:
        if hasattr(estimator, "named_steps"):
            for name, step in estimator.steps[:-1]:
                steps += _of_step(step, f"the step {name!r}")
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, NodeThresholdClassifier):
            estimator = estimator.estimator_
        else:
            inside = "" if estimator is outermost else f" in {type(outermost).__name__}"
            raise TypeError(
                "Expected a HierarchicalEnsembleClassifier, alone, as the last step of "
                "a pipeline, or in a search or a NodeThresholdClassifier, but got "
                f"{type(estimator).__name__}{inside}."
            )
    return steps, estimator


def _of_step(step, what):
    """Return the modules of one transformer; of a sampler, which only trains, none."""
    if step in (None, "passthrough") or hasattr(step, "fit_resample"):
        return []
    if isinstance(step, TableStandardizer):
        inner = [] if step.steps_ is None else step.steps_.steps
        return [module for _, one in inner for module in _of_step(one, what)]
    if type(step) is StandardScaler:
        return [_Scale(step)]
    if type(step) is SimpleImputer:
        return [_Impute(step)]
    raise TypeError(
        f"Expected {what} to be a StandardScaler or a SimpleImputer, but got "
        f"{type(step).__name__}; transform the rows first, and export the last step "
        "alone: `to_torch(pipeline[-1])`."
    )


class _Scale(nn.Module):
    """`StandardScaler`, its numbers rounded to float32 as it does with such rows."""

    def __init__(self, scaler):
        super().__init__()
        self.n_features = scaler.n_features_in_
        given = {"mean": scaler.with_mean, "scale": scaler.with_std}
        for name, used in given.items():
            values = getattr(scaler, f"{name}_") if used else None
            self.register_buffer(name, _constant(values))

    def forward(self, x):
        x = x if self.mean is None else x - self.mean
        return x if self.scale is None else x / self.scale


class _Impute(nn.Module):
    """`SimpleImputer` on numbers: columns without any value go, others are filled."""

    def __init__(self, imputer):
        super().__init__()
        if imputer.add_indicator:
            raise TypeError(
                "Expected a SimpleImputer without indicators, but got add_indicator="
                "True; transform the rows first, and export the last step alone."
            )
        self.n_features = imputer.n_features_in_
        values = np.asarray(imputer.statistics_, dtype=np.float64)
        self.missing = float(imputer.missing_values)
        kept = np.flatnonzero(imputer.keep_empty_features | ~np.isnan(values))
        whole = len(kept) == len(values)
        self.register_buffer("kept", None if whole else torch.from_numpy(kept))
        self.register_buffer("values", _constant(values[kept]))

    def forward(self, x):
        x = x if self.kept is None else x.index_select(1, self.kept)
        missing = x.isnan() if np.isnan(self.missing) else x == self.missing
        return torch.where(missing, self.values, x)


def _constant(values):
    """Float32, as networks compute; None stays None."""
    return None if values is None else torch.tensor(values, dtype=torch.float32)


# -- the module ------------------------------------------------------------------------


class _Exported(nn.Module):
    """Rows to the columns of `predict_proba`; see `to_torch`."""

    def __init__(self, classifier, steps, method):
        super().__init__()
        self.steps = nn.Sequential(*steps)
        own = tuple(classifier.input_shape_)
        self.input_shape = (steps[0].n_features,) if steps else own
        self.ensemble = _Ensemble(classifier, method)
        single = classifier._target.single
        self.columns = (_Classes if single else _Columns)(classifier)
        self.classes_ = np.array(classifier.classes_)
        self.requires_grad_(False)
        self.eval()

    def forward(self, x):
        """Compute probabilities.

        Parameters
        ----------
        x : Tensor of shape (B, n_features), or of what the encoder takes

        Returns
        -------
        proba : Tensor of shape (B, n_nodes) or (B, n_classes)
        """
        if tuple(x.shape[1:]) != self.input_shape:
            shape = ", ".join(["B", *map(str, self.input_shape)])
            raise ValueError(
                f"Expected x of shape ({shape}), but got {tuple(x.shape)}."
            )
        x = x if x.dtype == torch.uint8 else x.to(torch.float32)
        return self.columns(self.ensemble(self.steps(x)))

    def train(self, mode=True):  # noqa: ARG002
        """Stay in evaluation mode: with dropout these would be no probabilities."""
        return super().train(False)


class _Ensemble(nn.Module):
    """Rows to coherent probabilities of the net's outputs, the mean over members."""

    def __init__(self, classifier, method):
        super().__init__()
        net = classifier.net_
        loss = copy.deepcopy(net.criterion_).cpu()
        self.network = copy.deepcopy(net.module_).cpu()
        self.constraint = loss.constraint
        corrected = classifier.prior_correction and (
            method == "predict_proba" or classifier._target.single
        )
        # Where the shift differs from row to row, the loss is asked for it.
        self.loss = loss if corrected and loss.shift_depends_on_logits else None
        shift = None
        if corrected and self.loss is None:
            shift = loss.logit_shift(torch.empty(0)).to(torch.float32)
        self.register_buffer("shift", shift)
        self.unscored = _Unscored(net.unscored_, loss.scored) if net.unscored_ else None

    def forward(self, x):
        logits = self.network(x)
        if self.loss is not None:
            one = logits.shape[0] == 1  # of a dropout ensemble, which knows no spread
            members = self.network.members(x) if one else logits
            logits = logits - self.loss.logit_shift(members).to(logits.dtype)
        elif self.shift is not None:
            logits = logits - self.shift
        members = self.constraint(torch.sigmoid(logits))
        # One member after the other: the same roundings in every column, so that a
        # parent stays above its child to the last bit.
        total = members[0]
        for member in range(1, members.shape[0]):
            total = total + members[member]
        p = total / members.shape[0]
        if self.unscored is not None:
            p = self.constraint(self.unscored(p))
        return p.clamp(LOWEST, HIGHEST)


class _Unscored(nn.Module):
    """Give unscored nodes their frequency, at most what scored ancestors have.

    The max constraint then lifts them to their children; it finds all others coherent.
    """

    def __init__(self, unscored, scored):
        super().__init__()
        frequency = torch.zeros(len(scored))
        nodes, values, _, above = zip(*unscored, strict=True)
        frequency[list(nodes)] = torch.tensor(values, dtype=torch.float32)
        self.register_buffer("scored", scored.clone())
        self.register_buffer("frequency", frequency)
        # A column behind all nodes stands for no limit, as the ancestors differ in
        # number.
        capped = [node for node, one in zip(nodes, above, strict=True) if one]
        limits = torch.full((len(capped), max(map(len, above))), len(scored))
        for row, one in zip(limits, filter(None, above), strict=True):
            row[: len(one)] = torch.tensor(one)
        self.register_buffer("capped", torch.tensor(capped, dtype=torch.long))
        self.register_buffer("limits", limits)

    def forward(self, p):
        settled = torch.where(self.scored, p, self.frequency)
        if not self.limits.numel():
            return settled
        open_end = torch.cat([p, torch.ones_like(p[:, :1])], dim=1)
        most = open_end.index_select(1, self.limits.flatten())
        most = most.reshape(-1, *self.limits.shape).amin(2)
        limited = torch.minimum(settled.index_select(1, self.capped), most)
        return settled.index_copy(1, self.capped, limited)


class _Columns(nn.Module):
    """Probabilities of the outputs in the user's columns; none where there is none."""

    def __init__(self, classifier):
        super().__init__()
        columns = classifier._target.columns(_positions(classifier))
        n_outputs = classifier._outputs.hierarchy.n_nodes
        same = np.array_equal(columns, np.arange(n_outputs))
        self.order = nn.Identity() if same else _Gather(columns)

    def forward(self, p):
        return self.order(p)


class _Classes(nn.Module):
    """Probabilities of the outputs as those of classes, of which each row has one.

    A class has what its node's probability leaves after its children's.
    """

    def __init__(self, classifier):
        super().__init__()
        hierarchy, target = classifier.hierarchy_, classifier._target
        self.nodes = _Gather(_positions(classifier))
        parents, children = np.array(hierarchy.edges).T
        self.register_buffer("parents", torch.tensor(parents))
        self.register_buffer("offspring", torch.tensor(children))
        ends = target.columns(np.arange(hierarchy.n_nodes))
        self.register_buffer("ends", torch.tensor(ends))

    def forward(self, p):
        p = self.nodes(p).to(torch.float64)
        parts = p.index_select(1, self.offspring)
        below = torch.zeros_like(p).index_add(1, self.parents, parts)
        ends = (p - below).clamp(min=LOWEST).index_select(1, self.ends)
        return ends / ends.sum(1, keepdim=True)


class _Gather(nn.Module):
    """Columns by position; the one behind all is the least probability there is."""

    def __init__(self, positions):
        super().__init__()
        self.register_buffer("positions", torch.tensor(positions, dtype=torch.long))

    def forward(self, p):
        lowest = torch.full_like(p[:, :1], LOWEST)
        return torch.cat([p, lowest], dim=1).index_select(1, self.positions)


def _positions(classifier):
    """Output of each node, in node order; the number of outputs where it has none."""
    outputs = classifier._outputs
    n_outputs = outputs.hierarchy.n_nodes
    if outputs.nodes is None:
        return np.arange(n_outputs)
    positions = np.full(outputs.n_nodes, n_outputs)
    positions[outputs.nodes] = np.arange(n_outputs)
    return positions

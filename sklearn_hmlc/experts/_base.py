"""What all experts share: the doors through which rows and labels come and go.

Stage: around any way of predicting probabilities. In: the user's ``X``, ``y`` and row
weights, in their containers. Out: coherent probabilities (n_samples, n_nodes), and
decisions in the container of ``y``. An expert itself sees a table of numbers, CSR
labels in node order and weights above 0.
"""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_consistent_length, gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

from .._target import ScoreMixin, make_target
from .._validation import as_row_weights, canonical, check_same_ids
from .._versions import Versioned
from ..postprocessing import make_coherent

# Probabilities that are held at a time beside the answer (16 MB of float32).
_BLOCK_ENTRIES = 2**22

# Share of the largest weight below which a row is lost in rounding beside the others:
# what is left of all without that one would be nothing, or noise.
_NO_WEIGHT = 1e-12

# Features whose squares can still be added up.
_LARGEST = {np.dtype(np.float64): 1e150, np.dtype(np.float32): 1e17}


class CoherentExpert(Versioned, ScoreMixin, ClassifierMixin, BaseEstimator):
    """Base of experts: checks, containers, coherence.

    A subclass has a parameter ``hierarchy``, its ``_parameter_constraints`` and

    ``_learn(X, Y, weight)``
        Learns from a float array or CSR ``X``, boolean CSR labels ``Y``, closed and in
        node order, and float64 weights, all above 0, or None where all rows count 1.
        Sets fitted attributes.
    ``_proba(X)``
        Returns probabilities (n_rows, n_nodes) of some rows.
    ``_held_out()``
        Returns probabilities (n_rows, n_nodes) of the rows of ``_learn``, each by what
        has not seen it, or raises.

    Where a subclass's probabilities are not coherent by construction, it says so by
    ``_by_construction = False``, and they are made so ("max", see `make_coherent`).
    ``_allow_nan = True`` lets rows with missing features in, ``_allow_sparse = False``
    keeps sparse ones out.
    """

    _by_construction: ClassVar[bool] = True
    _allow_nan: ClassVar[bool] = False
    _allow_sparse: ClassVar[bool] = True

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Learn from labelled rows.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Features.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
array-like of shape (n_samples,)
            Labels, 0 and 1, closed under the hierarchy; columns in the order of
            ``hierarchy.nodes``, a frame's by name. 1-D: one node per row.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts, >= 0. None: 1. Rows of weight 0 are left out, and so
            are those of less than 1e-12 of the largest weight.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data do not fit each other or the hierarchy, or the labels are not
            closed. The classifier stays as it was before.

        Warns
        -----
        UserWarning
            If the rows of pandas frames `X` and `y` have the same names, but in another
            order.
        """
        before = dict(self.__dict__)
        try:
            self._fit(X, y, sample_weight)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    def _fit(self, X, y, sample_weight):
        check_same_ids(X, y, stacklevel=5)
        check_same_ids(X, sample_weight, ("X", "sample_weight"), stacklevel=5)
        X = self._checked(X, reset=True)
        self._target = make_target(y, self.hierarchy)
        labels = self._target.encode(y)
        check_consistent_length(X, labels)
        weight = _summable(as_row_weights(sample_weight, labels.shape[0]))
        self.hierarchy_ = self._target.hierarchy
        self.classes_ = self._target.classes
        self._absent = None
        if weight is not None and not weight.all():
            X, labels, weight = self._without_absent(X, labels, weight)
        total = labels.shape[0] if weight is None else weight.sum()
        self._frequencies = _counts(labels, weight) / total
        self._learn(X, labels, weight)

    def _without_absent(self, X, labels, weight):
        """Leave out rows of weight 0; remember them for `held_out_proba`."""
        if not weight.any():
            raise ValueError("All sample weights are zero; there is nothing to learn.")
        there = weight > 0
        self._absent = there, X[~there]
        return X[there], labels[there], weight[there]

    def _frequencies_without(self, rows, labels):
        """Share of all other rows that have each node, for each of some rows.

        ``labels`` are those of the rows that count, in ``_weight`` and in this.
        """
        weight = np.ones(labels.shape[0]) if self._weight is None else self._weight
        total, own = weight.sum(), weight[rows, np.newaxis]
        others = total * self._frequencies - own * labels[rows].toarray()
        return np.clip(others / (total - own), 0, 1)

    def predict_proba(self, X):
        """Predict coherent probabilities.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Features.

        Returns
        -------
        proba : ndarray of float32 of shape (n_samples, n_nodes)
            In [0, 1]; a parent's is never below its child's. Columns as in
            ``classes_``. An unscored node has its training frequency, or more where a
            child has. After a fit on 1-D ``y``: float64 of shape (n_samples,
            n_classes), the probability that a row's path ends in the class.
        """
        return self._columns_of(self._node_proba(X))

    def predict(self, X):
        """Predict labels: yes where `predict_proba` reaches 0.5.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
ndarray of shape (n_samples,)
            In the container and dtype of the ``y`` of `fit`, closed under the
            hierarchy. After a fit on 1-D ``y``: the most probable class.
        """
        proba = self._node_proba(X)
        if self._target.single:
            return self._target.most_probable(proba)
        return self._target.restore(proba >= 0.5, X)

    def held_out_proba(self):
        """Return probabilities of the training rows, by what has not seen them.

        They tell what the classifier knows about new rows: for thresholds, and for
        weights in a mean of classifiers, without another round of folds.

        Returns
        -------
        proba : ndarray of float32 of shape (n_samples, n_nodes)
            The rows of `fit` in their order, those of weight 0 too. Otherwise as
            `predict_proba`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If there are none.
        """
        check_is_fitted(self)
        return self._columns_of(self._held_out_node_proba())

    def _held_out_node_proba(self):
        """Held-out probabilities of all rows of `fit`, in node order."""
        proba = self._settled(self._held_out())
        if self._absent is None:
            return proba
        there, X = self._absent
        whole = np.empty((len(there), proba.shape[1]), dtype=np.float32)
        whole[there] = proba
        whole[~there] = self._in_blocks(X)
        return whole

    def _node_proba(self, X):
        """Coherent probabilities (n_samples, n_nodes) in the hierarchy's order."""
        check_is_fitted(self)
        return self._in_blocks(self._checked(X, reset=False))

    def _in_blocks(self, X):
        n_nodes = self.hierarchy_.n_nodes
        proba = np.empty((X.shape[0], n_nodes), dtype=np.float32)
        for rows in gen_batches(X.shape[0], max(1, _BLOCK_ENTRIES // max(1, n_nodes))):
            proba[rows] = self._settled(self._proba(X[rows]))
        return proba

    def _settled(self, proba):
        """Probabilities in [0, 1], coherent, and of unscored nodes as all models say.

        In float32, whose rounding keeps the order. May write on what it is given.
        """
        proba = np.asarray(proba, dtype=np.float32)
        np.clip(proba, 0, 1, out=proba)
        if not self._by_construction:
            proba = make_coherent(proba, self.hierarchy_)
        return _settle_unscored(proba, self.hierarchy_, self._frequencies)

    def _columns_of(self, proba):
        if self._target.single:
            return self._target.distribution(proba)
        return self._target.columns(proba)

    def _checked(self, X, reset):
        X = validate_data(
            self,
            X,
            accept_sparse="csr" if self._allow_sparse else False,
            dtype=(np.float64, np.float32),
            ensure_all_finite="allow-nan" if self._allow_nan else True,
            reset=reset,
        )
        return canonical(X)

    def __sklearn_is_fitted__(self):
        """Tell whether labels were learnt."""
        return hasattr(self, "_frequencies")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._allow_sparse
        tags.input_tags.allow_nan = self._allow_nan
        tags.classifier_tags.multi_label = True
        return tags


def without_huge(X):
    """Return X, or raise where squares of its values have no finite sum.

    Distances and products would be infinite, and their comparisons say nothing.
    """
    values = X.data if sp.issparse(X) else X
    limit = _LARGEST[values.dtype]
    largest = max(np.fmax.reduce(values, axis=None, initial=0), 0)
    least = min(np.fmin.reduce(values, axis=None, initial=0), 0)
    if max(largest, -least) > limit:
        raise ValueError(
            f"Expected features from -{limit:g} to {limit:g}, but got values from "
            f"{least:g} to {largest:g}, whose squares are too large for {values.dtype}."
            " Scale the features, for example with StandardScaler or RobustScaler."
        )
    return X


def warn_of_no_zeros(X, parameter):
    """Tell that "jaccard" sees no difference between rows that have all features."""
    values = X.data if sp.issparse(X) else X
    if np.count_nonzero(values) == X.shape[0] * X.shape[1]:
        warnings.warn(
            f'{parameter}="jaccard" compares which features are not 0, but no entry of '
            "X is 0, so that all rows are alike. Scaled features are so; give it those "
            f"from before, or another `{parameter}`.",
            UserWarning,
            stacklevel=6,
        )


def _counts(labels, weight):
    """Sum of the weights of the rows that have each node."""
    if weight is None:
        return np.bincount(labels.indices, minlength=labels.shape[1]).astype(float)
    return weight @ labels.astype(np.float64)


def _summable(weight):
    """Scale weights down to 1 at most, where they add up to infinity; drop specks."""
    if weight is None:
        return None
    with np.errstate(over="ignore"):
        finite = np.isfinite(weight.sum())
    weight = weight if finite else weight / weight.max()
    return np.where(weight < _NO_WEIGHT * weight.max(), 0, weight)


def _settle_unscored(proba, hierarchy, frequencies):
    """Give unscored nodes, which no measure looks at, their training frequency.

    At least their children's probability, and at most that of scored ancestors, so
    that all stays coherent. In place.
    """
    # Children come after their parents in node order.
    for node in np.flatnonzero(~hierarchy.scored)[::-1]:
        name = hierarchy.nodes[node]
        children = hierarchy.index(list(hierarchy.children(name)))
        above = hierarchy.index(list(hierarchy.ancestors(name)))
        above = above[hierarchy.scored[above]]
        value = np.full(len(proba), min(1.0, frequencies[node]), dtype=proba.dtype)
        if len(children):
            np.maximum(value, proba[:, children].max(axis=1), out=value)
        if len(above):
            np.minimum(value, proba[:, above].min(axis=1), out=value)
        proba[:, node] = value
    return proba

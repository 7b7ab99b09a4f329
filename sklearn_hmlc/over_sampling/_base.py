"""What all samplers do alike: check, plan, copy rows, keep containers.

Stage: between the data and the classifier. In: ``X`` (n_samples, n_features) and ``y``,
labels (n_samples, n_nodes) or one class per row (n_samples,). Out: the same with
clones below, in the same containers. imbalanced-learn's own template refuses
multi-label ``y``, hence one of our own on its `BaseSampler`.
"""

import warnings
from abc import abstractmethod
from numbers import Real
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from imblearn.base import BaseSampler
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

from .. import _frames as frames
from .._validation import as_classes, check_same_ids, like, shorten
from .._versions import Versioned
from ..hierarchy import HierarchicalLabelBinarizer, Hierarchy
from ._measures import closed_labels, count


class SamplingWarning(UserWarning):
    """A sampler could not do what was asked, or did it in a way that helps little.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_hmlc.over_sampling import SamplingWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", SamplingWarning)
    """


def _clones_keep_labels(sampler):
    if sampler._relabels:
        raise AttributeError(
            f"{type(sampler).__name__} gives its clones other labels than their "
            "originals have, which weights of rows can't express; use fit_resample."
        )
    return True


class BaseMultiLabelSampler(Versioned, BaseSampler):
    """Base class of the multi-label samplers.

    A sampler of your own sets ``sampling_ratio``, ``hierarchy`` and ``random_state`` in
    its constructor and implements ``_draw_clones``; the rest is here.

    Attributes
    ----------
    hierarchy_ : Hierarchy
        The hierarchy in use: the one given, or a flat one over columns or classes.
    sampling_strategy_ : dict of int to int
        The plan: number of clones by bag (or node, or path), of those that have any.
    sample_indices_ : ndarray of int of shape (n_samples + `n_added_`,)
        Row of ``X`` that each row of the result is: the originals in order, then the
        clones.
    n_requested_ : int
        Clones asked for: ``sampling_ratio * n_samples``, rounded.
    n_added_ : int
        Clones added.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the features, where ``X`` has any.

    Notes
    -----
    ``X`` may be an array of any dimensions (images, say), a list, a SciPy sparse matrix
    or a frame (pandas, polars, pyarrow), with strings, NaN and infinity as they are.
    ``y`` may be an indicator matrix (array, list, sparse matrix or frame) or one class
    per row; with a hierarchy such a class is the name of the row's most specific node,
    and without one each class is a label set. A frame's columns go by name, those of
    anything else are in node order.

    The hook ``_draw_clones(labels, n_clones, random_state)`` is given boolean CSR
    labels in node order, closed and with at least two distinct rows. It returns two
    integer arrays of shape (n_added,), at most ``n_clones`` long: the rows to clone,
    and the bag, node or path for which each was drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_hmlc.over_sampling import BaseMultiLabelSampler
    >>> class Bootstrap(BaseMultiLabelSampler):
    ...     def __init__(self, sampling_ratio=0.5, hierarchy=None, random_state=None):
    ...         self.sampling_ratio = sampling_ratio
    ...         self.hierarchy = hierarchy
    ...         self.random_state = random_state
    ...
    ...     def _draw_clones(self, labels, n_clones, random_state):
    ...         rows = random_state.randint(labels.shape[0], size=n_clones)
    ...         return rows, np.zeros_like(rows)
    >>> X, Y = np.arange(8).reshape(4, 2), np.eye(4, dtype=int)
    >>> Bootstrap(random_state=0).fit(X, Y).sample_indices_
    array([0, 1, 2, 3, 0, 3])
    """

    _sampling_type = "bypass"
    _relabels = False

    _parameter_constraints: ClassVar[dict] = {
        "sampling_ratio": [Interval(Real, 0, None, closed="left")],
        "hierarchy": [Hierarchy, None],
        "random_state": ["random_state"],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Check the data and plan the clones, without copying a row.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, ...)
            Data.
        y : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_nodes) or \
(n_samples,)
            Labels, 0 and 1, closed under the hierarchy; or one class per row.

        Returns
        -------
        self : object
        """
        _, _, labels = self._check_X_y(X, y)
        self._plan(labels)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X, y):
        """Add clones below the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, ...)
            Data.
        y : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_nodes) or \
(n_samples,)
            Labels, 0 and 1, closed under the hierarchy; or one class per row.

        Returns
        -------
        X_resampled : same container and dtypes as ``X``
            The rows of ``X``, then the clones; a DataFrame gets a new index.
        y_resampled : same container and dtypes as ``y``
            Their labels.

        Raises
        ------
        ValueError
            If ``X`` or ``y`` do not fit, labels are not closed under the hierarchy, or
            all rows have the same label set.
        TypeError
            If ``X`` is a torch Dataset, whose rows can't be copied.

        Warns
        -----
        UserWarning
            If pandas frames ``X`` and ``y`` have the same row names in another order.
        """
        X, y, labels = self._check_X_y(X, y)
        groups = self._plan(labels)
        y_resampled = _take(y, self.sample_indices_)
        if self._relabels and _is_indicator(y, self.hierarchy):
            all_labels = sp.vstack([labels, self._clone_labels(groups)], format="csr")
            y_resampled = like(all_labels, self.hierarchy_, y_resampled)
        return _take(X, self.sample_indices_), y_resampled

    @available_if(_clones_keep_labels)
    def to_sample_weight(self, X, y):
        """Plan as `fit_resample` does, and return weights of rows instead of copies.

        For estimators that take ``sample_weight``: the same loss, fewer rows. Not
        there where clones are relabelled.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, ...)
            Data.
        y : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_nodes) or \
(n_samples,)
            Labels, 0 and 1, closed under the hierarchy; or one class per row.

        Returns
        -------
        sample_weight : ndarray of float of shape (n_samples,)
            1 + the number of clones of each row.

        Examples
        --------
        >>> from sklearn_hmlc.over_sampling import LPROS
        >>> X, y = [[1], [2], [3], [4], [5], [6]], ["a", "a", "a", "a", "b", "b"]
        >>> LPROS(sampling_ratio=0.17, random_state=0).to_sample_weight(X, y)
        array([1., 1., 1., 1., 2., 1.])
        """
        self.fit(X, y)
        return np.bincount(self.sample_indices_).astype(float)

    @abstractmethod
    def _draw_clones(self, labels, n_clones, random_state):
        """Return rows to clone and, for each, what it was drawn for (see Notes)."""

    def _clone_labels(self, groups):
        """Return boolean CSR labels of the clones, where ``_relabels`` is true."""
        raise NotImplementedError

    def _fit_resample(self, X, y):
        # imbalanced-learn's template method, which `fit_resample` above replaces.
        raise NotImplementedError

    def _plan(self, labels):
        """Set the attributes that say which rows come back; return clones' groups."""
        n_samples = labels.shape[0]
        self.n_requested_ = round(self.sampling_ratio * n_samples)
        rows, groups = self._draw_clones(
            labels, self.n_requested_, check_random_state(self.random_state)
        )
        self.n_added_ = len(rows)
        self.sample_indices_ = np.concatenate([np.arange(n_samples), rows])
        drawn, times = np.unique(groups, return_counts=True)
        self.sampling_strategy_ = dict(zip(drawn.tolist(), times.tolist(), strict=True))
        return groups

    def _warn(self, reason):
        warnings.warn(f"{type(self).__name__} {reason}", SamplingWarning, stacklevel=2)

    def _check_X_y(self, X, y):
        """Return ``X`` and ``y`` as what rows can be taken from, and the labels."""
        _check_copyable(X)
        checked = X
        if not frames.is_frame(X):
            checked = check_array(
                X,
                dtype=None,
                accept_sparse=True,
                ensure_all_finite=False,
                allow_nd=True,
            )
        validate_data(self, X=checked, y=y, skip_check_array=True)
        check_consistent_length(checked, y)
        labels = self._check_y(y)
        check_same_ids(X, y, stacklevel=5)
        _check_two_label_sets(labels)
        return (X if isinstance(X, list) else checked), y, labels

    def _check_y(self, y):
        """Labels as boolean CSR in node order; sets ``hierarchy_``."""
        _check_rectangular(y)
        if _is_indicator(y, self.hierarchy):
            labels, self.hierarchy_ = closed_labels(y, self.hierarchy)
            return labels
        classes = as_classes(y).tolist()
        self._check_nodes(classes)
        binarizer = HierarchicalLabelBinarizer(self.hierarchy, sparse_output=True)
        labels = binarizer.fit_transform([[name] for name in classes])
        self.hierarchy_ = binarizer.hierarchy_
        return labels.astype(bool)

    def _check_nodes(self, classes):
        if self.hierarchy is None:
            return
        unknown = [name for name in set(classes) if name not in self.hierarchy]
        if unknown:
            raise ValueError(
                "Expected y to be labels of shape (n_samples, "
                f"{self.hierarchy.n_nodes}), or one node per row, but these classes "
                f"are no nodes of the hierarchy: {shorten(sorted(unknown))}."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.two_d_labels = True
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.sampler_tags.sample_indices = True
        return tags


def _check_copyable(X):
    """Refuse a torch Dataset, without importing torch for it."""
    if any(kind.__module__.startswith("torch.utils.data") for kind in type(X).__mro__):
        raise TypeError(
            f"Expected X as an array, a sparse matrix or a frame, but got the Dataset "
            f"{type(X).__name__}, whose rows can't be copied. Plan on row numbers, "
            "`weight = sampler.to_sample_weight(np.arange(len(X))[:, None], y)`, and "
            "give the classifier `sample_weight=weight`."
        )


def _check_rectangular(y):
    try:
        np.shape(y)
    except ValueError:
        raise ValueError(
            "Expected y to be labels of shape (n_samples, n_nodes), or one class per "
            "row, but its rows have different lengths; turn lists of names into labels "
            "with HierarchicalLabelBinarizer."
        ) from None


def _is_indicator(y, hierarchy):
    """Tell labels from classes: one dense column holds classes, as in scikit-learn.

    Unless there is but one node to be labelled with.
    """
    if sp.issparse(y):
        return True
    n_columns = np.shape(y)[1] if np.ndim(y) > 1 else 0
    return n_columns > 1 or (
        n_columns == 1 and hierarchy is not None and len(hierarchy) == 1
    )


def _check_two_label_sets(labels):
    """Refuse what has nothing to balance, as imbalanced-learn refuses one class."""
    counts = count(labels)
    if np.all((counts == 0) | (counts == labels.shape[0])):
        raise ValueError(
            "Expected y with more than 1 class or label set, but all "
            f"{labels.shape[0]} rows have the same; there is nothing to balance."
        )


def _take(container, rows):
    """Rows of any container, as the same container."""
    if sp.issparse(container):
        return container.tocsr()[rows].asformat(container.format)
    taken = _safe_indexing(container, rows)
    return taken.reset_index(drop=True) if hasattr(taken, "reset_index") else taken

"""What the user calls ``y``, and how predictions go back into it.

Stage: between the user's labels and closed boolean CSR labels in node order. Two kinds:
an indicator matrix (dense, sparse, a frame of any library) of shape (n_samples,
n_nodes), and 1-D ``y`` with one node per row.

Columns: a frame's go by name, in every call. Columns without names are those of
``classes``: the nodes in their order or, after a fit on a frame, the frame's columns.
"""

from __future__ import annotations

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import accuracy_score
from sklearn.utils import check_consistent_length

from . import _frames as frames
from ._on_disk import check_stored, is_on_disk, read_all
from ._response import order_hint
from ._validation import (
    as_classes,
    as_labels,
    as_row_weights,
    check_same_ids,
    column_positions,
    name_array,
    shorten,
)
from .hierarchy import Hierarchy
from .metrics import au_prc

_NUMBERED_ANEW = (
    "If those are not the labels that you gave, they were numbered anew, as "
    "scikit-learn's `cross_val_predict` of probabilities, bagging, voting and stacking "
    "do: loop over the folds, or give labels of shape (n_samples, n_nodes)."
)


def make_target(y, hierarchy, classes=None):
    """Look at the first ``y`` and return the `IndicatorTarget` or `SingleTarget`.

    ``classes`` names all nodes that 1-D ``y`` may ever have (for `partial_fit`).
    """
    container = _as_container(y)
    shape = container.shape
    only_column = len(shape) == 2 and shape[1] == 1
    indicator = sp.issparse(y) or getattr(hierarchy, "n_nodes", 0) == 1
    if len(shape) == 1 or (only_column and not indicator):
        return SingleTarget(y, hierarchy, classes)
    return IndicatorTarget(container, hierarchy)


class ScoreMixin:
    """Scoring, for an estimator with a target and ``_node_proba``."""

    def score(self, X, y, sample_weight=None):
        """Score predictions: pooled AU(PRC), or accuracy after a fit on 1-D ``y``.

        Thresholds have no part in AU(PRC); to choose among decisions take another
        measure, see `sklearn_hmlc.metrics.get_scorer`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features, as `predict_proba` takes them.
        y : array-like, sparse matrix or DataFrame
            True labels, in one of the forms that `fit` takes. A frame's columns go by
            name; without names they are those of ``classes_``.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts. None: 1.

        Returns
        -------
        score : float
            In [0, 1], over the scored nodes.

        Warns
        -----
        UserWarning
            If pandas frames `X` and `y` have the same row names in another order.
        """
        check_same_ids(X, y)
        proba = self._node_proba(X)
        return self._target.score(y, proba, sample_weight)


class IndicatorTarget:
    """Indicator matrix; columns are nodes, a frame's in the user's own order."""

    single = False

    def __init__(self, y, hierarchy):
        names = frames.columns(y, "y")
        self.named = names is not None
        # The nodes of a flat hierarchy made for bare columns are their numbers.
        self.numbered = hierarchy is None and not self.named
        if hierarchy is None:
            hierarchy = Hierarchy.flat(range(y.shape[-1]) if names is None else names)
        self.hierarchy = hierarchy
        self._template = _without_rows(y)
        self._order = None
        if self.named:
            order = np.argsort(column_positions(hierarchy, names, "y"))
            if not np.array_equal(order, np.arange(len(order))):
                self._order = order
        nodes = hierarchy.nodes
        self.classes = name_array(nodes if self._order is None else self.columns(nodes))

    def __getstate__(self):
        return {**vars(self), "_template": frames.as_plain(self._template)}

    def __setstate__(self, state):
        vars(self).update(state, _template=frames.from_plain(state["_template"]))

    @property
    def column_names(self):
        """Names of the columns of ``y``, where they had any."""
        return list(self.classes) if self.named else None

    def encode(self, y):
        """Return closed boolean CSR labels in node order, or raise."""
        bare = None if self._order is None else self.classes.tolist()
        y = _as_container(y)
        labels = as_labels(y, self.hierarchy, "y", bare=bare)
        try:
            self.hierarchy.check_closed(labels)
        except ValueError as error:
            hint = "" if frames.is_frame(y) else order_hint(bare)
            return _mended(labels, self.hierarchy, hint, error)
        return labels

    def score(self, y, proba, sample_weight=None):
        """Pooled AU(PRC) of node probabilities, over scored nodes."""
        labels = self.encode(y).toarray()
        scored = self.hierarchy.scored
        return float(au_prc(labels, proba, scored=scored, sample_weight=sample_weight))

    def columns(self, values):
        """Bring values of shape (..., n_nodes) into the user's order of columns."""
        if self._order is None:
            return values
        if isinstance(values, tuple):
            return [values[node] for node in self._order]
        return values[..., self._order]

    def in_node_order(self, values):
        """Undo `columns`."""
        return values if self._order is None else values[..., np.argsort(self._order)]

    def decode(self, labels):
        """Put CSR labels in node order back into the y container: undo `encode`."""
        if not sp.issparse(self._template):
            return self.restore(labels.toarray(), None)
        labels = labels if self._order is None else labels[:, self._order]
        container = type(self._template.tocsr())
        labels = container(labels.astype(self._template.dtype))
        return labels.asformat(self._template.format)

    def restore(self, positive, X):
        """Put decisions (n_samples, n_nodes), in node order, into the y container.

        Rows of a pandas frame are named as those of ``X``, where these have names.
        """
        positive = self.columns(positive)
        template = self._template
        if frames.is_frame(template):
            return frames.like(positive, template, index=frames.row_names(X))
        if sp.issparse(template):
            container = type(template.tocsr())
            return container(positive.astype(template.dtype)).asformat(template.format)
        return positive.astype(template.dtype)


class SingleTarget:
    """1-D labels: each row has one node, and by the true path rule its ancestors."""

    single = True
    named = True
    numbered = False
    column_names = None

    def __init__(self, y, hierarchy, classes=None):
        y = as_classes(_in_memory(y), warn=True)
        self.classes = np.unique(y if classes is None else classes)
        self.hierarchy = (
            Hierarchy.flat(self.classes) if hierarchy is None else hierarchy
        )
        self._nodes = self._positions(self.classes)

    def encode(self, y):
        """Return closed boolean CSR labels in node order, or raise."""
        y = as_classes(_in_memory(y))
        unknown = np.setdiff1d(y, self.classes)
        if len(unknown):
            raise ValueError(
                f"y has labels that were not among the classes of the first fit: "
                f"{shorten(unknown.tolist())}."
            )
        nodes = self._nodes[np.searchsorted(self.classes, y)]
        labels = sp.csr_array(
            (np.ones(len(y), dtype=bool), nodes, np.arange(len(y) + 1)),
            shape=(len(y), self.hierarchy.n_nodes),
        )
        return self.hierarchy.close(labels)

    def decode(self, labels):
        """Return the classes of CSR labels in node order: undo `encode`."""
        ends = self.hierarchy.most_specific(labels).indices
        by_node = np.empty(self.hierarchy.n_nodes, dtype=self.classes.dtype)
        by_node[self._nodes] = self.classes
        return by_node[ends]

    def score(self, y, proba, sample_weight=None):
        """Accuracy of the most probable classes."""
        y = as_classes(_in_memory(y))
        check_consistent_length(y, proba)
        kinds = {y.dtype.kind, self.classes.dtype.kind}
        if "U" in kinds and kinds & set("biuf"):
            raise ValueError(
                f"Expected y with labels such as {shorten(self.classes.tolist(), 2)}, "
                f"the classes of `fit`, but got {shorten(y[:2].tolist())}; give labels "
                "of the same type."
            )
        hits = (y == self.most_probable(proba)).astype(int)
        weight = as_row_weights(sample_weight, len(hits))
        if weight is not None and weight.any():
            weight = weight / weight.max()  # large ones have no finite sum
        return float(accuracy_score(np.ones_like(hits), hits, sample_weight=weight))

    def most_probable(self, proba):
        """Class of each row, from node probabilities."""
        return self.classes[self.distribution(proba).argmax(axis=1)]

    def columns(self, values):
        """Take the columns of the classes from values of shape (..., n_nodes)."""
        return values[..., self._nodes]

    def in_node_order(self, values):
        """Return values of the nodes, which are in node order already."""
        return values

    def distribution(self, proba):
        """Turn node probabilities into those of the classes, rows summing to 1.

        A class has what its node's probability leaves after its children's: the share
        of rows whose path ends there.
        """
        below = proba @ self.hierarchy.to_parent.astype(np.float64)
        ends = np.clip(proba - below, np.finfo(np.float32).tiny, None)[:, self._nodes]
        return ends / ends.sum(axis=1, keepdims=True)

    def _positions(self, classes):
        names = classes.tolist()
        unknown = [name for name in names if name not in self.hierarchy]
        numbered = names == list(range(len(names)))
        if unknown:
            why = f" {_NUMBERED_ANEW}" if numbered else ""
            raise ValueError(
                "y has labels that are no nodes of the hierarchy: "
                f"{shorten(unknown)}.{why}"
            )
        nodes = self.hierarchy.index(names)
        inner = set(names).difference(self.hierarchy.leaves)
        if numbered and inner and len(names) < self.hierarchy.n_nodes:
            warnings.warn(
                f"The labels of y are {shorten(names)}, inner nodes among them. "
                f"{_NUMBERED_ANEW}",
                UserWarning,
                stacklevel=8,
            )
        out = nodes[~self.hierarchy.scored[nodes]]
        if len(out):
            raise ValueError(
                "y has labels that are unscored nodes, which are never learnt: "
                f"{shorten([self.hierarchy.nodes[node] for node in out])}."
            )
        return nodes


def _mended(labels, hierarchy, hint, error):
    """Close labels that lack nothing but unscored nodes, or raise with the way out.

    `cross_val_predict` and stacking number the classes of each column of ``y`` anew
    before they ask for probabilities, so that a node that all rows have, such as a
    virtual root, comes as 0. Unscored nodes are in no loss and no score: to put them
    back changes nothing. Any other node may just as well have been forgotten.
    """
    n_rows = np.bincount(labels.indices, minlength=hierarchy.n_nodes)
    closed = hierarchy.close(labels)
    added = np.bincount(closed.indices, minlength=hierarchy.n_nodes) > n_rows
    if (n_rows[added] > 0).any():
        raise ValueError(f"{error}{hint}") from None
    if not hierarchy.scored[added].any():
        return closed
    names = [hierarchy.nodes[node] for node in np.flatnonzero(added)]
    raise ValueError(
        f"y breaks the hierarchy: no row has {shorten(names)}, but rows have nodes "
        "below. If all rows had it before, this comes from `cross_val_predict` or "
        "stacking, which number the classes of each column anew and make 0 of a column "
        "of ones: leave such nodes out (`hierarchy.subset`) or loop over the folds. "
        "Else close the labels: `Y = hierarchy.close(Y)`."
    ) from None


def _as_container(y):
    """Labels as a sparse matrix, a frame or an array, whichever comes nearest."""
    if y is None:
        raise ValueError(
            "This classifier requires y to be passed, but the target y is None."
        )
    if sp.issparse(y):
        return y
    if frames.is_frame(y):
        return y
    check_stored(y, "y")
    if is_on_disk(y):  # of 1-D labels there are few
        return y if len(y.shape) == 2 and y.shape[1] > 1 else read_all(y)
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise ValueError(
            "Expected y of shape (n_samples, n_nodes) or (n_samples,), but its rows "
            "have different lengths; turn lists of names into labels with "
            "HierarchicalLabelBinarizer."
        ) from error
    if array.ndim == 0:
        raise ValueError(f"Expected y with one entry per row, but got {y!r}.")
    return array


def _in_memory(y):
    return read_all(y) if is_on_disk(y) else y


def _without_rows(y):
    """Container, dtype and columns of labels, which hold no memory of the rows."""
    if frames.is_frame(y):
        return frames.without_rows(y)
    if sp.issparse(y):
        container = sp.csr_array if isinstance(y, sp.sparray) else sp.csr_matrix
        return container((0, y.shape[-1]), dtype=y.dtype).asformat(y.format)
    return np.empty((0, y.shape[-1]), dtype=np.dtype(y.dtype))

"""What the user calls ``y``, and how predictions go back into it.

Stage: between the user's labels and closed boolean CSR labels in node order. Two kinds:
an indicator matrix (dense, sparse, DataFrame) of shape (n_samples, n_nodes), and 1-D
``y`` with one node a row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from .hierarchy import Hierarchy, _labels
from .hierarchy._names import name_array, shorten
from .metrics import au_prc


def make_target(y, hierarchy, classes=None):
    """Look at the first ``y`` and return the `IndicatorTarget` or `SingleTarget`.

    ``classes`` names all nodes that 1-D ``y`` may ever have (for `partial_fit`).
    """
    y = _as_container(y)
    only_column = y.ndim == 2 and y.shape[1] == 1
    indicator = sp.issparse(y) or getattr(hierarchy, "n_nodes", 0) == 1
    if y.ndim == 1 or (only_column and not indicator):
        return SingleTarget(y, hierarchy, classes)
    return IndicatorTarget(y, hierarchy)


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
            True labels, in one of the forms that `fit` takes.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts. None: 1.

        Returns
        -------
        score : float
            In [0, 1], over the scored nodes.
        """
        proba = self._node_proba(X)
        return self._target.score(y, proba, sample_weight)


class IndicatorTarget:
    """Indicator matrix; columns are nodes, a DataFrame's in the user's own order."""

    single = False

    def __init__(self, y, hierarchy):
        self.named = _labels.is_dataframe(y)
        if hierarchy is None:
            names = y.columns if self.named else range(y.shape[-1])
            hierarchy = Hierarchy.flat(names)
        self.hierarchy = hierarchy
        # No rows are kept, only what a prediction is to look like.
        self._template = y[:0] if not sp.issparse(y) else y.tocsr()[:0].asformat("csr")
        self._format = y.format if sp.issparse(y) else None
        self._order = None
        if self.named:
            where = _labels.column_positions(hierarchy, y.columns)
            self._order = np.argsort(where)
        names = name_array(hierarchy)
        self.classes = names if self._order is None else names[self._order]

    def encode(self, y):
        """Return closed boolean CSR labels in node order, or raise."""
        y = _as_container(y)
        self.hierarchy.check_closed(y)
        return _labels.to_csr(self.hierarchy, y)

    def score(self, y, proba, sample_weight=None):
        """Pooled AU(PRC) of node probabilities, over scored nodes."""
        labels = self.encode(y).toarray()
        scored = self.hierarchy.scored
        return float(au_prc(labels, proba, scored=scored, sample_weight=sample_weight))

    def columns(self, values):
        """Bring values of shape (..., n_nodes) into the user's order of columns."""
        return values if self._order is None else values[..., self._order]

    def in_node_order(self, values):
        """Undo `columns`."""
        return values if self._order is None else values[..., np.argsort(self._order)]

    def restore(self, positive, X):
        """Put decisions (n_samples, n_nodes), in node order, into the y container.

        Rows of a DataFrame are named as those of ``X``, where these have names.
        """
        positive = self.columns(positive)
        template = self._template
        if self.named:
            named = isinstance(X, pd.DataFrame)
            index = X.index if named else range(len(positive))
            frame = type(template)(positive, columns=template.columns, index=index)
            return frame.astype(dict(template.dtypes))
        if self._format is not None:
            container = type(template)(sp.csr_array(positive).astype(template.dtype))
            return container.asformat(self._format)
        return positive.astype(template.dtype)


class SingleTarget:
    """1-D labels: each row has one node, and by the true path rule its ancestors."""

    single = True
    named = True

    def __init__(self, y, hierarchy, classes=None):
        y = _column(y, warn=True)
        self.classes = np.unique(y if classes is None else classes)
        self.hierarchy = (
            Hierarchy.flat(self.classes) if hierarchy is None else hierarchy
        )
        self._nodes = self._positions(self.classes)

    def encode(self, y):
        """Return closed boolean CSR labels in node order, or raise."""
        y = _column(y)
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

    def score(self, y, proba, sample_weight=None):
        """Accuracy of the most probable classes."""
        pred = self.most_probable(proba)
        return float(accuracy_score(y, pred, sample_weight=sample_weight))

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
        if unknown:
            raise ValueError(
                f"y has labels that are no nodes of the hierarchy: {shorten(unknown)}."
            )
        nodes = self.hierarchy.index(names)
        out = nodes[~self.hierarchy.scored[nodes]]
        if len(out):
            raise ValueError(
                "y has labels that are unscored nodes, which are never learnt: "
                f"{shorten([self.hierarchy.nodes[node] for node in out])}."
            )
        return nodes


def _as_container(y):
    if y is None:
        raise ValueError(
            "This classifier requires y to be passed, but the target y is None."
        )
    if sp.issparse(y) or isinstance(y, pd.DataFrame):
        return y
    if _labels.is_dataframe(y):
        # Predictions, too, will be pandas' frames, whosever y is.
        return pd.DataFrame(np.asarray(y.to_numpy()), columns=list(y.columns))
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise ValueError(
            "Expected y of shape (n_samples, n_nodes) or (n_samples,), but its rows "
            "have different lengths; turn lists of names into labels with "
            "HierarchicalLabelBinarizer."
        ) from error
    if array.ndim == 0:
        raise ValueError(f"Expected y with one entry a row, but got {y!r}.")
    return array


def _column(y, warn=False):
    y = column_or_1d(y, warn=warn)
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name="y")
    n_missing = np.count_nonzero(pd.isna(y))
    if n_missing:
        raise ValueError(
            f"y has no class in {n_missing} rows (None or NaN); drop them."
        )
    check_classification_targets(y)
    return y

"""What both meta-estimators share: labels in, the inner estimator's scores out."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from ..hierarchy import Hierarchy, _labels
from ..hierarchy._names import name_array
from ._thresholds import resolve_thresholds


class HierarchyMetaClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Base of classifiers around a multi-label classifier and a hierarchy."""

    def _learn_labels(self, y, hierarchy):
        """Check labels, keep what a prediction is to look like; CSR in node order."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        if not sp.issparse(y) and not _labels.is_dataframe(y):
            y = np.asarray(y)
        if y.ndim != 2:
            raise ValueError(
                "Expected y of shape (n_samples, n_nodes), one column a node, but got "
                f"shape {y.shape}."
            )
        named = _labels.is_dataframe(y)
        if hierarchy is None:
            hierarchy = Hierarchy.flat(y.columns if named else range(y.shape[1]))
        hierarchy.check_closed(y)
        self.hierarchy_ = hierarchy
        self._template = y[:0] if not sp.issparse(y) else sp.csr_array(y)[:0]
        self._format = (type(y), y.format) if sp.issparse(y) else None
        self._order = None
        if named:
            where = _labels.column_positions(hierarchy, y.columns)
            self._order = np.argsort(where)
        names = name_array(hierarchy)
        self.classes_ = names if self._order is None else names[self._order]
        return _labels.to_csr(hierarchy, y)

    def _columns(self, values):
        """Bring values (n_samples, n_nodes) into the user's order of columns."""
        return values if self._order is None else values[:, self._order]

    def _decide(self, proba, thresholds, X):
        """Decisions in the container of the y of fit, closed upward."""
        thresholds = resolve_thresholds(thresholds, self.hierarchy_)
        positive = self._columns(self.hierarchy_.close(proba >= thresholds))
        template = self._template
        if _labels.is_dataframe(template):
            index = X.index if _labels.is_dataframe(X) else range(len(positive))
            frame = type(template)(positive, columns=template.columns, index=index)
            return frame.astype(dict(template.dtypes))
        if self._format is not None:
            container, layout = self._format
            return container(sp.csr_array(positive).astype(template.dtype)).asformat(
                layout
            )
        return positive.astype(template.dtype)

    @property
    def n_features_in_(self):
        """Number of features, as the inner estimator saw them."""
        check_is_fitted(self)
        return self.estimator_.n_features_in_

    @property
    def feature_names_in_(self):
        """Names of the features, where the inner estimator saw any."""
        check_is_fitted(self)
        return self.estimator_.feature_names_in_

    def __sklearn_is_fitted__(self):
        """Tell whether there is a fitted inner estimator."""
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        tags.non_deterministic = inner.non_deterministic
        return tags


def node_scores(estimator, X, n_nodes):
    """Return an estimator's probabilities as one float array (n_samples, n_nodes).

    Takes what scikit-learn's multi-label classifiers give: an array, a list of arrays
    (n_samples, n_classes) with one entry a node, or only a decision function, whose
    values go through the logistic function.
    """
    if hasattr(estimator, "predict_proba"):
        scores = estimator.predict_proba(X)
    elif hasattr(estimator, "decision_function"):
        scores = 1 / (1 + np.exp(-np.asarray(estimator.decision_function(X))))
    else:
        raise TypeError(
            "Expected an estimator with `predict_proba` or `decision_function`, but "
            f"{type(estimator).__name__} has neither."
        )
    if isinstance(scores, list):
        classes = getattr(estimator, "classes_", [np.array([0, 1])] * len(scores))
        scores = [_of_positive(*pair) for pair in zip(scores, classes, strict=True)]
        scores = np.column_stack(scores)
    scores = np.asarray(scores)
    if scores.ndim == 1:
        scores = scores[:, np.newaxis]
    if scores.shape[1] == 2 and n_nodes == 1:
        scores = scores[:, 1:]
    if scores.shape[1] != n_nodes:
        raise ValueError(
            f"Expected {type(estimator).__name__} to give scores of {n_nodes} nodes, "
            f"but got shape {scores.shape}. Is it a multi-label classifier?"
        )
    return scores


def _of_positive(proba, classes):
    """The column of class 1; constant where there was one class only."""
    where = np.flatnonzero(np.asarray(classes).astype(float) == 1)
    return proba[:, where[0]] if len(where) else np.zeros(len(proba))

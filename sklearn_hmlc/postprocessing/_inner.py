"""What both meta-estimators share: labels in, the inner estimator's scores out."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from .._target import ScoreMixin, make_target
from ._thresholds import resolve_thresholds


class HierarchyMetaClassifier(
    ScoreMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    """Base of classifiers around a multi-label classifier and a hierarchy."""

    def _learn_labels(self, y, hierarchy):
        """Check labels, keep what a prediction is to look like; CSR in node order."""
        self._target = make_target(y, hierarchy)
        labels = self._target.encode(y)
        if labels.shape[0] == 0:
            raise ValueError(
                "Found y with 0 sample(s), while a minimum of 1 is required by "
                f"{type(self).__name__}."
            )
        self.hierarchy_ = self._target.hierarchy
        self.classes_ = self._target.classes
        return labels

    def _answer(self, proba):
        """Bring node probabilities into the user's columns, or those of the classes."""
        if self._target.single:
            return self._target.distribution(proba)
        return self._target.columns(proba)

    def _decide(self, proba, thresholds, X):
        """Decisions in the container of the y of fit, closed upward."""
        if self._target.single:
            return self._target.most_probable(proba)
        thresholds = resolve_thresholds(thresholds, self.hierarchy_)
        positive = self.hierarchy_.close(proba >= thresholds)
        return self._target.restore(positive, X)

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
        tags.non_deterministic = inner.non_deterministic
        return tags


def innermost(estimator):
    """Return the classifier inside pipelines, searches and the like.

    The first one that has a hierarchy, or the last one of all.
    """
    while not hasattr(estimator, "hierarchy"):
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "estimator"):
            estimator = estimator.estimator
        else:
            break
    return estimator


def column_names(estimator):
    """Return the nodes of a fitted estimator's columns, or None where it knows none."""
    inner = innermost(estimator)
    target = getattr(inner, "_target", None)
    if target is None or not (target.named or inner.hierarchy is not None):
        return None
    return inner.classes_


def node_scores(estimator, X, n_nodes):
    """Return an estimator's probabilities as one float array (n_samples, n_nodes).

    Takes what scikit-learn's multi-label classifiers give: an array, a list of arrays
    (n_samples, n_classes) with one entry a node, or only a decision function, whose
    values go through the logistic function.
    """
    if hasattr(estimator, "predict_proba"):
        scores = estimator.predict_proba(X)
    elif hasattr(estimator, "decision_function"):
        scores = expit(np.asarray(estimator.decision_function(X)))
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

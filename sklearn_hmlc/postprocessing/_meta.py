"""What both wrappers share: labels in, the inner estimator's scores out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import Bunch, get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from .._inner_fit import learn_labels, weight_name, with_finite_sum
from .._target import ScoreMixin
from .._validation import as_thresholds
from .._versions import Versioned


class HierarchyMetaClassifier(
    Versioned, ScoreMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    """Base of classifiers around a multi-label classifier and a hierarchy."""

    # Weights of rows count in the wrappers as well, so that metadata routing is to
    # bring them here; whether they go further is for the inner estimator to say.
    __metadata_request__fit: ClassVar[dict] = {"sample_weight": True}

    # What goes to the splitter, where there is one and metadata are not routed.
    _for_splits: ClassVar[tuple] = ()

    def _learn_labels(self, X, y, hierarchy):
        """Return what a prediction is to look like, and labels, CSR in node order."""
        return learn_labels(self, X, y, hierarchy, stacklevel=6)

    def _take_over(self, target, **fitted):
        """Set all that was fitted at the end: a fit that fails changes nothing."""
        self._target = target
        self.hierarchy_ = target.hierarchy
        self.classes_ = target.classes
        for name, value in fitted.items():
            setattr(self, name, value)
        return self

    def predict_proba(self, X):
        """Predict probabilities, coherent ones if the class makes them so.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Whatever the inner classifier takes.

        Returns
        -------
        proba : ndarray of float of shape (n_samples, n_nodes)
            In [0, 1], columns as in ``classes_``. After a fit on 1-D ``y``: the
            probability that a row's path ends in the class; rows sum to 1.
        """
        proba = self._node_proba(X)
        if self._target.single:
            return self._target.distribution(proba)
        return self._target.columns(proba)

    def predict(self, X):
        """Predict labels: yes where `decision_proba` reaches the node's threshold.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Whatever the inner classifier takes.

        Returns
        -------
        y : ndarray, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
ndarray of shape (n_samples,)
            In the container and dtype of the ``y`` of `fit`, closed under the
            hierarchy. After a fit on 1-D ``y``: the most probable class.
        """
        check_is_fitted(self)
        if self._target.single:
            return self._target.most_probable(self._node_proba(X))
        positive = self._node_scores(X) >= self._node_thresholds()
        return self._target.restore(self.hierarchy_.close(positive), X)

    def decision_proba(self, X):
        """Return what `predict` decides on: scores that meet the thresholds.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Whatever the inner classifier takes.

        Returns
        -------
        scores : ndarray of float of shape (n_samples, n_nodes)
            Columns as in ``classes_``; after a fit on 1-D ``y`` those of the classes'
            nodes, whose rows don't sum to 1.
        """
        scores = self._node_scores(X)
        return self._target.columns(scores)

    def get_metadata_routing(self):
        """Say which metadata `fit` uses and hands on, for scikit-learn's routing.

        Returns
        -------
        routing : MetadataRouter
        """
        fit = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=fit)

    def _routed(self, params):
        """Split the parameters of `fit`: weights of rows, and what goes to whom."""
        params = {name: value for name, value in params.items() if value is not None}
        if "sample_weight" in params:
            params["sample_weight"] = with_finite_sum(params["sample_weight"])
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **params)
            inner = routed.estimator.fit
            weight = params.get("sample_weight", inner.get("sample_weight"))
            return weight, routed
        name = weight_name(self.estimator)
        if "sample_weight" in params:
            params[name] = params.pop("sample_weight")
        split = {key: params.pop(key) for key in self._for_splits if key in params}
        routed = Bunch(estimator=Bunch(fit=params), splitter=Bunch(split=split))
        return params.get(name), routed

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


def given_thresholds(spec: Any, target: Any) -> np.ndarray:
    """Return the thresholds that a user gave, in node order."""
    named = target.named and not target.single
    columns = target.classes.tolist() if named else None
    return as_thresholds(spec, target.hierarchy, columns)

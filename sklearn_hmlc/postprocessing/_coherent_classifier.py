"""`CoherentClassifier`: any multi-label classifier, made to obey the hierarchy."""

from collections.abc import Mapping
from numbers import Real
from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .. import _frames as frames
from .._inner_fit import (
    LABEL_DTYPE,
    counting_rows,
    fit_on,
    is_frozen,
    narrow,
    take,
    with_hierarchy,
)
from .._response import (
    ask,
    hierarchy_of,
    in_columns,
    names_of,
    node_names,
    own_hierarchy,
)
from .._validation import as_scores
from ..hierarchy import Hierarchy
from ._coherence import METHODS, make_coherent
from ._meta import HierarchyMetaClassifier, given_thresholds


class CoherentClassifier(HierarchyMetaClassifier):
    """Make any multi-label classifier coherent.

    The inner classifier learns the nodes as if they were unrelated; its probabilities
    are made to obey the hierarchy afterwards, see `make_coherent`. It is the baseline
    of the field, and a way to use forests, nearest neighbours or linear models on
    labels in a hierarchy.

    Parameters
    ----------
    estimator : estimator
        A multi-label classifier with `predict_proba` (an array or a list of arrays) or
        `decision_function`, such as `RandomForestClassifier`, `MLPClassifier` or
        `MultiOutputClassifier`.
    hierarchy : Hierarchy, default=None
        The label graph, also for what is inside, where it takes one and has none.
        None: that of what is inside, where it has one, else a flat one over the columns
        of ``y``.
    method : {"max", "min", "mean", "isotonic"}, default="max"
        How probabilities are made coherent, see `make_coherent`.
    threshold : float, array-like or mapping, default=0.5
        `predict` says yes from this probability on, in [0, 1]: one for all nodes, an
        array of shape (n_nodes,) in node order, or a mapping node -> threshold (the
        rest 0.5). A node with a positive descendant is positive.

    Attributes
    ----------
    estimator_ : estimator
        The fitted inner classifier. Its columns are the nodes that some training rows
        have and others lack (a single one twice); the other nodes are constant. One
        with a hierarchy of its own has all nodes, by name.
    classes_ : ndarray of shape (n_nodes,)
        Names of the columns of `predict_proba`, which follow those of ``y``.
    hierarchy_ : Hierarchy
        The hierarchy in use.
    n_features_in_ : int
        Number of features, where the inner classifier tells it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where the inner classifier tells them.

    See Also
    --------
    NodeThresholdClassifier : A tuned threshold for each node.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> from sklearn_hmlc.postprocessing import CoherentClassifier
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=100, n_features=10, n_nodes=8, random_state=0
    ... )
    >>> forest = RandomForestClassifier(n_estimators=20, random_state=0)
    >>> clf = CoherentClassifier(forest, hierarchy).fit(X, Y)
    >>> clf.predict_proba(X).shape
    (100, 8)
    >>> hierarchy.is_closed(clf.predict(X))
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [
            HasMethods(["fit", "predict_proba"]),
            HasMethods(["fit", "decision_function"]),
        ],
        "hierarchy": [Hierarchy, None],
        "method": [StrOptions(set(METHODS))],
        "threshold": [Interval(Real, 0, 1, closed="both"), "array-like", Mapping],
    }

    def __init__(self, estimator, hierarchy=None, *, method="max", threshold=0.5):
        self.estimator = estimator
        self.hierarchy = hierarchy
        self.method = method
        self.threshold = threshold

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **fit_params):
        """Fit the inner classifier.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Whatever the inner classifier takes.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
array-like of shape (n_samples,)
            Labels, 0 and 1, closed under the hierarchy; columns in node order, a
            frame's by name. 1-D: one node per row.
        **fit_params : dict
            Goes to the inner classifier's `fit`, for example ``sample_weight``; with
            scikit-learn's metadata routing, what it has requested. Rows of weight 0
            count as absent.

        Returns
        -------
        self : CoherentClassifier

        Raises
        ------
        ValueError
            If the labels do not fit the hierarchy or are not closed. What was fitted
            before stays as it was.

        Warns
        -----
        UserWarning
            If the rows of pandas frames `X` and `y` have the same names, but in another
            order.
        """
        # What has a hierarchy of its own answers by name.
        estimator = with_hierarchy(self.estimator, self.hierarchy)
        own = own_hierarchy(estimator)
        if own is None and is_frozen(estimator) and names_of(estimator):
            own = hierarchy_of(estimator)
        hierarchy = own if self.hierarchy is None else self.hierarchy
        target, labels = self._learn_labels(X, y, hierarchy)
        given_thresholds(self.threshold, target)
        weight, routed = self._routed(fit_params)
        _, rows = counting_rows(weight, labels.shape[0])
        counted = take(labels, rows)
        n_rows = counted.sum(axis=0)
        varying = np.flatnonzero((n_rows > 0) & (n_rows < counted.shape[0]))
        if len(varying) == 0:
            among = "" if rows is None else " with a `sample_weight` above 0"
            raise ValueError(
                "Expected y to have 2 classes for some node, but got 1 class each: "
                f"every node is there in no row of y{among}, or in all."
            )
        if len(varying) == 1:
            # A single column is a binary y for scikit-learn's classifiers, which some
            # of the multi-label ones don't take; twice the same one is not.
            varying = np.repeat(varying, 2)
        if own is not None:
            varying = np.arange(labels.shape[1])
        # Dense, since few of them take sparse labels.
        inner = labels[:, varying].astype(LABEL_DTYPE).toarray()
        if own is not None:
            # By name, since its nodes may stand in another order.
            index = pd.Index(target.hierarchy.nodes, tupleize_cols=False)
            inner = pd.DataFrame(inner, columns=index, index=frames.row_names(X))
        fit_params = routed.estimator.fit
        return self._take_over(
            target,
            estimator_=fit_on(estimator, narrow(X), inner, rows, fit_params),
            _varying=varying,
            _constant=np.where(n_rows > 0, 1.0, 0.0),
        )

    def _node_scores(self, X):
        return self._node_proba(X)

    def _node_thresholds(self):
        return given_thresholds(self.threshold, self._target)

    def _node_proba(self, X):
        check_is_fitted(self)
        answer = ask(self.estimator_, narrow(X), "predict_proba")
        scores = in_columns(answer.values, len(self._varying), self.estimator_)
        names = node_names(answer.names, self.hierarchy_)
        if names is not None and len(names) == self.hierarchy_.n_nodes:
            # A frozen model keeps the order of its own columns.
            what = f"{type(self.estimator_).__name__}'s scores"
            scores = as_scores(scores, self.hierarchy_, what, bare=names)
        if scores.dtype.kind != "f":
            scores = scores.astype(np.float64)
        proba = np.tile(self._constant.astype(scores.dtype), (len(scores), 1))
        proba[:, self._varying] = scores
        return make_coherent(proba, self.hierarchy_, self.method)

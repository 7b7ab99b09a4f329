"""`NodeThresholdClassifier`: a threshold a node, tuned on held-out rows."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.base import _fit_context, clone
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.utils import _safe_indexing, check_random_state, indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    _check_method_params,
    check_consistent_length,
    check_is_fitted,
)

from ..hierarchy import Hierarchy, _labels
from ._inner import HierarchyMetaClassifier, column_names, innermost, node_scores
from ._thresholds import STRATEGIES, _checked_weight, node_thresholds, split_rows


class NodeThresholdClassifier(HierarchyMetaClassifier):
    """Tune a decision threshold for each node of any multi-label classifier.

    What `sklearn.model_selection.TunedThresholdClassifierCV` is for binary labels: the
    inner classifier is fitted on folds, its scores of the rows left out choose the
    thresholds (`node_thresholds`), and it is fitted again on all rows. Decisions are
    closed upward: a node with a positive descendant is positive.

    Parameters
    ----------
    estimator : estimator
        A multi-label classifier with `predict_proba` (an array or a list of arrays) or
        `decision_function`. Its columns are the nodes, in the order of ``y``.
    hierarchy : Hierarchy, default=None
        The label graph. None: the inner classifier's parameter of this name, also
        within pipelines and searches; without one a flat hierarchy.
    strategy : {"prevalence", "f1"}, default="prevalence"
        How thresholds are chosen, see `node_thresholds`.
    factor : float, default=3.0
        For "f1": how far the predicted frequency may be from the true one, >= 1;
        infinity: any distance.
    cv : int, float, splitter, iterable or "prefit", default=None
        Held-out rows. None: 5 shuffled folds; int: as many; float in (0, 1): one
        shuffled split with this share held out; "prefit": `estimator` is fitted, and
        all rows given to `fit`, which it must not have seen, tune the thresholds.
    refit : bool, default=True
        Whether to fit on all rows in the end. False, with a single split, keeps the
        classifier that was fitted on its other rows.
    n_jobs : int, default=None
        Folds that are fitted at a time, in joblib's words (-1: as many as processors).
    random_state : int, RandomState instance or None, default=None
        Shuffles the rows.

    Attributes
    ----------
    estimator_ : estimator
        The fitted inner classifier.
    thresholds_ : ndarray of float64 of shape (n_nodes,)
        Thresholds in the hierarchy's order.
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
    CoherentClassifier : Coherent probabilities from any classifier.

    Notes
    -----
    Folds are not stratified: rare nodes may be missing in the rows of some folds.
    Labels that are constant there are too much for some classifiers;
    `CoherentClassifier` around them helps.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> from sklearn_hmlc.postprocessing import (
    ...     CoherentClassifier,
    ...     NodeThresholdClassifier,
    ... )
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=100, n_features=10, n_nodes=8, random_state=0
    ... )
    >>> forest = RandomForestClassifier(n_estimators=20, random_state=0)
    >>> coherent = CoherentClassifier(forest, hierarchy)
    >>> clf = NodeThresholdClassifier(coherent, cv=3, random_state=0).fit(X, Y)
    >>> clf.thresholds_.shape
    (8,)
    >>> hierarchy.is_closed(clf.predict(X))
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [
            HasMethods(["fit", "predict_proba"]),
            HasMethods(["fit", "decision_function"]),
        ],
        "hierarchy": [Hierarchy, None],
        "strategy": [StrOptions(set(STRATEGIES))],
        "factor": [Interval(Real, 1, None, closed="both")],
        "cv": [
            "cv_object",
            StrOptions({"prefit"}),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "refit": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator,
        hierarchy=None,
        *,
        strategy="prevalence",
        factor=3.0,
        cv=None,
        refit=True,
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.hierarchy = hierarchy
        self.strategy = strategy
        self.factor = factor
        self.cv = cv
        self.refit = refit
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **fit_params):
        """Tune the thresholds, and fit the inner classifier on all rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Whatever the inner classifier takes.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
array-like of shape (n_samples,)
            Labels, 0 and 1, closed under the hierarchy; columns in node order, a
            DataFrame's by name. 1-D: one node a row.
        **fit_params : dict
            Goes to the inner classifier's `fit`; what has an entry a row, such as
            ``sample_weight``, is split with the rows. Weights count in the thresholds
            as well.

        Returns
        -------
        self : NodeThresholdClassifier

        Raises
        ------
        ValueError
            If the labels do not fit the hierarchy or are not closed, or `refit` does
            not go with `cv`.
        """
        self.__dict__.pop("thresholds_", None)  # should this fit fail
        labels = self._learn_labels(y, self._given_hierarchy())
        check_consistent_length(X, labels)
        X, y = indexable(X, self._inner_labels(y, labels))
        if self.cv == "prefit":
            self._check_prefit(X)
            estimator, rows = self.estimator, np.arange(labels.shape[0])
            scores = self._node_scores(estimator, X)
        else:
            estimator, rows, scores = self._out_of_fold(X, y, labels, fit_params)
        weight = _checked_weight(fit_params.get("sample_weight"), labels.shape[0])
        self.thresholds_ = node_thresholds(
            labels[rows],
            scores,
            self.strategy,
            prevalence=weight @ labels.astype(np.float64) / weight.sum(),
            factor=self.factor,
            sample_weight=weight[rows],
        )
        self.estimator_ = estimator
        return self

    def predict_proba(self, X):
        """Return the inner classifier's probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Whatever the inner classifier takes.

        Returns
        -------
        proba : ndarray of float of shape (n_samples, n_nodes)
            Columns as in ``classes_``.
        """
        return self._answer(self._node_proba(X))

    def predict(self, X):
        """Predict labels: yes where the probability reaches the node's threshold.

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
        proba = self._node_proba(X)
        return self._decide(proba, self.thresholds_, X)

    def _given_hierarchy(self):
        if self.hierarchy is not None:
            return self.hierarchy
        return getattr(innermost(self.estimator), "hierarchy", None)

    def _inner_labels(self, y, labels):
        """Labels as the inner classifier takes them, columns as in the user's y."""
        if self._target.single:
            # It scores nodes, whatever the form of the labels.
            y = labels.toarray().astype(np.int64)
        if hasattr(innermost(self.estimator), "hierarchy"):
            return y
        # Few of scikit-learn's classifiers take sparse labels, or a single column.
        y = y.toarray() if sp.issparse(y) else y
        return np.ravel(y) if np.shape(y)[1:] == (1,) else y

    def _check_prefit(self, X):
        """Refuse a fitted classifier whose columns are classes, of which a row has one.

        There may be as many of them as nodes.
        """
        check_is_fitted(self.estimator)
        if self.hierarchy_.n_nodes == 1 or not hasattr(self.estimator, "predict"):
            return
        if np.ndim(self.estimator.predict(_safe_indexing(X, [0]))) == 1:
            raise ValueError(
                "Expected `estimator` to be fitted on labels of shape (n_samples, "
                'n_nodes) for cv="prefit", but it predicts one class a row.'
            )

    def _node_proba(self, X):
        check_is_fitted(self)
        return self._node_scores(self.estimator_, X)

    def _node_scores(self, estimator, X):
        """Scores in node order, by the names of columns where they have any."""
        scores = node_scores(estimator, X, self.hierarchy_.n_nodes)
        names = column_names(estimator)
        if names is None:
            return self._target.in_node_order(scores)
        return scores[:, _labels.column_positions(self.hierarchy_, names)]

    def _out_of_fold(self, X, y, labels, fit_params):
        """Return the final classifier, and held-out rows with their scores."""
        splits = self._splits(labels)
        if not self.refit and len(splits) > 1:
            raise ValueError(
                f"refit=False needs a single split, but `cv` makes {len(splits)}; give "
                "a float, or set refit=True."
            )
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_on)(self.estimator, X, y, train, fit_params)
            for train, _ in splits
        )
        scores = [
            self._node_scores(estimator, _safe_indexing(X, test))
            for estimator, (_, test) in zip(fitted, splits, strict=True)
        ]
        whole = fitted[0]
        if self.refit:
            whole = clone(self.estimator).fit(X, y, **fit_params)
        rows = np.concatenate([test for _, test in splits])
        return whole, rows, np.concatenate(scores)

    def _splits(self, labels):
        shuffle = check_random_state(self.random_state)
        cv = 5 if self.cv is None else self.cv
        if isinstance(cv, Integral):
            cv = KFold(cv, shuffle=True, random_state=shuffle)
        elif isinstance(cv, Real):
            cv = ShuffleSplit(1, test_size=cv, random_state=shuffle)
        return split_rows(cv, labels)

    def __sklearn_is_fitted__(self):
        """Tell whether there are thresholds."""
        return hasattr(self, "thresholds_")


def _fit_on(estimator, X, y, rows, fit_params):
    params = _check_method_params(X, fit_params, indices=rows)
    return clone(estimator).fit(
        _safe_indexing(X, rows), _safe_indexing(y, rows), **params
    )

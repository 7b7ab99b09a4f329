"""`NodeThresholdClassifier`: a threshold per node, tuned on held-out rows.

Stage: around any classifier, or a whole pipeline. In: features and labels. Out: the
fitted classifier, thresholds (n_nodes,), and decisions by them.
"""

import warnings
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state, indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MethodMapping
from sklearn.utils.validation import check_is_fitted

from .._folds import make_splits
from .._inner_fit import (
    counting_rows,
    fit_on,
    inner_labels,
    is_frozen,
    narrow,
    take,
    with_hierarchy,
)
from .._parallel import Shared, in_parallel
from .._response import (
    ask,
    chain,
    held_out_answer,
    held_out_part,
    hierarchy_of,
    in_nodes,
    names_of,
    own_hierarchy,
)
from ..hierarchy import Hierarchy
from ._meta import HierarchyMetaClassifier
from ._thresholds import (
    DEFAULT_FACTOR,
    STRATEGIES,
    check_factor,
    check_pooled,
    node_thresholds,
)

RESPONSES = ("decision_proba", "predict_proba")
HELD_OUT = "held_out"


class NodeThresholdClassifier(HierarchyMetaClassifier):
    """Tune a decision threshold for each node of any multi-label classifier.

    What `sklearn.model_selection.TunedThresholdClassifierCV` is for binary labels: the
    inner classifier is fitted on folds, its scores of the rows left out choose the
    thresholds (`node_thresholds`), and it is fitted again on all rows. Decisions are
    closed upward: a node with a positive descendant is positive. Put it around a whole
    pipeline, so that scaling and resampling, too, see no row that is held out. A
    classifier that has held-out probabilities of its own, as those of
    `sklearn_hmlc.experts` have, is fitted once here (and makes folds itself, where it
    needs any).

    Parameters
    ----------
    estimator : estimator
        A multi-label classifier with `predict_proba` (an array or a list of arrays) or
        `decision_function`. Its columns are the nodes, in the order of ``y``. A
        `sklearn.frozen.FrozenEstimator` is fitted already: all rows given to `fit`,
        which it must not have seen, tune the thresholds.
    hierarchy : Hierarchy, default=None
        The label graph, also for the inner classifier, where it takes one and has none.
        None: the inner classifier's parameter of this name, also within pipelines and
        searches; without one a flat hierarchy.
    strategy : {"prevalence", "f1"}, default="prevalence"
        How thresholds are chosen, see `node_thresholds`.
    factor : float, default=3.0
        For "f1": how far the predicted frequency may be from the true one, >= 1;
        infinity: any distance.
    pooled : int, default=None
        For "f1": nodes with fewer positive rows than this are predicted the same
        multiple of their frequency as other nodes that are as rare, see
        `node_thresholds`. None: each node stands for itself.
    response_method : {"auto", "decision_proba", "predict_proba"}, default="auto"
        Which scores of the inner classifier are tuned and decided on.
        "decision_proba": those on which it decides itself, such as the weighted
        probabilities of `sklearn_hmlc.HierarchicalEnsembleClassifier`. "auto": these
        where it has them, else "predict_proba". Held-out probabilities of the
        classifier's own are those of "predict_proba".
    cv : int, float, splitter, iterable or "held_out", default=None
        Held-out rows. "held_out": all rows, by ``held_out_proba()`` of the fitted
        classifier or of a pipeline's last step: leave-one-out, out-of-bag or
        out-of-fold probabilities, without another fit; steps before it have seen the
        rows. None: these where there are any, and no ``groups`` to keep apart, else 5
        shuffled folds; int: as many; float in (0, 1): one shuffled split with this
        share held out.
    refit : bool, default=True
        Whether to fit on all rows in the end. False, with a single split, keeps the
        classifier that was fitted on its other rows.
    n_jobs : int, default=None
        Fits at a time, in joblib's words (-1: as many as processors).
    random_state : int, RandomState instance or None, default=None
        Shuffles the rows, where `cv` is None or a number.
    verbose : int, default=0
        Reports on the fits, in joblib's words: the larger, the more often.

    Attributes
    ----------
    estimator_ : estimator
        The fitted inner classifier.
    thresholds_ : ndarray of float64 of shape (n_nodes,)
        Thresholds in the hierarchy's order.
    response_method_ : str
        The method whose scores were tuned.
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
    `CoherentClassifier` around them helps. Rows of weight 0 count as absent: they are
    in no fit and no fold.

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
        "pooled": [Interval(Integral, 1, None, closed="left"), None],
        "response_method": [StrOptions({"auto", *RESPONSES})],
        "cv": ["cv_object", str, Interval(Real, 0, 1, closed="neither")],
        "refit": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _for_splits = ("groups",)

    def __init__(
        self,
        estimator,
        hierarchy=None,
        *,
        strategy="prevalence",
        factor=DEFAULT_FACTOR,
        pooled=None,
        response_method="auto",
        cv=None,
        refit=True,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.hierarchy = hierarchy
        self.strategy = strategy
        self.factor = factor
        self.pooled = pooled
        self.response_method = response_method
        self.cv = cv
        self.refit = refit
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

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
            frame's by name. 1-D: one node per row.
        **fit_params : dict
            Goes to the inner classifier's `fit`; what has an entry per row, such as
            ``sample_weight``, is split with the rows. Weights count in the thresholds
            as well; in a pipeline they go to the last step. ``groups`` go to `cv`.
            With scikit-learn's metadata routing each gets what it has requested.

        Returns
        -------
        self : NodeThresholdClassifier

        Raises
        ------
        ValueError
            If the labels do not fit the hierarchy or are not closed, or `refit` does
            not go with `cv`. What was fitted before stays as it was.

        Warns
        -----
        UserWarning
            If a parameter has no effect beside the others, or if the rows of pandas
            frames `X` and `y` have the same names, but in another order.
        """
        self._check_params()
        target, labels = self._learn_labels(X, y, self._given_hierarchy())
        weight, routed = self._routed(fit_params)
        weight, rows = counting_rows(weight, labels.shape[0])
        inner = with_hierarchy(self.estimator, self.hierarchy)
        X, y = indexable(narrow(X), inner_labels(inner, y, labels, target))
        estimator, held_out, scores, response = self._held_out_scores(
            inner, X, y, labels, rows, routed, target
        )
        thresholds = node_thresholds(
            labels[held_out],
            scores,
            self.strategy,
            prevalence=_frequencies(labels, weight),
            factor=self.factor if self.strategy == "f1" else DEFAULT_FACTOR,
            pooled=self.pooled if self.strategy == "f1" else None,
            sample_weight=None if weight is None else weight[held_out],
        )
        return self._take_over(
            target,
            estimator_=estimator,
            thresholds_=thresholds,
            response_method_=response,
        )

    def get_metadata_routing(self):
        """Say which metadata `fit` uses and hands on, for scikit-learn's routing.

        Returns
        -------
        routing : MetadataRouter
        """
        split = MethodMapping().add(caller="fit", callee="split")
        router = super().get_metadata_routing()
        splitter = None if isinstance(self.cv, str) else self.cv
        return router.add(splitter=splitter, method_mapping=split)

    def _check_params(self):
        """Refuse or warn about parameters that do not go together."""
        caller = 4  # of `fit`, behind scikit-learn's wrapper
        check_factor(self.strategy, self.factor, stacklevel=caller + 1)
        check_pooled(self.strategy, self.pooled, stacklevel=caller + 1)
        if isinstance(self.cv, str) and self.cv != HELD_OUT:
            raise ValueError(
                "Expected `cv` to be a number, a splitter, an iterable or "
                f"{HELD_OUT!r}, but got {self.cv!r}. For a classifier that is fitted "
                "already give "
                "NodeThresholdClassifier(sklearn.frozen.FrozenEstimator(classifier))."
            )
        idle = {}
        if is_frozen(self.estimator):
            idle = {"cv": None, "refit": True, "random_state": None}
            reason = "beside a frozen estimator, which is not fitted"
        elif isinstance(self.cv, str):
            idle = {"refit": True, "random_state": None}
            reason = f"beside cv={HELD_OUT!r}, which fits once, on all rows"
        elif not (self.cv is None or isinstance(self.cv, Real)):
            idle = {"random_state": None}
            reason = "beside a `cv` that makes its own splits"
        given = [name for name in idle if getattr(self, name) is not idle[name]]
        if given:
            warnings.warn(
                f"{', '.join(given)} of NodeThresholdClassifier: without effect "
                f"{reason}.",
                UserWarning,
                stacklevel=caller,
            )

    def _given_hierarchy(self):
        """The hierarchy of labels: the wrapper's parameter or that of what is inside.

        A frozen model without the parameter has learnt one if it has learnt names.
        """
        if self.hierarchy is not None:
            return self.hierarchy
        given = own_hierarchy(self.estimator)
        if given is not None:
            return given
        if is_frozen(self.estimator) and names_of(self.estimator) is not None:
            return hierarchy_of(self.estimator)
        return None

    def _check_frozen(self, X):
        """Refuse a fitted classifier whose columns are classes, of which a row has one.

        There may be as many of them as nodes.
        """
        check_is_fitted(self.estimator)
        if not hasattr(self.estimator, "predict"):
            return
        if np.ndim(self.estimator.predict(take(X, [0]))) == 1:
            raise ValueError(
                "Expected `estimator` to be fitted on labels of shape (n_samples, "
                "n_nodes), but it predicts one class per row."
            )

    def _held_out_scores(self, inner, X, y, labels, rows, routed, target):
        """Return the final classifier, rows, its scores of them, and which these are.

        The scores are of models that have not seen the rows.
        """
        if is_frozen(inner):
            return self._tuned_as_it_is(X, rows, target)
        whole = None
        if self._wants_own(routed.splitter.split):
            whole = fit_on(inner, X, y, rows, routed.estimator.fit)
            try:
                return self._tuned_by_own(whole, labels, rows, target)
            except ValueError:
                if isinstance(self.cv, str):
                    raise
        shuffle = check_random_state(self.random_state)
        splits = make_splits(self.cv, shuffle, labels, rows, routed.splitter.split)
        shared = Shared(
            X, y, inner, routed.estimator.fit, self.response_method, not self.refit
        )
        return self._cross_fitted(shared, splits, rows, target, whole)

    def _wants_own(self, split_params):
        """Tell whether held-out probabilities of the classifier's own are in demand."""
        if isinstance(self.cv, str):
            if split_params:
                raise ValueError(
                    f"cv={HELD_OUT!r} can't keep groups apart; give a splitter such as "
                    "GroupKFold as `cv`, or leave `groups` out."
                )
            if self.response_method == "decision_proba":
                raise ValueError(
                    f"cv={HELD_OUT!r} goes with probabilities; set "
                    'response_method="predict_proba" or "auto".'
                )
            return True
        usual = self.cv is None and self.refit and not split_params
        by_decisions = self.response_method == "decision_proba"
        return usual and not by_decisions and held_out_part(self.estimator) is not None

    def _tuned_by_own(self, estimator, labels, rows, target):
        """Return a fitted classifier, rows, its own held-out scores of them, what."""
        n_rows = labels.shape[0] if rows is None else len(rows)
        answer = held_out_answer(estimator, n_rows)
        held_out = slice(None) if rows is None else rows
        scores = in_nodes(answer, target, estimator)
        return estimator, held_out, scores, "predict_proba"

    def _tuned_as_it_is(self, X, rows, target):
        """Return a frozen classifier, rows that count, its scores of them, and what."""
        if target.hierarchy.n_nodes > 1:
            self._check_frozen(X)
        method = response_of(self.estimator, self.response_method)
        answer = ask(self.estimator, take(X, rows), method)
        held_out = slice(None) if rows is None else rows
        scores = in_nodes(answer, target, self.estimator)
        return self.estimator, held_out, scores, method

    def _cross_fitted(self, shared, splits, rows, target, whole=None):
        """Return the final classifier, held-out rows, scores of them, and what.

        ``whole`` is the final classifier, where it is fitted already.
        """
        if not self.refit and len(splits) > 1:
            raise ValueError(
                f"refit=False needs a single split, but `cv` makes {len(splits)}; give "
                "a float, or set refit=True."
            )
        folds = splits + [(rows, None)] * (self.refit and whole is None)
        fits = in_parallel(_fit_and_answer, shared, folds, self.n_jobs, self.verbose)
        estimator = fits[-1][0] if whole is None else whole
        held_out = np.concatenate([test for _, test in splits])
        scores = [
            in_nodes(answer, target, estimator)
            for _, answer in fits
            if answer is not None
        ]
        method = response_of(estimator, self.response_method)
        return estimator, held_out, np.concatenate(scores), method

    def _node_proba(self, X):
        return self._asked(X, "predict_proba")

    def _node_scores(self, X):
        check_is_fitted(self)
        return self._asked(X, self.response_method_)

    def _node_thresholds(self):
        return self.thresholds_

    def _asked(self, X, method):
        """Scores in node order, of the fitted classifier."""
        check_is_fitted(self)
        answer = ask(self.estimator_, narrow(X), method)
        return in_nodes(answer, self._target, self.estimator_)


def _fit_and_answer(X, y, estimator, fit_params, response, keep, train, test):
    """Fit on some rows; return the classifier, and its answers on others, if any."""
    quiet = test is not None and not keep
    fitted = fit_on(estimator, X, y, train, fit_params, quiet=quiet)
    if test is None:
        return fitted, None
    answer = ask(fitted, take(X, test), response_of(fitted, response))
    return (fitted if keep else None), answer


def response_of(estimator, response):
    """Which method of a classifier gives the scores that are tuned."""
    if response == "predict_proba":
        return response
    if _decides(estimator):
        return "decision_proba"
    if response == "auto":
        return "predict_proba"
    raise ValueError(
        f"Expected an `estimator` with `decision_proba`, but "
        f'{type(estimator).__name__} has none; set response_method="predict_proba".'
    )


def _decides(estimator):
    """Tell whether a classifier has scores of its own to decide on.

    Pipelines, searches and frozen estimators answer as what is inside them; other
    meta-estimators have made something else of it.
    """
    for part in chain(estimator):
        if hasattr(part, "decision_proba"):
            return True
        hands_on = hasattr(part, "steps") or hasattr(part, "best_estimator_")
        if not (hands_on or isinstance(part, FrozenEstimator)):
            return False
    return False


def _frequencies(labels, weight):
    """Share of the rows that have each node, rows counting as they are weighted."""
    weight = np.ones(labels.shape[0]) if weight is None else weight
    return weight @ labels.astype(np.float64) / weight.sum()

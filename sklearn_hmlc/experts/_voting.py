"""`CoherentVotingClassifier`: the mean of experts, weighted by what they know.

Stage: around any coherent classifiers, alone or in pipelines. In: features and labels,
as they take them. Out: the fitted experts, weights on the simplex, and

    p(row, node) = sum over experts e of  w_e p_e(row, node)

which is coherent where all p_e are: a child's is at most its parent's in every term.
Where rounding, or an expert on new rows, has it otherwise, `make_coherent` mends it.
Rare nodes may lean on their parents then (`shrink_to_parents`).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.ensemble._base import _BaseHeterogeneousEnsemble
from sklearn.utils import (
    Bunch,
    check_random_state,
    estimator_html_repr,
    get_tags,
    indexable,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from .._folds import make_splits
from .._inner_fit import (
    counting_rows,
    learn_labels,
    narrow,
    take,
    takes_weights,
    weight_name,
    with_finite_sum,
    with_hierarchy,
)
from .._validation import as_numbers, check_same_ids, goes_by_name, values_by_name
from .._words import did_you_mean, shorten
from ..hierarchy import Hierarchy
from ..postprocessing import make_coherent, shrink_to_parents
from ._base import CoherentExpert
from ._choice import MEAN, Chosen, choose, counts_of, mean_of
from ._held_out import (
    Task,
    by_folds,
    node_proba,
    on_all_rows,
    own_held_out,
    own_of_each,
)
from ._sharing import shared_hierarchy


class CoherentVotingClassifier(CoherentExpert, _BaseHeterogeneousEnsemble):
    """Mean of coherent classifiers, with weights that are chosen on held-out rows.

    What `sklearn.ensemble.VotingClassifier` is with ``voting="soft"``, for labels in a
    hierarchy. Means of coherent probabilities are coherent, and experts that err
    differently are better together than the best of them. An expert may also hurt;
    with ``weights="auto"`` it gets a weight of 0, by what it says of rows that it has
    not seen.

    Parameters
    ----------
    estimators : list of (str, estimator)
        The experts and their names: classifiers with coherent `predict_proba`, such as
        those of `sklearn_hmlc.experts`, `sklearn_hmlc.HierarchicalEnsembleClassifier`
        or a `sklearn_hmlc.postprocessing.CoherentClassifier`, alone or as the last step
        of a pipeline. "drop" instead of an estimator leaves it out. "mean" is no name.
    hierarchy : Hierarchy, default=None
        The label graph; experts whose parameter of this name is None get it, all
        others must have the same. None: that of the experts, which must be the same of
        all; without any a flat one.
    weights : "auto", None, array-like of shape (n_estimators,), mapping or Series, \
default="auto"
        What each expert counts, at least 0. "auto": chosen by the pooled AU(PRC) of
        held-out probabilities, see Notes. None: all count alike. An array has an entry
        for each of `estimators`, dropped ones too; a mapping or Series goes by name.
    shrinkage : float or "auto", default=0.0
        How far probabilities of rare nodes are drawn towards what their parents say: as
        many rows of the node's own as the word of its parents is worth, at least 0, see
        `sklearn_hmlc.postprocessing.shrink_to_parents`. "auto": the most of 0, 0.3, 1,
        3 and 10 that costs no more than .1 % of the pooled AU(PRC) of held-out
        probabilities.
    cv : int, splitter or iterable, default=5
        For "auto": folds for experts without ``held_out_proba``, which are fitted on
        the rest of each fold once more. int: as many shuffled folds. Every row is to
        be held out once.
    n_jobs : int, default=None
        Fits at a time, in joblib's words (-1: as many as processors).
    random_state : int, RandomState instance or None, default=None
        Shuffles the rows, where `cv` is a number. Experts have their own.
    verbose : int, default=0
        Reports on the fits, in joblib's words: the larger, the more often.

    Attributes
    ----------
    estimators_ : list of estimators
        The fitted experts, without dropped ones.
    named_estimators_ : Bunch
        The same by name; "drop" for dropped ones.
    weights_ : ndarray of float64 of shape (n_fitted,)
        What each of `estimators_` counts; they sum to 1.
    shrinkage_ : float
        How many rows the word of a node's parents is worth.
    expert_scores_ : dict of str to float
        Where weights or shrinkage are "auto": pooled AU(PRC) of held-out probabilities,
        over scored nodes, by name, and that of the shrunk mean as "mean". Both were
        chosen by the same rows, so that the mean's is a little too high.
    classes_ : ndarray of shape (n_nodes,)
        Names of the columns of `predict_proba`, which follow those of ``y``.
    hierarchy_ : Hierarchy
        The hierarchy in use.
    n_features_in_ : int
        Number of features, where the first expert tells it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where the first expert tells them.

    See Also
    --------
    sklearn_hmlc.postprocessing.NodeThresholdClassifier : Thresholds from the mean's
        held-out probabilities, without another round of folds.

    Notes
    -----
    Held-out probabilities are an expert's own (``held_out_proba()``: leave-one-out,
    out-of-bag) where it has them and no ``groups`` are to be kept apart, else those of
    `cv`. Of a pipeline with such a last step the steps before have seen all rows.

    "auto" prefers simple weights: equal ones, unless others are ahead by more than the
    standard error of the difference; then equal ones of some experts; then those that a
    search in steps of .05 finds. It looks at no more than some million cells.

    Experts of weight 0 stay fitted, but are not asked. Memory of "auto": a float32
    array (n_samples, n_nodes) per expert while it fits, one afterwards.

    Row weights go to the experts that take them. Rows of weight 0 count as absent.

    References
    ----------
    .. [1] Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble Selection from Libraries
       of Models", ICML 2004.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> from sklearn_hmlc.experts import CoherentVotingClassifier
    >>> from sklearn_hmlc.postprocessing import CoherentClassifier
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=200, n_features=10, n_nodes=8, random_state=0
    ... )
    >>> neighbours = CoherentClassifier(KNeighborsClassifier(10))
    >>> tree = CoherentClassifier(DecisionTreeClassifier(max_depth=1, random_state=0))
    >>> clf = CoherentVotingClassifier(
    ...     [("neighbours", neighbours), ("stump", tree)], hierarchy, random_state=0
    ... ).fit(X, Y)
    >>> clf.held_out_proba().shape
    (200, 8)
    >>> hierarchy.is_closed(clf.predict(X))
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimators": [list],
        "hierarchy": [Hierarchy, None],
        "weights": [StrOptions({"auto"}), "array-like", Mapping, None],
        "shrinkage": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Row weights count here as well, whether or not experts want them.
    __metadata_request__fit: ClassVar[dict] = {"sample_weight": True, "groups": True}

    def __init__(
        self,
        estimators,
        hierarchy=None,
        *,
        weights="auto",
        shrinkage=0.0,
        cv=5,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.estimators = estimators
        self.hierarchy = hierarchy
        self.weights = weights
        self.shrinkage = shrinkage
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    # -- training --------------------------------------------------------------------

    # Experts check their own parameters.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit the experts, and choose their weights and the shrinkage.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Whatever the experts take.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
array-like of shape (n_samples,)
            Labels, 0 and 1, closed under the hierarchy; columns in the order of
            ``hierarchy.nodes``, a frame's by name. 1-D: one node per row.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts, >= 0, for experts that take weights, for the choice of
            theirs and for how rare a node is. None: 1. Rows of weight 0 are left out.
        groups : array-like of shape (n_samples,), default=None
            For splitters such as ``GroupKFold`` as `cv`: rows of a group are held out
            together. All held-out probabilities are those of `cv` then.

        Returns
        -------
        self : CoherentVotingClassifier

        Raises
        ------
        ValueError
            If the experts do not have one hierarchy, the labels do not fit it or are
            not closed, an expert is not coherent (of some training rows and of those
            held out), or `cv` does not hold out every row once or takes no `groups`.
            What was fitted before stays as it was.

        Warns
        -----
        UserWarning
            If the rows of pandas frames `X` and `y` have the same names, but in another
            order, or `groups` have no effect.
        """
        experts = self._experts()
        given = self._given_weights(experts)
        hierarchy = shared_hierarchy(self.hierarchy, experts)
        experts = {
            name: with_hierarchy(expert, hierarchy) for name, expert in experts.items()
        }
        check_same_ids(X, sample_weight, ("X", "sample_weight"), stacklevel=4)
        target, labels = learn_labels(self, X, y, hierarchy, stacklevel=5)
        if sample_weight is not None:
            sample_weight = with_finite_sum(sample_weight)
        weight, rows = counting_rows(sample_weight, labels.shape[0])
        params, split = self._routed(experts, sample_weight, groups)
        X, y = indexable(narrow(X), y)
        task = Task(X, y, labels, target, rows, params)
        fitted = on_all_rows(task, experts, **self._parallel())
        counted = None if weight is None else weight[task.positions]
        chosen = Chosen(given, self.shrinkage, counts_of(task, counted))
        if self._asks_held_out:
            of_each = self._held_out_of_each(task, experts, fitted, split)
            chosen = choose(of_each, task, counted, chosen)
        self._learnt(task, fitted, chosen)
        return self

    def _experts(self):
        """Experts by name, without dropped ones; check names and types."""
        names, estimators = self._validate_estimators()
        if MEAN in names:
            raise ValueError(
                f"Expected names of `estimators` other than {MEAN!r}, which is that of "
                "their mean."
            )
        everyone = zip(names, estimators, strict=True)
        experts = {name: expert for name, expert in everyone if expert != "drop"}
        for name, expert in experts.items():
            can_score = hasattr(expert, "predict_proba")
            if not (can_score or hasattr(expert, "decision_function")):
                raise ValueError(
                    f"Expected experts with `predict_proba`, but {name!r}, a "
                    f"{type(expert).__name__}, has none."
                )
        return experts

    @property
    def _asks_held_out(self):
        """Whether something is chosen by held-out rows."""
        return isinstance(self.weights, str) or isinstance(self.shrinkage, str)

    def _given_weights(self, experts):
        """Weights of the experts that a user gave, summing to 1; None: to be chosen."""
        weights = self.weights
        if isinstance(weights, str):
            return None
        if weights is None:
            return np.full(len(experts), 1 / len(experts))
        names = [name for name, _ in self.estimators]
        if goes_by_name(weights):
            by_name = values_by_name(weights, "weights")
            for name in by_name:
                if name not in names:
                    raise ValueError(
                        f"Expected `weights` of experts among {shorten(names)}, but "
                        f"got {name!r}.{did_you_mean(name, names)}"
                    )
            values = [by_name.get(name, 0) for name in names]
        else:
            values = weights
        values = as_numbers(values, "weights")
        if values.shape != (len(names),):
            raise ValueError(
                f"Expected `weights` of shape ({len(names)},), one for each of "
                f"`estimators`, but got shape {values.shape}."
            )
        values = values[[name in experts for name in names]]
        if not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
            raise ValueError(
                "Expected `weights` of at least 0, and one above 0 that is not "
                f"dropped, but got {weights!r}."
            )
        return values / values.max() / (values / values.max()).sum()

    def _routed(self, experts, sample_weight, groups):
        """Parameters of each expert's fit, and of the splitter's split."""
        given = {"sample_weight": sample_weight, "groups": groups}
        given = {name: value for name, value in given.items() if value is not None}
        if groups is not None and isinstance(self.cv, Integral):
            raise ValueError(
                f"Expected `cv` to be a splitter such as GroupKFold beside `groups`, "
                f"but got {self.cv!r}."
            )
        if groups is not None and not self._asks_held_out:
            warnings.warn(
                'groups: without effect unless weights or shrinkage are "auto".',
                UserWarning,
                stacklevel=4,
            )
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **given)
            split = routed["cv"].split
            if groups is not None and "groups" not in split:
                raise ValueError(
                    "Expected `cv` to have requested `groups`, but "
                    f"{type(self.cv).__name__} has not; give one such as GroupKFold."
                )
            return {name: routed[name].fit for name in experts}, split
        groups = {name: given.pop(name) for name in ("groups",) if name in given}
        return {
            name: {weight_name(expert): value for value in given.values()}
            if takes_weights(expert)
            else {}
            for name, expert in experts.items()
        }, groups

    def _held_out_of_each(self, task, experts, fitted, split):
        """Held-out probabilities of the rows that count, by expert."""
        # Leave-one-out and out-of-bag probabilities don't keep groups apart.
        found = {} if split else own_of_each(task, experts, fitted)
        others = {name: one for name, one in experts.items() if name not in found}
        if others:
            shuffle = check_random_state(self.random_state)
            splits = make_splits(self.cv, shuffle, task.labels, task.rows, split)
            found.update(by_folds(task, others, splits, **self._parallel()))
        return {name: found[name] for name in experts}

    def _learnt(self, task, fitted, chosen):
        """Set all that was fitted at the end: a fit that fails changes nothing."""
        self._target = task.target
        self.hierarchy_ = task.target.hierarchy
        self.classes_ = task.target.classes
        self.estimators_ = list(fitted.values())
        self.named_estimators_ = Bunch(
            **{name: fitted.get(name, "drop") for name, _ in self.estimators}
        )
        self.weights_ = chosen.weights
        self.shrinkage_ = float(chosen.shrinkage)
        self._names = list(fitted)
        self._counts = chosen.counts
        self._mean_held_out = chosen.held_out
        self._n_counted = len(task.positions)
        self._absent = None
        if task.rows is not None:
            there = np.zeros(task.labels.shape[0], dtype=bool)
            there[task.rows] = True
            self._absent = there, take(task.X, np.flatnonzero(~there))
        self.__dict__.pop("expert_scores_", None)
        if chosen.scores is not None:
            self.expert_scores_ = chosen.scores

    def _parallel(self):
        return {"n_jobs": self.n_jobs, "verbose": self.verbose}

    # -- prediction ------------------------------------------------------------------

    def _node_proba(self, X):
        check_is_fitted(self)
        return self._in_blocks(narrow(X))

    def _in_blocks(self, X):
        return self._settled(mean_of(self.weights_, self.estimators_, self._answer(X)))

    def _answer(self, X):
        return lambda expert: node_proba(expert, X, self._target)

    def _held_out(self):
        """Held-out probabilities of the rows that count, by the mean."""
        if self._mean_held_out is not None:
            return self._mean_held_out.copy()  # users may write on theirs
        try:
            return mean_of(
                self.weights_,
                self.estimators_,
                lambda expert: own_held_out(expert, self._n_counted, self._target),
            )
        except ValueError as error:
            raise ValueError(
                f'{error} Set weights="auto", which has all experts held out.'
            ) from error

    def _settled(self, proba):
        # Unscored nodes are as the experts have left them.
        if self.shrinkage_:  # coherent whatever it is given
            return shrink_to_parents(
                proba, self.hierarchy_, self._counts, self.shrinkage_
            )
        return make_coherent(proba, self.hierarchy_)

    def summary(self):
        """Say what each expert counts, and how good it is.

        Returns
        -------
        table : DataFrame of shape (n_fitted + 1, 1 or 2)
            A row per fitted expert, by name, and one for the mean; columns "weight"
            and, where weights or shrinkage are "auto", "au_prc": the pooled AU(PRC) of
            held-out probabilities, in [0, 1].
        """
        check_is_fitted(self)
        index = pd.Index([*self._names, MEAN])
        table = pd.DataFrame({"weight": [*self.weights_, 1.0]}, index=index)
        if hasattr(self, "expert_scores_"):
            table["au_prc"] = [self.expert_scores_[name] for name in index]
        return table

    # -- protocol --------------------------------------------------------------------

    def __setstate__(self, state):
        # Written before there was any shrinkage.
        fitted = {"shrinkage_": 0.0, "_counts": None} if "weights_" in state else {}
        super().__setstate__(fitted | state)

    def get_metadata_routing(self):
        """Say which metadata `fit` uses and hands on, for scikit-learn's routing.

        Returns
        -------
        routing : MetadataRouter
        """
        fit = MethodMapping().add(caller="fit", callee="fit")
        split = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        for name, expert in self.estimators:
            if not isinstance(expert, str):
                router.add(**{name: expert}, method_mapping=fit)
        # "cv" is no expert's name, since it is a parameter's.
        return router.add(cv=self.cv, method_mapping=split)

    @property
    def n_features_in_(self):
        """Number of features, as the first expert saw them."""
        check_is_fitted(self)
        return self.estimators_[0].n_features_in_

    @property
    def feature_names_in_(self):
        """Names of the features, where the first expert saw any."""
        check_is_fitted(self)
        return self.estimators_[0].feature_names_in_

    def _html_repr(self):
        """Show weights and scores below scikit-learn's diagram."""
        fitted = hasattr(self, "estimators_")
        table = self.summary().to_html(float_format="%.3f") if fitted else ""
        return estimator_html_repr(self) + table

    def __sklearn_is_fitted__(self):
        """Tell whether there are fitted experts."""
        return hasattr(self, "estimators_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            inner = [get_tags(one) for _, one in self.estimators if one != "drop"]
        except (AttributeError, TypeError, ValueError):
            return tags  # no list of pairs, which `fit` will say
        tags.input_tags.sparse = all(one.input_tags.sparse for one in inner)
        tags.input_tags.allow_nan = all(one.input_tags.allow_nan for one in inner)
        tags.non_deterministic = any(one.non_deterministic for one in inner)
        return tags

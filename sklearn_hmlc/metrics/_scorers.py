"""Measures by name, as scorers for scikit-learn's searches and cross-validation.

Stage: the last step of ``GridSearchCV`` and the like. In: a fitted estimator, ``X`` and
truth of shape (n_samples, n_nodes). Out: a number, larger = better.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
import sklearn.metrics

# No public class has what scikit-learn's tools ask of a scorer (`set_score_request`,
# metadata routing); this one has had it since 1.3.
from sklearn.metrics._scorer import _BaseScorer

from .. import _response as response
from .. import _validation as check
from .._naming import given_hierarchy
from ._cafa import fmax_score, smin_score, weighted_fmax_score
from ._hierarchical import hierarchical_precision_recall_f1
from ._nodewise import node_precision_recall_f1
from ._ranking import au_prc


def get_scorer(scoring: Any, **options: Any) -> Any:
    """Make a scorer from a name of this package or of scikit-learn.

    Parameters
    ----------
    scoring : str, callable or None
        One of `get_scorer_names`, or whatever `sklearn.metrics.get_scorer` takes.
    **options : dict
        Keyword arguments of the measure: ``hierarchy``, ``scored``,
        ``present_only``, ``information``, ...; only for names of this package.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y_true)``; larger is better. Names that begin
        with ``neg_`` give the measure with its sign turned.

    Raises
    ------
    ValueError
        If the name is unknown, the measure lacks an option it needs, or options come
        with a scorer that takes none.

    See Also
    --------
    get_scorer_names : The names added here.

    Notes
    -----
    scikit-learn has no register for names of other packages; so give the object,
    ``GridSearchCV(..., scoring=get_scorer("au_prc"))``.

    The scorer takes the hierarchy, and with it the unscored nodes, from the option
    ``hierarchy``, else from the fitted estimator, wherever inside pipelines, searches
    and wrappers it is, else all columns count. The estimator may answer with an array,
    a sparse matrix, a frame or a list of arrays, one per node, where a node that
    training rows never had has probability 0; without ``predict_proba`` its
    ``decision_function`` is asked.

    Columns go by name where the estimator or ``y`` has names. One that knows none, such
    as a forest, answers in the columns of the ``y`` that it was fitted on; these must
    be those of the ``y`` it is scored with, as everywhere in scikit-learn.

    With metadata routing, ``scorer.set_score_request(sample_weight=True)`` asks for
    weights of the rows.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc.metrics import get_scorer
    >>> X, y = make_multilabel_classification(random_state=0)
    >>> scorer = get_scorer("au_prc")
    >>> scores = cross_val_score(KNeighborsClassifier(), X, y, scoring=scorer)
    >>> scores.shape
    (5,)
    """
    if isinstance(scoring, str) and scoring in _SCORERS:
        return _HierarchyScorer(scoring, options)
    if options:
        raise ValueError(
            f"Expected no options with scoring={scoring!r}, but got "
            f"{', '.join(options)}; only names of this package take them: "
            f"{', '.join(get_scorer_names())}."
        )
    if isinstance(scoring, str) and scoring not in sklearn.metrics.get_scorer_names():
        raise ValueError(_unknown(scoring))
    return sklearn.metrics.get_scorer(scoring)


def get_scorer_names() -> list[str]:
    """Names that `get_scorer` adds to scikit-learn's.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> from sklearn_hmlc.metrics import get_scorer_names
    >>> get_scorer_names()[:2]
    ['au_prc', 'au_prc_davis_goadrich']
    """
    return sorted(_SCORERS)


def _unknown(scoring: str) -> str:
    names = get_scorer_names()
    every = [*names, *sklearn.metrics.get_scorer_names()]
    return (
        f"Expected `scoring` to be one of {', '.join(names)}, or a name of "
        f"sklearn.metrics.get_scorer_names(), but got {scoring!r}."
        f"{check.did_you_mean(scoring, every)}"
    )


# -- the scorer ------------------------------------------------------------------------


class _HierarchyScorer(_BaseScorer):
    """A scorer that finds the hierarchy on the estimator, and columns by their names.

    scikit-learn's `make_scorer` hands the measure the predictions alone, lists of
    arrays unchanged; neither the hierarchy nor ``classes_`` can be had from those.
    """

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        measure, method, sign = _SCORERS[name]
        known = _options_of(measure)
        for option in options:
            if option not in known:
                raise ValueError(
                    f"Expected options of the measure with scoring={name!r}, "
                    f"{', '.join(known)}, but got {option!r}."
                    f"{check.did_you_mean(option, known)}"
                )
        if name in _INFORMED and options.get("information") is None:
            raise ValueError(
                f"Expected the option `information` with scoring={name!r}, one number "
                f"per node: get_scorer({name!r}, information=information_accretion("
                "y_train, hierarchy))."
            )
        # Methods that scikit-learn's searches look for before they call the scorer.
        methods = [method] if method == "predict" else [method, "decision_function"]
        super().__init__(_Weighed(measure), sign, options, methods)
        self.name = name
        self._method = method

    def _score(
        self, method_caller: Any, estimator: Any, X: Any, y_true: Any, **kwargs: Any
    ) -> float:
        """Ask the estimator; ``method_caller``, scikit-learn's own way, loses names."""
        del method_caller
        self._warn_overlap(
            "Options of this scorer come as metadata too, which count.", kwargs
        )
        options = {**self._kwargs, **kwargs}
        hierarchy = options.pop("hierarchy", None)
        if hierarchy is None:
            hierarchy = response.hierarchy_of(estimator)
        _check_columns(y_true, self.name)
        check.check_same_ids(X, y_true)
        answer = response.ask(estimator, X, self._method)
        if hierarchy is not None:
            given_hierarchy(hierarchy)
            per_node = {name: options.get(name) for name in ("scored", "information")}
            sides = response.named_sides(y_true, answer.names, hierarchy)
            check.check_values_by_node(hierarchy, sides, per_node)
        truth, values = response.in_node_order(
            y_true, answer, hierarchy, scores=self._method != "predict"
        )
        value = self._score_func(truth, values, hierarchy=hierarchy, **options)
        return float(self._sign * value)

    def __repr__(self) -> str:
        options = "".join(f", {key}={value!r}" for key, value in self._kwargs.items())
        return f"get_scorer({self.name!r}{options})"


def _options_of(measure: Callable[..., Any]) -> list[str]:
    """Names of a measure's arguments beside truth and predictions."""
    if isinstance(measure, partial):
        measure = measure.args[0] if measure.args else measure.func
    return list(signature(measure).parameters)[2:]


class _Weighed:
    """A measure with the one argument that scikit-learn may route to it."""

    def __init__(self, measure: Callable[..., float]) -> None:
        self._measure = measure

    def __call__(
        self, y_true: Any, y_pred: Any, *, sample_weight: Any = None, **options: Any
    ) -> float:
        return self._measure(y_true, y_pred, sample_weight=sample_weight, **options)


def _check_columns(y_true: Any, name: str) -> None:
    shape = getattr(y_true, "shape", None) or np.shape(y_true)
    if len(shape) != 2:
        raise ValueError(
            f"The scorer {name!r} takes y of shape (n_samples, n_nodes), one column "
            f"per node, but got shape {tuple(shape)}. For one class per row take one "
            "of scikit-learn's scorers, such as 'accuracy' or 'f1_macro', or fit and "
            "score on columns: `HierarchicalLabelBinarizer` makes them."
        )


# -- the table -------------------------------------------------------------------------


def _one_of_three(
    measure: Callable[..., Any], field: str, y_true: Any, y_pred: Any, **options: Any
) -> float:
    return float(getattr(measure(y_true, y_pred, **options), field))


# Measures that need the nodes' information.
_INFORMED = ("weighted_fmax", "neg_smin")

_Entry = tuple[Callable[..., float], str, int]

_SCORERS: dict[str, _Entry] = {
    "au_prc": (au_prc, "predict_proba", 1),
    "au_prc_macro": (partial(au_prc, average="macro"), "predict_proba", 1),
    "au_prc_weighted": (partial(au_prc, average="weighted"), "predict_proba", 1),
    "au_prc_davis_goadrich": (
        partial(au_prc, interpolation="davis-goadrich"),
        "predict_proba",
        1,
    ),
    "fmax": (fmax_score, "predict_proba", 1),
    "weighted_fmax": (weighted_fmax_score, "predict_proba", 1),
    "neg_smin": (smin_score, "predict_proba", -1),
    **{
        f"node_{field}_{average}": (
            partial(_one_of_three, node_precision_recall_f1, field, average=average),
            "predict",
            1,
        )
        for field in ("precision", "recall", "f1")
        for average in ("macro", "micro", "weighted")
    },
    **{
        f"hierarchical_{field}": (
            partial(_one_of_three, hierarchical_precision_recall_f1, field),
            "predict",
            1,
        )
        for field in ("precision", "recall", "f1")
    },
}

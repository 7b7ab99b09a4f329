"""Measures by name, as scorers for scikit-learn's searches and cross-validation.

Stage: the last step of ``GridSearchCV`` and the like. In: a fitted estimator, ``X`` and
truth of shape (n_samples, n_nodes). Out: a number, larger = better.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import sklearn.metrics

from ..hierarchy import Hierarchy
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
        If the name is unknown, or options come with a scorer that takes none.

    See Also
    --------
    get_scorer_names : The names added here.

    Notes
    -----
    scikit-learn has no register for names of other packages; so give the object,
    ``GridSearchCV(..., scoring=get_scorer("au_prc"))``.

    The scorer takes the hierarchy, with it the unscored nodes, from the option
    ``hierarchy``, else from the estimator's attribute ``hierarchy_`` (that of the last
    step of a pipeline), else all columns count. It also accepts estimators whose
    ``predict_proba`` gives a list of arrays, one a node; a node that training rows
    never had has probability 0 there.

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
        return _HierarchyScorer(scoring, **options)
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
    near = difflib.get_close_matches(
        scoring, [*names, *sklearn.metrics.get_scorer_names()], n=1
    )
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"Expected `scoring` to be one of {', '.join(names)}, or a name of "
        f"sklearn.metrics.get_scorer_names(), but got {scoring!r}.{hint}"
    )


# -- the scorer ----------------------------------------------------------------------


class _HierarchyScorer:
    """A scorer that finds the hierarchy on the estimator.

    scikit-learn's `make_scorer` hands the measure the predictions alone, lists of
    arrays unchanged; neither the hierarchy nor ``classes_`` can be had from those.
    """

    def __init__(self, name: str, **options: Any) -> None:
        self.name = name
        self.options = options
        self._measure, self._response_method, self._sign = _SCORERS[name]

    def __call__(self, estimator: Any, X: Any, y_true: Any, **kwargs: Any) -> float:
        response = _positive_class(self._respond(estimator, X), estimator)
        options = {"hierarchy": _find_hierarchy(estimator), **self.options, **kwargs}
        return float(self._sign * self._measure(y_true, response, **options))

    def _respond(self, estimator: Any, X: Any) -> Any:
        method = getattr(estimator, self._response_method, None)
        if method is None:
            raise AttributeError(
                f"The scorer {self.name!r} needs an estimator with the method "
                f"`{self._response_method}`, which {type(estimator).__name__} lacks."
            )
        response = method(X)
        hierarchy = _find_hierarchy(estimator)
        if hierarchy is None or not isinstance(response, np.ndarray):
            return response
        # Columns follow the y of `fit`, which may stand in another order than nodes.
        named = all(name in hierarchy for name in estimator.classes_)
        return pd.DataFrame(response, columns=estimator.classes_) if named else response

    def __repr__(self) -> str:
        options = "".join(f", {key}={value!r}" for key, value in self.options.items())
        return f"get_scorer({self.name!r}{options})"


def _find_hierarchy(estimator: Any) -> Hierarchy | None:
    """The hierarchy of a fitted estimator, or of what a meta-estimator fitted."""
    if hasattr(estimator, "hierarchy_"):
        return estimator.hierarchy_
    if hasattr(estimator, "best_estimator_"):
        return _find_hierarchy(estimator.best_estimator_)
    if hasattr(estimator, "steps"):
        return _find_hierarchy(estimator.steps[-1][1])
    return None


def _positive_class(response: Any, estimator: Any) -> Any:
    """From one array a node, (n_samples, n_classes), to one column a node."""
    if not isinstance(response, list):
        return response
    columns = [
        proba[:, list(classes).index(1)] if 1 in classes else np.zeros(len(proba))
        for proba, classes in zip(response, estimator.classes_, strict=True)
    ]
    return np.column_stack(columns)


# -- the table -----------------------------------------------------------------------


def _one_of_three(
    measure: Callable[..., Any], field: str, y_true: Any, y_pred: Any, **options: Any
) -> float:
    return float(getattr(measure(y_true, y_pred, **options), field))


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

"""What displays ask of models: their names, their hierarchy, what they say of rows.

Stage: before the numbers. In: one model or a mapping name -> model, where a model is an
estimator or its predictions. Out: a mapping name -> predictions of shape
(n_samples, n_nodes). An estimator with a hierarchy names its columns, which may stand
in another order than the nodes.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..metrics._scorers import _positive_class


def by_name(models, name=None):
    """Return a mapping name -> model; a single one's name may be None."""
    if not isinstance(models, Mapping):
        return {name: models}
    if name is not None:
        raise ValueError(
            "Expected `name` to be None with a mapping, whose keys are the names, but "
            f"got {name!r}."
        )
    if not models:
        raise ValueError("Expected at least one model, but got an empty mapping.")
    return dict(models)


def estimators_by_name(estimators, name=None):
    """Return a mapping name -> estimator; a single one is named by its class."""
    if name is None and not isinstance(estimators, Mapping):
        name = type(estimators).__name__
    return by_name(estimators, name)


def unwrap(estimator, X=None):
    """Return the estimator at the end of searches and pipelines, and its features."""
    if hasattr(estimator, "best_estimator_"):
        return unwrap(estimator.best_estimator_, X)
    if hasattr(estimator, "steps"):
        if X is not None and len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        return unwrap(estimator[-1], X)
    return estimator, X


def find_hierarchy(estimators, hierarchy=None):
    """Return the given hierarchy, or that of the first estimator that has one."""
    if hierarchy is not None:
        return hierarchy
    ends = [unwrap(estimator)[0] for estimator in estimators.values()]
    return next((end.hierarchy_ for end in ends if hasattr(end, "hierarchy_")), None)


def respond(estimator, X, method, **options):
    """Return what a method says of rows; as a DataFrame where the nodes are known."""
    end, X = unwrap(estimator, X)
    if not hasattr(end, method):
        raise AttributeError(
            f"Expected an estimator with the method `{method}`, but "
            f"{type(end).__name__} has none."
        )
    values = _positive_class(getattr(end, method)(X, **options), end)
    named = hasattr(end, "hierarchy_") and isinstance(values, np.ndarray)
    if named and values.ndim == 2:
        return pd.DataFrame(values, columns=end.classes_)
    return values


def respond_all(estimators, X, method):
    """Return a mapping name -> what each estimator's method says of rows."""
    return {name: respond(one, X, method) for name, one in estimators.items()}

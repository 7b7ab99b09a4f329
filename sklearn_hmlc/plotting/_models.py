"""Several models in one figure: their names, and their answers beside one truth.

Stage: before the numbers. In: one model or a mapping name -> model, where a model is an
estimator or its predictions. Out: a mapping name -> model; for estimators the truth and
a mapping name -> what each of them says, as arrays in node order.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import _frames as frames
from .._naming import given_hierarchy
from .._response import ask, hierarchy_of, in_node_order, named_sides, names_of
from .._validation import as_labels, check_values_by_node, goes_by_name

# -- names -----------------------------------------------------------------------------


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
    """Return a mapping name -> estimator; a single one is named by its class.

    Those of a list are runs of one model, each with a `Run` as its name.
    """
    if name is None and not isinstance(estimators, Mapping):
        several = are_runs(estimators) and len(estimators) > 0
        name = type(estimators[0] if several else estimators).__name__
    return separate(by_name(estimators, name))


class Run(NamedTuple):
    """Name of one of several models that differ in their seed or rows alone."""

    name: Any
    number: int


def are_runs(given):
    """Tell several runs of a model, in a list, from a model."""
    return isinstance(given, list | tuple)


def separate(models, are_runs=are_runs):
    """Return a mapping in which each run of a list has a name of its own."""
    found = {}
    for name, given in models.items():
        if not are_runs(given):
            found[name] = given
            continue
        if not given:
            raise ValueError(
                "Expected at least one model in a list of runs, but it is empty."
            )
        found.update({Run(name, k): one for k, one in enumerate(given)})
    return found


def together(values):
    """Undo `separate`: a list per name that has runs."""
    found = {}
    for key, value in values.items():
        if isinstance(key, Run):
            found.setdefault(key.name, []).append(value)
        else:
            found[key] = value
    return found


def name_of(key):
    """Return what the model is called, of whichever run."""
    return key.name if isinstance(key, Run) else key


def mean_and_range(tables):
    """Return the mean of tables of numbers of the same form, the least and the most."""
    tables = tables if isinstance(tables, list) else [tables]
    rows = pd.concat(tables, keys=range(len(tables))).groupby(level=1, sort=False)
    return rows.mean(), rows.min(), rows.max()


def sides(parameter, models):
    """Return the models' arrays by what the user calls each, for messages."""
    return {
        parameter if name is None else f"{parameter}[{name!r}]": given
        for name, given in models.items()
    }


# -- hierarchy -------------------------------------------------------------------------


def find_hierarchy(estimators, hierarchy=None):
    """Return the given hierarchy, or that of the first estimator that has one."""
    if hierarchy is not None:
        return given_hierarchy(hierarchy)
    found = map(hierarchy_of, estimators.values())
    return next((one for one in found if one is not None), None)


# -- answers ---------------------------------------------------------------------------


def answers(estimators, X, y, method, hierarchy, **options):
    """Ask all estimators; truth and answers come in node order.

    Returns
    -------
    truth : csr_array of bool of shape (n_samples, n_nodes), or None without `y`
    values : dict of str to array of shape (n_samples, n_nodes)
        CSR labels for ``method="predict"``, else dense numbers.

    Raises
    ------
    ValueError
        If `y` has no names and the models' columns stand in different orders.
    """
    scores = method != "predict"
    truth, values = None, {}
    if y is not None and hierarchy is not None and not frames.is_frame(y):
        bare_order(estimators, hierarchy, y, "y")
    for name, estimator in estimators.items():
        answer = ask(estimator, X, method, **options)
        own, values[name] = in_node_order(y, answer, hierarchy, scores)
        truth = own if truth is None else truth
        # Each model reads a `y` without names in its own order of columns.
        if own is not truth and (own != truth).nnz:
            raise ValueError(_SEVERAL_ORDERS.format("y"))
    return truth, values


def check_scored(estimators, y, hierarchy, scored):
    """Refuse a mask without names where columns are named in another order.

    They are those of `y` or, where it has no names, those of the models.
    """
    for estimator in estimators.values():
        sides = named_sides(y, names_of(estimator), hierarchy)
        check_values_by_node(hierarchy, sides, {"scored": scored})


def bare_order(estimators, hierarchy, y, what="y_train"):
    """Names for the columns of what has none beside models; None: node order.

    They are the models' names, or else those of `y`.

    Raises
    ------
    ValueError
        If the models' names stand in different orders.
    """
    known = [names_of(estimator) for estimator in estimators.values()]
    orders = {
        tuple(names)
        for names in known
        if names is not None and all(name in hierarchy for name in names)
    }
    if len(orders) > 1:
        raise ValueError(_SEVERAL_ORDERS.format(what))
    return list(*orders) if orders else frames.columns(y)


def by_node(estimators, y, hierarchy, options):
    """Return options whose ``y_train`` and ``train_counts`` tell the nodes apart.

    What has no names there is in the models' order of columns, as `y` is. Labels become
    CSR in node order, counts a mapping.
    """
    options = dict(options)
    y_train, counts = options.get("y_train"), options.get("train_counts")
    if y_train is not None:
        named = frames.is_frame(y_train)
        bare = None if named else bare_order(estimators, hierarchy, y)
        options["y_train"] = as_labels(y_train, hierarchy, "y_train", bare=bare)
    if counts is not None and not goes_by_name(counts):
        bare = bare_order(estimators, hierarchy, y)
        if bare is not None and np.shape(counts) == (len(bare),):
            options["train_counts"] = dict(zip(bare, counts, strict=True))
    return options


_SEVERAL_ORDERS = (
    "The models were fitted on columns in different orders, but `{0}` has no names, so "
    "that nobody knows the order of its columns. Name them: "
    "pd.DataFrame({0}, columns=...)."
)

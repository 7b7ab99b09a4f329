"""Fitting what is inside a wrapper: rows, weights and metadata on their way there.

Stage: between the wrapper's `fit` and the inner one. In: features, labels and
parameters of `fit`. Out: fitted clones of the inner estimator, on all rows or some.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import _check_method_params, has_fit_parameter

from . import _frames as frames
from ._response import chain, knows_hierarchies, own_hierarchy, some_rows
from ._target import make_target
from ._validation import as_row_weights, check_same_ids
from .hierarchy import Hierarchy

_LARGEST = np.iinfo(np.int32).max

# Of labels for other classifiers. Not narrower: scikit-learn's binarizer (1.9) numbers
# columns in the dtype of the labels, and mixes them up from the 129th on with bytes.
LABEL_DTYPE = np.int32


def learn_labels(
    estimator: Any, X: Any, y: Any, hierarchy: Any, stacklevel: int
) -> tuple[Any, sp.csr_array]:
    """Return what a prediction is to look like, and labels, CSR in node order."""
    target = make_target(y, hierarchy)
    labels = target.encode(y)
    if labels.shape[0] == 0:
        raise ValueError(
            "Found y with 0 sample(s), while a minimum of 1 is required by "
            f"{type(estimator).__name__}."
        )
    check_consistent_length(X, labels)
    check_same_ids(X, y, stacklevel=stacklevel)
    return target, labels


def with_hierarchy(estimator: Any, hierarchy: Hierarchy | None) -> Any:
    """Return an estimator or, where it lacks a hierarchy, a clone that has this one.

    What is inside it may take one as well. Others, and frozen ones, stay as they are.
    """
    if hierarchy is None or is_frozen(estimator):
        return estimator
    if not knows_hierarchies(estimator) or own_hierarchy(estimator) is not None:
        return estimator
    estimator = clone(estimator)
    for part in chain(estimator):
        if hasattr(part, "hierarchy"):
            part.set_params(hierarchy=hierarchy)
    return estimator


def inner_labels(estimator: Any, y: Any, labels: sp.csr_array, target: Any) -> Any:
    """Return labels as the inner classifier takes them, columns as in the user's y."""
    if knows_hierarchies(estimator):
        # It scores nodes, whatever the form of the labels.
        return labels if target.single else y
    # Few of scikit-learn's classifiers take sparse labels, frames of all kinds, or a
    # single column. Names are kept, for samplers in pipelines.
    columns = labels.astype(LABEL_DTYPE).toarray()
    if columns.shape[1] == 1:
        return columns.ravel()
    columns = columns if target.single else target.columns(columns)
    names = frames.columns(y)
    if names is None or target.single:
        return columns
    index = pd.Index(names, tupleize_cols=False)
    return pd.DataFrame(columns, columns=index, index=frames.row_names(y))


def fit_on(
    estimator: Any,
    X: Any,
    y: Any,
    rows: Any,
    params: dict[str, Any],
    quiet: bool = False,
) -> Any:
    """Fit a clone on some rows; what has an entry per row is split with them.

    ``quiet``: without files and logs, which are those of the classifier that stays, and
    without a word on nodes that only some of the rows lack.
    """
    if quiet:
        from ._quiet import quiet_clone as clone_of  # skorch is slow to import
    else:
        clone_of = clone
    params = _check_method_params(X, params, indices=rows)
    with warnings.catch_warnings():
        if quiet:
            warnings.filterwarnings("ignore", ".* no positive row")
        return clone_of(estimator).fit(take(X, rows), take(y, rows), **params)


def take(X: Any, rows: Any) -> Any:
    """Return some rows of features or labels, in their container; None: all of them."""
    return X if rows is None else some_rows(X, rows)


def counting_rows(sample_weight: Any, n_rows: int) -> tuple[Any, Any]:
    """Return weights, the largest 1, and the rows that count; None: all, and alike.

    Weights that are scaled down add up to finite numbers, however large they are.
    """
    weight = as_row_weights(sample_weight, n_rows)
    if weight is None:
        return None, None
    if not weight.any():
        raise ValueError("All sample weights are zero; there is nothing to learn.")
    rows = np.flatnonzero(weight)
    return weight / weight.max(), None if len(rows) == n_rows else rows


def with_finite_sum(sample_weight: Any) -> Any:
    """Scale weights down to 1 at most, where they add up to infinity.

    Nothing that sums them could be fitted otherwise; what is no number is left as it
    is for the checks to find.
    """
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):
        return sample_weight
    with np.errstate(over="ignore"):
        finite = not np.isinf(weight.sum())
    if finite or not np.isfinite(weight).all():
        return sample_weight
    return weight / np.abs(weight).max()


def weight_name(estimator: Any) -> str:
    """Name of row weights in an inner `fit` where metadata are not routed.

    Pipelines hand over what has the step's name in front.
    """
    if isinstance(estimator, GridSearchCV | RandomizedSearchCV):
        return weight_name(estimator.estimator)
    if hasattr(estimator, "steps"):
        name, last = estimator.steps[-1]
        return f"{name}__{weight_name(last)}"
    return "sample_weight"


def takes_weights(estimator: Any) -> bool:
    """Tell whether weights of rows may go to a fit, by `weight_name`."""
    if isinstance(estimator, FrozenEstimator):
        return False
    if hasattr(estimator, "steps"):
        return takes_weights(estimator.steps[-1][1])
    inner = getattr(estimator, "estimator", None)
    hands_on = isinstance(estimator, GridSearchCV | RandomizedSearchCV)
    # The wrappers here take parameters of any name for what is inside.
    if hands_on or (inner is not None and hasattr(estimator, "hierarchy")):
        return takes_weights(inner)
    takes = has_fit_parameter(estimator, "sample_weight")
    return takes and (inner is None or takes_weights(inner))


def is_frozen(estimator: Any) -> bool:
    """Tell whether nothing in an estimator can be fitted any more."""
    if isinstance(estimator, FrozenEstimator):
        return True
    steps = [step for _, step in getattr(estimator, "steps", ())]
    parts = [step for step in steps if step not in (None, "passthrough")]
    return bool(parts) and all(is_frozen(part) for part in parts)


def narrow(X: Any) -> Any:
    """Return sparse features with 32-bit positions where these suffice.

    Many classifiers refuse 64-bit ones, which SciPy's arrays keep once they have them.
    """
    if not sp.issparse(X) or X.format not in ("csr", "csc", "bsr"):
        return X
    if X.indices.dtype == X.indptr.dtype == np.int32 or X.nnz > _LARGEST:
        return X
    if max(X.shape) > _LARGEST:
        return X
    positions = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return type(X)((X.data, *positions), shape=X.shape)

"""Fitting what is inside a wrapper: rows, weights and metadata on their way there.

Stage: between the wrapper's `fit` and the inner one. In: features, labels and
parameters of `fit`. Out: fitted clones of the inner estimator, on all rows or some.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.utils.validation import _check_method_params

from .._response import some_rows
from .._validation import as_row_weights

_LARGEST = np.iinfo(np.int32).max

# Of labels for other classifiers. Not narrower: scikit-learn's binarizer (1.9) numbers
# columns in the dtype of the labels, and mixes them up from the 129th on with bytes.
LABEL_DTYPE = np.int32


def fit_on(
    estimator: Any,
    X: Any,
    y: Any,
    rows: Any,
    params: dict[str, Any],
    quiet: bool = False,
) -> Any:
    """Fit a clone on some rows; what has an entry per row is split with them.

    ``quiet``: without files and logs, which are those of the classifier that stays.
    """
    if quiet:
        from ._quiet import quiet_clone as clone_of  # skorch is slow to import
    else:
        clone_of = clone
    return clone_of(estimator).fit(
        take(X, rows), take(y, rows), **_check_method_params(X, params, indices=rows)
    )


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
        raise ValueError("All sample weights are 0; there is nothing to learn.")
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

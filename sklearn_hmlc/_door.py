"""What a user gives to `fit`, checked: features, labels and weights of rows.

Stage: between `fit` and everything behind it. In: what the user has, and a classifier
that learns the form of it. Out: `Rows`.
"""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_consistent_length

from ._features import check_features
from ._rows import Rows
from ._target import make_target
from ._validation import as_row_weights, as_thresholds, check_same_ids

# Largest row weights that are taken as they are; any others are scaled to 1 at most.
_WEIGHTS = 2.0**-7, 2.0**40


def checked_rows(estimator, X, y, sample_weight, reset, classes=None):
    """Check what the user gave; learn the kind of target at the first fit."""
    check_same_ids(X, y)
    check_same_ids(X, sample_weight, ("X", "sample_weight"))
    X = check_features(estimator, X, reset)
    if reset:
        estimator._target = make_target(y, estimator.hierarchy, classes)
    target = estimator._target
    as_thresholds(estimator.threshold, target.hierarchy, target.column_names)
    labels = target.encode(y)
    check_consistent_length(X, labels)
    weight = row_weights(estimator, sample_weight, labels.shape[0], reset)
    return Rows(X, labels, weight).that_count()


def row_weights(estimator, sample_weight, n_rows, reset):
    """Return what rows count as float32, in a unit in which a network can learn.

    Among optimisers Adam sees nothing where all gradients are tiny, and others overflow
    where they are huge, but weights tell rows apart. The unit stays while training goes
    on.
    """
    weight = as_row_weights(sample_weight, n_rows)
    if reset:
        largest = 1.0 if weight is None or not weight.any() else float(weight.max())
        usual = _WEIGHTS[0] <= largest <= _WEIGHTS[1]
        estimator._weight_unit = 1.0 if usual else largest
    if weight is None:
        return None
    with np.errstate(over="ignore", under="ignore"):
        weight = weight / estimator._weight_unit
    return as_row_weights(weight, n_rows, np.float32)

"""Sizes that suit the rows: what "auto" stands for.

Stage: between validated rows and the net. In: the estimator and its rows. Out: the
layers, batches, epochs and learning rate to train with.
"""

from __future__ import annotations

import math

from ._validation import mostly_zeros

# Epochs; of sparse rows fewer, the more there are. Chosen on validation rows: of gene
# sets (1,000 to 2,500 rows), an image set (8,000) and genes with domains (10,000).
_EPOCHS, _FEW_ROWS, _FALL, _FEWEST_EPOCHS = 40, 3000, 0.75, 10

# About this many steps make an epoch, in batches of these sizes.
_STEPS, _SMALLEST, _LARGEST = 100, 32, 128

# Adam's steps may grow with the square root of the batch.
_LR, _LR_BATCH = 1e-3, 32


def suited(estimator, rows):
    """Return what "auto" stands for with these rows, by the parameter's name.

    Rows that are mostly zeros are nearly tables to look things up in: one hidden layer
    generalises better from them than two, in half the time.
    """
    n_rows = len(rows)
    sparse = estimator.encoder is None and mostly_zeros(rows.X)
    exponent = round(math.log2(max(n_rows / _STEPS, 1)))
    fewer = (_FEW_ROWS / max(n_rows, _FEW_ROWS)) ** _FALL if sparse else 1
    return {
        "hidden_layer_sizes": (500,) if sparse else (500, 500),
        "batch_size": min(max(2**exponent, _SMALLEST), _LARGEST),
        "max_epochs": max(round(_EPOCHS * fewer), _FEWEST_EPOCHS),
    }


def settle_sizes(estimator, rows, goes_on):
    """Set the attributes with the sizes in use; those of "auto" stay with the net."""
    if not goes_on:
        estimator._auto = suited(estimator, rows)
    for name, automatic in estimator._auto.items():
        given = getattr(estimator, name)
        auto = isinstance(given, str)
        setattr(estimator, f"{name}_", automatic if auto else given)
    estimator.batch_size_ = int(estimator.batch_size_)
    estimator.lr_ = estimator.lr
    if isinstance(estimator.lr, str):
        estimator.lr_ = _LR * math.sqrt(estimator.batch_size_ / _LR_BATCH)

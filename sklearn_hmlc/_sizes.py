"""Sizes that suit the rows: what "auto" stands for.

Stage: between validated rows and the net. In: the estimator and its rows. Out: the
layers, dropout, batches, epochs and learning rate to train with.
"""

from __future__ import annotations

import math

import numpy as np
from sklearn.neighbors import NearestNeighbors

from ._rows import features
from ._validation import mostly_zeros

# Epochs; of sparse rows fewer, the more there are. Chosen on validation rows: of gene
# sets (1,000 to 2,500 rows), an image set (8,000) and genes with domains (10,000).
_EPOCHS, _FEW_ROWS, _FALL, _FEWEST_EPOCHS = 40, 3000, 0.75, 10

# About this many steps make an epoch, in batches of these sizes.
_STEPS, _SMALLEST, _LARGEST = 100, 32, 128

# Dropout of noisy rows, and of those whose neighbours mostly have the same labels. The
# agreement is at most .13 on yeast sets, .64 and .85 on image sets.
_NOISY, _CLEAR, _AGREE = 0.7, 0.3, 0.4

# Rows whose neighbours are looked at: how many numbers they may have, and how many rows
# there are at least and at most.
_NUMBERS, _LEAST, _MOST = 2**22, 50, 2000

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
    table = estimator.encoder is None and not sparse
    clear = table and estimator.dropout == "auto" and agreement(rows) >= _AGREE
    return {
        "hidden_layer_sizes": (500,) if sparse else (500, 500),
        "dropout": _CLEAR if clear else _NOISY,
        "batch_size": min(max(2**exponent, _SMALLEST), _LARGEST),
        "max_epochs": max(round(_EPOCHS * fewer), _FEWEST_EPOCHS),
    }


def agreement(rows):
    """Tell how far the rows nearest to each other have the same labels.

    Dice's coefficient of the labels of rows and of their nearest ones, less what chance
    would give, 1 at most; 0 for a handful of rows. Equal rows count once. Of many rows
    some are looked at.
    """
    width = max(features(rows.X, slice(0, 1)).numel(), 1)
    most = min(max(_NUMBERS // width, _LEAST), _MOST)
    draw = np.random.default_rng(0)  # of its own: the fit's numbers stay what they are
    some = np.sort(draw.permutation(len(rows))[:most])
    X, Y = features(rows.X, some), rows.Y[some]
    X = X.to_dense() if X.is_sparse else X
    X, first = np.unique(X.numpy(), axis=0, return_index=True)
    if len(X) < _LEAST:
        return 0.0
    Y = Y[first].astype(np.float64)
    nearest = NearestNeighbors(n_neighbors=1).fit(X).kneighbors(return_distance=False)
    n_labels = Y.sum()
    if n_labels == 0:
        return 0.0
    shared = Y.multiply(Y[nearest[:, 0]]).sum()
    both = (n_labels + Y[nearest[:, 0]].sum()) / 2
    by_chance = np.square(Y.sum(axis=0)).sum() / len(X) / n_labels
    return float((shared / both - by_chance) / (1 - by_chance)) if by_chance < 1 else 0


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

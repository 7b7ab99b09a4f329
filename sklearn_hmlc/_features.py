"""What a user calls ``X``, checked at the door: its form, its numbers, its rows' shape.

Stage: before `Rows`. In: a table, an array of any more dimensions, an array on disk or
a `torch.utils.data.Dataset`, and a classifier. Out: X as the net reads it.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from sklearn.utils import assert_all_finite, gen_batches
from sklearn.utils.validation import validate_data
from torch.utils.data import Dataset, IterableDataset

from ._on_disk import OnDisk, check_numbers, check_stored, is_on_disk, read_rows
from ._rows import Floats, Some, item_of
from ._validation import canonical

# Entries that are looked at a time (16 MB of float32).
_CHECKED_ENTRIES = 2**22


def check_features(estimator, X, reset):
    """Return X as the net reads it, or raise; learn its form where ``reset``.

    Tables become float32, dense or CSR. Arrays on disk and datasets stay where they
    are, and with an encoder so do arrays of more dimensions; their rows' shape is
    remembered.
    """
    if isinstance(X, Some | Floats | OnDisk) and not reset:
        return X  # what has been checked, or a part of it
    check_stored(X)
    if is_on_disk(X):
        return _checked_on_disk(estimator, X, reset)
    if isinstance(X, Dataset):
        return _checked_dataset(estimator, X, reset)
    if isinstance(X, torch.Tensor):
        X = X.detach().cpu()
        X = (X.float() if X.dtype == torch.bfloat16 else X).numpy()
    if isinstance(X, list | tuple) and estimator.encoder is not None:
        X = np.asarray(X)  # a list of images
    if getattr(X, "ndim", 2) > 2:
        return _checked_array(estimator, X, reset)
    # What is too large for float32 becomes infinite and is reported as that.
    with np.errstate(over="ignore", invalid="ignore"):
        X = validate_data(
            estimator, X, accept_sparse="csr", dtype=np.float32, order="C", reset=reset
        )
    _check_shape(estimator, X.shape[1:], reset)
    return canonical(X)


def _checked_on_disk(estimator, X, reset):
    """Check by a row what can be; the rest is read once before training.

    In prediction rows are looked at when they are read.
    """
    check_numbers(X)
    if len(X.shape) > 2:
        _check_encoder(estimator, f"X of shape {tuple(X.shape)}")
        _check_bytes(estimator, X.dtype, reset)
    # Its messages are those of an array in memory.
    validate_data(
        estimator,
        read_rows(X, slice(0, 1)),
        dtype=None,
        allow_nd=True,
        ensure_all_finite=False,
        reset=reset,
    )
    _check_shape(estimator, tuple(X.shape[1:]), reset)
    as_bytes = len(X.shape) > 2 and np.dtype(X.dtype) == np.uint8
    dtype = np.uint8 if as_bytes else np.float32
    rows = OnDisk(X, dtype, type(estimator).__name__)
    return rows.check() if reset else rows


def _checked_array(estimator, X, reset):
    _check_encoder(estimator, f"X of shape {X.shape}")
    _check_bytes(estimator, X.dtype, reset)
    # Numbers of any type are kept until a batch is made of them.
    X = validate_data(
        estimator,
        X,
        dtype=None if np.dtype(X.dtype).kind in "biuf" else np.float32,
        allow_nd=True,
        ensure_all_finite=False,
        reset=reset,
    )
    _check_finite(estimator, X)
    _check_shape(estimator, X.shape[1:], reset)
    return X


def _check_finite(estimator, X):
    """Raise unless X is finite as float32; read it in parts."""
    if X.dtype.kind != "f":
        return
    step = max(1, _CHECKED_ENTRIES // max(1, math.prod(X.shape[1:])))
    for rows in gen_batches(len(X), step):
        with np.errstate(over="ignore"):
            part = np.asarray(X[rows], dtype=np.float32)
        assert_all_finite(part, estimator_name=type(estimator).__name__, input_name="X")


def _checked_dataset(estimator, X, reset):
    if isinstance(X, IterableDataset) or not hasattr(X, "__len__"):
        raise ValueError(
            "Expected a Dataset with `__len__` and `__getitem__`, but got the iterable "
            f"{type(X).__name__}; training needs rows in any order."
        )
    if len(X) == 0:
        raise ValueError("Found Dataset with 0 sample(s), but at least 1 is required.")
    item = item_of(X, 0)
    if item.ndim != 1:
        _check_encoder(estimator, f"X as a {type(X).__name__} of {item.ndim}-D items")
        _check_bytes(estimator, item.numpy(force=True).dtype, reset)
    if reset:
        # Those of an earlier fit; a dataset tells of none.
        for name in ("n_features_in_", "feature_names_in_"):
            estimator.__dict__.pop(name, None)
        if estimator.encoder is None:
            estimator.n_features_in_ = len(item)
    _check_shape(estimator, tuple(item.shape), reset)
    return Floats(X) if estimator.encoder is None else X


def _check_encoder(estimator, what):
    if estimator.encoder is None:
        raise ValueError(
            f"Found {what}. Without an encoder, X must be 2-D: (n_samples, "
            "n_features). Give `encoder`, a torch module that makes features of it."
        )


def _check_bytes(estimator, dtype, reset):
    """Refuse integers that are not scaled beside bytes, which are; lists become such.

    Floats are both: bytes that are scaled, or any numbers as they are.
    """
    dtype = np.dtype(dtype)
    if reset:
        estimator._input_dtype = dtype
        return
    before = getattr(estimator, "_input_dtype", dtype)
    whole = {before.kind, dtype.kind} <= set("iu")
    if whole and (before == np.uint8) != (dtype == np.uint8):
        raise ValueError(
            f"Expected rows of {before}, as in `fit`, but got {dtype}: uint8 is scaled "
            f"to [0, 1], other integers are taken as they are. Give X.astype({before})."
        )


def _check_shape(estimator, shape, reset):
    if reset:
        estimator.input_shape_ = tuple(shape)
    elif tuple(shape) != estimator.input_shape_:
        raise ValueError(
            f"Expected rows of shape {estimator.input_shape_}, as in `fit`, but got "
            f"{tuple(shape)}."
        )

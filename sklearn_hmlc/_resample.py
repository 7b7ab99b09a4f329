"""Resampling inside `fit`: between the validation split and training.

Stage: `Rows` to more `Rows`. In: rows to train on, and a sampler of the user's with
``fit_resample``. Out: what it makes of them.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import assert_all_finite

from ._rows import Rows, is_array


def resampled(estimator, rows):
    """Return the rows that ``sampler`` makes of these; sets ``sampler_``.

    The sampler sees the labels as the user gave them, and features in memory as the net
    reads them. Rows of any other kind (images, datasets) are known to it by number
    alone, so that none is copied; it must then say which rows it took.
    """
    estimator.__dict__.pop("sampler_", None)
    if estimator.sampler is None:
        return rows
    sampler = clone(estimator.sampler, safe=False)
    # Drawn even if the sampler has a number of its own: the net is the same then.
    seed = estimator._random_state.randint(np.iinfo(np.int32).max)
    if getattr(sampler, "random_state", 0) is None:
        sampler.random_state = seed
    in_memory = sp.issparse(rows.X) or (is_array(rows.X) and rows.X.ndim == 2)
    X = rows.X if in_memory else np.arange(len(rows))[:, None]
    X, y = sampler.fit_resample(X, estimator._target.decode(rows.Y))
    taken = getattr(sampler, "sample_indices_", None)
    needs = [
        *["sample_weight"] * (rows.sample_weight is not None),
        *["X that is no table"] * (not in_memory),
    ]
    if needs and taken is None:
        raise ValueError(
            f"With {' and '.join(needs)} expected a sampler that says which rows it "
            f"took (`sample_indices_`), but {type(sampler).__name__} does not."
        )
    try:
        Y = estimator._target.encode(y)
        check_consistent_length(X, Y, *[taken] * bool(needs))
        X = _as_read(X, rows.X) if in_memory else rows.take(taken).X
    except ValueError as error:
        name = type(sampler).__name__
        raise ValueError(f"In what the sampler {name} returned: {error}") from error
    estimator.sampler_ = sampler
    return Rows(X, Y, _of(rows.sample_weight, taken))


def _of(weight, rows):
    return None if weight is None else weight[rows]


def _as_read(X, before):
    """Features from a sampler, in the form of those that it was given."""
    X = sp.csr_array(X) if sp.issparse(before) else np.asarray(X)
    X = X.astype(before.dtype, copy=False)
    if X.shape[1:] != before.shape[1:] or X.shape[0] == 0:
        raise ValueError(
            f"expected X of shape (n_samples, {before.shape[1]}) with at least one "
            f"row, but got {X.shape}."
        )
    assert_all_finite(X, input_name="X of the sampler")
    return X

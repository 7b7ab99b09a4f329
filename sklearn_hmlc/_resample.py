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

from ._rows import Rows, is_table
from ._torch import SEEDS
from .hierarchy import Hierarchy


def resampled(estimator, rows):
    """Return the rows that ``sampler`` makes of these; sets ``sampler_``.

    The sampler sees the labels as the user gave them, and a copy of features in memory,
    as the net reads them. Rows of any other kind (images, datasets) are known to it by
    number alone, so that none is copied.
    """
    estimator.__dict__.pop("sampler_", None)
    if estimator.sampler is None:
        return rows
    sampler = _seeded(clone(estimator.sampler, safe=False), estimator._random_state)
    _check_hierarchy(sampler, estimator._target)
    X = rows.X.copy() if is_table(rows.X) else np.arange(len(rows))[:, None]
    y = estimator._target.decode(rows.Y)
    name = type(sampler).__name__
    returned = sampler.fit_resample(X, y)
    try:
        X, Y, weight = _taken_up(sampler, returned, rows, estimator._target)
    except ValueError as error:
        raise ValueError(f"In what the sampler {name} returned: {error}") from error
    estimator.sampler_ = sampler
    return Rows(X, Y, weight)


def _seeded(sampler, random_state):
    """Seed what has no seed of its own, samplers inside the sampler, too."""
    params = sampler.get_params(deep=True) if hasattr(sampler, "get_params") else {}
    names = [name for name in sorted(params) if name.split("__")[-1] == "random_state"]
    # Drawn even where there is a number: the net is the same then.
    seeds = random_state.randint(SEEDS, size=max(len(names), 1))
    for name, seed in zip(names, seeds, strict=False):
        if params[name] is None:
            sampler.set_params(**{name: int(seed)})
    return sampler


def _check_hierarchy(sampler, target):
    """Refuse another hierarchy beside labels that have no names to go by."""
    own = getattr(sampler, "hierarchy", None)
    other = isinstance(own, Hierarchy) and own.nodes != target.hierarchy.nodes
    if other and not target.named:
        raise ValueError(
            f"Expected the sampler {type(sampler).__name__} to have the hierarchy of "
            "the classifier, but its nodes, or their order, differ; give both the "
            "same, or give y as a DataFrame with the nodes' names."
        )


def _taken_up(sampler, returned, rows, target):
    """Features, labels and weights of what a sampler returned, or raise."""
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        raise ValueError(f"expected (X, y), but got {type(returned).__name__}.")
    X, y = returned
    Y = target.encode(y)
    check_consistent_length(X, Y)
    if not is_table(rows.X):
        taken = _row_numbers(X, len(rows))
        return rows.take(taken).X, Y, _of(rows.sample_weight, taken)
    X = _as_read(X, rows.X)
    if rows.sample_weight is None:
        return X, Y, None
    taken = getattr(sampler, "sample_indices_", None)
    if taken is None:
        raise ValueError(
            "with sample_weight expected a sampler that says which rows it took "
            "(`sample_indices_`), but this one does not."
        )
    taken = _row_numbers(taken, len(rows))
    check_consistent_length(X, taken)
    return X, Y, _of(rows.sample_weight, taken)


def _row_numbers(values, n_rows):
    """Row numbers as a sampler gave them back, (n,) or (n, 1)."""
    numbers = np.asarray(values).reshape(len(values), -1)
    whole = numbers.shape[1] == 1 and numbers.dtype.kind in "iu"
    if not whole or not len(numbers) or numbers.min() < 0 or numbers.max() >= n_rows:
        raise ValueError(
            f"expected rows of the {n_rows} that were given, by number, but got "
            f"{np.array2string(numbers.ravel(), threshold=6)}; a sampler that makes "
            "new rows can be used on tables alone."
        )
    return numbers.ravel()


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

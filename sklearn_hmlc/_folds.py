"""Rows to train on and rows held out, of the rows that count.

Stage: before thresholds are tuned. In: labels and whatever a user calls ``cv``. Out:
pairs of row positions, one per fold.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import KFold, ShuffleSplit, check_cv

Splits = list[tuple[np.ndarray, np.ndarray]]


def make_splits(
    cv: Any,
    random_state: np.random.RandomState,
    labels: sp.csr_array,
    rows: np.ndarray | None,
    params: dict[str, Any],
) -> Splits:
    """Return train and test rows of each fold, all of which count.

    Parameters
    ----------
    cv : int, float, splitter, iterable or None
        None or a number: shuffled folds among the rows that count. Anything else is
        asked about all rows, and those that don't count are left out afterwards.
    random_state : RandomState
    labels : csr_array of bool of shape (n_samples, n_nodes)
    rows : ndarray of int or None
        The rows that count; None: all.
    params : dict
        What else the splitter is given: ``groups``.
    """
    n_rows = labels.shape[0]
    if cv is None or isinstance(cv, Real):
        folds = _shuffled(5 if cv is None else cv, random_state)
        among = np.arange(n_rows) if rows is None else rows
        pairs = folds.split(among, **params)
        return [(among[train], among[test]) for train, test in pairs]
    folds = check_cv(cv)
    plain = isinstance(folds, KFold | ShuffleSplit)
    # Splitters that look at labels want them dense.
    y = labels if plain else labels.astype(np.int8).toarray()
    pairs = list(folds.split(np.zeros((n_rows, 1)), y, **params))
    return _counting(pairs, rows, n_rows)


def _shuffled(cv: float, random_state: np.random.RandomState) -> Any:
    if isinstance(cv, Integral):
        return KFold(int(cv), shuffle=True, random_state=random_state)
    return ShuffleSplit(1, test_size=cv, random_state=random_state)


def _counting(pairs: Splits, rows: np.ndarray | None, n_rows: int) -> Splits:
    """Leave rows of weight 0 out of folds; folds that hold out nothing else go."""
    if rows is None:
        return pairs
    counts = np.zeros(n_rows, dtype=bool)
    counts[rows] = True
    pairs = [(train[counts[train]], test[counts[test]]) for train, test in pairs]
    pairs = [pair for pair in pairs if len(pair[1])]
    if not pairs or any(len(train) == 0 for train, _ in pairs):
        raise ValueError(
            "Expected folds with rows of a weight above 0 both to train on and to hold "
            "out, but `cv` makes others; use other folds, or drop rows of weight 0."
        )
    return pairs

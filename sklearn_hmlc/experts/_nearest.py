"""The nearest training rows of any row, found in blocks, ties shared.

Stage: inside `NeighborsHierarchyClassifier`. In: features. Out: a CSR array (n_rows,
n_train), what each training row counts in a row's answer: similarity times weight times
the share of the row that is among the nearest.

The nearest k are those whose weights sum to k, from the nearest on. Where rows that are
equally near stand at the end, they share what is left of k. So the order of rows
decides nothing, a row of weight 2 counts as two rows, and one of weight 0.5 as half.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize
from sklearn.utils import gen_batches

# Pairs of rows that are looked at together (some 100 MB at most).
_PAIRS = 2**22

# Distances that differ by less, as a share of the larger one, are equal but for
# rounding: that of the features, since distances are float64. Where they are
# 1 - similarity, features that are off by e put them off by e * sqrt(distance), their
# own rounding is that of 1, and similarities are 0 by as much as features are off.
_EQUAL = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-6}
_OF_ONE = 1e-9

# Metrics of which 1 - distance is a similarity: at 0 nothing is in common.
SIMILARITIES = ("cosine", "jaccard")
_FROM_ONE = (*SIMILARITIES, "correlation")


class Nearest:
    """Training rows, to be searched for those next to others.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_train, n_features)
    weight : ndarray of float64 of shape (n_train,), default=None
        What training rows count, above 0. None: 1.
    metric : str or callable
    n_jobs : int, default=None
    """

    def __init__(self, X, weight, metric, n_jobs):
        self.X, self.metric = X.copy(), metric  # users may write on theirs
        self.weight = np.ones(X.shape[0]) if weight is None else weight
        self._columns = self._search = None
        if metric == "jaccard" or (metric == "cosine" and sp.issparse(X)):
            rows = self._comparable(X)
            self._sizes = np.diff(rows.indptr)
            self._columns = sp.csr_array(rows.T)
        else:
            search = NearestNeighbors(metric=metric, n_jobs=n_jobs)
            self._search = search.fit(_as_float64(self.X))

    def __getstate__(self):
        # What searches may hold memory that is walked unseen; no file is to have it.
        search = self._search and self._search.get_params()
        return {**vars(self), "_search": search}

    def __setstate__(self, state):
        vars(self).update(state)
        if self._search is not None:
            self._search = NearestNeighbors(**self._search).fit(_as_float64(self.X))

    def graph(self, X, k, uniform, own=None):
        """Return what training rows count for each row: CSR (n_rows, n_train).

        ``own``: numbers of the rows among the training rows, each of which is left out
        of its own answer.
        """
        n_train = self.X.shape[0]
        find = self._by_search if self._columns is None else self._by_product
        equal = max(_EQUAL[X.dtype], _EQUAL[self.X.dtype])
        parts = [
            find(X[rows], k, uniform, equal, None if own is None else own[rows])
            for rows in gen_batches(X.shape[0], max(1, _PAIRS // n_train))
        ]
        return sp.vstack(parts, format="csr")

    # -- by a product of sparse rows: all that have something in common ----------------

    def _by_product(self, X, k, uniform, equal, own):
        X = self._comparable(X)
        common = sp.csr_array(X @ self._columns)
        row = np.repeat(np.arange(X.shape[0]), np.diff(common.indptr))
        column, similarity = common.indices, common.data
        if self.metric == "jaccard":
            sizes = np.diff(X.indptr)[row] + self._sizes[column]
            similarity = similarity / (sizes - similarity)
        keep = similarity > equal
        if own is not None:
            keep &= column != own[row]
        row, column, similarity = row[keep], column[keep], similarity[keep]
        order = np.lexsort((column, -similarity, row))
        row, column, similarity = row[order], column[order], similarity[order]
        share = self._shares(row, column, 1 - similarity, k, equal)
        value = share if uniform else share * similarity
        return self._counted(row, column, value, X.shape[0])

    def _comparable(self, X):
        """Sparse rows of length 1, or for "jaccard" with 1 where a feature is there."""
        X = sp.csr_array(X, dtype=np.float64, copy=True)
        if self.metric == "cosine":
            return normalize(X, copy=False)
        X.data[:] = 1
        return X

    # -- by a search, that is asked for more rows until no tie is cut ------------------

    def _by_search(self, X, k, uniform, equal, own):
        n_train = self.X.shape[0]
        waiting, n_asked, parts = np.arange(X.shape[0]), min(n_train, k + 2), []
        while len(waiting):
            some = None if own is None else own[waiting]
            found = self._nearest(X[waiting], n_asked, equal, some)
            row, column, distance, whole = found
            share = self._shares(row, column, distance, k, equal)
            beyond = _nearest_beyond(row, distance, share, len(waiting))
            # Where all that were found count, there may be more, as near as the last.
            whole |= np.isfinite(beyond)
            value = share
            if not uniform:
                value = share * self._similarity(row, distance, beyond)
            keep = whole[row]
            parts.append((waiting[row[keep]], column[keep], value[keep]))
            waiting, n_asked = waiting[~whole], min(n_train, 2 * n_asked)
        row, column, value = map(np.concatenate, zip(*parts, strict=True))
        return self._counted(row, column, value, X.shape[0])

    def _nearest(self, X, n, equal, own):
        """Pairs of rows and those next to them, from the nearest on.

        And whether these are all that a row has, since what comes next is no neighbour.
        """
        if sp.issparse(X) and not sp.issparse(self.X):
            X = X.toarray()
        distance, column = self._search.kneighbors(_as_float64(X), n)
        row = np.repeat(np.arange(X.shape[0]), n)
        column, distance = column.ravel(), distance.ravel()
        keep = np.isfinite(distance)
        if self.metric in SIMILARITIES:
            keep &= 1 - distance > equal
        whole = np.full(X.shape[0], n == self.X.shape[0])
        whole[row[~keep]] = True
        if own is not None:
            keep &= column != own[row]
        return row[keep], column[keep], distance[keep], whole

    def _similarity(self, row, distance, beyond):
        """1 - distance, in units of the first row that is none of the nearest."""
        if self.metric in SIMILARITIES:
            return 1 - distance
        farthest = np.zeros(len(beyond))
        np.maximum.at(farthest, row, distance)
        unit = np.where(np.isfinite(beyond), beyond, 2 * farthest)
        return np.maximum(0, 1 - distance / np.where(unit > 0, unit, 1)[row])

    # -- shares ------------------------------------------------------------------------

    def _shares(self, row, column, distance, k, equal):
        """Share of each pair that is among the nearest k of its row.

        Pairs are in order, by row and from the nearest on.
        """
        if len(row) == 0:
            return np.zeros(0)
        first = np.diff(row, prepend=-1) > 0
        step = np.diff(distance, prepend=0)
        rounding = equal * distance
        if self.metric in _FROM_ONE:
            rounding = _OF_ONE + equal * np.sqrt(np.maximum(distance, 0))
        group = np.cumsum(first | (step > rounding)) - 1
        weight = np.bincount(group, self.weight[column])
        before = np.cumsum(weight) - weight
        first = group[first]  # that of each row
        before -= np.repeat(before[first], np.diff(first, append=len(weight)))
        return np.clip((k - before) / weight, 0, 1)[group]

    def _counted(self, row, column, value, n_rows):
        keep = value > 0
        value = value[keep] * self.weight[column[keep]]
        shape = n_rows, self.X.shape[0]
        return sp.csr_array((value, (row[keep], column[keep])), shape=shape)


def _as_float64(X):
    return X.astype(np.float64, copy=False)


def _nearest_beyond(row, distance, share, n_rows):
    """Distance of the first that is none of the nearest; infinity where none was."""
    beyond = np.full(n_rows, np.inf)
    out = share == 0
    np.minimum.at(beyond, row[out], distance[out])
    return beyond

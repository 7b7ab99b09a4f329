"""Kernels of rows: how alike two rows are, as a positive semi-definite function.

Stage: inside `KernelHierarchyClassifier`. In: two tables, dense or sparse; sparse ones
stay sparse. Out: float64 arrays (n_rows, n_other_rows), 1 where rows are alike (but for
"linear" and the user's own kernels).

    exponential  exp(-d / (width * median d)),          d the Euclidean distance
    rbf          exp(-(d / (width * median d))^2 / 2)
    cosine       x . z / (|x| |z|), 0 where a row is empty
    jaccard      |x and z| / |x or z| of the features that are not 0, 0 where both are
    linear       x . z / (mean of |x|^2)

The median, over all pairs of training rows, is a unit in which a width near 1 suits any
features.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import row_norms, safe_sparse_dot

KERNELS = ("cosine", "exponential", "jaccard", "linear", "rbf")
WITH_WIDTH = ("exponential", "rbf")

# Rows whose distances make the median; evenly spaced ones where there are more.
_MEDIAN_ROWS = 2_000
# Distances that are 0 but for rounding, in lengths of the rows.
_ALIKE = 1e-7


class RowKernel:
    """A kernel, in the units of the training rows.

    Parameters
    ----------
    kind : str or callable
        A callable takes two tables and returns an array (n_rows, n_other_rows).
    X : ndarray or csr_array of shape (n_train, n_features)
    weight : ndarray of shape (n_train,), or None
    rows : ndarray or csr_array of shape (n_distinct, n_features)
        The distinct ones of ``X``.
    """

    # Of dense rows, however often they come. Distances are the same without it, but not
    # their rounding, where features are far from 0.
    center = None

    def __init__(self, kind, X, weight, rows):
        self.kind = kind
        self.unit = 1.0
        if kind in WITH_WIDTH:
            if not sp.issparse(X):
                self.center = np.median(rows, axis=0)
            self.unit = _median_distance(self._centred(X), weight)
        elif kind == "linear":
            squares = row_norms(X, squared=True)
            self.unit = float(np.average(squares, weights=weight)) or 1.0

    def compare(self, X, Z):
        """Return what `of` needs of two tables, whatever the width."""
        if callable(self.kind):
            return _checked(self.kind(X, Z), (X.shape[0], Z.shape[0]))
        if self.kind in WITH_WIDTH:
            return euclidean_distances(self._centred(X), self._centred(Z))
        if self.kind == "linear":
            return _products(X, Z) / self.unit
        if self.kind == "cosine":
            return _products(normalize(X), normalize(Z))
        return _jaccard(X, Z)

    def _centred(self, X):
        if self.center is None:
            return X
        return (X.toarray() if sp.issparse(X) else X) - self.center

    def of(self, compared, width):
        """Return the kernel, for this multiple of the unit."""
        if self.kind not in WITH_WIDTH:
            return compared
        kernel = compared / (-width * self.unit)
        if self.kind == "rbf":
            np.square(kernel, out=kernel)
            kernel /= -2
        return np.exp(kernel, out=kernel)


def _products(X, Z):
    products = safe_sparse_dot(X, Z.T, dense_output=True)
    return np.asarray(products, dtype=np.float64)


def _jaccard(X, Z):
    X, Z = _indicators(X), _indicators(Z)
    both = (X @ Z.T).toarray()
    either = np.diff(X.indptr)[:, np.newaxis] + np.diff(Z.indptr) - both
    return both / np.maximum(either, 1)


def _indicators(X):
    X = sp.csr_array(X, dtype=np.float64, copy=True)
    X.data[:] = 1
    return X


def _median_distance(X, weight):
    """Median distance over all pairs of rows, pairs counting as their weights say.

    Where most pairs are of rows that are alike, over the others; 1 where there are
    none.
    """
    n_rows = X.shape[0]
    if n_rows > _MEDIAN_ROWS:
        rows = np.linspace(0, n_rows - 1, _MEDIAN_ROWS).astype(np.intp)
        X, weight = X[rows], None if weight is None else weight[rows]
    squares = row_norms(X, squared=True)
    distances = euclidean_distances(X)
    distances[distances <= _ALIKE * np.sqrt(np.add.outer(squares, squares))] = 0
    distances = distances.ravel()
    weights = None if weight is None else np.multiply.outer(weight, weight).ravel()
    median, apart = _median(distances, weights), distances > 0
    if median == 0 and apart.any():
        median = _median(distances[apart], None if weights is None else weights[apart])
    return median or 1.0


def _median(values, weight):
    """Median of values, which count as their weights say."""
    if weight is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    # As of rows that are repeated: the mean of both where the half is met exactly.
    half = below[-1] / 2
    places = [np.searchsorted(below, half, side) for side in ("left", "right")]
    return float(values[order[np.minimum(places, len(order) - 1)]].mean())


def _checked(kernel, shape):
    kernel = np.asarray(kernel.toarray() if sp.issparse(kernel) else kernel, float)
    if kernel.shape != shape:
        raise ValueError(
            f"Expected `kernel` to return an array of shape {shape}, one row per row "
            f"of its first argument, but got shape {kernel.shape}."
        )
    if not np.isfinite(kernel).all():
        raise ValueError("Expected `kernel` to return finite numbers, but got others.")
    return kernel

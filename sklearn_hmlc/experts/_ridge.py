"""Ridge regression on labels, with closed-form leave-one-out answers.

Stage: inside `KernelHierarchyClassifier`. In: a kernel over distinct training rows,
their mean labels Y and the sums w of their weights. Out: coefficients, and what the
answer to each training row is when it is left out.

With the kernel's matrix K, W = diag(w), the weighted means m of Y and T = Y - m, ridge
regression minimises sum_g w_g |t_g - f(x_g)|^2 + alpha |f|^2, which differs from the
sum over all training rows, like ones apart, by a constant. With
G = (W^1/2 K W^1/2 + alpha)^-1 the solution is m + f(x) = m + k(x) W^1/2 G W^1/2 T.

Allen, "The relationship between variable selection and data augmentation and a method
for prediction", Technometrics 16 (1974), for what is left out; Williams and Seeger,
"Using the Nystroem method to speed up kernel machines", NIPS 2000, for landmarks.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from sklearn.utils import gen_batches

# Entries of kernels, or of coefficients, that are held at a time (32 MB of float64).
_ENTRIES = 2**22

# Share of the largest eigenvalue up to which others are 0 but for rounding.
_ROUNDING = 1e-9

# Coefficients are float32 where there are more of them (128 MB of float64), and where
# alpha is not so small that they are large and cancel.
_MANY = 2**24
_SMALL_ALPHA = 1e-2


class ExactRidge:
    """A coefficient for each training row.

    Parameters
    ----------
    kernel : ndarray of float64 of shape (n, n)
        Of all training rows; its memory is used up.
    labels : csr_array of float64 of shape (n, n_nodes)
    weight : ndarray of float64 of shape (n,)
        Above 0.
    """

    map = None

    def __init__(self, kernel, labels, weight):
        self.root, self.labels = np.sqrt(weight), labels
        kernel *= self.root
        kernel *= self.root[:, np.newaxis]
        self.values, self.vectors = eigh(kernel)
        self.means = weighted_means(labels, weight)
        of_labels, self.of_ones = _projected(self.vectors, labels, self.root)
        self.of_targets = of_labels
        self.of_targets -= np.outer(self.of_ones, self.means)

    def fitted(self, rows, alpha):
        """Return the answers to some training rows: (n_rows, n_nodes)."""
        missed = self.vectors[rows] @ self._in_vectors(alpha)
        missed *= alpha / self.root[rows, np.newaxis]
        return self.labels[rows].toarray() - missed

    def free(self, alpha):
        """Return the share of a row's answer that is not its own label's, 1 - H_ii.

        H is what the labels T are multiplied with to give the answers. And what T = 1
        would miss, 1 - (H 1)_i.
        """
        inverse = 1 / (self.values + alpha)
        diagonal = np.square(self.vectors) @ inverse
        ones = self.vectors @ (inverse * self.of_ones) / self.root
        return alpha * diagonal, alpha * ones

    def coefficients(self, alpha):
        """Return what to multiply the kernel of new rows with: (n, n_nodes)."""
        shape = self.labels.shape
        coefficients = np.empty(shape, dtype=_precision(shape, alpha))
        in_vectors = self._in_vectors(alpha)
        for rows in gen_batches(shape[0], max(1, _ENTRIES // shape[1])):
            part = self.vectors[rows] @ in_vectors
            coefficients[rows] = part * self.root[rows, np.newaxis]
        return coefficients

    def _in_vectors(self, alpha):
        """G W^1/2 T, by eigenvectors."""
        return self.of_targets / (self.values + alpha)[:, np.newaxis]


class ReducedRidge:
    """A coefficient for each of some landmarks, whose kernel stands for all rows'.

    Parameters
    ----------
    blocks : callable
        Returns an iterator over pairs of a slice of training rows, and their kernel
        with the landmarks, of shape (n_rows, n_landmarks).
    kernel : ndarray of float64 of shape (n_landmarks, n_landmarks)
        Of the landmarks; its memory is used up.
    labels, weight
        As for `ExactRidge`.
    """

    def __init__(self, blocks, kernel, labels, weight):
        self.root = np.sqrt(weight)
        values, vectors = eigh(kernel)
        there = values > _ROUNDING * values.max(initial=0)
        if not there.any():
            there[-1:], values[-1:] = True, 1.0  # all rows are nothing: so are features
        self.map = vectors[:, there] / np.sqrt(values[there])
        features = np.empty((len(weight), self.map.shape[1]), dtype=np.float32)
        gram = np.zeros((self.map.shape[1],) * 2)
        for rows, part in blocks():
            part = self.root[rows, np.newaxis] * (part @ self.map)
            features[rows] = part
            gram += part.T @ part
        self.values, turn = eigh(gram)
        self.map = self.map @ turn
        turn = turn.astype(np.float32)
        for rows in gen_batches(len(weight), max(1, _ENTRIES // len(turn))):
            features[rows] = features[rows] @ turn
        self.features = features
        self.means = weighted_means(labels, weight)
        of_labels, self.of_ones = _projected(features, labels, self.root)
        self.of_targets = of_labels
        self.of_targets -= np.outer(self.of_ones, self.means)

    def fitted(self, rows, alpha):
        """Return the answers to some training rows: (n_rows, n_nodes)."""
        part = self.features[rows] / self.root[rows, np.newaxis]
        return self.means + part @ self.coefficients(alpha)

    def free(self, alpha):
        """Return what `ExactRidge.free` does."""
        inverse = 1 / (self.values + alpha)
        rest, ones = np.empty((2, len(self.root)))
        for rows in gen_batches(len(self.root), max(1, _ENTRIES // len(inverse))):
            part = self.features[rows].astype(np.float64)
            ones[rows] = 1 - part @ (inverse * self.of_ones) / self.root[rows]
            rest[rows] = 1 - np.square(part) @ inverse
        return np.maximum(rest, _ROUNDING), ones

    def coefficients(self, alpha):
        """Return what to multiply features of new rows with: (n_features, n_nodes)."""
        inverse = 1 / (self.values + alpha)
        coefficients = self.of_targets * inverse[:, np.newaxis]
        return coefficients.astype(_precision(coefficients.shape, alpha), copy=False)


def left_out(truth, fitted, means, *, weight, of_alike, total, free, free_of_ones):
    """Return the answers to some training rows by the fit without each of them.

    What it misses is (y - fitted + d * free_of_ones) / (1 - own), where
    d = weight * (y - means) / (total - weight), by which the means move, and
    own = (1 - free) * weight / of_alike, the row's share in its own answer.

    Parameters
    ----------
    truth, fitted : ndarray of shape (n_rows, n_nodes)
        Labels and answers.
    means : ndarray of shape (n_nodes,)
    weight, of_alike : ndarray of shape (n_rows,)
        Weights of the rows, and sums over all that are alike.
    total : float
        Sum of all weights.
    free, free_of_ones : ndarray of shape (n_rows,)
        As `ExactRidge.free` returns them, of the rows' distinct ones.
    """
    moves = (weight / (total - weight) * free_of_ones)[:, np.newaxis]
    missed = truth - fitted + moves * (truth - means)
    share = weight / of_alike
    # 1 - (1 - free) * share, without a difference that loses a small `free`.
    missed /= (1 - share + free * share)[:, np.newaxis]
    return truth - missed


def weighted_means(labels, weight):
    """Return the share of the rows that have each node, as weights say."""
    return weight @ labels / weight.sum()


def eigh(matrix):
    """Return eigenvalues, none below 0, and vectors; the matrix's memory is used up.

    Raises
    ------
    ValueError
        If an eigenvalue is below 0 by more than rounding.
    """
    values, vectors = scipy.linalg.eigh(
        matrix, overwrite_a=True, check_finite=False, driver="evd"
    )
    least, largest = values.min(initial=0), values.max(initial=0)
    if least < -1e-6 * max(largest, np.finfo(float).tiny):
        raise ValueError(
            "Expected a positive semi-definite `kernel`, but its matrix over training "
            f"rows has eigenvalues from {least:.3g} to {largest:.3g}."
        )
    return np.maximum(values, 0), vectors


def _projected(vectors, labels, root):
    """Products of columns with labels and with ones, rows scaled by weights' roots."""
    scaled = sp.csr_array(sp.diags_array(root) @ labels).T.tocsr()
    of_labels = np.empty((vectors.shape[1], labels.shape[1]))
    for columns in gen_batches(vectors.shape[1], max(1, _ENTRIES // len(root))):
        part = np.ascontiguousarray(vectors[:, columns], dtype=np.float64)
        of_labels[columns] = (scaled @ part).T
    return of_labels, root @ vectors


def _precision(shape, alpha):
    many = shape[0] * shape[1] > _MANY and alpha >= _SMALL_ALPHA
    return np.float32 if many else np.float64

"""Held-out rows of each node, ranked by score, and where to cut the ranking.

Stage: below `node_thresholds`. In: truth and scores of some nodes, weights of rows.
Out: how many rows to predict, and the threshold that does so. A cut is the number of
rows above it; none lies inside a tie, where there is no threshold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Ranking(NamedTuple):
    """Rows of each node from the highest score down.

    Attributes
    ----------
    scores : ndarray of float64 of shape (n_rows, n_nodes)
        Descending.
    number : ndarray of float64 of shape (n_rows, n_nodes)
        How many rows, as they are weighted, are among the first 1, 2, ...
    found : ndarray of float64 of shape (n_rows, n_nodes)
        How many of them have the node.
    """

    scores: np.ndarray
    number: np.ndarray
    found: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> Ranking:
        """Rank rows of boolean truth; equal scores stay in their order."""
        order = np.argsort(-scores, axis=0, kind="stable")
        true = np.take_along_axis(truth, order, axis=0)
        return cls(
            np.take_along_axis(scores, order, axis=0),
            np.cumsum(weight[order], axis=0),
            np.cumsum(true * weight[order], axis=0),
        )

    def f1_at(self, count: np.ndarray) -> np.ndarray:
        """F1 of one cut per node; 0 where no row is predicted."""
        last, columns = np.maximum(count - 1, 0), np.arange(len(count))
        found, number = self.found[last, columns], self.number[last, columns]
        return np.where(count > 0, _f1(found, number, self.found[-1]), 0.0)

    def nearest(self, wanted: np.ndarray) -> np.ndarray:
        """For each node the cut whose number comes nearest to the wanted one."""
        none = np.zeros_like(wanted)
        distance = np.abs(np.vstack([none, self.number]) - wanted)
        distance[1:-1][self._inside_ties] = np.inf
        return _first_nearest(distance)

    def best_f1(
        self, wanted: np.ndarray, otherwise: np.ndarray, factor: float
    ) -> np.ndarray:
        """For each node the cut of the largest F1, ties to ``wanted``.

        Cuts that are not allowed get an F1 of 0, which is also what finds nothing:
        where all have it, the cut is ``otherwise``.
        """
        number, n_rows = self.number, len(self.scores)
        f1 = _f1(self.found, number, self.found[-1])
        f1[:-1][self._inside_ties] = 0
        factor = min(factor, 1e300)  # 0 times infinity would be NaN, and is to be 0
        # Bounds are whole rows. A product such as 0.07 * 100 * 3 may come out as
        # 21.000000000000004, which must not make 22 of it.
        low = np.floor(wanted / factor + 1e-9)
        # However rare the node, one row may always be predicted.
        high = np.maximum(np.ceil(wanted * factor - 1e-9), number[0])
        f1[(number < low) | (number > high)] = 0
        # Of cuts with the same F1 the one nearest to the wanted number, as the sounder
        # guess. Rounding must not tell them apart: F1 of whole rows is a fraction with
        # a denominator of at most 2 n, so that values less than 1 / (4 n^2) apart are
        # equal.
        margin = max(1 / (8.0 * n_rows**2), 1e-15)
        best_of_all = f1 >= f1.max(axis=0) - margin
        best = _first_nearest(np.where(best_of_all, np.abs(number - wanted), np.inf))
        return np.where(f1[best, np.arange(f1.shape[1])] > 0, best + 1, otherwise)

    def midway(self, count: np.ndarray) -> np.ndarray:
        """Thresholds above which the ``count`` highest scores of each node lie."""
        ends = ((1.0, 0.0), (0.0, 0.0))
        padded = np.pad(self.scores, ((1, 1), (0, 0)), constant_values=ends)
        columns = np.arange(padded.shape[1])
        lowest_in, highest_out = padded[count, columns], padded[count + 1, columns]
        middle = (lowest_in + highest_out) / 2
        # Neighbouring floats have no number between them.
        threshold = np.where(middle > highest_out, middle, lowest_in)
        # Nothing in [0, 1] is above a score of 1.
        return np.where(highest_out >= 1, np.inf, threshold)

    @property
    def _inside_ties(self) -> np.ndarray:
        return self.scores[:-1] == self.scores[1:]


def _f1(found: np.ndarray, number: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """F1 = 2 TP / (predicted + positive)."""
    return 2 * found / (number + positive)


def _first_nearest(distance: np.ndarray) -> np.ndarray:
    """Position of the smallest number of rows in each column; of equal ones the first.

    Sums of weights are equal up to rounding only, which must not decide.
    """
    equal = distance <= distance.min(axis=0) + 1e-9 * len(distance)
    return equal.argmax(axis=0)

"""Precision-recall curves as counts at thresholds, and the areas under them.

Stage: between arrays in node order and the public measures. In: boolean CSR labels and
`Scores` of shape (n_samples, n_nodes). Out: a `Curve` or its area.

Recall moves only at thresholds at which a positive lies. So positives alone are grouped
by score, and the rest is counted in sorted scores, some rows at a time: no array of all
thresholds, and none of all scores. Counts of blocks add up to those of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from .._scores import DenseScores, Scores, SparseScores
from .._validation import BoolArray, FloatArray

# Cells of the scores at a time, where rows have weights, and where they are counted.
_BLOCK_CELLS = 1_000_000
_COUNTED_CELLS = 8_000_000


@dataclass
class Curve:
    """Counts at the distinct scores of positives, from the highest down.

    ``start`` is just above a score, ``end`` includes it; arrays of one length.
    """

    thresholds: FloatArray
    n_positive: NDArray[Any]
    true_end: NDArray[Any]
    false_start: NDArray[Any]
    false_end: NDArray[Any]


# -- counting --------------------------------------------------------------------------


class _Ladder:
    """Counts of rows, or of pairs, at and above each distinct score of positives.

    With weights their sums. All scores are handed in, in parts, those of positives too.
    """

    def __init__(
        self, positives: FloatArray, weights: FloatArray | None = None
    ) -> None:
        dtype = np.intp if weights is None else np.float64
        self.thresholds, group = np.unique(positives, return_inverse=True)
        self.n_positive: NDArray[Any] = np.bincount(group, weights).astype(dtype)
        self._at_least: NDArray[Any] = np.zeros(len(self.thresholds), dtype=dtype)
        self._above = self._at_least.copy()

    def add(self, pool: FloatArray, weights: FloatArray | None = None) -> None:
        """Count scores, which are sorted in place, or add up their weights."""
        if weights is None:
            pool.sort()
            mass = np.arange(pool.size, -1, -1)
        else:
            order = np.argsort(pool)
            pool = pool[order]
            mass = np.append(np.cumsum(weights[order][::-1])[::-1], 0.0)
        # mass[k]: how many scores there are from position k to the highest, or what
        # they weigh. In ascending scores all from the left end of a tie on are at or
        # above it, all from its right end on are above it.
        self._at_least += mass[np.searchsorted(pool, self.thresholds, "left")]
        self._above += mass[np.searchsorted(pool, self.thresholds, "right")]

    def add_zeros(self, number: Any) -> None:
        """Add scores of 0: how many there are, or what they weigh."""
        self._at_least[self.thresholds <= 0] += number
        self._above[self.thresholds < 0] += number

    def curve(self) -> Curve | None:
        """Turn counts at ascending thresholds around: recall grows as they fall.

        None where there is no positive, or none of a weight.
        """
        if not self.n_positive.any():
            return None
        n_positive = self.n_positive[::-1]
        true_end = np.cumsum(n_positive)
        return Curve(
            thresholds=self.thresholds[::-1],
            n_positive=n_positive,
            true_end=true_end,
            # `above` and `at_least` count positives and negatives together: less the
            # positives they are false positives. At a threshold these are all positives
            # down to it; just above it, those of the threshold itself are not among
            # them.
            false_start=self._above[::-1] - (true_end - n_positive),
            false_end=self._at_least[::-1] - true_end,
        )


# -- all pairs together ----------------------------------------------------------------


def pooled_curve(
    truth: sp.csr_array,
    scores: Scores,
    mask: BoolArray,
    weights: FloatArray | None = None,
) -> Curve | None:
    """One curve over all pairs of a row and a masked node; None without positives."""
    rows, columns = truth[:, mask].nonzero()
    positives = scores.at(rows, np.flatnonzero(mask)[columns])
    ladder = _Ladder(positives, None if weights is None else weights[rows])
    if isinstance(scores, SparseScores):
        _pool_sparse(ladder, scores.values[:, mask], weights)
        return ladder.curve()
    # Every block is searched for the thresholds of all positives, which would take most
    # of the time in blocks of fewer cells than these.
    cells = max(_BLOCK_CELLS if weights is not None else _COUNTED_CELLS, len(positives))
    width = max(1, int(np.count_nonzero(mask)))
    for where, block in scores.blocks(cells * max(1, scores.n_nodes // width)):
        pool = block[:, mask].reshape(-1)  # a copy
        ladder.add(pool, None if weights is None else np.repeat(weights[where], width))
    return ladder.curve()


def _pool_sparse(
    ladder: _Ladder, values: sp.csr_array, weights: FloatArray | None
) -> None:
    """Pool stored scores as they are, and absent ones by their number."""
    stored = np.diff(values.indptr)
    absent = values.shape[1] - stored
    ladder.add(
        values.data.copy(), None if weights is None else np.repeat(weights, stored)
    )
    ladder.add_zeros(absent.sum() if weights is None else weights @ absent)


# -- node by node ----------------------------------------------------------------------


def node_areas(
    truth: sp.csr_array,
    scores: Scores,
    mask: BoolArray,
    area: Callable[[Curve], float],
    weights: FloatArray | None = None,
) -> FloatArray:
    """One area per masked node; NaN without positives."""
    by_column = sp.csc_array(truth)
    areas = np.full(len(mask), np.nan)
    nodes = np.flatnonzero(mask & (np.diff(by_column.indptr) > 0)).tolist()
    ladders = _ladders_in_blocks
    if isinstance(scores, DenseScores):
        ladders = _ladders_of_columns
    elif isinstance(scores, SparseScores):
        ladders = _ladders_of_sparse_columns
    for node, ladder in ladders(by_column, scores, nodes, weights):
        curve = ladder.curve()
        areas[node] = np.nan if curve is None else area(curve)
    return areas[mask]


def _ladders_of_columns(
    truth: sp.csc_array, scores: Any, nodes: list[int], weights: FloatArray | None
) -> Iterator[tuple[int, _Ladder]]:
    """Yield each node's counts, from the column of its scores."""
    for node in nodes:
        rows = truth.indices[truth.indptr[node] : truth.indptr[node + 1]]
        column = scores.column(node)
        ladder = _Ladder(column[rows], None if weights is None else weights[rows])
        ladder.add(column, weights)
        yield node, ladder


def _ladders_of_sparse_columns(
    truth: sp.csc_array, scores: Any, nodes: list[int], weights: FloatArray | None
) -> Iterator[tuple[int, _Ladder]]:
    """Yield each node's counts, from what is stored of its scores."""
    by_column = scores.by_column
    for node in nodes:
        rows = truth.indices[truth.indptr[node] : truth.indptr[node + 1]]
        part = slice(*by_column.indptr[node : node + 2])
        stored, column = by_column.indices[part], by_column.data[part].copy()
        full = np.zeros(truth.shape[0], dtype=column.dtype)
        full[stored] = column
        ladder = _Ladder(full[rows], None if weights is None else weights[rows])
        ladder.add(column, None if weights is None else weights[stored])
        if weights is None:
            ladder.add_zeros(len(full) - len(column))
        else:
            ladder.add_zeros(np.delete(weights, stored).sum())
        yield node, ladder


def _ladders_in_blocks(
    truth: sp.csc_array, scores: Any, nodes: list[int], weights: FloatArray | None
) -> Iterator[tuple[int, _Ladder]]:
    """Yield each node's counts, from blocks of rows: once for positives, once more."""
    by_row = sp.csr_array(truth)
    rows, columns = by_row.nonzero()
    values = scores.at(rows, columns)
    order = np.argsort(columns, kind="stable")  # as they stand in the columns
    values, rows = values[order], rows[order]
    ladders = {}
    for node in nodes:
        part = slice(*truth.indptr[node : node + 2])
        weight = None if weights is None else weights[rows[part]]
        ladders[node] = _Ladder(values[part], weight)
    for where, block in scores.blocks():
        for node, ladder in ladders.items():
            own = None if weights is None else weights[where]
            ladder.add(block[:, node].copy(), own)
    yield from ladders.items()


# -- areas -----------------------------------------------------------------------------


def precision_at(curve: Curve) -> FloatArray:
    """Precision at each threshold; 0 where all rows so far weigh 0."""
    predicted = curve.true_end + curve.false_end
    none = np.zeros(len(predicted))
    return np.divide(curve.true_end, predicted, out=none, where=predicted > 0)


def step_area(curve: Curve) -> float:
    """Average precision."""
    return float(curve.n_positive @ precision_at(curve) / curve.true_end[-1])


def davis_goadrich_area(curve: Curve) -> float:
    """Trapezoids between successive whole numbers of true positives.

    Within a threshold's tie negatives come in evenly with its positives, ``slope`` of
    them per positive. The curve starts at no true positive and the negatives above all
    positives: at precision 0, or, where there are none, level with its first point.
    """
    count = curve.n_positive
    slope = (curve.false_end - curve.false_start) / count
    n_steps = int(curve.true_end[-1])
    total = 0.0
    for block in gen_batches(n_steps, _BLOCK_CELLS):
        # The step from `left_true` to one true positive more lies in one tie.
        left_true = np.arange(block.start, block.stop)
        tie = np.searchsorted(curve.true_end, left_true, side="right")
        inside = left_true - (curve.true_end - count)[tie]
        left_false = curve.false_start[tie] + slope[tie] * inside
        right_true, right_false = left_true + 1, left_false + slope[tie]
        right = right_true / (right_true + right_false)
        left = right.copy()  # where nothing is predicted yet
        reached = left_true + left_false
        np.divide(left_true, reached, out=left, where=reached > 0)
        total += (left + right).sum() / 2
    return float(total / n_steps)

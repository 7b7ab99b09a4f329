"""Weights of experts, and shrinkage of their mean, from rows they have not seen.

Stage: between the experts' held-out probabilities and the mean. In: one array
(n_samples, n_nodes) per expert, and labels. Out: weights on the simplex that make the
pooled AU(PRC) of ``sum over e of w_e p_e`` large; and how far rare nodes are drawn
towards their parents.

The search is over cells, pairs of a row and a scored node: all of them, or all
positives and a sample of the others, which stand for the rest by their weights. An
evaluation counts cells in fine bins, without sorting: linear in the cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp

from ..hierarchy import Hierarchy
from ..postprocessing import shrink_to_parents

# Cells that are looked at: the positives, and the others.
_POSITIVES, _OTHERS = 2**18, 2**20
# Bins of the square root of a mean probability: fine where probabilities are small.
_BINS = 2**14
# Parts of the rows that are left out in turn, for the standard error.
_PARTS = 10
# Steps of a weight that are tried, the coarsest first.
_STEPS = (0.2, 0.1, 0.05)
# How many rows the word of a parent may be worth.
STRENGTHS = (0.0, 0.3, 1.0, 3.0, 10.0)
# What shrinkage may cost, as a share of the AU(PRC).
_COST = 0.001


def choose_weights(
    held_out: Sequence[np.ndarray],
    labels: sp.csr_array,
    scored: np.ndarray,
    sample_weight: np.ndarray | None = None,
) -> np.ndarray:
    """Return weights, at least 0 and summing to 1.

    Of three candidates, in this order, the first one that is not behind the best by
    more than the standard error of the difference (jackknife over tenths of the rows):
    equal weights; equal weights without the experts that are best left out, one after
    the other; and what a search from there finds, which moves weight from one expert to
    another as long as that helps.

    Parameters
    ----------
    held_out : sequence of ndarray of shape (n_samples, n_nodes)
        What each expert says of rows that it has not seen.
    labels : csr_array of bool of shape (n_samples, n_nodes)
    scored : ndarray of bool of shape (n_nodes,)
    sample_weight : ndarray of shape (n_samples,), default=None
    """
    n_experts = len(held_out)
    equal = np.full(n_experts, 1 / n_experts)
    if n_experts == 1 or labels[:, np.flatnonzero(scored)].nnz == 0:
        return equal
    cells = _Cells(held_out, labels, scored, sample_weight)
    fewer = _without_the_worst(cells, n_experts)
    tuned = _moved(cells, fewer)
    for simpler in (equal, fewer):
        if cells.is_as_good(simpler, tuned):
            return simpler
    return tuned


def choose_strength(
    mean: np.ndarray,
    labels: sp.csr_array,
    hierarchy: Hierarchy,
    counts: np.ndarray,
    sample_weight: np.ndarray | None = None,
) -> float:
    """Return the largest of `STRENGTHS` that costs next to nothing in pooled AU(PRC).

    Rankings of rare nodes gain by shrinkage, and weigh little in the pooled area: it
    tells where shrinkage takes more from the others than noise. "Next to nothing" is
    .1 % of the best area.

    Parameters
    ----------
    mean : ndarray of shape (n_samples, n_nodes)
        The mean of the experts, of rows they have not seen.
    labels : csr_array of bool of shape (n_samples, n_nodes)
    hierarchy : Hierarchy
    counts : ndarray of float of shape (n_nodes,)
        In how many rows each node is.
    sample_weight : ndarray of shape (n_samples,), default=None
    """
    if labels[:, np.flatnonzero(hierarchy.scored)].nnz == 0:
        return 0.0
    shrunk = (shrink_to_parents(mean, hierarchy, counts, each) for each in STRENGTHS)
    cells = _Cells(shrunk, labels, hierarchy.scored, sample_weight)
    areas = [cells.area(one) for one in np.eye(len(STRENGTHS))]
    least = (1 - _COST) * max(areas)
    fine = zip(STRENGTHS, areas, strict=True)
    return max(strength for strength, area in fine if area >= least)


def _without_the_worst(cells: _Cells, n_experts: int) -> np.ndarray:
    """Equal weights, without experts as long as leaving one out helps."""
    inside = np.ones(n_experts)
    best = cells.area(inside / n_experts)
    while inside.sum() > 1:
        areas = np.full(n_experts, -1.0)
        for expert in np.flatnonzero(inside):
            fewer = inside.copy()
            fewer[expert] = 0
            areas[expert] = cells.area(fewer / fewer.sum())
        if areas.max() <= best:
            break
        best = areas.max()
        inside[areas.argmax()] = 0
    return inside / inside.sum()


def _moved(cells: _Cells, weights: np.ndarray) -> np.ndarray:
    """Move weight from one expert to another, in ever smaller steps."""
    best = cells.area(weights)
    n_experts = len(weights)
    pairs = [(i, j) for i in range(n_experts) for j in range(n_experts) if i != j]
    for step in _STEPS:
        moved = True
        while moved:
            moved = False
            for giver, taker in pairs:
                change = min(step, weights[giver])
                if change == 0:
                    continue
                other = weights.copy()
                other[giver] -= change
                other[taker] += change
                area = cells.area(other)
                # Less than rounding is no gain, or there would be no end.
                if area > best + 1e-9:
                    weights, best, moved = other, area, True
    return weights / weights.sum()


class _Cells:
    """Cells of all experts, and areas of their weighted means over these."""

    def __init__(
        self,
        held_out: Iterable[np.ndarray],
        labels: sp.csr_array,
        scored: np.ndarray,
        sample_weight: np.ndarray | None,
    ) -> None:
        nodes = np.flatnonzero(scored)
        positive, other = _some_cells(labels[:, nodes].tocoo())
        rows = np.concatenate([positive.rows, other.rows])
        columns = nodes[np.concatenate([positive.columns, other.columns])]
        self._proba = [
            proba[rows, columns].astype(np.float32, copy=False) for proba in held_out
        ]
        self._weight = None if sample_weight is None else sample_weight[rows]
        self._stands_for = positive.stands_for, other.stands_for
        self._n_positive = len(positive.rows)
        self._part = rows % _PARTS

    def area(self, weights: np.ndarray) -> float:
        """Pooled AU(PRC) of a weighted mean."""
        return float(_area(*self._histograms(weights)))

    def is_as_good(self, one: np.ndarray, best: np.ndarray) -> bool:
        """Tell whether a mean is behind another by no more than a standard error."""
        if np.array_equal(one, best):
            return True
        gain = self.area(best) - self.area(one)
        parts = self._areas_without_parts(best) - self._areas_without_parts(one)
        error = np.sqrt((_PARTS - 1) * np.var(parts))
        return bool(gain <= error)

    def _areas_without_parts(self, weights: np.ndarray) -> np.ndarray:
        positive, other = self._histograms(weights, by_part=True)
        return _area(positive.sum(0) - positive, other.sum(0) - other)

    def _histograms(
        self, weights: np.ndarray, by_part: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Count cells by score, from the highest down: positives, and others."""
        mean = np.zeros(len(self._part), dtype=np.float32)
        for weight, proba in zip(weights, self._proba, strict=True):
            if weight:
                mean += np.float32(weight) * proba
        np.sqrt(np.clip(mean, 0, 1, out=mean), out=mean)
        bins = ((1 - mean) * (_BINS - 1)).astype(np.intp)
        shape = (_PARTS, _BINS) if by_part else (_BINS,)
        if by_part:
            bins += self._part * _BINS
        split = self._n_positive
        positive, other = (
            np.bincount(
                bins[kind],
                None if self._weight is None else self._weight[kind],
                minlength=int(np.prod(shape)),
            ).reshape(shape)
            * stands_for
            for kind, stands_for in zip(
                (slice(split), slice(split, None)), self._stands_for, strict=True
            )
        )
        return positive, other


class _Some:
    """Some cells of a kind, each of which stands for as many."""

    def __init__(self, rows: np.ndarray, columns: np.ndarray, n_all: int) -> None:
        self.rows, self.columns = rows, columns
        self.stands_for = n_all / max(1, len(rows))


def _some_cells(labels: sp.coo_array) -> tuple[_Some, _Some]:
    """Positive cells and others, no more than the most that are looked at."""
    rng = np.random.default_rng(0)  # the same cells in each fit on the same labels
    n_rows, n_nodes = labels.shape
    rows, columns = labels.coords
    n_positive = len(rows)
    n_others = n_rows * n_nodes - n_positive
    flat = rows.astype(np.int64) * n_nodes + columns
    if n_others <= _OTHERS:
        is_other = np.ones(n_rows * n_nodes, dtype=bool)
        is_other[flat] = False
        others = np.flatnonzero(is_other)
    else:
        drawn = rng.integers(n_rows * n_nodes, size=_OTHERS)
        others = np.setdiff1d(drawn, flat)
    if n_positive > _POSITIVES:
        chosen = rng.choice(n_positive, _POSITIVES, replace=False)
        rows, columns = rows[chosen], columns[chosen]
    positive = _Some(rows, columns, n_positive)
    return positive, _Some(*np.divmod(others, n_nodes), n_others)


def _area(positive: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Average precision from counts by descending score, along the last axis."""
    true, false = np.cumsum(positive, axis=-1), np.cumsum(other, axis=-1)
    precision = true / np.maximum(true + false, np.finfo(np.float64).tiny)
    total = np.maximum(true[..., -1], np.finfo(np.float64).tiny)
    return (positive * precision).sum(axis=-1) / total

"""How experts become one answer: weights and shrinkage, chosen or given.

Stage: between fitted experts and their mean. In: what each says of rows that it has not
seen, labels, and what a user has set. Out: weights, shrinkage, scores, and the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..metrics import au_prc
from ..postprocessing import shrink_to_parents
from ._held_out import Task
from ._weights import choose_strength, choose_weights

# Name of the mean beside those of the experts.
MEAN = "mean"


class Chosen(NamedTuple):
    """How experts become one answer; what is None is not known."""

    weights: np.ndarray | None
    shrinkage: float | str
    counts: np.ndarray
    scores: dict[str, float] | None = None
    held_out: np.ndarray | None = None


def choose(
    of_each: dict[str, np.ndarray],
    task: Task,
    weight: np.ndarray | None,
    given: Chosen,
) -> Chosen:
    """Choose what is not given; add scores by name, and the mean before shrinkage."""
    labels, hierarchy = task.labels[task.positions], task.target.hierarchy
    scored, known = hierarchy.scored, list(of_each.values())
    weights, shrinkage = given.weights, given.shrinkage
    if weights is None:
        weights = choose_weights(known, labels, scored, weight)
    mean = mean_of(weights, known, lambda proba: proba)
    if isinstance(shrinkage, str):
        shrinkage = choose_strength(mean, labels, hierarchy, given.counts, weight)

    def score(proba: np.ndarray) -> float:
        if labels[:, np.flatnonzero(scored)].nnz == 0:
            return float("nan")
        return float(au_prc(labels, proba, scored=scored, sample_weight=weight))

    scores = {name: score(proba) for name, proba in of_each.items()}
    scores[MEAN] = score(shrink_to_parents(mean, hierarchy, given.counts, shrinkage))
    return Chosen(weights, shrinkage, given.counts, scores, mean)


def counts_of(task: Task, weight: np.ndarray | None) -> np.ndarray:
    """In how many rows each node is, as they are weighted, 1 on average."""
    labels = task.labels[task.positions]
    if weight is None:
        return np.bincount(labels.indices, minlength=labels.shape[1]).astype(float)
    return (weight / weight.mean()) @ labels.astype(np.float64)


def mean_of(
    weights: np.ndarray, experts: Iterable[Any], answer: Callable[[Any], np.ndarray]
) -> np.ndarray:
    """Weighted mean of what experts answer, who are not asked where they count 0.

    Products and sums are rounded, but never so that an order turns around: coherent
    terms have a coherent sum.
    """
    mean = None
    for weight, expert in zip(weights, experts, strict=True):
        if weight > 0:
            term = np.float32(weight) * answer(expert)
            mean = term if mean is None else np.add(mean, term, out=mean)
    return np.minimum(mean, 1, out=mean)

"""Thresholds of rare nodes, shared by nodes that are as rare.

Stage: after the thresholds of single nodes. In: truth and scores of held-out rows,
those of the rare nodes alone. Out: thresholds of these nodes.

The F1 of a node with three positives is a matter of luck, the mean F1 of a hundred such
nodes is not. So the nodes of a class share one multiple ``m`` of their frequency: node
``j`` is predicted in ``m * wanted_j`` rows, and

    m = argmax over MULTIPLES of the mean over the class of F1_j(m * wanted_j)

Classes are by doublings of the number of positive rows: 1 to 2, 3 to 4, 5 to 8, ...
Neighbours are joined until each class has enough positives to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ._ranking import Ranking

MULTIPLES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)


def pooled_thresholds(
    n_positive: np.ndarray,
    wanted: np.ndarray,
    enough: int,
    rankings: Iterable[tuple[slice, Ranking]],
) -> np.ndarray:
    """Return thresholds of rare nodes.

    Parameters
    ----------
    n_positive : ndarray of int of shape (n_nodes,)
        Positive rows of each rare node; one without any takes the multiple of the
        rarest class and has no say in it.
    wanted : ndarray of float of shape (n_nodes,)
        In how many rows each is to be predicted by its frequency.
    enough : int
        Positive rows that a class has at least, unless all nodes have fewer. Then the
        multiple is 1.
    rankings : iterable of (slice, Ranking)
        The rare nodes, some at a time.
    """
    thresholds = np.empty((len(MULTIPLES), len(n_positive)))
    f1 = np.empty_like(thresholds)
    for nodes, ranking in rankings:
        # However rare the node, one row may always be predicted.
        least = np.where(wanted[nodes] > 0, ranking.number[0], 0.0)
        for row, multiple in enumerate(MULTIPLES):
            rows = np.maximum(multiple * wanted[nodes], least)
            count = ranking.nearest(rows)
            thresholds[row, nodes] = ranking.midway(count)
            f1[row, nodes] = ranking.f1_at(count)
    classes = frequency_classes(n_positive, enough)
    chosen = np.empty(len(n_positive), dtype=np.intp)
    for one in np.unique(classes):
        inside = classes == one
        votes = inside & (n_positive > 0)
        trusted = n_positive[inside].sum() >= enough
        chosen[inside] = _best(f1[:, votes]) if trusted else MULTIPLES.index(1.0)
    return thresholds[chosen, np.arange(len(n_positive))]


def frequency_classes(n_positive: np.ndarray, enough: int) -> np.ndarray:
    """Return a class for each node: 1 to 2 positive rows, 3 to 4, 5 to 8, ..., joined.

    A class with fewer than ``enough`` positive rows over its nodes is joined with the
    next more frequent one, the last one with the one before.
    """
    doublings = np.ceil(np.log2(np.maximum(n_positive, 2))).astype(np.intp)
    sums = np.bincount(doublings, n_positive)  # 0 below the first level
    joined = np.zeros(len(sums), dtype=np.intp)
    current, collected = 0, 0.0
    for level, positives in enumerate(sums):
        joined[level] = current
        collected += positives
        if collected >= enough:
            current, collected = current + 1, 0.0
    if collected < enough:
        # What is left over at the end goes to the class before.
        joined[joined == current] = max(current - 1, 0)
    return joined[doublings]


def _best(f1: np.ndarray) -> int:
    """Position of a class's best multiple; of equal ones that nearest to 1."""
    mean = f1.mean(axis=1)
    # Sums in another order must not decide.
    equal = np.flatnonzero(mean >= mean.max() - 1e-12)
    distance = np.abs(np.log(np.asarray(MULTIPLES)[equal]))
    return int(equal[distance.argmin()])

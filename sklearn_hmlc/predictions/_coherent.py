"""Scores that obey the hierarchy: a node's is the largest of its own and those below.

Stage: between a file and measures. In and out: sparse scores of shape (n_samples,
n_nodes), columns in node order. With the children ``C(i)`` of a node ``i``

    s'[r, i] = max(s[r, i], max over c in C(i) of s'[r, c])

The cost follows the entries, not rows times nodes.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .._validation import FloatArray
from ..hierarchy import Hierarchy

Column = tuple[NDArray[np.integer], FloatArray]


def propagated(scores: sp.csr_array, hierarchy: Hierarchy) -> tuple[sp.csr_array, int]:
    """Raise scores >= 0 to the largest below them; unscored nodes keep theirs.

    What lies below an unscored node still counts for what lies above it.

    Returns
    -------
    scores : csr_array
    n_raised : int
        Entries that are larger than before, or new.
    """
    given = sp.csc_array(scores)
    given.sort_indices()
    columns = _columns(given)
    children = sp.csc_array(hierarchy.to_parent)
    room = np.zeros(scores.shape[0])
    kept: list[Column] = [columns[node] for node in range(len(columns))]
    n_raised = 0
    # From the last node to the first all children come before their parents.
    for node in reversed(range(len(columns))):
        below = children.indices[children.indptr[node] : children.indptr[node + 1]]
        parts = [columns[child] for child in below if len(columns[child][0])]
        if not parts:
            continue
        own = columns[node]
        columns[node] = _largest([own, *parts], room)
        if hierarchy.scored[node]:
            kept[node] = columns[node]
            n_raised += _n_larger(columns[node], own, room)
    return _joined(kept, scores.shape), n_raised


def _columns(scores: sp.csc_array) -> list[Column]:
    ends = scores.indptr[1:-1]
    rows, values = np.split(scores.indices, ends), np.split(scores.data, ends)
    return list(zip(rows, values, strict=True))


def _largest(columns: list[Column], room: FloatArray) -> Column:
    """Return the largest value of each row; ``room`` holds zeros, and does again."""
    for rows, values in columns:
        room[rows] = np.maximum(room[rows], values)
    rows = np.flatnonzero(room).astype(np.int32)
    values = room[rows]
    room[rows] = 0
    return rows, values


def _n_larger(column: Column, before: Column, room: FloatArray) -> int:
    rows, values = column
    room[before[0]] = before[1]
    n_larger = np.count_nonzero(values > room[rows])
    room[before[0]] = 0
    return int(n_larger)


def _joined(columns: list[Column], shape: tuple[int, int]) -> sp.csr_array:
    starts = np.concatenate([[0], np.cumsum([len(rows) for rows, _ in columns])])
    rows = np.concatenate([rows for rows, _ in columns])
    values = np.concatenate([values for _, values in columns])
    scores = sp.csr_array(sp.csc_array((values, rows, starts), shape=shape))
    scores.sort_indices()
    return scores

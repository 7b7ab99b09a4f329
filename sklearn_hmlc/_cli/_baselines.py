"""What a model must beat at least: the frequencies of nodes; names of baselines.

Stage: beside the measures of a model. In: training rows per node. Out: the same scores
of shape (n_nodes,) for all rows, block by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from ..hierarchy import Hierarchy

NAIVE = "naive"
NEIGHBORS = "neighbors"

_CELLS = 2**22

Floats = NDArray[np.float64]


def frequencies(counts: Floats, n_rows: int, hierarchy: Hierarchy) -> Floats:
    """Return how frequent nodes are among the rows that have their namespace.

    Where the hierarchy knows namespaces these are the rows of the namespace's root, if
    it has a single one, as in CAFA; else all rows.
    """
    counts = np.asarray(counts, dtype=float)
    rows = np.full(len(counts), float(max(n_rows, 1)))
    spaces = np.array([hierarchy.namespaces.get(x, "") for x in hierarchy.nodes])
    roots = hierarchy.index(list(hierarchy.roots))
    for space in set(spaces[roots].tolist()) - {""}:
        tops = roots[spaces[roots] == space]
        if len(tops) == 1 and counts[tops[0]]:
            rows[spaces == space] = counts[tops[0]]
    return np.minimum(counts / rows, 1)


def naive_blocks(shares: Floats, n_rows: int) -> Callable[[], Iterator[Floats]]:
    """Return a function that yields the same scores for each row, in blocks."""
    size = max(1, _CELLS // max(1, len(shares)))

    def blocks() -> Iterator[Floats]:
        for rows in gen_batches(n_rows, size):
            yield np.broadcast_to(shares, (rows.stop - rows.start, len(shares)))

    return blocks


def naive_sparse(shares: Floats, n_rows: int, least: float) -> sp.csr_array:
    """Return the scores of at least a threshold, the same for each row."""
    frequent = np.flatnonzero(shares >= least)
    parts = (
        np.tile(shares[frequent], n_rows),
        np.tile(frequent, n_rows),
        np.arange(n_rows + 1) * len(frequent),
    )
    return sp.csr_array(parts, shape=(n_rows, len(shares)))

"""The true path rule on sparse labels.

Stage: inside `Hierarchy`. In: boolean CSR labels of shape (n_samples, n_nodes), columns
in node order, and the sparse child-to-parent matrix. Out: the same. The cost follows
the positives, never n_nodes ** 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .._validation import Node, count

Levels = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]

# Labels, rows times nodes, that are closed at a time: 4 MB of bits.
_BLOCK = 2**25


def close(labels: sp.csr_array, levels: Levels) -> sp.csr_array:
    """Add all ancestors: blocks of rows, each edge walked once per block.

    ``levels`` are `Hierarchy.levels`.
    """
    n_samples, n_nodes = labels.shape
    n_rows = max(8, _BLOCK // max(1, n_nodes))
    blocks = [
        _close_block(labels[start : start + n_rows], levels)
        for start in range(0, n_samples, n_rows)
    ]
    return sp.csr_array(sp.vstack(blocks, format="csr")) if blocks else labels


def _close_block(labels: sp.csr_array, levels: Levels) -> sp.csr_array:
    """Close some rows: per node one bit per row, and a parent's are its children's too.

    Bits, since a block then fits the processor's cache.
    """
    bits = _pack(labels)
    for parents, children in levels:
        starts = np.flatnonzero(np.diff(parents, prepend=-1))
        below = np.bitwise_or.reduceat(bits[children], starts, axis=0)
        bits[parents[starts]] |= below
    return _unpack(bits, labels.shape)


def _pack(labels: sp.csr_array) -> NDArray[np.uint8]:
    """Bits of shape (n_nodes, n_samples / 8), the first row in the highest bit."""
    rows, nodes = labels.nonzero()
    bits = np.right_shift(128, rows % 8).astype(np.uint8)
    shape = labels.shape[1], -(-labels.shape[0] // 8)
    # Bits of one byte are distinct, so that their sum is what "or" makes of them.
    return sp.coo_array((bits, (nodes, rows // 8)), shape=shape).toarray()


def _unpack(bits: NDArray[np.uint8], shape: tuple[int, int]) -> sp.csr_array:
    nodes, eighths = np.nonzero(bits != 0)
    which, row = np.nonzero(
        np.unpackbits(bits[nodes, eighths, None], axis=1).view(bool)
    )
    places = eighths[which] * 8 + row, nodes[which]
    return sp.csr_array((np.ones(len(which), dtype=bool), places), shape=shape)


def missing_parents(labels: sp.csr_array, to_parent: sp.csr_array) -> sp.csr_array:
    """Where a node has a positive child and is not positive itself."""
    return _without((labels @ to_parent).astype(bool), labels)


def most_specific(labels: sp.csr_array, to_parent: sp.csr_array) -> sp.csr_array:
    """Keep the positives that have no positive child."""
    return _without(labels, (labels @ to_parent).astype(bool))


def check_closed(
    labels: sp.csr_array, to_parent: sp.csr_array, nodes: Sequence[Node]
) -> None:
    """Raise where a node is without a parent: the first such place and how many."""
    missing = missing_parents(labels, to_parent)
    if not missing.nnz:
        return
    rows, columns = missing.nonzero()
    row, above = int(rows[0]), int(columns[0])
    children = to_parent[:, [above]].nonzero()[0]
    below = np.intersect1d(labels[[row]].nonzero()[1], children)[0]
    raise ValueError(
        f"Y breaks the hierarchy in {count(missing.nnz, 'place')} "
        f"({count(len(np.unique(rows)), 'row')}): row {row} has node {nodes[below]!r} "
        f"but not its parent {nodes[above]!r}. Close it first: "
        "`Y = hierarchy.close(Y)`."
    )


def _without(labels: sp.csr_array, others: sp.csr_array) -> sp.csr_array:
    kept = sp.csr_array(labels > others)
    kept.eliminate_zeros()
    return kept

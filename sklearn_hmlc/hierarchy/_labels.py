"""The true path rule on sparse labels.

Stage: inside `Hierarchy`. In: boolean CSR labels of shape (n_samples, n_nodes), columns
in node order, and the sparse child-to-parent matrix. Out: the same. The cost follows
the positives, never n_nodes ** 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from .._validation import Node, count


def close(labels: sp.csr_array, to_parent: sp.csr_array) -> sp.csr_array:
    """Add all ancestors: one product per generation, over what is new alone."""
    closed = labels
    frontier = labels
    while frontier.nnz:
        above = (frontier @ to_parent).astype(bool)
        frontier = _without(above, closed)
        closed = closed + frontier
    return closed


def missing_parents(labels: sp.csr_array, to_parent: sp.csr_array) -> sp.csr_array:
    """Where a node has a positive child and is not positive itself."""
    return _without((labels @ to_parent).astype(bool), labels)


def most_specific(labels: sp.csr_array, to_parent: sp.csr_array) -> sp.csr_array:
    """Keep the positives that have no positive child."""
    return _without(labels, (labels @ to_parent).astype(bool))


def where_broken(
    labels: sp.csr_array,
    missing: sp.csr_array,
    to_parent: sp.csr_array,
    nodes: Sequence[Node],
) -> str:
    """Say where a node is without a parent: the first such place and how many."""
    rows, columns = missing.nonzero()
    row, above = int(rows[0]), int(columns[0])
    children = to_parent[:, [above]].nonzero()[0]
    below = np.intersect1d(labels[[row]].nonzero()[1], children)[0]
    return (
        f"Y breaks the hierarchy in {count(missing.nnz, 'place')} "
        f"({count(len(np.unique(rows)), 'row')}): row {row} has node {nodes[below]!r} "
        f"but not its parent {nodes[above]!r}. Close it first: "
        "`Y = hierarchy.close(Y)`."
    )


def _without(labels: sp.csr_array, others: sp.csr_array) -> sp.csr_array:
    kept = sp.csr_array(labels > others)
    kept.eliminate_zeros()
    return kept

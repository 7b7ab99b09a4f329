"""Which nodes of a row are worth a line: the best, the likely, the most specific.

Stage: between blocks of probabilities and tables, sparse arrays or files. In: a dense
block of shape (n_rows, n_nodes). Out: rows and nodes of the pairs that are kept, row by
row, the highest probability first; of equal ones the first node in the hierarchy's
order, so that of coherent probabilities no node is kept without its ancestors.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from .._validation import BoolArray, FloatArray, check_share
from ..hierarchy import Hierarchy


class Choice(NamedTuple):
    """How many nodes of a row are kept at most, and from which probability on."""

    k: int | None = None
    min_proba: float | None = None

    def check(self) -> Choice:
        """Raise where a number is out of its range."""
        k = self.k
        if k is not None and (isinstance(k, bool) or not isinstance(k, Integral)):
            raise TypeError(
                f"Expected `k` to be a whole number or None, but got {k!r}."
            )
        if k is not None and k < 1:
            raise ValueError(f"Expected `k` of 1 or more, but got {k}.")
        if self.min_proba is not None:
            check_share("min_proba", self.min_proba)
        return self

    def pairs(self, proba: FloatArray, allowed: BoolArray) -> tuple[Any, Any]:
        """Return rows and nodes of what is kept of a block, best first in each row.

        ``allowed`` has the block's shape.
        """
        rows, nodes = np.nonzero(self.kept(proba, allowed))
        order = np.lexsort((nodes, -proba[rows, nodes], rows))
        return rows[order], nodes[order]

    def kept(self, proba: FloatArray, allowed: BoolArray) -> BoolArray:
        """Mark what is kept of a block."""
        if self.min_proba is not None:
            allowed = allowed & (proba >= self.min_proba)
        if self.k is None or self.k >= proba.shape[1]:
            return allowed
        return _best(np.where(allowed, proba, -np.inf), self.k) & allowed


def _best(values: FloatArray, k: int) -> BoolArray:
    """Mark the k largest values of each row; of equal ones the first."""
    place = values.shape[1] - k
    least = np.partition(values, place, axis=1)[:, place, np.newaxis]
    best = values >= least
    crowded = np.flatnonzero(np.count_nonzero(best, axis=1) > k)
    tied = values[crowded] == least[crowded]
    room = k - np.count_nonzero(best[crowded] & ~tied, axis=1)
    best[crowded] &= ~(tied & (np.cumsum(tied, axis=1) > room[:, np.newaxis]))
    return best


def most_specific(kept: BoolArray, hierarchy: Hierarchy | None) -> BoolArray:
    """Take out what has a descendant that is kept as well."""
    if hierarchy is None:
        return kept
    # Closed first: of incoherent values a grandchild may be kept without its parent.
    closed = sp.csr_array(hierarchy.close(sp.csr_array(kept)))
    above = sp.csr_array(closed @ hierarchy.to_parent).astype(bool)
    return kept & ~above.toarray()

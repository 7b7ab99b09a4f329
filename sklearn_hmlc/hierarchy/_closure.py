"""Labels under a `Hierarchy`: the true path rule, made, undone and checked.

In: ``Y`` of shape (n_samples, n_nodes) as an array, a SciPy sparse matrix or a
DataFrame. Out: the same container.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _labels
from ._names import count
from ._structure import Structure


class LabelOperations(Structure):
    """What a hierarchy asks of labels; in `Hierarchy`."""

    def close(self, Y: Any) -> Any:
        """Add every positive node's ancestors (the true path rule).

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1; columns in the order of `nodes`, a DataFrame's by name.

        Returns
        -------
        Y_closed : same container and dtype as ``Y``

        Raises
        ------
        ValueError
            If the shape, the columns or the values do not fit.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b")]).close([[0, 1], [0, 0]])
        array([[1, 1],
               [0, 0]])
        """
        labels = _labels.to_csr(self, Y)
        return _labels.like(self, _labels.close(labels, self.to_parent), Y)

    def most_specific(self, Y: Any) -> Any:
        """Keep the positives without a positive child; `close` is the way back.

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1.

        Returns
        -------
        Y_specific : same container and dtype as ``Y``

        Raises
        ------
        ValueError
            If the shape, the columns or the values do not fit.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b")]).most_specific([[1, 1], [1, 0]])
        array([[0, 1],
               [1, 0]])
        """
        labels = _labels.to_csr(self, Y)
        return _labels.like(self, _labels.most_specific(labels, self.to_parent), Y)

    def is_closed(self, Y: Any) -> bool:
        """Tell whether every positive node's parents are positive too.

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1.

        Returns
        -------
        closed : bool

        Raises
        ------
        ValueError
            If the shape, the columns or the values do not fit.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b")]).is_closed([[0, 1]])
        False
        """
        labels = _labels.to_csr(self, Y)
        return _labels.missing_parents(labels, self.to_parent).nnz == 0

    def check_closed(self, Y: Any) -> None:
        """Raise where labels break the hierarchy.

        Parameters
        ----------
        Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels, 0 and 1.

        Raises
        ------
        ValueError
            If a row has a node without one of its parents; the message has the first
            such row and node, how many there are, and how to mend it.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> Hierarchy.from_edges([("a", "b")]).check_closed([[0, 1]])
        Traceback (most recent call last):
            ...
        ValueError: Y breaks the hierarchy in 1 place (1 row): row 0 has node 'b' but \
not its parent 'a'. Close it first: `Y = hierarchy.close(Y)`.
        """
        labels = _labels.to_csr(self, Y)
        missing = _labels.missing_parents(labels, self.to_parent)
        if missing.nnz == 0:
            return
        rows, columns = missing.nonzero()
        row, above = int(rows[0]), int(columns[0])
        present = labels[[row]].toarray()[0]
        below = next(j for j in self._child_lists[above].tolist() if present[j])
        places = count(missing.nnz, "place")
        raise ValueError(
            f"Y breaks the hierarchy in {places} ({count(len(np.unique(rows)), 'row')}"
            f"): row {row} has node {self._nodes[below]!r} but not its parent "
            f"{self._nodes[above]!r}. Close it first: `Y = hierarchy.close(Y)`."
        )

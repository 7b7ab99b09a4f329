"""`HierarchicalLabelBinarizer`: lists of node names <-> closed indicator matrix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from . import _labels
from ._hierarchy import Hierarchy


class HierarchicalLabelBinarizer(TransformerMixin, BaseEstimator):
    """Turn lists of node names into an indicator matrix that obeys the hierarchy.

    What `sklearn.preprocessing.MultiLabelBinarizer` is for flat labels: ancestors of
    the listed nodes are added (the true path rule).

    Parameters
    ----------
    hierarchy : Hierarchy, default=None
        The label graph. None: a flat one over the sorted names seen in `fit`.
    sparse_output : bool, default=False
        Whether `transform` returns a CSR array.
    unknown : {"error", "ignore"}, default="error"
        What to do with names that are no nodes.

    Attributes
    ----------
    hierarchy_ : Hierarchy
        The hierarchy in use.
    classes_ : ndarray of shape (n_nodes,)
        Names of the columns.

    See Also
    --------
    Hierarchy.close : Close an indicator matrix.

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.hierarchy import HierarchicalLabelBinarizer
    >>> hierarchy = Hierarchy.from_codes(["1/1", "1/2", "2"])
    >>> binarizer = HierarchicalLabelBinarizer(hierarchy)
    >>> Y = binarizer.fit_transform([["1/2"], ["2", "1"], []])
    >>> Y
    array([[1, 0, 1, 0],
           [1, 0, 0, 1],
           [0, 0, 0, 0]])
    >>> binarizer.inverse_transform(Y)
    [('1/2',), ('1', '2'), ()]
    """

    def __init__(
        self,
        hierarchy: Hierarchy | None = None,
        *,
        sparse_output: bool = False,
        unknown: str = "error",
    ) -> None:
        self.hierarchy = hierarchy
        self.sparse_output = sparse_output
        self.unknown = unknown

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hierarchy": [Hierarchy, None],
        "sparse_output": ["boolean"],
        "unknown": [StrOptions({"error", "ignore"})],
    }

    def fit(self, y: Iterable[Iterable[Any]]) -> HierarchicalLabelBinarizer:
        """Learn the names of the columns.

        Parameters
        ----------
        y : iterable of iterable of hashable
            The node names of each row; read only where ``hierarchy`` is None.

        Returns
        -------
        self : HierarchicalLabelBinarizer
        """
        self._validate_params()
        if self.hierarchy is not None:
            self.hierarchy_ = self.hierarchy
        else:
            self.hierarchy_ = Hierarchy.flat(
                sorted({name for row in y for name in _row(row)})
            )
        self.classes_ = _name_array(self.hierarchy_)
        return self

    def fit_transform(self, y: Iterable[Iterable[Any]]) -> Any:
        """Fit, then transform the same lists.

        Parameters
        ----------
        y : iterable of iterable of hashable
            The node names of each row.

        Returns
        -------
        Y : ndarray or csr_array of int of shape (n_samples, n_nodes)
        """
        rows = [_row(row) for row in y]
        return self.fit(rows).transform(rows)

    def transform(self, y: Iterable[Iterable[Any]]) -> Any:
        """Make the closed indicator matrix.

        Parameters
        ----------
        y : iterable of iterable of hashable
            The node names of each row, most specific ones or all.

        Returns
        -------
        Y : ndarray or csr_array of int of shape (n_samples, n_nodes)

        Raises
        ------
        ValueError
            If names are unknown and ``unknown="error"``; the message lists them.
        """
        check_is_fitted(self)
        rows = [_row(row) for row in y]
        self._check_known(rows)
        columns = [
            self.hierarchy_.index(name)
            for row in rows
            for name in row
            if name in self.hierarchy_
        ]
        lengths = [sum(name in self.hierarchy_ for name in row) for row in rows]
        labels = sp.csr_array(
            (np.ones(len(columns), dtype=bool), columns, np.cumsum([0, *lengths])),
            shape=(len(rows), self.hierarchy_.n_nodes),
        )
        closed = self.hierarchy_.close(labels).astype(int)
        return closed if self.sparse_output else closed.toarray()

    def inverse_transform(self, Y: Any, *, most_specific: bool = True) -> list[tuple]:
        """Return the node names of each row.

        Parameters
        ----------
        Y : array-like or sparse matrix of shape (n_samples, n_nodes)
            Labels, 0 and 1.
        most_specific : bool, default=True
            Whether to leave out the ancestors of a row's other nodes.

        Returns
        -------
        names : list of tuple of hashable
        """
        check_is_fitted(self)
        labels = _labels.to_csr(self.hierarchy_, Y)
        if most_specific:
            labels = self.hierarchy_.most_specific(labels)
        labels.sort_indices()
        return [
            tuple(self.hierarchy_.nodes[node] for node in columns.tolist())
            for columns in np.split(labels.indices, labels.indptr[1:-1])
        ]

    def _check_known(self, rows: list[list[Any]]) -> None:
        if self.unknown == "ignore":
            return
        unknown = dict.fromkeys(
            name for row in rows for name in row if name not in self.hierarchy_
        )
        if unknown:
            raise ValueError(
                f"Labels that are no nodes: {_labels.shorten(list(unknown))}. Correct "
                'them, or set unknown="ignore".'
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.two_d_labels = True
        return tags


def _row(names: Any) -> list[Any]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ValueError(
            f"Expected a list of node names for each row, but got {names!r}; wrap a "
            "single name in a list."
        )
    return list(names)


def _name_array(hierarchy: Hierarchy) -> np.ndarray:
    """Names as an array; of objects unless all are strings or all are integers."""
    names = hierarchy.nodes
    for kind in (str, int):
        if all(type(name) is kind for name in names):
            return np.array(names, dtype=kind)
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return array

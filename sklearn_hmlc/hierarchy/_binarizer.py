"""`HierarchicalLabelBinarizer`: lists of node names <-> closed indicator matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .._frames import is_frame
from .._validation import as_labels, as_list, name_array, shorten
from .._versions import Versioned
from ._facts import is_missing
from ._hierarchy import Hierarchy


class HierarchicalLabelBinarizer(Versioned, TransformerMixin, BaseEstimator):
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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hierarchy": [Hierarchy, None],
        "sparse_output": ["boolean"],
        "unknown": [StrOptions({"error", "ignore"})],
    }

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

    def fit(self, y: Iterable[Iterable[Any]]) -> HierarchicalLabelBinarizer:
        """Learn the names of the columns.

        Parameters
        ----------
        y : iterable of iterable of hashable
            The node names of each row; read only where ``hierarchy`` is None.

        Returns
        -------
        self : HierarchicalLabelBinarizer
            Itself, fitted.

        Raises
        ------
        TypeError
            If a row is no list of names.

        Examples
        --------
        >>> from sklearn_hmlc.hierarchy import HierarchicalLabelBinarizer
        >>> HierarchicalLabelBinarizer().fit([["b"], ["b", "a"]]).classes_
        array(['a', 'b'], dtype='<U1')
        """
        self._validate_params()
        if self.hierarchy is not None:
            self.hierarchy_ = self.hierarchy
        else:
            rows = _rows(y)
            _check_names(rows)
            names = {name for row in rows for name in row}
            self.hierarchy_ = Hierarchy.flat(sorted(names, key=_sort_key))
        self.classes_ = name_array(self.hierarchy_.nodes)
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
            Closed labels, 0 and 1.

        Raises
        ------
        ValueError
            If names are unknown and ``unknown="error"``; the message lists them.
        TypeError
            If a row is no list of names.

        Examples
        --------
        >>> from sklearn_hmlc.hierarchy import HierarchicalLabelBinarizer
        >>> HierarchicalLabelBinarizer().fit_transform([["b"], ["b", "a"]])
        array([[0, 1],
               [1, 1]])
        """
        rows = _rows(y)
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
            Closed labels, 0 and 1.

        Raises
        ------
        ValueError
            If names are unknown and ``unknown="error"``; the message lists them.
        TypeError
            If a row is no list of names.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> from sklearn_hmlc.hierarchy import HierarchicalLabelBinarizer
        >>> hierarchy = Hierarchy.from_edges([("a", "b")])
        >>> HierarchicalLabelBinarizer(hierarchy).fit([]).transform([["b"], ["a"]])
        array([[1, 1],
               [1, 0]])
        """
        check_is_fitted(self)
        rows = _rows(y)
        self._check_known(rows)
        known = [[name for name in row if name in self.hierarchy_] for row in rows]
        columns = self.hierarchy_.index([name for row in known for name in row])
        ends = np.cumsum([0, *(len(row) for row in known)])
        labels = sp.csr_array(
            (np.ones(len(columns), dtype=bool), columns, ends),
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
            In topological order.

        Raises
        ------
        ValueError
            If ``Y`` has the wrong shape or holds anything but 0 and 1.

        Examples
        --------
        >>> from sklearn_hmlc import Hierarchy
        >>> from sklearn_hmlc.hierarchy import HierarchicalLabelBinarizer
        >>> hierarchy = Hierarchy.from_edges([("a", "b")])
        >>> binarizer = HierarchicalLabelBinarizer(hierarchy).fit([])
        >>> binarizer.inverse_transform([[1, 1], [1, 0]])
        [('b',), ('a',)]
        >>> binarizer.inverse_transform([[1, 1]], most_specific=False)
        [('a', 'b')]
        """
        check_is_fitted(self)
        labels = as_labels(Y, self.hierarchy_)
        if most_specific:
            labels = self.hierarchy_.most_specific(labels)
        labels.sort_indices()
        nodes = self.hierarchy_.nodes
        return [
            tuple(nodes[column] for column in labels.indices[start:end].tolist())
            for start, end in pairwise(labels.indptr.tolist())
        ]

    def _check_known(self, rows: list[list[Any]]) -> None:
        if self.unknown == "ignore":
            return
        _check_names(rows)
        unknown = dict.fromkeys(
            name for row in rows for name in row if name not in self.hierarchy_
        )
        if unknown:
            raise ValueError(
                f"Labels that are no nodes: {shorten(list(unknown))}. Correct "
                'them, or set unknown="ignore".'
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.two_d_labels = True
        return tags


def _rows(y: Any) -> list[list[Any]]:
    if isinstance(y, Mapping) or is_frame(y):
        # To iterate over these yields keys or columns, which would pass for rows.
        raise TypeError(
            f"Expected a list of node names per row, but got {type(y).__name__}; give "
            "one column of lists, or close 0/1 columns with `hierarchy.close`."
        )
    if not isinstance(y, Iterable):
        raise TypeError(f"Expected a list of node names per row, but got {y!r}.")
    if hasattr(y, "to_pylist"):  # pyarrow, whose strings are no Python strings
        y = y.to_pylist()
    return [_row(number, names) for number, names in enumerate(y)]


def _row(number: int, names: Any) -> list[Any]:
    where = f"In row {number} of the labels: "
    if is_missing(names):
        raise TypeError(
            f"{where}expected a list of node names, but got {names!r}; give an empty "
            "list for a row without labels."
        )
    try:
        return as_list(names)
    except TypeError as error:
        raise TypeError(f"{where}{error}") from None


def _check_names(rows: list[list[Any]]) -> None:
    for number, row in enumerate(rows):
        for name in row:
            if is_missing(name):
                raise ValueError(
                    f"In row {number} of the labels: {name!r} can't name a node; leave "
                    "it out, and give an empty list for a row without labels."
                )


def _sort_key(name: Any) -> tuple[str, Any]:
    return type(name).__name__, name

"""Scores at the door, some rows at a time: dense, sparse, on disk or yet to come.

Stage: at the door of what scores of many rows and nodes go into: measures, files. In:
what `_validation.as_scores` takes, which stays as it is (a `numpy.memmap` on its disk,
a sparse array sparse), blocks of rows one after the other, or `Predictions` of a file.
Out: checked dense blocks of shape (n_rows, n_nodes), columns in node order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from . import _frames as frames
from ._on_disk import parts_of
from ._validation import (
    FloatArray,
    Node,
    as_scores,
    check_one_order,
    check_unique,
    column_positions,
    shorten,
)
from .hierarchy import Hierarchy

#: Cells of a block (64 MB of float64).
BLOCK_CELLS = 2**23

Positions = NDArray[np.intp]


class Predictions(NamedTuple):
    """Scores from a file, with the names of their rows and columns.

    Attributes
    ----------
    scores : csr_array of float64 of shape (n_samples, n_nodes)
        What the file has no line for is 0, and has no entry.
    ids : list of hashable
        Names of the rows.
    nodes : list of hashable
        Names of the columns.

    See Also
    --------
    read_predictions : Gives one.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from sklearn_hmlc.predictions import Predictions
    >>> Predictions(sp.csr_array([[0.5]]), ["P1"], ["GO:0005515"]).ids
    ['P1']
    """

    scores: Any
    ids: list[Node]
    nodes: list[Node]


# Measures take it, and `read_predictions` gives it: that is where users find it.
Predictions.__module__ = "sklearn_hmlc.predictions"


class Scores:
    """Scores of rows and nodes; ``n_rows`` is None where that shows at their end.

    Rows are numbered as `take` has left them.
    """

    def __init__(self, n_rows: int | None, n_nodes: int) -> None:
        self.n_rows = n_rows
        self.n_nodes = n_nodes

    @property
    def shape(self) -> tuple[int | None, int]:
        """Number of rows, where it is known, and of nodes."""
        return self.n_rows, self.n_nodes

    def blocks(self, cells: int = BLOCK_CELLS) -> Iterator[tuple[slice, FloatArray]]:
        """Yield rows and their dense scores; blocks that come in are not cut up."""
        for rows in parts_of(self.n_rows, max(1, cells // max(1, self.n_nodes))):
            yield rows, self._dense(rows)

    def _dense(self, rows: slice) -> FloatArray:
        raise NotImplementedError

    def at(self, rows: Positions, nodes: Positions) -> FloatArray:
        """Return the scores of pairs; rows ascend."""
        found = []
        for where, block in self.blocks():
            part = slice(*np.searchsorted(rows, [where.start, where.stop]))
            found.append(block[rows[part] - where.start, nodes[part]])
        return np.concatenate(found)

    def take(self, rows: Positions) -> Scores:
        """Return some of the rows, which ascend."""
        raise NotImplementedError


class DenseScores(Scores):
    """An array in node order, in memory or on disk, or some rows of one."""

    def __init__(self, values: FloatArray, rows: Positions | None = None) -> None:
        super().__init__(len(values) if rows is None else len(rows), values.shape[1])
        self._values = values
        self._rows = rows

    def _dense(self, rows: slice) -> FloatArray:
        return self._values[rows if self._rows is None else self._rows[rows]]

    def at(self, rows: Positions, nodes: Positions) -> FloatArray:
        """Return the scores of pairs; rows ascend."""
        return self._values[rows if self._rows is None else self._rows[rows], nodes]

    def column(self, node: int) -> FloatArray:
        """Return a copy of the scores of one node."""
        column = self._values[:, node]
        return column.copy() if self._rows is None else column[self._rows]

    def columns(self, nodes: slice | Positions) -> FloatArray:
        """Return the scores of some nodes."""
        values = self._values[:, nodes]
        return values if self._rows is None else values[self._rows]

    def take(self, rows: Positions) -> DenseScores:
        """Return some of the rows, which ascend."""
        return DenseScores(
            self._values, rows if self._rows is None else self._rows[rows]
        )


class SparseScores(Scores):
    """A CSR array in node order, whose absent entries are scores of 0."""

    def __init__(self, values: sp.csr_array) -> None:
        super().__init__(*values.shape)
        self.values = values

    def _dense(self, rows: slice) -> FloatArray:
        return self.values[rows].toarray()

    def at(self, rows: Positions, nodes: Positions) -> FloatArray:
        """Return the scores of pairs; rows ascend."""
        # One number for each pair; those of the entries ascend, since they are sorted.
        lengths = np.diff(self.values.indptr)
        stored = np.repeat(np.arange(len(lengths)), lengths)
        keys = stored * np.int64(self.n_nodes) + self.values.indices
        wanted = rows * np.int64(self.n_nodes) + nodes
        places = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
        if not len(keys):
            return np.zeros(len(rows), dtype=self.values.dtype)
        found = self.values.data[places]
        found[keys[places] != wanted] = 0
        return found

    @cached_property
    def by_column(self) -> sp.csc_array:
        """The entries by node."""
        return sp.csc_array(self.values)

    def columns(self, nodes: slice | Positions) -> FloatArray:
        """Return the scores of some nodes, dense."""
        return self.by_column[:, nodes].toarray()

    def take(self, rows: Positions) -> SparseScores:
        """Return some of the rows, which ascend."""
        return SparseScores(self.values[rows])


class StreamedScores(Scores):
    """Blocks that come one after the other: once only, or as often as asked for.

    Parameters
    ----------
    source : iterable or callable
        Blocks, or what returns them anew.
    read : callable
        Checks a block, and returns it dense, columns in node order.
    name : str
        What the user calls the scores.
    n_rows : int or None
        Rows that are expected, if known.
    """

    def __init__(
        self,
        source: Any,
        read: Callable[[Any], FloatArray],
        name: str,
        n_rows: int | None,
        n_nodes: int,
        taken: Positions | None = None,
    ) -> None:
        super().__init__(n_rows if taken is None else len(taken), n_nodes)
        self._source, self._read, self._name = source, read, name
        self._expected, self._taken = n_rows, taken
        self._begun = False

    def blocks(self, cells: int = BLOCK_CELLS) -> Iterator[tuple[slice, FloatArray]]:
        """Yield rows and their scores, in blocks as they come."""
        del cells
        start = here = 0
        for block in self._again():
            values = self._read(block)
            stop = start + len(values)
            if self._expected is not None and stop > self._expected:
                raise self._wrong_number(f"{stop} or more")
            if self._taken is not None:
                first, last = np.searchsorted(self._taken, [start, stop])
                values = values[self._taken[first:last] - start]
            yield slice(here, here + len(values)), values
            start, here = stop, here + len(values)
        if self._expected is not None and start != self._expected:
            raise self._wrong_number(start)

    def _again(self) -> Any:
        if callable(self._source):
            return self._source()
        if isinstance(self._source, Iterator) and self._begun:
            raise ValueError(
                f"`{self._name}` is passed over twice here, but an iterator comes only "
                "once. Give what begins anew: the result of `iter_proba`, or a "
                "function that returns the iterator."
            )
        self._begun = True
        return self._source

    def _wrong_number(self, got: Any) -> ValueError:
        return ValueError(
            f"Expected the blocks of `{self._name}` to have {self._expected} rows in "
            f"all, as many as `y_true`, but got {got}."
        )

    def take(self, rows: Positions) -> StreamedScores:
        """Return some of the rows, which ascend."""
        return StreamedScores(
            *(self._source, self._read, self._name, self._expected, self.n_nodes),
            taken=rows,
        )


# -- at the door -----------------------------------------------------------------------


def comes_in_blocks(Y: Any) -> bool:
    """Tell blocks that come one after the other from arrays, frames and lists."""
    if callable(Y) or isinstance(Y, Iterator):
        return True
    # Not all sparse ones have rows to ask for.
    is_array = sp.issparse(Y) or hasattr(Y, "__array__") or hasattr(Y, "__getitem__")
    return hasattr(Y, "__iter__") and not is_array and not frames.is_frame(Y)


def read_scores(
    Y: Any,
    hierarchy: Hierarchy,
    name: str,
    n_rows: int | None = None,
    bare: list[Node] | None = None,
    beside: Mapping[str, Any] | None = None,
) -> Scores:
    """Return scores as they are, checked; of blocks each is when it comes.

    ``n_rows`` is how many rows blocks must have in all; ``bare`` names the columns
    where they have no names, as in `_validation.as_scores`. ``beside`` are other sides
    of the call, in whose order of columns blocks without any names must be.

    Raises
    ------
    ValueError
        If the shape or the columns do not fit, or a score is not finite; if they are no
        scores, but tell how unsure a model is.
    """
    if getattr(Y, "of_uncertainty", False):
        raise ValueError(
            f"Expected `{name}` of probabilities, but got the blocks of "
            "`iter_uncertainty`, which tell how unsure a model is; give those of "
            "`iter_proba`."
        )
    if isinstance(Y, Predictions):
        return read_scores(Y.scores, hierarchy, name, n_rows, list(Y.nodes))
    if comes_in_blocks(Y):

        def read(block: Any) -> FloatArray:
            if bare is None and beside and frames.columns(block, name) is None:
                check_one_order(hierarchy, {**beside, name: block}, {})
            return as_scores(block, hierarchy, name, bare)

        return StreamedScores(Y, read, name, n_rows, hierarchy.n_nodes)
    if sp.issparse(Y):
        return SparseScores(_checked_sparse(Y, hierarchy, name, bare))
    return DenseScores(as_scores(Y, hierarchy, name, bare))


def in_rows_of(y_true: Any, predictions: Predictions, name: str) -> Predictions:
    """Return the predictions of the rows of the truth, by their ids.

    Raises
    ------
    ValueError
        If the truth has no row names, or a row has no prediction.
    """
    wanted = frames.row_names(y_true)
    if wanted is None:
        raise ValueError(
            f"The rows of `{name}` go by their ids, but `y_true` has no row names. "
            "Give it the ids as the index of a pandas frame; or read the file with the "
            "hierarchy and `ids=`, the names of the rows of `y_true` in their order, "
            f"and pass `{name}.scores`."
        )
    check_unique(predictions.ids, f"Ids of `{name}`")
    places = {row: place for place, row in enumerate(predictions.ids)}
    wanted = wanted.tolist()
    missing = [row for row in wanted if row not in places]
    if missing:
        raise ValueError(
            f"Expected `{name}` with a row for each of `y_true`, but it has none for "
            f"{shorten(missing)}; it has {shorten(predictions.ids, 3)}. Read the file "
            "with the rows that are wanted, `read_predictions(..., ids=y_true.index)`; "
            "those without a line are 0 there."
        )
    rows = np.array([places[row] for row in wanted], dtype=np.intp)
    return Predictions(predictions.scores[rows], wanted, predictions.nodes)


def _checked_sparse(
    Y: Any, hierarchy: Hierarchy, name: str, bare: list[Node] | None
) -> sp.csr_array:
    if len(Y.shape) != 2 or Y.shape[1] != hierarchy.n_nodes:
        raise ValueError(
            f"Expected `{name}` of shape (n_samples, {hierarchy.n_nodes}), one column "
            f"per node, but got shape {Y.shape}."
        )
    if np.dtype(Y.dtype).kind not in "biuf":
        raise ValueError(f"Expected `{name}` of numbers, but got {Y.dtype}.")
    dtype = np.float32 if Y.dtype == np.float32 else np.float64
    values = sp.csr_array(Y, dtype=dtype)
    if not values.has_canonical_format:
        values = values.copy()
        values.sum_duplicates()
    if not np.isfinite(values.data).all():
        raise ValueError(
            f"Expected `{name}` of finite numbers, but it has NaN or infinity."
        )
    if bare is None:
        return values
    values = values[:, column_positions(hierarchy, bare, name)]
    values.sort_indices()
    return values

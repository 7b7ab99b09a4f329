"""Probabilities of many rows and nodes in bounded memory.

Stage: after `fit`. In: any fitted estimator and rows. Out: dense blocks one after the
other, an array of the user's (on disk, if need be), or a sparse array of the best
nodes of each row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import Bunch, gen_batches
from sklearn.utils.validation import _num_samples

from .. import _frames as frames
from .._on_disk import check_stored, is_on_disk
from .._response import part_with, some_rows, with_rows
from .._scores import BLOCK_CELLS
from .._validation import FloatArray, Node, shorten, to_python
from ..hierarchy import Hierarchy
from ._choose import Choice
from ._model import NamedModel


class PredictionBlocks:
    """Answers of a model, a block of rows at a time: what `iter_proba` returns.

    Each loop over it predicts anew, so that measures may pass over it more than once.

    Parameters
    ----------
    model : NamedModel
        The fitted estimator, and the names of its columns.
    X : array-like, sparse matrix, DataFrame or Dataset of shape (n_samples, ...)
        What the estimator takes.
    ids : list of hashable
        What the rows are called.
    batch_size : int
        Rows of a block.
    answer : callable
        Takes rows, and returns an array (n_rows, n_nodes).
    row_names : Index or None, default=None
        The ids, unless they only number the rows.
    of_uncertainty : bool, default=False
        Whether the answers tell how unsure the model is.

    Attributes
    ----------
    nodes : tuple of hashable
        Names of the columns of the blocks: the hierarchy's nodes in their order, or,
        after a fit on 1-D ``y``, the classes.
    ids : list of hashable
        What the rows are called.
    row_names : Index or None
        The same, or None where they are numbered alone: with these measures compare
        the names of the rows of the truth.
    shape : tuple of int
        ``(n_samples, n_nodes)``, all blocks together.
    hierarchy : Hierarchy or None
        The given one or the model's own.
    scored : ndarray of bool of shape (n_nodes,)
        False for nodes that count in no measure.
    of_classes : bool
        Whether the model gives each row one class; then no measure of nodes fits.
    of_uncertainty : bool
        Whether they are of `iter_uncertainty`, and so no scores to measure or write.

    See Also
    --------
    iter_proba, iter_uncertainty : Make one.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc.predictions import iter_proba
    >>> model = KNeighborsClassifier(1).fit([[0.0], [1.0]], ["cat", "dog"])
    >>> blocks = iter_proba(model, [[0.1], [0.2], [0.9]], batch_size=2)
    >>> blocks.nodes, blocks.shape, len(blocks)
    (('cat', 'dog'), (3, 2), 2)
    """

    def __init__(
        self,
        model: NamedModel,
        X: Any,
        ids: list[Node],
        batch_size: int,
        answer: Callable[[Any], FloatArray],
        row_names: pd.Index | None = None,
        of_uncertainty: bool = False,
    ) -> None:
        self._model = model
        self._answer = answer
        self._X = X
        self._batch_size = batch_size
        self.ids = ids
        self.row_names = row_names
        self.of_uncertainty = of_uncertainty
        self.nodes = model.nodes
        self.hierarchy = model.hierarchy
        self.scored = model.scored
        self.of_classes = model.of_classes
        self.shape = (len(ids), len(model.nodes))

    def __iter__(self) -> Iterator[FloatArray]:
        for rows in self._slices():
            yield self._answer(some_rows(self._X, rows))

    def __len__(self) -> int:
        return -(-self.shape[0] // self._batch_size)

    def __repr__(self) -> str:
        rows, nodes = self.shape
        return (
            f"PredictionBlocks({rows:,} rows x {nodes:,} nodes, {len(self):,} blocks)"
        )

    def _slices(self) -> Iterator[slice]:
        yield from gen_batches(self.shape[0], self._batch_size)


def iter_proba(
    estimator: Any,
    X: Any,
    *,
    ids: Any = None,
    hierarchy: Hierarchy | None = None,
    batch_size: int | None = None,
) -> PredictionBlocks:
    """Predict probabilities block by block, in bounded memory.

    Parameters
    ----------
    estimator : fitted estimator
        Any classifier, of this library or not, alone or inside pipelines, searches and
        wrappers, with `predict_proba` or `decision_function`; the values of the latter
        go through the logistic function.
    X : array-like, sparse matrix, DataFrame, Dataset or Bunch of shape \
(n_samples, ...)
        What the estimator takes; of a Bunch, as `read_features` gives it, its ``data``.
    ids : array-like of hashable of shape (n_samples,), default=None
        What the rows are called. None: those of a Bunch, the index of a pandas frame,
        else 0, 1, ...
    hierarchy : Hierarchy, default=None
        Names the columns of a model that knows no names; they are in the order of its
        nodes. None: the model's own, where it has one; else columns are numbered.
    batch_size : int, default=None
        Rows at a time. None: as many as make a block of 64 MB, of answers or,
        where these are more, of an array's features.

    Returns
    -------
    blocks : PredictionBlocks
        Yields arrays of shape (n_rows, n_nodes) in the order of the rows. Columns are
        in the hierarchy's order, whatever that of the labels of `fit`; ``nodes`` has
        their names.

    Raises
    ------
    ValueError
        If `ids` are not as many as rows, the hierarchy does not fit the model, or
        `batch_size` is below 1.

    See Also
    --------
    predict_dense : All blocks in one array, which may lie on disk.
    predict_sparse : The best nodes of each row.
    sklearn_hmlc.metrics.fmax_score : A measure that takes blocks as they are.

    Notes
    -----
    How many rows a matrix product has may change its last bit, so that blocks of
    another size may differ from each other by rounding.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.postprocessing import CoherentClassifier
    >>> from sklearn_hmlc.predictions import iter_proba
    >>> hierarchy = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    >>> model = CoherentClassifier(KNeighborsClassifier(1), hierarchy)
    >>> X, Y = [[0.0], [1.0], [2.0]], [[1, 1, 0], [1, 0, 1], [0, 0, 0]]
    >>> for block in iter_proba(model.fit(X, Y), X, batch_size=2):
    ...     print(block)
    [[1. 1. 0.]
     [1. 0. 1.]]
    [[0. 0. 0.]]
    """
    return _blocks(estimator, X, ids, hierarchy, batch_size, NamedModel.proba)


def iter_uncertainty(
    estimator: Any,
    X: Any,
    measure: Any = "gmu",
    *,
    ids: Any = None,
    hierarchy: Hierarchy | None = None,
    batch_size: int | None = None,
) -> PredictionBlocks:
    """Tell how unsure a model is block by block, in bounded memory.

    Parameters
    ----------
    estimator : fitted estimator
        One with `predict_uncertainty`, alone or inside pipelines, searches and
        wrappers.
    X : array-like, sparse matrix, DataFrame or Dataset of shape (n_samples, ...)
        What the estimator takes, as in `iter_proba`.
    measure : str or callable, default="gmu"
        See `sklearn_hmlc.uncertainty.get_measure`.
    ids : array-like of hashable of shape (n_samples,), default=None
        As in `iter_proba`.
    hierarchy : Hierarchy, default=None
        As in `iter_proba`.
    batch_size : int, default=None
        As in `iter_proba`.

    Returns
    -------
    blocks : PredictionBlocks
        As of `iter_proba`; larger = less sure, 0 for unscored nodes.

    Raises
    ------
    AttributeError
        If the model has no `predict_uncertainty`.
    ValueError
        As `iter_proba`.

    Examples
    --------
    >>> from sklearn_hmlc import HierarchicalEnsembleClassifier
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> from sklearn_hmlc.predictions import iter_uncertainty
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=50, n_features=5, n_nodes=6, random_state=0
    ... )
    >>> model = HierarchicalEnsembleClassifier(hierarchy, max_epochs=1).fit(X, Y)
    >>> [block.shape for block in iter_uncertainty(model, X, batch_size=20)]
    [(20, 6), (20, 6), (10, 6)]
    """
    part_with(estimator, "predict_uncertainty")  # raises where there is none

    def answer(model: NamedModel, rows: Any) -> FloatArray:
        return model.uncertainty(rows, measure)

    return _blocks(estimator, X, ids, hierarchy, batch_size, answer, unsure=True)


def predict_labels(
    estimator: Any,
    X: Any,
    *,
    hierarchy: Hierarchy | None = None,
    batch_size: int | None = None,
) -> sp.csr_array:
    """Predict labels as one sparse array, block by block.

    Parameters
    ----------
    estimator : fitted estimator
        One with `predict`, as in `iter_proba`.
    X : array-like, sparse matrix, DataFrame or Dataset of shape (n_samples, ...)
        What the estimator takes, as in `iter_proba`.
    hierarchy : Hierarchy, default=None
        As in `iter_proba`.
    batch_size : int, default=None
        As in `iter_proba`.

    Returns
    -------
    labels : csr_array of bool of shape (n_samples, n_nodes)
        What `predict` says yes to, unscored nodes too; columns as in `iter_proba`.

    Raises
    ------
    ValueError
        As `iter_proba`.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc.predictions import predict_labels
    >>> X = [[0.0], [1.0]]
    >>> model = KNeighborsClassifier(1).fit(X, [[1, 0], [1, 1]])
    >>> predict_labels(model, X).toarray()
    array([[ True, False],
           [ True,  True]])
    """
    blocks = _blocks(estimator, X, None, hierarchy, batch_size, NamedModel.decisions)
    labels = [sp.csr_array(block) for block in blocks]
    return sp.csr_array(sp.vstack(labels, format="csr"))


def _blocks(
    estimator: Any,
    X: Any,
    ids: Any,
    hierarchy: Hierarchy | None,
    batch_size: Any,
    answer: Callable[[NamedModel, Any], Any],
    unsure: bool = False,
) -> PredictionBlocks:
    X, ids = _rows_of(X, ids)
    n_rows = _num_samples(X)
    numbered = ids is None and frames.row_names(X) is None
    ids = row_ids(ids, X, n_rows)
    names = None if numbered else pd.Index(ids, tupleize_cols=False)
    model = NamedModel(estimator, some_rows(X, slice(0, 1)), hierarchy)
    n_rows_each = checked_size(batch_size, max(len(model.nodes), _width(X)))
    return PredictionBlocks(
        model, X, ids, n_rows_each, partial(answer, model), names, unsure
    )


def _width(X: Any) -> int:
    """Numbers in a row of an array; of what is sparse, or a Dataset, nobody knows."""
    if is_on_disk(X) or isinstance(X, np.ndarray):
        return math.prod(X.shape[1:])
    return 1


def _rows_of(X: Any, ids: Any = None) -> tuple[Any, Any]:
    """Take features out of a Bunch, such as that of `read_features`, with their ids.

    They come in a form that blocks of rows can be taken from.

    Raises
    ------
    TypeError
        If it has no features, or is a collection of Dask's.
    """
    if hasattr(type(X), "__dask_graph__"):
        raise TypeError(
            "Expected `X` in memory or on disk, but got a collection of Dask's; "
            "predict it by partitions: `predict_partitions(estimator, X)`."
        )
    check_stored(X)
    if not isinstance(X, Bunch):
        return with_rows(X), ids
    if "data" not in X:
        raise TypeError(
            "Expected `X` with features, but got a Bunch without `data`: it has "
            f"{shorten(X)}."
        )
    return with_rows(X.data), X.get("ids") if ids is None else ids


def checked_size(batch_size: Any, n_nodes: int) -> int:
    """Return how many rows make a block; None: as many as have 64 MB of answers."""
    if batch_size is None:
        return max(1, BLOCK_CELLS // max(1, n_nodes))
    if isinstance(batch_size, bool) or not isinstance(batch_size, Integral):
        raise TypeError(
            f"Expected `batch_size` to be a whole number or None, but got "
            f"{batch_size!r}."
        )
    if batch_size < 1:
        raise ValueError(f"Expected `batch_size` of 1 or more, but got {batch_size}.")
    return int(batch_size)


def row_ids(ids: Any, X: Any, n_rows: int | None = None) -> list[Node]:
    """Return what the rows are called, as plain values; ``n_rows`` None: any number.

    Raises
    ------
    ValueError
        If there are not as many ids as rows.
    """
    if ids is None:
        ids = frames.row_names(X)
    if ids is None:
        return list(range(n_rows or 0))
    if isinstance(ids, str) or not hasattr(ids, "__iter__"):
        raise TypeError(f"Expected `ids`, one per row, but got {ids!r}.")
    found = ids.tolist() if hasattr(ids, "tolist") else list(ids)
    found = [to_python(name) for name in found]
    if n_rows is not None and len(found) != n_rows:
        raise ValueError(
            f"Expected `ids` of {n_rows} rows, one per row, but got {len(found)}."
        )
    return found


def predict_dense(
    estimator: Any,
    X: Any,
    *,
    out: Any = None,
    hierarchy: Hierarchy | None = None,
    batch_size: int | None = None,
) -> Any:
    """Predict probabilities into one array, which may lie on disk.

    Parameters
    ----------
    estimator : fitted estimator
        As in `iter_proba`.
    X : array-like, sparse matrix, DataFrame or Dataset of shape (n_samples, ...)
        What the estimator takes, as in `iter_proba`.
    out : array of float of shape (n_samples, n_nodes), default=None
        Where to put them; a `numpy.memmap`, and an array of Zarr or HDF5, need no
        memory. None: a new array.
    hierarchy : Hierarchy, default=None
        As in `iter_proba`.
    batch_size : int, default=None
        As in `iter_proba`.

    Returns
    -------
    proba : array of shape (n_samples, n_nodes)
        ``out``, where it is given; a memmap is flushed. Columns as in `iter_proba`.

    Raises
    ------
    ValueError
        As `iter_proba`, and if `out` has another shape or can't hold floats.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc.predictions import predict_dense
    >>> X = [[0.0], [1.0]]
    >>> model = KNeighborsClassifier(1).fit(X, ["cat", "dog"])
    >>> with TemporaryDirectory() as folder:
    ...     out = np.lib.format.open_memmap(
    ...         Path(folder, "proba.npy"), mode="w+", dtype=np.float32, shape=(2, 2)
    ...     )
    ...     _ = predict_dense(model, X, out=out)
    ...     np.load(Path(folder, "proba.npy"))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    blocks = iter_proba(estimator, X, hierarchy=hierarchy, batch_size=batch_size)
    if out is None:
        out = np.empty(blocks.shape, dtype=blocks._model.dtype)
    _check_out(out, blocks.shape)
    for rows, block in zip(blocks._slices(), blocks, strict=True):
        out[rows] = block
    if isinstance(out, np.memmap):
        out.flush()
    return out


def _check_out(out: Any, shape: tuple[int, int]) -> None:
    check_stored(out, "out")
    is_array = isinstance(out, np.ndarray) or is_on_disk(out)
    fits = is_array and tuple(out.shape) == shape and np.dtype(out.dtype).kind == "f"
    writeable = _is_writeable(out)
    if not fits or not writeable:
        got = type(out).__name__
        if is_array:
            got = f"{out.dtype} of shape {out.shape}"
            got += "" if writeable else ", read-only"
        raise ValueError(
            f"Expected `out` as a writeable array of floats of shape {shape}, but got "
            f"{got}."
        )


def _is_writeable(out: Any) -> bool:
    if isinstance(out, np.ndarray):
        return out.flags.writeable
    if type(out).__module__.startswith("h5py"):
        return out.file.mode != "r"
    return not getattr(out, "read_only", False)  # as Zarr says it


def predict_sparse(
    estimator: Any,
    X: Any,
    *,
    k: int | None = 500,
    min_proba: float | None = None,
    hierarchy: Hierarchy | None = None,
    batch_size: int | None = None,
) -> sp.csr_array:
    """Predict probabilities, and keep the best nodes of each row.

    Parameters
    ----------
    estimator : fitted estimator
        As in `iter_proba`.
    X : array-like, sparse matrix, DataFrame or Dataset of shape (n_samples, ...)
        What the estimator takes, as in `iter_proba`.
    k : int, default=500
        Nodes per row at most, those of the highest probabilities. None: any number.
    min_proba : float, default=None
        Smallest probability that is kept, in [0, 1]. None: any above 0.
    hierarchy : Hierarchy, default=None
        As in `iter_proba`.
    batch_size : int, default=None
        As in `iter_proba`.

    Returns
    -------
    proba : csr_array of float of shape (n_samples, n_nodes)
        Columns as in `iter_proba`; unscored nodes have no entry. Indices are int32 and
        sorted. Of equal probabilities those of the first nodes are kept, so that an
        entry of a coherent model never lacks those of its scored ancestors.

    Raises
    ------
    ValueError
        As `iter_proba`, and if `k` or `min_proba` is out of its range.

    See Also
    --------
    predict_top : The same as a table with names.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc.predictions import predict_sparse
    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> model = KNeighborsClassifier(4).fit(X, ["cat", "dog", "dog", "cow"])
    >>> predict_sparse(model, X, k=1).toarray()[0]
    array([0. , 0. , 0.5])
    """
    choice = Choice(k, min_proba).check()
    blocks = iter_proba(estimator, X, hierarchy=hierarchy, batch_size=batch_size)
    return sparse_of(blocks, choice, blocks.scored, blocks.shape)


def sparse_of(
    blocks: Any, choice: Choice, scored: np.ndarray, shape: tuple[int, int]
) -> sp.csr_array:
    """Put what is kept of dense blocks into one CSR array."""
    kept = [_sparse(block, choice, scored) for block in blocks]
    if not kept:
        return sp.csr_array(shape, dtype=np.float64)
    return sp.csr_array(sp.vstack(kept, format="csr"))


def _sparse(block: FloatArray, choice: Choice, scored: np.ndarray) -> sp.csr_array:
    rows, nodes = np.nonzero(choice.kept(block, scored & (block > 0)))
    starts = np.searchsorted(rows, np.arange(len(block) + 1)).astype(np.int32)
    parts = block[rows, nodes], nodes.astype(np.int32), starts
    return sp.csr_array(parts, shape=block.shape)

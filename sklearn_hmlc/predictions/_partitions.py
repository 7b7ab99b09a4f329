"""Predictions of Dask arrays and frames, a partition at a time, on one machine or many.

Stage: after `fit`. In: any fitted estimator and a Dask collection of rows. Out: a Dask
collection that is computed when it is asked for, or folders: Zarr of arrays, Parquet of
frames and tables.
"""

from __future__ import annotations

import inspect
import math
import os
import secrets
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .._folders import check_place
from .._on_disk import Mapped, check_stored, is_on_disk, parts_of
from .._optional import optional
from .._response import some_rows
from .._validation import (
    check_bool,
    check_option,
    did_you_mean,
)
from ..hierarchy import Hierarchy
from ._blocks import checked_size
from ._model import NamedModel
from ._partition_files import ENDINGS, is_own, write_array, write_frame
from ._table import predict_frame, predict_top

_CALLER = "predict_partitions"
_TABLES: dict[str, Callable[..., Any]] = {"top": predict_top, "frame": predict_frame}
_ARRAYS: dict[str, Callable[[NamedModel, Any], Any]] = {
    "proba": NamedModel.proba,
    "labels": NamedModel.decisions,
}
_KINDS = (*_ARRAYS, *_TABLES)

# Arguments of the functions that make tables, less what is known here.
_KNOWN = {"estimator", "X", "ids", "hierarchy", "batch_size"}


def predict_partitions(
    estimator: Any,
    X: Any,
    kind: str = "proba",
    *,
    out: str | os.PathLike[str] | None = None,
    hierarchy: Hierarchy | None = None,
    batch_size: int | None = None,
    force: bool = False,
    **options: Any,
) -> Any:
    """Predict a Dask array or frame, partition by partition.

    Parameters
    ----------
    estimator : fitted estimator
        As in `iter_proba`. It is sent to the workers once.
    X : dask.array.Array, dask.dataframe.DataFrame or array of shape (n_samples, ...)
        Rows, in partitions that fit into memory. Columns of an array that lie in
        several chunks are put together. Or an array on disk (`numpy.memmap`, Zarr,
        HDF5), of which chunks are made.
    kind : {"proba", "labels", "top", "frame"}, default="proba"
        What comes out: probabilities, what `predict` says yes to, the table of
        `predict_top`, or that of `predict_frame`.
    out : str or path-like, default=None
        Folder to write, at once: its name ends on ".zarr" (probabilities and labels of
        an array) or ".parquet" (all else). On a cluster all workers see this place.
        None: nothing is written, nor predicted yet.
    hierarchy : Hierarchy, default=None
        As in `iter_proba`.
    batch_size : int, default=None
        Rows of a partition at a time, as in `iter_proba`.
    force : bool, default=False
        Whether to replace what an earlier call has written there.
    **options : dict
        Of "top" and "frame": further arguments of `predict_top` and `predict_frame`,
        such as ``k``, ``min_proba`` and ``uncertainty``.

    Returns
    -------
    predictions : dask.array.Array or dask.dataframe.DataFrame
        Of "proba" and "labels": an array (n_samples, n_nodes) in the chunks of `X`, and
        of a frame one with a column per node and the index of `X`; columns are in the
        hierarchy's order, as in `iter_proba`. Of "top" and "frame": a tidy table, whose
        ``id`` is the index of a frame, or the number of an array's row. With `out` they
        are read from there.

    Raises
    ------
    ImportError
        Without Dask (the extra ``cluster``), or Zarr (``zarr``) for such an `out`.
    TypeError
        If `X` is nothing of these, or an option is unknown.
    ValueError
        If the model does not take such rows (columns of other names, say), the place
        can't be written, or array rows are to be numbered whose number is unknown. No
        folder is left, and an older one stays as it was.

    See Also
    --------
    iter_proba : Block by block, in this process.

    Notes
    -----
    The model is asked about the first row when the function is called, so that what
    does not fit shows at once; for that the first partition of `X` is computed. Chunks
    of an array are split where their probabilities would be more than 64 MB; a frame's
    partitions are not, so that ``X.repartition(partition_size="50MB")`` may be needed
    with many nodes.

    Where every partition numbers its rows from 0, as after ``dask.dataframe.read_csv``,
    ids come more than once: give the frame an index first.

    What is returned without `out` predicts with the model, and of the rows, as they are
    when it is computed: change neither before. If there was a client of
    ``dask.distributed``, the model is with its workers, and only they can compute it.

    ``dask.array.from_array`` reads a whole `numpy.memmap` into memory; give this
    function the memmap itself. To other machines it goes by the name of its file.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc.predictions import predict_partitions
    >>> model = KNeighborsClassifier(1).fit([[0.0], [1.0]], ["cat", "dog"])
    >>> X = da.from_array([[0.1], [0.2], [0.9]], chunks=(2, 1))
    >>> predict_partitions(model, X)
    dask.array<..., shape=(3, 2), dtype=float64, chunksize=(2, 2), chunktype=...>
    >>> predict_partitions(model, X, "top", k=1)[["id", "node"]].compute()
       id node
    0   0  cat
    1   1  cat
    0   2  dog
    """
    check_option("kind", kind, _KINDS)
    check_bool("force", force)
    _check_options(kind, options)
    X = _lazy(X)
    is_array = _is_array(X)
    if out is not None:
        ending = _checked_ending(out, is_array and kind in _ARRAYS, kind)
        check_place(out, force=force, is_own=is_own(ending))
    X = _whole_rows(X) if is_array else X
    example = _first_row(X, is_array)
    model = NamedModel(estimator, example, hierarchy)
    size = checked_size(batch_size, len(model.nodes))
    if is_array:
        X = _in_small_chunks(X, checked_size(None, len(model.nodes)), out is not None)
    lines: Callable[..., Any]
    if kind in _ARRAYS:
        lines = partial(_answers, kind=kind, batch_size=size)
        if is_array:
            found = _arrays(lines, X, model, kind)
            return found if out is None else write_array(found, out, model.nodes, force)
        meta, keeps_index = lines(example, model), True
    else:
        more = {"hierarchy": hierarchy, "batch_size": batch_size, **options}
        meta, keeps_index = _meta(model, example, kind, options), False
        lines = partial(_lines, table=partial(_TABLES[kind], **more), meta=meta)
    found = (_tables if is_array else _frames)(lines, X, model, meta)
    return found if out is None else write_frame(found, out, meta, keeps_index, force)


# -- at the door -----------------------------------------------------------------------


def _lazy(X: Any) -> Any:
    """Make a Dask array of one on disk, which Dask would read as a whole."""
    check_stored(X)
    if not is_on_disk(X):
        return X
    array = optional("dask.array", _CALLER, "cluster")
    if type(X).__module__.startswith("h5py") and _client() is not None:
        raise ValueError(
            "Expected `X` that can be sent to the workers of the cluster, but got an "
            "open file of h5py; give a memmap, Zarr or Parquet, or do it in this "
            'process: `with dask.config.set(scheduler="threads")`.'
        )
    n_rows = checked_size(None, math.prod(X.shape[1:]))
    chunks = (min(n_rows, X.shape[0]), *X.shape[1:])
    rows = Mapped(X) if isinstance(X, np.ndarray) else X
    return array.from_array(rows, chunks=chunks, name=False)


def _is_array(X: Any) -> bool:
    """Tell a Dask array from a frame; raise of anything else."""
    array = optional("dask.array", _CALLER, "cluster")
    frame = optional("dask.dataframe", _CALLER, "cluster")
    if isinstance(X, array.Array):
        return True
    if isinstance(X, frame.DataFrame):
        return False
    kind = f"{type(X).__module__.partition('.')[0]}.{type(X).__name__}"
    raise TypeError(
        f"Expected `X` as a Dask array or DataFrame, but got {kind}; make one of it "
        "with dask.array.from_array (from_zarr) or dask.dataframe.from_pandas "
        "(read_parquet), or use `iter_proba`, which takes what is in memory or on disk."
    )


def _check_options(kind: str, options: dict[str, Any]) -> None:
    known: list[str] = []
    if kind in _TABLES:
        parameters = inspect.signature(_TABLES[kind]).parameters
        known = [name for name in parameters if name not in _KNOWN]
    for name in options:
        if name not in known:
            of = f"has the options {', '.join(known)}" if known else "has no options"
            raise TypeError(
                f"Unexpected argument {name!r}: kind={kind!r} {of}."
                f"{did_you_mean(name, known)}"
            )


def _checked_ending(out: Any, is_array: bool, kind: str) -> str:
    ending = os.path.splitext(os.fspath(out).rstrip("/\\"))[1].lower()
    wanted = ".zarr" if is_array else ".parquet"
    if ending != wanted:
        what = "an array" if is_array else "a frame"
        raise ValueError(
            f"Expected `out` to end on {wanted!r}, since kind={kind!r} gives {what} "
            f"here, but got {os.fspath(out)!r}."
        )
    optional(*ENDINGS[ending])
    return ending


def _whole_rows(X: Any) -> Any:
    """Put all columns of an array into one chunk."""
    apart = {axis: -1 for axis, n in enumerate(X.numblocks) if axis and n > 1}
    return X.rechunk(apart) if apart else X


def _first_row(X: Any, is_array: bool) -> Any:
    if is_array:
        delayed = optional("dask", _CALLER, "cluster").delayed
        for part in X.to_delayed().ravel():
            first = delayed(some_rows)(part, slice(0, 1)).compute()
            if first.shape[0]:
                return first
    else:
        for part in X.partitions:
            first = part.head(1, npartitions=1, compute=False).compute()
            if len(first):
                return first
    raise ValueError("Expected `X` with rows, but it has none.")


def _in_small_chunks(X: Any, most: int, regular: bool) -> Any:
    """Split chunks of more rows; ``regular``: into equal ones, as Zarr has them."""
    sizes = X.chunks[0]
    if np.isnan(sizes).any():
        return X
    if regular:
        size = min(max(sizes), most)
        even = all(n == size for n in sizes[:-1]) and sizes[-1] <= size
        return X if even else X.rechunk({0: size})
    if max(sizes) <= most:
        return X
    smaller = [part for n in sizes for part in parts_of(n, most)]
    return X.rechunk({0: tuple(part.stop - part.start for part in smaller)})


def _lengths(X: Any) -> list[int]:
    sizes = X.chunks[0]
    if np.isnan(sizes).any():
        raise ValueError(
            "Expected `X` with chunks of known size, to number the rows; call "
            "`X.compute_chunk_sizes()` first."
        )
    return [int(size) for size in sizes]


# -- on the workers --------------------------------------------------------------------


def _answers(part: Any, model: NamedModel, kind: str, batch_size: int) -> Any:
    """Answers of a partition: an array, and of a frame one with its index."""
    n_rows = part.shape[0]
    dtype = bool if kind == "labels" else model.dtype
    values = np.empty((n_rows, len(model.nodes)), dtype=dtype)
    for rows in parts_of(n_rows, batch_size):
        values[rows] = _ARRAYS[kind](model, some_rows(part, rows))
    if not isinstance(part, pd.DataFrame):
        return values
    columns = pd.Index(model.nodes, tupleize_cols=False)
    return pd.DataFrame(values, index=part.index, columns=columns)


def _lines(
    part: Any, model: NamedModel, table: Any, meta: pd.DataFrame, start: int = 0
) -> pd.DataFrame:
    """Lines of a partition; those of an array are numbered from ``start``."""
    if part.shape[0] == 0:
        return meta.iloc[:0]
    numbers = range(start, start + part.shape[0])
    ids = None if isinstance(part, pd.DataFrame) else numbers
    return _as_in(meta, table(model.estimator, part, ids=ids))


def _as_in(meta: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Return lines whose columns have the types of ``meta``; ids stay what they are."""
    found = lines.astype(dict(meta.dtypes))
    same = found["id"].dtype == lines["id"].dtype
    changed = [] if same else lines["id"][found["id"] != lines["id"]].tolist()
    if changed:
        raise ValueError(
            f"Expected the index of `X` to be {meta['id'].dtype} in all partitions, as "
            f"in the first, but got {changed[0]!r}; give all of them one type, such as "
            "text."
        )
    return found


def _meta(
    model: NamedModel, example: Any, kind: str, options: dict[str, Any]
) -> pd.DataFrame:
    """Lines of the first row, whatever of it is left out later."""
    _TABLES[kind](model.estimator, example, hierarchy=model.hierarchy, **options)
    unsure = options.get("uncertainty", "auto")
    more = {"hierarchy": model.hierarchy, "uncertainty": unsure}
    return predict_top(model.estimator, example, k=1, **more)


# -- collections -----------------------------------------------------------------------


def _sent(model: NamedModel) -> Any:
    """Return the model for tasks: on the workers already, where there are any."""
    client = _client()
    if client is not None:
        return client.scatter(model, broadcast=True, hash=False)
    delayed = optional("dask", _CALLER, "cluster").delayed
    return delayed(model, name=f"model-{secrets.token_hex(8)}", traverse=False)


def _client() -> Any:
    """Return the cluster's client, if what is computed now is computed there."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    get = optional("dask.base", _CALLER, "cluster").get_scheduler()
    client = getattr(get, "__self__", None)
    there = isinstance(client, distributed.Client) and not client.asynchronous
    return client if there else None


def _arrays(work: Any, X: Any, model: NamedModel, kind: str) -> Any:
    dtype = np.dtype(bool if kind == "labels" else model.dtype)
    return X.map_blocks(
        work,
        model=_sent(model),
        dtype=dtype,
        chunks=(X.chunks[0], (len(model.nodes),)),
        drop_axis=list(range(2, X.ndim)),
        meta=np.empty((0, 0), dtype=dtype),
    )


def _frames(work: Any, X: Any, model: NamedModel, meta: pd.DataFrame) -> Any:
    return X.map_partitions(
        work,
        model=_sent(model),
        meta=meta.iloc[:0],
        enforce_metadata=False,
    )


def _tables(work: Any, X: Any, model: NamedModel, meta: pd.DataFrame) -> Any:
    delayed = optional("dask", _CALLER, "cluster").delayed
    frame = optional("dask.dataframe", _CALLER, "cluster")
    lengths = _lengths(X)
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    model_there = _sent(model)
    parts = [
        delayed(work)(part, model=model_there, start=start)
        for part, start in zip(X.to_delayed().ravel(), starts, strict=True)
    ]
    return frame.from_delayed(parts, meta=meta.iloc[:0], verify_meta=False)

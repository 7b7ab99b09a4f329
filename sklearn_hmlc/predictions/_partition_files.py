"""Dask collections of predictions, written to folders: Zarr and Parquet.

Stage: the last step of `predict_partitions`. In: a collection that is yet to be
computed. Out: a folder, whole or absent, and the collection that reads it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .._folders import whole_folder
from .._optional import optional
from .._validation import Node, check_unique, plain

_CALLER = "predict_partitions"

# What folders of ours have among their metadata, and those of others have not.
_MARK, _OURS = "written_by", f"sklearn_hmlc.predictions.{_CALLER}"

# Names in the folder of an array, in both formats of Zarr.
_IN_ZARR = re.compile(r"zarr\.json|c|\.zarray|\.zattrs|[0-9.]+")

#: What writes folders of each ending, and the extra with it.
ENDINGS = {
    ".zarr": ("zarr", _CALLER, "zarr"),
    ".parquet": ("pyarrow.parquet", _CALLER, "cluster"),
}


def is_own(ending: str) -> Callable[[Path], bool]:
    """Return what tells a folder of this kind, and nothing else in it, from others."""
    return _is_zarr if ending == ".zarr" else _is_parquet


def _is_zarr(folder: Path) -> bool:
    if not all(_IN_ZARR.fullmatch(entry.name) for entry in folder.iterdir()):
        return False
    try:
        array = optional(*ENDINGS[".zarr"]).open_array(str(folder), mode="r")
    except Exception:  # a group of arrays, say; each version has errors of its own
        return False
    return bool(array.attrs.get(_MARK) == _OURS)


def _is_parquet(folder: Path) -> bool:
    return all(map(_is_part, folder.iterdir()))


def _is_part(file: Path) -> bool:
    if not file.is_file() or file.suffix != ".parquet":
        return False
    try:
        schema = optional(*ENDINGS[".parquet"]).read_schema(file)
    except Exception:  # pyarrow's, or the system's
        return False
    return (schema.metadata or {}).get(_MARK.encode()) == _OURS.encode()


# -- arrays ----------------------------------------------------------------------------


def write_array(
    array: Any, out: str | os.PathLike[str], nodes: tuple[Node, ...], force: bool
) -> Any:
    """Write a Dask array in equal chunks to Zarr; ``nodes`` go with it as attribute."""
    if np.isnan(array.chunks[0]).any():
        raise ValueError(
            "Expected `X` with chunks of known size, to be written to Zarr; call "
            "`X.compute_chunk_sizes()` first."
        )
    zarr = optional(*ENDINGS[".zarr"])
    delayed = optional("dask", _CALLER, "cluster").delayed
    with whole_folder(out, force=force, is_own=_is_zarr) as folder:
        made = zarr.open_array(
            str(folder),
            mode="w",
            shape=array.shape,
            chunks=array.chunksize,
            dtype=array.dtype,
        )
        made.attrs[_MARK] = _OURS
        made.attrs["nodes"] = [_in_json(node) for node in nodes]
        starts = np.cumsum([0, *array.chunks[0][:-1]]).tolist()
        parts = zip(array.to_delayed().ravel(), starts, strict=True)
        _compute(delayed(_write_chunk)(str(folder), *part) for part in parts)
    return optional("dask.array", _CALLER, "cluster").from_zarr(os.fspath(out))


def _in_json(node: Node) -> Any:
    node = plain(node)
    return node if isinstance(node, str | int | float | bool) else str(node)


def _write_chunk(folder: str, block: np.ndarray, start: int) -> None:
    # Opened by each task: of a folder that is gone, after an error elsewhere, nothing
    # comes back.
    array = optional(*ENDINGS[".zarr"]).open_array(folder, mode="r+")
    try:
        array[start : start + len(block)] = block
    finally:
        if not _has_metadata(Path(folder)):  # gone in between, and made again by Zarr
            shutil.rmtree(folder, ignore_errors=True)


def _has_metadata(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("zarr.json", ".zarray"))


# -- frames ----------------------------------------------------------------------------


def write_frame(
    frame: Any,
    out: str | os.PathLike[str],
    example: pd.DataFrame,
    keep_index: bool,
    force: bool,
) -> Any:
    """Write a Dask frame to Parquet, a file per partition.

    ``example`` has some rows of it, which say what types the columns have.
    """
    delayed = optional("dask", _CALLER, "cluster").delayed
    example = _named(example)
    if keep_index:
        _check_index(example)
    schema = _schema(example, keep_index)
    with whole_folder(out, force=force, is_own=_is_parquet) as folder:
        parts = enumerate(frame.to_delayed())
        _compute(
            delayed(_write_part)(str(folder), number, part, schema, keep_index)
            for number, part in parts
        )
        read = optional("dask.dataframe", _CALLER, "cluster").read_parquet
        read(str(folder))  # what can't be read again has no name yet
    return read(os.fspath(out))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose columns are named by text, as Parquet has them.

    A categorical index becomes plain: parts may have other categories.
    """
    names = [str(name) for name in frame.columns]
    check_unique(names, "Names of nodes as text")
    index = frame.index
    if isinstance(index, pd.CategoricalIndex):
        index = index.astype(index.categories.dtype)
    return frame.set_axis(names, axis="columns").set_axis(index, axis="index")


def _check_index(frame: pd.DataFrame) -> None:
    if frame.index.name in frame.columns:
        raise ValueError(
            f"Expected the index of `X` to have a name of its own, but there is a node "
            f"{frame.index.name!r}, too; rename it: `X.index = X.index.rename('id')`."
        )


def _schema(example: pd.DataFrame, keep_index: bool) -> Any:
    pa = optional("pyarrow", _CALLER, "cluster")
    texts = {name for name in ("name", "namespace") if name in example}
    known = example.assign(**dict.fromkeys(texts, "")) if not keep_index else example
    try:
        schema = pa.Schema.from_pandas(known, preserve_index=keep_index)
        return schema.with_metadata({**(schema.metadata or {}), _MARK: _OURS})
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise ValueError(
            f"Expected ids and nodes of one type that Parquet has, but: {error}"
        ) from error


def _write_part(
    folder: str, number: int, frame: pd.DataFrame, schema: Any, keep_index: bool
) -> None:
    pa = optional("pyarrow", _CALLER, "cluster")
    parquet = optional(*ENDINGS[".parquet"])
    path = Path(folder, f"part.{number:06d}.parquet")
    table = pa.Table.from_pandas(_named(frame), schema, preserve_index=keep_index)
    parquet.write_table(table, path)


def _compute(tasks: Any) -> None:
    optional("dask", _CALLER, "cluster").compute(*tasks)

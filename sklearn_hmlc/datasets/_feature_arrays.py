"""Features in arrays with names: NumPy's files and HDF5.

Stage: a file -> `Columns`. A matrix and its ids beside each other, or a vector under
each id, as embeddings of proteins come.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from .._optional import optional
from .._validation import shorten
from ._columns import CALLER, Columns, as_ids, given_ids, numbered, whole

# What rows' ids, the matrix and its columns may be called beside each other.
_IDS = ("ids", "id", "index", "names", "keys", "accessions", "genes", "proteins")
_MATRICES = ("X", "data", "features", "embeddings", "matrix", "values")
_NAMES = ("feature_names", "columns", "features_names", "var_names")


def read_numpy(name: str, ids) -> Columns:
    # Opened here, since NumPy leaves a broken archive open.
    with whole(name), open(name, "rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return _matrix(name, "NumPy", loaded, given_ids(name, ids), None)
        with loaded:
            arrays = {key: loaded[key] for key in loaded.files}
    if {"format", "shape", "data"} <= arrays.keys():
        with whole(name):
            return _matrix(name, "NumPy", sp.load_npz(name), given_ids(name, ids), None)
    if ids is not None:
        key = _find_matrix(name, arrays, None)
        return _matrix(name, "NumPy", arrays[key], given_ids(name, ids), None)
    return _from_arrays(name, "NumPy", arrays)


def read_hdf5(name: str) -> Columns:
    h5py = optional("h5py", CALLER, "features")
    arrays = {}
    with whole(name), h5py.File(name, "r") as file:

        def visit(key: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                arrays[key] = item[()]

        file.visititems(visit)
    return _from_arrays(name, "HDF5", arrays)


def _from_arrays(name: str, kind: str, arrays: dict[str, Any]) -> Columns:
    """Take a matrix and its ids, or a vector under each id."""
    chosen = _find_ids(name, arrays)
    if chosen is not None:
        ids = as_ids(arrays[chosen], name)
        key = _find_matrix(name, arrays, chosen)
        names = [k for k in arrays if _last(k) in _NAMES]
        columns = as_ids(arrays[names[0]], name) if names else None
        return _matrix(name, kind, arrays[key], ids, columns)
    vectors = {key: np.asarray(array) for key, array in arrays.items()}
    flat = {
        key: array[0] if array.ndim == 2 and len(array) == 1 else array
        for key, array in vectors.items()
    }
    if not flat:
        raise ValueError(f"{name}: expected features, but it holds no data.")
    if len(flat) == 1 and next(iter(flat.values())).ndim == 2:
        raise ValueError(
            f"{name}: expected ids beside the matrix {next(iter(flat))!r}, under the "
            f"name 'ids'{', or as the argument `ids`' if kind == 'NumPy' else ''}."
        )
    first = next(iter(flat))
    for key, array in flat.items():
        if array.ndim != 1 or array.shape != flat[first].shape:
            raise ValueError(
                f"{name}: expected a vector of one length for every id, but {first!r} "
                f"has shape {vectors[first].shape} and {key!r} {vectors[key].shape}. "
                "Of one vector per residue take the mean first, and put ids beside a "
                "matrix under the name 'ids'."
            )
    return _matrix(name, kind, np.stack(list(flat.values())), list(flat), None)


def _last(key: str) -> str:
    return key.rpartition("/")[2]


def _find_ids(name: str, arrays: dict[str, Any]) -> str | None:
    """Return the key of the ids: text, or as long as a matrix beside them.

    A gene may well be called "names"; its vector has numbers of another length.
    """
    n_rows = {len(array) for array in arrays.values() if np.ndim(array) == 2}

    def has_ids(key: str) -> bool:
        array = np.asarray(arrays[key])
        is_text = array.dtype.kind in "SUO"
        return array.ndim == 1 and (is_text or len(array) in n_rows)

    found = [key for key in arrays if _last(key) in _IDS and has_ids(key)]
    # Of cells and genes, either may be the rows.
    fitting = [key for key in found if len(arrays[key]) in n_rows] or found
    plain = [key for key in fitting if _last(key) in ("ids", "id")]
    chosen = plain or fitting
    if len(chosen) > 1:
        raise ValueError(
            f"{name}: expected one array of ids, but it has {shorten(chosen)}; name "
            "that of the rows 'ids', and that of the columns 'feature_names'."
        )
    return chosen[0] if chosen else None


def _find_matrix(name: str, arrays: dict[str, Any], ids: str | None) -> str:
    """Return the key of the matrix: the only one, or one with a usual name."""
    found = [key for key, array in arrays.items() if np.ndim(array) == 2]
    usual = [key for key in found if _last(key) in _MATRICES]
    chosen = found if len(found) == 1 else usual
    beside = "the ids" if ids is None else f"the ids, which are in {ids!r}"
    if len(chosen) != 1:
        raise ValueError(
            f"{name}: expected one matrix beside {beside}, but it has "
            f"{shorten(found)}; name one of them {_MATRICES[0]!r}."
        )
    if ids is not None and len(arrays[chosen[0]]) != len(arrays[ids]):
        raise ValueError(
            f"{name}: there are {len(arrays[ids])} ids, but {len(arrays[chosen[0]])} "
            f"rows in {chosen[0]!r}; the ids are those in {ids!r}."
        )
    return chosen[0]


def _matrix(name: str, kind: str, matrix, ids: list[str], names) -> Columns:
    if matrix.ndim != 2:
        raise ValueError(
            f"{name}: expected a matrix (rows, features), but got shape {matrix.shape}."
        )
    if matrix.dtype.kind not in "biuf":
        raise ValueError(f"{name}: expected numbers, but got {matrix.dtype}.")
    if matrix.shape[0] != len(ids):
        raise ValueError(
            f"{name}: there are {len(ids)} ids, but {matrix.shape[0]} rows."
        )
    if matrix.dtype == np.float16:  # which few libraries compute with
        matrix = matrix.astype(np.float32)
    return Columns(name, kind, ids, matrix, names or numbered(matrix.shape[1]))

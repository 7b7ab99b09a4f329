"""Arrays that are not in memory: which they are, and some of their rows.

Stage: beside the checks at the door. In: `numpy.memmap`, arrays of Zarr and HDF5, and
whatever else has ``shape``, ``dtype`` and rows to ask for. Out: NumPy arrays of some
rows, in bounded memory. Nothing is written on what comes in, and nothing keeps it.
"""

from __future__ import annotations

import math
import mmap
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.utils import assert_all_finite

from ._words import shorten

# Entries that are read at a time (16 MB of float32).
_READ = 2**22

# What an array has, and what those have that are read by other means: arrays in memory
# or on a device, columns of frames, tensors, collections that are yet to be computed.
_ARRAY = {"shape", "dtype", "__getitem__"}
_OTHERS = {"__array_namespace__", "__cuda_array_interface__", "to_numpy", "numpy"}
_OTHERS |= {"dask"}


def is_on_disk(X: Any) -> bool:
    """Tell an array whose rows are to be read a few at a time from one in memory."""
    if isinstance(X, np.ndarray):
        return _is_mapped(X)
    if sp.issparse(X) or isinstance(X, np.generic) or is_dataset(X):
        return False
    # Looked up on the class, since an array of a closed file raises when it is asked.
    has = {*dir(type(X)), *getattr(X, "__dict__", ())}
    return has >= _ARRAY and not has & _OTHERS


def is_dataset(X: Any) -> bool:
    """Tell a torch Dataset: no array, whatever attributes of one it has."""
    data = sys.modules.get("torch.utils.data")  # else nothing can be a Dataset
    return data is not None and isinstance(X, data.Dataset)


def _is_mapped(X: np.ndarray) -> bool:
    base: Any = X
    while base is not None:
        if isinstance(base, np.memmap | mmap.mmap):
            return True
        base = getattr(base, "base", None)
    return False


def check_stored(X: Any, name: str = "X") -> None:
    """Raise where an array, most of all one on disk, has no numbers to read.

    Raises
    ------
    ValueError
        If it is a group of arrays, an array of a closed file, a single value, or values
        are masked.
    """
    kind = type(X).__name__
    if _library(X) and kind in ("Group", "File"):
        raise ValueError(
            f"Expected {name} as an array, but got a {_library(X)} {kind}, which holds "
            f"arrays; name one of them, such as {name}={_example(X)}."
        )
    check_unmasked(X)
    if not is_on_disk(X):
        return
    if _library(X) == "h5py" and not X:
        raise ValueError(
            f"Expected {name} of an open file, but got an h5py {kind} whose file is "
            "closed; use it inside `with h5py.File(...)`."
        )
    if len(X.shape) == 0:
        raise ValueError(f"Expected {name} as an array, but got a single value: {X!r}.")


def check_numbers(X: Any, name: str = "X") -> None:
    """Raise unless an array holds real numbers or booleans."""
    if np.dtype(X.dtype).kind not in "biuf":
        raise ValueError(
            f"Expected {name} of numbers, but got a {type(X).__name__} of dtype "
            f"{X.dtype}; store numbers."
        )


def _library(X: Any) -> str | None:
    module = type(X).__module__.partition(".")[0]
    return module if module in ("h5py", "zarr") else None


def _example(group: Any) -> str:
    try:
        names = sorted(group.keys())
    except Exception:  # of a closed file, say
        names = []
    if not names:
        return "group['features']"
    return f"group[{names[0]!r}]" + (
        f" (it has {shorten(names)})" if len(names) > 1 else ""
    )


# -- reading ---------------------------------------------------------------------------


def read_rows(X: Any, rows: Any) -> np.ndarray:
    """Return some rows as an array; ``rows`` is a slice or numbers in any order.

    Each row is asked for once and in ascending order: HDF5 takes no other, and of Zarr
    each chunk is unpacked once. What a slice gives of a memmap is a view.
    """
    if isinstance(rows, slice):
        return _dense(X[rows])
    rows = np.asarray(rows)
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    if isinstance(X, np.ndarray):
        return _dense(X[rows])
    if len(rows) == 0:
        return _dense(X[:0])
    rows = np.where(rows < 0, rows + X.shape[0], rows)
    ascending, places = np.unique(rows, return_inverse=True)
    part = _read_ascending(X, ascending)
    return part if np.array_equal(ascending, rows) else part[places]


def _read_ascending(X: Any, rows: np.ndarray) -> np.ndarray:
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == len(rows):
        return _dense(X[first : last + 1])
    return _dense(X.oindex[rows] if hasattr(X, "oindex") else X[rows])


def _dense(part: Any) -> np.ndarray:
    """Return rows as an array, whatever the library gives them as.

    Raises
    ------
    ValueError
        If values are masked: below the mask there is some number, which counts nothing.
    """
    if sp.issparse(part):  # of an AnnData file, say
        return np.asarray(part.toarray())
    check_unmasked(part)  # of netCDF
    return np.asarray(part)


def check_unmasked(part: Any) -> None:
    """Raise where values are masked, below which there is some number."""
    if isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part):
        raise ValueError(
            "Expected rows without missing values, but some are masked; fill them "
            "(`numpy.ma.filled`), or drop these rows."
        )


def read_all(X: Any) -> np.ndarray:
    """Return all of an array; text of HDF5 as text."""
    if _library(X) == "h5py" and X.dtype.kind in "OS":
        return np.asarray(X.asstr()[()])
    return _dense(X[slice(None)])


def blocks_of(X: Any, entries: int = _READ) -> Iterator[slice]:
    """Yield all rows, some at a time: so many entries, or a chunk if that is larger."""
    step = max(1, entries // max(1, math.prod(X.shape[1:])))
    chunk = (getattr(X, "chunks", None) or (1,))[0]
    # Of a chunk that is packed no part can be read alone.
    step = max(chunk, step - step % chunk)
    yield from parts_of(X.shape[0], step)


def parts_of(n_rows: int, size: int) -> Iterator[slice]:
    """Yield slices of so many rows; none where there are no rows."""
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def sparse_rows(Y: Any, check: Callable[[np.ndarray], None]) -> sp.csr_array:
    """Return a 2-D array of 0 and 1 as CSR, read and checked block by block."""
    parts = []
    for rows in blocks_of(Y):
        block = read_rows(Y, rows)
        check(block)
        # SciPy takes numbers neither of two bytes nor in another order of bytes.
        parts.append(sp.csr_array(block.astype(bool)))
    if not parts:
        return sp.csr_array(Y.shape, dtype=bool)
    return sp.csr_array(sp.vstack(parts, format="csr"))


class Mapped:
    """A `numpy.memmap` that is no `ndarray`: others take copies of these.

    To another process it goes by the name of its file, unless it is a part of one, or
    may have been written on in memory alone (``mode="c"``).
    """

    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape, self.dtype, self.ndim = X, X.shape, X.dtype, X.ndim

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.asarray(self.X[rows])

    def __reduce__(self) -> Any:
        X: Any = self.X
        whole = isinstance(X, np.memmap) and isinstance(X.base, mmap.mmap)
        if not whole or X.mode == "c":
            return Mapped, (np.array(X),)
        order = "C" if X.flags.c_contiguous else "F"
        where = X.filename, X.dtype, "r", X.offset, X.shape, order
        return _mapped_again, where


def _mapped_again(*where: Any) -> Mapped:
    return Mapped(np.memmap(*where))


class OnDisk:
    """Features that are not in memory, as a net reads them: of one dtype, and finite.

    Parameters
    ----------
    X : array of numbers that `is_on_disk`
    dtype : dtype
        What rows become when they are read.
    estimator_name : str
        For messages.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    checked : bool
        Whether all rows are known to be finite. Else they are looked at when read.
    """

    def __init__(self, X: Any, dtype: Any, estimator_name: str) -> None:
        self.X, self.dtype = X, np.dtype(dtype)
        self.shape, self.ndim = tuple(X.shape), len(X.shape)
        self.estimator_name = estimator_name
        self.checked = np.dtype(X.dtype).kind != "f" or get_config()["assume_finite"]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Return some rows, with memory of their own."""
        part = read_rows(self.X, rows)
        with np.errstate(over="ignore", invalid="ignore"):
            # What is too large for the dtype becomes infinite and is reported as that.
            # Rows by number are a copy, but where another library gave a part of what
            # it has in memory.
            copied = not isinstance(rows, slice) and isinstance(self.X, np.ndarray)
            own = part.astype(self.dtype, order="C", copy=not copied)
        if not self.checked:
            self._check(own, rows)
        return own

    def check(self) -> OnDisk:
        """Look at all rows once, block by block; raise unless they are finite."""
        if not self.checked:
            for rows in blocks_of(self.X):
                self[rows]
            self.checked = True
        return self

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all rows, some at a time."""
        for rows in blocks_of(self.X):
            yield self[rows]

    def _check(self, part: np.ndarray, rows: Any) -> None:
        try:
            assert_all_finite(part, estimator_name=self.estimator_name, input_name="X")
        except ValueError as error:
            bad = ~np.isfinite(part).all(axis=tuple(range(1, part.ndim)))
            where = int(np.arange(len(self))[rows][np.argmax(bad)])
            raise ValueError(f"In row {where} of X: {error}") from None

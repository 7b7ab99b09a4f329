"""Which arrays are on disk, and some rows of them."""

import array
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
import zarr
from torch.utils.data import Dataset

from sklearn_hmlc._on_disk import OnDisk, blocks_of, check_stored, is_on_disk, read_rows
from tests.classifier.common import Foreign

VALUES = np.arange(120.0).reshape(40, 3)


@pytest.fixture
def places(tmp_path):
    np.save(tmp_path / "x.npy", VALUES)
    file = h5py.File(tmp_path / "x.h5", "w")
    stored = zarr.open_array(
        str(tmp_path / "x.zarr"), mode="w", shape=(40, 3), chunks=(7, 2), dtype="f8"
    )
    stored[:] = VALUES
    return {
        "memmap": np.load(tmp_path / "x.npy", mmap_mode="r"),
        "hdf5": file.create_dataset("x", data=VALUES, chunks=(7, 3)),
        "zarr": stored,
    }


def test_which_are_on_disk(places):
    mapped = places["memmap"]
    for X in (*places.values(), mapped[3:], np.asarray(mapped)):
        assert is_on_disk(X)
    for X in (
        VALUES,
        mapped[[1, 2]],  # a copy
        sp.csr_array(VALUES),
        torch.ones(2, 2),
        pd.DataFrame(VALUES),
        pd.Series(VALUES[0]),
        pd.array([1, 2]),
        pd.Index([1]),
        pl.Series([1]),
        pl.DataFrame({"a": [1]}),
        pa.table({"a": [1]}),
        da.ones((2, 2)),
        np.float32(1),
        array.array("d", [1.0]),
        [[1.0]],
        "text",
        None,
        Path(),
    ):
        assert not is_on_disk(X), type(X)


def test_datasets_are_no_arrays():
    class Described(Dataset):
        shape, dtype = (40, 3), torch.float32

    assert not is_on_disk(Described())


@pytest.mark.parametrize("rows", [slice(3, 9), [3, 4, 5], [5, 3]], ids=str)
def test_what_other_libraries_give(rows):
    sparse = read_rows(Foreign(VALUES, sp.csr_matrix), rows)
    np.testing.assert_array_equal(sparse, VALUES[rows])
    whole = Foreign(VALUES, np.ma.masked_array)
    np.testing.assert_array_equal(read_rows(whole, rows), VALUES[rows])
    holes = Foreign(VALUES, lambda x: np.ma.masked_greater(x, 10))
    with pytest.raises(ValueError, match="some are masked; fill them"):
        read_rows(holes, rows)


@pytest.mark.parametrize("rows", [slice(3, 9), [3, 4, 5], [5, 3]], ids=str)
def test_batches_have_memory_of_their_own(rows, places):
    for X in (Foreign(VALUES), places["memmap"]):
        own = OnDisk(X, VALUES.dtype, "Some")[rows]
        assert not np.shares_memory(own, X[:])


def test_a_single_value_is_no_array(tmp_path):
    np.save(tmp_path / "one.npy", 1.0)
    with pytest.raises(ValueError, match="y as an array, but got a single value"):
        check_stored(np.load(tmp_path / "one.npy", mmap_mode="r"), "y")


@pytest.mark.parametrize("place", ["memmap", "hdf5", "zarr"])
@pytest.mark.parametrize(
    "rows",
    [
        slice(3, 9),
        slice(None),
        slice(0, 0),
        [5],
        [7, 8, 9],
        [39, 0, 17, 3],
        [4, 4, 1, 4],
        [-1, 2, -40],
        [],
        np.arange(40) % 3 == 0,
    ],
    ids=str,
)
def test_rows_in_any_order(places, place, rows):
    rows = (
        rows
        if isinstance(rows, slice)
        else np.array(rows, dtype=int if len(rows) != 40 else bool)
    )
    found = read_rows(places[place], rows)
    np.testing.assert_array_equal(found, VALUES[rows])
    assert isinstance(found, np.ndarray)


def test_blocks_end_where_chunks_do(places):
    def sizes(place, entries):
        return [rows.stop - rows.start for rows in blocks_of(places[place], entries)]

    assert sizes("memmap", 60) == [20, 20]
    assert sizes("zarr", 60) == [14, 14, 12]  # not 20, in the midst of a chunk
    assert sizes("hdf5", 6) == [7, 7, 7, 7, 7, 5]  # a chunk is read whole

"""What is predicted by partitions, in folders of Zarr and Parquet."""

import os
import shutil

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import zarr

from sklearn_hmlc.predictions import (
    predict_dense,
    predict_partitions,
    predict_top,
)
from sklearn_hmlc.predictions._partition_files import _write_chunk
from tests.classifier.common import TREE

from .rows import FRAME, X, lazy, lazy_frame

# Dask, of pandas.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


def test_zarr(exact, tmp_path):
    out = tmp_path / "proba.zarr"
    found = predict_partitions(exact, lazy(), out=out)
    assert isinstance(found, da.Array)
    np.testing.assert_array_equal(found.compute(), predict_dense(exact, X))
    stored = zarr.open_array(str(out), mode="r")
    assert stored.chunks == (45, TREE.n_nodes)  # one task writes a chunk
    assert stored.attrs["nodes"] == list(TREE.nodes)
    assert os.listdir(tmp_path) == ["proba.zarr"]


def test_parquet(exact, on_frames, tmp_path):
    out = tmp_path / "top.parquet"
    found = predict_partitions(exact, lazy(), "top", k=2, out=out)
    pd.testing.assert_frame_equal(
        found.compute().reset_index(drop=True),
        predict_top(exact, X, k=2),
        check_dtype=False,
    )
    assert pd.read_parquet(out).shape == (200, 4)
    out = tmp_path / "proba.parquet"
    found = predict_partitions(on_frames, lazy_frame(), out=out).compute()
    expected = predict_partitions(on_frames, lazy_frame()).compute()
    pd.testing.assert_frame_equal(found, expected, check_index_type=False)
    assert sorted(os.listdir(tmp_path)) == ["proba.parquet", "top.parquet"]


def test_rows_without_a_line(exact, tmp_path):
    out = tmp_path / "top.parquet"
    found = predict_partitions(exact, lazy(), "top", min_proba=1.0, out=out)
    lines = predict_top(exact, X, min_proba=1.0)
    assert found.compute()["id"].tolist() == lines["id"].tolist()
    assert len(set(lines["id"])) < len(X)


def test_a_place_that_is_taken(exact, tmp_path):
    out = tmp_path / "proba.zarr"
    predict_partitions(exact, lazy()[:50], out=out)
    with pytest.raises(ValueError, match="exists; name another"):
        predict_partitions(exact, lazy(), out=out)
    assert zarr.open_array(str(out), mode="r").shape[0] == 50
    predict_partitions(exact, lazy(), out=out, force=True)
    assert zarr.open_array(str(out), mode="r").shape[0] == 100
    mine = tmp_path / "mine.parquet"
    mine.mkdir()
    (mine / "letter.txt").touch()
    with pytest.raises(ValueError, match="holds something else"):
        predict_partitions(exact, lazy(), "top", out=mine, force=True)
    assert os.listdir(mine) == ["letter.txt"]


def test_folders_of_others_stay(exact, tmp_path):
    """Of the same kind, but written by somebody else."""
    array = tmp_path / "array.zarr"
    zarr.open_array(str(array), mode="w", shape=(3,), dtype="f8")[:] = 1
    group = tmp_path / "group.zarr"
    zarr.open_group(str(group), mode="w").create_array("x", data=X)
    more = tmp_path / "more.zarr"
    predict_partitions(exact, lazy(), out=more)
    (more / "letter.txt").touch()
    frame = tmp_path / "frame.parquet"
    lazy_frame().to_parquet(frame)
    for place in (array, group, more, frame):
        kind = "proba" if place.suffix == ".zarr" else "top"
        with pytest.raises(ValueError, match="holds something else"):
            predict_partitions(exact, lazy(), kind, out=place, force=True)
    assert zarr.open_array(str(array), mode="r")[:].tolist() == [1, 1, 1]
    assert zarr.open_group(str(group), mode="r")["x"].shape == X.shape
    assert (more / "letter.txt").exists()
    assert len(dd.read_parquet(frame)) == len(X)


def test_parquet_is_replaced(exact, tmp_path):
    out = tmp_path / "top.parquet"
    predict_partitions(exact, lazy(), "top", k=1, out=out)
    found = predict_partitions(exact, lazy(), "top", k=2, out=out, force=True)
    assert len(found) == 2 * len(X)


def test_an_index_of_categories(on_frames, tmp_path):
    parts = [FRAME.iloc[k : k + 50] for k in (0, 50)]
    parts = [part.set_axis(pd.CategoricalIndex(part.index)) for part in parts]
    given = dd.from_map(lambda k: parts[k], [0, 1], meta=parts[0].iloc[:0])
    found = predict_partitions(on_frames, given, out=tmp_path / "x.parquet")
    assert found.compute().index.tolist() == FRAME.index.tolist()


def test_an_index_with_the_name_of_a_node(on_frames, tmp_path):
    given = lazy_frame().rename_axis(index=TREE.nodes[1])
    with pytest.raises(ValueError, match="a name of its own, but there is a node"):
        predict_partitions(on_frames, given, out=tmp_path / "x.parquet")
    assert os.listdir(tmp_path) == []


def test_ids_stay_what_they_are(on_frames):
    """Numbers of the first partition's type are none where others have text."""
    first = FRAME.iloc[:50].reset_index(drop=True)
    for names in ([f"0{k}" for k in range(50)], np.arange(50) + 0.5):
        each = [first, FRAME.iloc[50:].set_axis(names)]
        given = dd.from_delayed([dask.delayed(part) for part in each], first.iloc[:0])
        found = predict_partitions(on_frames, given, "top", k=1)
        with pytest.raises(ValueError, match="int64 in all partitions"):
            found.compute()


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_nothing_is_left_of_a_failure(exact, tmp_path, scheduler):
    rows = X.copy()
    rows[90, 2] = np.nan
    bad = da.from_array(rows, chunks=(10, 8))
    out = tmp_path / "proba.zarr"
    predict_partitions(exact, lazy(), out=out)
    with dask.config.set(scheduler=scheduler):
        with pytest.raises(ValueError, match="NaN"):
            predict_partitions(exact, bad, out=out, force=True)
        with pytest.raises(ValueError, match="NaN"):
            predict_partitions(exact, bad, "top", out=tmp_path / "top.parquet")
    assert os.listdir(tmp_path) == ["proba.zarr"]
    np.testing.assert_array_equal(
        zarr.open_array(str(out), mode="r")[:], predict_dense(exact, X)
    )


def test_what_is_written_too_late_is_removed(tmp_path):
    """By a thread that had opened the array before the folder was removed."""
    folder = tmp_path / "x.zarr"
    zarr.open_array(str(folder), mode="w", shape=(4, 2), dtype="f8")

    class Late(np.ndarray):
        def __len__(self):
            shutil.rmtree(folder, ignore_errors=True)
            return 4

    _write_chunk(str(folder), np.ones((4, 2)).view(Late), 0)
    assert os.listdir(tmp_path) == []

"""Dask arrays and frames, partition by partition."""

import os
import pickle
import shutil
from itertools import pairwise

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import zarr
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc._on_disk import Mapped
from sklearn_hmlc.postprocessing import CoherentClassifier
from sklearn_hmlc.predictions import (
    iter_proba,
    predict_dense,
    predict_frame,
    predict_labels,
    predict_partitions,
    predict_top,
)
from sklearn_hmlc.predictions._partition_files import _write_chunk
from tests.classifier.common import TREE, make_data, on_disk, small

# Dask, of pandas.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

X, Y = make_data(n_samples=100)
SIZES = (30, 0, 45, 25)
STARTS = np.cumsum((0, *SIZES)).tolist()
PARTS = [slice(*ends) for ends in pairwise(STARTS) if len(set(ends)) > 1]
FRAME = pd.DataFrame(
    X, columns=[f"f{k}" for k in range(8)], index=[f"row {k:03d}" for k in range(100)]
)


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module")
def net():
    return small().fit(X, Y)


@pytest.fixture(scope="module")
def on_frames():
    """A pipeline, fitted on frames whose labels stand in another order than nodes."""
    nodes = list(TREE.nodes)[::-1]
    labels = pd.DataFrame(Y[:, ::-1], columns=nodes)
    return make_pipeline(StandardScaler(), small()).fit(FRAME, labels)


@pytest.fixture(scope="module")
def exact():
    """What answers the same, whatever rows are asked about beside."""
    return CoherentClassifier(KNeighborsClassifier(3), TREE).fit(X, Y)


def lazy():
    return da.from_array(X, chunks=(SIZES, (5, 3)))


def lazy_frame():
    return dd.from_pandas(FRAME, npartitions=3, sort=False)


def frames():
    return [part for part in dask.compute(*lazy_frame().to_delayed()) if len(part)]


# -- arrays ----------------------------------------------------------------------------


def test_arrays_give_arrays(net, exact):
    found = predict_partitions(net, lazy())
    assert isinstance(found, da.Array)
    assert (found.dtype, found.shape) == (np.float32, Y.shape)
    assert found.chunks == (SIZES, (TREE.n_nodes,))
    expected = np.concatenate([predict_dense(net, X[part]) for part in PARTS])
    np.testing.assert_array_equal(found.compute(), expected)
    whole = predict_partitions(exact, lazy()).compute()
    np.testing.assert_array_equal(whole, predict_dense(exact, X))
    labels = predict_partitions(exact, lazy(), "labels")
    assert labels.dtype == bool
    np.testing.assert_array_equal(labels.compute(), predict_labels(exact, X).toarray())


def test_columns_are_in_node_order(on_frames):
    found = predict_partitions(on_frames, lazy_frame())
    assert list(found.columns) == list(TREE.nodes)
    for part, rows in zip(found.partitions, frames(), strict=True):
        expected = predict_dense(on_frames, rows)
        np.testing.assert_array_equal(part.compute().to_numpy(), expected)


def test_sparse_blocks(net):
    blocks = da.from_array(X, chunks=(50, 8)).map_blocks(sp.csr_array)
    found = predict_partitions(net, blocks).compute()
    parts = [predict_dense(net, sp.csr_array(X[k : k + 50])) for k in (0, 50)]
    np.testing.assert_array_equal(found, np.concatenate(parts))


def test_tables_of_arrays(exact):
    found = predict_partitions(exact, lazy(), "top", k=2, min_proba=0.4)
    expected = predict_top(exact, X, k=2, min_proba=0.4)
    assert found.dtypes.to_dict() == expected.dtypes.to_dict()
    pd.testing.assert_frame_equal(
        found.compute().reset_index(drop=True), expected, check_exact=True
    )
    found = predict_partitions(exact, lazy(), "frame", only_decided=True).compute()
    expected = predict_frame(exact, X, only_decided=True)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected)


def test_chunks_of_unknown_size(net):
    some = lazy()[da.from_array(X[:, 0] > 0, chunks=(SIZES,))]
    found = predict_partitions(net, some).compute()
    assert found.shape == ((X[:, 0] > 0).sum(), TREE.n_nodes)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        predict_partitions(net, some, "top")
    some.compute_chunk_sizes()
    assert len(predict_partitions(net, some, "top", k=1)) == len(found)


def test_large_chunks_are_split(net, monkeypatch):
    monkeypatch.setattr("sklearn_hmlc.predictions._blocks.BLOCK_CELLS", 20 * 6)
    found = predict_partitions(net, lazy())
    assert found.chunks[0] == (20, 10, 20, 20, 5, 20, 5)
    assert len(found.compute()) == len(X)


def test_images(net):
    import torch

    images = X.reshape(-1, 2, 2, 2).astype(np.float32)
    clf = small(encoder=torch.nn.Flatten()).fit(images, Y)
    found = predict_partitions(clf, da.from_array(images, chunks=(60, 1, 2, 2)))
    assert found.shape == Y.shape
    expected = [predict_dense(clf, images[:60]), predict_dense(clf, images[60:])]
    np.testing.assert_array_equal(found.compute(), np.concatenate(expected))


@pytest.mark.parametrize("kind", ["memmap", "hdf5", "zarr"])
def test_arrays_on_disk(kind, exact, tmp_path, monkeypatch):
    monkeypatch.setattr("sklearn_hmlc.predictions._blocks.BLOCK_CELLS", 20 * 8)
    given = on_disk(kind, X, tmp_path)
    found = predict_partitions(exact, given)
    assert found.chunks[0] == (20, 20, 20, 20, 20)
    np.testing.assert_array_equal(found.compute(), predict_dense(exact, X))
    table = predict_partitions(exact, given, "top", k=2).compute()
    assert table.reset_index(drop=True).equals(predict_top(exact, X, k=2))


def test_a_mapped_file_travels_by_its_name(tmp_path):
    mapped = on_disk("memmap", X, tmp_path)
    whole, part = Mapped(mapped), Mapped(mapped[20:])
    sent = pickle.dumps(whole)
    assert len(sent) < 500 < X.nbytes
    np.testing.assert_array_equal(pickle.loads(sent)[3:7], X[3:7])
    np.testing.assert_array_equal(part[3:7], X[23:27])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(part))[3:7], X[23:27])
    written_on = np.load(mapped.filename, mmap_mode="c")  # in memory alone
    written_on[3] = 0
    sent = pickle.loads(pickle.dumps(Mapped(written_on)))
    np.testing.assert_array_equal(sent[3:7], written_on[3:7])


# -- frames ----------------------------------------------------------------------------


def test_frames_keep_their_index(on_frames):
    found = predict_partitions(on_frames, lazy_frame(), "labels")
    assert found.npartitions == 3
    assert found.compute().index.equals(FRAME.index)
    table = predict_partitions(on_frames, lazy_frame(), "top", k=2)
    expected = pd.concat([predict_top(on_frames, part, k=2) for part in frames()])
    pd.testing.assert_frame_equal(table.compute(), expected, check_exact=True)


def test_columns_are_checked_at_the_door(on_frames):
    with pytest.raises(ValueError, match="feature names should match"):
        predict_partitions(on_frames, lazy_frame()[list(FRAME.columns[::-1])])
    with pytest.raises(ValueError, match="feature names should match"):
        predict_partitions(on_frames, lazy_frame()[list(FRAME.columns[1:])])


# -- files -----------------------------------------------------------------------------


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


# -- what does not fit -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: predict_partitions(m, X), TypeError, "numpy.ndarray; make one"),
        (lambda m: predict_partitions(m, FRAME), TypeError, "pandas.DataFrame; make"),
        (lambda m: predict_partitions(m, lazy(), "tops"), ValueError, "mean 'top'"),
        (lambda m: predict_partitions(m, lazy(), k=3), TypeError, "has no options"),
        (lambda m: predict_partitions(m, lazy(), "top", kk=3), TypeError, "mean 'k'"),
        (lambda m: predict_partitions(m, lazy(), "top", k=0), ValueError, "`k` of 1"),
        (lambda m: predict_partitions(m, lazy()[:0]), ValueError, "it has none"),
        (lambda m: predict_partitions(m, lazy()[:, :3]), ValueError, "3 features"),
        (lambda m: predict_partitions(m, lazy(), out="x.npy"), ValueError, "'.zarr'"),
        (
            lambda m: predict_partitions(m, lazy(), "top", out="x.zarr"),
            ValueError,
            "end on '.parquet', since kind='top' gives a frame",
        ),
        (
            lambda m: predict_partitions(m, lazy(), out="nowhere/x.zarr"),
            ValueError,
            "there is no folder",
        ),
        (lambda m: iter_proba(m, lazy()), TypeError, "predict_partitions"),
        (lambda m: predict_top(m, lazy_frame()), TypeError, "predict_partitions"),
    ],
)
def test_what_does_not_fit(exact, call, error, message):
    with pytest.raises(error, match=message):
        call(exact)


def test_rows_without_an_answer(exact):
    class Mute(Travelling):
        def predict_proba(self, X):
            return super().predict_proba(X)[:1]

    with pytest.raises(ValueError, match=r"each of .* rows, but got 1 answers"):
        predict_partitions(Mute(exact), lazy()).compute()


# -- a cluster -------------------------------------------------------------------------


class Travelling:
    """A model that counts how often it leaves this process."""

    left = 0

    def __init__(self, model):
        self.model = model
        self.classes_, self.hierarchy_ = model.classes_, model.hierarchy_

    def predict_proba(self, X):
        return self.model.predict_proba(X)

    def __reduce__(self):
        Travelling.left += 1
        return pickle.loads, (pickle.dumps(self.model),)


@pytest.mark.filterwarnings("ignore")
def test_the_model_is_sent_once(net, tmp_path):
    from distributed import Client

    many = da.from_array(X, chunks=(5, 8))
    model = Travelling(net)
    with (
        Client(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ),
        dask.config.set(scheduler=None),
    ):
        Travelling.left = 0
        found = predict_partitions(model, many)
        proba = found.compute()
        assert Travelling.left <= 1
        written = predict_partitions(model, many, out=tmp_path / "x.zarr").compute()
        stored = on_disk("hdf5", X, tmp_path)
        with pytest.raises(ValueError, match="open file of h5py; give a memmap"):
            predict_partitions(net, stored)
        with dask.config.set(scheduler="synchronous"):  # whether there is one or not
            here = predict_partitions(net, many).compute()
            from_file = predict_partitions(net, stored).compute()
    expected = [predict_dense(net, X[k : k + 5]) for k in range(0, 100, 5)]
    np.testing.assert_array_equal(proba, np.concatenate(expected))
    np.testing.assert_array_equal(written, proba)
    np.testing.assert_array_equal(here, proba)
    np.testing.assert_array_equal(from_file, predict_dense(net, X))

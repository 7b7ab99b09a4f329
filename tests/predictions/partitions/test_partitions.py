"""Dask arrays and frames, partition by partition."""

import pickle

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_hmlc._on_disk import Mapped
from sklearn_hmlc.predictions import (
    iter_proba,
    predict_dense,
    predict_frame,
    predict_labels,
    predict_partitions,
    predict_top,
)
from tests.classifier.common import TREE, on_disk, small

from .rows import FRAME, PARTS, SIZES, X, Y, frames, lazy, lazy_frame

# Dask, of pandas.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


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

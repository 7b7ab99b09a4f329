"""Rows that are not in memory: the same model, read a batch at a time."""

import gc
import pickle
import weakref

import h5py
import numpy as np
import pytest
import scipy.sparse as sp
import torch
import zarr
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from sklearn_hmlc import LPROS
from sklearn_hmlc.postprocessing import NodeThresholdClassifier
from sklearn_hmlc.predictions import iter_proba, predict_dense, predict_top
from tests.classifier.common import TREE, Counting, Foreign, make_data, on_disk, small

X, Y = make_data(n_samples=150)
KINDS = ["memmap", "fortran", "hdf5", "zarr", "dataset", "counting"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["f8", "i2"])
def test_same_bits_as_in_memory(kind, dtype, tmp_path):
    values = (X * 10).astype(dtype)
    params = {"batch_size": 32, "early_stopping": True, "sampler": LPROS()}
    weight = np.arange(len(X)) % 3  # every third row is none
    given = on_disk(kind, values, tmp_path)
    here = small(**params).fit(values, Y, weight)
    there = small(**params).fit(given, sp.csr_array(Y), weight)
    assert there.n_features_in_ == 8
    expected = here.predict_proba(values)
    np.testing.assert_array_equal(there.predict_proba(values), expected)
    np.testing.assert_array_equal(there.predict_proba(given), expected)
    assert there.predict(given).toarray().tolist() == here.predict(values).tolist()
    assert there.score(given, Y) == here.score(values, Y)
    uncertain = there.predict_uncertainty(given)
    np.testing.assert_array_equal(uncertain, here.predict_uncertainty(values))


@pytest.mark.parametrize("kind", ["memmap", "hdf5", "zarr"])
@pytest.mark.parametrize("dtype", ["i1", "?", ">f4", "f2"])
def test_labels_on_disk(kind, dtype, tmp_path):
    labels = Y.astype(dtype)
    clf = small().fit(X, on_disk(kind, labels, tmp_path))
    expected = small().fit(X, labels)
    np.testing.assert_array_equal(clf.predict_proba(X), expected.predict_proba(X))
    assert clf.predict(X).dtype == dtype
    assert type(clf.predict(X)) is np.ndarray


def test_nothing_is_written_on_what_others_have_in_memory():
    class Scale(torch.nn.Flatten):
        def forward(self, x):
            return super().forward(x.mul_(2))

    values = X.astype(np.float32)
    clf = small(encoder=Scale()).fit(Foreign(values), Y)
    clf.predict_proba(Foreign(values))
    np.testing.assert_array_equal(values, X.astype(np.float32))


@pytest.mark.parametrize("kind", ["memmap", "hdf5", "zarr"])
def test_one_label_per_row(kind, tmp_path):
    y = np.arange(len(X)) % 3
    clf = small(None).fit(X, on_disk(kind, y, tmp_path))
    assert clf.classes_.tolist() == [0, 1, 2]
    assert clf.score(X, on_disk(kind, y[:], tmp_path / "..")) == clf.score(X, y)


def test_text_of_hdf5(tmp_path):
    names = np.array(["a", "b", "c"])[np.arange(len(X)) % 3]
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file["y"] = names.astype("S")
        file["text"] = names.astype(object)
        for name in ("y", "text"):
            assert small(None).fit(X, file[name]).classes_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["memmap", "hdf5", "zarr"])
def test_images(kind, tmp_path):
    images = (np.abs(X) * 20).astype(np.uint8).reshape(-1, 1, 2, 4)
    encoder = torch.nn.Conv2d(1, 2, 1)
    given = on_disk(kind, images, tmp_path)
    clf = small(encoder=encoder).fit(given, Y)
    expected = small(encoder=encoder).fit(images, Y)
    assert clf.input_shape_ == (1, 2, 4)
    np.testing.assert_array_equal(
        clf.predict_proba(given), expected.predict_proba(X=images)
    )


def test_never_more_rows_than_a_block(monkeypatch):
    monkeypatch.setattr("sklearn_hmlc._on_disk.blocks_of.__defaults__", (8 * 20,))
    monkeypatch.setattr("sklearn_hmlc._sizes._NUMBERS", 8 * 20)
    monkeypatch.setattr("sklearn_hmlc._sizes._LEAST", 10)
    given, labels = Counting(X), Counting(Y)
    clf = small(batch_size=16, early_stopping=True, max_epochs=2).fit(given, labels)
    # One look at the form, one at all rows, one at neighbours and the width of a row,
    # one per batch, validation rows.
    assert max(given.asked) <= 20
    assert sum(given.asked) <= 1 + len(X) + 1 + 20 + 2 * (135 + 2 * 15) + 4
    assert max(labels.asked) <= 8 * 20 // 6
    given.asked.clear()
    blocks = iter_proba(clf, given, batch_size=13)
    expected = list(iter_proba(clf, X, batch_size=13))
    for block, rows in zip(blocks, expected, strict=True):
        np.testing.assert_array_equal(block, rows)
    assert max(given.asked) <= 13
    assert sum(given.asked) <= len(X) + 1


@pytest.mark.parametrize("kind", ["hdf5", "zarr", "counting"])
def test_predictions_of_what_is_on_disk(kind, tmp_path):
    clf, given = small().fit(X, Y), on_disk(kind, X, tmp_path)
    np.testing.assert_array_equal(predict_dense(clf, given), predict_dense(clf, X))
    assert predict_top(clf, given, k=2).equals(predict_top(clf, X, k=2))


@pytest.mark.parametrize("kind", ["hdf5", "zarr"])
def test_predictions_onto_the_disk(kind, tmp_path):
    clf = small().fit(X, Y)
    out = on_disk(kind, np.zeros(Y.shape, np.float32), tmp_path)
    assert predict_dense(clf, X, out=out, batch_size=40) is out
    np.testing.assert_array_equal(out[:], predict_dense(clf, X, batch_size=40))
    with pytest.raises(ValueError, match=r"`out` as a writeable array of floats"):
        predict_dense(clf, X[:5], out=out)


def test_predictions_where_nothing_can_be_written(tmp_path):
    clf = small().fit(X, Y)
    path = tmp_path / "proba.zarr"
    zarr.open_array(str(path), mode="w", shape=Y.shape, dtype="f4")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["proba"] = np.zeros(Y.shape)
    with h5py.File(tmp_path / "x.h5", "r") as file:
        for out in (file["proba"], zarr.open_array(str(path), mode="r")):
            with pytest.raises(ValueError, match=r"\(150, 6\), read-only"):
                predict_dense(clf, X, out=out)


def test_nothing_is_kept():
    given = Counting(X)
    there = weakref.ref(given)
    clf = small(early_stopping=True).fit(given, Y)
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    del given
    gc.collect()
    assert there() is None


def test_open_files_are_not_in_the_pickle(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = X
        clf = small(early_stopping=True).fit(file["x"], Y)
    pickle.loads(pickle.dumps(clf)).predict(X)
    clone(clf)


def test_going_on_and_more_rows(tmp_path):
    given = on_disk("zarr", X, tmp_path)
    params = {"warm_start": True}
    clf, here = small(**params).fit(given, Y), small(**params).fit(X, Y)
    clf.fit(given, Y), here.fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), here.predict_proba(X))
    clf, here = small().partial_fit(given, Y), small().partial_fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), here.predict_proba(X))


def test_validation_rows_of_your_own(tmp_path):
    valid = on_disk("hdf5", X[:40], tmp_path)
    clf = small(early_stopping=True, scoring="average_precision")
    there = clone(clf).fit(on_disk("hdf5", X, tmp_path), Y, X_val=valid, y_val=Y[:40])
    here = clf.fit(X, Y, X_val=X[:40], y_val=Y[:40])
    assert there.validation_scores_ == here.validation_scores_


def test_checkpoints_know_the_same_rows(tmp_path):
    """What was begun in memory goes on from the disk: the rows are the same."""
    params = {"checkpoint": tmp_path / "kept", "checkpoint_every": 0}
    here = small(**params).fit(X.astype(np.float32), Y)
    there = small(**params).fit(on_disk("zarr", X, tmp_path), Y)
    np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))
    with pytest.raises(ValueError, match="X"):
        small(**params).fit(on_disk("hdf5", X + 1, tmp_path), Y)


@pytest.mark.parametrize("images", [False, True])
def test_checkpoints_know_the_rows_that_count(images, tmp_path):
    """Those of weight 0 are left out, whatever they are; all others are looked at."""
    params = {"checkpoint": tmp_path / "kept", "checkpoint_every": 0}
    weight, values = np.arange(len(X)) % 3, X.astype(np.float32)
    given = values
    if images:
        given = values.reshape(-1, 2, 2, 2)
        params["encoder"] = torch.nn.Flatten()
    here = small(**params).fit(given, Y, weight)
    other = np.where(weight.reshape(-1, *(1,) * (given.ndim - 1)), given, 5)
    there = small(**params).fit(on_disk("memmap", other, tmp_path), Y, weight)
    np.testing.assert_array_equal(there.predict_proba(given), here.predict_proba(given))
    for changed in (given + 1, on_disk("zarr", given + 1, tmp_path)):
        with pytest.raises(ValueError, match="X differs"):
            small(**params).fit(changed, Y, weight)


def test_wrappers(tmp_path):
    given = on_disk("hdf5", X, tmp_path)
    wrapper = NodeThresholdClassifier(small(), strategy="f1", cv=2, random_state=0)
    there, here = clone(wrapper).fit(given, Y), wrapper.fit(X, Y)
    np.testing.assert_array_equal(there.thresholds_, here.thresholds_)


# -- what can't be read ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memmap", "hdf5", "zarr", "counting"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_the_row_of_a_bad_number(kind, bad, tmp_path, monkeypatch):
    monkeypatch.setattr("sklearn_hmlc._on_disk.blocks_of.__defaults__", (8 * 20,))
    values = X.copy()
    values[131, 3] = bad
    given = on_disk(kind, values, tmp_path)
    clf = small()
    with pytest.raises(ValueError, match=r"In row 131 of X: Input X contains"):
        clf.fit(given, Y)
    with pytest.raises(NotFittedError):
        clf.predict(X)
    with pytest.raises(ValueError, match=r"In row 131 of X: Input X contains"):
        clf.fit(X, Y).predict_proba(given)


@pytest.mark.parametrize("kind", ["memmap", "hdf5", "zarr", "counting"])
def test_bad_shapes(kind, tmp_path):
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        small().fit(on_disk(kind, X[:, 0], tmp_path), Y)
    with pytest.raises(ValueError, match=r"shape \(150, 8, 1\).*encoder"):
        small().fit(on_disk(kind, X[..., np.newaxis], tmp_path), Y)
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        small().fit(on_disk(kind, X[:0], tmp_path), Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small().fit(on_disk(kind, X[:-1], tmp_path), Y)
    clf = small().fit(X, Y)
    with pytest.raises(ValueError, match=r"X has 7 features, but .* expecting 8"):
        clf.predict(on_disk(kind, X[:, 1:], tmp_path / ".."))


def test_labels_that_are_none(tmp_path):
    labels = Y.astype(np.int8)
    labels[140, 1] = 7
    with pytest.raises(ValueError, match="y must hold only 0 and 1"):
        small().fit(X, on_disk("zarr", labels, tmp_path))
    with pytest.raises(ValueError, match=f"shape .n_samples, {TREE.n_nodes}"):
        small().fit(X, on_disk("hdf5", Y[:, 1:], tmp_path))


class NoLength(Dataset):
    def __getitem__(self, row):
        return torch.zeros(8)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(X)


@pytest.mark.parametrize("dataset", [NoLength(), Stream()])
def test_datasets_without_a_length(dataset):
    with pytest.raises(ValueError, match="Expected a Dataset with `__len__`"):
        small().fit(dataset, Y)


def test_datasets_of_bytes():
    values = (np.abs(X) * 20).astype(np.uint8)
    clf = small().fit(TensorDataset(torch.from_numpy(values)), Y)
    expected = small().fit(values, Y).predict_proba(values)
    np.testing.assert_array_equal(clf.predict_proba(values), expected)


class Mixed(Dataset):
    """Items of two types, the first of them floats."""

    def __len__(self):
        return len(X)

    def __getitem__(self, row):
        tensor = torch.from_numpy(np.abs(X[row]) * 20)
        return tensor.to(torch.uint8 if 0 < row < 100 else torch.float32)


def test_datasets_of_two_types():
    values = np.stack([np.asarray(Mixed()[row], np.float32) for row in range(len(X))])
    clf = small(batch_size=4).fit(Mixed(), Y)
    expected = small(batch_size=4).fit(values, Y).predict_proba(values)
    np.testing.assert_array_equal(clf.predict_proba(Mixed()), expected)
    # There bytes are scaled.
    with pytest.raises(ValueError, match="of one type, but got uint8"):
        small(encoder=torch.nn.Flatten()).fit(Mixed(), Y)


def test_datasets_of_complex_numbers():
    given = TensorDataset(torch.from_numpy(X).to(torch.complex64))
    with pytest.raises(ValueError, match=r"real numbers, but got torch\.complex64"):
        small().fit(given, Y)


def test_datasets_of_no_tables():
    with pytest.raises(ValueError, match="Found X as a TensorDataset of 2-D items"):
        small().fit(TensorDataset(torch.zeros(150, 2, 4)), Y)
    clf = small().fit(X, Y)
    with pytest.raises(ValueError, match=r"rows of shape \(8,\).*got \(7,\)"):
        clf.predict(TensorDataset(torch.zeros(150, 7)))


def test_masked_values_are_no_numbers():
    holes = np.ma.masked_greater(X, 1)
    with pytest.raises(ValueError, match="some are masked; fill them"):
        small().fit(holes, Y)
    with pytest.raises(ValueError, match="some are masked; fill them"):
        small().fit(X, Y).predict(holes)


def test_what_is_no_array(tmp_path):
    file = h5py.File(tmp_path / "x.h5", "w")
    file["features"], file["names"] = X, np.array(["a"] * 150, dtype="S1")
    file["one"] = 1.0
    group = zarr.open_group(str(tmp_path / "group"), mode="w")
    with pytest.raises(ValueError, match=r"got a zarr Group.*group\['features'\]"):
        small().fit(group, Y)
    with pytest.raises(ValueError, match=r"got a h5py File.*group\['features'\]"):
        small().fit(file, Y)
    with pytest.raises(ValueError, match=r"X of numbers, but got a Dataset of dtype"):
        small().fit(file["names"], Y)
    with pytest.raises(ValueError, match="X as an array, but got a single value"):
        small().fit(file["one"], Y)
    with pytest.raises(ValueError, match=r"y as an array, but got a h5py File"):
        small().fit(X, file)
    clf, dataset = small().fit(X, Y), file["features"]
    file.close()
    for use in (
        lambda: small().fit(dataset, Y),
        lambda: clf.predict_proba(dataset),
        lambda: predict_dense(clf, dataset),
        lambda: small().fit(X, dataset),
    ):
        with pytest.raises(ValueError, match="an h5py Dataset whose file is closed"):
            use()

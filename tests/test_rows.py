"""Batches are the rows asked for, whatever X is, and nothing is read twice."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from PIL import Image
from torch.utils.data import Dataset, TensorDataset

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._features import check_features
from sklearn_hmlc._rows import Rows, features, memory_batches

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (20, 1, 4, 4)).astype(np.uint8)
TABLE = rng.normal(size=(20, 3)).astype(np.float32)
Y = sp.csr_array(rng.random((20, 5)) < 0.5)


class Counting(Dataset):
    """Images with a label behind; counts what is read."""

    def __init__(self, images):
        self.images = images
        self.read = []

    def __len__(self):
        return len(self.images)

    def __getitem__(self, row):
        self.read.append(row)
        return self.images[row], "label"


def on_disk(tmp_path, array):
    path = tmp_path / "x.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


@pytest.fixture(params=["table", "csr", "array", "memmap", "tensors", "dataset"])
def rows_and_truth(request, tmp_path):
    kinds = {
        "table": (TABLE, TABLE),
        "csr": (sp.csr_array(TABLE), TABLE),
        "array": (IMAGES.astype(np.float64), IMAGES.astype(np.float32)),
        "memmap": (on_disk(tmp_path, IMAGES), IMAGES),
        "tensors": (TensorDataset(torch.from_numpy(TABLE)), TABLE),
        "dataset": (Counting(IMAGES), IMAGES),
    }
    X, truth = kinds[request.param]
    return Rows(X, Y, np.arange(20, dtype=np.float32)), truth


def test_batches_are_the_rows(rows_and_truth):
    rows, truth = rows_and_truth
    assert len(rows) == 20
    for wanted in ([3, 0, 7], slice(4, 9)):
        batch = features(rows.X, wanted)
        assert batch.dtype == torch.from_numpy(truth).dtype
        np.testing.assert_array_equal(batch.numpy(), truth[wanted])
    part = rows.take(np.array([5, 1, 8])).take(np.array([2, 0]))
    x, (y, weight) = part[[0, 1]]
    np.testing.assert_array_equal(x.numpy(), truth[[8, 5]])
    np.testing.assert_array_equal(y.numpy(), Y.toarray()[[8, 5]])
    assert weight.tolist() == [8, 5]
    np.testing.assert_array_equal(features(part.X, slice(0, 5)).numpy(), truth[[8, 5]])


def test_loader_gives_every_row_once(rows_and_truth):
    rows, _ = rows_and_truth
    weights = [w for _, (_, w) in memory_batches(rows, 6, shuffle=True)]
    assert sorted(torch.cat(weights).tolist()) == list(range(20))


@pytest.mark.parametrize("n_rows", [1, 2, 5, 6, 7, 13, 20])
@pytest.mark.parametrize("batch_size", [1, 2, 6, 30])
@pytest.mark.parametrize("drop_last", [False, True])
def test_no_batch_has_a_lone_row(n_rows, batch_size, drop_last):
    rows = Rows(TABLE, Y).take(np.arange(n_rows))
    if drop_last and n_rows < batch_size:
        with pytest.raises(ValueError, match="no batch to train on"):
            memory_batches(rows, batch_size, drop_last=True)
        return
    loader = memory_batches(rows, batch_size, drop_last=drop_last)
    sizes = [len(x) for x, _ in loader]
    assert len(loader) == len(sizes)
    if drop_last:
        assert sizes == [batch_size] * (n_rows // batch_size)
    else:
        assert sum(sizes) == n_rows
        assert 1 not in sizes or batch_size == 1 or n_rows == 1
        assert max(sizes) <= batch_size + 1


def test_parts_read_what_is_asked_for_and_no_more():
    data = Counting(IMAGES)
    part = Rows(data, Y).take(np.arange(10, 20))
    assert data.read == []
    features(part.X, [0, 3])
    assert data.read == [10, 13]


def test_parts_of_what_lies_on_disk_are_no_copies(tmp_path):
    images = on_disk(tmp_path, IMAGES)
    part = Rows(images, Y).take(np.arange(10))
    assert part.X.X is images


@pytest.mark.parametrize("rows", [[3, 0], slice(0, 5)])
def test_batches_have_memory_of_their_own(rows_and_truth, rows):
    """Encoders may write on a batch, such as with ReLU(inplace=True)."""
    X, truth = rows_and_truth[0].X, rows_and_truth[1]
    features(X, rows).zero_()
    np.testing.assert_array_equal(features(X, rows).numpy(), truth[rows])


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"image": 1}, r"items of the Dataset .* but got dict.*ToTens"),
        (Image.fromarray(IMAGES[0, 0]), "items of the Dataset .* but got Image.*ToTen"),
        (np.full((1, 4, 4), np.nan), "finite, but item 1 has NaN"),
        (np.zeros((2, 3)), r"one shape, but got \(1, 4, 4\) and \(2, 3\).*Resize"),
    ],
)
def test_items_that_do_not_fit(item, message):
    with pytest.raises(ValueError, match=message):
        features(Counting([IMAGES[0], item]), [0, 1])


# -- at the door -----------------------------------------------------------------------


def estimator():
    return HierarchicalEnsembleClassifier(encoder=torch.nn.Flatten())


@pytest.mark.parametrize(
    "dtype", ["u1", "i2", ">i2", "u2", "i8", "f2", "f4", ">f4", "f8"]
)
def test_arrays_on_disk_stay_there(tmp_path, dtype):
    array = IMAGES.astype(dtype)
    images = on_disk(tmp_path, array)
    X = check_features(estimator(), images, reset=True)
    assert np.shares_memory(X.X, images)
    expected = IMAGES if dtype == "u1" else IMAGES.astype(np.float32)
    for rows in (slice(2, 7), [4, 1]):
        batch = features(X, rows).numpy()
        assert batch.dtype == expected.dtype
        np.testing.assert_array_equal(batch, expected[rows])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_every_part_of_an_array_must_be_finite(monkeypatch, dtype, value):
    monkeypatch.setattr("sklearn_hmlc._features._CHECKED_ENTRIES", 50)
    X = IMAGES.astype(dtype)
    check_features(estimator(), X, reset=True)
    with np.errstate(over="ignore"):
        X[17, 0, 2, 2] = value
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        check_features(estimator(), X, reset=True)


def test_lists_of_images():
    X = check_features(estimator(), list(IMAGES), reset=True)
    assert X.dtype == np.uint8
    np.testing.assert_array_equal(X, IMAGES)


def test_a_dataset_does_away_with_what_a_table_told():
    clf = estimator()
    check_features(clf, pd.DataFrame(TABLE).add_prefix("gene "), reset=True)
    assert clf.n_features_in_ == 3
    check_features(clf, Counting(IMAGES), reset=True)
    assert not {"n_features_in_", "feature_names_in_"} & vars(clf).keys()
    check_features(clf, IMAGES, reset=False)

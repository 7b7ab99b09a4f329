"""A small hierarchy, data and classifier for the tests of the estimator."""

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy

TREE = Hierarchy.from_codes(["a/x", "a/y", "b/z", "b"], root="root")


def small(hierarchy=TREE, **params):
    defaults = {
        "n_estimators": 2,
        "hidden_layer_sizes": (16,),
        "max_epochs": 3,
        "random_state": 0,
    }
    return HierarchicalEnsembleClassifier(hierarchy, **{**defaults, **params})


def make_data(hierarchy=TREE, n_samples=60, seed=0):
    """Features that tell the nodes apart, and labels of every node."""
    rng = np.random.default_rng(seed)
    Y = rng.random((n_samples, hierarchy.n_nodes)) < 0.3
    Y[: hierarchy.n_nodes] |= np.eye(hierarchy.n_nodes, dtype=bool)[:n_samples]
    Y = hierarchy.close(Y.astype(np.int64))
    X = Y @ rng.normal(size=(hierarchy.n_nodes, 8)) + rng.normal(size=(n_samples, 8))
    return X, Y


class Counting:
    """An array that knows how many rows it was asked for at a time."""

    def __init__(self, values):
        self.values = values
        self.shape, self.dtype, self.asked = values.shape, values.dtype, []

    def __len__(self):
        return len(self.values)

    def __getitem__(self, rows):
        found = self.values[rows]
        assert isinstance(rows, slice) or (np.diff(rows) > 0).all()
        self.asked.append(len(found))
        return found


def on_disk(kind, values, folder):
    """The same values, in chunks with which no batch begins."""
    path = folder / f"{kind}-{len(values)}-{values.dtype}"
    if kind == "memmap":
        np.save(path, values)
        return np.load(f"{path}.npy", mmap_mode="r")
    if kind == "fortran":
        np.save(path, np.asfortranarray(values))
        return np.load(f"{path}.npy", mmap_mode="r")
    if kind == "hdf5":
        h5py = pytest.importorskip("h5py")
        chunks = (17, *values.shape[1:]) if len(values) else None
        return h5py.File(path, "w").create_dataset("x", data=values, chunks=chunks)
    if kind == "zarr":
        zarr = pytest.importorskip("zarr")
        chunks = (17, 5, *values.shape[2:])[: values.ndim]
        made = zarr.open_array(
            str(path), mode="w", shape=values.shape, chunks=chunks, dtype=values.dtype
        )
        made[:] = values
        return made
    if kind == "dataset":
        return TensorDataset(torch.from_numpy(values))
    return Counting(values)


class Foreign:
    """An array of some other library, which gives rows in a form of its own."""

    def __init__(self, values, form=np.asarray):
        self._values, self._form = values, form
        self.shape, self.dtype = values.shape, values.dtype

    def __getitem__(self, rows):
        return self._form(self._values[rows])

"""Rows on their way to the net: batches from memory, or from where they lie.

Stage: what the user calls ``X`` -> batches of tensors. ``X`` is a table (array or CSR),
an array of any more dimensions, an array on disk (`numpy.memmap`, Zarr, HDF5), or a
`torch.utils.data.Dataset`. None is copied: a batch is read when it is needed.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
import torch
from torch.utils.data import DataLoader, Dataset

from ._on_disk import OnDisk, parts_of
from ._validation import mostly_zeros

# Labels that are counted at a time.
_COUNTED = 2**22


class Rows(Dataset):
    """Features, labels and weights of some rows; an item is a whole batch.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...), csr_array, OnDisk or Dataset
    Y : csr_array of bool of shape (n_samples, n_nodes)
    sample_weight : ndarray of float32 of shape (n_samples,), default=None
    """

    def __init__(self, X, Y, sample_weight=None):
        self.X = X
        self.Y = Y
        self.sample_weight = sample_weight

    def __len__(self):
        return self.Y.shape[0]

    def __getitem__(self, rows):
        if np.ndim(rows) == 0 and not isinstance(rows, slice):
            # A loader of the user's asks for one row after the other.
            x, targets = self[[rows]]
            x = x.to_dense() if x.is_sparse else x
            return x[0], tuple(target[0] for target in targets)
        targets = [torch.from_numpy(dense_rows(self.Y, rows))]
        if self.sample_weight is not None:
            targets.append(torch.from_numpy(self.sample_weight[rows]))
        return features(self.X, rows), tuple(targets)

    def that_count(self):
        """Return the rows that count something; all others are no rows at all.

        So they are in no split, no warning and no frequency.
        """
        if self.sample_weight is None or self.sample_weight.all():
            return self
        if not self.sample_weight.any():
            raise ValueError("All sample weights are zero; there is nothing to learn.")
        return self.take(np.flatnonzero(self.sample_weight))

    def take(self, rows):
        """Return some of the rows, as `Rows`."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        X = self.X[rows] if is_table(self.X) else Some(self.X, np.asarray(rows))
        return Rows(X, self.Y[rows], weight)


class Some(Dataset):
    """Some rows of an array on disk or a dataset, read when they are asked for."""

    def __init__(self, X, rows):
        # No view of a view.
        self.X, self.rows = (X.X, X.rows[rows]) if isinstance(X, Some) else (X, rows)

    def __len__(self):
        return len(self.rows)


class Floats(Dataset):
    """Items of a dataset as float32, bytes too, where no encoder takes them."""

    def __init__(self, X):
        self.X = X

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        return item_of(self.X, row).float()


def features(X, rows):
    """Return a batch of features as a tensor: float32, or uint8 where X is that.

    A sparse X that is mostly zeros gives a sparse tensor (COO, coalesced). The tensor
    has memory of its own: networks may write on what they are given
    (``ReLU(inplace=True)``), and X is the user's, or may not be written.
    """
    if isinstance(X, Some):
        return features(X.X, X.rows[rows])
    if isinstance(X, OnDisk):
        return torch.from_numpy(X[rows])
    if not is_array(X) and not sp.issparse(X):
        return _stacked(X, rows)
    if sp.issparse(X):
        part = X[rows]
        return _coo(part) if mostly_zeros(X) else torch.from_numpy(part.toarray())
    dtype = np.uint8 if X.dtype == np.uint8 else np.float32
    # Slices are views of X; rows by number are copies already.
    batch = X[rows].astype(dtype, order="C", copy=isinstance(rows, slice))
    return torch.from_numpy(batch)


def _coo(part):
    rows = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
    indices = torch.from_numpy(np.stack([rows, part.indices]).astype(np.int64))
    return torch.sparse_coo_tensor(
        indices,
        torch.from_numpy(part.data),
        part.shape,
        is_coalesced=True,
        check_invariants=False,
    )


def _stacked(dataset, rows):
    if isinstance(rows, slice):
        rows = range(*rows.indices(len(dataset)))
    items = [item_of(dataset, int(row)) for row in rows]
    for row, item in zip(rows, items, strict=True):
        if not item.isfinite().all():
            raise ValueError(
                f"Expected the items of the Dataset to be finite, but item {row} has "
                "NaN or infinity; fill or drop it."
            )
    shapes = sorted({tuple(item.shape) for item in items})
    if len(shapes) > 1:
        raise ValueError(
            "Expected the items of the Dataset to have one shape, but got "
            f"{shapes[0]} and {shapes[1]}; bring them to one size, such as with "
            "torchvision's Resize."
        )
    if len({item.dtype for item in items}) > 1:
        raise ValueError(
            "Expected the items of the Dataset to be of one type, but got uint8, which "
            "is scaled to [0, 1], and float32, which is not; make floats of all."
        )
    return torch.stack(items)


def item_of(dataset, row):
    """Features of one item, which may come with a label behind."""
    item = dataset[row]
    item = item[0] if isinstance(item, list | tuple) and item else item
    try:
        tensor = torch.as_tensor(item)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            "Expected the items of the Dataset to be tensors or arrays, or to begin "
            f"with one, but got {type(item).__name__}; for images use a transform such "
            "as torchvision's ToTensor."
        ) from error
    if tensor.is_complex():
        raise ValueError(
            "Expected the items of the Dataset to be real numbers, but got "
            f"{tensor.dtype}; give parts that are real."
        )
    return tensor if tensor.dtype == torch.uint8 else tensor.float()


def dense_rows(labels, rows):
    """Return some rows of CSR labels as a boolean array.

    SciPy's own indexing makes a sparse matrix on the way, which takes longer than a
    training step on a small network spends elsewhere.
    """
    if isinstance(rows, slice):
        rows = np.arange(*rows.indices(labels.shape[0]))
    rows = np.asarray(rows)
    starts, ends = labels.indptr[rows], labels.indptr[rows + 1]
    lengths = ends - starts
    dense = np.zeros((len(rows), labels.shape[1]), dtype=bool)
    before = np.cumsum(lengths) - lengths
    stored = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    dense[np.repeat(np.arange(len(rows)), lengths), labels.indices[stored]] = True
    return dense


def rows_per_node(labels):
    """Return how many rows of CSR labels have each node.

    Some at a time: a copy by columns would be larger than all that training needs.
    """
    counts = np.zeros(labels.shape[1], dtype=np.int64)
    for some in parts_of(labels.nnz, _COUNTED):
        counts += np.bincount(labels.indices[some], minlength=len(counts))
    return counts


def memory_batches(
    dataset,
    batch_size,
    shuffle=False,
    drop_last=False,
    generator=None,
    part=None,
    **kwargs,
):
    """Return what asks `Rows` for whole batches: no collating row by row.

    ``generator`` shuffles; of each batch only a ``part`` is read. Further arguments,
    such as ``num_workers``, go to a `torch.utils.data.DataLoader`; without any there is
    none in between.
    """
    order = Batches(len(dataset), batch_size, shuffle, drop_last, generator, part)
    if kwargs:
        # It draws seeds for its workers: not from what draws masks, so that the model
        # is the same with workers and without.
        seeds = torch.Generator()
        if generator is not None:
            seeds.manual_seed(generator.initial_seed())
        sparse = mostly_zeros(getattr(dataset, "X", None))
        loader = DataLoader(
            _Dense(dataset) if sparse else dataset,
            sampler=order,
            batch_size=None,
            generator=seeds,
            **kwargs,
        )
        return _Sparse(loader) if sparse else loader
    return _InMemory(dataset, order)


def whole_sizes(batches):
    """Return the sizes of the batches of which `memory_batches` reads a part."""
    loader = getattr(batches, "loader", batches)
    return (loader.order if isinstance(loader, _InMemory) else loader.sampler).sizes()


class _InMemory:
    """Batches of a dataset, one after the other, in this process."""

    def __init__(self, dataset, order):
        self.dataset, self.order = dataset, order

    def __len__(self):
        return len(self.order)

    def __iter__(self):
        return (self.dataset[rows] for rows in self.order)


class _Dense(Dataset):
    """Batches made dense: torch warns when sparse ones come back from workers."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, rows):
        x, targets = self.dataset[rows]
        return x.to_dense(), targets


class _Sparse:
    """Batches of a loader, sparse again."""

    def __init__(self, loader):
        self.loader = loader

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        return ((x.to_sparse(), targets) for x, targets in self.loader)


class Batches:
    """Row numbers of batches, none of a lone row where there is another to join.

    Batch normalisation has no variance of one row, and a step on it is mostly noise.

    Parameters
    ----------
    n_rows, batch_size : int
    shuffle : bool
        Whether each pass has an order of its own, from the generator.
    drop_last : bool
        Whether a last batch that is not full is left out.
    generator : torch.Generator, default=None
        None: torch's global one.
    part : callable, default=None
        From the size of a batch to the slice of it that is yielded. None: all of it.
    """

    def __init__(
        self, n_rows, batch_size, shuffle, drop_last, generator=None, part=None
    ):
        if drop_last and n_rows < batch_size:
            raise ValueError(
                f"With drop_last=True there is no batch to train on: {n_rows} rows are "
                f"fewer than a batch of {batch_size}. Lower `batch_size`, or leave "
                "out `drop_last`."
            )
        self.n_rows, self.batch_size = n_rows, batch_size
        self.shuffle, self.drop_last = shuffle, drop_last
        self.generator, self.part = generator, part

    def __iter__(self):
        """Yield arrays of row numbers."""
        rows = np.arange(self.n_rows)
        if self.shuffle:
            rows = torch.randperm(self.n_rows, generator=self.generator).numpy()
        start = 0
        for size in self.sizes():
            batch = rows[start : start + size]
            yield batch if self.part is None else batch[self.part(size)]
            start += size

    def sizes(self):
        """Return the numbers of rows of the batches, which lie behind each other."""
        ends = [*range(self.batch_size, self.n_rows, self.batch_size), self.n_rows]
        if self.drop_last and self.n_rows % self.batch_size:
            ends.pop()
        elif self._last_is_lone():
            del ends[-2]
        return np.diff([0, *ends]).tolist()

    def _last_is_lone(self):
        return self.n_rows % self.batch_size == 1 < min(self.n_rows, self.batch_size)

    def __len__(self):
        """Return the number of batches."""
        if self.drop_last:
            return self.n_rows // self.batch_size
        return math.ceil(self.n_rows / self.batch_size) - self._last_is_lone()


def is_array(X):
    """Tell an array from a dataset."""
    return isinstance(X, np.ndarray)


def is_table(X):
    """Tell rows of features in memory from images and datasets."""
    return sp.issparse(X) or (is_array(X) and X.ndim == 2)

"""Rows in partitions, and the same rows whole."""

from itertools import pairwise

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd

from tests.classifier.common import make_data

X, Y = make_data(n_samples=100)
SIZES = (30, 0, 45, 25)
STARTS = np.cumsum((0, *SIZES)).tolist()
PARTS = [slice(*ends) for ends in pairwise(STARTS) if len(set(ends)) > 1]
FRAME = pd.DataFrame(
    X, columns=[f"f{k}" for k in range(8)], index=[f"row {k:03d}" for k in range(100)]
)


def lazy():
    return da.from_array(X, chunks=(SIZES, (5, 3)))


def lazy_frame():
    return dd.from_pandas(FRAME, npartitions=3, sort=False)


def frames():
    return [part for part in dask.compute(*lazy_frame().to_delayed()) if len(part)]

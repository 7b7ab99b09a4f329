"""Which rows a model was trained on: 64-bit hashes in the model file.

Stage: beside training and measuring. In: the rows' ids or, where there are none, their
features. Out: sorted hashes, by which rows are known again.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from .._validation import count
from ._tables import Table

Hashes = NDArray[np.uint64]


def hash_ids(ids: Any) -> Hashes:
    """Return a hash of the text of each id."""
    digests = [hashlib.blake2b(str(x).encode(), digest_size=8).digest() for x in ids]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def has_ids(table: Table) -> bool:
    """Tell whether rows have names, and are not numbered alone."""
    return not isinstance(table.row_ids, pd.RangeIndex)


def hash_rows(table: Table) -> Hashes:
    """Return a hash of each row: of its id or, without ids, of its features."""
    if has_ids(table):
        return hash_ids(table.row_ids)
    # Whole numbers in one file may be fractions in the other.
    kinds = {
        name: float if is_numeric_dtype(dtype) else str
        for name, dtype in table.data.dtypes.items()
    }
    frame = table.data.astype(kinds)
    return pd.util.hash_pandas_object(frame, index=False).to_numpy(dtype=np.uint64)


def remembered(table: Table) -> dict[str, Any]:
    """Return what a model file keeps of the rows that it was trained on."""
    return {"by_id": has_ids(table), "hashes": np.unique(hash_rows(table))}


def warning_of(hashes: Hashes, seen: dict[str, Any] | None, by_id: bool) -> str | None:
    """Say how many rows a model was trained on, if there are any."""
    if not seen or seen["by_id"] != by_id:
        return None
    n_seen = int(np.isin(hashes, seen["hashes"]).sum())
    if not n_seen:
        return None
    what = "are rows" if by_id else "have the features of rows"
    return (
        f"{n_seen:,} of {count(len(hashes), 'row')} {what} that the model was trained "
        "on"
    )

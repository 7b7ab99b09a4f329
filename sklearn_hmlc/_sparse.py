"""Sparse features in the form that compiled code takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

_LARGEST = np.iinfo(np.int32).max


def narrow(X: Any) -> Any:
    """Return sparse features with 32-bit positions where these suffice.

    Many classifiers refuse 64-bit ones, which SciPy's arrays keep once they have them.
    """
    if not sp.issparse(X) or X.format not in ("csr", "csc", "bsr"):
        return X
    if X.indices.dtype == X.indptr.dtype == np.int32 or X.nnz > _LARGEST:
        return X
    if max(X.shape) > _LARGEST:
        return X
    positions = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return type(X)((X.data, *positions), shape=X.shape)

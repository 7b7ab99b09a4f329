"""What a model should beat: the nearest neighbours, which need no training.

Stage: beside the measures of a model. In: features and labels of the rows to train on.
Out: a pipeline, or its scores of shape (n_rows, n_nodes) for other rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from .._response import some_rows
from .._validation import shorten
from ..experts import NeighborsHierarchyClassifier
from ..hierarchy import Hierarchy
from ..predictions import predict_sparse
from ._model import make_model

# Nodes per row that get scores.
_BEST = 500


def neighbors(hierarchy: Hierarchy, data: Any, nominal: Any = ()) -> Pipeline:
    """Return 30 nearest neighbours behind the preparation that a model has."""
    return make_model(NeighborsHierarchyClassifier(hierarchy), nominal, data)


def neighbor_scores(
    features: Bunch, train: Bunch, ids: pd.Index, shares: NDArray[np.float64]
) -> sp.csr_array:
    """Return the scores of the nearest of the rows to train on, the best of each row.

    Parameters
    ----------
    features : Bunch
        As `read_features` returns it.
    train : Bunch
        ``target``, ``ids`` and ``hierarchy`` of the rows to train on.
    ids : Index of shape (n_rows,)
        The rows to predict. Those without features get `shares`.
    shares : ndarray of shape (n_nodes,)
        Frequencies of the nodes.

    Returns
    -------
    scores : csr_array of shape (n_rows, n_nodes)
    """
    where = train.ids.get_indexer(features.ids)
    known = np.flatnonzero(where >= 0)
    if not len(known):
        raise ValueError(
            f"No id of --features ({shorten(features.ids, 3)}) is in "
            f"--train-annotations ({shorten(train.ids, 3)})."
        )
    model = neighbors(train.hierarchy, features.data)
    model.fit(some_rows(features.data, known), train.target[where[known]])
    rows = features.ids.get_indexer(ids)
    asked = np.flatnonzero(rows >= 0)
    parts = [sp.csr_array(shares[np.newaxis])]
    if len(asked):
        X = some_rows(features.data, rows[asked])
        parts.append(predict_sparse(model, X, k=_BEST))
    places = np.zeros(len(ids), dtype=int)  # of frequencies, which come first
    places[asked] = np.arange(1, len(asked) + 1)
    return sp.csr_array(sp.vstack(parts, format="csr"))[places]

"""What a model must beat: the frequencies of nodes, and the nearest neighbours.

Stage: beside the measures of a model. In: training rows per node. Out: the same scores
of shape (n_nodes,) for all rows, block by block; a classifier that needs no training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import Bunch, gen_batches

from .._response import some_rows
from .._validation import shorten
from ..experts import NeighborsHierarchyClassifier
from ..hierarchy import Hierarchy
from ..predictions import predict_sparse
from ._model import make_model

NAIVE = "naive"
NEIGHBORS = "neighbors"

_CELLS = 2**22
# Nodes per row that neighbours give scores to.
_BEST = 500

Floats = NDArray[np.float64]


def frequencies(counts: Floats, n_rows: int, hierarchy: Hierarchy) -> Floats:
    """Return how frequent nodes are among the rows that have their namespace.

    Where the hierarchy knows namespaces these are the rows of the namespace's root, if
    it has a single one, as in CAFA; else all rows.
    """
    counts = np.asarray(counts, dtype=float)
    rows = np.full(len(counts), float(max(n_rows, 1)))
    spaces = np.array([hierarchy.namespaces.get(x, "") for x in hierarchy.nodes])
    roots = hierarchy.index(list(hierarchy.roots))
    for space in set(spaces[roots].tolist()) - {""}:
        tops = roots[spaces[roots] == space]
        if len(tops) == 1 and counts[tops[0]]:
            rows[spaces == space] = counts[tops[0]]
    return np.minimum(counts / rows, 1)


def neighbors(hierarchy: Hierarchy) -> NeighborsHierarchyClassifier:
    """Return the classifier of 30 nearest neighbours, which has no weights to learn."""
    return NeighborsHierarchyClassifier(hierarchy)


def naive_blocks(shares: Floats, n_rows: int) -> Callable[[], Iterator[Floats]]:
    """Return a function that yields the same scores for each row, in blocks."""
    size = max(1, _CELLS // max(1, len(shares)))

    def blocks() -> Iterator[Floats]:
        for rows in gen_batches(n_rows, size):
            yield np.broadcast_to(shares, (rows.stop - rows.start, len(shares)))

    return blocks


def naive_sparse(shares: Floats, n_rows: int, least: float) -> sp.csr_array:
    """Return the scores of at least a threshold, the same for each row."""
    frequent = np.flatnonzero(shares >= least)
    parts = (
        np.tile(shares[frequent], n_rows),
        np.tile(frequent, n_rows),
        np.arange(n_rows + 1) * len(frequent),
    )
    return sp.csr_array(parts, shape=(n_rows, len(shares)))


def neighbor_scores(
    features: Bunch, train: Bunch, ids: pd.Index, shares: Floats
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
    model = make_model(neighbors(train.hierarchy), (), features.data)
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

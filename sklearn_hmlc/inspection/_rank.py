"""`rank_rows`: which rows to look at, or to test, next.

Stage: after `fit`. In: any fitted estimator and rows. Out: a table of the rows, those
with the most to be learnt first. Predictions are asked for in blocks, and a number per
row is kept of each.
"""

from numbers import Integral

import numpy as np
import pandas as pd

from .. import _frames as frames
from .._response import names_of, node_names, some_rows
from .._validation import (
    as_labels,
    as_scored,
    as_train_counts,
    check_option,
    check_same_ids,
    check_values_by_node,
    name_array,
)
from ..hierarchy import Hierarchy
from ..predictions import iter_proba, iter_uncertainty
from ._features import take_out

_CRITERIA = ("uncertainty", "entropy", "new_nodes", "rare_nodes")


def rank_rows(
    estimator,
    X,
    *,
    by="uncertainty",
    k=None,
    y=None,
    y_train=None,
    train_counts=None,
    max_count=10,
    measure="gmu",
    scored=None,
    ids=None,
    hierarchy=None,
    batch_size=None,
):
    """Rank rows by how much there is to be learnt from looking at them.

    Parameters
    ----------
    estimator : fitted estimator
        As in `sklearn_hmlc.predictions.iter_proba`.
    X : array-like, sparse matrix, DataFrame, Dataset or Bunch of shape \
(n_samples, ...)
        The rows to choose from; of a Bunch, as `read_features` gives it, its ``data``.
    by : {"uncertainty", "entropy", "new_nodes", "rare_nodes"}, default="uncertainty"
        What rows are ranked by:

        - "uncertainty": the mean of `predict_uncertainty` over the scored nodes
        - "entropy": the mean entropy of the nodes' probabilities, in bits, for models
          that have no `predict_uncertainty`
        - "new_nodes": the expected number of nodes that the row has, but not in `y`
        - "rare_nodes": the same of nodes with at most `max_count` training rows
    k : int, default=None
        How many rows to return. None: all.
    y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), \
default=None
        What is known of these rows; nodes that a row has already don't count, whatever
        the criterion. None: nothing is known.
    y_train : array-like, sparse matrix or DataFrame of shape (n_train, n_nodes), \
default=None
        Labels of the training rows, for "rare_nodes".
    train_counts : array-like of shape (n_nodes,), mapping or Series, default=None
        Training rows per node, in the place of `y_train`.
    max_count : int, default=10
        Most training rows of a rare node. Nodes without any have no probability to
        speak of.
    measure : str or callable, default="gmu"
        See `sklearn_hmlc.uncertainty.get_measure`; for "uncertainty".
    scored : array-like of bool of shape (n_nodes,), mapping or Series, default=None
        Nodes that count, for instance those of one namespace. None: those that the
        hierarchy scores.
    ids : array-like of hashable of shape (n_samples,), default=None
        As in `iter_proba`.
    hierarchy : Hierarchy, default=None
        As in `iter_proba`.
    batch_size : int, default=None
        As in `iter_proba`.

    Returns
    -------
    table : DataFrame of shape (n_rows, n_columns)
        Of the library of `X`, where that is a frame, else of pandas; the best row
        first, of equal ones the first in `X`. Its columns:

        - ``id``, ``position``: which row, and where it stands in `X`
        - ``score``: what rows are ranked by
        - ``node``: the node that adds most to it; None where nothing adds
        - ``name``: this node's title, where the hierarchy knows any

    Raises
    ------
    ValueError
        If `y` or an option does not fit.
    AttributeError
        If rows are to be ranked by uncertainty, but the model knows none.

    See Also
    --------
    explain : Why a node of such a row was predicted.

    Notes
    -----
    By linearity the expected number of nodes is the sum of their probabilities, those
    of `predict_proba`, whatever the dependence between nodes. It is as good as the
    probabilities are calibrated.

    Uncertainty finds rows on which the members disagree, the expected number rows in
    which much is likely to be found. Neither knows what a test costs, nor that two rows
    that are alike teach the same.

    References
    ----------
    .. [1] Settles, "Active Learning Literature Survey", University of
       Wisconsin-Madison, 2009, sections 3.1 and 3.2.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.inspection import rank_rows
    >>> from sklearn_hmlc.postprocessing import CoherentClassifier
    >>> hierarchy = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    >>> X, Y = [[0.0], [1.0], [2.0]], [[1, 1, 0], [1, 0, 1], [0, 0, 0]]
    >>> model = CoherentClassifier(KNeighborsClassifier(1), hierarchy).fit(X, Y)
    >>> rank_rows(model, X, by="new_nodes", y=[[1, 1, 0], [1, 0, 0], [0, 0, 0]], k=1)
       id  position  score node
    0   1         1    1.0  dog
    """
    check_option("by", by, _CRITERIA)
    _check_k(k)
    X, ids, _ = take_out(X, ids, None)
    given = {"ids": ids, "hierarchy": hierarchy, "batch_size": batch_size}
    if by == "uncertainty":
        blocks = iter_uncertainty(estimator, X, measure, **given)
    else:
        blocks = iter_proba(estimator, X, **given)
    graph = _graph(blocks)
    # What has no names is in the order of the model's columns, as everywhere.
    bare = None if blocks.of_classes else node_names(names_of(estimator), graph)
    per_node = {"scored": scored, "train_counts": train_counts}
    check_values_by_node(graph, {"y": _columns_of(y) or bare}, per_node)
    counts = as_scored(scored, graph)
    if by == "rare_nodes":
        counts = _rare(y_train, train_counts, max_count, counts, graph, bare)
    elif y_train is not None or train_counts is not None:
        raise ValueError(
            'Expected `y_train` and `train_counts` with by="rare_nodes" alone, but got '
            f"by={by!r}."
        )
    check_same_ids(X, y)
    known = None if y is None else _known(y, graph, bare, blocks.shape[0])
    scores, best = _score(blocks, by, counts, known)
    order = np.argsort(-scores, kind="stable")[:k]
    places = best[order].tolist()
    nodes = [None if place < 0 else blocks.nodes[place] for place in places]
    columns = {
        "id": pd.Series(name_array(blocks.ids)[order]),
        "position": order,
        "score": scores[order],
        # Beside text pandas would make NaN of None.
        "node": pd.Series(name_array(nodes), dtype=object if None in nodes else None),
    }
    titles = {} if blocks.hierarchy is None else blocks.hierarchy.names
    if titles:
        own = np.empty(len(nodes), dtype=object)
        own[:] = [titles.get(node) for node in nodes]
        columns["name"] = pd.Series(own, dtype=object)
    return frames.table(columns, X)


def _check_k(k):
    if k is None:
        return
    if isinstance(k, bool) or not isinstance(k, Integral):
        raise TypeError(f"Expected `k` to be a whole number or None, but got {k!r}.")
    if k < 1:
        raise ValueError(f"Expected `k` of 1 or more, but got {k}.")


def _columns_of(y):
    return None if y is None else frames.columns(y, "y")


def _graph(blocks):
    if blocks.hierarchy is None or blocks.of_classes:
        return Hierarchy.flat(blocks.nodes)
    return blocks.hierarchy


def _rare(y_train, train_counts, max_count, counts, graph, bare):
    """Return which of the nodes that count are rare."""
    if isinstance(max_count, bool) or not isinstance(max_count, Integral):
        raise TypeError(
            f"Expected `max_count` to be a whole number, but got {max_count!r}."
        )
    if y_train is not None:
        y_train = as_labels(y_train, graph, "y_train", bare)
    n_rows = as_train_counts(y_train, train_counts, graph)
    if n_rows is None:
        raise ValueError(
            'Expected `y_train` or `train_counts` with by="rare_nodes", to tell which '
            "nodes are rare."
        )
    rare = counts & (n_rows <= max_count)
    if not rare.any():
        raise ValueError(
            f"Expected nodes with at most {max_count} training rows, but the rarest "
            f"that counts has {n_rows[counts].min():g}; raise `max_count`, or count "
            "more nodes (`scored`)."
        )
    return rare


def _known(y, graph, bare, n_rows):
    """Return what rows have already, as CSR labels in node order."""
    labels = as_labels(y, graph, "y", bare)
    if labels.shape[0] != n_rows:
        raise ValueError(
            f"Expected `y` of the {n_rows} rows of X, but got {labels.shape[0]} rows."
        )
    return labels


def _score(blocks, by, counts, known):
    """Return the score of each row, and the position of the node that adds most.

    The position is -1 where none adds anything.
    """
    scores, best = np.empty(blocks.shape[0]), np.empty(blocks.shape[0], dtype=int)
    start = 0
    for block in blocks:
        rows = slice(start, start + len(block))
        values = _entropy(block) if by == "entropy" else block.astype(np.float64)
        values[:, ~counts] = 0
        if known is not None:
            values[some_rows(known, rows).nonzero()] = 0
        scores[rows] = values.sum(axis=1)
        adds = values != 0
        most = np.where(adds, values, -np.inf).argmax(axis=1)
        best[rows] = np.where(adds.any(axis=1), most, -1)
        start = rows.stop
    if by in ("uncertainty", "entropy"):
        scores /= counts.sum()
    return scores, best


def _entropy(proba):
    """Return the entropy of each probability in bits."""
    p = np.clip(proba.astype(np.float64), 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return np.nan_to_num(bits, copy=False)

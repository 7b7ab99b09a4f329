"""Predictions as a table with names: one line for a row and a node.

Stage: the last step for people. In: any fitted estimator and rows. Out: a frame with
the columns id, node, name, namespace, probability, decision, uncertainty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .. import _frames as frames
from .._response import some_rows
from .._validation import BoolArray, FloatArray, Node, check_bool, name_array
from ..hierarchy import Hierarchy
from ._blocks import PredictionBlocks, iter_proba
from ._choose import Choice, most_specific


def predict_frame(
    estimator: Any,
    X: Any,
    *,
    min_proba: float | None = None,
    only_decided: bool = False,
    uncertainty: Any = "auto",
    ids: Any = None,
    hierarchy: Hierarchy | None = None,
    batch_size: int | None = None,
) -> Any:
    """Predict a tidy table: one line for each row and each scored node.

    Parameters
    ----------
    estimator : fitted estimator
        As in `iter_proba`; with `predict`.
    X : array-like, sparse matrix, DataFrame or Dataset of shape (n_samples, ...)
        What the estimator takes, as in `iter_proba`.
    min_proba : float, default=None
        Smallest probability that has a line, in [0, 1]. None: any.
    only_decided : bool, default=False
        Whether only the nodes have a line that `predict` says yes to.
    uncertainty : str, callable or None, default="auto"
        The measure in the column of this name, see
        `sklearn_hmlc.uncertainty.get_measure`. "auto": "gmu", where the model knows
        how unsure it is. None: no such column, which spares a pass.
    ids : array-like of hashable of shape (n_samples,), default=None
        What the rows are called. None: those of a Bunch, the index of a pandas frame,
        else 0, 1, ...
    hierarchy : Hierarchy, default=None
        As in `iter_proba`.
    batch_size : int, default=None
        As in `iter_proba`.

    Returns
    -------
    table : DataFrame
        Of the library of `X`, where that is a frame, else of pandas. Rows are in their
        order, nodes in the hierarchy's. Its columns:

        - ``id``, ``node``
        - ``name``, ``namespace``: where the hierarchy knows any, else left out; None
          for nodes without
        - ``probability``: of `predict_proba`
        - ``decision``: whether `predict` says yes
        - ``uncertainty``: larger = less sure

    Raises
    ------
    ValueError
        As `iter_proba`, and if `min_proba` is out of its range.
    AttributeError
        If `uncertainty` names a measure, but the model knows none.

    See Also
    --------
    predict_top : The best nodes of each row, the best first.

    Notes
    -----
    Unscored nodes, such as a virtual root, have no line. A table has a line for each
    pair of a row and a node, unless `min_proba` or `only_decided` says otherwise: for
    many of both take `predict_sparse`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.postprocessing import CoherentClassifier
    >>> from sklearn_hmlc.predictions import predict_frame
    >>> hierarchy = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    >>> X = pd.DataFrame({"purrs": [1.0, 0.0]}, index=["Tom", "Rex"])
    >>> Y = pd.DataFrame([[1, 1, 0], [1, 0, 1]], columns=hierarchy.nodes)
    >>> model = CoherentClassifier(KNeighborsClassifier(1), hierarchy).fit(X, Y.values)
    >>> predict_frame(model, X, only_decided=True)
        id    node  probability  decision
    0  Tom  animal          1.0      True
    1  Tom     cat          1.0      True
    2  Rex  animal          1.0      True
    3  Rex     dog          1.0      True
    """
    check_bool("only_decided", only_decided)
    choice = Choice(None, min_proba).check()
    blocks = iter_proba(
        estimator, X, ids=ids, hierarchy=hierarchy, batch_size=batch_size
    )

    def pairs(proba: FloatArray, decided: BoolArray) -> tuple[Any, Any]:
        allowed = blocks.scored & (decided if only_decided else True)
        kept = choice.kept(proba, np.broadcast_to(allowed, proba.shape))
        rows, nodes = np.nonzero(kept)
        return rows, nodes

    return _table(blocks, pairs, uncertainty)


def predict_top(
    estimator: Any,
    X: Any,
    *,
    k: int | None = 10,
    min_proba: float | None = None,
    most_specific: bool = False,
    uncertainty: Any = "auto",
    ids: Any = None,
    hierarchy: Hierarchy | None = None,
    batch_size: int | None = None,
) -> Any:
    """Predict the best nodes of each row as a tidy table, the best first.

    Parameters
    ----------
    estimator : fitted estimator
        As in `iter_proba`; with `predict`.
    X : array-like, sparse matrix, DataFrame or Dataset of shape (n_samples, ...)
        What the estimator takes, as in `iter_proba`.
    k : int, default=10
        Lines per row at most. None: any number.
    min_proba : float, default=None
        Smallest probability that has a line, in [0, 1]. None: any.
    most_specific : bool, default=False
        Whether a node is left out if one below it would do: one with a probability of
        `min_proba`, or, where that is None, one that `predict` says yes to. So no line
        follows from another, and `k` counts what is left.
    uncertainty : str, callable or None, default="auto"
        As in `predict_frame`.
    ids : array-like of hashable of shape (n_samples,), default=None
        As in `predict_frame`.
    hierarchy : Hierarchy, default=None
        As in `iter_proba`.
    batch_size : int, default=None
        As in `iter_proba`.

    Returns
    -------
    table : DataFrame
        As of `predict_frame`. Rows are in their order; the nodes of each by
        probability, and of equal ones the hierarchy's first. A row may have no line.

    Raises
    ------
    ValueError
        As `iter_proba`, and if `k` or `min_proba` is out of its range.
    AttributeError
        If `uncertainty` names a measure, but the model knows none.

    See Also
    --------
    predict_frame : All nodes of each row.
    write_predictions : Tables, and whole models, to files.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.postprocessing import CoherentClassifier
    >>> from sklearn_hmlc.predictions import predict_top
    >>> hierarchy = Hierarchy.from_edges(
    ...     [("animal", "cat"), ("animal", "dog")], names={"cat": "Felis catus"}
    ... )
    >>> X, Y = [[0.0], [1.0], [2.0]], [[1, 1, 0], [1, 1, 0], [1, 0, 1]]
    >>> model = CoherentClassifier(KNeighborsClassifier(3), hierarchy).fit(X, Y)
    >>> predict_top(model, [[0.5]], k=2, ids=["Tom"])
        id    node         name  probability  decision
    0  Tom  animal         None     1.000000      True
    1  Tom     cat  Felis catus     0.666667      True
    >>> predict_top(model, [[0.5]], most_specific=True, ids=["Tom"])["node"].tolist()
    ['cat']
    """
    check_bool("most_specific", most_specific)
    choice = Choice(k, min_proba).check()
    blocks = iter_proba(
        estimator, X, ids=ids, hierarchy=hierarchy, batch_size=batch_size
    )

    def pairs(proba: FloatArray, decided: BoolArray) -> tuple[Any, Any]:
        allowed = np.broadcast_to(blocks.scored, proba.shape)
        if most_specific:
            likely = decided if min_proba is None else proba >= min_proba
            allowed = _specific(likely & allowed, blocks)
        return choice.pairs(proba, allowed)

    return _table(blocks, pairs, uncertainty)


def _specific(kept: BoolArray, blocks: PredictionBlocks) -> BoolArray:
    # Of classes each row has one: none lies below another.
    return kept if blocks.of_classes else most_specific(kept, blocks.hierarchy)


def _table(blocks: PredictionBlocks, pairs: Any, uncertainty: Any) -> Any:
    """Make the table of the pairs that ``pairs`` keeps of each block."""
    model, X = blocks._model, blocks._X
    unsure = uncertainty is not None
    if isinstance(uncertainty, str) and uncertainty == "auto":
        unsure, uncertainty = model.has_uncertainty(), "gmu"
    parts: dict[str, list[np.ndarray]] = {}
    for where in blocks._slices():
        X_block = some_rows(X, where)
        proba, decided = model.proba(X_block), model.decisions(X_block)
        rows, nodes = pairs(proba, decided)
        part = {
            "id": rows + where.start,
            "node": nodes,
            "probability": proba[rows, nodes],
            "decision": decided[rows, nodes],
        }
        if unsure:
            part["uncertainty"] = model.uncertainty(X_block, uncertainty)[rows, nodes]
        for name, values in part.items():
            parts.setdefault(name, []).append(values)
    columns = {name: np.concatenate(values) for name, values in parts.items()}
    rows, nodes = columns.pop("id"), columns.pop("node")
    named = {
        "id": _taken(blocks.ids, rows),
        "node": _taken(blocks.nodes, nodes),
        **_known_of(blocks, nodes),
    }
    return frames.table({**named, **columns}, X)


def _taken(names: Any, positions: np.ndarray) -> Any:
    return pd.Series(name_array(names)[positions])


def _known_of(blocks: PredictionBlocks, nodes: np.ndarray) -> dict[str, Any]:
    """Titles and namespaces of nodes, where the hierarchy knows any."""
    if blocks.hierarchy is None:
        return {}
    facts = {
        "name": blocks.hierarchy.names,
        "namespace": blocks.hierarchy.namespaces,
    }
    return {
        column: pd.Series(_objects(known, blocks.nodes)[nodes], dtype=object)
        for column, known in facts.items()
        if known
    }


def _objects(known: Any, nodes: tuple[Node, ...]) -> np.ndarray:
    values = np.empty(len(nodes), dtype=object)
    values[:] = [known.get(node) for node in nodes]
    return values

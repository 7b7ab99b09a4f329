"""One row's predictions as a table of nodes, and which of them to show.

Stage: before `HierarchyDisplay`. In: probabilities, labels and uncertainty of one row,
of shape (n_nodes,) or (1, n_nodes). Out: a DataFrame with the nodes in rows.
"""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .. import _frames as frames
from .. import _validation as check
from .._naming import common_hierarchy


def one_row_table(hierarchy, threshold=None, **given):
    """Return the scored nodes' numbers, one row per node.

    Parameters
    ----------
    hierarchy : Hierarchy
    threshold : number, array-like or mapping, default=None
        Thresholds of decision, by node.
    **given : dict
        ``y_score``, and what there is of ``y_pred``, ``y_true``, ``uncertainty`` and
        ``decision_score``; of shape (n_nodes,) or (1, n_nodes), or None.

    Returns
    -------
    table : DataFrame of shape (n_scored, n_columns)
        ``proba``, ``predicted``, and what is given of ``true``, ``uncertainty``,
        ``decision`` and ``threshold``. Without `y_pred` the nodes are predicted whose
        decision score, or else probability, reaches the threshold, or else 0.5.
    """
    rows = {
        name: one_row(values, name)
        for name, values in given.items()
        if values is not None
    }
    common_hierarchy(hierarchy, rows)
    names = next(filter(None, map(frames.columns, rows.values())), None)
    limits = 0.5 if threshold is None else _thresholds(threshold, hierarchy, names)
    numbers = {
        name: check.as_probabilities(rows[name], hierarchy, name)[0]
        for name in ("y_score", "decision_score")
        if name in rows
    }
    table = pd.DataFrame(
        {"proba": numbers["y_score"]},
        index=pd.Index(hierarchy.nodes, tupleize_cols=False),
    )
    if "y_pred" in rows:
        table["predicted"] = _labels(rows, hierarchy, "y_pred")
    else:
        positive = numbers.get("decision_score", numbers["y_score"]) >= limits
        # Coherent scores stay closed under one threshold; under one per node they may
        # not.
        if np.ndim(limits):
            positive = hierarchy.close(positive[np.newaxis])[0]
        table["predicted"] = positive
    if "y_true" in rows:
        table["true"] = _labels(rows, hierarchy, "y_true")
    if "uncertainty" in rows:
        unsure = check.as_scores(rows["uncertainty"], hierarchy, "uncertainty")
        table["uncertainty"] = unsure[0]
    if "decision_score" in rows:
        table["decision"] = numbers["decision_score"]
    if threshold is not None:
        table["threshold"] = limits
    return table[hierarchy.scored]


def below_node(table, hierarchy, node):
    """Return the rows of a node and its descendants, in the hierarchy's order."""
    below = {node, *hierarchy.descendants(node)}
    return table[[name in below for name in table.index]]


def most_telling(table, max_nodes):
    """Return the rows of the true nodes, then of the most probable, in their order.

    Ties go to the first in topological order. So where probabilities and truth are
    coherent, a node comes with its ancestors.
    """
    if not isinstance(max_nodes, int | np.integer) or max_nodes < 1:
        raise ValueError(f"Expected `max_nodes` of 1 or more, but got {max_nodes!r}.")
    if table.empty:
        raise ValueError(
            "Expected a scored node to show, but all of them are unscored."
        )
    keys = [-table.proba.to_numpy()]
    if "true" in table:
        keys.append(~table.true.to_numpy())
    return table.iloc[np.sort(np.lexsort(keys)[:max_nodes])]


def _thresholds(threshold, hierarchy, names):
    limits = check.by_node(threshold, hierarchy, 0.5, "threshold", names)
    if np.isnan(limits).any():
        raise ValueError("Expected `threshold` of numbers, but got NaN.")
    return limits


def _labels(rows, hierarchy, name):
    return check.as_labels(rows[name], hierarchy, name).toarray()[0]


def one_row(values, name):
    """Return values of one row, 1-D ones too, with shape (1, n_nodes)."""
    if isinstance(values, pd.Series):
        values = values.to_frame().T
    elif not sp.issparse(values) and np.ndim(values) < 2:
        values = [values]
    n_rows = values.shape[0] if hasattr(values, "shape") else len(values)
    if n_rows != 1:
        raise ValueError(
            f"Expected `{name}` of one row, but got {n_rows}; take one, X[[0]] for the "
            "first."
        )
    return values

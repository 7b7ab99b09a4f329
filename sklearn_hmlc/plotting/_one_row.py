"""One row's predictions as a table of nodes, and which of them to show.

Stage: before `HierarchyDisplay`. In: probabilities, labels and uncertainty of one row,
of shape (n_nodes,) or (1, n_nodes). Out: a DataFrame with the nodes in rows.
"""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .. import _validation as check


def one_row_table(hierarchy, y_score, y_pred, y_true, uncertainty):
    """Return ``proba``, ``predicted``, and what is given of ``true``, ``uncertainty``.

    Without `y_pred` the nodes with a probability of 0.5 or more are predicted.
    """
    given = {
        "y_score": y_score,
        "y_pred": y_pred,
        "y_true": y_true,
        "uncertainty": uncertainty,
    }
    rows = {
        name: one_row(values, name)
        for name, values in given.items()
        if values is not None
    }
    check.check_one_order(hierarchy, **rows)
    nodes = pd.Index(hierarchy.nodes, tupleize_cols=False)
    proba = _scores(rows, hierarchy, "y_score")
    if proba.min() < 0 or proba.max() > 1:
        raise ValueError(
            "Expected `y_score` of probabilities in [0, 1], but got values from "
            f"{proba.min():g} to {proba.max():g}."
        )
    table = pd.DataFrame({"proba": proba, "predicted": proba >= 0.5}, index=nodes)
    if y_pred is not None:
        table["predicted"] = _labels(rows, hierarchy, "y_pred")
    if y_true is not None:
        table["true"] = _labels(rows, hierarchy, "y_true")
    if uncertainty is not None:
        table["uncertainty"] = _scores(rows, hierarchy, "uncertainty")
    return table


def below_node(table, hierarchy, node):
    """Return the rows of a node and its descendants, in the hierarchy's order."""
    names = [node, *hierarchy.descendants(node)]
    return table.iloc[hierarchy.index(names)]


def most_telling(table, max_nodes):
    """Return the rows of the true nodes, then of the most probable, in their order.

    Ties go to the first in topological order. So where probabilities and truth are
    coherent, a node comes with its ancestors.
    """
    if not isinstance(max_nodes, int | np.integer) or max_nodes < 1:
        raise ValueError(f"Expected `max_nodes` of 1 or more, but got {max_nodes!r}.")
    keys = [-table.proba.to_numpy()]
    if "true" in table:
        keys.append(~table.true.to_numpy())
    return table.iloc[np.sort(np.lexsort(keys)[:max_nodes])]


def _scores(rows, hierarchy, name):
    return check.as_scores(rows[name], hierarchy, name)[0]


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

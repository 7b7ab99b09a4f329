"""How well rare nodes are found: a table of measures by frequency or depth.

Stage: numbers for reports and figures. In: truth, predictions and perhaps scores of
shape (n_samples, n_nodes), and how often each node came in training. Out: a DataFrame,
one row per group of nodes, with the means over the group's nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from .. import _validation as check
from .._naming import common_hierarchy
from .._validation import BoolArray
from ..hierarchy import Hierarchy
from . import _inputs as inputs
from ._curves import node_areas, step_area
from ._nodewise import count, ratios

_DEFAULT_EDGES = (0, 1, 5, 10, 20, 50, 100, 200, 500, 1000)
_DEFAULT_SHARES = (0.25, 0.5, 1.0)


def rarity_report(
    y_true: Any,
    y_pred: Any,
    y_score: Any = None,
    *,
    y_train: Any = None,
    train_counts: Any = None,
    by: str = "frequency",
    bins: Sequence[float] | None = None,
    present_only: bool = False,
    zero_division: float = 0.0,
    hierarchy: Hierarchy | None = None,
    scored: Any = None,
    interval: float | None = None,
) -> pd.DataFrame:
    """Precision, recall, F1 and area by how rare, or how deep, nodes are.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels of the test rows, 0 and 1.
    y_pred : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Predicted labels, 0 and 1.
    y_score : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), \
default=None
        Scores, for the column ``auprc``.
    y_train : array-like, sparse matrix or DataFrame of shape (n_train, n_nodes), \
default=None
        Labels of the training rows. They, or `train_counts`, are needed unless
        ``by="depth"``.
    train_counts : array-like of shape (n_nodes,), mapping or Series, default=None
        Training rows per node, in the place of `y_train`; a mapping or Series goes
        by the nodes' names.
    by : {"frequency", "rarest", "depth"}, default="frequency"
        "frequency": nodes by their training rows. "rarest": the given shares of the
        nodes that the test rows have, from the rarest up; the groups are nested.
        "depth": nodes by ``hierarchy.depth``.
    bins : sequence of float, default=None
        For "frequency" and "depth" ascending lower ends: a group has the nodes from one
        end to just below the next, the last one all above. None: 0, 1, 5, 10, 20, 50,
        100, 200, 500, 1000 rows, and every depth by itself. For "rarest" shares in
        (0, 1]; None: the rarest quarter, the rarest half and all.
    present_only : bool, default=False
        Whether only nodes with a positive test row count (always so for "rarest").
    zero_division : float, default=0.0
        Value in [0, 1] of a node's precision, recall or F1 where there is nothing to
        divide by.
    hierarchy : Hierarchy, default=None
        Names the columns, the unscored nodes and their depths. None: that of a model's
        blocks, if they have one.
    scored : array-like of bool of shape (n_nodes,), mapping or Series, default=None
        Nodes that count. None: those that the hierarchy scores, or all.
    interval : float, default=None
        Confidence in (0, 1), such as 0.95, of an interval of each measure, see Notes.
        None: no intervals.

    Returns
    -------
    report : DataFrame
        Groups without nodes are left out. The index has their names, the columns are

        - ``n_nodes``, ``n_present``: nodes, and those with a positive test row;
        - ``train_rows``: mean training rows per node, where these are known;
        - ``support``: positive (test row, node) pairs;
        - ``precision``, ``recall``, ``f1``: means over the nodes;
        - ``auprc`` (with `y_score`): mean area over the present nodes; NaN where
          ``n_present`` is 0;
        - ``precision_low``, ``precision_high`` and so on (with `interval`): the ends of
          each measure's interval; NaN where fewer than 5 nodes have the measure.

    Raises
    ------
    TypeError
        If `zero_division`, `present_only` or `hierarchy` has a wrong type.
    ValueError
        If training counts are missing or come twice, `bins` are not ascending, no node
        is left, an array does not fit, or has no names beside a frame whose columns
        are not in node order.

    See Also
    --------
    node_precision_recall_f1 : The measures of all nodes together.

    Notes
    -----
    Nodes with as many training rows as each other are ranked by their columns, so that
    "rarest" gives the same nodes for every model.

    Intervals are percentiles of the bootstrap [1]_ over a group's nodes: its nodes are
    drawn anew, with replacement, 1000 times and in the same way each time. What a node
    has by the luck of its few test rows is part of how far nodes lie apart, and so of
    the interval. Nodes of a hierarchy share rows, and a bootstrap of few nodes is too
    sure: take the intervals for the least that there is to doubt.

    References
    ----------
    .. [1] Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import rarity_report
    >>> y_true = [[1, 1, 0], [1, 0, 1], [1, 0, 0]]
    >>> y_pred = [[1, 0, 0], [1, 0, 1], [1, 0, 1]]
    >>> report = rarity_report(y_true, y_pred, train_counts=[60, 3, 7])
    >>> report[["n_nodes", "support", "precision", "recall"]]
                   n_nodes  support  precision  recall
    training rows
    1-4                  1        1        0.0     0.0
    5-9                  1        1        0.5     1.0
    50-99                1        3        1.0     1.0
    >>> rarest = rarity_report(
    ...     y_true, y_pred, train_counts=[60, 3, 7], by="rarest", bins=[0.5]
    ... )
    >>> rarest.recall
    rarest nodes
    50 %    0.5
    Name: recall, dtype: float64
    """
    check.check_option("by", by, ("frequency", "rarest", "depth"))
    check.check_share("zero_division", zero_division)
    check.check_bool("present_only", present_only)
    _check_interval(interval)
    y_score, side, hierarchy = inputs.named_scores(
        y_true, y_score, "y_score", hierarchy
    )
    sides = {"y_true": y_true, "y_pred": y_pred, "y_score": side, "y_train": y_train}
    per_node = {"scored": scored, "train_counts": train_counts}
    names = common_hierarchy(hierarchy, sides, per_node)
    _, truth, predicted, _ = inputs.side_by_side(
        y_true, y_pred, "y_pred", names, scores=False
    )
    train = check.as_train_counts(y_train, train_counts, names)
    counts = count(truth, predicted)
    present = counts.positive > 0
    nodes = check.as_scored(scored, names)
    if present_only or by == "rarest":
        nodes = nodes & present
    table = pd.DataFrame({"n_present": present, "support": counts.positive.astype(int)})
    if train is not None:
        table["train_rows"] = train
    for measure, values in ratios(counts, zero_division)._asdict().items():
        table[measure] = values
    if y_score is not None:
        _, _, scores, _ = inputs.side_by_side(
            y_true, y_score, "y_score", names, scores=True
        )
        table["auprc"] = node_areas(truth, scores, np.ones_like(nodes), step_area)
    groups = _groups(by, bins, nodes, train, hierarchy)
    report = _summary(table, groups, _TITLES[by])
    if interval is None:
        return report
    return report.join(_intervals(table, groups, interval))


_TITLES = {
    "frequency": "training rows",
    "rarest": "rarest nodes",
    "depth": "depth",
}
_MEASURES = {
    "n_present": "sum",
    "train_rows": "mean",
    "support": "sum",
    "precision": "mean",
    "recall": "mean",
    "f1": "mean",
    "auprc": "mean",
}


def _summary(
    table: pd.DataFrame, groups: Mapping[Any, NDArray[np.intp]], title: str
) -> pd.DataFrame:
    """One row per group; ``mean`` passes over the missing areas of absent nodes."""
    how = {name: kind for name, kind in _MEASURES.items() if name in table}
    rows = [
        {"n_nodes": len(nodes), **table.iloc[nodes].agg(how)}
        for nodes in groups.values()
    ]
    index = pd.Index(list(groups), name=title)
    counted = ["n_nodes", "n_present", "support"]
    return pd.DataFrame(rows, index=index).astype(dict.fromkeys(counted, int))


# -- intervals ------------------------------------------------------------------------

_N_RESAMPLES = 1000
_FEWEST = 5  # nodes; of fewer, a bootstrap says next to nothing
_DRAWN_AT_ONCE = 2**20  # counts, 8 MB


def _check_interval(interval: Any) -> None:
    if interval is None:
        return
    check.check_share("interval", interval)
    if not 0 < interval < 1:
        raise ValueError(f"Expected `interval` in (0, 1), but got {interval!r}.")


def _intervals(
    table: pd.DataFrame, groups: Mapping[Any, NDArray[np.intp]], interval: float
) -> pd.DataFrame:
    """Return the ends of an interval of each measure, one row per group."""
    measures = [
        name for name in ("precision", "recall", "f1", "auprc") if name in table
    ]
    values = table[measures].to_numpy(dtype=float)
    tails = [(1 - interval) / 2, (1 + interval) / 2]
    ends = {}
    for name, nodes in groups.items():
        low, high = np.full((2, len(measures)), np.nan)
        enough = np.isfinite(values[nodes]).sum(axis=0) >= _FEWEST
        if enough.any():
            means = _resampled_means(values[nodes][:, enough])
            low[enough], high[enough] = np.nanquantile(means, tails, axis=0)
        ends[name] = np.column_stack([low, high]).ravel()
    columns = [f"{measure}_{end}" for measure in measures for end in ("low", "high")]
    return pd.DataFrame.from_dict(ends, orient="index", columns=columns)


def _resampled_means(values: NDArray[Any]) -> NDArray[Any]:
    """Return means over nodes drawn with replacement, of shape (n_draws, n_measures).

    Missing values, areas of nodes that no test row has, are passed over.
    """
    n_nodes, n_measures = values.shape
    there = np.isfinite(values)
    # Seeded: the same nodes for every model, and the same interval each time.
    rng = np.random.default_rng(0)
    means = np.empty((_N_RESAMPLES, n_measures))
    for rows in gen_batches(_N_RESAMPLES, max(1, _DRAWN_AT_ONCE // n_nodes)):
        size = rows.stop - rows.start
        times = rng.multinomial(n_nodes, np.full(n_nodes, 1 / n_nodes), size=size)
        with np.errstate(invalid="ignore"):
            means[rows] = (times @ np.where(there, values, 0)) / (times @ there)
    return means


# -- groups of nodes -------------------------------------------------------------------


def _groups(
    by: str,
    bins: Sequence[float] | None,
    nodes: BoolArray,
    train: NDArray[Any] | None,
    hierarchy: Hierarchy | None,
) -> dict[Any, NDArray[np.intp]]:
    """Name -> positions of the group's nodes, from the rarest or shallowest."""
    if not nodes.any():
        raise ValueError(
            "Expected a node with a positive row in `y_true`, but none of the scored "
            "nodes has one."
        )
    if by == "depth":
        if hierarchy is None:
            raise ValueError('Expected `hierarchy` with by="depth", but got None.')
        every = range(hierarchy.depth.max() + 2)
        return _by_lower_end(hierarchy.depth, nodes, bins, every)
    if train is None:
        raise ValueError(
            f"Expected `y_train` or `train_counts` with by={by!r}, but got neither."
        )
    if by == "rarest":
        return _by_share(train, nodes, _DEFAULT_SHARES if bins is None else bins)
    return _by_lower_end(train, nodes, bins, _DEFAULT_EDGES)


def _by_lower_end(
    values: NDArray[Any],
    nodes: BoolArray,
    bins: Sequence[float] | None,
    default: Sequence[float],
) -> dict[Any, NDArray[np.intp]]:
    ends = _ascending(default if bins is None else bins)
    group = np.searchsorted(ends, values, side="right") - 1
    found = {
        _interval(ends, position): np.flatnonzero(nodes & (group == position))
        for position in range(len(ends))
    }
    kept = {name: where for name, where in found.items() if len(where)}
    if not kept:
        raise ValueError(
            f"Expected `bins` that hold a node, but all lie below {ends[0]:g}; lower "
            "the first end."
        )
    return kept


def _interval(ends: NDArray[Any], position: int) -> str:
    low = ends[position]
    if position == len(ends) - 1:
        return f"{low:g}+"
    high = ends[position + 1] - 1  # counts and depths are whole numbers
    return f"{low:g}" if low >= high else f"{low:g}-{high:g}"


def _by_share(
    train: NDArray[Any], nodes: BoolArray, shares: Sequence[float]
) -> dict[Any, NDArray[np.intp]]:
    ends = _ascending(shares)
    if ends[0] <= 0 or ends[-1] > 1:
        raise ValueError(f'Expected `bins` in (0, 1] with by="rarest", got {shares!r}.')
    candidates = np.flatnonzero(nodes)
    ranked = candidates[np.argsort(train[candidates], kind="stable")]
    # As floats 0.07 * 100 is a little more than 7.
    counts = np.ceil(ends * len(ranked) * (1 - 1e-12)).astype(int)
    return {
        f"{100 * share:g} %": ranked[:count]
        for share, count in zip(ends, counts, strict=True)
    }


def _ascending(bins: Sequence[float]) -> NDArray[Any]:
    ends = np.asarray(bins)
    numeric = ends.ndim == 1 and ends.size > 0 and ends.dtype.kind in "iuf"
    if not numeric or not (np.diff(ends) > 0).all() or not np.isfinite(ends).all():
        raise ValueError(
            f"Expected `bins` to be ascending finite numbers, but got {bins!r}."
        )
    return ends

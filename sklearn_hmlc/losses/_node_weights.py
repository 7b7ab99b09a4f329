"""Node weights: imbalance seen from the node, not from the row.

Stage: labels to weights, once before training. In: ``Y`` of shape (n_samples, n_nodes).
Out: (n_nodes,), what a row that has the node counts; rows without it count 1.
Source: Xu et al. (2026), section 3.2; tempering is this library's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from .. import _frames as frames
from .._naming import common_hierarchy
from .._validation import as_labels, as_numbers, as_row_weights, check_option
from ..hierarchy import Hierarchy

SCHEMES = ("binary", "class-wise")
COUNTS = ("node", "subtree")


def node_weights(
    Y: Any,
    scheme: str = "binary",
    *,
    count: str = "node",
    hierarchy: Hierarchy | None = None,
    floor: float | None = 0.25,
    power: float = 1.0,
    scored: np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
) -> np.ndarray:
    r"""Weigh each node by its rarity in the training rows.

    With :math:`n_i` rows that have node `i` out of `N`, and `C` nodes,

    .. math:: v_i = \frac{N}{2 n_i} \text{ (binary)}, \qquad
              v_i = \frac{N}{C n_i} \text{ (class-wise)},

    and :math:`v_i = 1` where :math:`n_i` is 0 or `N`. With a floor the weights are
    rescaled over the nodes,

    .. math:: w_i = \mathrm{floor} + \max(v) \frac{v_i - \min(v)}{\max(v) - \min(v)},

    without one they are :math:`w_i = \max(v_i, 1)`.

    Parameters
    ----------
    Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1, closed under the hierarchy.
    scheme : {"binary", "class-wise"}, default="binary"
        Which :math:`v_i`.
    count : {"node", "subtree"}, default="node"
        What :math:`n_i` counts: the rows that have node `i`, or the sum of these
        numbers over the node and all its descendants, as the code published with the
        paper does: a row counts once for each of its nodes below.
    hierarchy : Hierarchy, default=None
        The label graph, for ``count="subtree"``; columns of `Y` are its nodes.
    floor : float or None, default=0.25
        The smallest weight after rescaling. None: no rescaling, and no weight below 1.
    power : float in [0, 1], default=1.0
        Tempers the weights: :math:`v_i` is raised to it before the rescaling. 1: the
        paper's weights; 0: all alike; 0.5 without a floor keeps precision.
    scored : array-like of bool of shape (n_nodes,), default=None
        Nodes that count; the others weigh 1 and have no say in the rescaling. None:
        all.
    sample_weight : array-like of shape (n_samples,), default=None
        What each row counts in :math:`n_i` and `N`, >= 0. None: 1.

    Returns
    -------
    weights : ndarray of float64 of shape (n_nodes,)
        In the order of the columns of `Y`. All 1 where the rescaling has nothing to
        tell apart (:math:`v` is constant).

    Raises
    ------
    ValueError
        If `Y` is not 2-D or has no rows, the scheme or the count is unknown, a count
        lacks its hierarchy, or a number is out of its range.

    References
    ----------
    .. [1] Xu et al., "Improving Detection of Rare Nodes in Hierarchical Multi-Label
       Learning", 2026, arXiv 2602.08986.

    Examples
    --------
    >>> from sklearn_hmlc.losses import node_weights
    >>> Y = [[1, 1], [1, 0], [1, 0], [0, 0]]
    >>> node_weights(Y, floor=None)
    array([1., 2.])
    >>> node_weights(Y)
    array([0.25, 2.25])
    """
    present, weight = _checked_rows(Y, sample_weight, hierarchy)
    counted = present[weight > 0]
    return node_weights_from_counts(
        weight @ present,
        weight.sum(),
        scheme,
        count=count,
        hierarchy=hierarchy,
        floor=floor,
        power=power,
        scored=scored,
        in_all=np.diff(counted.tocsc().indptr) == counted.shape[0],
    )


def node_weights_from_counts(
    counts: Any,
    n_rows: float,
    scheme: str = "binary",
    *,
    count: str = "node",
    hierarchy: Hierarchy | None = None,
    floor: float | None = 0.25,
    power: float = 1.0,
    scored: np.ndarray | None = None,
    in_all: Any = None,
) -> np.ndarray:
    """Weigh each node by its rarity, from the numbers of rows alone.

    For rows that come in parts: the numbers are added up.

    Parameters
    ----------
    counts : array-like of shape (n_nodes,)
        Rows (or the sum of their weights) that have each node.
    n_rows : float
        Rows in all (or the sum of their weights), > 0.
    scheme, count, hierarchy, floor, power, scored
        See `node_weights`; with ``count="subtree"`` the sums over descendants are
        formed here.
    in_all : array-like of bool of shape (n_nodes,), default=None
        Nodes that all rows have. None: those whose count is the number of rows; say so
        where counts are sums of weights, which may round.

    Returns
    -------
    weights : ndarray of float64 of shape (n_nodes,)

    Raises
    ------
    ValueError
        If the scheme or the count is unknown, a count lacks its hierarchy, or a number
        is out of its range.

    See Also
    --------
    node_weights : The formulas.

    Examples
    --------
    >>> from sklearn_hmlc.losses import node_weights_from_counts
    >>> node_weights_from_counts([3, 1], 4, floor=None)
    array([1., 2.])
    """
    check_option("scheme", scheme, SCHEMES)
    check_option("count", count, COUNTS)
    _check_numbers(floor, power)
    counts = as_numbers(counts, "counts")
    if counts.ndim != 1 or not (np.isfinite(counts) & (counts >= 0)).all():
        raise ValueError(
            "Expected `counts` of shape (n_nodes,), finite and none below 0, but got "
            f"{counts!r}."
        )
    if not 0 < n_rows < np.inf:
        raise ValueError(f"Expected `n_rows` above 0, but got {n_rows}.")
    n_nodes = len(counts)
    mask = _checked_mask(scored, n_nodes)
    n_classes = 2 if scheme == "binary" else n_nodes
    everywhere = counts >= n_rows if in_all is None else np.asarray(in_all)
    if count == "subtree":
        alone, counts = counts, _over_subtrees(counts, hierarchy)
        # Sums of row weights round: of a node with nodes below they may miss N.
        inner = counts > alone
        everywhere = np.where(inner, np.isclose(counts, n_rows, rtol=1e-9), everywhere)
    told = (counts > 0) & ~everywhere
    raw = np.ones(n_nodes)
    raw[told] = n_rows / (n_classes * counts[told])
    tempered = raw**power
    if floor is None:
        return np.where(mask, np.maximum(tempered, 1.0), 1.0)
    return np.where(mask, _rescale(tempered, tempered[mask], floor), 1.0)


def _over_subtrees(counts: np.ndarray, hierarchy: Hierarchy | None) -> np.ndarray:
    """Sum numbers per node over each node and all its descendants."""
    if hierarchy is None or hierarchy.n_nodes != len(counts):
        got = "none" if hierarchy is None else f"one of {hierarchy.n_nodes}"
        raise ValueError(
            "With count='subtree' expected `hierarchy` to be the label graph of the "
            f"{len(counts)} nodes, but got {got}."
        )
    # Row j of the closed identity has the ancestors of node j, and j itself.
    above = hierarchy.close(sp.eye_array(len(counts), dtype=bool, format="csr"))
    return above.T.astype(np.float64) @ counts


def _rescale(values: np.ndarray, among: np.ndarray, floor: float) -> np.ndarray:
    low, high = (among.min(), among.max()) if len(among) else (1.0, 1.0)
    if low == high:
        return np.ones(len(values))
    return floor + high * (values - low) / (high - low)


def _checked_rows(
    Y: Any, sample_weight: Any, hierarchy: Hierarchy | None
) -> tuple[sp.csr_array, np.ndarray]:
    """Which rows have which nodes, as 0.0 and 1.0, and what each row counts."""
    if not (sp.issparse(Y) or frames.is_frame(Y)):
        Y = np.asarray(Y)
    if len(Y.shape) != 2 or Y.shape[0] == 0:
        raise ValueError(
            "Expected Y of shape (n_samples, n_nodes) with at least one row, but got "
            f"shape {Y.shape}."
        )
    present = as_labels(Y, common_hierarchy(hierarchy, {"Y": Y})).astype(np.float64)
    weight = as_row_weights(sample_weight, Y.shape[0])
    if weight is None:
        return present, np.ones(Y.shape[0])
    # Shares alone count, and large weights have no finite sum.
    return present, weight / max(weight.max(), np.finfo(np.float64).tiny)


def _checked_mask(scored: Any, n_nodes: int) -> np.ndarray:
    if scored is None:
        return np.ones(n_nodes, dtype=bool)
    mask = np.asarray(scored, dtype=bool)
    if mask.shape != (n_nodes,):
        raise ValueError(
            f"Expected `scored` of shape ({n_nodes},), one per node, but got shape "
            f"{mask.shape}."
        )
    return mask


def _check_numbers(floor: float | None, power: float) -> None:
    if floor is not None and not 0 <= floor < np.inf:
        raise ValueError(f"Expected `floor` to be None or >= 0, but got {floor}.")
    if not 0 <= power <= 1:
        raise ValueError(f"Expected `power` to be in [0, 1], but got {power}.")

"""Node weights: imbalance seen from the node, not from the row.

Stage: labels to weights, once before training. In: ``Y`` of shape (n_samples, n_nodes).
Out: (n_nodes,), what a row that has the node counts; rows without it count 1.
Source: Xu et al. (2026), section 3.2; tempering is this library's own.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..hierarchy import Hierarchy
from ..hierarchy._labels import to_csr
from ..hierarchy._names import shorten, values_by_node

SCHEMES = ("binary", "class-wise")


def node_weights(
    Y: Any,
    scheme: str = "binary",
    *,
    floor: float | None = 0.25,
    power: float = 1.0,
    scored: np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
) -> np.ndarray:
    r"""Weigh each node by its rarity in the training rows.

    With :math:`n_i` rows that have node `i` out of `N`, and `C` nodes,

    .. math:: v_i = \frac{N}{2 n_i} \text{ (binary)}, \qquad
              v_i = \frac{N}{C n_i} \text{ (class-wise)},

    and :math:`v_i = 1` for nodes of no row or of all. With a floor the weights are
    rescaled over the nodes,

    .. math:: w_i = \mathrm{floor} + \max(v) \frac{v_i - \min(v)}{\max(v) - \min(v)},

    without one they are :math:`w_i = \max(v_i, 1)`.

    Parameters
    ----------
    Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1, closed under the hierarchy.
    scheme : {"binary", "class-wise"}, default="binary"
        Which :math:`v_i`.
    floor : float or None, default=0.25
        The smallest weight after rescaling. None: no rescaling, and no weight below 1.
    power : float in [0, 1], default=1.0
        Tempers the weights: :math:`v_i` is raised to it before the rescaling. 1: the
        paper's weights; 0: all alike; 0.5 without a floor keeps precision.
    scored : array-like of bool of shape (n_nodes,), default=None
        Nodes that count; the others weigh 1 and have no say in the rescaling. None:
        all.

    sample_weight : array-like of shape (n_samples,), default=None
        What each row counts in :math:`n_i` and `N`. None: 1.

    Returns
    -------
    weights : ndarray of float64 of shape (n_nodes,)
        All 1 where the rescaling has nothing to tell apart (:math:`v` is constant).

    Raises
    ------
    ValueError
        If `Y` is not 2-D or has no rows, the scheme is unknown, or a number is out of
        its range.

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
    _check(scheme, floor, power)
    present, weight = _checked_rows(Y, sample_weight)
    n_nodes = present.shape[1]
    mask = _checked_mask(scored, n_nodes)
    n_classes = 2 if scheme == "binary" else n_nodes
    raw = np.ones(n_nodes)
    told = _some_but_not_all(present, weight)
    raw[told] = weight.sum() / (n_classes * (weight @ present)[told])
    tempered = raw**power
    if floor is None:
        return np.where(mask, np.maximum(tempered, 1.0), 1.0)
    return np.where(mask, _rescale(tempered, tempered[mask], floor), 1.0)


def _rescale(values: np.ndarray, among: np.ndarray, floor: float) -> np.ndarray:
    low, high = (among.min(), among.max()) if len(among) else (1.0, 1.0)
    if low == high:
        return np.ones(len(values))
    return floor + high * (values - low) / (high - low)


def resolve_node_weights(
    spec: Any, hierarchy: Hierarchy, labels: sp.csr_array, **settings: Any
) -> np.ndarray:
    """Turn what a user calls node weights into an array in node order.

    ``spec`` is None (all 1), the name of a scheme (``settings`` go to `node_weights`),
    a mapping or Series node -> weight (the rest 1), or an array, which the loss checks.
    """
    if spec is None:
        return np.ones(hierarchy.n_nodes)
    if isinstance(spec, str):
        return node_weights(labels, spec, scored=hierarchy.scored, **settings)
    return values_by_node(spec, hierarchy, 1.0, "node_weight")


def warn_empty(hierarchy: Hierarchy, labels: sp.csr_array) -> None:
    """Warn, once for all of them, about scored nodes that no row has."""
    empty = hierarchy.scored & (np.diff(labels.tocsc().indptr) == 0)
    if empty.any():
        names = [hierarchy.nodes[node] for node in np.flatnonzero(empty)]
        warnings.warn(
            f"{len(names)} of {hierarchy.n_nodes} nodes have no positive row, so that "
            f"nothing is learnt about them: {shorten(names)}. `hierarchy.subset` makes "
            "a hierarchy without them.",
            UserWarning,
            stacklevel=4,  # the caller of `fit`, behind scikit-learn's wrapper
        )


def _checked_rows(Y: Any, sample_weight: Any) -> tuple[sp.csr_array, np.ndarray]:
    """Which rows have which nodes, as 0.0 and 1.0, and what each row counts."""
    if not sp.issparse(Y):
        Y = np.asarray(Y)
    if Y.ndim != 2 or Y.shape[0] == 0:
        raise ValueError(
            "Expected Y of shape (n_samples, n_nodes) with at least one row, but got "
            f"shape {Y.shape}."
        )
    present = to_csr(Hierarchy.flat(range(Y.shape[1])), Y).astype(np.float64)
    if sample_weight is None:
        return present, np.ones(Y.shape[0])
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (Y.shape[0],):
        raise ValueError(
            f"Expected `sample_weight` of shape ({Y.shape[0]},), one a row, but got "
            f"shape {weight.shape}."
        )
    return present, weight


def _some_but_not_all(present: sp.csr_array, weight: np.ndarray) -> np.ndarray:
    """Nodes that rows have and lack, of the rows that count; exact for any weights."""
    counts = (weight > 0).astype(np.float64)
    seen = counts @ present
    return (seen > 0) & (seen < counts.sum())


def _checked_mask(scored: Any, n_nodes: int) -> np.ndarray:
    if scored is None:
        return np.ones(n_nodes, dtype=bool)
    mask = np.asarray(scored, dtype=bool)
    if mask.shape != (n_nodes,):
        raise ValueError(
            f"Expected `scored` of shape ({n_nodes},), one a node, but got shape "
            f"{mask.shape}."
        )
    return mask


def _check(scheme: str, floor: float | None, power: float) -> None:
    if scheme not in SCHEMES:
        raise ValueError(
            f"Expected `scheme` to be one of {list(SCHEMES)}, but got {scheme!r}."
        )
    if floor is not None and not 0 <= floor < np.inf:
        raise ValueError(f"Expected `floor` to be None or >= 0, but got {floor}.")
    if not 0 <= power <= 1:
        raise ValueError(f"Expected `power` to be in [0, 1], but got {power}.")

"""The hierarchical focal loss: nodes weighted by rarity and by the ensemble's doubt.

Stage: logits (M, B, C) and labels (B, C) to a scalar. Source: Xu et al. (2026),
section 3, on the MCLoss of Giunchiglia and Lukasiewicz (2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .._validation import as_numbers, check_option
from ..hierarchy import Hierarchy
from ..nn import MaxConstraint
from ..uncertainty import MEASURES, get_measure, measure_members

# Outputs whose loss is computed at a time (4 MB of float32).
_PART = 2**20

# Which labels node weights are put on.
SIDES = ("positive", "negative")
_OF = {"positive": "node_weight", "negative": "negative_weight"}


class HierarchicalFocalLoss(nn.Module):
    r"""Binary cross entropy of coherent outputs, weighted by node and by uncertainty.

    .. math:: \frac{1}{M B} \sum_{m, b, i} w_{bi} \,
              \mathrm{BCE}\bigl(\sigma(q_{mbi}), y_{bi}\bigr), \qquad
              w_{bi} = \lambda\, w^{y_{bi}}_i \bigl(f + u_{bi}^{\,k}\bigr) + 1 - \lambda

    over scored nodes: :math:`q` are the logits after the max constraint in its training
    form, :math:`w^1_i` and :math:`w^0_i` what a positive and a negative of the node
    count, :math:`u` the
    ensemble's uncertainty (no gradient goes through it), :math:`f` the focal floor,
    :math:`k` the focal exponent and :math:`\lambda` the mix.

    Parameters
    ----------
    hierarchy : Hierarchy
        The label graph.
    node_weight : array-like of shape (C,), default=None
        What a positive of each node counts, finite and >= 0, in node order, for example
        from `node_weights`. None: all 1.
    negative_weight : array-like of shape (C,), default=None
        What a negative of each node counts, in the same form. None: all 1. The code
        that was published with the paper puts its node weights here.
    uncertainty : str, callable or None, default="gmu"
        Measure of uncertainty, see `sklearn_hmlc.uncertainty.get_measure`. None: no
        focal weights (the factor is 1).
    focal_exponent : float, default=1.0
        :math:`k`, > 0.
    focal_floor : float, default=0.25
        :math:`f`, >= 0: what a node counts that the ensemble is sure about.
    mix : float in [0, 1], default=1.0
        :math:`\lambda`: share of the weighted loss; the rest is the plain one.

    Attributes
    ----------
    share : float
        Multiplies the mix, 1 at first: for schedules (`get_schedule`), which set it
        from step to step.

    Raises
    ------
    ValueError
        If the node weights have the wrong length or are negative or not finite, the
        measure is unknown, or a number is out of its range.
    TypeError
        If `hierarchy` is no Hierarchy.

    See Also
    --------
    node_weights : Weights by rarity.
    sklearn_hmlc.nn.MaxConstraint : What makes the outputs coherent.

    References
    ----------
    .. [1] Xu et al., "Improving Detection of Rare Nodes in Hierarchical Multi-Label
       Learning", 2026, arXiv 2602.08986.
    .. [2] Giunchiglia and Lukasiewicz, "Coherent Hierarchical Multi-label
       Classification Networks", NeurIPS 2020.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.losses import HierarchicalFocalLoss
    >>> hierarchy = Hierarchy.from_edges([("a", "b")])
    >>> loss = HierarchicalFocalLoss(hierarchy, uncertainty=None)
    >>> logits = torch.zeros(1, 1, 2)
    >>> loss(logits, torch.tensor([[True, False]]))
    tensor(1.3863)
    """

    # As given, in float64 and on the host: a device may have no float64, and has copies
    # in float32 for its steps.
    node_weight: Tensor
    negative_weight: Tensor
    _positive: Tensor
    _negative: Tensor
    scored: Tensor

    def __init__(
        self,
        hierarchy: Hierarchy,
        *,
        node_weight: Any = None,
        negative_weight: Any = None,
        uncertainty: Any = "gmu",
        focal_exponent: float = 1.0,
        focal_floor: float = 0.25,
        mix: float = 1.0,
    ) -> None:
        super().__init__()
        _check_numbers(focal_exponent, focal_floor, mix)
        self.constraint = MaxConstraint(hierarchy)
        self.measure = None if uncertainty is None else get_measure(uncertainty)
        self.focal_exponent = focal_exponent
        self.focal_floor = focal_floor
        self.mix = mix
        self.share = 1.0
        for side, given in zip(SIDES, (node_weight, negative_weight), strict=True):
            weight = _checked_weight(given, hierarchy.n_nodes, _OF[side])
            setattr(self, _OF[side], torch.from_numpy(weight))
            copy = torch.tensor(weight, dtype=torch.float32)
            self.register_buffer(f"_{side}", copy, persistent=False)
        scored = torch.tensor(hierarchy.scored)
        self.register_buffer("scored", scored, persistent=False)

    def forward(
        self, logits: Tensor, y: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        logits : Tensor of float of shape (M, B, C)
            Unconstrained outputs of the members.
        y : Tensor of bool of shape (B, C)
            Labels, closed under the hierarchy (not checked).
        sample_weight : Tensor of shape (B,), default=None
            What each row counts. None: all 1.

        Returns
        -------
        loss : Tensor, scalar
            Divided by M and B.

        Raises
        ------
        ValueError
            If the shapes do not fit, or the measure returns another than (B, C).
        """
        _check_shapes(logits, y, sample_weight)
        y = y.bool()
        wants_grad = logits.requires_grad and torch.is_grad_enabled()
        large = logits.numel() > _PART and logits.device.type == "cpu"
        # A measure of the user's may look at all rows.
        by_row = self.measure is None or self.measure in MEASURES.values()
        if large and wants_grad and by_row:
            return _InParts.apply(logits, y, sample_weight, self)
        total = self.total(logits, y, sample_weight)
        return total / (logits.shape[0] * logits.shape[1])

    def total(self, logits: Tensor, y: Tensor, sample_weight: Tensor | None) -> Tensor:
        """Compute the sum over members, rows and nodes, of checked arguments."""
        q = self.constraint(logits, y)
        weight = self.weights(logits, y)
        if sample_weight is not None:
            weight = weight * sample_weight[:, None]
        return F.binary_cross_entropy_with_logits(
            q, y.to(q.dtype).expand_as(q), weight=weight, reduction="sum"
        )

    @torch.no_grad()
    def weights(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return what each entry counts: :math:`w_{bi}`, 0 for unscored nodes.

        Parameters
        ----------
        logits : Tensor of float of shape (M, B, C)
            Unconstrained outputs of the members.
        y : Tensor of bool of shape (B, C)
            Labels.

        Returns
        -------
        weights : Tensor of shape (B, C)
        """
        positive, negative = self._positive, self._negative
        # Copies that a user has moved to another dtype are rounded twice.
        if not logits.dtype == positive.dtype == torch.float32:
            both = self.node_weight, self.negative_weight
            positive, negative = (w.to(logits.device, logits.dtype) for w in both)
        weight = torch.where(y, positive, negative)
        mix = self.mix * self.share
        return (mix * weight * self._focal(logits) + (1 - mix)) * self.scored

    def _focal(self, logits: Tensor) -> Tensor | float:
        """Focal weights (B, C), alike for positives and negatives."""
        if self.measure is None:
            return 1.0
        # At least float32: in half precision small numbers are lost.
        wide = torch.promote_types(logits.dtype, torch.float32)
        doubt = measure_members(self.measure, torch.sigmoid(logits.to(wide)))
        return self.focal_floor + doubt**self.focal_exponent

    def set_node_weight(self, node_weight: Any, side: str = "positive") -> None:
        """Let nodes count something else from now on, as more rows are seen.

        Parameters
        ----------
        node_weight : array-like of shape (C,) or None
            As in the constructor.
        side : {"positive", "negative"}, default="positive"
            Whether these are what positives count, or negatives.
        """
        check_option("side", side, SIDES)
        name = _OF[side]
        weight = torch.from_numpy(
            _checked_weight(node_weight, len(self.node_weight), name)
        )
        getattr(self, name).copy_(weight)
        self.get_buffer(f"_{side}").copy_(weight)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up pickles of before there were copies: weights were buffers then."""
        super().__setstate__(state)
        for side, name in _OF.items():
            weight = self._buffers.pop(name, None)
            if weight is not None:
                setattr(self, name, weight.cpu())
                self.register_buffer(f"_{side}", weight.float(), persistent=False)

    @property
    def shift_depends_on_logits(self) -> bool:
        """Whether `logit_shift` differs from row to row: with a mix it does."""
        return self.mix * self.share < 1 and self.measure is not None

    def logit_shift(self, logits: Tensor) -> Tensor:
        r"""Tell by how much the weights have moved trained logits.

        A weight :math:`w^1` on the positives of a node and :math:`w^0` on its negatives
        multiplies the odds that fit the data best by :math:`w^1 / w^0`. Taken off the
        logits, before the max constraint, the logarithm of this gives back
        probabilities that follow the frequencies.

        Parameters
        ----------
        logits : Tensor of float of shape (M, B, C)
            Unconstrained outputs of the members.

        Returns
        -------
        shift : Tensor of shape (C,) or (B, C)
            With the focal weight :math:`f_{bi}` and the share in :math:`\lambda`,

            .. math:: \log \frac{\lambda w^1_i f_{bi} + 1 - \lambda}
                                {\lambda w^0_i f_{bi} + 1 - \lambda}.

            Where :math:`\lambda = 1` this is :math:`\log (w^1_i / w^0_i)`, for all rows
            alike. 0 where a node's positives, or its negatives, count nothing at all.
            Gradients go through it to the logits, where it depends on them.

        References
        ----------
        .. [1] Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001,
           theorem 2.
        .. [2] Menon et al., "Long-tail learning via logit adjustment", ICLR 2021.
        """
        mix = self.mix * self.share
        positive, negative = self.node_weight, self.negative_weight
        on_host = logits.device.type == "cpu"
        if mix < 1:
            if not on_host:
                positive, negative = self._positive, self._negative
            focal = torch.as_tensor(mix * self._focal(logits), dtype=positive.dtype)
            positive = focal * positive + 1 - mix
            negative = focal * negative + 1 - mix
        counts = (positive > 0) & (negative > 0)
        shift = torch.where(counts, positive / negative, 1.0).log()
        return shift if on_host else shift.float().to(logits.device)

    def extra_repr(self) -> str:
        """Show the settings in the module's representation."""
        name = getattr(self.measure, "__name__", self.measure)
        return (
            f"uncertainty={name}, focal_exponent={self.focal_exponent}, "
            f"focal_floor={self.focal_floor}, mix={self.mix}"
        )


class _InParts(torch.autograd.Function):
    """The loss and its gradient, some rows after the others.

    A loss of millions of outputs is as slow as memory, many times over; of so few rows
    at a time all that is in between stays in a processor's cache.
    """

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        y: Tensor,
        sample_weight: Tensor | None,
        loss: HierarchicalFocalLoss,
    ) -> Tensor:
        loss_of_all = logits.new_zeros(())
        ctx.grad = torch.empty_like(logits, memory_format=torch.contiguous_format)
        size = max(1, _PART // (logits.shape[0] * logits.shape[2]))
        for start in range(0, len(y), size):
            rows = slice(start, start + size)
            part = logits[:, rows].contiguous().requires_grad_()
            weight = None if sample_weight is None else sample_weight[rows]
            with torch.enable_grad():
                own = loss.total(part, y[rows], weight) / logits[..., 0].numel()
            loss_of_all += own.detach()
            ctx.grad[:, rows] = torch.autograd.grad(own, part)[0]
        return loss_of_all

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        # Of a loss alone, the usual case, this is the gradient as it is.
        return ctx.grad if grad == 1 else ctx.grad * grad, None, None, None


def _check_shapes(logits: Tensor, y: Tensor, sample_weight: Tensor | None) -> None:
    if logits.ndim != 3 or y.shape != logits.shape[1:] or len(y) == 0:
        raise ValueError(
            "Expected logits of shape (M, B, C) and y of shape (B, C) with at least "
            f"one row, but got {tuple(logits.shape)} and {tuple(y.shape)}."
        )
    if sample_weight is not None and sample_weight.shape != y.shape[:1]:
        raise ValueError(
            f"Expected sample_weight of shape ({len(y)},), one per row, but got "
            f"{tuple(sample_weight.shape)}."
        )


def _checked_weight(values: Any, n_nodes: int, name: str = "node_weight") -> np.ndarray:
    if values is None:
        return np.ones(n_nodes)
    weight = as_numbers(values, name).copy()  # torch shares memory, and writes there
    if weight.shape != (n_nodes,):
        raise ValueError(
            f"Expected `{name}` of shape ({n_nodes},), one per node, but got shape "
            f"{weight.shape}."
        )
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        raise ValueError(
            f"In `{name}`: expected finite node weights >= 0, but got "
            f"{weight[bad][0]} at position {np.flatnonzero(bad)[0]}."
        )
    return weight


def _check_numbers(focal_exponent: float, focal_floor: float, mix: float) -> None:
    if not 0 < focal_exponent < np.inf:
        raise ValueError(
            f"Expected `focal_exponent` to be > 0, but got {focal_exponent}."
        )
    if not 0 <= focal_floor < np.inf:
        raise ValueError(f"Expected `focal_floor` to be >= 0, but got {focal_floor}.")
    if not 0 <= mix <= 1:
        raise ValueError(f"Expected `mix` to be in [0, 1], but got {mix}.")

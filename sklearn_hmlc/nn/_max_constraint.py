"""The max constraint: outputs that obey the hierarchy by construction.

Stage: between the network's logits (..., B, C) and everything that reads them. Out:
the same shape, ``out[i] = max over j in D(i) of x[j]``; with labels ``y`` (B, C) the
training form. Source: Giunchiglia and Lukasiewicz (2020), equations 1 and 4.

How it is computed. Values become integer keys whose order is the order of (label,
value, lowest node first), so one maximum of keys decides three things: positives go
before negatives, which is the training form (for closed labels); then the larger
value; then the tie. The key's low bits are the winner's index, so values and gradients
are a gather and a scatter. The walk itself is a maximum over children, level by level
from the leaves, in place: O(E) time and O(C) memory for each row and member.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .._naming import given_hierarchy
from ..hierarchy import Hierarchy

# A key has a bit of label, 32 bits of value and 31 bits of node.
_NODE_BITS = 31
_LAST_NODE = 2**_NODE_BITS - 1
_ALL_BUT_SIGN = 2**63 - 1

# Entries that are constrained at a time (4 MB of keys).
_CHUNK = 2**19


class MaxConstraint(nn.Module):
    r"""Make outputs coherent: a node gets the maximum over itself and its descendants.

    .. math:: q_i = \max_{j \in D(i)} x_j

    In training, with labels `y`, the maximum for a positive node runs over its positive
    descendants alone (MCLoss):

    .. math:: q_i = \max_{j \in D(i),\; y_j = 1} x_j \quad \text{where } y_i = 1

    As sigmoid is monotone, both hold for logits and for probabilities. The gradient of
    a maximum goes to the one node that holds it; on ties to the node itself before its
    descendants, then to the one with the lowest index.

    Parameters
    ----------
    hierarchy : Hierarchy
        The label graph; its node order is the order of the last dimension.

    Raises
    ------
    TypeError
        If `hierarchy` is no Hierarchy.

    Notes
    -----
    O(E) time and O(C) memory for each row and member, no (C, C) matrix. Any float
    dtype and any device; half precision is compared exactly. While a program is
    exported (`torch.export`, `torch.onnx`), the form for prediction is made of plain
    gathers and maxima, for any number of rows.

    References
    ----------
    .. [1] Giunchiglia and Lukasiewicz, "Coherent Hierarchical Multi-label
       Classification Networks", NeurIPS 2020, equations 1 (constraint) and 4 (MCLoss).

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.nn import MaxConstraint
    >>> constraint = MaxConstraint(Hierarchy.from_edges([("a", "b"), ("a", "c")]))
    >>> constraint(torch.tensor([[0.1, 0.7, 0.4]]))
    tensor([[0.7000, 0.7000, 0.4000]])
    >>> y = torch.tensor([[True, False, True]])
    >>> constraint(torch.tensor([[0.1, 0.7, 0.4]]), y)
    tensor([[0.4000, 0.7000, 0.4000]])
    """

    parents: Tensor

    def __init__(self, hierarchy: Hierarchy) -> None:
        super().__init__()
        self.hierarchy = given_hierarchy(hierarchy)
        self.levels = nn.ModuleList(
            _Level(above, below) for above, below in hierarchy.levels
        )
        above = [parents for parents, _ in hierarchy.levels]
        parents = np.unique(np.concatenate(above)) if above else np.array([], int)
        # Made from the hierarchy, so it moves with the module but is no state to save.
        self.register_buffer("parents", torch.tensor(parents), persistent=False)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Apply the constraint.

        Parameters
        ----------
        x : Tensor of float of shape (..., B, C)
            Logits or probabilities.
        y : Tensor of bool of shape (B, C), default=None
            Labels, closed under the hierarchy (not checked): the training form. None:
            the form for prediction.

        Returns
        -------
        q : Tensor of shape (..., B, C)

        Raises
        ------
        ValueError
            If the shapes do not fit the hierarchy or each other.
        TypeError
            If `x` is not of a float dtype.
        """
        self._check(x, y)
        if y is None and torch.compiler.is_exporting():
            return self._out_of_place(x)
        rows = x.reshape(-1, x.shape[-1])
        if y is None and not (x.requires_grad and torch.is_grad_enabled()):
            return self._predicted(rows).view(x.shape)
        return _Constrained.apply(rows, y, self).view(x.shape)

    def _predicted(self, rows: Tensor) -> Tensor:
        out = torch.empty_like(rows, memory_format=torch.contiguous_format)
        for part in _chunks(rows):
            by_node = rows[part].T.clone(memory_format=torch.contiguous_format)
            out[part] = self._walk(by_node).T
        return out

    def _out_of_place(self, x: Tensor) -> Tensor:
        """Do as `_predicted`, of operations that other programs have, too."""
        for level in self.levels:
            assert isinstance(level, _Level)  # nn.ModuleList tells mypy less
            x = x.index_copy(-1, level.above, level.best(x, dim=-1))
        return x

    def winners(self, by_node: Tensor, y: Tensor | None) -> Tensor:
        """For each entry of (C, N) that is a parent's the node with its maximum."""
        keys = self._walk(_keys(by_node, y))
        own = keys.index_select(0, self.parents)
        return own.bitwise_and_(_LAST_NODE).neg_().add_(_LAST_NODE)

    def _walk(self, rows: Tensor) -> Tensor:
        """Maximum over descendants along dimension 0, in place."""
        for level in self.levels:
            level(rows)
        return rows

    def _check(self, x: Tensor, y: Tensor | None) -> None:
        n_nodes = self.hierarchy.n_nodes
        if not x.is_floating_point():
            raise TypeError(f"Expected x of a float dtype, but got {x.dtype}.")
        if x.ndim < 2 or x.shape[-1] != n_nodes:
            raise ValueError(
                f"Expected x of shape (..., B, {n_nodes}), but got {tuple(x.shape)}."
            )
        if y is not None and y.shape != x.shape[-2:]:
            raise ValueError(
                f"Expected y of shape {tuple(x.shape[-2:])} as the last two dimensions "
                f"of x, but got {tuple(y.shape)}."
            )

    def extra_repr(self) -> str:
        """Show the hierarchy in the module's representation."""
        return repr(self.hierarchy)


class _Level(nn.Module):
    """Take into each parent the maximum over itself and its children, by a knockout.

    Of a parent's family, neighbours meet; the winners meet again, until one is left:
    log2(most children) rounds, for all parents at once. Who has no opponent plays
    itself. Where each operation has to be launched, on a GPU, two do it all.
    """

    above: Tensor
    edges_above: Tensor
    edges_below: Tensor

    def __init__(self, above: np.ndarray, below: np.ndarray) -> None:
        super().__init__()
        parents = np.unique(above)
        groups = np.concatenate([parents, above])
        order = np.argsort(groups, kind="stable")
        members = np.concatenate([parents, below])[order]
        self.n_rounds = 0
        for left, right in _tournament(groups[order]):
            if not self.n_rounds:  # later ones are among the winners of the last
                left, right = members[left], members[right]
            self._keep(f"left_{self.n_rounds}", left)
            self._keep(f"right_{self.n_rounds}", right)
            self.n_rounds += 1
        self._keep("above", parents)
        self._keep("edges_above", above)
        self._keep("edges_below", below)

    def _keep(self, name: str, index: np.ndarray) -> None:
        # Made from the hierarchy, so it moves with the module but is no state to save.
        self.register_buffer(name, torch.tensor(index), persistent=False)

    def forward(self, rows: Tensor) -> None:
        if rows.device.type == "cpu":
            self.by_knockout(rows)
        else:
            self.at_once(rows)

    def at_once(self, rows: Tensor) -> None:
        """Take the maxima in two operations, in whatever order a GPU compares."""
        values = rows.index_select(0, self.edges_below)
        parents = self.edges_above[:, None].expand_as(values)
        rows.scatter_reduce_(0, parents, values, "amax")

    def by_knockout(self, rows: Tensor) -> None:
        """Take the maxima round by round, as is quickest on a CPU."""
        best = rows
        for k in range(self.n_rounds):
            left, right = self._meeting(best, k)
            best = torch.maximum(left, right, out=left)
        rows.index_copy_(0, self.above, best)

    def best(self, values: Tensor, dim: int) -> Tensor:
        """Return the maximum of each parent's family; ``values`` stay as they are."""
        best = values
        for k in range(self.n_rounds):
            best = torch.maximum(*self._meeting(best, k, dim))
        return best

    def _meeting(self, best: Tensor, k: int, dim: int = 0) -> tuple[Tensor, Tensor]:
        """Who meets whom in a round."""
        left = best.index_select(dim, self.get_buffer(f"left_{k}"))
        return left, best.index_select(dim, self.get_buffer(f"right_{k}"))


def _tournament(groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield who meets whom in each round, as positions among those still in.

    ``groups`` is sorted; only members of one group meet.
    """
    while len(groups) > 1 and np.any(groups[1:] == groups[:-1]):
        first = np.searchsorted(groups, groups)
        left = np.flatnonzero((np.arange(len(groups)) - first) % 2 == 0)
        right = np.minimum(left + 1, len(groups) - 1)
        right = np.where(groups[right] == groups[left], right, left)
        yield left, right
        groups = groups[left]


def _chunks(rows: Tensor) -> Iterator[slice]:
    """Yield some rows at a time, so few that a processor's cache holds their keys."""
    size = max(1, _CHUNK // rows.shape[1]) if rows.device.type == "cpu" else len(rows)
    for start in range(0, len(rows), size):
        yield slice(start, start + size)


def _keys(by_node: Tensor, y: Tensor | None) -> Tensor:
    """Integers in the order of (label, value, lowest node first), for (C, N) values."""
    # One integer decides all three, so that the walk is a plain maximum and its winner
    # can be read off the low bits. These count down from the last node, since of equal
    # values the lowest node is to win.
    last = _LAST_NODE - len(by_node)
    nodes = torch.arange(_LAST_NODE, last, -1, device=by_node.device)
    if y is not None:
        nodes -= 2**62  # all keys are below 0
    keys = torch.add(nodes[:, None], _ordered_codes(by_node), alpha=2**_NODE_BITS)
    return keys if y is None else _lifted(keys, y)


def _lifted(keys: Tensor, y: Tensor) -> Tensor:
    """Put the keys of positives above all others, in the same order.

    That is, without the sign's bit.
    """
    if y.device.type == "cpu":
        return _with_few_lifted(keys, y)
    # Elsewhere the host would have to wait for the list of positives.
    return torch.where(y, keys.bitwise_and(_ALL_BUT_SIGN), keys)


def _with_few_lifted(keys: Tensor, y: Tensor) -> Tensor:
    """Do as `_lifted`, in place and quickly where positives are few."""
    positive = y.nonzero(as_tuple=True)
    keys[positive] = keys[positive].bitwise_and_(_ALL_BUT_SIGN)
    return keys


def _ordered_codes(values: Tensor) -> Tensor:
    """Integers of 32 bits with a sign, in the order of the values, equal on ties."""
    if values.dtype == torch.float64:
        return torch.unique(values, return_inverse=True)[1]
    # The bits of a positive float are in its order; those of a negative one the other
    # way round. Adding 0 turns -0 into 0.
    bits = (values.float() + 0.0).view(torch.int32)
    return (bits >> 31).bitwise_and_(2**31 - 1).bitwise_xor_(bits)


class _Constrained(torch.autograd.Function):
    """Let parents take their value from their winner; the gradient goes back there."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, y: Tensor | None, constraint: MaxConstraint
    ) -> Tensor:
        out = torch.empty_like(rows, memory_format=torch.contiguous_format)
        ctx.parents, ctx.winners = constraint.parents, []
        numbers = torch.arange(len(rows), device=rows.device)
        for part in _chunks(rows):
            by_node = rows[part].T.clone(memory_format=torch.contiguous_format)
            labels = None if y is None else y[numbers[part] % len(y)].bool().T
            winners = constraint.winners(by_node, labels)
            by_node.index_copy_(0, ctx.parents, by_node.gather(0, winners))
            out[part] = by_node.T
            ctx.winners.append(winners)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        back = torch.empty_like(grad, memory_format=torch.contiguous_format)
        for part, winners in zip(_chunks(grad), ctx.winners, strict=True):
            by_node = grad[part].T.clone(memory_format=torch.contiguous_format)
            on_host = by_node.device.type == "cpu"
            move = _moved_to if on_host else _moved_in_any_order
            back[part] = move(winners, by_node, ctx.parents).T
        return back, None, None


def _moved_to(winners: Tensor, by_node: Tensor, parents: Tensor) -> Tensor:
    """Add what parents have to their winners, in place."""
    moved = by_node.index_select(0, parents)
    return by_node.index_fill_(0, parents, 0).scatter_add_(0, winners, moved)


def _moved_in_any_order(winners: Tensor, by_node: Tensor, parents: Tensor) -> Tensor:
    """Do as `_moved_to`, to the same bits in whatever order a GPU adds.

    Sums of integers don't depend on it. These are multiples of so small a power of two
    that the largest number has all bits but those that sums may need. Where a number is
    not finite, none of the result is.
    """
    wide = by_node.to(torch.promote_types(by_node.dtype, torch.float32))
    largest = torch.linalg.vector_norm(wide, torch.inf).clamp_min(2.0**-60)
    bits = 62 - (len(parents) + 1).bit_length()
    unit = largest / torch.frexp(largest).mantissa * 2.0**-bits
    return _moved_to(winners, (wide / unit).long(), parents) * unit

"""A first layer for rows that are mostly zeros, and an optimiser that is lazy about it.

Stage: features to the first hidden layer. In: a sparse COO batch (B, n_features). Out:
(M, B, width). Of a row with a handful of ones a dense product multiplies thousands of
zeros, and Adam then updates thousands of weights that took no part.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SparseInputLinear(nn.Module):
    r"""Linear maps of M members over one sparse input, as a sum of weight rows.

    .. math:: \mathrm{out}_m = s\, x W_m + b_m

    Parameters
    ----------
    n_heads : int
        Number of members M.
    in_features, out_features : int
        Widths, as for `torch.nn.Linear`.
    scale : float, default=1.0
        :math:`s`, what the input is multiplied with: zeros can't be standardised away
        without making them numbers, but the mean square of a row can be brought to what
        standardised features have.
    sparse_grad : bool, default=False
        Whether the weight's gradient of a sparse batch is a sparse tensor, for
        optimisers that take one, such as `RowAdam`.
    generator : torch.Generator, default=None
        Draws the initial weights. None: torch's global one.
    dtype : torch.dtype, default=None
        Of the weights. None: torch's default.

    Attributes
    ----------
    weight : Parameter of shape (in_features, M * out_features)
        One row per feature, with the weights of all members side by side.
    bias : Parameter of shape (M, out_features)
        Both drawn as those of `EnsembleLinear`.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import SparseInputLinear
    >>> layer = SparseInputLinear(4, 1000, 2)
    >>> x = torch.zeros(5, 1000)
    >>> x[0, 7] = 1
    >>> torch.allclose(layer(x.to_sparse()), layer(x))
    True
    >>> layer(x).shape
    torch.Size([4, 5, 2])
    """

    def __init__(
        self,
        n_heads: int,
        in_features: int,
        out_features: int,
        *,
        scale: float = 1.0,
        sparse_grad: bool = False,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.scale, self.sparse_grad = scale, sparse_grad
        shape = in_features, n_heads * out_features
        self.weight = nn.Parameter(torch.empty(shape, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(n_heads, out_features, dtype=dtype))
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new initial weights from a generator, or else from torch's global one.

        Parameters
        ----------
        generator : torch.Generator, default=None
        """
        bound = 1 / math.sqrt(len(self.weight))
        nn.init.uniform_(self.weight, -bound, bound, generator)
        nn.init.uniform_(self.bias, -bound, bound, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Apply each member's map.

        Parameters
        ----------
        x : Tensor of shape (B, in_features), sparse COO (coalesced) or dense

        Returns
        -------
        out : Tensor of shape (M, B, out_features)

        Raises
        ------
        ValueError
            If the batch has another number of features.
        """
        if x.shape[-1] != len(self.weight):
            raise ValueError(
                f"Expected x of shape (B, {len(self.weight)}), but got "
                f"{tuple(x.shape)}."
            )
        out = self._bags(x) if x.is_sparse else x @ self.weight
        out = out.view(x.shape[0], *self.bias.shape).transpose(0, 1)
        return torch.add(self.bias[:, None], out, alpha=self.scale)

    def _bags(self, x: Tensor) -> Tensor:
        rows, columns = x.indices()
        starts = torch.searchsorted(rows, torch.arange(len(x), device=x.device))
        return F.embedding_bag(
            columns,
            self.weight,
            starts,
            mode="sum",
            sparse=self.sparse_grad,
            per_sample_weights=x.values().to(self.weight.dtype),
        )

    def extra_repr(self) -> str:
        """Show the sizes in the module's representation."""
        n_heads, out_features = self.bias.shape
        in_features = len(self.weight)
        return f"n_heads={n_heads}, {in_features=}, {out_features=}, scale={self.scale}"


class RowAdam(torch.optim.Adam):
    r"""Adam whose parameters with sparse gradients move row by row, at one scale.

    Parameters with dense gradients are updated by `torch.optim.Adam`. Of a parameter
    with sparse gradients only the rows that the gradient has are touched:

    .. math:: w_r \leftarrow w_r - \eta\, g_r / (\sqrt{\hat v} + \epsilon), \qquad
              v \leftarrow \beta_2 v + (1 - \beta_2)\, \overline{g^2}

    with one running mean square :math:`v` of the gradient's entries for the whole
    parameter, :math:`\hat v = v / (1 - \beta_2^t)`. Adam has one per entry: a rare
    feature, whose gradient is soon small, then moves as far as a frequent one, and what
    was seen in a row or two is learnt by heart. With one scale it moves as far as its
    rows push it. There are no moments of the largest parameter to keep, either.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, fused
        As of `torch.optim.Adam`. Rows have no momentum: :math:`\beta_1` is that of
        dense gradients.
    decoupled_weight_decay : bool, default=False
        Whether weights decay as with `torch.optim.AdamW`. Rows that are not touched
        don't decay.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import RowAdam, SparseInputLinear
    >>> layer = SparseInputLinear(1, 3, 2, sparse_grad=True)
    >>> before = layer.weight.detach().clone()
    >>> optimizer = RowAdam(layer.parameters(), lr=0.1)
    >>> layer(torch.tensor([[0.0, 1.0, 0.0]]).to_sparse()).sum().backward()
    >>> optimizer.step()
    >>> (layer.weight != before).any(dim=1)
    tensor([False,  True, False])
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            fused=fused,
            decoupled_weight_decay=decoupled_weight_decay,
        )

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take one step.

        Parameters
        ----------
        closure : callable, default=None
            Computes the loss anew.

        Returns
        -------
        loss : Tensor or None
            What `closure` returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                grad = weight.grad
                if grad is None:
                    continue
                # Dense gradients after sparse ones are rows, too.
                if grad.is_sparse or "mean_square" in self.state.get(weight, {}):
                    grad = grad if grad.is_sparse else grad.to_sparse(1)
                    self._step_of_rows(weight, grad.coalesce(), group)
                    weight.grad = None  # the dense step below has nothing to do here
        super().step()
        return loss

    def _step_of_rows(
        self, weight: nn.Parameter, grad: Tensor, group: dict[str, Any]
    ) -> None:
        rows, values = grad.indices()[0], grad.values()
        if not values.numel():
            return
        part = weight.index_select(0, rows)
        lr, decay = group["lr"], group["weight_decay"]
        if group.get("decoupled_weight_decay"):
            part *= 1 - lr * decay
        elif decay:
            values = values.add(part, alpha=decay)
        state = self.state[weight]
        if "mean_square" not in state:
            state["step"] = torch.zeros(())  # where Adam looks for it
            state["mean_square"] = torch.zeros_like(values[0, 0])
        state["step"] += 1
        kept = group["betas"][1]
        state["mean_square"].lerp_(values.square().mean(), 1 - kept)
        unbiased = state["mean_square"] / (1 - kept ** float(state["step"]))
        part -= values * (lr / (unbiased.sqrt() + group["eps"]))
        weight.index_copy_(0, rows, part)

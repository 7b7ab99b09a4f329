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
        optimisers that take one, such as `LazyAdam`.
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
        """
        out = self._bags(x) if x.is_sparse else x @ self.weight
        out = out.view(len(x), *self.bias.shape).transpose(0, 1)
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


class LazyAdam(torch.optim.Adam):
    r"""Adam that leaves weights alone which took no part in a step.

    Parameters with dense gradients are updated by `torch.optim.Adam`. Of those with
    sparse gradients only the rows that the gradient has are touched: their moments
    don't fade and their weights don't decay while their features are absent, as in
    `torch.optim.SparseAdam`, which has no weight decay and takes nothing dense.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, fused
        As of `torch.optim.Adam`.
    decoupled_weight_decay : bool, default=False
        Whether weights decay as with `torch.optim.AdamW`.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import LazyAdam, SparseInputLinear
    >>> layer = SparseInputLinear(1, 3, 2, sparse_grad=True)
    >>> before = layer.weight.detach().clone()
    >>> optimizer = LazyAdam(layer.parameters(), lr=0.1)
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
                if weight.grad is not None and weight.grad.is_sparse:
                    self._step_of_rows(weight, weight.grad.coalesce(), group)
                    weight.grad = None  # the dense step below has nothing to do here
        super().step()
        return loss

    def _step_of_rows(
        self, weight: nn.Parameter, grad: Tensor, group: dict[str, Any]
    ) -> None:
        state = self.state[weight]
        if not state:
            # Where Adam itself would have it, should the next gradient be dense.
            where = weight.device if group["fused"] else "cpu"
            state["step"] = torch.zeros((), dtype=torch.float32, device=where)
            state["exp_avg"] = torch.zeros_like(weight)
            state["exp_avg_sq"] = torch.zeros_like(weight)
        state["step"] += 1
        rows, values = grad.indices()[0], grad.values()
        part = weight.index_select(0, rows)
        lr, decay = group["lr"], group["weight_decay"]
        if group.get("decoupled_weight_decay"):
            part *= 1 - lr * decay
        elif decay:
            values = values.add(part, alpha=decay)
        first, second = group["betas"]
        mean = state["exp_avg"].index_select(0, rows).lerp_(values, 1 - first)
        square = state["exp_avg_sq"].index_select(0, rows).mul_(second)
        square.addcmul_(values, values, value=1 - second)
        step = float(state["step"])
        scale = math.sqrt(1 - second**step)
        root = square.sqrt().div_(scale).add_(group["eps"])
        part.addcdiv_(mean, root, value=-lr / (1 - first**step))
        state["exp_avg"].index_copy_(0, rows, mean)
        state["exp_avg_sq"].index_copy_(0, rows, square)
        weight.index_copy_(0, rows, part)

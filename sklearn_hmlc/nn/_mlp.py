"""Ensembles of multilayer perceptrons, all members as one batched product.

Stage: features to logits. In: ``x`` of shape (B, n_features). Out: (M, B, C). Three
kinds that share more and more: `MultiHeadMLP` (nothing but the batch), `LastLayerMLP`
(all but the last layer), `DropoutMLP` (all weights; members are dropout masks).
Source: Xu et al. (2026), section 3 (ensemble of heads, dropout ensemble).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from ._sparse_input import SparseInputLinear

#: Name -> what makes the module, of the activations that have a name.
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "logistic": nn.Sigmoid,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}


class EnsembleLinear(nn.Module):
    r"""Linear maps of M members as one batched product.

    .. math:: \mathrm{out}_m = x_m W_m + b_m

    Parameters
    ----------
    n_heads : int
        Number of members M.
    in_features, out_features : int
        Widths, as for `torch.nn.Linear`.
    generator : torch.Generator, default=None
        Draws the initial weights. None: torch's global one.
    dtype : torch.dtype, default=None
        Of the weights. None: torch's default.

    Attributes
    ----------
    weight : Parameter of shape (M, in_features, out_features)
        The other way round than `torch.nn.Linear`'s: gradients of the product come in
        this layout, and the optimiser takes them without a copy.
    bias : Parameter of shape (M, out_features)
        Both drawn from U(-1/sqrt(in_features), 1/sqrt(in_features)), the distribution
        of `torch.nn.Linear`, for each member on its own.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import EnsembleLinear
    >>> EnsembleLinear(4, 3, 2)(torch.zeros(5, 3)).shape
    torch.Size([4, 5, 2])
    """

    def __init__(
        self,
        n_heads: int,
        in_features: int,
        out_features: int,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        shape = n_heads, in_features, out_features
        self.weight = nn.Parameter(torch.empty(shape, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(n_heads, out_features, dtype=dtype))
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new initial weights from a generator, or else from torch's global one.

        Parameters
        ----------
        generator : torch.Generator, default=None
        """
        fan_in = self.weight.shape[1]
        bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
        nn.init.uniform_(self.weight, -bound, bound, generator)
        nn.init.uniform_(self.bias, -bound, bound, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Apply each member's map.

        Parameters
        ----------
        x : Tensor of shape (B, in_features) or (M, B, in_features)
            The same input for all members, or one for each. One map (``n_heads=1``)
            takes any M.

        Returns
        -------
        out : Tensor of shape (M, B, out_features)
        """
        x = x.to_dense() if x.is_sparse else x
        if len(self.weight) == 1:
            # One product over all rows of all members, not one per member.
            out = torch.addmm(self.bias[0], x.reshape(-1, x.shape[-1]), self.weight[0])
            return out.view(-1, x.shape[-2], out.shape[-1])
        x = x.expand(len(self.weight), *x.shape[-2:])
        return torch.baddbmm(self.bias[:, None], x, self.weight)

    def extra_repr(self) -> str:
        """Show the sizes in the module's representation."""
        n_heads, in_features, out_features = self.weight.shape
        return f"n_heads={n_heads}, {in_features=}, {out_features=}"


class MultiHeadMLP(nn.Module):
    """M multilayer perceptrons of the same shape, trained side by side.

    Parameters
    ----------
    n_features : int
        Width of the input.
    n_nodes : int
        Number of outputs C of each head.
    n_heads : int, default=10
        Number of members M.
    hidden_layer_sizes : sequence of int, default=(500, 500)
        Widths of the hidden layers; empty for a linear model.
    activation : {"relu", "tanh", "logistic", "gelu", "silu", "identity"} or callable, \
default="relu"
        Name, or a callable without arguments that makes a module.
    dropout : float, default=0.7
        Share of hidden units dropped in training, in [0, 1).
    sparse_input : dict, default=None
        Makes the first layer a `SparseInputLinear`, with these of its arguments
        (``scale``, ``sparse_grad``). None: an `EnsembleLinear`, for which sparse
        batches are made dense.
    generator : torch.Generator, default=None
        Draws the initial weights and, in training, the dropout masks (`draw_from` sets
        another one). None: torch's global one.
    dtype : torch.dtype, default=None
        Of the weights. None: torch's default.

    Attributes
    ----------
    layers : torch.nn.Sequential
        Linear layers with activation and dropout between them.

    Raises
    ------
    ValueError
        If a size is below 1, the activation is unknown or `dropout` is not in [0, 1).

    See Also
    --------
    LastLayerMLP : Members that share all but the last layer.
    DropoutMLP : Members that are dropout masks over one network.

    Notes
    -----
    The paper's networks on tables have two hidden layers, ReLU and dropout 0.7 [1]_.

    References
    ----------
    .. [1] Xu, Gillis, Sharma, Misiuk, Brown and Trappenberg, "Improving Detection of
       Rare Nodes in Hierarchical Multi-Label Learning", 2026, arXiv 2602.08986.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import MultiHeadMLP
    >>> MultiHeadMLP(7, 5, n_heads=3)(torch.zeros(2, 7)).shape
    torch.Size([3, 2, 5])
    """

    def __init__(
        self,
        n_features: int,
        n_nodes: int,
        *,
        n_heads: int = 10,
        hidden_layer_sizes: Sequence[int] = (500, 500),
        activation: str | Callable[[], nn.Module] = "relu",
        dropout: float = 0.7,
        sparse_input: dict[str, Any] | None = None,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        sizes = [n_features, *hidden_layer_sizes, n_nodes]
        _check_sizes(n_heads, sizes)
        if not 0 <= dropout < 1:
            raise ValueError(f"Expected `dropout` to be in [0, 1), but got {dropout}.")
        self.n_heads = n_heads
        body, last = self._copies()
        make_activation = _get_activation(activation)
        layers: list[nn.Module] = []
        drawn: dict[str, Any] = {"generator": generator, "dtype": dtype}

        def add_linear(copies: int, n_in: int, n_out: int) -> None:
            if layers or sparse_input is None:
                layers.append(EnsembleLinear(copies, n_in, n_out, **drawn))
            else:
                more = {**sparse_input, **drawn}
                layers.append(SparseInputLinear(copies, n_in, n_out, **more))

        for n_in, n_out in pairwise(sizes[:-1]):
            add_linear(body, n_in, n_out)
            layers.append(make_activation())
            if dropout:
                layers.append(self._make_dropout(dropout, n_out, generator))
        add_linear(last, *sizes[-2:])
        self.layers = nn.Sequential(*layers)

    def draw_from(
        self,
        generator: torch.Generator | None,
        part: tuple[int, slice] | None = None,
    ) -> None:
        """Draw the dropout masks of training from a generator, from now on.

        Parameters
        ----------
        generator : torch.Generator or None
            None: torch's global one.
        part : (int, slice), default=None
            For batches that are a part of larger ones: the size of these, and which of
            their rows are given. Masks are then drawn for all rows, so that each has
            the one that it would have in the larger batch. None: the batches are whole.
        """
        for layer in self.layers:
            if isinstance(layer, _Dropout):
                layer.generator, layer.part = generator, part

    def _copies(self) -> tuple[int, int]:
        """How many copies there are of a hidden layer and of the last one."""
        return self.n_heads, self.n_heads

    def _make_dropout(
        self,
        p: float,
        width: int,  # noqa: ARG002
        generator: torch.Generator | None,
    ) -> nn.Module:
        return _Dropout(p, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits of all heads.

        Parameters
        ----------
        x : Tensor of shape (B, n_features)

        Returns
        -------
        logits : Tensor of shape (M, B, C)
        """
        return self.layers(x)

    def members(self, x: Tensor) -> Tensor:
        """Compute the logits of each member, for a look at how far they agree.

        Parameters
        ----------
        x : Tensor of shape (B, n_features)

        Returns
        -------
        logits : Tensor of shape (M, B, C)
            The same as those of a call, in evaluation mode.
        """
        return self(x)


class LastLayerMLP(MultiHeadMLP):
    """M last layers over one body: the members share all hidden layers.

    Parameters and attributes are those of `MultiHeadMLP`. Members differ in the initial
    weights of their last layers alone, so they cost little and disagree little.

    Parameters
    ----------
    n_features, n_nodes, n_heads, hidden_layer_sizes, activation, dropout, \
sparse_input, generator, dtype
        As in `MultiHeadMLP`.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import LastLayerMLP
    >>> LastLayerMLP(7, 5, n_heads=3)(torch.zeros(2, 7)).shape
    torch.Size([3, 2, 5])
    """

    def _copies(self) -> tuple[int, int]:
        return 1, self.n_heads


class DropoutMLP(MultiHeadMLP):
    """One network whose members are M dropout masks over shared weights.

    In training each row has M random masks, in one batched pass. In evaluation mode a
    call goes without dropout, and `members` goes through M fixed masks, drawn when the
    module was made: M thinned networks, the same for all rows and calls.

    Parameters
    ----------
    n_features, n_nodes, n_heads, hidden_layer_sizes, activation, dropout, \
sparse_input, generator, dtype
        As in `MultiHeadMLP`; `n_heads` is the number of masks M. Without dropout, or
        without a hidden layer, all members are the same plain network.

    References
    ----------
    .. [1] Gal and Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016.
    .. [2] Xu et al., "Improving Detection of Rare Nodes in Hierarchical Multi-Label
       Learning", 2026, arXiv 2602.08986, section 3 (dropout ensemble).

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import DropoutMLP
    >>> net = DropoutMLP(7, 5, n_heads=3)
    >>> x = torch.zeros(2, 7)
    >>> net(x).shape, net.eval()(x).shape, net.members(x).shape
    (torch.Size([3, 2, 5]), torch.Size([1, 2, 5]), torch.Size([3, 2, 5]))
    """

    def _copies(self) -> tuple[int, int]:
        return 1, 1

    def _make_dropout(
        self, p: float, width: int, generator: torch.Generator | None
    ) -> nn.Module:
        return _MemberDropout(p, self.n_heads, width, generator)

    def members(self, x: Tensor) -> Tensor:
        """Compute the logits of each member: through its fixed masks.

        Parameters
        ----------
        x : Tensor of shape (B, n_features)

        Returns
        -------
        logits : Tensor of shape (M, B, C)
        """
        for layer in self.layers:
            x = layer.thin(x) if isinstance(layer, _MemberDropout) else layer(x)
        return x.expand(self.n_heads, *x.shape[-2:])


#: Kind of ensemble -> its network, from the members that share least.
ENSEMBLES: dict[str, type[MultiHeadMLP]] = {
    "heads": MultiHeadMLP,
    "last_layer": LastLayerMLP,
    "dropout": DropoutMLP,
}


class _Dropout(nn.Dropout):
    """`torch.nn.Dropout` with a generator of its own; quicker, too, on the CPU."""

    def __init__(self, p: float, generator: torch.Generator | None = None) -> None:
        super().__init__(p)
        self.generator = generator

    #: Size of the batch whose rows are given, and which of them; None: all.
    part: tuple[int, slice] | None = None

    def forward(self, x: Tensor) -> Tensor:
        return x * self._random_mask(x) if self.training else x

    def _random_mask(self, x: Tensor) -> Tensor:
        """Zeros, and ones that are scaled to keep the mean, in the shape of ``x``."""
        keep = 1 - self.p
        shape = list(x.shape)
        if self.part is not None:
            shape[-2], rows = self.part
        # float32 whatever torch's default is: the same masks everywhere.
        drawn = torch.rand(
            shape, generator=self.generator, device=x.device, dtype=torch.float32
        )
        if self.part is not None:
            drawn = drawn[..., rows, :]
        return (drawn < keep).to(x.dtype).div_(keep)


class _MemberDropout(_Dropout):
    """One dropout mask per member: random in training, fixed ones on request."""

    keep: Tensor

    def __init__(
        self,
        p: float,
        n_members: int,
        width: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(p, generator)
        self.n_members = n_members
        drawn = torch.rand(
            n_members, 1, width, generator=generator, dtype=torch.float32
        )
        self.register_buffer("keep", drawn >= p)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        # What all members share up to here has 1 in place of M.
        return super().forward(x.expand(self.n_members, *x.shape[-2:]))

    def thin(self, x: Tensor) -> Tensor:
        """Apply the fixed masks: (1 or M, B, width) to (M, B, width)."""
        return x * self.keep.to(x.dtype).div_(1 - self.p)


def _get_activation(
    activation: str | Callable[[], nn.Module],
) -> Callable[[], nn.Module]:
    if isinstance(activation, nn.Module):
        name = type(activation).__name__
        raise ValueError(
            "Expected `activation` to be a name or to make a module, but got a module; "
            f"give the class {name}, or a function that returns {name}(...)."
        )
    if callable(activation):
        return _checked_maker(activation)
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"Expected `activation` to be one of {sorted(ACTIVATIONS)} or a callable, "
            f"but got {activation!r}."
        )
    return ACTIVATIONS[activation]


def _checked_maker(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """Return what makes activations, or raise where it makes something else."""
    try:
        made: Any = make()
    except TypeError as error:
        made = error
    if not isinstance(made, nn.Module):
        raise ValueError(
            "Expected `activation` to be a name or to make a module when it is called "
            f"without arguments, such as torch.nn.ReLU, but {make!r} gave {made!r}."
        )
    return make


def _check_sizes(n_heads: int, sizes: Sequence[int]) -> None:
    if n_heads < 1 or min(sizes) < 1:
        raise ValueError(
            "Expected at least 1 head and layer widths of at least 1, but got "
            f"n_heads={n_heads} and widths {list(sizes)}."
        )

"""Any network in front of the heads: an encoder, trained along or frozen.

Stage: a batch of images or anything else -> features (B, n_features) -> logits
(M, B, C).
"""

from __future__ import annotations

import copy
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


class EncodedHeads(nn.Module):
    """An ensemble on the features that an encoder makes.

    Parameters
    ----------
    encoder : torch.nn.Module
        Maps a batch (B, ...) to features (B, ...), which are flattened to (B, F).
    heads : torch.nn.Module
        Maps features (B, F) to logits (M, B, C), and has a method ``members`` that does
        so for each member, such as `MultiHeadMLP`.
    freeze : bool, default=False
        Whether the encoder stays as it is: no gradients, and always in evaluation mode,
        so that the statistics of batch normalisation stay too.

    Notes
    -----
    Batches of uint8 become float32, on the device: those of images, of more than two
    dimensions, in [0, 1] (divided by 255), as in torchvision; those of tables as they
    are.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import EncodedHeads, MultiHeadMLP
    >>> encoder = torch.nn.Conv2d(3, 4, kernel_size=2)
    >>> net = EncodedHeads(encoder, MultiHeadMLP(4 * 7 * 7, 5, n_heads=3))
    >>> net(torch.zeros(2, 3, 8, 8, dtype=torch.uint8)).shape
    torch.Size([3, 2, 5])
    """

    def __init__(
        self, encoder: nn.Module, heads: nn.Module, *, freeze: bool = False
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = heads
        self.freeze = freeze
        if freeze:
            encoder.requires_grad_(False)
            encoder.eval()

    def train(self, mode: bool = True) -> EncodedHeads:
        """Set the mode of the heads and, unless it is frozen, of the encoder."""
        super().train(mode)
        if self.freeze:
            self.encoder.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits of all members.

        Parameters
        ----------
        x : Tensor of shape (B, ...)
            What the encoder takes.

        Returns
        -------
        logits : Tensor of shape (M, B, C)
        """
        return self.heads(self._features(x))

    def members(self, x: Tensor) -> Tensor:
        """Compute the logits of each member, see `MultiHeadMLP.members`.

        Parameters
        ----------
        x : Tensor of shape (B, ...)
            What the encoder takes.

        Returns
        -------
        logits : Tensor of shape (M, B, C)
        """
        return self.heads.members(self._features(x))  # type: ignore[operator]

    def draw_from(
        self,
        generator: torch.Generator | None,
        part: tuple[int, slice] | None = None,
    ) -> None:
        """Let the heads draw from a generator; the encoder has torch's global one.

        Parameters
        ----------
        generator : torch.Generator or None
        part : (int, slice), default=None
            See `MultiHeadMLP.draw_from`.
        """
        self.heads.draw_from(generator, part)  # type: ignore[operator]

    def _features(self, x: Tensor) -> Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze):
            x = x.to_dense() if x.is_sparse else scaled(x)
            features = self.encoder(x).flatten(1)
        # Backbones may compute in another precision.
        return features.to(next(self.heads.parameters()).dtype)


def scaled(x: Tensor) -> Tensor:
    """Turn bytes into float32, those of images in [0, 1]; leave all else."""
    if x.dtype != torch.uint8:
        return x
    return x.float().div_(255) if x.ndim > 2 else x.float()


def encoded_width(encoder: nn.Module, batch: Tensor) -> int:
    """Width of an encoder's flattened features, learnt from one batch.

    A copy of the encoder is asked, in evaluation mode, and torch's generators get their
    state back.

    Parameters
    ----------
    encoder : torch.nn.Module
        Maps a batch (B, ...) to features (B, ...).
    batch : Tensor of shape (B, ...)
        Some rows; bytes of images are scaled to [0, 1] as in `EncodedHeads`.

    Returns
    -------
    width : int
        Product of all dimensions but the first.

    Raises
    ------
    ValueError
        If the encoder has lazy layers or fails on the batch, or returns anything but a
        finite float tensor with a row for each of the batch's.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.nn import encoded_width
    >>> encoded_width(torch.nn.Conv2d(3, 4, kernel_size=2), torch.zeros(2, 3, 8, 8))
    196
    """
    tensors = list(chain(encoder.parameters(), encoder.buffers()))
    if any(map(is_lazy, tensors)):
        raise ValueError(
            "Expected `encoder` to have weights, but it has lazy layers; call it on a "
            "batch once."
        )
    device = tensors[0].device if tensors else batch.device
    batch = batch.to_dense() if batch.is_sparse else batch
    own = copy.deepcopy(encoder).eval()
    try:
        cuda = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(cuda), torch.no_grad():
            features: Any = own(scaled(batch.to(device)))
    except Exception as error:
        raise ValueError(
            f"`encoder` ({type(encoder).__name__}) fails on a batch of shape "
            f"{tuple(batch.shape)} and dtype {scaled(batch).dtype}: {error}"
        ) from error
    if not isinstance(features, Tensor) or not features.is_floating_point():
        raise ValueError(
            "Expected `encoder` to return a float tensor, but got "
            f"{getattr(features, 'dtype', type(features).__name__)}."
        )
    if features.ndim < 2 or len(features) != len(batch):
        raise ValueError(
            f"Expected `encoder` to return features of shape ({len(batch)}, ...) for a "
            f"batch of {len(batch)} rows, but got {tuple(features.shape)}."
        )
    if not features.isfinite().all():
        raise ValueError(
            "Expected `encoder` to return finite features, but got NaN or infinity for "
            f"the first {len(batch)} rows; look at its weights, and at the data."
        )
    return features.flatten(1).shape[1]

"""Measures of uncertainty by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from torch import Tensor

from . import _measures

Measure = Callable[[Tensor], Tensor]

#: Name -> function, in the order of the paper: margins first.
MEASURES: dict[str, Measure] = {
    measure.__name__: measure
    for measure in (
        _measures.bma,
        _measures.gmu,
        _measures.predictive,
        _measures.aleatoric,
        _measures.mutual_information,
        _measures.epistemic_js,
        _measures.epistemic_kl,
    )
}


def get_measure(measure: str | Measure) -> Measure:
    """Return a measure of uncertainty by its name.

    Parameters
    ----------
    measure : str or callable
        One of "bma", "gmu", "predictive", "aleatoric", "mutual_information",
        "epistemic_js", "epistemic_kl", or your own function of probabilities (M, B, C)
        that returns (B, C), larger = less sure; it is returned as it is.

    Returns
    -------
    measure : callable
        Tensor of shape (M, B, C) -> Tensor of shape (B, C).

    Raises
    ------
    ValueError
        If the name is unknown; the message offers the nearest.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.uncertainty import get_measure
    >>> get_measure("bma")(torch.full((3, 1, 2), 0.5))
    tensor([[1., 1.]])
    """
    if callable(measure):
        return measure
    if not isinstance(measure, str) or measure not in MEASURES:
        near = difflib.get_close_matches(str(measure), MEASURES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"Expected an uncertainty measure out of {list(MEASURES)} or a callable, "
            f"but got {measure!r}.{hint}"
        )
    return MEASURES[measure]

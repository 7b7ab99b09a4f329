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


def measure_members(measure: str | Measure, proba: Tensor) -> Tensor:
    """Measure uncertainty, and see that it is one number for each node of each row.

    Parameters
    ----------
    measure : str or callable
        See `get_measure`.
    proba : Tensor of shape (M, B, C)
        Probabilities of M members, in [0, 1].

    Returns
    -------
    uncertainty : Tensor of shape (B, C)
        Larger = less sure.

    Raises
    ------
    ValueError
        If the name is unknown, or a callable returns something else.

    Examples
    --------
    >>> import torch
    >>> from sklearn_hmlc.uncertainty import measure_members
    >>> members = torch.tensor([[[0.5, 1.0]], [[0.5, 0.0]]])
    >>> measure_members(lambda proba: proba.std(dim=0), members)
    tensor([[0.0000, 0.7071]])
    """
    found = get_measure(measure)(proba)
    shape = tuple(proba.shape[1:])
    if not isinstance(found, Tensor) or tuple(found.shape) != shape:
        got = type(found).__name__
        if isinstance(found, Tensor):
            got = f"shape {tuple(found.shape)}"
        raise ValueError(
            f"Expected the uncertainty measure to return a tensor of shape {shape}, "
            f"(B, C), but got {got}."
        )
    return found

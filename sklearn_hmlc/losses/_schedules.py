"""Schedules: from the weighted loss to the plain one while training goes on.

Stage: how much of training is done -> the weighted loss's share. Source: Xu et al.
(2026), section 3 (linear, exponential and alternating weighting).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from numbers import Real

SCHEDULES = ("linear", "power", "alternating")


def get_schedule(
    schedule: str | Callable[[float], float] | None, exponent: float = 2.0
) -> Callable[[float, int], float]:
    r"""Return a schedule as a function of training done: the weighted loss's share.

    A schedule moves the weights of the loss towards 1. With :math:`t` in [0, 1] the
    share of all training steps done, and :math:`s` the weighted loss's share, a weight
    :math:`w` becomes :math:`w s + 1 - s`:

    .. math:: s = 1 - t \text{ (linear)}, \qquad s = 1 - t^k \text{ (power)},

    and for "alternating" 1 and 0 in turn, step by step, 1 first.

    Parameters
    ----------
    schedule : {"linear", "power", "alternating"}, callable or None
        A callable takes :math:`t` and returns :math:`s` in [0, 1]. None: 1 throughout.
    exponent : float, default=2.0
        :math:`k` of "power", > 0. The paper calls this schedule exponential.

    Returns
    -------
    share : callable
        ``share(t, step)`` with :math:`t` in [0, 1] and the number of steps done, an
        int; returns a float in [0, 1], and raises a ValueError where a callable of the
        user's returns anything else.

    Raises
    ------
    ValueError
        If the name is unknown or the exponent is not > 0.

    References
    ----------
    .. [1] Xu et al., "Improving Detection of Rare Nodes in Hierarchical Multi-Label
       Learning", 2026, arXiv 2602.08986.

    Examples
    --------
    >>> from sklearn_hmlc.losses import get_schedule
    >>> power = get_schedule("power", exponent=2)
    >>> [power(t, step=0) for t in (0.0, 0.5, 1.0)]
    [1.0, 0.75, 0.0]
    >>> late = get_schedule(lambda t: 1.0 if t < 0.8 else 0.0)
    >>> late(0.5, step=0), late(0.9, step=0)
    (1.0, 0.0)
    """
    if schedule is None:
        return _constant
    if callable(schedule):
        return partial(_checked, schedule)
    if schedule not in SCHEDULES:
        raise ValueError(
            f"Expected `schedule` to be one of {list(SCHEDULES)}, a callable or None, "
            f"but got {schedule!r}."
        )
    if not 0 < exponent < math.inf:
        raise ValueError(
            f"Expected the schedule's exponent to be > 0, but got {exponent}."
        )
    if schedule == "alternating":
        return _alternating
    return partial(_power, exponent if schedule == "power" else 1.0)


# Functions of the module, not closures: nets that hold them can be pickled.


def _constant(t: float, step: int) -> float:  # noqa: ARG001
    return 1.0


def _alternating(t: float, step: int) -> float:  # noqa: ARG001
    return float(step % 2 == 0)


def _power(exponent: float, t: float, step: int) -> float:  # noqa: ARG001
    return 1.0 - t**exponent


def _checked(schedule: Callable[[float], float], t: float, step: int) -> float:  # noqa: ARG001
    share = schedule(t)
    if not (isinstance(share, Real) and 0 <= share <= 1):
        raise ValueError(
            "Expected the schedule to return a number in [0, 1], the weighted loss's "
            f"share, but got {share!r} for t={t:.3g}."
        )
    return float(share)

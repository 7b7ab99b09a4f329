"""Options and single numbers, checked at the door.

Stage: beside the checks of arrays. In: what users hand over for a parameter. Out:
nothing, or an error that names the parameter, what it may be and what it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ._words import did_you_mean


def check_option(name: str, value: Any, options: Iterable[Any]) -> None:
    """Raise unless the value is one of the options; the message has the nearest."""
    options = list(options)
    if any(value is option for option in options) or (
        isinstance(value, str) and value in options
    ):
        return
    words = [option for option in options if isinstance(option, str)]
    listed = ", ".join(repr(option) for option in options)
    raise ValueError(
        f"Expected argument `{name}` to be one of {listed}, but got {value!r}."
        f"{did_you_mean(value, words)}"
    )


def check_bool(name: str, value: Any) -> None:
    """Raise unless the value is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(
            f"Expected argument `{name}` to be True or False, but got {value!r}."
        )


def check_share(name: str, value: Any) -> None:
    """Raise unless the value is a number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(
            f"Expected argument `{name}` to be a number, but got {value!r}."
        )
    if not 0 <= value <= 1:
        raise ValueError(
            f"Expected argument `{name}` to be in [0, 1], but got {value!r}."
        )

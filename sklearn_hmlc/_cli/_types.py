"""Readers of single arguments: text to a value, or an error that says what was meant.

Stage: the door. Nothing heavy is imported, but for torch where a device of its own is
asked for.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from .._spelling import did_you_mean
from ._defaults import AUTO, EVIDENCE_SETS, STRATEGIES

T = TypeVar("T")

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DEVICE = re.compile(r"(cpu|cuda|mps|xpu|xla|hpu|mtia)(:[0-9]{1,4})?")
# Evidence codes are a few capitals, or terms of the Evidence & Conclusion Ontology.
_EVIDENCE_CODE = re.compile(r"[A-Z]{2,6}|ECO:[0-9]+")


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    return _whole(text, 1)


def folds(text: str) -> int:
    """Read a number of folds."""
    return _whole(text, 2)


def zero_or_more(text: str) -> int:
    """Read a whole number from 0 on."""
    return _whole(text, 0)


def seed(text: str) -> int:
    """Read what NumPy takes for a seed."""
    return _whole(text, 0, 2**32 - 1)


def _whole(text: str, least: int, most: int | None = None) -> int:
    """Read a whole number in ASCII digits."""
    given = int(text) if re.fullmatch("[0-9]{1,12}", text) else None
    if given is None or given < least or (most is not None and given > most):
        limit = " on" if most is None else f" to {most:,}"
        raise ArgumentTypeError(
            f"expected a whole number from {least}{limit}, but got {text!r}"
        )
    return given


def number(text: str) -> float:
    """Read a finite number in ASCII digits."""
    if not _NUMBER.fullmatch(text):
        raise ArgumentTypeError(f"invalid float value: {text!r}")
    return float(text)


def auto_or(read: Callable[[str], T]) -> Callable[[str], T | str]:
    """Return a reader of what another one reads, or of ``auto``."""

    def read_or_auto(text: str) -> T | str:
        return text if text == AUTO else read(text)

    return read_or_auto


def share(text: str) -> float:
    """Read a share between 0 and 1, both left out."""
    given = number(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0 < given < 1:
        raise ArgumentTypeError(
            f"expected a share between 0 and 1, such as 0.2, but got {text!r}"
        )
    return given


def threshold(text: str) -> float | str:
    """Read a probability, or how thresholds are tuned."""
    if text in STRATEGIES:
        return text
    if not _NUMBER.fullmatch(text) or not 0 <= float(text) <= 1:
        raise ArgumentTypeError(
            f"expected a probability in [0, 1] or one of {', '.join(STRATEGIES)}, but "
            f"got {text!r}.{did_you_mean(text, STRATEGIES)}"
        )
    return float(text)


def none_or(options: Sequence[str]) -> Callable[[str], str | None]:
    """Return a reader of one of the options, or of ``none``."""

    def read(text: str) -> str | None:
        if text not in (*options, "none"):
            expected = ", ".join(options)
            raise ArgumentTypeError(
                f"expected {expected} or none, but got {text!r}."
                f"{did_you_mean(text, [*options, 'none'])}"
            )
        return None if text == "none" else text

    return read


def device(text: str) -> str:
    """Read the name of a device; torch is asked for any but the CPU."""
    if text in ("auto", "cpu"):
        return text
    if not _DEVICE.fullmatch(text):
        raise ArgumentTypeError(
            f"expected auto, cpu, cuda or another device of torch, but got {text!r}"
        )
    import torch

    if text.startswith("cuda") and not torch.cuda.is_available():
        raise ArgumentTypeError("torch finds no CUDA device here; use auto or cpu")
    return text


def evidence(text: str) -> str:
    """Read the name of a set of evidence codes, or a code."""
    if text in EVIDENCE_SETS or _EVIDENCE_CODE.fullmatch(text):
        return text
    raise ArgumentTypeError(
        f"expected {', '.join(EVIDENCE_SETS)}, or codes such as IDA IPI, but got "
        f"{text!r}.{did_you_mean(text, EVIDENCE_SETS)}"
    )


def column(text: str) -> str | int:
    """Read the name of a column, or its position from 0 on."""
    return int(text) if re.fullmatch("[0-9]{1,4}", text) else text


def yes_no(text: str) -> bool:
    """Read a yes or a no."""
    if text not in ("yes", "no"):
        raise ArgumentTypeError(f"expected yes or no, but got {text!r}")
    return text == "yes"


def out(text: str) -> Path:
    """Read where to write; ``-`` is standard output."""
    return Path("/dev/stdout" if text == "-" else text)

"""The nearest of some words: "Did you mean ...?".

Stage: beside the checks at the door, and the command line, which must answer before
anything heavy is imported: the standard library alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


def did_you_mean(value: object, options: Iterable[Any]) -> str:
    """Offer the nearest option in a sentence that begins with a blank, or nothing."""
    value = str(value).lower()
    words = {str(option).lower(): option for option in reversed(list(options))}

    def alike(word: str) -> int:
        """Letters that agree from both ends: one slip leaves all but one of them."""
        ends = _agree(word, value) + _agree(word[::-1], value[::-1])
        return ends - abs(len(word) - len(value))

    # difflib compares slowly; of tens of thousands of names a few are worth it.
    likely = sorted(words, key=alike, reverse=True)[:50] if len(words) > 50 else words
    near = difflib.get_close_matches(value, likely, n=1)
    return f" Did you mean {words[near[0]]!r}?" if near else ""


def _agree(word: str, other: str) -> int:
    """How many letters two words have in common before the first that differs."""
    pairs = enumerate(zip(word, other, strict=False))
    return next((k for k, (a, b) in pairs if a != b), min(len(word), len(other)))

"""How far long work is: a bar on a terminal, else a line now and then.

Stage: around a loop. In: an iterable. Out: the same items, and a word on stderr.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from ._say import tell

T = TypeVar("T")

# Seconds before the first word, and between two lines.
_PATIENCE = 2
_BETWEEN = 30


def followed(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield the items; what takes longer than a moment is followed."""
    if sys.stderr is not None and sys.stderr.isatty():
        yield from tqdm(items, desc=what, total=total, delay=_PATIENCE, leave=False)
        return
    told = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - told >= _BETWEEN:
            told = now
            tell(f"{what}: {done:,} of {total:,} blocks")

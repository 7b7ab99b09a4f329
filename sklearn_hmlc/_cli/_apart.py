"""What is written is none of what is read, even where files may be replaced.

Stage: the door, before anything is read. In: arguments. Out: an error, or nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .._files import is_device
from ._unasked import flag


def check_apart(args: Any, files: Sequence[Path], options: Sequence[str]) -> None:
    """Raise where a file to write is one to read, or comes twice.

    Parameters
    ----------
    args : argparse.Namespace
    files : sequence of Path
        What is to be written.
    options : sequence of str
        The arguments that say so; all others that are paths are read.
    """
    places = [place for place in map(_place, files) if place is not None]
    if len(set(places)) < len(places):
        raise ValueError(
            f"Expected another file for each of {' and '.join(map(flag, options))}, "
            f"but got {places[0]} twice."
        )
    read = {_place(path): path for path in _paths(args, options)}
    for place in places:
        if place in read and os.path.lexists(place):
            raise ValueError(
                f"Can't write {read[place]}: it is one of the files to read, which "
                "would be lost; name another file."
            )


def _paths(args: Any, options: Sequence[str]) -> Iterator[Path]:
    """Yield the arguments that are paths, some options aside."""
    for name, value in vars(args).items():
        several = value if isinstance(value, list) else [value]
        if name not in options:
            yield from (one for one in several if isinstance(one, Path))


def _place(path: Path) -> str | None:
    """Where a file lies, links followed; None of devices, which are never replaced."""
    return None if is_device(path) else os.path.realpath(path)

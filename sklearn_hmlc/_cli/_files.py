"""Files that are written whole or not at all, and never over another by accident.

Stage: the last one. In: a path. Out: leave to write there, and a name to write to.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def check_free(path: Path, force: bool) -> None:
    """Raise unless the file may be written: before the work, not after it."""
    if path.is_dir():
        raise ValueError(f"Can't write {path}: it is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise ValueError(f"Can't write {path}: there is no folder {path.parent}.")
    if path.exists() and not force:
        raise ValueError(f"{path} exists; name another file, or replace it by --force.")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name beside the path to write to; at the end it becomes the path."""
    partial = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)

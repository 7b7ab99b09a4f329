"""Folders on disk, written whole or not at all.

Stage: the last step of what writes many files, such as an array in chunks. In: a path,
and whoever fills a folder. Out: a folder that is either whole or absent, whatever
interrupts the writing.

As with files (`_files`), all is written under a random name beside its place, flushed,
and only then given its name.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ._files import check_free_folder, exists

IsOwn = Callable[[Path], bool]


def check_place(path: str | os.PathLike[str], *, force: bool, is_own: IsOwn) -> None:
    """Raise unless a folder can be written: before the work, not after it.

    ``is_own`` tells a folder that may be replaced from one with things of the user's.

    Raises
    ------
    ValueError
        If the name is taken and may not be replaced, the folder above is not there, or
        nothing can be written into it.
    """
    place = _place(path)
    if not place.parent.is_dir():
        raise ValueError(f"Can't write {path}: there is no folder {place.parent}.")
    if os.path.lexists(place):
        if not force:
            raise exists(path)
        if not (place.is_dir() and is_own(place)):
            raise ValueError(
                f"Can't replace {path}: it holds something else than what is to be "
                "written; name another folder, or remove it."
            )
    check_free_folder(place.parent / secrets.token_hex(16), [], force)


@contextlib.contextmanager
def whole_folder(
    path: str | os.PathLike[str], *, force: bool, is_own: IsOwn
) -> Iterator[Path]:
    """Yield a new folder, which gets its name when it has been filled.

    Raises
    ------
    ValueError
        If the name has been taken meanwhile and may not be replaced.
    """
    place = _place(path)
    partial = _beside(place)
    partial.mkdir()
    try:
        yield partial
        _flush(partial)
        check_place(path, force=force, is_own=is_own)
        _give_name(partial, place)
    except BaseException:
        _remove(partial)
        raise


def _place(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.realpath(path))


def _beside(place: Path) -> Path:
    return place.parent / f".hmlc-{secrets.token_hex(16)}.part"


def _give_name(partial: Path, place: Path) -> None:
    """Rename a folder; one that has the name is removed, once this one has it."""
    old = _beside(place)
    if not os.path.lexists(place):
        os.rename(partial, place)
        return
    os.rename(place, old)
    try:
        os.rename(partial, place)
    except BaseException:
        os.rename(old, place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Remove a folder into which other threads and processes may still write.

    Under another name, so that what they write goes nowhere, or into a folder that has
    nothing else in it.
    """
    gone = _beside(folder)
    with contextlib.suppress(OSError):
        os.rename(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Flush all files to the disk; not all systems can."""
    for above, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError), open(Path(above, name), "rb") as file:
                os.fsync(file.fileno())

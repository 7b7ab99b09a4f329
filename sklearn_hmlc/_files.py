"""Files on disk, written whole or not at all.

Stage: the last step of writers. In: a path, and what writes. Out: a file that is either
whole or absent, whatever interrupts the writing.

A new file is written under a random name beside its place, flushed to the disk, and
only then given its name. So a full disk, Ctrl-C or a kill never leave half a file, and
never touch an older one.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ._reading import OPENERS, ending_of

Write = Callable[[BinaryIO], None]

# Names of files that are being written.
_PARTIAL = ".hmlc-*.part"

# -- before the work -------------------------------------------------------------------


def check_free(path: str | os.PathLike[str], force: bool) -> None:
    """Raise unless the file can be written: before the work, not after it.

    Raises
    ------
    ValueError
        If a folder has the name, or the folder is not there; if the file exists and may
        not be replaced; if it or the folder is not writable.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"Can't write {path}: it is a folder; name a file in it.")
    if is_device(path):
        return
    place = _place(path)
    if not place.parent.is_dir():
        folder = place.parent if path.is_symlink() else path.parent
        raise ValueError(f"Can't write {path}: there is no folder {folder}.")
    if os.path.lexists(place):
        if not force:
            raise exists(path)
        if not os.access(place, os.W_OK):
            raise ValueError(f"Can't write {path}: the file is write-protected.")
    _try_folder(place.parent, path)


def check_free_folder(
    folder: str | os.PathLike[str], names: Iterable[str], force: bool
) -> None:
    """Raise unless files of these names can be written into a folder, new or old."""
    folder = Path(folder)
    if folder.is_dir():
        for name in names:
            check_free(folder / name, force)
        return
    above = folder
    while not os.path.lexists(above) and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise ValueError(f"Can't make the folder {folder}: {above} is a file.")
    _try_folder(above, folder)


def exists(path: str | os.PathLike[str]) -> ValueError:
    """Return the error that a file is in the way."""
    return ValueError(
        f"{os.fspath(path)} exists; name another file, or replace it by force=True "
        "(on the command line: --force)."
    )


def _try_folder(folder: Path, path: Path) -> None:
    """Try to make a file there, since permissions alone don't tell whether one can."""
    try:
        with _partial(folder):
            pass
    except OSError as error:
        raise ValueError(
            f"Can't write {path}: nothing can be written into {folder} "
            f"({error.strerror})."
        ) from None


# -- writing ---------------------------------------------------------------------------


def write_whole(
    path: str | os.PathLike[str], write: Write, *, force: bool, rescue: bool = False
) -> None:
    """Write a file, whole or not at all.

    A link is followed, a replaced file keeps its mode, and what is no file (a device or
    a pipe) is written straight.

    Parameters
    ----------
    path : str or path-like
    write : callable
        Takes a binary file that can be written and read anywhere.
    force : bool
        Whether to replace a file that is there.
    rescue : bool
        Whether to keep what was written elsewhere, if it can't have its name or its
        folder; the error says where it is.

    Raises
    ------
    OSError, ValueError
        If it can't be written.
    """
    path = Path(path)
    if is_device(path):
        _write_device(path, write)
        return
    place = _place(path)
    beside = [place.with_name(f"{place.stem}-{k}{place.suffix}") for k in range(1, 100)]
    try:
        with _naming(path):
            found = _write_file([place, *beside] if rescue else [place], write, force)
    except FileExistsError:
        raise exists(path) from None
    except OSError as error:
        kept = _rescue(path, write) if rescue else None
        if kept is None:
            raise
        raise OSError(
            f"{path}: {error.strerror or error}. What was to be written there is in "
            f"{kept}; move it from there."
        ) from error
    if found != place:
        raise ValueError(
            f"{path} has appeared meanwhile and stays as it is; what was to be written "
            f"there is in {found}."
        )


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let errors of writing name the file: that of a full disk does not."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _write_file(places: Sequence[Path], write: Write, force: bool) -> Path:
    """Write a file, and return the first of the places that could be its name.

    With ``force`` this is the first of all, whatever is there.
    """
    folder = places[0].parent
    with _partial(folder) as (partial, file):
        write(file)
        file.flush()
        if force:
            _keep_mode(places[0], file)
        os.fsync(file.fileno())
        file.close()
        if force:
            os.replace(partial, places[0])
            place = places[0]
        else:
            place = _name_new(partial, places)
    _sync_folder(folder)
    return place


@contextlib.contextmanager
def _partial(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new file of a random name; remove it if it has that name in the end."""
    # Without the file's own name, which might make it too long.
    partial = folder / _PARTIAL.replace("*", secrets.token_hex(16))
    try:
        with open(partial, "x+b") as file:
            yield partial, file
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Remove what processes that were killed while they wrote have left in a folder.

    Nobody else may be writing there.
    """
    for partial in folder.glob(_PARTIAL):
        with contextlib.suppress(OSError):
            partial.unlink()


def _keep_mode(place: Path, file: BinaryIO) -> None:
    """Give the new file the mode, and where that is allowed the owner, of the old."""
    with contextlib.suppress(OSError, AttributeError):
        old = os.stat(place)
        with contextlib.suppress(OSError, AttributeError):
            os.fchown(file.fileno(), old.st_uid, old.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))


def _name_new(partial: Path, places: Sequence[Path]) -> Path:
    """Name the file by the first of the places where nothing is."""
    for place in places:
        with contextlib.suppress(FileExistsError):
            _link(partial, place)
            return place
    raise FileExistsError


def _link(partial: Path, place: Path) -> None:
    """Name a file, which fails if something has the name already."""
    try:
        os.link(partial, place, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        # Some file systems have no links: hold the name by an empty file.
        with open(place, "xb"):
            pass
        try:
            os.replace(partial, place)
        except OSError:
            place.unlink()
            raise


def _sync_folder(folder: Path) -> None:
    """Flush the folder, which has the new name, to the disk; not all systems can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _rescue(path: Path, write: Write) -> Path | None:
    """Write into another folder, and return where; None where that fails as well."""
    for folder in (tempfile.gettempdir(), os.getcwd(), os.path.expanduser("~")):
        place = Path(folder, f"hmlc-{secrets.token_hex(4)}-{path.name[-80:]}")
        with contextlib.suppress(OSError):
            return _write_file([place], write, force=False)
    return None


def check_packed(path: str | os.PathLike[str]) -> None:
    """Raise where a path asks for a .zip, which is no stream: before the work.

    Raises
    ------
    ValueError
        If it ends on .zip.
    """
    if ending_of(os.fspath(path)) == ".zip":
        raise ValueError(
            f"Can't write {os.fspath(path)}: expected the ending .gz, .xz or .bz2, or "
            "none of a compressed file."
        )


@contextlib.contextmanager
def packed(path: str | os.PathLike[str], file: BinaryIO) -> Iterator[BinaryIO]:
    """Yield what packs bytes into a file by the ending of its path, or the file.

    Raises
    ------
    ValueError
        If it ends on .zip, which is no stream.
    """
    check_packed(path)
    ending = ending_of(os.fspath(path))
    if ending == ".gz":  # neither name nor time: the same content, the same bytes
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as stream:
            yield stream
    elif ending in OPENERS:
        with OPENERS[ending](file, "wb") as stream:
            yield stream
    else:
        yield file


# -- what is no file -------------------------------------------------------------------


def is_device(path: str | os.PathLike[str]) -> bool:
    """Tell whether what has the name is no file: a device, a pipe, an open stream."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def is_stdout(path: str | os.PathLike[str]) -> bool:
    """Tell whether what is written there goes where `print` goes."""
    return _descriptor(path) == 1


def _descriptor(path: str | os.PathLike[str]) -> int | None:
    """Number of the open stream that a name such as ``/dev/stdout`` stands for."""
    name = os.path.normpath(os.fspath(path))
    streams = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
    if name in streams:
        return streams[name]
    folder, _, number = name.rpartition("/")
    if folder in ("/dev/fd", "/proc/self/fd") and number.isdecimal():
        return int(number)
    return None


def _write_device(path: Path, write: Write) -> None:
    """Write a copy, since a stream can't go back to an earlier place."""
    with tempfile.TemporaryFile() as file:
        write(file)
        file.seek(0)
        number = _descriptor(path)
        target = path if number is None else os.dup(number)
        with _naming(path), open(target, "wb") as device:
            shutil.copyfileobj(file, device)


def _place(path: Path) -> Path:
    """Where a file is to lie, links followed."""
    return Path(os.path.realpath(path))

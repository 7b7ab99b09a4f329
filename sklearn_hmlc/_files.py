"""Files on disk: read whole within a bound, written whole or not at all.

Stage: the first step of readers and the last one of writers. In: a path. Out: bytes; or
a file that is either whole or absent, whatever interrupts the writing.

A new file is written under a random name beside its place, flushed to the disk, and
only then given its name. So a full disk, Ctrl-C or a kill never leave half a file, and
never touch an older one.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import errno
import gzip
import io
import lzma
import os
import secrets
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

Write = Callable[[BinaryIO], None]

#: A compressed file may grow to this size, or to this multiple of its own, if more.
MOST_BYTES = 2**28
MOST_TIMES = 100

_OPENERS = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
_BROKEN = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    NotImplementedError,  # a form of compression that zipfile does not know
    RuntimeError,  # a password
)
_MAGIC = {
    b"\x1f\x8b": ".gz",
    b"\xfd7zXZ\x00": ".xz",
    b"BZh": ".bz2",
    b"PK\x03\x04": ".zip or .xlsx",
}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16's, with which it begins
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Of encodings in which a byte is no character: such a file is read as a whole.
_WIDE_MARKS = tuple(mark for mark in _MARKS if mark != codecs.BOM_UTF8)
_BLOCK = 2**20

# -- reading ---------------------------------------------------------------------------


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return what is in a file, decompressed by its ending: .gz, .xz, .bz2 or .zip.

    Raises
    ------
    IsADirectoryError
        If it is a folder.
    ValueError
        If it is no such file, or grows beyond `MOST_BYTES` and beyond `MOST_TIMES`
        times its own size: it is decompressed block by block, and no further.
    """
    name = os.fspath(path)
    if _ending(name) not in (*_OPENERS, ".zip"):
        _check_no_folder(name)
        content = Path(name).read_bytes()
        _check_plain(name, content)
        return content
    content = io.BytesIO()
    for block in read_blocks(name):
        content.write(block)
    return content.getvalue()


def read_blocks(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield what is in a file block by block, decompressed as by `read_bytes`.

    Raises
    ------
    ValueError
        As `read_bytes`.
    """
    name = os.fspath(path)
    _check_no_folder(name)
    ending = _ending(name)
    if ending not in (*_OPENERS, ".zip"):
        with open(name, "rb") as file:
            first = file.read(_BLOCK)
            _check_plain(name, first)
            yield first
            yield from iter(lambda: file.read(_BLOCK), b"")
        return
    most = max(MOST_BYTES, MOST_TIMES * os.path.getsize(name))
    try:
        with _decompressed(name, ending) as stream:
            yield from _blocks_up_to(stream, most, name)
    except _BROKEN as error:
        raise ValueError(
            f"{name}: expected a compressed file, as its ending says, but could not "
            f"decompress it ({error}). It is cut short or no such file; get it again."
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        # bz2 reports broken data as an OSError without a number.
        raise ValueError(f"{name}: could not decompress it ({error}).") from error


def read_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield a file's lines, many at a time, with the number of their first.

    Text is as `decode` reads it. Lines come without their ends, be these of Unix,
    Windows or old Macs; the last may be empty.
    """
    number, rest = 1, b""
    for block in read_blocks(path):
        rest += block
        end = rest.rfind(b"\n") + 1
        if end and not rest.startswith(_WIDE_MARKS):
            text = decode(rest[:end], path, first_line=number)
            lines = _unix(text).split("\n")[:-1]
            yield number, lines
            number, rest = number + len(lines), rest[end:]
    if rest:
        yield number, _unix(decode(rest, path, first_line=number)).split("\n")


def _check_no_folder(name: str) -> None:
    if os.path.isdir(name):
        words = "Expected a file, but this is a folder; name a file in it"
        raise IsADirectoryError(errno.EISDIR, words, name)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextlib.contextmanager
def _decompressed(name: str, ending: str) -> Iterator[_Readable]:
    if ending != ".zip":
        with _OPENERS[ending](name, "rb") as stream:
            yield stream
        return
    with zipfile.ZipFile(name) as archive:
        members = [member for member in archive.namelist() if member[-1] != "/"]
        if len(members) != 1:
            raise ValueError(
                f"{name}: expected a single file in it, but it has {len(members)}; "
                "unpack it."
            )
        with archive.open(members[0]) as member:
            yield member


def _blocks_up_to(stream: _Readable, most: int, name: str) -> Iterator[bytes]:
    total = 0
    while block := stream.read(_BLOCK):
        total += len(block)
        if total > most:
            raise ValueError(
                f"{name}: decompressed, it is larger than {most / 2**20:,.0f} MB, "
                f"more than {MOST_TIMES} times its size; if it is what it should be, "
                "decompress it first."
            )
        yield block


def decode(
    content: bytes, path: object, otherwise: str | None = None, first_line: int = 1
) -> str:
    """Return text: UTF-8, or UTF-16 or UTF-32 where it begins with their mark.

    ``otherwise`` is the encoding of what is no UTF-8; None: an error, with a line
    counted from ``first_line``.
    """
    encoding = next((e for mark, e in _MARKS.items() if content.startswith(mark)), None)
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding is not None or otherwise is None:
            line = content[: error.start].count(b"\n") + first_line
            raise ValueError(
                f"{path}: expected {(encoding or 'utf-8').upper()}, but line {line} "
                f"has the byte {content[error.start]:#04x}. Save it as UTF-8, or "
                "convert it, such as from Latin-1 by `iconv -f latin1 -t utf8`."
            ) from None
        text = content.decode(otherwise)
    if "\0" in text:
        raise ValueError(
            f"{path}: expected text, but it has NUL characters; UTF-16 is read if it "
            "begins with its mark (BOM). Save it as UTF-8."
        )
    return text


@dataclass(frozen=True)
class Text:
    """The lines of a file, and errors that say where they are."""

    path: str
    lines: list[str]

    def error(self, number: int, message: str) -> ValueError:
        """Return an error with file and line; the first line is number 1."""
        last = max(
            (k for k, x in enumerate(self.lines, start=1) if x.strip()), default=0
        )
        hint = " It is the last line: is the file cut short?" if number >= last else ""
        return ValueError(f"{self.path}, line {number}: {message}{hint}")


def read_text(path: str | os.PathLike[str], otherwise: str | None = None) -> Text:
    """Read a file, decompressed by its ending; ``otherwise`` is that of `decode`."""
    name = os.fspath(path)
    content = decode(read_bytes(name), name, otherwise)
    # Not `splitlines`, which also splits at control characters inside a line.
    return Text(name, _unix(content).split("\n"))


def _check_plain(name: str, content: bytes) -> None:
    for magic, ending in _MAGIC.items():
        if content.startswith(magic):
            raise ValueError(
                f"{name}: expected text, but it is a {ending} file by its first bytes; "
                "name it by what it is, or convert it."
            )


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
    partial = folder / f".hmlc-{secrets.token_hex(16)}.part"
    try:
        with open(partial, "x+b") as file:
            yield partial, file
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


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


@contextlib.contextmanager
def packed(path: str | os.PathLike[str], file: BinaryIO) -> Iterator[BinaryIO]:
    """Yield what packs bytes into a file by the ending of its path, or the file.

    Raises
    ------
    ValueError
        If it ends on .zip, which is no stream.
    """
    ending = _ending(os.fspath(path))
    if ending == ".zip":
        raise ValueError(
            f"Can't write {os.fspath(path)}: expected the ending .gz, .xz or .bz2, or "
            "none of a compressed file."
        )
    if ending == ".gz":  # neither name nor time: the same content, the same bytes
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as stream:
            yield stream
    elif ending in _OPENERS:
        with _OPENERS[ending](file, "wb") as stream:
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
        with open(target, "wb") as device:
            shutil.copyfileobj(file, device)


def _place(path: Path) -> Path:
    """Where a file is to lie, links followed."""
    return Path(os.path.realpath(path))

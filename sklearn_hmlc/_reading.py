"""Files on disk, read whole or block by block, and within a bound.

Stage: the first step of readers. In: a path. Out: bytes, lines or text, decompressed by
the path's ending and decoded.
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
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

#: A compressed file may grow to this size, or to this multiple of its own, if more.
MOST_BYTES = 2**28
MOST_TIMES = 100

#: Ending -> what opens such a file.
OPENERS = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
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
    if ending_of(name) not in (*OPENERS, ".zip"):
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
    ending = ending_of(name)
    if ending not in (*OPENERS, ".zip"):
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


def ending_of(name: str) -> str:
    return os.path.splitext(name)[1].lower()


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextlib.contextmanager
def _decompressed(name: str, ending: str) -> Iterator[_Readable]:
    if ending != ".zip":
        with OPENERS[ending](name, "rb") as stream:
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

"""The file of a model: one line that says what it is, and a zip archive.

Stage: between bytes on the disk and parts of a model. In: files as `save_model` writes
them. Out: an open archive of which every bit has been checked, or an error that says
what is wrong.

The line, of ASCII characters, is

    sklearn-hmlc model file, format F, N bytes, sha256 H

with the number of the format, the bytes of the whole file (12 digits) and the SHA-256
of all of it but H itself. Behind it lies a zip archive of

- ``manifest.json``: the versions, the estimator and its parameters, hierarchies;
- ``weights.safetensors``: the weights of networks;
- ``schema.json`` and arrays (``.npy``, ``.npz``): the objects, as skops writes them.

All is stored as it is but JSON, which may be compressed: so nothing in a file grows to
more than the file has, or a bound.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from .._files import is_device, write_whole
from .._reading import MOST_BYTES

#: What is written now; files of all numbers up to it can be read.
FORMAT = 1

_NAME = b"sklearn-hmlc model file, format "
_LINE = re.compile(rb"(.{32}(\d), (\d{12}) bytes, sha256 )([0-9a-f]{64})\n")
_LENGTH = len(_NAME) + 1 + len(b", 000000000000 bytes, sha256 ") + 64 + 1
_BLOCK = 2**20
_JSON = (".json",)

Members = Callable[[], Iterable[tuple[str, bytes]]]


class ModelFileError(ValueError):
    """A file is no model file that can be read: cut, altered, foreign or too new."""


ModelFileError.__module__ = "sklearn_hmlc.io"  # where users find it


# -- writing ---------------------------------------------------------------------------


def write(path: Any, members: Members, *, force: bool, rescue: bool = False) -> None:
    """Write a model file, whole or not at all.

    ``members`` yields names and contents, one at a time; ``rescue`` as for
    `write_whole`.
    """
    write_whole(path, partial(_write, members), force=force, rescue=rescue)


def _write(members: Members, file: BinaryIO) -> None:
    start = file.tell()
    file.write(b" " * _LENGTH)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members():
            small = name.endswith(_JSON) and len(content) <= MOST_BYTES
            kind = zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED
            # No time: the same model, the same bytes, as far as skops lets it be.
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    size = file.seek(0, os.SEEK_END) - start
    line = _NAME + b"%d, %012d bytes, sha256 " % (FORMAT, size)
    file.seek(start + _LENGTH)
    digest = _digest(line, file)
    file.seek(start)
    file.write(line + digest.encode() + b"\n")
    file.seek(0, os.SEEK_END)


def _digest(line: bytes, file: BinaryIO) -> str:
    found = hashlib.sha256(line)
    for block in iter(lambda: file.read(_BLOCK), b""):
        found.update(block)
    return found.hexdigest()


# -- reading ---------------------------------------------------------------------------


@contextlib.contextmanager
def opened(path: Any) -> Iterator[zipfile.ZipFile]:
    """Open a model file, once it has been checked to the last bit.

    Raises
    ------
    ModelFileError
        If it is cut short, altered, foreign, or of a newer format.
    OSError
        If there is no such file.
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        raise IsADirectoryError(errno.EISDIR, "Expected a file, but got a folder", name)
    if is_device(name):
        raise ModelFileError(f"{name}: expected a file, but it is a device or a pipe.")
    with open(name, "rb") as file:
        _check_line(name, file)
        try:
            archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise malformed(name, error) from None
        with archive:
            _check_sizes(name, archive)
            yield archive


def _check_line(name: str, file: BinaryIO) -> None:
    line = file.read(_LENGTH)
    size = os.fstat(file.fileno()).st_size
    if not line.startswith(_NAME[: len(line)]) or not line:
        raise _foreign(name, line)
    number = re.match(rb"(\d{1,6}),", line[len(_NAME) :])
    if number and int(number[1]) > FORMAT:
        raise ModelFileError(
            f"{name}: it is a model file of format {int(number[1])}, and this version "
            f"of sklearn_hmlc reads formats up to {FORMAT}; install a newer version."
        )
    if len(line) < _LENGTH:
        raise ModelFileError(f"{name}: the model file is cut short in its first line.")
    found = _LINE.fullmatch(line)
    if found is None:
        raise _altered(name, "its first line is damaged")
    if size < int(found[3]):
        raise ModelFileError(
            f"{name}: the model file is cut short: it has {size:,} of "
            f"{int(found[3]):,} bytes. Get it again."
        )
    if size > int(found[3]):
        raise _altered(name, f"it has {size:,} bytes instead of {int(found[3]):,}")
    if _digest(found[1], file) != found[4].decode():
        raise _altered(name, "its SHA-256 is not the one it had when it was written")
    file.seek(0)


_KINDS = {
    b"\x80": (
        "a pickle (of pickle, joblib or cloudpickle). To open one runs whatever code "
        "is in it, so it is never opened here; if you trust whoever wrote it, load it "
        "by `joblib.load` and write it again by `save_model`"
    ),
    b"PK\x03\x04": (
        "a zip archive: of `torch.save`, which is a pickle, or of skops, in which case "
        "`skops.io.load(path, trusted=sklearn_hmlc.TRUSTED_TYPES)` reads it"
    ),
    b"\x1f\x8b": "a gzip file; a compressed pickle is never opened here",
    b"\x78": "compressed by zlib; a compressed pickle is never opened here",
    b"BZh": "a bz2 file; a compressed pickle is never opened here",
    b"\xfd7zXZ": "an xz file; a compressed pickle is never opened here",
}


def _foreign(name: str, line: bytes) -> ModelFileError:
    kinds = (words for magic, words in _KINDS.items() if line.startswith(magic))
    what = next(kinds, "something else" if line else "empty")
    return ModelFileError(
        f"{name}: expected a model file of `sklearn_hmlc.io.save_model`, but it is "
        f"{what}."
    )


def _altered(name: str, why: str) -> ModelFileError:
    return ModelFileError(
        f"{name}: the model file was altered after it was written: {why}. Get it again."
    )


def malformed(name: str, error: BaseException, more: str = "") -> ModelFileError:
    """Return the error that a file is whole, but can't be made into a model."""
    return ModelFileError(
        f"{name}: the model file is whole, but can't be read "
        f"({type(error).__name__}: {error}).{more}"
    )


# -- sizes -----------------------------------------------------------------------------


def _check_sizes(name: str, archive: zipfile.ZipFile) -> None:
    """Raise where a part says that it is larger than it is."""
    try:
        for member in archive.infolist():
            if member.filename.endswith(_JSON):
                largest = max(MOST_BYTES, member.compress_size)
            else:
                largest = member.compress_size
            _at_most(member, largest)
            if member.filename.endswith(".npy"):
                with archive.open(member) as stream:
                    _check_array(stream, member)
            elif member.filename.endswith(".npz"):
                _check_arrays(archive.read(member))
    except (ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise malformed(name, error) from None


def _at_most(member: zipfile.ZipInfo, size: int) -> None:
    if member.file_size > size:
        raise ValueError(f"{member.filename} unpacks to {member.file_size:,} bytes")


def _check_arrays(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as arrays:
        for member in arrays.infolist():
            _at_most(member, member.compress_size)
            with arrays.open(member) as stream:
                _check_array(stream, member)


def _check_array(stream: Any, member: zipfile.ZipInfo) -> None:
    """Raise where an array's shape is not that of its bytes."""
    version = np.lib.format.read_magic(stream)
    readers: dict[tuple[int, int], Callable[..., Any]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"{member.filename} is of NumPy's array format {version}")
    shape, _, dtype = readers[version](stream)
    n_entries = int(np.prod([int(n) for n in shape], dtype=object)) if shape else 1
    if stream.tell() + n_entries * dtype.itemsize != member.file_size:
        raise ValueError(f"{member.filename} is no array of shape {shape}")


def stored_arrays(content: bytes) -> bytes:
    """Return an .npz file without compression."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as after,
    ):
        for member in before.namelist():
            after.writestr(zipfile.ZipInfo(member), before.read(member))
    return file.getvalue()


def read_json(archive: zipfile.ZipFile, member: str) -> Any:
    """Return what a member of JSON says."""
    return json.loads(archive.read(member))

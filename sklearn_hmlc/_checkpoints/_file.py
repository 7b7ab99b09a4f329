"""The folder of a training, and the one file in it.

Stage: between plain data and the disk. The file is one line that says what it is,

    sklearn-hmlc checkpoint, format F, N bytes, sha256 H

with the bytes of the whole file (15 digits) and the SHA-256 of what is behind the line,
and then what `torch.save` writes. It is read with ``weights_only=True``, which runs no
code.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import re
import time
from pathlib import Path

import torch

from .._files import check_free, remove_partial, write_whole

try:
    import fcntl
except ImportError:  # Windows: nothing keeps two processes apart there
    fcntl = None

FILE = "training.ckpt"
HOW_TO_BEGIN = "To begin anew, delete it or name another folder."

_FORMAT = 1
_NAME = b"sklearn-hmlc checkpoint, format "
_LINE = re.compile(_NAME + rb"%d, (\d{15}) bytes, sha256 ([0-9a-f]{64})\n" % _FORMAT)
_LENGTH = len(_NAME) + len(b"1, 000000000000000 bytes, sha256 ") + 64 + 1
_BLOCK = 2**20

# Seconds in which the workers of a process that was killed notice that it is gone.
_GRACE = 10.0

# -- the folder ------------------------------------------------------------------------


@contextlib.contextmanager
def own_folder(folder, waits):
    """Make a folder, and keep others out of it; half files of a killed process go.

    ``waits``: until another training there is done, which is the same one; else that is
    an error.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = "a file has the name" if folder.exists() else error.strerror
        raise ValueError(f"Can't make the folder {folder}: {why}.") from error
    with _lock(folder, waits):
        remove_partial(folder)
        check_free(folder / FILE, force=True)
        yield


@contextlib.contextmanager
def _lock(folder, waits):
    if fcntl is None:
        yield
        return
    # Of the folder itself: no file is left, and it ends with the process.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _wait(folder, descriptor, None if waits else time.monotonic() + _GRACE)
        yield
    finally:
        os.close(descriptor)


def _wait(folder, descriptor, until):
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (fcntl.LOCK_NB if until else 0))
        except BlockingIOError:
            if time.monotonic() > until:
                raise ValueError(
                    f"{folder} is in use by another training; name a folder for each."
                ) from None
            time.sleep(0.1)
        except OSError:  # some file systems have no locks
            return
        else:
            return


def holds_training(folder):
    """Tell whether there is a checkpoint in a folder, or in folders inside."""
    return any(Path(folder).rglob(FILE))


def remove_trainings(folder):
    """Remove checkpoints in a folder and in folders inside, and what is empty then."""
    for path in list(Path(folder).rglob(FILE)):
        path.unlink()
        with contextlib.suppress(OSError):  # something else is in it
            path.parent.rmdir()
    with contextlib.suppress(OSError):
        Path(folder).rmdir()


# -- the file --------------------------------------------------------------------------


def write(path, content):
    """Write plain data, whole or not at all; a file that is there is replaced."""

    def write_to(file):
        file.write(b" " * _LENGTH)
        torch.save(content, file)
        size = file.seek(0, os.SEEK_END)
        file.seek(_LENGTH)
        found = hashlib.sha256()
        for block in iter(lambda: file.read(_BLOCK), b""):
            found.update(block)
        file.seek(0)
        line = b"%d, %015d bytes, sha256 " % (_FORMAT, size)
        file.write(_NAME + line + found.hexdigest().encode() + b"\n")
        file.seek(0, os.SEEK_END)

    write_whole(path, write_to, force=True)


def read(path):
    """Return what `write` was given.

    Raises
    ------
    ValueError
        If the file is cut, altered, foreign, or of a newer version.
    """
    with open(path, "rb") as file:
        line = file.read(_LENGTH)
        found = _LINE.fullmatch(line)
        if found is None:
            raise _unreadable(path, _foreign(line))
        content = file.read()
    if len(line) + len(content) != int(found[1]):
        raise _unreadable(
            path, f"it has {len(line) + len(content):,} of {int(found[1]):,} bytes"
        )
    if hashlib.sha256(content).hexdigest() != found[2].decode():
        raise _unreadable(path, "it was altered after it was written")
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, pickle.UnpicklingError, EOFError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error


def _foreign(line):
    number = re.match(_NAME + rb"(\d{1,6}),", line)
    if number and int(number[1]) > _FORMAT:
        return f"it has format {int(number[1])}, of a newer version of sklearn_hmlc"
    return "its first line is not that of a checkpoint"


def _unreadable(path, why):
    return ValueError(f"{path}: the checkpoint can't be read: {why}. {HOW_TO_BEGIN}")

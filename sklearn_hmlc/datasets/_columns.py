"""What a feature file gives: the ids of rows, and what there is of each.

Stage: between the formats and `_features`, which makes ``X`` of it.
"""

import contextlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .._frames import is_frame
from .._reading import Text, read_text
from .._validation import as_list, to_python

#: Who is named where an extra is missing.
CALLER = "read_features"


@dataclass(frozen=True)
class Columns:
    """Ids of rows, and what there is of each."""

    path: str
    format: str
    ids: list[str]
    data: Any  # a frame of columns, an ndarray or a sparse matrix
    names: list[str] | None = None
    text: Text | None = None
    lines: np.ndarray | None = None  # of rows, where the file is text
    header_line: int | None = None
    malformed: dict[int, str] | None = None

    def where(self, row: int) -> str:
        """Say where a row is, for messages."""
        if self.lines is None:
            return f"{self.path}, row of {self.ids[row]!r}"
        return f"{self.path}, line {self.lines[row]}"


def given_ids(name: str, ids) -> list[str]:
    """Return the argument `ids`: names, or a file that has one in every line."""
    if ids is None:
        raise ValueError(
            f"{name} has no ids; give them as `ids`: a list, or a file with one id in "
            "every line."
        )
    if isinstance(ids, str | os.PathLike):
        lines = [line.strip() for line in read_text(ids).lines]
        return [line for line in lines if line]
    return as_ids(ids, name)


def as_ids(values, name: str) -> list[str]:
    """Return ids as text, whatever holds them."""
    if is_frame(values):
        raise TypeError(f"Expected ids for {name} in one column, but got a frame.")
    array = np.asarray(values)
    missing = np.flatnonzero(pd.isna(array.ravel()))
    if len(missing):
        raise ValueError(
            f"{name}: there is no id in row {missing[0] + 1}. Leave such rows out, or "
            "name another column by `id_column`."
        )
    if array.dtype.kind == "f":
        raise ValueError(
            f"{name}: expected ids as text or whole numbers, but got {array.dtype}, "
            f"such as {array.ravel()[:1].tolist()}; name the column by `id_column`."
        )
    return [
        value.decode("utf-8") if isinstance(value, bytes) else str(to_python(value))
        for value in as_list(array.tolist())
    ]


def numbered(number: int) -> list[str]:
    return [f"x{k}" for k in range(number)]


@contextlib.contextmanager
def whole(name: str) -> Iterator[None]:
    """Say of which file it is that a library can't read it."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, ValueError) as error:
        if isinstance(error, ValueError) and str(error).startswith(name):
            raise
        advice = "It is cut short or no such file."
        if "allow_pickle" in str(error):
            advice = "Save ids and names as text: `ids.astype(str)`."
        raise ValueError(f"{name}: could not read it ({error}). {advice}") from error

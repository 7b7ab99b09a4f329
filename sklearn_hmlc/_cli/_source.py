"""The text of a table in a file: encoding, separator, header, and rows of its width.

Stage: the first one of CSV files. In: a path. Out: a `Source`, whose ``frame`` is what
pandas reads, cells of text as they stand in the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .._reading import decode, read_bytes
from .._validation import shorten

_COMPRESSED = (".gz", ".xz", ".bz2", ".zip")
_SEPARATORS = ",;\t"
_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs"}

#: What stands for a missing value.
MISSING = [
    *("", "?", "NA", "N/A", "n/a", "<NA>", "nan", "NaN", "-nan", "-NaN", "null"),
    *("NULL", "None", "#N/A", "#N/A N/A", "#NA", "1.#IND", "-1.#IND", "1.#QNAN"),
    "-1.#QNAN",
]


def suffix(path: Path) -> str:
    """Return the ending that tells the format, compression aside."""
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] in _COMPRESSED:
        endings.pop()
    return endings[-1] if endings else ""


@dataclass(frozen=True)
class Source:
    """A file's text; ``names`` are what its header has."""

    path: Path
    text: str
    separator: str
    names: list[str]

    def frame(self, words: Iterable[str] = ()) -> pd.DataFrame:
        """Return the rows; columns in ``words`` are text whatever they look like."""
        return self._read(dtype=dict.fromkeys(words, str), na_values=MISSING)

    def plain(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of ids or nodes: text on one line, none missing."""
        frame = self._read(dtype=str, usecols=list(names))[list(names)]
        for name in names:
            check_one_line(self.path, frame[name])
        return frame

    def _read(self, **options) -> pd.DataFrame:
        try:
            return pd.read_csv(
                io.StringIO(self.text),
                sep=self.separator,
                header=0,
                names=self.names,
                index_col=False,
                keep_default_na=False,
                low_memory=False,
                **options,
            )
        except ValueError as error:  # pandas' own are ValueErrors, without the path
            raise ValueError(f"{self.path}: {str(error).strip()}") from None


def check_one_line(path: Path, names: Iterable[str]) -> None:
    """Refuse ids and nodes that a quote left open has drawn over several lines."""
    broken = next((name for name in names if "\n" in name), None)
    if broken is not None:
        raise ValueError(
            f"{path}: expected ids and nodes without line breaks, but one begins "
            f"{broken[:40]!r}. Is a quote left open?"
        )


def read_source(path: Path, index: bool = False) -> Source:
    """Read a file whose first column, with ``index``, may lack a name.

    Raises
    ------
    ValueError
        If it is no table: no header, names that are empty or come twice, rows that are
        longer or shorter than the header.
    """
    text = decode(read_bytes(path), path).lstrip("\ufeff")  # as pandas does
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    told = re.match(r"sep=(.)\n", text, re.IGNORECASE)  # Excel's line for itself
    if told is not None:
        text = text[told.end() :]
    header = next((line for line in text.split("\n") if line.strip()), None)
    if header is None:
        raise ValueError(f"{path}: No columns to parse; the file is empty.")
    separator = told[1] if told is not None else _separator(path, header)
    names = _names(path, text, separator, index)
    source = Source(path, text, separator, names)
    _check_widths(source)
    return source


def _separator(path: Path, header: str) -> str:
    """Return what separates by the file's ending, or what the header has in place."""
    expected = "\t" if suffix(path) == ".tsv" else ","
    bare = re.sub(r'"[^"]*"', "", header)
    found = [mark for mark in _SEPARATORS if mark in bare]
    return found[0] if expected not in found and len(found) == 1 else expected


def _names(path: Path, text: str, separator: str, index: bool) -> list[str]:
    names = next(row for row in _rows(path, text, separator) if row)
    if index and not names[0]:
        names[0] = "id"
    if not all(names):
        hint = "" if names[0] else " If it holds ids, say so with --index."
        raise ValueError(
            f"{path}: column {names.index('') + 1} has no name in the header.{hint}"
        )
    seen: set[str] = set()
    double = [name for name in names if name in seen or seen.add(name)]
    if double:
        raise ValueError(
            f"{path}: columns come more than once: {shorten(dict.fromkeys(double))}. "
            "Give each a name of its own."
        )
    return names


def _rows(path: Path, text: str, separator: str) -> Iterator[list[str]]:
    """Yield the cells of each line; of quoted ones these may be several."""
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error as error:
        raise ValueError(f"{path}: {error}.") from None


def _check_widths(source: Source) -> None:
    """Refuse rows that pandas would fill up, or would shift to the left."""
    expected, path = len(source.names), source.path
    widths = list(_widths(source))[1:]
    if not widths:
        raise ValueError(f"{path}: there is no row below the header.")
    wrong = [(line, width) for line, width in widths if width != expected]
    if not wrong:
        return
    if len(wrong) == len(widths) and {width for _, width in wrong} == {expected + 1}:
        raise ValueError(
            f"{path}: the rows have more values than the header; name their first "
            "column too."
        )
    line, width = wrong[0]
    marks = _WORDS.get(source.separator, repr(source.separator))
    raise ValueError(
        f"{path}: expected {expected} values in each line, as in the header, but line "
        f"{line} has {width}. Values are separated by {marks}; a value with such marks "
        "needs quotes, and a missing one its place."
    )


def _widths(source: Source) -> Iterator[tuple[int, int]]:
    """Yield line number and width of the header and of each row."""
    single = len(source.names) == 1
    blanks = " \t".replace(source.separator, "")
    for number, width, start in _measured(source):
        if width > 1 or start.strip(blanks):
            yield number, width
        elif single:
            raise ValueError(
                f"{source.path}: line {number} is empty; write ? for a missing value."
            )


def _measured(source: Source) -> Iterator[tuple[int, int, str]]:
    """Yield line number, width and first value of each line."""
    text, separator = source.text.rstrip("\n"), source.separator
    if '"' not in text:
        for number, line in enumerate(text.split("\n"), start=1):
            yield number, line.count(separator) + 1, line
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for row in reader:
            yield reader.line_num, len(row), row[0] if row else ""
    except csv.Error as error:
        raise ValueError(f"{source.path}, line {reader.line_num}: {error}.") from None

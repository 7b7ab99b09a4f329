"""Text tables as lines: what separates the cells, which line is the head, which is bad.

Stage: a file -> records with the number of their first line, before pandas makes
columns of them. pandas alone fills lines that are too short with missing values, so
that a file cut short would pass.
"""

import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._files import Text
from .._validation import count

_ENDINGS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_COMMENTS = ("#", "!")
#: Cells that say that nothing is known.
MISSING = {"", "-", ".", "?", "NA", "N/A", "NaN", "nan", "None", "null"}


@dataclass(frozen=True)
class Table:
    """Records of one width, and those that are not."""

    text: Text
    sep: str
    header: list[str] | None
    records: list[str]
    lines: np.ndarray  # number of the first line of each record
    malformed: dict[int, str]
    quoted: bool = True

    @property
    def n_columns(self) -> int:
        """Number of cells of the first record, or of the head."""
        first = self.header or (self.cells(0) if self.records else [])
        return len(first)

    def cells(self, position: int) -> list[str]:
        """Return the cells of one record."""
        return split(self.records[position], self.sep, self.quoted)

    def frame(self, names: list, **options) -> pd.DataFrame:
        """Read columns by pandas; the index has the line numbers."""
        frame = pd.read_csv(
            # Bytes, since text in memory takes four of them per letter.
            io.BytesIO("\n".join(self.records).encode("utf-8")),
            sep=self.sep,
            header=None,
            names=names,
            index_col=False,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            skip_blank_lines=False,
            **options,
        )
        return frame.set_axis(self.lines, axis=0)


def split(record: str, sep: str, quoted: bool = True) -> list[str]:
    """Split one record into its cells."""
    if not quoted or '"' not in record:
        return record.split(sep)
    return next(csv.reader(io.StringIO(record), delimiter=sep))


def as_table(
    text: Text,
    has_header: Callable[[list[str], list[str] | None], bool],
    sep: str | None = None,
) -> Table:
    """Find the separator, the head and the records of a table.

    ``has_header`` tells from the first two lines whether the first one is the head. A
    comment (``#`` or ``!``) just above the records is the head if it is as wide.
    """
    records, lines = _records(text)
    above, records, lines = _comments(records, lines)
    if not records:
        raise text.error(len(text.lines), "expected a table, but the file has no rows.")
    sep = sep or _separator(text.path, records[0])
    first = split(records[0], sep)
    header = None
    if above and len(named := split(above[-1].lstrip("#! "), sep)) == len(first) > 1:
        header = named
    elif has_header(first, split(records[1], sep) if len(records) > 1 else None):
        header, records, lines = first, records[1:], lines[1:]
    width = len(header or first)
    return keep_width(text, sep, header, records, lines, {width})


def keep_width(text, sep, header, records, lines, widths, quoted=True):
    """Return the table of those records that have the right number of cells."""
    if quoted and any('"' in record for record in records):
        found = np.array([len(split(record, sep)) for record in records])
    else:
        found = np.array([record.count(sep) for record in records], dtype=int) + 1
    good = np.isin(found, list(widths))
    expected = " or ".join(map(str, sorted(widths)))
    malformed = {
        int(
            lines[k]
        ): f"expected {expected} columns, but got {count(found[k], 'column')}"
        for k in np.flatnonzero(~good).tolist()
    }
    if malformed:
        records = [record for record, fits in zip(records, good, strict=True) if fits]
        lines = lines[good]
    return Table(text, sep, header, records, lines, malformed, quoted)


def _records(text: Text) -> tuple[list[str], np.ndarray]:
    """Return lines that are not blank, joined where a quoted cell goes on."""
    numbers = [k for k, line in enumerate(text.lines, start=1) if line.strip()]
    records = [text.lines[k - 1] for k in numbers]
    if not any(record.count('"') % 2 for record in records):
        return records, np.array(numbers, dtype=int)
    joined: list[str] = []
    starts: list[int] = []
    is_open = False
    for number, line in enumerate(text.lines, start=1):
        if is_open:
            joined[-1] += "\n" + line
        elif line.strip():
            joined.append(line)
            starts.append(number)
        if line.count('"') % 2:
            is_open = not is_open
    if is_open:
        raise text.error(starts[-1], 'a cell that begins with a " here never ends.')
    return joined, np.array(starts, dtype=int)


def _comments(records, lines):
    """Split off the comments at the top."""
    n_comments = 0
    while n_comments < len(records) and records[n_comments].startswith(_COMMENTS):
        n_comments += 1
    return records[:n_comments], records[n_comments:], lines[n_comments:]


def _separator(path: str, first: str) -> str:
    stem, ending = os.path.splitext(path.lower())
    if ending not in _ENDINGS and ending in (".gz", ".xz", ".bz2", ".zip"):
        ending = os.path.splitext(stem)[1]
    usual = _ENDINGS.get(ending, "\t")
    # A file named .csv may well have tabs or, where commas are decimal, semicolons.
    there = [sep for sep in (usual, "\t", ",", ";") if sep in first]
    return there[0] if there else usual

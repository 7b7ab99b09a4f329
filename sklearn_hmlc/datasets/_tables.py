"""Text tables as lines: what separates the cells, which line is the head, which is bad.

Stage: a file -> records with the number of their first line, before pandas makes
columns of them. pandas alone fills lines that are too short with missing values, so
that a file cut short would pass.
"""

import csv
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .._reading import Text
from .._validation import count, shorten

_ENDINGS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_COMMENTS = ("#", "!")
# From the first line and a function that yields the cells of those below: whether the
# first line is the head; None where nobody can know.
HasHead = Callable[[list[str], Callable[[], Iterator[list[str]]]], bool | None]
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
    quoted: bool = False
    header_line: int | None = None  # of the head, if there is one

    @property
    def n_columns(self) -> int:
        """Number of cells of the head, or of the widest record."""
        if self.header is not None or not self.records:
            return len(self.header or ())
        if self.quoted:
            return len(_cells(self.records[0], self.sep))
        return max(record.count(self.sep) for record in self.records) + 1

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


def as_table(text: Text, has_head: HasHead) -> Table:
    """Find the separator, the head and the records of a table.

    A comment (``#`` or ``!``) just above the records is the head if it is as wide.
    """
    numbers = [k for k, line in enumerate(text.lines, start=1) if line.strip()]
    lines = [text.lines[k - 1] for k in numbers]
    n_above = next(
        (k for k, line in enumerate(lines) if not line.startswith(_COMMENTS)),
        len(lines),
    )
    sep = _separator(text.path, lines[n_above]) if n_above < len(lines) else "\t"
    rows = _quoted_rows(text, numbers[n_above], sep) if n_above < len(lines) else []
    if rows == []:
        raise text.error(len(text.lines), "expected a table, but the file has no rows.")
    if rows is None:
        records, starts = lines[n_above:], np.array(numbers[n_above:])
        first = records[0].split(sep)
    else:
        records = [_record(cells, sep) for _, cells in rows]
        starts = np.array([start for start, _ in rows])
        first = rows[0][1]

    def below() -> Iterator[list[str]]:
        if rows is None:
            return (record.split(sep) for record in records[1:])
        return (cells for _, cells in rows[1:])

    header, header_line = None, None
    named = lines[n_above - 1].lstrip("#! ").split(sep) if n_above else []
    if len(named) == len(first) > 1:
        header, header_line = named, numbers[n_above - 1]
    elif _is_head(text, int(starts[0]), first, has_head(first, below)):
        header, header_line = first, int(starts[0])
        if len(next(below(), [])) == len(header) + 1:
            header = ["", *header]  # R writes no name above the names of rows
        records, starts = records[1:], starts[1:]
    width = len(header or first)
    table = keep_width(text, sep, header, records, starts, {width}, rows is not None)
    return replace(table, header_line=header_line)


def _is_head(text: Text, line: int, first: list[str], found: bool | None) -> bool:
    if found is None:
        raise text.error(
            line,
            "nobody can tell whether the first line has the names of the columns or is "
            f"a row: {shorten(first)}. Say so by header=True or header=False.",
        )
    return found


def head_words(format_: str, header_line: int | None) -> str:
    """Say in a report what was read, and which line of a table as its head."""
    if format_ != "table":
        return format_
    head = "without a head" if header_line is None else f"head in line {header_line}"
    return f"table, {head}"


def malformed_words(malformed: dict[int, str]) -> Iterator[str]:
    """Yield the line of a report about malformed lines, if there are any."""
    if malformed:
        line, what = next(iter(malformed.items()))
        found = count(len(malformed), "line")
        yield f"malformed: {found}, the first is {line}: {what}"


def keep_width(text, sep, header, records, lines, widths, quoted=False) -> Table:
    """Return the table of those records that have the right number of cells."""
    if quoted:
        found = np.array([len(_cells(record, sep)) for record in records], dtype=int)
    else:
        found = np.array([record.count(sep) for record in records], dtype=int) + 1
    good = np.isin(found, list(widths))
    expected = " or ".join(map(str, sorted(widths)))
    malformed = {
        int(lines[k]): f"expected {expected} columns, but got "
        f"{count(int(found[k]), 'column')}"
        for k in np.flatnonzero(~good).tolist()
    }
    if malformed:
        records = [record for record, fits in zip(records, good, strict=True) if fits]
        lines = lines[good]
    return Table(text, sep, header, records, lines, malformed, quoted)


def _quoted_rows(
    text: Text, begin: int, sep: str
) -> list[tuple[int, list[str]]] | None:
    """Return the first line and the cells of each row; None where nothing is quoted.

    Between tabs a quote that closes nothing is a letter like any other.
    """
    body = text.lines[begin - 1 :]
    if not any('"' in line for line in body):
        return None
    reader = csv.reader([line + "\n" for line in body], delimiter=sep, strict=True)
    rows = []
    start = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begin + start, cells))
            start = reader.line_num
    except csv.Error as error:
        if sep == "\t":
            return None
        raise text.error(
            begin + start,
            f'a cell that begins with a " here does not end well ({error}); close it, '
            "and write quotes inside it twice.",
        ) from None
    return rows


def _record(cells: list[str], sep: str) -> str:
    """Write the cells of a row in the one way that all readers agree on."""
    row = io.StringIO()
    csv.writer(row, delimiter=sep, lineterminator="\n").writerow(cells)
    return row.getvalue()[:-1]


def _cells(record: str, sep: str) -> list[str]:
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=sep))


def _separator(path: str, first: str) -> str:
    stem, ending = os.path.splitext(path.lower())
    if ending not in _ENDINGS and ending in (".gz", ".xz", ".bz2", ".zip"):
        ending = os.path.splitext(stem)[1]
    usual = _ENDINGS.get(ending, "\t")
    # A file named .csv may well have tabs or, where commas are decimal, semicolons.
    there = [sep for sep in (usual, "\t", ",", ";") if sep in first]
    return there[0] if there else usual

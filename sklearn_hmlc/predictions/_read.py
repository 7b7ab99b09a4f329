"""Prediction files back to scores: CAFA's format, long and wide tables.

Stage: before measures. In: a path. Out: sparse scores of shape (n_samples, n_nodes)
with the names of rows and columns. Files are read some lines at a time; what is wrong
in one is told with its line.
"""

from __future__ import annotations

import csv
import os
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .._naming import given_hierarchy
from .._reading import read_lines
from .._scores import Predictions
from .._validation import (
    Node,
    check_bool,
    check_option,
    check_unique,
    count,
    shorten,
    unknown,
)
from ..hierarchy import Hierarchy
from ._blocks import row_ids
from ._coherent import propagated
from ._formats import CAFA_WORDS, FORMATS, ID, NODE, PROBABILITY, separator

Line = tuple[int, str]
Cells = tuple[int, str, str, str]
Codes = NDArray[np.integer]


def read_predictions(
    path: str | os.PathLike[str],
    hierarchy: Hierarchy | None = None,
    *,
    format: str | None = None,
    ids: Any = None,
    unknown_nodes: str = "error",
    propagate: bool | None = None,
) -> Predictions:
    r"""Read predictions from a file that `write_predictions`, or another tool, wrote.

    Parameters
    ----------
    path : str or path-like
        Decompressed where it ends on .gz, .xz, .bz2 or .zip.
    hierarchy : Hierarchy, default=None
        Its nodes are the columns, in their order. None: the nodes of the file, in the
        order in which they come.
    format : {"cafa", "long", "wide"} or None, default=None
        As in `write_predictions`. None: a table, if the first line has its columns,
        else "cafa".
    ids : array-like of hashable of shape (n_samples,), default=None
        The rows that are wanted, in this order, such as those of the truth beside; what
        the file has no line for is a row of zeros. None: those of the file, in the
        order in which they come.
    unknown_nodes : {"error", "drop"}, default="error"
        What to do with nodes that the hierarchy does not have. "drop": leave them out,
        with a warning.
    propagate : bool or None, default=None
        Whether a node's score is at least that of each node below it (the true path
        rule), as the measures, and the evaluator of CAFA, have it. False: scores as
        they are in the file. None: with a hierarchy as True, with a warning where that
        changes a score.

    Returns
    -------
    predictions : Predictions
        ``(scores, ids, nodes)``.

    Raises
    ------
    ValueError
        With the line, if it has another number of cells than it should, a score is no
        number in [0, 1], a node is unknown, or a pair of id and node comes twice under
        the same name; if the file has no prediction, or none of the `ids` or of the
        nodes; if `propagate` is True without a hierarchy.

    Warns
    -----
    UserWarning
        If lines are left out: of ids that are not among `ids`, or of unknown nodes. If
        scores are raised, and `propagate` does not say so.

    See Also
    --------
    write_predictions : Writes such files.
    sklearn_hmlc.metrics.fmax_score : A measure that takes what this returns.

    Notes
    -----
    In CAFA's format cells are separated by blanks, and lines that begin with AUTHOR,
    MODEL, KEYWORDS, ACCURACY or END are passed over, as are empty ones. In tables more
    columns may stand beside those that are read. Ids and nodes are text; they are
    matched with the text of `ids` and of the hierarchy's nodes, or of ``alternatives``
    of these, such as the ids of merged terms. Where a file has a node under several of
    its names, the largest score counts.

    Propagation raises a score to the largest below it, and adds those that the file has
    no line for. Files that `write_predictions` made of a coherent model stay as they
    are: scores of unscored nodes, which it leaves out, are neither raised nor added.
    All edges count, also those from one namespace to another, which the evaluator of
    CAFA does not know.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_hmlc.predictions import read_predictions
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.txt")
    ...     _ = path.write_text("AUTHOR me\nP1 GO:1 0.9\nP1 GO:2 0.25\nP2 GO:1 1\n")
    ...     predictions = read_predictions(path)
    >>> predictions.ids, predictions.nodes
    (['P1', 'P2'], ['GO:1', 'GO:2'])
    >>> predictions.scores.toarray()
    array([[0.9 , 0.25],
           [1.  , 0.  ]])
    """
    if format is not None:
        check_option("format", format, FORMATS)
    check_option("unknown_nodes", unknown_nodes, ("error", "drop"))
    if hierarchy is not None:
        given_hierarchy(hierarchy)
    if propagate is not None:
        check_bool("propagate", propagate)
    if propagate and hierarchy is None:
        raise ValueError("Expected `hierarchy` beside propagate=True, but got none.")
    wanted = None if ids is None else row_ids(ids, None)
    lines = _numbered(path)
    first = next(lines, None)
    if first is None:
        raise ValueError(f"{path}: there is no prediction in it; it is empty.")
    if format is None:
        format = _format_of(first[1], separator(path))
    rows = _Names(wanted, "`ids`")
    columns = _Names(None if hierarchy is None else hierarchy.nodes, "the hierarchy")
    if hierarchy is not None:
        columns.also(hierarchy.alternatives)
    cells = _READERS[format](path, first, lines, columns)
    entries = _Entries()
    entries.collect(path, cells, rows, columns, unknown_nodes == "error")
    _tell_of_others(path, rows, columns, entries)
    scores = entries.scores(path, rows, columns)
    if hierarchy is not None and propagate is not False:
        scores, n_raised = propagated(scores, hierarchy)
        if n_raised and propagate is None:
            warnings.warn(
                f"{path}: {count(n_raised, 'score')} below that of a descendant, or "
                "absent beside it, became as large, as in CAFA's evaluator. Say "
                "propagate=True if you want that, else propagate=False.",
                UserWarning,
                stacklevel=2,
            )
    return Predictions(scores, rows.names, columns.names)


def _tell_of_others(
    path: Any, rows: _Names, columns: _Names, entries: _Entries
) -> None:
    """Warn of what was left out; raise where nothing is left."""
    if not entries.n_lines:
        raise ValueError(f"{path}: there is no prediction in it.")
    if not entries.n_wanted:
        raise ValueError(
            f"{path}: expected lines of the given ids, such as "
            f"{shorten(rows.names, 3)}, but it has none; it has those of "
            f"{shorten(rows.others, 3)}."
        )
    if not len(entries.values):
        raise ValueError(
            f"{path}: expected nodes of the hierarchy, such as "
            f"{shorten(columns.names, 3)}, but it has none; it has "
            f"{shorten(columns.others, 3)}."
        )
    for names, what in ((rows, "id"), (columns, "node")):
        if names.others:
            n_lines = sum(names.others.values())
            warnings.warn(
                f"{path}: left out {count(n_lines, 'line')} of "
                f"{count(len(names.others), what)} not in {names.where}: "
                f"{shorten(names.others, 3)}.",
                UserWarning,
                stacklevel=3,
            )


# -- names and entries -----------------------------------------------------------------


class _Names:
    """Names by their text: those that are given, or those that come.

    Each text has a code; ``texts`` and ``places`` are by code, and `places` are
    positions in ``names``. So two texts may stand for one name.
    """

    def __init__(self, given: Iterable[Node] | None, where: str) -> None:
        self.names = [] if given is None else list(given)
        self.where = where
        self.open = given is None
        self.others: dict[str, int] = {}
        self.texts = [str(name) for name in self.names]
        check_unique(self.texts, f"Names in {where}")
        self.places = list(range(len(self.texts)))
        self._codes = {text: code for code, text in enumerate(self.texts)}

    def also(self, alternatives: Mapping[Node, Node]) -> None:
        """Let merged and replaced names stand for the names that they have now."""
        for old, new in alternatives.items():
            if str(new) in self._codes and str(old) not in self._codes:
                self._add(str(old), self.places[self._codes[str(new)]])

    def code(self, text: str) -> int:
        """Return the code of a text; of one that is not wanted -1."""
        code = self._codes.get(text)
        if code is not None:
            return code
        if not self.open:
            return -1
        self.names.append(text)
        return self._add(text, len(self.names) - 1)

    def _add(self, text: str, place: int) -> int:
        self._codes[text] = len(self.texts)
        self.texts.append(text)
        self.places.append(place)
        return len(self.texts) - 1

    def leave_out(self, text: str) -> None:
        """Count a line that is left out."""
        self.others[text] = self.others.get(text, 0) + 1


class _Entries:
    """Scores, with the codes of their rows and columns, and their lines."""

    def __init__(self) -> None:
        self.rows, self.columns = array("i"), array("i")
        self.lines, self.values = array("q"), array("d")
        self.n_lines = self.n_wanted = 0

    def collect(
        self,
        path: Any,
        cells: Iterable[Cells],
        rows: _Names,
        columns: _Names,
        strict: bool,
    ) -> None:
        """Read all cells; raise where one is wrong."""
        for number, row, column, text in cells:
            self.n_lines += 1
            value = _score(path, number, text)
            node = columns.code(column)
            if node < 0 and strict:
                message = unknown(column, columns.names)
                raise ValueError(f"{path}, line {number}: {message}")
            # A row is one of the file even if the hierarchy has none of its nodes.
            wanted = rows.code(row)
            if wanted < 0:
                rows.leave_out(row)
                continue
            self.n_wanted += 1
            if node < 0:
                columns.leave_out(column)
                continue
            self.rows.append(wanted)
            self.columns.append(node)
            self.lines.append(number)
            self.values.append(value)

    def scores(self, path: Any, rows: _Names, columns: _Names) -> sp.csr_array:
        """Return the entries as CSR, of a node under two names the larger score.

        Raises
        ------
        ValueError
            If two entries are of one pair of texts.
        """
        row, code = np.array(self.rows), np.array(self.columns)
        shape = len(rows.names), len(columns.names)
        column = np.array(columns.places, dtype=np.int32)[code]
        order, starts = _groups(row, column, shape[1])
        if len(starts) < len(order):
            self._check_once(path, rows, columns)
        values = np.maximum.reduceat(np.array(self.values)[order], starts)
        first = order[starts]
        ends = np.searchsorted(row[first], np.arange(shape[0] + 1)).astype(np.int32)
        scores = sp.csr_array((values, column[first], ends), shape=shape)
        scores.eliminate_zeros()
        return scores

    def _check_once(self, path: Any, rows: _Names, columns: _Names) -> None:
        row, code = np.array(self.rows), np.array(self.columns)
        order, starts = _groups(row, code, len(columns.texts))
        double = np.flatnonzero(np.diff(starts, append=len(order)) > 1)
        if len(double):
            one, other = order[starts[double[0]] :][:2]
            raise ValueError(
                f"{path}, line {self.lines[other]}: expected a score for each pair of "
                f"id and node, but {rows.texts[row[one]]!r} with "
                f"{columns.texts[code[one]]!r} came in line {self.lines[one]} before."
            )


def _groups(row: Codes, column: Codes, n_columns: int) -> tuple[Codes, Codes]:
    """Sort pairs stably; return their order and, in it, where each pair begins."""
    keys = row * np.int64(n_columns) + column
    order = np.argsort(keys, kind="stable")
    return order, np.flatnonzero(np.diff(keys[order], prepend=-1))


def _score(path: Any, number: int, text: str) -> float:
    try:
        value = np.nan if "_" in text else float(text)  # Python's 1_0 is 10
    except ValueError:
        value = np.nan
    if not 0 <= value <= 1:
        raise ValueError(
            f"{path}, line {number}: expected a score in [0, 1], but got {text!r}."
        )
    return value


# -- lines -----------------------------------------------------------------------------


def _numbered(path: Any) -> Iterator[Line]:
    """Yield the lines that are not empty, with their numbers."""
    for first, lines in read_lines(path):
        for number, line in enumerate(lines, first):
            if line and not line.isspace():
                yield number, line


def _format_of(line: str, mark: str) -> str:
    names = _names_of(line, mark)
    if {ID, NODE, PROBABILITY} <= set(names):
        return "long"
    return "wide" if names[0] == ID and len(names) > 1 else "cafa"


def _names_of(line: str, mark: str) -> list[str]:
    return next(csv.reader([line], delimiter=mark))


def _cafa_cells(
    path: Any, first: Line, lines: Iterator[Line], columns: _Names
) -> Iterator[Cells]:
    del columns
    commas, begun = False, False
    for number, line in chain([first], lines):
        cells = line.split()
        if cells[0] in CAFA_WORDS:
            continue
        if not begun:
            blanks = len(cells) == 3 and _is_number(cells[2])
            commas = separator(path) == "," and not blanks and "," in line
        if commas:
            cells = [cell.strip() for cell in _names_of(line, ",")]
        hint = "" if begun else _hint_at_header(cells)
        if len(cells) != 3 or not all(cells[:2]):
            marks = "commas" if commas else "tabs or blanks"
            raise ValueError(
                f"{path}, line {number}: expected an id, a node and a score, separated "
                f"by {marks}, but got {count(len(cells), 'cell')}: {line[:80]!r}.{hint}"
            )
        if hint:
            raise ValueError(
                f"{path}, line {number}: expected a score in [0, 1], but got "
                f"{cells[2]!r}.{hint}"
            )
        begun = True
        yield number, cells[0], cells[1], cells[2]


def _hint_at_header(cells: list[str]) -> str:
    """Say how to name columns, if no cell of the first line is a number."""
    if any(_is_number(cell) for cell in cells):
        return ""
    return (
        f" If it is a header, name the columns {ID}, {NODE} and {PROBABILITY}, or, of "
        f"a table with a column per node, that of the ids {ID}."
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _long_cells(
    path: Any, first: Line, lines: Iterator[Line], columns: _Names
) -> Iterator[Cells]:
    del columns
    mark = separator(path)
    names = _checked_names(path, first, mark, (ID, NODE, PROBABILITY))
    row, column, score = (names.index(name) for name in (ID, NODE, PROBABILITY))
    for number, cells in _rows(path, lines, mark, len(names)):
        name = _named(path, number, cells[row], ID)
        yield number, name, _named(path, number, cells[column], NODE), cells[score]


def _wide_cells(
    path: Any, first: Line, lines: Iterator[Line], columns: _Names
) -> Iterator[Cells]:
    """Yield what is not 0, but of each row and of each column something."""
    mark = separator(path)
    names = _checked_names(path, first, mark, (ID,))
    place = names.index(ID)
    nodes = names[:place] + names[place + 1 :]
    if not nodes or "" in nodes:
        raise ValueError(
            f"{path}, line {first[0]}: expected the name of a node above each column "
            f"but that of ids: {first[1][:80]!r}."
        )
    if columns.open:
        for node in nodes:
            columns.code(node)
    seen: dict[str, int] = {}
    for number, cells in _rows(path, lines, mark, len(names)):
        name = _named(path, number, cells.pop(place), ID)
        if name in seen:
            raise ValueError(
                f"{path}, line {number}: the id {name!r} came in line {seen[name]} "
                "before."
            )
        seen[name] = number
        for column in _not_zero(cells) or [0]:
            yield number, name, nodes[column], cells[column]


def _not_zero(texts: list[str]) -> list[int]:
    """Positions of what may be another number than 0, or none at all."""
    try:
        return np.flatnonzero(np.array(texts, dtype=float)).tolist()
    except ValueError:
        return [place for place, text in enumerate(texts) if text != "0"]


_READERS = {"cafa": _cafa_cells, "long": _long_cells, "wide": _wide_cells}


def _checked_names(
    path: Any, first: Line, mark: str, needed: tuple[str, ...]
) -> list[str]:
    number, line = first
    names = _names_of(line, mark)
    missing = [name for name in needed if name not in names]
    if missing:
        marks = "commas" if mark == "," else "tabs"
        raise ValueError(
            f"{path}, line {number}: expected a header with {shorten(needed)}, "
            f"separated by {marks}, but it lacks {shorten(missing)}: {line[:80]!r}."
        )
    check_unique(names, f"{path}, line {number}: columns")
    return names


def _named(path: Any, number: int, name: str, what: str) -> str:
    if not name:
        raise ValueError(f"{path}, line {number}: there is no {what}.")
    return name


def _rows(
    path: Any, lines: Iterator[Line], mark: str, width: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line, as many as the header has."""
    for number, line in lines:
        # The csv module takes longer than all the rest.
        cells = _names_of(line, mark) if '"' in line else line.split(mark)
        if len(cells) != width:
            raise ValueError(
                f"{path}, line {number}: expected {count(width, 'cell')}, as in the "
                f"header, but got {len(cells)}."
            )
        yield number, cells

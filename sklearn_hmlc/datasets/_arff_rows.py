"""The rows of an HMC ARFF file, dense or sparse, as columns and label texts.

Stage: `Header` and lines -> DataFrame of shape (n_samples, n_features) and one text of
labels (``a@b``) per row. Rows are read as text first; columns are converted whole,
which is fast, and a cell that does not fit is then looked up for the message.
"""

import contextlib
import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .._reading import Text
from .._validation import shorten
from ._arff_header import (
    VALUE,
    Attribute,
    Header,
    abridged,
    split_fields,
    value_of,
)

_PAIR = re.compile(rf"\s*([0-9]{{1,9}})\s+{VALUE}(?:,|\Z)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# Of words in these letters alone `float` takes those of the pattern.
_NUMBER_LETTERS = frozenset("0123456789+-.eE")

Row = tuple[int, str]  # line number, line


def read_rows(text: Text, header: Header) -> tuple[pd.DataFrame, list[str], list[int]]:
    """Return the features, the labels as texts and the line number of each row."""
    after = text.lines[header.data_line :]
    numbered = enumerate(map(str.strip, after), start=header.data_line + 1)
    rows = [(number, line) for number, line in numbered if line and line[0] != "%"]
    if not rows:
        raise text.error(
            len(text.lines), "expected rows below @data, but there are none."
        )
    sparse = rows[0][1].startswith("{")
    read = _read_sparse if sparse else _read_dense
    data, labels = read(text, header, rows)
    names = [header.attributes[k].name for k in data.columns]
    data.columns = pd.Index(_unique(names), dtype=object)
    return data, labels, [number for number, _ in rows]


# -- dense rows ------------------------------------------------------------------------


def _read_dense(
    text: Text, header: Header, rows: list[Row]
) -> tuple[pd.DataFrame, list[str]]:
    cells = np.array(_dense_cells(text, header, rows), dtype=object)
    lines = np.array([number for number, _ in rows])
    numeric = _positions(header, "numeric")
    names = np.array([header.attributes[k].name for k in numeric], dtype=object)
    values = _numbers(text, cells[:, numeric], lines[:, None], names)
    nominal = {
        k: _categories(text, cells[:, k], lines, header.attributes[k])
        for k in _positions(header, "nominal")
    }
    data = _joined(pd.DataFrame(values, columns=numeric), nominal)
    return data, cells[:, header.class_position].tolist()


def _dense_cells(text: Text, header: Header, rows: list[Row]) -> list[list[str]]:
    n_columns = len(header.attributes)
    cells = [split_fields(line) for _, line in rows]
    for (number, _), fields in zip(rows, cells, strict=True):
        if len(fields) != n_columns:
            raise text.error(
                number,
                f"expected {n_columns} values, one per attribute, but got "
                f"{len(fields)}; a comma within a value needs quotes.",
            )
    return cells


# -- sparse rows -----------------------------------------------------------------------


def _read_sparse(
    text: Text, header: Header, rows: list[Row]
) -> tuple[pd.DataFrame, list[str]]:
    n_columns = len(header.attributes)
    entries = [_sparse_entries(text, n_columns, *row) for row in rows]
    samples = np.repeat(np.arange(len(rows)), [len(found) for found in entries])
    flat = [entry for found in entries for entry in found.items()]
    positions = np.array([position for position, _ in flat], dtype=int)
    cells = np.array([cell for _, cell in flat], dtype=object)
    lines = np.array([number for number, _ in rows])

    def column(position: int, default: str) -> np.ndarray:
        # ARFF: what a sparse row leaves out is the first category.
        here = positions == position
        whole = np.full(len(rows), default, dtype=object)
        whole[samples[here]] = cells[here]
        return whole

    nominal = {
        k: _categories(text, column(k, x.values[0]), lines, x)
        for k, x in enumerate(header.attributes)
        if x.kind == "nominal"
    }
    numeric = _positions(header, "numeric")
    here = np.isin(positions, numeric)
    names = np.array([x.name for x in header.attributes], dtype=object)
    values = _numbers(text, cells[here], lines[samples[here]], names[positions[here]])
    matrix = sp.csc_array(
        (values, (samples[here], positions[here])), shape=(len(rows), n_columns)
    )
    data = pd.DataFrame.sparse.from_spmatrix(matrix[:, numeric], columns=numeric)
    # What is left out is 0, which pandas 3.0 takes for missing.
    data = data.astype(pd.SparseDtype(float, 0))
    return _joined(data, nominal), column(header.class_position, "").tolist()


def _sparse_entries(
    text: Text, n_columns: int, number: int, line: str
) -> dict[int, str]:
    """Read ``{index value, ...}``; indices count attributes from 0."""
    if not (line.startswith("{") and line.endswith("}")):
        raise text.error(
            number,
            "expected a sparse row `{index value, ...}` as the first row is, but got "
            f"{line[:30]!r}.",
        )
    body, start = line[1:-1].strip(), 0
    entries: dict[int, str] = {}
    while start < len(body):
        match = _PAIR.match(body, start)
        position = int(match[1]) if match else -1
        if match is None or position >= n_columns or position in entries:
            raise text.error(
                number,
                f"expected pairs `index value`, each index once and below {n_columns}, "
                f"but got {body[start : start + 30]!r}.",
            )
        entries[position] = value_of(match[2], match[3])
        start = match.end()
    return entries


# -- columns ---------------------------------------------------------------------------


def _numbers(
    text: Text, cells: np.ndarray, lines: np.ndarray, names: np.ndarray
) -> np.ndarray:
    """Convert cells; ``lines`` and ``names`` broadcast to them for the message."""
    missing = cells == "?"
    known = np.where(missing, "nan", cells)
    values = None
    if _NUMBER_LETTERS.issuperset("".join(cells[~missing].tolist())):
        with contextlib.suppress(ValueError):
            values = known.astype(float)
    if values is None:
        values = np.vectorize(_number_or_nan, otypes=[float])(known)
    bad = ~(np.isfinite(values) | missing)
    if bad.any():
        line, name, cell = (
            np.broadcast_to(x, cells.shape)[bad][0] for x in (lines, names, cells)
        )
        raise text.error(
            line,
            f"attribute {name!r} expects a finite number or ?, but got "
            f"{abridged(cell)}.",
        )
    return values


def _number_or_nan(cell: str) -> float:
    """Read a number of ASCII digits; `float` takes other digits, 1_000 and nan too."""
    return float(cell) if _NUMBER.fullmatch(cell) else np.nan


def _categories(
    text: Text, cells: np.ndarray, lines: np.ndarray, attribute: Attribute
) -> pd.Categorical:
    code = {category: k for k, category in enumerate(attribute.values)}
    codes = np.array([code.get(cell, -1) for cell in cells.tolist()])
    bad = (codes < 0) & (cells != "?")
    if bad.any():
        raise text.error(
            lines[bad][0],
            f"attribute {attribute.name!r} expects ? or one of "
            f"{shorten(attribute.values)}, but got {abridged(cells[bad][0])}.",
        )
    return pd.Categorical.from_codes(codes, categories=list(attribute.values))


def _joined(numeric: pd.DataFrame, nominal: dict[int, pd.Categorical]) -> pd.DataFrame:
    """Bring the columns, which are labelled by position, into the file's order."""
    if not nominal:
        return numeric
    frame = pd.concat([numeric, pd.DataFrame(nominal, index=numeric.index)], axis=1)
    return frame[sorted(frame.columns)]


def _positions(header: Header, kind: str) -> list[int]:
    return [k for k, x in enumerate(header.attributes) if x.kind == kind]


def _unique(names: Iterable[str]) -> list[str]:
    """Name a repeated column ``name.1``, ``name.2`` as pandas does."""
    names = list(names)
    taken = set(names)
    last: dict[str, int] = {}  # the number given last
    result = []
    for name in names:
        new, copy = name, last.get(name)
        if copy is not None:
            copy += 1
            while (new := f"{name}.{copy}") in taken:
                copy += 1
            taken.add(new)
        last[name] = copy or 0
        result.append(new)
    return result

"""Feature files of several formats as columns with the ids of their rows.

Stage: a file -> `Columns`: ids, and either a frame of columns (numbers, or cells that
list items) or one matrix. `_features` makes ``X`` of them.
"""

import contextlib
import itertools
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .._files import Text, read_bytes, read_text
from .._frames import is_frame
from .._optional import optional
from .._validation import as_list, check_unique, did_you_mean, shorten, to_python
from ._tables import MISSING, Table, as_table

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: What separates the items of a cell.
ITEMS = re.compile(r"\s*[;,|]\s*")
_CALLER = "read_features"
_PACKED = (".gz", ".xz", ".bz2", ".zip")
# What rows' ids, the matrix and its columns may be called beside each other.
_IDS = ("ids", "id", "index", "names", "keys", "accessions", "genes", "proteins")
_MATRICES = ("X", "data", "features", "embeddings", "matrix", "values")
_NAMES = ("feature_names", "columns", "features_names", "var_names")
_HEADS_OF_IDS = (
    "id ids identifier index key name names symbol gene genes gene_id geneid gene_name "
    "gene_symbol ncbi_gene_id entrez entrez_id locus locus_tag orf ensembl ensembl_id "
    "protein proteins protein_id protein_name uniprot uniprot_id uniprotkb entry "
    "entry_name accession accession_number acc target query sequence sequence_id "
    "sample sample_id cell barcode"
)


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


def read_columns(path, id_column, ids, list_columns, list_sep, header) -> Columns:
    """Read a file by its ending; a table of text if there is none of the others."""
    if hasattr(path, "obs_names") and hasattr(path, "var_names"):
        return _from_anndata(path, "AnnData", id_column)
    name = os.fspath(path)
    stem, ending = os.path.splitext(name.lower())
    if ending in _PACKED:
        ending = os.path.splitext(stem)[1]
    if os.path.isdir(name):
        read_bytes(name)  # which says so
    if ending in (".npz", ".npy"):
        return _read_numpy(name, ids)
    _refuse_ids(name, ids)
    if ending in (".parquet", ".pq"):
        return _read_parquet(name, id_column)
    if ending in (".h5", ".hdf5", ".hdf"):
        return _read_hdf5(name)
    if ending == ".h5ad":
        anndata = optional("anndata", _CALLER, "anndata")
        with _whole(name):
            data = anndata.read_h5ad(name)
        return _from_anndata(data, name, id_column)
    return _read_text(name, id_column, list_columns, list_sep, header)


def _refuse_ids(name: str, ids) -> None:
    if ids is not None:
        raise ValueError(
            f"{name} has ids of its own; leave out `ids`, which is for matrices "
            "without."
        )


@contextlib.contextmanager
def _whole(name: str) -> Iterator[None]:
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


# -- text ------------------------------------------------------------------------------


def _read_text(name: str, id_column, list_columns, list_sep, header) -> Columns:
    text = read_text(name)
    named = {*(list_columns or ())}
    if isinstance(id_column, str):
        named.add(id_column)

    def has_head(first: list[str], below: Callable[[], Iterator]) -> bool | None:
        if header is not None:
            return header
        return bool(named & {*_stripped(first)}) or _is_head(first, below, list_sep)

    table = as_table(text, has_head)
    if table.n_columns < 2:
        raise text.error(
            1,
            "expected a table of ids and features, separated by tabs or commas, but "
            "got a single column.",
        )
    names = _distinct(table.header or ["id", *_numbered(table.n_columns - 1)])
    where = 0 if id_column is None else _position(name, names, id_column)
    for column in list_columns or ():
        _position(name, names, column)
    as_text = {names[where], *(list_columns or ())}
    frame = _text_frame(table, names, as_text)
    ids = frame.pop(names[where])
    if id_column is None:
        _check_not_numbered(name, names, ids.tolist())
    empty = (ids == "").to_numpy()
    malformed = {int(line): "there is no id" for line in frame.index[empty]}
    frame, ids = frame[~empty], ids[~empty]
    return Columns(
        path=name,
        format="table",
        ids=ids.tolist(),
        data=frame.reset_index(drop=True),
        text=text,
        lines=frame.index.to_numpy(),
        malformed=dict(sorted({**table.malformed, **malformed}.items())),
        header_line=table.header_line,
    )


def _check_not_numbered(path: str, names: list[str], ids: list[str]) -> None:
    """Raise where the first column is the index that pandas or R wrote beside ids."""
    others = [name for name in names[1:] if name and _heads_ids(name)]
    counted = any(
        all(one == str(k) for k, one in enumerate(ids, start)) for start in (0, 1)
    )
    if others and not names[0] and counted:
        raise ValueError(
            f"{path}: the first column has no name and numbers the rows; are the ids "
            f"in {others[0]!r}? Say so by id_column={others[0]!r}, drop=[''], or by "
            "id_column=0 if they are the numbers."
        )


def _text_frame(table: Table, names: list[str], as_text: set) -> pd.DataFrame:
    if not table.records:
        raise table.text.error(
            len(table.text.lines), "expected rows below the head, but there are none."
        )
    # Ids such as "NA" or "007" stay what they are.
    missing = {name: sorted(MISSING) for name in names if name not in as_text}
    frame = table.frame(
        names,
        dtype=dict.fromkeys(as_text, str),
        na_values=missing,
        keep_default_na=False,
        low_memory=False,
    )
    return frame.assign(**{name: frame[name].str.strip() for name in as_text})


def _is_head(
    first: list[str], below: Callable[[], Iterator[list[str]]], list_sep: str | None
) -> bool | None:
    """Tell names of columns from a row of features; None where nobody can know."""
    cells = _stripped(first)
    second = next(below(), None)
    there = [cell for cell in cells[1:] if cell not in MISSING]
    numbers = [cell for cell in there if is_number(cell)]
    if _heads_ids(cells[0]):
        no_names = not cells[0] and len(numbers) == len(there) and not _count(there)
        return None if no_names else True
    if len(numbers) == len(there):
        named = second is not None and _look_like_names(cells, second)
        return None if named else False
    if second is not None and len(second) == len(first) + 1:
        return True  # as R writes it
    if _has_numbers_below(cells, below()):
        # A row may have a cell that is wrong.
        return None if numbers else True
    if any(map(_has_digit, there)):
        return False
    return False if _recurs(cells, below(), list_sep) else None


def _look_like_names(first: list[str], second: list[str]) -> bool:
    """Tell numbers that count columns, above ids that are unlike the first cell."""
    unlike = not _has_digit(first[0]) and _has_digit(second[0])
    return unlike and len(first) > 2 and _count(first[1:])


def _count(cells: list[str]) -> bool:
    """Tell whole numbers that go up, as names of columns do."""
    whole = [int(cell) for cell in cells if cell.isdecimal()]
    return len(whole) == len(cells) and all(a < b for a, b in itertools.pairwise(whole))


def _has_numbers_below(first: list[str], below: Iterator[list[str]]) -> bool:
    """Tell whether there are numbers in the columns that begin with other text."""
    texts = [k for k, cell in enumerate(first) if not is_number(cell)]
    texts = [k for k in texts if k > 0 and first[k] not in MISSING]
    return any(is_number(row[k]) for row in below for k in texts if k < len(row))


def _recurs(first: list[str], below: Iterator[list[str]], sep: str | None) -> bool:
    """Tell whether the id of a line or an item comes again below, as in rows."""
    items = {*_items_of(first[1:], sep)}
    return any(
        row[0].strip() == first[0] or items & {*_items_of(row[1:], sep)}
        for row in below
    )


def _items_of(cells: list[str], sep: str | None) -> list[str]:
    parts = (split_items(cell, sep) for cell in cells)
    return [item for some in parts for item in some if item not in MISSING]


def split_items(cell: str, sep: str | None) -> list[str]:
    """Return the items that a cell lists; ``sep`` None: between ``;``, ``,``, ``|``."""
    parts = ITEMS.split(cell) if sep is None else cell.split(sep)
    return [part.strip() for part in parts if part.strip()]


def _heads_ids(cell: str) -> bool:
    word = re.sub(r"[\s-]+", "_", cell.strip().casefold())
    return not word or word in _HEADS_OF_IDS.split()


def _stripped(cells: list[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _has_digit(cell: str) -> bool:
    return any(letter.isdigit() for letter in cell)


def is_number(cell: str) -> bool:
    """Tell a number in ASCII digits, with a point, from other text."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def _numbered(number: int) -> list[str]:
    return [f"x{k}" for k in range(number)]


def _distinct(names: list[str]) -> list[str]:
    """Number names that come again, as pandas does: x, x.1, x.2."""
    seen: dict[str, int] = {}
    distinct = []
    for name in (name.strip() for name in names):
        times = seen[name] = seen.get(name, -1) + 1
        distinct.append(f"{name}.{times}" if times else name)
    check_unique(distinct, "Names of columns")
    return distinct


def _position(path: str, names: list[str], column) -> int:
    if isinstance(column, str) and column in names:
        return names.index(column)
    is_position = isinstance(column, int) and not isinstance(column, bool)
    if is_position and 0 <= column < len(names):
        return column
    raise ValueError(
        f"{path} has no column {column!r}; it has {shorten(names, 10)}."
        f"{did_you_mean(column, names)}"
    )


# -- Parquet, AnnData ------------------------------------------------------------------


def _read_parquet(name: str, id_column) -> Columns:
    parquet = optional("pyarrow.parquet", _CALLER, "features")
    with _whole(name):
        frame = parquet.read_table(name).to_pandas()
    frame.columns = [str(column) for column in frame.columns]
    if _index_has_ids(name, frame, id_column):
        ids = frame.index
    elif not len(frame.columns):
        raise ValueError(f"{name}: expected ids and features, but it has no columns.")
    else:
        where = 0 if id_column is None else _position(name, [*frame], id_column)
        ids = frame.iloc[:, where]
        frame = frame.drop(columns=frame.columns[where])
    return Columns(name, "Parquet", _as_ids(ids, name), frame.reset_index(drop=True))


def _index_has_ids(name: str, frame: pd.DataFrame, id_column) -> bool:
    """Tell whether the ids are in the index that pandas wrote, or in a column."""
    index = frame.index
    if id_column is not None:
        return id_column == index.name and id_column not in frame.columns
    if isinstance(index, pd.MultiIndex):
        raise ValueError(
            f"{name}: expected one id per row, but the index has {index.nlevels} "
            "levels; write the frame with `reset_index()`, and name the column by "
            "`id_column`."
        )
    if index.name is not None:
        return True
    if isinstance(index, pd.RangeIndex):
        return False
    if not pd.api.types.is_integer_dtype(index.dtype):
        return True
    # Ids, or the numbers of those rows that were left of a frame?
    if len(frame.columns) and _heads_ids(frame.columns[0]):
        return False
    raise ValueError(
        f"{name}: the index has whole numbers without a name ({shorten(index, 3)}): "
        "ids, or numbers of rows? Name the column that has the ids by `id_column`, or "
        "the index before writing: `frame.index.name = 'id'`."
    )


def _from_anndata(data, name: str, id_column) -> Columns:
    ids = data.obs_names
    if id_column is not None:
        columns = [str(column) for column in data.obs.columns]
        ids = data.obs.iloc[:, _position(name, columns, id_column)]
    names = [str(variable) for variable in data.var_names]
    return Columns(name, "AnnData", _as_ids(ids, name), data.X, names)


# -- NumPy, HDF5 -----------------------------------------------------------------------


def _read_numpy(name: str, ids) -> Columns:
    # Opened here, since NumPy leaves a broken archive open.
    with _whole(name), open(name, "rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return _matrix(name, "NumPy", loaded, _given_ids(name, ids), None)
        with loaded:
            arrays = {key: loaded[key] for key in loaded.files}
    if {"format", "shape", "data"} <= arrays.keys():
        with _whole(name):
            return _matrix(
                name, "NumPy", sp.load_npz(name), _given_ids(name, ids), None
            )
    if ids is not None:
        key = _find_matrix(name, arrays, None)
        return _matrix(name, "NumPy", arrays[key], _given_ids(name, ids), None)
    return _from_arrays(name, "NumPy", arrays)


def _read_hdf5(name: str) -> Columns:
    h5py = optional("h5py", _CALLER, "features")
    arrays = {}
    with _whole(name), h5py.File(name, "r") as file:

        def visit(key: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                arrays[key] = item[()]

        file.visititems(visit)
    return _from_arrays(name, "HDF5", arrays)


def _from_arrays(name: str, kind: str, arrays: dict[str, Any]) -> Columns:
    """Take a matrix and its ids, or a vector under each id."""
    chosen = _find_ids(name, arrays)
    if chosen is not None:
        ids = _as_ids(arrays[chosen], name)
        key = _find_matrix(name, arrays, chosen)
        names = [k for k in arrays if _last(k) in _NAMES]
        columns = _as_ids(arrays[names[0]], name) if names else None
        return _matrix(name, kind, arrays[key], ids, columns)
    vectors = {key: np.asarray(array) for key, array in arrays.items()}
    flat = {
        key: array[0] if array.ndim == 2 and len(array) == 1 else array
        for key, array in vectors.items()
    }
    if not flat:
        raise ValueError(f"{name}: expected features, but it holds no data.")
    if len(flat) == 1 and next(iter(flat.values())).ndim == 2:
        raise ValueError(
            f"{name}: expected ids beside the matrix {next(iter(flat))!r}, under the "
            f"name 'ids'{', or as the argument `ids`' if kind == 'NumPy' else ''}."
        )
    first = next(iter(flat))
    for key, array in flat.items():
        if array.ndim != 1 or array.shape != flat[first].shape:
            raise ValueError(
                f"{name}: expected a vector of one length for every id, but {first!r} "
                f"has shape {vectors[first].shape} and {key!r} {vectors[key].shape}. "
                "Of one vector per residue take the mean first, and put ids beside a "
                "matrix under the name 'ids'."
            )
    return _matrix(name, kind, np.stack(list(flat.values())), list(flat), None)


def _last(key: str) -> str:
    return key.rpartition("/")[2]


def _find_ids(name: str, arrays: dict[str, Any]) -> str | None:
    """Return the key of the ids: text, or as long as a matrix beside them.

    A gene may well be called "names"; its vector has numbers of another length.
    """
    n_rows = {len(array) for array in arrays.values() if np.ndim(array) == 2}

    def has_ids(key: str) -> bool:
        array = np.asarray(arrays[key])
        is_text = array.dtype.kind in "SUO"
        return array.ndim == 1 and (is_text or len(array) in n_rows)

    found = [key for key in arrays if _last(key) in _IDS and has_ids(key)]
    # Of cells and genes, either may be the rows.
    fitting = [key for key in found if len(arrays[key]) in n_rows] or found
    plain = [key for key in fitting if _last(key) in ("ids", "id")]
    chosen = plain or fitting
    if len(chosen) > 1:
        raise ValueError(
            f"{name}: expected one array of ids, but it has {shorten(chosen)}; name "
            "that of the rows 'ids', and that of the columns 'feature_names'."
        )
    return chosen[0] if chosen else None


def _find_matrix(name: str, arrays: dict[str, Any], ids: str | None) -> str:
    """Return the key of the matrix: the only one, or one with a usual name."""
    found = [key for key, array in arrays.items() if np.ndim(array) == 2]
    usual = [key for key in found if _last(key) in _MATRICES]
    chosen = found if len(found) == 1 else usual
    beside = "the ids" if ids is None else f"the ids, which are in {ids!r}"
    if len(chosen) != 1:
        raise ValueError(
            f"{name}: expected one matrix beside {beside}, but it has "
            f"{shorten(found)}; name one of them {_MATRICES[0]!r}."
        )
    if ids is not None and len(arrays[chosen[0]]) != len(arrays[ids]):
        raise ValueError(
            f"{name}: there are {len(arrays[ids])} ids, but {len(arrays[chosen[0]])} "
            f"rows in {chosen[0]!r}; the ids are those in {ids!r}."
        )
    return chosen[0]


def _matrix(name: str, kind: str, matrix, ids: list[str], names) -> Columns:
    if matrix.ndim != 2:
        raise ValueError(
            f"{name}: expected a matrix (rows, features), but got shape {matrix.shape}."
        )
    if matrix.dtype.kind not in "biuf":
        raise ValueError(f"{name}: expected numbers, but got {matrix.dtype}.")
    if matrix.shape[0] != len(ids):
        raise ValueError(
            f"{name}: there are {len(ids)} ids, but {matrix.shape[0]} rows."
        )
    if matrix.dtype == np.float16:  # which few libraries compute with
        matrix = matrix.astype(np.float32)
    return Columns(name, kind, ids, matrix, names or _numbered(matrix.shape[1]))


# -- ids -------------------------------------------------------------------------------


def _given_ids(name: str, ids) -> list[str]:
    """Return the argument `ids`: names, or a file that has one in every line."""
    if ids is None:
        raise ValueError(
            f"{name} has no ids; give them as `ids`: a list, or a file with one id in "
            "every line."
        )
    if isinstance(ids, str | os.PathLike):
        lines = [line.strip() for line in read_text(ids).lines]
        return [line for line in lines if line]
    return _as_ids(ids, name)


def _as_ids(values, name: str) -> list[str]:
    """Return ids as text, whatever holds them."""
    if is_frame(values):
        raise TypeError(f"Expected ids for {name} in one column, but got a frame.")
    array = np.asarray(values)
    if array.dtype.kind == "f":
        raise ValueError(
            f"{name}: expected ids as text or whole numbers, but got {array.dtype}, "
            f"such as {array.ravel()[:1].tolist()}; name the column by `id_column`."
        )
    return [
        value.decode("utf-8") if isinstance(value, bytes) else str(to_python(value))
        for value in as_list(array.tolist())
    ]

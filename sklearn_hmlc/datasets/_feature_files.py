"""Feature files of several formats as columns with the ids of their rows.

Stage: a file -> `Columns`: ids, and either a frame of columns (numbers, or cells that
list items) or one matrix. `_features` makes ``X`` of them.
"""

import itertools
import os
import re
from collections.abc import Callable, Iterator

import pandas as pd

from .._optional import optional
from .._reading import read_bytes, read_text
from .._validation import check_unique, did_you_mean, shorten
from ._columns import CALLER, Columns, as_ids, numbered, whole
from ._feature_arrays import read_hdf5, read_numpy
from ._tables import MISSING, Table, as_table

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: What separates the items of a cell.
ITEMS = re.compile(r"\s*[;,|]\s*")
_PACKED = (".gz", ".xz", ".bz2", ".zip")
_HEADS_OF_IDS = (
    "id ids identifier index key name names symbol gene genes gene_id geneid gene_name "
    "gene_symbol ncbi_gene_id entrez entrez_id locus locus_tag orf ensembl ensembl_id "
    "protein proteins protein_id protein_name uniprot uniprot_id uniprotkb entry "
    "entry_name accession accession_number acc target query sequence sequence_id "
    "sample sample_id cell barcode"
)


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
        return read_numpy(name, ids)
    _refuse_ids(name, ids)
    if ending in (".parquet", ".pq"):
        return _read_parquet(name, id_column)
    if ending in (".h5", ".hdf5", ".hdf"):
        return read_hdf5(name)
    if ending == ".h5ad":
        anndata = optional("anndata", CALLER, "anndata")
        with whole(name):
            data = anndata.read_h5ad(name)
        return _from_anndata(data, name, id_column)
    return _read_text(name, id_column, list_columns, list_sep, header)


def _refuse_ids(name: str, ids) -> None:
    if ids is not None:
        raise ValueError(
            f"{name} has ids of its own; leave out `ids`, which is for matrices "
            "without."
        )


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
    names = _distinct(table.header or ["id", *numbered(table.n_columns - 1)])
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
    parquet = optional("pyarrow.parquet", CALLER, "features")
    with whole(name):
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
    return Columns(name, "Parquet", as_ids(ids, name), frame.reset_index(drop=True))


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
    return Columns(name, "AnnData", as_ids(ids, name), data.X, names)

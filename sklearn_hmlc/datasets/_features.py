"""`read_features`: features with the ids of their rows, from many kinds of files.

Stage: a file -> ``X`` as a frame of numbers, a matrix, or sparse indicators where cells
list items, and the ids by which `align` puts labels beside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from .._number_forms import misread_numbers
from .._validation import as_list, check_unique, count, did_you_mean, shorten
from ._columns import Columns
from ._feature_files import ITEMS, is_number, read_columns, split_items
from ._tables import MISSING, head_words, malformed_words
from ._wanted import Features, Wanted, select, small, wanted_features

#: Truth values as pandas reads them where none is missing.
_TRUTH = dict.fromkeys(("True", "TRUE", "true"), 1.0)
_TRUTH |= dict.fromkeys(("False", "FALSE", "false"), 0.0)


@dataclass(frozen=True, repr=False)
class FeatureReport:
    """What was read of a file of features.

    Attributes
    ----------
    path, format : str
        The file, and how it was read.
    n_rows, n_features : int
        Ids, and columns of ``data``.
    unknown : dict of str to int
        Items or columns that are not among the ``feature_names`` asked for, and in how
        many rows they were, the most frequent first.
    malformed : dict of int to str
        Line numbers of what is no row, and what is wrong there.
    absent : list of str
        Items that were asked for and are in no row: columns of zeros.
    header_line : int or None
        The line that was read as the head of a table; None where there is no head.

    Examples
    --------
    >>> from sklearn_hmlc.datasets import FeatureReport
    >>> FeatureReport("domains.tsv", "table", 3, 2, {"PF1": 2}, header_line=1)
    domains.tsv (table, head in line 1): 3 rows, 2 features
      not among the features asked for: 1, such as 'PF1' (2 rows)
    """

    path: str
    format: str
    n_rows: int
    n_features: int
    unknown: dict = field(default_factory=dict)
    malformed: dict = field(default_factory=dict)
    absent: list = field(default_factory=list)
    header_line: int | None = None

    def __repr__(self):
        lines = [
            f"{self.path} ({head_words(self.format, self.header_line)}): "
            f"{count(self.n_rows, 'row')}, {count(self.n_features, 'feature')}"
        ]
        if self.absent:
            lines.append(
                f"in no row: {len(self.absent):,} of the features asked for, such as "
                f"{shorten(self.absent, 3)}"
            )
        if self.unknown:
            first, rows = next(iter(self.unknown.items()))
            lines.append(
                f"not among the features asked for: {len(self.unknown):,}, such as "
                f"{first!r} ({count(rows, 'row')})"
            )
        return "\n  ".join([*lines, *malformed_words(self.malformed)])


@validate_params(
    {
        "path": "no_validation",
        "id_column": [str, int, None],
        "ids": "no_validation",
        "drop": ["array-like"],
        "list_columns": ["array-like", None],
        "list_sep": [str, None],
        "feature_names": ["array-like", Mapping, None],
        "header": ["boolean", None],
        "on_error": [StrOptions({"raise", "skip"})],
    },
    prefer_skip_nested_validation=True,
)
def read_features(
    path,
    *,
    id_column=None,
    ids=None,
    drop=(),
    list_columns=None,
    list_sep=None,
    feature_names=None,
    header=None,
    on_error="raise",
):
    r"""Read features and the ids of their rows: tables, matrices, embeddings.

    The ending says the format. ``.csv``, ``.tsv`` and other text, perhaps compressed: a
    table with a row per id, whose columns are numbers, true and false, which are 1 and
    0, or cells that list items, such as protein domains, which become one 0/1 column
    per item. ``.parquet``: as those.
    ``.npz``, ``.h5``, ``.hdf5``: a matrix and its ids (under the name "ids"), or a
    vector under the name of each id, as embeddings are published. ``.npy``: a matrix,
    with `ids`. ``.h5ad``: AnnData.

    Parameters
    ----------
    path : str, path-like or AnnData
        The file.
    id_column : str or int, default=None
        The column that has the ids, by name or by position from 0. None: the first
        column, the named index of a Parquet file, the names of AnnData's rows.
    ids : array-like of str, or str or path-like, default=None
        Of a matrix without ids, in the order of its rows; or a file that has them, one
        in every line.
    drop : list of str, default=()
        Columns to leave out, such as one that has labels. Beside `feature_names` the
        file may lack them, as those of new rows do.
    list_columns : list of str, default=None
        Columns whose cells list items. None: the columns of text.
    list_sep : str, default=None
        What separates the items of a cell. None: ``;``, ``,`` and ``|``.
    feature_names : Bunch or list of str, default=None
        The columns that ``data`` is to have, in this order: the data that a model was
        fitted on, as this function returned it, or names. Other items are left out and
        reported, and an item that no row has is a column of zeros. Of names alone
        nobody can tell which are items: absent ones get a warning. None: those of the
        file.
    header : bool, default=None
        Whether the first line of text has the names of the columns. None: what it
        looks like.
    on_error : {"raise", "skip"}, default="raise"
        What to do with malformed lines. "skip": leave them out, and report them.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With the following attributes.

        data : DataFrame, ndarray or csr_array of shape (n_ids, n_features)
            A frame (index: ids) for tables of numbers, with NaN where a cell is empty;
            a CSR array of float32 where cells list items; else as the file has it,
            float16 as float32.
        ids : Index of str of shape (n_ids,)
            The rows' ids.
        feature_names : list of str
            The columns: of a list the items, sorted (``column_item`` where several
            columns are lists), or x0, x1, ... of matrices without names.
        item_names : dict of str to dict of str to str
            By columns of lists: their items, and what these are called in
            ``feature_names``.
        report : FeatureReport
            Sizes, and what was left out.
        filename : str
            The path.

    Raises
    ------
    ValueError
        If a line is malformed or a cell no number, with its line, a column has numbers
        in another form, such as 93% or 1,5, or dates, a row has no id or one that came
        before,
        nobody can tell whether the first line is a head, a wanted column is missing, or
        no wanted item is in the file. A table of ids and lists alone may have an id in
        several lines, whose items go together.

    See Also
    --------
    read_annotations : The labels of the same ids.
    align : Put both in one order.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_hmlc.datasets import read_features
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "domains.tsv")
    ...     _ = path.write_text("gene\tpfam\n7\tPF1,PF3\n12\tPF2\n")
    ...     X = read_features(path)
    >>> X.feature_names
    ['PF1', 'PF2', 'PF3']
    >>> X.data.toarray()
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    if list_sep == "":
        raise ValueError("Expected `list_sep` as a mark, such as ';', but got ''.")
    lists = None
    if list_columns is not None:
        lists = [str(x) for x in as_list(list_columns, "list_columns")]
    wanted = None if feature_names is None else wanted_features(feature_names)
    found = read_columns(path, id_column, ids, lists, list_sep, header)
    if found.malformed and on_error == "raise":
        line, what = next(iter(found.malformed.items()))
        advice = "Mend the line, or leave such lines out by on_error='skip'."
        raise found.text.error(line, f"{what}. {advice}")
    if isinstance(found.data, pd.DataFrame):
        read = _from_frame(found, drop, lists, list_sep, wanted)
    else:
        read = _from_matrix(found, drop, wanted)
    _check_ids(found, read.ids)
    unknown, absent = {}, []
    if wanted is not None:
        read, unknown, absent = select(found.path, read, wanted)
    index = pd.Index(read.ids, name="id", dtype=object)
    data = read.data
    if isinstance(data, pd.DataFrame):
        data = data.set_axis(index, axis=0)
    return Bunch(
        data=data,
        ids=index,
        feature_names=read.names,
        item_names=read.items,
        report=FeatureReport(
            found.path,
            found.format,
            len(read.ids),
            len(read.names),
            unknown,
            found.malformed or {},
            absent,
            found.header_line,
        ),
        filename=found.path,
    )


def _check_ids(found: Columns, row_ids: list[str]) -> None:
    if len(set(row_ids)) < len(row_ids):
        seen: set[str] = set()
        row = next(k for k, x in enumerate(row_ids) if x in seen or seen.add(x))
        raise ValueError(
            f"{found.where(row)}: the id {row_ids[row]!r} has come before; expected a "
            "row per id. Take the mean of such rows, or name another `id_column`."
        )


# -- tables ----------------------------------------------------------------------------


def _from_frame(
    found: Columns, drop, lists, list_sep, wanted: Wanted | None
) -> Features:
    """Return the features of a frame of columns."""
    frame = found.data.drop(columns=_to_drop(found, found.data.columns, drop, wanted))
    known = wanted.lists_of(frame) if wanted is not None else []
    if known:
        lists = [*(lists or ()), *known]
    needed = set(frame.columns if wanted is None else wanted.names)
    parts = {
        name: _read_column(found, frame[name], lists, list_sep, name in needed)
        for name in frame.columns
    }
    if not parts:
        raise ValueError(f"{found.path}: expected features beside the ids.")
    columns = [name for name, part in parts.items() if isinstance(part, _Items)]
    numbers = {name: part for name, part in parts.items() if name not in columns}
    if not columns or (wanted is not None and {*wanted.names} <= numbers.keys()):
        return Features(pd.DataFrame(numbers), list(parts), found.ids)
    row_ids, rows = found.ids, np.arange(len(found.ids))
    if len(columns) == len(parts):
        codes, unique = pd.factorize(np.array(found.ids, dtype=object))
        row_ids, rows = list(unique), codes
    blocks, names, items = [], [], {}
    for name, part in parts.items():
        if isinstance(part, _Items):
            blocks.append(part.indicators(rows, len(row_ids)))
            prefix = f"{name}_" if len(columns) > 1 else ""
            items[name] = {item: prefix + item for item in part.names}
            names += items[name].values()
        else:
            column = part.to_numpy(dtype=np.float32, na_value=np.nan)
            blocks.append(sp.csr_array(column[:, None]))
            names.append(name)
    check_unique(names, "Names of features")
    data = small(sp.csr_array(sp.hstack(blocks, format="csr")))
    return Features(data, names, row_ids, items)


def _to_drop(found: Columns, names, drop, wanted: Wanted | None) -> list[str]:
    """Return the columns to leave out; where nothing is wanted all must be there."""
    given = [str(name) for name in as_list(drop, "drop")]
    for name in given:
        if name not in names and wanted is None:
            raise ValueError(
                f"In `drop`: {found.path} has no column {name!r}; it has "
                f"{shorten(names, 10)}.{did_you_mean(name, names)}"
            )
    return [name for name in given if name in names]


@dataclass(frozen=True)
class _Items:
    """The items of a column of lists: their row and their number."""

    rows: np.ndarray
    codes: np.ndarray
    names: list[str]

    def indicators(self, rows: np.ndarray, n_rows: int) -> sp.csr_array:
        """Return 0/1 columns; ``rows`` has the row of each line."""
        ones = np.ones(len(self.codes), dtype=np.float32)
        places = rows[self.rows], self.codes
        matrix = sp.coo_array((ones, places), shape=(n_rows, len(self.names))).tocsr()
        matrix.data[:] = 1  # however often a cell lists an item
        return matrix


def _read_column(found: Columns, column: pd.Series, lists, list_sep, needed: bool):
    """Return a column of numbers as it is, and one of lists as items."""
    name = str(column.name)
    is_list = lists is not None and name in lists
    if pd.api.types.is_numeric_dtype(column.dtype) and not is_list:
        return column
    cells = column.tolist()
    if any(isinstance(cell, list | tuple | np.ndarray) for cell in cells):
        return _items([[] if cell is None else list(cell) for cell in cells])
    texts = ["" if pd.isna(cell) else str(cell).strip() for cell in cells]
    if not is_list:
        numbers = _numbers(texts)
        if numbers is not None:
            return pd.Series(numbers)
        if needed:  # what else there is beside a model's columns does no harm
            _check_no_numbers(found, name, texts)
    return _items(
        [[] if text in MISSING else split_items(text, list_sep) for text in texts]
    )


def _numbers(texts: list[str]) -> list[float] | None:
    """Return numbers, or 1 and 0 for true and false, and NaN; None of other text.

    They come as text from Parquet, beside missing truth values, or of a size that no
    integer type holds.
    """
    there = {text for text in texts if text not in MISSING}
    if there and all(map(is_number, there)):
        values = {text: float(text) for text in there}
    elif there and there <= _TRUTH.keys():
        values = _TRUTH
    else:
        return None
    return [values.get(text, np.nan) for text in texts]


def _check_no_numbers(found: Columns, name: str, texts: list[str]) -> None:
    """Raise where a column has numbers and other text, or numbers in another form."""
    there = [(row, text) for row, text in enumerate(texts) if text not in MISSING]
    good = [is_number(text) for _, text in there]
    lists = all(all(map(is_number, ITEMS.split(text))) for _, text in there)
    odd = misread_numbers((text for _, text in there), dates=True)
    if not there or not (any(good) or lists or odd):
        return
    row, text = there[good.index(False)]
    advice = "Write numbers with a point" if odd is None else odd.advice
    raise ValueError(
        f"{found.where(row)}: expected a number in column {name!r}, but got "
        f"{text[:60]!r}. {advice}; if the column has lists of items, name it in "
        "`list_columns`; if it has labels, in `drop`."
    )


def _items(lists: list[list]) -> _Items:
    lengths = [len(one) for one in lists]
    flat = np.array([str(item) for one in lists for item in one], dtype=object)
    codes, names = pd.factorize(flat, sort=True)
    return _Items(np.repeat(np.arange(len(lists)), lengths), codes, list(names))


# -- matrices --------------------------------------------------------------------------


def _from_matrix(found: Columns, drop, wanted: Wanted | None) -> Features:
    matrix = found.data
    if sp.issparse(matrix):
        matrix = small(sp.csr_array(matrix))
    names = _distinct_names(found)
    left = _to_drop(found, names, drop, wanted)
    if left:
        keep = [k for k, name in enumerate(names) if name not in left]
        matrix, names = matrix[:, keep], [names[k] for k in keep]
    return Features(matrix, names, found.ids)


def _distinct_names(found: Columns) -> list[str]:
    names = list(found.names or ())
    check_unique(names, f"{found.path}: names of columns")
    return names

"""The columns that a model was fitted on, of a file that may lack some.

Stage: features of a file -> those columns in their order. An item that no row lists is
a column of zeros; a column that the file does not have is an error.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .._validation import as_list, check_unique, count, shorten
from ._tables import MISSING

Items = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Features:
    """What a file has: columns, their names, ids of rows, and which are items."""

    data: Any
    names: list[str]
    ids: list[str]
    items: Items = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """Names of columns, and which are items, where that is known."""

    names: list[str]
    items: Items | None

    def lists_of(self, frame: pd.DataFrame) -> list[str]:
        """Return the columns of a frame that were lists when the model was fitted.

        Where nobody knows, those without a cell: what is not there can't be a number.
        """
        if self.items is not None:
            found = [name for name in self.items if name in frame.columns]
            if found or len(self.items) > 1:
                return found
        empty = (name for name in frame.columns if name not in self.names)
        return [name for name in empty if _is_empty(frame[name])]


def _is_empty(column: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return bool(column.isna().all())
    return all(x is None or str(x).strip() in MISSING for x in column)


def wanted_features(feature_names: Any) -> Wanted:
    """Read the argument `feature_names`: what `read_features` returned, or names."""
    items = None
    if isinstance(feature_names, Mapping):
        if "feature_names" not in feature_names:
            raise ValueError(
                "Expected `feature_names` as `read_features` returned them, or a list "
                f"of names, but got a mapping with {shorten(feature_names)}."
            )
        items = feature_names.get("item_names")
        feature_names = feature_names["feature_names"]
    names = [str(name) for name in as_list(feature_names, "feature_names")]
    check_unique(names, "Names in `feature_names`")
    return Wanted(names, items)


def select(
    path: str, read: Features, wanted: Wanted
) -> tuple[Features, dict[str, int], list[str]]:
    """Return the wanted columns, what was left out in how many rows, and what is zero.

    Raises
    ------
    ValueError
        If a column is missing that is no absent item, or no item is among the wanted.
    """
    named = _as_wanted(path, read, wanted)
    where = {name: k for k, name in enumerate(named.names)}
    missing = [name for name in wanted.names if name not in where]
    _check_missing(path, named, wanted, missing)
    data = named.data
    if isinstance(data, pd.DataFrame):
        others = [name for name in named.names if name not in set(wanted.names)]
        chosen = replace(named, data=data[wanted.names], names=wanted.names)
        return chosen, dict.fromkeys(others, len(data)), []
    if missing:
        empty = sp.csr_array((data.shape[0], len(missing)), dtype=data.dtype)
        data = sp.csr_array(sp.hstack([data, empty], format="csr"))
        where |= {name: len(where) + k for k, name in enumerate(missing)}
    chosen = data[:, [where[name] for name in wanted.names]]
    if sp.issparse(chosen):
        chosen = small(sp.csr_array(chosen))
    items = named.items if wanted.items is None else wanted.items
    unknown = _left_out(named, wanted)
    return Features(chosen, wanted.names, read.ids, items), unknown, missing


def small(matrix: sp.csr_array) -> sp.csr_array:
    """Return sorted indices of 32 bits, which take half the memory."""
    matrix.sort_indices()
    if matrix.nnz < 2**31:
        matrix.indices = matrix.indices.astype(np.int32)
        matrix.indptr = matrix.indptr.astype(np.int32)
    return matrix


def _left_out(read: Features, wanted: Wanted) -> dict[str, int]:
    """Return other columns and their rows, the most frequent first."""
    among = set(wanted.names)
    others = [k for k, name in enumerate(read.names) if name not in among]
    rows = dict.fromkeys(others, read.data.shape[0])
    if sp.issparse(read.data) and others:
        times = np.bincount(read.data.indices, minlength=read.data.shape[1])
        rows = {k: int(times[k]) for k in others}
    return {read.names[k]: rows[k] for k in sorted(others, key=lambda k: -rows[k])}


# -- items by the names that they had --------------------------------------------------


def _as_wanted(path: str, read: Features, wanted: Wanted) -> Features:
    """Name the items of the file as those of the model.

    Beside others, items have the name of their column in front.
    """
    if not read.items:
        return read
    if wanted.items is not None:
        columns = _same_columns(path, read.items, wanted.items)
        called = {
            column: _called(read.items[column], wanted.items[other])
            for column, other in columns.items()
        }
    elif len(read.items) == 1 and not {*read.names} & {*wanted.names}:
        (column,) = read.items
        prefix = f"{column}_"
        if not any(name.startswith(prefix) for name in wanted.names):
            return read
        called = {column: {item: prefix + item for item in read.items[column]}}
    else:
        return read
    renamed = {
        old: called[column][item]
        for column, items in read.items.items()
        if column in called
        for item, old in items.items()
    }
    names = [renamed.get(name, name) for name in read.names]
    check_unique(names, "Names of features")
    return replace(read, names=names, items={**read.items, **called})


def _same_columns(path: str, there: Items, before: Items) -> dict[str, str]:
    """Return the columns of lists of the file that the model knows, and its names."""
    if len(there) == len(before) == 1:
        return {next(iter(there)): next(iter(before))}
    missing = [name for name in before if name not in there]
    if missing:
        raise ValueError(
            f"{path} has no column of lists {shorten(missing)}, whose items are among "
            f"the features asked for; it has {shorten(there)}."
        )
    return {name: name for name in before}


def _called(items: dict[str, str], before: dict[str, str]) -> dict[str, str]:
    """Return the names of items as they were; others by the same rule."""
    item, name = next(iter(before.items()), ("", ""))
    prefix = name.removesuffix(item)
    return {item: before.get(item, prefix + item) for item in items}


def _check_missing(path: str, read: Features, wanted: Wanted, missing: list) -> None:
    """Raise unless what is missing are items that no row lists."""
    columns = [name for name in missing if not _may_be_item(name, read, wanted)]
    if columns:
        raise ValueError(
            f"{path} lacks {count(len(columns), 'column')} of `feature_names`: "
            f"{shorten(columns)}."
        )
    if not missing:
        return
    here = {name for items in read.items.values() for name in items.values()}
    if here and not here & set(wanted.names):
        raise ValueError(
            f"{path}: no item is among `feature_names`; expected items such as "
            f"{shorten(wanted.names, 3)}, but got {shorten(sorted(here), 3)}. Are they "
            "separated otherwise (`list_sep`), or of another database?"
        )
    if wanted.items is None:
        warnings.warn(
            f"{path}: {len(missing):,} of {count(len(wanted.names), 'feature')} "
            f"asked for, in no row, become zeros: {shorten(missing, 3)}. Names alone "
            "do not say whether they are items that may be absent; give what "
            "`read_features` returned for the model: `feature_names=X`.",
            UserWarning,
            stacklevel=6,
        )


def _may_be_item(name: str, read: Features, wanted: Wanted) -> bool:
    if not read.items:
        return False
    if wanted.items is not None:
        return any(name in items.values() for items in wanted.items.values())
    prefixes = _prefixes(read)
    return not prefixes or name.startswith(prefixes)


def _prefixes(read: Features) -> tuple[str, ...]:
    """Return what names of items begin with; nothing where that is no column."""
    prefixed = len(read.items) > 1 or any(
        name == f"{column}_{item}"
        for column, items in read.items.items()
        for item, name in items.items()
    )
    return tuple(f"{column}_" for column in read.items) if prefixed else ()

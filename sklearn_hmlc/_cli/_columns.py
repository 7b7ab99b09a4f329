"""Columns of text: which there are, and which are none that were meant.

Stage: features as they were read -> features to train on. What is no number becomes one
0/1 column per text, so that numbers in the wrong form, or ids, would teach a model
nothing, and without a word.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from .._number_forms import misread_numbers
from .._validation import count, shorten

#: Texts of which this share differ from all others are ids.
_DISTINCT = 0.9
_FEWEST_ROWS = 10


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Names of the columns that are not numbers."""
    return [
        name
        for name, dtype in frame.dtypes.items()
        if is_bool_dtype(dtype) or not is_numeric_dtype(dtype)
    ]


def describe_text(data: pd.DataFrame, nominal: Iterable[str]) -> str:
    """Say what is encoded, in one line."""
    shown = [f"{name!r} ({count(data[name].nunique(), 'text')})" for name in nominal]
    more = f" and {len(shown) - 5:,} more" if len(shown) > 5 else ""
    return f"Text, one-hot encoded: {', '.join(shown[:5])}{more}"


def check_text(
    data: pd.DataFrame, names: Iterable[str], index: bool, declared: bool = False
) -> None:
    """Refuse text that is numbers in the wrong form, or ids.

    Parameters
    ----------
    data : DataFrame
        Ids or row numbers are in its index.
    names : iterable of str
        Columns to look at.
    index : bool
        Whether the first column was taken for ids.
    declared : bool
        Whether the file says that these are categories; then they may be numbers.
    """
    for name in names:
        known = data[name].dropna().astype(str)
        if not declared:
            _check_no_numbers(name, known)
        first = not index and name == data.columns[0]
        _check_no_ids(name, known, first)


def check_finite(data: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse words for infinity, and numbers beyond those of a computer."""
    for name in names:
        bad = np.isinf(data[name].to_numpy(dtype=float))
        if bad.any():
            raise ValueError(
                f"Expected finite numbers, but the column {name!r} of DATA has infinity"
                f" or a number above 1e308 in {row_of(data, bad)}; leave it empty if "
                "it is not known."
            )


def check_numbers(data: pd.DataFrame, nominal: Iterable[str]) -> None:
    """Refuse text in columns that held numbers in training."""
    text = [name for name in text_columns(data) if name not in nominal]
    if text:
        known = pd.to_numeric(data[text[0]].astype(str), errors="coerce")
        bad = (known.isna() & data[text[0]].notna()).to_numpy()
        example = ""
        if bad.any():
            cell = str(data[text[0]].to_numpy()[bad][0])
            example = f" ({cell!r} in {row_of(data, bad)})"
        raise ValueError(
            "Columns of DATA that held numbers in training have text now: "
            f"{shorten(text)}{example}."
        )


def row_of(data: pd.DataFrame, chosen: np.ndarray) -> str:
    """Name the first of some rows, by its id or its number."""
    first = int(np.flatnonzero(chosen)[0])
    if isinstance(data.index, pd.RangeIndex):
        return f"row {first + 1}"
    return f"the row of {data.index[first]!r}"


def _check_no_numbers(name: str, known: pd.Series) -> None:
    found = misread_numbers(known.tolist(), dates=False)
    if found is not None:
        raise ValueError(
            f"The column {name!r} of DATA has numbers in {found.n_numbers} of "
            f"{count(len(known), 'row')}, but can't be read as numbers because of "
            f"{shorten(found.odd, 3)}. {found.advice}; or say `--text {name}` if it is "
            "text."
        )


def _check_no_ids(name: str, known: pd.Series, first: bool) -> None:
    texts = known.nunique()
    if len(known) < _FEWEST_ROWS or texts < _DISTINCT * len(known):
        return
    advice = "say --index if these are ids" if first else "leave it out if it is an id"
    raise ValueError(
        f"The column {name!r} of DATA has {texts} different texts in "
        f"{count(len(known), 'row')}, such as {shorten(known.unique()[:3])}, from which"
        f" nothing can be learnt: {advice}, or `--text {name}` to use it all the same."
    )

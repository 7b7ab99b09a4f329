"""Names of nodes, and the words that messages are made of.

Stage: beside the checks at the door. In: names in whatever holds them. Out: plain
Python values, and parts of sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from ._spelling import did_you_mean as did_you_mean

Node = Hashable

# -- words of messages -----------------------------------------------------------------


def count(number: int, word: str) -> str:
    """Number and word, in the plural where it is due."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def shorten(names: Iterable[Any], most: int = 5) -> str:
    """List some names for a message: the first few and how many more there are."""
    names = list(names)
    if not names:
        return "none"
    shown = ", ".join(repr(to_python(name)) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def check_unique(names: Sequence[Any], what: str) -> None:
    """Raise where a name comes twice; ``what`` begins the message ("Columns of Y")."""
    double = [name for name, times in Counter(names).items() if times > 1]
    if double:
        raise ValueError(f"{what} come more than once: {shorten(double)}.")


def unknown(name: object, names: Sequence[Node]) -> str:
    """Say that a name is no node, and which node comes nearest."""
    name = to_python(name)
    return (
        f"{name!r} is no node of the hierarchy ({count(len(names), 'node')})."
        f"{did_you_mean(name, names)}"
    )


# -- names -----------------------------------------------------------------------------


def to_python(value: Any) -> Any:
    """Return a NumPy or pyarrow string or number as Python's, which prints plainly."""
    if type(value).__module__ == "pyarrow.lib" and hasattr(value, "as_py"):
        return value.as_py()
    return value.item() if isinstance(value, np.str_ | np.number) else value


def plain(name: Any) -> Node:
    """Return a name as a plain Python value.

    Raises
    ------
    TypeError
        If the name is not hashable.
    """
    try:
        hash(name)
    except TypeError:
        raise TypeError(
            f"{name!r} can't name a node: it is not hashable. Use a string, a number "
            "or a tuple."
        ) from None
    return to_python(name)


def as_list(names: Any, parameter: str | None = None) -> list[Node]:
    """Return several names as a list of plain Python values.

    ``parameter`` is what the user calls them, for the message.

    Raises
    ------
    TypeError
        If a single string is given, something that holds no names, or a name that
        is not hashable.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        where = f"In `{parameter}`: e" if parameter else "E"
        advice = f": [{names!r}]" if parameter and isinstance(names, str) else ""
        raise TypeError(
            f"{where}xpected several names, but got {names!r}; wrap a single name in a "
            f"list{advice}."
        )
    return [plain(name) for name in names]


def name_array(names: Iterable[Node]) -> np.ndarray:
    """Names as an array; of objects unless all are strings or all fit into int64."""
    names = list(names)
    if all(type(name) is str for name in names):
        return np.array(names, dtype=str)
    if all(type(name) is int and abs(name) < 2**63 for name in names):
        return np.array(names, dtype=int)
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return array


def as_classes(y: Any, warn: bool = False) -> np.ndarray:
    """Return 1-D labels, one class per row, as an array; integers of any size exactly.

    Raises
    ------
    ValueError
        If ``y`` is no single column, a row has no class, or the values are no classes.
    """
    classes = np.asarray(y)
    if classes.dtype.names:
        raise ValueError(
            "Expected y as a frame, an array or one class per row, but got a "
            "structured array; make a frame of it: pd.DataFrame(y)."
        )
    if classes.dtype.kind == "f" and isinstance(y, list | tuple) and _integers(y):
        classes = name_array(y)  # NumPy rounds what no integer type holds
    classes = column_or_1d(classes, warn=warn)
    n_missing = np.count_nonzero(pd.isna(classes))
    if n_missing:
        raise ValueError(
            f"y has no class in {count(n_missing, 'row')} (None or NaN); drop them."
        )
    if classes.dtype.kind == "f":
        assert_all_finite(classes, input_name="y")
    if not (classes.dtype == object and _integers(classes)):
        check_classification_targets(classes)
    return classes


def _integers(values: Iterable[Any]) -> bool:
    return all(type(value) is int for value in values)

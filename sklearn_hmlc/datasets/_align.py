"""`align`: features and labels by id, in one order, and what each side lost."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from .._frames import is_frame, row_names
from .._validation import check_unique, count, shorten

_EXAMPLES = 3


@dataclass(frozen=True, repr=False)
class AlignReport:
    """How many ids two tables have in common, and what each lost.

    Attributes
    ----------
    n_common : int
        Ids that both have.
    n_only_X, n_only_Y : int
        Ids that the features have alone, and that the labels have alone.
    only_X, only_Y : list
        Three of each as examples.
    n_empty : int
        Columns of the labels that had rows, and have none among the common ids.
    empty : list
        Three of them as examples.

    Examples
    --------
    >>> from sklearn_hmlc.datasets import AlignReport
    >>> AlignReport(2, 1, 0, ["P7"], [])
    2 ids in common; 1 with features alone ('P7'), 0 with labels alone
    """

    n_common: int
    n_only_X: int
    n_only_Y: int
    only_X: list
    only_Y: list
    n_empty: int = 0
    empty: list = field(default_factory=list)

    def __repr__(self):
        sides = [
            f"{number:,} with {what} alone{f' ({shorten(some)})' if some else ''}"
            for number, what, some in (
                (self.n_only_X, "features", self.only_X),
                (self.n_only_Y, "labels", self.only_Y),
            )
        ]
        lost = ""
        if self.n_empty:
            has = "has" if self.n_empty == 1 else "have"
            lost = (
                f"\n  {count(self.n_empty, 'node')} {has} no row left "
                f"({shorten(self.empty)}); count on the common ids: "
                "labels(..., count_on=X.ids)"
            )
        return f"{count(self.n_common, 'id')} in common; {', '.join(sides)}{lost}"


def align(X, Y):
    """Match features and labels by id.

    Parameters
    ----------
    X : Bunch, DataFrame or Series
        Features: what `read_features` returns, or pandas with the ids as index.
    Y : Bunch, DataFrame or Series
        Labels: what `labels` returns, or pandas with the ids as index.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With the following attributes.

        data, target : same containers as those of ``X`` and ``Y``
            The rows of the ids that both have, in the order of ``X``.
        ids : Index of shape (n_samples,)
            Their ids.
        report : AlignReport
            What each side lost.
        feature_names, hierarchy, target_names
            As ``X`` and ``Y`` have them; of frames the names of the columns.

    Raises
    ------
    ValueError
        If no id is in both, with ids of each side and what may be the matter, or an id
        comes twice.
    TypeError
        If a side has no ids, such as a frame whose index numbers its rows.

    See Also
    --------
    read_features, labels

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_hmlc.datasets import align
    >>> X = pd.DataFrame({"length": [310, 87, 512]}, index=["P3", "P1", "P2"])
    >>> Y = pd.DataFrame({"binding": [1, 0, 1]}, index=["P1", "P3", "P9"])
    >>> both = align(X, Y)
    >>> both.report
    2 ids in common; 1 with features alone ('P2'), 1 with labels alone ('P9')
    >>> both.target
        binding
    P3        0
    P1        1
    """
    data, x_ids = _side(X, "X", "data")
    target, y_ids = _side(Y, "Y", "target")
    where = y_ids.get_indexer(x_ids)
    common = where >= 0
    if not common.any():
        raise ValueError(_nothing_in_common(x_ids, y_ids))
    ids = x_ids[common]
    aligned = _rows(target, where[common])
    names = _names(Y, target, "target_names")
    empty = _emptied(target, aligned)
    only_X, only_Y = x_ids[~common], y_ids[~y_ids.isin(ids)]
    report = AlignReport(
        len(ids),
        len(only_X),
        len(only_Y),
        only_X[:_EXAMPLES].tolist(),
        only_Y[:_EXAMPLES].tolist(),
        len(empty),
        [names[k] if names else k for k in empty[:_EXAMPLES].tolist()],
    )
    known = {
        "feature_names": _names(X, data, "feature_names"),
        "target_names": names,
        "hierarchy": getattr(Y, "hierarchy", None),
    }
    return Bunch(
        data=_rows(data, np.flatnonzero(common)),
        target=aligned,
        ids=ids,
        report=report,
        **{key: value for key, value in known.items() if value is not None},
    )


def _side(side: Any, name: str, attribute: str) -> tuple[Any, pd.Index]:
    """Return the rows and their ids."""
    if isinstance(side, Bunch) and "ids" in side and attribute in side:
        rows, ids = side[attribute], pd.Index(side["ids"])
    elif (found := row_names(side)) is not None:
        rows, ids = side, found
    else:
        raise TypeError(_without_ids(side, name))
    if rows is side and isinstance(ids, pd.RangeIndex) and ids.name is None:
        raise TypeError(
            f"Expected `{name}` with ids as its index, but it has the numbers of rows; "
            f"set the ids: `{name}.set_index('id')`, or `{name}.index = ids`."
        )
    missing = np.flatnonzero(pd.isna(ids.to_numpy()))
    if len(missing):
        # Two missing ids would match, as if they were one.
        raise ValueError(
            f"Expected `{name}` with an id for every row, but there is none for row "
            f"{missing[0] + 1}; leave such rows out."
        )
    check_unique(ids.tolist(), f"Ids of {name}")
    return rows, ids


def _without_ids(side: Any, name: str) -> str:
    """Say what has no ids, and where to get some."""
    reader = "read_features" if name == "X" else "labels"
    kind = "a frame without row names" if is_frame(side) else type(side).__name__
    advice = f"wrap it: `pd.DataFrame({name}, index=ids)`."
    if isinstance(side, Bunch):
        other = "target" if name == "X" else "data"
        advice = "give what that returned."
        if {"table", "hierarchy"} <= side.keys():
            advice = f"make labels of annotations first: `labels({name})`."
        elif {"ids", other} <= side.keys():
            advice = f"it has `{other}`: are X and Y swapped?"
    return (
        f"Expected `{name}` with ids, as `{reader}` returns it or as a pandas frame "
        f"whose index has them, but got {kind}; {advice}"
    )


def _emptied(before: Any, after: Any) -> np.ndarray:
    """Return the columns of 0/1 labels that have lost all their rows."""
    if isinstance(before, pd.DataFrame):
        before, after = before.to_numpy(), after.to_numpy()
    if (
        np.ndim(before) != 2
        or getattr(before, "dtype", np.dtype("O")).kind not in "biuf"
    ):
        return np.empty(0, dtype=int)
    some, left = ((side != 0).sum(axis=0) for side in (before, after))
    return np.flatnonzero((some > 0) & (left == 0))


def _names(side: Any, rows: Any, name: str) -> list | None:
    if isinstance(side, Bunch):
        return side.get(name)
    return list(rows.columns) if isinstance(rows, pd.DataFrame) else None


def _rows(rows: Any, positions: np.ndarray) -> Any:
    is_pandas = isinstance(rows, pd.DataFrame | pd.Series)
    return rows.iloc[positions] if is_pandas else rows[positions]


# -- why there is nothing in common ----------------------------------------------------


def _nothing_in_common(x_ids: pd.Index, y_ids: pd.Index) -> str:
    return (
        f"No id is in both X ({count(len(x_ids), 'row')}: "
        f"{shorten(x_ids, _EXAMPLES)}) and Y ({count(len(y_ids), 'row')}: "
        f"{shorten(y_ids, _EXAMPLES)}).{_advice(x_ids, y_ids)}"
    )


def _advice(x_ids: pd.Index, y_ids: pd.Index) -> str:
    """Say what would make ids of both sides equal, if it is simple."""
    ways = {
        " They differ in type alone; make both text: `X.index = X.index.astype(str)`, "
        "and the same of Y.": str,
        " They differ in capital letters and blanks alone.": _folded,
        " They would match without versions (P12345.2) or isoforms (P12345-2).": _base,
        " They would match without the database in front (UniProtKB:P12345) or the "
        "group (sp1/P12345).": _local,
    }
    for words, change in ways.items():
        if _changed(x_ids, change) & _changed(y_ids, change):
            return words
    return " Are they ids of two databases? Choose by `id_column`, or translate them."


def _changed(ids: Iterable[Any], change: Any) -> set[str]:
    return {change(str(name)) for name in ids}


def _folded(name: str) -> str:
    return name.strip().casefold()


def _base(name: str) -> str:
    return _folded(name).split(".")[0].split("-")[0]


def _local(name: str) -> str:
    return re.split(r"[|:/]", _base(name))[-1]

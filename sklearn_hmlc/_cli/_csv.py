"""CSV files: features, labels in two forms, and the edges of a hierarchy.

Stage: before the model. In: paths. Out: a DataFrame of features, closed CSR labels in
node order, a `Hierarchy`. Rows go together by ids, or by their order without ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from .._validation import shorten
from ..hierarchy import HierarchicalLabelBinarizer, Hierarchy

_COMPRESSED = (".gz", ".xz", ".bz2", ".zip")


def suffix(path: Path) -> str:
    """Return the ending that tells the format, compression aside."""
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] in _COMPRESSED:
        endings.pop()
    return endings[-1] if endings else ""


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Names of the columns that are not numbers."""
    return [
        name
        for name, dtype in frame.dtypes.items()
        if is_bool_dtype(dtype) or not is_numeric_dtype(dtype)
    ]


def stack(frames: Sequence[pd.DataFrame], paths: Sequence[Path]) -> pd.DataFrame:
    """Put frames below each other; their columns must be the same."""
    first = frames[0]
    for frame, path in zip(frames, paths, strict=True):
        check_columns(frame.columns, first.columns, path, paths[0])
    return pd.concat(frames)


def check_columns(
    found: Sequence[str], expected: Sequence[str], source: object, other: object
) -> None:
    """Raise unless the columns have the expected names, in whatever order."""
    missing = [name for name in expected if name not in set(found)]
    unknown = [name for name in found if name not in set(expected)]
    if missing or unknown:
        raise ValueError(
            f"The columns of {source} are not those of {other}; missing: "
            f"{shorten(missing)}; unknown: {shorten(unknown)}."
        )


# -- features --------------------------------------------------------------------------


def read_features(
    paths: Sequence[Path], index: bool, nominal: list[str] | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Return the features, ids in the index, and the names of the text columns."""
    if nominal is None:
        nominal = _guess_nominal(paths, index)
    data = stack([_read_rows(path, index, nominal) for path in paths], paths)
    if not index:
        return data.reset_index(drop=True), nominal
    _check_unique(data.index, "DATA")
    return data, nominal


def _guess_nominal(paths: Sequence[Path], index: bool) -> list[str]:
    """Names of the columns that are not numbers in one of the files."""
    frames = [_read_rows(path, index, ()) for path in paths]
    return sorted({name for frame in frames for name in text_columns(frame)})


def _read_rows(path: Path, index: bool, nominal: Iterable[str]) -> pd.DataFrame:
    text = dict.fromkeys(nominal, str)
    if not index:
        return _read(path, na_values=["?"], dtype=text)
    first = _header(path)[0]
    frame = _read(path, na_values=["?"], dtype={**text, first: str})
    if frame[first].isna().any():
        raise ValueError(f"{path}: a row has no id in the column {first!r}.")
    return frame.set_index(first)


def _read(path: Path, **options) -> pd.DataFrame:
    separator = "\t" if suffix(path) == ".tsv" else ","
    try:
        frame = pd.read_csv(
            path, sep=separator, encoding="utf-8-sig", low_memory=False, **options
        )
    except ValueError as error:  # pandas' own errors are ValueErrors, without the path
        raise ValueError(f"{path}: {str(error).strip()}") from None
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError(f"{path}: the rows have more values than the header.")
    if len(frame) == 0:
        raise ValueError(f"{path}: there is no row below the header.")
    return frame


def _header(path: Path) -> list[str]:
    return list(_read(path, nrows=1).columns)


def _check_unique(ids: pd.Index, source: str) -> None:
    double = ids[ids.duplicated()].unique().tolist()
    if double:
        raise ValueError(f"Ids come more than once in {source}: {shorten(double)}.")


# -- hierarchy and labels --------------------------------------------------------------


def read_hierarchy(path: Path) -> Hierarchy:
    """Read the edges parent,child; an empty parent stands for none."""
    edges = _read_names(path)
    if list(edges.columns) != ["parent", "child"]:
        raise ValueError(
            f"{path}: expected the columns parent,child, but got "
            f"{','.join(map(str, edges.columns))}."
        )
    nodes = dict.fromkeys(name for name in edges.to_numpy().ravel() if name)
    try:
        return Hierarchy.from_edges(
            edges[edges["parent"] != ""].to_numpy(), nodes=nodes
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _read_names(path: Path) -> pd.DataFrame:
    """Read a table of names; a node may well be called NA."""
    return _read(path, dtype=str, keep_default_na=False)


def read_labels(
    paths: Sequence[Path], ids: pd.Index | None, hierarchy: Hierarchy | None
) -> tuple[sp.csr_array, Hierarchy]:
    """Return closed labels, rows as the ids or else as the files, and the hierarchy.

    Without a hierarchy it is a flat one over the nodes that the labels name.
    """
    if all(_header(path) == ["id", "node"] for path in paths):
        return _from_names(_long_labels(paths, ids), hierarchy)
    return _from_indicators(_wide_labels(paths, ids), hierarchy)


def _long_labels(paths: Sequence[Path], ids: pd.Index | None) -> list[list[str]]:
    if ids is None:
        raise ValueError(
            "--labels with the columns id,node needs ids in the first column of DATA; "
            "say with --index that they are there."
        )
    pairs = stack([_read_names(path) for path in paths], paths)
    names = pairs.groupby("id")["node"].agg(list)
    _check_labelled(ids, names.index)
    return names.loc[ids].tolist()


def _wide_labels(paths: Sequence[Path], ids: pd.Index | None) -> pd.DataFrame:
    frame = stack([_read_rows(path, ids is not None, ()) for path in paths], paths)
    if ids is None:
        return frame
    _check_unique(frame.index, "--labels")
    _check_labelled(ids, frame.index)
    return frame.loc[ids]


def _check_labelled(ids: pd.Index, labelled: pd.Index) -> None:
    missing = ids[~ids.isin(labelled)].tolist()
    if missing:
        raise ValueError(
            f"--labels lacks rows of DATA: {shorten(missing)}. Add them, or take them "
            "out of DATA."
        )


def _from_names(
    names: list[list[str]], hierarchy: Hierarchy | None
) -> tuple[sp.csr_array, Hierarchy]:
    every = sorted({name for row in names for name in row})
    hierarchy = Hierarchy.flat(every) if hierarchy is None else hierarchy
    _check_nodes(every, hierarchy)
    binarizer = HierarchicalLabelBinarizer(hierarchy, sparse_output=True)
    return binarizer.fit_transform(names), hierarchy


def _from_indicators(
    frame: pd.DataFrame, hierarchy: Hierarchy | None
) -> tuple[sp.csr_array, Hierarchy]:
    hierarchy = Hierarchy.flat(frame.columns) if hierarchy is None else hierarchy
    _check_nodes(frame.columns, hierarchy)
    for name in frame.columns:
        wrong = frame.loc[~frame[name].isin([0, 1]), name]
        if len(wrong):
            raise ValueError(
                f"--labels must hold 0 and 1, but the column {name!r} has "
                f"{wrong.iloc[0]}."
            )
    full = frame.reindex(columns=list(hierarchy.nodes), fill_value=0)
    return hierarchy.close(sp.csr_array(full.to_numpy(dtype=np.int64))), hierarchy


def _check_nodes(names: Iterable[str], hierarchy: Hierarchy) -> None:
    unknown = [name for name in names if name not in hierarchy]
    if unknown:
        raise ValueError(
            "--labels has names that are no nodes of the hierarchy: "
            f"{shorten(unknown)}."
        )

"""CSV files: features, labels in two forms, and the edges of a hierarchy.

Stage: before the model. In: paths. Out: a DataFrame of features, closed CSR labels in
node order, a `Hierarchy`. Rows go together by ids, or by their order without ids. Ids
and names of nodes are text, whatever they look like.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .._validation import count, did_you_mean, shorten, unknown
from ..hierarchy import HierarchicalLabelBinarizer, Hierarchy
from ._columns import check_finite, check_text, text_columns
from ._source import Source, check_one_line, read_source

# What a column of nodes may be called, beside a column of ids.
_OF_NODES = {"node", "label", "term", "code", "class"}
_OF_NODES |= {"nodes", "labels", "terms", "codes", "classes"}

# What is between several nodes in a cell.
_SEPARATORS = re.compile(r"[;|]")

_PATH = re.compile(r"[^/]+(?:/[^/]+)+|[0-9]+(?:\.[0-9]+)+")


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
    here, there = set(found), set(expected)
    missing = [name for name in expected if name not in here]
    more = [name for name in found if name not in there]
    if missing or more:
        raise ValueError(
            f"The columns of {source} are not those of {other}; missing: "
            f"{shorten(missing)}; unknown: {shorten(more)}."
        )


# -- features --------------------------------------------------------------------------


def read_features(
    paths: Sequence[Path],
    index: bool,
    nominal: list[str] | None = None,
    text: Sequence[str] = (),
) -> tuple[pd.DataFrame, list[str]]:
    """Return the features, ids in the index, and the names of the text columns.

    Parameters
    ----------
    paths : sequence of path
    index : bool
        Whether the first column is an id.
    nominal : list of str, default=None
        Columns of text. None: those in ``text``, and those that are not numbers, which
        are looked at.
    text : sequence of str, default=()
        Columns that are text whatever they look like.
    """
    sources = [read_source(path, index) for path in paths]
    frames = [_features(source, index, nominal or ()) for source in sources]
    learn = nominal is None
    if nominal is None:
        nominal = _nominal(frames, text)
        if nominal:  # as they stand in the file: 01 is not 1
            frames = [_features(source, index, nominal) for source in sources]
    data = stack(frames, paths)
    if index:
        _check_unique(data.index, "DATA")
    else:
        data = data.reset_index(drop=True)
    if learn and data.shape[1] == 0:
        raise ValueError("DATA has ids, but no column to learn from.")
    if learn:
        check_text(data, [name for name in nominal if name not in text], index)
    words = {*nominal, *text_columns(data)}
    check_finite(data, [name for name in data.columns if name not in words])
    return data, nominal


def _nominal(frames: list[pd.DataFrame], text: Sequence[str]) -> list[str]:
    """Names of the columns that are text in one of the files, or are to be."""
    for name in text:
        if name not in frames[0]:
            raise ValueError(
                f"--text: {name!r} is no column of DATA."
                f"{did_you_mean(name, frames[0].columns)}"
            )
    return sorted({*text, *(name for frame in frames for name in text_columns(frame))})


def _features(source: Source, index: bool, nominal: Iterable[str]) -> pd.DataFrame:
    here = set(source.names)
    words = [name for name in nominal if name in here]
    if not index:
        return source.frame(words)
    first = source.names[0]
    ids = source.plain([first])[first]
    _check_given(source, ids, "id")
    return source.frame([first, *words]).drop(columns=first).set_axis(ids)


def _check_given(source: Source, names: pd.Series, what: str) -> None:
    if (names == "").any():
        raise ValueError(
            f"{source.path}: a row has no {what} in the column {names.name!r}."
        )


def _check_unique(ids: pd.Index, source: str) -> None:
    double = ids[ids.duplicated()].unique().tolist()
    if double:
        raise ValueError(f"Ids come more than once in {source}: {shorten(double)}.")


# -- hierarchy -------------------------------------------------------------------------


def read_hierarchy(path: Path) -> Hierarchy:
    """Read the edges parent,child; an empty parent stands for none."""
    source = read_source(path)
    if _folded(source) != ["parent", "child"]:
        raise ValueError(
            f"{path}: expected the columns parent,child, but got "
            f"{','.join(source.names)}."
        )
    edges = source.plain(source.names).to_numpy()
    if (edges[:, 1] == "").any():
        raise ValueError(f"{path}: a row has a parent, but no child.")
    nodes = dict.fromkeys(name for name in edges.ravel() if name)
    try:
        return Hierarchy.from_edges(edges[edges[:, 0] != ""], nodes=nodes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _folded(source: Source) -> list[str]:
    """Names of the columns without regard to case and blanks."""
    return [name.strip().lower() for name in source.names]


def _hierarchy_of(names: Iterable[str]) -> Hierarchy:
    """Make the hierarchy of codes that are paths, with slashes or else points."""
    names = list(names)
    separator = "/" if any("/" in name for name in names) else "."
    try:
        return Hierarchy.from_codes(names, sep=separator)
    except ValueError as error:
        raise ValueError(f"--hierarchy codes: {error}") from None


def _flat(names: Iterable[str]) -> Hierarchy:
    names = list(names)
    paths = [name for name in names if _PATH.fullmatch(name)]
    if paths:
        warnings.warn(
            f"{count(len(paths), 'node')} of {len(names)} have names like paths in a "
            f"hierarchy, such as {paths[0]!r}, but none is given, so that all are "
            "independent of each other. `--hierarchy codes` makes it of the names.",
            stacklevel=2,
        )
    return Hierarchy.flat(names)


def _chosen(names: Iterable[str], hierarchy: Hierarchy | str | None) -> Hierarchy:
    if hierarchy is None:
        return _flat(names)
    return _hierarchy_of(names) if isinstance(hierarchy, str) else hierarchy


# -- labels ----------------------------------------------------------------------------


def read_labels(
    paths: Sequence[Path], ids: pd.Index | None, hierarchy: Hierarchy | str | None
) -> tuple[sp.csr_array, Hierarchy, int]:
    """Return closed labels, rows as the ids or else as the files, and the hierarchy.

    The number is that of the labels before ancestors were added.

    Without a hierarchy it is a flat one over the nodes that the labels name; with
    `CODES` it is that of their names.
    """
    sources = [read_source(path, ids is not None) for path in paths]
    if all(_is_long(source, ids) for source in sources):
        return _from_names(_long_labels(sources, ids), hierarchy)
    return _from_indicators(_wide_labels(sources, ids), hierarchy)


def _is_long(source: Source, ids: pd.Index | None) -> bool:
    """Tell two columns of ids and names from one column for each node."""
    names = _folded(source)
    if names == ["id", "node"]:
        return True
    if ids is None or len(names) != 2 or names[1] not in _OF_NODES:
        return False
    # Not by the name alone, which might be a node's.
    return bool(_words(_features(source, True, ())))


def _words(frame: pd.DataFrame) -> list[str]:
    """Columns of text other than true and false."""
    return [name for name in text_columns(frame) if frame[name].dtype != bool]


def _long_labels(sources: list[Source], ids: pd.Index | None) -> list[list[str]]:
    if ids is None:
        raise ValueError(
            "--labels with the columns id,node needs ids in the first column of DATA; "
            "say with --index that they are there."
        )
    frames = [source.plain(source.names) for source in sources]
    for source, frame in zip(sources, frames, strict=True):
        ids_there, nodes = (frame[name] for name in frame.columns)
        _check_given(source, ids_there, "id")
        _check_given(source, nodes.str.strip(" ;|"), "node")
        frame.columns = ["id", "node"]
    names = pd.concat(frames).groupby("id")["node"].agg(list)
    _check_labelled(ids, names.index)
    return names.loc[ids].tolist()


def _wide_labels(sources: list[Source], ids: pd.Index | None) -> pd.DataFrame:
    frames = [_features(source, ids is not None, ()) for source in sources]
    for source, frame in zip(sources, frames, strict=True):
        check_one_line(source.path, frame.columns)
        _check_wide(source, frame)
    frame = stack(frames, [source.path for source in sources])
    if ids is None:
        return frame
    _check_unique(frame.index, "--labels")
    _check_labelled(ids, frame.index)
    return frame.loc[ids]


def _check_wide(source: Source, frame: pd.DataFrame) -> None:
    """Refuse a table of something else, and say what one of labels looks like."""
    words = _words(frame)
    if not words:
        return
    have = ",".join(source.names[:6]) + (",..." if len(source.names) > 6 else "")
    known = frame[words[0]].dropna()
    cell = known[~known.isin(["0", "1"])].iloc[0]
    raise ValueError(
        f"{source.path}: expected a column per node with 0 and 1, or the two columns "
        f"id,node with one line per label, but got the columns {have}, and "
        f"{cell!r} in the column {words[0]!r}. Leave out all columns but those of ids "
        "and nodes, after choosing the lines by them."
    )


def _check_labelled(ids: pd.Index, labelled: pd.Index) -> None:
    missing = ids[~ids.isin(labelled)].tolist()
    if missing:
        raise ValueError(
            f"--labels lacks rows of DATA: {shorten(missing)}. Add them, or take them "
            "out of DATA."
        )


def _from_names(
    names: list[list[str]], hierarchy: Hierarchy | str | None
) -> tuple[sp.csr_array, Hierarchy, int]:
    known = hierarchy if isinstance(hierarchy, Hierarchy) else ()
    names = [[name for cell in row for name in _names_in(cell, known)] for row in names]
    every = sorted({name for row in names for name in row})
    hierarchy = _chosen(every, hierarchy)
    _check_nodes(every, hierarchy)
    binarizer = HierarchicalLabelBinarizer(hierarchy, sparse_output=True)
    n_given = sum(len(set(row)) for row in names)
    return binarizer.fit_transform(names), hierarchy, n_given


def _names_in(cell: str, known: Container[str]) -> list[str]:
    """Return the names that a cell lists, of which one with a mark may be a node."""
    if cell in known:
        return [cell]
    names = [part.strip() for part in _SEPARATORS.split(cell)]
    return [name for name in names if name]


def _from_indicators(
    frame: pd.DataFrame, hierarchy: Hierarchy | str | None
) -> tuple[sp.csr_array, Hierarchy, int]:
    hierarchy = _chosen(frame.columns, hierarchy)
    _check_nodes(frame.columns, hierarchy)
    values = frame.to_numpy(dtype=float)
    bad = ~((values == 0) | (values == 1))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"--labels must hold 0 and 1, but the column {frame.columns[column]!r} has "
            f"{values[row, column]:g}."
        )
    _tell_of_untold(frame.columns, hierarchy)
    positive = sp.coo_array(values)
    columns = hierarchy.index(list(frame.columns))[positive.coords[1]]
    ones = np.ones(len(columns), dtype=np.int64)
    shape = (len(frame), hierarchy.n_nodes)
    labels = sp.csr_array((ones, (positive.coords[0], columns)), shape=shape)
    return hierarchy.close(labels), hierarchy, len(columns)


def _tell_of_untold(names: Iterable[str], hierarchy: Hierarchy) -> None:
    """Warn of nodes without a column, of their own or of a descendant."""
    told = np.zeros((1, hierarchy.n_nodes), dtype=bool)
    told[0, hierarchy.index(list(names))] = True
    untold = np.flatnonzero(~hierarchy.close(told)[0])
    if len(untold):
        warnings.warn(
            f"The labels have no column for {len(untold):,} of "
            f"{count(hierarchy.n_nodes, 'node')}: "
            f"{shorten(hierarchy.nodes[k] for k in untold)}. No row counts as having "
            "them.",
            stacklevel=2,
        )


def _check_nodes(names: Iterable[str], hierarchy: Hierarchy) -> None:
    others = [name for name in names if name not in hierarchy]
    if others:
        hint = f" {unknown(others[0], hierarchy.nodes)}" if len(others) == 1 else ""
        raise ValueError(
            "--labels has names that are no nodes of the hierarchy: "
            f"{shorten(others)}.{hint}"
        )

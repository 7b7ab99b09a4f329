"""Predictions to files: CAFA's format, long and wide tables.

Stage: the last step. In: scores of any kind with names, or a tidy table. Out: a file,
whole or not at all, written block by block.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any, BinaryIO

import numpy as np

from .. import _frames as frames
from .._files import check_free, packed, write_whole
from .._validation import (
    FloatArray,
    check_bool,
    check_option,
    did_you_mean,
    unknown,
)
from ..hierarchy import Hierarchy
from ._choose import Choice
from ._formats import CAFA_WORDS, FORMATS, ID, NODE, PROBABILITY, separator
from ._source import ROUNDING, Source, as_texts, is_tidy, out_of_range, source_of

_CAFA_DIGITS = 3

# Lines of a table that are turned into text at a time.
_LINES = 100_000


def write_predictions(
    path: str | os.PathLike[str],
    scores: Any,
    *,
    format: str = "long",
    ids: Any = None,
    hierarchy: Hierarchy | None = None,
    k: int | None = None,
    min_proba: float | None = None,
    digits: int | None = None,
    header: Mapping[str, Any] | None = None,
    force: bool = False,
) -> None:
    """Write predictions to a file, block by block.

    Parameters
    ----------
    path : str or path-like
        Compressed where it ends on .gz, .xz or .bz2. Tables are separated by commas
        where it ends on .csv (or .csv.gz and so on), else by tabs.
    scores : PredictionBlocks, Predictions, DataFrame, array-like, sparse matrix or \
blocks
        What to write:

        - the result of `iter_proba`, so that a model predicts into the file;
        - a table of `predict_top` or `predict_frame`, in the order of its lines;
        - what `read_predictions` returns;
        - scores in [0, 1] of shape (n_samples, n_nodes): a frame with a column per
          node, an array or memmap, or a sparse matrix whose absent entries are 0. What
          has no names is in the order of the hierarchy's nodes, as `predict_dense` and
          `predict_sparse` give it, not of `predict_proba`, which after a fit on named
          columns is in the order of ``classes_``: give `iter_proba` instead;
        - an iterator of blocks of rows of such scores, or a function that returns one.
    format : {"long", "cafa", "wide"}, default="long"
        "long": a table with the columns id, node and probability (of a tidy table: its
        own). "cafa": lines ``id<TAB>node<TAB>score``, as CAFA and its evaluator read
        them. "wide": a table with the column id and one per node.
    ids : array-like of hashable of shape (n_samples,), default=None
        What the rows are called. None: those of the blocks or predictions, the index
        of a pandas frame, else 0, 1, ...
    hierarchy : Hierarchy, default=None
        Names the columns of what has no names, which are in the order of its nodes;
        frames go by name. Its unscored nodes are not written.
    k : int, default=None
        Nodes per row at most, the best; not for tidy tables and "wide". None: any
        number.
    min_proba : float, default=None
        Smallest score that is written, in [0, 1]; not for tidy tables and "wide". None:
        any above 0.
    digits : int, default=None
        Significant digits of a score. None: 3 for "cafa", which allows no more; else
        as many as tell it from its neighbours.
    header : mapping of str to object, default=None
        For "cafa": what stands on top, such as ``{"AUTHOR": "team", "MODEL": 1,
        "KEYWORDS": "machine learning"}``, with END below all. None: lines alone.
    force : bool, default=False
        Whether to replace a file that is there.

    Raises
    ------
    ValueError
        If a score is not in [0, 1], an id or node comes twice or can't stand in a line,
        something does not fit, or the file can't be written. No file is left, and an
        older one stays as it was.

    See Also
    --------
    read_predictions : The way back.

    Notes
    -----
    Scores of 0 have no line in "long" and "cafa": what is absent is 0. Rounding to
    digits keeps the order of scores, so that coherent ones stay coherent, but may make
    them equal, to each other or to a threshold.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from sklearn_hmlc.predictions import write_predictions
    >>> scores = pd.DataFrame(
    ...     [[0.9, 0.25], [0.12345, 0.0]],
    ...     index=["P1", "P2"],
    ...     columns=["GO:0005515", "GO:0003677"],
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.tsv")
    ...     write_predictions(path, scores, format="cafa")
    ...     print(path.read_text().expandtabs(12))
    P1          GO:0005515  0.9
    P1          GO:0003677  0.25
    P2          GO:0005515  0.123
    """
    check_option("format", format, FORMATS)
    check_bool("force", force)
    digits = _checked_digits(digits, format)
    choice = Choice(k, min_proba).check()
    if format == "wide" and choice != Choice():
        raise ValueError(
            "Expected neither `k` nor `min_proba` with format='wide', where every node "
            "has a column; use 'long'."
        )
    tops = _checked_header(header, format)
    if is_tidy(scores):
        if choice != Choice() or ids is not None:
            raise ValueError(
                "Expected neither `ids`, `k` nor `min_proba` beside a table with the "
                "columns id, node and probability; choose its lines before."
            )
        lines = _tidy_lines(scores, path, format, digits, hierarchy)
    else:
        source = source_of(scores, ids, hierarchy)
        lines = _lines(source, path, format, choice, digits)
    check_free(path, force)

    def write(file: BinaryIO) -> None:
        with packed(path, file) as stream:
            for text in _framed(lines, tops):
                stream.write(text.encode())

    write_whole(path, write, force=force)


def _checked_digits(digits: Any, format: str) -> int | None:
    if digits is None:
        return _CAFA_DIGITS if format == "cafa" else None
    if isinstance(digits, bool) or not isinstance(digits, Integral):
        raise TypeError(
            f"Expected `digits` to be a whole number or None, but got {digits!r}."
        )
    if not 1 <= int(digits) <= 17:
        raise ValueError(f"Expected `digits` from 1 to 17, but got {digits}.")
    return int(digits)


# -- header ----------------------------------------------------------------------------


def _checked_header(header: Any, format: str) -> list[str]:
    """Return the lines on top, without their ends."""
    if header is None:
        return []
    if format != "cafa" or not isinstance(header, Mapping):
        raise ValueError(
            "Expected `header` as a mapping, such as {'AUTHOR': 'team', 'MODEL': 1}, "
            "and with format='cafa' alone."
        )
    known = CAFA_WORDS[:-1]
    for word, value in header.items():
        if word not in known or not str(value).strip() or set(str(value)) & set("\r\n"):
            raise ValueError(
                f"Expected the keys of `header` among {', '.join(known)}, with values "
                f"of one line, but got {word!r}: {value!r}.{did_you_mean(word, known)}"
            )
    return [f"{word} {header[word]}" for word in known if word in header]


def _framed(lines: Iterable[str], tops: list[str]) -> Iterator[str]:
    yield "".join(f"{top}\n" for top in tops)
    yield from lines
    if tops:
        yield "END\n"


# -- lines of scores -------------------------------------------------------------------


def _lines(
    source: Source,
    path: str | os.PathLike[str],
    format: str,
    choice: Choice,
    digits: int | None,
) -> Iterator[str]:
    """Yield the file's text in parts; what can be checked before is, at once."""
    blanks, words = (False, CAFA_WORDS) if format == "cafa" else (True, ())
    ids = as_texts(source.ids, "ids", blanks, words)
    nodes = as_texts(source.nodes, "nodes", blanks)
    if format == "wide":
        return _wide(source, ids, nodes, separator(path), digits)
    mark = "\t" if format == "cafa" else separator(path)
    if format == "long":
        ids, nodes = _quoted(ids, mark), _quoted(nodes, mark)
    return _pairs(source, ids, nodes, choice, digits, mark, format == "long")


def _pairs(
    source: Source,
    ids: np.ndarray,
    nodes: np.ndarray,
    choice: Choice,
    digits: int | None,
    mark: str,
    titled: bool,
) -> Iterator[str]:
    if titled:
        yield mark.join((ID, NODE, PROBABILITY)) + "\n"
    for where, block in source.blocks():
        rows, columns = choice.pairs(block, source.scored & (block > 0))
        texts = number_texts(block[rows, columns], digits)
        rows = rows + where.start
        parts = zip(ids[rows], nodes[columns], texts, strict=True)
        yield "".join([f"{a}{mark}{b}{mark}{c}\n" for a, b, c in parts])


def _wide(
    source: Source,
    ids: np.ndarray,
    nodes: np.ndarray,
    mark: str,
    digits: int | None,
) -> Iterator[str]:
    kept = np.flatnonzero(source.scored)
    yield mark.join([ID, *_quoted(nodes[kept], mark)]) + "\n"
    for where, block in source.blocks():
        names = _quoted(ids[where], mark)
        for name, row in zip(names, block[:, kept], strict=True):
            yield mark.join([name, *number_texts(row, digits)]) + "\n"


def _quoted(texts: np.ndarray, mark: str) -> np.ndarray:
    """Put texts into quotes where a table needs them."""
    quoted = [
        '"' + text.replace('"', '""') + '"' if mark in text or '"' in text else text
        for text in texts
    ]
    return np.array(quoted, dtype=object)


def number_texts(values: FloatArray, digits: int | None) -> np.ndarray:
    """Return numbers as text without exponents."""
    if not len(values):
        return np.empty(0, dtype=object)
    distinct, which = np.unique(values, return_inverse=True)
    if digits is None:
        texts = [np.format_float_positional(x, trim="-") for x in distinct]
    else:
        texts = [f"{x:.{digits}g}" for x in distinct.tolist()]
        texts = [_plain(text, digits) if "e" in text else text for text in texts]
    return np.array(texts, dtype=object)[which]


def _plain(text: str, digits: int) -> str:
    return np.format_float_positional(
        float(text), precision=digits, unique=False, fractional=False, trim="-"
    )


# -- lines of tidy tables --------------------------------------------------------------


def _tidy_lines(
    table: Any,
    path: str | os.PathLike[str],
    format: str,
    digits: int | None,
    hierarchy: Hierarchy | None,
) -> Iterator[str]:
    """Yield the text of a table that has a line for each pair already."""
    if format == "wide":
        raise ValueError(
            "Expected scores with a column per node with format='wide', but got a "
            "table with the columns id, node and probability; give the result of "
            "`iter_proba`, or use 'long'."
        )
    names = frames.columns(table, "scores") or []
    columns = {name: frames.array(table, name) for name in names}
    scores = _tidy_scores(columns)
    blanks, words = (False, CAFA_WORDS) if format == "cafa" else (True, ())
    for name, forbidden in ((ID, words), (NODE, ())):
        as_texts(dict.fromkeys(columns[name]), f"{name}s", blanks, forbidden)
    columns[PROBABILITY] = scores
    kept = np.ones(len(scores), dtype=bool)
    if hierarchy is not None:
        _check_nodes(columns[NODE], hierarchy)
        kept = hierarchy.scored[hierarchy.index(list(columns[NODE]))]
    if format == "cafa":
        names, kept = [ID, NODE, PROBABILITY], kept & (scores > 0)
    columns = {name: columns[name][kept] for name in names}
    return _rows(columns, separator(path), format, digits)


def _tidy_scores(columns: dict[Any, np.ndarray]) -> FloatArray:
    """Return the probabilities; raise where one is none, or a pair comes twice."""
    scores = columns[PROBABILITY]
    pairs = list(zip(columns[ID], columns[NODE], strict=True))
    if len(scores) and scores.dtype.kind not in "biuf":
        raise ValueError(
            f"Expected numbers in the column {PROBABILITY!r}, but got {scores.dtype}."
        )
    bad = np.flatnonzero(~((scores >= -ROUNDING) & (scores <= 1 + ROUNDING)))
    if len(bad):
        row_id, node = pairs[bad[0]]
        raise out_of_range(row_id, node, scores[bad[0]])
    if len(set(pairs)) < len(pairs):
        (row_id, node), _ = Counter(pairs).most_common(1)[0]
        raise ValueError(
            f"Expected a line for each pair of id and node, but {row_id!r} with "
            f"{node!r} comes more than once."
        )
    return np.clip(scores, 0, 1)


def _check_nodes(nodes: Iterable[Any], hierarchy: Hierarchy) -> None:
    for node in nodes:
        if node not in hierarchy:
            raise ValueError(f"In the table: {unknown(node, hierarchy.nodes)}")


def _rows(
    columns: dict[Any, np.ndarray], mark: str, format: str, digits: int | None
) -> Iterator[str]:
    mark = "\t" if format == "cafa" else mark
    n_rows = len(columns[ID])
    if format == "long":
        yield _csv_text([list(columns)], mark)
    for start in range(0, n_rows, _LINES):
        part = [
            number_texts(values[start : start + _LINES], digits)
            if values.dtype.kind == "f"
            else values[start : start + _LINES]
            for values in columns.values()
        ]
        yield _csv_text(zip(*part, strict=True), mark)


def _csv_text(rows: Iterable[Any], mark: str) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=mark, lineterminator="\n").writerows(rows)
    return file.getvalue()

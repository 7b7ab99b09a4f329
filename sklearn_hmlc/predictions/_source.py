"""What can be written: scores of any kind with names of their rows and columns.

Stage: before the writer. In: blocks of a model, predictions of a file, arrays (dense,
sparse, on disk), frames with a column per node, tidy tables. Out: a `Source`, checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from .. import _frames as frames
from .._naming import given_hierarchy
from .._scores import Predictions, Scores, comes_in_blocks, read_scores
from .._validation import BoolArray, FloatArray, Node, check_unique
from ..hierarchy import Hierarchy
from ._blocks import PredictionBlocks, row_ids
from ._formats import ID, NODE, PROBABILITY

# Means of probabilities may round to so much more than 1, or less than 0.
ROUNDING = 1e-6


@dataclass
class Source:
    """Scores in blocks, and the names of their rows and columns.

    ``scored`` marks the columns that are written.
    """

    scores: Scores
    ids: list[Node]
    nodes: tuple[Node, ...]
    scored: BoolArray

    def blocks(self) -> Iterator[tuple[slice, FloatArray]]:
        """Yield rows and their scores, all in [0, 1].

        Raises
        ------
        ValueError
            If a score is not; the message has its id and node.
        """
        for rows, block in self.scores.blocks():
            if block.size and (block.min() < -ROUNDING or block.max() > 1 + ROUNDING):
                self._refuse(rows, block)
            yield rows, np.clip(block, 0, 1)

    def _refuse(self, rows: slice, block: FloatArray) -> None:
        bad = (block < -ROUNDING) | (block > 1 + ROUNDING)
        row, node = np.argwhere(bad)[0].tolist()
        raise out_of_range(
            self.ids[rows.start + row], self.nodes[node], block[row, node]
        )


def out_of_range(row_id: Node, node: Node, score: float) -> ValueError:
    """Return the error that a score is no probability."""
    return ValueError(
        f"Expected scores in [0, 1], but that of {row_id!r} for {node!r} is "
        f"{score:g}. Bring scores to that range first, such as by their ranks."
    )


def source_of(scores: Any, ids: Any, hierarchy: Hierarchy | None) -> Source:
    """Read what `write_predictions` is given, but for a tidy table."""
    if isinstance(scores, PredictionBlocks):
        return _of_model(scores, ids, hierarchy)
    columns = frames.columns(scores, "scores")
    if isinstance(scores, Predictions):
        ids, columns = _ids_of_file(scores, ids), scores.nodes
    if hierarchy is None and columns is None:
        raise ValueError(
            "Expected `hierarchy` beside scores whose columns have no names; "
            "`Hierarchy.flat(names)` does, if there is none."
        )
    graph = Hierarchy.flat(columns or []) if hierarchy is None else hierarchy
    given_hierarchy(graph)
    if comes_in_blocks(scores):
        if ids is None:
            raise ValueError("Expected `ids` beside scores that come in blocks.")
        ids = row_ids(ids, None)
    elif not isinstance(scores, Predictions):
        ids = row_ids(ids, scores, _num_samples(scores))
    read = read_scores(scores, graph, "scores", len(ids))
    return Source(read, ids, graph.nodes, graph.scored)


def _ids_of_file(predictions: Predictions, ids: Any) -> list[Node]:
    own = list(predictions.ids)
    if ids is not None and row_ids(ids, None) != own:
        raise ValueError(
            "Expected no `ids` beside predictions of a file, which have their own; "
            "read the file with the `ids` that are wanted."
        )
    return own


def _of_model(
    blocks: PredictionBlocks, ids: Any, hierarchy: Hierarchy | None
) -> Source:
    if hierarchy is not None:
        raise ValueError(
            "Expected no `hierarchy` beside blocks of a model, which have one of their "
            "own; give it to `iter_proba`."
        )
    ids = blocks.ids if ids is None else row_ids(ids, None, blocks.shape[0])
    graph = Hierarchy.flat(blocks.nodes)  # blocks are in the order of these already
    read = read_scores(blocks, graph, "scores", len(ids))
    return Source(read, ids, blocks.nodes, blocks.scored)


def is_tidy(scores: Any) -> bool:
    """Tell a table with a line per pair from one with a column per node."""
    columns = frames.columns(scores, "scores")
    return columns is not None and {ID, NODE, PROBABILITY} <= set(columns)


# -- names in files --------------------------------------------------------------------


def as_texts(names: Any, what: str, blanks: bool, words: tuple[str, ...] = ()) -> Any:
    """Return names as text that can stand in a line.

    Parameters
    ----------
    names : iterable of hashable
    what : str
        What they are, in the plural, for messages.
    blanks : bool
        Whether a name may have blanks in it.
    words : tuple of str
        What the format takes for something else.

    Raises
    ------
    ValueError
        If a name is empty, has a blank or a line break where it may not, or two are the
        same text.
    """
    texts = [str(name) for name in names]
    for name in texts:
        if name in words:
            raise ValueError(
                f"Expected {what} that can stand in a line, but got {name!r}, with "
                "which CAFA's format begins lines of another kind. Rename it."
            )
        if not (_in_table(name) if blanks else name.split() == [name]):
            advice = "line breaks or blanks around" if blanks else "any blank"
            raise ValueError(
                f"Expected {what} that can stand in a line, without {advice}, but got "
                f"{name!r}. Rename it."
            )
    check_unique(texts, what[0].upper() + what[1:])
    return np.array(texts, dtype=object)


def _in_table(name: str) -> bool:
    return name == name.strip() != "" and not set(name) & set("\t\r\n")

"""Path codes of several files -> one hierarchy, where no ontology says which there are.

Stage: ``hmlc evaluate`` with ``--predictions``. In: hierarchies of annotations and of a
model, and files of predictions. Out: the `Hierarchy` of all their codes. One that the
truth lacks is a node as well: to predict it is wrong, which must count.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..hierarchy import Hierarchy
from ..predictions import read_predictions


def hierarchy_of_codes(known: Iterable[Hierarchy], paths: Iterable[Path]) -> Hierarchy:
    """Return the hierarchy of the scored nodes of some, and of what files predict.

    A file without any node of these is left to its reader, which says so.
    """
    codes = [
        node
        for part in known
        for node, scored in zip(part.nodes, part.scored, strict=True)
        if scored
    ]
    before = set(Hierarchy.from_codes(codes).nodes)
    for path in paths:
        predicted = _predicted(path).nodes
        if not before.isdisjoint(predicted):
            codes += predicted
    return Hierarchy.from_codes(codes)


def _predicted(path: Path) -> Hierarchy:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ValueError(
            f"{path}: expected a file, since path codes are read first and scores "
            "then, but it is a pipe or the like; write it to a file."
        )
    nodes = read_predictions(path).nodes
    try:
        return Hierarchy.from_codes(nodes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None

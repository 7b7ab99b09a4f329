"""Prediction files: what both the writer and the reader know of their formats.

Stage: between scores and files. ``cafa``: a line ``id<TAB>term<TAB>score`` for each
score above 0, with or without the header of a submission. ``long``: a table with the
columns id, node and probability, and perhaps more. ``wide``: a table with the column id
and one per node. Tables are separated by commas in files named .csv, else by tabs.
"""

from __future__ import annotations

import os

FORMATS = ("cafa", "long", "wide")

#: First words of lines that are no predictions in CAFA's files.
CAFA_WORDS = ("AUTHOR", "MODEL", "KEYWORDS", "ACCURACY", "END")

#: Names of columns.
ID, NODE, PROBABILITY = "id", "node", "probability"

_PACKED = (".gz", ".xz", ".bz2", ".zip")


def separator(path: str | os.PathLike[str]) -> str:
    """Return what separates the columns of a table, by the ending of its name."""
    stem, ending = os.path.splitext(os.fspath(path).lower())
    if ending in _PACKED:
        ending = os.path.splitext(stem)[1]
    return "," if ending == ".csv" else "\t"

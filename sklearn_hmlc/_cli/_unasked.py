"""Options that would do nothing beside others are refused.

Stage: the door, after parsing. What each option is if nobody gives it says whether
somebody did.
"""

from __future__ import annotations

from typing import Any

from ._defaults import EVIDENCE, RELATIONS

Options = dict[str, Any]

_GRAPH: Options = {
    "ontology": None,
    "relations": list(RELATIONS),
    "across_namespaces": False,
    "namespaces": None,
}
_READ: Options = {
    "evidence": [EVIDENCE],
    "qualifiers": None,
    "taxon": None,
    "id_column": None,
    "term_column": None,
    "header": None,
    "on_error": "raise",
}
#: Of ``hmlc fit``: what goes with annotations, and with tables.
OF_ANNOTATIONS = _READ | {
    **{name: _GRAPH[name] for name in _GRAPH if name != "ontology"},
    **{"min_count": 1, "features_id_column": None, "features_header": None},
    **{"drop": [], "list_columns": None, "list_sep": None},
}
OF_TABLES: Options = {
    "data": [],
    "labels": None,
    "edges": None,
    "unscored": None,
    "text": None,
    "index": False,
    "valid": None,
    "valid_labels": None,
}
#: Of ``hmlc evaluate``: what goes with files of predictions, and with a model's rows.
OF_PREDICTIONS = (
    _GRAPH
    | _READ
    | {"predicted_only": False, "train_annotations": None, "information": None}
    | {"features": None, "features_id_column": None}
)
OF_ROWS: Options = {"data": [], "labels": None, "index": False}

_FLAGS = {"data": "DATA", "edges": "--hierarchy"}


def flag(name: str) -> str:
    """Return what an option is called on the command line."""
    return _FLAGS.get(name, f"--{name.replace('_', '-')}")


def refuse(args: Any, unasked: Options, why: str) -> None:
    """Raise where one of some options is given."""
    given = [name for name, value in unasked.items() if getattr(args, name) != value]
    if given:
        raise ValueError(f"{', '.join(map(flag, given))}: {why}.")

"""A hierarchy as JSON, and back: what model files hold of it.

Stage: inside `Hierarchy`. In: nodes, edges and facts. Out: a dict of lists, strings and
numbers, in which nodes go by their position; None where a name or a value has no form
in JSON from which it comes back as it was.
"""

from __future__ import annotations

import copyreg
import json
from typing import Any

import numpy as np

from .._aside import parts

# -- states ----------------------------------------------------------------------------


def reduced(hierarchy: Any, protocol: Any) -> tuple[Any, ...]:  # noqa: ARG001
    """What pickles keep: how a hierarchy is made, and of what."""
    make = copyreg.__newobj__  # type: ignore[attr-defined]
    return make, (type(hierarchy),), _parts_as_they_are(hierarchy)


def state_of(hierarchy: Any) -> Any:
    """What model files keep: JSON where that is possible, else the parts.

    Beside the objects, where there is a place for it; else as an array of bytes, of
    which skops, which keeps an object once for each time it comes, makes one file.
    """
    aside = parts()
    if aside is None:
        known = vars(hierarchy)  # an object of its own: it is looked for many times
        if "_json" not in known:
            known["_json"] = _as_bytes(to_plain(hierarchy))
        kept, content = "json", known["_json"]
    else:
        kept, content = "number", aside.keep_hierarchy(hierarchy, to_plain)
    return _parts_as_they_are(hierarchy) if content is None else {kept: content}


def _as_bytes(plain: dict[str, Any] | None) -> np.ndarray | None:
    if plain is None:
        return None
    return np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)


def parts_of(state: Any, kind: type) -> tuple[Any, ...]:
    """Return nodes, edges, unscored nodes and facts from a state of any kind."""
    if not isinstance(state, dict):
        return tuple(state)
    if "number" in state:
        aside = parts()
        if aside is None:
            raise ValueError(
                "This hierarchy is kept beside its model, in a file of `save_model`; "
                "read it by `load_model`."
            )
        plain = aside.hierarchies[state["number"]]
    else:
        plain = json.loads(bytes(state["json"]))
    return _parts_as_they_are(kind(**from_plain(plain)))


def _parts_as_they_are(hierarchy: Any) -> tuple[Any, ...]:
    return hierarchy.nodes, hierarchy.edges, hierarchy.unscored, hierarchy._facts


# -- JSON ------------------------------------------------------------------------------


def to_plain(hierarchy: Any) -> dict[str, Any] | None:
    """Return a hierarchy as a dict that JSON can hold, or None."""
    index = {node: k for k, node in enumerate(hierarchy.nodes)}
    names, spaces = hierarchy.names, hierarchy.namespaces
    metadata = dict(hierarchy.metadata)
    tuples = [key for key, value in metadata.items() if type(value) is tuple]
    plain = {
        "nodes": [_tagged(node) for node in hierarchy.nodes],
        "edges": np.asarray(hierarchy.edges).tolist(),
        "unscored": [index[node] for node in hierarchy.unscored],
        "names": [[index[node], names[node]] for node in names],
        "namespaces": [[index[node], _tagged(spaces[node])] for node in spaces],
        "metadata": {**metadata, **{key: list(metadata[key]) for key in tuples}},
        "tuples": tuples,  # of the metadata, such as `from_obo` makes them
        "alternatives": [
            [_tagged(other), index[node]]
            for other, node in hierarchy.alternatives.items()
        ],
    }
    return plain if _is_json(plain) else None


def from_plain(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that make the hierarchy again."""
    nodes = [_name(node) for node in plain["nodes"]]
    metadata = dict(plain["metadata"])
    metadata |= {key: tuple(metadata[key]) for key in plain.get("tuples", ())}
    return {
        "nodes": nodes,
        "edges": np.array(plain["edges"], dtype=np.intp).reshape(-1, 2),
        "unscored": [nodes[k] for k in plain["unscored"]],
        "names": {nodes[k]: name for k, name in plain["names"]},
        "namespaces": {nodes[k]: _name(space) for k, space in plain["namespaces"]},
        "metadata": metadata,
        "alternatives": {_name(other): nodes[k] for other, k in plain["alternatives"]},
    }


def _tagged(name: Any) -> Any:
    """Tuples as lists; JSON has no tuples, and names are never lists."""
    return [_tagged(part) for part in name] if type(name) is tuple else name


def _name(value: Any) -> Any:
    return tuple(_name(part) for part in value) if isinstance(value, list) else value


def _is_json(value: Any) -> bool:
    """Tell whether a value comes back from JSON as the same, types included."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return _same(value, json.loads(text))


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)

"""Names of nodes: in from whatever holds them, and out into messages.

Stage: the door. In: names as lists, arrays, Series. Out: plain Python values, and the
words that errors are made of.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ._hierarchy import Hierarchy

Node = Hashable


def as_list(names: Any) -> list[Node]:
    """Return several names as a list of plain Python values.

    Raises
    ------
    TypeError
        If a single string is given, something that holds no names, or a name that
        is not hashable.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(
            f"Expected several names, but got {names!r}; wrap a single name in a list."
        )
    return [plain(name) for name in names]


def to_python(value: Any) -> Any:
    """Return a NumPy string or number as Python's, so that it prints plainly."""
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


def check_names(names: Iterable[Node]) -> None:
    """Raise where a name is missing (None, NaN) or comes twice.

    Raises
    ------
    ValueError
        With the name in the message.
    """
    seen: set[Node] = set()
    for name in names:
        if name is None or not _equals_itself(name):
            raise ValueError(f"{name!r} can't name a node; use a string or a number.")
        if name in seen:
            raise ValueError(f"Node {name!r} is given twice; names must be unique.")
        seen.add(name)


def _equals_itself(name: Any) -> bool:
    try:
        return bool(name == name)
    except TypeError:  # pandas.NA
        return False


def name_array(names: Iterable[Node]) -> np.ndarray:
    """Names as an array; of objects unless all are strings or all are integers."""
    names = list(names)
    for kind in (str, int):
        if all(type(name) is kind for name in names):
            return np.array(names, dtype=kind)
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return array


def unknown(name: object, names: Sequence[Node]) -> str:
    """Say that a name is no node, and which node comes nearest."""
    name = to_python(name)
    nodes = {str(node).lower(): node for node in reversed(names)}
    near = difflib.get_close_matches(str(name).lower(), nodes, n=1)
    hint = f" Did you mean {nodes[near[0]]!r}?" if near else ""
    return f"{name!r} is no node of the hierarchy ({count(len(names), 'node')}).{hint}"


def count(number: int, word: str) -> str:
    """Number and word, in the plural where it is due."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def shorten(names: Sequence[Any], most: int = 5) -> str:
    """List some names for a message: the first few and how many more there are."""
    if not names:
        return "none"
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def path(names: Sequence[Node], most: int = 12) -> str:
    """Names with arrows between them; of a long path the two ends."""
    steps = [str(name) for name in names]
    if len(steps) > most:
        half = most // 2
        steps[half:-half] = [f"({len(steps) - 2 * half} more)"]
    return " -> ".join(steps)


def values_by_node(
    spec: Any, hierarchy: Hierarchy, rest: float, parameter: str
) -> np.ndarray:
    """Turn numbers by node, or an array of them, into an array of floats.

    A mapping or Series goes by name, and nodes that it lacks get ``rest``; anything
    else becomes an array as it is.

    Raises
    ------
    ValueError
        If a name is no node or a value no number; the message begins with the
        parameter's name.
    """
    if not (isinstance(spec, Mapping) or hasattr(spec, "to_dict")):
        return _number(spec, parameter, "")
    values = np.full(hierarchy.n_nodes, rest)
    for node, value in dict(spec).items():
        try:
            position = hierarchy.index(node)
        except KeyError as error:
            raise ValueError(f"In `{parameter}`: {error.args[0]}") from None
        values[position] = _number(value, parameter, f" for node {node!r}")
    return values


def _number(value: Any, parameter: str, where: str) -> np.ndarray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"In `{parameter}`: expected numbers, but got {value!r}{where}."
        ) from error

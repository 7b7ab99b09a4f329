"""What a model file keeps beside the tree of its objects: hierarchies and weights.

Stage: between estimators and `sklearn_hmlc.io`. While a model file is written or read,
there is one `Parts`; a hierarchy, or a network, then puts its content there and a
number in its own state. Where there is none (a plain `skops.io.dump`, mlflow), states
hold their content themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any


class Needed(ValueError):
    """Whoever reads a model file has to give what is not in it."""


class Parts:
    """Hierarchies, tensors and encoders of one model file.

    Parameters
    ----------
    hierarchies : iterable of dict, default=()
        Hierarchies as JSON, in the order of their numbers.
    tensors : mapping of str to Tensor, default=None
        Weights by name.
    encoders : iterable of torch.nn.Module, default=()
        What the user gave for encoders whose code is not in the file.
    """

    def __init__(
        self,
        hierarchies: Iterable[dict[str, Any]] = (),
        tensors: Mapping[str, Any] | None = None,
        encoders: Iterable[Any] = (),
    ) -> None:
        self.hierarchies = list(hierarchies)
        self.tensors = dict(tensors or {})
        self.encoders = list(encoders)
        # By the id of the object, which is kept, so that no other object gets its id.
        self._numbers: dict[int, tuple[int | None, Any]] = {}
        self._prefixes: dict[int, tuple[str, Any]] = {}

    def keep_hierarchy(
        self, hierarchy: Any, as_json: Callable[[Any], dict[str, Any] | None]
    ) -> int | None:
        """Keep what JSON there is of a hierarchy, once; return its number, or None."""
        if id(hierarchy) not in self._numbers:
            content = as_json(hierarchy)
            number = None if content is None else len(self.hierarchies)
            self._numbers[id(hierarchy)] = number, hierarchy
            self.hierarchies += [] if content is None else [content]
        return self._numbers[id(hierarchy)][0]

    def keep_tensors(self, owner: Any, tensors: Mapping[str, Any]) -> str:
        """Keep a module's tensors, once; return what their names begin with."""
        if id(owner) not in self._prefixes:
            prefix = f"{len(self._prefixes)}."
            self._prefixes[id(owner)] = prefix, owner
            self.tensors.update({prefix + name: x for name, x in tensors.items()})
        return self._prefixes[id(owner)][0]

    def tensors_of(self, prefix: str) -> dict[str, Any]:
        """Return a module's tensors by their names in the module."""
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


_PARTS: ContextVar[Parts | None] = ContextVar("parts", default=None)


def parts() -> Parts | None:
    """Return the parts of the model file at hand; None where there is none."""
    return _PARTS.get()


@contextlib.contextmanager
def using(own: Parts) -> Iterator[Parts]:
    """Let states put their content into these parts, or take it from there."""
    token = _PARTS.set(own)
    try:
        yield own
    finally:
        _PARTS.reset(token)

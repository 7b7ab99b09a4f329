"""State of a training as plain data, and back.

Stage: between objects and a file that runs no code when it is read. In: numbers, text,
arrays, tensors and generators, in lists and dicts. Out: the same, of nothing but what
`torch.load` takes with ``weights_only=True``; all tensors are copies on the host.
"""

from __future__ import annotations

import random
from collections import Counter, OrderedDict, deque

import numpy as np
import torch

from .. import _torch

# The key that marks a dict as something else.
_KIND = "!"

# What a tensor is marked with that was not on the host.
_PLACED = "placed"

_SINGLE = (bool, int, float, complex, str, bytes, type(None))
_BIT_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


class NotPlainError(TypeError):
    """A value has no plain form."""


def to_plain(value):
    """Return a copy of a value in plain form.

    Raises
    ------
    NotPlainError
        If there is an object inside that has none.
    """
    kind = type(value)
    if kind in _SINGLE:
        return value
    if kind in (list, tuple, torch.Size):
        return (list if kind is list else tuple)(map(to_plain, value))
    if kind in (dict, OrderedDict):
        if _KIND in value:
            raise NotPlainError(f"a dict with the key {_KIND!r}")
        return {_key(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if kind in _TO_PLAIN:
        return {_KIND: kind.__name__, "value": to_plain(_TO_PLAIN[kind](value))}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufcSU":
        return _array(value)
    raise NotPlainError(f"an object of type {kind.__name__}")


def from_plain(value):
    """Return what `to_plain` was given."""
    if type(value) in (list, tuple):
        return type(value)(map(from_plain, value))
    if type(value) is not dict:
        return value
    if _KIND not in value:
        return {key: from_plain(item) for key, item in value.items()}
    return _FROM_PLAIN[value[_KIND]](from_plain(value["value"]))


def same(one, other):
    """Tell whether two plain values are the same to the last bit, on any device."""
    one, other = _on_the_host(one), _on_the_host(other)
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return alike and torch.equal(_bytes_of(one), _bytes_of(other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)


def _on_the_host(value):
    if type(value) is dict and value.get(_KIND) == _PLACED:
        return value["value"][1]
    return value


def _bytes_of(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def _key(key):
    if type(key) is tuple:
        return tuple(map(_key, key))
    if type(key) not in _SINGLE:
        raise NotPlainError(f"a dict with a key of type {type(key).__name__}")
    return key


def _tensor(tensor):
    if tensor.layout != torch.strided:
        raise NotPlainError(f"a tensor of layout {tensor.layout}")
    copy = tensor.detach().to("cpu", copy=True)
    if tensor.device.type == "cpu":
        return copy
    return {_KIND: _PLACED, "value": [str(tensor.device), copy]}


def _to_place(parts):
    """Return a tensor where it was; on the host, where there is no such device."""
    try:
        return parts[1].to(parts[0])
    except (RuntimeError, AssertionError):
        return parts[1]


def _array(array):
    whole = np.ascontiguousarray(array)
    numbers = torch.from_numpy(np.frombuffer(whole.tobytes(), dtype=np.uint8).copy())
    kind = "array" if isinstance(array, np.ndarray) else "number"
    return {_KIND: kind, "value": [array.dtype.str, list(array.shape), numbers]}


def _to_array(parts):
    dtype, shape, numbers = parts
    whole = np.frombuffer(numbers.numpy().tobytes(), dtype=np.dtype(dtype))
    return whole.reshape(shape).copy()


def _bit_generator(generator):
    state = generator.bit_generator.state
    if state["bit_generator"] not in _BIT_GENERATORS:
        raise NotPlainError(f"a generator of kind {state['bit_generator']}")
    return state


def _to_generator(state):
    if state["bit_generator"] not in _BIT_GENERATORS:
        raise ValueError(f"an unknown generator, {state['bit_generator']!r}")
    generator = np.random.Generator(getattr(np.random, state["bit_generator"])())
    generator.bit_generator.state = state
    return generator


def _to_random_state(state):
    same_state = np.random.RandomState()
    same_state.set_state(state)
    return same_state


def _to_random(state):
    same_state = random.Random()
    same_state.setstate(state)
    return same_state


_TO_PLAIN = {
    set: lambda items: sorted(items, key=repr),
    frozenset: lambda items: sorted(items, key=repr),
    Counter: dict,
    deque: lambda items: [items.maxlen, list(items)],
    random.Random: lambda generator: generator.getstate(),
    np.random.RandomState: lambda generator: generator.get_state(),
    np.random.Generator: _bit_generator,
    torch.Generator: lambda generator: [generator.device.type, generator.get_state()],
}
_FROM_PLAIN = {
    "set": set,
    "frozenset": frozenset,
    "Counter": Counter,
    "deque": lambda parts: deque(parts[1], parts[0]),
    "Random": _to_random,
    "RandomState": _to_random_state,
    # NumPy's; torch's is told apart by its parts.
    "Generator": lambda state: (
        _to_generator(state) if isinstance(state, dict) else _torch.generator_of(*state)
    ),
    "array": _to_array,
    "number": lambda parts: _to_array(parts)[()],
    _PLACED: _to_place,
}

"""All of a net that changes while it is trained, as plain data.

Stage: after an epoch. In: a net, and the generators that it draws from. Out: a dict of
plain values; and the way back, into a net that was made in the same way.
"""

from __future__ import annotations

import itertools

import torch

from .._callbacks import Progress
from ._plain import NotPlainError, from_plain, same, to_plain


def capture(net, generators, history):
    """Return the state of a net.

    Parameters
    ----------
    net : HierarchicalNet
    generators : sequence of torch.Generator
    history : list
        The state's of an epoch before: epochs that are over don't change.

    Raises
    ------
    NotPlainError
        If a record of the history, or state of the network or its optimiser, is an
        object.
    """
    with torch.no_grad():
        return {
            "module": _named("the network", to_plain, dict(net.module_.state_dict())),
            "learns": {n: p.requires_grad for n, p in net.module_.named_parameters()},
            "optimizer": _named("the optimiser", to_plain, net.optimizer_.state_dict()),
            "share": float(net.criterion_.share),
            "callbacks": [_of_callback(one) for one in _that_count(net)],
            "history": history + _new_records(net.history, len(history)),
            "generators": {
                kind: [one.get_state() for one in some]
                for kind, some in _by_device(generators).items()
            },
        }


def restore(net, state, generators):
    """Bring a net, and generators, to a state."""
    net.module_.load_state_dict(from_plain(state["module"]))
    for name, parameter in net.module_.named_parameters():
        parameter.requires_grad_(state["learns"][name])
    net.optimizer_.load_state_dict(from_plain(state["optimizer"]))
    net.criterion_.share = state["share"]
    del net.history[:]
    net.history.extend(map(from_plain, state["history"]))
    # The optimiser before them: schedules set its rates when they are made, only.
    for callback, own in zip(_that_count(net), state["callbacks"], strict=True):
        _restore_callback(callback, own)
    for kind, some in _by_device(generators).items():
        # Another kind of device draws other numbers, from its start.
        if kind == _HOST or kind in state["generators"]:
            for generator, own in zip(some, state["generators"][kind], strict=True):
                generator.set_state(own)


_HOST = "cpu"


def _by_device(generators):
    """Generators by the kind of device that they draw on."""
    found = {}
    for generator in generators:
        found.setdefault(generator.device.type, []).append(generator)
    return found


def differences(one, other):
    """Return what differs between two states, in words."""
    one, other = _on_both(one, other), _on_both(other, one)
    return [_WORDS[name] for name in one if not same(one[name], other[name])]


def _on_both(one, other):
    """Return a state, without generators on devices that another state doesn't have."""
    kinds = one["generators"].keys() & other["generators"].keys()
    return one | {"generators": {kind: one["generators"][kind] for kind in kinds}}


_WORDS = {
    "module": "the network's state",
    "learns": "which weights learn",
    "optimizer": "the optimiser's state",
    "share": "the loss's share",
    "callbacks": "the callbacks' state",
    "history": "the history",
    "generators": "the random generators",
}


def _named(what, function, value):
    try:
        return function(value)
    except NotPlainError as error:
        raise NotPlainError(f"{what} has {error}") from None


def _new_records(history, start):
    records = list(itertools.islice(history, start, None))
    return [_named("the history", to_plain, dict(record)) for record in records]


# -- callbacks -------------------------------------------------------------------------


def _that_count(net):
    """Callbacks but progress, which a training may have or not."""
    return [one for _, one in net.callbacks_ if not isinstance(one, Progress)]


def _of_callback(callback):
    """Return a callback's attributes, as far as they are data or can tell their state.

    All others (files, functions, loggers) are as the callback makes them.
    """
    if _tells_state(callback):
        return {"state": _plain_entries(callback.state_dict())}
    plain, told = {}, {}
    for name, value in vars(callback).items():
        try:
            plain[name] = to_plain(value)
        except NotPlainError:
            if _tells_state(value):
                told[name] = _plain_entries(value.state_dict())
    return {"attributes": plain, "told": told}


def _tells_state(value):
    """Tell what has a state of its own: learning-rate schedules, averaged weights."""
    names = "state_dict", "load_state_dict"
    return not isinstance(value, type) and all(hasattr(value, name) for name in names)


def _plain_entries(state):
    """Entries of a state that are data; schedules name functions among them."""
    plain = {}
    for name, value in state.items():
        try:
            plain[name] = to_plain(value)
        except NotPlainError:
            continue
    return plain


def _restore_callback(callback, own):
    if "state" in own:
        callback.load_state_dict(from_plain(own["state"]))
        return
    vars(callback).update(from_plain(own["attributes"]))
    for name, state in own["told"].items():
        getattr(callback, name).load_state_dict(from_plain(state))


def tell_progress(net, epochs):
    """Let progress begin after some epochs."""
    for _, callback in net.callbacks_:
        if isinstance(callback, Progress):
            callback.skip(epochs)

"""Encoders as plain data and weights, and back, without their code.

Stage: inside a classifier's state. In: a `torch.nn.Module`. Out: a dict of classes of
`torch.nn` and their settings, and tensors by name. What has code of the user's is known
by the name of its class alone: whoever reads the file gives such a module.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ._aside import Needed

# What a module holds beside its settings.
_REGISTRIES = frozenset(vars(nn.Module()))
_PLAIN = (type(None), bool, int, float, str)
_KINDS = ("_parameters", "_buffers")


def as_plain(module: nn.Module) -> dict[str, Any]:
    """Return the structure of a module: of torch's own classes, or a class's name."""
    modules = list(module.modules())  # each once, a parent before its children
    if not all(map(_is_torchs, modules)):
        return {"class": _name(module)}
    numbers = {id(one): k for k, one in enumerate(modules)}
    tensors: dict[int, str] = {}
    return {
        "modules": [_node(one, k, numbers, tensors) for k, one in enumerate(modules)]
    }


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Return the tensors that `from_plain` needs, by name."""
    if "class" in as_plain(module):
        return dict(module.state_dict())
    found: dict[int, Tensor] = {}
    named = {}
    for k, one in enumerate(module.modules()):
        for kind in _KINDS:
            for name, tensor in vars(one)[kind].items():
                if tensor is not None and id(tensor) not in found:
                    found[id(tensor)] = tensor
                    named[f"{k}.{name}"] = tensor.detach()
    return named


def from_plain(plain: Any, tensors: dict[str, Tensor], given: list[Any]) -> nn.Module:
    """Make the module again; ``given`` has those whose code is the user's.

    Raises
    ------
    ValueError
        If one has to be given and is not, or its weights are others.
    """
    if "class" in plain:
        return _filled(plain["class"], tensors, given)
    nodes = plain["modules"]
    modules = [_empty(node["class"]) for node in nodes]
    made: dict[str, Any] = {}
    for module, node in zip(modules, nodes, strict=True):
        settings = {k: v for k, v in node["settings"].items() if k not in _REGISTRIES}
        vars(module).update(settings, training=bool(node["training"]))
        for name, key, requires_grad in node["_parameters"]:
            if key is not None and key not in made:
                made[key] = nn.Parameter(tensors[key].clone(), bool(requires_grad))
            module.register_parameter(name, made.get(key))
        for name, key, persistent in node["_buffers"]:
            if key is not None and key not in made:
                made[key] = tensors[key].clone()
            module.register_buffer(name, made.get(key), persistent=bool(persistent))
        for name, number in node["children"]:
            child = None if number is None else modules[number]
            module.register_module(name, child)
    return modules[0]


def _is_torchs(module: nn.Module) -> bool:
    """Tell whether a module is one of torch.nn, with plain settings and no hooks."""
    kind = type(module)
    if getattr(nn, kind.__name__, None) is not kind:
        return False
    attributes = vars(module)
    hooks = [x for name, x in attributes.items() if "hooks" in name and x]
    return not hooks and all(map(_is_plain, _settings(module).values()))


def _settings(module: nn.Module) -> dict[str, Any]:
    return {k: v for k, v in vars(module).items() if k not in _REGISTRIES}


def _is_plain(value: Any) -> bool:
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    return type(value) in _PLAIN


def _node(
    module: nn.Module, number: int, numbers: dict[int, int], tensors: dict[int, str]
) -> dict[str, Any]:
    own = vars(module)

    def key(tensor: Tensor | None, name: str) -> str | None:
        # A tensor that comes twice goes by its first name.
        if tensor is None:
            return None
        return tensors.setdefault(id(tensor), f"{number}.{name}")

    return {
        "class": type(module).__name__,
        "training": module.training,
        "settings": _settings(module),
        "children": [
            [name, None if child is None else numbers[id(child)]]
            for name, child in own["_modules"].items()
        ],
        "_parameters": [
            [name, key(x, name), x is not None and x.requires_grad]
            for name, x in own["_parameters"].items()
        ],
        "_buffers": [
            [name, key(x, name), name not in own["_non_persistent_buffers_set"]]
            for name, x in own["_buffers"].items()
        ],
    }


def _empty(name: str) -> nn.Module:
    kind = getattr(nn, name, None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise ValueError(
            f"torch.nn of torch {torch.__version__} has no module {name!r}."
        )
    module = kind.__new__(kind)
    nn.Module.__init__(module)
    return module


def _filled(name: str, tensors: dict[str, Tensor], given: list[Any]) -> nn.Module:
    """Return a copy of the module that the user gave, with the weights of the file."""
    module = next((one for one in given if _name(one) == name), None)
    if module is None:
        others = ", ".join(map(_name, given))
        but = f", but got {others}" if others else ""
        raise Needed(
            f"This model has an encoder of the class {name}, whose code is not in the "
            "file. Make one as it was made for the fit, with any weights, and give it: "
            f"load_model(path, encoder={name.rpartition('.')[2]}(...)){but}."
        )
    module = copy.deepcopy(module)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise Needed(
            f"The encoder that was given, {name}, has other weights than the one in "
            f"the file; make it as it was made for the fit. {error}"
        ) from None
    return module


def _name(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"

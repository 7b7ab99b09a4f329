"""What a training depends on, in a few digests: parameters, rows, versions.

Stage: before training. In: a classifier and its checked rows. Out: digests and words by
which another training is told from the same one, in another process, too.
"""

from __future__ import annotations

import functools
import hashlib
import math
import platform
import types
from pathlib import PurePath

import numpy as np
import pandas as pd
import scipy
import scipy.sparse as sp
import sklearn
import skorch
import torch

from .. import __version__
from .._on_disk import OnDisk, parts_of
from .._rows import Floats, Some, is_array
from ..hierarchy import Hierarchy

# Parameters that change nothing in a training. What "auto" makes of the device is told
# apart as a part of the machine.
_WITHOUT_EFFECT = {"verbose", "threshold", "checkpoint", "checkpoint_every", "device"}

# Entries that are read at a time.
_BLOCK = 2**20
# What is printed in messages, up to so many letters.
_PRINTED, _LONGEST = str | int | float | np.number | None, 60


def parameters_of(estimator):
    """Return (digest, words) of each parameter that training depends on."""
    given = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in _WITHOUT_EFFECT
    }
    for name, value in (given.pop("net_params") or {}).items():
        given[f"net_params[{name!r}]"] = value
    return {name: (digest(value), _shown(value)) for name, value in given.items()}


def data_of(estimator, rows, valid=None):
    """Return (digest, words) of features, labels, weights and names of columns."""
    more = {}
    if valid is not None:
        parts = data_of(estimator, valid)
        more = {f"{name}_val": parts[name] for name in ("X", "y")}
    names = getattr(estimator, "feature_names_in_", None)
    weight = rows.sample_weight
    return {
        "X": (_digest_of_features(rows.X), _shape(rows.X)),
        "names of X": (digest(names), "names" if names is not None else "no names"),
        "y": (digest(rows.Y), _shape(rows.Y)),
        "columns of y": (digest(estimator._target.column_names), "columns"),
        "classes": (digest(estimator._target.classes), "classes"),
        "sample_weight": (digest(weight), "none" if weight is None else "weights"),
        **more,
    }


def versions():
    """Return the versions of all that has a say in the numbers."""
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "sklearn_hmlc": __version__,
        "torch": str(torch.__version__),
        "skorch": skorch.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
    }


def machine(device, n_processes=1):
    """Return what rounding depends on beside the versions."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return {
        "device": f"{device.type} {name}".strip(),
        "processor": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "threads": str(torch.get_num_threads()),
        "processes": str(n_processes),
    }


def _shown(value):
    """Return a parameter in words; an object is its class, code its name."""
    if isinstance(value, type | types.FunctionType):
        return value.__qualname__
    items = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, _PRINTED) for item in items):
        return f"a {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _shape(X):
    whole = X.X if isinstance(X, Some) else X
    shape = getattr(whole, "shape", None)
    if whole is not X and shape is not None:
        shape = len(X), *shape[1:]
    return f"{len(X)} items" if shape is None else f"shape {tuple(shape)}"


def _digest_of_features(X):
    """Digest rows; of a Dataset their number, as reading them all may take hours."""
    whole = X.X if isinstance(X, Some) else X
    if is_array(whole) or sp.issparse(whole) or isinstance(whole, OnDisk):
        return digest(X)
    if whole is not X:
        return digest([_digest_of_features(whole), X.rows])
    X = X.X if isinstance(X, Floats) else X
    return digest([f"{type(X).__module__}.{type(X).__qualname__}", len(X)])


# -- anything --------------------------------------------------------------------------


def digest(value):
    """Return the SHA-256 of a value, the same in every process.

    What a function or class does is its code's; an object is its class and attributes.
    """
    found = hashlib.sha256()
    _add(found, value, frozenset())
    return found.hexdigest()


def _add(found, value, above):
    """Hash a value; ``above`` are the ids of what it is inside of."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        found.update(f"{type(value).__name__} {value!r};".encode())
        return
    if isinstance(value, PurePath | torch.device | torch.dtype | np.dtype):
        found.update(f"{value};".encode())
        return
    if id(value) in above:
        found.update(b"again;")
        return
    above = above | {id(value)}
    for kinds, parts in _PARTS:
        if isinstance(value, kinds):
            name, content = parts(value)
            break
    else:
        name, content = _of_object(value)
    found.update(f"{name}(".encode())
    for part in content:
        if isinstance(part, memoryview):
            found.update(part)
        else:
            _add(found, part, above)
    found.update(b");")


def _of_array(array):
    if array.dtype.kind == "O":
        return "array", [list(array.shape), *array.ravel().tolist()]
    return "array", [array.dtype.str, list(array.shape), *_blocks(array)]


def _blocks(array):
    """Yield the bytes of an array, which may lie on disk, a block at a time."""
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        for start in range(0, flat.size, _BLOCK):
            yield memoryview(flat[start : start + _BLOCK].tobytes())
        return
    for row in array:
        yield memoryview(np.asarray(row).tobytes())


def _of_rows_on_disk(X):
    """Return what is that of the same rows in memory."""
    rows = (memoryview(block.tobytes()) for block in X.blocks())
    return "array", [X.dtype.str, list(X.shape), *rows]


def _of_some_rows(X):
    """Return what is that of these rows, were they all."""
    whole, row = X.X, X.X.shape[1:]
    parts = parts_of(len(X), max(1, _BLOCK // max(1, math.prod(row))))
    rows = (memoryview(whole[X.rows[part]].tobytes()) for part in parts)
    return "array", [whole.dtype.str, [len(X), *row], *rows]


def _of_sparse(matrix):
    csr = sp.csr_array(matrix)
    positions = (np.asarray(x, dtype=np.int64) for x in (csr.indptr, csr.indices))
    return "sparse", [list(csr.shape), *positions, csr.data]


def _of_tensor(tensor):
    plain = tensor.detach().cpu()
    plain = plain.to_dense() if plain.layout != torch.strided else plain
    numbers = plain.contiguous().reshape(-1).view(torch.uint8).numpy()
    return "tensor", [str(tensor.dtype), list(tensor.shape), numbers]


def _of_hierarchy(hierarchy):
    return "hierarchy", [hierarchy.nodes, hierarchy.edges, hierarchy.scored]


def _of_module(module):
    learns = [weight.requires_grad for weight in module.parameters()]
    return _name(type(module)), [repr(module), dict(module.state_dict()), learns]


def _of_function(function):
    cells = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    defaults = [function.__defaults__, function.__kwdefaults__]
    return _name(function), [function.__code__, *defaults, *cells]


def _filled(cell):
    try:
        return cell.cell_contents is not None
    except ValueError:  # a function that is not defined yet
        return False


def _of_code(code):
    return "code", [code.co_code, list(code.co_names), list(code.co_consts)]


def _of_object(value):
    params = getattr(value, "get_params", None)
    if callable(params) and not isinstance(value, type):
        return _name(type(value)), [params(deep=False)]
    if hasattr(value, "__array__"):  # a column of some frame
        return _name(type(value)), [np.asarray(value)]
    return _name(type(value)), [dict(getattr(value, "__dict__", {}))]


def _name(thing):
    return f"{thing.__module__}.{thing.__qualname__}"


def _hashed(items):
    return sorted(map(digest, items))


# From the narrowest kinds to the widest.
_PARTS = [
    (np.ndarray, _of_array),
    (OnDisk, _of_rows_on_disk),
    (Some, _of_some_rows),
    (sp.sparray | sp.spmatrix, _of_sparse),
    (pd.Series, lambda one: ("series", [list(one.index), one.to_numpy()])),
    (torch.Tensor, _of_tensor),
    (Hierarchy, _of_hierarchy),
    (torch.nn.Module, _of_module),
    (dict, lambda items: ("dict", _hashed(items.items()))),
    ((set, frozenset), lambda items: ("set", _hashed(items))),
    ((list, tuple), lambda items: ("list", items)),
    (type, lambda kind: (_name(kind), [])),
    (types.FunctionType, _of_function),
    (types.MethodType, lambda one: ("method", [one.__self__, one.__func__])),
    (types.BuiltinFunctionType, lambda one: (one.__qualname__, [])),
    (types.CodeType, _of_code),
    (types.ModuleType, lambda module: (module.__name__, [])),
    (functools.partial, lambda one: ("partial", [one.func, one.args, one.keywords])),
    (np.random.RandomState, lambda one: ("RandomState", [one.get_state()])),
    (np.random.Generator, lambda one: ("Generator", [one.bit_generator.state])),
    (torch.Generator, lambda one: ("generator", [one.get_state()])),
]

"""What a model file says of itself, in JSON that people and programs can read.

Stage: beside writing. In: a model. Out: versions, its class, parameters and the facts
that were fitted. Nothing of it but the hierarchies is needed to read the model.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from .. import __version__
from .._response import chain
from ._container import FORMAT

_BELOW = (
    *("numpy", "scipy", "pandas", "scikit-learn", "imbalanced-learn", "torch"),
    *("skorch", "skops", "safetensors"),
)
_FITTED = {
    "classes": "classes_",
    "feature_names": "feature_names_in_",
    "n_features": "n_features_in_",
    "thresholds": "thresholds_",
    "n_epochs": "n_iter_",
}


def manifest_of(
    model: Any, hierarchies: list[dict[str, Any]], metadata: dict[str, Any]
) -> dict[str, Any]:
    """Return the manifest of a model."""
    return {
        "format": FORMAT,
        "versions": versions(),
        "estimator": f"{type(model).__module__}.{type(model).__qualname__}",
        "parameters": {k: _json(v) for k, v in model.get_params().items()},
        "fitted": dict(_fitted(model)),
        "hierarchies": hierarchies,
        "metadata": metadata,
    }


def versions() -> dict[str, str]:
    """Return the versions of this library, of Python and of those below."""
    found = {"sklearn_hmlc": __version__, "python": platform.python_version()}
    for name in _BELOW:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # installed in some way that leaves no record
            continue
    return found


def other_versions(manifest: Mapping[str, Any]) -> str:
    """Say which versions a file was written with, where they are others than here."""
    here = versions()
    others = [
        f"{name} {before} (here {here.get(name, 'none')})"
        for name, before in dict(manifest["versions"]).items()
        if here.get(name) != before
    ]
    return f" It was written with {', '.join(others)}." if others else ""


def _fitted(model: Any) -> Any:
    parts = list(chain(model))
    for key, attribute in _FITTED.items():
        for part in parts:
            if attribute in vars(part):
                yield key, _json(vars(part)[attribute])
                break


def _json(value: Any) -> Any:
    """Return a value as JSON can hold it, or else as it is shown."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
        return text if len(text) <= 200 else f"{text[:197]}..."
    return value

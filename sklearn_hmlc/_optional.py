"""Optional dependencies, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any


def optional(module: str, caller: str, extra: str) -> Any:
    """Import an optional dependency, or say who needs it and how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise ImportError(
            f"{caller} needs {package}; install it with "
            f"`pip install sklearn-hmlc[{extra}]`."
        ) from error

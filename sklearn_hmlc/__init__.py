"""Hierarchical multi-label classification that finds the rare nodes.

The map: `hierarchy` (the label graph), `datasets` (files and generators),
`over_sampling` (LPROS and its rivals), `nn` (networks and the max constraint),
`uncertainty` and `losses` (what training minimises), `metrics` (numbers), `plotting`
(figures), `postprocessing` (coherence and thresholds for any classifier), `experts`
(coherent classifiers that are no networks, and means of them), `predictions` (tables,
blocks and files with names), `io` (models in files that run no code), `inspection` (why
a node, and which rows next).

What is named here is imported when it is first asked for, so that the command line can
report in its own words that a library is missing.
"""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._classifier import HierarchicalEnsembleClassifier
    from ._export import to_torch
    from ._paper import paper_defaults
    from ._recipe import make_rare_node_ensemble
    from .hierarchy import Hierarchy
    from .io import TRUSTED_TYPES
    from .over_sampling import LPROS

__version__ = version("sklearn-hmlc")

__all__ = [
    "LPROS",
    "TRUSTED_TYPES",
    "HierarchicalEnsembleClassifier",
    "Hierarchy",
    "__version__",
    "make_rare_node_ensemble",
    "paper_defaults",
    "to_torch",
]

_MODULES = {
    "LPROS": ".over_sampling",
    "TRUSTED_TYPES": ".io",
    "HierarchicalEnsembleClassifier": "._classifier",
    "Hierarchy": ".hierarchy",
    "make_rare_node_ensemble": "._recipe",
    "paper_defaults": "._paper",
    "to_torch": "._export",
}
_FOLDERS = {
    *("datasets", "experts", "hierarchy", "inspection", "io", "losses", "metrics"),
    *("nn", "over_sampling", "plotting", "postprocessing", "predictions"),
    "uncertainty",
}


def __getattr__(name):
    if name in _FOLDERS:
        return importlib.import_module(f".{name}", __name__)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name], __name__), name)
    globals()[name] = value  # the next time it is at hand
    return value


def __dir__():
    return sorted({*globals(), *__all__, *_FOLDERS})

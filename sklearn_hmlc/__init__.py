"""Hierarchical multi-label classification that finds the rare nodes.

The map: `hierarchy` (the label graph), `datasets` (files and generators),
`over_sampling` (LPROS and its rivals), `nn` (networks and the max constraint),
`uncertainty` and `losses` (what training minimises), `metrics` (numbers), `plotting`
(figures), `postprocessing` (coherence and thresholds for any classifier).
"""

from importlib.metadata import version

from ._classifier import HierarchicalEnsembleClassifier
from ._paper import paper_defaults
from .hierarchy import Hierarchy
from .over_sampling import LPROS

__version__ = version("sklearn-hmlc")

__all__ = [
    "LPROS",
    "HierarchicalEnsembleClassifier",
    "Hierarchy",
    "__version__",
    "paper_defaults",
]

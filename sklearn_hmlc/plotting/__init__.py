"""Figures of hierarchies, of models and of what they predict.

Displays in scikit-learn's way: made by ``from_estimator`` or ``from_predictions``,
drawn again by ``plot``. matplotlib is imported only when something is drawn.
"""

from ._critical_difference import CriticalDifferenceDisplay
from ._explanation import ExplanationDisplay
from ._hierarchy import HierarchyDisplay
from ._pr_curve import PooledPRCurveDisplay
from ._rarity import RarityDisplay
from ._training import TrainingDisplay
from ._uncertainty import UncertaintyDisplay

__all__ = [
    "CriticalDifferenceDisplay",
    "ExplanationDisplay",
    "HierarchyDisplay",
    "PooledPRCurveDisplay",
    "RarityDisplay",
    "TrainingDisplay",
    "UncertaintyDisplay",
]

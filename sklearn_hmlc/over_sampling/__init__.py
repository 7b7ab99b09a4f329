"""Multi-label oversampling with imbalanced-learn's face, and measures of imbalance.

Samplers stand before the classifier in an `imblearn.pipeline.Pipeline`: they add
clones of rows while it is fitted, and nothing when it predicts.
"""

from ._base import BaseMultiLabelSampler, SamplingWarning
from ._hrospd import HROSPD
from ._lpros import LPROS
from ._measures import cvir, irlbl, mean_ir, scumble
from ._mlros import MLROS

__all__ = [
    "HROSPD",
    "LPROS",
    "MLROS",
    "BaseMultiLabelSampler",
    "SamplingWarning",
    "cvir",
    "irlbl",
    "mean_ir",
    "scumble",
]

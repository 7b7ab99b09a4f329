"""How unsure an ensemble is about each node: (M, B, C) probabilities -> (B, C)."""

from ._measures import (
    aleatoric,
    bma,
    epistemic_js,
    epistemic_kl,
    gmu,
    mutual_information,
    predictive,
)
from ._registry import MEASURES, get_measure, measure_members

__all__ = [
    "MEASURES",
    "aleatoric",
    "bma",
    "epistemic_js",
    "epistemic_kl",
    "get_measure",
    "gmu",
    "measure_members",
    "mutual_information",
    "predictive",
]

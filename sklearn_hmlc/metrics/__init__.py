"""Measures of quality: by node, by rarity, by ranking, CAFA's, over data sets."""

from ._cafa import coverage_score, fmax_score, smin_score, weighted_fmax_score
from ._compare import Comparison, compare
from ._hierarchical import coherence_violations, hierarchical_precision_recall_f1
from ._information import information_accretion
from ._nodewise import PrecisionRecallF1, node_precision_recall_f1
from ._ranking import PooledPRCurve, au_prc, pooled_pr_curve
from ._rarity import rarity_report
from ._scorers import get_scorer, get_scorer_names

__all__ = [
    "Comparison",
    "PooledPRCurve",
    "PrecisionRecallF1",
    "au_prc",
    "coherence_violations",
    "compare",
    "coverage_score",
    "fmax_score",
    "get_scorer",
    "get_scorer_names",
    "hierarchical_precision_recall_f1",
    "information_accretion",
    "node_precision_recall_f1",
    "pooled_pr_curve",
    "rarity_report",
    "smin_score",
    "weighted_fmax_score",
]

# TEMPORARY: stands for sklearn_hmlc.metrics.pooled_pr_curve until that is there.
from typing import NamedTuple

import numpy as np

from .. import _validation as check
from ..metrics._ranking import pooled_area, step_area


class PooledPRCurve(NamedTuple):
    precision: np.ndarray
    recall: np.ndarray
    thresholds: np.ndarray
    area: float


def pooled_pr_curve(y_true, y_score, *, hierarchy=None, scored=None):
    truth = check.as_labels(y_true, hierarchy, "y_true")
    scores = check.as_scores(y_score, hierarchy, "y_score")
    check.check_same_rows(truth, scores, "y_score")
    mask = check.as_scored(scored, hierarchy)
    return pooled_area(truth, scores, mask, _points)


def _points(curve):
    recall = curve.true_end / curve.true_end[-1]
    precision = curve.true_end / (curve.true_end + curve.false_end)
    return PooledPRCurve(precision, recall, np.array([]), step_area(curve))

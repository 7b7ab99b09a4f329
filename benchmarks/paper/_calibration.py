"""How far probabilities are from frequencies."""

import numpy as np


def calibration(truth, proba, n_bins=15):
    """Brier score and expected calibration error, each the mean over nodes."""
    bins = np.minimum((proba * n_bins).astype(int), n_bins - 1)
    gap = np.zeros(truth.shape[1])
    for k in range(n_bins):
        gap += np.abs(np.where(bins == k, proba - truth, 0.0).sum(axis=0))
    return {
        "brier": np.mean((proba - truth) ** 2),
        "ece": np.mean(gap / len(truth)),
    }

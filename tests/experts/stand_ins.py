"""Small experts whose answers are known, for tests of their mean."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_hmlc._words import name_array
from sklearn_hmlc.postprocessing import make_coherent


class Told(ClassifierMixin, BaseEstimator):
    """Answers with the row of ``answers`` that the first feature names.

    ``held_out`` has the answers about training rows that it says it has not seen.
    """

    fits = 0

    def __init__(self, answers=None, hierarchy=None, *, held_out=None, scale=1.0):
        self.answers = answers
        self.hierarchy = hierarchy
        self.held_out = held_out
        self.scale = scale

    def fit(self, X, y, sample_weight=None):
        Told.fits += 1
        self.hierarchy_ = self.hierarchy
        self.rows_ = np.asarray(X)[:, 0].astype(int)
        self.weight_ = sample_weight
        self.n_features_in_ = X.shape[1]
        self.classes_ = np.arange(np.shape(self.answers)[1])
        if self.hierarchy is not None:
            self.classes_ = name_array(self.hierarchy.nodes)
        return self

    def predict_proba(self, X):
        rows = np.asarray(X)[:, 0].astype(int)
        return np.asarray(self.answers)[rows] * self.scale

    def held_out_proba(self):
        if self.held_out is None:
            raise ValueError("Nothing was held out.")
        return np.asarray(self.held_out)[self.rows_]


def numbered(n_samples):
    """Rows whose only feature is their number."""
    return np.arange(n_samples, dtype=float)[:, np.newaxis]


def noisy(truth, noise, hierarchy, seed=0):
    """Coherent probabilities that tell the labels, the less the more noise."""
    rng = np.random.default_rng(seed)
    scores = truth * 2.0 - 2 + noise * rng.normal(size=truth.shape)
    return make_coherent(1 / (1 + np.exp(-scores)), hierarchy)

"""Rows that are held out in `fit`: for early stopping, and for tuning thresholds.

Stage: between validated rows and training; and after it, from the scores of held-out
rows to thresholds.
"""

from numbers import Integral

import numpy as np
from sklearn.model_selection import KFold, train_test_split

from .postprocessing import node_thresholds
from .postprocessing._thresholds import split_rows

# Seeds are drawn below this.
SEEDS = np.iinfo(np.int32).max


class HeldOutMixin:
    """Holding rows out, for an estimator that trains on `Rows` by ``_train``."""

    def _tunes(self):
        """Tell whether thresholds are tuned; 1-D labels are decided without any."""
        return isinstance(self.threshold, str) and not self._target.single

    def _split(self, rows):
        """Set the validation part aside: rows to train on, rows to validate on."""
        if not (self.early_stopping or (self._tunes() and self.threshold_cv is None)):
            return rows, None
        train, valid = train_test_split(
            np.arange(len(rows)),
            test_size=self.validation_fraction,
            random_state=self._seed_of_splits(),
        )
        if rows.Y[valid][:, self.hierarchy_.scored].nnz == 0:
            raise ValueError(
                f"None of the {len(valid)} validation rows has a positive node; raise "
                "`validation_fraction`, or set early_stopping=False and a `threshold` "
                "that is not tuned on them."
            )
        return rows.take(train), rows.take(valid)

    def _folds(self, rows):
        """Rows to train on and rows held out, for tuning thresholds, one fold a pair.

        None: the validation part is held out.
        """
        if self.threshold_cv is None:
            return None
        cv = self.threshold_cv
        if isinstance(cv, Integral):
            cv = KFold(cv, shuffle=True, random_state=self._seed_of_splits())
        return split_rows(cv, rows.Y)

    def _seed_of_splits(self):
        """One seed as long as training goes on: held-out rows are never trained on."""
        if self._split_seed is None:
            self._split_seed = self._random_state.randint(SEEDS)
        return self._split_seed

    def _tune(self, rows, valid, folds):
        """Choose a threshold a node by scores of rows that were not trained on."""
        if folds is None:
            held_out, proba = valid, self.net_.mean_proba(valid.X)
        else:
            held_out = rows.take(np.concatenate([test for _, test in folds]))
            proba = np.concatenate([self._scores_of(rows, *fold) for fold in folds])
        self.thresholds_ = node_thresholds(
            held_out.Y,
            proba,
            self.threshold,
            prevalence=_frequencies(rows),
            sample_weight=held_out.sample_weight,
        )
        self._tuned_by = self.threshold

    def _scores_of(self, rows, train, test):
        """Probabilities of some rows, by a net trained on others for as long."""
        own = {
            "threshold": 0.5,
            "threshold_cv": None,
            "warm_start": False,
            "random_state": self._random_state.randint(SEEDS),
        }
        fold = type(self)(**self.get_params(deep=False) | own)
        fold._take_up(self)
        epochs = max(self.max_epochs, self.n_iter_)
        fold._train(rows.take(train), epochs, goes_on=False)
        return fold.net_.mean_proba(rows.take(test).X)

    def _take_up(self, other):
        """Take up what another fit has learnt about the form of the data."""
        self._target = other._target
        self.input_shape_ = other.input_shape_
        if hasattr(other, "n_features_in_"):
            self.n_features_in_ = other.n_features_in_


def _frequencies(rows):
    """Share of the rows that have each node, rows counting as they are weighted."""
    weight = np.ones(len(rows)) if rows.sample_weight is None else rows.sample_weight
    share = weight @ rows.Y.astype(np.float64) / weight.sum()
    return np.minimum(share, 1.0)  # sums round

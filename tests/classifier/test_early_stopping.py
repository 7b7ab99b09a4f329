"""Early stopping keeps the best epoch, whatever the sign and the size of the score."""

import numpy as np
import pytest

from tests.classifier.common import make_data, small

X, Y = make_data()


class Told:
    """A scorer that says one number after the other, whatever it is asked."""

    def __init__(self, scores):
        self.scores = list(scores)

    def __call__(self, estimator, X, y):
        return self.scores.pop(0)


def stopped(scores, **params):
    settings = {"early_stopping": True, "n_iter_no_change": 3, "max_epochs": 12}
    return small(scoring=Told(scores), **{**settings, **params}).fit(X, Y)


@pytest.mark.parametrize("level", [-1000.0, -1.0, 0.0, 1.0, 1000.0])
def test_equal_scores_are_no_gain(level):
    clf = stopped([level] * 12)
    assert clf.n_iter_ == 4
    assert clf.best_validation_score_ == level


@pytest.mark.parametrize("level", [-1000.0, -1.0, 0.0, 1.0, 1000.0])
@pytest.mark.parametrize("step", [1e-5, 1e-3, 0.3])
def test_any_gain_is_one_and_no_loss(step, level):
    falling = level - step * np.arange(12)
    clf = stopped(falling)
    assert (clf.n_iter_, clf.best_validation_score_) == (4, level)
    first = small(max_epochs=1, early_stopping=True).fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), first.predict_proba(X))
    rising = level + step * np.arange(12)
    clf = stopped(rising)
    assert (clf.n_iter_, clf.best_validation_score_) == (12, rising[-1])


def test_a_score_below_zero_of_scikit_learn():
    labels = np.array(["a", "b", "c"])[np.arange(len(X)) % 3]
    clf = small(
        None, early_stopping=True, scoring="neg_log_loss", max_epochs=20, lr=0.1
    )
    clf.fit(X, labels)
    assert clf.best_validation_score_ == max(clf.validation_scores_) < 0

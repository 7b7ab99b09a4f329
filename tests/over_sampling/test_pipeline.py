"""Samplers inside imbalanced-learn's pipeline: training rows alone are resampled."""

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.over_sampling import HROSPD, LPROS, MLROS

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_hmlc.over_sampling.SamplingWarning"
)

HIERARCHY = Hierarchy.from_codes(["a/1", "a/2", "b"])


@pytest.fixture
def data(rng):
    """Features with gaps, and closed labels of a few label sets of unlike size."""
    sets = HIERARCHY.close(np.array([[0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 1]]))
    of_row = rng.permutation(np.repeat([0, 1, 2], [40, 15, 5]))
    X = rng.normal(size=(60, 3)) + of_row[:, None]
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, sets[of_row]


SAMPLERS = [
    LPROS(hierarchy=HIERARCHY, random_state=0),
    MLROS(hierarchy=HIERARCHY, random_state=0),
    HROSPD(HIERARCHY, random_state=0),
]
each_sampler = pytest.mark.parametrize(
    "sampler", SAMPLERS, ids=lambda sampler: type(sampler).__name__
)


def pipeline(sampler):
    classifier = KNeighborsClassifier(n_neighbors=3)
    return make_pipeline(SimpleImputer(), StandardScaler(), sampler, classifier)


def refuse(self, X, y):
    raise RuntimeError("resampled")


@each_sampler
def test_fitting_resamples_and_predicting_does_not(sampler, data, monkeypatch):
    X, Y = data
    model = pipeline(clone(sampler)).fit(X, Y)
    added = model[-2].n_added_
    assert added > 0
    assert model[-1].n_samples_fit_ == len(X) + added
    monkeypatch.setattr(type(sampler), "fit_resample", refuse)
    assert model.predict(X).shape == Y.shape
    assert model.predict(X[:7]).shape == (7, Y.shape[1])
    assert 0 <= model.score(X, Y) <= 1
    with pytest.raises(RuntimeError, match="resampled"):
        model.fit(X, Y)


@each_sampler
def test_the_pipeline_is_its_steps_by_hand(sampler, data):
    X, Y = data
    prepare = pipeline("passthrough")[:2]
    classifier = KNeighborsClassifier(n_neighbors=3)
    by_hand = classifier.fit(*sampler.fit_resample(prepare.fit_transform(X), Y))
    expected = by_hand.predict(prepare.transform(X))
    predicted = pipeline(clone(sampler)).fit(X, Y).predict(X)
    np.testing.assert_array_equal(predicted, expected)


def test_grid_search_over_the_ratio(data):
    X, Y = data
    scorer = make_scorer(f1_score, average="macro", zero_division=0)
    ratios = {"lpros__sampling_ratio": [0, 0.1, 0.3]}
    search = GridSearchCV(pipeline(SAMPLERS[0]), ratios, cv=3, scoring=scorer)
    search.fit(X, Y)
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
    best = search.best_params_["lpros__sampling_ratio"]
    assert search.best_estimator_[-2].n_requested_ == round(best * 60)
    # A seed given, the scores are those of a second search.
    again = clone(search).fit(X, Y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(again, search.cv_results_["mean_test_score"])


def test_frames_stay_frames_on_the_way(data):
    X, Y = data
    frame = pd.DataFrame(X, columns=["x", "y", "z"])
    labels = pd.DataFrame(Y, columns=HIERARCHY.nodes)
    model = pipeline(clone(SAMPLERS[0]))
    model[:2].set_output(transform="pandas")
    model.fit(frame, labels)
    np.testing.assert_array_equal(model[-2].feature_names_in_, ["x", "y", "z"])
    np.testing.assert_array_equal(model[-1].feature_names_in_, ["x", "y", "z"])

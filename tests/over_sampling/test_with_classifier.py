"""Oversampling and the weighted loss in one pipeline, on real data."""

import warnings

import pytest
from imblearn.pipeline import make_pipeline
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import LPROS, HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import fetch_hmc


@pytest.fixture
def train(data_dir):
    return fetch_hmc("cellcycle_FUN", subset="train")


@pytest.fixture
def pipeline(train):
    return make_pipeline(
        SimpleImputer(),
        StandardScaler(),
        LPROS(labelset=1, hierarchy=train.hierarchy, random_state=0),
        HierarchicalEnsembleClassifier(
            train.hierarchy,
            n_estimators=2,
            hidden_layer_sizes=(20,),
            max_epochs=1,
            random_state=0,
        ),
    )


def test_grid_search_over_resampling_and_loss(pipeline, train):
    grid = {
        "lpros__sampling_ratio": [0.0, 0.25],
        "hierarchicalensembleclassifier__focal_exponent": [0.5, 1.0],
    }
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise")
    with warnings.catch_warnings():
        # Half of the rows lack nodes, and make bags of a single row.
        warnings.simplefilter("ignore", UserWarning)
        search.fit(train.data, train.target)
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 4
    assert len(set(scores)) == 4
    best = search.best_estimator_
    assert train.hierarchy.is_closed(best.predict(train.data))


def test_only_fit_resamples(pipeline, train, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        pipeline.fit(train.data, train.target)
    assert pipeline["lpros"].n_added_ == round(0.25 * len(train.data))
    monkeypatch.setattr(LPROS, "fit_resample", None)
    assert pipeline.predict(train.data).shape == train.target.shape
    assert 0 < pipeline.score(train.data, train.target) < 1


def test_row_weights_instead_of_copies(train):
    sampler = LPROS(labelset=1, hierarchy=train.hierarchy, random_state=0)
    weight = sampler.to_sample_weight(train.data, train.target)
    assert weight.sum() == len(train.data) + sampler.n_added_
    X = SimpleImputer().fit_transform(train.data)
    settings = {"hidden_layer_sizes": (20,), "n_estimators": 2, "max_epochs": 1}
    clf = HierarchicalEnsembleClassifier(train.hierarchy, **settings)
    copies = X[sampler.sample_indices_], train.target[sampler.sample_indices_]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        by_weight = clf.fit(X, train.target, sample_weight=weight).node_weights_
        by_copies = clf.fit(*copies).node_weights_
    # Node weights see the same data either way.
    assert by_weight == pytest.approx(by_copies)

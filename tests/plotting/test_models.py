"""What displays ask of models: names, hierarchy, answers with named columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.plotting import _models


@pytest.fixture
def searched(data):
    X, Y, hierarchy = data
    classifier = HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=2, hidden_layer_sizes=(5,), max_epochs=1, random_state=0
    )
    pipeline = make_pipeline(StandardScaler(), classifier)
    grid = {"hierarchicalensembleclassifier__lr": [0.01]}
    return GridSearchCV(pipeline, grid, cv=2).fit(X, Y)


@pytest.mark.filterwarnings("ignore:.* no positive row")  # in half of the rows
def test_through_searches_and_pipelines(data, searched):
    X, _, hierarchy = data
    scaler, classifier = searched.best_estimator_
    assert _models.unwrap(searched)[0] is classifier
    assert _models.find_hierarchy({"a": 3, "b": searched}) is hierarchy
    answer = _models.respond(searched, X, "predict_uncertainty", measure="bma")
    expected = classifier.predict_uncertainty(scaler.transform(X), measure="bma")
    np.testing.assert_array_equal(answer, expected)
    assert tuple(answer.columns) == hierarchy.nodes


def test_given_hierarchy_comes_first():
    assert _models.find_hierarchy({"a": 3}, "given") == "given"
    assert _models.find_hierarchy({"a": 3}) is None


def test_a_list_of_arrays_a_node(data):
    X, Y, _ = data
    neighbors = KNeighborsClassifier().fit(X, Y)
    answer = _models.respond(neighbors, X, "predict_proba")
    expected = np.column_stack([p[:, 1] for p in neighbors.predict_proba(X)])
    np.testing.assert_array_equal(answer, expected)


def test_names():
    frame = pd.DataFrame({"x": [1]})
    assert _models.by_name(frame) == {None: frame}
    assert _models.by_name(3, "three") == {"three": 3}
    assert _models.estimators_by_name(3) == {"int": 3}
    assert _models.estimators_by_name({"a": 3}) == {"a": 3}


def test_no_such_method():
    with pytest.raises(AttributeError, match="method `predict`, but int has none"):
        _models.respond(3, None, "predict")

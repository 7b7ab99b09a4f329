"""The whole by one name: its parts, their parameters, and features of all kinds."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_hmlc import Hierarchy, make_rare_node_ensemble
from sklearn_hmlc._recipe import TableStandardizer
from sklearn_hmlc.experts import (
    HierarchicalForestClassifier,
    NeighborsHierarchyClassifier,
)
from sklearn_hmlc.postprocessing import node_thresholds, shrink_to_parents
from tests.classifier.common import TREE, make_data

X, Y = make_data()
SMALL = {
    "random_state": 0,
    "cv": 2,
    "network__max_epochs": 2,
    "network__n_estimators": 2,
    "network__hidden_layer_sizes": (8,),
    "forest__n_estimators": 5,
}


def quick(hierarchy=TREE, **params):
    return make_rare_node_ensemble(hierarchy, **{**SMALL, **params})


@parametrize_with_checks([TableStandardizer()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_parts_are_those_by_hand():
    clf = quick().fit(X, Y)
    mean = clf.estimator_["experts"]
    scaled = StandardScaler().fit_transform(X)
    parts = [one.predict_proba(scaled) for one in mean.estimators_]
    proba = np.tensordot(mean.weights_, parts, axes=1)
    proba = shrink_to_parents(proba, TREE, Y.sum(axis=0), mean.shrinkage_)
    np.testing.assert_allclose(clf.predict_proba(X), proba, rtol=1e-5)
    thresholds = node_thresholds(
        Y, mean.held_out_proba(), "f1", pooled=9, hierarchy=TREE
    )
    np.testing.assert_array_equal(clf.thresholds_, thresholds)
    decided = TREE.close((clf.predict_proba(X) >= thresholds).astype(int))
    np.testing.assert_array_equal(clf.predict(X), decided)
    assert all(one.hierarchy_ == TREE for one in mean.estimators_)
    assert list(mean.expert_scores_) == ["network", "forest", "kernel", "mean"]


def test_parameters_go_by_name():
    clf = make_rare_node_ensemble(
        TREE,
        network="drop",
        forest=NeighborsHierarchyClassifier(),
        forest__n_neighbors=3,
        kernel__alphas=(1.0,),
        weights=[0, 1, 2],
        shrinkage=2.5,
        cv=3,
        strategy="prevalence",
        n_jobs=2,
        random_state=7,
    )
    mean = clf.estimator["experts"]
    network, forest, kernel = (expert for _, expert in mean.estimators)
    assert network == "drop"
    assert forest.n_neighbors == 3
    assert kernel.alphas == (1.0,)
    assert (mean.weights, mean.cv, mean.n_jobs) == ([0, 1, 2], 3, 2)
    assert mean.shrinkage == 2.5
    assert (clf.strategy, clf.pooled) == ("prevalence", None)
    assert clf.random_state == mean.random_state == kernel.random_state == 7
    assert clf.fit(X, Y).predict(X).shape == Y.shape


def test_rare_nodes_share_by_f1():
    assert make_rare_node_ensemble(TREE).pooled == 5
    assert make_rare_node_ensemble(TREE, pooled=None).pooled is None
    assert make_rare_node_ensemble(TREE, strategy="f1", pooled=5).pooled == 5


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("netwrk", TypeError, "Did you mean 'network'"),
        ("hierarchy__x", TypeError, "Expected parameters among network, forest"),
        ("network__rate", ValueError, "Invalid parameter 'rate'"),
    ],
)
def test_unknown_parameters(name, error, message):
    with pytest.raises(error, match=message):
        make_rare_node_ensemble(TREE, **{name: 1})


def test_parameters_of_what_is_dropped():
    with pytest.raises(ValueError, match=r"network__lr.* beside network='drop'"):
        make_rare_node_ensemble(TREE, network="drop", network__lr=0.1)


def test_repeatable_and_cloneable():
    clf = quick()
    one, two = clone(clf).fit(X, Y), clf.fit(X, Y)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    np.testing.assert_array_equal(one.thresholds_, two.thresholds_)


def test_missing_values():
    holes = X.copy()
    holes[::5, 1] = np.nan
    clf = quick().fit(holes, Y)
    fill = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    expected = clf.estimator_["experts"].predict_proba(fill.fit_transform(holes))
    np.testing.assert_array_equal(clf.predict_proba(holes), expected)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_of_features_and_labels(make):
    features = make({f"f{place}": X[:, place] for place in range(X.shape[1])})
    turned = TREE.nodes[::-1]
    labels = make({node: Y[:, TREE.index(node)] for node in turned})
    clf = quick().fit(features, labels)
    bare = quick().fit(X, Y)
    predicted = clf.predict(features)
    assert type(predicted) is type(labels)
    assert clf.feature_names_in_.tolist() == [f"f{place}" for place in range(8)]
    np.testing.assert_array_equal(
        np.column_stack([np.asarray(predicted[node]) for node in TREE.nodes]),
        bare.predict(X),
    )


def test_sparse_features_stay_sparse():
    sparse = sp.csr_array(np.where(X > 1, X, 0))
    clf = quick().fit(sparse, sp.csr_array(Y))
    assert clf.estimator_["standardize"].steps_ is None
    assert sp.issparse(clf.predict(sparse))
    dense = clf.predict_proba(sparse.toarray())
    np.testing.assert_allclose(clf.predict_proba(sparse), dense, atol=1e-5)


def test_standardised_rows_that_come_sparse_later():
    scaler = TableStandardizer().fit(X)
    expected = scaler.transform(X)
    np.testing.assert_array_equal(scaler.transform(sp.csr_array(X)), expected)


def test_weights_of_rows_and_groups():
    weight = np.where(np.arange(60) % 3 > 0, 1.0, 0.0)
    some = weight > 0
    params = {"network": "drop", "forest__n_estimators": 5, "random_state": 0}
    clf = make_rare_node_ensemble(TREE, **params).fit(X, Y, sample_weight=weight)
    absent = make_rare_node_ensemble(TREE, **params).fit(X[some], Y[some])
    np.testing.assert_allclose(clf.thresholds_, absent.thresholds_, rtol=1e-5)
    seen = []

    class Folds(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    groups = np.repeat(np.arange(6), 10)
    quick(cv=Folds(2)).fit(X, Y, experts__groups=groups)
    np.testing.assert_array_equal(seen, [groups])


def test_without_a_hierarchy():
    clf = quick(None).fit(X, Y)
    assert clf.hierarchy_ == Hierarchy.flat(range(6))
    names = np.array(["a", "b", "c"])[np.arange(60) % 3]
    assert set(quick(None).fit(X, names).predict(X)) <= {"a", "b", "c"}


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("n_features", [8, 600])
def test_output_of_transformers_is_no_matter(output, n_features, rng):
    rows = sp.random_array((60, n_features), density=0.1, rng=rng, format="csr")
    clf = make_rare_node_ensemble(
        TREE, network="drop", random_state=0, forest__n_estimators=5
    )
    expected = clone(clf).fit(rows, Y).predict_proba(rows)
    with config_context(transform_output=output):
        answer = clone(clf).fit(rows, Y).predict_proba(rows)
        dense = clone(clf).fit(rows.toarray(), Y).predict_proba(rows.toarray())
        components = HierarchicalForestClassifier(TREE, n_feature_components=3)
        components.set_params(n_estimators=3).fit(rows.toarray(), Y).predict(rows)
    np.testing.assert_array_equal(answer, expected)
    assert dense.shape == Y.shape

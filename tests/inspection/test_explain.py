"""`explain`: attributions against closed forms, and what they are called."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.utils import Bunch

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.inspection import explain
from sklearn_hmlc.postprocessing import NodeThresholdClassifier

LINEAR = {"hidden_layer_sizes": (), "node_weight": None, "uncertainty": None}
QUICK = {"max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    X, Y, hierarchy = make_hierarchical_multilabel(
        n_samples=120, n_features=6, n_nodes=8, random_state=0
    )
    return X, Y, hierarchy


def linear(hierarchy, n_estimators=1, **given):
    settings = {**LINEAR, **QUICK, "n_estimators": n_estimators, **given}
    return HierarchicalEnsembleClassifier(hierarchy, **settings)


def weights_of(clf):
    """Weights (M, F, C) and biases (M, C) of a linear model."""
    (layer,) = clf.net_.module_.layers
    return layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()


def matrix(explanation, n_features):
    """Attributions (rows and nodes, features) of a table of all features."""
    table = explanation.table
    table = table.assign(place=table["feature"].str.removeprefix("x").astype(int))
    wide = table.pivot(index=["id", "node"], columns="place", values="attribution")
    order = pd.MultiIndex.from_frame(explanation.responses[["id", "node"]])
    return wide.reindex(index=order, columns=range(n_features)).fillna(0).to_numpy()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# -- closed forms ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["integrated_gradients", "gradient_times_input"])
def test_a_linear_network_has_weight_times_input(data, method):
    X, Y, hierarchy = data
    clf = linear(hierarchy).fit(X, Y)
    leaf = hierarchy.leaves[0]
    found = explain(clf, X[:5], leaf, method=method, scale="logit", k=None)
    weight = weights_of(clf)[0][0, :, hierarchy.index(leaf)]
    np.testing.assert_allclose(matrix(found, 6), X[:5] * weight, rtol=1e-4, atol=1e-6)


def test_probabilities_of_linear_members_in_closed_form(data):
    # Along a straight path each member's logit moves from z0 to z at even speed, so
    # that of the difference of its probabilities a feature has its share of z - z0.
    X, Y, hierarchy = data
    clf = linear(hierarchy, n_estimators=3).fit(X, Y)
    leaf = hierarchy.leaves[0]
    weight, bias = (part[..., hierarchy.index(leaf)] for part in weights_of(clf))
    baseline = X[7]
    found = explain(clf, X[:4], leaf, baseline=baseline, k=None)
    parts = (X[:4] - baseline)[None] * weight[:, None]
    z0 = (baseline @ weight.T + bias)[:, None]
    z = z0 + parts.sum(axis=-1)
    expected = (parts * ((sigmoid(z) - sigmoid(z0)) / (z - z0))[..., None]).mean(axis=0)
    np.testing.assert_allclose(matrix(found, 6), expected, rtol=0.01, atol=1e-5)


def test_the_log_odds_are_those_of_the_mean_probability(data):
    X, Y, hierarchy = data
    clf = linear(hierarchy, n_estimators=3).fit(X, Y)
    found = explain(clf, X[:3], list(hierarchy.nodes), scale="logit").responses
    proba = clf.predict_proba(X[:3]).astype(float).ravel()
    np.testing.assert_allclose(
        found["response"], np.log(proba / (1 - proba)), rtol=1e-4
    )


def test_a_parent_is_explained_by_the_child_that_made_it(data):
    # Biases leave no doubt which of the two the maximum is.
    hierarchy = Hierarchy.from_edges([("a", "b"), ("a", "c")])
    X, Y = data[0], np.ones((120, 3), dtype=int)
    Y[:60] = 0
    clf = linear(hierarchy).fit(X, Y)
    (layer,) = clf.net_.module_.layers
    with torch.no_grad():
        layer.bias[0] = torch.tensor([-50.0, -50.0, 0.0])
    found = explain(clf, X[:3], ["a", "c"], scale="logit", k=None)
    both = matrix(found, 6).reshape(3, 2, 6)
    np.testing.assert_array_equal(both[:, 0], both[:, 1])
    assert np.abs(both).min() > 0


def test_several_baselines_are_a_mean(data):
    X, Y, hierarchy = data
    clf = linear(hierarchy).fit(X, Y)
    leaf = hierarchy.leaves[0]
    options = {"scale": "logit", "k": None}
    found = explain(clf, X[:2], leaf, baseline=X[10:13], **options)
    one = explain(clf, X[:2], leaf, baseline=X[10:13].mean(axis=0), **options)
    np.testing.assert_allclose(matrix(found, 6), matrix(one, 6), rtol=1e-4, atol=1e-6)


# -- completeness ----------------------------------------------------------------------

NETWORKS = {
    "heads": {},
    "dropout": {"ensemble": "dropout", "dropout": 0.3},
    "last_layer": {"ensemble": "last_layer", "activation": "tanh"},
    "mix": {"mix": 0.6},
    "uncorrected": {"prior_correction": False},
}


@pytest.mark.parametrize("scale", ["probability", "logit"])
@pytest.mark.parametrize("settings", NETWORKS.values(), ids=NETWORKS)
def test_attributions_sum_to_the_difference(data, settings, scale):
    X, Y, hierarchy = data
    clf = HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=3, hidden_layer_sizes=(12,), **QUICK, **settings
    ).fit(X, Y)
    with torch.no_grad():  # as sharp as after a long training
        for parameter in clf.net_.module_.parameters():
            parameter *= 3
    nodes = list(hierarchy.nodes)
    found = explain(clf, X[:6], nodes, scale=scale, k=None)
    responses, proba = found.responses, clf.predict_proba(X[:6]).astype(float).ravel()
    expected = proba if scale == "probability" else np.log(proba / (1 - proba))
    np.testing.assert_allclose(responses["response"], expected, rtol=2e-3, atol=1e-6)
    zero = clf.predict_proba(np.zeros((1, 6))).astype(float)[0]
    zero = zero if scale == "probability" else np.log(zero / (1 - zero))
    np.testing.assert_allclose(responses["baseline"], np.tile(zero, 6), rtol=2e-3)
    difference = responses["response"] - responses["baseline"]
    gap = np.abs(responses["attributed"] - difference)
    parts = matrix(found, 6)
    assert (gap <= 0.005 * np.abs(parts).sum(axis=1) + 1e-5).all()
    np.testing.assert_allclose(parts.sum(axis=1), responses["attributed"])


def test_decisions_are_explained_on_request(data):
    X, Y, hierarchy = data
    settings = {"hidden_layer_sizes": (10,), **QUICK}
    clf = HierarchicalEnsembleClassifier(hierarchy, **settings).fit(X, Y)
    tuned = NodeThresholdClassifier(clf, cv=2).fit(X, Y)
    for model in (clf, tuned):
        for method in ("predict_proba", "decision_proba"):
            found = explain(model, X[:3], list(hierarchy.nodes), response_method=method)
            assert found.method == "integrated_gradients"
            expected = getattr(model, method)(X[:3]).ravel()
            np.testing.assert_allclose(found.responses["response"], expected, rtol=1e-4)


# -- features and their names ----------------------------------------------------------


def test_scalers_change_nothing_but_the_origin(data):
    X, Y, hierarchy = data
    X = 5 + X * [1, 2, 3, 4, 5, 6]
    names = [f"gene {k}" for k in range(6)]
    frame = pd.DataFrame(X, columns=names)
    model = make_pipeline(StandardScaler(), linear(hierarchy)).fit(frame, Y)
    leaf = hierarchy.leaves[0]
    weight = weights_of(model[-1])[0][0, :, hierarchy.index(leaf)]
    found = explain(model, frame[:3], leaf, scale="logit", k=None).table
    expected = (X[:3] - X.mean(axis=0)) / X.std(axis=0) * weight
    table = found.pivot(index="id", columns="feature", values="attribution")
    np.testing.assert_allclose(table[names], expected, rtol=1e-3, atol=1e-5)
    values = found.pivot(index="id", columns="feature", values="value")
    np.testing.assert_array_equal(values[names], X[:3])


def test_features_that_are_chosen_filled_and_searched_keep_their_names(data):
    X, Y, hierarchy = data
    X = np.column_stack([np.ones(len(X)), X])  # the first says nothing
    X[0, 2] = np.nan
    model = make_pipeline(
        SimpleImputer(), VarianceThreshold(), StandardScaler(), linear(hierarchy)
    )
    search = GridSearchCV(
        model, {"hierarchicalensembleclassifier__max_epochs": [1]}, cv=KFold(2)
    )
    search.fit(X, Y)
    names = list("abcdefg")
    found = explain(search, X[:1], hierarchy.nodes[0], feature_names=names, k=None)
    assert found.method == "integrated_gradients"
    table = found.table.set_index("feature")
    assert set(table.index) <= set("bcdefg")
    assert np.isnan(table.loc["c", "value"])  # filled with the mean
    assert abs(table.loc["c", "attribution"]) < 1e-6
    assert table.loc["b", "value"] == X[0, 1]


def test_what_transformers_make_has_their_names(data):
    X, Y, hierarchy = data
    frame = pd.DataFrame(X, columns=list("abcdef"))
    columns = make_column_transformer(
        ("passthrough", ["f"]), (PCA(2), list("abcd")), verbose_feature_names_out=False
    )
    model = make_pipeline(columns, linear(hierarchy)).fit(frame, Y)
    found = explain(model, frame[:1], hierarchy.nodes[0], k=None).table
    assert set(found["feature"]) == {"f", "pca0", "pca1"}
    values = found.set_index("feature")["value"]
    assert values["f"] == frame["f"][0]
    made = columns.transform(frame[:1])[0]
    assert values["pca0"] == pytest.approx(made[1], rel=1e-5)


def test_sparse_rows(data):
    _, Y, hierarchy = data
    rng = np.random.default_rng(0)
    wide = sp.random_array((120, 400), density=0.01, rng=rng, format="csr")
    model = make_pipeline(MaxAbsScaler(), linear(hierarchy)).fit(wide, Y)
    (layer,) = model[-1].net_.module_.layers
    assert type(layer).__name__ == "SparseInputLinear"
    leaf = hierarchy.leaves[0]
    dense = model[0].transform(wide[:4]).toarray()
    weight = layer.scale * layer.weight.detach().numpy()[:, hierarchy.index(leaf)]
    found = explain(model, wide[:4], leaf, scale="logit", k=None)
    np.testing.assert_allclose(matrix(found, 400), dense * weight, rtol=1e-3, atol=1e-5)
    # A line for what a row has, and nothing for its zeros.
    assert len(found.table) == wide[:4].nnz
    taken = explain(model, wide[:4], leaf, method="occlusion", scale="logit", k=None)
    np.testing.assert_allclose(matrix(taken, 400), dense * weight, rtol=1e-3, atol=1e-5)


def test_ids_titles_and_the_library(data):
    X, Y, hierarchy = data
    clf = linear(hierarchy).fit(X, Y)
    bunch = Bunch(data=X[:2], ids=["P1", "P2"], feature_names=list("abcdef"))
    found = explain(clf, bunch, hierarchy.nodes[0], k=2).table
    assert found["id"].tolist() == ["P1", "P1", "P2", "P2"]
    assert set(found["feature"]) <= set("abcdef")
    frame = pl.DataFrame(X, schema=list("abcdef"))
    found = explain(clf.fit(frame, Y), frame[:2], hierarchy.nodes[0], k=2)
    assert isinstance(found.table, pl.DataFrame)
    assert isinstance(found.responses, pl.DataFrame)


def test_titles():
    hierarchy = Hierarchy.from_edges([("a", "b")], names={"b": "binding"})
    X = np.random.default_rng(0).normal(size=(20, 3))
    Y = np.column_stack([X[:, 0] > 0, (X[:, 0] > 0) & (X[:, 1] > 0)])
    clf = linear(hierarchy).fit(X, Y)
    found = explain(clf, X[:1], ["b", "a"], k=1)
    assert found.table["name"].tolist() == ["binding", None]
    assert found.responses["name"].tolist() == ["binding", None]
    assert found.responses["node"].tolist() == ["b", "a"]


def test_the_largest_come_first(data):
    X, Y, hierarchy = data
    clf = linear(hierarchy).fit(X, Y)
    whole = explain(clf, X[:3], hierarchy.nodes[0], k=None)
    best = explain(clf, X[:3], hierarchy.nodes[0], k=2)
    for _, part in whole.table.groupby("id"):
        assert part["attribution"].abs().is_monotonic_decreasing
    pd.testing.assert_frame_equal(
        best.table, whole.table.groupby("id").head(2).reset_index(drop=True)
    )
    pd.testing.assert_frame_equal(best.responses, whole.responses)


def test_the_model_and_its_gradients_stay_as_they_were(data):
    X, Y, hierarchy = data
    clf = linear(hierarchy).fit(X, Y)
    before = clf.predict_proba(X)
    with torch.no_grad():
        explain(clf, X[:2], hierarchy.nodes[0])
    assert all(p.requires_grad for p in clf.net_.module_.parameters())
    np.testing.assert_array_equal(clf.predict_proba(X), before)


def test_an_encoder_of_tables(data):
    # A network whose first layer is not ours: points of its paths are rows.
    X, Y, hierarchy = data
    encoder = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh())
    clf = HierarchicalEnsembleClassifier(
        hierarchy, encoder=encoder, hidden_layer_sizes=(8,), **QUICK
    ).fit(X.astype(np.float32), Y)
    found = explain(clf, X[:4], hierarchy.nodes[0], k=None).responses
    assert found["response"].tolist() == pytest.approx(
        clf.predict_proba(X[:4])[:, 0].tolist(), rel=1e-4
    )
    difference = found["response"] - found["baseline"]
    np.testing.assert_allclose(found["attributed"], difference, atol=2e-3)


def test_nodes_without_rows_leave_the_others_as_they_are():
    hierarchy = Hierarchy.from_edges([("a", "b"), ("a", "c")], unscored=["a"])
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    Y = np.zeros((30, 3), dtype=int)
    Y[X[:, 0] > 0] = [1, 0, 1]
    clf = HierarchicalEnsembleClassifier(
        hierarchy, hidden_layer_sizes=(6,), max_epochs=3, random_state=0
    )
    with pytest.warns(UserWarning, match="no positive"):
        clf.fit(X, Y)
    found = explain(clf, X[:5], "c").responses
    expected = clf.predict_proba(X[:5])[:, hierarchy.index("c")]
    np.testing.assert_allclose(found["response"], expected, rtol=1e-4)


def test_log_odds_where_probabilities_round_to_one(data):
    X, Y, hierarchy = data
    clf = linear(hierarchy).fit(X, Y)
    (layer,) = clf.net_.module_.layers
    leaf = hierarchy.leaves[0]
    with torch.no_grad():
        layer.weight *= 1000
    weight = weights_of(clf)[0][0, :, hierarchy.index(leaf)]
    found = explain(clf, X[:4], leaf, scale="logit", k=None)
    np.testing.assert_allclose(matrix(found, 6), X[:4] * weight, rtol=1e-3, atol=1e-2)

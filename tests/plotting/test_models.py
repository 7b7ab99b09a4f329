"""Every display draws the same numbers, whatever holds the model and the labels."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy, plotting
from sklearn_hmlc.over_sampling import LPROS
from sklearn_hmlc.plotting import _models
from sklearn_hmlc.postprocessing import NodeThresholdClassifier

imblearn = pytest.importorskip("imblearn.pipeline")
multilearn = pytest.importorskip("skmultilearn.problem_transform")


def ensemble(hierarchy):
    return HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=2, hidden_layer_sizes=(5,), max_epochs=2, random_state=0
    )


def sampled(hierarchy):
    sampler = LPROS(labelset=0, hierarchy=hierarchy, random_state=0)
    return imblearn.make_pipeline(StandardScaler(), sampler, ensemble(hierarchy))


def test_a_hierarchy_is_found_inside(data):
    X, Y, hierarchy = data
    model = sampled(hierarchy).fit(X, Y)
    assert _models.find_hierarchy({"a": 3, "b": model}) is hierarchy
    assert _models.find_hierarchy({"a": 3}) is None
    other = Hierarchy.flat(list("abc"))
    assert _models.find_hierarchy({"b": model}, other) is other
    with pytest.raises(TypeError, match="`hierarchy` to be a Hierarchy, but got str"):
        _models.find_hierarchy({"b": model}, "given")


def test_without_a_hierarchy_columns_are_those_of_y(data, named):
    X = data[0]
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    turned = named.iloc[:, ::-1]
    areas = [
        plotting.PooledPRCurveDisplay.from_estimator(forest.fit(X, y), X, y).area[0]
        for y in (turned.to_numpy(), turned)
    ]
    assert areas[0] == areas[1]


def test_a_list_with_one_array_per_node(data):
    X, Y, hierarchy = data
    neighbors = KNeighborsClassifier().fit(X, Y)
    given = {"it": neighbors}, X, Y, "predict_proba", hierarchy
    _, answers = _models.answers(*given)
    expected = np.column_stack([p[:, 1] for p in neighbors.predict_proba(X)])
    np.testing.assert_array_equal(answers["it"], expected)


def test_models_of_several_orders_need_names(data, named, fitted):
    X, Y, hierarchy = data
    models = {"reversed": fitted, "straight": ensemble(hierarchy).fit(X, Y)}
    draw = plotting.RarityDisplay.from_estimator
    with pytest.raises(ValueError, match="`y` has no names"):
        draw(models, X, Y, y_train=named)
    with pytest.raises(ValueError, match="`y_train` has no names"):
        draw(models, X, named, y_train=Y)
    turned = named.sample(frac=1, axis=1, random_state=0)
    together = draw(models, X, turned, y_train=named)
    for name, model in models.items():
        alone = draw(model, X, named, y_train=turned, name=name)
        for key, bars in alone.bars_.items():
            heights = [bar.get_height() for bar in bars]
            assert heights == [bar.get_height() for bar in together.bars_[key]]


def test_an_inner_classifier_that_knows_no_names(data, named):
    X, _, hierarchy = data
    turned = named.iloc[:, ::-1]
    flat = FrozenEstimator(ensemble(None).fit(X, turned.to_numpy()))
    model = NodeThresholdClassifier(flat, hierarchy).fit(X, turned)
    with pytest.raises(ValueError, match="inside NodeThresholdClassifier to name"):
        plotting.UncertaintyDisplay.from_estimator(model, X, named)
    row = plotting.HierarchyDisplay.from_estimator(model, X[[0]], max_nodes=25)
    assert row.bars_ is None
    expected = model.predict_proba(X[[0]])[0]
    found = {
        row.nodes_[int(y)]: x
        for line in row.points_.values()
        for x, y in zip(*line.get_data(), strict=True)
    }
    assert found == dict(zip(model.classes_, expected, strict=True))


def test_names():
    frame = pd.DataFrame({"x": [1]})
    assert _models.by_name(frame) == {None: frame}
    assert _models.by_name(3, "three") == {"three": 3}
    assert _models.estimators_by_name(3) == {"int": 3}
    assert _models.estimators_by_name({"a": 3}) == {"a": 3}


def test_no_such_method(data):
    with pytest.raises(AttributeError, match="`predict`, but int has none"):
        _models.answers({"a": 3}, None, None, "predict", data[2])


@pytest.mark.parametrize(
    "kind",
    [
        plotting.PooledPRCurveDisplay,
        plotting.RarityDisplay,
        plotting.UncertaintyDisplay,
    ],
)
def test_a_bare_mask_beside_named_columns_in_another_order(data, named, kind):
    X, _, hierarchy = data
    turned = named.iloc[:, ::-1]
    model = ensemble(hierarchy).fit(X, turned)
    mask = hierarchy.scored & (np.arange(hierarchy.n_nodes) != 1)
    more = {"y_train": turned} if kind is plotting.RarityDisplay else {}
    asked = {"scored": mask, **more}
    for y in (turned, turned.to_numpy()):
        with pytest.raises(ValueError, match="`scored` has no names"):
            kind.from_estimator(model, X, y, **asked)
    pred = [model.predict(X)] if kind is not plotting.PooledPRCurveDisplay else []
    scores = pd.DataFrame(model.predict_proba(X), columns=turned.columns)
    scores = [] if kind is plotting.RarityDisplay else [scores]
    with pytest.raises(ValueError, match="`scored` has no names"):
        kind.from_predictions(turned, *pred, *scores, hierarchy=hierarchy, **asked)
    asked["scored"] = dict(zip(hierarchy.nodes, mask, strict=True))
    kind.from_estimator(model, X, turned, **asked)
    kind.from_predictions(turned, *pred, *scores, hierarchy=hierarchy, **asked)

"""Every display draws the same numbers, whatever holds the model and the labels."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy, plotting
from sklearn_hmlc.over_sampling import LPROS
from sklearn_hmlc.plotting import _models
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier

imblearn = pytest.importorskip("imblearn.pipeline")
multilearn = pytest.importorskip("skmultilearn.problem_transform")


def ensemble(hierarchy):
    return HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=2, hidden_layer_sizes=(5,), max_epochs=2, random_state=0
    )


def sampled(hierarchy):
    sampler = LPROS(labelset=0, hierarchy=hierarchy, random_state=0)
    return imblearn.make_pipeline(StandardScaler(), sampler, ensemble(hierarchy))


MODELS = {
    "classifier": ensemble,
    "pipeline": lambda h: make_pipeline(StandardScaler(), ensemble(h)),
    "sampler": sampled,
    "search": lambda h: GridSearchCV(
        sampled(h), {"hierarchicalensembleclassifier__lr": [0.01]}, cv=2
    ),
    "thresholds": lambda h: NodeThresholdClassifier(ensemble(h), cv=2, random_state=0),
    "coherent forest": lambda h: CoherentClassifier(
        RandomForestClassifier(n_estimators=5, random_state=0), h
    ),
    "relevance": lambda h: multilearn.BinaryRelevance(LogisticRegression()),
}
CONTAINERS = {
    "array": lambda Y, names: Y,
    "csr": lambda Y, names: sp.csr_matrix(Y),
    "pandas": lambda Y, names: pd.DataFrame(Y, columns=names).iloc[:, ::-1],
    "polars": lambda Y, names: pl.DataFrame(Y, schema=list(names))[list(names)[::-1]],
}


def pooled(model, X, y, hierarchy):
    display = plotting.PooledPRCurveDisplay.from_estimator(
        model, X, y, hierarchy=hierarchy
    )
    return display.area + display.line_[0].get_ydata().tolist()


def rarity(model, X, y, hierarchy):
    metric = ["recall", "precision", "auprc"]
    display = plotting.RarityDisplay.from_estimator(
        model, X, y, hierarchy=hierarchy, metric=metric, y_train=y
    )
    return [bar.get_height() for bars in display.bars_.values() for bar in bars]


def one_row(model, X, y, hierarchy):
    display = plotting.HierarchyDisplay.from_estimator(
        model, X[[3]], y[[3]] if not isinstance(y, pd.DataFrame) else y.iloc[[3]],
        hierarchy=hierarchy,
    )  # fmt: skip
    points = {
        display.nodes_[int(row)]: (outcome, value)
        for outcome, line in display.points_.items()
        for value, row in zip(*line.get_data(), strict=True)
    }
    unsure = [bar.get_width() for bar in display.bars_ or ()]
    return [points[node][1] for node in hierarchy.nodes] + unsure


def unsure(model, X, y, hierarchy):
    display = plotting.UncertaintyDisplay.from_estimator(
        model, X, y, hierarchy=hierarchy
    )
    return display.table.drop(columns="depth").to_numpy().ravel()


def training(model, X, y, hierarchy):
    display = plotting.TrainingDisplay.from_estimator(model)
    return display.line_["train_loss", None].get_ydata()


@pytest.mark.filterwarnings("ignore:.* no positive row")  # in half of the rows
@pytest.mark.parametrize("kind", MODELS)
def test_the_same_numbers(data, kind):
    X, Y, hierarchy = data
    displays = [pooled, rarity, one_row]
    if kind not in ("coherent forest", "relevance"):
        displays += [unsure, training]
    found = {}
    for container, make in CONTAINERS.items():
        y = make(Y, hierarchy.nodes)
        model = MODELS[kind](hierarchy).fit(X, y)
        for display in displays:
            found[display, container] = display(model, X, y, hierarchy)
    for display in displays:
        expected = found[display, "array"]
        assert len(expected) > 0
        for container in CONTAINERS:
            np.testing.assert_allclose(
                found[display, container], expected, rtol=1e-5, err_msg=container
            )


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
    model = CoherentClassifier(ensemble(None), hierarchy).fit(X, named.iloc[:, ::-1])
    with pytest.raises(ValueError, match="inside CoherentClassifier to name its col"):
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

"""What is read predicts what was written, to the bit, and goes on being trained."""

import importlib
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.io import describe_model, load_model, save_model
from sklearn_hmlc.postprocessing import CoherentClassifier

from . import models
from .models import FRAME, HIERARCHY, LABELS, MODELS, X, Y, answers, fitted, net

CHILD = """
import sys, numpy as np
from pathlib import Path
from sklearn_hmlc.io import load_model
from tests.io.models import MODELS, answers
folder = Path(sys.argv[1])
for name, (_, rows, _) in MODELS.items():
    found = answers(load_model(folder / name), rows)
    np.savez(folder / f"{name}.npz", **{k: v.astype(str) if v.dtype == object else v
                                        for k, v in found.items()})
"""


@pytest.fixture(scope="module")
def asked_elsewhere(tmp_path_factory):
    """Answers before, and those of models that another process has read."""
    folder = tmp_path_factory.mktemp("models")
    before = {}
    for name in MODELS:
        model, rows = fitted(name)
        before[name] = answers(model, rows)
        save_model(model, folder / name)
    subprocess.run([sys.executable, "-c", CHILD, folder], check=True, timeout=300)
    return before, {name: np.load(folder / f"{name}.npz") for name in MODELS}


@pytest.mark.parametrize("name", MODELS)
def test_predictions_in_a_new_process(asked_elsewhere, name):
    before, after = (side[name] for side in asked_elsewhere)
    assert set(before) == set(after.files)
    for method, values in before.items():
        values = values.astype(str) if values.dtype == object else values
        np.testing.assert_array_equal(values, after[method], strict=True)


def public_estimators():
    import sklearn_hmlc
    from sklearn_hmlc import _FOLDERS

    for module in [sklearn_hmlc, *(f"sklearn_hmlc.{name}" for name in _FOLDERS)]:
        module = importlib.import_module(module) if isinstance(module, str) else module
        for name in module.__all__:
            one = getattr(module, name)
            if inspect.isclass(one) and hasattr(one, "get_params"):
                yield one


def test_every_public_estimator_is_among_them():
    known = [model for model, *_ in MODELS.values()]
    known += [*models.SAMPLERS.values(), models.BINARIZER]
    kinds = {type(model) for model in known}
    public = {one for one in public_estimators() if not inspect.isabstract(one)}
    assert public <= kinds


@pytest.mark.parametrize("name", models.SAMPLERS)
def test_samplers(tmp_path, name):
    sampler = models.SAMPLERS[name]
    before = sampler.fit_resample(X, Y)
    save_model(sampler, tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.sample_indices_, sampler.sample_indices_)
    for one, other in zip(before, again.fit_resample(X, Y), strict=True):
        np.testing.assert_array_equal(one, other)


def test_binarizer(tmp_path):
    binarizer = models.BINARIZER.fit([])
    save_model(binarizer, tmp_path / "model")
    names = [HIERARCHY.nodes[3:4], ()]
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.transform(names), binarizer.transform(names))
    assert again.inverse_transform(again.transform(names)) == (
        binarizer.inverse_transform(binarizer.transform(names))
    )


def test_unfitted_models_are_fitted_to_the_same(tmp_path):
    save_model(net(), tmp_path / "model")
    again = load_model(tmp_path / "model").fit(X, Y)
    np.testing.assert_array_equal(
        again.predict_proba(X), net().fit(X, Y).predict_proba(X)
    )


# -- training goes on ------------------------------------------------------------------


def without_moments(model):
    """A copy whose optimiser remembers nothing, as after a fit."""
    model = pickle.loads(pickle.dumps(model))
    model.net_.optimizer_.state.clear()
    return model


@pytest.mark.parametrize("name", ["heads", "dropout", "sparse", "paths", "torch"])
def test_partial_fit_goes_on_to_the_bit(tmp_path, name):
    model, rows = fitted(name)
    labels = MODELS[name][2]
    save_model(model, tmp_path / "model")
    again, twin = load_model(tmp_path / "model"), without_moments(model)
    for one in (again, twin):
        one.partial_fit(rows, labels)
        assert one.n_iter_ == 3
    np.testing.assert_array_equal(again.predict_proba(rows), twin.predict_proba(rows))


def test_warm_start_goes_on_to_the_bit(tmp_path):
    model = net(warm_start=True, early_stopping=True).fit(X, Y)
    save_model(model, tmp_path / "model")
    again, twin = load_model(tmp_path / "model"), without_moments(model)
    for one in (again, twin):
        one.set_params(max_epochs=3).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), twin.predict_proba(X))
    assert [e["train_loss"] for e in again.history_] == (
        [e["train_loss"] for e in twin.history_]
    )


def test_what_may_not_change_still_may_not(tmp_path):
    model = net(warm_start=True).fit(X, Y)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model").set_params(dropout=0.1)
    with pytest.raises(ValueError, match=r"dropout changed from 'auto' to 0\.1"):
        again.fit(X, Y)


def test_params_that_were_changed_after_the_fit(tmp_path):
    model = net().fit(X, Y).set_params(hidden_layer_sizes=(3,), lr=0.5)
    before = model.predict_proba(X)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.get_params()["hidden_layer_sizes"] == (3,)
    np.testing.assert_array_equal(again.predict_proba(X), before)
    with pytest.raises(ValueError, match="hidden_layer_sizes changed"):
        again.partial_fit(X, Y)


def test_a_trimmed_model_stays_one(tmp_path):
    model = net().fit(X, Y)
    model.net_.trim_for_prediction()
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match="trimmed"):
        again.partial_fit(X, Y)


def test_saving_changes_nothing(tmp_path):
    model = net(warm_start=True).fit(X, Y)
    before = pickle.dumps(model)
    state = torch.get_rng_state()
    save_model(model, tmp_path / "model")
    load_model(tmp_path / "model")
    assert pickle.dumps(model) == before
    assert torch.equal(torch.get_rng_state(), state)


# -- containers and facts --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "nullable", "polars", "pyarrow"])
def test_frames_come_back(tmp_path, kind):
    if kind == "pandas":
        labels = LABELS
    elif kind == "nullable":
        labels = LABELS.astype("Int8").astype({LABELS.columns[0]: "bool"})
    else:
        library = pytest.importorskip(kind)
        make = library.DataFrame if kind == "polars" else library.table
        labels = make({name: LABELS[name].to_numpy() for name in LABELS})
    model = net().fit(FRAME, labels)
    save_model(model, tmp_path / "model")
    before, after = model.predict(FRAME), load_model(tmp_path / "model").predict(FRAME)
    assert type(after) is type(before)
    if isinstance(before, pd.DataFrame):
        pd.testing.assert_frame_equal(after, before)
    else:
        assert after.equals(before)


def test_hierarchies_come_back_as_one(tmp_path):
    facts = {
        "names": {("b", 1): "B one"},
        "namespaces": {3: ("n", 1)},
        "metadata": {"version": "2026-01", "size": [1, 2.5]},
        "alternatives": {"old": 3},
    }
    hierarchy = models.HIERARCHY.from_edges(
        [("a", ("b", 1)), ("a", 3), (3, True)], unscored=["a"], **facts
    )
    labels = hierarchy.close(np.eye(4, dtype=int)[np.arange(90) % 4])
    model = net(hierarchy=hierarchy).fit(X, labels)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.hierarchy_ == hierarchy
    assert hash(again.hierarchy_) == hash(hierarchy)
    assert again.hierarchy is again.hierarchy_ is again._target.hierarchy
    assert list(map(type, again.classes_)) == list(map(type, model.classes_))
    (found,) = describe_model(tmp_path / "model")["hierarchies"]
    assert found["metadata"] == facts["metadata"]


def test_an_ontology_is_told_by_the_file(tmp_path):
    path = Path(__file__).parents[1] / "data" / "ontology" / "go_excerpt.obo"
    hierarchy = models.HIERARCHY.from_obo(path)
    save_model(net(hierarchy=hierarchy), tmp_path / "model")
    (found,) = describe_model(tmp_path / "model")["hierarchies"]
    assert found["metadata"]["data-version"] == "releases/2022-07-01"
    again = load_model(tmp_path / "model").hierarchy
    assert again == hierarchy
    assert again.metadata["relations"] == ("is_a", "part_of")


def test_describe_model(tmp_path):
    model = net().fit(FRAME, LABELS)
    save_model(model, tmp_path / "model", metadata={"trained on": "genes"})
    found = describe_model(tmp_path / "model")
    assert found["estimator"].endswith(".HierarchicalEnsembleClassifier")
    assert found["metadata"] == {"trained on": "genes"}
    assert found["parameters"]["hidden_layer_sizes"] == [6]
    assert found["fitted"]["classes"] == list(LABELS)
    assert found["fitted"]["feature_names"] == list(FRAME)
    assert set(found["versions"]) >= {"sklearn_hmlc", "torch", "numpy", "scikit-learn"}
    assert [len(h["nodes"]) for h in found["hierarchies"]] == [9]


def test_weights_can_be_read_by_others(tmp_path):
    import zipfile

    from safetensors.torch import load

    model = net().fit(X, Y)
    save_model(model, tmp_path / "model")
    with zipfile.ZipFile(tmp_path / "model") as archive:
        found = load(archive.read("weights.safetensors"))
    weights = {k: v.cpu() for k, v in model.net_.module_.state_dict().items()}
    assert {name.partition(".")[2] for name in found} == set(weights)
    assert all(torch.equal(x, weights[k.partition(".")[2]]) for k, x in found.items())


def test_the_folder_of_checkpoints_may_be_a_path(tmp_path):
    folder = tmp_path / "training"
    X, Y = np.eye(8, dtype=np.float32), np.eye(8, dtype=int)
    clf = HierarchicalEnsembleClassifier(
        checkpoint=folder, max_epochs=2, hidden_layer_sizes=4, random_state=0
    ).fit(X, Y)
    for model in (clf, clone(clf).fit(X, Y)):
        save_model(model, tmp_path / "m.hmlc", force=True)
        loaded = load_model(tmp_path / "m.hmlc")
        assert loaded.checkpoint == str(folder)
        np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


COLUMNS = {
    "range": lambda nodes: pd.RangeIndex(len(nodes)),
    "numbers": lambda nodes: pd.Index(range(len(nodes)), dtype="int64"),
    "tuples": lambda nodes: pd.Index(
        [("n", k) for k in range(len(nodes))], tupleize_cols=False, name="node"
    ),
    "levels": lambda nodes: pd.MultiIndex.from_tuples(
        [("n", k) for k in range(len(nodes))], names=["kind", "number"]
    ),
    "names": lambda nodes: pd.Index([f"n{k}" for k in range(len(nodes))], name="x"),
}


@pytest.mark.parametrize("wrap", [lambda clf: clf, CoherentClassifier])
@pytest.mark.parametrize("make", COLUMNS.values(), ids=COLUMNS)
def test_columns_of_frames_of_any_kind(make, wrap, tmp_path):
    labels = pd.DataFrame(Y, columns=make(HIERARCHY.nodes))
    flat = Hierarchy.flat(labels.columns.tolist())
    model = wrap(net(hierarchy=flat)).fit(X, labels)
    save_model(model, tmp_path / "model.hmlc")
    again = load_model(tmp_path / "model.hmlc")
    found, expected = again.predict(X), model.predict(X)
    pd.testing.assert_frame_equal(found, expected, check_column_type=False)
    assert found.columns.names == expected.columns.names

"""Products in bfloat16: about the same model, and exact where it has to be."""

import numpy as np
import pytest
import torch

from sklearn_hmlc import HierarchicalEnsembleClassifier, _torch
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.io import load_model, save_model
from sklearn_hmlc.metrics import au_prc

X, Y, HIERARCHY = make_hierarchical_multilabel(200, 20, 21, kind="dag", random_state=0)


def fitted(**params):
    usual = {"n_estimators": 3, "hidden_layer_sizes": (32,), "dropout": 0.3}
    usual |= {"max_epochs": 8, "random_state": 0, "precision": "bf16"}
    return HierarchicalEnsembleClassifier(HIERARCHY, **usual | params).fit(X, Y)


def coherent(proba):
    """Whether a parent is never below its child, to the last bit."""
    return all((proba[:, a] >= proba[:, b]).all() for a, b in HIERARCHY.edges)


def test_it_learns_what_float32_does():
    half, full = fitted(), fitted(precision="float32")
    np.testing.assert_allclose(half.loss_curve_, full.loss_curve_, rtol=5e-3)
    assert half.loss_curve_ != full.loss_curve_
    mine, theirs = (au_prc(Y, one.predict_proba(X)) for one in (half, full))
    assert mine == pytest.approx(theirs, abs=0.02)
    assert coherent(half.predict_proba(X))
    assert coherent(half.decision_proba(X))
    assert all(map(coherent, half.predict_members(X)))
    assert HIERARCHY.is_closed(half.predict(X))


@pytest.mark.parametrize("ensemble", ["heads", "dropout", "last_layer"])
def test_products_alone_are_narrow(ensemble):
    """And weights, the loss and predictions are float32."""
    clf = fitted(ensemble=ensemble, max_epochs=1, warm_start=True)
    seen = []

    def look(module, inputs, out):
        seen.append((module.training, out.dtype))

    clf.net_.module_.layers[-1].register_forward_hook(look)
    batch = torch.from_numpy(X.astype("f4")), (torch.from_numpy(Y.astype(bool)),)
    step = clf.net_.train_step(batch)
    assert step["y_pred"].dtype == step["loss"].dtype == torch.float32
    clf.predict_proba(X)
    assert seen == [(True, torch.bfloat16), (False, torch.float32)]
    assert {p.dtype for p in clf.net_.module_.parameters()} == {torch.float32}


def test_training_goes_on_in_another_precision():
    clf = fitted(max_epochs=1, warm_start=True)
    clf.set_params(precision="float32").fit(X, Y)
    assert clf.net_.precision_ == "float32"
    assert clf.n_iter_ == 2


def test_model_files_keep_it(tmp_path):
    clf = fitted(max_epochs=1)
    save_model(clf, tmp_path / "model.hmlc")
    loaded = load_model(tmp_path / "model.hmlc")
    assert loaded.precision == loaded.net_.precision_ == "bf16"
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_a_model_of_a_launch_is_loaded_without_one(tmp_path, monkeypatch):
    pytest.importorskip("accelerate")
    clf = fitted(max_epochs=1, device="accelerate")
    save_model(clf, tmp_path / "model.hmlc")
    monkeypatch.setenv("WORLD_SIZE", "2")
    loaded = load_model(tmp_path / "model.hmlc")
    assert (loaded.device, loaded.net_.device) == ("accelerate", "cpu")
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_a_device_without_it_is_refused(monkeypatch):
    monkeypatch.setattr(_torch, "_multiplies", lambda dtype, device: False)
    with pytest.raises(ValueError, match="which cpu does not; use precision='float32'"):
        fitted()
    assert fitted(precision="float32", max_epochs=1).n_iter_ == 1


def test_whether_a_device_has_it_is_tried():
    assert _torch._multiplies(torch.bfloat16, torch.device("cpu"))
    assert not _torch._multiplies(torch.bfloat16, torch.device("meta"))


@pytest.mark.parametrize("precision", ["fp16", None, 32])
def test_other_precisions_are_refused(precision):
    with pytest.raises(ValueError, match=r"'precision' parameter .* must be"):
        fitted(precision=precision)


def test_sparse_rows_and_encoders():
    encoder = torch.nn.Sequential(torch.nn.Linear(20, 8), torch.nn.ReLU())
    assert coherent(fitted(encoder=encoder, max_epochs=2).predict_proba(X))

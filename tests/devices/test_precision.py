"""Products in bfloat16: about the same model, and exact where it has to be."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from sklearn_hmlc import HierarchicalEnsembleClassifier, _torch
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.io import load_model, save_model
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.nn import SparseInputLinear
from tests.callbacks import Unseen

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
    assert (loaded.device, loaded.net_.device) == ("accelerate", clf.net_.device)
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_a_device_without_it_is_refused(monkeypatch):
    monkeypatch.setattr(_torch, "_multiplies", lambda dtype, device: False)
    with pytest.raises(ValueError, match="which cpu does not; use precision='float32'"):
        fitted(device="cpu")
    assert fitted(precision="float32", max_epochs=1).n_iter_ == 1


def test_whether_a_device_has_it_is_tried():
    assert _torch._multiplies(torch.bfloat16, torch.device("cpu"))
    assert not _torch._multiplies(torch.bfloat16, torch.device("meta"))


@pytest.mark.parametrize("precision", ["fp16", None, 32])
def test_other_precisions_are_refused(precision):
    with pytest.raises(ValueError, match=r"'precision' parameter .* must be"):
        fitted(precision=precision)


SPARSE = sp.csr_array(
    (np.random.default_rng(0).random((200, 400)) < 0.02).astype(np.float32)
)


def of_sparse_rows(**params):
    usual = {"n_estimators": 2, "hidden_layer_sizes": (16, 8), "max_epochs": 4}
    usual |= {"random_state": 0, "precision": "bf16"}
    return HierarchicalEnsembleClassifier(HIERARCHY, **usual | params)


@pytest.mark.parametrize("ensemble", ["heads", "dropout", "last_layer"])
def test_a_sparse_first_layer(ensemble):
    """Which has no products: its sums of rows, and their gradients, stay float32."""
    half, full = (
        of_sparse_rows(ensemble=ensemble, precision=precision).fit(SPARSE, Y)
        for precision in ("bf16", "float32")
    )
    layers = [
        m for m in half.net_.module_.modules() if isinstance(m, SparseInputLinear)
    ]
    assert [layer.sparse_grad for layer in layers] == [True]
    assert {p.dtype for p in half.net_.module_.parameters()} == {torch.float32}
    assert half.loss_curve_ != full.loss_curve_
    np.testing.assert_allclose(half.loss_curve_, full.loss_curve_, rtol=5e-3)
    proba = half.predict_proba(SPARSE)
    assert coherent(proba)
    np.testing.assert_allclose(proba, full.predict_proba(SPARSE), atol=0.02)


class Stop(Unseen):
    """Interrupts a training after some epochs; that is nothing to the training."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epochs:
            raise KeyboardInterrupt


@pytest.mark.parametrize("more", [{}, {"early_stopping": True, "max_epochs": 6}])
def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path, more):
    def training(epochs, **where):
        stop = {"callbacks": [Stop(epochs)]}
        return of_sparse_rows(dropout=0.5, net_params=stop, **more, **where)

    kept = {"checkpoint": tmp_path / "kept", "checkpoint_every": 0}
    whole = training(99).fit(SPARSE, Y)
    with pytest.raises(KeyboardInterrupt):
        training(3, **kept).fit(SPARSE, Y)
    again = training(99, **kept).fit(SPARSE, Y)
    assert again.loss_curve_ == whole.loss_curve_
    assert again.validation_scores_ == whole.validation_scores_
    np.testing.assert_array_equal(
        again.predict_proba(SPARSE), whole.predict_proba(SPARSE)
    )
    with pytest.raises(ValueError, match="`precision` was 'bf16', and is 'float32'"):
        training(99, **kept).set_params(precision="float32").fit(SPARSE, Y)


def test_encoders():
    encoder = torch.nn.Sequential(torch.nn.Linear(20, 8), torch.nn.ReLU())
    assert coherent(fitted(encoder=encoder, max_epochs=2).predict_proba(X))

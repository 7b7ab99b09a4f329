"""skops and mlflow take the estimators as they are."""

import importlib

import numpy as np
import pytest
import skops.io
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import EarlyStopping, GradientNormClipping, LRScheduler

from sklearn_hmlc import TRUSTED_TYPES
from sklearn_hmlc.io import ModelFileError, load_model, save_model
from sklearn_hmlc.io._trusted import all_trusted

from .models import BINARIZER, NETS, SAMPLERS, X, Y, answers, fitted, net

EXPERTS = ["forest", "neighbours", "distances", "kernel", "components", "voting"]


@pytest.mark.parametrize("name", [*NETS, *EXPERTS, "thresholds"])
def test_skops_takes_ours_as_they_are(name):
    model, rows = fitted(name)
    data = skops.io.dumps(model)
    again = skops.io.loads(data, trusted=TRUSTED_TYPES)
    before, after = answers(model, rows), answers(again, rows)
    for method, values in before.items():
        np.testing.assert_array_equal(after[method], values, strict=True)


@pytest.mark.parametrize("model", [*SAMPLERS.values(), BINARIZER.fit([])])
def test_skops_takes_samplers_and_binarizers(model):
    again = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    assert again.get_params() == model.get_params()


def test_half_precision_in_skops():
    """NumPy has no bfloat16, of which its files could be made."""
    encoder = torch.nn.Linear(12, 5).bfloat16()
    again = skops.io.loads(skops.io.dumps(net(encoder=encoder)), trusted=TRUSTED_TYPES)
    assert again.encoder.weight.dtype == torch.bfloat16
    assert torch.equal(again.encoder.weight, encoder.weight)


def test_types_are_there():
    for name in all_trusted():
        module, _, kind = name.rpartition(".")
        assert hasattr(importlib.import_module(module), kind), name


def test_callbacks_of_skorch(tmp_path):
    callbacks = [
        ("rate", LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1)),
        EarlyStopping("train_loss", patience=7),
        GradientNormClipping(1.0),
    ]
    model = net(net_params={"callbacks": callbacks}).fit(X, Y)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    (_, rate), stop, _ = again.net_params["callbacks"]
    assert (rate.policy, stop.patience) == (torch.optim.lr_scheduler.StepLR, 7)
    assert again.partial_fit(X, Y).n_iter_ == 3


# -- code of the user's ----------------------------------------------------------------


class Doubled(TransformerMixin, BaseEstimator):
    """A step of a user's."""

    def fit(self, X, y=None):
        self.factor_ = np.array([2.0])
        return self

    def transform(self, X):
        return X * self.factor_


def test_steps_of_the_user_are_named_on_both_sides(tmp_path):
    path = tmp_path / "model"
    model = make_pipeline(Doubled(), net()).fit(X, Y)
    name = f"{Doubled.__module__}.Doubled"
    with pytest.raises(ValueError, match=f"holds {name}.*in load_model: trusted="):
        save_model(model, path)
    save_model(model, path, trusted=[name])
    with pytest.raises(ModelFileError, match=f"not known to be safe: {name}"):
        load_model(path)
    again = load_model(path, trusted=name)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    with pytest.raises(TypeError, match="as full names of types"):
        load_model(path, trusted=[Doubled])


def measure(p):
    return p.var(0)


@pytest.mark.parametrize(
    "model", [net(uncertainty=measure), make_pipeline(FunctionTransformer(measure))]
)
def test_functions_of_the_user(tmp_path, model):
    with pytest.raises(ValueError, match=rf"{__name__}\.measure.*by its name"):
        save_model(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_what_skops_can_not_write(tmp_path):
    model = net(threshold={("a", "b"): 0.5})
    with pytest.raises(ValueError, match=r"save_model can.t write this model"):
        save_model(model, tmp_path / "model")

"""Encoders: of torch's own modules as they are, of the user's with the user's help."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_hmlc.io import load_model, save_model

from .models import X, Y, encoder, net


class Own(nn.Module):
    """An encoder of a user's, with code that no file can hold."""

    def __init__(self, width=5):
        super().__init__()
        self.layer = nn.Linear(12, width)
        self.register_buffer("shift", torch.ones(width))

    def forward(self, x):
        return torch.sin(self.layer(x)) + self.shift


class Other(Own):
    pass


@pytest.mark.parametrize("freeze", [False, True])
def test_modules_of_torch(tmp_path, freeze):
    given = encoder()
    given[0].bias.requires_grad_(False)
    model = net(encoder=given, freeze_encoder=freeze).fit(X, Y)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert str(again.encoder) == str(given)
    assert again.encoder[1] is again.encoder[4]
    assert again.encoder[0].weight is again.encoder[3].weight
    for one, other in zip(again.encoder.parameters(), given.parameters(), strict=True):
        assert torch.equal(one, other)
        assert one.requires_grad == other.requires_grad
    # A fit begins with the encoder as it was given, not as it was trained.
    np.testing.assert_array_equal(
        again.fit(X, Y).predict_proba(X), model.fit(X, Y).predict_proba(X)
    )


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 4, 3, padding="same"),
        nn.BatchNorm2d(3),
        nn.LayerNorm((3, 4, 4)),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1),
        nn.GroupNorm(3, 3),
        nn.Upsample(scale_factor=2),
        nn.PReLU(),
        nn.Sequential(nn.Dropout(0.5), nn.Flatten(), nn.Linear(48, 5)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers(tmp_path, layer):
    images = np.random.default_rng(0).random((90, 3, 4, 4)).astype("float32")
    model = net(encoder=layer).fit(images, Y)
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(
        again.predict_proba(images), model.predict_proba(images)
    )


def test_modules_of_the_user(tmp_path):
    path = tmp_path / "model"
    model = net(encoder=Own()).fit(X, Y)
    save_model(model, path)
    name = f"{Own.__module__}.Own"
    with pytest.raises(ValueError, match=rf"{name}, whose code .*encoder=Own\("):
        load_model(path)
    with pytest.raises(ValueError, match=rf"but got {Own.__module__}.Other"):
        load_model(path, encoder=Other())
    with pytest.raises(ValueError, match="other weights than the one in the file"):
        load_model(path, encoder=Own(7))
    given = Own()
    before = given.layer.weight.detach().clone()
    for encoders in (given, [Other(), given]):
        again = load_model(path, encoder=encoders)
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        assert torch.equal(again.encoder.layer.weight, model.encoder.layer.weight)
    assert torch.equal(given.layer.weight, before)
    assert again.partial_fit(X, Y).n_iter_ == 3


def test_hooks_are_code_too(tmp_path):
    layer = nn.Linear(12, 5)
    layer.register_forward_hook(doubled)
    model = net(encoder=nn.Sequential(layer)).fit(X, Y)
    save_model(model, tmp_path / "model")
    with pytest.raises(ValueError, match=r"class torch\.nn\..*Sequential, whose code"):
        load_model(tmp_path / "model")


def doubled(module, inputs, output):
    return output * 2


class Narrow(nn.Sequential):
    def forward(self, x):
        return super().forward(x.bfloat16()).float()


def test_half_precision(tmp_path):
    layer = nn.Linear(12, 5).bfloat16()
    model = net(encoder=Narrow(layer)).fit(X, Y)
    save_model(model, tmp_path / "model")
    given = Narrow(nn.Linear(12, 5).bfloat16())
    again = load_model(tmp_path / "model", encoder=given)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))

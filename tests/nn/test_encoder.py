"""Encoders in front of the heads, against the parts by hand."""

import copy

import pytest
import torch
from torch import nn

from sklearn_hmlc.nn import DropoutMLP, EncodedHeads, MultiHeadMLP
from sklearn_hmlc.nn._encoder import encoded_width


def convolution():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Dropout(), nn.ReLU())


def make(freeze=False, heads=MultiHeadMLP):
    torch.manual_seed(0)
    heads = heads(3 * 6 * 6, 4, n_heads=2, hidden_layer_sizes=(5,))
    return EncodedHeads(convolution(), heads, freeze=freeze)


X = torch.randn(7, 1, 8, 8)


@pytest.mark.parametrize("heads", [MultiHeadMLP, DropoutMLP])
def test_is_the_heads_after_the_encoder(heads):
    net = make(heads=heads).eval()
    features = net.encoder(X).flatten(1)
    assert torch.equal(net(X), net.heads(features))
    assert torch.equal(net.members(X), net.heads.members(features))
    assert net.members(X).shape == (2, 7, 4)


def test_bytes_are_scaled():
    net = make().eval()
    x = torch.randint(256, (7, 1, 8, 8), dtype=torch.uint8)
    assert torch.equal(net(x), net(x.float() / 255))


@pytest.mark.parametrize("freeze", [True, False])
def test_a_frozen_encoder_stays_to_the_bit(freeze):
    net = make(freeze).train()
    before = copy.deepcopy(net.encoder.state_dict())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net(X).square().sum().backward()
    optimizer.step()
    same = [
        torch.equal(before[name], value)
        for name, value in net.encoder.state_dict().items()
    ]
    assert all(same) if freeze else not any(same)
    assert net.heads.layers[0].weight.grad.abs().sum() > 0
    assert net.heads.training


def test_width_is_learnt_without_a_trace():
    encoder = convolution().train()
    encoder[1].eval()
    before = copy.deepcopy(encoder.state_dict())
    state = torch.random.get_rng_state()
    assert encoded_width(encoder, X[:1]) == 3 * 6 * 6
    assert torch.equal(torch.random.get_rng_state(), state)
    assert encoder[0].training
    assert not encoder[1].training
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name])


class Counts(nn.Module):
    """Writes on its buffer, its input and a generator, in evaluation mode too."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return x.flatten(1) + torch.rand(())


def test_even_wild_encoders_stay_as_they_were():
    encoder = Counts()
    state = torch.random.get_rng_state()
    assert encoded_width(encoder, X) == 64
    assert encoder.calls == 0
    assert torch.equal(torch.random.get_rng_state(), state)


class Returns(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return self.value


class Fails(nn.Module):
    def forward(self, x):
        return x.nope


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (nn.Linear(5, 2), r"`encoder` \(Linear\) fails on a batch of shape \(7, 1, 8"),
        (Returns(None), "return a float tensor, but got NoneType"),
        (Returns(torch.zeros(7, 2).long()), "a float tensor, but got torch.int64"),
        (Returns(torch.zeros(7)), r"shape \(7, ...\) .* but got \(7,\)"),
        (Returns(torch.zeros(3, 2)), r"but got \(3, 2\)"),
        (Returns(torch.full((7, 2), torch.nan)), "finite features, but got NaN"),
        (nn.LazyConv2d(2, 3), "it has lazy layers; call it on a batch once"),
        (Fails(), r"`encoder` \(Fails\) fails .*no attribute 'nope'"),
    ],
)
def test_bad_encoders(encoder, message):
    with pytest.raises(ValueError, match=message):
        encoded_width(encoder, X)

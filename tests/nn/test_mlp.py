"""Heads as one product against torch's own layers, one head at a time."""

import pytest
import torch
from torch import nn

from sklearn_hmlc.nn import EnsembleLinear, MultiHeadMLP


def head(ensemble, m):
    """Return one member as an ordinary torch network."""
    layers = []
    for layer in ensemble.layers:
        if isinstance(layer, EnsembleLinear):
            linear = nn.Linear(*layer.weight.shape[1:])
            linear.weight.data = layer.weight[m].data.T
            linear.bias.data = layer.bias[m].data
            layers.append(linear)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


@pytest.mark.parametrize("hidden", [(), (6,), (6, 3)])
@pytest.mark.parametrize("activation", ["relu", "tanh", nn.GELU])
def test_each_head_is_an_ordinary_network(hidden, activation):
    net = MultiHeadMLP(
        5, 4, n_heads=3, hidden_layer_sizes=hidden, activation=activation
    ).eval()
    x = torch.randn(7, 5)
    expected = torch.stack([head(net, m).eval()(x) for m in range(3)])
    torch.testing.assert_close(net(x), expected)


def test_gradients_are_those_of_ordinary_networks():
    net = MultiHeadMLP(5, 4, n_heads=2, hidden_layer_sizes=(6,), dropout=0)
    x = torch.randn(7, 5)
    net(x).square().sum().backward()
    for m in range(2):
        alone = head(net, m)
        alone(x).square().sum().backward()
        grads = [layer.weight.grad for layer in alone if isinstance(layer, nn.Linear)]
        ours = [x.weight.grad[m].T for x in net.layers if isinstance(x, EnsembleLinear)]
        for got, expected in zip(ours, grads, strict=True):
            torch.testing.assert_close(got, expected)


def test_initial_weights_are_distributed_as_those_of_linear():
    torch.manual_seed(0)
    layer = EnsembleLinear(50, 100, 40)
    bound = 1 / 10  # 1 / sqrt(in_features)
    for values in (layer.weight, layer.bias):
        assert values.abs().max() <= bound
        assert values.abs().max() > 0.99 * bound
        # The standard deviation of U(-b, b) is b / sqrt(3).
        assert values.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
    linear = nn.Linear(100, 40)
    assert linear.weight.abs().max() <= bound
    heads = layer.weight.detach().flatten(1)
    assert torch.corrcoef(heads).fill_diagonal_(0).abs().max() < 0.1


def test_heads_drop_different_units():
    net = MultiHeadMLP(3, 2, n_heads=4, hidden_layer_sizes=(50,), dropout=0.5)
    for layer in net.layers:
        if isinstance(layer, EnsembleLinear):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
    torch.manual_seed(0)
    out = net(torch.ones(1, 3))[:, 0, 0]
    assert len(out.unique()) > 1


def test_dropout_drops_the_share_and_keeps_the_mean():
    torch.manual_seed(0)
    (dropout,) = (
        layer
        for layer in MultiHeadMLP(3, 2, hidden_layer_sizes=(4,), dropout=0.7).layers
        if isinstance(layer, nn.Dropout)
    )
    x = torch.ones(100_000, requires_grad=True)
    out = dropout(x)
    # Binomial: 4 standard deviations are 4 sqrt(0.7 * 0.3 / 100,000) = 0.006.
    assert (out == 0).float().mean().item() == pytest.approx(0.7, abs=0.006)
    torch.testing.assert_close(out.unique(), torch.tensor([0, 1 / 0.3]))
    out.sum().backward()
    torch.testing.assert_close(x.grad, out.detach())
    torch.testing.assert_close(dropout.eval()(x), x)


def test_no_dropout_layer_where_there_is_none():
    net = MultiHeadMLP(3, 2, dropout=0.0)
    assert not any(isinstance(layer, nn.Dropout) for layer in net.layers)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"dropout": 1.0}, r"`dropout` to be in \[0, 1\), but got 1.0"),
        ({"dropout": -0.1}, r"`dropout` to be in \[0, 1\), but got -0.1"),
        ({"n_heads": 0}, "at least 1 head .* n_heads=0"),
        ({"hidden_layer_sizes": (5, 0)}, r"widths \[3, 5, 0, 2\]"),
        ({"activation": "relo"}, "`activation` to be one of .* but got 'relo'"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        MultiHeadMLP(3, 2, **params)

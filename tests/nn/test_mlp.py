"""Heads as one product against torch's own layers, one head at a time."""

import pytest
import torch
from torch import nn

from sklearn_hmlc.nn import DropoutMLP, EnsembleLinear, LastLayerMLP, MultiHeadMLP


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


# -- members that share weights ------------------------------------------------------


def alone(net):
    """Return the one network behind a `DropoutMLP`, without dropout."""
    layers = [layer for layer in net.layers if not isinstance(layer, nn.Dropout)]
    plain = MultiHeadMLP(1, 1, n_heads=1)
    plain.layers = nn.Sequential(*layers)
    return head(plain, 0)


def test_last_layer_members_are_heads_with_the_same_body():
    net = LastLayerMLP(5, 4, n_heads=3, hidden_layer_sizes=(6, 3)).eval()
    x = torch.randn(7, 5)
    heads = MultiHeadMLP(5, 4, n_heads=3, hidden_layer_sizes=(6, 3)).eval()
    for ours, theirs in zip(net.layers, heads.layers, strict=True):
        if isinstance(ours, EnsembleLinear):
            theirs.weight.data = ours.weight.data.expand_as(theirs.weight)
            theirs.bias.data = ours.bias.data.expand_as(theirs.bias)
    torch.testing.assert_close(net(x), heads(x))
    torch.testing.assert_close(net.members(x), heads(x))
    assert not torch.equal(net(x)[0], net(x)[1])


def test_last_layer_members_see_the_same_units_in_training():
    net = LastLayerMLP(3, 2, n_heads=4, hidden_layer_sizes=(50,), dropout=0.5)
    nn.init.ones_(net.layers[-1].weight)
    nn.init.zeros_(net.layers[-1].bias)
    out = net(torch.randn(6, 3))
    assert torch.equal(out[0], out[3])


@pytest.mark.parametrize("hidden", [(6,), (6, 3)])
def test_dropout_members_are_thinned_networks(hidden):
    net = DropoutMLP(5, 4, n_heads=3, hidden_layer_sizes=hidden, dropout=0.4).eval()
    x = torch.randn(7, 5)
    torch.testing.assert_close(net(x), alone(net)(x)[None])
    for m in range(3):
        expected, body = x, iter(alone(net))
        for layer in net.layers:
            if isinstance(layer, nn.Dropout):
                expected = expected * layer.keep[m] / 0.6
            else:
                expected = next(body)(expected)
        torch.testing.assert_close(net.members(x)[m], expected)


def test_dropout_members_are_the_same_for_all_rows_and_calls():
    net = DropoutMLP(5, 4, n_heads=3, hidden_layer_sizes=(20,)).eval()
    x = torch.randn(7, 5)
    torch.testing.assert_close(net.members(x)[:, 2:3], net.members(x[2:3]))
    assert not torch.equal(net.members(x)[0], net.members(x)[1])
    copy = DropoutMLP(5, 4, n_heads=3, hidden_layer_sizes=(20,)).eval()
    copy.load_state_dict(net.state_dict())
    assert torch.equal(copy.members(x), net.members(x))


def test_dropout_masks_differ_by_row_and_member_in_training():
    net = DropoutMLP(3, 2, n_heads=4, hidden_layer_sizes=(50,), dropout=0.5)
    for layer in net.layers:
        if isinstance(layer, EnsembleLinear):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
    out = net(torch.ones(6, 3))[..., 0]
    assert out.shape == (4, 6)
    # Of 50 units, each out with probability 1/2: sums that are all the same are rare.
    assert len(out.unique()) > 8


@pytest.mark.parametrize("params", [{"dropout": 0.0}, {"hidden_layer_sizes": ()}])
def test_dropout_ensemble_that_drops_nothing_is_the_plain_network(params):
    nets = []
    for kind, n_heads in ((DropoutMLP, 5), (MultiHeadMLP, 1)):
        torch.manual_seed(0)
        nets.append(kind(5, 4, n_heads=n_heads, **params))
    x = torch.randn(7, 5)
    outs = [net(x) for net in nets]
    assert torch.equal(*outs)
    for out in outs:
        out.square().sum().backward()
    for ours, theirs in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.equal(ours.grad, theirs.grad)
    assert torch.equal(nets[0].members(x), nets[1](x).expand(5, -1, -1))


def test_shared_weights_take_the_gradients_of_all_members():
    net = DropoutMLP(3, 2, n_heads=4, hidden_layer_sizes=(5, 5), dropout=0.5)
    torch.manual_seed(1)
    net(torch.ones(6, 3)).sum().backward()
    got = [p.grad.clone() for p in net.parameters()]
    # The same masks again, through layers of torch's own.
    torch.manual_seed(1)
    net.zero_grad()
    x = torch.ones(6, 3)
    for layer in net.layers:
        if isinstance(layer, EnsembleLinear):
            x = nn.functional.linear(x, layer.weight[0].T, layer.bias[0])
        elif isinstance(layer, nn.Dropout):
            x = x.expand(4, 6, 5)
            x = x * (torch.rand(4, 6, 5) < 0.5) / 0.5
        else:
            x = layer(x)
    x.sum().backward()
    for ours, theirs in zip(got, net.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs.grad)

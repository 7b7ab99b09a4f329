"""The first layer for sparse rows, and the optimiser that is lazy about them."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc.nn import (
    ENSEMBLES,
    EncodedHeads,
    EnsembleLinear,
    MultiHeadMLP,
    RowAdam,
    SparseInputLinear,
)


def batch(n_rows=6, n_features=40, density=0.05, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n_rows, n_features, generator=generator, dtype=torch.float64)
    return x * (torch.rand(x.shape, generator=generator) < density)


@given(st.integers(0, 30), st.sampled_from([0.0, 0.05, 0.5]), st.integers(1, 3))
def test_equals_the_dense_product(seed, density, n_heads):
    x = batch(density=density, seed=seed)
    layer = SparseInputLinear(n_heads, 40, 5, scale=3.0, dtype=torch.float64)
    dense = EnsembleLinear(n_heads, 40, 5, dtype=torch.float64)
    with torch.no_grad():
        dense.weight.copy_(3 * layer.weight.view(40, n_heads, 5).transpose(0, 1))
        dense.bias.copy_(layer.bias)
    expected = dense(x)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer(x.to_sparse()), expected)
    torch.testing.assert_close(dense(x.to_sparse()), expected, rtol=0, atol=0)


@pytest.mark.parametrize("sparse_grad", [False, True])
def test_gradients_equal_the_dense_ones(sparse_grad):
    x = batch()
    layer = SparseInputLinear(2, 40, 3, sparse_grad=sparse_grad, dtype=torch.float64)
    layer(x).pow(2).sum().backward()
    expected, layer.weight.grad = layer.weight.grad, None
    layer(x.to_sparse()).pow(2).sum().backward()
    assert layer.weight.grad.is_sparse == sparse_grad
    torch.testing.assert_close(layer.weight.grad.to_dense(), expected)


@pytest.mark.parametrize("n_features", [39, 41])
def test_another_number_of_features_is_refused(n_features):
    x = batch(n_features=n_features)
    layer = SparseInputLinear(2, 40, 3, dtype=torch.float64)
    for rows in (x, x.to_sparse()):
        with pytest.raises(ValueError, match=r"\(B, 40\), but got \(6, "):
            layer(rows)


def test_initial_weights_are_spread_as_those_of_the_dense_layer():
    generator = torch.Generator().manual_seed(0)
    weight = SparseInputLinear(2, 400, 50, generator=generator).weight
    assert weight.abs().max().item() == pytest.approx(1 / 20, rel=1e-3)
    assert weight.std().item() == pytest.approx(1 / 20 / np.sqrt(3), rel=0.02)


@pytest.mark.parametrize("kind", ENSEMBLES)
@pytest.mark.parametrize("hidden", [(7,), ()])
def test_networks_take_sparse_batches(kind, hidden):
    x = batch().float()
    for sparse_input in (None, {"scale": 2.0}):
        net = ENSEMBLES[kind](
            40, 5, n_heads=3, hidden_layer_sizes=hidden, sparse_input=sparse_input
        ).eval()
        torch.testing.assert_close(net(x.to_sparse()), net(x))
        torch.testing.assert_close(net.members(x.to_sparse()), net.members(x))


def test_encoders_are_given_dense_batches():
    net = EncodedHeads(torch.nn.Linear(40, 8), MultiHeadMLP(8, 5, n_heads=2)).eval()
    x = batch().float()
    torch.testing.assert_close(net(x.to_sparse()), net(x))


# -- the optimiser ---------------------------------------------------------------------


def trained(optimizer, weight, grads, sparse, **params):
    """Weights after some steps with these gradients."""
    weight = torch.nn.Parameter(weight.clone())
    own = optimizer([weight], **params)
    for grad in grads:
        weight.grad = grad.to_sparse(1) if sparse else grad.clone()
        own.step()
    return weight.detach()


def by_rows(weight, grads, lr=0.1, betas=(0.9, 0.999), eps=1e-8, decay=0, own=False):
    """Slow form of the update of rows; ``own``: with decoupled decay."""
    weight, square = weight.numpy().copy(), 0.0
    for step, grad in enumerate(grads, start=1):
        grad = grad.numpy()
        rows = [row for row in range(len(grad)) if grad[row].any()]
        before = {row: weight[row].copy() for row in rows}
        pushed = {row: grad[row] + (0 if own else decay) * before[row] for row in rows}
        mean = np.mean([entry**2 for row in rows for entry in pushed[row]])
        square = betas[1] * square + (1 - betas[1]) * mean
        root = np.sqrt(square / (1 - betas[1] ** step)) + eps
        for row in rows:
            kept = before[row] * (1 - lr * decay) if own else before[row]
            weight[row] = kept - lr * pushed[row] / root
    return torch.from_numpy(weight)


@pytest.mark.parametrize("sparse", [True, False])
def test_dense_gradients_are_those_of_adam(sparse):
    weight = torch.randn(4, 3, dtype=torch.float64)
    grads = [torch.randn(4, 3, dtype=torch.float64) for _ in range(5)]
    params = {"lr": 0.01, "betas": (0.5, 0.7), "eps": 0.1, "weight_decay": 0.3}
    expected = trained(torch.optim.Adam, weight, grads, False, **params)
    got = trained(RowAdam, weight, grads, sparse, **params)
    assert torch.allclose(got, expected, rtol=1e-6, atol=1e-8) is not sparse


def absent_by_turns(n_steps=6):
    """Gradients of five rows; row 0 never comes, the others are absent by turns."""
    for step in range(n_steps):
        grad = torch.randn(5, 3, dtype=torch.float64)
        grad[step % 5] = 0
        grad[0] = 0
        yield grad


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_rows_share_one_scale(decay, own):
    weight, grads = torch.randn(5, 3, dtype=torch.float64), list(absent_by_turns())
    params = {"lr": 0.2, "betas": (0.5, 0.7), "eps": 0.01}
    expected = by_rows(weight, grads, **params, decay=decay, own=own)
    got = trained(
        RowAdam,
        weight,
        grads,
        True,
        **params,
        weight_decay=decay,
        decoupled_weight_decay=own,
    )
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-8)
    assert torch.equal(got[0], weight[0])


def test_dense_gradients_after_sparse_ones_are_rows():
    weight, grads = torch.randn(5, 3, dtype=torch.float64), list(absent_by_turns())
    expected = trained(RowAdam, weight, grads, True, lr=0.1)
    mixed = [grads[0].to_sparse(1), *grads[1:]]
    own = torch.nn.Parameter(weight.clone())
    optimizer = RowAdam([own], lr=0.1)
    for grad in mixed:
        own.grad = grad
        optimizer.step()
    torch.testing.assert_close(own.detach(), expected)


def test_a_batch_without_features_changes_nothing():
    weight = torch.randn(5, 3)
    got = trained(RowAdam, weight, [torch.zeros(5, 3)], True, lr=0.1)
    assert torch.equal(got, weight)


def test_its_state_is_saved_and_loaded():
    weight = torch.nn.Parameter(torch.randn(4, 3))
    optimizer = RowAdam([weight], lr=0.1)
    weight.grad = torch.ones(4, 3).to_sparse(1)
    optimizer.step()
    twin = torch.nn.Parameter(weight.detach().clone())
    other = RowAdam([twin], lr=0.1)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for one, own in ((weight, optimizer), (twin, other)):
        one.grad = torch.ones(4, 3).to_sparse(1)
        own.step()
    assert torch.equal(weight, twin)


def test_a_closure_is_called_once():
    weight = torch.nn.Parameter(torch.ones(2, 1))
    optimizer = RowAdam([weight], lr=0.1)
    calls = []

    def closure():
        calls.append(1)
        weight.grad = torch.ones(2, 1)
        return torch.tensor(3.0)

    assert optimizer.step(closure) == 3.0
    assert len(calls) == 1

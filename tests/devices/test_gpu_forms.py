"""What is computed otherwise on a GPU, on the CPU: the same values, the same bits.

There each operation has to be launched, so that few large ones are quicker, and sums
are added in any order.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy, _torch
from sklearn_hmlc.nn import MaxConstraint
from sklearn_hmlc.nn._max_constraint import (
    _keys,
    _moved_in_any_order,
    _moved_to,
)

from .._strategies import hierarchies

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


def numbers(shape, seed, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


@given(hierarchies(), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_maxima_at_once_are_those_of_the_knockout(hierarchy, seed):
    constraint = MaxConstraint(hierarchy)
    values = numbers((hierarchy.n_nodes, 3), seed)
    for rows in (values, values.half(), _keys(values, values > 0)):
        one, other = rows.clone(), rows.clone()
        for level in constraint.levels:
            level.by_knockout(one)
            level.at_once(other)
        assert torch.equal(one, other)


def test_maxima_at_once_pass_on_what_is_no_number():
    hierarchy = Hierarchy.from_edges([("a", "b"), ("a", "c"), ("c", "d")])
    rows = torch.tensor([[0.0], [1.0], [2.0], [torch.nan]])
    for level in MaxConstraint(hierarchy).levels:
        level.at_once(rows)
    assert rows.isnan().flatten().tolist() == [True, False, True, True]


def moved(seed, n_nodes=300, dtype=torch.float32):
    """Winners, gradients by node, and parents: all but the last 20 nodes."""
    generator = torch.Generator().manual_seed(seed)
    parents = torch.arange(n_nodes - 20)
    winners = torch.randint(
        n_nodes - 20, n_nodes, (len(parents), 5), generator=generator
    )
    scale = numbers((n_nodes, 1), seed + 1, torch.float64).mul(3).exp()
    grad = (numbers((n_nodes, 5), seed, torch.float64) * scale).to(dtype)
    return winners, grad, parents


@pytest.mark.parametrize("size", [1.0, 2.0**-50, 2.0**60, 0.0])
@pytest.mark.parametrize("dtype", DTYPES[:2])
def test_sums_in_any_order_are_sums(dtype, size):
    winners, grad, parents = moved(0, dtype=dtype)
    grad = grad * size
    found = _moved_in_any_order(winners, grad, parents)
    exact = _moved_to(winners, grad.double(), parents)
    assert found.dtype == dtype
    bound = (
        2.0**-40 * float(grad.abs().max()) + 2 * torch.finfo(dtype).eps * exact.abs()
    )
    assert ((found.double() - exact).abs() <= bound).all()
    # A number that nothing is added to keeps its bits, unless it is minute.
    alone = exact.abs() > 1e-4 * exact.abs().max()
    alone &= torch.zeros_like(exact).scatter_(0, winners, 1) == 0
    assert torch.equal(found[alone], grad[alone])


def test_sums_in_any_order_have_the_same_bits():
    winners, grad, parents = moved(1)
    expected = _moved_in_any_order(winners, grad.clone(), parents)
    plain = _moved_to(winners, grad.clone(), parents)
    differ = False
    for seed in range(20):
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(parents)))
        shuffled = winners[order], grad.clone(), parents[order]
        assert torch.equal(_moved_in_any_order(*shuffled), expected)
        differ |= not torch.equal(_moved_to(winners[order], grad.clone(), order), plain)
    assert differ  # as sums of floats do


@pytest.mark.parametrize("dtype", DTYPES[2:])
def test_half_precision_is_summed_in_float32(dtype):
    winners, grad, parents = moved(2, dtype=dtype)
    grad *= 0.01
    found = _moved_in_any_order(winners, grad, parents)
    assert torch.allclose(found, _moved_to(winners, grad.float(), parents), rtol=1e-6)


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
def test_no_number_passes_for_one(value):
    winners, grad, parents = moved(3)
    grad[7, 2] = value
    assert not _moved_in_any_order(winners, grad, parents).isfinite().any()


@pytest.mark.parametrize(
    ("process", "said"),
    [(None, "say device='cpu'"), (-1, "forked process .* start it by 'spawn'")],
)
def test_a_gpu_that_is_not_for_this_process(monkeypatch, process, said):
    """It is there, and used by others, or by the parent of a fork."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "zeros", _out_of_memory)
    if process is not None:
        monkeypatch.setattr(_torch, "_PROCESS", process)
    for device in ("auto", "cuda", torch.device("cuda:0")):
        with pytest.raises(ValueError, match=f"out of memory.* {said}"):
            _torch.device_of(device)


def _out_of_memory(*shape, **kwargs):
    raise RuntimeError("CUDA error: out of memory.")

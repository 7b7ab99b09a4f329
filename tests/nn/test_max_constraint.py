"""The max constraint against the dense formula, golden numbers, finite differences."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.nn import MaxConstraint
from tests import _reference as reference
from tests import _strategies as strategies

DIAMOND = Hierarchy.from_edges([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])


@st.composite
def cases(draw):
    hierarchy = draw(strategies.hierarchies())
    y = draw(strategies.closed_labels(hierarchy, min_rows=1))
    x = draw(strategies.logits(hierarchy, len(y)))
    return hierarchy, torch.tensor(x), torch.tensor(y)


@given(cases())
def test_equals_the_dense_formula(case):
    hierarchy, x, _ = case
    expected = reference.max_constraint(x.numpy(), reference.reach_of(hierarchy))
    np.testing.assert_array_equal(MaxConstraint(hierarchy)(x), expected)


@given(cases())
def test_training_form_equals_the_dense_formula(case):
    hierarchy, x, y = case
    expected = reference.max_constraint_training(
        x.numpy(), y.numpy(), reference.reach_of(hierarchy)
    )
    np.testing.assert_array_equal(MaxConstraint(hierarchy)(x, y), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@given(case=cases(), scale=st.sampled_from([0.01, 1.0, 1000.0]))
def test_training_form_of_any_values_and_dtype(dtype, case, scale):
    """Positives go before negatives, however far apart their values are."""
    hierarchy, x, y = case
    x = (x * scale).to(dtype).requires_grad_()
    expected = reference.max_constraint_training(
        x.detach().double().numpy(), y.numpy(), reference.reach_of(hierarchy)
    )
    got = MaxConstraint(hierarchy)(x, y).detach().double()
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("value", [1.0, 3e38])
def test_a_positive_that_is_missed_beside_a_negative_that_is_not(value):
    constraint = MaxConstraint(Hierarchy.from_edges([("parent", "child")]))
    x = torch.tensor([[-4.0 * min(value, 1e37), value]], requires_grad=True)
    q = constraint(x, torch.tensor([[True, False]]))
    assert torch.equal(q, x)
    q[0, 0].backward()
    assert x.grad.tolist() == [[1.0, 0.0]]


@given(cases(), st.booleans(), st.sampled_from([torch.float32, torch.float64]))
def test_gradient_goes_to_the_winner(case, training, dtype):
    hierarchy, x, y = case
    x = x.to(dtype).requires_grad_()
    y = y if training else None
    weight = torch.rand(x.shape, dtype=dtype)
    (MaxConstraint(hierarchy)(x, y) * weight).sum().backward()
    winners = reference.winners(
        x.detach().numpy(), reference.reach_of(hierarchy), None if y is None else y
    )
    expected = torch.zeros_like(x).scatter_add_(-1, torch.tensor(winners), weight)
    torch.testing.assert_close(x.grad, expected)


def test_ties_prefer_the_node_then_the_lowest_index():
    hierarchy = Hierarchy.from_edges([(0, 1), (0, 2), (1, 3)])
    x = torch.tensor([[-1.0, -1.0, 5.0, 5.0]], requires_grad=True)
    MaxConstraint(hierarchy)(x)[0, 0].backward()
    assert x.grad.tolist() == [[0, 0, 1, 0]]
    same = torch.zeros(1, 4, requires_grad=True)
    MaxConstraint(hierarchy)(same).sum().backward()
    assert same.grad.tolist() == [[1, 1, 1, 1]]


def test_negative_zero_ties_with_zero():
    x = torch.tensor([[-0.0, 0.0]], requires_grad=True)
    MaxConstraint(Hierarchy.from_edges([(0, 1)]))(x)[0, 0].backward()
    assert x.grad.tolist() == [[1, 0]]


@pytest.mark.parametrize("training", [False, True])
def test_gradcheck(training, golden):
    x = golden.logits[:2, :2].clone().requires_grad_()
    y = golden.y[:2] if training else None
    constraint = MaxConstraint(golden.hierarchy)
    assert torch.autograd.gradcheck(lambda z: constraint(z, y), x)


def test_golden_probabilities(golden):
    p = torch.sigmoid(golden.logits)
    q = MaxConstraint(golden.hierarchy)(p)
    np.testing.assert_allclose(q, golden["constrained_prob"], rtol=1e-10)


def test_golden_training_loss(golden):
    q = MaxConstraint(golden.hierarchy)(golden.logits, golden.y)
    loss = reference.binary_cross_entropy(q.numpy(), golden.y.numpy())
    np.testing.assert_allclose(loss, golden["mcloss_unweighted"], rtol=1e-10)


@given(cases())
def test_commutes_with_sigmoid(case):
    hierarchy, x, y = case
    constraint = MaxConstraint(hierarchy)
    torch.testing.assert_close(
        torch.sigmoid(constraint(x, y)), constraint(torch.sigmoid(x), y)
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_dtypes_are_kept_and_compared_exactly(dtype):
    torch.manual_seed(0)
    x = torch.randn(3, 5, 4).to(dtype)
    y = torch.tensor(DIAMOND.close(np.eye(5, 4, dtype=bool)))
    for labels in (None, y):
        q = MaxConstraint(DIAMOND)(x, labels)
        assert q.dtype == dtype
        wide = MaxConstraint(DIAMOND)(x.double(), labels)
        torch.testing.assert_close(q.double(), wide, rtol=0, atol=0)
    with_gradient = MaxConstraint(DIAMOND)(x.clone().requires_grad_())
    torch.testing.assert_close(with_gradient.detach(), MaxConstraint(DIAMOND)(x))


@pytest.mark.parametrize("shape", [(5, 4), (2, 5, 4), (2, 3, 5, 4), (0, 4)])
def test_any_leading_dimensions(shape):
    x = torch.randn(shape)
    expected = reference.max_constraint(x.numpy(), reference.reach_of(DIAMOND))
    np.testing.assert_array_equal(MaxConstraint(DIAMOND)(x), expected)


def test_the_input_is_left_alone():
    x = torch.randn(4, 2).T.contiguous().T  # memory already lies node by node
    before = x.clone()
    MaxConstraint(Hierarchy.from_edges([(0, 1)]))(x)
    torch.testing.assert_close(x, before)


def test_nan_is_not_hidden():
    q = MaxConstraint(DIAMOND)(torch.tensor([[0.0, 1.0, 2.0, torch.nan]]))
    assert q.isnan().all()


def test_moves_pickles_and_saves_no_state():
    constraint = MaxConstraint(DIAMOND)
    assert constraint.state_dict() == {}
    x = torch.randn(2, 4)
    again = pickle.loads(pickle.dumps(constraint))
    torch.testing.assert_close(again(x), constraint(x))
    assert all(buffer.is_meta for buffer in constraint.to("meta").buffers())


def test_no_edges():
    x = torch.randn(2, 3)
    torch.testing.assert_close(MaxConstraint(Hierarchy.flat(list("abc")))(x), x)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (torch.zeros(2, 3), None, ValueError, r"shape \(..., B, 4\), but got \(2, 3\)"),
        (torch.zeros(4), None, ValueError, r"shape \(..., B, 4\), but got \(4,\)"),
        (torch.zeros(2, 4, dtype=int), None, TypeError, "float dtype, but got"),
        (torch.zeros(2, 4), torch.ones(3, 4), ValueError, r"\(2, 4\) .* got \(3, 4\)"),
    ],
)
def test_bad_input(x, y, error, message):
    with pytest.raises(error, match=message):
        MaxConstraint(DIAMOND)(x, y)


@given(cases())
def test_few_rows_at_a_time_give_the_same_bits(case):
    hierarchy, x, y = case
    constraint, weight = MaxConstraint(hierarchy), torch.randn(x.shape)

    def constrained(labels):
        own = x.clone().requires_grad_()
        q = constraint(own, labels)
        (q * weight).sum().backward()
        return q.detach(), own.grad

    whole = [constraint(x), *constrained(y), *constrained(None)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn_hmlc.nn._max_constraint._CHUNK", 2 * hierarchy.n_nodes)
        parts = [constraint(x), *constrained(y), *constrained(None)]
    assert all(torch.equal(*pair) for pair in zip(whole, parts, strict=True))

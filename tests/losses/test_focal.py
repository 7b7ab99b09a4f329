"""The loss against the slow version, golden numbers and closed forms."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.losses import HierarchicalFocalLoss, node_weights
from sklearn_hmlc.nn import MaxConstraint
from sklearn_hmlc.uncertainty import MEASURES
from tests import _reference as reference
from tests import _strategies as strategies
from tests.golden import MODES

CHAIN = Hierarchy.from_edges([("a", "b"), ("b", "c")])


@st.composite
def cases(draw):
    hierarchy = draw(strategies.hierarchies())
    y = draw(strategies.closed_labels(hierarchy, min_rows=1))
    settings = {
        "node_weight": draw(
            st.none()
            | st.lists(
                st.floats(0, 100),
                min_size=hierarchy.n_nodes,
                max_size=hierarchy.n_nodes,
            )
        ),
        "uncertainty": draw(st.none() | st.sampled_from(list(MEASURES))),
        "focal_exponent": draw(st.sampled_from([0.5, 1.0, 2.0])),
        "focal_floor": draw(st.sampled_from([0.0, 0.25, 1.0])),
        "mix": draw(st.sampled_from([0.0, 0.3, 1.0])),
    }
    return hierarchy, draw(strategies.logits(hierarchy, len(y))), y, settings


@given(cases())
def test_equals_the_slow_version(case):
    hierarchy, logits, y, settings = case
    expected = reference.hierarchical_focal_loss(
        logits,
        y,
        reference.reach_of(hierarchy),
        scored=hierarchy.scored,
        eps=1e-10,
        **settings,
    )
    loss = HierarchicalFocalLoss(hierarchy, **settings)
    got = loss(torch.tensor(logits), torch.tensor(y)).item()
    # A root of an uncertainty of the size of the smallest number is all rounding.
    assert got == pytest.approx(expected, rel=1e-3, abs=1e-3)
    if settings["focal_exponent"] >= 1:
        assert got == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("exponent", [1, 2])
def test_golden_losses_and_gradients(golden, exponent):
    """The published code weighs rows *without* a node, with weights in float32."""
    keys = {
        name: f"{MODES[name]}_k{exponent}_floor0.25_classwise"
        for name in MODES
        if f"loss_sum_{MODES[name]}_k{exponent}_floor0.25_classwise" in golden
    }
    # Without a second member there is no spread; the last mode was not computed.
    assert len(keys) == (3 if len(golden.logits) == 1 else 5)
    for name, key in keys.items():
        total, gradient = golden_loss(golden, name, exponent)
        assert total == pytest.approx(golden[f"loss_sum_{key}"], rel=1e-10)
        expected = golden[f"grad_logits_{key}"]
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-13)


def golden_loss(golden, name, exponent):
    weight = node_weights(golden["y_train"], "class-wise").astype(np.float32)
    loss = HierarchicalFocalLoss(
        golden.hierarchy,
        negative_weight=weight,
        uncertainty=name,
        focal_exponent=exponent,
    )
    logits = golden.logits.clone().requires_grad_()
    n_members, n_rows, _ = logits.shape
    total = loss(logits, golden.y) * n_members * n_rows  # theirs is a sum
    total.backward()
    return total.item(), logits.grad


def test_plain_is_mean_over_rows_and_members_of_the_mcloss():
    torch.manual_seed(0)
    logits, y = torch.randn(4, 5, 3), torch.tensor(CHAIN.close(np.eye(5, 3)) > 0)
    q = MaxConstraint(CHAIN)(logits, y)
    plain = F.binary_cross_entropy_with_logits(q, y.float().expand(4, 5, 3)) * 3
    loss = HierarchicalFocalLoss(CHAIN, uncertainty=None)
    torch.testing.assert_close(loss(logits, y), plain)


def test_mix_0_is_exactly_the_plain_loss():
    torch.manual_seed(0)
    logits, y = torch.randn(4, 5, 3), torch.tensor(CHAIN.close(np.eye(5, 3)) > 0)
    mixed = HierarchicalFocalLoss(CHAIN, node_weight=[1, 2, 3], mix=0)
    plain = HierarchicalFocalLoss(CHAIN, uncertainty=None)
    assert mixed(logits, y).item() == plain(logits, y).item()


def test_only_positives_get_the_node_weight():
    loss = HierarchicalFocalLoss(CHAIN, node_weight=[2, 3, 4], uncertainty=None)
    y = torch.tensor([[True, True, False]])
    assert loss.weights(torch.zeros(1, 1, 3), y).tolist() == [[2, 3, 1]]


def test_no_gradient_through_the_uncertainty():
    logits = torch.full((2, 1, 3), 0.3, requires_grad=True)
    loss = HierarchicalFocalLoss(CHAIN, uncertainty="bma", focal_exponent=2.0)
    assert not loss.weights(logits, torch.zeros(1, 3, dtype=bool)).requires_grad


def test_unscored_nodes_have_no_loss_but_pass_on_their_gradient():
    hierarchy = Hierarchy.from_edges([("a", "b")], unscored=["b"])
    loss = HierarchicalFocalLoss(hierarchy, uncertainty=None)
    logits = torch.tensor([[[0.0, 2.0]]], requires_grad=True)
    got = loss(logits, torch.tensor([[True, True]]))
    # Node a has the value of b, its descendant: log(1 + exp(-2)).
    assert got.item() == pytest.approx(np.log1p(np.exp(-2)))
    got.backward()
    assert logits.grad[0, 0, 0] == 0
    assert logits.grad[0, 0, 1] != 0


def test_row_weights():
    torch.manual_seed(0)
    logits, y = torch.randn(2, 3, 3), torch.tensor(CHAIN.close(np.eye(3)) > 0)
    loss = HierarchicalFocalLoss(CHAIN)
    weighted = loss(logits, y, torch.tensor([1.0, 2.0, 0.0]))
    rows = [loss(logits[:, [b]], y[[b]]).item() for b in range(3)]
    assert weighted.item() == pytest.approx((rows[0] + 2 * rows[1]) / 3, rel=1e-6)


def test_extreme_logits_stay_finite():
    logits = torch.tensor([[[1e4, -1e4, 1e4]]] * 2, requires_grad=True)
    value = HierarchicalFocalLoss(CHAIN)(logits, torch.tensor([[True, False, False]]))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


def test_own_measure():
    loss = HierarchicalFocalLoss(
        CHAIN, uncertainty=lambda p: torch.zeros_like(p[0]), focal_floor=0.5
    )
    plain = HierarchicalFocalLoss(CHAIN, uncertainty=None)
    logits, y = torch.randn(2, 1, 3), torch.zeros(1, 3, dtype=bool)
    torch.testing.assert_close(loss(logits, y), plain(logits, y) / 2)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"negative_weight": ["x"] * 3}, "In `negative_weight`: expected numbers"),
        ({"node_weight": [1, 2]}, r"shape \(3,\), one per node, but got shape \(2,\)"),
        ({"node_weight": [1, -2, 1]}, "weights >= 0, but got -2.0 at position 1"),
        ({"node_weight": [1, 2, np.nan]}, "finite .* got nan at position 2"),
        ({"uncertainty": "entropie"}, "uncertainty measure out of"),
        ({"focal_exponent": 0}, "`focal_exponent` to be > 0, but got 0"),
        ({"focal_floor": -1}, "`focal_floor` to be >= 0, but got -1"),
        ({"mix": 2}, r"`mix` to be in \[0, 1\], but got 2"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        HierarchicalFocalLoss(CHAIN, **params)


@pytest.mark.parametrize(
    ("logits", "y", "weight", "message"),
    [
        ((2, 3), (2, 3), None, r"got \(2, 3\) and \(2, 3\)"),
        ((1, 2, 3), (3, 3), None, r"got \(1, 2, 3\) and \(3, 3\)"),
        ((1, 0, 3), (0, 3), None, "at least one row"),
        ((1, 2, 3), (2, 3), (1,), r"sample_weight of shape \(2,\)"),
    ],
)
def test_bad_shapes(logits, y, weight, message):
    weight = None if weight is None else torch.ones(weight)
    with pytest.raises(ValueError, match=message):
        HierarchicalFocalLoss(CHAIN)(torch.zeros(logits), torch.zeros(y), weight)


def test_half_precision_is_finite():
    y = torch.tensor([[True, False, False]])
    for dtype in (torch.float16, torch.bfloat16):
        loss = HierarchicalFocalLoss(CHAIN)(torch.zeros(2, 1, 3, dtype=dtype), y)
        assert loss.item() == pytest.approx(3 * np.log(2) * 1.25, rel=1e-2)


# -- shares and shifts ---------------------------------------------------------------


@given(cases(), st.floats(0, 1))
def test_a_share_moves_the_weights_to_one(case, share):
    hierarchy, logits, y, settings = case
    loss = HierarchicalFocalLoss(hierarchy, **settings)
    logits, y = torch.tensor(logits), torch.tensor(y)
    before = loss.weights(logits, y)
    loss.share = share
    expected = (before * share + 1 - share) * torch.tensor(hierarchy.scored)
    torch.testing.assert_close(loss.weights(logits, y), expected)


@given(cases())
def test_mix_of_zero_is_the_plain_loss_to_the_bit(case):
    hierarchy, logits, y, settings = case
    logits, y = torch.tensor(logits), torch.tensor(y)
    mixed = HierarchicalFocalLoss(hierarchy, **{**settings, "mix": 0.0})
    plain = HierarchicalFocalLoss(hierarchy, uncertainty=None)
    assert torch.equal(mixed(logits, y), plain(logits, y))


def test_no_weights_no_shift():
    logits = torch.randn(2, 4, 3)
    loss = HierarchicalFocalLoss(CHAIN)
    assert torch.equal(loss.logit_shift(logits), torch.zeros(3, dtype=torch.float64))
    loss.share = 0.3
    assert not loss.logit_shift(logits).any()


def test_shift_is_the_logarithm_of_the_weight():
    logits = torch.randn(1, 2, 3, dtype=torch.float64)
    weights = {"node_weight": [1.0, 4.0, 0.0], "uncertainty": None}
    loss = HierarchicalFocalLoss(CHAIN, mix=0.5, **weights)
    loss.share = 0.5
    # Of a quarter of the weighted loss: 1, 1 + 3/4 and 1 - 1/4.
    expected = torch.tensor([1.0, 1.75, 0.75], dtype=torch.float64).log()
    torch.testing.assert_close(loss.logit_shift(logits), expected)
    alone = HierarchicalFocalLoss(CHAIN, **weights)
    expected = torch.tensor([1.0, 4.0, 1.0], dtype=torch.float64).log()
    torch.testing.assert_close(alone.logit_shift(logits), expected)


@pytest.mark.parametrize("uncertainty", [None, "bma"])
@pytest.mark.parametrize(("mix", "share"), [(1.0, 1.0), (0.6, 1.0), (0.8, 0.5)])
def test_the_shift_gives_back_frequencies(uncertainty, mix, share):
    # The best constant logit of a weighted loss, by gradient descent, for a node that
    # 3 of 20 rows have.
    hierarchy = Hierarchy.flat(["a"])
    loss = HierarchicalFocalLoss(
        hierarchy, node_weight=[5.0], uncertainty=uncertainty, mix=mix
    )
    loss.share = share
    y = torch.arange(20)[:, None] < 3
    logit = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    for _ in range(2000):
        logits = logit.expand(1, 20, 1)
        (gradient,) = torch.autograd.grad(loss(logits, y), logit)
        logit = (logit - gradient).detach().requires_grad_()
    corrected = torch.sigmoid(logits - loss.logit_shift(logits))
    torch.testing.assert_close(corrected, torch.full_like(corrected, 3 / 20))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_measured_in_float32(dtype):
    torch.manual_seed(0)
    logits = (4 * torch.randn(3, 5, 3)).to(dtype)
    y = torch.tensor(CHAIN.close(np.eye(5, 3)) > 0)
    loss = HierarchicalFocalLoss(CHAIN, uncertainty="gmu", focal_exponent=2.0)
    expected = loss.weights(logits.float(), y)
    torch.testing.assert_close(
        loss.weights(logits, y).float(), expected, rtol=0, atol=0
    )


def test_each_side_has_its_weights():
    y = torch.tensor([[True, True, False]])
    loss = HierarchicalFocalLoss(
        CHAIN, node_weight=[2, 3, 4], negative_weight=[5, 6, 7], uncertainty=None
    )
    logits = torch.zeros(1, 1, 3)
    assert loss.weights(logits, y).tolist() == [[2, 3, 7]]
    assert loss(logits, y).item() == pytest.approx(12 * np.log(2))


@pytest.mark.parametrize("mix", [1.0, 0.3])
def test_the_shift_is_the_odds_of_both_sides(mix):
    # The logit at which a node of frequency p is left alone by the weighted loss:
    # a p (1 - s) = b (1 - p) s, with the weights a and b of the two sides.
    positive, negative = np.array([2.0, 3.0, 0.5]), np.array([5.0, 0.25, 1.0])
    loss = HierarchicalFocalLoss(
        CHAIN,
        node_weight=positive,
        negative_weight=negative,
        uncertainty=None,
        mix=mix,
    )
    p = 0.2
    a, b = mix * positive + 1 - mix, mix * negative + 1 - mix
    s = a * p / (a * p + b * (1 - p))
    expected = np.log(s / (1 - s)) - np.log(p / (1 - p))
    got = loss.logit_shift(torch.zeros(2, 4, 3))
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    plain = HierarchicalFocalLoss(CHAIN, node_weight=positive, uncertainty=None)
    ones = HierarchicalFocalLoss(
        CHAIN, node_weight=positive, negative_weight=np.ones(3), uncertainty=None
    )
    logits = torch.randn(2, 4, 3)
    assert torch.equal(plain.logit_shift(logits), ones.logit_shift(logits))


def test_a_side_that_counts_nothing_has_no_shift():
    loss = HierarchicalFocalLoss(
        CHAIN, node_weight=[0, 2, 1], negative_weight=[1, 0, 4], uncertainty=None
    )
    shift = loss.logit_shift(torch.zeros(1, 1, 3)).tolist()
    assert shift == [0, 0, pytest.approx(-np.log(4))]


# -- in a training loop of one's own ---------------------------------------------------


def weighted_case():
    loss = HierarchicalFocalLoss(CHAIN, node_weight=[0.1, 0.7, 3], uncertainty=None)
    logits = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    return loss, logits.double(), torch.tensor([[1, 1, 0]] * 4, dtype=torch.bool)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_a_loss_that_was_moved_to_another_dtype_has_the_weights_as_given(dtype):
    loss, logits, y = weighted_case()
    expected = loss(logits, y)
    moved = loss.to(dtype)
    assert moved(logits, y) == expected
    moved.set_node_weight([0.1, 0.7, 3])
    assert moved(logits, y) == expected


def test_weights_are_on_the_host_whatever_the_default_device():
    with torch.device("meta"):
        loss = HierarchicalFocalLoss(CHAIN, node_weight=[0.1, 0.7, 3])
    assert loss.node_weight.tolist() == [0.1, 0.7, 3]
    assert {buffer.device.type for buffer in loss.buffers()} == {"meta"}


def test_pickles_of_before_there_were_copies():
    """Weights were buffers, in float64."""
    loss, logits, y = weighted_case()
    state = copy.deepcopy(loss).__getstate__()
    names = {"node_weight", "negative_weight", "scored"}
    state["_non_persistent_buffers_set"] = names
    for side, name in (("positive", "node_weight"), ("negative", "negative_weight")):
        del state["_buffers"][f"_{side}"]
        state["_buffers"][name] = state.pop(name)
    old = HierarchicalFocalLoss.__new__(HierarchicalFocalLoss)
    old.__setstate__(state)
    for x in (logits, logits.float()):
        assert old(x, y) == loss(x, y)
    old.set_node_weight([1, 1, 1])
    assert old(logits, y) != loss(logits, y)
    assert not old.state_dict()

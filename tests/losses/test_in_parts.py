"""The loss of many outputs, computed some rows after the others."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.losses import HierarchicalFocalLoss

from .test_focal import cases


def loss_and_gradient(loss, logits, y, weight, factor):
    own = logits.clone().requires_grad_()
    value = loss(own, y, weight)
    (factor * value).backward()
    return value.detach(), own.grad


@given(cases(), st.booleans(), st.sampled_from([1.0, 0.5]))
def test_equals_the_loss_as_a_whole(case, weighted, factor):
    hierarchy, logits, y, settings = case
    loss = HierarchicalFocalLoss(hierarchy, **settings)
    logits, y = torch.tensor(logits), torch.tensor(y)
    weight = torch.arange(len(y)) / 3 if weighted else None
    whole = loss_and_gradient(loss, logits, y, weight, factor)
    with pytest.MonkeyPatch.context() as patch:
        # Two rows at a time, where there are as many.
        patch.setattr("sklearn_hmlc.losses._focal._PART", 2 * logits[:, 0].numel())
        parts = loss_and_gradient(loss, logits, y, weight, factor)
    for one, other in zip(parts, whole, strict=True):
        torch.testing.assert_close(one, other)


def test_no_gradient_no_parts(monkeypatch):
    monkeypatch.setattr("sklearn_hmlc.losses._focal._PART", 1)
    monkeypatch.delattr("sklearn_hmlc.losses._focal._InParts.forward")
    loss = HierarchicalFocalLoss(Hierarchy.from_edges([("a", "b")]))
    assert loss(torch.zeros(2, 3, 2), torch.zeros(3, 2, dtype=torch.bool)) > 0


def test_a_measure_of_ones_own_sees_the_whole_batch(monkeypatch):
    def doubt_beside_other_rows(proba):
        doubt = proba.var(dim=0)
        return doubt / doubt.max()

    hierarchy = Hierarchy.from_edges([("a", "b")])
    loss = HierarchicalFocalLoss(hierarchy, uncertainty=doubt_beside_other_rows)
    logits = torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(0))
    y = torch.zeros(5, 2, dtype=torch.bool)
    whole = loss_and_gradient(loss, logits, y, None, 1.0)
    monkeypatch.setattr("sklearn_hmlc.losses._focal._PART", 6)
    parts = loss_and_gradient(loss, logits, y, None, 1.0)
    for one, other in zip(parts, whole, strict=True):
        torch.testing.assert_close(one, other)

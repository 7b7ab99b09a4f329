"""A training step on a device never makes the host wait, and has no float64.

Tensors of the "meta" device have no values: whatever asks for one (`item`, `nonzero`, a
mask as an index) raises there, as it would wait on a GPU.
"""

import copy

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.losses import HierarchicalFocalLoss
from sklearn_hmlc.nn import MaxConstraint
from sklearn_hmlc.nn._max_constraint import _keys, _lifted, _with_few_lifted
from sklearn_hmlc.uncertainty import MEASURES

X, Y, HIERARCHY = make_hierarchical_multilabel(64, 8, 21, random_state=0)


class Wide(TorchDispatchMode):
    """Collects the operations that make float64."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if torch.is_tensor(out) and out.dtype == torch.float64:
            self.found.append(str(function))
        return out


def on_meta(**params):
    """A net that was made on the CPU, and moved to where no value is known."""
    clf = HierarchicalEnsembleClassifier(
        HIERARCHY,
        n_estimators=3,
        hidden_layer_sizes=(16,),
        max_epochs=1,
        device="cpu",
        random_state=0,
        net_params={"optimizer__fused": False, "optimizer__foreach": False},
        **params,
    ).fit(X, Y)
    net = clf.net_
    net.device = "meta"
    net.module_.to("meta")
    net.criterion_.to("meta")
    net.optimizer_.state.clear()
    return net


def batch(weighted=False):
    targets = [torch.from_numpy(Y.astype(bool))]
    targets += [torch.rand(len(X))] * weighted
    return torch.from_numpy(X.astype(np.float32)), tuple(targets)


@pytest.mark.parametrize(
    "params",
    [
        *[{"uncertainty": name} for name in MEASURES],
        {"uncertainty": None, "node_weight": None},
        {"mix": 0.5, "schedule": "linear"},
        {"ensemble": "dropout"},
        {"ensemble": "last_layer"},
        {"encoder": torch.nn.Sequential(torch.nn.Linear(8, 5), torch.nn.ReLU())},
        {"optimizer": "sgd"},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_never_waits(params, weighted):
    net = on_meta(**params)
    with Wide() as wide:
        step = net.train_step(batch(weighted))
    assert step["loss"].is_meta
    assert not wide.found


def test_what_waits_is_noticed():
    """The test before can fail: a mask as an index, a number asked for, float64."""
    y = torch.ones(3, dtype=torch.bool, device="meta")
    for wait in (lambda: y[y], y.any().item, lambda: bool(y.all()), y.nonzero):
        with pytest.raises((RuntimeError, NotImplementedError)):
            wait()
    with Wide() as wide:
        torch.zeros(3, device="meta").double()
    assert wide.found == ["aten._to_copy.default"]


def test_losses_are_read_at_the_end_of_an_epoch():
    """And are numbers then; on the CPU, where it is no wait, at once."""
    net = on_meta()
    loss = torch.zeros((), device="meta")
    assert net._now(loss) is loss
    assert net._now(torch.tensor(0.5)) == 0.5
    net.history.new_epoch()
    losses = torch.tensor([0.1, 0.2]).unbind()
    for loss in losses:
        net.history.new_batch()
        net.history.record_batch("train_loss", loss)
    net._record_losses("train_loss", losses)
    assert net.history[-1, "batches", :, "train_loss"] == [x.item() for x in losses]


def test_positives_are_lifted_alike():
    """In place where they are few, and without a list of them."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 7, generator=generator)
    y = torch.rand(40, 7, generator=generator) < 0.3
    few = _keys(x, y)
    plain = _keys(x, torch.zeros_like(y))
    expected = torch.where(y, plain + 2**63 - 1 + 1, plain)
    assert torch.equal(few, expected)
    assert torch.equal(_with_few_lifted(plain.clone(), y), few)
    other = torch.where(y, plain.bitwise_and(2**63 - 1), plain)
    assert torch.equal(other, few)


def test_the_training_form_has_a_shape_where_no_value_is_known():
    constraint = copy.deepcopy(MaxConstraint(HIERARCHY)).to("meta")
    x = torch.empty(3, 5, HIERARCHY.n_nodes, device="meta", requires_grad=True)
    y = torch.empty(5, HIERARCHY.n_nodes, dtype=torch.bool, device="meta")
    constraint(x, y).sum().backward()
    assert x.grad.shape == x.shape
    assert _lifted(
        torch.zeros(4, 5, dtype=torch.int64, device="meta"), y[:4, :5]
    ).is_meta


def test_weights_of_steps_follow_those_that_are_set():
    loss = HierarchicalFocalLoss(HIERARCHY, uncertainty=None)
    logits = torch.zeros(1, 2, HIERARCHY.n_nodes)
    y = torch.ones(2, HIERARCHY.n_nodes, dtype=torch.bool)
    weight = np.linspace(0.1, 3, HIERARCHY.n_nodes)
    loss.set_node_weight(weight)
    loss.set_node_weight(2 * weight, "negative")
    np.testing.assert_array_equal(loss.weights(logits, y)[0], weight.astype("f4"))
    np.testing.assert_array_equal(
        loss.weights(logits, ~y)[0], (2 * weight).astype("f4")
    )
    np.testing.assert_array_equal(loss.weights(logits.double(), y)[0], weight)
    np.testing.assert_array_equal(loss.node_weight, weight)
    assert {buffer.dtype for buffer in loss.buffers()} <= {
        torch.float32,
        torch.bool,
        torch.int64,
    }

"""Failed continuations and damaged nets: the old model stands, no bad one is made."""

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback, LRScheduler

from tests.classifier.common import TREE, make_data, small

X, Y = make_data()


class Fail(Callback):
    """An error at the end of an epoch, while this is on."""

    on = False

    def on_epoch_end(self, net, **kwargs):
        if Fail.on:
            raise RuntimeError


def fails(clf, *args):
    Fail.on = True
    try:
        with pytest.raises(RuntimeError):
            clf.partial_fit(*args)
    finally:
        Fail.on = False


def test_a_failed_call_leaves_the_frequencies_of_unscored_nodes():
    clf = small(net_params={"callbacks": [Fail()]}).partial_fit(X, Y)
    before = clf.predict_proba(X)
    fails(clf, X[:10], np.zeros_like(Y[:10]))
    np.testing.assert_array_equal(clf.predict_proba(X), before)
    root = TREE.index("root")
    assert before[:, root].min() >= np.float32(Y[:, root].mean())


@pytest.mark.parametrize("side", ["positive", "negative"])
def test_a_failed_call_leaves_node_weights_on_either_side(side):
    callbacks = {"callbacks": [Fail()]}
    clf = small(node_weight_side=side, net_params=callbacks).partial_fit(X, Y)
    loss = clf.net_.criterion_
    weights = loss.node_weight.clone(), loss.negative_weight.clone()
    before = clf.predict_proba(X)
    fails(clf, X[:10], Y[:10])
    loss = clf.net_.criterion_
    assert torch.equal(loss.node_weight, weights[0])
    assert torch.equal(loss.negative_weight, weights[1])
    np.testing.assert_array_equal(clf.predict_proba(X), before)


def test_a_failed_call_leaves_learning_rate_schedules_and_seeds():
    step = LRScheduler("StepLR", step_size=2, gamma=0.5)
    clf, twin = (small(net_params={"callbacks": [step, Fail()]}) for _ in range(2))
    for call in range(5):
        if call in (1, 2):
            fails(clf, X, Y)
        clf.partial_fit(X, Y)
        twin.partial_fit(X, Y)
        rates = [one.net_.optimizer_.param_groups[0]["lr"] for one in (clf, twin)]
        assert rates[0] == rates[1]
    np.testing.assert_array_equal(clf.predict_proba(X), twin.predict_proba(X))


def test_a_call_that_failed_with_other_callbacks_leaves_the_old_ones():
    step = LRScheduler("ExponentialLR", gamma=0.5)
    clf = small(net_params={"callbacks": [step]}).partial_fit(X, Y)
    clf.set_params(net_params={"callbacks": [Fail()]})
    fails(clf, X, Y)
    clf.set_params(net_params={"callbacks": [step]}).partial_fit(X, Y)
    assert clf.net_.optimizer_.param_groups[0]["lr"] == pytest.approx(1e-3 / 4)


def test_a_call_that_failed_in_inference_mode():
    clf = small(net_params={"callbacks": [Fail()]}).partial_fit(X, Y)
    with torch.inference_mode():
        fails(clf, X, Y)
    assert clf.partial_fit(X, Y).n_iter_ == 2


def encoder():
    return torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.BatchNorm1d(4))


@pytest.mark.parametrize(
    ("statistic", "value"), [("running_mean", np.nan), ("running_var", np.inf)]
)
def test_running_statistics_that_are_no_numbers_are_no_model(statistic, value):
    class Break(Callback):
        def on_batch_end(self, net, training, **kwargs):
            if training:
                getattr(net.module_.encoder[1], statistic)[0] = value

    clf = small(encoder=encoder(), net_params={"callbacks": [Break()]})
    with pytest.raises(ValueError, match=f"'encoder.1.{statistic}' are not finite"):
        clf.fit(X, Y)


class Masked(torch.nn.Linear):
    """An encoder with an infinite buffer, and with a state that is no tensor."""

    def __init__(self):
        super().__init__(8, 5)
        self.register_buffer("mask", torch.tensor([0.0, -np.inf]))

    def forward(self, x):
        return super().forward(x) * self.mask[0].exp()

    def get_extra_state(self):
        return {"version": 1}

    def set_extra_state(self, state):
        assert state == {"version": 1}


def test_infinite_masks_and_other_states_are_the_encoder_s_own():
    clf = small(encoder=Masked(), warm_start=True).fit(X, Y)
    before = clf.predict_proba(X)
    clf.set_params(net_params={"callbacks": [Fail()]})
    fails(clf, X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)


def test_finite_weights_with_outputs_that_are_none():
    with pytest.raises(ValueError, match="diverged: the outputs are NaN or inf"):
        small(lr=1e30, batch_size=60).partial_fit(X, Y)


@pytest.mark.parametrize("classes", [["u", "v", "w"], ["u"]])
def test_other_classes_in_a_later_call(classes):
    clf = small(None).partial_fit(X[:4], ["u", "v"] * 2, classes=["v", "u"])
    with pytest.raises(ValueError, match="Expected `classes` as in the first call"):
        clf.partial_fit(X[:4], ["u", "v"] * 2, classes=classes)
    clf.partial_fit(X[:4], ["u", "u", "v", "v"], classes=["u", "v"])


def test_ids_of_a_series_in_another_order_are_warned_about():
    ids = [f"r{row}" for row in range(60)]
    frame = pd.DataFrame(X, index=ids).rename(columns=str)
    weights = pd.Series(np.arange(60.0), index=ids[::-1])
    labels = pd.Series(["u", "v"] * 30, index=ids[::-1])
    with pytest.warns(UserWarning, match="X and sample_weight have the same row ids"):
        small().fit(frame, Y, sample_weight=weights)
    with pytest.warns(UserWarning, match="X and y have the same row ids"):
        small(None).fit(frame, labels)

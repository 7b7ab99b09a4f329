"""Callbacks while training goes on: schedules, pickles, what comes new."""

import copy
import pickle

import numpy as np
import pytest
from skorch.callbacks import LRScheduler

from tests.classifier.common import make_data, small

X, Y = make_data()


def halves(epoch):
    return 0.5**epoch


def rate(clf):
    return clf.net_.optimizer_.param_groups[0]["lr"]


@pytest.mark.parametrize(
    "same", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))]
)
@pytest.mark.parametrize(
    "schedule",
    [
        LRScheduler("StepLR", step_size=1, gamma=0.5),
        LRScheduler("LambdaLR", lr_lambda=halves),
    ],
)
def test_schedules_go_on_in_copies(same, schedule):
    clf = small(net_params={"callbacks": [schedule]}).partial_fit(X, Y)
    other = same(clf)
    for _ in range(2):
        clf.partial_fit(X, Y)
        other.partial_fit(X, Y)
    assert rate(clf) == rate(other) == pytest.approx(1e-3 / 8)
    np.testing.assert_array_equal(clf.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize("schedule", ["LambdaLR", "ExponentialLR"])
def test_each_warm_start_begins_a_schedule(schedule):
    settings = {"LambdaLR": {"lr_lambda": halves}, "ExponentialLR": {"gamma": 0.5}}
    clf = small(warm_start=True).fit(X, Y)
    callback = LRScheduler(schedule, **settings[schedule])
    for lr in (1e-3, 1e-3, 1e-2):
        clf.set_params(net_params={"callbacks": [callback]}, lr=lr).fit(X, Y)
        assert rate(clf) == pytest.approx(lr / 8)


def test_schedules_given_as_a_class():
    own = {"callbacks": [("rate", LRScheduler)]}
    clf = small(warm_start=True, net_params=own).fit(X, Y).fit(X, Y)
    assert clf.partial_fit(X, Y).n_iter_ == 7


def test_callbacks_that_come_between_two_calls_begin_there():
    clf = small().partial_fit(X, Y)
    plateau = LRScheduler("ReduceLROnPlateau", monitor="train_loss")
    for callback in (LRScheduler("LambdaLR", lr_lambda=halves), plateau):
        clf.set_params(net_params={"callbacks": [callback]}).partial_fit(X, Y)
    assert clf.n_iter_ == 3


def test_a_rate_that_changes_under_a_schedule():
    schedule = LRScheduler("LambdaLR", lr_lambda=halves)
    clf = small(net_params={"callbacks": [schedule]}).partial_fit(X, Y)
    clf.set_params(lr=0.1).partial_fit(X, Y)
    assert rate(clf) == pytest.approx(0.1 / 4)

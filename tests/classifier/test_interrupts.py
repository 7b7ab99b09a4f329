"""Ctrl-C wherever it comes: what stands afterwards, and that it is heard."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback, Checkpoint, EarlyStopping
from skorch.utils import noop

from sklearn_hmlc import _scoring
from sklearn_hmlc._saved import Saved
from tests.classifier.common import make_data, small

X, Y = make_data()


class At(Callback):
    """An error at some hook, the n-th time that it is called."""

    def __init__(self, hook, n=1, error=KeyboardInterrupt):
        self.hook, self.n, self.error = hook, n, error

    def initialize(self):
        self.calls_ = 0
        return self

    def _called(self, hook):
        if hook == self.hook:
            self.calls_ += 1
            if self.calls_ == self.n:
                raise self.error

    def on_train_begin(self, net, **kwargs):
        self._called("on_train_begin")

    def on_train_end(self, net, **kwargs):
        self._called("on_train_end")

    def on_epoch_begin(self, net, **kwargs):
        self._called("on_epoch_begin")

    def on_batch_end(self, net, **kwargs):
        self._called("on_batch_end")


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_interrupt_after_the_last_epoch_keeps_the_net(early_stopping):
    params = {"early_stopping": early_stopping, "schedule": "linear", "max_epochs": 3}
    clf = small(net_params={"callbacks": [At("on_train_end")]}, **params)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    assert clf.n_iter_ == 3
    whole = small(**params).fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_batch_end"])
@pytest.mark.parametrize("goes_on", [False, True])
def test_without_a_whole_epoch_nothing_changes(hook, goes_on):
    clf = small(warm_start=True, verbose=1)
    if goes_on:
        before = clf.fit(X, Y).predict_proba(X)
    clf.set_params(net_params={"callbacks": [At(hook)]})
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    if goes_on:
        np.testing.assert_array_equal(clf.predict_proba(X), before)
        assert clf.n_iter_ == len(clf.net_.history) == 3
    else:
        with pytest.raises(NotFittedError):
            clf.predict(X)


def test_an_interrupt_while_the_validation_part_is_scored(monkeypatch):
    calls = []

    def interrupted(*args, **kwargs):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 0.5

    monkeypatch.setattr(_scoring, "au_prc", interrupted)
    clf = small(early_stopping=True, max_epochs=5)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    assert clf.n_iter_ == 2
    assert clf.predict(X).shape == Y.shape


def test_an_interrupt_is_heard_after_an_early_stop():
    stop = EarlyStopping(monitor="train_loss", patience=1, threshold=10.0, sink=noop)
    clf = small(net_params={"callbacks": [stop, At("on_batch_end", 5)]})
    clf.partial_fit(X, Y).partial_fit(X, Y)  # two steps each; now it has stopped
    before = clf.predict_proba(X)
    with pytest.raises(KeyboardInterrupt):
        clf.partial_fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_callbacks_lack_at_the_end_hides_no_error(tmp_path, error):
    best = Checkpoint(monitor="train_loss_best", dirname=str(tmp_path), load_best=True)
    clf = small(net_params={"callbacks": [best, At("on_batch_end", 1, error)]})
    with pytest.raises(error):
        clf.fit(X, Y)


def test_weights_are_never_of_two_epochs(monkeypatch):
    clf = small().fit(X, Y)
    saved = Saved(clf.net_)
    module = clf.net_.module_
    for parameter in module.parameters():
        parameter.data += 1
    states = iter([True, False])

    class Interrupted(dict):
        def items(self):
            first, *others = super().items()
            yield first
            if next(states):
                raise KeyboardInterrupt
            yield from others

    state = module.state_dict()
    monkeypatch.setattr(module, "state_dict", lambda: Interrupted(state))
    with pytest.raises(KeyboardInterrupt):
        saved.renewed(clf.net_)
    for name, value in state.items():
        assert saved.weights[name].equal(value), name

"""Warm starts, partial fits, interrupts and failures: what stands afterwards."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, EarlyStopping, LRScheduler
from skorch.utils import noop

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._fit import Seen
from sklearn_hmlc._rows import Rows
from tests.classifier.common import TREE, make_data, small

X, Y = make_data()


def test_warm_start_goes_on():
    torch_state = small(max_epochs=6).fit(X, Y)
    clf = small(warm_start=True, max_epochs=3).fit(X, Y)
    first = clf.net_
    clf.fit(X, Y)
    assert clf.net_ is first
    assert clf.n_iter_ == 6
    assert len(torch_state.history_) == 6
    assert small().fit(X, Y).n_iter_ == 3


def test_weights_follow_the_rows_of_all_fits():
    rare = TREE.index("a/x")
    few = np.flatnonzero(Y[:, rare] == 0)
    clf = small(warm_start=True, max_epochs=1)
    with pytest.warns(UserWarning, match="no positive row"):
        clf.fit(X[few], Y[few])
    assert clf.node_weights_[rare] == 1
    clf.fit(X, Y)
    both = np.vstack([Y[few], Y])
    expected = small(max_epochs=1).fit(np.vstack([X[few], X]), both)
    np.testing.assert_array_equal(clf.node_weights_, expected.node_weights_)
    np.testing.assert_array_equal(
        clf.net_.criterion_.node_weight, expected.net_.criterion_.node_weight
    )
    # The same rows once more say the same.
    one = small(warm_start=True, max_epochs=1).fit(X, Y)
    first = one.node_weights_
    np.testing.assert_array_equal(one.fit(X, Y).fit(X, Y).node_weights_, first)
    assert one.partial_fit(X, Y)._seen.n_rows == 4 * len(X)


def test_going_on_takes_up_what_may_change():
    clf = small(early_stopping=True, warm_start=True).fit(X, Y)
    clf.set_params(early_stopping=False, lr=0.1, batch_size=np.int64(7)).fit(X, Y)
    assert clf.net_.optimizer_.param_groups[0]["lr"] == 0.1
    assert clf.net_.batch_size == 7
    assert "valid_au_prc" not in clf.history_[-1]
    clf.set_params(early_stopping=True).fit(X, Y)
    assert "valid_au_prc" in clf.history_[-1]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_estimators": 5}, "n_estimators changed from 2 to 5"),
        ({"random_state": 1}, "random_state changed from 0 to 1"),
        ({"net_params": {"module__dropout": 0.1}}, "'module__dropout'. changed"),
    ],
)
def test_going_on_refuses_what_made_the_net(params, message):
    clf = small(warm_start=True).fit(X, Y).set_params(**params)
    with pytest.raises(ValueError, match=message):
        clf.fit(X, Y)


def test_going_on_keeps_what_net_params_say():
    groups = [("layers.0.*", {"lr": 1e-9})]
    for params in ({"lr": 1e-9, "batch_size": 60}, {"optimizer__param_groups": groups}):
        clf = small(net_params=params).partial_fit(X, Y)
        before = [group["lr"] for group in clf.net_.optimizer_.param_groups]
        size = clf.net_.batch_size
        # Callbacks may come and go.
        clf.set_params(net_params={**params, "callbacks": [Callback()]})
        clf.partial_fit(X, Y)
        assert [group["lr"] for group in clf.net_.optimizer_.param_groups] == before
        assert clf.net_.batch_size == size


def test_held_out_rows_stay_out_while_training_goes_on(monkeypatch):
    taken = []
    take = Rows.take
    monkeypatch.setattr(
        Rows, "take", lambda self, rows: taken.append(rows) or take(self, rows)
    )
    small(early_stopping=True, warm_start=True).fit(X, Y).fit(X, Y)
    valid, again = [rows for rows in taken if len(rows) == round(0.1 * len(X))]
    assert np.array_equal(valid, again)


BAD = [
    {"lr": 1e30},  # diverges
    {"hierarchy": Hierarchy.flat(["p", "q"])},  # is refused
    {"net_params": {"nonsense": 1}},
]


@pytest.mark.parametrize("bad", BAD)
def test_a_failed_fit_leaves_what_was_there(bad):
    fresh = small(**bad)
    with pytest.raises(ValueError):  # noqa: PT011 (whatever the reason)
        fresh.fit(X, Y)
    assert not [name for name in vars(fresh) if name.endswith("_")]
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    clf = small().fit(X, Y)
    before, good = clf.predict_proba(X), clf.get_params()
    with pytest.raises(ValueError):  # noqa: PT011
        clf.set_params(**bad).fit(X, Y)
    np.testing.assert_array_equal(clf.set_params(**good).predict_proba(X), before)


@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_a_failed_continuation_leaves_the_old_model(how):
    clf = small(warm_start=True).fit(X, Y)
    twin = small(warm_start=True).fit(X, Y)
    before, epochs = clf.predict_proba(X), clf.history_
    clf.set_params(lr=1e30)
    with pytest.raises(ValueError, match="diverged"):
        getattr(clf, how)(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)
    assert clf.history_ == epochs
    assert len(clf.net_.history) == clf.n_iter_ == 3
    # The optimiser, too: what goes on from here is what would have gone on.
    clf.set_params(lr=1e-3)._random_state = twin._random_state
    twin._random_state = copy.deepcopy(twin._random_state)
    going, other = getattr(clf, how)(X, Y), getattr(twin, how)(X, Y)
    np.testing.assert_array_equal(going.predict_proba(X), other.predict_proba(X))


def test_weights_that_are_no_numbers_are_no_model():
    class Break(Callback):
        def on_batch_end(self, net, training, **kwargs):
            if training:
                with torch.no_grad():
                    next(net.module_.parameters()).view(-1)[0] = np.nan

    # The loss of the last batch knows nothing of it yet.
    clf = small(max_epochs=1, batch_size=100, net_params={"callbacks": [Break()]})
    with pytest.raises(ValueError, match=r"weights 'layers\.0\.weight' are not finite"):
        clf.fit(X, Y)
    clf = small().fit(X, Y)
    Break().on_batch_end(clf.net_, True)
    with pytest.raises(ValueError, match="NaN for some rows"):
        clf.predict_proba(X)


def test_a_growing_loss_warns():
    with pytest.warns(ConvergenceWarning, match="went astray"):
        small(lr=30.0, optimizer="sgd", max_epochs=5).fit(X * 9, Y)


class CtrlC(Callback):
    """Ctrl-C in some epoch, after a batch or at its end."""

    def __init__(self, epoch, hook="on_batch_end"):
        self.epoch, self.hook = epoch, hook

    def on_batch_end(self, net, **kwargs):
        self._stop(net, "on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._stop(net, "on_epoch_end")

    def _stop(self, net, hook):
        if hook == self.hook and len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("hook", ["on_batch_end", "on_epoch_end"])
def test_an_interrupt_leaves_the_last_whole_epoch(hook):
    clf = small(max_epochs=9, batch_size=20)
    clf.set_params(net_params={"callbacks": [CtrlC(3, hook)]})
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    assert clf.n_iter_ == len(clf.history_) == len(clf.net_.history) == 2
    two = small(max_epochs=2, batch_size=20).fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), two.predict_proba(X))


def test_without_a_whole_epoch_there_is_no_net():
    clf = small(net_params={"callbacks": [CtrlC(1)]})
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    with pytest.raises(NotFittedError):
        clf.predict(X)
    # An older one stays.
    clf.set_params(net_params=None).fit(X, Y)
    before = clf.predict_proba(X)
    clf.set_params(net_params={"callbacks": [CtrlC(1)]})
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)


def test_an_interrupt_ends_a_search():
    begun = []

    class Count(CtrlC):
        def on_train_begin(self, net, **kwargs):
            begun.append(net)

    clf = small(net_params={"callbacks": [Count(2)]})
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(clf, {"lr": [1e-3, 1e-2]}, cv=3).fit(X, Y)
    assert len(begun) == 1


def test_early_stopping_of_skorch_is_no_interrupt():
    stop = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0, sink=noop)
    clf = small(max_epochs=20, net_params={"callbacks": [stop]}).fit(X, Y)
    assert clf.n_iter_ == 3


class StopOnce(Callback):
    """Ctrl-C in the middle of some epoch of the first training."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("epoch", [1, 2])
def test_the_best_epoch_after_an_interruption(epoch):
    clf = small(schedule="linear", early_stopping=True, warm_start=True, batch_size=20)
    clf.set_params(net_params={"callbacks": [StopOnce(epoch)]})
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, Y)
    clf.set_params(net_params=None, max_epochs=4).fit(X, Y)
    best = max(clf.history_, key=lambda record: record["valid_au_prc"])
    shares = [
        record["weighted_share"]
        for record in clf.history_
        if record["epoch"] <= best["epoch"]
    ]
    assert clf.net_.criterion_.share == pytest.approx(np.mean(shares[-2:]))


def test_partial_fit_trains_an_epoch_a_call():
    clf = small(lr=0.01, dropout=0.0)
    for epoch in range(3):
        clf.partial_fit(X, Y)
        assert clf.n_iter_ == epoch + 1
    assert clf.history_[2]["train_loss"] < clf.history_[0]["train_loss"]
    named = small(None).partial_fit(X[:3], ["u", "u", "v"], classes=["u", "v", "w"])
    assert named.predict_proba(X).shape == (len(X), 3)
    named.partial_fit(X[:2], ["w", "w"])


def test_a_label_unseen_in_the_first_call():
    clf = small(None).partial_fit(X[:4], ["u", "v", "u", "v"])
    with pytest.raises(ValueError, match=r"not among the classes .*'w'"):
        clf.partial_fit(X[:1], ["w"])


def test_partial_fit_does_not_stop_early():
    with pytest.raises(ValueError, match="partial_fit can't stop early"):
        small(early_stopping=True).partial_fit(X, Y)


def test_node_weights_of_partial_fit_follow_all_rows():
    whole = small(max_epochs=1).fit(X, Y)
    parts = small()
    for rows in np.split(np.arange(60), 6):
        parts.partial_fit(X[rows], Y[rows])
    np.testing.assert_allclose(parts.node_weights_, whole.node_weights_)
    shift = parts.net_.criterion_.logit_shift(torch.zeros(1, 1, TREE.n_nodes))
    np.testing.assert_allclose(shift, np.log(whole.node_weights_))
    root = TREE.index("root")
    assert parts.predict_proba(X)[:, root] == pytest.approx(
        whole.predict_proba(X)[:, root], abs=1e-6
    )
    weights = np.arange(60.0)
    weighted = small()
    for rows in np.split(np.arange(60), 6):
        weighted.partial_fit(X[rows], Y[rows], sample_weight=weights[rows])
    copies = small(max_epochs=1).fit(
        X.repeat(np.arange(60), axis=0), Y.repeat(np.arange(60), axis=0)
    )
    np.testing.assert_allclose(weighted.node_weights_, copies.node_weights_)


def test_learning_rates_of_a_schedule_go_on_from_call_to_call():
    schedule = LRScheduler("ExponentialLR", gamma=0.5)
    clf = small(net_params={"callbacks": [schedule]})
    rates = []
    for _ in range(4):
        clf.partial_fit(X, Y)
        rates.append(clf.net_.optimizer_.param_groups[0]["lr"])
    np.testing.assert_allclose(rates, 1e-3 * 0.5 ** np.arange(1, 5))
    whole = small(max_epochs=4, net_params={"callbacks": [schedule]}).fit(X, Y)
    assert whole.net_.optimizer_.param_groups[0]["lr"] == pytest.approx(rates[-1])


def test_a_trimmed_model_does_not_go_on():
    clf = small(warm_start=True).fit(X, Y)
    clf.net_.trim_for_prediction()
    for fit in (clf.fit, clf.partial_fit):
        with pytest.raises(ValueError, match="trimmed for prediction and can't be"):
            fit(X, Y)
    assert clf.predict(X).shape == Y.shape


def test_frequencies_that_round_above_one_are_one():
    seen = Seen(np.array([0.3, 0.1]), 0.3 - 1e-16, np.array([True, False]))
    assert seen.frequencies.tolist() == [1.0, pytest.approx(1 / 3)]
    total = seen + Seen(np.array([0.3, 0.3]), 0.3, np.array([False, True]))
    assert total.frequencies.tolist() == [1.0, pytest.approx(2 / 3)]
    assert not total.in_all.any()


def test_a_fitted_model_holds_weights_and_no_moments():
    clf = small().fit(X, Y)
    assert not clf.net_.optimizer_.state
    weights = sum(value.nbytes for value in clf.net_.module_.state_dict().values())
    assert len(pickle.dumps(clf)) < 1.2 * weights + 40_000
    clf.partial_fit(X, Y)  # goes on, with moments from its first step
    assert clf.net_.optimizer_.state
    warm = small(warm_start=True).fit(X, Y)
    assert warm.net_.optimizer_.state

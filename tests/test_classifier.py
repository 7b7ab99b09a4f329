"""The estimator: coherence, containers, repeatability, words for bad input."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy, _net
from sklearn_hmlc._rows import Rows
from sklearn_hmlc.losses import node_weights
from sklearn_hmlc.uncertainty import get_measure
from tests import _strategies as strategies

TREE = Hierarchy.from_codes(["a/x", "a/y", "b/z", "b"], root="root")


def small(hierarchy=TREE, **params):
    defaults = {
        "n_estimators": 2,
        "hidden_layer_sizes": (16,),
        "max_epochs": 3,
        "random_state": 0,
    }
    return HierarchicalEnsembleClassifier(hierarchy, **{**defaults, **params})


def make_data(hierarchy=TREE, n_samples=60, seed=0):
    """Features that tell the nodes apart, and labels of every node."""
    rng = np.random.default_rng(seed)
    Y = rng.random((n_samples, hierarchy.n_nodes)) < 0.3
    Y[: hierarchy.n_nodes] |= np.eye(hierarchy.n_nodes, dtype=bool)[:n_samples]
    Y = hierarchy.close(Y.astype(np.int64))
    X = Y @ rng.normal(size=(hierarchy.n_nodes, 8)) + rng.normal(size=(n_samples, 8))
    return X, Y


X, Y = make_data()


# -- coherence ---------------------------------------------------------------------


@settings(max_examples=15)
@given(st.data())
def test_predictions_never_break_the_hierarchy(data):
    hierarchy = data.draw(strategies.hierarchies(max_nodes=8))
    assume(hierarchy.scored.any())
    scale = data.draw(st.sampled_from([1.0, 1e3]))  # 1e3: sigmoid rounds to 0 and 1
    rng = np.random.default_rng(0)
    labels = hierarchy.close(rng.random((20, hierarchy.n_nodes)) < 0.3)
    clf = small(hierarchy, n_estimators=3, max_epochs=1, lr=0.1)
    with pytest.MonkeyPatch.context() as patch:
        # Nodes without rows are fine here.
        patch.setattr("sklearn_hmlc._classifier.warn_empty", lambda *_: None)
        clf.fit(rng.normal(size=(20, 4)), labels)
    points = rng.normal(size=(50, 4)) * scale
    proba = clf.predict_proba(points)
    parents, children = hierarchy.edges.T
    assert np.all(proba[:, parents] >= proba[:, children])
    assert proba.min() > 0
    assert proba.max() < 1
    members = clf.predict_members(points)
    assert np.all(members[..., parents] >= members[..., children])
    for threshold in (0.0, 0.3, 0.5, float(proba.flat[0]), 1.0):
        clf.threshold = threshold
        assert hierarchy.is_closed(clf.predict(points))


def test_probabilities_are_the_mean_of_the_members():
    clf = small().fit(X, Y)
    members = clf.predict_members(X)
    assert members.shape == (2, len(X), TREE.n_nodes)
    np.testing.assert_allclose(clf.predict_proba(X), members.mean(axis=0), atol=2e-7)
    unconstrained = clf.predict_members(X, constrained=False)
    parents, children = TREE.edges.T
    assert np.any(unconstrained[..., parents] < unconstrained[..., children])


def test_chunks_do_not_show(monkeypatch):
    clf = small().fit(X, Y)
    whole = clf.predict_proba(X), clf.predict_members(X), clf.predict_uncertainty(X)
    monkeypatch.setattr("sklearn_hmlc._net._CHUNK_ENTRIES", 300)
    parts = clf.predict_proba(X), clf.predict_members(X), clf.predict_uncertainty(X)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("measure", ["bma", "gmu", lambda p: p.amax(0)])
def test_uncertainty_is_that_of_the_members(measure):
    clf = small().fit(X, Y)
    members = torch.tensor(clf.predict_members(X))
    np.testing.assert_allclose(
        clf.predict_uncertainty(X, measure), get_measure(measure)(members), atol=1e-6
    )


# -- learning ----------------------------------------------------------------------


def test_learns_and_scores_by_pooled_average_precision():
    clf = small(max_epochs=40, lr=0.01, dropout=0.0).fit(X, Y)
    scored = TREE.scored
    expected = average_precision_score(
        Y[:, scored], clf.predict_proba(X)[:, scored], average="micro"
    )
    assert clf.score(X, Y) == pytest.approx(expected, abs=1e-6)
    assert expected > 0.95


def test_facts_after_fit():
    clf = small().fit(X, Y)
    assert clf.hierarchy_ is TREE
    assert clf.node_names_ == TREE.nodes
    assert clf.classes_.tolist() == list(TREE.nodes)
    assert clf.n_features_in_ == 8
    assert clf.n_iter_ == len(clf.history_) == 3
    assert {"epoch", "train_loss", "dur"} <= clf.history_[0].keys()
    assert "batches" not in clf.history_[0]
    expected = node_weights(Y, floor=None, power=0.5, scored=TREE.scored)
    np.testing.assert_allclose(clf.node_weights_, expected)


def test_weights_raise_the_recall_of_rare_nodes():
    rng = np.random.default_rng(0)
    hierarchy = Hierarchy.flat(["common", "rare"])
    labels = np.stack([rng.random(400) < 0.5, rng.random(400) < 0.05], axis=1)
    points = labels * 1.5 + rng.normal(size=(400, 2))
    settings = {"max_epochs": 20, "lr": 0.01, "dropout": 0.0}
    plain = small(hierarchy, node_weight=None, uncertainty=None, **settings)
    weighted = small(hierarchy, node_weight_power=1.0, **settings)
    found = [
        clf.fit(points, labels).predict(points)[labels[:, 1], 1].mean()
        for clf in (plain, weighted)
    ]
    assert found[1] > found[0] + 0.2


def test_zero_weight_rows_do_not_teach():
    wrong = np.vstack([Y, TREE.close(1 - Y)])
    twice = np.vstack([X, X])
    weight = np.r_[np.ones(len(X)), np.zeros(len(X))]
    settings = {"max_epochs": 40, "lr": 0.01, "dropout": 0.0}
    clf = small(**settings).fit(twice, wrong, sample_weight=weight)
    assert clf.score(X, Y) > 0.9
    assert small(**settings).fit(twice, wrong).score(X, Y) < 0.8


def test_node_weights_from_the_user():
    by_name = small(node_weight={"a/x": 7.0}).fit(X, Y)
    expected = np.ones(TREE.n_nodes)
    expected[TREE.index("a/x")] = 7
    np.testing.assert_array_equal(by_name.node_weights_, expected)
    by_array = small(node_weight=expected).fit(X, Y)
    np.testing.assert_array_equal(by_array.predict_proba(X), by_name.predict_proba(X))
    assert np.all(small(node_weight=None).fit(X, Y).node_weights_ == 1)


# -- containers --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.int64, np.float32])
@pytest.mark.parametrize(
    "make",
    [np.asarray, sp.csr_array, sp.csc_matrix, sp.coo_array, sp.lil_matrix],
)
def test_predict_keeps_the_container_of_y(make, dtype):
    given_ = make(Y.astype(dtype))
    clf = small().fit(X, given_)
    pred = clf.predict(X)
    assert type(pred) is type(given_)
    assert pred.dtype == dtype
    dense = pred.toarray() if sp.issparse(pred) else pred
    np.testing.assert_array_equal(dense, small().fit(X, Y).predict(X))
    assert clf.score(X, given_) == small().fit(X, Y).score(X, Y)


def test_data_frames_are_matched_by_name_and_come_back():
    order = np.random.default_rng(1).permutation(TREE.n_nodes)
    columns = [TREE.nodes[node] for node in order]
    index = [f"gene {row}" for row in range(len(X))]
    frame = pd.DataFrame(Y[:, order], columns=columns, index=index)
    features = pd.DataFrame(X, columns=list("abcdefgh"), index=index)
    clf = small().fit(features, frame)
    pred = clf.predict(features)
    assert list(pred.columns) == columns
    assert list(pred.index) == index
    assert (pred.dtypes == frame.dtypes).all()
    # Columns of all outputs follow y, so that scikit-learn's metrics fit.
    assert clf.classes_.tolist() == columns
    plain = small().fit(X, Y)
    np.testing.assert_array_equal(
        clf.predict_proba(features), plain.predict_proba(X)[:, order]
    )
    np.testing.assert_array_equal(
        clf.predict_members(features), plain.predict_members(X)[..., order]
    )
    np.testing.assert_array_equal(pred.to_numpy(), plain.predict(X)[:, order])
    assert clf.score(features, frame) == plain.score(X, Y)
    assert clf.score(features, frame[list(TREE.nodes)]) == plain.score(X, Y)


def test_no_hierarchy_is_a_flat_one():
    clf = small(None).fit(X, pd.DataFrame(Y, columns=list("pqrstu")))
    assert clf.hierarchy_ == Hierarchy.flat(list("pqrstu"))
    assert small(None).fit(X, Y).hierarchy_ == Hierarchy.flat(range(6))


def test_sparse_features_train_the_same_net():
    dense = small().fit(X, Y)
    sparse = small().fit(sp.csc_array(X), Y)
    np.testing.assert_allclose(
        sparse.predict_proba(sp.csr_matrix(X)), dense.predict_proba(X), atol=1e-6
    )


def test_one_node_a_row():
    rng = np.random.default_rng(0)
    names = np.array(["a/x", "a/y", "b/z", "b"])
    y = rng.choice(names, 200)
    points = (y[:, None] == names) * 4.0 + rng.normal(size=(200, 4))
    clf = small(max_epochs=30, lr=0.01, dropout=0.0).fit(points, y)
    assert clf.classes_.tolist() == sorted(names)
    proba = clf.predict_proba(points)
    assert proba.shape == (200, 4)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    # Inner node and leaf below it are told apart.
    assert clf.score(points, y) > 0.9
    assert clf.predict(points).dtype == y.dtype


# -- scikit-learn's habits ---------------------------------------------------------


def test_same_seed_same_model_and_no_global_seed():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = small(early_stopping=True).fit(X, Y).predict_proba(X)
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    torch.manual_seed(4)
    np.testing.assert_array_equal(
        small(early_stopping=True).fit(X, Y).predict_proba(X), first
    )
    assert not np.array_equal(
        small(random_state=1, early_stopping=True).fit(X, Y).predict_proba(X), first
    )


def test_clone_pickle_and_set_params():
    clf = small(verbose=1, early_stopping=True, max_epochs=2).fit(X, Y)
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert again.partial_fit.__self__ is again
    fresh = clone(clf)
    assert fresh.hierarchy is TREE
    assert not hasattr(fresh, "net_")
    assert fresh.set_params(focal_exponent=2.0).get_params()["focal_exponent"] == 2


def test_trimmed_for_prediction():
    clf = small().fit(X, Y)
    before, size = clf.predict_proba(X), len(pickle.dumps(clf))
    clf.net_.trim_for_prediction()
    assert len(pickle.dumps(clf)) < size
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(clf)).predict_proba(X), before
    )


def test_grid_search_over_the_loss():
    grid = {
        "focal_exponent": [0.5, 2.0],
        "uncertainty": ["bma", None],
        "node_weight": ["binary", None],
    }
    search = GridSearchCV(
        small(max_epochs=1), grid, cv=2, n_jobs=2, error_score="raise"
    ).fit(X, Y)
    assert len(search.cv_results_["params"]) == 8
    assert 0 < search.best_score_ < 1


def test_warm_start_goes_on():
    torch_state = small(max_epochs=6).fit(X, Y)
    clf = small(warm_start=True, max_epochs=3).fit(X, Y)
    first = clf.net_
    clf.fit(X, Y)
    assert clf.net_ is first
    assert clf.n_iter_ == 6
    assert len(torch_state.history_) == 6
    assert small().fit(X, Y).n_iter_ == 3


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
    assert np.array_equal(taken[1], taken[3])
    # So it is with folds: what is held out, then train and test rows of each fold.
    taken.clear()
    small(threshold="f1", threshold_cv=2, warm_start=True).fit(X, Y).fit(X, Y)
    assert len(taken) == 10
    for first, again in zip(taken[:5], taken[5:], strict=True):
        assert np.array_equal(first, again)


def test_folds_are_trained_as_long_as_the_whole(monkeypatch):
    trained = []
    train = _net.train
    monkeypatch.setattr(
        _net,
        "train",
        lambda net, rows, epochs, span: (
            trained.append((len(rows), epochs)) or train(net, rows, epochs, span)
        ),
    )
    small(threshold="f1", threshold_cv=2, warm_start=True).fit(X, Y).fit(X, Y)
    assert trained == [(60, 3), (30, 3), (30, 3), (60, 3), (30, 6), (30, 6)]


def test_tuning_and_early_stopping_keep_the_initial_weights():
    plain = small(max_epochs=1).fit(X, Y).predict_proba(X)
    tuned = small(max_epochs=1, threshold="f1", threshold_cv=2).fit(X, Y)
    assert np.array_equal(tuned.predict_proba(X), plain)


def test_a_failed_fit_leaves_no_model():
    clf = small().fit(X, Y)
    for bad in ({"lr": 1e30}, {"hierarchy": Hierarchy.flat(["p", "q"])}):
        with pytest.raises(ValueError):  # noqa: PT011 (whatever the reason)
            clone(clf).set_params(**bad).fit(X, Y)
        with pytest.raises(ValueError):  # noqa: PT011
            clf.set_params(**bad).fit(X, Y)
        with pytest.raises(NotFittedError):
            clf.predict(X)
        clf = small().fit(X, Y)


def test_interrupted_training_warns_and_keeps_the_net():
    class Stop(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise KeyboardInterrupt

    clf = small(net_params={"callbacks": [Stop()]})
    with pytest.warns(ConvergenceWarning, match="interrupted.* after 1 whole epochs"):
        clf.fit(X, Y)
    assert clf.n_iter_ == 1
    assert clf.predict(X).shape == Y.shape


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
    with pytest.warns(ConvergenceWarning, match="interrupted"):
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
    clf = small()
    for epoch in range(3):
        clf.partial_fit(X, Y)
        assert clf.n_iter_ == epoch + 1
    assert clf.history_[2]["train_loss"] < clf.history_[0]["train_loss"]
    named = small(None).partial_fit(X[:3], ["u", "u", "v"], classes=["u", "v", "w"])
    assert named.predict_proba(X).shape == (len(X), 3)
    named.partial_fit(X[:2], ["w", "w"])


def test_early_stopping_keeps_the_best_epoch():
    clf = small(
        early_stopping=True, max_epochs=200, n_iter_no_change=3, lr=0.05, dropout=0.0
    ).fit(X, Y)
    assert clf.n_iter_ < 200
    scores = [epoch["valid_au_prc"] for epoch in clf.history_]
    assert np.argmax(scores) == len(scores) - 4
    assert "valid_loss" in clf.history_[0]


def test_progress_bar(capsys):
    small(verbose=1, early_stopping=True).fit(X, Y)
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert "train_loss=" in shown
    assert "valid_au_prc=" in shown
    small().fit(X, Y)
    assert capsys.readouterr() == ("", "")


def test_html_shows_the_link_and_the_hierarchy():
    html = small()._repr_mimebundle_()["text/html"]
    assert "sklearn_hmlc.HierarchicalEnsembleClassifier.html" in html
    assert "<th>leaves</th>" in html


def test_net_params_speak_skorch():
    seen = []

    class Spy(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(net)

    clf = small(
        net_params={"callbacks": [Spy()], "optimizer__betas": (0.8, 0.9)},
    ).fit(X, Y)
    assert len(seen) == 3
    group = clf.net_.optimizer_.param_groups[0]
    assert group["betas"] == (0.8, 0.9)
    assert group["fused"]
    loops = small(net_params={"optimizer__foreach": True}).fit(X, Y)
    assert not loops.net_.optimizer_.param_groups[0]["fused"]
    sgd = small(optimizer=torch.optim.SGD, net_params={"optimizer__momentum": 0.9})
    assert isinstance(sgd.fit(X, Y).net_.optimizer_, torch.optim.SGD)
    workers = small(net_params={"iterator_train__num_workers": 1}).fit(X, Y)
    np.testing.assert_array_equal(
        workers.predict_proba(X), small().fit(X, Y).predict_proba(X)
    )


def test_pipeline_on_real_data(data_dir, monkeypatch):
    monkeypatch.setenv("SKLEARN_HMLC_DATA", str(data_dir))
    from sklearn_hmlc.datasets import fetch_hmc

    train = fetch_hmc("cellcycle_FUN", subset="train")
    pipeline = make_pipeline(
        SimpleImputer(),
        StandardScaler(),
        small(train.hierarchy, hidden_layer_sizes=(100,), dropout=0.3, lr=3e-3),
    )
    with pytest.warns(UserWarning, match="nodes have no positive row"):
        pipeline.fit(train.data, train.target)
    pred = pipeline.predict(train.data)
    assert sp.issparse(pred)
    assert train.hierarchy.is_closed(pred)
    assert pipeline.score(train.data, train.target) > 0.15


def test_read_only_features():
    locked = X.astype(np.float32)
    locked.flags.writeable = False
    clf = small().fit(locked, Y)
    np.testing.assert_array_equal(clf.predict_proba(locked), clf.predict_proba(X))


def test_frames_come_back_from_plain_features():
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    pred = small().fit(X.tolist(), frame).predict(X.tolist())
    assert list(pred.index) == list(range(len(X)))


def test_node_weights_as_a_series_go_by_name():
    series = pd.Series(np.arange(1.0, 7.0), index=TREE.nodes[::-1])
    np.testing.assert_array_equal(
        small(node_weight=series).fit(X, Y).node_weights_, np.arange(6, 0, -1)
    )


# -- bad input ---------------------------------------------------------------------


def changed(array, where, value):
    array = array.astype(float)
    array[where] = value
    return array


@pytest.mark.parametrize(
    ("fit_X", "fit_y", "message"),
    [
        (changed(X, (0, 0), np.nan), Y, "Input X contains NaN"),
        (changed(X, (0, 0), np.inf), Y, "Input X contains infinity"),
        (changed(X, (0, 0), 1e300), Y, "infinity or a value too large for dtype"),
        (X[:0], Y[:0], "Found array with 0 sample"),
        (X, Y[:-1], "inconsistent numbers of samples"),
        (X, Y[:, :-1], r"shape \(n_samples, 6\), one column a node, but got shape"),
        (X, None, "requires y to be passed"),
        (X, changed(Y, (0, 0), np.nan), "only 0 and 1"),
        (X, changed(Y, (0, 0), 2), "only 0 and 1"),
        (X, 1 - Y, r"breaks the hierarchy .*Close it first: `Y = hierarchy.close\(Y\)"),
        (X, pd.DataFrame(Y), "columns of Y must be the nodes of the hierarchy"),
        (X, ["a/x"] * 59 + ["a/q"], "labels that are no nodes .*'a/q'"),
        (X, ["root"] * 30 + ["b"] * 30, "unscored nodes, .*'root'"),
        (X, ["a/x"] * 59 + [None], "no class in 1 rows"),
        (X, [["a/x"], ["b", "a/y"]] * 30, "rows have different lengths"),
        (X, np.linspace(0, 1, 60), "Unknown label type"),
        (X[:, 0], Y, "Expected 2D array, got 1D array"),
        ([["text"] * 8] * 60, Y, "could not convert string to float"),
    ],
)
def test_bad_data(fit_X, fit_y, message):
    with pytest.raises(ValueError, match=message):
        small().fit(fit_X, fit_y)


def test_wrong_features_in_prediction():
    clf = small().fit(pd.DataFrame(X, columns=list("abcdefgh")), Y)
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(pd.DataFrame(X, columns=list("abcdefgx")))
    with pytest.raises(ValueError, match="has 7 features"):
        small().fit(X, Y).predict(X[:, :7])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"node_weight": [1.0, 2.0]}, r"shape \(6,\), one a node, but got"),
        ({"node_weight": [-1.0] * 6}, "weights >= 0, but got -1.0"),
        ({"node_weight": {"b": "x"}}, "expected numbers, but got 'x' for node 'b'"),
        ({"node_weight": "binery"}, "'node_weight' parameter .* must be"),
        ({"uncertainty": "gmo"}, "Did you mean 'gmu'"),
        ({"n_estimators": 0}, "'n_estimators' parameter .* must be"),
        ({"dropout": 1.0}, "'dropout' parameter .* must be"),
        ({"threshold": 1.5}, "'threshold' parameter .* must be"),
        ({"hierarchy": "tree"}, "'hierarchy' parameter .* must be"),
        ({"hidden_layer_sizes": (4, 0)}, "whole numbers of at least 1, but got"),
        ({"lr": 1e30}, "Training diverged: the loss is .* Lower `lr`"),
        ({"device": "mars"}, "'auto' or a device of this machine, but got 'mars'"),
        ({"net_params": {"iterator_trian__x": 1}}, "In `net_params`: .*trian"),
        ({"net_params": {"train_split": None}}, "`train_split` is set by"),
        ({"net_params": {"callbacks": 3}}, "`callbacks` to be a list, but got 3"),
        ({"uncertainty": lambda p: p}, r"measure to return shape \(32, 6\)"),
        ({"hidden_layer_sizes": (8.5,)}, "whole numbers of at least 1"),
        ({"validation_fraction": 0.0}, "'validation_fraction' parameter"),
        ({"optimizer": torch.optim.Rprop}, "Rprop has no weight decay; set"),
        ({"optimizer": int}, "`optimizer` to be one of .* but got <class 'int'>"),
        ({"activation": torch.nn.ReLU()}, "but got a module; give the class ReLU"),
        ({"net_params": {"batch_size": -1}}, "`batch_size` to be at least 1, but got"),
        ({"threshold": "f1", "threshold_cv": 61}, "number of splits .*=61"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(X, Y)


def test_unknown_node_in_node_weights():
    with pytest.raises(ValueError, match=r"'a/xx' is no node.*Did you mean 'a/x'"):
        small(node_weight={"a/xx": 2.0}).fit(X, Y)


def test_weights_that_are_all_zero():
    with pytest.raises(ValueError, match=r"(?i)sample weights"):
        small().fit(X, Y, sample_weight=np.zeros(60))
    # Only some of the rows held out count.
    tuned = small(threshold="f1", threshold_cv=[(np.arange(30), np.arange(30, 60))])
    with pytest.raises(ValueError, match=r"sample weights .* are 0; there is nothing"):
        tuned.fit(X, Y, sample_weight=np.repeat([0.0, 1.0], 30))


def test_optimisers_without_weight_decay():
    clf = small(optimizer=torch.optim.Rprop, weight_decay=0).fit(X, Y)
    assert isinstance(clf.net_.optimizer_, torch.optim.Rprop)


def test_an_error_in_prediction_leaves_torch_as_it_was():
    def bad(p):
        raise RuntimeError("no measure")

    clf = small().fit(X, Y)
    with pytest.raises(RuntimeError, match="no measure") as caught:
        clf.predict_uncertainty(X, bad)
    # The traceback holds what was going on.
    assert caught.tb
    assert not torch.is_inference_mode_enabled()
    members = clf.net_.iter_members(X)
    next(members)
    assert not torch.is_inference_mode_enabled()


class Frame:
    """A DataFrame of another library: columns, but no index."""

    def __init__(self, values, columns):
        self.values, self.columns, self.shape = values, columns, values.shape

    def to_numpy(self):
        return self.values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)


def test_frames_of_other_libraries():
    names = [TREE.nodes[node] for node in (2, 0, 1, 5, 4, 3)]
    y = Frame(Y[:, TREE.index(names)], names)
    points = Frame(X, list("abcdefgh"))
    pred = small().fit(points, y).predict(points)
    assert list(pred.columns) == names
    expected = small().fit(X, Y).predict(X)
    np.testing.assert_array_equal(pred[list(TREE.nodes)], expected)


def test_threshold_out_of_range_in_prediction():
    with pytest.raises(ValueError, match="'threshold' parameter"):
        small().fit(X, Y).set_params(threshold=7).predict(X)


def test_partial_fit_does_not_stop_early():
    with pytest.raises(ValueError, match="partial_fit can't stop early"):
        small(early_stopping=True).partial_fit(X, Y)


def test_validation_part_without_positives():
    only_root = Y * (np.arange(6) == 0)
    with (
        pytest.warns(UserWarning, match="5 of 6 nodes"),
        pytest.raises(ValueError, match="validation rows has a positive node"),
    ):
        small(early_stopping=True).fit(X, only_root)


def test_empty_class_warns_once():
    labels = Y * (np.arange(6) != TREE.index("a/x"))
    labels = TREE.close(labels)
    with pytest.warns(UserWarning, match=r"1 of 6 nodes .*'a/x'") as record:
        clf = small().fit(X, labels)
    assert len(record) == 1
    assert np.isfinite(clf.predict_proba(X)).all()


def test_a_label_unseen_in_the_first_call():
    clf = small(None).partial_fit(X[:4], ["u", "v", "u", "v"])
    with pytest.raises(ValueError, match=r"not among the classes .*'w'"):
        clf.partial_fit(X[:1], ["w"])

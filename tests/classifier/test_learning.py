"""Training: what is learnt, repeatability, and scikit-learn's habits."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_hmlc import LPROS, Hierarchy
from sklearn_hmlc.losses import node_weights
from tests.classifier.common import TREE, make_data, small

X, Y = make_data()


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


@pytest.mark.filterwarnings("ignore:These parameters have no effect")
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


def test_early_stopping_keeps_the_best_epoch():
    clf = small(
        early_stopping=True, max_epochs=200, n_iter_no_change=3, lr=0.05, dropout=0.0
    ).fit(X, Y)
    assert clf.n_iter_ < 200
    scores = [epoch["valid_au_prc"] for epoch in clf.history_]
    assert np.argmax(scores) == len(scores) - 4
    assert "valid_loss" in clf.history_[0]


def test_progress_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    small(verbose=1, early_stopping=True).fit(X, Y)
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert "train_loss=" in shown
    assert "\r" in shown
    small().fit(X, Y)
    assert capsys.readouterr() == ("", "")


def test_a_line_for_each_epoch_where_there_is_no_terminal(capsys):
    small(verbose=1, early_stopping=True).fit(X, Y)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["1/3", "2/3", "3/3"]
    number = r"[0-9]+\.[0-9]{4}"
    for line in lines:
        assert re.search(
            f"train_loss={number}, valid_loss={number}, valid_au_prc={number}, ", line
        )


def test_no_stream_to_show_progress_on(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert small(verbose=1).fit(X, Y).n_iter_ == 3


IN_A_NOTEBOOK = """
import sys, types, warnings
shell = type("ZMQInteractiveShell", (), {})()
ipython = types.ModuleType("IPython")
ipython.get_ipython = lambda: shell
sys.modules.update({"IPython": ipython, "ipykernel.zmqshell": ipython})
sys.modules["ipywidgets"] = None
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    import numpy as np
    from sklearn_hmlc import HierarchicalEnsembleClassifier, plotting, postprocessing
    X = np.eye(6)
    HierarchicalEnsembleClassifier(max_epochs=1, verbose=1).fit(X, X > 0)
sys.exit("; ".join(str(one.message) for one in seen) or 0)
"""


def test_a_notebook_without_widgets_is_not_warned():
    command = [sys.executable, "-c", IN_A_NOTEBOOK]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("fit: 1/1 epochs")


def test_html_shows_the_link_and_the_hierarchy():
    html = small()._repr_mimebundle_()["text/html"]
    assert "sklearn_hmlc.HierarchicalEnsembleClassifier.html" in html
    assert "<th>leaves</th>" in html


def test_a_pipeline_shows_the_sizes_of_the_hierarchy():
    model = make_pipeline(StandardScaler(), small())
    for shown in (model, model.fit(X, Y)):
        html = shown._repr_html_()
        caption = f"{TREE.n_nodes} nodes, depth {TREE.depth.max()}"
        assert f'<div class="caption">{caption}</div>' in html
    sampled = small(sampler=LPROS())
    assert "sampler: LPROS" in make_pipeline(sampled)._repr_html_()


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


def test_pipeline_on_real_data(data_dir):
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


def test_node_weights_as_a_series_go_by_name():
    series = pd.Series(np.arange(1.0, 7.0), index=TREE.nodes[::-1])
    np.testing.assert_array_equal(
        small(node_weight=series).fit(X, Y).node_weights_, np.arange(6, 0, -1)
    )

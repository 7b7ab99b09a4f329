"""Searches, folds and experts on a dask cluster: the same bits, errors and warnings.

One cluster of two processes for all tests here.
"""

import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from benchmarks._cluster import on_cluster as cells_on_cluster
from benchmarks.paper._table import Table, fill
from sklearn_hmlc._parallel import Shared
from sklearn_hmlc.experts import (
    CoherentVotingClassifier,
    HierarchicalForestClassifier,
    KernelHierarchyClassifier,
)
from sklearn_hmlc.metrics import get_scorer
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier
from tests.classifier.common import TREE, make_data, small

distributed = pytest.importorskip("distributed")

X, Y = make_data()


@pytest.fixture(scope="module")
def workers():
    """Two processes on this machine, that listen on it alone, at any free port."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as workers have it
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
    torch.set_num_threads(before)


@pytest.fixture
def on_cluster(workers):
    with joblib.parallel_config(backend="dask"):
        yield workers


def blend(**params):
    experts = [
        ("network", small(max_epochs=2)),
        ("forest", HierarchicalForestClassifier(n_estimators=4, random_state=0)),
        ("kernel", KernelHierarchyClassifier(alphas=(0.1,))),
    ]
    return CoherentVotingClassifier(experts, TREE, cv=2, random_state=0, **params)


def assert_same_results(search, other):
    assert search.cv_results_.keys() == other.cv_results_.keys()
    for name, values in search.cv_results_.items():
        if not name.endswith("_time"):
            np.testing.assert_array_equal(other.cv_results_[name], values, name)
    np.testing.assert_array_equal(search.predict_proba(X), other.predict_proba(X))


# -- the same bits ---------------------------------------------------------------------


PIPELINE = make_pipeline(StandardScaler(), small(max_epochs=2))
SEARCHES = {
    "grid": GridSearchCV(
        PIPELINE,
        {"hierarchicalensembleclassifier__mix": [0.5, 1.0]},
        cv=2,
        scoring=get_scorer("au_prc"),
    ),
    "random": RandomizedSearchCV(
        make_pipeline(StandardScaler(), KernelHierarchyClassifier(TREE)),
        {"kernelhierarchyclassifier__alphas": [(0.01,), (0.1,), (1.0,)]},
        n_iter=2,
        cv=2,
        random_state=0,
    ),
    # Fits inside of fits, on the same worker and spread as well.
    "blend": GridSearchCV(blend(), {"network__mix": [0.5, 1.0]}, cv=2),
    "spread blend": GridSearchCV(blend(n_jobs=-1), {"network__mix": [0.5]}, cv=2),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_searches(search, workers):
    with joblib.parallel_config(backend="sequential"):
        alone = search.fit(X, Y)
    with joblib.parallel_config(backend="dask"):
        spread = pickle.loads(pickle.dumps(search)).fit(X, Y)
    assert_same_results(alone, spread)


def test_thresholds_of_folds(workers):
    model = NodeThresholdClassifier(PIPELINE, cv=3, random_state=0)
    alone = model.fit(X, Y).thresholds_
    with joblib.parallel_config(backend="dask"):
        np.testing.assert_array_equal(model.fit(X, Y).thresholds_, alone)


@pytest.mark.parametrize("rows", [X.astype(np.float32), sp.csr_array(X)])
def test_weights_of_experts(rows, workers):
    alone = blend().fit(rows, sp.csr_array(Y))
    with joblib.parallel_config(backend="dask"):
        spread = blend().fit(rows, sp.csr_array(Y))
    np.testing.assert_array_equal(spread.weights_, alone.weights_)
    assert spread.expert_scores_ == alone.expert_scores_
    proba = spread.predict_proba(rows)
    np.testing.assert_array_equal(proba, alone.predict_proba(rows))


# -- what travels ----------------------------------------------------------------------


class Counted(pd.DataFrame):
    """A frame that counts how often it is pickled."""

    pickled = 0

    def __reduce__(self):
        Counted.pickled += 1
        return pd.DataFrame, (self.to_numpy(),)


@pytest.mark.parametrize(
    "model",
    [
        NodeThresholdClassifier(PIPELINE, cv=4, random_state=0),
        blend().set_params(forest="drop", kernel="drop", cv=4),
    ],
)
def test_rows_travel_once(model, on_cluster):
    Counted.pickled = 0
    model.fit(Counted(np.tile(X, (1, 10))), Y)
    # The experts on all rows first, then their folds.
    assert 1 <= Counted.pickled <= 2


class CountedRows(sp.csr_array):
    """Sparse rows that count how often they are pickled."""

    pickled = 0

    def __reduce__(self):
        CountedRows.pickled += 1
        return sp.csr_array, ((self.data, self.indices, self.indptr), self.shape)


def test_sparse_rows_of_a_search_travel_once_if_scattered(workers):
    """As the guide says: dask can't see how large they are."""
    rows = CountedRows(np.tile(X, (1, 10)))
    search = GridSearchCV(small(max_epochs=1), {"mix": [0.25, 0.5]}, cv=4)
    with joblib.parallel_config(backend="dask", scatter=[rows]):
        sent = CountedRows.pickled
        search.fit(rows, Y)
    assert CountedRows.pickled == sent


def test_sizes_of_what_is_shared():
    dense, sparse = np.ones((100, 10)), sp.csr_array(np.ones((100, 10)))
    for part in (dense, pd.DataFrame(dense), pd.Series(dense[:, 0])):
        assert Shared(part).__sizeof__() >= part.size * 8
    # 8 bytes a value, 4 for its column.
    assert 12_000 <= Shared(sparse).__sizeof__() <= 14_000
    assert Shared(None, "text").__sizeof__() < 200


class Record(Callback):
    """A user's callback."""

    def on_epoch_end(self, net, **kwargs):
        net.history.record("user", len(net.history))


def test_functions_and_callbacks_of_the_user_travel(on_cluster):
    net = small(
        max_epochs=2,
        uncertainty=lambda p: p.var(0),
        net_params={"callbacks": [("user", Record())]},
        verbose=1,
    )
    model = NodeThresholdClassifier(net, cv=2, random_state=0).fit(X, Y)
    assert [row["user"] for row in model.estimator_.history_] == [1, 2]


def test_progress_bars_of_scikit_learn(on_cluster, capsys):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    search = GridSearchCV(small(max_epochs=2), {"mix": [0.5]}, cv=2)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None))
    assert search.fit(X, Y).best_estimator_.n_iter_ == 2
    assert "GridSearchCV" in capsys.readouterr().out


# -- what comes back -------------------------------------------------------------------


def test_errors_come_back(on_cluster):
    net = small(max_epochs=5, lr=1e30)
    with pytest.raises(ValueError, match=r"Training diverged.*StandardScaler"):
        NodeThresholdClassifier(net, cv=2, random_state=0).fit(X, Y)


class Warns(ClassifierMixin, BaseEstimator):
    """Warns in each fit, and remembers whether metadata were routed."""

    def fit(self, X, y):
        warnings.warn(f"only {len(X) // 100} hundred rows", RuntimeWarning, 2)
        self.n_features_in_ = X.shape[1]
        self.classes_ = np.arange(y.shape[1])
        return self

    def predict_proba(self, X):
        from sklearn import get_config

        share = 0.75 if get_config()["enable_metadata_routing"] else 0.25
        return np.full((len(X), len(self.classes_)), share)


def test_warnings_and_configuration(on_cluster):
    model = NodeThresholdClassifier(
        CoherentClassifier(Warns()), TREE, strategy="prevalence", cv=3, random_state=0
    )
    with config_context(enable_metadata_routing=True), pytest.warns() as told:
        model.fit(X, Y)
    # Alike in all fits, and told once.
    (warning,) = told
    assert warning.category is RuntimeWarning
    assert str(warning.message) == "only 0 hundred rows"
    # Halfway from a constant score to 1; 0.625 without the configuration.
    assert model.thresholds_.max() == pytest.approx(0.875)


# -- the runner of the evidence --------------------------------------------------------


def _square(number):
    return {"square": number**2}


def test_cells_of_the_benchmarks(workers, tmp_path):
    table = Table(tmp_path / "t.csv", ["number"])
    with cells_on_cluster(workers.scheduler_info()["address"]):
        fill(table, [(number,) for number in range(5)], _square, -1)
    found = {row["number"]: row["square"] for row in table.rows()}
    assert found == {"0": "0", "1": "1", "2": "4", "3": "9", "4": "16"}

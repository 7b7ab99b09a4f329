"""One table: every scorer, display and wrapper on every kind of model and of ``y``.

Whatever holds the model (pipelines with samplers, searches, wrappers) and the labels
(arrays, sparse matrices, frames whose columns stand in another order), the numbers are
the same.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from skmultilearn.problem_transform import BinaryRelevance

from sklearn_hmlc import LPROS, HierarchicalEnsembleClassifier, plotting
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.metrics import get_scorer, get_scorer_names
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier


def ensemble(hierarchy):
    return HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=2, hidden_layer_sizes=(5,), max_epochs=2, random_state=0
    )


def sampled(hierarchy):
    sampler = LPROS(labelset=0, hierarchy=hierarchy, random_state=0)
    return make_sampling_pipeline(StandardScaler(), sampler, ensemble(hierarchy))


MODELS = {
    "classifier": ensemble,
    "pipeline": lambda h: make_pipeline(StandardScaler(), ensemble(h)),
    "sampler": sampled,
    "search": lambda h: GridSearchCV(
        sampled(h), {"hierarchicalensembleclassifier__lr": [0.01]}, cv=2
    ),
    "thresholds": lambda h: NodeThresholdClassifier(sampled(h), cv=2, random_state=0),
    "coherent forest": lambda h: CoherentClassifier(
        RandomForestClassifier(n_estimators=5, random_state=0), h
    ),
    "coherent relevance": lambda h: CoherentClassifier(
        BinaryRelevance(LogisticRegression()), h
    ),
    "relevance": lambda h: BinaryRelevance(LogisticRegression()),
    "margins": lambda h: OneVsRestClassifier(LinearSVC()),
}
NAMELESS = ("relevance", "margins")  # they take arrays, columns as they stand in y
TRAINED = ("coherent forest", "coherent relevance", *NAMELESS)  # not by us
CONTAINERS = {
    "array": lambda Y, names: Y,
    "csr": lambda Y, names: sp.csr_matrix(Y),
    "pandas": lambda Y, names: pd.DataFrame(Y, columns=names).iloc[:, ::-1],
    "polars": lambda Y, names: pl.DataFrame(Y, schema=list(names))[list(names)[::-1]],
}


@pytest.fixture(scope="module")
def data():
    return make_hierarchical_multilabel(200, 20, 20, kind="dag", random_state=0)


def scorers(model, X, y, hierarchy):
    information = pd.Series(np.arange(20.0), hierarchy.nodes)
    found = []
    for name in get_scorer_names():
        options = {"hierarchy": hierarchy}
        if name in ("weighted_fmax", "neg_smin"):
            options["information"] = information
        found.append(get_scorer(name, **options)(model, X, y))
    return found


def wrapped(model, X, y, hierarchy):
    """Thresholds tuned around what is fitted."""
    frozen = NodeThresholdClassifier(FrozenEstimator(model), hierarchy)
    return frozen.fit(X, y).thresholds_


def pooled(model, X, y, hierarchy):
    display = plotting.PooledPRCurveDisplay.from_estimator(
        model, X, y, hierarchy=hierarchy
    )
    return display.area + display.line_[0].get_ydata().tolist()


def rarity(model, X, y, hierarchy):
    metric = ["recall", "precision", "auprc"]
    display = plotting.RarityDisplay.from_estimator(
        model, X, y, hierarchy=hierarchy, metric=metric, y_train=y
    )
    return [bar.get_height() for bars in display.bars_.values() for bar in bars]


def one_row(model, X, y, hierarchy):
    display = plotting.HierarchyDisplay.from_estimator(
        model, X[[3]], y[[3]] if not isinstance(y, pd.DataFrame) else y.iloc[[3]],
        hierarchy=hierarchy,
    )  # fmt: skip
    points = {
        display.nodes_[int(row)]: (outcome, value)
        for outcome, line in display.points_.items()
        for value, row in zip(*line.get_data(), strict=True)
    }
    unsure = [bar.get_width() for bar in display.bars_ or ()]
    return [points[node][1] for node in hierarchy.nodes] + unsure


def unsure(model, X, y, hierarchy):
    display = plotting.UncertaintyDisplay.from_estimator(
        model, X, y, hierarchy=hierarchy
    )
    return display.table.drop(columns="depth").to_numpy().ravel()


def training(model, X, y, hierarchy):
    display = plotting.TrainingDisplay.from_estimator(model)
    return display.line_["train_loss", None].get_ydata()


@pytest.mark.filterwarnings("ignore:.* no positive row")  # in half of the rows
@pytest.mark.parametrize("kind", MODELS)
def test_the_same_numbers(data, kind):
    X, Y, hierarchy = data
    askers = [scorers, wrapped, pooled, rarity, one_row]
    if kind not in TRAINED:
        askers += [unsure, training]
    found = {}
    for container, make in CONTAINERS.items():
        y = given = make(Y, hierarchy.nodes)
        if kind in NAMELESS:
            given = y.toarray() if sp.issparse(y) else np.asarray(y)
        model = MODELS[kind](hierarchy).fit(X, given)
        for asker in askers:
            found[asker, container] = asker(model, X, y, hierarchy)
            plt.close("all")
    for asker in askers:
        expected = found[asker, "array"]
        assert len(expected) > 0
        for container in CONTAINERS:
            np.testing.assert_allclose(
                found[asker, container],
                expected,
                rtol=1e-5,
                err_msg=f"{asker.__name__}, {container}",
            )

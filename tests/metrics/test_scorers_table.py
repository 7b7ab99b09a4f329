"""Every scorer on every kind of model and container of ``y``: the same numbers."""

import functools
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from skmultilearn.problem_transform import BinaryRelevance

from sklearn_hmlc import LPROS, HierarchicalEnsembleClassifier, Hierarchy, metrics
from sklearn_hmlc.metrics import get_scorer, get_scorer_names
from sklearn_hmlc.postprocessing import CoherentClassifier

HIERARCHY = Hierarchy.from_edges(
    [("r", "a"), ("r", "b"), ("a", "c"), ("b", "d")], unscored=["r"]
)
NODES = list(HIERARCHY.nodes)
MIXED = ["d", "r", "b", "a", "c"]
INFORMATION = pd.Series([0.0, 1.0, 1.0, 2.0, 2.0], NODES)


def net():
    return HierarchicalEnsembleClassifier(
        HIERARCHY,
        n_estimators=2,
        hidden_layer_sizes=(8,),
        max_epochs=5,
        lr=0.01,
        random_state=0,
    )


def sampling():
    return make_sampling_pipeline(
        StandardScaler(), LPROS(sampling_ratio=0.1, random_state=0), net()
    )


MODELS = {
    "classifier": net,
    "pipeline": lambda: make_pipeline(StandardScaler(), net()),
    "sampling pipeline": sampling,
    "search": lambda: GridSearchCV(
        sampling(),
        {"hierarchicalensembleclassifier__max_epochs": [5]},
        cv=2,
        scoring=get_scorer("au_prc"),
        error_score="raise",
    ),
    "coherent forest": lambda: CoherentClassifier(
        RandomForestClassifier(5, random_state=0), HIERARCHY
    ),
    "binary relevance": lambda: BinaryRelevance(LogisticRegression()),
    "margins": lambda: OneVsRestClassifier(LinearSVC()),
}

# What knows no frames is fitted on their values: columns as they stand there.
PLAIN = {"binary relevance": sp.csr_matrix, "margins": sp.csr_array}

CONTAINERS = {
    "array": lambda y: y,
    "CSR": sp.csr_array,
    "pandas": lambda y: pd.DataFrame(y, columns=NODES)[MIXED],
    "polars": lambda y: pl.DataFrame(y, schema=NODES)[MIXED],
}


def data(rooted):
    """Rows and closed labels; the root in all of them or not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = HIERARCHY.close(X @ rng.normal(size=(4, 5)) + rng.normal(size=(60, 5)) > 1.5)
    y[:, 0] |= rooted
    return X, y.astype(int)


@functools.cache
def scores(model, container):
    X, y = data(rooted=model == "margins")
    y = given = CONTAINERS[container](y)
    if model in PLAIN:
        given = PLAIN[model](y) if sp.issparse(y) else np.asarray(y)
    with warnings.catch_warnings():
        # For the root, which is meant.
        warnings.filterwarnings("ignore", message="Label .* is present in all")
        fitted = MODELS[model]().fit(X, given)
    found = {}
    for name in get_scorer_names():
        if model == "margins" and name.startswith(("node", "hierarchical")):
            # scikit-learn's decisions differ where the first column has one class.
            continue
        options = {} if model not in PLAIN else {"hierarchy": HIERARCHY}
        if name in ("weighted_fmax", "neg_smin"):
            options["information"] = INFORMATION
        found[name] = get_scorer(name, **options)(fitted, X, y)
    return found


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("model", MODELS)
def test_same_numbers(model, container):
    found = scores(model, container)
    assert found == pytest.approx(scores(model, "array"))
    assert 0.4 < found["au_prc"] <= 1


def test_the_numbers_are_those_of_the_measure():
    X, y = data(rooted=False)
    proba = pd.DataFrame(net().fit(X, y).predict_proba(X), columns=NODES)
    expected = metrics.au_prc(pd.DataFrame(y, columns=NODES), proba, scored=~(
        np.array(NODES) == "r"
    ))  # fmt: skip
    assert scores("classifier", "pandas")["au_prc"] == pytest.approx(expected)

"""Fitted models of all kinds on one small hierarchy, quick to make."""

import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.metrics import get_scorer
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier

HIERARCHY = Hierarchy.from_edges(
    [("r", "a"), ("r", "b"), ("a", "c"), ("b", "c"), ("b", "d"), ("d", "e")],
    unscored=["r"],
    names={"a": "alpha", "c": "gamma"},
    namespaces={"a": "first", "b": "second", "d": "second"},
)
NODES = list(HIERARCHY.nodes)
MIXED = ["d", "r", "e", "b", "a", "c"]


def make_data(n_rows=60):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n_rows, 4))
    Y = HIERARCHY.close(X[:, [0, 1, 2, 3, 0, 1]] > [0, 0.1, 0.3, 0.5, 0.4, 0.8])
    Y[:, 0] = True
    return X, Y.astype(int)


def ensemble(**options):
    small = {"n_estimators": 2, "hidden_layer_sizes": (8,), "max_epochs": 2}
    return HierarchicalEnsembleClassifier(
        HIERARCHY, random_state=0, **{**small, **options}
    )


def fit(name):
    """Fit one of MODELS; the labels' columns are in another order than the nodes."""
    X, Y = make_data()
    named = pd.DataFrame(Y, columns=NODES)[MIXED]
    with warnings.catch_warnings():
        # OneVsRestClassifier tells of the column that all rows have.
        warnings.filterwarnings("ignore", "Label .* is present in all")
        return MODELS[name]().fit(X, named if name in KNOW_NAMES else Y)


def coherent():
    return CoherentClassifier(KNeighborsClassifier(5), HIERARCHY)


MODELS = {
    "ensemble": ensemble,
    "pipeline": lambda: make_pipeline(StandardScaler(), ensemble()),
    "coherent": coherent,
    "thresholds": lambda: NodeThresholdClassifier(
        make_pipeline(StandardScaler(), coherent()), cv=2, random_state=0
    ),
    "search": lambda: GridSearchCV(
        coherent(), {"estimator__n_neighbors": [3]}, cv=2, scoring=get_scorer("au_prc")
    ),
    "neighbours": lambda: KNeighborsClassifier(5),
    "forest": lambda: RandomForestClassifier(5, random_state=0),
    "one-vs-rest": lambda: OneVsRestClassifier(LogisticRegression()),
}
KNOW_NAMES = ("ensemble", "pipeline", "coherent", "thresholds", "search")

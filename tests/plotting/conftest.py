"""Figures without a screen, and a small fitted classifier to draw."""

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel


@pytest.fixture(autouse=True)
def _no_screen():
    before = matplotlib.get_backend()
    plt.switch_backend("Agg")
    yield
    plt.close("all")
    plt.switch_backend(before)


@pytest.fixture(scope="session")
def data():
    """X, Y and the hierarchy, a DAG."""
    return make_hierarchical_multilabel(300, 20, 25, kind="dag", random_state=0)


@pytest.fixture(scope="session")
def named(data):
    """The labels as a DataFrame, columns in node order."""
    _, Y, hierarchy = data
    return pd.DataFrame(Y, columns=hierarchy.nodes)


@pytest.fixture(scope="session")
def fitted(data, named):
    """A classifier fitted on a DataFrame whose columns are not in node order."""
    X, _, hierarchy = data
    y = named[list(hierarchy.nodes[::-1])]
    return HierarchicalEnsembleClassifier(
        hierarchy,
        n_estimators=3,
        hidden_layer_sizes=(30,),
        dropout=0.1,
        max_epochs=6,
        early_stopping=True,
        random_state=0,
    ).fit(X, y)


@pytest.fixture(scope="session")
def in_node_order(data, fitted):
    """What the classifier says, as arrays in the hierarchy's order."""
    X, _, hierarchy = data
    order = [fitted.classes_.tolist().index(node) for node in hierarchy.nodes]
    return {
        "predict": fitted.predict(X).to_numpy()[:, order],
        "predict_proba": fitted.predict_proba(X)[:, order],
        "predict_uncertainty": fitted.predict_uncertainty(X)[:, order],
    }

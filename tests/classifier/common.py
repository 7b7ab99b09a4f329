"""A small hierarchy, data and classifier for the tests of the estimator."""

import numpy as np

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy

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

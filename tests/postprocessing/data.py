"""Labels and classifiers that the tests of this folder share."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier

TREE = Hierarchy.from_codes(["a/x", "a/y", "b/z", "b"], root="root")


def make_data(hierarchy=TREE, n_samples=60, seed=0):
    """Features that tell the nodes apart, and labels of every node."""
    rng = np.random.default_rng(seed)
    Y = rng.random((n_samples, hierarchy.n_nodes)) < 0.3
    Y[: hierarchy.n_nodes] |= np.eye(hierarchy.n_nodes, dtype=bool)[:n_samples]
    Y = hierarchy.close(Y.astype(np.int64))
    X = Y @ rng.normal(size=(hierarchy.n_nodes, 8)) + rng.normal(size=(n_samples, 8))
    return X, Y


X, Y = make_data()
# Columns of frames in another order than the nodes.
TURNED = list(TREE.nodes[::-1])

FOREST = RandomForestClassifier(n_estimators=10, max_depth=3, random_state=0)
LOGISTIC = MultiOutputClassifier(LogisticRegression())
WRAPPERS = [
    CoherentClassifier(FOREST, TREE),
    NodeThresholdClassifier(CoherentClassifier(FOREST, TREE), cv=2, random_state=0),
]

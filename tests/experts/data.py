"""Experts and small data that the tests of this folder share."""

import numpy as np
import scipy.sparse as sp

from sklearn_hmlc.experts import (
    KernelHierarchyClassifier,
    NeighborsHierarchyClassifier,
)
from tests.classifier.common import TREE, make_data

X, Y = make_data()
# Columns of frames in another order than the nodes.
TURNED = list(TREE.nodes[::-1])

EXPERTS = [
    NeighborsHierarchyClassifier(TREE, n_neighbors=5),
    NeighborsHierarchyClassifier(TREE, n_neighbors=5, metric="euclidean"),
    KernelHierarchyClassifier(TREE, alphas=(0.1, 1.0)),
    KernelHierarchyClassifier(TREE, n_components=20, random_state=0),
]


def make_indicators(n_rows=80, n_features=9, seed=0):
    """0/1 features, most of them 0, with many rows alike and some empty."""
    rng = np.random.default_rng(seed)
    return sp.csr_array((rng.random((n_rows, n_features)) < 0.15).astype(float))

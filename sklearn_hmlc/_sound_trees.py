"""Trees of scikit-learn's from a file: what their numbers point at is there.

Stage: after reading, before anything is predicted. scikit-learn walks trees without a
look at where it goes; numbers that a stranger has written could lead it anywhere in the
memory, or in circles.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def check_tree(tree: Any) -> None:
    """Raise where a `sklearn.tree.Tree` is none."""
    left, right = tree.children_left, tree.children_right
    inner = left != -1
    _check_walk(left, right, inner, tree.node_count)
    check_range("feature", tree.feature[inner], tree.n_features)


def check_predictor(predictor: Any) -> None:
    """Raise where a tree of histogram-based gradient boosting is none."""
    nodes = predictor.nodes
    inner = nodes["is_leaf"] == 0
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    _check_walk(left, right, inner, len(nodes))
    sets = nodes["bitset_idx"][inner & (nodes["is_categorical"] == 1)]
    for known in (predictor.raw_left_cat_bitsets, predictor.binned_left_cat_bitsets):
        check_range("set of categories", sets, len(known))


def check_range(what: str, values: Any, size: int) -> None:
    """Raise where numbers of features, or of anything else, go beyond their range."""
    if len(values) and (values.min() < 0 or values.max() >= size):
        raise ValueError(f"a node of a tree asks for a {what} that is none")


def _check_walk(left: Any, right: Any, inner: Any, n_nodes: int) -> None:
    """A tree has a node, and from each the way goes on to later ones."""
    if n_nodes < 1 or len(left) != n_nodes:
        raise ValueError("a tree has no nodes")
    here = np.flatnonzero(inner)
    for children in (left[inner], right[inner]):
        if ((children <= here) | (children >= n_nodes)).any():
            raise ValueError("a node of a tree has children that are none")

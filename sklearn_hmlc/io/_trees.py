"""All trees of scikit-learn's in a model that was read from a file.

Stage: after reading, before anything is predicted. In: a model. Out: an error where one
of them, however deep inside, would lead scikit-learn astray, see `_sound_trees`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._sound_trees import check_predictor, check_range, check_tree


def check_trees(model: Any) -> None:
    """Raise where a tree of scikit-learn's, anywhere in a model, is none."""
    for one in _objects(model):
        kind = type(one).__name__
        if kind == "Tree" and type(one).__module__ == "sklearn.tree._tree":
            check_tree(one)
        elif kind == "TreePredictor":
            check_predictor(one)
        elif hasattr(one, "_predictors") and hasattr(one, "_n_features"):
            _check_features(one)
        elif hasattr(one, "n_features_in_"):
            _check_widths(one)


def _objects(model: Any) -> Iterator[Any]:
    """Yield all objects that a model holds, each once."""
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple | set):
            waiting += one
        elif isinstance(one, np.ndarray) and one.dtype == object:
            waiting += one.ravel().tolist()
        elif hasattr(one, "__dict__") and not isinstance(one, type):
            waiting += vars(one).values()


def _check_features(model: Any) -> None:
    for predictors in model._predictors:
        for one in predictors:
            inner = one.nodes["is_leaf"] == 0
            check_range("feature", one.nodes["feature_idx"][inner], model._n_features)


def _check_widths(model: Any) -> None:
    """No tree asks for a feature that its owner, or their ensemble, lets pass."""
    trees = [model]
    if type(model).__module__.startswith("sklearn.ensemble."):
        trees += np.ravel(np.array(getattr(model, "estimators_", []), object)).tolist()
    for one in trees:
        n_features = getattr(getattr(one, "tree_", None), "n_features", 0)
        if n_features > model.n_features_in_:
            raise ValueError("a tree is made for more features than there are")

"""What is no hierarchy, and what is no model, is refused at the door, with its type."""

import numpy as np
import pytest

from sklearn_hmlc.inspection import rank_rows
from sklearn_hmlc.losses import HierarchicalFocalLoss
from sklearn_hmlc.nn import MaxConstraint
from sklearn_hmlc.postprocessing import make_coherent, shrink_to_parents
from sklearn_hmlc.predictions import iter_uncertainty

PROBA = np.full((2, 3), 0.5)
TAKERS = {
    "HierarchicalFocalLoss": HierarchicalFocalLoss,
    "MaxConstraint": MaxConstraint,
    "make_coherent": lambda hierarchy: make_coherent(PROBA, hierarchy),
    "shrink_to_parents": lambda given: shrink_to_parents(PROBA, given, [3, 2, 1]),
}
OTHERS = ["go.obo", [("a", "b")], {"a": ["b"]}, 3, None, np.eye(3)]


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("other", OTHERS, ids=lambda one: type(one).__name__)
def test_what_is_no_hierarchy_is_refused(taker, other):
    said = f"`hierarchy` to be a Hierarchy, but got {type(other).__name__}; make one"
    with pytest.raises(TypeError, match=said):
        TAKERS[taker](other)


@pytest.mark.parametrize("function", [rank_rows, iter_uncertainty])
@pytest.mark.parametrize("other", ["model", 3, None])
def test_what_is_no_model_is_refused(function, other):
    said = f"with `predict_uncertainty`, but {type(other).__name__} has none"
    with pytest.raises(AttributeError, match=said):
        function(other, PROBA)

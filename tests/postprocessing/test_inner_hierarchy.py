"""The hierarchy of a wrapper reaches what is inside, where that has none."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._response import chain, hierarchy_of
from sklearn_hmlc.experts import (
    CoherentVotingClassifier,
    HierarchicalForestClassifier,
    KernelHierarchyClassifier,
    NeighborsHierarchyClassifier,
)
from sklearn_hmlc.metrics import coherence_violations
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier
from tests.classifier.common import small

from .data import FOREST, LOGISTIC, TREE, TURNED, X, Y

WRAPPERS = {
    "thresholds": lambda inner, hierarchy=None: NodeThresholdClassifier(
        inner, hierarchy, cv=2, random_state=0
    ),
    "coherent": CoherentClassifier,
}
INNER = {
    "network": small,
    "forest": lambda hierarchy=None: HierarchicalForestClassifier(
        hierarchy, n_estimators=5, random_state=0
    ),
    "kernel": KernelHierarchyClassifier,
    "neighbours": NeighborsHierarchyClassifier,
    "coherent": lambda hierarchy=None: CoherentClassifier(LOGISTIC, hierarchy),
    "pipeline": lambda hierarchy=None: make_pipeline(
        StandardScaler(), KernelHierarchyClassifier(hierarchy)
    ),
    "search": lambda hierarchy=None: GridSearchCV(
        KernelHierarchyClassifier(hierarchy), {"alphas": [0.1, 1.0]}, cv=2
    ),
    "mean": lambda hierarchy=None: CoherentVotingClassifier(
        [("kernel", KernelHierarchyClassifier())], hierarchy
    ),
}


@pytest.mark.filterwarnings("ignore:.*no positive row")
@pytest.mark.parametrize("labels", ["array", "frame"])
@pytest.mark.parametrize("make", INNER.values(), ids=INNER)
@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_as_if_it_were_given_to_both(wrap, make, labels):
    y = pd.DataFrame(Y, columns=TREE.nodes)[TURNED] if labels == "frame" else Y
    inner = make(None)
    once = wrap(inner, TREE).fit(X, y)
    twice = wrap(make(TREE), TREE).fit(X, y)
    assert all(
        part.hierarchy_ == TREE for part in chain(once) if hasattr(part, "hierarchy_")
    )
    assert_array_equal(once.predict_proba(X), twice.predict_proba(X))
    assert_array_equal(once.predict(X), twice.predict(X))
    proba = once.predict_proba(X)[:, [list(once.classes_).index(n) for n in TREE.nodes]]
    assert not coherence_violations(proba, TREE)
    # Parameters stay as they were given.
    assert hierarchy_of(inner) is None


def test_labels_of_one_class_a_row():
    names = [node for node in TREE.nodes if node != "root"]
    y = np.array(names)[np.arange(60) % len(names)]
    once = NodeThresholdClassifier(KernelHierarchyClassifier(), TREE).fit(X, y)
    twice = NodeThresholdClassifier(KernelHierarchyClassifier(TREE), TREE).fit(X, y)
    assert once.estimator_.hierarchy_ == TREE
    assert_array_equal(once.predict_proba(X), twice.predict_proba(X))


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_what_has_one_keeps_it(wrap):
    other = Hierarchy.flat(TREE.nodes)
    clf = wrap(KernelHierarchyClassifier(other), TREE).fit(X, Y)
    assert (clf.hierarchy_, clf.estimator_.hierarchy_) == (TREE, other)


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_what_is_frozen_or_knows_none_stays_as_it_is(wrap):
    clf = wrap(FOREST, TREE).fit(X, Y)
    assert type(clf.estimator_) is type(FOREST)
    fitted = clone(KernelHierarchyClassifier()).fit(X, Y)
    if wrap is not CoherentClassifier:
        wrap = NodeThresholdClassifier  # nothing is tuned on folds
    clf = wrap(FrozenEstimator(fitted), TREE).fit(X, Y)
    assert hierarchy_of(clf.estimator_) == fitted.hierarchy_ != TREE

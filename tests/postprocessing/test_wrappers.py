"""What both wrappers share: containers, scores, classes, words for bad input."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
)

from .data import FOREST, TREE, WRAPPERS, X, Y

OPEN = np.zeros_like(Y)
OPEN[0, TREE.index("b/z")] = 1


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_containers_come_back(wrapper):
    expected = clone(wrapper).fit(X, Y).predict(X)
    for make in (sp.csr_array, sp.csc_matrix):
        got = clone(wrapper).fit(X, make(Y)).predict(X)
        assert type(got) is make
        assert np.array_equal(got.toarray(), expected)
    frame = pd.DataFrame(Y.astype(bool), columns=TREE.nodes)[list(TREE.nodes[::-1])]
    rows = pd.DataFrame(X, index=range(5, 5 + len(X)))
    rows.columns = [f"x{i}" for i in range(X.shape[1])]
    clf = clone(wrapper).fit(rows, frame)
    got = clf.predict(rows)
    assert got.index.equals(rows.index)
    assert got.columns.tolist() == clf.classes_.tolist() == frame.columns.tolist()
    assert set(got.dtypes) == {np.dtype(bool)}
    assert TREE.is_closed(got)
    proba = clf.predict_proba(rows)[:, ::-1]
    assert clf.feature_names_in_.tolist() == rows.columns.tolist()
    parents, children = TREE.edges.T
    assert (proba[:, parents] >= proba[:, children]).all()


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_lives_in_scikit_learn(wrapper):
    fitted = clone(wrapper).fit(X, Y)
    assert np.array_equal(
        pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X)
    )
    inside = make_pipeline(StandardScaler(), clone(wrapper)).fit(X, Y)
    assert inside.predict(X).shape == Y.shape
    depth = "estimator__" * (1 + isinstance(wrapper, NodeThresholdClassifier))
    search = GridSearchCV(wrapper, {f"{depth}max_depth": [1, 3]}, cv=2)
    assert search.fit(X, Y).best_params_[f"{depth}max_depth"] in (1, 3)
    weight = np.ones(len(X))
    weight[:30] = 0
    weighted = clone(wrapper).fit(X, Y, sample_weight=weight)
    assert not np.array_equal(weighted.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_scores_by_pooled_precision_and_names(wrapper):
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    clf = clone(wrapper).fit(X, frame)
    expected = au_prc(Y, clf.predict_proba(X), hierarchy=TREE)
    assert clf.score(X, frame) == pytest.approx(expected)
    assert clf.score(X, frame[list(TREE.nodes[::-1])]) == pytest.approx(expected)
    names = np.where(Y[:, TREE.index("a")], "a", "b")
    one = clone(wrapper).fit(X, names)
    assert one.score(X, names) == np.mean(one.predict(X) == names)


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_a_failed_fit_leaves_what_was_there(wrapper):
    never = clone(wrapper)
    with pytest.raises(ValueError):  # noqa: PT011 (whatever the reason)
        never.fit(X[:30], Y)
    with pytest.raises(NotFittedError):
        never.predict(X)
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    clf = clone(wrapper).fit(X, frame)
    expected, before = clf.predict(X), set(vars(clf))
    broken = X.copy()
    broken[0, 0] = np.inf
    for features, labels in ((X[:30], Y), (broken, Y)):
        with pytest.raises(ValueError):  # noqa: PT011 (whatever the reason)
            clf.fit(features, labels)
        assert set(vars(clf)) == before
        pd.testing.assert_frame_equal(clf.predict(X), expected)


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_no_rows(wrapper):
    with pytest.raises(ValueError, match=r"0 sample\(s\), while a minimum of 1"):
        clone(wrapper).fit(X[:0], Y[:0])


@pytest.mark.parametrize(
    "kind", [CoherentClassifier, lambda *a: NodeThresholdClassifier(*a, cv=2)]
)
def test_one_node_per_row(kind):
    animals = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    points = [[0.0], [0.1], [5.0], [5.1]] * 10
    names = ["cat", "cat", "dog", "dog"] * 10
    clf = kind(KNeighborsClassifier(3), animals).fit(points, names)
    assert clf.predict([[0.0], [5.0]]).tolist() == ["cat", "dog"]
    np.testing.assert_allclose(clf.predict_proba(points).sum(1), 1)


@pytest.mark.parametrize("kind", [CoherentClassifier, NodeThresholdClassifier])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed"),
        (Y[:, 0], "no nodes of the hierarchy"),
        (OPEN, "close"),
        (Y[:, :3], "6"),
    ],
)
def test_bad_labels(kind, y, message):
    with pytest.raises(ValueError, match=message):
        kind(FOREST, TREE).fit(X, y)


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_probabilities_across_folds_of_a_root_that_all_rows_have(wrapper):
    # scikit-learn makes a column of zeros of it before it asks for probabilities.
    assert not TREE.scored[TREE.index("root")]
    some = Y.sum(axis=1) > 1
    points, labels = X[some], Y[some]
    assert labels[:, TREE.index("root")].all()
    got = cross_val_predict(
        wrapper, points, labels, cv=KFold(3), method="predict_proba"
    )
    for train, test in KFold(3).split(points):
        expected = clone(wrapper).fit(points[train], labels[train])
        np.testing.assert_array_equal(got[test], expected.predict_proba(points[test]))


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda w: type(w).__name__)
def test_stacking_without_the_root(wrapper):
    # With it, stacking could not say what is predicted; the advice is to leave it out.
    nodes = [name for name in TREE.nodes if name != "root"]
    below = TREE.subset(nodes)
    labels = Y[:, [TREE.index(name) for name in below.nodes]]
    one = clone(wrapper)
    coherent = one if isinstance(one, CoherentClassifier) else one.estimator
    coherent.set_params(hierarchy=below)
    stack = StackingClassifier([("one", one)], final_estimator=clone(one), cv=KFold(3))
    pred = stack.fit(X, labels).predict(X)
    assert below.is_closed(np.asarray(pred))

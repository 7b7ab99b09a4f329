"""Columns with names go by name, whatever frame has them; else they are refused."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import KFold

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    make_coherent,
    node_thresholds,
)

from .data import FOREST, TREE, TURNED, WRAPPERS, X, Y

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

FRAMES = {
    "pandas": lambda values, names: pd.DataFrame(values, columns=list(names)),
    "polars": lambda values, names: pl.DataFrame(values, schema=list(names)),
    "pyarrow": lambda values, names: pa.table(
        dict(zip(names, np.asarray(values).T, strict=True))
    ),
}
each_frame = pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
each_wrapper = pytest.mark.parametrize(
    "wrapper", WRAPPERS, ids=lambda wrapper: type(wrapper).__name__
)
NODES = np.array(TURNED)
TURN = [TREE.index(name) for name in TURNED]


def names_of(frame):
    return list(getattr(frame, "column_names", frame.columns))


def values_of(frame):
    return np.asarray(frame.to_pandas() if isinstance(frame, pa.Table) else frame)


@each_frame
@each_wrapper
def test_a_frame_s_columns_are_its_own(wrapper, make):
    straight = clone(wrapper).fit(X, pd.DataFrame(Y, columns=TREE.nodes))
    expected = au_prc(Y, straight.predict_proba(X), hierarchy=TREE)
    y = make(Y[:, TURN], TURNED)
    # Trees break ties by the order of columns; scores that differ would show.
    clf = clone(wrapper).fit(X, y)
    assert clf.classes_.tolist() == TURNED
    pred = clf.predict(X)
    assert type(pred) is type(y)
    assert names_of(pred) == TURNED
    np.testing.assert_array_equal(values_of(pred), straight.predict(X)[TURNED])
    np.testing.assert_allclose(clf.predict_proba(X), straight.predict_proba(X)[:, TURN])
    # Named labels by name; bare ones in the order of classes_.
    for truth in (y, make(Y, TREE.nodes), Y[:, TURN], sp.csr_array(Y[:, TURN])):
        assert clf.score(X, truth) == pytest.approx(expected)


@each_frame
@each_wrapper
def test_a_frame_after_a_fit_on_an_array(wrapper, make):
    clf = clone(wrapper).fit(X, Y)
    assert clf.score(X, make(Y[:, TURN], TURNED)) == clf.score(X, Y)


@each_frame
@each_wrapper
def test_features_from_any_frame(wrapper, make):
    points = make(X, [f"x{k}" for k in range(X.shape[1])])
    clf = clone(wrapper).fit(points, Y)
    expected = clone(wrapper).fit(X, Y).predict(X)
    np.testing.assert_array_equal(clf.predict(points), expected)


@each_frame
@pytest.mark.parametrize("method", ["max", "min", "mean", "isotonic"])
def test_coherent_frames_keep_names_and_kind(make, method):
    scores = np.random.default_rng(0).random((3, TREE.n_nodes))
    expected = make_coherent(scores, TREE, method)
    frame = make(scores[:, TURN], TURNED)
    got = make_coherent(frame, TREE, method)
    assert type(got) is type(frame)
    assert names_of(got) == TURNED
    np.testing.assert_array_equal(values_of(got), expected[:, TURN])
    np.testing.assert_array_equal(values_of(frame), scores[:, TURN])


def test_coherent_frames_keep_rows_and_have_one_dtype():
    pair = Hierarchy.from_edges([("a", "b")])
    frame = pd.DataFrame({"b": [0.2, 1.0], "a": [0.9, 0.3]}, index=["r", "s"])
    got = make_coherent(frame, pair)
    assert got.to_dict("list") == {"b": [0.2, 1.0], "a": [0.9, 1.0]}
    assert got.index.tolist() == ["r", "s"]
    # Rounded to the dtypes of their columns, a parent might come below its child.
    mixed = frame.astype({"b": np.float32, "a": np.float64})
    assert set(make_coherent(mixed, pair).dtypes) == {np.dtype(float)}
    assert set(make_coherent(frame.astype(np.float32), pair).dtypes) == {
        np.dtype(np.float32)
    }
    whole = pd.DataFrame([[2, -1]], columns=["b", "a"])
    assert make_coherent(whole, pair, "mean").to_numpy().tolist() == [[0.5, 0.5]]


def test_coherent_scores_of_other_kinds():
    pair = Hierarchy.from_edges([("a", "b")])
    expected = [[0.9, 0.9], [0.5, 0.0]]
    scores = np.array([[0.2, 0.9], [0.5, 0.0]])
    assert make_coherent(sp.csr_array(scores), pair).tolist() == expected
    of_each = [np.column_stack([1 - p, p]) for p in scores.T]
    np.testing.assert_allclose(make_coherent(of_each, pair), expected)
    with pytest.raises(ValueError, match="unknown: 'c'"):
        make_coherent(pd.DataFrame(scores, columns=["a", "c"]), pair)


@each_frame
def test_thresholds_go_by_name(make):
    scores = np.random.default_rng(1).random(Y.shape)
    expected = pd.Series(node_thresholds(Y, scores, "f1"), index=TREE.nodes)
    named, turned = make(Y, TREE.nodes), make(scores[:, TURN], TURNED)
    got = node_thresholds(named, turned, "f1")
    assert got.index.tolist() == list(TREE.nodes)
    pd.testing.assert_series_equal(got, expected, check_names=False)
    got = node_thresholds(make(Y[:, TURN], TURNED), turned, "f1")
    pd.testing.assert_series_equal(got, expected[TURNED], check_names=False)
    # Bare columns are those of the side with names.
    for pair in ((named, scores), (Y, make(scores, TREE.nodes))):
        got = node_thresholds(*pair, "f1")
        pd.testing.assert_series_equal(got, expected, check_names=False)
    share = pd.Series(Y.mean(axis=0), index=TREE.nodes)[TURNED]
    for prevalence in (share, share.to_dict()):
        got = node_thresholds(named, turned, prevalence=prevalence)
        pd.testing.assert_series_equal(got, node_thresholds(named, turned))


def test_thresholds_of_columns_that_do_not_match():
    truth = pd.DataFrame([[0, 1]], columns=["a", "b"])
    scores = pd.DataFrame([[0.1, 0.2]], columns=["a", "c"])
    with pytest.raises(ValueError, match=r"proba .*: 'b'; unknown: 'c'"):
        node_thresholds(truth, scores)
    with pytest.raises(ValueError, match=r"`prevalence` for every node, .* 'b'"):
        node_thresholds(truth, truth / 2, prevalence={"a": 0.5})
    with pytest.raises(ValueError, match=r"`prevalence` for every node, .* 0, 1"):
        node_thresholds([[0, 1]], [[0.1, 0.2]], prevalence={"a": 0.5})


def test_tuned_thresholds_fit_the_model_they_were_tuned_for():
    frame = pd.DataFrame(Y[:, TURN], columns=TURNED)
    clf = CoherentClassifier(FOREST, TREE).fit(X, frame)
    thresholds = node_thresholds(frame, clf.predict_proba(X), prevalence=[0.3] * 6)
    pred = clf.set_params(threshold=thresholds).predict(X)
    wanted = clf.predict_proba(X) >= thresholds.to_numpy()
    closed = TREE.close(pd.DataFrame(wanted, columns=TURNED).astype(int))
    pd.testing.assert_frame_equal(pred, closed)
    with pytest.raises(ValueError, match="nobody knows which node"):
        clf.set_params(threshold=thresholds.to_numpy()).predict(X)
    with pytest.raises(ValueError, match="nobody knows which node"):
        clone(clf).fit(X, frame)
    # In node order nobody has to ask.
    named = pd.DataFrame(Y, columns=TREE.nodes)
    clone(clf).set_params(threshold=[0.5] * 6).fit(X, named).predict(X)


@each_wrapper
def test_rows_of_the_same_names_in_another_order(wrapper):
    ids = [f"g{k}" for k in range(len(X))]
    points = pd.DataFrame(X, index=ids)
    points.columns = [f"x{k}" for k in range(X.shape[1])]
    y = pd.DataFrame(Y, columns=TREE.nodes, index=ids)
    with pytest.warns(
        UserWarning, match=r"another order.*y\.loc\[X\.index\]"
    ) as caught:
        clone(wrapper).fit(points, y.sort_index())
    assert caught[0].filename == __file__
    fitted = clone(wrapper).fit(points, y)
    with pytest.warns(UserWarning, match="another order") as caught:
        fitted.score(points, y.sort_index())
    assert caught[0].filename == __file__


@each_frame
def test_a_model_without_names_answers_in_the_columns_of_y(make):
    folds = KFold(3)
    clf = NodeThresholdClassifier(FOREST, TREE, cv=folds).fit(X, Y)
    turned = clone(clf).fit(X, make(Y[:, TURN], TURNED))
    np.testing.assert_allclose(turned.thresholds_, clf.thresholds_)
    np.testing.assert_array_equal(values_of(turned.predict(X)), clf.predict(X)[:, TURN])
    frozen = FrozenEstimator(clone(FOREST).fit(X, Y[:, TURN]))
    turned = NodeThresholdClassifier(frozen, TREE).fit(X, make(Y[:, TURN], TURNED))
    straight = NodeThresholdClassifier(FrozenEstimator(clone(FOREST).fit(X, Y)), TREE)
    np.testing.assert_allclose(turned.thresholds_, straight.fit(X, Y).thresholds_)


def test_a_flat_model_of_a_bare_array_knows_no_names():
    # Numbers of columns are no names, though the hierarchy's nodes are numbers too.
    numbers = Hierarchy.from_edges([(2, 0)], nodes=[2, 0, 1])
    labels = Y[:, [TREE.index(name) for name in ("a", "a/x", "b")]]
    flat = CoherentClassifier(FOREST).fit(X, labels)
    clf = NodeThresholdClassifier(FrozenEstimator(flat), numbers).fit(X, labels)
    np.testing.assert_array_equal(clf.predict_proba(X), flat.predict_proba(X))
    inside = NodeThresholdClassifier(CoherentClassifier(FOREST), numbers, cv=KFold(2))
    np.testing.assert_array_equal(
        inside.fit(X, labels).predict_proba(X), flat.predict_proba(X)
    )


def test_thresholds_of_a_list_whose_columns_nobody_knows():
    # A forest gives one column, of class 0, where no training row has the node.
    labels = Y * (np.arange(len(TREE)) != 4)
    proba = clone(FOREST).fit(X, labels).predict_proba(X)
    with pytest.raises(ValueError, match=r"position 4 has shape \(60, 1\)"):
        node_thresholds(Y, proba)


@pytest.mark.parametrize("order", [TURNED, ["root", "b", "a", "b/z", "a/y", "a/x"]])
def test_a_model_with_a_hierarchy_inside_learns_nodes_by_name(order):
    assert set(order) == set(TREE.nodes)
    frame = pd.DataFrame(Y, columns=TREE.nodes)[order]
    expected = CoherentClassifier(CoherentClassifier(FOREST, TREE), TREE).fit(X, Y)
    expected = pd.DataFrame(expected.predict_proba(X), columns=TREE.nodes)[order]
    inner = CoherentClassifier(FOREST, TREE)
    other = TREE.from_edges(TREE.edge_names, nodes=TREE.nodes[::-1])
    for outer in (None, TREE, other):
        clf = CoherentClassifier(inner, outer).fit(X, frame)
        assert clf.hierarchy_ == (outer or TREE)
        np.testing.assert_allclose(clf.predict_proba(X), expected)


def test_a_model_with_a_hierarchy_inside_learns_constant_nodes_too():
    labels = Y * (np.arange(len(TREE)) != TREE.index("b/z"))
    clf = CoherentClassifier(CoherentClassifier(FOREST, TREE)).fit(X, labels)
    assert clf.predict_proba(X)[:, TREE.index("b/z")].max() == 0


@pytest.mark.parametrize("known", [TREE, None])
def test_a_frozen_model_keeps_the_names_of_its_columns(known):
    frame = pd.DataFrame(Y, columns=TREE.nodes)
    inner = CoherentClassifier(FOREST, known).fit(X, frame[TURNED])
    expected = pd.DataFrame(inner.predict_proba(X), columns=TURNED)[list(TREE.nodes)]
    expected = make_coherent(expected, TREE)
    for y in (Y, frame, frame[TURNED]):
        clf = CoherentClassifier(FrozenEstimator(inner), TREE).fit(X, y)
        got = pd.DataFrame(clf.predict_proba(X), columns=clf.classes_)
        np.testing.assert_allclose(got[list(TREE.nodes)], expected)

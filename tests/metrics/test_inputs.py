"""Columns, rows and containers at the door of every measure: one rule for all."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy, metrics

HIERARCHY = Hierarchy.from_edges(
    [("r", "a"), ("r", "b"), ("a", "c"), ("b", "d")], unscored=["r"]
)
NODES = list(HIERARCHY.nodes)
MIXED = ["d", "r", "b", "a", "c"]
INFORMATION = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
COUNTS = np.array([60, 3, 20, 7, 1])

# Each measure as f(truth, labels, scores, **more), and its values by node.
MEASURES = {
    "au_prc": (
        lambda y, _, s, **more: metrics.au_prc(y, s, **more),
        {"scored": INFORMATION > 1},
    ),
    "pooled_pr_curve": (
        lambda y, _, s, **more: metrics.pooled_pr_curve(y, s, **more).area,
        {"scored": INFORMATION > 1},
    ),
    "node_precision_recall_f1": (
        lambda y, p, _, **more: metrics.node_precision_recall_f1(y, p, **more),
        {"scored": INFORMATION > 1},
    ),
    "hierarchical_precision_recall_f1": (
        lambda y, p, _, **more: metrics.hierarchical_precision_recall_f1(y, p, **more),
        {},
    ),
    "coverage_score": (
        lambda y, _, s, **more: metrics.coverage_score(y, s, **more),
        {},
    ),
    "fmax_score": (lambda y, _, s, **more: metrics.fmax_score(y, s, **more), {}),
    "weighted_fmax_score": (
        lambda y, _, s, **more: metrics.weighted_fmax_score(y, s, **more),
        {"information": INFORMATION},
    ),
    "smin_score": (
        lambda y, _, s, **more: metrics.smin_score(y, s, **more),
        {"information": INFORMATION},
    ),
    "rarity_report": (
        lambda y, p, s, **more: metrics.rarity_report(y, p, s, **more).to_numpy(),
        {"train_counts": COUNTS},
    ),
}

# A frame of each library from an array whose columns are those of NODES.
FRAMES = {
    "pandas": lambda values, names: pd.DataFrame(values, columns=NODES)[names],
    "polars": lambda values, names: pl.DataFrame(values, schema=NODES)[names],
    "pyarrow": lambda values, names: pa.table(
        {name: values[:, NODES.index(name)] for name in names}
    ),
}


@pytest.fixture
def example(rng):
    truth = HIERARCHY.close(rng.random((40, 5)) < 0.2).astype(int)
    scores = HIERARCHY.close(truth) * 0.3 + rng.random((40, 5)) * 0.7
    return truth, (scores > 0.5).astype(int), scores


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.parametrize("name", MEASURES)
def test_columns_go_by_name(example, name, library):
    measure, by_node = MEASURES[name]
    expected = measure(*example, hierarchy=HIERARCHY, **by_node)
    orders = (MIXED, NODES[::-1], MIXED[::-1])
    named = [FRAMES[library](*pair) for pair in zip(example, orders, strict=True)]
    mapped = {key: pd.Series(x, NODES)[MIXED] for key, x in by_node.items()}
    found = measure(*named, hierarchy=HIERARCHY, **mapped)
    np.testing.assert_allclose(found, expected)
    plain = {key: dict(zip(NODES, x, strict=True)) for key, x in by_node.items()}
    np.testing.assert_allclose(measure(*named, hierarchy=HIERARCHY, **plain), expected)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.coo_matrix, list])
@pytest.mark.parametrize("name", MEASURES)
def test_bare_arrays_are_in_node_order(example, name, container):
    measure, by_node = MEASURES[name]
    expected = measure(*example, hierarchy=HIERARCHY, **by_node)
    truth, labels, scores = (container(values) for values in example)
    for one in (truth, FRAMES["pandas"](example[0], NODES)):
        found = measure(one, labels, scores, hierarchy=HIERARCHY, **by_node)
        np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.parametrize("name", MEASURES)
def test_bare_beside_another_order_is_refused(example, name, library):
    measure, by_node = MEASURES[name]
    truth, labels, scores = example
    frames = [FRAMES[library](values, MIXED) for values in example]
    nobody = "so that nobody knows"
    with pytest.raises(ValueError, match=rf"`y_true` .* {nobody}"):
        measure(frames[0], labels, scores, hierarchy=HIERARCHY, **by_node)
    with pytest.raises(ValueError, match=rf"`y_true` has no names, .* {nobody}"):
        measure(truth, frames[1], frames[2], hierarchy=HIERARCHY, **by_node)
    for key in by_node:
        with pytest.raises(ValueError, match=rf"`{key}` has no names, .* {nobody}"):
            measure(*frames, hierarchy=HIERARCHY, **by_node)


def test_bare_training_labels_beside_another_order_are_refused(example):
    truth, labels, scores = example
    named = [FRAMES["pandas"](values, MIXED) for values in example]
    for y_train, sides in ((truth, named), (named[0], (truth, labels, scores))):
        with pytest.raises(ValueError, match="so that nobody knows"):
            metrics.rarity_report(*sides, y_train=y_train, hierarchy=HIERARCHY)
    # Without a hierarchy a bare array has the order of the only frame, as here.
    only = FRAMES["pandas"](truth, MIXED)
    where = [NODES.index(name) for name in MIXED]
    expected = metrics.au_prc(truth, scores)
    assert metrics.au_prc(only, scores[:, where]) == pytest.approx(expected)
    with pytest.raises(ValueError, match="so that nobody knows"):
        metrics.rarity_report(
            only, FRAMES["pandas"](labels, NODES), scores, y_train=truth
        )


def test_columns_that_are_no_nodes(example):
    truth, _, scores = example
    frame = pd.DataFrame(scores, columns=[*NODES[:-1], "x"])
    with pytest.raises(ValueError, match=r"y_score must be .*: 'd'; unknown: 'x'"):
        metrics.au_prc(truth, frame, hierarchy=HIERARCHY)


@pytest.mark.parametrize("library", FRAMES)
def test_one_number_per_node_comes_by_name(example, library):
    truth, labels, scores = (FRAMES[library](values, MIXED) for values in example)
    kept = [name for name in MIXED if name != "r"]
    where = [NODES[1:].index(name) for name in kept]
    options = {"hierarchy": HIERARCHY, "average": None}
    areas = metrics.au_prc(truth, scores, **options)
    assert areas.index.tolist() == kept
    bare = metrics.au_prc(example[0], example[2], **options)
    assert isinstance(bare, np.ndarray)
    np.testing.assert_array_equal(areas, bare[where])
    found = metrics.node_precision_recall_f1(truth, labels, **options)
    bare = metrics.node_precision_recall_f1(*example[:2], **options)
    for field in found._fields:
        one = getattr(found, field)
        assert one.name == field
        assert one.index.tolist() == kept
        np.testing.assert_array_equal(one, getattr(bare, field)[where])
    # What goes in by name is of use as it comes out.
    information = metrics.information_accretion(truth, HIERARCHY)
    assert information.index.tolist() == MIXED
    smin = metrics.smin_score(truth, scores, information, hierarchy=HIERARCHY)
    bare = metrics.information_accretion(example[0], HIERARCHY)
    assert smin == metrics.smin_score(example[0], example[2], bare, hierarchy=HIERARCHY)


def test_names_that_are_tuples():
    names = [("x", 1), ("x", 2)]
    truth = pd.DataFrame([[1, 0], [0, 1]])
    truth.columns = pd.Index(names, tupleize_cols=False)
    areas = metrics.au_prc(truth, truth, average=None)
    assert areas.to_dict() == dict.fromkeys(names, 1.0)


def test_no_node_left(example):
    truth, labels, _ = (pd.DataFrame(values, columns=NODES) for values in example)
    found = metrics.node_precision_recall_f1(
        truth * 0, labels, average=None, present_only=True
    )
    assert [len(values) for values in found] == [0, 0, 0]


@pytest.mark.parametrize("name", ["au_prc", "node_precision_recall_f1", "fmax_score"])
def test_same_rows_in_another_order_warn(example, name):
    measure, _ = MEASURES[name]
    truth, labels, scores = (pd.DataFrame(values, columns=NODES) for values in example)
    measure(truth, labels, scores)
    message = r"y_true and y_(score|pred) have the same row ids .*`y_(score|pred) = "
    with pytest.warns(UserWarning, match=message) as caught:
        measure(truth[::-1], labels, scores)
    assert caught[0].filename == __file__


def test_lists_of_probabilities(example):
    truth, _, scores = example
    several = [np.column_stack([1 - column, column]) for column in scores.T]
    assert metrics.au_prc(truth, several) == metrics.au_prc(truth, scores)
    frame = FRAMES["pandas"](truth, MIXED)
    with pytest.raises(ValueError, match="`y_score` has no names"):
        metrics.au_prc(frame, several, hierarchy=HIERARCHY)
    several[2] = np.ones((40, 1))
    with pytest.raises(ValueError, match=r"position 2 has shape \(40, 1\).*get_scorer"):
        metrics.au_prc(truth, several)
    with pytest.raises(ValueError, match=r"position 0 has shape \(40, 1\)"):
        metrics.au_prc(truth, [np.ones((40, 1))] * 5)


@pytest.mark.parametrize("library", FRAMES)
def test_violations_go_by_name(example, library):
    _, _, scores = example
    expected = metrics.coherence_violations(scores, HIERARCHY)
    assert expected > 0
    named = FRAMES[library](scores, MIXED)
    assert metrics.coherence_violations(named, HIERARCHY) == expected
    assert metrics.coherence_violations(named[:0], HIERARCHY) == 0

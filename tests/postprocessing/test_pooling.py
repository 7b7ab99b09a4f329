"""Thresholds that rare nodes share: closed forms, and a slow form of the rule."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.postprocessing import NodeThresholdClassifier, node_thresholds
from sklearn_hmlc.postprocessing import _thresholds as module
from sklearn_hmlc.postprocessing._pooling import MULTIPLES, frequency_classes
from tests._strategies import few

from .data import FOREST, TREE, X, Y


def ranks(n_samples, n_nodes):
    """Scores that fall from row to row, so that the first k rows are predicted."""
    down = np.linspace(0.9, 0.1, n_samples)[:, np.newaxis]
    return np.tile(down, (1, n_nodes))


def labels_at(n_samples, *places):
    """Labels with positives at given places, one tuple per node."""
    truth = np.zeros((n_samples, len(places)), dtype=int)
    for node, rows in enumerate(places):
        truth[list(rows), node] = 1
    return truth


def predicted(truth, scores, **params):
    return (scores >= node_thresholds(truth, scores, "f1", **params)).sum(axis=0)


def test_a_class_has_the_multiple_of_its_best_mean_f1():
    # Alone the first node would be found in its first row, the others in their third
    # and fourth; together, with m rows predicted:
    #   m = 1: (1 + 0 + 0) / 3, m = 3: (2/4 + 2/4 + 0) / 3, m = 4: 3 * 2/5 / 3
    truth = labels_at(20, [0], [2], [3])
    assert (predicted(truth, ranks(20, 3), pooled=2) == 4).all()
    assert predicted(truth, ranks(20, 3), factor=np.inf).tolist() == [1, 3, 4]


def test_rows_are_a_multiple_of_each_node_s_frequency():
    # Positives at every second place: half of the predicted rows are right, at twice
    # the frequency, for nodes with three rows and with four.
    truth = labels_at(30, [1, 3, 5], [1, 3, 5, 7])
    assert predicted(truth, ranks(30, 2), pooled=5).tolist() == [6, 8]


def test_frequent_nodes_stand_for_themselves():
    truth = labels_at(20, [5], [2], range(8))
    scores = ranks(20, 3)
    alone = node_thresholds(truth, scores, "f1")
    pooled = node_thresholds(truth, scores, "f1", pooled=8)
    assert pooled[2] == alone[2]
    # The others are too few to learn a multiple from: as often as they are there.
    assert (scores[:, :2] >= pooled[:2]).sum(axis=0).tolist() == [1, 1]


def test_a_node_without_positives_takes_the_multiple_of_the_rarest():
    truth = labels_at(20, [3], [3], [])
    share = [0.05, 0.05, 0.05]
    rows = predicted(truth, ranks(20, 3), pooled=2, prevalence=share)
    assert rows.tolist() == [4, 4, 4]
    # None is predicted that is never to be there.
    assert predicted(truth, ranks(20, 3), pooled=2).tolist() == [4, 4, 0]


def test_too_few_positives_in_all_are_no_reason_to_leave_the_frequency():
    truth = labels_at(20, [3], [3])
    assert predicted(truth, ranks(20, 2), pooled=2).tolist() == [4, 4]
    assert predicted(truth, ranks(20, 2), pooled=3).tolist() == [1, 1]


def test_unscored_nodes_have_no_say():
    hierarchy = Hierarchy.from_edges([("root", "a"), ("root", "b")], unscored=["root"])
    truth = labels_at(20, [3], [3], [])
    scores = ranks(20, 3)
    alone = node_thresholds(truth, scores, "f1", hierarchy=hierarchy)
    pooled = node_thresholds(truth, scores, "f1", hierarchy=hierarchy, pooled=1)
    assert pooled[0] == alone[0]


@pytest.mark.parametrize(
    ("counts", "enough", "expected"),
    [
        ([1, 2, 3, 4, 5, 8, 9], 1, [0, 0, 1, 1, 2, 2, 3]),
        ([0, 1, 1], 1, [0, 0, 0]),
        # Three positives are joined with the next class, which then has seven more.
        ([1, 2, 3, 4, 8], 8, [0, 0, 0, 0, 1]),
        # What is left over at the end goes to the class before it.
        ([8, 8, 9], 10, [0, 0, 0]),
        ([2, 2, 2, 2, 3], 8, [0, 0, 0, 0, 0]),
        ([1], 5, [0]),
    ],
)
def test_classes(counts, enough, expected):
    assert frequency_classes(np.array(counts), enough).tolist() == expected


def slowly(truth, scores, limit):
    """The rule again, node by node, for scores without ties."""
    n_positive = truth.sum(axis=0)
    ordered = np.sort(scores, axis=0)[::-1]

    def decide(node, multiple):
        rows = max(multiple * n_positive[node], 1 if n_positive[node] else 0)
        options = np.arange(len(truth) + 1)
        rows = options[np.abs(options - rows).argmin()]
        return scores[:, node] >= (ordered[rows - 1, node] if rows else np.inf)

    rare = np.flatnonzero(n_positive < limit)
    classes = frequency_classes(n_positive[rare], limit)
    decisions = {}
    for one in set(classes.tolist()):
        nodes = rare[classes == one]
        best = 1.0
        if n_positive[nodes].sum() >= limit:
            means = [
                np.mean(
                    [
                        f1_score(truth[:, node], decide(node, multiple))
                        for node in nodes
                        if n_positive[node]
                    ]
                )
                for multiple in MULTIPLES
            ]
            equal = [
                m
                for m, f1 in zip(MULTIPLES, means, strict=True)
                if f1 >= max(means) - 1e-12
            ]
            best = min(equal, key=lambda multiple: abs(np.log(multiple)))
        decisions.update({node: decide(node, best) for node in nodes})
    return decisions


@few
@given(
    st.integers(1, 40), st.integers(1, 12), st.integers(1, 9), st.integers(0, 2**32 - 1)
)
def test_against_a_slow_form(n_samples, n_nodes, limit, seed):
    rng = np.random.default_rng(seed)
    truth = (rng.random((n_samples, n_nodes)) < rng.random(n_nodes) * 0.4).astype(int)
    scores = rng.permuted(np.tile(np.arange(n_samples), (n_nodes, 1)), axis=1).T
    scores = (scores + 1) / (n_samples + 2)
    thresholds = node_thresholds(truth, scores, "f1", pooled=limit)
    got = scores >= thresholds
    for node, expected in slowly(truth, scores, limit).items():
        np.testing.assert_array_equal(got[:, node], expected)
    others = truth.sum(axis=0) >= limit
    alone = node_thresholds(truth, scores, "f1")
    np.testing.assert_array_equal(thresholds[others], alone[others])


def test_parts_containers_and_weights_do_not_show(monkeypatch, rng):
    truth = (rng.random((50, 40)) < 0.06).astype(int)
    scores = np.where(rng.random((50, 40)) < 0.5, rng.random((50, 40)), 0)
    expected = node_thresholds(truth, scores, "f1", pooled=9)
    assert not np.array_equal(expected, node_thresholds(truth, scores, "f1"))
    sparse = node_thresholds(sp.csr_array(truth), sp.csr_array(scores), "f1", pooled=9)
    np.testing.assert_array_equal(sparse, expected)
    # Rows of weight 0 are no rows.
    more = np.vstack([truth, truth[:5] ^ 1]), np.vstack([scores, scores[:5]])
    weight = np.repeat([3.0, 0.0], [50, 5])
    weighted = node_thresholds(*more, "f1", pooled=9, sample_weight=weight)
    np.testing.assert_allclose(weighted, expected)
    monkeypatch.setattr(module, "_BLOCK_ENTRIES", 150)
    parts = node_thresholds(truth, scores, "f1", pooled=9)
    np.testing.assert_array_equal(parts, expected)


def test_within_the_classifier():
    rare = Y.copy()
    rare[6:, 1:] = 0
    labels = TREE.close(rare)
    clf = NodeThresholdClassifier(FOREST, TREE, strategy="f1", cv=3, random_state=0)
    alone = clf.fit(X, labels).thresholds_
    pooled = clf.set_params(pooled=7).fit(X, labels).thresholds_
    assert pooled[0] == alone[0]
    assert not np.array_equal(pooled, alone)
    np.testing.assert_array_equal(
        clf.set_params(pooled=1).fit(X, labels).thresholds_, alone
    )


@pytest.mark.parametrize("pooled", [0, -1, 2.5, "all", True])
def test_bad_limits(pooled):
    with pytest.raises(ValueError, match="pooled"):
        node_thresholds(Y, Y * 0.5, "f1", pooled=pooled)


def test_without_effect():
    with pytest.warns(UserWarning, match="pooled=3 has no effect"):
        node_thresholds(Y, Y * 0.5, pooled=3)
    with pytest.warns(UserWarning, match="pooled=3 has no effect"):
        NodeThresholdClassifier(FOREST, TREE, pooled=3, cv=2).fit(X, Y)

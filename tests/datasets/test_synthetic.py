"""The synthetic problem: closed labels, a long tail, and something to learn."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import RidgeCV
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from sklearn_hmlc.datasets import make_hierarchical_multilabel


@pytest.mark.parametrize("kind", ["tree", "dag"])
def test_shapes_and_closure(kind):
    X, Y, hierarchy = make_hierarchical_multilabel(
        300, 12, 50, kind=kind, max_depth=3, random_state=0
    )
    assert X.shape == (300, 12)
    assert Y.shape == (300, 50)
    assert hierarchy.is_closed(Y)
    assert hierarchy.is_tree == (kind == "tree")
    assert hierarchy.depth.max() == 3
    assert len(hierarchy.roots) == 5
    assert Y.sum(axis=1).min() >= 1


@pytest.mark.parametrize("kind", ["tree", "dag"])
def test_every_node_has_a_row(kind):
    _, Y, _ = make_hierarchical_multilabel(
        200, 5, 200, kind=kind, n_labels=1, rarity=3, random_state=1
    )
    assert Y.sum(axis=0).min() >= 1


def test_second_parents_are_level_with_the_first():
    _, _, hierarchy = make_hierarchical_multilabel(
        10, 2, 300, kind="dag", random_state=0
    )
    pairs = [hierarchy.parents(node) for node in hierarchy.nodes]
    double = [hierarchy.index(list(above)) for above in pairs if len(above) == 2]
    assert 0.2 < len(double) / hierarchy.n_nodes < 0.35
    assert all(np.ptp(hierarchy.depth[above]) == 0 for above in double)


def test_same_seed_same_data_and_sparse_output():
    X, Y, hierarchy = make_hierarchical_multilabel(100, random_state=3)
    X2, Y2, hierarchy2 = make_hierarchical_multilabel(
        100, sparse_output=True, random_state=3
    )
    assert hierarchy == hierarchy2
    np.testing.assert_array_equal(X, X2)
    assert isinstance(Y2, sp.csr_array)
    np.testing.assert_array_equal(Y2.toarray(), Y)
    assert Y.dtype == Y2.dtype == np.int64
    X3, _, _ = make_hierarchical_multilabel(100, random_state=4)
    assert not np.allclose(X, X3)


def test_mean_number_of_drawn_nodes():
    # Without depth there are no ancestors; the same node drawn twice counts once.
    _, Y, hierarchy = make_hierarchical_multilabel(
        4000, 1, 400, max_depth=0, n_labels=3, rarity=0, random_state=0
    )
    assert hierarchy.n_edges == 0
    assert Y.sum(axis=1).mean() == pytest.approx(3, abs=0.1)


def test_frequencies_follow_zipf():
    _, Y, _ = make_hierarchical_multilabel(
        20000, 1, 50, max_depth=0, n_labels=1, rarity=1.5, random_state=0
    )
    count = np.sort(Y.sum(axis=0))[::-1]
    slope = np.polyfit(np.log(np.arange(1, 51)), np.log(count), 1)[0]
    assert slope == pytest.approx(-1.5, abs=0.1)


def test_long_tail_of_the_default():
    _, Y, _ = make_hierarchical_multilabel(3000, random_state=0)
    count = Y.sum(axis=0)
    assert 0.15 < np.mean(count < 15) < 0.35
    assert count.max() > 500


@pytest.mark.parametrize("kind", ["tree", "dag"])
def test_learnable_but_rare_nodes_are_hard(kind):
    X, Y, _ = make_hierarchical_multilabel(2000, kind=kind, random_state=0)
    X, X_test, Y, Y_test = train_test_split(X, Y, random_state=0)
    scores = RidgeCV(alphas=[1, 100, 10000]).fit(X, Y).predict(X_test)
    assert 0.6 < average_precision_score(Y_test.ravel(), scores.ravel()) < 0.95
    present = np.flatnonzero(Y_test.any(axis=0))
    per_node = average_precision_score(
        Y_test[:, present], scores[:, present], average=None
    )
    order = np.argsort(Y.sum(axis=0)[present])
    rare, common = np.array_split(per_node[order], 4)[::3]
    assert rare.mean() > 5 * Y_test.mean(axis=0)[present][order][: len(rare)].mean()
    assert rare.mean() < 0.8 * common.mean()


def test_without_noise_rows_are_sums_of_directions():
    X, Y, _ = make_hierarchical_multilabel(400, 30, 20, noise=0, random_state=0)
    directions, *_ = np.linalg.lstsq(Y.astype(float), X, rcond=None)
    np.testing.assert_allclose(Y @ directions, X, atol=1e-10)
    assert directions.std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("n_samples", 0),
        ("n_features", 0),
        ("n_nodes", 0),
        ("n_nodes", "20"),
        ("kind", "graph"),
        ("n_labels", 0.5),
        ("max_depth", -1),
        ("rarity", -1),
        ("noise", -0.1),
        ("sparse_output", 2),
        ("random_state", "x"),
    ],
)
def test_bad_parameters(parameter, value):
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of make_hier"):
        make_hierarchical_multilabel(**{parameter: value})


def test_smallest_problem():
    X, Y, hierarchy = make_hierarchical_multilabel(1, 1, 1, random_state=0)
    assert X.shape == (1, 1)
    assert Y.tolist() == [[1]]
    assert hierarchy.n_nodes == 1

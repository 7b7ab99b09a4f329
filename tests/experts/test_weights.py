"""Weights of experts against all weights on a grid, and where they are plain."""

import itertools
import time

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.experts import CoherentVotingClassifier
from sklearn_hmlc.experts import _weights as module
from sklearn_hmlc.experts._weights import choose_weights
from sklearn_hmlc.metrics import au_prc

from .stand_ins import Told, noisy, numbered

FLAT = Hierarchy.flat(range(30))


def make_labels(n_samples=400, n_nodes=30, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((n_samples, n_nodes)) < rng.uniform(0.01, 0.2, n_nodes)).astype(
        int
    )


def chosen(labels, *held_out, scored=None, sample_weight=None):
    scored = np.ones(labels.shape[1], dtype=bool) if scored is None else scored
    return choose_weights(held_out, sp.csr_array(labels > 0), scored, sample_weight)


def area(weights, labels, held_out, sample_weight=None):
    mean = np.tensordot(weights, held_out, axes=1)
    return au_prc(labels, mean, sample_weight=sample_weight)


def test_an_expert_that_hurts_counts_nothing():
    labels = make_labels()
    good = [noisy(labels, 1.0, FLAT, seed=seed) for seed in (1, 2)]
    # Sure of the opposite.
    bad = noisy(1 - labels, 0.5, FLAT, seed=3)
    np.testing.assert_array_equal(chosen(labels, *good, bad), [0.5, 0.5, 0])
    np.testing.assert_array_equal(chosen(labels, bad, good[0]), [0, 1])
    names = [
        ("bad", Told(bad, held_out=bad)),
        ("good", Told(good[0], held_out=good[0])),
    ]
    clf = CoherentVotingClassifier(names, FLAT).fit(numbered(400), labels)
    np.testing.assert_array_equal(clf.weights_, [0, 1])
    assert clf.expert_scores_["mean"] == clf.expert_scores_["good"]


def test_equal_experts_count_alike():
    labels = make_labels()
    one = noisy(labels, 1.0, FLAT)
    np.testing.assert_allclose(chosen(labels, one, one, one), [1 / 3] * 3)
    # As good as each other, but for chance.
    others = [noisy(labels, 1.0, FLAT, seed=seed) for seed in range(3)]
    np.testing.assert_allclose(chosen(labels, *others), [1 / 3] * 3)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_against_all_weights_on_a_grid(seed, weighted):
    labels = make_labels(seed=seed)
    held_out = [
        noisy(labels, noise, FLAT, seed=10 * seed + place)
        for place, noise in enumerate((0.7, 1.0, 2.5))
    ]
    weight = np.random.default_rng(seed).integers(1, 5, 400) if weighted else None
    grid = [
        np.array([a, b, 20 - a - b]) / 20
        for a, b in itertools.product(range(21), repeat=2)
        if a + b <= 20
    ]
    best = max(area(one, labels, held_out, weight) for one in grid)
    got = chosen(labels, *held_out, sample_weight=weight)
    assert got.min() >= 0
    assert got.sum() == pytest.approx(1)
    # Simpler weights may be behind by a standard error.
    assert area(got, labels, held_out, weight) > best - 0.01
    assert area(got, labels, held_out, weight) > area(
        [1 / 3] * 3, labels, held_out, weight
    )


def test_areas_are_those_of_all_cells():
    labels = make_labels()
    held_out = [noisy(labels, noise, FLAT) for noise in (0.5, 2.0)]
    weight = np.linspace(0.5, 2, 400)
    scored = np.arange(30) % 3 > 0
    cells = module._Cells(held_out, sp.csr_array(labels > 0), scored, weight)
    for share in (0, 0.3, 1):
        mean = share * held_out[0] + (1 - share) * held_out[1]
        expected = au_prc(labels, mean, scored=scored, sample_weight=weight)
        assert cells.area(np.array([share, 1 - share])) == pytest.approx(
            expected, abs=2e-4
        )


def test_a_sample_of_cells_stands_for_all(monkeypatch):
    labels = make_labels(n_samples=2000)
    held_out = [noisy(labels, noise, FLAT) for noise in (0.7, 1.5)]
    everything = module._Cells(held_out, sp.csr_array(labels), FLAT.scored, None)
    monkeypatch.setattr(module, "_OTHERS", 2**14)
    monkeypatch.setattr(module, "_POSITIVES", 2**12)
    some = module._Cells(held_out, sp.csr_array(labels), FLAT.scored, None)
    assert len(some._part) < len(everything._part) / 2
    for weights in ([1, 0], [0.5, 0.5], [0, 1]):
        whole = everything.area(np.array(weights))
        assert some.area(np.array(weights)) == pytest.approx(whole, abs=0.02)


def test_unscored_nodes_and_rows_of_no_weight_have_no_say():
    labels = make_labels()
    good, bad = noisy(labels, 0.5, FLAT), noisy(1 - labels, 0.5, FLAT)
    # Good where nobody looks.
    scored = np.arange(30) < 20
    mixed = np.where(scored, bad, good)
    other = np.where(scored, good, bad)
    np.testing.assert_array_equal(chosen(labels, mixed, other, scored=scored), [0, 1])
    rows = np.arange(400) < 250
    mixed = np.where(rows[:, np.newaxis], bad, good)
    other = np.where(rows[:, np.newaxis], good, bad)
    weight = rows.astype(float)
    np.testing.assert_array_equal(
        chosen(labels, mixed, other, sample_weight=weight), [0, 1]
    )


def test_nothing_to_choose_by():
    labels = np.zeros((5, 30), dtype=int)
    answers = [noisy(labels, noise, FLAT) for noise in (1.0, 2.0)]
    np.testing.assert_array_equal(chosen(labels, *answers), [0.5, 0.5])
    np.testing.assert_array_equal(chosen(labels + 1, answers[0]), [1])
    experts = [(f"e{i}", Told(one, held_out=one)) for i, one in enumerate(answers)]
    clf = CoherentVotingClassifier(experts, FLAT).fit(numbered(5), labels)
    assert np.isnan(list(clf.expert_scores_.values())).all()
    # One row is all that there is of standard errors.
    labels[0, 0] = 1
    assert chosen(labels, *answers).sum() == 1


def test_cheap():
    labels = make_labels(2500, 500)
    nodes = Hierarchy.flat(range(500))
    held_out = [
        noisy(labels, noise, nodes, seed=int(noise)) for noise in (1.0, 2.0, 4.0)
    ]
    start = time.process_time()
    chosen(labels, *held_out)
    assert time.process_time() - start < 10  # about 1 s where nobody else is at work

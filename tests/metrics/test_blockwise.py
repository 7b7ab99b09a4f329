"""Sparse scores, arrays on disk and blocks: the numbers of the dense array."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy, metrics
from sklearn_hmlc.predictions import iter_proba

from ..predictions.models import HIERARCHY, NODES, coherent, fit, make_data

INFORMATION = dict(zip(NODES, [0.0, 1.0, 2.5, 0.5, 3.0, 1.5], strict=True))


def measure(name):
    """A measure as f(truth, scores, **options), and what it takes beside."""
    if name.startswith("au_prc"):
        average = name.partition(" ")[2] or "pooled"
        options = {"average": None if average == "None" else average}
        return lambda y, s, **more: metrics.au_prc(y, s, **options, **more)
    if name == "davis-goadrich":
        return lambda y, s, **more: metrics.au_prc(y, s, interpolation=name, **more)
    if name == "curve":
        return lambda y, s, **more: np.concatenate(
            metrics.pooled_pr_curve(y, s, **more)[:3]
        )
    function = getattr(metrics, f"{name}_score")
    if name in ("coverage", "fmax"):
        return function
    return lambda y, s, **more: function(y, s, INFORMATION, **more)


AREAS = ["au_prc", "au_prc macro", "au_prc weighted", "au_prc None", "davis-goadrich"]
AREAS.append("curve")
CAFA = ["coverage", "fmax", "weighted_fmax", "smin"]


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def example(request, rng):
    """Closed truth, and coherent scores with many zeros and ties, also of positives."""
    truth = HIERARCHY.close(rng.random((90, 6)) < [1, 0.2, 0.2, 0.1, 0.1, 0.05])
    scores = np.round(rng.random((90, 6)) * (rng.random((90, 6)) < 0.5), 2)
    scores = np.where(truth & (rng.random((90, 6)) < 0.4), 0.9, scores)
    for parents, children in HIERARCHY.levels:
        np.maximum.at(scores, (slice(None), parents), scores[:, children])
    assert (scores[truth] == 0).any()
    return truth, scores.astype(request.param)


def on_disk(scores, folder):
    out = np.lib.format.open_memmap(
        folder / "scores.npy", "w+", scores.dtype, scores.shape
    )
    out[:] = scores
    out.flush()
    return np.load(folder / "scores.npy", mmap_mode="r")


def cut(scores):
    return [scores[:1], scores[1:40], scores[40:40], scores[40:]]


class Named:
    """What begins anew in each loop, and knows the names of its columns."""

    def __init__(self, scores, nodes):
        self.nodes = nodes
        order = [NODES.index(node) for node in nodes]
        self._blocks = cut(scores[:, order])

    def __iter__(self):
        return iter(self._blocks)


GIVEN = {
    "csr": lambda scores, _: sp.csr_array(scores),
    "coo with zeros": lambda scores, _: sp.coo_array(
        (scores.ravel(), (np.repeat(np.arange(90), 6), np.tile(np.arange(6), 90)))
    ),
    "csc": lambda scores, _: sp.csc_matrix(scores),
    "memmap": on_disk,
    "function": lambda scores, _: lambda: iter(cut(scores)),
    "sparse blocks": lambda scores, _: lambda: map(sp.csr_array, cut(scores)),
    "frames": lambda scores, _: (
        lambda: (
            pd.DataFrame(block, columns=NODES)[NODES[::-1]] for block in cut(scores)
        )
    ),
    "named": lambda scores, _: Named(scores, NODES[::-1]),
}


def beside(truth, given):
    """Truth with names where the scores have some, in another order."""
    return pd.DataFrame(truth, columns=NODES) if given == "named" else truth


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("name", AREAS + CAFA)
@pytest.mark.parametrize("sparse_truth", [False, True])
def test_the_numbers_of_the_dense_array(example, name, given, sparse_truth, tmp_path):
    truth, scores = example
    blocks = GIVEN[given](scores, tmp_path)
    y = beside(truth, given)
    if sparse_truth and given != "named":
        y = sp.csr_array(truth)
    expected = measure(name)(truth, scores, hierarchy=HIERARCHY)
    found = measure(name)(y, blocks, hierarchy=HIERARCHY)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("name", AREAS + CAFA)
def test_rows_with_weights(example, name, given, tmp_path, rng):
    truth, scores = example
    weights = rng.integers(0, 4, 90) * 1.0
    weights[:3] = 0
    options = {"hierarchy": HIERARCHY, "sample_weight": weights}
    expected = measure(name)(truth, scores, **options)
    blocks = GIVEN[given](scores, tmp_path)
    found = measure(name)(beside(truth, given), blocks, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("name", ["au_prc", "au_prc macro"])
def test_scores_below_zero(example, name, given, tmp_path):
    """Absent scores are 0, which then lie above others."""
    truth, scores = example
    scores = -scores
    expected = measure(name)(truth, scores, hierarchy=HIERARCHY)
    blocks = GIVEN[given](scores, tmp_path)
    found = measure(name)(beside(truth, given), blocks, hierarchy=HIERARCHY)
    assert found == expected


@pytest.mark.parametrize("name", CAFA[1:])  # coverage has a single threshold
def test_thresholds_at_and_below_zero(example, name):
    truth, scores = example
    options = {"hierarchy": HIERARCHY, "thresholds": [-1, 0, 0.25, 0.5]}
    expected = measure(name)(truth, scores, **options)
    assert measure(name)(truth, sp.csr_array(scores), **options) == expected


@pytest.mark.parametrize("name", CAFA)
def test_an_iterator_does_where_one_pass_is_enough(example, name):
    truth, scores = example
    found = measure(name)(truth, iter(cut(scores)), hierarchy=HIERARCHY)
    assert found == measure(name)(truth, scores, hierarchy=HIERARCHY)


def test_an_iterator_comes_only_once(example):
    truth, scores = example
    with pytest.raises(ValueError, match="`y_score` is passed over twice here"):
        metrics.au_prc(truth, iter(cut(scores)))


@pytest.mark.parametrize("name", ["ensemble", "coherent", "forest"])
def test_a_model_in_blocks(name):
    """Columns go by the names that the model knows."""
    X, Y = make_data()
    truth = pd.DataFrame(Y, columns=NODES)[NODES[::-1]]
    if name == "forest":
        truth = truth[NODES]  # it knows no names
    blocks = iter_proba(fit(name), X, batch_size=7)
    dense = np.vstack(list(blocks))
    for one in ("au_prc", "fmax"):
        found = measure(one)(truth, blocks, hierarchy=HIERARCHY)
        assert found == measure(one)(Y, dense, hierarchy=HIERARCHY)


def test_classes_are_no_nodes(rng):
    X, Y = make_data()
    model = coherent().fit(X, rng.choice(NODES[1:], 60))
    with pytest.raises(ValueError, match="one class per row"):
        metrics.au_prc(Y, iter_proba(model, X))


def test_rarity_report_takes_blocks(example):
    truth, scores = example
    options = {"train_counts": [90, 9, 8, 7, 3, 1], "hierarchy": HIERARCHY}
    expected = metrics.rarity_report(truth, scores > 0.5, scores, **options)
    for given in (sp.csr_array(scores), lambda: iter(cut(scores))):
        found = metrics.rarity_report(truth, scores > 0.5, given, **options)
        pd.testing.assert_frame_equal(found, expected)


# -- what does not fit -----------------------------------------------------------------


def spoilt(scores, value):
    scores = scores.copy()
    scores[70, 3] = value
    return scores


WRONG = {
    "fewer rows": (lambda s: iter([s[:40]]), r"90 rows in all.* but got 40"),
    "more rows": (lambda s: iter([s, s]), r"90 rows in all.* but got 180 or more"),
    "no block": (lambda s: iter([]), "but got 0"),
    "narrow blocks": (lambda s: iter([s[:, :4]]), r"y_score of shape \(n_samples, 6\)"),
    "narrow csr": (lambda s: sp.csr_array(s[:, :4]), r"of shape \(n_samples, 6\)"),
    "short csr": (lambda s: sp.csr_array(s[:40]), "as many rows as `y_true`, 90"),
    "NaN in csr": (lambda s: sp.csr_array(spoilt(s, np.nan)), "NaN or infinity"),
    "NaN in a block": (lambda s: iter(cut(spoilt(s, np.nan))), "In `y_score`.*NaN"),
    "complex": (lambda s: sp.csr_array(s * 1j), "of numbers, but got complex"),
    "beyond 1": (lambda s: sp.csr_array(spoilt(s, 1.5)), r"in \[0, 1\].*got 1.5"),
    "beyond 1 in a block": (lambda s: iter(cut(spoilt(s, 1.5))), r"got 1.5"),
    "other names": (lambda s: renamed(s), "columns of y_score must be the nodes"),
}


def renamed(scores):
    blocks = Named(scores, NODES)
    blocks.nodes = [*NODES[:5], "z"]
    return blocks


@pytest.mark.parametrize("case", WRONG)
def test_scores_that_do_not_fit(example, case):
    make, message = WRONG[case]
    truth, scores = example
    with pytest.raises(ValueError, match=message):
        metrics.fmax_score(truth, make(scores), hierarchy=HIERARCHY)


def test_blocks_without_names_beside_a_frame_in_another_order(example):
    truth, scores = example
    frame = pd.DataFrame(truth, columns=NODES)[NODES[::-1]]
    with pytest.raises(ValueError, match="`y_score` has no names"):
        metrics.fmax_score(frame, iter([scores]), hierarchy=HIERARCHY)


def test_no_dense_copy_of_sparse_scores():
    """A million rows and nodes: dense they would take 8 TB."""
    size = 1_000_000
    hierarchy = Hierarchy.flat(range(size))
    places = np.arange(3) * 400_000
    entries = np.array([0.9, 0.8, 0.1]), (places, places)
    scores = sp.csr_array(entries, shape=(size, size))
    truth = sp.csr_array((np.ones(2, bool), (places[:2], places[:2])), (size, size))
    area = metrics.au_prc(truth, scores, hierarchy=hierarchy)
    assert area == 1.0

"""Files that leave out, or score lower, what follows from their lines."""

import warnings

import cafaeval.evaluation
import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import coherence_violations, fmax_score
from sklearn_hmlc.predictions import (
    iter_proba,
    predict_dense,
    read_predictions,
    write_predictions,
)

from .models import HIERARCHY, fit, make_data
from .test_files import THRESHOLDS, obo, two_namespaces

CHAIN = Hierarchy.from_edges([("r", "a"), ("a", "b"), ("b", "c")])
TEXT = "P1 c 0.9\nP2 b 0.8\nP2 a 0.1\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "there.txt"
    path.write_text(TEXT)
    return path


def by_hand(scores, hierarchy):
    """Largest score of each scored node and its descendants, one by one."""
    expected = scores.copy()
    for place, node in enumerate(hierarchy.nodes):
        if hierarchy.scored[place]:
            below = [place, *hierarchy.index(list(hierarchy.descendants(node)))]
            expected[:, place] = scores[:, below].max(axis=1)
    return expected


def test_scores_are_those_of_descendants_with_a_warning(path):
    raw = [[0, 0, 0, 0.9], [0, 0.1, 0.8, 0]]
    raised = [[0.9, 0.9, 0.9, 0.9], [0.8, 0.8, 0.8, 0]]
    assert (
        read_predictions(path, CHAIN, propagate=False).scores.toarray().tolist() == raw
    )
    found = read_predictions(path, CHAIN, propagate=True).scores
    assert found.toarray().tolist() == raised
    with pytest.warns(UserWarning, match=r"there.txt: 5 scores .*propagate=True") as w:
        found = read_predictions(path, CHAIN).scores
    assert found.toarray().tolist() == raised
    assert w[0].filename == __file__
    truth = [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert fmax_score(truth, found, hierarchy=CHAIN) == 1.0


def test_nothing_to_go_by_without_a_hierarchy(path):
    assert read_predictions(path).scores.nnz == 3
    with pytest.raises(ValueError, match="Expected `hierarchy` beside propagate=True"):
        read_predictions(path, propagate=True)
    with pytest.raises(TypeError, match="`propagate` to be True or False"):
        read_predictions(path, CHAIN, propagate="max")


@pytest.mark.parametrize("seed", range(5))
def test_random_scores_on_dags(tmp_path, seed):
    rng = np.random.default_rng(seed)
    hierarchy = two_namespaces(rng)
    scores = rng.random((30, len(hierarchy))) * (rng.random((30, 18)) < 0.2)
    scores[3] = 0
    path = tmp_path / "there.tsv"
    options = {"ids": range(30), "hierarchy": hierarchy, "format": "wide"}
    write_predictions(path, sp.csr_array(scores), **options)
    found = read_predictions(path, hierarchy, ids=range(30), propagate=True).scores
    expected = by_hand(np.where(hierarchy.scored, scores, 0), hierarchy)
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.has_sorted_indices
    assert found.nnz == np.count_nonzero(expected)


def test_an_unscored_node_in_between_lets_scores_through(tmp_path):
    hierarchy = Hierarchy.from_edges(
        [("r", "a"), ("a", "b"), ("b", "c")], unscored=["b"]
    )
    path = tmp_path / "there.txt"
    path.write_text("x c 0.5\nx b 0.25\ny c 0.5\n")
    found = read_predictions(path, hierarchy, propagate=True).scores.toarray()
    assert found.tolist() == [[0.5, 0.5, 0.25, 0.5], [0.5, 0.5, 0, 0.5]]


def test_files_of_coherent_models_stay_as_they_are(tmp_path):
    X, _ = make_data()
    for k in (None, 2):
        path = tmp_path / f"{k}.tsv"
        write_predictions(path, iter_proba(fit("ensemble"), X), k=k, format="cafa")
        raw = read_predictions(path, HIERARCHY, propagate=False).scores
        found = read_predictions(path, HIERARCHY).scores  # without a warning
        np.testing.assert_array_equal(found.toarray(), raw.toarray())


def test_a_model_that_is_not_coherent_becomes_so(tmp_path):
    X, _ = make_data()
    model, path = fit("one-vs-rest"), tmp_path / "there.tsv"
    write_predictions(path, iter_proba(model, X, hierarchy=HIERARCHY))
    found = read_predictions(path, HIERARCHY, propagate=True).scores.toarray()
    proba = predict_dense(model, X, hierarchy=HIERARCHY)
    np.testing.assert_allclose(found[:, 1:], by_hand(proba, HIERARCHY)[:, 1:])
    known = Hierarchy(HIERARCHY.nodes[1:], HIERARCHY.subset(HIERARCHY.nodes[1:]).edges)
    assert coherence_violations(found[:, 1:], known) == 0


def test_the_numbers_of_cafaeval_on_leaves_alone(tmp_path, rng):
    whole = two_namespaces(rng)
    # The evaluator does not go from one namespace to another.
    edges = [edge for edge in whole.edge_names if edge[0][0] == edge[1][0]]
    hierarchy = Hierarchy.from_edges(edges, unscored=whole.unscored)
    labels = rng.random((50, len(hierarchy))) < 0.08
    truth = hierarchy.close(labels & hierarchy.scored)
    leaves = hierarchy.height == 0
    scores = rng.random(truth.shape) * leaves * (rng.random(truth.shape) < 0.5)
    ids = [f"P{row}" for row in range(50)]
    (tmp_path / "there").mkdir()
    path = tmp_path / "there" / "model.tsv"
    options = {"format": "cafa", "ids": ids, "hierarchy": hierarchy}
    write_predictions(path, sp.csr_array(scores), **options)
    pairs = [f"{ids[row]}\t{hierarchy.nodes[x]}\n" for row, x in np.argwhere(truth)]
    (tmp_path / "truth.tsv").write_text("".join(pairs))
    (tmp_path / "graph.obo").write_text(obo(hierarchy))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame, _ = cafaeval.evaluation.cafa_eval(
            *(str(tmp_path / name) for name in ("graph.obo", "there", "truth.tsv")),
            no_orphans=True,
        )
    theirs = frame.groupby("ns")["f"].max()
    found = {}
    for propagate in (True, False):
        read = read_predictions(path, hierarchy, ids=ids, propagate=propagate)
        found[propagate] = fmax_score(
            truth,
            read.scores,
            hierarchy=hierarchy,
            namespaces=["A:0", "B:0"],
            average=None,
            thresholds=THRESHOLDS,
        )
    for space in "AB":
        assert found[True][f"{space}:0"] == pytest.approx(theirs[space], rel=1e-12)
        assert found[False][f"{space}:0"] < theirs[space] - 0.01

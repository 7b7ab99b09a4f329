"""Fmax, weighted Fmax and Smin against the evaluator that CAFA itself uses."""

import warnings

import cafaeval.evaluation
import numpy as np
import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import (
    fmax_score,
    smin_score,
    weighted_fmax_score,
)

# The evaluator's own grid, built as it builds it.
THRESHOLDS = np.arange(0.01, 1, 0.01)


@pytest.fixture(params=["apart", "parts of each other"])
def example(rng, request):
    """Two namespaces, A and B, of a random DAG each; closed truth, coherent scores.

    Terms of B may be parts of terms of A, as functions are of processes.
    """
    edges = []
    for top in "AB":
        nodes = [f"{top}:{number}" for number in range(8)]
        for number in range(1, 8):
            for above in set(rng.integers(0, number, size=2).tolist()):
                edges.append((nodes[above], nodes[number]))
    if request.param != "apart":
        edges += [("A:1", "B:3"), ("A:4", "B:3"), ("A:6", "B:2")]
    spaces = {node: node[0] for edge in edges for node in edge}
    hierarchy = Hierarchy.from_edges(edges, unscored=["A:0", "B:0"], namespaces=spaces)
    # No row has a namespace's top alone: the evaluator counts these where tops are
    # left out, as rows of recall 0.
    seeds = (rng.random((40, hierarchy.n_nodes)) < 0.08) & hierarchy.scored
    truth = hierarchy.close(seeds)
    scores = np.round(rng.random(truth.shape) ** 3, 4)
    for parents, children in hierarchy.levels:
        np.maximum.at(scores, (slice(None), parents), scores[:, children])
    return hierarchy, truth, scores


def write_files(folder, hierarchy, truth, scores, information):
    (folder / "predictions").mkdir()
    terms = [
        f"[Term]\nid: {node}\nname: {node}\nnamespace: {node[0]}\n"
        + "".join(
            f"is_a: {above} ! {above}\n"
            if above[0] == node[0]
            else f"relationship: part_of {above} ! {above}\n"
            for above in hierarchy.parents(node)
        )
        for node in hierarchy.nodes
    ]
    (folder / "graph.obo").write_text("format-version: 1.2\n\n" + "\n".join(terms))
    lines = {
        "truth.tsv": [
            f"row{row}\t{hierarchy.nodes[node]}\n" for row, node in np.argwhere(truth)
        ],
        "predictions/model.tsv": [
            f"row{row}\t{hierarchy.nodes[node]}\t{scores[row, node]}\n"
            for row, node in np.argwhere(scores > 0)
        ],
        "information.tsv": [
            f"{node}\t{value}\n"
            for node, value in zip(hierarchy.nodes, information, strict=True)
        ],
    }
    for name, text in lines.items():
        (folder / name).write_text("".join(text))


def oracle(folder, no_orphans):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame, _ = cafaeval.evaluation.cafa_eval(
            str(folder / "graph.obo"),
            str(folder / "predictions"),
            str(folder / "truth.tsv"),
            ia=str(folder / "information.tsv"),
            no_orphans=no_orphans,
        )
    return frame


@pytest.mark.parametrize("tops_count", [True, False])
def test_same_as_cafaeval(example, tmp_path, tops_count, rng):
    hierarchy, truth, scores = example
    if tops_count:
        spaces = hierarchy.namespaces
        hierarchy = Hierarchy(hierarchy.nodes, hierarchy.edges, namespaces=spaces)
    # Above 0 at every scored node: the evaluator takes the recall of a row without any
    # information as 0, here the row does not count.
    information = np.where(hierarchy.scored, rng.uniform(0.5, 4, len(hierarchy)), 0.0)
    write_files(tmp_path, hierarchy, truth, scores, information)
    by_namespace = oracle(tmp_path, no_orphans=not tops_count).groupby("ns")
    options = {
        "hierarchy": hierarchy,
        "namespaces": ["A:0", "B:0"],
        "average": None,
        "thresholds": THRESHOLDS,
    }
    fmax = fmax_score(truth, scores, **options)
    weighted = weighted_fmax_score(truth, scores, information, **options)
    smin = smin_score(truth, scores, information, **options)
    for top in "AB":
        name = f"{top}:0"
        assert fmax[name] == pytest.approx(by_namespace["f"].max()[top])
        assert weighted[name] == pytest.approx(by_namespace["f_w"].max()[top])
        assert smin[name] == pytest.approx(by_namespace["s_w"].min()[top])

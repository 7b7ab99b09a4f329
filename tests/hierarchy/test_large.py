"""Sizes of real ontologies, and shapes that break recursion. No times are asserted.

Where the cost must not be quadratic, calls of functions are counted.
"""

import difflib
import sys
import tracemalloc

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy

N_NODES, N_EDGES = 50_000, 100_000


@pytest.fixture(scope="module")
def large():
    """Random DAG, its names shuffled, and the most memory that it took in MB."""
    rng = np.random.default_rng(0)
    extra = N_EDGES - (N_NODES - 1)
    child = np.concatenate([np.arange(1, N_NODES), rng.integers(1, N_NODES, extra)])
    parent = (rng.random(N_EDGES) * child).astype(int)
    names = np.array([f"GO:{number:07d}" for number in rng.permutation(N_NODES)])
    edges = list(zip(names[parent].tolist(), names[child].tolist(), strict=True))
    tracemalloc.start()
    hierarchy = Hierarchy.from_edges(edges)
    Y = sp.random_array((100, N_NODES), density=1e-3, dtype=bool, rng=rng, format="csr")
    closed = hierarchy.close(Y)
    hierarchy.check_closed(closed)
    hierarchy.most_specific(closed)
    facts = hierarchy.levels, hierarchy.depth, hierarchy.leaves, hash(hierarchy)
    assert facts
    hierarchy.subset(hierarchy.nodes[:1000])
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return hierarchy, set(edges), closed, peak


def test_a_dense_square_appears_nowhere(large):
    # 50,000 x 50,000 bytes would be 2,500 MB.
    assert large[-1] < 200


def test_large_order_and_edges(large):
    hierarchy, edges, _, _ = large
    assert hierarchy.n_nodes == N_NODES
    assert hierarchy.n_edges == len(edges)
    assert (hierarchy.edges[:, 0] < hierarchy.edges[:, 1]).all()
    assert sum(len(above) for above, _ in hierarchy.levels) == len(edges)


def test_large_closure_agrees_with_networkx(large):
    hierarchy, edges, closed, _ = large
    graph = nx.DiGraph(list(edges))
    for node in (hierarchy.nodes[N_NODES // 2], hierarchy.nodes[-1]):
        expected = nx.ancestors(graph, node)
        assert set(hierarchy.ancestors(node)) == expected
        rows = closed[:, [hierarchy.index(node)]].nonzero()[0]
        above = closed[rows][:, hierarchy.index(sorted(expected))]
        assert above.nnz == len(rows) * len(expected)


def test_a_chain_needs_no_recursion():
    size = 20_000
    edges = [(node, node + 1) for node in range(size - 1)]
    chain = Hierarchy.from_edges(edges[::-1])
    assert chain.nodes == tuple(range(size))
    assert chain.depth[-1] == chain.height[0] == len(chain.levels) == size - 1
    assert len(chain.ancestors(size - 1)) == len(chain.descendants(0)) == size - 1
    assert chain.subset([0, size - 1]).edges.tolist() == [[0, 1]]
    with pytest.raises(ValueError, match="is its own ancestor through"):
        Hierarchy.from_edges([*edges, (size - 1, 0)])


def calls_of(function):
    """How many functions are called in a call, those of C among them."""
    n_calls = 0

    def count(frame, event, argument):
        nonlocal n_calls
        n_calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return n_calls


def test_closing_a_long_chain_takes_few_steps_per_level():
    size = 3000
    chain = Hierarchy.from_edges([(node, node + 1) for node in range(size - 1)])
    leaf = sp.csr_array(([1], ([0], [size - 1])), shape=(1, size))
    assert chain.close(leaf).nnz == size
    # One sparse product per generation would take 700 calls.
    assert calls_of(lambda: chain.close(leaf)) < 100 * size


def test_of_many_names_few_are_compared_letter_by_letter(large, monkeypatch):
    hierarchy = large[0]
    compared = []
    real = difflib.get_close_matches

    def watched(word, words, **kwargs):
        compared.append(len(words))
        return real(word, words, **kwargs)

    monkeypatch.setattr(difflib, "get_close_matches", watched)
    with pytest.raises(KeyError, match=r"Did you mean 'GO:0012"):
        hierarchy.index("GO:001234S")
    assert sum(compared) <= 50


def test_codes_of_a_chain_are_walked_once():
    size = 1000
    codes = ["/".join(["0"] * length) for length in range(1, size + 1)]
    made = Hierarchy.from_codes(codes)
    assert made.depth.max() == size - 1
    assert calls_of(lambda: Hierarchy.from_codes(codes)) < 200 * size


def test_a_removed_chain_below_many_kept_nodes_is_passed_over_once():
    n_tops, length = 2000, 2000
    above = [(("top", k), 0) for k in range(n_tops)]
    down = [(node, node + 1) for node in range(length)]
    hierarchy = Hierarchy.from_edges(above + down)
    keep = [*(("top", k) for k in range(n_tops)), length]
    tracemalloc.start()
    part = hierarchy.subset(keep)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert part.n_edges == n_tops
    assert peak < 20  # a copy of the tops per removed node would be 260 MB

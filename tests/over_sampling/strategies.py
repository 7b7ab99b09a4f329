"""Hypothesis strategies: small hierarchies and labels closed under them."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_hmlc import Hierarchy


@st.composite
def hierarchies(draw, max_nodes=7):
    """A DAG over nodes 'n0', 'n1', ..., each below any of those before it."""
    n_nodes = draw(st.integers(2, max_nodes))
    edges = [
        (f"n{above}", f"n{below}")
        for below in range(n_nodes)
        for above in draw(st.sets(st.integers(0, max(below - 1, 0)), max_size=2))
        if above != below
    ]
    return Hierarchy.from_edges(edges, nodes=[f"n{i}" for i in range(n_nodes)])


@st.composite
def labelled(draw, max_rows=40):
    """A hierarchy and closed labels with at least two label sets.

    Rows are drawn from few different ones, so that bags have several rows.
    """
    hierarchy = draw(hierarchies())
    n_sets = draw(st.integers(2, 6))
    sets = draw(
        hnp.arrays(int, (n_sets, hierarchy.n_nodes), elements=st.integers(0, 1))
    )
    drawn = draw(st.lists(st.integers(0, n_sets - 1), min_size=2, max_size=max_rows))
    Y = hierarchy.close(sets[drawn])
    assume(len(np.unique(Y, axis=0)) > 1)
    return hierarchy, Y

"""Hypothesis strategies over hierarchies, labels and their containers.

``@given(st.data())`` or a composite of your own:

    @few
    @given(hierarchies(), st.data())
    def test_something(hierarchy, data):
        Y = data.draw(closed_labels(hierarchy))
        given = data.draw(contained(hierarchy, Y))
"""

import itertools

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import scipy.sparse as sp
from hypothesis import HealthCheck, settings
from hypothesis.extra import numpy as hnp

from sklearn_hmlc.hierarchy import Hierarchy

from ._reference import close, reach_of

# Number of examples for a quick test; no time limits, since machines are shared.
few = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

NAMES = {
    "text": lambda number: f"n{number:02d}",
    "code": lambda number: f"GO:{number:07d}",
    "integer": lambda number: 100 - number,
    "tuple": lambda number: ("ns", number),
}

DTYPES = ("bool", "uint8", "int64", "float32", "float64")
FRAME_DTYPES = (*DTYPES, "boolean", "UInt8", "Int64", "Float32")
SPARSE = (
    sp.csr_array,
    sp.csc_array,
    sp.coo_array,
    sp.lil_array,
    sp.csr_matrix,
    sp.csc_matrix,
)


@st.composite
def edge_lists(draw, min_nodes=0, max_nodes=12, tree=None):
    """Draw ``(names, edges)``: shuffled names and shuffled pairs (parent, child).

    Parameters
    ----------
    tree : bool, default=None
        True: at most one parent per node; False: any DAG; None: either.
    """
    n_nodes = draw(st.integers(min_nodes, max_nodes))
    name = NAMES[draw(st.sampled_from(sorted(NAMES)))]
    most = 1 if (draw(st.booleans()) if tree is None else tree) else 3
    edges = []
    for node in range(1, n_nodes):
        above = draw(st.sets(st.integers(0, node - 1), max_size=most))
        edges += [(name(parent), name(node)) for parent in sorted(above)]
    names = draw(st.permutations([name(node) for node in range(n_nodes)]))
    return names, draw(st.permutations(edges))


@st.composite
def hierarchies(draw, min_nodes=1, max_nodes=12, tree=None, unscored=True):
    """Draw a `Hierarchy`: forest or DAG, names of several kinds, some unscored.

    Parameters
    ----------
    unscored : bool or "inner", default=True
        Whether some nodes are unscored; "inner": none of them a leaf with parents.
    """
    names, edges = draw(edge_lists(min_nodes, max_nodes, tree))
    some = names
    if unscored == "inner":
        ends = {below for _, below in edges} - {above for above, _ in edges}
        some = [name for name in names if name not in ends]
    out = st.lists(st.sampled_from(some), unique=True) if some else st.just([])
    left_out = draw(out) if unscored and draw(st.booleans()) else []
    # An unscored leaf may look like a hierarchy read the wrong way round.
    return Hierarchy.from_edges(
        edges, nodes=names, unscored=left_out, direction="parent_to_child"
    )


def any_labels(hierarchy, min_rows=0, max_rows=6):
    """Boolean labels (n_samples, n_nodes), not closed in general."""
    shape = st.tuples(st.integers(min_rows, max_rows), st.just(hierarchy.n_nodes))
    return shape.flatmap(lambda shape: hnp.arrays(bool, shape))


def closed_labels(hierarchy, min_rows=0, max_rows=6):
    """Boolean labels (n_samples, n_nodes) that obey the hierarchy."""
    reach = reach_of(hierarchy)
    return any_labels(hierarchy, min_rows, max_rows).map(lambda Y: close(Y, reach))


def logits(hierarchy, n_rows, max_members=4):
    """Draw float64 logits (n_members, n_rows, n_nodes); ties happen."""
    values = st.floats(-8, 8) | st.sampled_from([-1.0, 0.0, 1.0])
    return st.integers(1, max_members).flatmap(
        lambda members: hnp.arrays(
            np.float64, (members, n_rows, hierarchy.n_nodes), elements=values
        )
    )


@st.composite
def contained(draw, hierarchy, Y):
    """Put labels in a container users come with.

    A dense array (either memory order), one of SciPy's sparse containers, or a
    DataFrame with shuffled columns, its own index and any dtype that holds 0 and 1.
    """
    kind = draw(st.sampled_from(["dense", "sparse", "frame"]))
    if kind == "frame":
        return draw(_frames(hierarchy, Y))
    values = Y.astype(draw(st.sampled_from(DTYPES)))
    if kind == "dense":
        return np.asarray(values, order=draw(st.sampled_from("CF")))
    return draw(st.sampled_from(SPARSE))(values)


@st.composite
def _frames(draw, hierarchy, Y):
    columns = column_index(hierarchy.nodes, draw(st.booleans()))
    frame = pd.DataFrame(Y, columns=columns)
    frame.index = draw(st.permutations([f"row {row}" for row in range(len(Y))]))
    shuffled = frame.iloc[:, draw(st.permutations(range(hierarchy.n_nodes)))]
    n_kinds = hierarchy.n_nodes if draw(st.booleans()) else 1
    kinds = [draw(st.sampled_from(FRAME_DTYPES)) for _ in range(n_kinds)]
    return shuffled.astype(dict(zip(shuffled.columns, itertools.cycle(kinds))))


def column_index(nodes, as_string=False):
    """Return an Index of the names; tuples stay one level, text may be `string`."""
    if as_string and nodes and all(isinstance(node, str) for node in nodes):
        return pd.Index(nodes, dtype="string")
    return pd.Index(list(nodes), tupleize_cols=False)


def to_bool(hierarchy, Y):
    """Labels of any container as a boolean array in node order."""
    if isinstance(Y, pd.DataFrame):
        Y = Y[list(hierarchy.nodes)] if len(hierarchy.nodes) else Y
        return Y.to_numpy(dtype=bool)
    return np.asarray(Y.toarray() if sp.issparse(Y) else Y).astype(bool)

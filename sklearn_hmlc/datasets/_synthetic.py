"""`make_hierarchical_multilabel`: a synthetic hierarchy with rare nodes to be found.

Stage: data out of nothing but a random state. Out: ``X`` (n_samples, n_features),
closed ``Y`` (n_samples, n_nodes) and the hierarchy. Every node has a random direction
``d``; a row is the sum of its nodes' directions plus noise, ``X = Y d + noise``. Labels
are closed, so that a node's rows carry its ancestors' directions as well.
"""

from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..hierarchy import Hierarchy


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "n_nodes": [Interval(Integral, 1, None, closed="left")],
        "kind": [StrOptions({"tree", "dag"})],
        "n_labels": [Interval(Real, 1, None, closed="left")],
        "max_depth": [Interval(Integral, 0, None, closed="left")],
        "rarity": [Interval(Real, 0, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "sparse_output": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_hierarchical_multilabel(
    n_samples=1000,
    n_features=80,
    n_nodes=200,
    *,
    kind="tree",
    n_labels=2.0,
    max_depth=4,
    rarity=0.8,
    noise=2.5,
    sparse_output=False,
    random_state=None,
):
    """Make a hierarchical multi-label problem with long-tailed node frequencies.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=80
        Number of features; the fewer, the more the nodes' directions overlap.
    n_nodes : int, default=200
        Number of nodes, all scored. About one in ten is a root.
    kind : {"tree", "dag"}, default="tree"
        "tree": a forest, one parent per node. "dag": about three in ten of the nodes
        that can have a second parent do.
    n_labels : float, default=2.0
        Mean number of nodes drawn for a row, at least 1; ancestors come on top.
    max_depth : int, default=4
        Most edges from a root to a node; 0 makes a flat hierarchy.
    rarity : float, default=0.8
        Exponent of Zipf's law: the chance to be drawn goes with
        ``1 / rank ** rarity`` over the nodes in random order. 0: all alike.
    noise : float, default=2.5
        Standard deviation of the normal noise on each feature; a node's direction has
        standard deviation 1 per feature as well.
    sparse_output : bool, default=False
        Whether ``Y`` is a CSR array.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data on every call.

    Returns
    -------
    X : ndarray of float64 of shape (n_samples, n_features)
        The features.
    Y : ndarray or csr_array of int64 of shape (n_samples, n_nodes)
        Closed labels. A row has at least one node, and where ``n_samples >= n_nodes``
        a node has at least one row.
    hierarchy : Hierarchy
        The label graph; its nodes are named ``node_0``, ``node_1``, ...

    See Also
    --------
    fetch_hmc : Real data.
    sklearn.datasets.make_multilabel_classification : Without a hierarchy.

    Notes
    -----
    One draw goes to each node first, the others go by Zipf's law. With the defaults and
    3,000 rows, about a quarter of the nodes have fewer than 15 positive rows, while the
    most frequent ones have a thousand.

    Examples
    --------
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> X, Y, hierarchy = make_hierarchical_multilabel(500, n_nodes=50, random_state=0)
    >>> X.shape, Y.shape
    ((500, 80), (500, 50))
    >>> hierarchy.is_closed(Y)
    True
    """
    random = check_random_state(random_state)
    hierarchy = _draw_hierarchy(n_nodes, kind, max_depth, random)
    labels = _draw_labels(n_samples, hierarchy, n_labels, rarity, random)
    directions = random.standard_normal((n_nodes, n_features))
    X = labels @ directions + noise * random.standard_normal((n_samples, n_features))
    return X, labels if sparse_output else labels.toarray(), hierarchy


def _draw_hierarchy(
    n_nodes: int, kind: str, max_depth: int, random: np.random.RandomState
) -> Hierarchy:
    """Hang each node below a random earlier one; a second parent lies level with it."""
    n_roots = n_nodes if max_depth == 0 else -(-n_nodes // 10)
    depth = np.zeros(n_nodes, dtype=int)
    edges = []
    for node in range(n_roots, n_nodes):
        above = random.choice(np.flatnonzero(depth[:node] < max_depth))
        depth[node] = depth[above] + 1
        edges.append((above, node))
        # Nodes of the same depth are never each other's ancestors: no needless edge.
        level = np.setdiff1d(np.flatnonzero(depth[:node] == depth[above]), above)
        if kind == "dag" and len(level) and random.uniform() < 0.3:
            edges.append((random.choice(level), node))
    return Hierarchy([f"node_{k}" for k in range(n_nodes)], edges)


def _draw_labels(
    n_samples: int,
    hierarchy: Hierarchy,
    n_labels: float,
    rarity: float,
    random: np.random.RandomState,
) -> sp.csr_array:
    """Deal out a pack in which each node is once, and more often by Zipf's law."""
    per_row = 1 + random.poisson(n_labels - 1, size=n_samples)
    n_nodes, n_draws = hierarchy.n_nodes, per_row.sum()
    chance = (1.0 + random.permutation(n_nodes)) ** -rarity
    chance /= chance.sum()
    once = random.permutation(n_nodes)[:n_draws]
    more = random.choice(n_nodes, size=n_draws - len(once), p=chance)
    pack = random.permutation(np.concatenate([once, more]))
    rows = np.repeat(np.arange(n_samples), per_row)
    drawn = sp.csr_array((np.ones(n_draws), (rows, pack)), shape=(n_samples, n_nodes))
    return hierarchy.close((drawn > 0).astype(np.int64))

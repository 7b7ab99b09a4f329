"""Trees grown on label components, whose leaves average whole label sets.

Stage: between a table of checked rows and probabilities. In: float32 features, CSR
labels in node order, what rows count. Out: probabilities (n_rows, n_nodes).

Splits look at a few components of the labels, so that growing costs the same for 40
nodes and for 40,000. A prediction is a mean of label sets (see `LabelForest`), and a
mean of closed label sets is coherent. It is computed from the leaves of the training
rows; there is no table of leaves by nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor
from sklearn.tree._tree import Tree
from sklearn.utils import check_random_state
from sklearn.utils.extmath import randomized_svd

from .._inner_fit import narrow
from .._parallel import Shared, in_parallel
from .._sound_trees import check_tree

TREES = {"extra": ExtraTreeRegressor, "best": DecisionTreeRegressor}

SEEDS = np.iinfo(np.int32).max

# Entries of intermediate results that are held at a time (some 50 MB).
_BLOCK_ENTRIES = 2**22


@dataclass
class Growth:
    """How trees are grown.

    ``tree_params`` are those of scikit-learn's tree but for the seed; ``max_samples``
    is the number or share of rows that each tree draws, None for all of them.
    """

    splitter: str
    tree_params: dict
    n_trees: int
    n_components: int | None
    depth_weight: float
    bootstrap: bool
    max_samples: int | float | None
    n_jobs: int | None

    def n_drawn(self, n_rows):
        """Return the number of rows that a tree draws."""
        if self.max_samples is None:
            return n_rows
        if not isinstance(self.max_samples, Integral):
            return max(1, round(self.max_samples * n_rows))
        if self.max_samples > n_rows:
            raise ValueError(
                f"Expected `max_samples` to be at most the {n_rows} rows, but got "
                f"{self.max_samples}; give a share, such as 0.8, or None for all."
            )
        return int(self.max_samples)

    def leaves_out(self, n_rows):
        """Tell whether each tree is grown on some of the rows."""
        return self.bootstrap or self.n_drawn(n_rows) < n_rows

    def drawn(self, weight, n_rows, seed):
        """Return what each row counts in one tree, 0 where it was not drawn."""
        weight = np.ones(n_rows) if weight is None else weight
        if not self.leaves_out(n_rows):
            return weight
        random_state, n_drawn = check_random_state(seed), self.n_drawn(n_rows)
        if self.bootstrap:
            share = weight / weight.sum()
            rows = random_state.choice(n_rows, n_drawn, p=share)
            return np.bincount(rows, minlength=n_rows).astype(np.float64)
        rows = random_state.permutation(n_rows)[:n_drawn]
        counts = np.zeros(n_rows)
        counts[rows] = weight[rows]
        return counts


def label_components(Y, depth_weight, hierarchy, n_components, weight, random_state):
    """Return few columns, in which rows are as far apart as their labels are.

    The squared distance of two label sets is the sum of ``depth_weight ** depth`` over
    the scored nodes that one of them has, so that the variance within leaves is that of
    predictive clustering trees (Vens et al., 2008). Of more nodes than ``n_components``
    the leading singular vectors are kept, those of the rows that count most.

    Returns
    -------
    ndarray of float64 of shape (n_rows, min(n_components, n_nodes))
    """
    scored = np.flatnonzero(hierarchy.scored)
    if len(scored) == 0:
        return np.zeros((Y.shape[0], 1))
    scale = np.sqrt(depth_weight ** hierarchy.depth[scored])
    labels = (Y[:, scored] @ sp.diags_array(scale)).tocsr()
    if n_components is None or len(scored) <= n_components:
        return labels.toarray()
    counted = labels
    if weight is not None:
        counted = (sp.diags_array(np.sqrt(weight)) @ labels).tocsr()
    basis = randomized_svd(counted, n_components, random_state=random_state)[2]
    return np.ascontiguousarray(labels @ basis.T)


def _made_tree(arguments, state):
    tree = Tree(*arguments)
    tree.__setstate__(state)
    check_tree(tree)
    return tree


class LabelForest:
    """A forest as a neighbourhood: weights of training rows, and their labels.

    With c_tj what row j counts in tree t, and l_t(z) the leaf of z,

        P(z) = 1/T sum_t sum_j [l_t(j) = l_t(z)] c_tj Y_j / sum_k [l_t(k) = l_t(z)] c_tk

    The sum over j is the last one here: whoever has a node has its ancestors, and sums
    in one order over at least as many rows are at least as large, in floats too.

    Parameters
    ----------
    trees : list of sklearn.tree.Tree
    leaves : ndarray of int of shape (n_rows, n_trees)
        Where the training rows fall, as nodes of the tree.
    counts : list of ndarray of shape (n_rows,)
        What they count in each tree, c_tj.
    Y : csr_array of float64 of shape (n_rows, n_nodes)
    """

    def __init__(self, trees, leaves, counts, Y):
        self.trees, self.Y = trees, narrow(Y)
        sizes = [tree.node_count for tree in trees]
        self._first = np.concatenate([[0], np.cumsum(sizes)])
        shares = [
            _shares(leaves[:, t], count, size)
            for t, (count, size) in enumerate(zip(counts, sizes, strict=True))
        ]
        self._shares = narrow(sp.vstack(shares, format="csr"))
        out = np.column_stack([count == 0 for count in counts])
        self._out_of_bag = self._memberships(leaves, out) if out.any() else None

    def __getstate__(self):
        # Trees by what they are made of, so that it can be checked when it is read.
        return {**vars(self), "trees": [tree.__reduce__()[1:] for tree in self.trees]}

    def __setstate__(self, state):
        vars(self).update(state, trees=[_made_tree(*parts) for parts in state["trees"]])

    @classmethod
    def grow(cls, X, Y, weight, hierarchy, growth, seed):
        """Grow one.

        Parameters
        ----------
        X : ndarray or csr_array of float32 of shape (n_rows, n_features)
        Y : csr_array of float64 of shape (n_rows, n_nodes)
        weight : ndarray of shape (n_rows,) or None
        hierarchy : Hierarchy
        growth : Growth
        seed : int
            Decides all that is random, whatever ``n_jobs``.
        """
        random_state = check_random_state(seed)
        if weight is not None:
            weight = weight / weight.max()
        target = label_components(
            Y,
            growth.depth_weight,
            hierarchy,
            growth.n_components,
            weight,
            random_state,
        )
        seeds = random_state.randint(SEEDS, size=growth.n_trees)
        by_feature = X.tocsc() if sp.issparse(X) else X
        grown = in_parallel(
            _grow_tree,
            Shared(X, by_feature, target, weight, growth),
            [(int(seed),) for seed in seeds],
            growth.n_jobs,
            threads=True,
        )
        trees, leaves, counts = zip(*grown, strict=True)
        return cls(list(trees), np.column_stack(leaves), counts, Y)

    @property
    def never_out(self):
        """Training rows that every tree has seen, a boolean mask."""
        if self._out_of_bag is None:
            return np.ones(self.Y.shape[0], dtype=bool)
        return np.diff(self._out_of_bag.indptr) == 0

    def leaves(self, X):
        """Return where rows fall, as nodes of each tree: (n_rows, n_trees)."""
        if any(tree.n_features != X.shape[1] for tree in self.trees):
            raise ValueError(f"The trees are not made for {X.shape[1]} features.")
        return np.column_stack([tree.apply(X) for tree in self.trees])

    def proba(self, X):
        """Return probabilities of rows, float32 (n_rows, n_nodes)."""
        leaves = self.leaves(X)
        return self._mean_labels(
            self._memberships(leaves, np.ones(leaves.shape, dtype=bool))
        )

    def out_of_bag_proba(self):
        """Return those of the training rows by trees that did not draw them.

        All 0 where there is none.
        """
        if self._out_of_bag is None:
            return np.zeros(self.Y.shape, dtype=np.float32)
        return self._mean_labels(self._out_of_bag)

    def importances(self):
        """Return the share of each feature in what splits explain, summing to 1 or 0.

        The mean over trees; trees without a split tell nothing.
        """
        trees = [tree for tree in self.trees if tree.node_count > 1]
        if not trees:
            return np.zeros(self.trees[0].n_features)
        mean = np.mean([tree.compute_feature_importances() for tree in trees], axis=0)
        return mean / mean.sum() if mean.any() else mean

    def _memberships(self, leaves, there):
        """CSR (n_rows, all nodes of all trees): 1 / n in each leaf that is there."""
        n = there.sum(axis=1)
        ends = np.concatenate([[0], np.cumsum(n)])
        nodes = (leaves + self._first[:-1])[there]
        shares = np.repeat(1 / np.maximum(n, 1), n)
        shape = len(leaves), int(self._first[-1])
        return narrow(sp.csr_array((shares, nodes, ends), shape))

    def _mean_labels(self, memberships):
        """Return memberships times shares times labels, some rows at a time."""
        proba = np.empty((memberships.shape[0], self.Y.shape[1]), dtype=np.float32)
        for rows in self._blocks(memberships):
            proba[rows] = (memberships[rows] @ self._shares @ self.Y).toarray()
        return proba

    def _blocks(self, memberships):
        """Slices of rows that have few training rows in their leaves, all in all."""
        in_leaf = np.diff(self._shares.indptr)[memberships.indices]
        reached = np.concatenate([[0], np.cumsum(in_leaf)])[memberships.indptr]
        entries = np.minimum(np.diff(reached), self.Y.shape[0]) + self.Y.shape[1]
        block = np.cumsum(entries) // _BLOCK_ENTRIES
        starts = np.flatnonzero(np.diff(block, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(block)], strict=True):
            yield slice(start, end)


def _grow_tree(X, by_feature, target, weight, growth, seed):
    """Grow one tree; return it, the leaves of all rows, and what they count in it."""
    counts = growth.drawn(weight, X.shape[0], seed)
    tree = TREES[growth.splitter](**growth.tree_params, random_state=seed)
    tree.fit(by_feature, target, sample_weight=counts)
    tree = _without_values(tree.tree_)
    return tree, tree.apply(X).astype(np.int32), counts


def _without_values(tree):
    """Return a tree that only tells leaves.

    A tree keeps the mean target of each of its nodes, the largest part of it by far,
    which nobody asks for here.
    """
    state = tree.__getstate__()
    state["values"] = np.zeros((tree.node_count, 1, 1))
    slim = type(tree)(tree.n_features, np.ones(1, dtype=np.intp), 1)
    slim.__setstate__(state)
    return slim


def _shares(leaves, counts, n_nodes):
    """CSR (n_nodes, n_rows) of a tree: share of each row in the weight of its leaf."""
    rows = np.flatnonzero(counts)
    total = np.bincount(leaves, weights=counts, minlength=n_nodes)
    shares = counts[rows] / total[leaves[rows]]
    return sp.csr_array((shares, (leaves[rows], rows)), (n_nodes, len(counts)))

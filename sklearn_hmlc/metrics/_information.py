"""Information accretion: what a node adds to its parents, in bits.

Stage: training labels to the weights of nodes in CAFA's measures. In: closed labels of
shape (n_samples, n_nodes). Out: one number per node.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import _validation as check
from .._naming import given_hierarchy
from ..hierarchy import Hierarchy
from . import _inputs as inputs
from ._namespaces import across, codes


def information_accretion(y_train: Any, hierarchy: Hierarchy) -> Any:
    """Information that a node adds to its parents: ``-log2 P(node | all parents)``.

    Parameters
    ----------
    y_train : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1, closed under the hierarchy.
    hierarchy : Hierarchy
        The label graph.

    Returns
    -------
    information : ndarray or Series of shape (n_nodes,)
        In bits, none below 0. The probability is the node's rows over the rows that
        have all of its parents; for a root, over all rows. Where the hierarchy knows
        namespaces, parents in another one don't count, as in CAFA. 0 for a node without
        rows, of which nothing is known. An array in node order, or, where `y_train` is
        a frame, a Series with the nodes' names, in the order of its columns.

    Raises
    ------
    ValueError
        If the labels are not closed or do not fit, or there are no rows.

    See Also
    --------
    weighted_fmax_score, smin_score : Where the information is used.

    References
    ----------
    .. [1] W. T. Clark and P. Radivojac, "Information-theoretic evaluation of predicted
       ontological annotations", Bioinformatics 29, 2013.

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.metrics import information_accretion
    >>> hierarchy = Hierarchy.from_edges([("a", "b"), ("a", "c")])
    >>> information_accretion([[1, 1, 0], [1, 0, 0], [1, 0, 1], [1, 0, 1]], hierarchy)
    array([0., 2., 1.])
    """
    hierarchy = given_hierarchy(hierarchy)
    labels = check.as_labels(y_train, hierarchy, "y_train")
    if labels.shape[0] == 0:
        raise ValueError(
            "Expected `y_train` with at least one row, of which the information is "
            "counted, but got none."
        )
    hierarchy.check_closed(labels)
    rows = np.asarray(labels.sum(axis=0))
    above = _rows_with_all_parents(labels, hierarchy)
    ones = np.ones(hierarchy.n_nodes)
    bits = np.log2(np.divide(above, rows, out=ones, where=rows > 0))
    every = np.ones(hierarchy.n_nodes, dtype=bool)
    return inputs.per_node(bits, every, hierarchy, y_train, "information")


def _rows_with_all_parents(
    labels: sp.csr_array, hierarchy: Hierarchy
) -> NDArray[np.intp]:
    """Rows that have all parents of a node; of the node's own namespace, if known."""
    edges = hierarchy.edges
    if hierarchy.namespaces:
        edges = edges[~across(hierarchy, codes(hierarchy))]
    ones = np.ones(len(edges), dtype=np.int32)
    to_child = sp.csr_array((ones, edges.T), shape=(hierarchy.n_nodes,) * 2)
    n_parents = np.bincount(edges[:, 1], minlength=hierarchy.n_nodes)
    found = np.where(n_parents == 0, labels.shape[0], 0)
    for rows in inputs.row_blocks(labels.shape[0], hierarchy.n_nodes):
        present = (labels[rows].astype(np.int32) @ to_child).tocoo()
        nodes = present.col[present.data == n_parents[present.col]]
        found += np.bincount(nodes, minlength=hierarchy.n_nodes)
    return found

"""How imbalanced labels are: IRLbl, its mean and variation, and SCUMBLE.

Stage: before resampling. In: labels (n_samples, n_nodes). Out: an array (n_nodes,) or
a number. Source: Charte, Rivera, del Jesus and Herrera (2015), doi
10.1016/j.neucom.2014.08.091 and (2019), doi 10.1016/j.neucom.2016.08.158; by path:
Pereira, Costa and Silla Jr. (2021).

Every measure takes ``per_path``. By node, ``n[i]`` is the number of rows that have node
``i``; by path it is the number of rows with a label path that ends there, that is, of
which ``i`` is a most specific node. A path is a node with all its ancestors.
"""

import numpy as np

from .._naming import common_hierarchy
from .._validation import as_labels


def irlbl(Y, hierarchy=None, *, per_path=False):
    """Imbalance ratio of each node, IRLbl; by path: IRLbP.

    ``IRLbl[i] = max(n) / n[i]``: 1 for the most frequent node, large for rare ones.

    Parameters
    ----------
    Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    hierarchy : Hierarchy, default=None
        The label graph, under which ``Y`` must be closed. None: a flat one.
    per_path : bool, default=False
        Whether to count the rows whose path ends at a node instead of the rows that
        have it; needs the hierarchy.

    Returns
    -------
    ratio : ndarray of float of shape (n_nodes,)
        In the order of ``hierarchy.nodes``, or of the columns where there is none;
        ``inf`` for nodes that no row has. The maximum is over scored nodes.

    Raises
    ------
    ValueError
        If ``Y`` does not fit the hierarchy, or no row has a scored node.

    See Also
    --------
    mean_ir : Its mean.

    References
    ----------
    F. Charte, A. J. Rivera, M. J. del Jesus and F. Herrera (2015), "Addressing
    imbalance in multilabel classification: Measures and random resampling
    algorithms", Neurocomputing 163.

    Examples
    --------
    >>> from sklearn_hmlc.over_sampling import irlbl
    >>> irlbl([[1, 1], [1, 0], [1, 0], [1, 0]])
    array([1., 4.])
    """
    labels, hierarchy = _counted_labels(Y, hierarchy, per_path)
    return imbalance_ratio(count(labels), hierarchy.scored)


def mean_ir(Y, hierarchy=None, *, per_path=False):
    """Mean imbalance ratio, MeanIR: the mean of `irlbl` over scored nodes with rows.

    Parameters
    ----------
    Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    hierarchy : Hierarchy, default=None
        The label graph, under which ``Y`` must be closed. None: a flat one.
    per_path : bool, default=False
        Whether to measure paths instead of nodes; needs the hierarchy.

    Returns
    -------
    mean : float
        1 for balanced labels, no upper limit.

    See Also
    --------
    irlbl : The ratios, and what is raised.

    Examples
    --------
    >>> from sklearn_hmlc.over_sampling import mean_ir
    >>> mean_ir([[1, 1], [1, 0], [1, 0], [1, 0]])
    2.5
    """
    return float(np.mean(_finite_ratios(Y, hierarchy, per_path)))


def cvir(Y, hierarchy=None, *, per_path=False):
    """Coefficient of variation of the imbalance ratio, CVIR.

    The standard deviation of `irlbl` (over ``n - 1``) divided by its mean, over scored
    nodes with rows; 0 where there is only one.

    Parameters
    ----------
    Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    hierarchy : Hierarchy, default=None
        The label graph, under which ``Y`` must be closed. None: a flat one.
    per_path : bool, default=False
        Whether to measure paths instead of nodes; needs the hierarchy.

    Returns
    -------
    variation : float
        0 where all nodes are as frequent; no upper limit.

    See Also
    --------
    irlbl : The ratios, and what is raised.

    Examples
    --------
    >>> from sklearn_hmlc.over_sampling import cvir
    >>> round(cvir([[1, 1], [1, 0], [1, 0], [1, 0]]), 4)
    0.8485
    """
    ratios = _finite_ratios(Y, hierarchy, per_path)
    if len(ratios) == 1:
        return 0.0
    return float(np.std(ratios, ddof=1) / np.mean(ratios))


def scumble(Y, hierarchy=None, *, per_path=False):
    """How far rare and frequent nodes come in the same rows, SCUMBLE.

    ``1 - geometric mean / mean`` of the `irlbl` of a row's nodes (Atkinson's index),
    averaged over rows; a row without nodes counts 0. Where it is high, cloning a row
    for its rare nodes clones frequent ones with them.

    Parameters
    ----------
    Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1.
    hierarchy : Hierarchy, default=None
        The label graph, under which ``Y`` must be closed. None: a flat one.
    per_path : bool, default=False
        Whether to measure paths instead of nodes; needs the hierarchy.

    Returns
    -------
    concurrence : float
        In [0, 1); 0 where the nodes of every row are as frequent.

    See Also
    --------
    irlbl : The ratios, and what is raised.

    References
    ----------
    F. Charte, A. J. Rivera, M. J. del Jesus and F. Herrera (2019), "Dealing with
    difficult minority labels in imbalanced multilabel data sets", Neurocomputing 326.

    Examples
    --------
    >>> from sklearn_hmlc.over_sampling import scumble
    >>> round(scumble([[1, 1], [1, 0], [1, 0], [1, 0]]), 4)
    0.05
    """
    labels, hierarchy = _counted_labels(Y, hierarchy, per_path)
    ratios = imbalance_ratio(count(labels), hierarchy.scored)
    labels, ratios = labels[:, hierarchy.scored], ratios[hierarchy.scored]
    # Nodes that no row has are stored in no row, so that their inf is never read.
    lengths = np.maximum(np.diff(labels.indptr), 1)
    means = (labels @ ratios) / lengths
    geometric = np.exp((labels @ np.log(ratios)) / lengths)
    share = np.divide(geometric, means, where=means > 0, out=np.ones_like(means))
    return float(np.mean(np.maximum(1 - share, 0)))


def count(labels):
    """Return the number of rows of each node, for boolean CSR labels."""
    return np.bincount(labels.indices, minlength=labels.shape[1])


def imbalance_ratio(counts, scored):
    """Return ``max(counts) / counts``, the maximum over scored nodes; inf for 0."""
    largest = counts[scored].max(initial=0)
    if largest == 0:
        raise ValueError(
            "Expected labels with at least one scored node, but no row has any; the "
            "imbalance of nothing is not defined."
        )
    ratios = np.full(len(counts), np.inf)
    return np.divide(largest, counts, where=counts > 0, out=ratios)


def _finite_ratios(Y, hierarchy, per_path):
    labels, hierarchy = _counted_labels(Y, hierarchy, per_path)
    ratios = imbalance_ratio(count(labels), hierarchy.scored)
    return ratios[hierarchy.scored & np.isfinite(ratios)]


def _counted_labels(Y, hierarchy, per_path):
    """Labels whose column sums are ``n``, and the hierarchy in use."""
    if hierarchy is None and per_path:
        raise ValueError(
            "per_path=True needs the hierarchy, which says where paths end; pass "
            "hierarchy=..."
        )
    labels, hierarchy = closed_labels(Y, hierarchy)
    return (hierarchy.most_specific(labels) if per_path else labels), hierarchy


def closed_labels(Y, hierarchy):
    """Boolean CSR labels in node order, and the hierarchy; a flat one where None.

    Raises
    ------
    ValueError
        If ``Y`` does not fit the hierarchy or breaks it.
    """
    hierarchy = common_hierarchy(hierarchy, {"Y": Y})
    labels = as_labels(Y, hierarchy)
    hierarchy.check_closed(labels)
    return labels, hierarchy

"""LPROS: clone rows of small bags, a bag being the rows of one label set.

Stage: before the classifier. In: labels (n_samples, n_nodes). Out: rows to clone.
Source: Charte, Rivera, del Jesus and Herrera (2015), algorithm LP-ROS.
"""

from numbers import Integral
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.utils._param_validation import Interval, StrOptions

from ._bags import draw_rows, group_rows, spread
from ._base import BaseMultiLabelSampler
from ._measures import count

_MERGE = (
    "Merge label sets into larger bags with labelset='leaves' or a smaller depth "
    "(labelset=2, say; both need hierarchy=...), or let bags grow further with max_bag."
)
_SPLIT = (
    "No bag is smaller than the limit. A greater depth tells more label sets apart, "
    "labelset='all' tells all."
)


class LPROS(BaseMultiLabelSampler):
    """Label powerset random oversampling: even out the sizes of bags of rows.

    The rows of each distinct label set form a bag, and bags smaller than the mean are
    minority bags. ``round(sampling_ratio * n_samples)`` clones are shared out evenly
    over the minority bags so that none grows past the mean by as much as one row; what
    a full bag leaves goes to the others. Within a bag, rows are drawn with replacement.

    Parameters
    ----------
    sampling_ratio : float, default=0.25
        Clones to add, as a share of the rows.
    labelset : {"all", "leaves"}, int or callable, default="all"
        What makes a bag.

        - "all": the whole label set.
        - "leaves": one of the most specific nodes of a row, the one that the fewest
          rows have (ties: the first). At most one bag per node.
        - int: the nodes down to this depth; the smaller, the fewer and larger the bags.
        - callable: given boolean CSR labels (n_samples, n_nodes) in node order, it
          returns a group for each row (n_samples,), or an indicator matrix
          (n_samples, any) whose equal rows make a bag.
    hierarchy : Hierarchy, default=None
        The label graph, under which labels must be closed. "leaves" and a depth need
        it.
    max_bag : "mean" or int, default="mean"
        Rows to which a bag may grow; smaller bags are the minority bags. "mean": the
        mean bag size, rounded up, since clones are whole.
    random_state : int, RandomState instance or None, default=None
        Chooses rows, and bags for the clones that don't divide evenly.

    Attributes
    ----------
    bags_ : ndarray of int of shape (n_samples,)
        The bag of each row, numbered from 0.
    hierarchy_ : Hierarchy
        The hierarchy in use.
    sampling_strategy_ : dict of int to int
        Number of clones by bag, of those that have any.
    sample_indices_ : ndarray of int of shape (n_samples + `n_added_`,)
        Row of ``X`` that each row of the result is: originals, then clones.
    n_requested_, n_added_ : int
        Clones asked for, and added.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the features, where ``X`` has any.

    Warns
    -----
    SamplingWarning
        If the budget can't be met.

    See Also
    --------
    MLROS : Clones rows of rare nodes.
    HROSPD : Clones rare paths of the hierarchy.

    Notes
    -----
    With a limit of ``max_bag`` rows (the mean bag size, rounded up), bag ``b`` of
    ``s[b]`` rows has room for ``r[b] = max(max_bag - s[b], 0)`` clones and is given
    ``min(r[b], level)``, with the one ``level`` at which the shares sum to the budget.
    Clones are whole: the fractions, which are the same for all bags that are not full,
    go to bags chosen at random. The budget is met exactly if ``sum(r)`` allows it;
    else every minority bag is filled.

    Closed label sets are nearly unique on gene data: the mean bag is smaller than 2
    rows, so that single rows are doubled, each as likely as any other. To take the set
    of a row's most specific nodes would change nothing: it stands for the same set as
    all its nodes. Hence "leaves" goes by one node, and a depth merges sets.

    References
    ----------
    F. Charte, A. J. Rivera, M. J. del Jesus and F. Herrera (2015), "Addressing
    imbalance in multilabel classification: Measures and random resampling
    algorithms", Neurocomputing 163.

    Examples
    --------
    Bags of 5, 2 and 1 rows, 2.67 on average: they may grow to 3.

    >>> import numpy as np
    >>> from sklearn_hmlc.over_sampling import LPROS
    >>> Y = np.repeat([[1, 0], [0, 1], [1, 1]], [5, 2, 1], axis=0)
    >>> X = np.arange(16).reshape(8, 2)
    >>> sampler = LPROS(sampling_ratio=0.125, random_state=0)
    >>> X_resampled, Y_resampled = sampler.fit_resample(X, Y)
    >>> X_resampled.shape, sampler.sample_indices_
    ((9, 2), array([0, 1, 2, 3, 4, 5, 6, 7, 7]))
    """

    _parameter_constraints: ClassVar[dict] = {
        **BaseMultiLabelSampler._parameter_constraints,
        "labelset": [
            StrOptions({"all", "leaves"}),
            Interval(Integral, 0, None, closed="left"),
            callable,
        ],
        "max_bag": [
            StrOptions({"mean"}),
            Interval(Integral, 1, None, closed="left"),
        ],
    }

    def __init__(
        self,
        sampling_ratio=0.25,
        *,
        labelset="all",
        hierarchy=None,
        max_bag="mean",
        random_state=None,
    ):
        self.sampling_ratio = sampling_ratio
        self.labelset = labelset
        self.hierarchy = hierarchy
        self.max_bag = max_bag
        self.random_state = random_state

    def _draw_clones(self, labels, n_clones, random_state):
        self.bags_ = self._bags(labels)
        sizes = np.bincount(self.bags_)
        limit = self.max_bag
        if limit == "mean":
            limit = -(-len(self.bags_) // len(sizes))  # rounded up, in whole numbers
        shares = spread(np.maximum(limit - sizes, 0), n_clones, random_state)
        if shares.sum() < n_clones:
            self._warn_of_plan(sizes, limit, shares.sum(), n_clones)
        groups = np.repeat(np.arange(len(sizes)), shares)
        rows = np.argsort(self.bags_, kind="stable")
        starts = np.cumsum([0, *sizes])
        return draw_rows(rows, starts, groups, random_state), groups

    def _bags(self, labels):
        if callable(self.labelset):
            return _own_bags(self.labelset(labels.copy()), labels.shape[0])
        if self.labelset == "all":
            return group_rows(labels)
        if self.hierarchy is None:
            raise ValueError(
                f"labelset={self.labelset!r} needs the hierarchy, which says what lies "
                "below what; pass hierarchy=..., or set labelset='all'."
            )
        if self.labelset == "leaves":
            return _bags_by_rarest_end(labels, self.hierarchy)
        return group_rows(labels[:, self.hierarchy.depth <= self.labelset])

    def _warn_of_plan(self, sizes, limit, n_added, n_clones):
        minority = sizes[sizes < limit]
        n_single = np.count_nonzero(minority == 1)
        self._warn(
            f"added {n_added:,} of the {n_clones:,} clones asked for. The "
            f"{sizes.sum():,} rows make {len(sizes):,} bags, {sizes.mean():.2f} rows "
            f"on average; {len(minority):,} are minority bags, {n_single:,} of them of "
            f"a single row, and a bag may grow to {limit:,} (max_bag="
            f"{self.max_bag!r}). {_MERGE if len(minority) else _SPLIT}"
        )


def _bags_by_rarest_end(labels, hierarchy):
    """Bag a row by that most specific node of it that the fewest rows have."""
    ends = hierarchy.most_specific(labels)
    by_rarity = np.argsort(count(labels), kind="stable")
    rank = np.argsort(by_rarity)
    rarest = np.full(labels.shape[0], -1)
    filled = np.diff(ends.indptr) > 0
    rarest[filled] = np.minimum.reduceat(rank[ends.indices], ends.indptr[:-1][filled])
    return _number(rarest)


def _own_bags(groups, n_samples):
    """Bags from what a callable ``labelset`` returned."""
    shape = np.shape(groups)
    if len(shape) not in (1, 2) or shape[0] != n_samples:
        raise ValueError(
            "Expected the callable labelset to return a group for each row, of shape "
            f"({n_samples},), or a matrix of shape ({n_samples}, any), but got shape "
            f"{shape}."
        )
    if len(shape) == 1:
        return _number(groups)
    matrix = sp.csr_array(groups).astype(bool)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return group_rows(matrix)


def _number(groups):
    return np.unique(groups, return_inverse=True)[1]

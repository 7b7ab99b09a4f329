"""HROSPD: clone rare paths of the hierarchy, each clone with one path alone.

Stage: before the classifier. In: labels (n_samples, n_nodes). Out: rows to clone and
the node at which each clone's path ends. Source: Pereira, Costa and Silla Jr. (2021),
algorithm HROS-PD.
"""

from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from ._bags import draw_rows, spread
from ._base import BaseMultiLabelSampler
from ._measures import count, imbalance_ratio


class HROSPD(BaseMultiLabelSampler):
    """Hierarchical random oversampling for paths that may end above the leaves.

    A path is a node with all its ancestors; a row has one for each of its most specific
    nodes. Levels are visited from the deepest up. A path is a minority path if its
    ratio IRLbP (`irlbl` with ``per_path=True``) is above the mean; its rows are cloned,
    each clone labelled with that one path alone.

    Parameters
    ----------
    hierarchy : Hierarchy, default=None
        The label graph, under which labels must be closed. It can be left out only
        where every row has one class: then each class is a path.
    sampling_ratio : float, default=0.1
        Clones to add, as a share of the rows.
    random_state : int, RandomState instance or None, default=None
        Chooses rows, and paths for the clones that don't divide evenly.

    Attributes
    ----------
    hierarchy_ : Hierarchy
        The hierarchy in use.
    sampling_strategy_ : dict of int to int
        Number of clones by the position of the node at which their path ends.
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
        If there are not minority paths enough to spend the budget on.

    See Also
    --------
    LPROS, MLROS : Clone rows with their whole label sets.

    Notes
    -----
    ``IRLbP[i] = max(n) / n[i]``, with ``n[i]`` rows whose path ends at node ``i``, over
    scored nodes at which a path ends. At each level (nodes of one depth) what is left
    of the budget is shared out evenly, in whole clones, over the minority paths of this
    level and those above it, and the shares of this level are drawn, with replacement,
    from the rows with that path; then counts and minority paths are brought up to date.

    References
    ----------
    R. M. Pereira, Y. M. G. Costa and C. N. Silla Jr. (2021), "Toward hierarchical
    classification of imbalanced data using random resampling algorithms", Information
    Sciences 578.

    Examples
    --------
    The row with both paths is cloned for the rare one and gets that one alone.

    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.over_sampling import HROSPD
    >>> hierarchy = Hierarchy.from_edges([("a", "b")], nodes=["a", "b", "c"])
    >>> X, Y = [[1], [2], [3], [4]], [[1, 0, 1], [0, 0, 1], [0, 0, 1], [1, 1, 1]]
    >>> sampler = HROSPD(hierarchy, sampling_ratio=0.25, random_state=0)
    >>> X_resampled, Y_resampled = sampler.fit_resample(X, Y)
    >>> X_resampled[4:], Y_resampled[4:]
    ([[4]], [[1, 1, 0]])
    """

    _relabels = True

    _parameter_constraints: ClassVar[dict] = {
        **BaseMultiLabelSampler._parameter_constraints
    }

    def __init__(self, hierarchy=None, *, sampling_ratio=0.1, random_state=None):
        self.hierarchy = hierarchy
        self.sampling_ratio = sampling_ratio
        self.random_state = random_state

    def _draw_clones(self, labels, n_clones, random_state):
        self._check_paths_known(labels)
        ends = self.hierarchy_.most_specific(labels)
        shares = _share_out(self.hierarchy_, count(ends), n_clones, random_state)
        if shares.sum() < n_clones:
            self._warn(
                f"added {shares.sum():,} of the {n_clones:,} clones asked for: no path "
                "that is left is rarer than the mean. Lower sampling_ratio."
            )
        nodes = np.repeat(np.arange(len(shares)), shares)
        bags = ends.tocsc()
        return draw_rows(bags.indices, bags.indptr, nodes, random_state), nodes

    def _clone_labels(self, groups):
        ones = np.ones(len(groups), dtype=bool)
        shape = len(groups), self.hierarchy_.n_nodes
        ends = sp.csr_array((ones, groups, np.arange(len(groups) + 1)), shape=shape)
        return self.hierarchy_.close(ends)

    def _check_paths_known(self, labels):
        if self.hierarchy is None and np.diff(labels.indptr).max() > 1:
            raise ValueError(
                "HROSPD needs the hierarchy to tell a row's paths, since some rows "
                "have several labels; pass hierarchy=... (for flat labels, "
                "Hierarchy.flat)."
            )


def _share_out(hierarchy, counts, n_clones, random_state):
    """Clones for each path, level by level from the deepest up."""
    shares = np.zeros(len(counts), dtype=np.intp)
    for depth in range(hierarchy.depth.max(), -1, -1):
        left = n_clones - shares.sum()
        waiting = _is_minority(hierarchy, counts + shares)
        waiting &= hierarchy.depth <= depth
        level_shares = spread(np.where(waiting, left, 0), left, random_state)
        shares += np.where(hierarchy.depth == depth, level_shares, 0)
    return shares


def _is_minority(hierarchy, counts):
    ratios = imbalance_ratio(counts, hierarchy.scored)
    known = hierarchy.scored & np.isfinite(ratios)
    return known & (ratios > ratios[known].mean())

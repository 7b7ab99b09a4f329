"""MLROS: clone rows that have a rare node, node by node in turn.

Stage: before the classifier. In: labels (n_samples, n_nodes). Out: rows to clone.
Source: Charte, Rivera, del Jesus and Herrera (2015), algorithm ML-ROS.
"""

from collections import deque
from typing import ClassVar

import numpy as np

from ._base import BaseMultiLabelSampler
from ._measures import count, imbalance_ratio


class MLROS(BaseMultiLabelSampler):
    """Multi-label random oversampling: clone rows of nodes that are rarer than usual.

    Nodes whose `irlbl` is above the mean are minority nodes, and the rows that have one
    are its bag. In turn, a random row of each bag is cloned with its whole label set,
    until ``round(sampling_ratio * n_samples)`` clones are there; a bag is closed as
    soon as its ratio, brought up to date with every clone, reaches the (first) mean.

    Parameters
    ----------
    sampling_ratio : float, default=0.25
        Clones to add, as a share of the rows.
    hierarchy : Hierarchy, default=None
        The label graph, under which labels must be closed; its unscored nodes are
        left out of all ratios.
    random_state : int, RandomState instance or None, default=None
        Chooses rows.

    Attributes
    ----------
    hierarchy_ : Hierarchy
        The hierarchy in use.
    sampling_strategy_ : dict of int to int
        Number of clones by the node (its column, or the class) whose bag they came
        from.
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
        If all bags are closed before the budget is spent.

    See Also
    --------
    LPROS : Evens out label sets instead of nodes.

    Notes
    -----
    ``IRLbl[i] = max(n) / n[i]``, with ``n[i]`` rows that have node ``i``. A clone of a
    row with rare and frequent nodes raises both; `scumble` says how far that is so.

    References
    ----------
    F. Charte, A. J. Rivera, M. J. del Jesus and F. Herrera (2015), "Addressing
    imbalance in multilabel classification: Measures and random resampling
    algorithms", Neurocomputing 163.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_hmlc.over_sampling import MLROS
    >>> X, y = np.arange(20).reshape(10, 2), np.array(["a"] * 8 + ["b"] * 2)
    >>> sampler = MLROS(sampling_ratio=0.1, random_state=0)
    >>> sampler.fit_resample(X, y)[1]
    array(['a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'b'], dtype='<U1')
    """

    _parameter_constraints: ClassVar[dict] = {
        **BaseMultiLabelSampler._parameter_constraints
    }

    def __init__(self, sampling_ratio=0.25, *, hierarchy=None, random_state=None):
        self.sampling_ratio = sampling_ratio
        self.hierarchy = hierarchy
        self.random_state = random_state

    def _draw_clones(self, labels, n_clones, random_state):
        scored = np.flatnonzero(self.hierarchy_.scored)
        labels = labels[:, scored]
        counts = count(labels)
        ratios = imbalance_ratio(counts, np.ones(len(counts), dtype=bool))
        mean = ratios[np.isfinite(ratios)].mean()
        waiting = np.flatnonzero(np.isfinite(ratios) & (ratios > mean)).tolist()
        clones = _take_turns(labels, counts, waiting, mean, n_clones, random_state)
        rows, nodes = np.array(clones, dtype=np.intp).reshape(-1, 2).T
        if len(rows) < n_clones:
            self._warn(
                f"added {len(rows):,} of the {n_clones:,} clones asked for: the ratios "
                f"of all {len(waiting):,} minority nodes have reached the mean, "
                f"{mean:.2f}. Lower sampling_ratio to {len(rows) / labels.shape[0]:.3g}"
                " to ask for what there is."
            )
        return rows, scored[nodes]


def _take_turns(labels, counts, waiting, mean, n_clones, random_state):
    """Clone a row of each open bag in turn; return pairs (row, node).

    ``counts``, an array of its own, is brought up to date with every clone.
    """
    bags = labels.tocsc()
    turns = deque(waiting)
    clones = []
    while turns and len(clones) < n_clones:
        node = turns.popleft()
        if counts.max() / counts[node] <= mean:
            continue
        start, end = bags.indptr[node : node + 2]
        row = bags.indices[random_state.randint(start, end)]
        counts[labels.indices[labels.indptr[row] : labels.indptr[row + 1]]] += 1
        clones.append((row, node))
        turns.append(node)
    return clones

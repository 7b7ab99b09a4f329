"""Rows into bags, a budget over bags, and rows out of them.

Stage: inside the samplers. In: boolean CSR labels (n_samples, n_nodes), or the room
that bags have (n_bags,). Out: the bag of each row (n_samples,), clones per bag
(n_bags,), row positions (n_clones,). Time and memory follow the positives, never
n_samples * n_nodes.
"""

from bisect import bisect_right
from itertools import pairwise

import numpy as np


def group_rows(labels):
    """Number the distinct rows in the order in which they first come.

    Parameters
    ----------
    labels : csr_array of bool of shape (n_samples, n_nodes)
        No stored zeros, no duplicates.

    Returns
    -------
    bags : ndarray of int of shape (n_samples,)
        Rows share a number if and only if they have the same positives.
    """
    labels.sort_indices()
    # A row's sorted column numbers, read as bytes, are an exact and cheap key.
    raw = labels.indices.tobytes()
    ends = (labels.indptr * labels.indices.itemsize).tolist()
    bag_of = {}
    bags = (
        bag_of.setdefault(raw[start:end], len(bag_of)) for start, end in pairwise(ends)
    )
    return np.fromiter(bags, dtype=np.intp, count=labels.shape[0])


def spread(room, n_clones, random_state):
    """Share clones out evenly; what a full bag leaves goes to the others.

    The shares are ``min(room, level)`` with the one ``level`` at which they sum to
    ``n_clones`` (water filling). Bags that are not full all have the same fraction, so
    that "largest remainder, then random" means: all of them get ``floor(level)``, and
    the clones that are left go to randomly chosen ones.

    Parameters
    ----------
    room : ndarray of int of shape (n_bags,)
        How many clones each bag can take.
    n_clones : int
        How many to share out.
    random_state : RandomState
        Chooses the bags that get one more.

    Returns
    -------
    shares : ndarray of int of shape (n_bags,)
        At most ``room``; the sum is ``min(n_clones, room.sum())``.
    """
    if n_clones >= room.sum():
        return room.copy()
    levels = range(room.max() + 1)
    level = bisect_right(levels, n_clones, key=lambda x: np.minimum(room, x).sum()) - 1
    shares = np.minimum(room, level)
    unfilled = np.flatnonzero(room > level)
    shares[random_state.permutation(unfilled)[: n_clones - shares.sum()]] += 1
    return shares


def draw_rows(rows, starts, groups, random_state):
    """Draw one row, with replacement, for each entry of ``groups``.

    Parameters
    ----------
    rows : ndarray of int
        Row positions, those of group 0 first, then of group 1, ...
    starts : ndarray of int of shape (n_groups + 1,)
        Where each group begins in ``rows``; the last entry is where the last ends.
    groups : ndarray of int of shape (n_clones,)
        The group of each clone.
    random_state : RandomState
        Chooses the rows.

    Returns
    -------
    clones : ndarray of int of shape (n_clones,)
    """
    sizes = np.diff(starts)[groups]
    # RandomState.randint refuses an empty array of bounds.
    offsets = random_state.randint(sizes) if len(sizes) else sizes
    return rows[starts[groups] + offsets]

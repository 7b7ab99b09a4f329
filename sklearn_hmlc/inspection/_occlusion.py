"""Attributions of any model, by taking one feature after the other away.

Stage: inside `explain`. In: rows and baselines. Out: by row, node and feature, how much
the response falls where the feature has a baseline's value, the mean over the
baselines:

    a_j = mean over x' of f(x) - f(x with x_j = x'_j)

Only features in which a row differs from a baseline are asked for, so that sparse rows
cost what they hold.
"""

import numpy as np

from .._on_disk import parts_of
from .._response import some_rows

# Entries of the rows that are asked at a time, as if dense (32 MB of float64).
_ENTRIES = 2**22


def occlusion(rows, baselines, group, answer):
    """Return responses and attributions of some rows.

    Parameters
    ----------
    rows, baselines : Rows
    group : ndarray of int of shape (R,)
        Which rows.
    answer : callable
        Takes rows as the model does, and returns responses (n_rows, n_nodes).

    Returns
    -------
    responses : ndarray of shape (R, n_nodes)
    attributions : ndarray of shape (R, n_nodes, n_features)
    """
    responses = answer(some_rows(rows.X, group))
    n_baselines, n_features = baselines.shape
    attributions = np.zeros((len(group), responses.shape[1], n_features))
    asked = [
        (place, feature, other)
        for place, row in enumerate(group)
        for other in range(n_baselines)
        for feature in rows.differing(row, baselines, other)
    ]
    for part in parts_of(len(asked), max(1, _ENTRIES // max(1, n_features))):
        place, feature, other = np.array(asked[part]).T
        changed = rows.replaced(group[place], feature, baselines, other)
        fall = (responses[place] - answer(changed)) / n_baselines
        np.add.at(attributions, (place, slice(None), feature), fall)
    return responses, attributions

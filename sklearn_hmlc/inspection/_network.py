"""Attributions by a network's gradients.

Stage: inside `explain`. In: a response, rows as a network is given them, (R, F), and
baselines of the same shape. Out: (R, F) attributions.

Integrated gradients of a response f on the straight path from the baseline x' to x:

    a_j = (x_j - x'_j) * integral over t in [0, 1] of df/dx_j (x' + t (x - x'))

They sum to f(x) - f(x'). Source: Sundararajan, Taly and Yan, "Axiomatic Attribution for
Deep Networks", ICML 2017.
"""

import numpy as np

# Pieces of a path to begin with, into how many one is split, and how often.
_PIECES, _SPLIT, _ROUNDS = 32, 4, 6

# Largest gap between the sum of attributions and the difference: a share of the sum of
# their sizes, and what float32 can tell of a response.
_GAP, _NOISE = 0.002, 4e-6

# Rows whose paths are walked together.
_TOGETHER = 16


def gradient_times_input(response, X, X0):
    """Return the gradient at each row times how far it is from its baseline."""
    return response.of_features(X - X0, response.gradient(response.points(X)))


def integrated_gradients(response, X, X0):
    """Return integrated gradients of each row, from its baseline."""
    parts = [
        _Paths(response, X[k : k + _TOGETHER], X0[k : k + _TOGETHER]).walk()
        for k in range(0, len(X), _TOGETHER)
    ]
    return np.concatenate(parts)


class _Paths:
    """Straight paths from baselines to rows, and the mean gradients along them.

    By the middles of pieces of a path. What a piece adds is known, as the response at
    its ends is; where the gradient at its middle says otherwise, it is split: at the
    kinks of a network, and where a saturated response changes at last.
    """

    def __init__(self, response, X, X0):
        self.response, self.change = response, X - X0
        self.start = response.points(X0)
        self.way = response.points(X) - self.start
        self.gradient = np.zeros(self.way.shape)

    def walk(self):
        """Return the attributions of all rows."""
        n_rows = len(self.way)
        row = np.repeat(np.arange(n_rows), _PIECES)
        begin = np.tile(np.arange(_PIECES) / _PIECES, n_rows)
        length = 1 / _PIECES
        noise = _NOISE * (1 + np.abs(self.response.at(self.start + self.way)))
        gaps = self._add(row, begin, length)
        for _ in range(_ROUNDS):
            sizes = np.abs(self._attributions()).sum(axis=1)
            allowed = np.maximum(_GAP * sizes / _PIECES, noise)
            wide = np.abs(gaps) > allowed[row]
            if not wide.any():
                break
            row, begin = row[wide], begin[wide]
            self._add(row, begin, length, -1)
            length /= _SPLIT
            row = np.repeat(row, _SPLIT)
            places = np.tile(np.arange(_SPLIT), np.count_nonzero(wide))
            begin = np.repeat(begin, _SPLIT) + places * length
            gaps = self._add(row, begin, length)
        return self._attributions()

    def _attributions(self):
        return self.response.of_features(self.change, self.gradient)

    def _add(self, row, begin, length, sign=1):
        """Add what pieces of paths say; return by how much they miss the truth.

        ``row`` and ``begin`` are of shape (n_pieces,): the row of each one, and where
        on its path from 0 to 1 it begins.
        """
        added = length * self.response.gradient(self._points(row, begin + length / 2))
        np.add.at(self.gradient, row, sign * added)
        if sign < 0:
            return None
        ends = (self._points(row, begin + share) for share in (0, length))
        before, after = map(self.response.at, ends)
        return (added * self.way[row]).sum(axis=1) - (after - before)

    def _points(self, row, share):
        return self.start[row] + share[:, np.newaxis] * self.way[row]


METHODS = {
    "integrated_gradients": integrated_gradients,
    "gradient_times_input": gradient_times_input,
}

"""Attributions by a network's gradients.

Stage: inside `explain`. In: rows as a network is given them, (R, F), baselines of the
same shape, and a node. Out: (R, F) attributions, in float64.

Integrated gradients of a response f on the straight path from the baseline x' to x:

    a_j = (x_j - x'_j) * integral over t in [0, 1] of df/dx_j (x' + t (x - x'))

They sum to f(x) - f(x'). Source: Sundararajan, Taly and Yan, "Axiomatic Attribution for
Deep Networks", ICML 2017.
"""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.utils import gen_batches

from .._torch import usual

# Entries of a batch of points on paths (64 MB of float32).
_ENTRIES = 2**24

# Pieces of a path to begin with, into how many one is split, and how often.
_PIECES, _SPLIT, _ROUNDS = 32, 4, 6

# Largest gap between the sum of attributions and the difference: a share of the sum of
# their sizes, and what float32 can tell of a response.
_GAP, _NOISE = 0.002, 4e-6


class Response:
    """What the network of a classifier says of one node, as a function of its input.

    Parameters
    ----------
    classifier : HierarchicalEnsembleClassifier
        Fitted.
    node : hashable
        A scored node that has an output.
    logit : bool
        Whether the log odds are meant, and not the probability.
    corrected : bool
        Whether without what the node weights have put on the logits.
    """

    def __init__(self, classifier, node, logit, corrected):
        self.net, self.logit, self.corrected = classifier.net_, logit, corrected
        # The max constraint: a node has the maximum over itself and what is below it.
        graph = classifier._outputs.hierarchy
        below = [node, *sorted(graph.descendants(node), key=graph.index)]
        self.columns = torch.as_tensor(graph.index(below), device=self.net.device)

    def __call__(self, x):
        """Return the response (B,) to a tensor of rows (B, F)."""
        logits = self.net.module_(x)
        if self.corrected:
            logits = logits - self.net.shift(x, logits).to(logits.dtype)
        family = logits.index_select(-1, self.columns)
        members = family.max(-1).values.cpu().double()
        if not self.logit:
            return torch.sigmoid(members).mean(0)
        # Log odds of the members' mean probability, exact where that rounds to 0 or 1.
        yes, no = F.logsigmoid(members), F.logsigmoid(-members)
        return torch.logsumexp(yes, 0) - torch.logsumexp(no, 0)

    def values(self, X):
        """Return the response (R,) to rows (R, F)."""
        out = np.empty(len(X))
        size = max(1, _ENTRIES // max(1, X.shape[1]))
        with usual(self.net.device), torch.no_grad():
            self.net.module_.eval()
            for rows in gen_batches(len(X), size):
                out[rows] = self(self._tensor(X[rows])).cpu().numpy()
        return out

    def gradient(self, x):
        """Return the gradient (B, F) at points (B, F)."""
        with usual(self.net.device), torch.enable_grad():
            self.net.module_.eval()
            x = self._tensor(x).requires_grad_()
            (grad,) = torch.autograd.grad(self(x).sum(), x)
        # Of a spread of members that all agree there is none.
        return np.nan_to_num(grad.double().cpu().numpy(), copy=False)

    def _tensor(self, x):
        return torch.as_tensor(
            np.ascontiguousarray(x, dtype=np.float32), device=self.net.device
        )


def gradient_times_input(response, X, X0):
    """Return the gradient at each row times how far it is from its baseline."""
    size = max(1, _ENTRIES // max(1, X.shape[1]))
    parts = [response.gradient(X[rows]) for rows in gen_batches(len(X), size)]
    return (X - X0) * np.concatenate(parts)


def integrated_gradients(response, X, X0):
    """Return integrated gradients of each row, from its baseline.

    By the middles of pieces of its path. What a piece adds is known, as the response at
    its ends is; where the gradient at its middle says otherwise, it is split: at the
    kinks of a network, and where a saturated response changes at last.
    """
    paths = _Paths(response, X, X0)
    row = np.repeat(np.arange(len(X)), _PIECES)
    start = np.tile(np.arange(_PIECES) / _PIECES, len(X))
    length = 1 / _PIECES
    gaps = paths.add(row, start, length)
    noise = _NOISE * (1 + np.abs(response.values(X)))
    for _ in range(_ROUNDS):
        allowed = _GAP * np.abs(paths.attributions).sum(axis=1) + noise
        share = np.maximum(allowed / _PIECES, noise)
        wide = np.abs(gaps) > share[row]
        if not wide.any():
            break
        row, start = row[wide], start[wide]
        paths.add(row, start, length, -1)
        length /= _SPLIT
        row = np.repeat(row, _SPLIT)
        start = np.repeat(start, _SPLIT) + np.tile(
            np.arange(_SPLIT) * length, np.count_nonzero(wide)
        )
        gaps = paths.add(row, start, length)
    return paths.attributions


class _Paths:
    """Straight paths from baselines to rows, and the integrals along them."""

    def __init__(self, response, X, X0):
        self.response, self.X0, self.change = response, X0, X - X0
        self.attributions = np.zeros(X.shape)

    def add(self, row, start, length, sign=1):
        """Add what pieces of paths say; return by how much they miss the truth.

        ``row`` and ``start`` are of shape (n_pieces,): the row of each one, and where
        on its path from 0 to 1 it begins.
        """
        gaps = np.empty(len(row))
        size = max(1, _ENTRIES // max(1, self.X0.shape[1]))
        for part in gen_batches(len(row), size):
            own = row[part]
            middles = self._points(own, start[part] + length / 2)
            added = length * self.change[own] * self.response.gradient(middles)
            np.add.at(self.attributions, own, sign * added)
            if sign > 0:
                ends = [self._points(own, start[part] + x) for x in (0, length)]
                before, after = map(self.response.values, ends)
                gaps[part] = added.sum(axis=1) - (after - before)
        return gaps

    def _points(self, row, share):
        return self.X0[row] + share[:, np.newaxis] * self.change[row]


METHODS = {
    "integrated_gradients": integrated_gradients,
    "gradient_times_input": gradient_times_input,
}

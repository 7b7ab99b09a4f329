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

# Points of a path to begin with, and at most where the sum is not yet the difference.
_STEPS, _MOST_STEPS = 32, 1024

# Largest gap between the sum of attributions and the difference: a share of the sum of
# their sizes, and what float32 can tell.
_GAP, _SMALLEST = 0.005, 1e-5


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

    def mean_gradient(self, X, X0, shares):
        """Return the mean of the gradient (R, F) over points of each row's path.

        ``shares`` (S,) tells where they are: 0 at ``X0``, 1 at ``X``.
        """
        total = np.zeros(X.shape)
        size = max(1, _ENTRIES // max(1, X.shape[1]))
        n_points = len(X) * len(shares)
        with usual(self.net.device), torch.enable_grad():
            self.net.module_.eval()
            for part in gen_batches(n_points, size):
                row, point = np.divmod(np.arange(n_points)[part], len(shares))
                x = X0[row] + shares[point, np.newaxis] * (X[row] - X0[row])
                x = self._tensor(x).requires_grad_()
                (grad,) = torch.autograd.grad(self(x).sum(), x)
                # Of a spread of members that all agree there is none.
                grad = np.nan_to_num(grad.double().cpu().numpy(), copy=False)
                np.add.at(total, row, grad)
        return total / len(shares)

    def _tensor(self, x):
        return torch.as_tensor(
            np.ascontiguousarray(x, dtype=np.float32), device=self.net.device
        )


def gradient_times_input(response, X, X0):
    """Return the gradient at each row times how far it is from its baseline."""
    return (X - X0) * response.mean_gradient(X, X0, np.ones(1))


def integrated_gradients(response, X, X0):
    """Return integrated gradients of each row, from its baseline.

    Rows whose attributions do not yet sum to the difference of the responses have more
    points: a saturated response changes on a short part of its path alone.
    """
    difference = response.values(X) - response.values(X0)
    attributions = np.empty(X.shape)
    open_rows = np.arange(len(X))
    n_steps = _STEPS
    while len(open_rows):
        part = X[open_rows], X0[open_rows]
        middles = (np.arange(n_steps) + 0.5) / n_steps
        found = (part[0] - part[1]) * response.mean_gradient(*part, middles)
        attributions[open_rows] = found
        gap = np.abs(found.sum(axis=1) - difference[open_rows])
        wide = gap > _GAP * np.abs(found).sum(axis=1) + _SMALLEST
        open_rows = open_rows[wide]
        if n_steps >= _MOST_STEPS:
            break
        n_steps = min(_MOST_STEPS, 4 * n_steps)
    return attributions


METHODS = {
    "integrated_gradients": integrated_gradients,
    "gradient_times_input": gradient_times_input,
}

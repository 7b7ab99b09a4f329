"""What a network says of one node, as a function whose gradient is asked for.

Stage: inside `explain`. In: rows as a network is given them, (R, F), and a node. Out:
the response (R,), and its gradient at points. Points are not rows but what the first
layer makes of them: it is linear, so that a straight path from row to row is one from
point to point, which are as wide as a hidden layer, however many features there are.
"""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.utils import gen_batches

from .._torch import usual
from ..nn import EnsembleLinear, MultiHeadMLP, SparseInputLinear

# Entries of a batch of points (32 MB of float32).
_ENTRIES = 2**23


def make_response(classifier, node, logit, corrected):
    """Return the response of a fitted classifier to one node.

    Parameters
    ----------
    classifier : HierarchicalEnsembleClassifier
    node : hashable
        A scored node that has an output.
    logit : bool
        Whether the log odds are meant, and not the probability.
    corrected : bool
        Whether without what the node weights have put on the logits.
    """
    net = classifier.net_
    # The max constraint: a node has the maximum over itself and what is below it.
    graph = classifier._outputs.hierarchy
    below = [node, *sorted(graph.descendants(node), key=graph.index)]
    columns = torch.as_tensor(graph.index(below), device=net.device)
    by_row = corrected and net.criterion_.shift_depends_on_logits
    kind = _OfLayers if _has_layers(net.module_) and not by_row else _OfModule
    return kind(net, columns, logit, corrected)


def _has_layers(module):
    """Tell a module whose first and last layer are linear, and two."""
    if not isinstance(module, MultiHeadMLP) or len(module.layers) < 2:
        return False
    first, last = module.layers[0], module.layers[-1]
    return isinstance(first, EnsembleLinear | SparseInputLinear) and isinstance(
        last, EnsembleLinear
    )


class _OfModule:
    """Response of any module: points are rows."""

    def __init__(self, net, columns, logit, corrected):
        self.net, self.columns = net, columns
        self.logit, self.corrected = logit, corrected

    # -- rows and points ---------------------------------------------------------------

    def points(self, X):
        """Return the points (R, D) of rows (R, F)."""
        return X

    def of_features(self, change, gradient):
        """Return attributions (R, F): what rows differ by, times what it brings.

        ``gradient`` (R, D) is that at points, or a mean of it.
        """
        return change * gradient

    # -- response ----------------------------------------------------------------------

    def values(self, X):
        """Return the response (R,) to rows (R, F)."""
        return self.at(self.points(X))

    def at(self, Z):
        """Return the response (R,) at points (R, D)."""
        out = np.empty(len(Z))
        with usual(self.net.device), torch.no_grad():
            self.net.module_.eval()
            for part in self._parts(Z):
                out[part] = self._say(self._tensor(Z[part])).cpu().numpy()
        return out

    def gradient(self, Z):
        """Return the gradient (R, D) at points (R, D)."""
        out = np.empty(Z.shape)
        with usual(self.net.device), torch.enable_grad():
            self.net.module_.eval()
            for part in self._parts(Z):
                z = self._tensor(Z[part]).requires_grad_()
                (grad,) = torch.autograd.grad(self._say(z).sum(), z)
                out[part] = grad.cpu().numpy()
        # Of a spread of members that all agree there is none.
        return np.nan_to_num(out, copy=False)

    def _parts(self, Z):
        widest = max(Z.shape[1], len(self.columns), 1)
        return gen_batches(len(Z), max(1, _ENTRIES // widest))

    def _say(self, z):
        """Return the response (B,) at a tensor of points (B, D), in float64."""
        members = self._logits(z).max(-1).values.cpu().double()
        if not self.logit:
            return torch.sigmoid(members).mean(0)
        # Log odds of the members' mean probability, exact where that rounds to 0 or 1.
        yes, no = F.logsigmoid(members), F.logsigmoid(-members)
        return torch.logsumexp(yes, 0) - torch.logsumexp(no, 0)

    def _logits(self, x):
        """Return the logits (M, B, n_below) of the node and what is below it."""
        logits = self.net.module_(x)
        if self.corrected:
            logits = logits - self.net.shift(x, logits).to(logits.dtype)
        return logits.index_select(-1, self.columns)

    def _tensor(self, x):
        return torch.as_tensor(
            np.ascontiguousarray(x, dtype=np.float32), device=self.net.device
        )


class _OfLayers(_OfModule):
    """Response of linear layers with activations: points are behind the first layer.

    Of the last layer the outputs alone are computed that are asked for.
    """

    def __init__(self, net, columns, logit, corrected):
        super().__init__(net, columns, logit, corrected)
        first, *self.between, last = net.module_.layers
        self.first, self.n_copies = first, len(first.bias)
        self.weight = last.weight.detach()[..., columns].contiguous()
        self.bias = last.bias.detach()[:, columns]
        if corrected:
            # It is the same for all rows: any logits do.
            any_row = self.bias.new_zeros(1, 1, len(net.criterion_.node_weight))
            shift = net.criterion_.logit_shift(any_row).to(self.bias.dtype)
            self.bias = self.bias - shift[columns]

    def points(self, X):
        size = max(1, _ENTRIES // max(1, X.shape[1]))
        with usual(self.net.device), torch.no_grad():
            parts = [
                self.first(self._tensor(X[rows])).transpose(0, 1).flatten(1).cpu()
                for rows in gen_batches(len(X), size)
            ]
        return torch.cat(parts).double().numpy()

    def of_features(self, change, gradient):
        there = np.flatnonzero((change != 0).any(axis=0))
        attributions = np.zeros(change.shape)
        # Of rows that are mostly zeros few features take part.
        weight = self._weights_of(torch.as_tensor(there)).double().cpu().numpy()
        attributions[:, there] = change[:, there] * (gradient @ weight.T)
        return attributions

    def _weights_of(self, features):
        """Return the first layer's weights (n, D) of some features."""
        weight = self.first.weight.detach()
        features = features.to(weight.device)
        if isinstance(self.first, SparseInputLinear):
            return self.first.scale * weight[features]
        # From (copies, n, width) to (n, copies * width), as points are laid out.
        return weight[:, features].transpose(0, 1).flatten(1)

    def _logits(self, z):
        hidden = z.view(len(z), self.n_copies, -1).transpose(0, 1)
        for layer in self.between:
            hidden = layer(hidden)
        hidden = hidden.expand(len(self.weight), *hidden.shape[1:])
        return torch.baddbmm(self.bias[:, None], hidden, self.weight)

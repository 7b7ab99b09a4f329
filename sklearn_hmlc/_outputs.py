"""Which nodes the net has outputs for.

Stage: between labels of all nodes and the net, and back. Of a large ontology half the
nodes have no row: nothing can be learnt about them, and what they would take of the
last layer and of every step is saved.
"""

from __future__ import annotations

import numpy as np

from ._rows import Rows, rows_per_node
from ._validation import shorten

# What a node without rows is predicted: its frequency, but strictly above 0.
LOWEST = np.finfo(np.float32).tiny


class Outputs:
    """The net's outputs, among the nodes of a hierarchy.

    Parameters
    ----------
    hierarchy : Hierarchy
        All nodes.
    nodes : ndarray of int or None
        Positions of those that have an output, with all their ancestors. None: all.

    Attributes
    ----------
    hierarchy : Hierarchy
        That of the outputs.
    """

    def __init__(self, hierarchy, nodes=None):
        self.nodes, self.n_nodes = nodes, hierarchy.n_nodes
        self.hierarchy = hierarchy
        if nodes is not None:
            names = hierarchy.nodes
            self.hierarchy = hierarchy.subset([names[node] for node in nodes])

    @classmethod
    def of_rows(cls, hierarchy, Y):
        """Return the outputs of those nodes that some row has.

        Labels are closed, so the ancestors are among them. All nodes, where ``Y`` is
        None, as more rows are to come, or has nothing to learn at all.
        """
        if Y is None:
            return cls(hierarchy)
        there = rows_per_node(Y) > 0
        if there.all() or not (there & hierarchy.scored).any():
            return cls(hierarchy)
        return cls(hierarchy, np.flatnonzero(there))

    def of(self, values):
        """Return the entries or columns of the outputs, in their order."""
        return values if self.nodes is None else values[..., self.nodes]

    def rows(self, rows, others=False):
        """Return rows with labels as the net has outputs; None stays None.

        ``others``: whether rows may have other nodes, too, which are left out.

        Raises
        ------
        ValueError
            If a row has a node that has no output.
        """
        if rows is None or self.nodes is None:
            return rows
        Y = rows.Y[:, self.nodes]
        if Y.nnz < rows.Y.nnz and not others:
            self._refuse(rows.Y)
        return Rows(rows.X, Y, rows.sample_weight)

    def _refuse(self, Y):
        there = rows_per_node(Y) > 0
        there[self.nodes] = False
        raise ValueError(
            f"{there.sum()} nodes have rows now, but had none when the net was made, "
            "so that it has no outputs for them; the first is number "
            f"{shorten(np.flatnonzero(there).tolist())} in node order. To go on with "
            "rows of any node, begin with partial_fit, or fit with warm_start=True."
        )

    def filled(self, shape, blocks, fill=LOWEST):
        """Return what a net answers in blocks, for all nodes.

        Parameters
        ----------
        shape : sequence of int
            (n_members, n_samples) or (n_samples,).
        blocks : iterable of (slice, ndarray of shape (..., b, n_outputs))
        fill : float
            For nodes without an output.

        Returns
        -------
        values : ndarray of float32 of shape (*shape, n_nodes)
        """
        values = np.empty((*shape, self.n_nodes), dtype=np.float32)
        if self.nodes is not None:
            values.fill(fill)
        for rows, block in blocks:
            if self.nodes is None:
                values[..., rows, :] = block
            else:
                values[..., rows, self.nodes] = block
        return values

"""What training minimises: node weights, focal weights, the hierarchical loss."""

from ._focal import HierarchicalFocalLoss
from ._node_weights import node_weights

__all__ = ["HierarchicalFocalLoss", "node_weights"]

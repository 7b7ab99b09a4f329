"""What training minimises: node weights, focal weights, schedules, the whole loss."""

from ._focal import HierarchicalFocalLoss
from ._node_weights import node_weights
from ._schedules import get_schedule

__all__ = ["HierarchicalFocalLoss", "get_schedule", "node_weights"]

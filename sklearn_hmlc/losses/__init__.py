"""What training minimises: node weights, focal weights, schedules, the whole loss."""

from ._focal import SIDES, HierarchicalFocalLoss
from ._node_weights import COUNTS, SCHEMES, node_weights, node_weights_from_counts
from ._schedules import SCHEDULES, get_schedule

__all__ = [
    "COUNTS",
    "SCHEDULES",
    "SCHEMES",
    "SIDES",
    "HierarchicalFocalLoss",
    "get_schedule",
    "node_weights",
    "node_weights_from_counts",
]

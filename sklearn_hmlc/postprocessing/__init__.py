"""What is done to any classifier's output: coherence, and a threshold per node."""

from ._coherence import make_coherent
from ._coherent_classifier import CoherentClassifier
from ._node_threshold_classifier import NodeThresholdClassifier
from ._shrinkage import shrink_to_parents
from ._thresholds import STRATEGIES, node_thresholds

__all__ = [
    "STRATEGIES",
    "CoherentClassifier",
    "NodeThresholdClassifier",
    "make_coherent",
    "node_thresholds",
    "shrink_to_parents",
]

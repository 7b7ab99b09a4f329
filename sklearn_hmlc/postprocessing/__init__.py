"""What is done to any classifier's output: coherence, and a threshold per node."""

from ._coherence import make_coherent
from ._coherent_classifier import CoherentClassifier
from ._node_threshold_classifier import NodeThresholdClassifier
from ._thresholds import node_thresholds

__all__ = [
    "CoherentClassifier",
    "NodeThresholdClassifier",
    "make_coherent",
    "node_thresholds",
]

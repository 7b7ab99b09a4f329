"""Coherent classifiers that are no networks: quick to fit, and good company for one."""

from ._forest import HierarchicalForestClassifier
from ._kernel_classifier import KernelHierarchyClassifier
from ._neighbors import NeighborsHierarchyClassifier
from ._voting import CoherentVotingClassifier

__all__ = [
    "CoherentVotingClassifier",
    "HierarchicalForestClassifier",
    "KernelHierarchyClassifier",
    "NeighborsHierarchyClassifier",
]

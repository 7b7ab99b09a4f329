"""Coherent classifiers that are no networks: quick to fit, and good company for one."""

from ._kernel_classifier import KernelHierarchyClassifier
from ._neighbors import NeighborsHierarchyClassifier

__all__ = ["KernelHierarchyClassifier", "NeighborsHierarchyClassifier"]

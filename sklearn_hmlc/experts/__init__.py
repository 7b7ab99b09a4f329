"""Coherent classifiers that are no networks: quick to fit, and good company for one."""

from ._forest import HierarchicalForestClassifier

__all__ = ["HierarchicalForestClassifier"]

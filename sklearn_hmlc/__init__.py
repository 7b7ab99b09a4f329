"""Hierarchical multi-label classification that finds the rare nodes."""

from .hierarchy import Hierarchy

__all__ = ["Hierarchy"]

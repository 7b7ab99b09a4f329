"""Coherent classifiers that are no networks: quick to fit, and good company for one."""

__all__ = []

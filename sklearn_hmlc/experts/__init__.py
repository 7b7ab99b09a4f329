"""Coherent classifiers that are no networks: quick to fit, and good company for one."""

from ._voting import CoherentVotingClassifier

__all__ = ["CoherentVotingClassifier"]

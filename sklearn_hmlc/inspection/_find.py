"""The network at the end of a model, and what its inputs are called.

Stage: inside `explain`. In: a fitted estimator. Out: the transformers that rows go
through on their way to a `HierarchicalEnsembleClassifier`, and this, where the model's
answer is the network's.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.frozen import FrozenEstimator

from .._classifier import HierarchicalEnsembleClassifier
from .._response import chain
from ..postprocessing import NodeThresholdClassifier


class Inside(NamedTuple):
    """Transformers, the classifier behind them, and which of its answers is meant."""

    steps: list[Any]
    classifier: Any
    response_method: str

    def inputs(self, X):
        """Return rows as the network is given them: float32, an array or CSR."""
        for step in self.steps:
            X = step.transform(X)
        return self.classifier._checked(X)

    def origins(self, n_inputs, names):
        """Return names of the network's inputs, and which feature each one is.

        Parameters
        ----------
        n_inputs : int
            Width of what the network is given.
        names : list of hashable
            Of the features.

        Returns
        -------
        names : list of hashable of length n_inputs
        origins : ndarray of int of shape (n_inputs,)
            -1 for what a transformer has made, such as a principal component.
        """
        if not self.steps:
            return list(names), np.arange(n_inputs)
        known = getattr(self.steps[0], "feature_names_in_", None)
        marks = [f"x{position}" for position in range(len(names))]
        marks = marks if known is None else list(known)
        made = _made_of(self.steps, marks)
        if made is None or len(made) != n_inputs:
            unknown = [f"input {position}" for position in range(n_inputs)]
            return unknown, np.full(n_inputs, -1)
        places = {mark: place for place, mark in enumerate(marks)}
        origins = np.array([places.get(name, -1) for name in made], dtype=int)
        found = [
            name if place < 0 else names[place]
            for name, place in zip(made, origins, strict=True)
        ]
        return found, origins


def _made_of(steps, names):
    """Names of what transformers make of features; None where one can't tell."""
    for step in steps:
        try:
            names = step.get_feature_names_out(np.asarray(names, dtype=object))
        except (AttributeError, NotImplementedError, ValueError):
            return None
    return list(names)


def network_in(estimator, response_method):
    """Return what is `Inside`, or None where the answer is not a network's alone."""
    steps = []
    while True:
        if hasattr(estimator, "named_steps") and hasattr(estimator, "steps"):
            steps += [step for _, step in estimator.steps[:-1] if _transforms(step)]
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, HierarchicalEnsembleClassifier):
            return Inside(steps, estimator, response_method)
        elif isinstance(estimator, NodeThresholdClassifier):
            if response_method == "decision_proba":
                response_method = estimator.response_method_
            estimator = estimator.estimator_
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return None


def _transforms(step):
    # Samplers of imbalanced-learn do nothing in prediction.
    return step not in (None, "passthrough") and not hasattr(step, "fit_resample")


def known_names(estimator):
    """Return names of the features that a model saw in its fit, or None."""
    names = (getattr(part, "feature_names_in_", None) for part in chain(estimator))
    return next((one for one in names if one is not None), None)

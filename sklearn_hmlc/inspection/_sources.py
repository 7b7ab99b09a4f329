"""Where attributions come from: a network's gradients, or any model's answers.

Stage: inside `explain`, between what was asked and the tables. In: a `Question`. Out:
an object with the names of its inputs, the responses to the baselines, and for some
rows at a time the responses (R, n_nodes) and attributions (R, n_nodes, n_inputs).
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.special import logit

from .._response import ask, in_node_order
from ..predictions import iter_proba
from ._network import METHODS
from ._occlusion import occlusion
from ._response import make_response


class Question(NamedTuple):
    """What is to be explained: checked arguments of `explain`."""

    estimator: Any
    rows: Any  # Rows
    baseline: Any  # Rows, or None
    nodes: list
    all_nodes: tuple
    hierarchy: Any  # Hierarchy, or None
    method: str
    logit: bool
    response_method: str


class Occlusion:
    """Any model, asked with one feature after the other taken away."""

    def __init__(self, question):
        self.question, self.rows = question, question.rows
        self.n_inputs, self.names = self.rows.shape[1], self.rows.names
        places = {name: place for place, name in enumerate(question.all_nodes)}
        self.columns = [places[node] for node in question.nodes]
        self.baseline = question.baseline
        if self.baseline is None:
            if not sp.issparse(self.rows.X):
                raise ValueError(
                    "Expected a `baseline` for a dense X, since 0 may be a value like "
                    "any other: give a row or rows that stand for features that say "
                    "nothing, such as X_train[:50] or X_train.mean(axis=0)."
                )
            self.rows, self.baseline = self.rows.beside(np.zeros(self.n_inputs))
        self.baselines = self._answer(self.baseline.X).mean(axis=0)

    def of(self, group):
        """Return responses to rows, and attributions."""
        return occlusion(self.rows, self.baseline, group, self._answer)

    def values(self, row, inputs):
        """Return values of a row's inputs."""
        return self.rows.values(row, inputs)

    def _answer(self, X):
        """Responses (n_rows, n_nodes) of the model to rows."""
        proba = self._proba(X)[:, self.columns].astype(np.float64)
        if not self.question.logit:
            return proba
        if ((proba <= 0) | (proba >= 1)).any():
            raise ValueError(
                'Expected probabilities inside (0, 1) with scale="logit", but the '
                'model says 0 or 1 of some rows; use scale="probability".'
            )
        return logit(proba)

    def _proba(self, X):
        estimator, hierarchy = self.question.estimator, self.question.hierarchy
        if self.question.response_method == "predict_proba":
            return np.concatenate(list(iter_proba(estimator, X, hierarchy=hierarchy)))
        answer = ask(estimator, X, self.question.response_method)
        if answer.of_classes:
            return answer.values
        return in_node_order(None, answer, hierarchy, scores=True)[1]


class Gradients:
    """A network, asked for its gradients; ``inside`` tells where it is."""

    def __init__(self, question, inside):
        self.rows, self.attribute = question.rows, METHODS[question.method]
        classifier = inside.classifier
        for node in question.nodes:
            if node not in classifier._outputs.hierarchy:
                raise ValueError(
                    f"Node {node!r} had no row in `fit`: nothing is learnt about it "
                    "that could be explained."
                )
        corrected = inside.response_method == "predict_proba"
        corrected = corrected and classifier.prior_correction
        self.responses = [
            make_response(classifier, node, question.logit, corrected)
            for node in question.nodes
        ]
        self.inputs = inside.inputs(self.rows.X)
        self.n_inputs = self.inputs.shape[1]
        self.names, self.origins = inside.origins(self.n_inputs, self.rows.names)
        self.baseline = np.zeros((1, self.n_inputs))
        if question.baseline is not None:
            self.baseline = _dense(inside.inputs(question.baseline.X))
        said = [response.values(self.baseline) for response in self.responses]
        self.baselines = np.mean(said, axis=1)

    def of(self, group):
        """Return responses to rows, and attributions."""
        X = _dense(self.inputs[group])
        said = np.column_stack([response.values(X) for response in self.responses])
        attributions = np.zeros((*said.shape, self.n_inputs))
        for place, response in enumerate(self.responses):
            for other in self.baseline:
                X0 = np.broadcast_to(other, X.shape)
                attributions[:, place] += self.attribute(response, X, X0)
        return said, attributions / len(self.baseline)

    def values(self, row, inputs):
        """Return values as the user gave them, or what a transformer has made."""
        origins = self.origins[inputs]
        own = origins >= 0
        if own.all():
            return self.rows.values(row, origins)
        values = _dense(self.inputs[[row]])[0][inputs].astype(object)
        values[own] = self.rows.values(row, origins[own])
        return values


def _dense(X):
    X = X.toarray() if sp.issparse(X) else X
    return X.astype(np.float64)

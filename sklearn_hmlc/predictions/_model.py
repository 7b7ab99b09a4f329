"""A fitted model, asked in blocks: columns are nodes, by name.

Stage: between any fitted estimator and tables or files. In: an estimator, alone or
inside pipelines, searches and wrappers. Out: dense blocks of shape (n_rows, n_nodes),
columns in the order of `NamedModel.nodes`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from .. import _frames as frames
from .. import _response as response
from .._naming import given_hierarchy
from .._validation import BoolArray, FloatArray, Node, as_labels, as_scores
from ..hierarchy import Hierarchy


class NamedModel:
    """A fitted estimator and the names of what it answers.

    Parameters
    ----------
    estimator : fitted estimator
    example : what the estimator takes
        A row; the answer to it says how wide answers are, and of what kind.
    hierarchy : Hierarchy or None
        None: the estimator's own, where it has one.

    Attributes
    ----------
    nodes : tuple of hashable
        Names of the columns of all answers, in the hierarchy's order; of a model of
        one class per row its classes.
    of_classes : bool
        Whether the model gives each row one class.
    hierarchy : Hierarchy or None
    scored : ndarray of bool of shape (n_nodes,)
        Of classes all are.
    dtype : dtype of the probabilities
    """

    def __init__(
        self, estimator: Any, example: Any, hierarchy: Hierarchy | None
    ) -> None:
        if hierarchy is not None:
            given_hierarchy(hierarchy)
        self.estimator = estimator
        own = response.hierarchy_of(estimator)
        self.hierarchy = own if hierarchy is None else hierarchy
        answer = response.ask(estimator, example, "predict_proba")
        classes = _classes(estimator, answer, example)
        self.of_classes = classes is not None
        self.nodes = tuple(self._names(answer) if classes is None else classes)
        self._positions = {node: place for place, node in enumerate(self.nodes)}
        if classes is not None:
            self.scored = np.ones(len(self.nodes), dtype=bool)
            self._graph = Hierarchy.flat(self.nodes)
        else:
            graph = self.hierarchy
            self._graph = Hierarchy.flat(self.nodes) if graph is None else graph
            self.scored = self._graph.scored
        self.dtype = self._proba(answer).dtype

    def _names(self, answer: response.Answer) -> tuple[Node, ...]:
        if self.hierarchy is not None:
            return self.hierarchy.nodes
        columns = frames.columns(answer.values, "predict_proba")
        return tuple(columns or range(np.shape(answer.values)[1]))

    # -- answers -----------------------------------------------------------------------

    def proba(self, X: Any) -> FloatArray:
        """Return probabilities, float32 or float64."""
        return self._proba(self._ask(X, "predict_proba"))

    def _ask(self, X: Any, method: str, **options: Any) -> response.Answer:
        answer = response.ask(self.estimator, X, method, **options)
        n_rows, n_answers = _num_samples(X), np.shape(answer.values)[0]
        if n_rows != n_answers:
            raise ValueError(
                f"Expected `{method}` to answer each of {n_rows} rows, but got "
                f"{n_answers} answers."
            )
        return answer

    def _proba(self, answer: response.Answer) -> FloatArray:
        values = answer.values
        if self.of_classes and np.ndim(values) == 1:  # margins of the second of two
            values = np.column_stack([1 - values, values])
        return self._in_order(answer._replace(values=values), "predict_proba")

    def decisions(self, X: Any) -> BoolArray:
        """Return what `predict` says yes to."""
        answer = self._ask(X, "predict")
        if not self.of_classes:
            names = self._bare(answer)
            return as_labels(answer.values, self._graph, "predict", names).toarray()
        given = [self._position(label) for label in np.ravel(answer.values).tolist()]
        return np.array(given)[:, np.newaxis] == np.arange(len(self.nodes))

    def _position(self, label: Node) -> int:
        if label not in self._positions:
            raise ValueError(
                f"Expected `predict` to say one of the model's {len(self.nodes)} "
                f"classes, but got {label!r}."
            )
        return self._positions[label]

    def has_uncertainty(self) -> bool:
        """Tell whether the model, or the one inside it, knows how unsure it is."""
        parts = response.chain(self.estimator)
        return any(hasattr(part, "predict_uncertainty") for part in parts)

    def uncertainty(self, X: Any, measure: Any) -> FloatArray:
        """Return how unsure the model is, larger = less sure."""
        answer = self._ask(X, "predict_uncertainty", measure=measure)
        return self._in_order(answer, "predict_uncertainty")

    def _in_order(self, answer: response.Answer, method: str) -> FloatArray:
        return as_scores(answer.values, self._graph, method, self._bare(answer))

    def _bare(self, answer: response.Answer) -> list[Node] | None:
        if self.of_classes:
            return None
        return response.node_names(answer.names, self._graph)


def _classes(
    estimator: Any, answer: response.Answer, example: Any
) -> list[Node] | None:
    """Classes of a model that gives each row one of them; None of any other."""
    if answer.of_classes:
        return answer.names
    if answer.names is not None:
        return None
    width = 2 if np.ndim(answer.values) == 1 else np.shape(answer.values)[1]
    for part in response.chain(estimator):
        classes = getattr(part, "classes_", None)
        if isinstance(classes, np.ndarray) and classes.shape == (width,):
            decided = response.ask(estimator, example, "predict").values
            return classes.tolist() if np.ndim(decided) == 1 else None
    return None

"""Rows to validate on, and the number by which training stops early.

Stage: beside training. In: validated rows, all nodes, and the classifier's ``scoring``.
Out: after each epoch one number, larger = better.
"""

from __future__ import annotations

import copy
import inspect
import math
from numbers import Real

from ._door import checked_rows
from ._rows import Rows
from .metrics import au_prc, get_scorer


def score_name(scoring):
    """Return the name under which the history has the scores."""
    if scoring is None:
        return "valid_au_prc"
    return f"valid_{scoring}" if isinstance(scoring, str) else "valid_score"


def given_validation(estimator, X_val, y_val, sample_weight_val):
    """Return the validation rows that a user gave, as `Rows`, or None.

    Raises
    ------
    ValueError
        If they are not whole, don't fit, or nothing is done with them; or if nobody
        knows the name in ``scoring``.
    """
    if estimator.scoring is not None:
        get_scorer(estimator.scoring)
    _check_together(estimator, X_val, y_val, sample_weight_val)
    if X_val is None:
        return None
    try:
        return checked_rows(estimator, X_val, y_val, sample_weight_val, reset=False)
    except ValueError as error:
        raise ValueError(f"In the validation rows (X_val, y_val): {error}") from error


def _check_together(estimator, X_val, y_val, sample_weight_val):
    given = {"X_val": X_val, "y_val": y_val}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) == 1:
        raise ValueError(
            f"Expected X_val and y_val together, but {missing[0]} is None."
        )
    if missing and sample_weight_val is not None:
        raise ValueError("Expected X_val and y_val with sample_weight_val.")
    if not missing and not estimator.early_stopping:
        raise ValueError(
            "X_val and y_val are what early stopping goes by, but early_stopping is "
            "False; set early_stopping=True, or leave them out."
        )


class Validation(Rows):
    """Validation rows with labels as the net has outputs, for its loss.

    ``all_nodes`` are the rows with labels of all nodes: rows that come with a
    validation set of the user's may have nodes that no training row has.
    """

    def __init__(self, rows, estimator):
        own = estimator._outputs.rows(rows, others=True)
        super().__init__(own.X, own.Y, own.sample_weight)
        self.all_nodes, self.estimator = rows, estimator

    def score(self, net):
        """Score the net, as the classifier would be if training ended now."""
        if self.estimator.scoring is not None:
            return self._scored(net)
        corrected, weight = self.estimator.prior_correction, self.sample_weight
        Y, hierarchy = self.Y, self.estimator._outputs.hierarchy
        proba = net.mean_proba(self.X, corrected)
        if self.all_nodes.Y.nnz > self.Y.nnz:
            Y, hierarchy = self.all_nodes.Y, self.estimator.hierarchy_
            block = [(slice(None), proba)]
            proba = self.estimator._outputs.filled([len(self)], block)
        scored = hierarchy.scored
        return float(au_prc(Y, proba, scored=scored, sample_weight=weight))

    def _scored(self, net):
        estimator = fitted_now(self.estimator, net)
        # The rows passed the door once, and left their names there.
        estimator.__dict__.pop("feature_names_in_", None)
        scorer = get_scorer(self.estimator.scoring)
        y = self.estimator._target.decode(self.all_nodes.Y)
        score = scorer(estimator, self.X, y, **self._weights(scorer))
        if not isinstance(score, Real) or not math.isfinite(score):
            raise ValueError(
                f"Expected `scoring` to give a finite number, but got {score!r} of "
                f"{len(self)} validation rows."
            )
        return float(score)

    def _weights(self, scorer):
        if self.sample_weight is None:
            return {}
        parameters = inspect.signature(scorer).parameters
        kinds = {parameter.kind for parameter in parameters.values()}
        if "sample_weight" in parameters or inspect.Parameter.VAR_KEYWORD in kinds:
            return {"sample_weight": self.sample_weight}
        raise ValueError(
            "The validation rows have weights, but `scoring` takes none; give a "
            "callable with an argument `sample_weight`, or a scorer's name."
        )


def fitted_now(estimator, net):
    """Return the classifier as it would be fitted with this net."""
    fitted = copy.copy(estimator)
    fitted.net_ = net
    return fitted

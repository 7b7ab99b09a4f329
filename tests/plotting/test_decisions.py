"""`HierarchyDisplay` shows decisions beside what they were made on."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.plotting import HierarchyDisplay
from sklearn_hmlc.postprocessing import CoherentClassifier
from tests.plotting.readable import assert_readable

HIERARCHY = Hierarchy.from_edges([("a", "b"), ("a", "c")])
PROBA = pd.Series({"a": 0.4, "b": 0.3, "c": 0.1})
DECIDED_ON = pd.Series({"a": 0.8, "b": 0.6, "c": 0.2})
THRESHOLD = pd.Series({"a": 0.5, "b": 0.55, "c": 0.15})


class Weighted(ClassifierMixin, BaseEstimator):
    """A classifier that decides on other values than its probabilities."""

    def __init__(self, threshold=0.5, order="abc", correct=True):
        self.threshold = threshold
        self.order = order
        self.correct = correct

    def fit(self, X, y=None):
        self.hierarchy_ = HIERARCHY
        self.classes_ = np.array(list(self.order))
        return self

    def _rows(self, numbers, X):
        return np.tile(numbers[list(self.order)], (len(X), 1))

    def predict_proba(self, X):
        return self._rows(PROBA if self.correct else DECIDED_ON, X)

    def decision_proba(self, X):
        return self._rows(DECIDED_ON, X)

    def predict(self, X):
        return self._rows(DECIDED_ON >= THRESHOLD, X)


class Tuned(Weighted):
    """The same with thresholds that were found in `fit`, in node order."""

    def fit(self, X, y=None):
        self.thresholds_ = THRESHOLD[list(HIERARCHY.nodes)].to_numpy()
        return super().fit(X, y)


def drawn(display, line):
    """Node -> value of a line of markers."""
    x, y = line.get_data()
    return {display.nodes_[int(row)]: value for value, row in zip(x, y, strict=True)}


@pytest.mark.parametrize("order", ["abc", "cba"])
@pytest.mark.parametrize("inside", [False, True])
def test_of_an_estimator(order, inside):
    model = Tuned(order=order)
    model = make_pipeline(FunctionTransformer(), model) if inside else model
    display = HierarchyDisplay.from_estimator(model.fit([[0]]), [[0]])
    assert drawn(display, display.decided_on_) == DECIDED_ON.to_dict()
    assert drawn(display, display.thresholds_) == THRESHOLD.to_dict()
    assert drawn(display, display.points_["predicted"]) == PROBA.to_dict()
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["predicted", "value decided on", "threshold"]
    assert_readable(display.figure_)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.3, dict.fromkeys("abc", 0.3)),
        ([0.1, 0.2, 0.3], {"a": 0.1, "b": 0.2, "c": 0.3}),
        ({"b": 0.2}, {"a": 0.5, "b": 0.2, "c": 0.5}),
    ],
)
def test_thresholds_that_were_given(threshold, expected):
    model = Weighted(threshold, order="cba").fit([[0]])
    display = HierarchyDisplay.from_estimator(model, [[0]])
    assert drawn(display, display.thresholds_) == expected


def test_values_that_are_the_probabilities_are_drawn_once():
    display = HierarchyDisplay.from_estimator(Weighted(correct=False).fit([[0]]), [[0]])
    assert display.decided_on_ is None
    assert drawn(display, display.thresholds_) == dict.fromkeys("abc", 0.5)


def test_a_wrapper_that_decides_by_itself(data):
    X, Y, hierarchy = data
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    model = CoherentClassifier(forest, hierarchy, threshold=0.3).fit(X, Y)
    display = HierarchyDisplay.from_estimator(model, X[[0]])
    assert display.decided_on_ is None
    assert set(display.thresholds_.get_xdata()) == {0.3}
    alone = HierarchyDisplay.from_estimator(
        forest.fit(X, Y), X[[0]], hierarchy=hierarchy
    )
    assert alone.thresholds_ is None


def test_of_predictions():
    given = {"hierarchy": HIERARCHY, "decision_score": DECIDED_ON[::-1]}
    display = HierarchyDisplay.from_predictions(PROBA, threshold=THRESHOLD, **given)
    assert drawn(display, display.decided_on_) == DECIDED_ON.to_dict()
    assert drawn(display, display.thresholds_) == THRESHOLD.to_dict()
    # Without `y_pred` they decide.
    assert drawn(display, display.points_["predicted"]) == PROBA.to_dict()
    display = HierarchyDisplay.from_predictions(PROBA, **given)
    assert set(drawn(display, display.points_["predicted"])) == {"a", "b"}
    assert display.thresholds_ is None
    display = HierarchyDisplay.from_predictions(
        PROBA, hierarchy=HIERARCHY, threshold=[0.5, 0.2, 2]
    )
    # a is above b; a threshold out of reach has no mark.
    assert set(drawn(display, display.points_["predicted"])) == {"a", "b"}
    assert np.isnan(drawn(display, display.thresholds_)["c"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"decision_score": [0.1, 0.2, 1.5]}, r"`decision_score` of .* in \[0, 1\]"),
        ({"decision_score": [0.1]}, "decision_score of shape"),
        ({"threshold": [0.1]}, "`threshold` to be a number or of shape"),
        ({"threshold": {"z": 0.1}}, "'z' is no node"),
        ({"threshold": np.nan}, "`threshold` of numbers, but got NaN"),
        ({"threshold": [0.1, 0.2, 0.3], "y_score": PROBA[::-1]}, "no names"),
        (
            {"decision_score": [0.1] * 3, "y_score": PROBA[::-1]},
            "are named, in another",
        ),
    ],
)
def test_bad_input(given, message):
    given = {"y_score": PROBA, "hierarchy": HIERARCHY, **given}
    with pytest.raises(ValueError, match=message):
        HierarchyDisplay.from_predictions(**given)

"""Checks at the door that no single folder owns."""

import numpy as np
import pandas as pd
import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc import _validation as check
from sklearn_hmlc.postprocessing import node_thresholds

PAIR = Hierarchy.from_edges([("a", "b")])
TWICE = pd.Series([1.0, 0.5, 0.25], index=["a", "b", "a"])


def test_a_series_with_a_name_twice_is_refused():
    with pytest.raises(ValueError, match="In `scored` names come more than once: 'a'"):
        check.as_scored(TWICE > 0.3, PAIR)
    with pytest.raises(ValueError, match=r"In `threshold` names .* once: 'a'"):
        check.as_thresholds(TWICE, PAIR)
    frame = pd.DataFrame([[1, 0], [1, 1]], columns=PAIR.nodes)
    with pytest.raises(ValueError, match=r"In `prevalence` names .* once: 'a'"):
        node_thresholds(frame, frame / 2, prevalence=TWICE)


def test_series_with_names_of_any_kind():
    for nodes in ([(1, 2), (3, 4)], [7, 5], ["x", "y"]):
        pair = Hierarchy.from_edges([nodes])
        index = pd.Index(nodes[::-1], tupleize_cols=isinstance(nodes[0], tuple))
        values = pd.Series([0.2, 0.8], index=index)
        assert check.as_thresholds(values, pair).tolist() == [0.8, 0.2]
        assert check.every_node(values, pair, "it").tolist() == [0.8, 0.2]


def test_a_bare_value_per_node_beside_names_in_another_order():
    by_node = {"scored": np.array([True, False])}
    for names in (["a", "b"], None):
        check.check_values_by_node(PAIR, {"y": names}, by_node)
    check.check_values_by_node(PAIR, {"y": ["b", "a"]}, {"scored": None})
    named = {"scored": {"a": True, "b": False}}
    check.check_values_by_node(PAIR, {"y": ["b", "a"]}, named)
    with pytest.raises(ValueError, match=r"`scored` has no names.*`y` are named"):
        check.check_values_by_node(PAIR, {"y": ["b", "a"]}, by_node)


def test_names_that_differ_in_type_alone():
    numbers = Hierarchy.from_edges([(1, 2)])
    frame = pd.DataFrame([[1, 0]], columns=["1", "2"])
    with pytest.raises(ValueError, match=r"type alone: nodes are int, .* columns str"):
        check.as_labels(frame, numbers)
    with pytest.raises(ValueError, match="Rename the columns"):
        check.as_labels(frame[["1"]], numbers)


def test_structured_arrays_are_no_labels():
    frame = pd.DataFrame([[1, 0], [1, 1]], columns=PAIR.nodes)
    with pytest.raises(ValueError, match="structured array; make a frame"):
        check.as_classes(frame.to_records(index=False))


def test_labels_of_objects_in_a_polars_frame():
    pl = pytest.importorskip("polars")
    columns = {"b": [1, 0], "a": [0, 0]}
    frame = pl.DataFrame(
        {name: pl.Series(column, dtype=pl.Object) for name, column in columns.items()}
    )
    closed = PAIR.close(frame)
    assert closed.to_dict(as_series=False) == {"b": [1, 0], "a": [1, 0]}


@pytest.mark.parametrize("read", [check.as_scores, check.as_labels])
def test_what_is_masked_is_refused(read):
    values = np.ma.array([[1, 1], [1, 0]], mask=[[0, 1], [0, 0]])
    with pytest.raises(ValueError, match="some are masked; fill them"):
        read(values, PAIR, "it")
    assert read(np.ma.array(values.data), PAIR, "it").shape == (2, 2)


def test_words_in_place_of_a_prevalence():
    with pytest.raises(ValueError, match="In `prevalence`: expected numbers"):
        node_thresholds([[1, 0]], [[0.5, 0.5]], prevalence=["much", 0.1])

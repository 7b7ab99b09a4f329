"""Labels come back in the container they came in, frames of all libraries included."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from tests import _reference as reference
from tests._strategies import any_labels, few, hierarchies

CHAIN = Hierarchy.from_edges([("a", "b"), ("b", "c")])


@few
@given(hierarchies(), st.data())
def test_polars_and_pyarrow(hierarchy, data):
    named = Hierarchy([str(x) for x in hierarchy.nodes], hierarchy.edges)
    Y = data.draw(any_labels(named))
    order = data.draw(st.permutations(range(named.n_nodes)))
    dtype = data.draw(st.sampled_from(["bool", "uint8", "int64", "float32"]))
    columns = {named.nodes[j]: Y[:, j].astype(dtype) for j in order}
    reach = reference.reach_of(named)
    expected = reference.close(Y, reach)
    specific = reference.most_specific(expected, reach)
    for make in (pl.DataFrame, pa.table):
        frame = make(columns)
        closed = named.close(frame)
        for got, right in [
            (closed, expected),
            (named.most_specific(closed), specific),
        ]:
            assert type(got) is type(frame)
            assert got.schema == frame.schema
            for j, node in enumerate(named.nodes):
                np.testing.assert_array_equal(got[node].to_numpy(), right[:, j])
        assert named.is_closed(frame) == reference.is_closed(Y, reach)


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table])
def test_frames_with_nulls_or_other_columns(make):
    with pytest.raises(ValueError, match=r"only 0 and 1 .*, but has nan"):
        CHAIN.close(make({"a": [1, None], "b": [0, 1], "c": [0, 1]}))
    with pytest.raises(ValueError, match="without a column: 'c'; unknown: none"):
        CHAIN.close(make({"a": [1], "b": [0]}))
    with pytest.raises(ValueError, match="numbers or booleans, but column 'b'"):
        CHAIN.close(make({"a": [1], "b": ["0"], "c": [1]}))


def test_lists_become_arrays():
    closed = CHAIN.close([[0, 0, 1]])
    assert isinstance(closed, np.ndarray)
    assert closed.tolist() == [[1, 1, 1]]


def test_a_lazy_frame_must_be_collected():
    with pytest.raises(
        TypeError, match=r"pandas, polars or pyarrow, .*`\.collect\(\)`"
    ):
        CHAIN.close(pl.LazyFrame({"a": [1], "b": [0], "c": [0]}))


class Counted(str):
    """A name that counts how often it is compared."""

    comparisons = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.comparisons += 1
        return str.__eq__(self, other)


def test_double_columns_are_found_in_one_pass():
    size = 20_000
    frame = pd.DataFrame(np.zeros((1, size)))
    frame.columns = [Counted("a") for _ in range(size)]
    Counted.comparisons = 0
    with pytest.raises(ValueError, match="Columns of Y come more than once: 'a'"):
        CHAIN.close(frame)
    assert Counted.comparisons < 10 * size


@pytest.mark.parametrize("values", [[[0, 1]], [[False, True]], [[0.0, 1.0]]])
def test_objects_come_back_as_they_are(values):
    hierarchy = Hierarchy.from_edges([("a", "b")])
    kind = bool if isinstance(values[0][0], bool) else int
    array = np.array(values, dtype=object)
    frame = pd.DataFrame(values, columns=["a", "b"], dtype=object)
    for closed in (hierarchy.close(array), hierarchy.close(frame).to_numpy()):
        assert closed.tolist() == [[1, 1]]
        assert {type(x) for x in closed.flat} == {kind}

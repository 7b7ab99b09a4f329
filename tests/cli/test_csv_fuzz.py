"""Any table is read soundly, or refused in words."""

import csv
import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._cli import _csv

PIECES = [
    *("id", "a", "node", "g1", "g2", "1", "0", "-2.5e3", "", "NA", "?", "nan", "inf"),
    *("1,5", "0_1", "#DIV/0!", "-", "\u0661", "True", "007", '"', "'", '""', "\x00"),
    *(",", ",", ",", ";", "\t", "\n", "\n", "\r", " ", "sep=;", "\ufeff", "\x85"),
    *("\u2028", "01/02", "1e999", "\x1b"),
]
tables = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
quiet = settings(
    max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def result_or_words(function, *args):
    """Return what a reader returns, or what it says, and None in place of the other."""
    try:
        return function(*args), None
    except ValueError as error:
        return None, str(error)


@quiet
@given(content=tables, index=st.booleans(), name=st.sampled_from(["x.csv", "x.tsv"]))
def test_features_are_sound_or_refused(content, index, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(content.encode())
    result, words = result_or_words(_csv.read_features, [path], index)
    if result is None:
        assert str(path) in words or "DATA" in words
        return
    data, nominal = result
    assert data.columns.is_unique
    assert len(data) > 0
    assert data.index.is_unique
    numbers = data[[x for x in data if x not in nominal]].to_numpy(dtype=float)
    assert not np.isinf(numbers).any()
    # The same columns are text when they are read again.
    again, _ = _csv.read_features([path], index, nominal)
    pd.testing.assert_frame_equal(again, data)


@quiet
@given(content=tables, index=st.booleans(), flat=st.booleans())
@example(content="id,node\ng1,a\n", index=True, flat=False)
@example(content="a,1\n0,1\n1,0\n", index=False, flat=True)
def test_labels_are_closed_or_refused(content, index, flat, tmp_path):
    path = tmp_path / "y.csv"
    path.write_bytes(content.encode())
    ids = pd.Index(["g1"]) if index else None
    tree = Hierarchy.from_edges([("node", "a"), ("a", "1")])
    given = None if flat else tree
    result, words = result_or_words(_csv.read_labels, [path], ids, given)
    if result is None:
        assert str(path) in words or "--" in words
        return
    labels, hierarchy, n_given = result
    assert n_given <= labels.sum()
    assert labels.shape[1] == hierarchy.n_nodes
    assert hierarchy.is_closed(labels)


@quiet
@given(content=tables)
@example(content='"\r",id')
def test_hierarchies_are_sound_or_refused(content, tmp_path):
    path = tmp_path / "h.csv"
    path.write_bytes(("parent,child\n" + content).encode())
    hierarchy, words = result_or_words(_csv.read_hierarchy, path)
    if hierarchy is None:
        assert str(path) in words
        return
    assert "" not in hierarchy.nodes
    # Quotes may stand around a part of a cell: `"a"b` is ab.
    bare = content.replace('"', "")
    assert all(name.replace('"', "") in bare for name in hierarchy.nodes)


@quiet
@given(content=st.binary(max_size=120), ending=st.sampled_from(["", ".gz", ".zip"]))
def test_bytes_are_sound_or_refused(content, ending, tmp_path):
    path = tmp_path / f"x.csv{ending}"
    path.write_bytes(content)
    result, words = result_or_words(_csv.read_features, [path], False)
    if result is None:
        assert str(path) in words or "DATA" in words
    else:
        assert len(result[0]) > 0


ids = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r\n"), min_size=1, max_size=6
)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.none()


@quiet
@given(
    rows=st.lists(st.tuples(ids, numbers, st.sampled_from("uv")), min_size=1),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read(rows, separator, encoding, tmp_path):
    names = list(dict.fromkeys(name for name, _, _ in rows))
    rows = [next(row for row in rows if row[0] == name) for name in names]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(["id", "x", "kind"])
    writer.writerows((a, "" if x is None else repr(x), c) for a, x, c in rows)
    path = Path(tmp_path, "x.csv")
    path.write_bytes(text.getvalue().encode(encoding))
    data, nominal = _csv.read_features([path], True)
    assert data.index.tolist() == names
    assert nominal == ["kind"]
    assert data["kind"].tolist() == [row[2] for row in rows]
    expected = [np.nan if row[1] is None else row[1] for row in rows]
    np.testing.assert_allclose(data["x"].to_numpy(float), expected, rtol=1e-14)

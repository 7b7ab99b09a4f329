"""Any file is read soundly, or refused in words with its name and line."""

import re

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_hmlc.datasets import read_arff

from .pets import TREE

HEADS = [
    "@attribute x real\n@attribute class hierarchical a,a/b,c\n@data\n",
    "@attribute n {u,'v w'}\n@attribute class hierarchical a/b,b/c\n@data\n",
    "@attribute class hierarchical {a,b}\n@attribute x real\n@data\n",
]
PIECES = [
    *("1", "-2.5e3", "?", "0_1", "nan", "inf", "1e999", "\u0661", "", " ", "\t"),
    *("\\", "%", "'", '"', "''", "'v w'", "u", "a", "a/b", "a@c", "@", "b", "c"),
    *("/", "{", "}", ",", ",", ",", "\n", "\n", "0 1", "1 a", "@data"),
    *("@attribute", "\x00", "\x85"),
]
rows = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@st.composite
def damaged(draw):
    """A good file of which a part is gone, doubled, or has become something else."""
    text = TREE
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = draw(st.integers(start, min(len(text), start + 20)))
        piece = draw(st.sampled_from([*PIECES, text[start:stop] * 2]))
        text = text[:start] + piece + text[stop:]
    return text


files = st.one_of(
    st.builds("".join, st.tuples(st.sampled_from(HEADS), rows)),
    damaged(),
    st.text(max_size=80),
)


def check_sound(path):
    """Read a file; whatever it holds, the result is sound or the error is clear."""
    try:
        bunch = read_arff(path, unlabelled="keep")
    except ValueError as error:
        message = str(error)
        assert message.startswith(str(path))
        assert re.match(r".*?(, line \d+)?: ", message)
        return False
    assert bunch.target.shape == (len(bunch.data), bunch.hierarchy.n_nodes)
    assert bunch.hierarchy.is_closed(bunch.target)
    assert len(set(bunch.feature_names)) == bunch.data.shape[1]
    numbers = bunch.data.select_dtypes("number").to_numpy(dtype=float)
    assert not np.isinf(numbers).any()
    return True


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=files)
def test_files_are_read_soundly_or_refused_in_words(content, tmp_path):
    path = tmp_path / "data.arff"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    check_sound(path)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), ending=st.sampled_from(["", ".gz", ".xz"]))
def test_bytes_are_read_soundly_or_refused_in_words(content, ending, tmp_path):
    path = tmp_path / f"data.arff{ending}"
    path.write_bytes(content)
    check_sound(path)


number = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(
        r"\A[+-]?([0-9]{1,9}\.?[0-9]{0,9}|\.[0-9]{1,9})([eE][+-]?[0-9]{1,2})?\Z"
    ),
)
letters = "0123456789+-.eE_,infaNx \u0661\uff11"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cell=number | st.text(letters, min_size=1, max_size=6))
def test_numbers_are_those_of_the_pattern(cell, tmp_path):
    strict = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    path = tmp_path / "data.arff"
    path.write_text(HEADS[0] + f"{cell.strip() or 'x'},a\n", encoding="utf-8")
    if re.fullmatch(strict, cell.strip()) and np.isfinite(float(cell)):
        assert read_arff(path).data["x"].tolist() == [float(cell)]
    else:
        assert not check_sound(path) or "," in cell

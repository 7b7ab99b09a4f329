"""What ``y`` is: containers, names, classes; and predictions back in its form."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._target import make_target

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

TREE = Hierarchy.from_edges([("a", "b"), ("a", "c")])
TURNED = ["c", "a", "b"]
Y = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0]])
TURN = [TREE.index(name) for name in TURNED]


def test_bare_labels_after_a_frame_are_in_the_frame_s_order():
    target = make_target(pd.DataFrame(Y[:, TURN], columns=TURNED), TREE)
    assert target.classes.tolist() == TURNED
    for y in (
        Y[:, TURN],
        Y[:, TURN].tolist(),
        sp.csc_array(Y[:, TURN]),
        pd.DataFrame(Y, columns=TREE.nodes),
        pl.DataFrame(Y, schema=list(TREE.nodes)),
    ):
        np.testing.assert_array_equal(target.encode(y).toarray(), Y)


def test_frames_after_a_bare_array_go_by_name():
    target = make_target(Y, TREE)
    assert target.classes.tolist() == list(TREE.nodes)
    for y in (Y, pd.DataFrame(Y[:, TURN], columns=TURNED)):
        np.testing.assert_array_equal(target.encode(y).toarray(), Y)


def test_the_first_frame_without_a_hierarchy_names_the_nodes():
    y = pl.DataFrame(Y, schema=TURNED)
    target = make_target(y, None)
    assert target.hierarchy.nodes == tuple(TURNED)
    assert target.classes.tolist() == TURNED
    assert not target.numbered
    assert make_target(Y, None).numbered


@pytest.mark.parametrize("dtype", [bool, np.int8, np.float64])
@pytest.mark.parametrize(
    "make",
    [
        np.asarray,
        sp.csr_array,
        sp.csc_matrix,
        sp.lil_array,
        sp.coo_matrix,
        lambda Y: pd.DataFrame(Y, columns=TURNED),
        lambda Y: pl.DataFrame(Y, schema=TURNED),
        lambda Y: pa.table(dict(zip(TURNED, Y.T, strict=True))),
    ],
)
def test_predictions_come_back_in_the_form_of_y(make, dtype):
    y = make(Y[:, TURN].astype(dtype))
    bare = isinstance(y, np.ndarray) or sp.issparse(y)
    target = make_target(y if not bare else make(Y.astype(dtype)), TREE)
    got = target.restore(Y.astype(bool), X=None)
    assert type(got) is type(y)
    expected = Y if bare else Y[:, TURN]
    if isinstance(got, pa.Table):
        assert got.schema == y.schema
        got = got.to_pandas()
    dense = got.toarray() if sp.issparse(got) else np.asarray(got)
    assert dense.dtype == dtype
    np.testing.assert_array_equal(dense, expected)


def test_rows_are_named_as_those_of_a_pandas_x():
    ids = pd.Index(["r", "s", "t"])
    target = make_target(pd.DataFrame(Y, columns=TREE.nodes, index=[7, 8, 9]), TREE)
    got = target.restore(Y.astype(bool), X=pd.DataFrame(Y, index=ids))
    assert got.index.equals(ids)
    plain = target.restore(Y.astype(bool), X=Y)
    assert plain.index.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "make", [np.asarray, sp.csr_array, lambda Y: pd.DataFrame(Y, columns=TREE.nodes)]
)
def test_no_row_is_kept(make):
    y = make(Y.copy())
    held = y.data if sp.issparse(y) else y
    gone = weakref.ref(held)
    target = make_target(y, TREE)
    del y, held
    gc.collect()
    assert gone() is None
    assert target.classes.tolist() == list(TREE.nodes)


@pytest.mark.parametrize(
    "make",
    [
        list,
        np.array,
        pd.Series,
        pd.Categorical,
        lambda names: pd.Series(names, dtype="string"),
        pl.Series,
        lambda names: pl.Series(names, dtype=pl.Categorical),
        pa.array,
        lambda names: pa.chunked_array([names]),
    ],
)
def test_one_node_per_row_from_any_series(make):
    target = make_target(make(["b", "c", "a"]), TREE)
    assert target.classes.tolist() == ["a", "b", "c"]
    got = target.encode(make(["c", "a", "b"])).toarray()
    np.testing.assert_array_equal(got, [[1, 0, 1], [1, 0, 0], [1, 1, 0]])
    assert target.score(make(["c"]), np.array([[0.9, 0.0, 0.9]])) == 1


@pytest.mark.parametrize(
    "y", [pl.Series(["b", None, "c"]), pd.Series(["b", None, "c"]), ["b", None, "c"]]
)
def test_rows_without_a_class_are_refused(y):
    with pytest.raises(ValueError, match=r"no class in 1 row \(None or NaN\)"):
        make_target(y, TREE)


@pytest.mark.parametrize(
    "make",
    [
        list,
        lambda y: np.array(y, dtype=object),
        lambda y: pd.Series(y, dtype="object"),
    ],
    ids=["list", "array", "Series"],
)
@pytest.mark.parametrize("large", [[2**63, 2**63 + 1], [2**70, 3]])
def test_integers_beyond_64_bits_are_not_rounded(make, large):
    y = make([*large, -1])
    target = make_target(y, None)
    assert sorted(target.hierarchy.nodes) == sorted([*large, -1])
    flat = Hierarchy.flat([*large, -1])
    target = make_target(y, flat)
    np.testing.assert_array_equal(target.encode(y).toarray(), np.eye(3))
    assert target.score(y, np.eye(3) * 0.9) == 1


def test_nullable_integers_are_exact():
    y = pd.Series([2**60 + 1, 2**60], dtype="Int64")
    assert make_target(y, None).classes.tolist() == [2**60, 2**60 + 1]


def test_columns_named_by_large_integers():
    names = [2**63, 5, -(2**64)]
    target = make_target(pd.DataFrame(np.eye(3), columns=names), None)
    assert target.classes.tolist() == names


# -- labels that are not closed --------------------------------------------------------

ROOTED = Hierarchy.from_codes(["a/x", "b"], root="root")
LABELS = ROOTED.close(np.array([[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]))
ENCODED = LABELS * (np.arange(4) > 0)  # as cross_val_predict makes it


def test_an_unscored_root_that_all_rows_had_is_put_back():
    assert not ROOTED.scored[0]
    labels = make_target(ENCODED, ROOTED).encode(ENCODED)
    np.testing.assert_array_equal(labels.toarray(), LABELS)


def test_a_scored_node_that_no_row_has_is_refused_with_the_way_out():
    edges = [("root", "a"), ("a", "a/x"), ("root", "b")]
    scored = Hierarchy.from_edges(edges, nodes=ROOTED.nodes)
    with pytest.raises(ValueError, match=r"no row has 'root'.*cross_val_predict"):
        make_target(ENCODED, scored).encode(ENCODED)


def test_bare_columns_are_those_of_the_frame_of_fit():
    turned = list(ROOTED.nodes[::-1])
    target = make_target(pd.DataFrame(ENCODED, columns=ROOTED.nodes)[turned], ROOTED)
    assert (
        target.encode(ENCODED[:, ::-1])
        != target.encode(pd.DataFrame(ENCODED, columns=ROOTED.nodes))
    ).nnz == 0
    with pytest.raises(
        ValueError, match=rf"those of the frame in `fit`.*: '{turned[0]}', .* a frame"
    ):
        target.encode(ENCODED)


def test_what_else_is_missing_is_an_error_as_ever():
    broken = ENCODED.copy()
    broken[0, ROOTED.index("a")] = 0
    with pytest.raises(
        ValueError, match=r"'a/x' but not.*close.*must be in node order"
    ):
        make_target(broken, ROOTED).encode(broken)
    frame = pd.DataFrame(broken, columns=ROOTED.nodes)
    with pytest.raises(ValueError, match="Close it first") as caught:
        make_target(frame, ROOTED).encode(frame)
    assert "node order" not in str(caught.value)


def test_accuracy_of_classes_with_odd_weights_and_labels():
    target = make_target(np.array(["b", "c", "b"]), TREE)
    proba = np.array([[0.9, 0.8, 0.1], [0.9, 0.7, 0.1], [0.9, 0.1, 0.8]])
    y = ["b", "c", "c"]
    assert target.score(y, proba) == pytest.approx(2 / 3)
    assert target.score(y, proba, [1e308] * 3) == pytest.approx(2 / 3)
    assert target.score(y, proba, [0, 1e308, 1e308]) == pytest.approx(1 / 2)
    assert target.score(["b", "x", "c"], proba) == pytest.approx(2 / 3)
    for given, weight, words in (
        (["b"], None, "inconsistent numbers"),
        (y, [1, -1, 1], ">= 0"),
        ([1, 2, 3], None, "labels such as 'b', 'c'.* of the same type"),
    ):
        with pytest.raises(ValueError, match=words):
            target.score(given, proba, weight)

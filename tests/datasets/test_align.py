"""`align`: rows by id, what is lost, and why nothing may be in common."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.utils import Bunch

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import align, labels, read_annotations, read_features

FOLDER = Path(__file__).parents[1] / "data" / "ontology"


def features(*ids):
    return Bunch(data=np.arange(len(ids))[:, None], ids=pd.Index(ids))


def targets(*ids):
    matrix = sp.csr_array(np.arange(len(ids))[:, None] + 10)
    return Bunch(target=matrix, ids=pd.Index(ids), hierarchy=Hierarchy.flat(["a"]))


def test_in_the_order_of_the_features():
    both = align(features(*"edcba"), targets(*"axcey"))
    assert both.ids.tolist() == ["e", "c", "a"]
    assert both.data.ravel().tolist() == [0, 2, 4]
    assert both.target.toarray().ravel().tolist() == [13, 12, 10]
    report = both.report
    assert (report.n_common, report.n_only_X, report.n_only_Y) == (3, 2, 2)
    assert (report.only_X, report.only_Y) == (["d", "b"], ["x", "y"])
    assert both.hierarchy == Hierarchy.flat(["a"])


def test_three_examples():
    report = align(features(*"abcdefgh"), targets("a")).report
    assert report.only_X == ["b", "c", "d"]
    assert repr(report) == (
        "1 id in common; 7 with features alone ('b', 'c', 'd'), 0 with labels alone"
    )


def test_excerpt():
    go = Hierarchy.from_obo(FOLDER / "go_excerpt.obo")
    Y = labels(read_annotations(FOLDER / "go_excerpt.gaf", go))
    X = read_features(FOLDER / "go_excerpt_domains.tsv")
    both = align(X, Y)
    assert both.report.n_common == 12
    assert both.report.only_X == ["2"]
    assert both.report.only_Y == ["99"]
    assert both.feature_names == X.feature_names
    assert both.target_names == list(go.subset(both.target_names).nodes)
    for k, name in enumerate(both.ids):
        row = X.data[[X.ids.get_loc(name)]].toarray()
        np.testing.assert_array_equal(both.data[[k]].toarray(), row)
        row = Y.target[[Y.ids.get_loc(name)]].toarray()
        np.testing.assert_array_equal(both.target[[k]].toarray(), row)


def test_human_genes_with_a_known_domain(data_dir):
    folder = data_dir / "human_go"
    go = Hierarchy.from_obo(folder / "go-2022-07-01.obo")
    X = read_features(folder / "pfam.tsv")
    counted = {}
    for evidence in ("experimental", "all"):
        read = read_annotations(folder / "human-2022.gaf.gz", go, evidence=evidence)
        both = align(X, labels(read))
        counted[evidence] = len(both.ids), both.target.nnz
        often = labels(read, min_count=10, count_on=X.ids)
        assert often.hierarchy.n_nodes == (both.target.sum(axis=0) >= 10).sum()
    assert counted == {"experimental": (15_381, 921_431), "all": (17_215, 1_692_786)}
    read = read_annotations(folder / "human-2022.gaf.gz", go)
    assert labels(read, min_count=10, count_on=X.ids).hierarchy.n_nodes == 5_675


def test_frames_and_series():
    X = pd.DataFrame({"x": [1, 2]}, index=["a", "b"])
    y = pd.Series(["u", "v"], index=["b", "a"])
    both = align(X, y)
    pd.testing.assert_frame_equal(both.data, X)
    assert both.target.tolist() == ["v", "u"]
    assert both.feature_names == ["x"]
    assert "hierarchy" not in both


@pytest.mark.parametrize(
    ("x_ids", "y_ids", "message"),
    [
        (
            [1, 2],
            ["1", "3"],
            r"X \(2 rows: 1, 2\) and Y .*'1', '3'\)\. They differ in ty",
        ),
        (["brca1 "], ["BRCA1"], "differ in capital letters and blanks alone"),
        (["P12345.2"], ["P12345"], "would match without versions"),
        (["P12345-2"], ["P12345"], "or isoforms"),
        (["P12345"], ["UniProtKB:P12345"], "without the database in front"),
        (["sp|P12345"], ["P12345"], "without the database in front"),
        (["672"], ["BRCA1"], r"ids of two databases\? Choose by `id_column`"),
    ],
)
def test_nothing_in_common(x_ids, y_ids, message):
    with pytest.raises(ValueError, match=rf"No id is in both .*{message}"):
        align(features(*x_ids), targets(*y_ids))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_ids_are_no_ids_in_common(missing):
    X = pd.DataFrame({"x": [1, 2]}, index=["a", missing])
    y = pd.Series(["u", "v"], index=["a", "b"])
    with pytest.raises(
        ValueError, match=r"`X` with an id for every row.* none for row"
    ):
        align(X, y)
    with pytest.raises(ValueError, match=r"Expected `Y` with an id .* none for row 2;"):
        align(y, X)


def test_ids_twice():
    with pytest.raises(ValueError, match="Ids of X come more than once: 'a'"):
        align(features("a", "a"), targets("a"))
    with pytest.raises(ValueError, match="Ids of Y come more than once: 'b'"):
        align(features("a"), targets("b", "a", "b"))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 1)), r"`X` with ids, as `read_features` .* got ndarray; wrap it"),
        (pl.DataFrame({"a": [1]}), "but got a frame without row names; wrap it"),
        (Bunch(data=[1]), "but got Bunch"),
    ],
)
def test_without_ids(X, message):
    with pytest.raises(TypeError, match=message):
        align(X, targets("a"))


# -- what is handed over by mistake ----------------------------------------------------


def test_sides_that_are_swapped():
    X, Y = features("a"), targets("a")
    with pytest.raises(TypeError, match=r"`X` .*`target`: are X and Y swapped\?"):
        align(Y, X)
    with pytest.raises(TypeError, match=r"`Y` .*`data`: are X and Y swapped\?"):
        align(X, X)


def test_annotations_are_no_labels():
    go = Hierarchy.from_obo(FOLDER / "go_excerpt.obo")
    read = read_annotations(FOLDER / "go_excerpt.gaf", go)
    with pytest.raises(TypeError, match=r"make labels of annotations first: `labels\("):
        align(features("a"), read)


def test_numbers_of_rows_are_no_ids():
    numbered = pd.DataFrame({"id": ["a", "b"], "x": [1, 2]})
    Y = pd.DataFrame({"n": [1, 0]}, index=["b", "a"])
    with pytest.raises(TypeError, match=r"numbers of rows; .*`X\.set_index\('id'\)`"):
        align(numbered, Y)
    with pytest.raises(TypeError, match=r"`Y\.set_index\('id'\)`"):
        align(numbered.set_index("id"), Y.reset_index())
    assert align(numbered.set_index("id"), Y).target["n"].tolist() == [0, 1]


def test_groups_in_front():
    with pytest.raises(ValueError, match=r"or the group \(sp1/P12345\)"):
        align(features("sp1/P1"), targets("P1"))


# -- nodes without rows ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sparse", "dense", "frame"])
def test_nodes_that_have_lost_their_rows(kind):
    labelled = np.array([[1, 0, 0], [1, 1, 0]])
    ids = pd.Index(["a", "b"])
    Y = pd.DataFrame(labelled, index=ids, columns=[*"xyz"])
    if kind != "frame":
        target = sp.csr_array(labelled) if kind == "sparse" else labelled
        Y = Bunch(target=target, ids=ids, target_names=[*"xyz"])
    report = align(features("a"), Y).report
    assert (report.n_empty, report.empty) == (1, ["y"])  # z never had any
    assert repr(report).splitlines()[1] == (
        "  1 node has no row left ('y'); count on the common ids: "
        "labels(..., count_on=X.ids)"
    )
    assert align(features("a", "b"), Y).report.n_empty == 0

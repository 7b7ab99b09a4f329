"""What is wrong with a prediction file, or with what is to go into one."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.predictions import read_predictions, write_predictions

TREE = Hierarchy.from_edges([("r", "aa"), ("r", "bb")])
SCORES = pd.DataFrame([[0.9, 0.5, 0.1], [0.8, 0.0, 0.2]], ["x", "y"], TREE.nodes)

CAFA = {
    "x aa 0.5\nx bb\n": "line 2: expected an id, a node and a score",
    "x aa 0.5 0.7\n": "line 1: expected an id, a node and a score.* but got 4 cells",
    "AUTHOR me\n\nx aa high\n": r"line 3: expected a score in \[0, 1\], but got 'high'",
    "x aa 0.5\nx bb -0.5\n": r"line 2: expected a score in \[0, 1\], but got '-0.5'",
    "x aa nan\n": r"line 1: expected a score in \[0, 1\], but got 'nan'",
    "x aa inf\n": "but got 'inf'",
    "x aa 1.5\n": "but got '1.5'",
    "x aa 0_1\n": "but got '0_1'",
    "x aa 0.5\ny aa 0.5\nx bb 0.1\nx aa 0.25\n": (
        "line 4: expected a score for each pair.* 'x' with 'aa' came in line 1 before"
    ),
    "x aa 0\nx aa 0\n": "line 2: .* came in line 1 before",
    "x aa 0.5\nx aaa 0.5\n": "line 2: 'aaa' is no node .* Did you mean 'aa'",
    "": "there is no prediction in it; it is empty",
    "\n \n": "there is no prediction in it; it is empty",
    "AUTHOR me\nEND\n": "there is no prediction in it",
    "x\taa\t0.5\nx\tb\xe9\t0.5\n": "expected UTF-8, but line 2 has the byte 0xe9",
}


@pytest.mark.parametrize("content", CAFA)
def test_wrong_lines_of_cafa(content, tmp_path):
    path = tmp_path / "there.txt"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=f"there.txt.*{CAFA[content]}"):
        read_predictions(path, TREE)


TABLES = {
    "id,node\nx,aa\n": ("long", "line 1: .* it lacks 'probability'"),
    "id\tnode\tprobability\nx\taa\t1\n": ("long", "line 1: .* separated by commas"),
    "id,node,probability\nx,aa,0.5\nx,bb\n": ("long", "line 3: expected 3 cells.* 2"),
    "id,node,probability\n,aa,0.5\n": ("long", "line 2: there is no id"),
    "id,node,probability\nx,,0.5\n": ("long", "line 2: there is no node"),
    "id\nx\n": ("wide", "line 1: expected the name of a node above each column"),
    "id,aa,\nx,1,1\n": ("wide", "line 1: expected the name of a node above each"),
    "id,node,probability\nx,aa,\n": ("long", "line 2: .* but got ''"),
    "id,node,probability\n": ("long", "there is no prediction in it"),
    "id,node,node,probability\n": ("long", "line 1: columns come more than once"),
    "node,aa\nx,0.5\n": ("wide", "line 1: .* it lacks 'id'"),
    "id,aa,bb\nx,0.5,0.1\nx,0.5,0.1\n": ("wide", "line 3: the id 'x' came in line 2"),
    "id,aa,bb\nx,0.5,high\n": ("wide", "line 2: .* but got 'high'"),
    "id,aa,bb\nx,0.5,nan\n": ("wide", "line 2: .* but got 'nan'"),
    "id,aa,bb\nx,0,-1\n": ("wide", "line 2: .* but got '-1'"),
    "id,aa,cc\nx,0,0.5\n": ("wide", "line 2: 'cc' is no node"),
    "id,aa,aa\nx,0,0.5\n": ("wide", "line 1: columns come more than once: 'aa'"),
}


@pytest.mark.parametrize("content", TABLES)
def test_wrong_lines_of_tables(content, tmp_path):
    format, message = TABLES[content]
    path = tmp_path / "there.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"there.csv.*{message}"):
        read_predictions(path, TREE, format=format)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_ends_of_lines_and_marks_of_encodings(end, encoding, tmp_path):
    path = tmp_path / "there.txt"
    lines = ["MODEL 1", "ACCURACY 1 PR=0.8", "", "Zoé\taa\t0.5", "y  bb   1.00", "END"]
    path.write_bytes(end.join(lines).encode(encoding))
    found = read_predictions(path, TREE, propagate=False)
    assert found.ids == ["Zoé", "y"]
    assert found.scores.toarray().tolist() == [[0, 0.5, 0], [0, 0, 1]]


def test_lines_are_counted_through_all_blocks(tmp_path):
    path = tmp_path / "there.txt"
    lines = [f"gene{row} aa 0.5\n" for row in range(200_000)]
    lines[150_000] = "gene150000 aa five\n"
    path.write_text("".join(lines))
    with pytest.raises(ValueError, match=r"line 150001: .* 'five'"):
        read_predictions(path)
    lines[150_000] = "gene3 aa 0.5\n"
    path.write_text("".join(lines))
    with pytest.raises(
        ValueError, match=r"line 150001: .* 'gene3' .* in line 4 before"
    ):
        read_predictions(path)


def test_cut_short_or_none(tmp_path):
    path = tmp_path / "there.tsv.gz"
    write_predictions(path, SCORES)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"there.tsv.gz: .* cut short"):
        read_predictions(path)
    with pytest.raises(FileNotFoundError):
        read_predictions(tmp_path / "nowhere.tsv")
    with pytest.raises(IsADirectoryError):
        read_predictions(tmp_path)


def test_unknown_nodes_are_left_out_if_asked(tmp_path):
    path = tmp_path / "there.txt"
    path.write_text("x aa 0.5\nx old 0.4\ny old 0.3\ny bb 0.2\n")
    with pytest.warns(UserWarning, match="left out 2 lines of 1 node not in the hier"):
        found = read_predictions(path, TREE, unknown_nodes="drop", propagate=False)
    assert found.scores.toarray().tolist() == [[0, 0.5, 0], [0, 0, 0.2]]


def test_ids_that_are_not_wanted(tmp_path):
    path = tmp_path / "there.txt"
    path.write_text("x aa 0.5\ny aa 0.4\nz aa 0.3\n")
    with pytest.warns(UserWarning, match="left out 2 lines of 2 ids not in `ids`"):
        found = read_predictions(path, TREE, ids=["w", "x"], propagate=False)
    assert found.ids == ["w", "x"]
    assert found.scores.toarray().tolist() == [[0, 0, 0], [0, 0.5, 0]]
    with pytest.raises(ValueError, match=r"given ids, such as 'v'.*has those of 'x'"):
        read_predictions(path, TREE, ids=["v"])
    with pytest.raises(ValueError, match="`ids` come more than once: 'x'"):
        read_predictions(path, TREE, ids=["x", "x"])


def read_or_refuse(path, format):
    try:
        return read_predictions(path, format=format), ""
    except ValueError as error:
        return None, str(error)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_file_crashes_the_reader(data, tmp_path):
    """Damaged files are read, or refused in words."""
    path = tmp_path / "there.csv"
    format = data.draw(st.sampled_from(["cafa", "long", "wide"]))
    write_predictions(path, SCORES, format=format, force=True)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"\n", b",", b'"', b"\t", b"\r"])
        )
    path.write_bytes(content)
    for given_format in (format, None):
        found, message = read_or_refuse(path, given_format)
        if found is None:
            assert str(path) in message
        else:
            assert found.scores.shape == (len(found.ids), len(found.nodes))
            assert ((found.scores.data > 0) & (found.scores.data <= 1)).all()


# -- writing ---------------------------------------------------------------------------

WRONG = [
    (SCORES + 0.5, {}, r"scores in \[0, 1\], but that of 'x' for 'r' is 1.4"),
    (-SCORES, {}, r"that of 'x' for 'r' is -0.9"),
    (SCORES.replace(0.5, np.nan), {}, "NaN"),
    (SCORES.to_numpy(), {}, "Expected `hierarchy` beside scores whose columns"),
    (SCORES, {"ids": ["x"]}, "`ids` of 2 rows"),
    (SCORES, {"ids": ["x", "x"]}, "Ids come more than once: 'x'"),
    (SCORES, {"ids": ["x", ""]}, "ids that can stand in a line"),
    (SCORES, {"ids": ["x", "a\nb"]}, "without line breaks"),
    (SCORES, {"ids": ["x", "a b"], "format": "cafa"}, "without any blank, but got"),
    (SCORES, {"ids": ["x", "END"], "format": "cafa"}, "but got 'END', with which"),
    (SCORES, {"ids": ["1", 1]}, "Ids come more than once: '1'"),
    (SCORES.rename(columns={"aa": "a a"}), {"format": "cafa"}, "nodes that can stand"),
    (SCORES, {"hierarchy": Hierarchy.flat(["r", "aa"])}, "columns of scores"),
    (SCORES, {"format": "obo"}, "`format` to be one of"),
    (SCORES, {"format": "wide", "k": 2}, "neither `k` nor `min_proba`"),
    (SCORES, {"digits": 0}, "`digits` from 1 to 17"),
    (SCORES, {"header": {"AUTHOR": "me"}}, "with format='cafa' alone"),
    (SCORES, {"format": "cafa", "header": {"author": "me"}}, "Did you mean 'AUTHOR'"),
    (SCORES, {"format": "cafa", "header": {"MODEL": "1\nx a 1"}}, "of one line"),
    (iter([SCORES]), {"ids": ["x", "y", "z"], "hierarchy": TREE}, "3 rows in all"),
    (iter([SCORES] * 2), {"ids": ["x", "y"], "hierarchy": TREE}, "got 4 or more"),
    (iter([SCORES]), {"hierarchy": TREE}, "`ids` beside scores that come in blocks"),
]
TIDY = pd.DataFrame(
    {"id": ["x", "x"], "node": ["aa", "bb"], "probability": [0.5, 0.25]}
)
WRONG += [
    (TIDY, {"format": "wide"}, "column per node with format='wide'"),
    (TIDY, {"k": 1}, "choose its lines before"),
    (TIDY.replace("bb", "aa"), {}, "'x' with 'aa' comes more than once"),
    (TIDY.replace(0.25, 2.0), {}, "that of 'x' for 'bb' is 2"),
    (TIDY.replace(0.25, np.nan), {}, "that of 'x' for 'bb' is nan"),
    (TIDY.astype({"probability": str}), {}, "numbers in the column 'probability'"),
    (TIDY.replace("bb", "cc"), {"hierarchy": TREE}, "'cc' is no node"),
    (TIDY.replace("x", "x y"), {"format": "cafa"}, "without any blank, but got"),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_what_can_not_be_written_leaves_no_file(case, tmp_path):
    what, options, message = WRONG[case]
    path = tmp_path / "there.tsv"
    with pytest.raises(ValueError, match=message):
        write_predictions(path, what, **options)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_stays(tmp_path):
    path = tmp_path / "there.tsv"
    path.write_text("mine")
    with pytest.raises(ValueError, match="exists; name another file"):
        write_predictions(path, SCORES)
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        write_predictions(path, SCORES * 2, force=True)
    assert path.read_text() == "mine"
    write_predictions(path, SCORES, force=True)
    assert read_predictions(path, TREE).scores.nnz == 5


def test_places_that_can_not_be_written(tmp_path):
    with pytest.raises(ValueError, match="it is a folder"):
        write_predictions(tmp_path, SCORES)
    with pytest.raises(ValueError, match="there is no folder"):
        write_predictions(tmp_path / "nowhere" / "there.tsv", SCORES)
    with pytest.raises(ValueError, match=r"ending \.gz"):
        write_predictions(tmp_path / "there.zip", SCORES)


def test_a_model_is_not_asked_where_nothing_can_be_written(tmp_path):
    def never():
        raise AssertionError("asked")

    path = tmp_path / "there.tsv"
    path.touch()
    with pytest.raises(ValueError, match="exists"):
        write_predictions(path, never, ids=["x"], hierarchy=TREE)


def test_ids_of_merged_terms_are_those_of_today(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text("g1 OLD 0.5\ng1 b 0.25\ng2 a 1\n")
    hierarchy = Hierarchy.from_edges([("a", "b")], alternatives={"OLD": "a"})
    scores = read_predictions(path, hierarchy).scores
    np.testing.assert_array_equal(scores.toarray(), [[0.5, 0.25], [1, 0]])


MERGED = {
    "cafa": "g1 a 0.25\ng2 OLD 0\ng1 OLD 0.5\ng2 a 0.75\ng1 OLDER 0.125\n",
    "long": "id,node,probability\ng1,OLD,0.5\ng1,a,0.25\ng2,a,0.75\ng2,OLDER,0\n",
    "wide": "id,OLD,a,OLDER\ng1,0.5,0.25,0\ng2,0,0.75,0.5\n",
}


@pytest.mark.parametrize("format", MERGED)
def test_a_term_beside_one_merged_into_it_has_the_larger_score(format, tmp_path):
    path = tmp_path / "model.csv"
    path.write_text(MERGED[format])
    hierarchy = Hierarchy.from_edges(
        [("a", "b")], alternatives={"OLD": "a", "OLDER": "a"}
    )
    found = read_predictions(path, hierarchy, format=format)
    np.testing.assert_array_equal(found.scores.toarray(), [[0.5, 0], [0.75, 0]])
    assert found.scores.nnz == 2


def test_a_merged_term_may_come_once(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text("g1 a 0.5\ng1 OLD 0.5\ng2 OLD 1\ng1 OLD 0.25\n")
    hierarchy = Hierarchy.from_edges([("a", "b")], alternatives={"OLD": "a"})
    with pytest.raises(
        ValueError, match=r"line 4: .* 'g1' with 'OLD' came in line 2 before"
    ):
        read_predictions(path, hierarchy)


# -- content of another kind, and what is left of it -----------------------------------


@pytest.mark.parametrize("format", ["cafa", "long", "wide"])
def test_a_row_stays_if_none_of_its_nodes_is_known(format, tmp_path):
    path = tmp_path / "there.tsv"
    frame = pd.DataFrame([[0, 0.5], [0.4, 0], [0.3, 0.2]], list("xyz"), ["old", "aa"])
    write_predictions(path, frame, format=format)
    with pytest.warns(UserWarning, match="left out 2 lines of 1 node not in the hier"):
        found = read_predictions(path, TREE, unknown_nodes="drop", propagate=False)
    assert found.ids == ["x", "y", "z"]
    assert found.scores.toarray().tolist() == [[0, 0.5, 0], [0, 0, 0], [0, 0.2, 0]]


def test_no_node_of_the_hierarchy_is_left(tmp_path):
    path = tmp_path / "there.txt"
    path.write_text("x old 0.5\ny older 0.4\n")
    message = "expected nodes of the hierarchy, such as 'r'.* it has 'old', 'older'"
    with pytest.raises(ValueError, match=message):
        read_predictions(path, TREE, unknown_nodes="drop")
    # Wanted rows are there; that none of their nodes is known is another matter.
    with pytest.raises(ValueError, match=r"expected nodes .* it has 'old'\."):
        read_predictions(path, TREE, unknown_nodes="drop", ids=["x"])


def test_commas_without_a_header(tmp_path):
    path = tmp_path / "there.csv"
    path.write_text('AUTHOR me\nP 1,aa,0.5\n"a,b", bb ,1\n')
    found = read_predictions(path, TREE, propagate=False)
    assert found.ids == ["P 1", "a,b"]
    assert found.scores.toarray().tolist() == [[0, 0.5, 0], [0, 0, 1]]
    path.write_text("x,y\taa\t0.5\n")  # as the writer puts CAFA's format
    assert read_predictions(path, TREE, propagate=False).ids == ["x,y"]
    path.write_text("x,aa,0.5\ny,bb\n")
    with pytest.raises(ValueError, match=r"line 2: .* by commas, but got 2 cells"):
        read_predictions(path, TREE)
    path.write_text("x,aa,0.5\n,bb,1\n")
    with pytest.raises(ValueError, match="line 2: expected an id, a node and a score"):
        read_predictions(path, TREE)


HEADS = [
    ("there.tsv", "gene\tterm\tscore\nx\taa\t0.5\n", "line 1: .* but got 'score'"),
    ("there.csv", "gene,term,score\nx,aa,0.5\n", "line 1: .* but got 'score'"),
    ("there.tsv", "gene\tterm\tscore\tname\n", "line 1: .* but got 4 cells"),
    ("there.tsv", "gene\taa\tbb\tr\nx\t0\t1\t1\n", "line 1: .* but got 4 cells"),
]


@pytest.mark.parametrize(("name", "content", "message"), HEADS)
def test_heads_of_other_names(name, content, message, tmp_path):
    path = tmp_path / name
    path.write_text(content)
    advice = "name the columns id, node and probability"
    with pytest.raises(ValueError, match=f"{message}.*{advice}"):
        read_predictions(path, TREE)


def test_replacing_is_told_in_words_of_python(tmp_path):
    path = tmp_path / "there.tsv"
    path.touch()
    with pytest.raises(ValueError, match=r"replace it by force=True \(on the command"):
        write_predictions(path, SCORES)

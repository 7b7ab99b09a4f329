"""`read_arff` against the facts of real files, a writer, and hand-made files."""

import gzip
import hashlib
import json
import lzma

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import read_arff
from sklearn_hmlc.datasets._hmc import _as_array, _registry

from .pets import HEAD, TREE

DAG = """\
@relation go
@attribute x real
@attribute class hierarchical root/GO0008150,root/GO0003674,GO0008150/a,GO0003674/a,a/b
@data
1,b
2,GO0003674
"""


# -- real files ------------------------------------------------------------------------

# Not among the golden facts.
WITHOUT = "eisen_GO spo_GO gasch2_FUN spo_FUN D0_yeast_GO enron imclef07d reuters wipo"
PATHS = [
    path
    for name, parts in _registry().items()
    for part, (path, _) in parts.items()
    if name not in WITHOUT.split() and (name[:5], part) != ("expr_", "train")
]


@pytest.mark.parametrize("path", PATHS)
def test_real_file_reads_as_the_golden_facts_say(path, data_dir, golden_dir):
    facts = json.loads((golden_dir / "arff_facts.json").read_text())
    bunch = read_arff(data_dir / path)
    values, _ = _as_array(bunch.data)
    names = [node.replace("/", ".") for node in bunch.target_names]
    counts = dict(zip(names, bunch.target.sum(axis=0).tolist(), strict=True))
    assert bunch.hierarchy.is_closed(bunch.target)
    assert {
        "rows": len(values),
        "columns_after_one_hot": values.shape[1],
        "missing_cells_after_one_hot": int(np.isnan(values).sum()),
        "nodes_with_virtual_root": bunch.hierarchy.n_nodes,
        "edges": bunch.hierarchy.n_edges,
        "positives_after_closure": bunch.target.nnz,
        "labels_per_row_mean": round(bunch.target.nnz / len(values), 4),
        "node_names_sha256": _sha256(sorted(names)),
        "node_counts_sha256": _sha256(f"{x}\t{counts[x]}" for x in sorted(names)),
        "first_row_nodes": sorted(names[j] for j in bunch.target[[0]].indices),
        "column_nanmean_first5": np.nanmean(values[:, :5], axis=0).round(6).tolist(),
    } == facts[path.removeprefix("HMC_data/")]


def test_all_facts_are_tested(golden_dir):
    facts = json.loads((golden_dir / "arff_facts.json").read_text())
    assert {f"HMC_data/{path}" for path in facts} == set(PATHS)


def _sha256(lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# -- the dialect -----------------------------------------------------------------------


def test_tree(write):
    path = write(TREE)
    bunch = read_arff(path)
    expected = pd.DataFrame(
        {
            "weight": [4.5, np.nan],
            "coat": pd.Categorical(["long", None], categories=["short", "long"]),
        }
    )
    pd.testing.assert_frame_equal(bunch.data, expected, check_column_type=False)
    assert bunch.hierarchy == Hierarchy.from_codes(
        ["cat", "dog", "dog/terrier"], root="root"
    )
    assert bunch.target_names == ["root", "cat", "dog", "dog/terrier"]
    assert bunch.target.toarray().tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert bunch.feature_names == ["weight", "coat"]
    assert bunch.filename == str(path)


def test_description_has_sizes_and_comments(write):
    first, *comments = read_arff(write(TREE)).DESCR.splitlines()
    assert first == (
        "the pets: 2 rows, 2 features, 6 labels on "
        "Hierarchy(4 nodes, 3 edges, 1 root, depth 2, tree)"
    )
    assert comments == ["Two pets,", "seen twice."]


def test_labels_are_safe_for_scikit_learn(write):
    # LabelBinarizer counts columns in the dtype of y: int8 labels of more than 127
    # nodes come out in another order.
    from sklearn.preprocessing import LabelBinarizer

    codes = [str(k) for k in range(300)]
    rows = "\n".join(f"0,{code}" for code in codes)
    bunch = read_arff(
        write(
            "@attribute x real\n@attribute class hierarchical "
            f"{','.join(codes)}\n@data\n{rows}\n"
        )
    )
    out = LabelBinarizer(sparse_output=True).fit_transform(bunch.target)
    np.testing.assert_array_equal(out.toarray(), bunch.target.toarray())


def test_dag(write):
    bunch = read_arff(write(DAG))
    hierarchy = bunch.hierarchy
    assert hierarchy.parents("a") == ("GO0008150", "GO0003674")
    assert hierarchy.unscored == ("root", "GO0008150", "GO0003674")
    positive = bunch.target.toarray().astype(bool)
    nodes = np.array(bunch.target_names)
    assert set(nodes[positive[0]]) == set(nodes)
    assert set(nodes[positive[1]]) == {"root", "GO0003674"}


def test_namespace_roots_with_a_colon_are_unscored(write):
    bunch = read_arff(write(DAG.replace("GO0", "GO:0")))
    assert bunch.hierarchy.unscored == ("root", "GO:0008150", "GO:0003674")


def test_pairs_are_a_tree_where_a_row_has_a_path(write):
    content = "@attribute class hierarchical a/b,a/c\n@data\na/b\n"
    assert read_arff(write(content)).target_names == ["root", "a", "a/b", "a/c"]
    bare = content.replace("\na/b\n", "\nb\n")
    assert read_arff(write(bare)).target_names == ["a", "b", "c"]


@pytest.mark.parametrize("braces", ["{%s}", "{ %s }", " {%s}  "])
def test_the_class_attribute_may_have_braces(write, braces):
    codes = "1,1/1,'2, 3'"
    content = "@attribute x real\n@attribute class hierarchical %s\n@data\n1.5,1/1\n"
    plain = read_arff(write(content % codes))
    found = read_arff(write(content % (braces % codes)))
    assert found.target_names == plain.target_names == ["root", "1", "1/1", "2, 3"]
    assert found.target.toarray().tolist() == plain.target.toarray().tolist()


def test_kind_overrides_the_guess(write):
    content = "@attribute class hierarchical a/b,a/c\n@data\na\n"
    assert "a/b" in read_arff(write(content), kind="tree").hierarchy
    assert "b" in read_arff(write(content), kind="dag").hierarchy


def test_a_top_code_named_root_is_the_virtual_root(write):
    content = "@attribute class hierarchical root/a,root/a/b\n@data\nroot/a/b\n"
    hierarchy = read_arff(write(content)).hierarchy
    assert hierarchy.nodes == ("root", "root/a", "root/a/b")
    assert hierarchy.unscored == ("root",)


def test_sparse_rows_equal_dense_ones(write):
    head = (
        "@attribute a real\n@attribute class hierarchical u,v\n"
        "@attribute b {no,'y, es'}\n@attribute c integer\n@data\n"
    )
    dense = read_arff(write(head + "1.5,u@v,'y, es',0\n?,u,no,7\n0,v,?,0\n"))
    sparse = read_arff(
        write(
            head + "{0 1.5, 1 u@v, 2 'y, es'}\n{ 0 ?,1 u,3 7 }\n{1 v,2 ?}\n", "s.arff"
        )
    )
    assert isinstance(sparse.data["a"].dtype, pd.SparseDtype)
    filled = sparse.data.astype({"a": float, "c": float})
    pd.testing.assert_frame_equal(filled, dense.data)
    np.testing.assert_array_equal(sparse.target.toarray(), dense.target.toarray())


def test_quoted_names_and_values(write):
    content = (
        "@attribute 'a b' real\n@attribute \"it's\" {'x,y', 'don\\'t', z}\n"
        "@attribute 5'utr% real\n@attribute class hierarchical 'A, B',\"C\"\n@data\n"
        "1, 'x,y' ,2,'A, B@C'\n2,'don\\'t',3,C\n3,\"z\",4,C\n"
    )
    bunch = read_arff(write(content))
    assert bunch.feature_names == ["a b", "it's", "5'utr%"]
    assert bunch.data["it's"].tolist() == ["x,y", "don't", "z"]
    assert bunch.target_names == ["root", "A, B", "C"]
    assert bunch.target.sum(axis=1).tolist() == [3, 2, 2]


@pytest.mark.parametrize(
    ("name", "convert"),
    [
        ("d.arff.gz", gzip.compress),
        ("d.arff.XZ", lzma.compress),
        ("crlf.arff", lambda raw: raw.replace(b"\n", b"\r\n")),
        ("cr.arff", lambda raw: raw.replace(b"\n", b"\r")),
        ("open_end.arff", bytes.rstrip),
        ("bom.arff", lambda raw: b"\xef\xbb\xbf" + raw),
        ("tabs.arff", lambda raw: raw.replace(b"@attribute ", b"\t@Attribute\t")),
        ("blanks.arff", lambda raw: raw.replace(b",", b" , ")),
    ],
)
def test_same_content_another_file(write, name, convert):
    expected = read_arff(write(TREE))
    bunch = read_arff(write(convert(TREE.encode()), name))
    pd.testing.assert_frame_equal(bunch.data, expected.data)
    assert bunch.hierarchy == expected.hierarchy
    assert bunch.target.toarray().tolist() == expected.target.toarray().tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encoding(write, encoding):
    content = TREE.replace("weight", "Größe").encode(encoding)
    assert read_arff(write(content)).feature_names[0] == "Größe"


def test_repeated_names_become_unique(write):
    names = ["x", "x", "x.1", "x"]
    head = "".join(f"@attribute {name} real\n" for name in names)
    content = head + "@attribute class hierarchical a\n@data\n1,2,3,4,a\n"
    data = read_arff(write(content)).data
    assert data.columns.tolist() == ["x", "x.2", "x.1", "x.3"]
    assert data.iloc[0].tolist() == [1, 2, 3, 4]


def test_numbers_are_read_to_the_last_bit(write):
    text = ["0.1", "1e-300", "-2.5E3", "0.30000000000000004", "123456789012345678"]
    head = "@attribute x real\n@attribute class hierarchical a\n@data\n"
    bunch = read_arff(write(head + "".join(f"{x},a\n" for x in text)))
    assert bunch.data["x"].tolist() == [float(x) for x in text]


def test_file_without_features(write):
    bunch = read_arff(write("@attribute class hierarchical a,b\n@data\na\nb\n"))
    assert bunch.data.shape == (2, 0)
    assert bunch.target.toarray().tolist() == [[1, 1, 0], [1, 0, 1]]


@pytest.mark.parametrize("label", ["?", ""])
def test_unlabelled_rows_are_kept_on_demand(write, label):
    bunch = read_arff(write(f"{HEAD}1,long,{label}\n2,long,cat\n"), unlabelled="keep")
    assert bunch.target.toarray().tolist() == [[0, 0, 0, 0], [1, 1, 0, 0]]


# Line ends and the sign of a missing value have no quoted form.
words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).filter(
    lambda word: word != "?"
)


@given(data=st.data())
def test_what_is_written_is_read(data, tmp_path_factory):
    n_rows = data.draw(st.integers(1, 4))
    categories = data.draw(st.lists(words, min_size=1, max_size=4, unique=True))
    finite = st.none() | st.floats(allow_nan=False, allow_infinity=False)
    numbers = data.draw(st.lists(finite, min_size=n_rows, max_size=n_rows))
    chosen = st.none() | st.sampled_from(categories)
    values = data.draw(st.lists(chosen, min_size=n_rows, max_size=n_rows))
    nodes = st.sets(st.sampled_from(["a", "a/b", "c"]), min_size=1)
    labels = data.draw(st.lists(nodes, min_size=n_rows, max_size=n_rows))
    lines = [
        f"@attribute x {{{','.join(map(_quoted, categories))}}}",
        "@attribute class hierarchical a,a/b,c",
        "@attribute y real",
        "@data",
        *(
            f"{_quoted(x)},{'@'.join(row)},{'?' if y is None else repr(y)}"
            for x, row, y in zip(values, labels, numbers, strict=True)
        ),
    ]
    path = tmp_path_factory.mktemp("arff") / "data.arff"
    path.write_bytes("\n".join(lines).encode())
    bunch = read_arff(path)
    assert bunch.data["x"].cat.categories.tolist() == categories
    codes = [-1 if x is None else categories.index(x) for x in values]
    assert bunch.data["x"].cat.codes.tolist() == codes
    np.testing.assert_array_equal(
        bunch.data["y"], [np.nan if y is None else y for y in numbers]
    )
    closed = [row | {node[0] for node in row} | {"root"} for row in labels]
    names = np.array(bunch.target_names)
    assert [set(names[row]) for row in bunch.target.toarray().astype(bool)] == closed


def _quoted(word):
    if word is None:
        return "?"
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"

"""Nodes that say nothing are not scored, as ARFF files have it."""

import numpy as np
import pandas as pd
import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._cli import main
from sklearn_hmlc._cli._parser import make_parser
from sklearn_hmlc._cli._tables import read_table
from sklearn_hmlc.datasets import fetch_hmc
from sklearn_hmlc.metrics import au_prc

from .pets import SMALL, content_of, error_of, write

EDGES = "parent,child\nall,a\nall,b\na,c\n"


def pets(edges=EDGES, nodes="abc"):
    write("x.csv", "id,x\n" + "".join(f"g{k},{k}\n" for k in range(6)))
    pairs = [f"g{k},{nodes[k % len(nodes)]}\n" for k in range(6)]
    write("y.csv", "id,node\n" + "".join(pairs))
    write("h.csv", edges)
    tables = ["x.csv", "--index", "--labels", "y.csv", "--hierarchy", "h.csv"]
    return ["fit", *tables, "--model", "m", "--force", *SMALL]


def unscored_of(fit):
    assert main(fit) == 0
    return set(content_of("m")["pipeline"][-1].hierarchy_.unscored)


def test_a_single_root_that_all_rows_have(folder, capsys):
    fit = pets()
    assert unscored_of(fit) == {"all"}
    assert main(["predict", "m", "x.csv", "--index", "--out", "p.csv"]) == 0
    assert list(pd.read_csv("p.csv").columns) == ["id", "a", "b", "c"]
    evaluate = ["evaluate", "m", "x.csv", "--index", "--labels", "y.csv"]
    assert main([*evaluate, "--out", "report"]) == 0
    assert "of the 3 nodes" in capsys.readouterr().out
    assert pd.read_csv("report/depth.csv")["n_nodes"].sum() == 3
    assert main([word for word in fit if word != "--quiet"]) == 0
    assert "Not scored: 'all'\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("edges", "nodes", "expected"),
    [
        ("parent,child\nr,a\n,b\n", "ab", set()),  # two roots
        ("parent,child\n,a\n,b\n", "ab", set()),  # no edges
        ("parent,child\n,root\n,leaf\n", ["root", "leaf"], set()),  # of plants
        ("parent,child\nplant,root\nroot,hair\n,x\n", ["hair", "x"], set()),
        ("parent,child\nroot,a\n,b\n", "ab", {"root"}),
        (
            "parent,child\nGO:0003674,a\nGO:0008150,b\nGO:0005575,c\n",
            "abc",
            {"GO:0003674", "GO:0008150", "GO:0005575"},
        ),
        ("parent,child\nroot,GO0008150\nGO0008150,b\n", "b", {"root", "GO0008150"}),
    ],
)
def test_which_nodes_say_nothing(folder, edges, nodes, expected):
    assert unscored_of(pets(edges, nodes)) == expected


def test_nodes_that_are_named(folder, capsys):
    fit = pets()
    assert unscored_of([*fit, "--unscored", "a"]) == {"all", "a"}
    assert unscored_of([*fit, "--unscored"]) == set()
    error = error_of(capsys, [*fit, "--unscored", "A"])
    assert "--unscored: 'A' is no node" in error
    assert "Did you mean 'a'?" in error
    error = error_of(capsys, [*fit, "--unscored", *"abc"])
    assert "--unscored leaves no node to learn" in error


def test_nodes_of_an_arff_file(arff, capsys):
    fit = ["fit", *arff, "--model", "m", *SMALL, "--unscored", "cat"]
    assert unscored_of(fit) == {"root", "cat"}
    assert main(["evaluate", "m", *arff]) == 0  # the file marks fewer nodes
    assert "of the 2 nodes" in capsys.readouterr().out
    assert main(["predict", "m", *arff, "--out", "p.csv"]) == 0
    assert list(pd.read_csv("p.csv").columns) == ["id", "dog", "dog/terrier"]


@pytest.mark.parametrize(
    ("name", "frequencies"), [("eisen_FUN", 0.159), ("cellcycle_FUN", 0.155)]
)
def test_csv_and_arff_score_the_same_nodes(folder, data_dir, name, frequencies):
    genes = fetch_hmc(name, subset="test")
    hierarchy, rows = genes.hierarchy, len(genes.data)
    write("x.csv", "id,x\n" + "".join(f"g{k},{k}\n" for k in range(rows)))
    found = genes.target.tocoo()
    names = np.array(hierarchy.nodes)[found.coords[1]]
    pairs = zip(found.coords[0], names, strict=True)
    write("y.csv", "id,node\n" + "".join(f"g{row},{node}\n" for row, node in pairs))
    edges = [(hierarchy.nodes[a], hierarchy.nodes[b]) for a, b in hierarchy.edges]
    write("h.csv", "parent,child\n" + "".join(f"{a},{b}\n" for a, b in edges))
    words = ["x.csv", "--index", "--labels", "y.csv", "--hierarchy", "h.csv"]
    args = make_parser().parse_args(["fit", *words, "--model", "m"])
    table = read_table(args, labelled=True)
    assert set(table.hierarchy.unscored) == {"root"}

    def score(labels, graph):
        mean = np.tile(labels.mean(axis=0), (rows, 1))
        return au_prc(labels, mean, hierarchy=graph)

    by_csv = score(table.target.toarray(), table.hierarchy)
    by_arff = score(genes.target.toarray(), hierarchy)
    assert by_csv == pytest.approx(by_arff, abs=1e-12)
    assert by_csv == pytest.approx(frequencies, abs=5e-4)
    scored = Hierarchy(table.hierarchy.nodes, table.hierarchy.edges)
    assert score(table.target.toarray(), scored) > by_csv + 0.1

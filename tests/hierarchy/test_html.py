"""What a notebook shows of a hierarchy."""

from xml.etree import ElementTree

from sklearn_hmlc import Hierarchy


def read(hierarchy):
    """Heading and rows, name -> cells, of the HTML, which must be well-formed."""
    shown = ElementTree.fromstring(hierarchy._repr_html_())
    rows = [[cell.text for cell in row] for row in shown.iter("tr")]
    return shown.find("b").text, {name: cells for name, *cells in rows}


def test_counts_of_each_depth():
    # a - b - d - e, a - c - e, and f alone.
    edges = [("a", "b"), ("b", "d"), ("d", "e"), ("a", "c"), ("c", "e")]
    hierarchy = Hierarchy.from_edges(edges, nodes=list("abcdef"), unscored=["a", "c"])
    heading, table = read(hierarchy)
    assert heading == repr(hierarchy)
    assert table == {
        "depth": ["0", "1", "2", "3"],
        "nodes": ["2", "2", "1", "1"],
        "leaves": ["1", "0", "0", "1"],
        "unscored": ["1", "1", "0", "0"],
    }


def test_no_nodes():
    heading, table = read(Hierarchy.flat([]))
    assert heading == "Hierarchy(0 nodes)"
    assert table == {"depth": [], "nodes": [], "leaves": [], "unscored": []}

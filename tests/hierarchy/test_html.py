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


def boxes(hierarchy):
    """Node -> (x, y, width) of the drawing, and its tooltips."""
    shown = ElementTree.fromstring(hierarchy._repr_html_())
    places, tips = {}, []
    for group in shown.iter("g"):
        tips.append(group.find("title").text)
        rect = group.find("rect")
        name = tips[-1].partition(":")[0]
        places[name] = tuple(float(rect.get(key)) for key in ("x", "y", "width"))
    return places, tips


def test_a_box_is_as_wide_as_what_lies_below():
    # a with b and c, b with d and e; f alone: of 6 nodes a has 5, b 3.
    hierarchy = Hierarchy.from_edges(
        [("a", "b"), ("a", "c"), ("b", "d"), ("b", "e")], nodes=list("abcdef")
    )
    places, tips = boxes(hierarchy)
    unit = 640 / 6
    expected = {"a": (0, 5), "b": (20, 3), "c": (20, 1), "d": (40, 1), "f": (0, 1)}
    for node, (y, size) in expected.items():
        assert places[node][1] == y
        assert abs(places[node][2] - size * unit) < 0.1
    assert places["c"][0] - places["b"][0] > 2.9 * unit  # side by side
    assert "a: 4 nodes below" in tips
    assert "d: 0 nodes below" in tips


def test_a_node_of_a_dag_is_drawn_once_below_its_deepest_parent():
    edges = [("a", "b"), ("b", "d"), ("a", "d"), ("a", "c")]
    places, tips = boxes(Hierarchy.from_edges(edges))
    assert sorted(tip[0] for tip in tips) == ["a", "b", "c", "d"]
    assert places["d"][0] == places["b"][0]
    assert places["d"][1] == 40


def test_titles_that_are_no_markup():
    hierarchy = Hierarchy.from_edges(
        [("a", "b")], names={"a": "<script> & \x0b", "b": "b"}
    )
    _, tips = boxes(hierarchy)
    assert tips[0] == "a <script> &  : 1 node below"


def test_large_drawings_stay_small():
    wide = Hierarchy.from_edges([("top", k) for k in range(20_000)])
    assert len(wide._repr_html_()) < 5_000
    deep = Hierarchy.from_edges([(k, k + 1) for k in range(3_000)])
    assert len(boxes(deep)[1]) == 4


def test_of_a_path_the_end_is_kept():
    paths = ["plant", "plant/deciduous", "plant/deciduous/oak", "plant/deciduous/ash"]
    edges = [(paths[0], paths[1]), (paths[1], paths[2]), (paths[1], paths[3])]
    more = [(paths[1], f"plant/deciduous/{k}") for k in range(5)]
    shown = ElementTree.fromstring(Hierarchy.from_edges(edges + more)._repr_html_())
    texts = [text.text for text in shown.iter("text")]
    assert texts[:2] == ["plant", "plant/deciduous"]  # there is room
    assert {"…/oak", "…/ash", "…/0"} <= set(texts)


def test_nothing_comes_from_a_network():
    html = Hierarchy.from_edges([("a", "b")])._repr_html_()
    assert not any(word in html for word in ("http", "<script", "<link", "@import"))

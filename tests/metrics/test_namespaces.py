"""Which nodes count in which namespace, by hand."""

import numpy as np
import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import fmax_score, information_accretion, smin_score

from .test_cafa import DIAMOND, Y_SCORE, Y_TRUE


def members(hierarchy, **options):
    """Namespace -> its nodes: a row that has these alone, and finds them, scores 1."""
    found = {}
    everything = np.ones((1, len(hierarchy)))
    for node in hierarchy.nodes:
        truth = np.array([[other == node for other in hierarchy.nodes]])
        if not hierarchy.scored[hierarchy.index(node)]:
            continue
        try:
            scores = fmax_score(
                truth, everything, hierarchy=hierarchy, average=None, **options
            )
        except ValueError:
            continue  # in no namespace
        for name in scores:
            found.setdefault(name, set()).add(node)
    return {name: "".join(sorted(nodes)) for name, nodes in found.items()}


@pytest.mark.parametrize(
    ("hierarchy", "expected"),
    [
        (Hierarchy.flat(list("abc")), {"all": "abc"}),
        (Hierarchy.from_edges(map(tuple, ["ra", "rb", "sc"])), {"all": "rasbc"}),
        (
            Hierarchy.from_edges(map(tuple, ["ra", "rb"]), unscored=list("r")),
            {"r": "ab"},
        ),
        (
            Hierarchy.from_edges(map(tuple, ["ra", "sc"]), unscored=list("rs")),
            {"r": "a", "s": "c"},
        ),
        (
            Hierarchy.from_edges(
                map(tuple, ["vr", "vs", "ra", "sc"]), unscored=list("vrs")
            ),
            {"r": "a", "s": "c"},
        ),
        (
            Hierarchy.from_edges(map(tuple, ["ra", "sc"]), unscored=list("r")),
            {"r": "a", "all": "sc"},
        ),
    ],
)
def test_default_namespaces(hierarchy, expected):
    # A row that has one namespace's nodes alone, and finds them all, scores 1 there.
    everything = np.ones((1, len(hierarchy)))
    found = fmax_score(everything, everything, hierarchy=hierarchy, average=None)
    assert found == dict.fromkeys(expected, 1.0)
    for name, members in expected.items():
        truth = np.isin(hierarchy.nodes, list(members))[np.newaxis]
        scores = everything.copy()
        found = fmax_score(truth, scores, hierarchy=hierarchy, average=None)
        assert found == {name: pytest.approx(1.0)}


def test_named_namespaces_and_their_mean():
    # Below a: row 1 {a}, row 2 {a, c}. t <= 0.2: pr (1/2 + 1) / 2, rc 1: 6/7.
    # 0.2 < t <= 0.3: pr (1/2 + 1) / 2, rc 3/4. 0.3 < t <= 0.6: pr 1, rc 3/4: 6/7.
    # Below b: row 2 alone, {b, c}: 1 at t = 0.2.
    options = {"hierarchy": DIAMOND, "namespaces": ["a", "b"]}
    with pytest.warns(UserWarning, match="1 node below several namespaces' tops: 'c'"):
        found = fmax_score(Y_TRUE, Y_SCORE, average=None, **options)
    assert found == {"a": pytest.approx(6 / 7), "b": pytest.approx(1.0)}
    with pytest.warns(UserWarning, match="They count in each"):
        mean = fmax_score(Y_TRUE, Y_SCORE, **options)
    assert mean == pytest.approx((6 / 7 + 1) / 2)


def test_namespaces_without_rows_are_left_out():
    found = fmax_score(
        [[1, 1, 0, 0]],
        [[1, 1, 0, 0]],
        hierarchy=DIAMOND,
        namespaces=["r", "c"],
        average=None,
    )
    assert found == {"r": 1.0}


# -- terms under the tops of other namespaces ----------------------------------------

# M and B are the tops of molecular functions m, n and processes b, c; m is a part of b.
CROSSED = [("M", "m"), ("m", "n"), ("B", "b"), ("b", "c"), ("b", "m")]
SPACES = {"M": "function", "m": "function", "n": "function"}
SPACES |= dict.fromkeys("Bbc", "process")


def crossed(edges=CROSSED, unscored="MB", namespaces=SPACES):
    return Hierarchy.from_edges(edges, unscored=list(unscored), namespaces=namespaces)


@pytest.mark.parametrize("options", [{}, {"namespaces": ["M", "B"]}])
def test_a_node_counts_in_its_own_namespace_alone(options):
    assert members(crossed(), **options) == {"M": "mn", "B": "bc"}


@pytest.mark.parametrize("options", [{}, {"namespaces": ["M", "B"]}])
def test_where_namespaces_are_not_known_it_warns(options):
    hierarchy = crossed(namespaces=None)
    with pytest.warns(UserWarning, match="2 nodes below several .*'m', 'n'") as caught:
        found = members(hierarchy, **options)
    assert found == {"M": "mn", "B": "bcmn"}
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("edges", "unscored", "options", "expected"),
    [
        # m is under the other top alone: with its own top, with no top of its own.
        (["Mn", "Bb", "bm", "mp"], "MB", {}, {"M": "mnp", "B": "b"}),
        (["Bb", "bm", "mp"], "B", {}, {"B": "b", "function": "mp"}),
        (["Bb", "bm", "mp"], "B", {"namespaces": ["B"]}, {"B": "b"}),
        # Of two tops of its own the first takes it; what is below it goes by its own.
        (["Mn", "Nq", "Bb", "bm"], "MNB", {}, {"M": "mn", "N": "q", "B": "b"}),
        (["Mn", "Bb", "bm", "md"], "MB", {}, {"M": "mn", "B": "bd"}),
        # Scored tops; with one more root; with a virtual root above.
        (["Mm", "Bb", "bm"], "", {}, {"function": "Mm", "process": "Bb"}),
        (["Mm", "Bb", "bm", "cc"], "MB", {}, {"M": "m", "B": "bc"}),
        (["vM", "vB", "Mm", "Bb", "bm"], "vMB", {}, {"M": "m", "B": "b"}),
        # A top in the middle has what lies below it, in its own namespace.
        (["Bb", "bc", "Bd", "cm"], "B", {"namespaces": ["b"]}, {"b": "bc"}),
        # Of x nothing is known: the graph decides.
        (["Mm", "Bb", "bx"], "MB", {}, {"M": "m", "B": "bx"}),
    ],
)
def test_known_namespaces(edges, unscored, options, expected):
    spaces = dict.fromkeys("MNmnpq", "function") | dict.fromkeys("Bbcd", "process")
    pairs = [tuple(edge) for edge in edges if edge[0] != edge[1]]
    nodes = list(dict.fromkeys("".join(edges)))
    hierarchy = Hierarchy.from_edges(
        pairs,
        nodes=nodes,
        unscored=list(unscored),
        namespaces={x: spaces[x] for x in nodes if x in spaces},
    )
    assert members(hierarchy, **options) == expected


def test_information_comes_from_parents_of_the_own_namespace():
    # m is in rows 0 and 1, M in rows 0 to 3, b in rows 0 to 2 of 4.
    hierarchy = crossed()
    rows = {"M": 4, "B": 4, "b": 3, "m": 2, "n": 1, "c": 1}
    labels = np.array([[row < rows[x] for x in hierarchy.nodes] for row in range(4)])
    for known, expected in ((hierarchy, 1.0), (crossed(namespaces=None), np.log2(1.5))):
        bits = dict(zip(known.nodes, information_accretion(labels, known), strict=True))
        assert bits["m"] == pytest.approx(expected)
        assert bits["n"] == pytest.approx(1.0)


# -- scores on other scales ----------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "value"), [(Y_SCORE * 100, "80"), (Y_SCORE - 0.5, "-0.2")]
)
def test_scores_outside_the_unit_interval_need_thresholds(scores, value):
    for measure in (fmax_score, lambda *args, **k: smin_score(*args, np.ones(4), **k)):
        with pytest.raises(ValueError, match=rf"\[0, 1\] .*got {value}.* thresholds="):
            measure(Y_TRUE, scores, hierarchy=DIAMOND)
        own = np.unique(scores)
        found = measure(Y_TRUE, scores, hierarchy=DIAMOND, thresholds=own)
        expected = measure(
            Y_TRUE, Y_SCORE, hierarchy=DIAMOND, thresholds=np.unique(Y_SCORE)
        )
        assert found == pytest.approx(expected)


def test_rounding_and_unscored_nodes_are_no_other_scale():
    scores = Y_SCORE + 1e-8
    scores[:, 1] = 1 + 1e-8
    plain = np.minimum(scores, 1)
    plain[:, 0], scores[:, 0] = 0.5, 37.0  # r counts in no measure
    found = fmax_score(Y_TRUE, scores, hierarchy=DIAMOND)
    assert found == fmax_score(Y_TRUE, plain, hierarchy=DIAMOND)

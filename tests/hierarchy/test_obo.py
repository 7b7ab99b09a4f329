"""`Hierarchy.from_obo`: the Gene Ontology, others, files that are wrong."""

import gzip
import pickle
import sys
from pathlib import Path

import pytest

from sklearn_hmlc import Hierarchy

EXCERPT = Path(__file__).parents[1] / "data" / "ontology" / "go_excerpt.obo"
ROOTS = ("GO:0003674", "GO:0005575", "GO:0008150")


@pytest.fixture
def write(tmp_path):
    def write(content, name="small.obo"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def term(name, *lines):
    return "\n".join(["[Term]", f"id: {name}", *lines, "", ""])


# -- the Gene Ontology -----------------------------------------------------------------


def test_whole_gene_ontology(data_dir):
    path = data_dir / "human_go" / "go-2022-07-01.obo"
    go = Hierarchy.from_obo(path)
    assert (go.n_nodes, go.n_edges) == (43_558, 77_055)
    assert len(go.metadata["obsolete"]) == 47_468 - 43_558
    assert go.metadata["data-version"] == "releases/2022-07-01"
    assert go.roots == go.unscored == ROOTS
    assert go.names["GO:0006629"] == "lipid metabolic process"
    assert go.namespaces["GO:0006629"] == "biological_process"
    only_is_a = Hierarchy.from_obo(path, relations=["is_a"])
    assert (only_is_a.n_nodes, only_is_a.n_edges) == (43_558, 70_058)
    only_part_of = Hierarchy.from_obo(path, relations=["part_of"])
    assert only_part_of.n_edges == 6_997


def test_excerpt():
    go = Hierarchy.from_obo(EXCERPT)
    assert go.n_nodes == 35
    assert go.roots == go.unscored == ROOTS
    # One is_a, one part_of.
    assert set(go.parents("GO:0005615")) == {"GO:0005576", "GO:0110165"}
    assert dict(go.alternatives) == {
        "GO:0005554": "GO:0003674",
        "GO:0008372": "GO:0005575",
        "GO:0000004": "GO:0008150",
        "GO:0007582": "GO:0008150",
        "GO:9900001": "GO:0005515",
        "GO:9900002": "GO:0005515",
    }
    assert go.metadata == {
        "data-version": "releases/2022-07-01",
        "ontology": "go",
        "relations": ("is_a", "part_of"),
        "obsolete": ("GO:0000005",),
    }


def test_some_namespaces():
    go = Hierarchy.from_obo(EXCERPT, namespaces=["molecular_function"])
    assert go.roots == go.unscored == ("GO:0003674",)
    assert set(go.namespaces.values()) == {"molecular_function"}
    assert set(go.alternatives.values()) == {"GO:0003674", "GO:0005515"}
    with pytest.raises(ValueError, match=r"'molecular_functon'; it has .*Did you mean"):
        Hierarchy.from_obo(EXCERPT, namespaces=["molecular_functon"])
    with pytest.raises(TypeError, match="wrap a single name in a list"):
        Hierarchy.from_obo(EXCERPT, namespaces="molecular_function")


def test_alternatives_stay(tmp_path):
    go = Hierarchy.from_obo(EXCERPT)
    assert pickle.loads(pickle.dumps(go)) == go
    assert Hierarchy.from_networkx(go.to_networkx()).alternatives == go.alternatives
    part = go.subset(["GO:0003674", "GO:0005488"])
    assert dict(part.alternatives) == {"GO:0005554": "GO:0003674"}
    assert go != Hierarchy(
        go.nodes,
        go.edges,
        go.unscored,
        names=go.names,
        namespaces=go.namespaces,
        metadata=go.metadata,
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": "c"}, "In `alternatives`: 'c' is no node"),
        ({"b": "a"}, "'b' stands for 'a', but is a node itself"),
    ],
)
def test_bad_alternatives(given, message):
    with pytest.raises(ValueError, match=message):
        Hierarchy.from_edges([("a", "b")], alternatives=given)


def test_compressed(tmp_path):
    path = tmp_path / "go.obo.gz"
    path.write_bytes(gzip.compress(EXCERPT.read_bytes()))
    assert Hierarchy.from_obo(path) == Hierarchy.from_obo(EXCERPT)


def test_as_obonet_reads_it():
    obonet = pytest.importorskip("obonet")
    graph = obonet.read_obo(EXCERPT)
    direct = Hierarchy.from_networkx(
        graph, relations=["is_a", "part_of"], direction="child_to_parent"
    )
    ours = Hierarchy.from_obo(EXCERPT)
    assert set(direct.edge_names) == set(ours.edge_names)
    assert direct.names == ours.names


# -- edges between namespaces, kinds of edges ------------------------------------------

TWO_SPACES = (
    term("X:1", "namespace: f")
    + term("X:2", "namespace: f", "is_a: X:1", "relationship: part_of Y:2")
    + term("Y:1", "namespace: p")
    + term("Y:2", "namespace: p", "is_a: Y:1", "relationship: regulates Y:3")
    + term("Y:3", "namespace: p", "is_a: Y:1")
)


def test_edges_between_namespaces(write):
    path = write(TWO_SPACES)
    assert Hierarchy.from_obo(path).parents("X:2") == ("X:1",)
    crossed = Hierarchy.from_obo(path, across_namespaces=True)
    assert set(crossed.parents("X:2")) == {"X:1", "Y:2"}
    assert crossed.unscored == ("X:1", "Y:1")
    with pytest.raises(TypeError, match="`across_namespaces` to be True or False"):
        Hierarchy.from_obo(path, across_namespaces="yes")


def test_kinds_of_edges(write):
    path = write(TWO_SPACES)
    more = Hierarchy.from_obo(path, relations=["is_a", "regulates"])
    assert set(more.parents("Y:2")) == {"Y:1", "Y:3"}
    with pytest.raises(
        ValueError, match=r"'partof' is no kind .*small.obo.*Did you mean 'part_of'"
    ):
        Hierarchy.from_obo(path, relations=["is_a", "partof"])
    with pytest.raises(TypeError, match="wrap a single name in a list"):
        Hierarchy.from_obo(path, relations="is_a")


def test_kinds_that_are_ids(write):
    content = term("X:1") + term("X:2", "relationship: BFO:0000050 X:1")
    typedef = "[Typedef]\nid: BFO:0000050\nname: part of\n"
    assert Hierarchy.from_obo(write(content + typedef)).parents("X:2") == ("X:1",)


def test_unscored_by_choice(write):
    path = write(TWO_SPACES)
    assert Hierarchy.from_obo(path, unscored=[]).unscored == ()
    assert Hierarchy.from_obo(path, unscored=["Y:1"]).unscored == ("Y:1",)


# -- other ontologies ------------------------------------------------------------------

# As the Human Phenotype, Disease and Plant Ontologies are written.
PHENOTYPES = """\
format-version: 1.2
data-version: hp/releases/2024-01-16
default-namespace: human_phenotype
property_value: http://purl.org/dc/terms/license "x: y" xsd:string
! a comment between stanzas

[Term]
id: HP:0000001
name: All
comment: Root of all terms: \\"everything\\".
xref: UMLS:C0444868
[Term]
id: HP:0000118
name: Phenotypic abnormality \\{all\\}
alt_id: HP:0001575 {source="x"} ! old
synonym: "Organ abnormality" EXACT [] {xref="ORCID:0000-0001", x="y"}
is_a:   HP:0000001 {source="HPO:probinson"} ! All
property_value: IAO:0000589 "a! b" xsd:string

relationship: has_modifier HP:0012823 {a="b"} ! in a stanza, after a blank line

[Term]
id: HP:0000924
is_a: HP:0000118 ! Abnormality of the skeletal system
created_by: peter
creation_date: 2008-02-27T02:20:00Z

[Annotation]
subject without a colon is passed over
"""


def test_phenotypes(write):
    hp = Hierarchy.from_obo(write(PHENOTYPES))
    assert hp.nodes == ("HP:0000001", "HP:0000118", "HP:0000924")
    assert hp.unscored == ("HP:0000001",)
    assert hp.names["HP:0000118"] == "Phenotypic abnormality {all}"
    assert "HP:0000924" not in hp.names
    assert set(hp.namespaces.values()) == {"human_phenotype"}
    assert hp.alternatives == {"HP:0001575": "HP:0000118"}
    assert hp.metadata["data-version"] == "hp/releases/2024-01-16"


def test_without_a_head(write, capfd, caplog):
    assert Hierarchy.from_obo(write(term("A:1"))).nodes == ("A:1",)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_several_roots(write):
    plants = (
        term("PO:1", "namespace: plant_anatomy")
        + term("PO:2", "namespace: plant_anatomy", "is_a: PO:1")
        + term("PO:3", "namespace: stage")
        + term("PO:4", "namespace: stage", "is_a: PO:3")
        + term("PO:5", "namespace: stage")
        + term("PO:6", "namespace: stage", "is_a: PO:5")
        + term("PO:7", "namespace: plant_anatomy")
    )
    hierarchy = Hierarchy.from_obo(write(plants))
    # Two roots of a namespace tell rows apart; a term without children is no root.
    assert hierarchy.unscored == ("PO:1",)
    assert len(hierarchy.roots) == 4


def test_parents_of_other_ontologies_are_left_out(write):
    content = (
        term("CL:1")
        + term("CL:2", "is_a: CL:1", "relationship: part_of UBERON:1")
        + term("CL:3", "is_a: CL:4", "is_a: CL:6")
        + term("CL:4", "is_obsolete: true", "replaced_by: CL:5")
        + term("CL:5", "is_obsolete: true", "replaced_by: CL:1")
        + term("CL:6", "is_obsolete: true", "consider: CL:1", "consider: CL:2")
    )
    path = write(content)
    with pytest.warns(
        UserWarning, match=r"small.obo: 2 edges .*'CL:2 part_of UBERON:1', 'CL:3 is_a C"
    ) as caught:
        cells = Hierarchy.from_obo(path)
    assert caught[0].filename == __file__
    assert cells.edge_names == (("CL:1", "CL:2"), ("CL:1", "CL:3"))
    assert cells.alternatives == {"CL:4": "CL:1", "CL:5": "CL:1"}
    assert cells.metadata["obsolete"] == ("CL:6",)


def test_uncertain_or_circular_successors(write):
    content = (
        term("A:1")
        + term("A:2", "is_obsolete: true", "replaced_by: A:3")
        + term("A:3", "is_obsolete: true", "replaced_by: A:2")
        + term("A:4", "is_obsolete: true", "replaced_by: A:1", "replaced_by: A:2")
    )
    hierarchy = Hierarchy.from_obo(write(content))
    assert hierarchy.alternatives == {}
    assert hierarchy.metadata["obsolete"] == ("A:2", "A:3", "A:4")


# -- files that are wrong --------------------------------------------------------------


def test_cut_anywhere_is_read_or_refused(tmp_path):
    """Never a crash inside: either an ontology comes out, or an error with the file."""
    content = EXCERPT.read_bytes()
    path = tmp_path / "cut.obo"
    refused = []
    for end in range(0, len(content), 97):
        path.write_bytes(content[:end])
        try:
            Hierarchy.from_obo(path)
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 30
    assert all("cut.obo, line " in message for message in refused)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"small.obo, line 1: expected an ontology with \[Term\] .*cut short"),
        ("<?xml version='1.0'?>\n<owl/>", "line 1: .*seems to be XML: get .* as OBO"),
        (
            "gene\tterm\n",
            r"line 1: expected `tag: value` .*got 'gene\\tterm'\. This is",
        ),
        (term("A:1", "is_a:"), r"line 3: expected an id after `is_a:`, but got ''\."),
        (
            term("A:1", "relationship: part_of"),
            "line 3: expected a kind and an id after `relationship:`, but got 'part",
        ),
        (
            "[Term]\nname: x\n\n" + term("A:1"),
            "line 1: the stanza .* has no `id:` line",
        ),
        (
            term("A:1", "id: A:2"),
            "line 3: a second id, A:2, in the stanza .* in line 1",
        ),
        (term("A:1", "nothing"), r"line 3: expected `tag: value`.*got 'nothing'"),
        (
            term("A:1", "is_a: A:2 ! x"),
            "line 3: term A:1 is_a A:2, but the file has no term A:2. Is it cut short",
        ),
        (
            term("A:1", "is_a: A:3")
            + term("A:2", "is_a: A:1")
            + term("A:3", "is_a: A:2"),
            "line [37]: term .* is its own ancestor through .* -> .* -> .*; remove one",
        ),
    ],
)
def test_wrong_files(write, content, message):
    with pytest.raises(ValueError, match=message):
        Hierarchy.from_obo(write(content))


def test_compressed_file_that_is_cut(tmp_path):
    path = tmp_path / "go.obo.gz"
    path.write_bytes(gzip.compress(EXCERPT.read_bytes())[:900])
    with pytest.raises(
        ValueError, match=r"go.obo.gz: expected a compressed .*cut short"
    ):
        Hierarchy.from_obo(path)


def test_folder_and_missing_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="this is a folder; name a file in it"):
        Hierarchy.from_obo(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none\.obo"):
        Hierarchy.from_obo(tmp_path / "none.obo")


def test_without_obonet(monkeypatch):
    monkeypatch.setitem(sys.modules, "obonet", None)
    with pytest.raises(ImportError, match=r"needs obonet.*sklearn-hmlc\[ontology\]"):
        Hierarchy.from_obo(EXCERPT)


@pytest.mark.parametrize("option", ["namespaces", "relations"])
def test_a_single_name(option):
    path = Path(__file__).parents[1] / "data" / "ontology" / "go_excerpt.obo"
    with pytest.raises(TypeError, match=rf"In `{option}`: .* in a list: \['part_of'\]"):
        Hierarchy.from_obo(path, **{option: "part_of"})

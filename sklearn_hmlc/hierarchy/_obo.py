"""`Hierarchy.from_obo`: an ontology in the OBO format -> nodes, edges, facts.

Stage: inside `Hierarchy`'s constructors. In: a path and which edges and namespaces are
wanted. Out: a hierarchy whose alternative ids are known. obonet makes the graph. It
asks for a blank line above every stanza and tells no line numbers, so that lines are
checked and put in order here first.
Source: the OBO flat file format, versions 1.2 and 1.4.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from .._optional import optional
from .._reading import Text, read_text
from .._validation import Node, as_list, check_bool, count, did_you_mean, shorten
from . import _construct, _direction, _graph

H = TypeVar("H")
Edge = tuple[str, str, str]  # child, kind, parent

# What is read of each stanza; definitions and synonyms are most of a file.
_TERM = {"id", "name", "namespace", "alt_id", "is_a", "relationship"}
_TAGS = {
    "[Term]": _TERM | {"is_obsolete", "replaced_by"},
    "[Typedef]": {"id", "name"},
}
_ESCAPED = re.compile(r"\\(.)")
# Words that a line must have after its tag; those that follow are comments.
_MIN_WORDS = {"id": 1, "alt_id": 1, "is_a": 1, "replaced_by": 1, "relationship": 2}
_HEADER = ("data-version", "date", "ontology")


@dataclass
class Choice:
    """Which edges and terms of an ontology are wanted."""

    relations: Any
    across_namespaces: bool
    namespaces: Any

    def __post_init__(self) -> None:
        """Check what a user gives."""
        check_bool("across_namespaces", self.across_namespaces)
        self.relations = as_list(self.relations, "relations")
        if self.namespaces is not None:
            self.namespaces = as_list(self.namespaces, "namespaces")


@dataclass(frozen=True)
class Ontology:
    """What is in the file: live terms with their attributes, and the edges."""

    text: Text
    terms: dict[str, dict[str, Any]]
    obsolete: dict[str, dict[str, Any]]
    edges: list[Edge]
    header: dict[str, Any]
    kinds: list[str]

    def successors(self) -> dict[str, str]:
        """Return the live term that each merged or replaced id stands for."""
        found = {
            other: term
            for term, data in self.terms.items()
            for other in data.get("alt_id", ())
            if other not in self.terms
        }
        for old, data in self.obsolete.items():
            for other in (old, *data.get("alt_id", ())):
                found.setdefault(other, self._follow(old))
        return {old: new for old, new in found.items() if new in self.terms}

    def _follow(self, old: str) -> str:
        """Walk from an obsolete term to what has replaced it, while that is certain."""
        seen = {old}
        while old in self.obsolete:
            following = self.obsolete[old].get("replaced_by", ())
            if len(following) != 1 or following[0] in seen:
                break
            old = following[0]
            seen.add(old)
        return old

    def namespaces(self) -> dict[str, str]:
        """Return the namespace of each live term that has one."""
        default = self.header.get("default-namespace", [None])[0]
        spaces = ((x, data.get("namespace", default)) for x, data in self.terms.items())
        return {term: space for term, space in spaces if space is not None}


def read(
    make: Callable[..., H],
    path: str | os.PathLike[str],
    only: Choice,
    unscored: Iterable[Node] | None,
) -> H:
    """Read a file and make a hierarchy of what is wanted of it."""
    obonet = optional("obonet", "Hierarchy.from_obo", "ontology")
    text = read_text(path)
    ontology = _read_ontology(text, obonet)
    spaces = ontology.namespaces()
    nodes = _wanted_terms(ontology, spaces, only)
    successors = ontology.successors()
    pairs = _wanted_pairs(ontology, spaces, only, successors)
    index = {node: position for position, node in enumerate(nodes)}
    found = [(index[a], index[b]) for a, b in pairs if a in index and b in index]
    edges = np.array(found, dtype=np.intp).reshape(-1, 2)
    _check_acyclic(text, nodes, edges)
    titles = ((x, ontology.terms[x].get("name")) for x in nodes)
    return make(
        nodes,
        edges,
        _namespace_roots(nodes, edges, spaces) if unscored is None else unscored,
        names={x: _ESCAPED.sub(r"\1", title) for x, title in titles if title},
        namespaces={x: spaces[x] for x in nodes if x in spaces},
        metadata=_metadata(ontology, successors, only),
        alternatives={old: new for old, new in successors.items() if new in index},
    )


# -- the file --------------------------------------------------------------------------


def _read_ontology(text: Text, obonet: Any) -> Ontology:
    lines, ids = _in_order(text)
    try:
        # A graph keeps all kinds of edges, each once.
        graph = obonet.read_obo(io.StringIO("\n".join(lines)), ignore_obsolete=False)
    except ValueError as error:
        raise ValueError(f"{text.path}: obonet could not read it ({error}).") from error
    stated = {term: graph.nodes[term] for term in ids}
    obsolete = {x: d for x, d in stated.items() if d.get("is_obsolete") == "true"}
    names = _names_of_kinds(graph.graph["typedefs"])
    edges = [(a, names.get(kind, kind), b) for a, b, kind in graph.edges(keys=True)]
    return Ontology(
        text=text,
        terms={x: data for x, data in stated.items() if x not in obsolete},
        obsolete=obsolete,
        edges=[edge for edge in edges if edge[0] not in obsolete],
        header=graph.graph,
        kinds=list(dict.fromkeys(["is_a", *names.values(), *(e[1] for e in edges)])),
    )


def _names_of_kinds(typedefs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the kinds' ids and what to call them: BFO:0000050 is named "part of"."""
    named = {}
    for typedef in typedefs:
        kind = typedef.get("id", "")
        title = typedef.get("name", kind).replace(" ", "_")
        named[kind] = title if ":" in kind else kind
    return named


def _in_order(text: Text) -> tuple[list[str], list[str]]:
    """Return the lines to read, a blank one above every stanza, and the terms' ids.

    Raises
    ------
    ValueError
        If a line is none of the format, or a term has no id or two.
    """
    # Without a head, or a name in it, obonet would log a warning for all to see.
    lines: list[str] = ["name: ontology"]
    ids: list[str] = []
    stanza, begin, has_id = "", 0, True
    for number, raw in enumerate(text.lines, start=1):
        line = raw.strip()
        if not line or line[0] == "!":
            continue
        if line[0] == "[":
            _check_id(text, begin, has_id)
            stanza, begin = line.partition("]")[0] + "]", number
            has_id = stanza not in _TAGS
            lines += ("", stanza) if stanza in _TAGS else ()
            continue
        if begin and stanza not in _TAGS:
            continue
        tag, colon, value = line.partition(":")
        if not colon:
            raise text.error(number, _no_line(line, begin))
        if begin and tag not in _TAGS[stanza]:
            continue
        if begin and tag in _MIN_WORDS:
            value = _first_words(text, number, tag, value)
            line = f"{tag}: {value}"
        if begin and tag == "id":
            _check_first_id(text, number, begin, value, has_id)
            has_id = True
            ids += [value] if stanza == "[Term]" else []
        lines.append(line)
    _check_id(text, begin, has_id)
    if not ids:
        raise text.error(
            len(text.lines),
            "expected an ontology with [Term] stanzas, but the file ends without one.",
        )
    return lines, list(dict.fromkeys(ids))


def _first_words(text: Text, number: int, tag: str, value: str) -> str:
    """Leave out what follows the ids: modifiers in braces, and names after a "!"."""
    words = value.split("!", 1)[0].split()[: _MIN_WORDS[tag]]
    if len(words) < _MIN_WORDS[tag]:
        expected = "an id" if _MIN_WORDS[tag] == 1 else "a kind and an id"
        raise text.error(
            number, f"expected {expected} after `{tag}:`, but got {value.strip()!r}."
        )
    return " ".join(words)


def _check_id(text: Text, begin: int, has_id: bool) -> None:
    if not has_id:
        raise text.error(begin, "the stanza that begins here has no `id:` line.")


def _check_first_id(
    text: Text, number: int, begin: int, value: str, has_id: bool
) -> None:
    if has_id:
        raise text.error(
            number,
            f"a second id, {value}, in the stanza that begins in line {begin}; put "
            "[Term] above it if it is another term.",
        )


def _no_line(line: str, begin: int) -> str:
    what = "expected `tag: value` or a stanza such as [Term]"
    advice = ""
    if line[0] == "<":
        advice = " It seems to be XML: get the ontology as OBO, not as OWL."
    elif not begin:
        advice = " This is no OBO file, or a line of it is broken."
    return f"{what}, but got {line[:60]!r}.{advice}"


# -- what is wanted of it --------------------------------------------------------------


def _wanted_terms(
    ontology: Ontology, spaces: Mapping[str, str], only: Choice
) -> list[str]:
    if only.namespaces is None:
        return list(ontology.terms)
    there = list(dict.fromkeys(spaces.values()))
    for space in only.namespaces:
        if space not in there:
            raise ValueError(
                f"In `namespaces`: {ontology.text.path} has no namespace {space!r}; it "
                f"has {shorten(there)}.{did_you_mean(space, there)}"
            )
    return [term for term in ontology.terms if spaces.get(term) in only.namespaces]


def _wanted_pairs(
    ontology: Ontology,
    spaces: Mapping[str, str],
    only: Choice,
    successors: Mapping[str, str],
) -> list[tuple[str, str]]:
    """Return the edges (parent, child) of the wanted kinds between live terms."""
    _check_kinds(ontology, only.relations)
    pairs, outside = [], []
    for child, kind, parent in ontology.edges:
        if kind not in only.relations:
            continue
        above = parent if parent in ontology.terms else successors.get(parent)
        if above is None:
            _check_parent(ontology, child, kind, parent)
            outside.append(f"{child} {kind} {parent}")
        elif only.across_namespaces or spaces.get(above) == spaces.get(child):
            pairs.append((above, child))
    if outside:
        warnings.warn(
            f"{ontology.text.path}: {count(len(outside), 'edge')} to terms that are "
            "obsolete, or of other ontologies and not in the file, are left out: "
            f"{shorten(outside, 3)}.",
            UserWarning,
            stacklevel=4,
        )
    return pairs


def _check_kinds(ontology: Ontology, relations: Sequence[Any]) -> None:
    for word in relations:
        # An ontology may happen to lack one of the usual kinds.
        if word not in ontology.kinds and not _direction.is_relation(str(word)):
            raise ValueError(
                f"In `relations`: {word!r} is no kind of the edges in "
                f"{ontology.text.path}, which are {shorten(ontology.kinds, 20)}."
                f"{did_you_mean(word, ontology.kinds)}"
            )


def _check_parent(ontology: Ontology, child: str, kind: str, parent: str) -> None:
    """Raise where a term of the same ontology is in no stanza: the file is cut."""
    other_ontology = ":" in parent and _prefix(parent) != _prefix(child)
    if parent in ontology.obsolete or other_ontology:
        return
    raise ontology.text.error(
        _line_of(ontology.text, child, parent),
        f"term {child} {kind} {parent}, but the file has no term {parent}. Is it cut "
        "short?",
    )


def _prefix(term: str) -> str:
    return term.partition(":")[0]


def _check_acyclic(text: Text, nodes: Sequence[str], edges: np.ndarray) -> None:
    """Raise where a term is its own ancestor, with the line of one of the edges."""
    parents, children = edges.T
    if len(_graph.topological_order(len(nodes), parents, children)) == len(nodes):
        return
    cycle = [nodes[x] for x in _graph.find_cycle(len(nodes), parents, children)]
    raise text.error(
        _line_of(text, child=cycle[1], parent=cycle[0]),
        f"term {cycle[0]!r} is its own ancestor through {_construct.arrows(cycle)}; "
        "remove one of these edges, or choose other `relations`.",
    )


def _line_of(text: Text, child: str, parent: str) -> int:
    """Return the line of the edge: in the child's stanza, the one with the parent."""
    begin = 0
    for number, line in enumerate(text.lines, start=1):
        words = line.split()
        if words[:2] == ["id:", child]:
            begin = number
        elif begin and parent in words[1:3]:
            return number
        elif line.startswith("[") and begin:
            break
    return begin or 1


def _namespace_roots(
    nodes: Sequence[str], edges: np.ndarray, spaces: Mapping[str, str]
) -> list[str]:
    """Return the root of each namespace that has a single one.

    Several roots of one namespace tell rows apart, so that they are scored.
    """
    tops = np.setdiff1d(edges[:, 0], edges[:, 1])
    roots = [nodes[position] for position in tops.tolist()]
    times = Counter(spaces.get(root) for root in roots)
    return [root for root in roots if times[spaces.get(root)] == 1]


def _metadata(
    ontology: Ontology, successors: Mapping[str, str], only: Choice
) -> dict[str, Any]:
    header = {key: ontology.header[key] for key in _HEADER if key in ontology.header}
    lost = tuple(old for old in ontology.obsolete if old not in successors)
    relations = tuple(map(str, only.relations))
    return {**header, "relations": relations, "obsolete": lost}

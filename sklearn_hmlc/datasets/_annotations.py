"""`read_annotations`: who has which term, from the files that biologists have.

Stage: a file and a hierarchy -> rows (id, node) that hold, and a report of what became
of all others. `labels` makes ``Y`` of them.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from .._reading import Text, read_text
from .._validation import as_list, count, did_you_mean, shorten
from ..hierarchy import Hierarchy
from ._annotation_files import Rows, map_values, read_rows
from ._codes import hierarchy_of_codes
from ._evidence import CODES, NAMESPACES, NO_DATA, RELATIONS, code_of, wanted_codes
from ._tables import MISSING, head_words, malformed_words

_SEPARATORS = re.compile(r"\s*[;|,@]\s*")
_NEGATED = re.compile(r"(?<![a-z])not(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, repr=False)
class AnnotationReport:
    """What became of the rows of an annotation file.

    Attributes
    ----------
    path, format : str
        The file, and its format as it was found to be.
    n_rows, n_kept, n_ids : int
        Rows in the file, rows that were kept, and different ids among these.
    dropped : dict of str to int
        Rows that were not kept, by reason; each row counts once.
    replaced : dict of str to str
        Ids of terms in kept rows that were merged or replaced, and the nodes they
        became.
    n_replaced : int
        Rows in which a term was replaced.
    unknown : dict of str to int
        Terms that are in no way known, and their rows, the most frequent first.
    malformed : dict of int to str
        Line numbers of what is no row, and what is wrong there.
    header_line : int or None
        The line that was read as the head of a table; None where there is no head.

    Examples
    --------
    >>> from sklearn_hmlc.datasets import AnnotationReport
    >>> AnnotationReport("go.gaf", "GAF 2.2", 5, 4, 2, {"negated (NOT)": 1})
    go.gaf (GAF 2.2): 5 rows, 4 kept (2 ids)
      dropped: 1 negated (NOT)
    """

    path: str
    format: str
    n_rows: int
    n_kept: int
    n_ids: int
    dropped: dict = field(default_factory=dict)
    replaced: dict = field(default_factory=dict)
    n_replaced: int = 0
    unknown: dict = field(default_factory=dict)
    malformed: dict = field(default_factory=dict)
    header_line: int | None = None

    def __repr__(self):
        lines = [
            f"{self.path} ({head_words(self.format, self.header_line)}): "
            f"{count(self.n_rows, 'row')}, {self.n_kept:,} kept "
            f"({count(self.n_ids, 'id')})"
        ]
        if self.dropped:
            some = (f"{number:,} {reason}" for reason, number in self.dropped.items())
            lines.append(f"dropped: {', '.join(some)}")
        if self.unknown:
            lines.append(
                f"unknown: {count(len(self.unknown), 'term')}, such as "
                f"{shorten(self.unknown, 3)}"
            )
        if self.replaced:
            some = [f"{old} -> {new}" for old, new in list(self.replaced.items())[:3]]
            lines.append(
                f"replaced: {count(self.n_replaced, 'row')} of "
                f"{count(len(self.replaced), 'term')}, such as {', '.join(some)}"
            )
        return "\n  ".join([*lines, *malformed_words(self.malformed)])


@validate_params(
    {
        "path": [str, os.PathLike],
        "hierarchy": [Hierarchy, None],
        "evidence": "no_validation",
        "qualifiers": "no_validation",
        "taxon": "no_validation",
        "id_column": [str, int, None],
        "term_column": [str, int, None],
        "term_sep": [str, None],
        "code_sep": [str, None],
        "header": ["boolean", None],
        "on_error": [StrOptions({"raise", "skip"})],
    },
    prefer_skip_nested_validation=True,
)
def read_annotations(
    path,
    hierarchy=None,
    *,
    evidence="experimental",
    qualifiers=None,
    taxon=None,
    id_column=None,
    term_column=None,
    term_sep=None,
    code_sep=None,
    header=None,
    on_error="raise",
):
    r"""Read who has which term: GAF, GPAD, gene2go, or a table.

    GAF 2.0 to 2.2, GPAD 1.1 and 2.0 and gene2go are known by their heads. All else is a
    table of tab- or comma-separated values: ids, terms and, perhaps, evidence codes.

    Parameters
    ----------
    path : str or path-like
        The file, perhaps compressed (``.gz``, ``.xz``, ``.bz2``, ``.zip``).
    hierarchy : Hierarchy, default=None
        The terms. Its ``alternatives`` stand for the terms that have replaced them.
        None, for a table: the terms are path codes such as ``14/04``, and the hierarchy
        is made of them.
    evidence : {"experimental", "curated", "all"} or list, default="experimental"
        Evidence codes of the rows to keep. "experimental": CAFA's codes, which are
        EXP, IDA, IPI, IMP, IGI, IEP, HTP, HDA, HMP, HGI, HEP, TAS and IC, and PCS of
        phenotypes. "curated": all but IEA. ND ("no data") is only kept where it is
        listed. Tables without a column of codes are kept whole. See `EVIDENCE`.
    qualifiers : list of str, default=None
        Relations of the rows to keep, such as ``["enables", "involved_in"]``, where the
        file has them. None: all. Negated rows (NOT) are never kept.
    taxon : int or str, or list of them, default=None
        NCBI's number of the species to keep, such as 9606. None: all.
    id_column : str or int, default=None
        What names a row: "symbol", "name" or "form" of a GAF file, "db_id" of a GPAD 2
        file, a column (by name, or by position from 0) of a table. None: the id in its
        database; the first column of a table.
    term_column : str or int, default=None
        The column of a table, however wide, that has the terms.
    term_sep : str, default=None
        What separates several terms in a cell of a table. None: ``;``, ``|``, ``,`` or
        ``@`` in cells that are no terms as a whole.
    code_sep : str, default=None
        What separates the levels of path codes, where there is no ``hierarchy``: "."
        of EC numbers, whose levels ``-`` at the end are left out. None: "/".
    header : bool, default=None
        Whether the first line of a table has the names of the columns. None: what it
        looks like; the report says which line was taken for it.
    on_error : {"raise", "skip"}, default="raise"
        What to do with malformed lines. "skip": leave them out, and report them.

    Returns
    -------
    annotations : :class:`~sklearn.utils.Bunch`
        With the following attributes.

        table : DataFrame
            A row per kept row of the file, by line number: ``id`` (str), ``node`` and,
            where the file has them, ``evidence`` (code) and ``qualifier``.
        hierarchy : Hierarchy
            As given, or made of the codes.
        report : AnnotationReport
            What became of all rows.
        filename : str
            The path.
        ids : Index of str of shape (n_ids,)
            The different ids in the table, in its order.

    Raises
    ------
    ValueError
        If a line is malformed, with its number; if nobody can tell whether the first
        line is a head, or what separates the levels of codes; or if no row is left,
        with the report.

    See Also
    --------
    labels : Make ``Y`` of them.
    read_features : Features of the same ids.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.datasets import read_annotations
    >>> hierarchy = Hierarchy.from_edges(
    ...     [("GO:1", "GO:2")], alternatives={"GO:9": "GO:2"}
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "genes.csv")
    ...     _ = path.write_text("P1,GO:2,IDA\nP2,GO:9,IPI\nP2,GO:1,IEA\n")
    ...     annotations = read_annotations(path, hierarchy)
    >>> annotations.table
       id  node evidence
    1  P1  GO:2      IDA
    2  P2  GO:2      IPI
    >>> annotations.report.dropped
    {'other evidence': 1}
    """
    codes, species = wanted_codes(evidence), _species(taxon)
    text = read_text(path)

    def is_term(cell: str) -> bool:
        parts = _split_cell(cell, hierarchy, term_sep)
        return hierarchy is not None and any(_is_known(x, hierarchy) for x in parts)

    rows = read_rows(text, id_column, term_column, header, is_term)
    if rows.malformed and on_error == "raise":
        raise _malformed(text, rows.malformed)
    frame, hierarchy = _single_terms(text.path, rows, hierarchy, term_sep, code_sep)
    keep = _Keep(frame, {"malformed": len(rows.malformed)})
    keep.taxon(species, text.path)
    keep.qualifier(None if qualifiers is None else as_list(qualifiers, "qualifiers"))
    keep.evidence(codes)
    replaced, n_replaced = keep.terms(hierarchy)
    table = keep.table()
    report = AnnotationReport(
        path=text.path,
        format=rows.format,
        n_rows=len(frame) + len(rows.malformed),
        n_kept=len(table),
        n_ids=table["id"].nunique(),
        dropped={reason: number for reason, number in keep.dropped.items() if number},
        replaced=replaced,
        n_replaced=n_replaced,
        unknown=keep.unknown,
        malformed=rows.malformed,
        header_line=rows.header_line,
    )
    if not len(table):
        raise ValueError(f"No row is left to read.\n{report!r}")
    return Bunch(
        table=table,
        hierarchy=hierarchy,
        ids=pd.Index(table["id"].unique(), name="id", dtype=object),
        report=report,
        filename=text.path,
    )


def _malformed(text: Text, malformed: dict[int, str]) -> ValueError:
    line, what = next(iter(malformed.items()))
    more = len(malformed) - 1
    others = f" So {count(more, 'other line')} malformed." if more else ""
    return text.error(
        line,
        f"{what}. Mend the line, or leave such lines out by on_error='skip'.{others}",
    )


def _species(taxon) -> list[str] | None:
    """Return the numbers of species as text."""
    if taxon is None:
        return None
    several = (
        [taxon]
        if isinstance(taxon, str | int | np.integer)
        else as_list(taxon, "taxon")
    )
    numbers = [str(one).rpartition(":")[2] for one in several]
    for number in numbers:
        if not number.isdecimal():
            raise ValueError(
                f"Expected `taxon` as NCBI's number of a species, such as 9606, but "
                f"got {number!r}."
            )
    return numbers


def _single_terms(
    path: str,
    rows: Rows,
    hierarchy: Hierarchy | None,
    term_sep: str | None,
    code_sep: str | None,
) -> tuple[pd.DataFrame, Hierarchy]:
    """Return rows of one term each, and the hierarchy of the terms."""
    frame = rows.frame
    if rows.format == "table":
        frame = _split_cells(frame, hierarchy, term_sep)
    if hierarchy is not None and code_sep is not None:
        raise ValueError(
            "Leave out `code_sep`, which makes a hierarchy of path codes, or leave out "
            "`hierarchy`."
        )
    if hierarchy is None:
        if rows.format != "table":
            raise ValueError(
                f"Expected `hierarchy` for a {rows.format} file; read the ontology by "
                "`Hierarchy.from_obo`."
            )
        codes = [term for term in frame["term"].cat.categories if term]
        if any(re.fullmatch(r"[A-Za-z]+:\d+", code) for code in codes):
            raise ValueError(
                f"Expected `hierarchy` for terms such as {codes[0]!r}; read the "
                "ontology by `Hierarchy.from_obo`."
            )
        hierarchy, renamed = hierarchy_of_codes(path, codes, code_sep)
        terms = map_values(frame["term"], lambda code: renamed.get(code, code))
        frame = frame.assign(term=terms)
    return frame, hierarchy


def _is_known(term: str, hierarchy: Hierarchy) -> bool:
    return term in hierarchy or term in hierarchy.alternatives


def _split_cells(
    frame: pd.DataFrame, hierarchy: Hierarchy | None, term_sep: str | None
) -> pd.DataFrame:
    cells = frame["term"].cat.categories
    parts = [_split_cell(cell, hierarchy, term_sep) for cell in cells]
    if all(len(part) == 1 for part in parts):
        return frame
    codes = frame["term"].cat.codes.to_numpy()
    times = np.array([len(part) for part in parts], dtype=int)[codes]
    repeated = frame.iloc[np.repeat(np.arange(len(frame)), times)]
    terms = [term for code in codes.tolist() for term in parts[code]]
    return repeated.assign(term=pd.Categorical(terms))


def _split_cell(cell: str, hierarchy: Hierarchy | None, sep: str | None) -> list[str]:
    if hierarchy is not None and _is_known(cell, hierarchy):
        return [cell]
    parts = _SEPARATORS.split(cell) if sep is None else cell.split(sep)
    return [part.strip() for part in parts if part.strip()] or [""]


class _Keep:
    """Which rows are still in, and how many went for each reason."""

    def __init__(self, frame: pd.DataFrame, dropped: dict[str, int]):
        self.frame = frame
        self.dropped = dropped
        self.mask = np.ones(len(frame), dtype=bool)
        self.nodes: pd.Series | None = None
        self.unknown: dict[str, int] = {}

    def by_value(self, column: str, good: Callable[[str], bool]) -> np.ndarray:
        """Ask each distinct value of a column once, and answer for the rows."""
        values = self.frame[column].cat
        answers = np.array([good(value) for value in values.categories], dtype=bool)
        return answers[values.codes.to_numpy()] if len(answers) else self.mask

    def only(self, good: np.ndarray, reason: str) -> None:
        self.dropped[reason] = int((self.mask & ~good).sum())
        self.mask &= good

    def taxon(self, species: list[str] | None, path: str) -> None:
        if species is None:
            return
        if "taxon" not in self.frame:
            raise ValueError(
                f"{path} does not say of which species its rows are; leave out `taxon`."
            )

        def fits(value: str) -> bool:
            # A second one is that of a host or of an other partner.
            return value.split("|")[0].rpartition(":")[2] in species

        self.only(self.by_value("taxon", fits), "of another taxon")

    def qualifier(self, wanted: list | None) -> None:
        if "qualifier" not in self.frame:
            return
        holds = self.by_value("qualifier", lambda x: not _NEGATED.search(x))
        self.only(holds, "negated (NOT)")
        if wanted is None:
            return
        values = self.frame["qualifier"].cat.categories
        words = {value: re.split(r"[|,;\s]+", value) for value in values}
        there = dict.fromkeys([*(w for some in words.values() for w in some)])
        for word in wanted:
            if word not in there and word not in RELATIONS.values():
                raise ValueError(
                    f"In `qualifiers`: the file has no {word!r}, but "
                    f"{shorten(there, 10)}.{did_you_mean(word, there)}"
                )
        good = self.by_value("qualifier", lambda x: bool({*words[x]} & {*wanted}))
        self.only(good, "of another qualifier")

    def evidence(self, codes: frozenset[str] | None) -> None:
        if "evidence" not in self.frame:
            return
        if codes is None or NO_DATA not in codes:
            has_data = self.by_value("evidence", lambda x: code_of(x) != NO_DATA)
            self.only(has_data, "no data (ND)")
        if codes is None:
            return
        there = self.by_value("evidence", lambda x: x not in MISSING)
        self.only(there, "without evidence")
        known = [*CODES, *codes]
        self.only(
            self.by_value("evidence", lambda x: code_of(x) in known),
            "evidence of an unknown code",
        )
        self.only(
            self.by_value("evidence", lambda x: code_of(x) in codes), "other evidence"
        )

    def terms(self, hierarchy: Hierarchy) -> tuple[dict, int]:
        """Put nodes for terms; return what was replaced, and in how many rows."""
        others = hierarchy.alternatives
        self.only(self.by_value("term", bool), "without a term")
        column = self.frame["term"].cat
        nodes = {x: others.get(x, x) for x in column.categories}
        known = self.by_value("term", lambda x: nodes[x] in hierarchy)
        if not known[self.mask].all():
            self._not_known(hierarchy, known)
        self.mask &= known
        used = self.frame["term"][self.mask].value_counts()
        used = used[used > 0]
        replaced = {x: nodes[x] for x in used.index if nodes[x] != x}
        self.nodes = self.frame["term"][self.mask].map(nodes).astype(object)
        return replaced, int(used[list(replaced)].sum())

    def _not_known(self, hierarchy: Hierarchy, known: np.ndarray) -> None:
        obsolete = set(hierarchy.metadata.get("obsolete", ()))
        gone = self.by_value("term", lambda x: x in obsolete)
        self.only(~gone, "of obsolete terms")
        spaces = set(hierarchy.namespaces.values())
        if "aspect" in self.frame and spaces:
            there = self.by_value("aspect", lambda x: NAMESPACES.get(x, x) in spaces)
            named = self.by_value("aspect", lambda x: x in NAMESPACES)
            self.only(known | there | ~named, "of another namespace")
        odd = self.mask & ~known
        self.dropped["of unknown terms"] = int(odd.sum())
        times = self.frame["term"][odd].value_counts()
        self.unknown = {term: int(k) for term, k in times.items() if k}

    def table(self) -> pd.DataFrame:
        kept = self.frame[self.mask]
        # Of objects, which scikit-learn splits; text of pandas it does not.
        table = pd.DataFrame({"id": kept["id"].astype(object), "node": self.nodes})
        if "evidence" in kept:
            table["evidence"] = kept["evidence"].map(code_of)
        if "qualifier" in kept:
            table["qualifier"] = kept["qualifier"].cat.remove_unused_categories()
        return table

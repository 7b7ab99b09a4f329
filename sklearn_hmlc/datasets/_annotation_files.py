"""Annotation files of several formats as one frame of text columns.

Stage: a file -> `Rows`: columns ``id``, ``term`` and, where the format has them,
``evidence``, ``qualifier``, ``taxon`` and ``aspect``; the index has line numbers.
Nothing here knows hierarchies.
Sources: GAF 2.0 to 2.2 and GPAD 1.1 and 2.0 (geneontology.org/docs), gene2go (NCBI).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._reading import Text
from .._validation import did_you_mean, shorten
from ._evidence import CODES, RELATIONS, code_of
from ._tables import HasHead, Table, as_table, keep_width


@dataclass(frozen=True)
class Layout:
    """Columns of a format, and how many of them a line may have."""

    name: str
    columns: tuple[str, ...]
    widths: frozenset[int]


def _layout(name: str, columns: str, fewest: int) -> Layout:
    names = tuple(columns.split())
    return Layout(name, names, frozenset(range(fewest, len(names) + 1)))


GAF = _layout(
    "GAF",
    "db id symbol qualifier term reference evidence with aspect name synonyms type "
    "taxon date assigned_by extension form",
    15,
)
GPAD_1 = _layout(
    "GPAD 1",
    "db id qualifier term reference evidence with interacting_taxon date assigned_by "
    "extension properties",
    10,
)
GPAD_2 = _layout(
    "GPAD 2",
    "db_id negation qualifier term reference evidence with interacting_taxon date "
    "assigned_by extension properties",
    10,
)
GENE2GO = _layout(
    "gene2go", "taxon id term evidence qualifier name reference aspect", 8
)

_GENE2GO_HEAD = "tax_id\tGeneID\tGO_ID"
_USED = ("id", "term", "evidence", "qualifier", "taxon", "aspect")
# Columns that can name a row; of gene2go "name" is that of the term.
_NAME_ROWS = ("id", "db_id", "symbol", "name", "form")
# What the columns of a table may be called, in small letters.
_CALLED = {
    "id": "id gene gene_id geneid gene_name gene_symbol symbol ncbi_gene_id protein "
    "protein_id uniprot uniprot_id entry accession locus db_object_id database_id "
    "databaseid",
    "term": "term terms term_id go go_id go_term node nodes label labels hpo_id code",
    "evidence": "evidence evidence_code ev",
    "qualifier": "qualifier qualifiers",
    "taxon": "taxon tax_id taxon_id",
}


@dataclass(frozen=True)
class Rows:
    """What a file says, row by row, and the lines that are no rows."""

    format: str
    frame: pd.DataFrame
    malformed: dict[int, str]
    header_line: int | None = None


def read_rows(
    text: Text, id_column, term_column, header, is_term: Callable[[str], bool]
) -> Rows:
    """Find the format by the first lines, and read the columns that are of use.

    ``is_term`` tells whether a cell has terms that are known.
    """
    version = _version(text)
    if version is None:
        return _read_table(text, id_column, term_column, header, is_term)
    layout, name = version
    if header is not None:
        raise ValueError(
            f"{text.path} is a {layout.name} file, whose columns are known; leave out "
            "`header`, which is for tables."
        )
    if term_column is not None:
        raise ValueError(
            f"{text.path} is a {layout.name} file, in which terms have a column of "
            "their own; leave out `term_column`, which is for tables."
        )
    return _read_layout(text, layout, name, id_column)


def _version(text: Text) -> tuple[Layout, str] | None:
    """Return the format and its version by the head, or by the first row."""
    for line in text.lines:
        if not line.strip():
            continue
        if line.lstrip("#").startswith(_GENE2GO_HEAD):
            return GENE2GO, "gene2go"
        head = re.match(r"!\s*(gaf|gpa|gpad)-version:\s*(\d+)(\S*)", line)
        if head:
            kind, major, minor = head.groups()
            if kind == "gaf":
                return GAF, f"GAF {major}{minor}"
            return (GPAD_1 if major == "1" else GPAD_2), f"GPAD {major}{minor}"
        if not line.startswith(("!", "#")):
            return _guess(line.split("\t"))
    return None


def _guess(cells: list[str]) -> tuple[Layout, str] | None:
    """Tell a GAF file without a head from a table, by the aspect of its first row."""
    if len(cells) in GAF.widths and cells[8] in ("F", "P", "C"):
        return GAF, "GAF"
    return None


# -- formats with a layout -------------------------------------------------------------


def _read_layout(text: Text, layout: Layout, name: str, id_column) -> Rows:
    numbers = np.array(
        [
            k
            for k, line in enumerate(text.lines, start=1)
            if not line.startswith(("!", "#", _GENE2GO_HEAD)) and line.strip()
        ],
        dtype=int,
    )
    records = [text.lines[k - 1] for k in numbers.tolist()]
    table = keep_width(text, "\t", None, records, numbers, layout.widths)
    renamed = _id_name(layout, id_column)
    wanted = [*_USED, *(("properties",) if layout in (GPAD_1, GPAD_2) else ())]
    # Some programs leave out empty columns at the end.
    there = layout.columns[: table.n_columns] if table.records else layout.columns
    names = [_role(column, renamed) for column in there]
    used = [column for column in (*wanted, "negation") if column in names]
    frame = _text_columns(table, names, used)
    if layout is GPAD_2:
        frame = _as_gpad_1(frame, cut_prefix=id_column != "db_id")
    if "properties" in frame:
        frame = _codes_from_properties(frame)
    return _without_empty(Rows(name, frame, table.malformed))


def _id_name(layout: Layout, id_column) -> str:
    """Return the column of the layout that names the rows."""
    usual = "db_id" if layout is GPAD_2 else "id"
    if id_column is None or id_column == "id":
        return usual
    options = [
        column
        for column in layout.columns
        if column in _NAME_ROWS and (column, layout) != ("name", GENE2GO)
    ]
    if id_column in options:
        return id_column
    what = f"no column {id_column!r}"
    advice = did_you_mean(id_column, options)
    if isinstance(id_column, int):
        advice = " Positions are for tables."
    elif id_column in layout.columns:
        what = f"no ids of rows in its column {id_column!r}"
    raise ValueError(
        f"In `id_column`: {layout.name} has {what}; expected one of "
        f"{shorten(options)}.{advice}"
    )


def _role(column: str, id_name: str) -> str:
    """Rename the column that names the rows, and one that was in its place."""
    if column == id_name:
        return "id"
    return "other_id" if column == "id" else column


def _text_columns(table: Table, names: list[str], used: list[str]) -> pd.DataFrame:
    """Read columns as categories: few values, so that what follows is fast."""
    if not table.records:
        return pd.DataFrame({name: pd.Categorical([]) for name in used}, index=[])
    # Not as categories at once, of which pandas makes numbers: "007" would become 7.
    frame = table.frame(
        names, usecols=used, dtype=str, keep_default_na=False, na_filter=False
    )
    return frame.astype("category")


def map_values(column: pd.Series, rename) -> pd.Series:
    """Apply a function to each distinct value."""
    values = column.cat.categories
    renamed = pd.Series([rename(value) for value in values], dtype=object)
    return pd.Series(
        pd.Categorical(renamed.to_numpy()[column.cat.codes.to_numpy()]),
        index=column.index,
    )


def _as_gpad_1(frame: pd.DataFrame, cut_prefix: bool) -> pd.DataFrame:
    """Cut the database off ids, name relations, and put NOT where GPAD 1.1 has it."""
    if cut_prefix:
        frame["id"] = map_values(
            frame["id"], lambda value: value.partition(":")[2] or value
        )
    relation = map_values(frame["qualifier"], lambda value: RELATIONS.get(value, value))
    negated = frame["negation"].astype(str).str.strip().str.upper().eq("NOT")
    words = relation.astype(str).where(~negated, "NOT|" + relation.astype(str))
    frame["qualifier"] = words.astype("category")
    return frame.drop(columns="negation")


def _codes_from_properties(frame: pd.DataFrame) -> pd.DataFrame:
    """Take codes from properties (``go_evidence=IDA``) where ECO says too little."""
    codes = frame["evidence"].cat.categories
    odd = frame["evidence"].isin([code for code in codes if code_of(code) not in CODES])
    if odd.any():
        stated = frame["properties"].astype(str).str.extract(r"go_evidence=(\w+)")[0]
        evidence = frame["evidence"].astype(object).mask(odd & stated.notna(), stated)
        frame["evidence"] = evidence.astype("category")
    return frame.drop(columns="properties")


def _without_empty(rows: Rows) -> Rows:
    """Move rows without an id or a term to the malformed ones."""
    frame, malformed = rows.frame, dict(rows.malformed)
    for column in ("id", "term"):
        empty = frame[column].isin([""])
        for line in frame.index[empty]:
            malformed.setdefault(int(line), f"there is no {column}")
        frame = frame[~empty]
    return Rows(rows.format, frame, dict(sorted(malformed.items())))


# -- tables ----------------------------------------------------------------------------


def _read_table(text: Text, id_column, term_column, header, is_term) -> Rows:
    by_name = isinstance(id_column, str) or isinstance(term_column, str)
    given = True if header is None and by_name else header
    table = as_table(text, _head_finder(id_column, term_column, given, is_term))
    roles = _roles(table, id_column, term_column)
    names = [roles.get(k, k) for k in range(table.n_columns)]
    used = [name for name in names if isinstance(name, str)]
    frame = _text_columns(table, names, used)
    frame = frame.assign(**{name: map_values(frame[name], str.strip) for name in used})
    _check_evidence(table, frame)
    # A row without a term is one whose labels are not known.
    empty = frame["id"].isin([""])
    malformed = {int(line): "there is no id" for line in frame.index[empty]}
    malformed = dict(sorted({**table.malformed, **malformed}.items()))
    return Rows("table", frame[~empty], malformed, table.header_line)


def _head_finder(id_column, term_column, header: bool | None, is_term) -> HasHead:
    """Return what tells names of columns from a row."""
    id_at = id_column if isinstance(id_column, int) else 0
    term_at = term_column if isinstance(term_column, int) else 1

    def has_head(first: list[str], below: Callable[[], Iterator]) -> bool | None:
        if header is not None:
            return header
        cells = [cell.strip() for cell in first]
        if max(id_at, term_at) >= len(cells):
            return True  # `_roles` and `_check_width` say what is wrong
        roles = [_role_called(cell) for cell in cells]
        if is_term(cells[term_at]):
            return None if roles[id_at] == "id" else False
        # One name of a wide table is enough, two of a narrow one.
        named = len({*roles} - {None}) > (len(cells) < 4)
        above_terms = roles[term_at] == "term" and not _has_digit(cells[id_at])
        if named or roles[id_at] in ("id", "term") or above_terms:
            return True
        if any(_has_digit(cell) for k, cell in enumerate(cells) if k != id_at):
            return False  # codes and ids of terms have digits
        return False if _recurs(cells, below(), (id_at, term_at)) else None

    return has_head


def _recurs(first: list[str], below: Iterator[list[str]], columns) -> bool:
    """Tell whether an id or a term of a line comes again below, as in rows."""
    return any(
        row[k].strip() == first[k] for row in below for k in columns if k < len(row)
    )


def _has_digit(cell: str) -> bool:
    return any(letter.isdigit() for letter in cell)


def _role_called(cell: str) -> str | None:
    """Return the role of a column of this name."""
    word = _word(cell)
    return next((role for role, some in _CALLED.items() if word in some.split()), None)


def _roles(table: Table, id_column, term_column) -> dict[int, str]:
    """Return which column is what: by name, else id, term, evidence in this order."""
    given = {"id": id_column, "term": term_column}
    roles = {
        _position(table, column, f"{role}_column"): role
        for role, column in given.items()
        if column is not None
    }
    if len(roles) < sum(column is not None for column in given.values()):
        raise ValueError(
            f"Expected ids and terms in two columns, but got {id_column!r} for both."
        )
    words = [_word(cell) for cell in table.header or []]
    for role, called in _CALLED.items():
        options = [k for k, word in enumerate(words) if word in called.split()]
        if role not in roles.values() and options and options[0] not in roles:
            roles[options[0]] = role
    _check_width(table, roles)
    free = [k for k in range(table.n_columns) if k not in roles]
    for role in ("id", "term"):
        if role not in roles.values():
            roles[free.pop(0)] = role
    by_order = id_column is None and term_column is None
    named = {"evidence", "qualifier"} & {*roles.values()}
    if table.n_columns == 3 and free and by_order and not named:
        roles[free[0]] = "evidence"
    return roles


def _word(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def _check_width(table: Table, roles: dict[int, str]) -> None:
    missing = [role for role in ("id", "term") if role not in roles.values()]
    if table.n_columns < 2 or (table.n_columns > 3 and missing):
        there = f" ({shorten(table.header, 10)})" if table.header else ""
        raise ValueError(
            f"{table.text.path}: expected a table of two or three columns (id, term "
            f"and evidence code), but it has {table.n_columns}{there}; say which they "
            "are by `id_column` and `term_column`."
        )


def _position(table: Table, column, parameter: str) -> int:
    """Return which column is meant, by name or by position."""
    header = table.header or []
    if isinstance(column, str) and column in header:
        return header.index(column)
    fits = isinstance(column, int | np.integer) and not isinstance(column, bool)
    if fits and 0 <= column < table.n_columns:
        return int(column)
    raise ValueError(
        f"In `{parameter}`: {table.text.path} has no column {column!r}; it has "
        f"{shorten(header, 10) if header else f'{table.n_columns} without names'}."
        f"{did_you_mean(column, header)}"
    )


def _check_evidence(table: Table, frame: pd.DataFrame) -> None:
    """Raise where a third column is none of evidence: it might be scores."""
    if "evidence" not in frame or not len(frame):
        return
    values = [value for value in frame["evidence"].cat.categories if value]
    odd = [value for value in values if code_of(value) not in CODES]
    if values and len(odd) == len(values):
        first = frame["evidence"][frame["evidence"].isin(odd)].iloc[[0]]
        raise table.text.error(
            int(first.index[0]),
            f"expected evidence codes such as IDA beside ids and terms, but got "
            f"{first.iloc[0]!r}; name the columns by `id_column` and `term_column`, or "
            "leave the column out of the file.",
        )

"""The head of an HMC ARFF file: attributes and the class attribute.

Stage: file -> lines -> `Header`. The rows that follow are read in `_arff_rows`. Nothing
here knows hierarchies; the class attribute is a list of tokens.
"""

import re
from dataclasses import dataclass

from .._reading import Text

# A quoted text or all up to the next comma. There is one way to match, so that time
# grows with the length alone.
_SINGLE, _DOUBLE = (rf"{q}[^{q}\\]*(?:\\.[^{q}\\]*)*{q}" for q in "'\"")
VALUE = rf"(?:({_SINGLE}|{_DOUBLE})\s*|([^,]*))"
_FIELD = re.compile(rf"\s*{VALUE},")
_SPECIAL = re.compile(r"[\s'\"]")
_ATTRIBUTE = re.compile(rf"({_SINGLE}|{_DOUBLE}|\S+)\s+(.+)")
_NUMERIC = ("numeric", "real", "integer")


@dataclass(frozen=True)
class Attribute:
    """A declared column; ``values`` are categories or the tokens of the class."""

    name: str
    kind: str
    values: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Header:
    """What stands above the rows; ``data_line`` is the line number of ``@data``."""

    relation: str
    comments: list[str]
    attributes: list[Attribute]
    data_line: int

    @property
    def class_position(self) -> int:
        return next(
            position
            for position, attribute in enumerate(self.attributes)
            if attribute.kind == "hierarchical"
        )


def abridged(cell: str, most: int = 60) -> str:
    """Return what a cell holds for a message, cut where it is long."""
    return repr(cell if len(cell) <= most else f"{cell[:most]}...")


def parse_header(text: Text) -> Header:
    """Read the lines up to ``@data``; there must be one class attribute."""
    relation, comments, attributes = "", [], []
    for number, line in enumerate(text.lines, start=1):
        keyword, _, rest = line.strip().replace("\t", " ").partition(" ")
        rest = rest.strip()
        if keyword.startswith("%"):
            comments.append(line.strip().lstrip("%").strip())
        elif keyword.lower() == "@relation":
            relation = unquote(rest)
        elif keyword.lower() == "@attribute":
            attributes.append(_parse_attribute(text, number, rest))
        elif keyword.lower() == "@data":
            _check_class(text, number, attributes)
            return Header(relation, comments, attributes, number)
        elif keyword:
            raise text.error(
                number,
                f"expected @relation, @attribute or @data, but got {keyword[:30]!r}; "
                "this is no ARFF file, or a line of it is broken.",
            )
    raise text.error(
        len(text.lines),
        "expected an @data line with rows below, but the file ends without one.",
    )


def split_fields(line: str) -> list[str]:
    """Split at commas outside quotes; blanks and quotes around the fields go."""
    if not _SPECIAL.search(line):
        return line.split(",")
    return [value_of(*groups) for groups in _FIELD.findall(line + ",")]


def value_of(quoted: str | None, plain: str) -> str:
    """Return the text that the two groups of `VALUE` stand for."""
    return unquote(quoted or plain.rstrip())


def unquote(field: str) -> str:
    """Take off a pair of quotes and the backslashes within."""
    if len(field) > 1 and field[0] == field[-1] and field[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", field[1:-1])
    return field


def _parse_attribute(text: Text, number: int, declared: str) -> Attribute:
    match = _ATTRIBUTE.fullmatch(declared)
    if match is None:
        raise text.error(
            number, f"expected `@attribute name type`, but got {declared[:60]!r}."
        )
    name, kind = unquote(match[1]), match[2].strip()
    if kind.startswith("{") and kind.endswith("}"):
        return Attribute(name, "nominal", _distinct(kind[1:-1]), number)
    word, _, rest = kind.partition(" ")
    if word.lower() in _NUMERIC:
        return Attribute(name, "numeric", (), number)
    if word.lower() == "hierarchical":
        rest = rest.strip()
        if rest.startswith("{") and rest.endswith("}"):
            rest = rest[1:-1]  # as those of nominal attributes
        return Attribute(name, "hierarchical", _distinct(rest), number)
    raise text.error(
        number,
        f"attribute {name!r} is of type {word[:30]!r}; expected numeric, real, "
        "integer, {a,b,...} or hierarchical. Leave the column out of the file.",
    )


def _distinct(values: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(split_fields(values.strip())))


def _check_class(text: Text, number: int, attributes: list[Attribute]) -> None:
    found = [x for x in attributes if x.kind == "hierarchical"]
    if len(found) != 1:
        raise text.error(
            number,
            "expected one class attribute (`@attribute class hierarchical a,a/b,...`) "
            f"before @data, but got {len(found)}.",
        )
    if found[0].values == ("",):
        raise text.error(
            found[0].line, "the class attribute declares no node; list them after it."
        )

"""What the user reads: tables and summaries on stdout, errors and warnings on stderr.

Stage: the last one. In: text, exceptions, warnings. Out: lines in which no control
character of a file or a name reaches the terminal, and in which parameters have the
names of their flags.
"""

from __future__ import annotations

import contextlib
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping

#: Parameters of the classifier -> flags of ``hmlc fit``.
FLAGS = {
    "n_estimators": "--heads",
    "ensemble": "--ensemble",
    "hidden_layer_sizes": "--hidden",
    "dropout": "--dropout",
    "threshold": "--threshold",
    "max_epochs": "--epochs",
    "batch_size": "--batch-size",
    "lr": "--lr",
    "early_stopping": "--early-stopping",
    "checkpoint": "--checkpoint",
    "checkpoint_every": "--checkpoint-every",
    "uncertainty": "--uncertainty",
    "node_weight": "--node-weight",
    "node_weight_power": "--power",
    "random_state": "--seed",
    "device": "--device",
}

#: Parameters of functions that read annotations and the ontology -> flags.
ANNOTATION_FLAGS = {
    name: f"--{name.replace('_', '-')}"
    for name in (
        *("relations", "across_namespaces", "namespaces", "evidence", "qualifiers"),
        *("taxon", "id_column", "term_column", "header", "on_error", "min_count"),
    )
}
#: Parameters of `read_features` -> flags.
FEATURE_FLAGS = {
    "id_column": "--features-id-column",
    "header": "--features-header",
    "drop": "--drop",
    "list_columns": "--list-columns",
    "list_sep": "--list-sep",
    "on_error": "--on-error",
}
# What messages advise a programmer -> what they mean here.
_WORDS = {
    "; read the ontology by `Hierarchy.from_obo`": "",
    "`hierarchy`": "--ontology",
    " of `feature_names`": " that the model was trained on",
}

_MOST_LETTERS = 2000
_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_ASKED = re.compile(r"tried to allocate ([0-9]+) bytes", re.IGNORECASE)
_NO_MEMORY = re.compile(r"(?:not enough|out of|can't allocate) memory", re.IGNORECASE)

# -- on the screen ---------------------------------------------------------------------


def say(text: object = "") -> None:
    """Print to stdout."""
    _print(text, sys.stdout)


def tell(text: object) -> None:
    """Print to stderr."""
    _print(text, sys.stderr)


def _print(text: object, stream) -> None:
    if stream is None:  # closed by whoever started the process
        return
    lines = "\n".join(printable(line) for line in str(text).split("\n"))
    encoding = getattr(stream, "encoding", None) or "utf-8"
    print(lines.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def printable(text: object) -> str:
    """Return text with what would steer a terminal as escapes, as `repr` has them."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(_escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    if unicodedata.category(letter) in _HARMFUL:
        return letter.encode("unicode_escape", "surrogatepass").decode("ascii")
    return letter


def one_line(text: object) -> str:
    """Return a message of a library, perhaps of several lines, in one that ends."""
    line = " ".join(str(text).split("\n"))
    more = "..." if len(line) > _MOST_LETTERS else ""
    return printable(line[:_MOST_LETTERS] + more)


def show_warning(message, category, filename, lineno, file=None, line=None):  # noqa: ARG001
    """Print a warning, in place of `warnings.showwarning`."""
    tell(f"hmlc: warning: {in_flags(one_line(message), FLAGS)}")


def warn(text: str) -> None:
    """Print a warning of the command's own."""
    tell(f"hmlc: warning: {text}")


# -- errors ----------------------------------------------------------------------------


@contextlib.contextmanager
def in_words(flags: Mapping[str, str]) -> Iterator[None]:
    """Put flags in place of the parameters of a function, where it raises."""
    try:
        yield
    except (ValueError, TypeError) as error:
        message = str(error)
        for code, words in _WORDS.items():
            message = message.replace(code, words)
        raise ValueError(in_flags(message, flags)) from error


def message_of(error: BaseException) -> str:
    """Say what was wrong with the input, in the words of the command line."""
    if isinstance(error, KeyError) and error.args:
        return one_line(error.args[0])  # str() would put the message in quotes
    if isinstance(error, OSError) and error.filename is not None:
        return f"{printable(error.filename)}: {one_line(error.strerror)}"
    return in_flags(one_line(error), FLAGS)


def in_flags(message: str, flags: Mapping[str, str]) -> str:
    """Put flags in place of the parameters that a message is about."""

    def flag(match: re.Match[str]) -> str:
        return flags.get(match[1], match[0])

    def setting(match: re.Match[str]) -> str:
        words = {"True": "yes", "False": "no"}
        value = words.get(match[2], match[2].strip("'"))
        return f"{flags[match[1]]} {value}" if match[1] in flags else match[0]

    message = re.sub(r"The '(\w+)' parameter of \w+(?= must)", flag, message)
    message = message.replace("early_stopping=False", "no --early-stopping")
    message = re.sub(r"\b(\w+)=(True|False|'\w+')", setting, message)
    message = re.sub(r"`(\w+)(?:=[^`]*)?`", flag, message)
    # Without backticks a parameter shows by its underscore, which no word has.
    return re.sub(r"\b([a-z]+_[a-z_]+)\b(?!`)", flag, message)


def no_memory(error: BaseException) -> str | None:
    """Say that memory was lacking, and how much was asked for; None: it was not."""
    text = one_line(error)
    if not isinstance(error, MemoryError) and not (
        isinstance(error, RuntimeError) and _NO_MEMORY.search(text)
    ):
        return None
    asked = _ASKED.search(text)
    if asked is not None:
        text = f"{int(asked[1]) / 2**30:,.1f} GiB were asked for"
    return (
        f"out of memory{': ' if text else ''}{text.rstrip('.')}. Less is needed with "
        "smaller --hidden, fewer --heads, a smaller --batch-size or fewer columns."
    )


def unexpected(error: BaseException) -> str:
    """Say what went wrong where nobody expected it, and how to see where."""
    return (
        f"unexpected {type(error).__name__}: {one_line(error)} (a fault of hmlc or of "
        "a library it uses; HMLC_TRACEBACK=1 in the environment shows where)"
    )

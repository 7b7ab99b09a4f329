"""Help that fits the terminal: sentences are wrapped, examples and tables keep lines.

Stage: the parser's. In: the texts of `_help`. Out: their lines, as wide as there is
room.
"""

import argparse
import re
import textwrap

# "  DATA              one row per sample": a name, and what it is.
_NAMED = re.compile(r" *\S+ {2,}(?=\S)")
_NARROW = 60  # columns; with fewer, what a name is begins closer to it


class WrappedHelp(argparse.RawDescriptionHelpFormatter):
    """Wraps descriptions and what follows the options to the terminal's width."""

    def _fill_text(self, text, width, indent):
        return "\n".join(indent + line for line in _lines(text, width - len(indent)))


def _lines(text, width):
    lines, paragraph = [], _Paragraph(width)
    for line in text.splitlines():
        goes_on = bool(lines) and not paragraph.words and lines[-1].endswith("\\")
        if goes_on or _stays(line):
            lines += [*paragraph.end(), line]
        elif not paragraph.takes(line):
            lines += paragraph.end()
            paragraph.begin(line)
    return lines + paragraph.end()


def _stays(line):
    """Tell blank lines, headings and examples."""
    heading = line.endswith(":") and " " not in line
    return not line or heading or line.lstrip().startswith("hmlc ")


class _Paragraph:
    """Lines that are wrapped together, and how far they are indented."""

    def __init__(self, width):
        self.width = width
        self.words = []

    def begin(self, line):
        named = _NAMED.match(line)
        self.margin = named.end() if named else len(line) - len(line.lstrip())
        self.first = line[: self.margin]
        self.words = line[self.margin :].split()

    def takes(self, line):
        """Add a line that goes on with what was said."""
        if not self.words or _NAMED.match(line):
            return False
        if len(line) - len(line.lstrip()) != self.margin:
            return False
        self.words += line.split()
        return True

    def end(self):
        """Return the lines, and forget them."""
        words, self.words = self.words, []
        if not words:
            return []
        first, margin = self.first, self.margin
        if self.width < _NARROW and first.strip():
            first, margin = f"{first.rstrip()}  ", 6
        return textwrap.wrap(
            " ".join(words),
            max(self.width, margin + 20),
            initial_indent=first,
            subsequent_indent=" " * margin,
            break_long_words=False,
            break_on_hyphens=False,
        )

"""Numbers in a form that is not read: percentages, marks between thousands, dates.

Stage: between a table and features. What is no number becomes a column per text or per
item, so that such a column would teach a model nothing, and without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_STRICT = re.compile(rf"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+){_EXPONENT}")
_COMMA = re.compile(rf"[+-]?[0-9]*,[0-9]+{_EXPONENT}")
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}(?:[,.'’ \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?"  # noqa: RUF001
)
_OTHER = re.compile(
    r"[+-]?\d[\d_]*(?:[.,]\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?\s*%?|[+-]?inf(?:inity)?",
    re.IGNORECASE,
)
# With four digits of a year: 3.4.21 is an enzyme.
_DATE = re.compile(
    r"(?:[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{4})"
    r"(?:[T ][0-9]{1,2}:[0-9]{2}.*)?"
)
# Forms of numbers, of which the first can be read, and what to do about each.
_FORMS = (_STRICT, _COMMA, _GROUPED, _OTHER, _DATE)
_ADVICE = (
    "Leave a missing value empty",
    "Write decimal points, and no marks between thousands",
    "Leave out the marks between thousands",
    "Write numbers without other marks, in ASCII digits, such as -1.5e3",
    "Make numbers of dates, such as the days since one",
)
# No number is written as 007: it is a code.
_CODE = re.compile(r"[+-]?0[0-9]+")


class Misread(NamedTuple):
    """Texts that are numbers: how many, those that can't be read, and what to do."""

    n_numbers: int
    odd: list[str]
    advice: str


def misread_numbers(texts: Iterable[str], dates: bool) -> Misread | None:
    """Tell texts, of which at least half are numbers, from others, which give None.

    With ``dates`` these count as numbers too.
    """
    texts = list(texts)
    known = _FORMS if dates else _FORMS[:-1]
    forms = {text: _form_of(text, known) for text in dict.fromkeys(texts)}
    n_numbers = sum(forms[text] is not None for text in texts)
    if n_numbers == 0 or 2 * n_numbers < len(texts):
        return None
    odd = [text for text, form in forms.items() if form != 0]
    advice = _ADVICE[min({*forms.values()} - {0, None}, default=0)]
    return Misread(n_numbers, odd, advice)


def _form_of(text: str, forms: tuple[re.Pattern[str], ...]) -> int | None:
    """Which of the forms of numbers a text has; None: it is no number."""
    text = text.strip()
    if _CODE.fullmatch(text):
        return None
    return next((k for k, form in enumerate(forms) if form.fullmatch(text)), None)

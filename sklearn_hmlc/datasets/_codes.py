"""Path codes of a table -> a hierarchy.

Stage: beside `read_annotations`, where a user gives no hierarchy.
"""

from ..hierarchy import Hierarchy

_USUAL = "/"
_OTHERS = (".", ":", ">", "\\")


def hierarchy_of_codes(
    path: str, codes: list[str], sep: str | None
) -> tuple[Hierarchy, dict[str, str]]:
    """Return the hierarchy of path codes, and codes by what they were in the file.

    Raises
    ------
    ValueError
        If no code has a ``/``, but their levels seem to be separated by something
        else, or a code has an empty level.
    """
    if sep is None:
        other = _other_separator(codes)
        if other is not None:
            example = next(code for code in codes if other in code)
            raise ValueError(
                f"{path}: expected path codes such as '14/04', but got {example!r} and "
                f"the like, none of which has a '/'. If {other!r} separates their "
                f"levels, say code_sep={other!r}; if they have none, code_sep='/'."
            )
        sep = _USUAL
    renamed = {code: _without_open_levels(code, sep) for code in codes}
    try:
        return Hierarchy.from_codes(dict.fromkeys(renamed.values()), sep), renamed
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _other_separator(codes: list[str]) -> str | None:
    """Return what separates levels in most codes, or a code from one below it."""
    if any(_USUAL in code for code in codes):
        return None
    there = set(codes)
    for sep in _OTHERS:
        several = [code for code in codes if sep in code.strip(sep)]
        below = any(code.rpartition(sep)[0] in there for code in several)
        if below or 2 * len(several) > len(codes):
            return sep
    return None


def _without_open_levels(code: str, sep: str) -> str:
    """Cut levels that are not known: 1.2.-.- is 1.2."""
    while code.endswith(f"{sep}-"):
        code = code.removesuffix(f"{sep}-")
    return code

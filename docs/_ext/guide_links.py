"""Which pages of the guide speak of a public name.

Stage: before the API pages are written. In: the guide's sources. Out: name -> the pages
that link to it, which the templates of the API pages list.
"""

import re
from pathlib import Path

_ROLE = re.compile(r":(?:class|func|meth|exc|data):`[^`]*?([\w.]+)>?`")


def pages_by_name(folder: Path) -> dict[str, list[str]]:
    """Return name (without its module) -> pages, in the order of their files."""
    found: dict[str, list[str]] = {}
    for page in sorted(folder.rglob("*.rst")):
        names = {
            part
            for target in _ROLE.findall(page.read_text(encoding="utf-8"))
            for part in target.split(".")
        }
        for name in names:
            docname = page.relative_to(folder.parent).with_suffix("").as_posix()
            found.setdefault(name, []).append(docname)
    return found

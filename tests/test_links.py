"""Links: what README, pages, scripts and docstrings point to is there.

Without a network: paths, labels, terms and names are looked up, and addresses of others
are of hosts that are known. ``tests/test_built_site.py`` follows the links of the pages
as they are built.
"""

import importlib
import re
from functools import reduce
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import sklearn_hmlc

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGE = Path(sklearn_hmlc.__file__).parent
BUILT = {"_build", "gallery", "generated"}
SOURCES = [
    path
    for pattern in ("*.rst", "*.inc", "*.py")
    for path in sorted(DOCS.rglob(pattern))
    if path.relative_to(DOCS).parts[0] not in {*BUILT, "_ext", "_templates", "conf.py"}
]
MODULES = sorted(PACKAGE.rglob("*.py"))
MARKDOWN = [ROOT / "README.md"]

# Who is linked to. A new one is looked at, and then added.
HOSTS = {
    "arxiv.org",
    "docs.pytorch.org",
    "docs.scipy.org",
    "download.pytorch.org",
    "distributed.dask.org",
    "imbalanced-learn.org",
    "jobqueue.dask.org",
    "matplotlib.org",
    "numpy.org",
    "pandas.pydata.org",
    "raw.githubusercontent.com",
    "scikit-learn.org",
    "sklearn-hmlc.readthedocs.io",
    "skops.readthedocs.io",
    "skorch.readthedocs.io",
    "www.w3.org",
}


def by_path(paths):
    return [pytest.param(one, id=one.relative_to(ROOT).as_posix()) for one in paths]


def text_of(path):
    return path.read_text(encoding="utf-8")


def roles(text, name):
    """Targets of a role such as ``:doc:``, without the text shown in their place."""
    found = re.findall(rf":{name}:`([^`]+)`", text)
    return [re.sub(r"^.*<(.+)>$", r"\1", one, flags=re.DOTALL) for one in found]


def page_exists(target, folder):
    """Tell whether a document is there, or will be made of a script."""
    base = DOCS if target.startswith("/") else folder
    page = (base / target.lstrip("/")).resolve()
    if page.parent == DOCS / "gallery":
        script = DOCS / "examples" / f"{page.name}.py"
        return page.name == "index" or script.exists()
    return page.with_suffix(".rst").exists()


def where_it_is_built(path):
    """Folder of the page that a source becomes: scripts become pages of the gallery."""
    return DOCS / "gallery" if path.parent == DOCS / "examples" else path.parent


# -- README ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", by_path(MARKDOWN))
def test_relative_links_of_markdown(path):
    targets = re.findall(r"\]\(([^)\s]+)\)", text_of(path))
    local = [one for one in targets if not urlsplit(one).scheme]
    assert len(local) > 5
    assert [one for one in local if not (path.parent / one).exists()] == []


# -- pages -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", by_path(SOURCES))
def test_pages_and_files_that_pages_name_exist(path):
    text, folder = text_of(path), where_it_is_built(path)
    pages = roles(text, "doc") + re.findall(r":link: (\S+)\n +:link-type: doc", text)
    assert [one for one in pages if not page_exists(one, folder)] == []
    files = re.findall(
        r"^ *\.\. (?:image|figure|include|literalinclude):: (\S+)$", text, re.M
    )
    files += re.findall(r"^ +:file: (\S+)$", text, re.M)
    base = path.parent if path.suffix != ".inc" else path.parent.parent
    places = {one: (DOCS if one.startswith("/") else base) for one in files}
    missing = [one for one, at in places.items() if not (at / one.lstrip("/")).exists()]
    assert missing == []


def test_labels_and_terms_exist():
    texts = {path: text_of(path) for path in SOURCES + MODULES}
    labels = {
        label
        for path, text in texts.items()
        for label in re.findall(r"^(?:# )?\.\. _([\w.-]+):$", text, re.M)
    }
    labels |= {
        f"sphx_glr_gallery_{path.name}" for path in (DOCS / "examples").glob("*.py")
    }
    labels |= {"genindex", "modindex", "search"}
    glossary = text_of(DOCS / "glossary.rst").partition(".. glossary::")[2]
    terms = {one.lower() for one in re.findall(r"^   (\S.*)$", glossary, re.M)}
    missing = [
        (path.name, target)
        for path, text in texts.items()
        for name, known in (("ref", labels), ("term", terms))
        for target in roles(text, name)
        if " ".join(target.split()).lower() not in {one.lower() for one in known}
    ]
    assert missing == []


# -- names -----------------------------------------------------------------------------


def exists(name):
    """Tell whether a dotted name can be reached, by modules and then attributes."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        try:
            reduce(getattr, parts[cut:], module)
        except AttributeError:
            return False
        return True
    return False


@pytest.mark.parametrize("folder", ["docs", "sklearn_hmlc"])
def test_full_names_exist(folder):
    paths = SOURCES if folder == "docs" else MODULES
    pattern = re.compile(r"`[~!]?(?:[^`<]*<~?)?(sklearn_hmlc(?:\.\w+)+)(?:\(\))?>?`")
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in paths
        for name in pattern.findall(text_of(path))
    }
    assert len(named) > 20
    assert [one for one in sorted(named) if not exists(one[1])] == []


# -- addresses -------------------------------------------------------------------------


def test_addresses_are_whole_and_of_known_hosts():
    files = [*SOURCES, *MODULES, *MARKDOWN, DOCS / "conf.py", ROOT / "pyproject.toml"]
    files += [ROOT / "CITATION.cff", *DOCS.rglob("*.svg")]
    found = {
        address.rstrip(".,;:")
        for path in files
        for address in re.findall(r"https?://[^\s\"'`<>)\]}]+", text_of(path))
        if "\\" not in address  # a pattern
    }
    assert len(found) > 10
    for address in found:
        parts = urlsplit(address)
        assert parts.hostname in HOSTS, address
        assert parts.scheme == "https" or parts.hostname == "www.w3.org", address

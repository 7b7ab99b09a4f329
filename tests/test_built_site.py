"""The pages as they were built: every link, every figure, every formula.

Skipped unless ``SKLEARN_HMLC_SITE`` names the folder that Sphinx wrote::

    python -m sphinx -W docs docs/_build/html
    SKLEARN_HMLC_SITE=docs/_build/html pytest tests/test_built_site.py
"""

import html
import json
import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from sklearn_hmlc import plotting

ROOT = Path(__file__).parents[1]
SITE = Path(os.environ.get("SKLEARN_HMLC_SITE", "")).resolve()
pytestmark = pytest.mark.skipif(
    "SKLEARN_HMLC_SITE" not in os.environ, reason="SKLEARN_HMLC_SITE names no site"
)
SCRIPTS = sorted(path.stem for path in (ROOT / "docs" / "examples").glob("plot_*.py"))
DISPLAYS = sorted(plotting.__all__)


def pages():
    found = sorted(set(SITE.rglob("*.html")) - set((SITE / "_static").rglob("*.html")))
    assert len(found) > 100
    return found


@cache
def text_of(page):
    return page.read_text(encoding="utf-8")


@cache
def anchors_of(page):
    return set(map(html.unescape, re.findall(r'\bid="([^"]+)"', text_of(page))))


def article_of(page):
    """The page without its bars and its feet."""
    return (
        text_of(page)
        .partition('<article class="bd-article"')[2]
        .partition("</article>")[0]
    )


# -- links -----------------------------------------------------------------------------


def test_every_link_leads_somewhere():
    broken = []
    for page in pages():
        for target in set(re.findall(r'\b(?:href|src)="([^"]*)"', text_of(page))):
            parts = urlsplit(html.unescape(target))
            if parts.scheme or parts.netloc:
                continue
            file = page
            if parts.path:
                file = (page.parent / unquote(parts.path)).resolve()
            there = file.exists()
            if there and parts.fragment and file.suffix == ".html":
                there = unquote(parts.fragment) in anchors_of(file)
            if not there:
                broken.append((page.name, target))
    assert broken == []


def test_nothing_is_loaded_from_elsewhere():
    for page in pages():
        for tag in re.findall(r"<(?:script|link|img)\b[^>]*>", text_of(page)):
            wanted = re.search(r'(?:src|href)="(https?:)?//', tag)
            canonical = 'rel="canonical"' in tag
            assert canonical or wanted is None, (page.name, tag)


# -- gallery ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
def test_pages_of_the_gallery_have_a_figure_and_downloads(name):
    article = article_of(SITE / "gallery" / f"{name}.html")
    images = re.findall(r'<img[^>]*\bsrc="([^"]+)"', article)
    assert any(f"sphx_glr_{name}" in image for image in images)
    files = re.findall(
        r'href="([^"]+/_downloads/[^"]+|[^"]*_downloads/[^"]+)"', article
    )
    by_ending = {Path(one).suffix: SITE / "gallery" / unquote(one) for one in files}
    assert {".py", ".ipynb"} <= set(by_ending)
    notebook = json.loads(by_ending[".ipynb"].read_text(encoding="utf-8"))
    kinds = {cell["cell_type"] for cell in notebook["cells"]}
    assert kinds == {"code", "markdown"}


def test_the_gallery_shows_all_scripts():
    index = text_of(SITE / "gallery" / "index.html")
    for name in SCRIPTS:
        assert f'src="../_images/sphx_glr_{name}_thumb.png"' in index


# -- API -------------------------------------------------------------------------------


def test_api_pages_have_their_source():
    found = sorted((SITE / "generated").glob("sklearn_hmlc.*.html"))
    assert len(found) > 80
    without = [page.name for page in found if "viewcode-link" not in text_of(page)]
    assert without == []


@pytest.mark.parametrize("name", DISPLAYS)
def test_pages_of_displays_have_a_picture_and_lead_back(name):
    article = article_of(SITE / "generated" / f"sklearn_hmlc.plotting.{name}.html")
    assert "_images/sklearn_hmlc-plotting" in article
    assert 'href="../user_guide/plotting.html"' in article


# -- formulas --------------------------------------------------------------------------


def test_formulas_are_no_tex():
    with_formulas = 0
    for page in pages():
        if "_modules" in page.parts:
            continue
        text = re.sub(
            r"<(pre|code|annotation)\b.*?</\1>", "", article_of(page), flags=re.S
        )
        with_formulas += "<math" in text
        assert not re.search(r"\\(frac|max|sum|int|bigl|begin|mathrm)\b", text), (
            page.name
        )
    assert with_formulas > 5

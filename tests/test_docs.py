"""The pages: every public name is listed once, every example is run by somebody."""

import csv
import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_hmlc
from sklearn_hmlc._cli._parser import make_parser

from .test_public_api import PUBLIC

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# Templates, what the gallery is made of, and what the build writes.
NOT_PAGES = {"_build", "_templates", "examples", "gallery", "generated"}
GALLERY = DOCS / "gallery" / "index"
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.rst"))
    if page.relative_to(DOCS).parts[0] not in NOT_PAGES
]
WITH_EXAMPLES = [page for page in PAGES if ">>>" in page.read_text(encoding="utf-8")]

# Columns of the measured table that the guide shows.
BAG_COLUMNS = [
    "labelset",
    "bags",
    "mean_rows_a_bag",
    "minority_bags",
    "of_a_single_row",
    "clones_added",
    "rows_cloned",
]

# What an example may need that a test run does not have; only these may be skipped.
NOT_AT_HAND = re.compile("yeast|xrays")


def by_name(pages):
    return [pytest.param(page, id=page.relative_to(DOCS).as_posix()) for page in pages]


def listed_names():
    """Pairs (module, name) of the API page, as Sphinx reads it."""
    module, inside = None, False
    for line in (DOCS / "api.rst").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule::"):
            module = line.split()[-1]
        if line.startswith(".. data::"):
            yield module, line.split()[-1]
        if line.strip() and not line.startswith(" "):
            inside = line.startswith(".. autosummary::")
        elif inside and line.strip() and not line.strip().startswith(":"):
            yield module, line.strip()


def examples_of(page):
    return doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8"))


# -- the API page ----------------------------------------------------------------------


def test_api_page_lists_every_public_object_once():
    listed = [
        getattr(importlib.import_module(module), name)
        for module, name in listed_names()
    ]
    public = {
        id(getattr(module, name)): f"{module.__name__}.{name}"
        for module in map(importlib.import_module, PUBLIC)
        for name in module.__all__
        if name != "__version__"
    }
    ids = [id(value) for value in listed]
    assert len(set(ids)) == len(ids), "api.rst lists a name twice."
    missing = [name for key, name in public.items() if key not in ids]
    assert not missing, f"Add to docs/api.rst: {missing}."


def test_api_page_lists_public_names_alone():
    for module, name in listed_names():
        assert module in PUBLIC
        assert name in importlib.import_module(module).__all__


def test_api_page_lists_names_where_they_are_defined():
    for module, name in listed_names():
        value = getattr(importlib.import_module(module), name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__module__.startswith(module)


# -- examples --------------------------------------------------------------------------


def test_every_page_with_examples_is_collected():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    options = ["-o", "addopts=--strict-markers", "--doctest-glob=*.rst", "docs"]
    found = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, check=True
    )
    collected = {line.split("::")[0] for line in found.stdout.splitlines()}
    expected = {page.relative_to(ROOT).as_posix() for page in WITH_EXAMPLES}
    assert len(expected) > 5
    assert expected <= collected


@pytest.mark.parametrize("page", by_name(WITH_EXAMPLES))
def test_every_prompt_is_an_example(page):
    """What doctest does not take for an example, such as ``... >>>``, never runs."""
    text = page.read_text(encoding="utf-8")
    assert len(examples_of(page)) == text.count(">>> ")


@pytest.mark.parametrize("page", by_name(WITH_EXAMPLES))
def test_only_what_needs_files_is_skipped(page):
    for example in examples_of(page):
        if doctest.SKIP in example.options:
            assert NOT_AT_HAND.search(example.source), example.source


@pytest.mark.parametrize("page", by_name(PAGES))
def test_python_code_has_prompts(page):
    assert "code-block:: py" not in page.read_text(encoding="utf-8")


def test_commands_of_the_guide_exist():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    text = text.replace("\\\n", "")  # a command may go on in the next line
    commands = re.findall(r"^ +\$ hmlc (.+)$", text, flags=re.MULTILINE)
    assert len(commands) > 5
    for command in commands:
        assert make_parser().parse_args(command.split()).run


# -- pages and numbers -----------------------------------------------------------------


def test_every_page_is_reached():
    """Each page stands in one table of contents, which Sphinx only warns about."""
    entries = [
        (page.parent / entry).resolve()
        for page in PAGES
        for block in re.findall(
            r"\.\. toctree::\n(?:   :.*\n)*\n((?:   .+\n)+)",
            page.read_text(encoding="utf-8"),
        )
        for entry in block.split()
    ]
    expected = [page.with_suffix("") for page in PAGES if page != DOCS / "index.rst"]
    assert sorted(entries) == sorted([*expected, GALLERY])


@pytest.mark.parametrize("dataset", ["cellcycle_FUN", "cellcycle_GO"])
def test_tables_of_bags_are_the_measured_ones(dataset):
    with (ROOT / "benchmarks/results/resampling_bags.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == dataset]
    expected = [
        "   " + ", ".join(row[column] for column in BAG_COLUMNS)
        for row in rows
        if row["max_bag"] == "mean"
    ]
    page = (DOCS / "user_guide/resampling.rst").read_text(encoding="utf-8")
    table = page.partition(f".. csv-table:: {dataset}: ")[2].split("\n\n")[:2]
    n_rows, n_clones = int(rows[0]["rows"]), rows[0]["clones_asked"]
    assert table[0].startswith(f"{n_rows:,} rows, {n_clones} clones asked for\n")
    assert table[1].splitlines() == expected


def test_version_of_the_pages():
    text = (DOCS / "whats_new.rst").read_text(encoding="utf-8")
    major_minor = ".".join(sklearn_hmlc.__version__.split(".")[:2])
    assert f"\n{major_minor}" in text

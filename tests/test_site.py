"""What newcomers see first: the README's example, the gallery, addresses, formulas."""

import ast
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sklearn_hmlc

from .test_public_api import PUBLIC

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = [
    pytest.param(path, id=path.stem)
    for path in sorted((DOCS / "examples").glob("*.py"))
]


def imports_of(tree):
    """Pairs (module, name) of this library that a script imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module, alias.name) for alias in node.names)


# -- README ----------------------------------------------------------------------------


def test_the_example_of_the_readme_runs_on_tables(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(60, 4)).round(3)
    frame = pd.DataFrame(x).add_prefix("x").rename_axis("id")
    frame[:50].to_csv("features.csv")
    frame[50:].to_csv("new.csv")
    labels = np.where(x[:50, 0] > 0, "01/03;20", "01/04")
    pd.Series(labels, name="labels").rename_axis("id").to_csv("labels.csv")
    exec(code, {})
    said = capsys.readouterr().out
    assert "probability" in said
    assert "01/04" in said


def test_pictures_and_pages_of_the_readme_exist():
    targets = re.findall(r"\]\((docs/[^)]+)\)", README)
    assert len(targets) > 5
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_package_indexes_get_whole_addresses():
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hooks = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = README
    for one in hooks["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    assert "](docs/" not in text
    home = project["project"]["urls"]["Documentation"]
    assert f"]({home}_images/recall_by_rarity.png)" in text
    assert f"]({home}evidence.html)" in text
    assert f"]({home}gallery/index.html)" in text


def test_every_extra_is_explained():
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    page = (DOCS / "install.rst").read_text(encoding="utf-8")
    explained = re.findall(r"^   \* - ``(\w+)``$", page, flags=re.MULTILINE)
    assert sorted(explained) == sorted(extras)


def test_citation_has_the_version_of_the_package():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {sklearn_hmlc.__version__}\n" in text


def test_type_checkers_are_told_of_annotations():
    assert (Path(sklearn_hmlc.__file__).parent / "py.typed").exists()


# -- gallery ---------------------------------------------------------------------------


def test_the_gallery_has_scripts():
    assert len(SCRIPTS) >= 10
    assert all(path.values[0].name.startswith("plot_") for path in SCRIPTS)


@pytest.mark.parametrize("path", SCRIPTS)
def test_scripts_use_what_is_public(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours = [
        (module, name)
        for module, name in imports_of(tree)
        if module.partition(".")[0] == "sklearn_hmlc"
    ]
    assert ours
    for module, name in ours:
        assert module in PUBLIC
        if name is not None:
            assert name in importlib.import_module(module).__all__


@pytest.mark.parametrize("path", SCRIPTS)
def test_scripts_have_a_title_and_a_figure(path):
    text = path.read_text(encoding="utf-8")
    title, line = ast.get_docstring(ast.parse(text)).splitlines()[:2]
    assert line == "=" * len(title)
    # Drawn by a display or by hand, and shown: the gallery takes it up from there.
    drawn = r"\w+Display(\.from_\w+)?\(|\.plot\(|plt\.subplots\(|\.imshow\("
    assert re.search(drawn, text)
    assert "plt.show()" in text
    # What becomes a cell of text in the notebook, beside those of code.
    assert text.count("\n# %%\n") >= 2


# -- formulas and links of the pages ---------------------------------------------------


@pytest.fixture
def extension(monkeypatch):
    """Import one of the extensions that the pages are built with."""
    monkeypatch.setattr(sys, "path", [str(DOCS / "_ext"), *sys.path])

    def load(name):
        return importlib.import_module(name)

    return load


def test_formulas_become_mathml(extension):
    text = extension("mathml").to_mathml(r"q_i = \max_{j \in D(i)} p_j", "block")
    assert "<munder><mo>max</mo>" in text
    assert "<msub><mi>q</mi><mi>i</mi></msub>" in text
    inline = extension("mathml").to_mathml(r"\max_j", "inline")
    assert "munder" not in inline


def test_names_know_their_pages_of_the_guide(extension, tmp_path):
    folder = tmp_path / "user_guide"
    folder.mkdir()
    (folder / "one.rst").write_text(
        ":class:`Hierarchy`, :func:`~sklearn_hmlc.metrics.au_prc` and "
        ":meth:`closing <Hierarchy.close>`; ``labels`` is no link"
    )
    (folder / "two.rst").write_text(":class:`Hierarchy`")
    pages = extension("guide_links").pages_by_name(folder)
    assert pages["Hierarchy"] == ["user_guide/one", "user_guide/two"]
    assert pages["au_prc"] == pages["close"] == ["user_guide/one"]
    assert "labels" not in pages

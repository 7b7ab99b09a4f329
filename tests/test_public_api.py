"""The house: who may import whom, what is public, and that all of it is documented."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import sklearn_hmlc

ROOT = Path(sklearn_hmlc.__file__).parent

# Data flows one way: a part imports only from those before it in this list.
LAYERS = [
    "hierarchy",
    "datasets",
    "over_sampling",
    "nn",
    "uncertainty",
    "losses",
    "metrics",
    "_target",
    "plotting",
    "postprocessing",
    "_rows",
    "_net",
    "_build",
    "_prediction",
    "_held_out",
    "_classifier",
    "_paper",
    "_cli",
]
FOLDERS = [layer for layer in LAYERS if (ROOT / layer / "__init__.py").exists()]
PUBLIC = ["sklearn_hmlc"] + [
    f"sklearn_hmlc.{folder}" for folder in FOLDERS if not folder.startswith("_")
]


def imported_parts(path):
    """Parts of the package that a file imports from, at its top or inside."""
    package = ("sklearn_hmlc", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            module = [*base, *(node.module or "").split(".")]
            names = [m for m in module if m] if node.module else [*base]
            if len(names) > 1:
                yield names[1]
            else:
                yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] == "sklearn_hmlc" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: p.stem)
def test_layers(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if own not in LAYERS:
        assert own in {"__init__", "__main__"}
        return
    allowed = LAYERS[: LAYERS.index(own) + 1]
    upward = {
        part for part in imported_parts(path) if part in LAYERS and part not in allowed
    }
    assert not upward, f"{path.name} imports from {upward}, which lie above {own}."


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_sorted_complete_and_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__
    exported = [item for item in module.__all__ if item != "__version__"]
    assert len(set(exported)) == len(exported)
    for item in exported:
        value = getattr(module, item)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert value.__doc__, f"{name}.{item} has no docstring."


def public_objects():
    for name in PUBLIC:
        module = importlib.import_module(name)
        for item in module.__all__:
            value = getattr(module, item)
            if inspect.isfunction(value) or inspect.isclass(value):
                yield pytest.param(value, id=f"{name}.{item}")


@pytest.mark.parametrize("value", list(public_objects()))
def test_docstrings_name_every_parameter(value):
    if inspect.isclass(value) and issubclass(value, Exception | Warning):
        return
    signature = inspect.signature(value)
    for name, parameter in signature.parameters.items():
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            assert name in value.__doc__, f"{value.__name__} does not explain {name}."


@pytest.mark.parametrize("value", list(public_objects()))
def test_public_names_have_an_example(value):
    if inspect.isclass(value) and issubclass(value, Exception | Warning):
        return
    assert ">>>" in value.__doc__, f"{value.__name__} has no example."


def test_modules_import_without_printing(capsys):
    for module in pkgutil.walk_packages([str(ROOT)], "sklearn_hmlc."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert capsys.readouterr() == ("", "")

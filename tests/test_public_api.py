"""The house: who may import whom, what is public, and that all of it is documented."""

import ast
import importlib
import inspect
import pkgutil
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import sklearn_hmlc

ROOT = Path(sklearn_hmlc.__file__).parent

# Data flows one way: a part imports only from those before it in this list.
LAYERS = [
    "_versions",
    "_aside",
    "_spelling",
    "_words",
    "_options",
    "_frames",
    "_on_disk",
    "_validation",
    "_number_forms",
    "_sound_trees",
    "_reading",
    "_files",
    "_folders",
    "_optional",
    "hierarchy",
    "_naming",
    "_scores",
    "_response",
    "datasets",
    "over_sampling",
    "nn",
    "uncertainty",
    "losses",
    "metrics",
    "predictions",
    "_rows",
    "_features",
    "_target",
    "_door",
    "_outputs",
    "_sizes",
    "_folds",
    "_quiet",
    "_inner_fit",
    "_parallel",
    "postprocessing",
    "experts",
    "_torch",
    "_together",
    "_scoring",
    "_tasks",
    "_callbacks",
    "_diagram",
    "_net",
    "_build",
    "_params",
    "_saved",
    "_resample",
    "_checkpoints",
    "_fit",
    "_encoders",
    "_stored",
    "_classifier",
    "inspection",
    "plotting",
    "_recipe",
    "_paper",
    "io",
    "_export",
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


def taken_from_folders(path):
    """(folder, module in it or None, name) of what a file takes from other folders."""
    package = ("sklearn_hmlc", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = (node.module or "").split(".") if node.module else []
        if node.level:
            module = [*package[: len(package) - node.level + 1], *module]
        if module[:1] != ["sklearn_hmlc"] or len(module) < 2:
            continue
        if module[1] in FOLDERS and module[1] not in package:
            yield from ((module[1], module[2:], alias.name) for alias in node.names)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: p.stem)
def test_no_private_name_crosses_folders(path):
    for folder, inside, name in taken_from_folders(path):
        public = importlib.import_module(f"sklearn_hmlc.{folder}").__all__
        assert not inside, f"{path.name} reaches into {folder}.{inside[0]}."
        assert name in public, f"{path.name} takes {name}, which {folder} keeps."


def imports_at_top(path):
    """Modules of the package that a file imports when it is imported itself."""
    package = ("sklearn_hmlc", *path.relative_to(ROOT).parent.parts)
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1]]
            base += node.module.split(".") if node.module else []
            for alias in node.names:
                inner = ROOT.parent.joinpath(*base, alias.name)
                is_module = inner.with_suffix(".py").exists() or inner.is_dir()
                yield ".".join([*base, alias.name] if is_module else base)


def test_no_import_cycle():
    graph = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        graph[name] = set(imports_at_top(path)) - {"sklearn_hmlc", name}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"Modules import each other: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: p.stem)
def test_no_file_is_long(path):
    assert len(path.read_text().splitlines()) <= 600


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parent.rglob("*.py")), ids=lambda p: p.stem
)
def test_no_test_file_is_long(path):
    assert len(path.read_text().splitlines()) <= 400


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

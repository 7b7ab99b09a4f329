"""A small data set in both formats, and runs of the command."""

from pathlib import Path

import pytest

from sklearn_hmlc._cli import main
from sklearn_hmlc._cli._model import load_model, save_model

SMALL = ["--heads", "2", "--hidden", "8", "--epochs", "2", "--quiet"]
HEADER = """@relation pets
@attribute weight numeric
@attribute coat {short,long}
@attribute class hierarchical cat,dog,dog/terrier
@data
"""
ROWS = ["4.5,long,cat", "?,short,cat@dog/terrier", "1,?,dog", "2,long,dog/terrier"]
FEATURES = "id,weight,coat\na,4.5,long\nb,,short\nc,1,?\nd,2,long\n"
LABELS_LONG = "id,node\na,cat\nb,cat\nb,terrier\nc,dog\nd,terrier\n"
LABELS_WIDE = "id,cat,terrier,dog\nd,0,1,0\nb,1,1,1\na,1,0,0\nc,0,0,1\nz,1,1,1\n"
EDGES = "parent,child\ndog,terrier\n,cat\n"


def write(name, content):
    Path(name).write_text(content)
    return name


def content_of(path):
    """What a model file holds: the pipeline, and facts of the rows."""
    return load_model(Path(path))


def change_model(path, change):
    """Write a model file anew, of a pipeline that was changed."""
    content = content_of(path)
    change(content["pipeline"])
    facts = {name: x for name, x in content.items() if name not in _NO_FACTS}
    save_model(Path(path), content["pipeline"], facts, force=True)


_NO_FACTS = ("pipeline", "version")


def error_of(capsys, argv):
    """Run what must fail, and return what it says."""
    capsys.readouterr()
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("hmlc: error: ")
    assert "Traceback" not in captured.err
    return captured.err.removeprefix("hmlc: error: ")


def usage_error_of(capsys, argv):
    """Run what can't be parsed, and return what argparse says."""
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    return capsys.readouterr().err

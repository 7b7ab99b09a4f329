"""An empty folder for each test, files in it, and models of them."""

import pytest
import torch

from sklearn_hmlc._cli import main

from .pets import EDGES, FEATURES, HEADER, LABELS_LONG, ROWS, SMALL, write


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small networks gain nothing from threads, and lose much on busy machines."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test works in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def arff(folder):
    """Two files that belong together."""
    first = write("train.arff", HEADER + "\n".join(ROWS[:2]) + "\n")
    second = write("valid.arff", HEADER + "\n".join(ROWS[2:]) + "\n")
    return [first, second]


@pytest.fixture
def arff_model(arff):
    assert main(["fit", *arff, "--model", "pets.hmlc", *SMALL]) == 0
    return "pets.hmlc"


@pytest.fixture
def csv(folder):
    """Arguments that name features, labels and hierarchy with ids."""
    write("genes.csv", FEATURES)
    write("labels.csv", LABELS_LONG)
    write("edges.csv", EDGES)
    return [
        "genes.csv",
        "--index",
        "--labels",
        "labels.csv",
        "--hierarchy",
        "edges.csv",
    ]


@pytest.fixture
def csv_model(csv):
    assert main(["fit", *csv, "--model", "genes.hmlc", *SMALL]) == 0
    return "genes.hmlc"

"""``hmlc info``: what a model file is."""

import re

import numpy as np
import pytest

from sklearn_hmlc._cli import main

from .genes import FILES, TINY
from .pets import SMALL, change_model, content_of, error_of, write


def lines_of(capsys, model):
    capsys.readouterr()
    assert main(["info", model]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    pairs = (line.partition(":") for line in captured.out.splitlines())
    return captured.out, {name: words.strip() for name, _, words in pairs}


def test_a_model_of_an_ontology(folder, capsys):
    argv = ["fit", *FILES, "--min-count", "2", "--test-fraction", "0.25"]
    assert main([*argv, "--model", "m", *TINY]) == 0
    measures = capsys.readouterr().out
    text, lines = lines_of(capsys, "m")
    saved = content_of("m")
    hierarchy = saved["pipeline"][-1].hierarchy_
    assert re.fullmatch(r"m, \d+ kB, of version .+", lines["Model"])
    assert FILES[1] in lines["Files"]
    assert f"Hierarchy({len(hierarchy)} nodes, {hierarchy.n_edges} edges" in text
    assert "data-version='releases/2022-07-01'" in text
    assert "not scored: 'GO:0003674'" in text
    assert lines["Features"].startswith("17 columns: 'PF00047', 'PF00207'")
    assert lines["Trained on"].startswith("9 rows; ")
    assert lines["Classifier"] == (
        "HierarchicalEnsembleClassifier(hidden_layer_sizes=[8], max_epochs=2, "
        "n_estimators=2, random_state=0)"
    )
    assert lines["Thresholds"] == "0.5"
    assert lines["Sizes"] == (
        "hidden layers 8, dropout 0.7, batches of 32, learning rate 0.001"
    )
    assert lines["Epochs"] == "2"
    assert measures.strip() in text  # as they were printed by fit


def test_a_model_of_tables(csv_model, capsys):
    _, lines = lines_of(capsys, csv_model)
    assert lines["Features"] == "2 columns: 'weight', 'coat'"
    assert lines["Files"] == "genes.csv"
    assert lines["Trained on"] == "4 rows; 3 nodes have any of them"


def test_tuned_thresholds(arff, capsys):
    tuned = ["--threshold", "prevalence", "--threshold-folds", "2"]
    assert main(["fit", *arff, "--model", "m", *SMALL, *tuned]) == 0
    thresholds = np.linspace(0.1, 0.4, 4)
    change_model("m", lambda model: model.thresholds_.__setitem__(slice(4), thresholds))
    _, lines = lines_of(capsys, "m")
    assert lines["Thresholds"] == (
        "one per node by 'prevalence', from 0.1 to 0.4, median 0.25"
    )


@pytest.mark.parametrize("name", ["no.hmlc", "x.csv", "."])
def test_what_is_no_model(folder, capsys, name):
    write("x.csv", "id,node\n")
    assert name in error_of(capsys, ["info", name])


def test_long_lines_fit_a_terminal(csv_model, capsys, monkeypatch):
    piped, lines = lines_of(capsys, csv_model)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "70")
    text, _ = lines_of(capsys, csv_model)
    assert max(map(len, piped.splitlines())) > 70
    assert max(map(len, text.splitlines())) <= 70
    assert lines["Classifier"] in " ".join(text.split())

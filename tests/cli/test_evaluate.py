"""``hmlc evaluate``: measures on the screen and in files."""

import re
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_hmlc._cli import main
from sklearn_hmlc.datasets import read_arff
from sklearn_hmlc.metrics import au_prc, node_precision_recall_f1

from .pets import SMALL, change_model, write


def test_evaluate_reports_the_measures(arff, arff_model, capsys, folder):
    assert main(["evaluate", arff_model, *arff, "--out", "report"]) == 0
    text = capsys.readouterr().out
    overall = pd.read_csv("report/overall.csv", index_col="measure")["value"]
    pets = [read_arff(path) for path in arff]
    truth = np.vstack([part.target.toarray() for part in pets])[:, 1:]
    assert main(["predict", arff_model, *arff, "--out", "out.csv"]) == 0
    proba = pd.read_csv("out.csv", index_col="id").to_numpy()
    macro = node_precision_recall_f1(truth, proba >= 0.5)
    expected = [*macro, au_prc(truth, proba)]
    names = ["macro precision", "macro recall", "macro F1", "AU(PRC)"]
    np.testing.assert_allclose(overall[names], expected, rtol=1e-5)
    for name in names:
        assert re.search(f"^{re.escape(name)} +{overall[name]:.3f}$", text, re.M)
    written = {path.name for path in (folder / "report").iterdir()}
    assert written == {
        "overall.csv",
        "rarity.csv",
        "depth.csv",
        "rarity.png",
        "depth.png",
        "pr_curve.png",
    }
    assert all(f"report/{name}" in text for name in written)


def test_evaluate_counts_training_rows(csv, csv_model, capsys):
    write("labels.csv", "id,node\na,cat\nb,terrier\nc,dog\nd,cat\n")
    assert main(["evaluate", csv_model, *csv[:-2], "--out", "report"]) == 0
    rarity = pd.read_csv("report/rarity.csv")
    assert rarity["training rows"].tolist() == ["1-4"]
    assert rarity["train_rows"].tolist() == [pytest.approx(7 / 3, rel=1e-5)]
    assert rarity["support"].tolist() == [5]
    depth = pd.read_csv("report/depth.csv")
    assert depth[["depth", "n_nodes"]].to_numpy().tolist() == [[0, 2], [1, 1]]


def test_evaluate_writes_nothing_unasked(arff, arff_model, folder, capsys):
    before = sorted(folder.iterdir())
    assert main(["evaluate", arff_model, *arff]) == 0
    assert sorted(folder.iterdir()) == before
    assert "Files:" not in capsys.readouterr().out


def test_evaluate_uses_the_tuned_thresholds(arff, capsys):
    tuned = ["--threshold", "prevalence", "--threshold-folds", "2"]
    assert main(["fit", *arff, "--model", "m", *SMALL, *tuned]) == 0
    change_model("m", lambda model: model.thresholds_.fill(0))
    assert main(["evaluate", "m", *arff]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^macro recall +1\.000$", text, re.MULTILINE)


def test_evaluate_uses_the_model_s_threshold(arff, capsys):
    fit = ["fit", *arff, "--model", "m", *SMALL, "--threshold", "0"]
    assert main(fit) == 0
    assert main(["evaluate", "m", *arff]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^macro recall +1\.000$", text, re.MULTILINE)


def test_evaluate_without_matplotlib(arff, arff_model, monkeypatch, capsys, folder):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["evaluate", arff_model, *arff, "--out", "report"]) == 0
    assert "pip install sklearn-hmlc[plot]" in capsys.readouterr().out
    assert not list((folder / "report").glob("*.png"))

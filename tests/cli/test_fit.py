"""``hmlc fit``: from files and options to a model file."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc._cli import main
from sklearn_hmlc.datasets import read_arff
from sklearn_hmlc.postprocessing import NodeThresholdClassifier

from .pets import LABELS_LONG, LABELS_WIDE, SMALL, content_of, error_of, write


def test_options_reach_the_classifier(arff):
    options = {
        "--heads": ("n_estimators", 3),
        "--ensemble": ("ensemble", "dropout"),
        "--hidden": ("hidden_layer_sizes", [9, 8]),
        "--epochs": ("max_epochs", 1),
        "--batch-size": ("batch_size", 2),
        "--lr": ("lr", 0.01),
        "--dropout": ("dropout", 0.25),
        "--uncertainty": ("uncertainty", "bma"),
        "--node-weight": ("node_weight", "class-wise"),
        "--power": ("node_weight_power", 0.75),
        "--threshold": ("threshold", 0.25),
        "--seed": ("random_state", 11),
        "--device": ("device", "cpu"),
    }
    words = []
    for flag, (_, value) in options.items():
        values = value if isinstance(value, list) else [value]
        words += [flag, *map(str, values)]
    assert main(["fit", *arff, "--model", "m", "--quiet", *words]) == 0
    params = content_of("m")["pipeline"][-1].get_params()
    assert {name: params[name] for name, _ in options.values()} == dict(
        options.values()
    )


def test_sizes_may_be_said_to_be_automatic(arff):
    flags = ("--hidden", "--epochs", "--batch-size", "--lr")
    words = [word for flag in flags for word in (flag, "auto")]
    argv = ["fit", *arff, "--model", "m", "--quiet", "--heads", "1", *words]
    assert main(argv) == 0
    classifier = content_of("m")["pipeline"][-1]
    assert classifier.hidden_layer_sizes == classifier.lr == "auto"
    assert classifier.hidden_layer_sizes_ == (500, 500)


def test_defaults_are_the_classifier_s(arff, monkeypatch):
    seen = []

    def spy(self, X, y):
        seen.append(self.get_params())
        raise ValueError("seen enough")

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", spy)
    assert main(["fit", *arff, "--model", "m"]) == 2
    expected = HierarchicalEnsembleClassifier(
        read_arff(arff[0]).hierarchy, random_state=0, verbose=1
    )
    assert seen == [expected.get_params()]


@pytest.mark.filterwarnings("ignore:.* no positive row")  # in one of the folds
@pytest.mark.parametrize(("given", "folds"), [([], 5), (["--threshold-folds", "3"], 3)])
def test_thresholds_are_tuned_around_the_preparation(folder, given, folds):
    pd.DataFrame({"x": range(12), "kind": list("ab") * 6}).to_csv("x.csv", index=False)
    pd.DataFrame({"A": [0, 1] * 6, "B": [1, 0] * 6}).to_csv("y.csv", index=False)
    fit = ["fit", "x.csv", "--labels", "y.csv", "--model", "m", *SMALL, "--seed", "7"]
    assert main([*fit, "--threshold", "f1", *given]) == 0
    tuned = content_of("m")["pipeline"]
    assert isinstance(tuned, NodeThresholdClassifier)
    assert (tuned.strategy, tuned.cv, tuned.random_state) == ("f1", folds, 7)
    assert tuned.thresholds_.shape == (2,)
    pipeline = tuned.estimator_
    assert pipeline[-1].threshold == 0.5
    assert not pipeline[-1].net_.optimizer_.state
    # What is put around is all there is: the same by hand.
    X, Y = pd.read_csv("x.csv"), pd.read_csv("y.csv").to_numpy()
    again = clone(tuned).fit(X, sp.csr_array(Y))
    np.testing.assert_array_equal(tuned.thresholds_, again.thresholds_)


@pytest.mark.filterwarnings("default")
def test_nodes_that_no_row_has_are_named_once(csv, capsys):
    write("edges.csv", "parent,child\ndog,terrier\ndog,pug\n,cat\n")
    tuned = ["--threshold", "f1", "--threshold-folds", "2"]
    assert main(["fit", *csv, "--model", "m", *SMALL, *tuned]) == 0
    error = capsys.readouterr().err
    assert error.count("no positive row") == 1
    assert "1 of 4 nodes have no positive row" in error
    assert "'pug'" in error


def test_folds_need_thresholds_to_tune(arff, capsys):
    fit = ["fit", *arff, "--model", "m", "--threshold-folds", "3"]
    assert "it needs --threshold prevalence or f1" in error_of(capsys, fit)


def test_weights_can_be_turned_off(arff):
    off = ["--uncertainty", "none", "--node-weight", "none"]
    assert main(["fit", *arff, "--model", "m", *SMALL, *off]) == 0
    classifier = content_of("m")["pipeline"][-1]
    assert (classifier.uncertainty, classifier.node_weight) == (None, None)


def test_early_stopping(csv):
    options = ["--early-stopping", "--epochs", "1", "--heads", "1", "--quiet"]
    assert main(["fit", *csv, "--model", "m", *options]) == 0
    assert "valid_au_prc" in content_of("m")["pipeline"][-1].history_[0]


def test_fit_tells_what_it_did(arff, capsys):
    loud = [word for word in SMALL if word != "--quiet"]
    assert main(["fit", *arff, "--model", "m", *loud]) == 0
    captured = capsys.readouterr()
    assert "4 rows, 2 columns, Hierarchy(4 nodes" in captured.out
    assert "2 epochs" in captured.out
    assert "2/2" in captured.err


def test_fit_tells_what_it_read(csv, capsys):
    loud = [word for word in SMALL if word != "--quiet"]
    assert main(["fit", *csv, "--model", "m", *loud]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Data: 4 rows, 2 columns, Hierarchy(3 nodes, 1 edge")
    assert lines[1:5] == [
        "Numbers: 1 column: 'weight'",
        "Text, one-hot encoded: 'coat' (2 texts)",
        "Missing: 25.0% of the cells, most in 'weight' (25.0%)",
        "Labels: 3 nodes, 1.8 per row (1.2 given, 0.5 ancestors)",
    ]


def test_quiet_is_quiet(arff, capsys):
    assert main(["fit", *arff, "--model", "m", *SMALL]) == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_model_file_has_no_training_state(arff_model, folder):
    net = content_of(arff_model)["pipeline"][-1].net_
    assert not net.optimizer_.state
    assert not list(folder.glob(".*"))  # nor is a partial file left


def test_long_and_wide_labels_are_the_same(csv, csv_model):
    write("labels.csv", LABELS_WIDE)
    assert main(["fit", *csv, "--model", "wide.hmlc", *SMALL]) == 0
    for model in (csv_model, "wide.hmlc"):
        argv = ["predict", model, "genes.csv", "--index", "--out", f"{model}.csv"]
        assert main(argv) == 0
    frames = [pd.read_csv(f"{m}.csv") for m in (csv_model, "wide.hmlc")]
    pd.testing.assert_frame_equal(*frames)
    assert list(frames[0]["id"]) == list("abcd")


def test_labels_from_csv_are_closed(csv_model):
    saved = content_of(csv_model)
    hierarchy = saved["pipeline"][-1].hierarchy_
    assert hierarchy == Hierarchy.from_edges([("dog", "terrier")], hierarchy.nodes)
    counts = dict(zip(hierarchy.nodes, saved["train_counts"].tolist(), strict=True))
    assert counts == {"dog": 3, "terrier": 2, "cat": 2}


def test_wide_labels_may_lack_the_nodes_above(csv):
    write("labels.csv", "id,terrier,cat\nd,1,0\nb,1,1\na,0,1\nc,0,1\n")
    assert main(["fit", *csv, "--model", "m", *SMALL]) == 0
    saved = content_of("m")
    nodes = saved["pipeline"][-1].node_names_
    counts = dict(zip(nodes, saved["train_counts"].tolist(), strict=True))
    assert counts == {"dog": 2, "terrier": 2, "cat": 3}


@pytest.mark.parametrize("labels", [LABELS_LONG, LABELS_WIDE])
def test_without_a_hierarchy_labels_are_independent(csv, labels):
    write("labels.csv", labels)
    assert main(["fit", *csv[:-2], "--model", "m", *SMALL]) == 0
    hierarchy = content_of("m")["pipeline"][-1].hierarchy_
    assert hierarchy.n_edges == 0
    assert set(hierarchy.nodes) == {"cat", "dog", "terrier"}

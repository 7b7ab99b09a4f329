"""``hmlc``: what it writes and prints, and its words for what can't be used."""

import contextlib
import errno
import io
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import StandardScaler

import sklearn_hmlc
from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc._cli import _demo, main
from sklearn_hmlc.datasets import read_arff
from sklearn_hmlc.metrics import au_prc, node_precision_recall_f1

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


def write(name, content):
    Path(name).write_text(content)
    return name


@pytest.fixture
def arff(folder):
    """Two files that belong together."""
    first = write("train.arff", HEADER + "\n".join(ROWS[:2]) + "\n")
    second = write("valid.arff", HEADER + "\n".join(ROWS[2:]) + "\n")
    return [first, second]


@pytest.fixture
def arff_model(arff):
    assert main(["fit", *arff, "--model", "pets.joblib", *SMALL]) == 0
    return "pets.joblib"


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
    assert main(["fit", *csv, "--model", "genes.joblib", *SMALL]) == 0
    return "genes.joblib"


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


# -- the command itself ----------------------------------------------------------------


def test_module_runs_as_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "sklearn_hmlc", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"hmlc {sklearn_hmlc.__version__}\n"


@pytest.mark.parametrize("command", [[], ["demo"], ["fit"], ["predict"], ["evaluate"]])
def test_help_names_every_option_and_fits_the_screen(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "usage: hmlc" in text
    assert max(map(len, text.splitlines())) <= 88


def test_without_a_command(capsys):
    assert "required: COMMAND" in usage_error_of(capsys, [])


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--heads", "0"], "--heads: expected a whole number from 1 on, but got '0'"),
        (["--hidden", "9", "x"], "--hidden: expected a whole number"),
        (["--uncertainty", "gmx"], "--uncertainty: expected bma, gmu.* or none, but"),
        (["--node-weight", "bin"], "--node-weight: expected binary, class-wise or"),
        (["--device", "abacus"], "--device: expected auto, cpu, cuda .*'abacus'"),
        (["--threshold", "f2"], "--threshold: expected a number or one of prevalence"),
        (["--ensemble", "bag"], "--ensemble: invalid choice: 'bag'"),
        (["--lr", "fast"], "--lr: invalid float value: 'fast'"),
    ],
)
def test_options_are_checked_first(capsys, option, said):
    error = usage_error_of(capsys, ["fit", "no.arff", "--model", "m", *option])
    assert re.search(said, error)


def test_cuda_where_there_is_none(capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    error = usage_error_of(capsys, ["demo", "--device", "cuda:0"])
    assert "torch finds no CUDA device here" in error


def test_interrupt_ends_without_a_traceback(monkeypatch, capsys):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(_demo, "run", interrupt)
    assert main(["demo"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("no node 'x'"), "no node 'x'"),
        (ImportError("needs matplotlib"), "needs matplotlib"),
        (OSError(errno.ENOSPC, "No space left", "m.joblib"), "m.joblib: No space left"),
        (OSError("no network"), "no network"),
    ],
)
def test_errors_are_told_in_their_own_words(monkeypatch, capsys, error, said):
    def fail(args):
        raise error

    monkeypatch.setattr(_demo, "run", fail)
    assert error_of(capsys, ["demo"]) == f"{said}\n"


# -- demo ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick_demo(tmp_path_factory):
    """Run the demo once: its folder, and what it printed."""
    out = tmp_path_factory.mktemp("demo") / "new" / "folder"
    text, progress = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(progress):
        assert main(["demo", "--quick", "--out", str(out)]) == 0
    return out, text.getvalue(), progress.getvalue()


def test_demo_shows_that_rare_nodes_are_found(quick_demo):
    out, _, _ = quick_demo
    overall = pd.read_csv(out / "overall.csv", index_col="measure")
    rare = overall.loc["recall, rarest quarter of nodes"]
    assert rare["rare-node ensemble"] > rare["plain network"] + 0.2
    assert overall.notna().all(axis=None)


def test_demo_prints_what_it_writes(quick_demo):
    out, text, progress = quick_demo
    overall = pd.read_csv(out / "overall.csv", index_col="measure")
    for measure, values in overall.iterrows():
        digits = 1 if measure == "training seconds" else 3
        numbers = "  +".join(f"{value:.{digits}f}" for value in values)
        assert re.search(f"^{re.escape(measure)}  +{numbers}$", text, re.MULTILINE)
    assert "those of the model's `predict`" in text
    paths = [out / name for name in ("overall.csv", "rarity.csv", "rarity.png")]
    assert text.endswith("Files:\n" + "".join(f"  {path}\n" for path in paths))
    assert all(path.stat().st_size > 0 for path in paths)
    assert progress.count("10/10") >= 2
    assert max(map(len, text.splitlines()[:-4])) <= 88


def test_demo_reports_by_rarity(quick_demo):
    rarity = pd.read_csv(quick_demo[0] / "rarity.csv")
    assert list(rarity.columns[:2]) == ["model", "training rows"]
    nodes = rarity.groupby("model")["n_nodes"].sum()
    assert nodes.to_dict() == {"plain network": 60, "rare-node ensemble": 60}


@pytest.fixture
def tiny(monkeypatch):
    """Make --quick quicker, where results don't count."""
    size = _demo.QUICK._replace(n_samples=200, n_nodes=20, hidden=(8,), epochs=1)
    monkeypatch.setattr(_demo, "QUICK", size)


def test_demo_without_matplotlib(tiny, monkeypatch, capsys, folder):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["demo", "--quick"]) == 0
    assert "pip install sklearn-hmlc[plot]" in capsys.readouterr().out
    names = {path.name for path in (folder / "hmlc-demo").iterdir()}
    assert names == {"overall.csv", "rarity.csv"}


def test_demo_options_reach_the_models(tiny, monkeypatch):
    seen = []
    fit = HierarchicalEnsembleClassifier.fit

    def spy(self, X, y):
        seen.append(self.get_params())
        return fit(self, X, y)

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", spy)
    options = ["--heads", "4", "--epochs", "3", "--seed", "5"]
    assert main(["demo", "--quick", *options]) == 0
    plain, ensemble = seen
    assert {name for name in plain if plain[name] != ensemble[name]} == {
        "n_estimators",
        "node_weight",
        "uncertainty",
    }
    assert (plain["n_estimators"], ensemble["n_estimators"]) == (1, 4)
    assert (plain["node_weight"], plain["uncertainty"]) == (None, None)
    assert (plain["max_epochs"], plain["random_state"]) == (3, 5)


def test_demo_repeats_itself(tiny):
    for out in "ab":
        assert main(["demo", "--quick", "--seed", "3", "--out", out]) == 0
    tables = [pd.read_csv(f"{out}/rarity.csv") for out in "ab"]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.filterwarnings("default")
def test_demo_on_a_benchmark(tiny, data_dir, monkeypatch, capsys):
    monkeypatch.setenv("SKLEARN_HMLC_DATA", str(data_dir))
    assert main(["demo", "--dataset", "pheno_FUN", "--quick", "--heads", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("pheno_FUN: Hierarchy(456 nodes")
    assert "hmlc: warning: 40 of 456 nodes have no positive row" in captured.err


def test_demo_offers_the_nearest_data_set(capsys):
    error = error_of(capsys, ["demo", "--dataset", "celcycle_FUN"])
    assert "Did you mean cellcycle_FUN" in error


def test_demo_where_no_folder_can_be(capsys):
    write("file", "")
    assert "file: File exists" in error_of(capsys, ["demo", "--out", "file"])


# -- fit and predict -------------------------------------------------------------------


def test_arff_predictions_are_those_of_the_estimator(arff, arff_model, capsys):
    assert main(["predict", arff_model, *arff, "--out", "out.csv"]) == 0
    assert "out.csv" in capsys.readouterr().out
    found = pd.read_csv("out.csv", index_col="id")
    # The same by hand: long, short, missing; the mean of 4.5, 1 and 2 where missing.
    X = np.array([[1, 0, 0, 4.5], [0, 1, 0, 2.5], [0, 0, 1, 1], [1, 0, 0, 2]])
    X = StandardScaler().fit_transform(X)
    pets = [read_arff(path) for path in arff]
    Y = np.vstack([part.target.toarray() for part in pets])
    classifier = HierarchicalEnsembleClassifier(
        pets[0].hierarchy,
        n_estimators=2,
        hidden_layer_sizes=(8,),
        max_epochs=2,
        random_state=0,
    )
    expected = classifier.fit(X, Y).predict_proba(X)
    assert list(found.columns) == ["cat", "dog", "dog/terrier"]  # not the virtual root
    assert list(found.index) == [0, 1, 2, 3]
    np.testing.assert_allclose(found, expected[:, 1:], atol=1e-6)


def test_rows_without_labels_can_be_predicted(arff, arff_model):
    write("new.arff", HEADER + "4.5,long,?\n")
    assert main(["predict", arff_model, *arff, "--out", "old.csv"]) == 0
    assert main(["predict", arff_model, "new.arff", "--out", "new.csv"]) == 0
    pd.testing.assert_frame_equal(
        pd.read_csv("new.csv"), pd.read_csv("old.csv", nrows=1)
    )


def test_sparse_rows_are_as_good_as_dense_ones(arff, arff_model):
    sparse = ["{0 4.5,1 long,2 cat}", "{0 ?,2 cat@dog/terrier}"]
    write("sparse.arff", HEADER + "\n".join(sparse) + "\n")
    assert main(["predict", arff_model, arff[0], "--out", "dense.csv"]) == 0
    assert main(["predict", arff_model, "sparse.arff", "--out", "sparse.csv"]) == 0
    pd.testing.assert_frame_equal(*map(pd.read_csv, ["dense.csv", "sparse.csv"]))
    fit = ["fit", "sparse.arff", arff[1], "--model", "m", *SMALL]
    assert main(fit) == 0


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
        "--threshold": ("threshold", "f1"),
        "--threshold-folds": ("threshold_cv", 3),
        "--seed": ("random_state", 11),
        "--device": ("device", "cpu"),
    }
    words = []
    for flag, (_, value) in options.items():
        values = value if isinstance(value, list) else [value]
        words += [flag, *map(str, values)]
    assert main(["fit", *arff, "--model", "m", "--quiet", *words]) == 0
    params = joblib.load("m")["pipeline"][-1].get_params()
    assert {name: params[name] for name, _ in options.values()} == dict(
        options.values()
    )


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


def test_weights_can_be_turned_off(arff):
    off = ["--uncertainty", "none", "--node-weight", "none"]
    assert main(["fit", *arff, "--model", "m", *SMALL, *off]) == 0
    classifier = joblib.load("m")["pipeline"][-1]
    assert (classifier.uncertainty, classifier.node_weight) == (None, None)


def test_early_stopping(csv):
    options = ["--early-stopping", "--epochs", "1", "--heads", "1", "--quiet"]
    assert main(["fit", *csv, "--model", "m", *options]) == 0
    assert "valid_au_prc" in joblib.load("m")["pipeline"][-1].history_[0]


def test_fit_tells_what_it_did(arff, capsys):
    loud = [word for word in SMALL if word != "--quiet"]
    assert main(["fit", *arff, "--model", "m", *loud]) == 0
    captured = capsys.readouterr()
    assert "4 rows, 2 columns, Hierarchy(4 nodes" in captured.out
    assert "2 epochs" in captured.out
    assert "2/2" in captured.err


def test_quiet_is_quiet(arff, capsys):
    assert main(["fit", *arff, "--model", "m", *SMALL]) == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_model_file_has_no_training_state(arff_model, folder):
    net = joblib.load(arff_model)["pipeline"][-1].net_
    assert net.optimizer_ is None
    assert not list(folder.glob(".*"))  # nor is a partial file left


def test_long_and_wide_labels_are_the_same(csv, csv_model):
    write("labels.csv", LABELS_WIDE)
    assert main(["fit", *csv, "--model", "wide.joblib", *SMALL]) == 0
    for model in (csv_model, "wide.joblib"):
        argv = ["predict", model, "genes.csv", "--index", "--out", f"{model}.csv"]
        assert main(argv) == 0
    frames = [pd.read_csv(f"{m}.csv") for m in (csv_model, "wide.joblib")]
    pd.testing.assert_frame_equal(*frames)
    assert list(frames[0]["id"]) == list("abcd")


def test_labels_from_csv_are_closed(csv_model):
    saved = joblib.load(csv_model)
    hierarchy = saved["pipeline"][-1].hierarchy_
    assert hierarchy == Hierarchy.from_edges([("dog", "terrier")], hierarchy.nodes)
    counts = dict(zip(hierarchy.nodes, saved["train_counts"].tolist(), strict=True))
    assert counts == {"dog": 3, "terrier": 2, "cat": 2}


def test_wide_labels_may_lack_the_nodes_above(csv):
    write("labels.csv", "id,terrier,cat\nd,1,0\nb,1,1\na,0,1\nc,0,1\n")
    assert main(["fit", *csv, "--model", "m", *SMALL]) == 0
    saved = joblib.load("m")
    nodes = saved["pipeline"][-1].node_names_
    counts = dict(zip(nodes, saved["train_counts"].tolist(), strict=True))
    assert counts == {"dog": 2, "terrier": 2, "cat": 3}


@pytest.mark.parametrize("labels", [LABELS_LONG, LABELS_WIDE])
def test_without_a_hierarchy_labels_are_independent(csv, labels):
    write("labels.csv", labels)
    assert main(["fit", *csv[:-2], "--model", "m", *SMALL]) == 0
    hierarchy = joblib.load("m")["pipeline"][-1].hierarchy_
    assert hierarchy.n_edges == 0
    assert set(hierarchy.nodes) == {"cat", "dog", "terrier"}


def test_files_without_ids_go_by_order(folder):
    pd.DataFrame({"x": [1, 2]}).to_csv("one.tsv.gz", index=False, sep="\t")
    pd.DataFrame({"x": [3, 4, 5]}).to_csv("two.csv", index=False)
    pd.DataFrame({"A": [1, 1, 0, 0, 1]}).to_csv("labels.csv", index=False)
    data = ["one.tsv.gz", "two.csv"]
    fit = ["fit", *data, "--labels", "labels.csv", "--model", "m", *SMALL]
    assert main(fit) == 0
    assert joblib.load("m")["train_counts"].tolist() == [3]
    assert main(["predict", "m", *data, "--out", "out.csv"]) == 0
    assert pd.read_csv("out.csv")["id"].tolist() == [0, 1, 2, 3, 4]


def test_text_stays_text_where_a_file_has_only_numbers(folder):
    write("train.csv", "kind,x\n01,1\nb,2\n1,3\n01,4\n")
    write("labels.csv", "A,B\n1,0\n0,1\n0,1\n1,0\n")
    write("new.csv", "x,kind\n1,01\n")  # the columns in another order as well
    fit = ["fit", "train.csv", "--labels", "labels.csv", "--model", "m", *SMALL]
    assert main(fit) == 0
    for data in ("train.csv", "new.csv"):
        assert main(["predict", "m", data, "--out", f"out-{data}"]) == 0
    pd.testing.assert_frame_equal(
        pd.read_csv("out-new.csv"), pd.read_csv("out-train.csv", nrows=1)
    )


def test_long_predictions(csv_model):
    predict = ["predict", csv_model, "genes.csv", "--index"]
    assert main([*predict, "--out", "wide.csv"]) == 0
    wide = pd.read_csv("wide.csv", index_col="id")
    least = float(np.median(wide)) + 1e-6
    long = ["--format", "long", "--min-probability", f"{least}", "--out", "long.csv.gz"]
    assert main([*predict, *long]) == 0
    found = pd.read_csv("long.csv.gz")
    assert list(found.columns) == ["id", "node", "probability"]
    expected = wide.stack()
    expected = expected[expected >= least]
    assert len(found) == 6
    assert found.set_index(["id", "node"])["probability"].to_dict() == (
        expected.to_dict()
    )


# -- evaluate --------------------------------------------------------------------------


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
    pipeline = joblib.load("m")["pipeline"]
    assert pipeline[-1].thresholds_.shape == (pipeline[-1].hierarchy_.n_nodes,)
    assert main(["evaluate", "m", *arff]) == 0
    assert "macro recall" in capsys.readouterr().out


def test_predict_writes_the_tuned_decisions(arff, folder):
    tuned = ["--threshold", "prevalence", "--threshold-folds", "2"]
    assert main(["fit", *arff, "--model", "m", *SMALL, *tuned]) == 0
    pipeline = joblib.load("m")["pipeline"]
    predict = ["predict", "m", *arff, "--decisions", "--out"]
    assert main([*predict, "wide.csv"]) == 0
    wide = pd.read_csv("wide.csv", index_col="id")
    assert set(np.unique(wide)) <= {0, 1}
    assert main(["predict", "m", *arff, "--out", "proba.csv"]) == 0
    proba = pd.read_csv("proba.csv", index_col="id")
    assert wide.columns.tolist() == proba.columns.tolist()
    pets = [read_arff(path).data for path in arff]
    expected = pipeline.predict(pd.concat(pets, ignore_index=True)).toarray()[:, 1:]
    np.testing.assert_array_equal(wide, expected)
    assert main([*predict, "long.csv", "--format", "long"]) == 0
    long = pd.read_csv("long.csv")
    assert list(long.columns) == ["id", "node", "probability"]
    assert len(long) == expected.sum()
    assert all(
        wide.loc[id, node] == 1 for id, node in zip(long.id, long.node, strict=True)
    )


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


# -- files that are there, that are not, and that are something else -------------------


@pytest.mark.parametrize("command", ["fit", "predict"])
def test_files_are_not_overwritten_unasked(arff, arff_model, capsys, command):
    argv = {
        "fit": ["fit", *arff, "--model", "there", *SMALL],
        "predict": ["predict", arff_model, *arff, "--out", "there"],
    }[command]
    write("there", "precious")
    error = error_of(capsys, argv)
    assert error.startswith("there exists; name another file, or replace it by --force")
    assert Path("there").read_text() == "precious"
    assert main([*argv, "--force"]) == 0
    assert Path("there").read_bytes() != b"precious"


def test_a_failed_write_leaves_the_old_file(arff, arff_model, monkeypatch, capsys):
    def dump(content, path):
        write(path, "half a mod")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    before = Path(arff_model).read_bytes()
    monkeypatch.setattr(joblib, "dump", dump)
    fit = ["fit", *arff, "--model", arff_model, *SMALL, "--force"]
    assert "No space left on device" in error_of(capsys, fit)
    assert Path(arff_model).read_bytes() == before
    assert not [name for name in os.listdir() if name.startswith(".")]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".", "it is a folder; name a file in it"),
        ("no/where", "there is no folder no"),
    ],
)
def test_where_nothing_can_be_written(arff, arff_model, capsys, path, said):
    for argv in (["fit", *arff, "--model", path], ["predict", "m", "d", "--out", path]):
        assert said in error_of(capsys, argv)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is no joblib file"),
        (b"id,node\n", "it is no joblib file"),
        (pickle.dumps({"format": "cake"}), "it holds something else"),
        (pickle.dumps([1, 2]), "it holds something else"),
        (pickle.dumps([1, 2])[:-3], "Error"),
    ],
)
def test_files_that_are_no_models(arff, capsys, content, said):
    Path("m").write_bytes(content)
    error = error_of(capsys, ["predict", "m", *arff, "--out", "out.csv"])
    assert error.startswith("m is no model file that hmlc")
    assert said in error


def test_a_model_file_cut_short(arff, arff_model, capsys):
    whole = Path(arff_model).read_bytes()
    Path("cut").write_bytes(whole[: len(whole) // 2])
    error = error_of(capsys, ["evaluate", "cut", *arff])
    assert "or it is damaged" in error


@pytest.mark.filterwarnings("default")
def test_a_model_of_another_version(arff, arff_model, capsys):
    content = joblib.load(arff_model)
    joblib.dump({**content, "version": "0.0.1"}, arff_model)
    assert main(["evaluate", arff_model, *arff]) == 0
    warning = capsys.readouterr().err
    assert warning.startswith("hmlc: warning: pets.joblib is from version 0.0.1, this")


# -- data that can't be used -----------------------------------------------------------


def test_missing_files(arff_model, capsys):
    said = "no.arff: No such file or directory"
    assert said in error_of(capsys, ["fit", "no.arff", "--model", "m"])
    assert said in error_of(capsys, ["evaluate", arff_model, "no.arff"])
    error = error_of(capsys, ["predict", "no.joblib", "x.csv", "--out", "y.csv"])
    assert "no.joblib: No such file or directory" in error


def test_arff_errors_have_the_line(capsys):
    write("bad.arff", HEADER + "4.5,long,cat\n1,cat\n")
    error = error_of(capsys, ["fit", "bad.arff", "--model", "m"])
    assert "bad.arff" in error
    assert "line 7" in error


def test_rows_without_labels_can_t_be_learnt_from(capsys):
    write("bad.arff", HEADER + "4.5,long,?\n")
    assert "has no label" in error_of(capsys, ["fit", "bad.arff", "--model", "m"])


def test_files_of_another_hierarchy(arff, arff_model, capsys):
    write("other.arff", HEADER.replace("terrier", "pug") + "1,long,dog/pug\n")
    said = "other.arff declares Hierarchy(4 nodes"
    error = error_of(capsys, ["fit", arff[0], "other.arff", "--model", "m"])
    assert said in error
    assert "of train.arff" in error
    error = error_of(capsys, ["evaluate", arff_model, "other.arff"])
    assert said in error
    assert "of MODEL" in error


def test_files_of_other_columns(arff, arff_model, capsys):
    write("other.arff", HEADER.replace("coat", "fur") + ROWS[0])
    for argv in (
        ["fit", arff[0], "other.arff", "--model", "m"],
        ["predict", arff_model, "other.arff", "--out", "out.csv"],
    ):
        assert "missing: 'coat'; unknown: 'fur'" in error_of(capsys, argv)


def test_csv_options_with_arff_files(arff, capsys):
    options = ["--index", "--labels", "x.csv", "--hierarchy", "y.csv"]
    error = error_of(capsys, ["fit", *arff, "--model", "m", *options])
    assert error.startswith("--index, --labels, --hierarchy: for CSV files alone")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (["train.arff", "genes.csv"], "of one kind, but got ARFF and CSV"),
        (["genes.xlsx"], "genes.xlsx: expected a file named .arff, .csv or .tsv"),
        (["genes.csv"], "CSV files have no labels in them; give them with --labels"),
    ],
)
def test_which_data_files(capsys, data, said):
    write("genes.csv", FEATURES)
    assert said in error_of(capsys, ["fit", *data, "--model", "m"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("genes.csv", "", "genes.csv: No columns to parse"),
        ("genes.csv", "id,x\n", "genes.csv: there is no row below the header"),
        ("genes.csv", "id,x\na,1,2\nb,2,3\n", "more values than the header"),
        ("genes.csv", "id,x\na,1\nb,2,3\n", "genes.csv: .*line 3"),
        ("genes.csv", "id,x\na,1\na,2\n", "more than once in DATA: 'a'"),
        ("genes.csv", "id,x\na,1\n,2\n", "genes.csv: a row has no id in .*'id'"),
        ("genes.csv", "id,x\na,1\nz,2\n", "--labels lacks rows of DATA: 'z'"),
        ("genes.csv", "id,x\na,1\nb,inf\n", "infinity"),
        ("labels.csv", LABELS_LONG + "a,pug\n", "no nodes of the hierarchy: 'pug'"),
        ("labels.csv", "id,cat,pug\na,1,1\n", "lacks rows of DATA"),
        ("labels.csv", "id,pug\na,1\nb,1\nc,1\nd,0\n", "no nodes .*: 'pug'"),
        ("labels.csv", "id,cat\na,1\nb,2\nc,1\nd,0\n", "column 'cat' has 2"),
        ("labels.csv", "id,cat\na,1\nb,\nc,1\nd,0\n", "column 'cat' has nan"),
        ("labels.csv", "id,cat\na,1\na,1\nb,1\n", "more than once in --labels: 'a'"),
        ("edges.csv", "child,parent\na,b\n", "columns parent,child, but got child,"),
        ("edges.csv", "parent,child\na,b\nb,a\n", "edges.csv: .*its own ancestor"),
    ],
)
def test_csv_files_that_can_t_be_used(csv, capsys, name, content, said):
    write(name, content)
    error = error_of(capsys, ["fit", *csv, "--model", "m", *SMALL])
    assert re.search(said, error)


def test_labels_that_need_ids(csv, capsys):
    argv = ["fit", "genes.csv", "--labels", "labels.csv", "--model", "m"]
    assert "say with --index" in error_of(capsys, argv)


def test_labels_of_other_rows(csv, capsys):
    write("labels.csv", "cat\n1\n0\n")
    argv = ["fit", "genes.csv", "--labels", "labels.csv", "--model", "m"]
    assert "DATA has 4 rows, but --labels has 2" in error_of(capsys, argv)


def test_columns_that_were_numbers(csv_model, capsys):
    write("genes.csv", FEATURES.replace("4.5", "heavy"))
    argv = ["predict", csv_model, "genes.csv", "--index", "--out", "out.csv"]
    assert "numbers in training have text now: 'weight'" in error_of(capsys, argv)


def test_a_forgotten_index(csv_model, capsys):
    error = error_of(capsys, ["predict", csv_model, "genes.csv", "--out", "out.csv"])
    assert "missing: none; unknown: 'id'" in error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--min-probability", "2", "--format", "long"], r"in \[0, 1\], but got 2"),
        (["--min-probability", "0.5"], "--min-probability needs --format long"),
        (
            ["--min-probability", "0.5", "--format", "long", "--decisions"],
            "does not go with --decisions",
        ),
    ],
)
def test_predict_options(csv_model, capsys, options, said):
    argv = ["predict", csv_model, "genes.csv", "--index", "--out", "out.csv", *options]
    assert re.search(said, error_of(capsys, argv))


def test_parameters_out_of_range(arff, capsys):
    error = error_of(capsys, ["fit", *arff, "--model", "m", "--dropout", "2"])
    assert "'dropout' parameter" in error

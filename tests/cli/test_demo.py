"""``hmlc demo``: what it shows, writes and repeats."""

import contextlib
import io
import re
import sys

import pandas as pd
import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._cli import _demo, main

from .pets import (
    error_of,
    write,
)


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
def test_demo_on_a_benchmark(tiny, data_dir, capsys):
    assert main(["demo", "--dataset", "pheno_FUN", "--quick", "--heads", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("pheno_FUN: Hierarchy(456 nodes")
    assert "hmlc: warning: 40 of 456 nodes have no positive row" in captured.err


def test_demo_offers_the_nearest_data_set(capsys):
    error = error_of(capsys, ["demo", "--dataset", "celcycle_FUN"])
    assert "Did you mean cellcycle_FUN" in error


def test_demo_where_no_folder_can_be(capsys):
    write("file", "")
    error = error_of(capsys, ["demo", "--out", "file/in/it"])
    assert "Can't make the folder file/in/it: file is a file" in error

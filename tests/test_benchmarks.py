"""The runner of the evidence: resumable cells, and a report that is only theirs."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from benchmarks.ontology import molecular_function
from benchmarks.paper import __main__ as program
from benchmarks.paper import _claims, _report
from benchmarks.paper._methods import MAIN, METHODS, make
from benchmarks.paper._study import Study
from benchmarks.paper._table import Table, fill
from benchmarks.peers import __main__ as peers
from benchmarks.peers import frontier
from sklearn_hmlc import Hierarchy

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "paper"


def work(name, number, calls):
    with Path(calls).open("a") as file:
        file.write(f"{name} {number}\n")
    if number == 2:
        raise KeyboardInterrupt
    return {"value": number / 3, "text": "a,b"}


def test_cells_are_resumed_after_an_interrupt_and_a_torn_line(tmp_path, capsys):
    table, calls = Table(tmp_path / "new" / "t.csv", ["name", "number"]), tmp_path / "c"
    cells = [("x", 0), ("x", 1), ("x", 2), ("y", 3)]
    more = [(calls,)] * 4
    with pytest.raises(KeyboardInterrupt):
        fill(table, cells, work, 1, more)
    assert table.done() == {("x", "0"), ("x", "1")}
    with table.path.open("a") as file:
        file.write("y,3,0.1")  # a kill in the middle of a line
    fill(table, [*cells[:2], ("y", 3)], work, 1, [(calls,)] * 3)
    assert calls.read_text().split("\n")[:-1] == ["x 0", "x 1", "x 2", "y 3"]
    assert [row["value"] for row in table.rows()] == ["0", "0.333333", "1"]
    assert "t.csv: 2 of 3 cells are there" in capsys.readouterr().out


def test_a_header_that_was_torn_is_written_again(tmp_path):
    table = Table(tmp_path / "t.csv", ["name"])
    table.path.write_text("name,va")
    fill(table, [("x",)], _one, 1)
    with table.path.open() as file:
        assert list(csv.reader(file)) == [["name", "value"], ["x", "1"]]


def _one(_name):
    return {"value": 1}


def test_cells_go_by_the_columns_of_the_file(tmp_path):
    table = Table(tmp_path / "t.csv", ["a"])
    table.append({"a": 1, "x": 2, "y": 3})
    table.append({"a": 2, "y": 30, "x": 20})
    assert table.rows()[1] == {"a": "2", "x": "20", "y": "30"}
    with pytest.raises(ValueError, match="has the columns"):
        table.append({"a": 3, "x": 1, "z": 1})


def test_every_method_can_be_made():
    hierarchy = Hierarchy.from_edges([("a", "b")])
    for method in METHODS:
        make(method, hierarchy, 1, 0)
    assert set(MAIN) <= set(METHODS)
    for profile in (program.full, program.quick):
        assert {method for _, _, method in profile()} <= set(METHODS)


def cells():
    """Made-up results in which one method is better by far than all others."""
    for data in _report.ALL:
        for seed in (0, 1):
            for rank, method in enumerate(METHODS):
                base = 0.1 + 0.001 * rank + 0.01 * seed + 0.0001 * len(data)
                value = 0.5 if method == "defaults, own budget" else base
                row = {"data": data, "seed": seed, "method": method}
                yield (
                    row
                    | dict.fromkeys(_report.SHOWN, value)
                    | {
                        "au_prc_weighted": value,
                        "recall rarest quarter tuned": value,
                        "f1 rarer half tuned": value,
                    }
                )


def test_verdicts_follow_from_the_numbers():
    study = Study(pd.DataFrame(cells()))
    ensembles = pd.read_csv(RESULTS.parent / "ensembles_summary.csv")
    found = {c.says: c for c in _claims.claims(study, None, ensembles)}
    own = found[
        "Free of thresholds, the defaults rank rare nodes better than unweighted heads."
    ]
    assert own.verdict == "holds"
    assert own.numbers[0].startswith("auprc: defaults, own budget .500, heads .1")
    assert own.numbers[0].endswith("ahead on 11 of 11, p 0.003): yes")
    # Later methods have higher numbers: weights cost no precision here.
    costs = "Weights cost precision, and a schedule back to none does not repair it."
    assert found[costs].verdict == "does not hold"
    assert all(claim.numbers for claim in found.values())


def test_methods_are_compared_on_the_seeds_that_both_have():
    rows = [("d", seed, "a", value) for seed, value in enumerate((0.1, 0.3, 0.3))]
    frame = pd.DataFrame(
        [*rows, ("d", 0, "b", 0.2)], columns=["data", "seed", "method", "f1"]
    )
    one = Study(frame).compared("f1", "b", "a", ["d", "other"])
    assert (one.mean, one.other, one.n, one.wins) == (0.2, 0.1, 1, 1)


def test_a_broken_off_study_says_what_can_not_be_told(tmp_path):
    frame = pd.DataFrame(cells())
    part = frame[frame["data"].isin(_report.FUN) & frame["method"].isin(MAIN)]
    ensembles = pd.read_csv(RESULTS.parent / "ensembles_summary.csv")
    found = {c.says: c for c in _claims.claims(Study(part), None, ensembles)}
    best = found["BMA and GMU are the best measures of uncertainty."]
    assert best.verdict == "can't be tested here"


def test_the_tests_of_a_claim_are_adjusted_together():
    study = Study(pd.DataFrame(cells()))
    few = [
        study.compared(m, "defaults, own budget", "heads", _report.FUN)
        for m in ("auprc", "f1 tuned", "au_prc", "recall tuned", "f1 at half")
    ]
    claim = _claims.Claim("")
    claim.better(few)
    assert claim.verdict == "does not hold"  # 5 tests of 7 data sets can't
    assert "p 0.078" in claim.numbers[0]


def test_the_report_is_drawn_from_the_committed_cells(tmp_path, capsys):
    _report.report(RESULTS, tmp_path)
    assert "verdict" in capsys.readouterr().out
    written = sorted((tmp_path / "docs" / "evidence").iterdir())
    assert len(written) == 8
    for path in written:
        committed = ROOT / path.relative_to(tmp_path)
        assert path.read_bytes() == committed.read_bytes(), path.name
    assert (tmp_path / "README.md").read_bytes() == (ROOT / "README.md").read_bytes()


def test_the_guide_shows_the_cells_of_gene_function():
    cells = pd.read_csv(molecular_function.RESULTS, dtype=str)
    table = molecular_function.as_table(molecular_function.by_method(cells))
    assert table == molecular_function.SHOWN.read_text()
    # What has not all splits yet is not shown.
    whole = cells["method"].value_counts() == len(molecular_function.SPLITS)
    assert whole.sum() >= 5
    shown = re.findall(r"^   \* - (\w.*)$", table, re.MULTILINE)
    assert set(shown) == set(whole.index[whole])


def test_without_a_gpu_its_benchmark_says_so(tmp_path):
    script = ROOT / "benchmarks" / "speed" / "gpu.py"
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": path}
    command = [sys.executable, script, "--out", tmp_path / "gpu.csv"]
    run = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    assert run.stdout == "There is no CUDA device here; nothing was measured.\n"
    assert not list(tmp_path.iterdir())


def test_the_page_of_peers_shows_the_cells():
    assert peers.as_page(peers.whole_cells()) == peers.PAGE.read_text()


def test_the_page_of_the_frontier_shows_the_cells():
    found = frontier.curves()
    assert frontier.as_page(found) == frontier.PAGE.read_text()
    for curve in found.values():  # the higher the thresholds, the less is found
        assert curve["recall"].is_monotonic_decreasing


def test_thresholds_move_on_the_scale_of_log_odds():
    thresholds = np.array([0.0, 0.01, 0.5, 0.9, 1.0, np.inf])
    np.testing.assert_allclose(frontier.moved(thresholds, 0), thresholds)
    found = frontier.moved(thresholds, -1.5)
    np.testing.assert_allclose(logit(found[1:4]), logit(thresholds[1:4]) - 1.5)
    np.testing.assert_array_equal(found[[0, 4, 5]], thresholds[[0, 4, 5]])


def test_curves_are_compared_at_the_same_recall():
    curve = pd.DataFrame(
        {"recall": [0.6, 0.2], "precision": [0.1, 0.5], "f1": [0.2, 0.3]}, index=[-1, 1]
    )
    np.testing.assert_allclose(frontier.at_recall(curve, 0.3), [0.4, 0.275])
    assert np.isnan(frontier.at_recall(curve, 0.7)).all()

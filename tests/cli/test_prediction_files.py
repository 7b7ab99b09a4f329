"""``hmlc evaluate --predictions``: the numbers of CAFA's evaluator, and baselines."""

import re
import warnings

import cafaeval.evaluation
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from sklearn_hmlc import Hierarchy
from sklearn_hmlc._cli import main
from sklearn_hmlc._cli._neighbors import neighbor_scores
from sklearn_hmlc.datasets import labels, read_annotations, read_features
from sklearn_hmlc.experts import NeighborsHierarchyClassifier
from sklearn_hmlc.metrics import (
    au_prc,
    fmax_score,
    information_accretion,
    smin_score,
)
from sklearn_hmlc.predictions import read_predictions, write_predictions

from .genes import DOMAINS, FILES, GAF, OBO, TINY
from .pets import error_of, write

EVALUATE = ["evaluate", "--ontology", OBO, "--truth", GAF, "--predictions"]
THRESHOLDS = np.arange(0.01, 1, 0.01)


@pytest.fixture
def truth():
    return labels(read_annotations(GAF, Hierarchy.from_obo(OBO)), min_count=0)


@pytest.fixture
def predicted(truth, rng):
    """A file of scores for six of the rows, not coherent, with a row nobody knows."""
    hierarchy = truth.hierarchy
    ids = [*truth.ids[:6], "unknown"]
    scores = np.round(rng.random((7, hierarchy.n_nodes)) ** 4, 3)
    scores[rng.random(scores.shape) < 0.5] = 0
    write_predictions("p.tsv", scores, format="cafa", ids=ids, hierarchy=hierarchy)
    return "p.tsv"


def measures_of(method="p.tsv"):
    table = pd.read_csv("report/measures.csv", index_col=["method", "measure"])
    return table.loc[method]


def test_same_as_cafaeval(folder, truth, predicted, rng, capsys):
    hierarchy = truth.hierarchy
    # The evaluator takes the recall of a row without any information as 0; here the
    # row does not count. So all terms tell something.
    bits = np.where(hierarchy.scored, rng.uniform(0.5, 4, len(hierarchy)), 0)
    write(
        "information.tsv",
        "".join(f"{n}\t{x}\n" for n, x in zip(hierarchy.nodes, bits, strict=True)),
    )
    argv = [*EVALUATE, predicted, "--information", "information.tsv"]
    assert main([*argv, "--out", "report"]) == 0
    found = measures_of()
    write(
        "truth.tsv",
        "".join(
            f"{truth.ids[row]}\t{hierarchy.nodes[node]}\n"
            for row, node in zip(*truth.target.nonzero(), strict=True)
            if hierarchy.scored[node]
        ),
    )
    (folder / "predictions").mkdir()
    (folder / predicted).rename(folder / "predictions" / predicted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame, _ = cafaeval.evaluation.cafa_eval(
            OBO, "predictions", "truth.tsv", ia="information.tsv", no_orphans=True
        )
    by_space = frame.groupby("ns")
    assert set(by_space.groups) == set(found.columns) - {"mean"}
    for space, group in by_space:
        assert found.loc["Fmax", space] == pytest.approx(group["f"].max(), rel=1e-5)
        assert found.loc["weighted Fmax", space] == pytest.approx(
            group["f_w"].max(), rel=1e-5
        )
        assert found.loc["Smin", space] == pytest.approx(group["s_w"].min(), rel=1e-5)
        coverage = group["cov"].max()
        assert found.loc["coverage", space] == pytest.approx(coverage, rel=1e-5)
    printed = capsys.readouterr()
    assert "has no prediction for 7 of 13 rows of the truth" in printed.err
    assert "left out" in printed.err  # lines of the unknown row
    assert "not in --truth: 'unknown'" in printed.err
    assert re.search(rf"^Fmax +{found.loc['Fmax', 'mean']:.3f}$", printed.out, re.M)


def test_only_rows_that_are_predicted(folder, truth, predicted, capsys):
    assert main([*EVALUATE, predicted, "--predicted-only", "--out", "report"]) == 0
    printed = capsys.readouterr()
    assert "has no prediction" not in printed.err
    assert "6 rows, Hierarchy(35 nodes" in printed.out
    hierarchy, target = truth.hierarchy, truth.target[:6]
    with pytest.warns(UserWarning, match="left out"):
        scores = read_predictions(
            predicted, hierarchy, ids=truth.ids[:6], propagate=True
        ).scores
    information = information_accretion(target, hierarchy)
    options = {"hierarchy": hierarchy, "thresholds": THRESHOLDS}
    mean = measures_of()["mean"]
    assert mean["Fmax"] == pytest.approx(fmax_score(target, scores, **options), 1e-5)
    assert mean["Smin"] == pytest.approx(
        smin_score(target, scores, information, **options), rel=1e-5
    )
    area = au_prc(target, scores, hierarchy=hierarchy)
    assert mean["AU(PRC)"] == pytest.approx(area, rel=1e-5)
    assert "Information: the frequencies of terms in the truth itself" in printed.out
    assert "A naive method beside needs --train-annotations, or MODEL" in printed.out


def test_naive_and_information_are_of_other_rows(folder, truth, predicted, capsys):
    argv = [*EVALUATE, predicted, "--predicted-only", "--train-annotations", GAF]
    assert main([*argv, "--out", "report"]) == 0
    assert "Information: 7 rows of" in capsys.readouterr().out
    hierarchy, target = truth.hierarchy, truth.target.toarray()
    train, test = target[6:], target[:6]
    roots = {hierarchy.namespaces[root]: root for root in hierarchy.roots}
    tops = hierarchy.index([roots[hierarchy.namespaces[n]] for n in hierarchy.nodes])
    counts = train.sum(axis=0)
    shares = counts / np.maximum(counts[tops], 1)
    expected = fmax_score(
        test, np.tile(shares, (6, 1)), hierarchy=hierarchy, thresholds=THRESHOLDS
    )
    naive = measures_of("naive")["mean"]
    assert naive["Fmax"] == pytest.approx(expected, rel=1e-5)
    area = au_prc(test, np.tile(shares, (6, 1)), hierarchy=hierarchy)
    assert naive["AU(PRC)"] == pytest.approx(area, rel=1e-5)
    information = information_accretion(train, hierarchy)
    with pytest.warns(UserWarning, match="left out"):
        scores = read_predictions(
            predicted, hierarchy, ids=truth.ids[:6], propagate=True
        ).scores
    smin = smin_score(
        test, scores, information, hierarchy=hierarchy, thresholds=THRESHOLDS
    )
    assert measures_of().loc["Smin", "mean"] == pytest.approx(smin, rel=1e-5)


def test_the_model_knows_the_frequencies(folder, predicted, capsys):
    argv = ["fit", *FILES, "--min-count", "2", "--test-fraction", "0.25"]
    argv += ["--test-predictions", "own.tsv", "--model", "m"]
    assert main([*argv, *TINY]) == 0
    capsys.readouterr()
    argv = ["evaluate", "m", *EVALUATE[1:], "own.tsv", predicted, "--out", "report"]
    assert main([*argv, "--predicted-only"]) == 0
    printed = capsys.readouterr()
    assert "Information: m\n" in printed.out
    header = next(x for x in printed.out.splitlines() if "naive" in x)
    assert header.split() == ["own.tsv", "p.tsv", "naive"]
    assert measures_of("naive").loc["coverage", "mean"] == 1


def test_nearest_neighbours_beside(folder, truth, predicted, capsys):
    argv = [*EVALUATE, predicted, "--predicted-only", "--train-annotations", GAF]
    assert main([*argv, "--features", DOMAINS, "--out", "report"]) == 0
    features = read_features(DOMAINS)
    ids = truth.ids.tolist()
    rows = [features.ids.get_loc(name) for name in ids[6:] if name in features.ids]
    labelled = [k for k, name in enumerate(ids) if k >= 6 and name in features.ids]
    X = features.data.toarray()
    scale = StandardScaler(with_mean=False).fit(X[rows])
    near = NeighborsHierarchyClassifier(truth.hierarchy)
    near.fit(scale.transform(X[rows]), truth.target[labelled])
    asked = [features.ids.get_loc(name) for name in ids[:6]]  # all of them have domains
    expected = near.predict_proba(scale.transform(X[asked]))
    options = {"hierarchy": truth.hierarchy, "thresholds": THRESHOLDS}
    found = measures_of("neighbors")["mean"]
    best = fmax_score(truth.target[:6], expected, **options)
    assert found["Fmax"] == pytest.approx(best, rel=1e-5)
    area = au_prc(truth.target[:6], expected, hierarchy=truth.hierarchy)
    assert found["AU(PRC)"] == pytest.approx(area, rel=1e-5)


def test_files_may_have_the_names_of_baselines(folder, truth, predicted, capsys):
    for name in ("naive", "neighbors"):
        (folder / predicted).rename(folder / name)
        predicted = name
        argv = [*EVALUATE, name, "--predicted-only", "--train-annotations", GAF]
        argv += ["--features", DOMAINS, "--out", "report", "--force"]
        assert main(argv) == 0
        table = pd.read_csv("report/measures.csv")
        methods = [f"./{name}", "neighbors", "naive"]
        assert list(dict.fromkeys(table["method"])) == methods
        assert f"./{name}" in capsys.readouterr().out


def test_rows_without_features_get_the_frequencies():
    tree = Hierarchy.flat(["a", "b"])
    ids = pd.Index(["P1", "P2"], dtype=object)
    features = Bunch(data=sp.csr_array(np.eye(2)), ids=ids)
    train = Bunch(target=sp.csr_array(np.eye(2) > 0), ids=ids, hierarchy=tree)
    shares = np.array([0.5, 0.25])
    asked = pd.Index(["Q", "P2"], dtype=object)
    found = neighbor_scores(features, train, asked, shares).toarray()
    assert found[0].tolist() == [0.5, 0.25]
    assert found[1, 1] > found[1, 0]


@pytest.mark.parametrize("format", ["long", "wide"])
def test_tables_are_read_as_well(folder, truth, predicted, format, capsys):
    hierarchy = truth.hierarchy
    found = read_predictions(predicted, hierarchy, propagate=False)
    write_predictions("t.csv", found, format=format, hierarchy=hierarchy)
    for name, path in (("a", predicted), ("b", "t.csv")):
        assert main([*EVALUATE, path, "--out", name]) == 0
    one, two = (pd.read_csv(f"{name}/measures.csv") for name in "ab")
    pd.testing.assert_frame_equal(one.iloc[:, 1:], two.iloc[:, 1:])


def test_one_namespace(folder, predicted, capsys):
    argv = [*EVALUATE, predicted, "--namespace", "molecular_function"]
    assert main([*argv, "--out", "report"]) == 0
    assert measures_of().columns.tolist() == ["molecular_function", "mean"]
    printed = capsys.readouterr()
    assert "Mean over namespaces" not in printed.out
    assert re.search("left out .* not in the hierarchy", printed.err)


def test_a_table_is_truth_enough(folder, predicted, capsys):
    write("truth.csv", "gene,term\n3804,GO:0005515\n")
    argv = ["evaluate", "--ontology", OBO, "--truth", "truth.csv"]
    assert main([*argv, "--predictions", predicted]) == 0
    assert "(table, head in line 1): 1 row, 1 kept (1 id)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["evaluate"], "Expected MODEL and DATA, or --ontology, --truth and"),
        (["evaluate", "--truth", GAF], "--predictions and --truth go together"),
        ([*EVALUATE, "p.tsv", "p.tsv"], "each file of --predictions once"),
        ([*EVALUATE, "no.tsv"], "no.tsv: No such file"),
        ([*EVALUATE, "bad.tsv"], "bad.tsv, line 1: expected an id, a node and a"),
        ([*EVALUATE, "p.tsv", "--index"], "--index: for a model's DATA, not beside"),
        ([*EVALUATE, "p.tsv", "--features", DOMAINS], "needs --train-annotations"),
        ([*EVALUATE, "p.tsv", "--information", "bad.tsv"], "bad.tsv, line 1: expected"),
        ([*EVALUATE, "p.tsv", "--information", "two.tsv"], "none of the terms of the"),
        ([*EVALUATE, "p.tsv", "--train-annotations", GAF], "no row to train on: all"),
        (["evaluate", "--truth", GAF, "--predictions", "p.tsv"], "Expected --ontology"),
    ],
)
def test_what_can_t_be_measured(folder, predicted, capsys, argv, said):
    write("bad.tsv", "3804\n")
    write("two.tsv", "X:1\t0.5\n")
    assert main(argv) == 2
    told = capsys.readouterr().err.splitlines()
    assert said in told[-1]
    assert told[-1].startswith("hmlc: error: ")
    # Nothing but warnings may come before.
    assert all(line.startswith("hmlc: warning: p.tsv: left out") for line in told[:-1])


def test_a_model_of_other_terms(csv_model, truth, capsys):
    write("q.tsv", f"{truth.ids[0]}\tGO:0005515\t0.5\n")
    argv = ["evaluate", csv_model, *EVALUATE[1:], "q.tsv"]
    assert "MODEL knows none of the terms of --truth" in error_of(capsys, argv)


def test_options_for_files_beside_a_model_s_rows(csv_model, capsys):
    argv = ["evaluate", csv_model, "genes.csv", "--predicted-only", "--taxon", "9606"]
    error = error_of(capsys, argv)
    assert error.startswith("--taxon, --predicted-only: for files given by --truth")

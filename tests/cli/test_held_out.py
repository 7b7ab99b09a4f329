"""``hmlc fit --test-fraction`` and ``--folds``: rows that choose nothing."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._cli import _baselines, _report, main
from sklearn_hmlc.datasets import align, labels
from sklearn_hmlc.hierarchy import Hierarchy
from sklearn_hmlc.metrics import (
    au_prc,
    fmax_score,
    information_accretion,
    node_precision_recall_f1,
    rarity_report,
    smin_score,
    weighted_fmax_score,
)

from .genes import FILES, PARAMS, TINY, common, read
from .pets import SMALL, content_of, error_of, write

WIDE = ["--test-fraction", "0.2", "--test-predictions", "p", "--format", "wide"]
THRESHOLDS = np.arange(0.01, 1, 0.01)


def split_by_hand(train, min_count=2):
    """Rows to train on and others, with nodes that the first ones choose."""
    annotations, features = read()
    Y = labels(annotations, min_count=min_count, count_on=train)
    genes = align(features, Y)
    return genes, genes.ids.isin(train)


def measured_by_hand(train, test):
    genes, is_train = split_by_hand(train)
    is_test = genes.ids.isin(test)
    scale = StandardScaler(with_mean=False).fit(genes.data[is_train])
    X = sp.csr_array(scale.transform(genes.data))
    hierarchy = genes.hierarchy
    model = HierarchicalEnsembleClassifier(hierarchy, **PARAMS)
    model.fit(X[is_train], genes.target[is_train])
    truth, proba = genes.target[is_test], model.predict_proba(X[is_test])
    information = information_accretion(genes.target[is_train], hierarchy)
    parts = truth, proba, information
    options = {"hierarchy": hierarchy, "thresholds": THRESHOLDS}
    macro = node_precision_recall_f1(
        truth, model.predict(X[is_test]), hierarchy=hierarchy
    )
    rarity = rarity_report(
        truth,
        model.predict(X[is_test]),
        proba,
        y_train=genes.target[is_train],
        hierarchy=hierarchy,
    )
    return (
        {
            "macro recall": macro.recall,
            "macro F1": macro.f1,
            "AU(PRC)": au_prc(truth, proba, hierarchy=hierarchy),
            "Fmax": fmax_score(truth, proba, **options),
        },
        rarity,
        parts,
        options,
    )


def test_measures_are_those_of_rows_not_seen(folder, capsys):
    argv = ["fit", *FILES, "--min-count", "2", "--test-fraction", "0.25"]
    assert main([*argv, "--model", "m", *TINY]) == 0
    text = capsys.readouterr().out
    ids = common()
    train, test = train_test_split(ids, test_size=0.25, random_state=0)
    expected, rarity, parts, options = measured_by_hand(train, test)
    expected["weighted Fmax"] = weighted_fmax_score(*parts, **options)
    expected["Smin"] = smin_score(*parts, **options)
    saved = content_of("m")
    found = saved["measured"]["overall"]["model"]
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-4)
        assert f"{name} " in text
    assert saved["measured"]["rarity"]["recall"] == pytest.approx(
        rarity.recall.tolist()
    )
    assert "By training rows per node" in text
    assert f"{len(test)} rows held out" in text
    genes, is_train = split_by_hand(train)
    assert saved["pipeline"][-1].hierarchy_ == genes.hierarchy
    assert saved["n_rows"] == is_train.sum() == len(train)


def test_labels_of_held_out_rows_change_nothing(folder):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(40, 3)), columns=list("xyz"))
    Y = pd.DataFrame((rng.random((40, 3)) < 0.4).astype(int), columns=list("ABC"))
    X.to_csv("x.csv", index=False)
    _, test = train_test_split(np.arange(40), test_size=0.3, random_state=5)
    other = Y.copy()
    other.loc[test] = 1 - other.loc[test]
    options = ["--test-fraction", "0.3", "--seed", "5", "--threshold", "f1"]
    models = []
    for name, labels_ in (("a", Y), ("b", other)):
        labels_.to_csv(f"{name}.csv", index=False)
        argv = ["fit", "x.csv", "--labels", f"{name}.csv", "--model", f"{name}.hmlc"]
        assert main([*argv, *SMALL, *options, "--threshold-folds", "2"]) == 0
        models.append(content_of(f"{name}.hmlc"))
    one, two = (model["pipeline"] for model in models)
    np.testing.assert_array_equal(one.thresholds_, two.thresholds_)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    measured = [model["measured"]["overall"]["model"] for model in models]
    assert measured[0] != measured[1]
    assert models[0]["n_rows"] == 28


def test_predictions_for_held_out_rows(folder):
    argv = ["fit", *FILES, "--test-fraction", "0.25", "--test-predictions", "p.tsv"]
    assert main([*argv, "--format", "cafa", "--top", "4", "--model", "m", *TINY]) == 0
    found = pd.read_csv("p.tsv", sep="\t", header=None, dtype={0: str})
    _, test = train_test_split(common(), test_size=0.25, random_state=0)
    assert set(found[0]) == set(test)
    assert found.groupby(0).size().max() == 4
    _, features = read()
    proba = content_of("m")["pipeline"].predict_proba(features.data)
    nodes = content_of("m")["pipeline"][-1].node_names_
    for name, node, score in found.itertuples(index=False):
        exact = proba[features.ids.get_loc(name), nodes.index(node)]
        assert score == pytest.approx(exact, rel=1e-2)


def test_folds_give_means_and_spread_and_train_on_all(folder, capsys):
    argv = ["fit", *FILES, "--min-count", "2", "--folds", "2", "--model", "m"]
    assert main([*argv, *TINY]) == 0
    text = capsys.readouterr().out
    ids = common()
    found = []
    for train, test in KFold(2, shuffle=True, random_state=0).split(ids):
        found.append(measured_by_hand(ids[train], ids[test])[0])
    saved = content_of("m")
    for name in ("AU(PRC)", "Fmax", "macro recall"):
        values = [one[name] for one in found]
        mean = saved["measured"]["overall"]["model"][name]
        spread = saved["measured"]["spread"]["model"][name]
        assert mean == pytest.approx(np.mean(values), rel=1e-4)
        assert spread == pytest.approx(np.std(values, ddof=1), rel=1e-3, abs=1e-6)
        assert f"{mean:.3f} ± {spread:.3f}" in text
    assert "mean ± standard deviation of 2 folds (12 rows held out)" in text
    assert saved["n_rows"] == 12


def test_the_naive_method_is_the_frequency(folder):
    argv = ["fit", *FILES, "--min-count", "2", "--test-fraction", "0.25"]
    assert main([*argv, "--model", "m", *TINY]) == 0
    train, test = train_test_split(common(), test_size=0.25, random_state=0)
    genes, is_train = split_by_hand(train)
    target, hierarchy = genes.target.toarray(), genes.hierarchy
    tops = [{n: r for r in hierarchy.roots for n in [hierarchy.namespaces[r]]}]
    roots = [hierarchy.index(tops[0][hierarchy.namespaces[n]]) for n in hierarchy.nodes]
    counts = target[is_train].sum(axis=0)
    shares = counts / counts[roots]
    is_test = genes.ids.isin(test)
    proba = np.tile(shares, (is_test.sum(), 1))
    expected = fmax_score(
        genes.target[is_test], proba, hierarchy=hierarchy, thresholds=THRESHOLDS
    )
    macro = node_precision_recall_f1(
        genes.target[is_test], proba >= 0.5, hierarchy=hierarchy
    )
    found = content_of("m")["measured"]["overall"]["naive"]
    assert found["Fmax"] == pytest.approx(expected)
    assert found["macro recall"] == pytest.approx(macro.recall)
    assert found["AU(PRC)"] == pytest.approx(
        au_prc(genes.target[is_test], proba, hierarchy=hierarchy)
    )


def test_frequencies_without_namespaces_are_over_all_rows():
    tree = Hierarchy.from_edges([("a", "b"), ("a", "c")])
    assert _baselines.frequencies([4, 1, 2], 8, tree).tolist() == [0.5, 0.125, 0.25]
    blocks = _baselines.naive_blocks(np.array([0.5, 0.1]), 3)
    assert np.vstack(list(blocks())).tolist() == [[0.5, 0.1]] * 3
    one = _baselines.naive_sparse(np.array([0.5, 0.1]), 3, 0.2)
    assert one.toarray().tolist() == [[0.5, 0]] * 3


def test_cafa_measures_where_nothing_counts():
    tree = Hierarchy.from_edges([("a", "b")], unscored=["a"])
    nothing = sp.csr_array([[True, False]])
    found = _report.cafa_measures(nothing, np.ones((1, 2)), tree, [1.0, 1.0])
    assert list(found) == ["Fmax", "weighted Fmax", "Smin"]
    assert np.isnan(list(found.values())).all()


def test_a_model_is_kept_where_its_measures_fail(folder, monkeypatch, capsys):
    def fail(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr("sklearn_hmlc._cli._fitting.measure_held_out", fail)
    argv = ["fit", *FILES, "--test-fraction", "0.25", "--model", "m", *TINY]
    assert main(argv) == 1
    assert "out of memory" in capsys.readouterr().err
    saved = content_of("m")
    assert saved["measured"] is None
    assert saved["n_rows"] == 9


def test_large_arrays_lie_on_the_disk(folder, monkeypatch):
    argv = ["fit", *FILES, "--test-fraction", "0.25", *TINY, "--model"]
    assert main([*argv, "memory"]) == 0
    monkeypatch.setattr("sklearn_hmlc._cli._held_out._MOST_CELLS", 1)
    assert main([*argv, "disk"]) == 0
    one, two = (content_of(name)["measured"] for name in ("memory", "disk"))
    assert one["overall"] == two["overall"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--test-predictions", "p"], "--test-predictions needs --test-fraction"),
        (["--format", "cafa"], "--format needs --test-predictions"),
        (["--top", "3"], "--top needs --test-predictions"),
        (["--folds", "99"], "--folds 99 needs as many rows, but there are 12"),
        (
            [*WIDE, "--top", "2"],
            "--top needs --format long or cafa",
        ),
        (
            ["--test-fraction", "0.2", "--test-predictions", "there"],
            "there exists; name another file",
        ),
    ],
)
def test_options_that_do_not_go_together(folder, capsys, options, said):
    write("there", "precious")
    assert said in error_of(capsys, ["fit", *FILES, "--model", "m", *TINY, *options])
    assert not (folder / "m").exists()
    assert (folder / "there").read_text() == "precious"

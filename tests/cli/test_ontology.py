"""``hmlc fit`` and ``hmlc predict`` on an ontology, annotations and features."""

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc._cli import main
from sklearn_hmlc.datasets import align, labels, read_annotations, read_features
from sklearn_hmlc.predictions import predict_top, read_predictions

from .genes import DOMAINS, FILES, GAF, OBO, PARAMS, TINY, common, read
from .pets import content_of, error_of, write

OUT = ["--out", "out.csv"]


@pytest.fixture
def model(folder):
    assert main(["fit", *FILES, "--min-count", "2", "--model", "go.hmlc", *TINY]) == 0
    return "go.hmlc"


def by_hand(**options):
    """The same model, by the functions of the library."""
    annotations, features = read()
    Y = labels(annotations, count_on=common(), **options)
    genes = align(features, Y)
    X = sp.csr_array(StandardScaler(with_mean=False).fit_transform(genes.data))
    classifier = HierarchicalEnsembleClassifier(genes.hierarchy, **PARAMS)
    return classifier.fit(X, genes.target), X, genes


def test_the_model_is_that_of_the_library(model):
    classifier, X, genes = by_hand(min_count=2)
    saved = content_of(model)
    found = saved["pipeline"].predict_proba(genes.data)
    np.testing.assert_allclose(found, classifier.predict_proba(X), rtol=1e-5)
    assert saved["pipeline"][-1].hierarchy_ == genes.hierarchy
    assert saved["train_counts"].tolist() == genes.target.sum(axis=0).tolist()
    assert saved["n_rows"] == 12


def test_sparse_features_stay_sparse(folder, monkeypatch):
    seen = []
    fit = HierarchicalEnsembleClassifier.fit

    def spy(self, X, y):
        seen.append(X)
        return fit(self, X, y)

    monkeypatch.setattr(HierarchicalEnsembleClassifier, "fit", spy)
    assert main(["fit", *FILES, "--model", "m", *TINY]) == 0
    assert sp.issparse(seen[0])
    assert seen[0].nnz == read_features(DOMAINS).data.nnz - 7  # gene 2 has no terms


def test_fit_says_what_was_read(folder, capsys):
    loud = [word for word in TINY if word != "--quiet"]
    assert main(["fit", *FILES, "--min-count", "2", "--model", "m", *loud]) == 0
    said = capsys.readouterr().out
    for words in (
        "Ontology: ",
        "35 nodes, 40 edges, 3 roots",
        "(GAF 2.2): 72 rows, 35 kept (13 ids)",
        "dropped: 1 negated (NOT), 13 no data (ND)",
        "13 rows, 17 features",
        "12 ids in common; 1 with features alone ('2'), 1 with labels alone ('99')",
        "Not scored: 'GO:0003674'",
        "Trained in",
    ):
        assert words in said
    # What is added to the labels that are given is closure, counted by hand.
    annotations, features = read()
    genes = align(features, labels(annotations, min_count=2, count_on=common()))
    named = annotations.table.drop_duplicates(["id", "node"])
    named = named[named["id"].isin(genes.ids) & named["node"].isin(genes.target_names)]
    given, every = len(named) / 12, genes.target.nnz / 12
    assert (
        f"Labels: {len(genes.target_names)} nodes, {every:.1f} per row "
        f"({given:.1f} given, {every - given:.1f} ancestors)"
    ) in said


def test_which_nodes_and_rows(folder):
    part = ["--namespace", "molecular_function", "--min-count", "1"]
    assert main(["fit", *FILES, "--model", "m", *part, *TINY]) == 0
    saved = content_of("m")
    hierarchy = saved["pipeline"][-1].hierarchy_
    assert set(hierarchy.namespaces.values()) == {"molecular_function"}
    annotations, _ = read()
    nodes = annotations.table["node"].map(annotations.hierarchy.namespaces)
    ids = annotations.table["id"][nodes == "molecular_function"]
    assert saved["n_rows"] == len(set(ids) & set(common()))


@pytest.mark.parametrize(
    ("options", "given"),
    [
        (["--evidence", "all"], {"evidence": "all"}),
        (["--evidence", "IDA", "TAS"], {"evidence": ["IDA", "TAS"]}),
        (["--taxon", "9606"], {"taxon": 9606}),
        (["--qualifiers", "involved_in"], {"qualifiers": ["involved_in"]}),
        (["--id-column", "id", "--on-error", "skip"], {"on_error": "skip"}),
    ],
)
def test_which_annotations(folder, options, given):
    annotations = read_annotations(GAF, Hierarchy.from_obo(OBO), **given)
    expected = set(annotations.ids) & set(read_features(DOMAINS).ids)
    assert main(["fit", *FILES, "--model", "m", *TINY, *options]) == 0
    found = content_of("m")
    assert found["n_rows"] == len(expected)
    target = labels(annotations, count_on=list(expected)).target
    assert found["train_counts"].max() <= target.sum(axis=0).max()


def test_predictions_have_names(model, capsys):
    assert main(["predict", model, "--features", DOMAINS, "--top", "3", *OUT]) == 0
    said = capsys.readouterr().out
    found = pd.read_csv("out.csv", dtype={"id": str})
    assert list(found.columns) == ["id", "node", "name", "namespace", "probability"]
    features = read_features(DOMAINS)
    expected = predict_top(content_of(model)["pipeline"], features, k=3)
    for name in ("id", "node", "name", "namespace"):
        assert found[name].tolist() == expected[name].tolist()
    np.testing.assert_allclose(found["probability"], expected["probability"], rtol=1e-5)
    assert "Seen: 12 of 13 rows are rows that the model was trained on" in said
    assert found["node"].isin(["GO:0003674"]).sum() == 0


@pytest.mark.parametrize("format", ["cafa", "long", "wide"])
def test_formats_are_read_back(model, format):
    argv = ["predict", model, "--features", DOMAINS, "--format", format, *OUT]
    assert main(argv) == 0
    pipeline = content_of(model)["pipeline"]
    features = read_features(DOMAINS)
    hierarchy = pipeline[-1].hierarchy_
    expected = pipeline.predict_proba(features.data)
    found = read_predictions("out.csv", hierarchy, ids=features.ids, propagate=False)
    scored = hierarchy.scored
    digits = 2e-2 if format == "cafa" else 1e-5
    np.testing.assert_allclose(
        found.scores.toarray()[:, scored], expected[:, scored], rtol=digits
    )


def test_min_proba_and_top_in_cafa_s_format(model):
    argv = ["predict", model, "--features", DOMAINS, "--format", "cafa"]
    assert main([*argv, "--top", "4", "--min-proba", "0.3", *OUT]) == 0
    found = pd.read_csv("out.csv", sep="\t", header=None, dtype={0: str})
    assert found.groupby(0).size().max() <= 4
    assert found[2].min() >= 0.3
    proba = content_of(model)["pipeline"].predict_proba(read_features(DOMAINS).data)
    assert len(found) < (proba >= 0.3).sum()


def test_decisions_are_those_of_predict(model):
    argv = ["predict", model, "--features", DOMAINS, "--decisions"]
    assert main([*argv, *OUT]) == 0
    found = pd.read_csv("out.csv", dtype={"id": str})
    pipeline = content_of(model)["pipeline"]
    features = read_features(DOMAINS)
    decided = pipeline.predict(features.data).toarray().astype(bool)
    hierarchy = pipeline[-1].hierarchy_
    expected = {
        (features.ids[row], hierarchy.nodes[node])
        for row, node in np.argwhere(decided & hierarchy.scored)
    }
    assert set(zip(found["id"], found["node"], strict=True)) == expected


def test_into_standard_output(model):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sklearn_hmlc", "predict", model),
            *("--features", DOMAINS, "--top", "1", "--out", "-"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(pd.read_csv(io.StringIO(done.stdout))) == 13
    assert "Predicted" in done.stderr


def test_new_genes_have_the_columns_of_training(model, capsys):
    write("new.tsv", "gene\tdomains\nA\tPF00047,PF99999\nB\tPF00047\n")
    assert main(["predict", model, "new.tsv", *OUT, "--format", "wide"]) == 0
    assert "not among the features asked for: 1, such as 'PF99999'" in (
        capsys.readouterr().out
    )
    found = pd.read_csv("out.csv", index_col="id")
    assert found.loc["A"].tolist() == found.loc["B"].tolist()


def test_features_of_numbers(folder):
    rows = [f"{name},{k},{k % 3}" for k, name in enumerate(common())]
    rows[2] = rows[2].rpartition(",")[0] + ","  # a number that is not known
    write("x.csv", "gene,length,kind\n" + "\n".join(rows) + "\n")
    files = ["--ontology", OBO, "--annotations", GAF, "--features", "x.csv"]
    assert main(["fit", *files, "--model", "m", "--drop", "kind", *TINY]) == 0
    assert content_of("m")["reading"]["feature_names"] == ["length"]
    assert main(["predict", "m", "--features", "x.csv", *OUT]) == 0
    known = pd.read_csv("out.csv")
    assert known["probability"].between(0, 1).all()
    # New rows don't have what was dropped, such as a column of labels.
    lines = ["gene,length,kind", *rows]
    write("new.csv", "\n".join(line.rpartition(",")[0] for line in lines))
    assert main(["predict", "m", "--features", "new.csv", *OUT, "--force"]) == 0
    pd.testing.assert_frame_equal(pd.read_csv("out.csv"), known)


def test_embeddings(folder):
    ids = np.array(common().tolist())
    rng = np.random.default_rng(0)
    np.savez("x.npz", ids=ids, data=rng.normal(5, 2, (len(ids), 4)))
    files = ["--ontology", OBO, "--annotations", GAF, "--features", "x.npz"]
    assert main(["fit", *files, "--model", "m", *TINY]) == 0
    scaler = content_of("m")["pipeline"].named_steps["standardscaler"]
    assert scaler.mean_ == pytest.approx(np.load("x.npz")["data"].mean(axis=0))
    assert main(["predict", "m", "--features", "x.npz", *OUT]) == 0


def test_path_codes_need_no_ontology(folder):
    write("y.csv", "gene,functions\nA,14/04;20/01\nB,20\nC,14\nD,20/01\n")
    write("x.csv", "gene,x\nA,1\nB,2\nC,3\nD,4\n")
    files = ["--annotations", "y.csv", "--term-column", "functions"]
    argv = ["fit", *files, "--features", "x.csv", "--model", "m", *TINY]
    assert main(argv) == 0
    nodes = content_of("m")["pipeline"][-1].hierarchy_.nodes
    assert set(nodes) == {"14", "14/04", "20", "20/01"}


def test_models_are_asked_as_they_were_trained(model, csv_model, capsys):
    error = error_of(capsys, ["predict", csv_model, "--features", DOMAINS, *OUT])
    assert f"Expected DATA, ARFF or CSV files, on which {csv_model}" in error
    error = error_of(capsys, ["predict", model, *OUT])
    assert "Expected --features with one file" in error
    error = error_of(capsys, ["evaluate", model, DOMAINS])
    assert "measure them by `hmlc evaluate --ontology --truth --predictions`" in error
    error = error_of(capsys, ["predict", model, DOMAINS, "--index", *OUT])
    assert error.startswith("--index: for CSV files of models without an ontology")
    write("wide.tsv", "gene\tPF00047\nA\t1\n")
    error = error_of(capsys, ["predict", model, "wide.tsv", *OUT])
    assert "wide.tsv lacks 16 columns that the model was trained on: " in error


def test_a_model_into_standard_output(folder):
    words = ["fit", *FILES, "--model", "-", *TINY]
    done = subprocess.run(
        [sys.executable, "-m", "sklearn_hmlc", *words], capture_output=True, check=True
    )
    assert done.stderr == b""
    (folder / "m").write_bytes(done.stdout)
    assert content_of("m")["n_rows"] == 12
    assert [path.name for path in folder.iterdir()] == ["m"]

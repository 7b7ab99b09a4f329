"""``hmlc predict``: the estimator's answers in a file."""

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._cli import main
from sklearn_hmlc.datasets import read_arff

from .pets import HEADER, SMALL, content_of, error_of, write


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


def test_files_without_ids_go_by_order(folder):
    pd.DataFrame({"x": [1, 2]}).to_csv("one.tsv.gz", index=False, sep="\t")
    pd.DataFrame({"x": [3, 4, 5]}).to_csv("two.csv", index=False)
    pd.DataFrame({"A": [1, 1, 0, 0, 1]}).to_csv("labels.csv", index=False)
    data = ["one.tsv.gz", "two.csv"]
    fit = ["fit", *data, "--labels", "labels.csv", "--model", "m", *SMALL]
    assert main(fit) == 0
    assert content_of("m")["train_counts"].tolist() == [3]
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


def test_a_node_named_as_the_column_of_ids(folder, capsys):
    write("x.csv", "row,weight\na,1\nb,2\n")
    write("y.csv", "row,id,cat\na,0,1\nb,1,0\n")
    fit = ["fit", "x.csv", "--index", "--labels", "y.csv", "--model", "m", *SMALL]
    assert main(fit) == 0
    predict = ["predict", "m", "x.csv", "--index", "--out", "p.csv"]
    assert "A node is named 'id'" in error_of(capsys, predict)
    assert main([*predict, "--format", "long"]) == 0
    assert set(pd.read_csv("p.csv")["node"]) == {"id", "cat"}


def test_predict_writes_the_tuned_decisions(arff, folder):
    tuned = ["--threshold", "prevalence", "--threshold-folds", "2"]
    assert main(["fit", *arff, "--model", "m", *SMALL, *tuned]) == 0
    pipeline = content_of("m")["pipeline"]
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

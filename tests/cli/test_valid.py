"""``hmlc fit --valid``: rows that tell when to stop."""

import numpy as np
import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._cli import main
from sklearn_hmlc._cli._model import make_model
from sklearn_hmlc.datasets import read_arff

from .pets import FEATURES, HEADER, ROWS, SMALL, content_of, error_of, write

LOUD = [word for word in SMALL if word != "--quiet"]


def test_valid_rows_are_those_of_fit(arff, capsys):
    train, valid = arff
    assert main(["fit", train, "--valid", valid, "--model", "m", *LOUD]) == 0
    said = capsys.readouterr().out
    assert "Data: 2 rows" in said
    assert "Validation: 2 rows of valid.arff, by which training stops" in said
    content = content_of("m")
    assert content["n_rows"] == 2
    assert content["files"] == [train, valid]
    classifier = content["pipeline"][-1]
    # By hand, with the same preparation.
    rows, held_out = read_arff(train), read_arff(valid)
    frames = [
        one.data.astype({"weight": float, "coat": object}) for one in (rows, held_out)
    ]
    expected = HierarchicalEnsembleClassifier(
        classifier.hierarchy_,
        n_estimators=2,
        hidden_layer_sizes=[8],
        max_epochs=2,
        early_stopping=True,
        random_state=0,
    )
    pipeline = make_model(expected, ["coat"], frames[0])
    X = pipeline[:-1].fit_transform(frames[0])
    X_val = pipeline[:-1].transform(frames[1])
    expected.fit(X, rows.target, X_val=X_val, y_val=held_out.target)
    assert classifier.validation_scores_ == expected.validation_scores_
    assert len(classifier.validation_scores_) == 2
    proba = content["pipeline"].predict_proba(frames[1])
    np.testing.assert_array_equal(proba, expected.predict_proba(X_val))


def test_ids_find_labels_in_one_file(csv):
    write("genes.csv", "\n".join(FEATURES.splitlines()[:3]) + "\n")
    write("valid.csv", "id,coat,weight\nc,?,1\nd,long,2\n")  # another order
    assert main(["fit", *csv, "--valid", "valid.csv", "--model", "m", *SMALL]) == 0
    assert len(content_of("m")["pipeline"][-1].validation_scores_) == 2


def test_labels_of_their_own(folder, capsys):
    write("x.csv", "weight\n1\n2\n3\n")
    write("y.csv", "cat,dog\n1,0\n0,1\n1,1\n")
    write("x_valid.csv", "weight\n1.5\n2.5\n")
    write("y_valid.csv", "cat,dog\n1,0\n0,1\n")
    fit = ["fit", "x.csv", "--labels", "y.csv", "--valid", "x_valid.csv"]
    fit += ["--model", "m", *SMALL]
    assert "give them by --valid-labels" in error_of(capsys, fit)
    assert main([*fit, "--valid-labels", "y_valid.csv"]) == 0


def test_rows_held_out_as_well(arff):
    write("train.arff", HEADER + "\n".join(ROWS * 3) + "\n")
    held_out = ["--test-fraction", "0.25"]
    assert (
        main(["fit", arff[0], "--valid", arff[1], "--model", "m", *SMALL, *held_out])
        == 0
    )
    assert content_of("m")["measured"] is not None
    assert content_of("m")["n_rows"] == 9


@pytest.mark.filterwarnings("default")
def test_rows_that_are_trained_on_too(csv, capsys):
    assert main(["fit", *csv, "--valid", "genes.csv", "--model", "m", *SMALL]) == 0
    error = capsys.readouterr().err
    assert "--valid: 4 of 4 rows are rows that the model was trained on, too" in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--folds", "2"], "--valid does not go with --folds 2: it makes its rows"),
        (["--threshold", "f1"], "--valid does not go with --threshold f1: to tune"),
        (
            ["--model-kind", "best"],
            "--valid does not go with --model-kind best: forest",
        ),
    ],
)
def test_options_beside_which_they_have_no_use(arff, capsys, words, message):
    fit = ["fit", arff[0], "--valid", arff[1], "--model", "m", *SMALL, *words]
    assert message in error_of(capsys, fit)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,weight\na,1\n", "coat"),
        ("id,weight,coat\na,heavy,long\n", "held numbers in training have text now"),
        ("id,weight,coat\nz,1,long\n", "z"),
        ("", "the file is empty"),
    ],
)
def test_files_that_do_not_fit(csv, capsys, content, message):
    write("valid.csv", content)
    fit = ["fit", *csv, "--valid", "valid.csv", "--model", "m", *SMALL]
    error = error_of(capsys, fit)
    assert error.startswith("In the rows of --valid: ")
    assert message in error


def test_what_is_called_what(folder, capsys):
    """Errors are in the words of the rows to train on."""
    write("x.csv", "weight\n1\n2\n3\n")
    write("y.csv", "cat,dog\n1,0\n0,1\n1,1\n")
    write("v.csv", "weight\n1.5\n2.5\n")
    write("w.csv", "weight,more\n1.5,1\n2.5,1\n2,1\n")
    fit = ["fit", "x.csv", "--labels", "y.csv", "--model", "m", *SMALL]
    error = error_of(capsys, [*fit, "--valid", "v.csv", "--valid-labels", "y.csv"])
    assert "DATA has 2 rows, but --labels has 3" in error
    assert "(Here DATA is v.csv and --labels is y.csv.)" in error
    error = error_of(capsys, [*fit, "--valid", "w.csv", "--valid-labels", "y.csv"])
    assert "columns of --valid are not those of the rows to train on; missing" in error


def test_files_of_the_other_kind(arff, csv, capsys):
    write("v.csv", "weight,coat\n1.5,long\n2.5,short\n")
    write("w.csv", "cat,dog,dog/terrier\n1,0,0\n0,1,1\n")
    fit = ["fit", arff[0], "--valid", "v.csv", "--model", "m", *SMALL]
    assert "labels are missing; give them by --valid-labels" in error_of(capsys, fit)
    assert main([*fit, "--valid-labels", "w.csv"]) == 0
    # An ARFF file has its labels in it; here they are of another hierarchy.
    fit = ["fit", *csv, "--valid", arff[1], "--model", "n", *SMALL]
    assert "but expected are the nodes and edges of MODEL" in error_of(capsys, fit)
    write("edges.csv", "parent,child\nroot,cat\nroot,dog\ndog,dog/terrier\n")
    write("labels.csv", "id,node\na,cat\nb,cat\nb,dog/terrier\nc,dog\nd,dog/terrier\n")
    assert main(fit) == 0
    assert "--labels: for CSV files alone" in error_of(
        capsys, [*fit, "--valid-labels", "w.csv", "--force"]
    )


def test_another_hierarchy(arff, capsys):
    write("valid.arff", HEADER.replace("cat,dog,", "cow,dog,") + "1,long,cow\n")
    fit = ["fit", arff[0], "--valid", arff[1], "--model", "m", *SMALL]
    assert "valid.arff declares Hierarchy(4 nodes" in error_of(capsys, fit)


def test_doors(arff, csv, capsys):
    alone = ["fit", *arff, "--valid-labels", "labels.csv", "--model", "m"]
    assert "--valid-labels needs --valid" in error_of(capsys, alone)
    lost = ["fit", arff[0], "--valid", arff[1], "--model", arff[1], "--force"]
    assert "it is one of the files to read" in error_of(capsys, lost)
    genes = ["fit", "--annotations", "a", "--features", "b", "--valid", "c"]
    error = error_of(capsys, [*genes, "--model", "m"])
    assert "--valid: for CSV and ARFF files" in error

"""Rows that a model was trained on are known again."""

import hashlib

import joblib
import numpy as np
import pandas as pd

from sklearn_hmlc._cli import _seen, main
from sklearn_hmlc._cli._tables import Table

from .genes import FILES, TINY
from .pets import HEADER, ROWS, content_of, write

TOLD = "that the model was trained on"


def test_hashes_are_those_of_ids(folder):
    assert main(["fit", *FILES, "--model", "m", *TINY]) == 0
    seen = content_of("m")["seen"]
    first = hashlib.blake2b(b"3804", digest_size=8).digest()
    assert int.from_bytes(first, "little") in seen["hashes"].tolist()
    assert seen["hashes"].dtype == np.uint64
    assert len(seen["hashes"]) == 12
    assert (np.diff(seen["hashes"].astype(float)) > 0).all()


def test_measures_of_training_rows_are_warned_about(csv, csv_model, capsys):
    argv = ["evaluate", csv_model, *csv[:-2]]
    assert main(argv) == 0
    assert capsys.readouterr().err == (
        "hmlc: warning: 4 of 4 rows are rows that the model was trained on; the "
        "measures of new rows are likely lower.\n"
    )
    write("genes.csv", "id,weight,coat\na,4.5,long\nnew,1,long\n")
    write("labels.csv", "id,node\na,cat\nnew,dog\n")
    assert main(argv) == 0
    assert "1 of 2 rows are rows that" in capsys.readouterr().err


def test_new_rows_are_not(csv, csv_model, capsys):
    write("genes.csv", "id,weight,coat\nx,4.5,long\n")
    write("labels.csv", "id,node\nx,cat\n")
    assert main(["evaluate", csv_model, *csv[:-2]]) == 0
    assert capsys.readouterr().err == ""


def test_rows_without_ids_are_known_by_their_features(arff, arff_model, capsys):
    write("new.arff", HEADER + "8,short,dog\n" + ROWS[1] + "\n")
    assert main(["evaluate", arff_model, "new.arff"]) == 0
    assert f"1 of 2 rows have the features of rows {TOLD}" in capsys.readouterr().err
    write("new.arff", HEADER + "8,short,dog\n")
    assert main(["evaluate", arff_model, "new.arff"]) == 0
    assert capsys.readouterr().err == ""


def test_whole_numbers_are_numbers(folder):
    one = Table(pd.DataFrame({"x": [1, 2], "k": ["a", None]}), ["k"])
    two = Table(pd.DataFrame({"x": [1.0, 2.5], "k": ["a", None]}), ["k"])
    same = _seen.hash_rows(one) == _seen.hash_rows(two)
    assert same.tolist() == [True, False]


def test_held_out_rows_are_new(folder, capsys):
    argv = ["fit", *FILES, "--test-fraction", "0.25", "--test-predictions", "p.tsv"]
    assert main([*argv, "--format", "cafa", "--model", "m", *TINY]) == 0
    obo, gaf = FILES[1], FILES[3]
    argv = [
        "evaluate",
        "m",
        "--ontology",
        obo,
        "--truth",
        gaf,
        "--predictions",
        "p.tsv",
    ]
    capsys.readouterr()
    assert main([*argv, "--predicted-only"]) == 0
    assert TOLD not in capsys.readouterr().err
    assert main(argv) == 0
    assert f"9 of 13 rows are rows {TOLD}" in capsys.readouterr().err


def test_models_of_the_first_format_are_read(arff, arff_model, capsys):
    content = content_of(arff_model)
    kept = ("version", "pipeline", "nominal", "train_counts")
    old = {name: content[name] for name in kept} | {"format": "sklearn_hmlc model 1"}
    joblib.dump(old, arff_model)
    assert main(["evaluate", arff_model, *arff, "--trust"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["info", arff_model, "--trust"]) == 0
    assert "4 nodes have any of them" in capsys.readouterr().out

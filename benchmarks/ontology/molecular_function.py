"""Functions of human genes from their protein domains: who is ahead, on five splits.

The Gene Ontology's molecular function, experimental evidence, terms with at least 10
training rows; a fifth of the genes that have domains is held out, drawn by the number
of the split. Methods see the training rows alone, and all have the parameters that are
written here; the test rows are scored once. A line of the results is one method on one
split; what is there is not computed again.

    python -m benchmarks.ontology.molecular_function run
    python -m benchmarks.ontology.molecular_function report

Files (SKLEARN_HMLC_DATA/human_go): go-2022-07-01.obo, human-2022.gaf.gz, pfam.tsv, as
geneontology.org and UniProt publish them.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier

from benchmarks.paper._table import Table, fill
from sklearn_hmlc import (
    HierarchicalEnsembleClassifier,
    Hierarchy,
    make_rare_node_ensemble,
)
from sklearn_hmlc.datasets import labels, read_annotations, read_features
from sklearn_hmlc.experts import CoherentVotingClassifier, NeighborsHierarchyClassifier
from sklearn_hmlc.metrics import (
    au_prc,
    fmax_score,
    information_accretion,
    rarity_report,
    smin_score,
    weighted_fmax_score,
)
from sklearn_hmlc.postprocessing import CoherentClassifier

RESULTS = Path(__file__).parents[1] / "results" / "ontology" / "molecular_function.csv"
SHOWN = Path(__file__).parents[2] / "docs" / "evidence" / "gene_function.inc"
KEYS = ["split", "method"]
SPLITS = range(5)
MEASURES = {
    "fmax": "Fmax",
    "weighted_fmax": "weighted Fmax",
    "smin": "Smin",
    "au_prc": "AU(PRC)",
    "macro_au_prc": "macro AUPRC",
    "rare_recall": "recall, rarest quarter",
    "cpu_s": "CPU s",
}
DIGITS = [3, 3, 2, 3, 3, 3, 1]
LEADING = list(MEASURES)[:4]


def naive(hierarchy):
    """Every gene has each term as often as the training genes have it."""
    return CoherentClassifier(DummyClassifier(strategy="prior"), hierarchy)


def network(hierarchy):
    return HierarchicalEnsembleClassifier(hierarchy, random_state=0)


def logistic_regression(hierarchy):
    one = LogisticRegression(solver="liblinear")
    return CoherentClassifier(OneVsRestClassifier(one), hierarchy)


def neighbours(hierarchy):
    return NeighborsHierarchyClassifier(hierarchy, n_neighbors=30)


def network_and_neighbours(hierarchy):
    experts = [("network", network(None)), ("neighbours", neighbours(None))]
    return CoherentVotingClassifier(experts, hierarchy, weights=None)


def recipe(hierarchy):
    return make_rare_node_ensemble(hierarchy, random_state=0)


def recipe_without_shrinkage(hierarchy):
    return make_rare_node_ensemble(hierarchy, shrinkage=0, random_state=0)


METHODS = {
    "naive": naive,
    "30 neighbours": neighbours,
    "logistic regression": logistic_regression,
    "network": network,
    "network + neighbours": network_and_neighbours,
    "recipe, shrinkage 0": recipe_without_shrinkage,
    "recipe": recipe,
}


def read(folder):
    """Hierarchy, annotations and features from the files."""
    hierarchy = Hierarchy.from_obo(folder / "go-2022-07-01.obo")
    annotations = read_annotations(
        folder / "human-2022.gaf.gz", hierarchy, evidence="experimental"
    )
    return annotations, read_features(folder / "pfam.tsv")


def split(annotations, features, number):
    """Rows to train on and to test on: X, Y each, and the hierarchy."""
    function = labels(annotations, namespaces=["molecular_function"])
    known = features.ids.intersection(function.ids, sort=False)
    train, test = train_test_split(known, test_size=0.2, random_state=number)
    Y = labels(
        annotations, min_count=10, namespaces=["molecular_function"], count_on=train
    )
    parts = []
    for ids in (train, test):
        rows = features.ids.get_indexer(ids), Y.ids.get_indexer(ids)
        # A gene whose terms are all rarer has no row of Y: its labels are unknown.
        there = rows[1] >= 0
        parts.append((features.data[rows[0][there]], Y.target[rows[1][there]]))
    return *parts, Y.hierarchy


def run_cell(number, method, folder):
    """Train a method on a split, and judge its test rows once."""
    (X, Y), (X_test, Y_test), hierarchy = split(*read(folder), number)
    before = time.process_time()
    model = METHODS[method](hierarchy).fit(X, Y)
    proba = np.asarray(model.predict_proba(X_test), dtype=np.float32)
    seconds = time.process_time() - before
    information = information_accretion(Y, hierarchy)
    found = model.predict(X_test) if hasattr(model, "thresholds_") else proba >= 0.5
    report = rarity_report(
        Y_test, found, proba, y_train=Y, by="rarest", hierarchy=hierarchy
    )
    return {
        "fmax": float(fmax_score(Y_test, proba, hierarchy=hierarchy)),
        "weighted_fmax": float(
            weighted_fmax_score(Y_test, proba, information, hierarchy=hierarchy)
        ),
        "smin": float(smin_score(Y_test, proba, information, hierarchy=hierarchy)),
        "au_prc": au_prc(Y_test, proba, hierarchy=hierarchy),
        "macro_au_prc": au_prc(Y_test, proba, hierarchy=hierarchy, average="macro"),
        "rare_recall": float(report["recall"].iloc[0]),
        "cpu_s": seconds,
        "n_train": len(Y.indptr) - 1,
        "n_test": len(Y_test.indptr) - 1,
        "n_nodes": hierarchy.n_nodes,
    }


def by_method(cells):
    """Measures of whole cells as numbers, with methods and splits as index."""
    n_splits = cells["method"].value_counts()
    whole = [name for name in METHODS if n_splits.get(name) == len(SPLITS)]
    cells = cells[cells["method"].isin(whole)]
    index = [cells["method"], cells["split"]]
    return cells[list(MEASURES)].astype(float).set_index(index)


def as_table(numbers):
    """Mean and standard deviation over the splits, as a table of the guide."""
    there = [name for name in METHODS if name in numbers.index]
    mean = numbers.groupby(level=0).mean().loc[there]
    spread = numbers.groupby(level=0).std().loc[there]
    lines = [".. list-table::", "   :header-rows: 1", ""]
    rows = [["", *MEASURES.values()]]
    for method in there:
        values = zip(DIGITS, mean.loc[method], spread.loc[method], strict=True)
        rows.append([method, *(f"{m:.{d}f} ± {s:.{d}f}" for d, m, s in values)])
    for row in rows:
        lines += [f"   {'*' if k == 0 else ' '} - {text}" for k, text in enumerate(row)]
    return "\n".join(lines) + "\n\n" + ahead(numbers)


def ahead(numbers):
    """How many splits the network, and the means that it is in, lead on."""
    sentences = []
    ours = ("network", "network + neighbours", "recipe, shrinkage 0", "recipe")
    for method in [name for name in ours if name in numbers.index]:
        for other in ("30 neighbours", "logistic regression"):
            gain = numbers.loc[method] - numbers.loc[other]
            gain["smin"] *= -1
            wins = (gain[LEADING] > 0).sum()
            counts = [f"{MEASURES[name]} on {wins[name]}" for name in LEADING]
            sentences.append(f"- {method} ahead of {other}: {', '.join(counts)}")
    return f"Of {len(gain)} splits:\n\n" + "\n".join(sentences) + "\n"


def report():
    """Write the table of the guide, and print it."""
    table = as_table(by_method(pd.DataFrame(Table(RESULTS, KEYS).rows())))
    SHOWN.write_text(table)
    print(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["run", "report"])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    if args.action == "run":
        folder = Path(os.environ["SKLEARN_HMLC_DATA"]) / "human_go"
        cells = [(number, method) for number in SPLITS for method in args.methods]
        table = Table(RESULTS, KEYS)
        fill(table, cells, run_cell, args.jobs, [(folder,)] * len(cells))
    report()


if __name__ == "__main__":
    main()

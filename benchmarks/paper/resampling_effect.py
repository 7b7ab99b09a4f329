"""LPROS, the weighted loss, and both: what each does to rare nodes.

Test rows, threshold 0.5, macro over scored nodes; recall also on the rarest half of the
nodes that test rows have (by training frequency). LPROS adds 25 % of the rows, bags by
the nodes down to depth 2, the finest choice that meets this budget on both data sets.

    SKLEARN_HMLC_DATA=... python benchmarks/paper/resampling_effect.py

Two heads, 20 epochs, uncorrected probabilities, the classifier's defaults otherwise.
Results are appended cell by cell; what the CSV has is not computed again.
"""

import argparse
from itertools import product
from pathlib import Path

from _cells import fill, load, timed_fit
from imblearn.pipeline import Pipeline

from sklearn_hmlc import LPROS, HierarchicalEnsembleClassifier
from sklearn_hmlc.metrics import node_precision_recall_f1, rarity_report

RESULTS = Path(__file__).parents[1] / "results" / "resampling_effect.csv"
VARIANTS = {
    "baseline": (False, False),
    "LPROS": (True, False),
    "weighted loss": (False, True),
    "LPROS + weighted loss": (True, True),
}
UNWEIGHTED = {"uncertainty": None, "node_weight": None}


def run(data, seed, variant):
    """Train one variant, judge the test rows."""
    resampled, weighted = VARIANTS[variant]
    train, test, hierarchy = load(data)
    classifier = HierarchicalEnsembleClassifier(
        hierarchy,
        n_estimators=2,
        max_epochs=20,
        prior_correction=False,
        random_state=seed,
        **({} if weighted else UNWEIGHTED),
    )
    sampler = LPROS(labelset=2, hierarchy=hierarchy, random_state=seed)
    steps = [("resample", sampler)] if resampled else []
    pipeline, seconds = timed_fit(classifier, train, Pipeline, steps)
    return judge(pipeline, train, test, hierarchy) | {"fit_seconds": f"{seconds:.0f}"}


def judge(pipeline, train, test, hierarchy):
    pred = pipeline.predict(test.data)
    precision, recall, f1 = node_precision_recall_f1(
        test.target, pred, hierarchy=hierarchy
    )
    rarity = rarity_report(
        test.target, pred, y_train=train.target, by="rarest", hierarchy=hierarchy
    )
    values = {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "recall_rarest_quarter": rarity["recall"].iloc[0],
        "recall_rarest_half": rarity["recall"].iloc[1],
        "au_prc": pipeline.score(test.data, test.target),
    }
    return {name: f"{value:.4f}" for name, value in values.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["cellcycle_FUN", "cellcycle_GO"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    cells = product(args.data, args.seeds, VARIANTS)
    fill(args.out, ["data", "seed", "variant"], cells, run)


if __name__ == "__main__":
    main()

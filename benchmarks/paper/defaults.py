"""What the defaults rest on: one parameter at a time, judged on validation rows.

Trained on the train rows, judged on the valid rows of each data set; test rows are not
looked at. Five heads, batch 32; every fifth epoch up to 60 is judged, and the one with
the best AU(PRC) is kept. Macro measures over scored nodes for decisions at 0.5 and for
thresholds tuned on one half of the valid rows and judged on the other, in turn.

    SKLEARN_HMLC_DATA=... python benchmarks/paper/defaults.py [--summary]

Results are appended cell by cell; what the CSV has is not computed again.
"""

import argparse
import functools
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from _cells import fill
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import fetch_hmc
from sklearn_hmlc.metrics import node_precision_recall_f1
from sklearn_hmlc.postprocessing import node_thresholds

RESULTS = Path(__file__).parents[1] / "results" / "defaults.csv"
PLAIN = {"node_weight": None, "uncertainty": None}
VARIANTS = {
    "defaults": {},
    "1 head, no weights": {"n_estimators": 1, **PLAIN},
    "no weights": PLAIN,
    "node_weight_power=0.25": {"node_weight_power": 0.25},
    "node_weight_power=0.75": {"node_weight_power": 0.75},
    "node_weight_power=1": {"node_weight_power": 1.0},
    "full weights": {"node_weight_power": 1.0, "node_weight_floor": 0.25},
    "uncertainty=None": {"uncertainty": None},
    "uncertainty='bma'": {"uncertainty": "bma"},
    "focal_floor=1": {"focal_floor": 1.0},
    "focal_exponent=2": {"focal_exponent": 2.0},
    "mix=0.5": {"mix": 0.5},
    "schedule='linear'": {"schedule": "linear"},
    "schedule='alternating'": {"schedule": "alternating"},
    "n_estimators=1": {"n_estimators": 1},
    "n_estimators=10": {"n_estimators": 10},
    "ensemble='dropout'": {"ensemble": "dropout"},
    "ensemble='last_layer'": {"ensemble": "last_layer"},
    "hidden 250, 250": {"hidden_layer_sizes": (250, 250)},
    "hidden 1000, 1000": {"hidden_layer_sizes": (1000, 1000)},
    "hidden 500": {"hidden_layer_sizes": (500,)},
    "dropout=0.5": {"dropout": 0.5},
    "dropout=0.8": {"dropout": 0.8},
    "lr=3e-4": {"lr": 3e-4},
    "lr=3e-3": {"lr": 3e-3},
    "batch_size=64": {"batch_size": 64},
    "weight_decay=1e-3": {"weight_decay": 1e-3},
}
STEP, LAST = 5, 60


@functools.cache
def load(name):
    """Scaled features and labels of train and of valid rows; hierarchy."""
    train = fetch_hmc(name, subset="train", as_frame=False)
    valid = fetch_hmc(name, subset="valid", as_frame=False)
    prepare = make_pipeline(SimpleImputer(), StandardScaler()).fit(train.data)
    train.data, valid.data = map(prepare.transform, (train.data, valid.data))
    return train, valid


def run(data, seed, variant):
    """Train on, judge as training goes on, and return the best epoch's measures."""
    train, valid = load(data)
    classifier = HierarchicalEnsembleClassifier(
        train.hierarchy,
        warm_start=True,
        max_epochs=STEP,
        random_state=seed,
        **{"n_estimators": 5, **VARIANTS[variant]},
    )
    if classifier.schedule is not None:
        # A schedule must know the end: no going on.
        classifier.set_params(warm_start=False)
    warnings.simplefilter("ignore", UserWarning)  # nodes without a row
    best = {}
    for epoch in range(STEP, LAST + 1, STEP):
        if not classifier.warm_start:
            classifier.set_params(max_epochs=epoch)
            if epoch % 15:
                continue
        classifier.fit(train.data, train.target)
        score = classifier.score(valid.data, valid.target)
        if score > best.get("au_prc", 0):
            best = {"epoch": epoch, "au_prc": score}
            best |= judge(classifier, train, valid)
    return {
        name: value if name == "epoch" else f"{value:.4f}"
        for name, value in best.items()
    }


def judge(classifier, train, valid):
    hierarchy, truth = train.hierarchy, np.asarray(valid.target.todense())
    measures = macro("", truth, classifier.predict(valid.data), hierarchy)
    classifier.set_params(prior_correction=False)
    proba = classifier.predict_proba(valid.data)
    classifier.set_params(prior_correction=True)
    prevalence = np.asarray(train.target.mean(axis=0)).ravel()
    half = np.random.default_rng(0).permutation(len(truth)) % 2 == 0
    for strategy in ("prevalence", "f1"):
        pred = np.zeros(truth.shape, dtype=bool)
        for tune, test in ((half, ~half), (~half, half)):
            thresholds = node_thresholds(
                truth[tune], proba[tune], strategy, prevalence=prevalence
            )
            pred[test] = hierarchy.close(proba[test] >= thresholds)
        measures |= macro(f"{strategy}_", truth, pred, hierarchy)
    return measures


def macro(prefix, truth, pred, hierarchy):
    means = node_precision_recall_f1(truth, pred, hierarchy=hierarchy)
    return {
        f"{prefix}precision": means.precision,
        f"{prefix}recall": means.recall,
        f"{prefix}f1": means.f1,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["eisen_FUN", "cellcycle_FUN"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--summary", action="store_true", help="no training")
    args = parser.parse_args()
    if not args.summary:
        cells = product(args.data, args.seeds, args.variants)
        fill(args.out, ["data", "seed", "variant"], cells, run)
    summary = summarize(pd.read_csv(args.out))
    summary.to_csv(args.out.with_stem(f"{args.out.stem}_summary"), index=False)
    print(summary.to_string())


def summarize(results):
    """One table a variant's measures; several seeds are averaged."""
    columns = {
        "au_prc": "AU(PRC)",
        "precision": "Precision",
        "recall": "Recall",
        "f1": "F1",
        "f1_precision": "Precision, tuned",
        "f1_recall": "Recall, tuned",
        "f1_f1": "F1, tuned",
        "epoch": "Best epoch",
    }
    means = results.groupby(["data", "variant"], sort=False)[list(columns)].mean()
    digits = dict.fromkeys(columns, "{:.3f}") | {"epoch": "{:.0f}"}
    means = means.apply(lambda column: column.map(digits[column.name].format))
    return means.rename(columns=columns).rename_axis(["Data", "Variant"]).reset_index()


if __name__ == "__main__":
    main()

"""Rare nodes without losing precision: test rows, against two baselines and the paper.

Models, alike in all but what they are named for (two hidden layers of 500, dropout 0.7,
batch 32, Adam at 1e-3; five heads where nothing else is said):

- flat: one network without the hierarchy, plain BCE, made coherent by
  `CoherentClassifier`;
- coherent: one network under the max constraint, no weights;
- heads: the same with five heads;
- full: full node weights on positives, rescaled, as the paper's words have it, and
  focal weights, uncorrected;
- ours: tempered weights, focal weights, prior correction: the classifier's defaults;
- tuned: the same, with thresholds by prevalence and by F1 in place of 0.5, tuned by
  5-fold cross-validation within the rows to train on.

On GO batches are of 64.

As in the published protocol the number of epochs is chosen by training on the train
rows and looking at the pooled AU(PRC) on the valid rows (seed 0; patience 10); then the
model is trained on both for as long (full as long as heads: its AU(PRC) is best
before it has learnt the rare nodes). Test rows are predicted once. Macro measures are
over all scored nodes; the rarest quarter and half are of the nodes that test rows have,
by training frequency. Brier score and expected calibration error (15 bins) are means
over nodes, of `predict_proba` with and without the correction.

    SKLEARN_HMLC_DATA=... python benchmarks/paper/rare_nodes.py [--data ...] [--summary]

Results are appended model by model; what the CSV has is not computed again.
"""

import argparse
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from _calibration import calibration
from _cells import fill, load, timed_fit
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import fetch_hmc
from sklearn_hmlc.metrics import au_prc, node_precision_recall_f1, rarity_report
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    make_coherent,
)

RESULTS = Path(__file__).parents[1] / "results"
EPOCHS = RESULTS / "rare_nodes_epochs.csv"
FUN = ["cellcycle", "church", "derisi", "eisen", "gasch1", "pheno", "seq"]
DATA = [*(f"{name}_FUN" for name in FUN), "cellcycle_GO", "derisi_GO"]
PLAIN = {"uncertainty": None, "node_weight": None}
FULL = {"node_weight_power": 1.0, "node_weight_floor": 0.25}
MODELS = {
    "flat": {"n_estimators": 1, **PLAIN},
    "coherent": {"n_estimators": 1, **PLAIN},
    "heads": {"n_estimators": 5, **PLAIN},
    "full": {"n_estimators": 5, "prior_correction": False, **FULL},
    "ours": {"n_estimators": 5},
    "tuned": {"n_estimators": 5},
}
EPOCHS_OF = {"full": "heads", "tuned": "ours"}
DECISIONS = ["0.5", "prevalence", "f1"]
MAX_EPOCHS, PATIENCE = 100, 10


def run(data, seed, model):
    """Choose epochs, train, judge the test rows: a row a kind of decision."""
    train, test, hierarchy = load(data)
    epochs = chosen_epochs(data, EPOCHS_OF.get(model, model))
    classifier = make(
        model,
        hierarchy,
        max_epochs=epochs,
        batch_size=batch_size(data),
        random_state=seed,
    )
    pipeline, seconds = timed_fit(classifier, train)
    common = {"epochs": epochs, "fit_seconds": f"{seconds:.0f}"}
    common |= judge_probabilities(pipeline, test, hierarchy)
    deciding = {"0.5": pipeline}
    if model == "tuned":
        deciding = {
            strategy: tuned(pipeline, strategy, train, seed)
            for strategy in DECISIONS[1:]
        }
    return [
        {"decision": decision}
        | judge_decisions(decider, train, test, hierarchy)
        | common
        for decision, decider in deciding.items()
    ]


def tuned(pipeline, strategy, train, seed):
    """Thresholds by 5-fold cross-validation around the whole pipeline."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # nodes without a row
        return NodeThresholdClassifier(
            clone(pipeline), strategy=strategy, cv=5, random_state=seed
        ).fit(train.data, train.target)


def batch_size(data):
    return 64 if data.endswith("_GO") else 32


def make(model, hierarchy, **params):
    params |= MODELS[model]
    if model == "flat":
        return CoherentClassifier(HierarchicalEnsembleClassifier(**params), hierarchy)
    return HierarchicalEnsembleClassifier(hierarchy, **params)


def chosen_epochs(data, model):
    """Number of epochs that is best for valid rows; kept in a table of its own."""
    fill(EPOCHS, ["data", "model"], [(data, model)], choose_epochs)
    table = pd.read_csv(EPOCHS, index_col=["data", "model"])
    return int(table.loc[(data, model), "epochs"])


def choose_epochs(data, model):
    train = fetch_hmc(data, subset="train", as_frame=False)
    valid = fetch_hmc(data, subset="valid", as_frame=False)
    prepare = make_pipeline(SimpleImputer(), StandardScaler()).fit(train.data)
    rows, held_out = prepare.transform(train.data), prepare.transform(valid.data)
    classifier = HierarchicalEnsembleClassifier(
        None if model == "flat" else train.hierarchy,
        max_epochs=MAX_EPOCHS,
        batch_size=batch_size(data),
        random_state=0,
        **MODELS[model],
    )
    warnings.simplefilter("ignore", UserWarning)  # nodes without a row
    scores = []
    while len(scores) < MAX_EPOCHS and since_best(scores) < PATIENCE:
        classifier.partial_fit(rows, train.target)
        proba = make_coherent(classifier.predict_proba(held_out), train.hierarchy)
        scores.append(au_prc(valid.target, proba, hierarchy=train.hierarchy))
    return {"epochs": int(np.argmax(scores)) + 1}


def since_best(scores):
    return len(scores) - 1 - np.argmax(scores) if scores else 0


def judge_decisions(pipeline, train, test, hierarchy):
    pred = pipeline.predict(test.data)
    macro = node_precision_recall_f1(test.target, pred, hierarchy=hierarchy)
    rarity = rarity_report(
        test.target, pred, y_train=train.target, by="rarest", hierarchy=hierarchy
    )
    return as_text(
        recall=macro.recall,
        precision=macro.precision,
        f1=macro.f1,
        recall_rarest_quarter=rarity["recall"].iloc[0],
        recall_rarest_half=rarity["recall"].iloc[1],
    )


def judge_probabilities(pipeline, test, hierarchy):
    truth = np.asarray(test.target.todense())[:, hierarchy.scored]
    corrected = pipeline.predict_proba(test.data)
    values = {"au_prc": au_prc(test.target, corrected, hierarchy=hierarchy)}
    values |= calibration(truth, corrected[:, hierarchy.scored])
    if "prior_correction" in pipeline[-1].get_params(deep=False):
        pipeline[-1].set_params(prior_correction=False)
        weighted = pipeline.predict_proba(test.data)
        pipeline[-1].set_params(prior_correction=True)
        uncorrected = {"au_prc": au_prc(test.target, weighted, hierarchy=hierarchy)}
        uncorrected |= calibration(truth, weighted[:, hierarchy.scored])
    else:
        uncorrected = values
    values |= {f"uncorrected_{name}": value for name, value in uncorrected.items()}
    return as_text(**values)


def as_text(**values):
    return {name: f"{value:.5f}" for name, value in values.items()}


# -- summary ---------------------------------------------------------------------------

KEYS = ["data", "model", "decision"]
MEASURES = {
    "recall": "Recall",
    "precision": "Precision",
    "f1": "F1",
    "recall_rarest_quarter": "Recall, rarest quarter",
    "recall_rarest_half": "Recall, rarest half",
    "au_prc": "AU(PRC)",
}


def in_order(results):
    """Rows as data, models and decisions are listed here, not as they came."""
    orders = {"data": DATA, "model": list(MODELS), "decision": DECISIONS}
    return results.sort_values(
        KEYS, key=lambda column: column.map(orders[column.name].index), kind="stable"
    )


def summarize(results):
    """Mean and, over several seeds, standard deviation of each measure, as text."""
    grouped = results.groupby(KEYS, sort=False)[list(MEASURES)]
    spread = grouped.std().map(lambda value: f" ±{value:.3f}" if value >= 0 else "")
    text = grouped.mean().map("{:.3f}".format) + spread
    text.insert(0, "Seeds", grouped.size())
    return text.rename(columns=MEASURES).rename_axis(["Data", "Model", "Decision"])


def calibration_table(results):
    """What the correction of probabilities does, and the coherent network beside it."""
    kinds = {"brier": "Brier", "ece": "ECE", "au_prc": "AU(PRC)"}
    rows = results[results["decision"] == "0.5"].set_index(["data", "model"])
    columns = {}
    for name, title in kinds.items():
        for prefix, words, model in (
            ("", "corrected", "ours"),
            ("uncorrected_", "uncorrected", "ours"),
            ("", "coherent", "coherent"),
        ):
            values = rows.xs(model, level="model")[prefix + name]
            columns[f"{title}, {words}"] = values.groupby("data", sort=False).mean()
    return pd.DataFrame(columns).map("{:.4f}".format).rename_axis("Data")


def ratios(results):
    """Means over data sets as multiples of a baseline's on the same; least, most."""
    mean = results.groupby(KEYS, sort=False)[list(MEASURES)].mean()
    kinds = ["model", "decision"]
    tables = {}
    for name in ("coherent", "flat"):
        base = mean.xs((name, "0.5"), level=kinds)
        base = base.reindex(mean.index.get_level_values("data")).set_axis(mean.index)
        sums = (table.groupby(kinds, sort=False).sum() for table in (mean, base))
        # Where the baseline has 0 there is no ratio of the data set's own.
        single = (mean / base).replace(np.inf, np.nan).groupby(kinds, sort=False)
        parts = [np.divide(*sums), single.min(), single.max()]
        whole, low, high = (part.map("{:.2f}".format) for part in parts)
        text = whole + " (" + low + " to " + high + ")"
        text.insert(0, "Data sets", mean.groupby(kinds, sort=False).size())
        tables[name] = text
    table = pd.concat(tables, names=["Against", "Model", "Decision"])
    return table.rename(columns=MEASURES)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=DATA)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=RESULTS / "rare_nodes.csv")
    parser.add_argument("--summary", action="store_true", help="no training")
    args = parser.parse_args()
    if not args.summary:
        cells = product(args.data, args.seeds, args.models)
        fill(args.out, ["data", "seed", "model"], cells, run)
    results = in_order(pd.read_csv(args.out, dtype={"decision": str}))
    for name, table in (
        ("summary", summarize(results)),
        ("ratios", ratios(results)),
        ("calibration", calibration_table(results)),
    ):
        table.to_csv(args.out.with_stem(f"{args.out.stem}_{name}"))
        print(table.to_string(), end="\n\n")


if __name__ == "__main__":
    main()

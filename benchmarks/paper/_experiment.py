"""One cell: train a method on a data set, tune thresholds, judge the test rows once.

Protocol, the same for all methods: training on the train rows; the valid rows choose
the number of epochs (once per data set and budget, by pooled AU(PRC)) and the
thresholds by F1; the test rows are predicted once. Data sets without a valid file
give a fifth of their train rows, drawn by a fixed seed.
"""

import time
import warnings
from importlib.metadata import version

import numpy as np
import scipy.sparse as sp
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc.datasets import fetch_hmc
from sklearn_hmlc.metrics import au_prc, node_precision_recall_f1, rarity_report
from sklearn_hmlc.postprocessing import NodeThresholdClassifier

from ._methods import make

FUN = [
    f"{name}_FUN"
    for name in ("cellcycle", "church", "derisi", "eisen", "gasch1", "pheno", "seq")
]
GO = ["cellcycle_GO", "derisi_GO"]
OTHER = ["Diatoms", "ImCLEF07A"]
# Epochs at which a choice is looked at: it stops when 15 more have brought nothing.
MAX_EPOCHS, PATIENCE = 100, 15


def load(data):
    """Rows to train and to validate on, and test rows: X, Y each, and the hierarchy."""
    test = fetch_hmc(data, subset="test", as_frame=False)
    try:
        parts = [fetch_hmc(data, subset=part, as_frame=False) for part in PARTS]
        train, valid = ((part.data, part.target) for part in parts)
    except ValueError:  # no valid file
        both = fetch_hmc(data, subset="train", as_frame=False)
        rows = train_test_split(
            np.arange(len(both.data)), test_size=0.2, random_state=0
        )
        train, valid = ((both.data[part], both.target[part]) for part in rows)
    return train, valid, (test.data, test.target), test.hierarchy


PARTS = ("train", "valid")


def choose_epochs(data, method):
    """Number of epochs after which a method is best on the valid rows, by AU(PRC)."""
    train, valid, _, hierarchy = load(data)
    scaler = make_pipeline(SimpleImputer(), StandardScaler()).fit(train[0])
    X, X_valid = scaler.transform(train[0]), scaler.transform(valid[0])
    model = make(method, hierarchy, MAX_EPOCHS, 0)
    scores = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # nodes without a row
        while len(scores) - np.argmax([0, *scores]) < PATIENCE:
            model.partial_fit(X, train[1])
            proba = model.predict_proba(X_valid)
            scores.append(au_prc(valid[1], proba, hierarchy=hierarchy))
            if len(scores) == MAX_EPOCHS:
                break
    return int(np.argmax(scores)) + 1


def run(data, seed, method, epochs):
    """Train and judge; return the measures of one cell by name."""
    train, valid, test, hierarchy = load(data)
    X, Y = np.vstack([train[0], valid[0]]), sp.vstack([train[1], valid[1]], "csr")
    rows = np.split(np.arange(len(X)), [len(train[0])])
    pipeline = make_pipeline(
        SimpleImputer(), StandardScaler(), make(method, hierarchy, epochs, seed)
    )
    # One split: fitted on the train rows, thresholds from the valid rows.
    tuned = NodeThresholdClassifier(pipeline, strategy="f1", cv=[rows], refit=False)
    before, cpu = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # nodes without a row
        tuned.fit(X, Y)
    spent = time.perf_counter() - before, time.process_time() - cpu
    fitted = tuned.estimator_
    proba, decision = fitted.predict_proba(test[0]), decision_proba(fitted, test[0])
    measures = {"epochs": epochs}
    measures |= ranking(test[1], proba, train[1], hierarchy)
    measures["au_prc_weighted"] = au_prc(test[1], decision, hierarchy=hierarchy)
    for name, labels in {
        "at half": fitted.predict(test[0]),
        "tuned": tuned.predict(test[0]),
    }.items():
        found = decisions(test[1], labels, train[1], hierarchy)
        measures |= {f"{measure} {name}": value for measure, value in found.items()}
    measures["seconds"], measures["cpu_seconds"] = spent
    measures["version"] = version("sklearn_hmlc")
    return measures


def decision_proba(fitted, X):
    """Weighted probabilities, where the model has them."""
    *steps, last = (step for _, step in fitted.steps)
    for step in steps:
        X = step.transform(X)
    return getattr(last, "decision_proba", last.predict_proba)(X)


def ranking(truth, proba, y_train, hierarchy):
    """Free of thresholds: pooled AU(PRC); mean area per node, by rarity."""
    nothing = sp.csr_array(truth.shape, dtype=bool)
    report = rarity_report(
        truth, nothing, proba, y_train=y_train, by="rarest", hierarchy=hierarchy
    )
    quarter, half, every = report["auprc"]
    return {
        "au_prc": au_prc(truth, proba, hierarchy=hierarchy),
        "auprc": every,
        "auprc rarer half": half,
        "auprc rarest quarter": quarter,
    }


def decisions(truth, labels, y_train, hierarchy):
    """Macro precision, recall and F1 over scored nodes, and of rare ones."""
    measures = node_precision_recall_f1(truth, labels, hierarchy=hierarchy)._asdict()
    report = rarity_report(
        truth, labels, y_train=y_train, by="rarest", hierarchy=hierarchy
    )
    for part, (_, row) in zip(PARTS_OF_NODES, report.iterrows(), strict=False):
        measures |= {f"{name} {part}": row[name] for name in RARE}
    return measures


PARTS_OF_NODES = ("rarest quarter", "rarer half")
RARE = ("recall", "precision", "f1")

"""Weighted losses and LPROS behind a CNN, on scikit-learn's scans of digits (8 x 8).

The ten digits lie below three shapes. A long tail is made by thinning: the most
frequent digit keeps all its rows, the rarest a twentieth; which one is rare, and which
rows are taken, differs by seed. A third of what is left tunes thresholds. Test rows
are the same for all seeds and not thinned: those of frequent digits are repeated
instead, up to the shares of training, so that a rare digit is judged on all its rows.

Conditions: a small CNN trained along; the same frozen at its random initial weights;
the first again on a tenth of the rows to train on. The rate and the number of epochs
of a condition are those at which unweighted heads are best on the valid rows of all
seeds, by pooled AU(PRC).
"""

import time
import warnings
from importlib.metadata import version
from itertools import product

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.postprocessing import NodeThresholdClassifier

from ._experiment import decisions, ranking
from ._methods import DEFAULTS, HEADS, make
from ._table import Table, fill

CONDITIONS = ("trained encoder", "random encoder", "tenth of the rows")
# LPROS adds a quarter of the rows, and with them steps: this has the steps alone. (On a
# tenth of the rows there are two batches either way.)
LONGER = f"{HEADS}, 1.25 x epochs"
IMAGE_METHODS = [
    HEADS,
    LONGER,
    "published + gmu",
    "binary on positives + gmu",
    DEFAULTS,
    "LPROS",
    "LPROS + published + gmu",
    "LPROS + defaults",
]
SEEDS = range(5)

SHAPES = {"loop": "0689", "stroke": "147", "curve": "235"}
HIERARCHY = Hierarchy.from_edges(
    [(shape, digit) for shape, digits in SHAPES.items() for digit in digits]
)

IMBALANCE = 20  # rows of the most frequent digit for one of the rarest
TEST, VALID, TENTH = 0.4, 1 / 3, 0.1
BUDGET = {"hidden_layer_sizes": (64,), "dropout": 0.5, "batch_size": 16}
# Rates to choose from, and the numbers of epochs at which a choice is looked at.
RATES = (3e-3, 1e-2)
MAX_EPOCHS, STEP = 200, 5


def load(condition, seed):
    """Images and labels of rows to train on, to validate on and to test on."""
    digits = load_digits()
    images = digits.images[:, None].astype(np.float32) / digits.images.max()
    rest, test = train_test_split(
        np.arange(len(images)),
        test_size=TEST,
        stratify=digits.target,
        random_state=0,
    )
    rng = np.random.default_rng(seed)
    bags = [rng.permutation(rest[digits.target[rest] == digit]) for digit in range(10)]
    shares = rng.permutation(np.geomspace(1 / IMBALANCE, 1, len(bags)))
    train, valid = [], []
    for bag, share in zip(bags, shares, strict=True):
        kept = bag[: round(share * len(bag))]
        valid_rows, train_rows = np.split(kept, [round(VALID * len(kept))])
        if condition == "tenth of the rows":
            train_rows = train_rows[: max(1, round(TENTH * len(train_rows)))]
        train.append(train_rows)
        valid.append(valid_rows)
    repeats = np.rint(shares * IMBALANCE).astype(int)
    test = np.repeat(test, repeats[digits.target[test]])
    return [
        (images[rows], labels(digits.target[rows]))
        for rows in (np.concatenate(train), np.concatenate(valid), test)
    ]


def labels(digits):
    """Indicators (n_samples, n_nodes) of digits and their shapes."""
    leaves = np.zeros((len(digits), HIERARCHY.n_nodes), dtype=bool)
    columns = HIERARCHY.index([str(digit) for digit in range(10)])
    leaves[np.arange(len(digits)), columns[digits]] = True
    return HIERARCHY.close(leaves)


def encoder(seed):
    """Two convolutions, from (B, 1, 8, 8) to (B, 16); weights by the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
        )


def cnn(method, condition, seed, epochs, lr):
    """The method's estimator with the budget of images, behind the encoder."""
    if method == LONGER:
        method, epochs = HEADS, round(1.25 * epochs)
    return make(method, HIERARCHY, epochs, seed).set_params(
        **BUDGET,
        lr=lr,
        encoder=encoder(seed),
        freeze_encoder=condition == "random encoder",
    )


# -- the choice of a budget ------------------------------------------------------------


def choose(condition, lr):
    """Best number of epochs at a rate, with the mean over seeds of the area there."""
    curves = np.mean([_valid_areas(condition, seed, lr) for seed in SEEDS], axis=0)
    best = int(curves.argmax())
    return {"epochs": STEP * (best + 1), "au_prc": float(curves[best])}


def _valid_areas(condition, seed, lr):
    """Pooled AU(PRC) on the valid rows, after every few epochs."""
    train, valid, _ = load(condition, seed)
    heads = cnn(HEADS, condition, seed, MAX_EPOCHS, lr)
    areas = []
    for _ in range(MAX_EPOCHS // STEP):
        for _ in range(STEP):
            heads.partial_fit(*train)
        proba = heads.predict_proba(valid[0])
        areas.append(au_prc(valid[1], proba, hierarchy=HIERARCHY))
    return areas


# -- cells -----------------------------------------------------------------------------


def judge(condition, seed, method, epochs, lr):
    """Train, tune thresholds, and judge the test rows once; measures by name."""
    train, valid, test = load(condition, seed)
    X, Y = (np.concatenate(parts) for parts in zip(train, valid, strict=True))
    rows = np.split(np.arange(len(X)), [len(train[0])])
    tuned = NodeThresholdClassifier(
        cnn(method, condition, seed, epochs, lr),
        strategy="f1",
        cv=[rows],
        refit=False,
    )
    before = time.perf_counter()
    with warnings.catch_warnings():
        # LPROS has less room than its budget where few bags are small.
        warnings.simplefilter("ignore", UserWarning)
        tuned.fit(X, Y)
    seconds = time.perf_counter() - before
    fitted = tuned.estimator_
    X_test, Y_test = test
    measures = {
        "epochs": fitted.n_iter_,
        "lr": lr,
        "rows": len(train[0]),
        "clones": fitted.sampler_.n_added_ if fitted.sampler is not None else 0,
    }
    measures |= ranking(Y_test, fitted.predict_proba(X_test), train[1], HIERARCHY)
    measures["au_prc_weighted"] = au_prc(
        Y_test, fitted.decision_proba(X_test), hierarchy=HIERARCHY
    )
    for name, model in {"at half": fitted, "tuned": tuned}.items():
        found = decisions(Y_test, model.predict(X_test), train[1], HIERARCHY)
        measures |= {f"{measure} {name}": value for measure, value in found.items()}
    measures["seconds"], measures["version"] = seconds, version("sklearn_hmlc")
    return measures


def run_images(results, jobs):
    """Choose each condition's budget, then fill the table of cells."""
    chosen = Table(results / "images_budget.csv", ["condition", "lr"])
    fill(chosen, list(product(CONDITIONS, RATES)), choose, jobs)
    best = {}
    for row in sorted(chosen.rows(), key=lambda row: float(row["au_prc"])):
        best[row["condition"]] = int(row["epochs"]), float(row["lr"])
    cells = [
        (condition, seed, method)
        for seed, condition, method in product(SEEDS, CONDITIONS, IMAGE_METHODS)
    ]
    table = Table(results / "images.csv", ["condition", "seed", "method"])
    fill(table, cells, judge, jobs, [best[condition] for condition, _, _ in cells])

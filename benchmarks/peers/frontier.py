"""Recall against precision as all thresholds move together, on test rows.

    python -m benchmarks.peers.frontier [run | report] [--data NAME ...]

A model is fitted on the train and valid rows, and decides on the test rows by its own
thresholds, moved by the same step of the log odds for all nodes: which of two models is
ahead then no longer hangs on where their thresholds happen to lie. No step is chosen
here. A cell is a data set and a method; cells that are there are not computed again.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import expit, logit

from benchmarks.paper._experiment import FUN, load
from benchmarks.paper._table import Table, fill
from sklearn_hmlc.metrics import node_precision_recall_f1

from ._methods import METHODS
from ._page import ALONE, FAIR, list_table

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "frontier.csv"
PAGE = ROOT / "docs" / "evidence" / "frontier.inc"
FIGURE = ROOT / "docs" / "images" / "frontier.png"
KEYS = ["data", "method"]
SHOWN = ("recipe", FAIR, ALONE)
STEPS = (-4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4)
MEASURES = ("recall", "precision", "f1")


def measure(data, method):
    """Return macro recall, precision and F1 at each step."""
    train, valid, test, hierarchy = load(data)
    X, Y = np.vstack([train[0], valid[0]]), sp.vstack([train[1], valid[1]], "csr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nodes without a row, constant columns
        model = METHODS[method](hierarchy, 0).fit(X, Y)
        proba, labels = model.predict_proba(test[0]), model.predict(test[0])
    thresholds = getattr(model, "thresholds_", np.full(hierarchy.n_nodes, 0.5))
    found = {}
    for step in STEPS:
        decided = hierarchy.close(proba >= moved(thresholds, step))
        if step == 0 and (decided != labels.toarray()).any():
            raise ValueError(f"{method} decides otherwise than by its thresholds")
        scores = node_precision_recall_f1(test[1], decided, hierarchy=hierarchy)
        found |= {f"{name} {step:g}": getattr(scores, name) for name in MEASURES}
    return {name: float(value) for name, value in found.items()}


def moved(thresholds, step):
    """Move thresholds on the scale of log odds; what no row reaches stays so."""
    odds = logit(np.minimum(thresholds, 1)) + step
    return np.where(thresholds < 1, expit(odds), thresholds)


# -- the page --------------------------------------------------------------------------


def curves():
    """Measures of each set and method: a frame with a line for each step."""
    cells = pd.DataFrame(Table(RESULTS, KEYS).rows()).set_index(KEYS).astype(float)
    return {
        key: pd.DataFrame(
            {name: [line[f"{name} {step:g}"] for step in STEPS] for name in MEASURES},
            index=STEPS,
        )
        for key, line in cells.iterrows()
    }


def at_recall(curve, recall):
    """Precision and F1 where a curve has a recall, between its steps; NaN beyond."""
    rising = curve.sort_values("recall")
    return [
        np.interp(recall, rising["recall"], rising[name], left=np.nan, right=np.nan)
        for name in ("precision", "f1")
    ]


def whole(found):
    """Data sets that all methods have."""
    return [data for data in FUN if all((data, method) in found for method in SHOWN)]


def beside(found, other):
    """The recipe where it has the recall of another method, by data set."""
    rows = {}
    for data in whole(found):
        recipe, rival = found[data, "recipe"], found[data, other]
        own = rival.loc[0]
        precision, f1 = at_recall(recipe, own["recall"])
        rows[data] = {
            "recall": own["recall"],
            "precision": own["precision"],
            "precision of the recipe": precision,
            "ratio": precision / own["precision"],
            "ratio of F1": f1 / own["f1"],
            "ratio of the largest F1": recipe["f1"].max() / rival["f1"].max(),
        }
    return pd.DataFrame(rows).T


def as_page(found):
    parts = []
    for other in (FAIR, ALONE):
        table = beside(found, other)
        table.loc["mean"] = table.mean()
        shown = table.map(lambda value: "none" if np.isnan(value) else f"{value:.3f}")
        parts += [f"At the recall of *{other}*:", "", *list_table(shown), ""]
    return "\n".join(parts)


def draw(found):
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    sets = whole(found)
    with mpl.rc_context({"savefig.dpi": 120, "font.size": 8}):
        columns = min(4, len(sets))
        lines = -(-len(sets) // columns)
        figure, axes = plt.subplots(
            lines, columns, figsize=(2.4 * columns, 2.2 * lines), squeeze=False
        )
        for axis in axes.flat[len(sets) :]:
            axis.set_visible(False)
        for axis, data in zip(axes.flat, sets, strict=False):
            for method, color in zip(SHOWN, ("C0", "C1", "0.5"), strict=True):
                curve = found[data, method]
                axis.plot(
                    curve["recall"], curve["precision"], color=color, label=method
                )
                axis.plot(*curve.loc[0, ["recall", "precision"]], "o", color=color)
            axis.set_title(data, fontsize=8)
            axis.set_xlim(0, 0.5)
            axis.set_ylim(bottom=0)
        for axis in axes[:, 0]:
            axis.set_ylabel("precision")
        for axis in axes[-1]:
            axis.set_xlabel("recall")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="lower right")
        figure.tight_layout()
        figure.savefig(FIGURE, bbox_inches="tight", metadata={"Software": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["run", "report"], nargs="?", default="run")
    parser.add_argument("--data", nargs="+", default=FUN)
    args = parser.parse_args()
    if args.action == "run":
        cells = [(data, method) for data in args.data for method in SHOWN]
        fill(Table(RESULTS, KEYS), cells, measure, 1)
        return
    found = curves()
    page = as_page(found)
    PAGE.write_text(page)
    draw(found)
    print(page)


if __name__ == "__main__":
    main()

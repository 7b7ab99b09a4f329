"""What rare nodes gain from their parents' word: on validation rows, by strength.

    python -m benchmarks.peers.shrinkage [run | report]

A forest and a kernel are fitted on the training rows of a data set, and their mean is
shrunk by each strength. A cell is a data set; cells that are there are not computed
again. Test rows have no part in it.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from benchmarks.paper._experiment import FUN, load, ranking
from benchmarks.paper._table import Table, fill
from sklearn_hmlc.experts import CoherentVotingClassifier
from sklearn_hmlc.postprocessing import shrink_to_parents

from ._methods import forest, kernel
from ._page import list_table

RESULTS = Path(__file__).parents[1] / "results" / "shrinkage.csv"
PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "shrinkage.inc"
SETS = [*FUN, "cellcycle_GO", "pheno_GO", "Diatoms"]
STRENGTHS = (0, 0.3, 1, 3, 10, 30)
MEASURES = {
    "au_prc": "AU(PRC)",
    "auprc rarer half": "AUPRC, rarer half",
    "log loss rarer half": "log loss, rarer half",
}


def measure(data):
    """Return the measures of each strength, and the one that is chosen."""
    train, valid, _, hierarchy = load(data)
    experts = [("forest", forest(hierarchy, 0)), ("kernel", kernel(hierarchy, 0))]
    mean = CoherentVotingClassifier(experts, hierarchy, shrinkage="auto")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nodes without a row
        mean.fit(*train)
    answers = [expert.predict_proba(valid[0]) for expert in mean.estimators_]
    proba = np.tensordot(mean.weights_, answers, axes=1)
    chosen = {"chosen": mean.shrinkage_}
    counts = np.asarray(train[1].sum(axis=0)).ravel()
    rare = _rarer_half(counts, hierarchy)
    for strength in STRENGTHS:
        shrunk = shrink_to_parents(proba, hierarchy, counts, strength)
        found = ranking(valid[1], shrunk, train[1], hierarchy)
        found["log loss rarer half"] = log_loss(
            valid[1][:, rare].toarray().ravel(), shrunk[:, rare].ravel()
        )
        chosen |= {f"{name} {strength}": found[name] for name in MEASURES}
    return {name: float(value) for name, value in chosen.items()}


def _rarer_half(counts, hierarchy):
    """Nodes in no more rows than half of those that are in any."""
    there = hierarchy.scored & (counts > 0)
    return np.flatnonzero(there & (counts <= np.median(counts[there])))


def as_page(table):
    """Measures by data set, without shrinkage and at each strength."""
    parts = []
    for name, words in MEASURES.items():
        columns = [f"{name} {strength}" for strength in STRENGTHS]
        shown = table[columns].map("{:.4f}".format)
        shown.columns = [f"{strength}" for strength in STRENGTHS]
        chosen = table["chosen"].map("{:g}".format)
        for data in shown.index:
            shown.loc[data, chosen[data]] = f"**{shown.loc[data, chosen[data]]}**"
        parts += [f"{words}, by strength:", "", *list_table(shown), ""]
    return "\n".join(parts)


def cells():
    table = pd.DataFrame(Table(RESULTS, ["data"]).rows()).set_index("data")
    return table.astype(float).loc[[data for data in SETS if data in table.index]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["run", "report"], nargs="?", default="run")
    if parser.parse_args().action == "run":
        fill(Table(RESULTS, ["data"]), [(data,) for data in SETS], measure, 1)
    page = as_page(cells())
    PAGE.write_text(page)
    print(page)


if __name__ == "__main__":
    main()

"""Areas under the curve as Clus prints them, on its own predictions.

`data/clus_forest.csv` has the truth of 12 rows over nine nodes and the probabilities of
a forest of two trees that Clus 2.12.8 trained on 30 rows of made-up data. Negatives
outscore all positives in five nodes, and in the pool of all; one node has no positive.
"""

from pathlib import Path

import pandas as pd
import pytest

from sklearn_hmlc.metrics import au_prc

TABLE = pd.read_csv(Path(__file__).parent / "data" / "clus_forest.csv")

# What Clus prints of the forest, and of the training frequencies ("Default").
FOREST = {
    "macro": 0.341151466102124,
    "weighted": 0.4412770332626792,
    "pooled": 0.3773484283454211,
}
FREQUENCIES = {"macro": 0.34375, "weighted": 0.45202020202020204}


def columns(kind):
    chosen = TABLE.filter(regex=f"^{kind} ")
    return chosen.rename(columns=lambda name: name.split()[1])


@pytest.mark.parametrize("average", FOREST)
def test_areas_of_clus(average):
    y_true = columns("true")
    area = au_prc(
        y_true,
        columns("score"),
        average=average,
        interpolation="davis-goadrich",
        # Clus leaves nodes without a positive out of the pooled area too.
        scored=y_true.any(axis=0),
    )
    assert area == pytest.approx(FOREST[average], abs=1e-14)


@pytest.mark.parametrize("average", FREQUENCIES)
def test_areas_of_the_frequencies(average):
    # All rows of a node score alike, be it what it may.
    y_true = columns("true")
    area = au_prc(y_true, y_true * 0.0, average=average, interpolation="davis-goadrich")
    assert area == pytest.approx(FREQUENCIES[average], abs=1e-14)

"""
Comparing models over data sets
===============================

One data set decides nothing. Methods are ranked on each of several, and the critical
difference says which mean ranks differ by more than chance. This needs the extra
``compare``.
"""

import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import train_test_split

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.experts import KernelHierarchyClassifier, NeighborsHierarchyClassifier
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.postprocessing import CoherentClassifier


def make_models(hierarchy):
    """Make four methods, one of them scikit-learn's own, made coherent."""
    return {
        "ensemble": HierarchicalEnsembleClassifier(
            hierarchy,
            n_estimators=3,
            hidden_layer_sizes=(100,),
            dropout=0.3,
            max_epochs=30,
            random_state=0,
        ),
        "kernel": KernelHierarchyClassifier(hierarchy),
        "neighbours": NeighborsHierarchyClassifier(hierarchy, metric="euclidean"),
        "extra trees": CoherentClassifier(
            ExtraTreesClassifier(n_estimators=30, random_state=0), hierarchy
        ),
    }


rows = {}
for seed in range(8):
    X, Y, hierarchy = make_hierarchical_multilabel(
        n_samples=400 + 50 * seed,
        n_features=15 + 5 * seed,
        n_nodes=30,
        random_state=seed,
    )
    X_train, X_test, Y_train, Y_test = train_test_split(X, Y, random_state=0)
    rows[f"data {seed}"] = {
        name: au_prc(
            Y_test,
            model.fit(X_train, Y_train).predict_proba(X_test),
            hierarchy=hierarchy,
        )
        for name, model in make_models(hierarchy).items()
    }
results = pd.DataFrame(rows).T
results.round(3)

# %%
# Friedman's test over all methods, and Nemenyi's and Wilcoxon's between any two:

from sklearn_hmlc.metrics import compare

comparison = compare(results)
print(comparison)

# %%
# Methods that a bar joins do not differ significantly:

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import CriticalDifferenceDisplay

CriticalDifferenceDisplay.from_results(results)
plt.show()

# %%
# The data are made up by one recipe, so the ranks say nothing of other data. The same
# figure of real data sets is on the page :doc:`/evidence`.

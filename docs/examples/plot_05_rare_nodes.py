"""
Rare nodes: weights and thresholds
==================================

At the threshold 0.5 a plain network hardly predicts rare nodes. Two things help:
weights in the loss, which are in the classifier's defaults, and a threshold for each
node, tuned on rows that were held out. They can be had together.
"""

from sklearn.model_selection import train_test_split

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.postprocessing import NodeThresholdClassifier

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=2000, n_features=40, n_nodes=80, random_state=0
)
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, random_state=0)
settings = {
    "n_estimators": 2,
    "hidden_layer_sizes": (150,),
    "dropout": 0.3,
    "max_epochs": 15,
    "random_state": 0,
}
plain = HierarchicalEnsembleClassifier(
    hierarchy, node_weight=None, uncertainty=None, **settings
)
weighted = HierarchicalEnsembleClassifier(hierarchy, **settings)
models = {
    "plain": plain,
    "plain, tuned": NodeThresholdClassifier(plain, cv=0.2, random_state=0),
    "weighted": weighted,
    "weighted, tuned": NodeThresholdClassifier(weighted, cv=0.2, random_state=0),
}
for model in models.values():
    model.fit(X_train, Y_train)

# %%
# Recall alone can be raised by anybody who predicts more, so look at precision beside
# it. Hollow bars rest on fewer than 30 positives.

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import RarityDisplay

display = RarityDisplay.from_estimator(
    models, X_test, Y_test, y_train=Y_train, metric=["recall", "precision"]
)
plt.show()

# %%
# The same as numbers, F1 among them. `~sklearn_hmlc.metrics.rarity_report` also groups
# by depth (``by="depth"``), or takes the rarest quarter and half of the nodes.

import pandas as pd

from sklearn_hmlc.metrics import rarity_report

pd.DataFrame(
    {
        name: rarity_report(
            Y_test, model.predict(X_test), y_train=Y_train, hierarchy=hierarchy
        )["f1"]
        for name, model in models.items()
    }
).round(2)

# %%
# What the two methods do on real data, one beside the other, is on the page
# :doc:`/evidence`: thresholds give much of what weights give, and free of thresholds
# weights rank rare nodes better on most data sets, not on all.

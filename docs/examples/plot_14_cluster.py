"""
A search on a cluster
=====================

How much should rare nodes count? A search over folds answers that, with one fit for
each value and fold. None of them needs another, so they can run on any number of
machines. Here the cluster is two processes on this one; on a real one only the line
that makes it differs.
"""

import time

import joblib
import numpy as np
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.metrics import get_scorer

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=500, n_features=30, n_nodes=40, random_state=0
)
model = HierarchicalEnsembleClassifier(
    hierarchy, n_estimators=2, hidden_layer_sizes=(50,), max_epochs=8, random_state=0
)
search = GridSearchCV(
    model,
    {"node_weight_power": [0.0, 0.25, 0.5, 0.75, 1.0]},
    scoring={name: get_scorer(name) for name in ("node_recall_macro", "au_prc")},
    refit="au_prc",
    cv=KFold(3, shuffle=True, random_state=0),
)

# %%
# Worker processes import the script that starts them, so what starts them has to stand
# below this line. In a notebook it is not needed.

if __name__ == "__main__":
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        start = time.perf_counter()
        search.fit(X, Y)
        n_fits = len(search.cv_results_["params"]) * search.n_splits_
        print(f"{n_fits} fits in {time.perf_counter() - start:.1f} s")

# %%
# The model that is kept was fitted on all rows, and is here, not on the cluster. The
# results are those of a search without one, to the bit:

if __name__ == "__main__":
    alone = GridSearchCV(**search.get_params(deep=False)).fit(X, Y)
    for name in ("mean_test_au_prc", "mean_test_node_recall_macro"):
        print(name, np.array_equal(alone.cv_results_[name], search.cv_results_[name]))

# %%
# The more rare nodes count, the more of them are found; what that costs in AU(PRC) is
# for you to weigh. Bars are standard deviations over the folds.

import matplotlib.pyplot as plt

if __name__ == "__main__":
    results = search.cv_results_
    powers = np.array(results["param_node_weight_power"], dtype=float)
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for ax, name in zip(axes, ("node_recall_macro", "au_prc"), strict=True):
        mean, spread = results[f"mean_test_{name}"], results[f"std_test_{name}"]
        ax.errorbar(powers, mean, spread, marker="o", capsize=3)
        ax.set(xlabel="node_weight_power", ylabel=name, xticks=powers)
    plt.show()

# %%
# :doc:`/user_guide/clusters` has the costs, and what else runs on a cluster.

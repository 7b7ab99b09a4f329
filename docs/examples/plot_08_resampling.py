"""
Resampling with LPROS
=====================

Samplers clone training rows, so that rare nodes are seen more often.
`~sklearn_hmlc.over_sampling.LPROS` puts rows with the same label set into bags and
fills the small ones up. Samplers work in imbalanced-learn's pipelines, and inside
``fit``.
"""

import warnings

import numpy as np

from sklearn_hmlc import LPROS
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.over_sampling import MLROS, mean_ir

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=1000, n_features=30, n_nodes=40, random_state=0
)
samplers = {
    "LPROS": LPROS(sampling_ratio=0.25, random_state=0),
    'LPROS, "leaves"': LPROS(
        sampling_ratio=0.25, labelset="leaves", hierarchy=hierarchy, random_state=0
    ),
    "MLROS": MLROS(sampling_ratio=0.25, random_state=0),
}
gain, counts = {}, Y.sum(axis=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a sampler says where it could not add all
    for name, sampler in samplers.items():
        resampled = sampler.fit_resample(X, Y)[1]
        gain[name] = resampled.sum(axis=0) / counts
        print(
            f"{name:16} {sampler.n_added_} clones, mean imbalance "
            f"{mean_ir(Y):.1f} -> {mean_ir(resampled):.1f}"
        )

# %%
# A clone is a whole row, so that it raises the row's common nodes too. How many times
# as many rows a node has afterwards, against how many it had:

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, values), marker in zip(gain.items(), "osD", strict=True):
    ax.scatter(counts, values, label=name, marker=marker, alpha=0.7)
ax.axhline(1.25, color="0.6", linestyle="--", label="all rows alike")
ax.set(xscale="log", xlabel="Rows of a node before", ylabel="Rows after / before")
ax.legend()
plt.show()

# %%
# In a pipeline
# -------------
#
# Rows are resampled in ``fit`` alone, never in prediction:

from imblearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier

model = make_pipeline(
    StandardScaler(),
    samplers['LPROS, "leaves"'],
    HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=2, hidden_layer_sizes=(100,), max_epochs=10
    ),
)
print(model.fit(X, Y).predict(X).shape)

# %%
# Weights say the same without copies, and any estimator that takes ``sample_weight``
# can use them:

weight = samplers['LPROS, "leaves"'].to_sample_weight(X, Y)
print(np.unique(weight, return_counts=True))

# %%
# On real data a weighted loss does more than samplers do; see
# :doc:`/user_guide/resampling` before you choose one.

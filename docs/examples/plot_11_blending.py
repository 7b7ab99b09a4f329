"""
Blending experts
================

A forest, a kernel and a network err in different places. Means of coherent
probabilities are coherent, so experts can be blended without another step; weights are
chosen on rows that none of them has seen.
"""

import numpy as np
from sklearn.model_selection import train_test_split

from sklearn_hmlc import make_rare_node_ensemble
from sklearn_hmlc.datasets import make_hierarchical_multilabel

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=1500, n_features=30, n_nodes=40, noise=4, random_state=1
)
X[:, ::2] = np.exp(X[:, ::2] / 2)  # half of the features are skewed
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, random_state=0)
model = make_rare_node_ensemble(
    hierarchy,
    random_state=0,
    cv=2,
    network__n_estimators=3,
    network__hidden_layer_sizes=(100,),
    network__dropout=0.3,
    network__max_epochs=20,
    forest__n_estimators=50,
)
model.fit(X_train, Y_train)
mean = model.estimator_["experts"]
mean.summary().round(3)

# %%
# Each expert got a weight, and the mean is ahead of all of them. (Where one alone is
# best, as the kernel on features that are all normal, it gets all the weight.) The
# scores above are of training rows, each as seen by models that did not have it. On
# test rows:

import matplotlib.pyplot as plt
import pandas as pd

from sklearn_hmlc.metrics import au_prc

X_ready = model.estimator_["standardize"].transform(X_test)
scores = pd.Series(
    {
        name: au_prc(Y_test, expert.predict_proba(X_ready), hierarchy=hierarchy)
        for name, expert in mean.named_estimators_.items()
    }
)
scores["mean"] = au_prc(Y_test, model.predict_proba(X_test), hierarchy=hierarchy)
figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
bars = ax.barh(scores.index, scores, color=["0.7"] * (len(scores) - 1) + ["C0"])
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set(xlabel="AU(PRC) of test rows", xlim=(0, 1))
ax.invert_yaxis()
plt.show()

# %%
# Your own experts
# ----------------
#
# `~sklearn_hmlc.make_rare_node_ensemble` also tunes a threshold for each node. The mean
# alone takes any classifiers with coherent probabilities; scikit-learn's are made
# coherent first:

from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from sklearn_hmlc.experts import CoherentVotingClassifier, NeighborsHierarchyClassifier
from sklearn_hmlc.postprocessing import CoherentClassifier

own = CoherentVotingClassifier(
    [
        ("linear", CoherentClassifier(MultiOutputClassifier(LogisticRegression()))),
        ("rows", NeighborsHierarchyClassifier(metric="euclidean")),
    ],
    hierarchy,
    cv=3,
    random_state=0,
)
own.fit(model.estimator_["standardize"].transform(X_train), Y_train).summary().round(3)

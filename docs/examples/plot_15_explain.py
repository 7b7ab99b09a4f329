"""
Why this function? Explaining a prediction
==========================================

A model says that a gene has a function. Which of its features have made it say so?
Here the data are made up, so that the right answer is known, and we can see how far an
explanation may be believed.

The features are how active genes were under ten conditions. Each function depends on
one, two or three of these. Heat shock was measured twice: the repeat says the same, and
no function depends on it. Nor does any on light and on the two controls.
"""

import numpy as np
import pandas as pd

from sklearn_hmlc import Hierarchy

DEPENDS_ON = {
    "heat response": {"heat shock": 1.5},
    "cold response": {"cold shock": 1.5},
    "salt response": {"salt": 1.0, "drought": 1.0},
    "sugar uptake": {"sugar": 1.5},
    "starch breakdown": {"sugar": 1.0, "starvation": 1.0, "cold shock": -1.0},
}
CONDITIONS = [
    "heat shock", "heat shock, repeat", "cold shock", "salt", "drought", "sugar",
    "starvation", "light", "control 1", "control 2",
]  # fmt: skip
rng = np.random.default_rng(0)
genes = [f"gene{number}" for number in range(1500)]
X = pd.DataFrame(rng.normal(size=(1500, 10)), index=genes, columns=CONDITIONS)
X["heat shock, repeat"] = X["heat shock"] + 0.3 * X["heat shock, repeat"]

hierarchy = Hierarchy.from_edges(
    [("stress response", node) for node in list(DEPENDS_ON)[:3]]
    + [("metabolism", node) for node in list(DEPENDS_ON)[3:]]
)
Y = pd.DataFrame(0, index=genes, columns=hierarchy.nodes)
for node, weights in DEPENDS_ON.items():
    Y[node] = sum(weight * X[name] for name, weight in weights.items()) > 2
Y = Y.astype(int)
Y[:] = hierarchy.close(Y.to_numpy())
Y.mean()

# %%
# A model behind a scaler, as usual:

from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier

X_train, X_test, Y_train, Y_test = train_test_split(X, Y, random_state=0)
classifier = HierarchicalEnsembleClassifier(
    hierarchy, hidden_layer_sizes=(60,), dropout=0.2, max_epochs=25, random_state=0
)
model = make_pipeline(StandardScaler(), classifier).fit(X_train, Y_train)

# %%
# One gene
# --------
#
# The test gene that most likely breaks down starch. Bars to the right have raised the
# probability over that of the mean training gene, bars to the left have lowered it, and
# together they are the difference. Each feature stands with its value:

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import ExplanationDisplay

proba = pd.DataFrame(
    model.predict_proba(X_test), index=X_test.index, columns=classifier.classes_
)
gene = proba["starch breakdown"].idxmax()
display = ExplanationDisplay.from_estimator(
    model, X_test.loc[[gene]], ["starch breakdown", "sugar uptake"], k=5
)
plt.show()

# %%
# The same as a table, for any number of genes and functions, to be written to a file:

from sklearn_hmlc.inspection import explain

explanation = explain(model, X_test.loc[[gene]], ["starch breakdown"], k=5)
explanation.table

# %%
# May it be believed?
# -------------------
#
# For each function, the mean size of the attributions over its genes; rings are around
# what the function really depends on. On the left the network, explained by integrated
# gradients. On the right a random forest, which has no gradients: there `explain` looks
# by how much the probability falls where a feature has the value of other genes, here
# of 20 training genes.

from sklearn.ensemble import RandomForestClassifier

from sklearn_hmlc.postprocessing import CoherentClassifier

forest = CoherentClassifier(
    RandomForestClassifier(n_estimators=50, min_samples_leaf=3, random_state=0),
    hierarchy,
).fit(X_train, Y_train)


def mean_sizes(model, **options):
    """Return the mean size of attributions, functions by conditions."""
    rows = {}
    for node in DEPENDS_ON:
        with_node = X_test[Y_test[node] == 1][:20]
        table = explain(model, with_node, node, k=None, **options).table
        sums = table["attribution"].abs().groupby(table["feature"]).sum()
        rows[node] = sums.reindex(CONDITIONS, fill_value=0) / len(with_node)
    return pd.DataFrame(rows).T


found = {
    "network, integrated gradients": mean_sizes(model),
    "forest, occlusion": mean_sizes(forest, baseline=X_train[:20]),
}
figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True, layout="constrained")
for ax, (name, sizes) in zip(axes, found.items(), strict=True):
    drawn = ax.imshow(sizes, cmap="Blues", vmin=0, vmax=0.9, aspect="auto")
    for row, node in enumerate(sizes.index):
        columns = [CONDITIONS.index(condition) for condition in DEPENDS_ON[node]]
        ax.plot(columns, [row] * len(columns), "o", mfc="none", mec="#D55E00", ms=15)
    ax.set_xticks(range(10), CONDITIONS, rotation=45, ha="right")
    ax.set_yticks(range(len(sizes)), sizes.index)
    ax.set_title(name, fontsize=11)
figure.colorbar(drawn, ax=axes, label="mean size")
plt.show()

# %%
# Both find what the functions depend on, and give next to nothing to light and the
# controls. But the repeat of heat shock shares what belongs to the first measurement:
# a model may use either, and the explanation tells what the *model* uses. That the
# repeat does nothing, only an experiment could tell. With correlated features, look at
# their sum:

network = found["network, integrated gradients"].loc["heat response"]
print(f"heat shock:           {network['heat shock']:.2f}")
print(f"heat shock, repeat:   {network['heat shock, repeat']:.2f}")
print(f"largest of the rest:  {network.drop(CONDITIONS[:2]).max():.2f}")

# %%
# Before an explanation is believed, the model has to be: a wrong prediction has an
# explanation, too. How good is it on rows it has not seen? And which features does it
# need, all rows and nodes together? That is what scikit-learn's permutation importance
# tells, with any scorer of `sklearn_hmlc.metrics`:

from sklearn.inspection import permutation_importance

print(f"AU(PRC) on test genes: {model.score(X_test, Y_test):.2f}")
needed = permutation_importance(model, X_test, Y_test, n_repeats=3, random_state=0)
pd.Series(needed.importances_mean, index=CONDITIONS).sort_values().round(3)

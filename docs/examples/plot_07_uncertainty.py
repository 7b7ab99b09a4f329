"""
Uncertainty, and which genes to test next
=========================================

The members of an ensemble disagree where it is unsure. That tells which decisions to
trust, and which genes a person should look at next.
"""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=1500, n_features=30, n_nodes=40, random_state=0
)
genes = [f"gene{number}" for number in range(1500)]
X = pd.DataFrame(X, index=genes)
Y = pd.DataFrame(Y, index=genes, columns=hierarchy.nodes)
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, test_size=500, random_state=0)
model = HierarchicalEnsembleClassifier(
    hierarchy,
    n_estimators=5,
    hidden_layer_sizes=(100,),
    dropout=0.3,
    max_epochs=20,
    random_state=0,
)
model.fit(X_train, Y_train)

# %%
# Is it unsure where it is wrong? Then the curves fall. Hollow points rest on few
# decisions, and the lines through them say how few:

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import UncertaintyDisplay

UncertaintyDisplay.from_estimator(model, X_test, Y_test, measure="gmu")
plt.show()

# %%
# Genes that the model is least sure of
# -------------------------------------
#
# `rank_rows` ranks rows by their mean uncertainty over the nodes, and names the node
# that adds most:

from sklearn_hmlc.inspection import rank_rows

unsure = rank_rows(model, X_test)
unsure.head()

# %%
# Are the first ones those in which most is wrong? Here, yes:

wrong = (model.predict(X_test) != Y_test).sum(axis=1)
ranked = wrong.loc[unsure["id"]]
print(f"wrong decisions per gene, the 50 least sure: {ranked[:50].mean():.2f}")
print(f"wrong decisions per gene, all:               {ranked.mean():.2f}")
print(f"wrong decisions per gene, the 50 surest:     {ranked[-50:].mean():.2f}")

# %%
# Which genes to test next
# ------------------------
#
# Mostly the question is another one: the genes have been annotated in part, and tests
# are to find what is missing. Say that of each test gene only the topmost functions are
# known. ``by="new_nodes"`` ranks genes by how many functions they probably have beyond
# these:

known = Y_test * (hierarchy.depth == 0)
promising = rank_rows(model, X_test, by="new_nodes", y=known)
promising.head()

# %%
# Had one tested the genes in this order, how many functions would have been found?

missing = (Y_test - known).sum(axis=1)
rng = np.random.default_rng(0)
orders = {
    'most new functions expected (by="new_nodes")': promising["id"],
    'least sure (by="uncertainty")': unsure["id"],
    "as they come": rng.permutation(Y_test.index),
}
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for style, (name, order) in zip(("-", "--", ":"), orders.items(), strict=True):
    found = missing.loc[order].cumsum() / missing.sum()
    ax.plot(np.arange(1, 501), found, style, label=name)
ax.set(xlabel="Genes tested", ylabel="Share of missing functions found")
ax.legend(frameon=False)
plt.show()

# %%
# Expected new functions find most in few tests. Uncertainty is the other aim: it picks
# genes that the model can learn from. For functions that few training genes have, there
# is ``by="rare_nodes"``, and ``scored=`` ranks by the functions that you test for.
#
# There are seven measures of uncertainty, which also come per gene and node:

from sklearn_hmlc.uncertainty import MEASURES

print(sorted(MEASURES))
print(model.predict_uncertainty(X_test, measure="mutual_information").shape)

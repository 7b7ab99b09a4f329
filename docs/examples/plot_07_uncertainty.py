"""
Uncertainty, and which rows to look at next
===========================================

The members of an ensemble disagree where it is unsure. That tells which decisions to
trust, and which rows a person should look at next.
"""

from sklearn.model_selection import train_test_split

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=1500, n_features=30, n_nodes=40, random_state=0
)
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
# Is it unsure where it is wrong? Then the curves fall:

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import UncertaintyDisplay

UncertaintyDisplay.from_estimator(model, X_test, Y_test, measure="gmu")
plt.show()

# %%
# There are seven measures. They come per row and node, from the members' probabilities:

from sklearn_hmlc.uncertainty import MEASURES

print(sorted(MEASURES))
unsure = model.predict_uncertainty(X_test, measure="mutual_information")
print(unsure.shape)

# %%
# Rows to look at next
# --------------------
#
# A row's mean uncertainty ranks rows. Are the first ones really those in which most is
# wrong? Here, yes: the 50 rows on top have more wrong decisions than rows drawn at
# random.

import numpy as np

by_row = unsure.mean(axis=1)
first = np.argsort(-by_row)
wrong = (model.predict(X_test) != Y_test).sum(axis=1)
print(f"wrong decisions per row, the 50 least sure: {wrong[first[:50]].mean():.2f}")
print(f"wrong decisions per row, all:               {wrong.mean():.2f}")
print(f"wrong decisions per row, the 50 surest:     {wrong[first[-50:]].mean():.2f}")

# %%
# What it is unsure about, in the row on top:

from sklearn_hmlc.predictions import predict_top

predict_top(model, X_test[first[:1]], k=40, ids=first[:1]).nlargest(5, "uncertainty")

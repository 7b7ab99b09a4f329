"""
A first model in ten lines
==========================

Made-up data with a hierarchy, a model, and how good its ranking is. This is all that a
first model takes.
"""

import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.plotting import PooledPRCurveDisplay

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=1500, n_features=40, n_nodes=60, random_state=0
)
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, random_state=0)
model = HierarchicalEnsembleClassifier(
    hierarchy, n_estimators=4, hidden_layer_sizes=(150,), dropout=0.3, random_state=0
)
model.fit(X_train, Y_train)
display = PooledPRCurveDisplay.from_estimator(
    model, X_test, Y_test, y_train=Y_train, name="ensemble", plot_chance_level=True
)
plt.show()

# %%
# The dashed curve gives each row the frequencies of the nodes, which needs no features.
#
# ``X`` is an array of features and ``Y`` one of zeros and ones, a column per node of
# the hierarchy:

hierarchy

# %%
# Probabilities come per row and node. A parent is never less probable than its child,
# so that decisions always make sense together:

proba = model.predict_proba(X_test)
decisions = model.predict(X_test)
print(f"{proba.shape[0]} rows, {proba.shape[1]} nodes")
print("decisions closed under the hierarchy:", hierarchy.is_closed(decisions))
print(f"AU(PRC), pooled over nodes: {model.score(X_test, Y_test):.3f}")

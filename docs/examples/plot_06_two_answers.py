"""
Two answers: decisions and probabilities
========================================

Weights of rare nodes make a network say "yes" more often, and its probabilities too
large. So the classifier gives two answers: ``predict`` decides on *weighted*
probabilities, which ``decision_proba`` shows, and ``predict_proba`` gives *corrected*
ones, from which the weights are taken off again.
"""

import numpy as np
from sklearn.model_selection import train_test_split

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=4000, n_features=40, n_nodes=60, random_state=0
)
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, test_size=0.5, random_state=0)
model = HierarchicalEnsembleClassifier(
    hierarchy,
    n_estimators=4,
    hidden_layer_sizes=(150,),
    dropout=0.1,
    max_epochs=20,
    random_state=0,
)
model.fit(X_train, Y_train)
weighted = model.decision_proba(X_test)
corrected = model.predict_proba(X_test)

# %%
# Of the rarer half of the nodes: how often is a node there, among rows for which its
# probability was about so large? A calibrated model is on the diagonal. The dashed line
# on the right is the threshold.

import matplotlib.pyplot as plt
from sklearn.calibration import calibration_curve

counts = Y_train.sum(axis=0)
rare = counts <= np.median(counts)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot([0, 1], [0, 1], color="0.6", linestyle="--")
for name, proba in {"weighted": weighted, "corrected": corrected}.items():
    share, mean = calibration_curve(
        Y_test[:, rare].ravel(), proba[:, rare].ravel(), n_bins=8
    )
    left.plot(mean, share, marker="o", label=name)
left.set(xlabel="Probability", ylabel="Share of rows with the node")
left.legend()
right.scatter(weighted[:, rare], corrected[:, rare], s=4, alpha=0.3)
right.axvline(0.5, color="0.6", linestyle="--")
right.set(xlabel="Weighted: what predict decides on", ylabel="Corrected: predict_proba")
plt.show()

# %%
# In the middle, the weighted probabilities are too large; the corrected ones of this
# small network, trained for a short time, are too small, by less. Nearly all
# probabilities are close to 0, which the curves do not show. Brier's score, the mean
# squared error, counts them all:

for name, proba in {"weighted": weighted, "corrected": corrected}.items():
    print(f"{name:10} {((proba[:, rare] - Y_test[:, rare]) ** 2).mean():.4f}")

# %%
# So a rare node may be predicted although its corrected probability is below 0.5. That
# is meant: the decision says "worth a look", the probability how likely that is.

predicted = model.predict(X_test).astype(bool)[:, rare]
below = (corrected[:, rare] < 0.5) & predicted
right_ones = Y_test[:, rare][below].mean()
print(f"predicted although less probable than 0.5: {below.sum()} of {predicted.sum()}")
print(f"of these are right: {right_ones:.0%}")

# %%
# Where the two should be one, ``prior_correction=False`` gives the weighted ones in
# both places. Nothing is trained again:

model.set_params(prior_correction=False)
print("the same now:", np.allclose(model.predict_proba(X_test), weighted))

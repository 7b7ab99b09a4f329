"""
Keeping a model, and going on with it
=====================================

A fitted model or pipeline is kept in one file that has all that is needed: the
hierarchy, the names, the thresholds. It has a checksum, later versions read it, and,
other than a pickle, it runs no code when it is loaded.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.model_selection import train_test_split

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.io import load_model, save_model

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=1000, n_features=30, n_nodes=40, random_state=0
)
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, random_state=0)
model = HierarchicalEnsembleClassifier(
    hierarchy,
    n_estimators=3,
    hidden_layer_sizes=(100,),
    dropout=0.3,
    max_epochs=8,
    warm_start=True,
    random_state=0,
)
model.fit(X_train, Y_train)
with TemporaryDirectory() as folder:
    path = Path(folder, "model.hmlc")
    save_model(model, path)
    print(f"{path.stat().st_size / 1e6:.1f} MB")
    loaded = load_model(path)
same = np.array_equal(loaded.predict_proba(X_test), model.predict_proba(X_test))
print("the same probabilities:", same)

# %%
# With ``warm_start=True`` another ``fit`` goes on where the last one stopped, after
# loading too. Was it worth it?

print(f"after {loaded.n_iter_} epochs: {loaded.score(X_test, Y_test):.3f}")
loaded.fit(X_train, Y_train)
print(f"after {loaded.n_iter_} epochs: {loaded.score(X_test, Y_test):.3f}")

# %%
# The loss of all epochs; the dotted line is where the model was kept:

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import TrainingDisplay

display = TrainingDisplay.from_estimator(loaded)
display.ax_.axvline(model.n_iter_, color="0.6", linestyle=":")
plt.show()

"""BOOMER's boosted rules, in an environment of their own.

BOOMER_PYTHON names its interpreter (``pip install mlrl-boomer`` there: it wants older
packages than this library). Rows go in and probabilities come out as NumPy files.
"""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

SCRIPT = """
import numpy as np
from mlrl.boosting import BoomerClassifier
data = np.load("rows.npz")
clf = BoomerClassifier(
    random_state={seed}, loss="logistic-decomposable", rule_induction="top-down-greedy",
    probability_predictor="output-wise", max_rules={n_rules},
)
clf.fit(data["X"], data["Y"])
proba = clf.predict_proba(data["X_test"])
proba = proba.toarray() if hasattr(proba, "toarray") else np.asarray(proba)
np.save("proba.npy", proba)
"""


class Boomer:
    """Rules that are learnt when they predict: all rows in one run."""

    def __init__(self, hierarchy, seed, n_rules=1000):
        self.hierarchy, self.seed, self.n_rules = hierarchy, seed, n_rules

    def fit(self, X, Y):
        # A constant column ends its search for rules: none would be learnt.
        self.varying = np.nanmin(X, axis=0) < np.nanmax(X, axis=0)
        self.X, self.Y = X[:, self.varying], Y
        return self

    def predict_proba(self, X):
        from sklearn_hmlc.postprocessing import make_coherent

        with TemporaryDirectory() as folder:
            labels = self.Y.toarray().astype(np.uint8)
            np.savez(
                Path(folder, "rows.npz"), X=self.X, Y=labels, X_test=X[:, self.varying]
            )
            script = SCRIPT.format(seed=self.seed + 1, n_rules=self.n_rules)
            subprocess.run(
                [os.environ["BOOMER_PYTHON"], "-c", script],
                cwd=folder,
                check=True,
                capture_output=True,
            )
            proba = np.load(Path(folder, "proba.npy"))
        return make_coherent(proba, self.hierarchy)

    def predict(self, X):
        return self.predict_proba(X) >= 0.5

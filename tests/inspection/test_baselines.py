"""`explain`: a baseline of another dtype than the rows keeps its values."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.inspection import explain

HIERARCHY = Hierarchy.flat(["a"])
NAMES = ["x0", "x1"]
BITS = np.array([[1, 0], [1, 1], [0, 1], [0, 1]])


def pandas(X):
    return pd.DataFrame(X, columns=NAMES)


def arrow(X):
    return pa.table(dict(zip(NAMES, X.T, strict=True)))


FORMS = {
    "int": BITS.copy,
    "bool": lambda: BITS.astype(bool),
    "bytes": lambda: BITS.astype(np.uint8),
    "float": lambda: BITS.astype(float),
    "sparse": lambda: sp.csr_array(BITS),
    "sparse bool": lambda: sp.csr_array(BITS.astype(bool)),
    "pandas": lambda: pandas(BITS),
    "pandas bool": lambda: pandas(BITS.astype(bool)),
    "Int64": lambda: pandas(BITS).astype("Int64"),
    "boolean": lambda: pandas(BITS).astype("boolean"),
    "sparse pandas": lambda: pandas(BITS).astype("Sparse[int]"),
    "polars": lambda: pl.DataFrame(BITS, schema=NAMES),
    "polars bool": lambda: pl.DataFrame(BITS.astype(bool), schema=NAMES),
    "arrow": lambda: arrow(BITS),
    "arrow bool": lambda: arrow(BITS.astype(bool)),
}


class Additive(ClassifierMixin, BaseEstimator):
    """Probability .1 + .2 x0 + .4 x1 of a."""

    classes_ = np.array(["a"])
    hierarchy_ = HIERARCHY

    def fit(self, X, y=None):
        return self

    def predict_proba(self, X):
        X = np.asarray(X.toarray() if sp.issparse(X) else X, dtype=float)
        return 0.1 + X @ [[0.2], [0.4]]


def of(explanation):
    """Feature -> attribution."""
    columns = (explanation.table[name] for name in ("feature", "attribution"))
    return dict(zip(*(np.asarray(values).tolist() for values in columns), strict=True))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_mean_of_whole_numbers(form):
    baseline = BITS.mean(axis=0)  # .5, .75
    for given in (baseline, baseline.tolist()):
        found = of(explain(Additive(), form()[:1], "a", baseline=given))
        assert found == pytest.approx({"x0": 0.1, "x1": -0.3})


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_booleans_beside_any_numbers(form):
    found = of(explain(Additive(), form()[:1], "a", baseline=BITS[2:].astype(bool)))
    assert found == pytest.approx({"x0": 0.2, "x1": -0.4})


@pytest.mark.parametrize(
    ("X", "baseline"),
    [
        (pandas(BITS), pandas(BITS).mean()),
        (pandas(BITS).astype("boolean"), pandas(BITS.mean(axis=0)[None])),
        (pl.DataFrame(BITS, schema=NAMES), pl.DataFrame(BITS, schema=NAMES).mean()),
        (arrow(BITS.astype(bool)), arrow(BITS.mean(axis=0)[None])),
    ],
    ids=["pandas", "boolean", "polars", "arrow"],
)
def test_frames_beside_frames(X, baseline):
    found = of(explain(Additive(), X[:1], "a", baseline=baseline))
    assert found == pytest.approx({"x0": 0.1, "x1": -0.3})


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_a_network_beside_whole_numbers_in_frames(method):
    model = HierarchicalEnsembleClassifier(HIERARCHY, max_epochs=1, random_state=0)
    model.fit(pandas(BITS), BITS[:, :1])
    options = {"baseline": BITS.mean(axis=0), "method": method}
    expected = of(explain(model, pandas(BITS).astype(float), "a", **options))
    assert of(explain(model, pandas(BITS), "a", **options)) == expected


class OfFrames(Additive):
    """Probability .9 where the colour is red, and .1 more where there is a size."""

    def predict_proba(self, X):
        red = (X["colour"] == "red").to_numpy()
        return np.where(red, 0.8, 0.4)[:, None] + 0.1 * X[["size"]].notna().to_numpy()


def test_missing_values():
    X = pd.DataFrame({"size": [1, None], "colour": ["red", None]})
    X = X.astype({"size": "Int64"})
    options = {"baseline": [[None, "blue"], [2.5, None]]}
    found = explain(OfFrames(), X, "a", **options).table
    assert found["feature"].tolist() == ["colour", "size", "size"]
    assert found["attribution"].tolist() == pytest.approx([0.4, 0.05, -0.05])


def test_words_and_numbers_keep_their_kinds():
    X = pd.DataFrame({"size": [1], "colour": pd.Categorical(["red"], ["blue", "red"])})
    seen = []

    class Sees(OfFrames):
        def predict_proba(self, X):
            seen.append(X.dtypes.to_dict())
            return super().predict_proba(X)

    explain(Sees(), X, "a", baseline=pd.Series({"size": 1.5, "colour": "blue"}))
    assert seen[-1] == {"size": np.float64, "colour": X["colour"].dtype}
    with pytest.raises(ValueError, match="'colour' it has 'green', and X 'blue'"):
        explain(OfFrames(), X, "a", baseline=[[1, "green"]])

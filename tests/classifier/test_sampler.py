"""Resampling inside `fit`: after the split, in any form of X and y."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imbalanced_pipeline
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import LPROS, Hierarchy
from sklearn_hmlc.over_sampling import HROSPD, MLROS

from .common import TREE, make_data, small

X, Y = make_data()

SAMPLERS = {
    "LPROS": LPROS(0.25, max_bag=60),
    "MLROS": MLROS(0.25),
    "HROSPD": HROSPD(TREE, sampling_ratio=0.25),
}


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_same_as_resampling_by_hand(name):
    clf = small(max_epochs=2, sampler=clone(SAMPLERS[name]).set_params(random_state=5))
    inside = clf.fit(X, Y)
    assert inside.sampler_.n_added_ > 0
    more = inside.sampler_.sample_indices_
    assert len(more) == len(X) + inside.sampler_.n_added_
    X2, Y2 = clone(inside.sampler_).fit_resample(X, Y)
    counts = inside._seen.counts
    np.testing.assert_array_equal(counts, Y2.sum(axis=0))
    assert inside._seen.n_rows == len(X2) == len(more)
    # Fitted on the longer data by hand: as good, though the seed's draws differ.
    by_hand = small(max_epochs=2).fit(X2, Y2)
    np.testing.assert_array_equal(by_hand.node_weights_, inside.node_weights_)


def test_the_validation_part_is_never_cloned():
    seen = {}

    class Spy(BaseEstimator):
        def fit_resample(self, X, y):
            seen["train"] = X.copy()
            return np.vstack([X, X]), np.vstack([y, y])

    clf = small(sampler=Spy(), early_stopping=True, max_epochs=2).fit(X, Y)
    assert len(seen["train"]) == round(len(X) * 0.9)
    rows = {tuple(row) for row in np.asarray(X, dtype=np.float32).tolist()}
    assert {tuple(row) for row in seen["train"].tolist()} < rows
    assert clf._seen.n_rows == 2 * len(seen["train"])


def containers():
    yield "array", X, Y
    yield "sparse", sp.csr_matrix(X), sp.csc_matrix(Y)
    permuted = np.roll(np.arange(Y.shape[1]), 2)
    names = np.array(TREE.nodes, dtype=object)
    yield "frames", pd.DataFrame(X), pd.DataFrame(Y, columns=names)[names[permuted]]


@pytest.mark.parametrize("kind", ["array", "sparse", "frames"])
def test_containers_give_the_same_model(kind):
    plain = small(max_epochs=2, sampler=clone(SAMPLERS["HROSPD"]))
    expected = clone(plain).fit(X, Y)
    given = {name: (x, y) for name, x, y in containers()}[kind]
    clf = clone(plain).fit(*given)
    rows = clf.sampler_.sample_indices_
    np.testing.assert_array_equal(rows, expected.sampler_.sample_indices_)
    np.testing.assert_array_equal(clf._node_proba(given[0]), expected._node_proba(X))


def test_images_and_datasets_are_known_by_row_number():
    encoder = torch.nn.Flatten()
    images = X.reshape(len(X), -1, 1, 1).astype(np.float32)
    plain = small(max_epochs=2, encoder=encoder, sampler=clone(SAMPLERS["LPROS"]))
    expected = clone(plain).fit(images, Y)
    assert expected._seen.n_rows == len(X) + expected.sampler_.n_added_
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(images))
    clf = clone(plain).fit(dataset, Y)
    np.testing.assert_array_equal(
        clf.predict_proba(images), expected.predict_proba(images)
    )


def test_row_weights_follow_their_rows():
    weight = np.linspace(0, 2, len(X))  # the first row counts nothing
    clf = small(max_epochs=1, sampler=clone(SAMPLERS["LPROS"]))
    clf.fit(X, Y, sample_weight=weight)
    kept = weight[1:].astype(np.float32)
    taken = clf.sampler_.sample_indices_
    assert taken.max() == len(X) - 2
    expected = kept[taken].astype(float) @ Y[1:][taken]
    np.testing.assert_allclose(clf._seen.counts, expected, rtol=1e-6)


def test_one_class_per_row_goes_to_a_sampler_of_imbalanced_learn():
    names = [name for name in TREE.nodes if TREE.scored[TREE.index([name])[0]]][:2]
    y = np.array([names[0]] * 50 + [names[1]] * 10, dtype=object)
    sampler = RandomOverSampler(random_state=0)
    clf = small(max_epochs=1, sampler=sampler).fit(X[:60], y)
    assert clf._seen.n_rows == 100
    assert not hasattr(sampler, "sample_indices_")  # a copy was fitted


def test_a_pipeline_of_scikit_learn_and_a_search():
    clf = small(max_epochs=1, sampler=clone(SAMPLERS["LPROS"]))
    pipeline = make_pipeline(StandardScaler(), clf)
    step = pipeline.steps[-1][0]
    grid = {f"{step}__sampler__sampling_ratio": [0.1, 0.25]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    assert len(search.cv_results_["mean_test_score"]) == 2
    assert search.best_estimator_[-1].sampler_.n_added_ > 0


def test_fits_repeat_and_the_samplers_own_number_is_kept():
    clf = small(max_epochs=1, sampler=clone(SAMPLERS["LPROS"]))
    rows = clone(clf).fit(X, Y).sampler_.sample_indices_
    np.testing.assert_array_equal(clone(clf).fit(X, Y).sampler_.sample_indices_, rows)
    other = clone(clf).set_params(random_state=99).fit(X, Y)
    assert not np.array_equal(other.sampler_.sample_indices_, rows)
    own = clf.set_params(sampler__random_state=3)
    expected = clone(clf.sampler).fit(X, Y).sample_indices_
    np.testing.assert_array_equal(own.fit(X, Y).sampler_.sample_indices_, expected)


class Half(BaseEstimator):
    """Under-sampling, by someone who says nothing of rows."""

    def fit_resample(self, X, y):
        return X[::2], y[::2]


def test_a_sampler_that_takes_rows_away():
    clf = small(max_epochs=1, sampler=Half()).fit(X, Y)
    assert clf._seen.n_rows == len(X[::2])
    with pytest.raises(ValueError, match="with sample_weight expected a sampler that"):
        clf.fit(X, Y, sample_weight=np.ones(len(X)))
    assert clf._seen.n_rows == len(X[::2])  # the old model stays


class Backwards(BaseEstimator):
    """The last rows first; says nothing of it."""

    def fit_resample(self, X, y):
        return X[::-1][:50], y[::-1][:50]


def test_images_are_those_that_the_sampler_returned():
    images = X.reshape(len(X), -1, 1, 1).astype(np.float32)
    params = {"encoder": torch.nn.Flatten(), "max_epochs": 1}
    clf = small(sampler=Backwards(), **params).fit(images, Y)
    expected = small(sampler=Backwards(), max_epochs=1).fit(X, Y)
    np.testing.assert_array_equal(clf._seen.counts, expected._seen.counts)
    with pytest.raises(ValueError, match="Invents returned: expected rows of the 60"):
        small(sampler=Invents(), **params).fit(images, Y)


class Invents(BaseEstimator):
    def fit_resample(self, X, y):
        X *= 2.0 if X.dtype.kind == "f" else 2  # in place, too
        return X, y


@pytest.mark.parametrize("as_given", [np.ascontiguousarray, sp.csr_array])
def test_what_a_sampler_does_in_place_is_not_seen_by_the_user(as_given):
    data = as_given(X.astype(np.float32))
    before = data.copy()
    small(sampler=Invents(), max_epochs=1).fit(data, Y)
    assert abs(data - before).max() == 0


def test_samplers_inside_a_sampler_are_seeded():
    chain = make_imbalanced_pipeline(LPROS(0.25, max_bag=60), MLROS(0.1))
    clf = small(sampler=chain, max_epochs=1)
    expected = clone(clf).fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(clone(clf).fit(X, Y).predict_proba(X), expected)
    assert chain[0].random_state is None


def test_another_hierarchy_beside_bare_labels_is_refused():
    other = Hierarchy.from_edges(
        TREE.edge_names, nodes=["b", "b/z", "a", "a/y", "a/x", "root"]
    )
    sampler = LPROS(0.25, labelset="leaves", hierarchy=other)
    with pytest.raises(ValueError, match="sampler LPROS to have the hierarchy of"):
        small(sampler=sampler).fit(X, Y)
    frame = pd.DataFrame(Y, columns=list(TREE.nodes))
    small(sampler=sampler, max_epochs=1).fit(X, frame)


class Wrong(BaseEstimator):
    def __init__(self, change=None):
        self.change = change

    def fit_resample(self, X, y):
        return self.change(np.array(X, dtype=float), np.array(y))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda X, y: (X[:, :-1], y),
            r"sampler Wrong returned: expected X of shape \(n_samples, 8\)",
        ),
        (lambda X, y: (X[1:], y), "inconsistent numbers of samples"),
        (lambda X, y: (X * np.nan, y), "NaN"),
        (
            lambda X, y: (X, y[:, 1:]),
            "Wrong returned: Expected y of shape",
        ),
        (lambda X, y: (X[:0], y[:0]), "at least one row"),
        (lambda X, _: X, r"Wrong returned: expected \(X, y\), but got ndarray"),
    ],
)
def test_what_a_sampler_must_not_return(change, message):
    clf = small(max_epochs=1, sampler=Wrong(change))
    with pytest.raises(ValueError, match=message):
        clf.fit(X, Y)
    assert not hasattr(clf, "sampler_")


def test_partial_fit_and_what_is_no_sampler():
    with pytest.raises(ValueError, match="partial_fit can't resample"):
        small(sampler=LPROS()).partial_fit(X, Y)
    with pytest.raises(ValueError, match="an object, but got the class LPROS; make"):
        small(sampler=LPROS).fit(X, Y)
    with pytest.raises(ValueError, match="'sampling_ratio' parameter of LPROS must be"):
        small(sampler=LPROS("x")).fit(X, Y)
    with pytest.raises(ValueError, match="implementing 'fit_resample' or None"):
        small(sampler="LPROS").fit(X, Y)

"""Anything goes in: outputs are coherent, inputs unchanged, and seeds decide all.

Bounded here; run longer by hand with ``--hypothesis-profile=long``.
"""

import copy
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy, metrics
from sklearn_hmlc.over_sampling import LPROS, MLROS
from sklearn_hmlc.postprocessing import (
    CoherentClassifier,
    NodeThresholdClassifier,
    make_coherent,
)
from tests import _strategies as strategies

few = settings(
    max_examples=max(settings.default.max_examples // 5, 1),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def contained(draw, values, names=None):
    """The same numbers in some container; with names, in any order of columns."""
    kinds = ["array", "list", "csr", "csc", "fortran"]
    if names is not None:
        kinds += ["pandas", "polars"]
    kind = draw(st.sampled_from(kinds))
    if kind in ("pandas", "polars"):
        order = draw(st.permutations(range(len(names))))
        columns = {str(names[k]): values[:, k] for k in order}
        return pd.DataFrame(columns) if kind == "pandas" else pl.DataFrame(columns)
    makers = {
        "array": np.array,
        "list": lambda x: np.asarray(x).tolist(),
        "csr": sp.csr_array,
        "csc": sp.csc_matrix,
        "fortran": np.asfortranarray,
    }
    return makers[kind](values)


def same(one, other):
    """Whether two containers of one kind hold the same, stored zeros included."""
    if sp.issparse(one):
        return (
            one.shape == other.shape
            and np.array_equal(one.data, other.data)
            and np.array_equal(one.indices, other.indices)
            and np.array_equal(one.indptr, other.indptr)
        )
    if isinstance(one, pd.DataFrame | pl.DataFrame):
        return one.equals(other)
    return np.array_equal(one, other)


@st.composite
def problems(draw):
    """A hierarchy, features and closed labels of some rows, as arrays."""
    hierarchy = draw(strategies.hierarchies(max_nodes=7))
    assume(hierarchy.scored.any())
    # Columns of polars' frames have strings for names.
    names = [f"n{k}" for k in range(hierarchy.n_nodes)]
    hierarchy = Hierarchy(names, hierarchy.edges, np.array(names)[~hierarchy.scored])
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    n_rows = draw(st.integers(2, 25))
    labels = hierarchy.close(
        (rng.random((n_rows, hierarchy.n_nodes)) < 0.3).astype(int)
    )
    scale = draw(st.sampled_from([1e-3, 1.0, 50.0]))
    return hierarchy, rng.normal(size=(n_rows, 3)) * scale, labels


PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "ensemble": st.sampled_from(["heads", "dropout", "last_layer"]),
        "uncertainty": st.sampled_from(
            ["bma", "gmu", "aleatoric", "epistemic_kl", None]
        ),
        "node_weight": st.sampled_from(["binary", "class-wise", None]),
        "mix": st.sampled_from([0.0, 0.5, 1.0]),
        "schedule": st.sampled_from(["linear", "alternating", None]),
        "dropout": st.sampled_from([0.0, 0.7]),
        "hidden_layer_sizes": st.sampled_from([(), (4,), (4, 3)]),
        "threshold": st.sampled_from([0.0, 0.3, 0.5, 1.0]),
        "batch_size": st.sampled_from([1, 2, 7, 100]),
    },
)


def bare(values):
    """Decisions as an array, whatever holds them."""
    if isinstance(values, pd.DataFrame | pl.DataFrame):
        return values.to_numpy()
    return values.toarray() if sp.issparse(values) else np.asarray(values)


@few
@given(st.data())
def test_the_classifier(data):
    hierarchy, X, Y = data.draw(problems())
    params = data.draw(PARAMS)
    features, labels = contained(data.draw, X), contained(data.draw, Y, hierarchy.nodes)
    before = copy.deepcopy((features, labels))
    weight = data.draw(st.sampled_from([None, np.arange(1.0, len(X) + 1)]))

    def fitted():
        return HierarchicalEnsembleClassifier(
            hierarchy, n_estimators=2, max_epochs=2, random_state=0, **params
        ).fit(features, labels, sample_weight=weight)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf, again = fitted(), fitted()
    order = [clf.classes_.tolist().index(node) for node in hierarchy.nodes]
    proba = clf.predict_proba(features)
    assert np.array_equal(proba, again.predict_proba(features))
    assert 0 < proba.min() <= proba.max() < 1
    answers = [proba, clf.decision_proba(features), *clf.predict_members(features)]
    for answer in answers:
        assert metrics.coherence_violations(answer[:, order], hierarchy) == 0
    decided = clf.predict(features)
    assert type(decided) is type(labels) or isinstance(labels, list)
    assert hierarchy.is_closed(bare(decided)[:, order].astype(int))
    assert same(features, before[0])
    assert same(labels, before[1])


@few
@given(st.data())
def test_wrappers(data):
    hierarchy, X, Y = data.draw(problems())
    assume(((Y.sum(axis=0) > 0) & (Y.sum(axis=0) < len(Y))).any())
    labels = contained(data.draw, Y, hierarchy.nodes)
    before = copy.deepcopy(labels)
    inner = CoherentClassifier(
        DummyClassifier(strategy="uniform", random_state=0), hierarchy
    )
    clf = data.draw(
        st.sampled_from(
            [
                inner,
                NodeThresholdClassifier(inner, cv=2, random_state=0, strategy="f1"),
                NodeThresholdClassifier(inner, cv=2, random_state=0),
            ]
        )
    )
    try:
        clf.fit(X, labels)
    except ValueError as error:
        if "2 classes for some node" not in str(error):  # in one of the folds
            raise
        return
    order = [clf.classes_.tolist().index(node) for node in hierarchy.nodes]
    proba = clf.predict_proba(X)
    assert metrics.coherence_violations(proba[:, order], hierarchy) == 0
    assert hierarchy.is_closed(bare(clf.predict(X))[:, order].astype(int))
    assert same(labels, before)


@few
@given(st.data())
def test_labels_and_scores(data):
    hierarchy, X, Y = data.draw(problems())
    labels = contained(data.draw, Y, hierarchy.nodes)
    scores = contained(
        data.draw, np.random.default_rng(0).random(Y.shape), hierarchy.nodes
    )
    assume(not sp.issparse(scores))
    before = copy.deepcopy((labels, scores))
    assert hierarchy.is_closed(hierarchy.close(labels))
    method = data.draw(st.sampled_from(["max", "min", "mean"]))
    coherent = make_coherent(scores, hierarchy, method)
    assert metrics.coherence_violations(coherent, hierarchy, tolerance=1e-12) == 0
    named = [isinstance(one, pd.DataFrame | pl.DataFrame) for one in (labels, scores)]
    if named[0] == named[1] and Y[:, hierarchy.scored].any():
        area = metrics.au_prc(labels, coherent, hierarchy=hierarchy, skip_empty=False)
        assert 0 <= area <= 1
    for sampler in (LPROS(random_state=0), MLROS(random_state=0)):
        sampler.set_params(hierarchy=hierarchy)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rows, more = sampler.fit_resample(X, labels)
        except ValueError as error:
            if not re.search("more than 1 class|no row has any", str(error)):
                raise
            continue
        assert type(more) is type(labels)
        assert hierarchy.is_closed(more)
        assert len(rows) == len(X) + sampler.n_added_
    assert same(labels, before[0])
    assert same(scores, before[1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
def test_features_that_are_no_numbers_are_refused(bad):
    X = np.zeros((4, 2))
    X[1, 1] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity|too large"):
        HierarchicalEnsembleClassifier().fit(X, np.eye(4, dtype=int))

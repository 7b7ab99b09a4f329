"""Blocks of any model's probabilities, in node order; arrays on disk; sparse ones."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.predictions import (
    iter_proba,
    iter_uncertainty,
    predict_dense,
    predict_labels,
    predict_sparse,
)

from .models import (
    HIERARCHY,
    KNOW_NAMES,
    MIXED,
    MODELS,
    NODES,
    coherent,
    ensemble,
    fit,
    make_data,
)


def in_node_order(model, X, name):
    """Probabilities by the plain way: scikit-learn's own methods, sorted by name."""
    proba = model.predict_proba(X)
    if isinstance(proba, list):
        columns = zip(proba, model.classes_, strict=True)
        return np.column_stack([p[:, list(classes).index(1)] for p, classes in columns])
    if name in KNOW_NAMES:
        return proba[:, [MIXED.index(node) for node in NODES]]
    return proba


@pytest.mark.parametrize("name", MODELS)
def test_blocks_are_the_models_probabilities_in_node_order(name):
    X, _ = make_data()
    model = fit(name)
    blocks = iter_proba(model, X, hierarchy=HIERARCHY, batch_size=7)
    assert blocks.nodes == HIERARCHY.nodes
    assert blocks.shape == (60, 6)
    assert [len(block) for block in blocks] == [7] * 8 + [4]
    assert len(blocks) == 9
    expected = in_node_order(model, X, name)
    np.testing.assert_allclose(np.vstack(list(blocks)), expected, rtol=1e-5)
    # And anew: it is no iterator that runs dry.
    np.testing.assert_allclose(np.vstack(list(blocks)), expected, rtol=1e-5)
    np.testing.assert_array_equal(
        predict_dense(model, X, batch_size=7), np.vstack(list(blocks))
    )


@pytest.mark.parametrize("name", sorted(set(MODELS) - set(KNOW_NAMES)))
def test_columns_without_names_are_numbered(name):
    X, _ = make_data()
    blocks = iter_proba(fit(name), X)
    assert blocks.nodes == tuple(range(6))
    assert blocks.hierarchy is None
    assert blocks.scored.all()


@pytest.mark.parametrize("model", [LogisticRegression(), LinearSVC()], ids=str)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_model_of_classes_has_their_names(model, n_classes):
    X, _ = make_data()
    y = np.array(["x", "y", "z"])[np.arange(60) % n_classes]
    blocks = iter_proba(model.fit(X, y), X)
    assert blocks.nodes == ("x", "y", "z")[:n_classes]
    best = np.vstack(list(blocks)).argmax(axis=1)
    np.testing.assert_array_equal(np.array(blocks.nodes)[best], model.predict(X))


def test_classes_of_a_hierarchy(rng):
    X, _ = make_data()
    model = coherent().fit(X, rng.choice(["c", "e", "d"], 60))
    blocks = iter_proba(model, X)
    assert blocks.nodes == ("c", "d", "e")
    np.testing.assert_array_equal(np.vstack(list(blocks)), model.predict_proba(X))


@pytest.mark.parametrize(
    "container",
    [
        sp.csr_array,
        np.ndarray.tolist,
        pd.DataFrame,
        lambda X: pl.DataFrame(X, schema=list("wxyz")),
        lambda X: pa.table({name: X[:, k] for k, name in enumerate("wxyz")}),
        torch.from_numpy,
    ],
    ids=["csr", "list", "pandas", "polars", "pyarrow", "torch"],
)
def test_rows_in_any_container(container):
    X, Y = make_data()
    model = ensemble().fit(container(X), Y)
    found = np.vstack(list(iter_proba(model, container(X), batch_size=9)))
    np.testing.assert_allclose(found, model.predict_proba(container(X)), rtol=1e-5)


def test_rows_of_a_dataset():
    X, Y = make_data()
    rows = torch.utils.data.TensorDataset(torch.from_numpy(X).float())
    model = ensemble(encoder=torch.nn.Identity()).fit(rows, Y)
    found = np.vstack(list(iter_proba(model, rows, batch_size=9)))
    np.testing.assert_allclose(found, model.predict_proba(rows), rtol=1e-5)


def test_array_on_disk(tmp_path):
    X, _ = make_data()
    model = fit("ensemble")
    path = tmp_path / "proba.npy"
    out = np.lib.format.open_memmap(path, "w+", np.float32, (60, 6))
    assert predict_dense(model, X, out=out, batch_size=7) is out
    np.testing.assert_array_equal(np.load(path), predict_dense(model, X, batch_size=7))


@pytest.mark.parametrize(
    "out", [np.empty((60, 5)), np.empty((60, 6), int), [[0.0]], np.zeros((60, 6)).T]
)
def test_an_array_that_does_not_fit(out):
    X, _ = make_data()
    with pytest.raises(ValueError, match=r"writeable array of floats of shape \(60, 6"):
        predict_dense(fit("coherent"), X, out=out)


def test_an_array_that_may_not_be_written():
    out = np.zeros((60, 6))
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        predict_dense(fit("coherent"), make_data()[0], out=out)


def sparse_by_hand(proba, k, min_proba, scored):
    expected = np.zeros_like(proba)
    for row, values in enumerate(proba):
        places = [j for j in range(len(values)) if scored[j]]
        places.sort(key=lambda j: (-values[j], j))
        for j in places[:k]:
            if values[j] >= min_proba:
                expected[row, j] = values[j]
    return expected


@pytest.mark.parametrize("k", [None, 1, 2, 4, 9])
@pytest.mark.parametrize("min_proba", [None, 0.4])
@pytest.mark.parametrize("name", ["coherent", "ensemble"])  # the first has many ties
def test_sparse(name, k, min_proba):
    X, _ = make_data()
    model = fit(name)
    found = predict_sparse(model, X, k=k, min_proba=min_proba, batch_size=7)
    proba = predict_dense(model, X, batch_size=7)
    expected = sparse_by_hand(proba, k, min_proba or 0, HIERARCHY.scored)
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.has_sorted_indices
    assert found.indices.dtype == found.indptr.dtype == np.int32
    assert found.dtype == proba.dtype
    assert found.nnz == np.count_nonzero(expected)  # no zero is stored
    # What is kept of a coherent model lacks no ancestor but unscored ones.
    kept = (found > 0).toarray()
    closed = HIERARCHY.close(kept)
    np.testing.assert_array_equal(closed[:, HIERARCHY.scored], kept[:, 1:])


@pytest.mark.parametrize("name", MODELS)
def test_labels(name):
    X, _ = make_data()
    model = fit(name)
    expected = model.predict(X)
    if name in KNOW_NAMES:
        expected = expected[NODES].to_numpy()
    found = predict_labels(model, X, hierarchy=HIERARCHY, batch_size=7)
    assert found.dtype == bool
    np.testing.assert_array_equal(found.toarray(), expected)


def test_uncertainty_in_blocks():
    X, _ = make_data()
    model = fit("ensemble")
    blocks = iter_uncertainty(model, X, "predictive", batch_size=7)
    expected = model.predict_uncertainty(X, "predictive")
    order = [MIXED.index(node) for node in NODES]
    np.testing.assert_allclose(np.vstack(list(blocks)), expected[:, order], rtol=1e-4)
    with pytest.raises(AttributeError, match="predict_uncertainty"):
        iter_uncertainty(fit("coherent"), X)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"k": 0}, ValueError, "`k` of 1 or more, but got 0"),
        ({"k": 2.5}, TypeError, "`k` to be a whole number"),
        ({"k": True}, TypeError, "`k` to be a whole number"),
        ({"min_proba": 1.5}, ValueError, r"`min_proba` to be in \[0, 1\]"),
        ({"min_proba": float("nan")}, ValueError, r"`min_proba` to be in \[0, 1\]"),
        ({"batch_size": 0}, ValueError, "`batch_size` of 1 or more"),
        ({"batch_size": "many"}, TypeError, "`batch_size` to be a whole number"),
        ({"hierarchy": "GO"}, TypeError, "to be a Hierarchy"),
        ({"hierarchy": Hierarchy.flat(list("xyz"))}, ValueError, "columns"),
    ],
)
def test_options_out_of_range(options, error, message):
    with pytest.raises(error, match=message):
        predict_sparse(fit("coherent"), make_data()[0], **options)


def test_a_hierarchy_of_another_width():
    model = KNeighborsClassifier().fit(*make_data())
    with pytest.raises(ValueError, match=r"predict_proba of shape \(n_samples, 3\)"):
        iter_proba(model, make_data()[0], hierarchy=Hierarchy.flat(list("xyz")))


def test_ids():
    X, _ = make_data()
    model = fit("coherent")
    assert iter_proba(model, X).ids == list(range(60))
    names = [f"gene {row}" for row in range(60)]
    for ids in (names, np.array(names), pd.Series(names), pl.Series(names)):
        assert iter_proba(model, X, ids=ids).ids == names
    assert iter_proba(model, pd.DataFrame(X, index=names), ids=None).ids == names
    with pytest.raises(ValueError, match="`ids` of 60 rows, one per row, but got 59"):
        iter_proba(model, X, ids=names[1:])
    with pytest.raises(TypeError, match="Expected `ids`, one per row"):
        iter_proba(model, X, ids="gene")

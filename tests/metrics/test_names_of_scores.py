"""Scores that bring names of rows, of columns, and a hierarchy: blocks and files."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy, metrics
from sklearn_hmlc.postprocessing import node_thresholds
from sklearn_hmlc.predictions import (
    Predictions,
    iter_proba,
    iter_uncertainty,
    predict_dense,
    read_predictions,
    write_predictions,
)

from ..predictions.models import HIERARCHY, MIXED, NODES, fit, make_data

IDS = [f"gene{row}" for row in range(60)]
MEASURES = {
    "au_prc": metrics.au_prc,
    "curve": lambda *sides, **more: metrics.pooled_pr_curve(*sides, **more).area,
    "fmax": metrics.fmax_score,
    "smin": lambda y, s, **more: metrics.smin_score(
        y, s, pd.Series(np.arange(6.0), NODES), **more
    ),
    "rarity": lambda y, s, **more: metrics.rarity_report(
        y, y, s, train_counts=pd.Series(np.arange(6), NODES), **more
    )["auprc"].tolist(),
}


@pytest.fixture(scope="module")
def model():
    return fit("ensemble")


@pytest.fixture
def data():
    X, Y = make_data()
    return pd.DataFrame(X, IDS), pd.DataFrame(Y, IDS, NODES)


def scores_of(model, X):
    return predict_dense(model, X.to_numpy())


# -- advice that leads to the right number ---------------------------------------------


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_what_the_error_says_gives_the_right_number(model, data, kind, library):
    X, Y = data
    scores, hierarchy = kind(scores_of(model, X)), HIERARCHY
    y_true = Y[MIXED]
    if library == "polars":
        y_true = pl.from_pandas(y_true)
    if library == "pyarrow":
        y_true = pa.Table.from_pandas(y_true, preserve_index=False)
    expected = metrics.fmax_score(Y, scores, hierarchy=hierarchy)
    with pytest.raises(ValueError, match="`y_score` has no names") as caught:
        metrics.fmax_score(y_true, scores, hierarchy=hierarchy)
    message = str(caught.value)
    ordered = re.search(r"pass (y_true\S*\(hierarchy\.nodes\)[\])])\.", message)[1]
    named = re.search(r"name its columns: (pd\..*\))\.$", message)[1]
    names = {"y_true": y_true, "hierarchy": hierarchy}
    truth = eval(ordered, names)
    assert metrics.fmax_score(truth, scores, hierarchy=hierarchy) == expected
    names |= {"pd": pd, "classifier": model, "y_score": kind(model.predict_proba(X))}
    found = metrics.fmax_score(y_true, eval(named, names), hierarchy=hierarchy)
    assert found == pytest.approx(expected, rel=1e-6)


# -- blocks of a model -----------------------------------------------------------------


@pytest.mark.parametrize("name", MEASURES)
def test_rows_of_blocks_in_another_order_warn(model, data, name):
    X, Y = data
    measure = MEASURES[name]
    expected = measure(Y, iter_proba(model, X, batch_size=7))  # without a warning
    blocks = iter_proba(model, X, batch_size=7)
    with pytest.warns(UserWarning, match=r"y_true = y_true.loc\[y_score.ids\]") as w:
        measure(Y[::-1], blocks)
    assert w[0].filename == __file__
    assert measure(Y[::-1].loc[blocks.ids], blocks) == expected


def test_rows_that_are_only_numbered_have_no_names(model, data):
    X, Y = data
    shuffled = Y.set_axis(np.random.default_rng(0).permutation(60))
    blocks = iter_proba(model, X.to_numpy())
    assert blocks.row_names is None
    assert metrics.fmax_score(shuffled, blocks) == metrics.fmax_score(Y, blocks)


@pytest.mark.parametrize("truth", ["frame", "array", "mixed"])
@pytest.mark.parametrize("name", MEASURES)
def test_blocks_bring_their_hierarchy(model, data, name, truth):
    X, Y = data
    y = {"frame": Y, "array": Y.to_numpy(), "mixed": Y[MIXED]}[truth]
    blocks = iter_proba(model, X)
    expected = MEASURES[name](Y, scores_of(model, X), hierarchy=HIERARCHY)
    np.testing.assert_allclose(MEASURES[name](y, blocks), expected)
    bare = MEASURES[name](Y, scores_of(model, X))  # the root counts here
    assert bare != pytest.approx(expected)


def test_a_hierarchy_of_numbers_counts_too():
    X, Y = make_data()
    hierarchy = Hierarchy(range(6), HIERARCHY.edges, unscored=[0])
    blocks = iter_proba(fit("one-vs-rest"), X, hierarchy=hierarchy)
    expected = metrics.fmax_score(Y, np.vstack(list(blocks)), hierarchy=hierarchy)
    assert metrics.fmax_score(Y, blocks) == expected
    # Columns of a frame with names of its own are meant by position.
    frame = pd.DataFrame(Y, columns=NODES)
    everything = metrics.fmax_score(Y, np.vstack(list(blocks)))
    assert metrics.fmax_score(frame, blocks) == everything != expected


def test_how_unsure_a_model_is_is_no_score(model, data, tmp_path):
    X, Y = data
    blocks = iter_uncertainty(model, X)
    message = "Expected `{}` of probabilities, but got the blocks of `iter_uncertainty`"
    for measure in MEASURES.values():
        with pytest.raises(ValueError, match=message.format("y_score")):
            measure(Y, blocks)
    with pytest.raises(ValueError, match=message.format("scores")):
        write_predictions(tmp_path / "there.tsv", blocks)
    assert list(tmp_path.iterdir()) == []


# -- an iterator of frames -------------------------------------------------------------


@pytest.mark.parametrize("given", ["iterator", "function"])
def test_frames_in_blocks_go_by_name(model, data, given):
    X, Y = data
    scores = pd.DataFrame(scores_of(model, X), IDS, NODES)[NODES[::-1]]
    expected = metrics.fmax_score(Y, scores, hierarchy=HIERARCHY)
    parts = [scores[:20], scores[20:]]
    blocks = iter(parts) if given == "iterator" else lambda: iter(parts)
    assert metrics.fmax_score(Y[MIXED], blocks, hierarchy=HIERARCHY) == expected


def test_an_array_among_frames_in_blocks_is_refused(model, data):
    X, Y = data
    scores = pd.DataFrame(scores_of(model, X), IDS, NODES)
    blocks = iter([scores[:20], scores[20:].to_numpy()])
    with pytest.raises(ValueError, match="`y_score` has no names"):
        metrics.fmax_score(Y[MIXED], blocks, hierarchy=HIERARCHY)


# -- predictions of a file -------------------------------------------------------------


@pytest.fixture
def path(model, data, tmp_path):
    path = tmp_path / "there.tsv"
    write_predictions(path, iter_proba(model, data[0][::-1]), format="cafa", digits=17)
    return path


@pytest.mark.parametrize("name", MEASURES)
def test_rows_and_columns_of_a_file_go_by_name(path, model, data, name):
    X, Y = data
    measure = MEASURES[name]
    raw = np.where(HIERARCHY.scored, scores_of(model, X), 0)
    expected = measure(Y, raw, hierarchy=HIERARCHY)
    predictions = read_predictions(path, HIERARCHY)
    assert predictions.ids == IDS[::-1]
    for y in (Y, Y[MIXED]):
        found = measure(y, predictions, hierarchy=HIERARCHY)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    some = measure(Y[5:20], predictions, hierarchy=HIERARCHY)
    expected = measure(Y[5:20], raw[5:20], hierarchy=HIERARCHY)
    np.testing.assert_allclose(some, expected, rtol=1e-6)


def test_rows_or_nodes_that_a_file_lacks(path, data):
    _, Y = data
    whole = read_predictions(path, HIERARCHY)
    predictions = Predictions(whole.scores[:-1], whole.ids[:-1], whole.nodes)
    with pytest.raises(ValueError, match=r"none for 'gene0'; .*ids=y_true.index"):
        metrics.fmax_score(Y, predictions, hierarchy=HIERARCHY)
    with pytest.raises(ValueError, match=r"`y_true` has no row names.*y_score.scores"):
        metrics.fmax_score(Y.to_numpy(), predictions, hierarchy=HIERARCHY)
    with pytest.raises(ValueError, match=r"1 node .*such as 'r'.*\(path, hierarchy\)"):
        metrics.fmax_score(Y, read_predictions(path), hierarchy=HIERARCHY)
    double = Predictions(sp.csr_array((2, 6)), ["gene0", "gene0"], NODES)
    with pytest.raises(ValueError, match="Ids of `y_score` come more than once"):
        metrics.fmax_score(Y[:1], double, hierarchy=HIERARCHY)


@pytest.mark.parametrize("format", ["cafa", "long", "wide"])
@pytest.mark.parametrize("hierarchy", [None, HIERARCHY])
def test_a_file_is_written_as_it_was_read(path, format, hierarchy, tmp_path):
    predictions = read_predictions(path, HIERARCHY)
    order = [NODES.index(node) for node in MIXED]
    mixed = Predictions(predictions.scores[:, order], predictions.ids, MIXED)
    other = tmp_path / "other.tsv"
    write_predictions(other, mixed, format=format, digits=17, hierarchy=hierarchy)
    found = read_predictions(other, HIERARCHY)
    assert found.ids == predictions.ids
    assert (found.scores != predictions.scores).nnz == 0
    with pytest.raises(ValueError, match="no `ids` beside predictions of a file"):
        write_predictions(other, mixed, ids=IDS, force=True)


def test_thresholds_of_a_file_go_by_name(path, model, data):
    X, Y = data
    raw = np.where(HIERARCHY.scored, scores_of(model, X), 0)
    expected = node_thresholds(Y, raw)
    found = node_thresholds(Y[MIXED], read_predictions(path, HIERARCHY))
    assert found.index.tolist() == MIXED
    pd.testing.assert_series_equal(found[NODES], expected, rtol=1e-6)

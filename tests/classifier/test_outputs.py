"""Nodes that no row has are no outputs of the net; sizes that suit the rows."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._rows import Rows
from sklearn_hmlc._sizes import agreement, settle_sizes
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.metrics import coherence_violations

X, Y, HIERARCHY = make_hierarchical_multilabel(
    n_samples=90, n_features=6, n_nodes=20, random_state=0
)
# A leaf's subtree that no row has, in the middle of the node order.
Y = Y.copy()
EMPTY = [HIERARCHY.nodes[7], *HIERARCHY.descendants(HIERARCHY.nodes[7])]
Y[:, HIERARCHY.index(EMPTY)] = 0
EMPTY = np.flatnonzero(~Y.any(axis=0))
THERE = np.flatnonzero(Y.any(axis=0))
pytestmark = pytest.mark.filterwarnings("ignore:.*have no positive row")


def small(hierarchy=HIERARCHY, **params):
    usual = {"n_estimators": 2, "hidden_layer_sizes": 8, "max_epochs": 3}
    return HierarchicalEnsembleClassifier(
        hierarchy, random_state=0, **{**usual, **params}
    )


def without_empty():
    return HIERARCHY.subset([HIERARCHY.nodes[node] for node in THERE])


@pytest.mark.parametrize(
    "params",
    [{}, {"node_weight": None}, {"early_stopping": True}, {"ensemble": "dropout"}],
)
def test_as_if_the_hierarchy_had_no_empty_nodes(params):
    assert len(EMPTY) > 1
    clf = small(**params).fit(X, Y)
    other = small(without_empty(), **params).fit(X, Y[:, THERE])
    for method in ("predict_proba", "decision_proba", "predict_uncertainty"):
        got = getattr(clf, method)(X)
        assert got.shape == Y.shape
        np.testing.assert_array_equal(got[:, THERE], getattr(other, method)(X))
    members = clf.predict_members(X)
    assert members.shape == (2, *Y.shape)
    np.testing.assert_array_equal(members[..., THERE], other.predict_members(X))
    assert not clf.predict(X)[:, EMPTY].any()
    assert not clf.predict_uncertainty(X)[:, EMPTY].any()
    proba = clf.predict_proba(X)
    assert 0 < proba[:, EMPTY].max() < 1e-30
    assert coherence_violations(proba, HIERARCHY) == 0


def test_columns_of_frames_and_weights_by_node_keep_their_names():
    columns = list(reversed(HIERARCHY.nodes))
    frame = pd.DataFrame(Y, columns=list(HIERARCHY.nodes))[columns]
    weights = np.linspace(1, 3, len(columns))
    plain = small(node_weight=weights).fit(X, Y)
    by_name = {name: weights[k] for k, name in enumerate(HIERARCHY.nodes)}
    named = small(node_weight=by_name).fit(X, frame)
    np.testing.assert_array_equal(plain.node_weights_, weights)
    np.testing.assert_array_equal(
        named.predict_proba(X), plain.predict_proba(X)[:, ::-1]
    )
    assert named.predict(X).columns.tolist() == columns


def test_rows_to_come_may_have_any_node():
    full = Y.copy()
    full[0] = 1
    with pytest.raises(ValueError, match=r"have rows now.*begin with partial_fit"):
        small().fit(X, Y).partial_fit(X, full)
    grown = small(warm_start=True).fit(X, Y)
    assert grown.fit(X, full).predict_proba(X)[:, EMPTY].max() > 1e-6
    grown = small().partial_fit(X, Y).partial_fit(X, full)
    assert grown.predict_proba(X)[:, EMPTY].max() > 1e-6


def test_a_refused_row_leaves_the_model_as_it_was():
    clf, full = small().fit(X, Y), np.ones_like(Y)
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match="have rows now"):
        clf.partial_fit(X, full)
    np.testing.assert_array_equal(clf.predict_proba(X), before)
    clf.partial_fit(X, Y)


# -- sizes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_rows", "kind", "expected"),
    [
        (90, "dense", ((500, 500), 32, 40, 1e-3)),
        (8000, "dense", ((500, 500), 64, 40, 1e-3 * 2**0.5)),
        (2500, "sparse", ((500,), 32, 40, 1e-3)),
        (12192, "sparse", ((500,), 128, 14, 2e-3)),
        (500_000, "sparse", ((500,), 128, 10, 2e-3)),
    ],
)
def test_sizes_that_suit_the_rows(n_rows, kind, expected):
    clf = HierarchicalEnsembleClassifier()
    form = np.zeros((n_rows, 1)) if kind == "dense" else sp.csr_array((n_rows, 100))
    settle_sizes(clf, Rows(form, sp.csr_array((n_rows, 1))), goes_on=False)
    sizes = clf.hidden_layer_sizes_, clf.batch_size_, clf.max_epochs_, clf.lr_
    assert sizes[:3] == expected[:3]
    assert sizes[3] == pytest.approx(expected[3])


def test_sizes_that_are_given_stay_and_may_change():
    clf = small(warm_start=True, batch_size=8, lr=0.01).fit(X, Y)
    assert (clf.batch_size_, clf.lr_, clf.max_epochs_) == (8, 0.01, 3)
    assert clf.set_params(batch_size="auto", lr="auto").fit(X, Y).batch_size_ == 32
    assert clf.net_.batch_size == 32
    assert clf.net_.optimizer_.param_groups[0]["lr"] == 1e-3


@pytest.mark.parametrize("name", ["batch_size", "max_epochs", "lr"])
def test_other_words_are_refused(name):
    with pytest.raises(ValueError, match=rf"'{name}'.*'auto'"):
        small(**{name: "many"}).fit(X, Y)


def _table(noise, n_rows=600):
    """Rows around one of 12 centres, which has one of 12 labels, and these labels."""
    draw = np.random.default_rng(0)
    label = draw.integers(12, size=n_rows)
    rows = draw.normal(size=(12, 8))[label] + noise * draw.normal(size=(n_rows, 8))
    return rows, np.eye(12, dtype=np.int8)[label]


def test_agreement_in_closed_form():
    # 50 pairs of rows beside each other; 40 have the same one label of two.
    label = np.repeat(np.arange(50) % 2, 2)
    label[1:20:2] = 1 - label[:20:2]
    X = np.repeat(np.arange(50.0), 2)[:, None] + np.tile([0, 0.1], 50)[:, None]
    rows = Rows(X, sp.csr_array(np.eye(2)[label]))
    share = label.mean()
    by_chance = share**2 + (1 - share) ** 2
    expected = (0.8 - by_chance) / (1 - by_chance)
    assert agreement(rows) == pytest.approx(expected)
    assert agreement(rows.take(np.arange(40))) == 0
    # Copies of a row say nothing about its neighbours.
    twice = np.r_[np.arange(100), np.arange(100)]
    assert agreement(rows.take(twice)) == pytest.approx(expected)
    assert agreement(Rows(X, sp.csr_array((100, 2)))) == 0
    assert agreement(Rows(X, sp.csr_array(np.ones((100, 2))))) == 0


@pytest.mark.parametrize(("noise", "dropout"), [(0.3, 0.3), (30, 0.7)])
def test_dropout_that_suits_the_rows(noise, dropout):
    X, Y = _table(noise)
    params = {"n_estimators": 1, "hidden_layer_sizes": (9,), "max_epochs": 1}
    clf = HierarchicalEnsembleClassifier(**params, random_state=0).fit(X, Y)
    given = HierarchicalEnsembleClassifier(**params, dropout=dropout, random_state=0)
    assert clf.dropout_ == clf.net_.module__dropout == dropout
    np.testing.assert_array_equal(
        clf.predict_proba(X), given.fit(X, Y).predict_proba(X)
    )
    mostly_zeros = sp.hstack([sp.csr_array(X), sp.csr_array((600, 600))], "csr")
    assert clf.fit(mostly_zeros, Y).dropout_ == 0.7
    assert clf.set_params(dropout=0.5).fit(X, Y).dropout_ == 0.5

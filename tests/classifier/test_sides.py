"""Where node weights go, what they count, and what the correction takes off."""

import numpy as np
import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier, paper_defaults
from sklearn_hmlc.losses import node_weights

from .common import TREE, make_data, small

X, Y = make_data()


def criterion_of(**params):
    clf = small(max_epochs=1, **params).fit(X, Y)
    return clf, clf.net_.criterion_


@pytest.mark.parametrize("count", ["node", "subtree"])
@pytest.mark.parametrize("side", ["positive", "negative"])
def test_weights_reach_their_side(side, count):
    clf, loss = criterion_of(
        node_weight="class-wise", node_weight_side=side, node_weight_count=count
    )
    expected = node_weights(
        Y,
        "class-wise",
        count=count,
        hierarchy=TREE,
        floor=None,
        power=0.5,
        scored=TREE.scored,
    )
    np.testing.assert_array_equal(clf.node_weights_, expected)
    sides = {"positive": loss.node_weight, "negative": loss.negative_weight}
    np.testing.assert_array_equal(sides.pop(side), expected)
    assert (sides.popitem()[1] == 1).all()


def test_weights_of_ones_change_nothing_on_either_side():
    plain = small(node_weight=None, max_epochs=2).fit(X, Y)
    for side in ("positive", "negative"):
        ones = small(node_weight=np.ones(6), node_weight_side=side, max_epochs=2)
        same = ones.fit(X, Y).predict_proba(X)
        np.testing.assert_array_equal(same, plain.predict_proba(X))


@pytest.mark.parametrize("side", ["positive", "negative"])
def test_the_correction_takes_off_the_odds_of_the_side(side):
    weight = np.array([1.0, 2.0, 4.0, 1.0, 8.0, 0.5])
    clf, _ = criterion_of(node_weight=weight, node_weight_side=side, n_estimators=1)
    raw = clf.set_params(prior_correction=False).predict_members(X, constrained=False)
    clf.set_params(prior_correction=True)
    corrected = clf.predict_members(X, constrained=False)
    shift = np.log(raw / (1 - raw)) - np.log(corrected / (1 - corrected))
    sign = 1 if side == "positive" else -1
    np.testing.assert_allclose(
        shift, np.broadcast_to(sign * np.log(weight), shift.shape), atol=1e-4
    )


def test_a_mapping_on_negatives_and_partial_fit():
    clf = small(node_weight={TREE.nodes[1]: 3.0}, node_weight_side="negative")
    clf.partial_fit(X, Y).partial_fit(X, Y)
    weight = clf.net_.criterion_.negative_weight
    np.testing.assert_array_equal(weight, [1, 3, 1, 1, 1, 1])


def test_sides_without_effect_are_named():
    with pytest.warns(UserWarning, match="`node_weight_side` .node_weight is None"):
        small(node_weight=None, node_weight_side="negative").fit(X, Y)
    with pytest.warns(UserWarning, match="`node_weight_count` .node_weight is no"):
        small(node_weight=np.ones(6), node_weight_count="subtree").fit(X, Y)


def test_the_papers_settings_are_those_of_its_code():
    params = {**paper_defaults(), "hidden_layer_sizes": (8,), "max_epochs": 1}
    clf = HierarchicalEnsembleClassifier(TREE, random_state=0, **params).fit(X, Y)
    assert clf.node_weights_[TREE.scored].min() == 0.25
    loss = clf.net_.criterion_
    np.testing.assert_array_equal(loss.negative_weight, clf.node_weights_)
    assert (loss.node_weight == 1).all()
    counts = Y.sum(axis=0)
    below = [[b == a or a in TREE.ancestors(b) for b in TREE.nodes] for a in TREE.nodes]
    expected = len(Y) / (len(counts) * (np.array(below) @ counts))
    order = np.argsort(expected[TREE.scored], kind="stable")
    weights = clf.node_weights_[TREE.scored][order]
    assert (np.diff(weights) >= 0).all()


def test_weights_of_the_loss_itself_stay_or_are_refused():
    given = {"net_params": {"criterion__negative_weight": np.full(6, 3.0)}}
    for params in ({}, {"node_weight": None}):
        _, loss = criterion_of(**params, **given)
        assert (loss.negative_weight == 3).all()
    with pytest.raises(ValueError, match="criterion__negative_weight` is set by `node"):
        criterion_of(node_weight_side="negative", **given)

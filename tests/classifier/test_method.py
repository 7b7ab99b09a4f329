"""The method through the classifier: ensembles, schedules, correction, thresholds."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy, paper_defaults
from sklearn_hmlc.losses import node_weights
from sklearn_hmlc.nn import MaxConstraint
from tests import _strategies as strategies
from tests.classifier.common import TREE, make_data, small

X, Y = make_data()

KINDS = ["heads", "dropout", "last_layer"]


def as_network(clf, X):
    """Logits (M, B, C) of the module in evaluation mode."""
    with torch.no_grad():
        rows = torch.tensor(X, dtype=torch.float32, device=clf.net_.device)
        return clf.net_.module_.eval()(rows).cpu()


# -- kinds of ensembles ----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_coherently_and_repeats(kind):
    clf = small(ensemble=kind, n_estimators=4, max_epochs=30, lr=0.01).fit(X, Y)
    proba = clf.predict_proba(X)
    assert clf.score(X, Y) > 0.8
    members = clf.predict_members(X)
    assert members.shape == (4, *Y.shape)
    assert clf.predict_uncertainty(X).shape == Y.shape
    assert np.ptp(members, axis=0).max() > 0
    reach = TREE.to_parent.toarray().astype(bool)
    for child, parent in np.argwhere(reach):
        assert (proba[:, parent] >= proba[:, child]).all()
        assert (members[..., parent] >= members[..., child]).all()
    again = clone(clf).fit(X, Y)
    assert np.array_equal(again.predict_proba(X), proba)
    assert np.array_equal(again.predict_members(X), members)
    assert np.array_equal(clf.predict_members(X), members)
    np.testing.assert_allclose(clf.predict_members(X[3:4]), members[:, 3:4], rtol=1e-4)


def test_a_dropout_ensemble_predicts_without_dropout():
    clf = small(ensemble="dropout", prior_correction=False).fit(X, Y)
    (logits,) = as_network(clf, X)
    expected = MaxConstraint(TREE)(torch.sigmoid(logits)).numpy()
    scored = TREE.scored
    np.testing.assert_allclose(
        clf.predict_proba(X)[:, scored], expected[:, scored], rtol=1e-5
    )


def test_without_dropout_a_dropout_ensemble_is_the_plain_network():
    plain = small(n_estimators=1, dropout=0.0).fit(X, Y)
    masks = small(n_estimators=7, dropout=0.0, ensemble="dropout").fit(X, Y)
    assert np.array_equal(plain.predict_proba(X), masks.predict_proba(X))


def test_shared_weights_are_fewer():
    sizes = {
        kind: sum(
            p.numel()
            for p in small(ensemble=kind, n_estimators=5)
            .fit(X, Y)
            .net_.module_.parameters()
        )
        for kind in KINDS
    }
    body, last = (X.shape[1] + 1) * 16, 17 * TREE.n_nodes
    assert sizes == {
        "heads": 5 * (body + last),
        "dropout": body + last,
        "last_layer": body + 5 * last,
    }


# -- schedules and mix -----------------------------------------------------------------


def shares_of(clf):
    return [epoch["weighted_share"] for epoch in clf.history_]


def test_schedules_count_the_steps_of_training():
    # 60 rows in batches of 20: 3 steps an epoch, 12 in all.
    settings = {"batch_size": 20, "max_epochs": 4}
    clf = small(schedule="linear", **settings).fit(X, Y)
    t = np.arange(12).reshape(4, 3) / 12
    np.testing.assert_allclose(shares_of(clf), (1 - t).mean(axis=1))
    clf = small(schedule="power", schedule_exponent=3, **settings).fit(X, Y)
    np.testing.assert_allclose(shares_of(clf), (1 - t**3).mean(axis=1))
    clf = small(schedule="alternating", **settings).fit(X, Y)
    np.testing.assert_allclose(shares_of(clf), [2 / 3, 1 / 3, 2 / 3, 1 / 3])
    seen = []
    small(schedule=lambda t: seen.append(t) or 0.0, **settings).fit(X, Y)
    np.testing.assert_allclose(seen, t.ravel())


def test_partial_fit_counts_the_calls():
    clf = small(schedule="linear", batch_size=20, max_epochs=4)
    for _ in range(5):
        clf.partial_fit(X, Y)
    whole = small(schedule="linear", batch_size=20, max_epochs=4).fit(X, Y)
    np.testing.assert_allclose(shares_of(clf), [*shares_of(whole), 0.0], atol=1e-9)


@pytest.mark.parametrize("params", [{"mix": 0.0}, {"schedule": lambda t: 0.0}])
def test_no_share_is_the_plain_loss_to_the_bit(params):
    plain = small(uncertainty=None, node_weight=None).fit(X, Y)
    clf = small(**params).fit(X, Y)
    assert np.array_equal(clf.predict_proba(X), plain.predict_proba(X))
    assert np.array_equal(clf.predict(X), plain.predict(X))


def test_no_schedule_is_a_constant_one_to_the_bit():
    constant = small(schedule=lambda t: 1.0).fit(X, Y)
    assert np.array_equal(constant.predict_proba(X), small().fit(X, Y).predict_proba(X))


def test_early_stopping_brings_the_share_back():
    clf = small(
        early_stopping=True,
        max_epochs=100,
        n_iter_no_change=3,
        schedule="linear",
        lr=0.05,
        dropout=0.0,
    ).fit(X, Y)
    assert clf.n_iter_ < 100
    # The best epoch is the last but three; the mean of it and the one before.
    assert clf.net_.criterion_.share == np.mean(shares_of(clf)[-5:-3])


# -- prior correction ------------------------------------------------------------------


def test_weights_of_one_are_unchanged_to_the_bit():
    corrected = small(node_weight=None).fit(X, Y)
    plain = small(node_weight=None, prior_correction=False).fit(X, Y)
    assert np.array_equal(corrected.predict_proba(X), plain.predict_proba(X))


def test_correction_takes_the_log_weights_off_before_the_constraint():
    clf = small(node_weight=np.linspace(1, 30, TREE.n_nodes)).fit(X, Y)
    shift = torch.tensor(np.log(clf.node_weights_), dtype=torch.float32)
    logits = as_network(clf, X)
    constraint = MaxConstraint(TREE)
    scored = TREE.scored
    corrected = constraint(torch.sigmoid(logits - shift)).mean(0).numpy()[:, scored]
    weighted = constraint(torch.sigmoid(logits)).mean(0).numpy()[:, scored]
    np.testing.assert_allclose(clf.predict_proba(X)[:, scored], corrected, rtol=1e-4)
    assert np.array_equal(clf.predict(X)[:, scored], (weighted >= 0.5).astype(Y.dtype))
    np.testing.assert_allclose(
        clf.predict_members(X).mean(0), clf.predict_proba(X), rtol=1e-4
    )
    # The choice is made in prediction: no new fit.
    clf.set_params(prior_correction=False)
    np.testing.assert_allclose(clf.predict_proba(X)[:, scored], weighted, rtol=1e-4)


def test_correction_follows_mix_and_schedule():
    weights = np.linspace(1, 30, TREE.n_nodes)
    settings = {"node_weight": weights, "mix": 0.5, "uncertainty": None}
    for epochs in (4, 5):
        # Half of the steps weighted, half of the loss in these; one step an epoch.
        clf = small(
            schedule="alternating", batch_size=100, max_epochs=epochs, **settings
        )
        loss = clf.fit(X, Y).net_.criterion_
        shift = loss.logit_shift(as_network(clf, X)).numpy()
        np.testing.assert_allclose(shift, np.log(0.75 + 0.25 * weights))


def test_corrected_probabilities_follow_the_frequencies():
    # Features that say nothing: the best probability is the frequency.
    rng = np.random.default_rng(0)
    hierarchy = Hierarchy.from_edges([("a", "b"), ("b", "c")])
    labels = rng.random((2000, 1)) < [0.4, 0.1, 0.02]
    labels = hierarchy.close(labels)
    noise = rng.normal(size=(2000, 3))
    clf = small(hierarchy, node_weight_power=1.0, max_epochs=20, lr=3e-3, dropout=0.0)
    clf.fit(noise, labels)
    corrected = clf.predict_proba(noise).mean(axis=0)
    np.testing.assert_allclose(corrected, labels.mean(axis=0), rtol=0.25)
    clf.set_params(prior_correction=False)
    assert clf.predict_proba(noise).mean(axis=0)[2] > 5 * labels[:, 2].mean()


# -- thresholds ------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.data())
def test_predictions_are_closed_for_any_thresholds(data):
    hierarchy = data.draw(
        strategies.hierarchies(max_nodes=8).filter(lambda h: h.scored.any())
    )
    features, labels = make_data(hierarchy, 20)
    clf = small(hierarchy, max_epochs=1).fit(features, labels)
    thresholds = data.draw(
        st.lists(
            st.floats(0, 1), min_size=hierarchy.n_nodes, max_size=hierarchy.n_nodes
        )
    )
    clf.set_params(threshold=thresholds)
    pred = clf.predict(features)
    assert hierarchy.is_closed(pred)
    # A node is there where it or a descendant passes its own threshold.
    passed = clf.set_params(prior_correction=False).predict_proba(features)
    expected = hierarchy.close(passed >= thresholds)
    assert np.array_equal(pred.astype(bool), expected)


def test_a_threshold_by_name_and_the_rest_a_half():
    clf = small(max_epochs=30).fit(X, Y)
    half = clf.predict(X)
    clf.set_params(threshold={"b/z": 0.0})
    pred = clf.predict(X)
    there, above = TREE.index("b/z"), TREE.index("b")
    assert pred[:, there].all()
    assert pred[:, above].all()
    other = [TREE.index(node) for node in ("a", "a/x", "a/y")]
    assert np.array_equal(pred[:, other], half[:, other])
    clf.set_params(threshold=pd.Series({"b/z": 0.0}).to_dict())
    assert np.array_equal(clf.predict(X), pred)


def test_the_validation_part_is_scored_as_it_is_predicted():
    weight = np.random.default_rng(0).choice([1.0, 4.0], len(X))
    split = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    train, valid = train_test_split(np.arange(60), test_size=0.4, random_state=split)
    clf = small(early_stopping=True, validation_fraction=0.4, max_epochs=1)
    clf.set_params(node_weight=np.geomspace(1, 99, 6)).fit(X, Y, sample_weight=weight)
    score = clf.score(X[valid], Y[valid], sample_weight=weight[valid])
    assert clf.history_[0]["valid_au_prc"] == pytest.approx(score)
    clf.set_params(prior_correction=False)
    uncorrected = clf.score(X[valid], Y[valid], sample_weight=weight[valid])
    assert uncorrected != pytest.approx(score)
    # Rows that are held out have no say in the weights.
    clf.set_params(node_weight="binary").fit(X, Y, sample_weight=weight)
    expected = node_weights(
        Y[train],
        floor=None,
        power=0.5,
        scored=TREE.scored,
        sample_weight=weight[train],
    )
    np.testing.assert_allclose(clf.node_weights_, expected)


def test_decisions_are_made_on_what_decision_proba_says():
    clf = small(node_weight=np.linspace(1, 30, TREE.n_nodes)).fit(X, Y)
    weighted = clf.decision_proba(X)
    assert np.array_equal(clf.predict(X), (weighted >= 0.5).astype(Y.dtype))
    assert not np.array_equal(clf.predict(X), clf.predict_proba(X) >= 0.5)
    uncorrected = clf.set_params(prior_correction=False).predict_proba(X)
    assert np.array_equal(uncorrected, weighted)
    frame = pd.DataFrame(Y, columns=TREE.nodes)[list(TREE.nodes)[::-1]]
    by_name = small(
        node_weight=dict(zip(TREE.nodes, np.linspace(1, 30, 6), strict=True))
    )
    assert np.array_equal(by_name.fit(X, frame).decision_proba(X), weighted[:, ::-1])
    single = small(None).fit(X, np.where(X[:, 0] > 0, "yes", "no"))
    assert np.array_equal(single.decision_proba(X), single.predict_proba(X))


def test_numbers_without_names_beside_named_columns_are_refused():
    frame = pd.DataFrame(Y, columns=TREE.nodes)[list(TREE.nodes)[::-1]]
    with pytest.raises(ValueError, match="`node_weight` has no names"):
        small(node_weight=np.arange(1.0, 7.0)).fit(X, frame)
    with pytest.raises(ValueError, match="`threshold` has no names"):
        small(threshold=[0.5] * 6).fit(X, frame)
    clf = small().fit(X, frame).set_params(threshold=np.full(6, 0.4))
    with pytest.raises(ValueError, match=r"dict\(zip\(hierarchy.nodes, threshold\)\)"):
        clf.predict(X)
    same = small(threshold=np.linspace(0.1, 0.6, 6)).fit(X, frame[list(TREE.nodes)])
    assert same.predict(X).shape == Y.shape


# -- unscored nodes --------------------------------------------------------------------


def test_unscored_nodes_have_their_training_frequency():
    clf = small(max_epochs=20).fit(X, Y)
    root, top = TREE.index("root"), TREE.index(["a", "b"])
    for proba in (clf.predict_proba(X), clf.decision_proba(X), *clf.predict_members(X)):
        expected = np.maximum(Y[:, root].mean(), proba[:, top].max(axis=1))
        np.testing.assert_allclose(proba[:, root], expected, rtol=1e-6)
    assert np.all(clf.predict_uncertainty(X)[:, root] == 0)
    everywhere = np.array(Y)
    everywhere[:, root] = 1
    proba = small().fit(X, everywhere).predict_proba(X)[:, root]
    assert np.all(proba == np.float32(1 - 2**-24))


def test_unscored_nodes_below_scored_ones_stay_coherent():
    hierarchy = Hierarchy.from_edges(
        [("a", "u"), ("u", "v"), ("v", "b"), ("w", "u")], unscored=["u", "v", "w"]
    )
    features, labels = make_data(hierarchy)
    clf = small(hierarchy, max_epochs=10).fit(features, labels)
    proba = clf.predict_proba(features)
    parents, children = hierarchy.edges.T
    assert np.all(proba[:, parents] >= proba[:, children])
    a, b, u, v, w = (proba[:, hierarchy.index(name)] for name in "abuvw")
    share = dict(zip(hierarchy.nodes, labels.mean(axis=0), strict=True))
    np.testing.assert_allclose(v, np.minimum(np.maximum(share["v"], b), a), rtol=1e-6)
    np.testing.assert_allclose(u, np.minimum(np.maximum(share["u"], v), a), rtol=1e-6)
    np.testing.assert_allclose(w, np.maximum(share["w"], u), rtol=1e-6)


# -- thresholds by the user ------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        ([0.5, 0.5], r"shape \(6,\)"),
        ({"c": 0.5}, "In `threshold`: 'c' is no node"),
        ({"b": "x"}, "In `threshold`: expected numbers, but got 'x' for node 'b'"),
        (["x"] * 6, "In `threshold`: expected numbers, but got"),
        ({"b": 1.5}, r"\[0, 1\]"),
        ([np.nan] * 6, r"\[0, 1\]"),
    ],
)
def test_bad_thresholds(threshold, message):
    clf = small(threshold=threshold)
    with pytest.raises(ValueError, match=message):
        clf.fit(X, Y)


# -- the paper -------------------------------------------------------------------------


def test_the_papers_settings_are_parameters():
    assert set(paper_defaults()) <= set(HierarchicalEnsembleClassifier().get_params())
    params = {**paper_defaults(), "hidden_layer_sizes": (8,), "max_epochs": 1}
    clf = HierarchicalEnsembleClassifier(TREE, random_state=0, **params).fit(X, Y)
    assert clf.node_weights_[TREE.scored].min() == 0.25

"""The prior correction where it depends on more than the node weights."""

import numpy as np
import torch

from sklearn_hmlc.nn import MaxConstraint
from tests.classifier.common import TREE, make_data, small

X, Y = make_data()


def test_a_dropout_ensemble_is_corrected_by_its_members_doubt():
    # With a mix the shift depends on the focal weights, which in training are those of
    # the members; one pass without dropout has no spread.
    weights = np.linspace(1, 30, TREE.n_nodes)
    clf = small(
        ensemble="dropout", n_estimators=6, mix=0.5, node_weight=weights, max_epochs=20
    ).fit(X, Y)
    network, loss = clf.net_.module_.eval(), clf.net_.criterion_
    with torch.no_grad():
        points = torch.tensor(X, dtype=torch.float32, device=clf.net_.device)
        one, members = network(points), network.members(points)
        by_members, by_one = loss.logit_shift(members), loss.logit_shift(one)
    assert not torch.allclose(by_members, by_one, atol=1e-3)
    expected = MaxConstraint(TREE)(torch.sigmoid(one - by_members.float()).cpu())
    expected = expected[0].numpy()
    scored = TREE.scored
    np.testing.assert_allclose(
        clf.predict_proba(X)[:, scored], expected[:, scored], rtol=1e-5
    )


def test_improbable_nodes_keep_their_ranks():
    clf = small(max_epochs=1, dropout=0.0).fit(X, Y)
    with torch.no_grad():
        for parameter in clf.net_.module_.parameters():
            parameter.mul_(12)
    proba = clf.predict_proba(3 * X)
    low = proba[proba < 1e-7]
    assert len(np.unique(low)) > 0.5 * len(low) > 5
    assert proba.min() >= np.finfo(np.float32).tiny
    assert proba.max() < 1

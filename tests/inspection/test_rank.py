"""`rank_rows`: sums and means worked out by hand."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import Bunch

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.inspection import rank_rows
from sklearn_hmlc.uncertainty import get_measure

HIERARCHY = Hierarchy.from_edges(
    [("top", "a"), ("top", "b")], unscored=["top"], names={"a": "apple"}
)
PROBA = np.array([[1, 0.5, 0.25], [1, 0.75, 0.5], [1, 0.0, 0.5]])
UNSURE = np.array([[9, 0.5, 0.25], [9, 0.125, 0.125], [9, 0.25, 0.5]])
X = np.zeros((3, 1))


class Fixed(ClassifierMixin, BaseEstimator):
    """Answers with the numbers above, columns in another order than the nodes."""

    hierarchy_ = HIERARCHY
    classes_ = np.array(["b", "top", "a"])

    def fit(self, X, y=None):
        return self

    def predict_proba(self, X):
        return PROBA[: len(X)][:, [2, 0, 1]]

    def predict_uncertainty(self, X, measure):
        return UNSURE[: len(X)][:, [2, 0, 1]]


def test_uncertainty_is_the_mean_over_scored_nodes():
    table = rank_rows(Fixed(), X, ids=["P", "Q", "R"])
    assert table["id"].tolist() == ["P", "R", "Q"]
    assert table["position"].tolist() == [0, 2, 1]
    assert table["score"].tolist() == [0.375, 0.375, 0.125]
    assert table["node"].tolist() == ["a", "b", "a"]
    assert table["name"].tolist() == ["apple", None, "apple"]


def test_entropy_in_bits():
    table = rank_rows(Fixed(), X, by="entropy").set_index("id")
    quarter = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    expected = [(1 + quarter) / 2, (quarter + 1) / 2, 0.5]
    assert table.loc[[0, 1, 2], "score"].tolist() == pytest.approx(expected)


def test_expected_new_nodes():
    table = rank_rows(Fixed(), X, by="new_nodes", k=2)
    assert table["id"].tolist() == [1, 0]
    assert table["score"].tolist() == pytest.approx([1.25, 0.75])
    # Named columns go by name, bare ones are the model's: b, top, a.
    known = pd.DataFrame([[1, 0, 1], [1, 1, 1], [1, 0, 0]], columns=["top", "b", "a"])
    bare = known[["b", "top", "a"]].to_numpy()
    for y in (known, bare, sp.csr_array(bare)):
        table = rank_rows(Fixed(), X, by="new_nodes", y=y)
        assert table["id"].tolist() == [2, 0, 1]
        assert table["score"].tolist() == pytest.approx([0.5, 0.25, 0])
        assert table["node"].tolist()[:2] == ["b", "b"]


def test_rare_nodes():
    counts = {"top": 50, "a": 40, "b": 3}
    y_train = np.zeros((50, 3), dtype=int)  # b, top, a
    y_train[:, 1], y_train[:40, 2], y_train[:3, 0] = 1, 1, 1
    for given in ({"train_counts": counts}, {"y_train": y_train}):
        table = rank_rows(Fixed(), X, by="rare_nodes", **given)
        assert table["id"].tolist() == [1, 2, 0]
        assert table["score"].tolist() == pytest.approx([0.5, 0.5, 0.25])
        assert set(table["node"]) == {"b"}


def test_no_node_is_named_where_none_adds():
    known = sp.csr_array([[1, 1, 0], [1, 1, 1], [0, 0, 1]])  # b, top, a
    for criterion in ("uncertainty", "entropy", "new_nodes"):
        table = rank_rows(Fixed(), X, by=criterion, y=known).set_index("id")
        assert table.loc[1, "score"] == 0
        assert table.loc[[0, 1, 2], "node"].tolist() == ["a", None, "b"]
        assert table.loc[[0, 1, 2], "name"].tolist() == ["apple", None, None]
    # What has probability 0 adds nothing either.
    scored = {"top": False, "a": True, "b": False}
    frame = pl.DataFrame({"x": X[:, 0]})
    table = rank_rows(Fixed(), frame, by="new_nodes", scored=scored)
    assert table["node"].to_list() == ["a", "a", None]


def test_nodes_that_are_numbers_stay_numbers():
    rows = pd.DataFrame({"x": [0.0, 1.0]})
    model = KNeighborsClassifier(1).fit(rows, [[1, 0], [1, 1]])
    for frame in (rows[1:], pl.from_pandas(rows[1:])):
        for known, nodes in (([[0, 0]], [0]), ([[1, 1]], [None])):
            table = rank_rows(model, frame, by="new_nodes", y=known)
            assert list(table["node"]) == nodes
    assert rank_rows(model, rows, by="new_nodes")["node"].dtype == int


def test_scored_nodes_by_name():
    scored = {"top": False, "a": True, "b": False}
    table = rank_rows(Fixed(), X, by="new_nodes", scored=scored)
    assert table["score"].tolist() == pytest.approx([0.75, 0.5, 0])


def test_blocks_give_the_same():
    hierarchy = Hierarchy.from_edges([("a", "b"), ("a", "c")])
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 4))
    Y = hierarchy.close((rows[:, :3] > 0.5).astype(int))
    model = HierarchicalEnsembleClassifier(hierarchy, max_epochs=2, random_state=0)
    model.fit(rows, Y)
    whole = rank_rows(model, rows, measure="bma")
    parts = rank_rows(model, rows, measure="bma", batch_size=7)
    pd.testing.assert_frame_equal(whole, parts)
    members = torch.from_numpy(model.predict_members(rows))
    expected = get_measure("bma")(members).numpy().mean(axis=1)
    np.testing.assert_allclose(whole["score"], np.sort(expected)[::-1], rtol=1e-5)


def test_containers_and_classes():
    model = KNeighborsClassifier(2).fit([[0.0], [1.0], [2.0]], ["cat", "cat", "dog"])
    frame = pl.DataFrame({"x": [0.1, 1.6]})
    table = rank_rows(model, frame.to_numpy(), by="entropy")
    assert table["score"].tolist() == [1, 0]
    bunch = Bunch(data=frame.to_numpy(), ids=["Tom", "Rex"])
    assert rank_rows(model, bunch, by="entropy")["id"].tolist() == ["Rex", "Tom"]
    named = Fixed()
    assert isinstance(rank_rows(named, frame, by="entropy"), pl.DataFrame)


BAD = {
    "by": ({"by": "doubt"}, ValueError, "`by`"),
    "k": ({"k": 0}, ValueError, "`k` of 1"),
    "k text": ({"k": "2"}, TypeError, "`k`"),
    "rows": ({"y": np.zeros((2, 3))}, ValueError, "of the 3 rows"),
    "nothing rare": ({"by": "rare_nodes"}, ValueError, "which nodes are rare"),
    "all frequent": (
        {"by": "rare_nodes", "train_counts": {"top": 99, "a": 50, "b": 60}},
        ValueError, "the rarest that counts has 50",
    ),
    "none that counts": (
        {
            "by": "rare_nodes",
            "train_counts": {"top": 99, "a": 50, "b": 1},
            "scored": {"top": False, "a": True, "b": False},
        },
        ValueError, "the rarest that counts has 50",
    ),
    "without use": ({"y_train": np.zeros((2, 3))}, ValueError, "alone"),
    "bare counts": (
        {"by": "rare_nodes", "train_counts": [1, 2, 3]}, ValueError, "order",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_input(given, kind, message):
    with pytest.raises(kind, match=message):
        rank_rows(Fixed(), X, **given)


def test_a_model_without_uncertainty():
    model = KNeighborsClassifier(1).fit([[0.0], [1.0]], ["cat", "dog"])
    with pytest.raises(AttributeError, match="predict_uncertainty"):
        rank_rows(model, [[0.0]])

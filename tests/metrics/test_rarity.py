"""`rarity_report` against node-wise values grouped by hand."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import bootstrap

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.metrics import au_prc, node_precision_recall_f1, rarity_report

COUNTS = [100, 40, 3, 0, 7, 3, 12, 250]
NODES = list("abcdefgh")


@pytest.fixture
def example(rng):
    y_true = rng.random((60, 8)) < 0.3
    y_true[:, [3, 4]] = False
    y_score = rng.random((60, 8)) * 0.6 + 0.4 * y_true
    return y_true, y_score > 0.5, y_score


def by_hand(y_true, y_pred, y_score, nodes):
    scores = node_precision_recall_f1(y_true[:, nodes], y_pred[:, nodes])
    present = [node for node in nodes if y_true[:, node].any()]
    area = np.nan
    if present:
        area = au_prc(y_true[:, present], y_score[:, present], average="macro")
    return {
        "n_nodes": len(nodes),
        "n_present": len(present),
        "support": y_true[:, nodes].sum(),
        "train_rows": np.mean([COUNTS[node] for node in nodes]),
        "precision": scores.precision,
        "recall": scores.recall,
        "f1": scores.f1,
        "auprc": area,
    }


def assert_report(report, groups, example):
    expected = pd.DataFrame(
        [by_hand(*example, nodes) for nodes in groups.values()], index=list(groups)
    )
    pd.testing.assert_frame_equal(report, expected, check_names=False, check_like=True)


def test_by_frequency(example):
    report = rarity_report(*example, train_counts=COUNTS, bins=[0, 1, 5, 50, 200])
    # Counts 0; 3, 3; 40, 7, 12; 100; 250.
    groups = {"0": [3], "1-4": [2, 5], "5-49": [1, 4, 6], "50-199": [0], "200+": [7]}
    assert report.index.name == "training rows"
    assert_report(report, groups, example)


def test_default_bins_leave_out_empty_ones(example):
    report = rarity_report(*example, train_counts=COUNTS)
    assert report.index.tolist() == [
        "0", "1-4", "5-9", "10-19", "20-49", "100-199", "200-499"
    ]  # fmt: skip


def test_rarest_shares_of_the_present_nodes(example):
    report = rarity_report(
        *example, train_counts=COUNTS, by="rarest", bins=[0.25, 0.5, 1]
    )
    # Present: all but 3 and 4. By count 2 (3), 5 (3), 6 (12), 1 (40), 0 (100), 7 (250);
    # a quarter of six is 1.5, rounded up.
    groups = {"25 %": [2, 5], "50 %": [2, 5, 6], "100 %": [2, 5, 6, 1, 0, 7]}
    assert report.index.name == "rarest nodes"
    assert_report(report, groups, example)
    default = rarity_report(*example, train_counts=COUNTS, by="rarest")
    pd.testing.assert_frame_equal(default, report)


@pytest.mark.parametrize("share", [0.07, 0.14, 0.28, 0.55])
def test_shares_of_a_hundred_nodes_are_whole(share):
    truth = np.ones((1, 100), dtype=int)
    report = rarity_report(
        truth, truth, train_counts=np.arange(100), by="rarest", bins=[share, 0.801]
    )
    assert report["n_nodes"].tolist() == [round(100 * share), 81]


def test_by_depth(example):
    # a - b - d, a - c, and four more roots; d is at depth 2.
    hierarchy = Hierarchy.from_edges([("a", "b"), ("b", "d"), ("a", "c")], nodes=NODES)
    nodes = [NODES.index(node) for node in hierarchy.nodes]
    ordered = [array[:, nodes] for array in example]
    report = rarity_report(*ordered, by="depth", hierarchy=hierarchy)
    assert "train_rows" not in report
    assert report.index.tolist() == ["0", "1", "2"]
    assert report.n_nodes.tolist() == [5, 2, 1]
    full = rarity_report(
        *ordered,
        by="depth",
        bins=[0, 1],
        hierarchy=hierarchy,
        train_counts=dict(zip(NODES, COUNTS, strict=True)),
    )
    assert_report(full, {"0": [0, 4, 5, 6, 7], "1+": [1, 2, 3]}, example)


def test_present_only(example):
    y_true, y_pred, _ = example
    report = rarity_report(y_true, y_pred, train_counts=COUNTS, present_only=True)
    assert report.n_nodes.sum() == 6
    assert (report.n_nodes == report.n_present).all()
    assert "auprc" not in report


def test_area_of_absent_nodes_is_marked(example):
    report = rarity_report(*example, train_counts=COUNTS)
    assert (report.auprc.isna() == (report.n_present == 0)).all()
    assert report.auprc.isna().any()


def test_unscored_nodes_are_left_out(example):
    hierarchy = Hierarchy(NODES, [(0, 1)], unscored=["a"])
    report = rarity_report(*example, train_counts=COUNTS, hierarchy=hierarchy)
    assert report.n_nodes.sum() == 7
    mask = np.arange(8) > 0
    other = rarity_report(*example, train_counts=COUNTS, scored=mask)
    pd.testing.assert_frame_equal(report, other)


def test_counts_from_labels_mappings_and_series(example, rng):
    y_train = rng.random((200, 8)) < 0.1
    counts = y_train.sum(axis=0)
    hierarchy = Hierarchy.flat(NODES)
    expected = rarity_report(*example, train_counts=counts, hierarchy=hierarchy)
    frame = pd.DataFrame(y_train, columns=NODES)
    for given in (
        {"y_train": y_train},
        {"y_train": sp.csr_array(y_train)},
        {"y_train": frame},
        {"train_counts": frame.sum()[NODES[::-1]]},
        {"train_counts": frame.sum().to_dict()},
    ):
        report = rarity_report(*example, hierarchy=hierarchy, **given)
        pd.testing.assert_frame_equal(report, expected)


# -- intervals -------------------------------------------------------------------------


@pytest.fixture
def many(rng):
    """200 test rows of 40 nodes, the last three of which no row has."""
    y_true = rng.random((200, 40)) < rng.uniform(0.02, 0.4, 40)
    y_true[:, -3:] = False
    y_score = rng.random((200, 40)) * 0.7 + 0.3 * y_true
    return y_true, y_score > 0.5, y_score


def test_intervals_are_those_of_scipy_s_bootstrap_over_nodes(many):
    given = {"train_counts": np.full(40, 60), "bins": [0]}
    row = rarity_report(*many, interval=0.9, **given).iloc[0]
    y_true, y_pred, y_score = many
    recall = [node_precision_recall_f1(y_true[:, [k]], y_pred[:, [k]]).recall
              for k in range(40)]  # fmt: skip
    areas = [au_prc(y_true[:, [k]], y_score[:, [k]], average="macro")
             for k in range(37)]  # fmt: skip
    for measure, values in {"recall": recall, "auprc": areas}.items():
        expected = bootstrap(
            (values,), np.mean, confidence_level=0.9, n_resamples=20_000,
            method="percentile", rng=0,
        ).confidence_interval  # fmt: skip
        ends = row[f"{measure}_low"], row[f"{measure}_high"]
        # 1000 draws place an end to about a tenth of the half width.
        close = 0.15 * (expected.high - expected.low) / 2
        assert ends == pytest.approx(tuple(expected), abs=close)


def test_more_confidence_is_wider_and_numbers_stay(many):
    given = {"train_counts": np.repeat([3, 30], 20), "bins": [0, 10]}
    plain, some, more = (
        rarity_report(*many, interval=interval, **given)
        for interval in (None, 0.5, 0.99)
    )
    assert not any(name.endswith(("_low", "_high")) for name in plain)
    for report in (some, more):
        pd.testing.assert_frame_equal(report[plain.columns], plain)
    for measure in ("precision", "recall", "f1", "auprc"):
        low, high = f"{measure}_low", f"{measure}_high"
        assert (more[low] < some[low]).all()
        assert (some[low] < plain[measure]).all()
        assert (plain[measure] < some[high]).all()
        assert (some[high] < more[high]).all()
    again = rarity_report(*many, interval=0.5, **given)
    pd.testing.assert_frame_equal(again, some)


def test_too_few_nodes_have_no_interval(many):
    report = rarity_report(
        *many, train_counts=[1] * 4 + [60] * 33 + [900] * 3, interval=0.95
    )
    assert report.n_nodes.tolist() == [4, 33, 3]
    assert report.recall_low.isna().tolist() == [True, False, True]
    assert report.auprc_high.isna().tolist() == [True, False, True]


def test_areas_of_absent_nodes_have_no_interval(many):
    y_true, y_pred, y_score = many
    report = rarity_report(
        y_true * (np.arange(40) < 30), y_pred, y_score,
        train_counts=np.repeat([60, 2], [30, 10]), interval=0.95,
    )  # fmt: skip
    assert report.auprc_low.isna().tolist() == [True, False]
    assert report.recall_high.tolist()[0] == 0.0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"by": "frequent"}, "`by` to be one of .* Did you mean 'frequency'"),
        ({"train_counts": None}, "`y_train` or `train_counts` with by='frequency'"),
        ({"y_train": [[1, 0]]}, "`y_train` or `train_counts`, but got both"),
        ({"train_counts": [1]}, r"`train_counts` of 2 finite numbers, .* \(1,\)"),
        ({"train_counts": [1, -1]}, "none below 0"),
        ({"train_counts": ["1", "2"]}, "`train_counts` of 2 finite numbers"),
        ({"train_counts": {0: 3}}, "`train_counts` for every node, .* for 1"),
        ({"bins": [5, 1]}, r"`bins` to be ascending finite numbers, .* \[5, 1\]"),
        ({"bins": ["a"]}, "`bins` to be ascending"),
        ({"bins": []}, "`bins` to be ascending"),
        ({"bins": 4}, "`bins` to be ascending"),
        ({"bins": [1, np.inf]}, "`bins` to be ascending"),
        ({"bins": [500]}, "all lie below 500"),
        ({"by": "rarest", "bins": [0.5, 2]}, r"`bins` in \(0, 1\]"),
        ({"by": "depth"}, '`hierarchy` with by="depth"'),
        ({"by": "rarest", "y_true": [[0, 0]]}, "a node with a positive row"),
        ({"y_score": [[1, 2, 3]]}, "Expected y_score of shape"),
        ({"y_score": [[1, 2]] * 2}, "`y_score` with as many rows"),
        ({"zero_division": -1}, "`zero_division` to be in"),
        ({"interval": 95}, r"`interval` to be in \[0, 1\], .* 95"),
        ({"interval": 1}, r"`interval` in \(0, 1\), .* 1"),
    ],
)
def test_bad_input(changed, message):
    given = {
        "y_true": [[1, 0]],
        "y_pred": [[1, 0]],
        "train_counts": [3, 4],
        **changed,
    }
    with pytest.raises(ValueError, match=message):
        rarity_report(**given)


def test_wrong_type():
    with pytest.raises(TypeError, match="`present_only` to be True or False"):
        rarity_report([[1]], [[1]], train_counts=[1], present_only="no")

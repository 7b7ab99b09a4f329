"""Bad data and parameters: words that say what to do."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import EpochScoring

from tests.classifier.common import TREE, make_data, small

X, Y = make_data()


def changed(array, where, value):
    array = array.astype(float)
    array[where] = value
    return array


@pytest.mark.parametrize(
    ("fit_X", "fit_y", "message"),
    [
        (changed(X, (0, 0), np.nan), Y, "Input X contains NaN"),
        (changed(X, (0, 0), np.inf), Y, "Input X contains infinity"),
        (changed(X, (0, 0), 1e300), Y, "infinity or a value too large for dtype"),
        (X[:0], Y[:0], "Found array with 0 sample"),
        (X, Y[:-1], "inconsistent numbers of samples"),
        (X, Y[:, :-1], r"shape \(n_samples, 6\), one column per node, but got shape"),
        (X, None, "requires y to be passed"),
        (X, changed(Y, (0, 0), np.nan), "only 0 and 1"),
        (X, changed(Y, (0, 0), 2), "only 0 and 1"),
        (X, 1 - Y, r"breaks the hierarchy .*Close it first: `Y = hierarchy.close\(Y\)"),
        (X, pd.DataFrame(Y), "columns of y must be the nodes of the hierarchy"),
        (X, ["a/x"] * 59 + ["a/q"], "labels that are no nodes .*'a/q'"),
        (X, ["root"] * 30 + ["b"] * 30, "unscored nodes, .*'root'"),
        (X, ["a/x"] * 59 + [None], "no class in 1 row"),
        (X, [["a/x"], ["b", "a/y"]] * 30, "rows have different lengths"),
        (X, np.linspace(0, 1, 60), "Unknown label type"),
        (X[:, 0], Y, "Expected 2D array, got 1D array"),
        ([["text"] * 8] * 60, Y, "could not convert string to float"),
    ],
)
def test_bad_data(fit_X, fit_y, message):
    with pytest.raises(ValueError, match=message):
        small().fit(fit_X, fit_y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"node_weight": [1.0, 2.0]}, r"shape \(6,\), one per node, but got"),
        ({"node_weight": [-1.0] * 6}, "weights >= 0, but got -1.0"),
        ({"node_weight": {"b": "x"}}, "expected numbers, but got 'x' for node 'b'"),
        ({"node_weight": "binery"}, "'node_weight' parameter .* must be"),
        ({"uncertainty": "gmo"}, "Did you mean 'gmu'"),
        ({"n_estimators": 0}, "'n_estimators' parameter .* must be"),
        ({"dropout": 1.0}, "'dropout' parameter .* must be"),
        ({"threshold": 1.5}, "'threshold' parameter .* must be"),
        ({"hierarchy": "tree"}, "'hierarchy' parameter .* must be"),
        ({"hidden_layer_sizes": (4, 0)}, "whole numbers of at least 1, but got"),
        ({"lr": 1e30}, "Training diverged: the loss is .* Lower `lr`"),
        ({"device": "mars"}, "'auto' or a device of this machine, but got 'mars'"),
        ({"net_params": {"iterator_trian__x": 1}}, "In `net_params`: .*trian"),
        ({"net_params": {"train_split": None}}, "`train_split` is set by"),
        ({"net_params": {"callbacks": 3}}, "`callbacks` to be a list, but got 3"),
        (
            {"uncertainty": lambda p: p},
            r"to return a tensor of shape \(32, 6\)",
        ),
        ({"hidden_layer_sizes": (8.5,)}, "whole numbers of at least 1"),
        ({"validation_fraction": 0.0}, "'validation_fraction' parameter"),
        ({"optimizer": torch.optim.Rprop}, "Rprop has no weight decay; set"),
        ({"optimizer": int}, "`optimizer` to be one of .* but got <class 'int'>"),
        ({"activation": torch.nn.ReLU()}, "but got a module; give the class ReLU"),
        (
            {"net_params": {"batch_size": -1}},
            "`batch_size` to be a whole number",
        ),
        ({"threshold": "f1"}, "'threshold' parameter .* must be"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(X, Y)


def test_unknown_node_in_node_weights():
    with pytest.raises(ValueError, match=r"'a/xx' is no node.*Did you mean 'a/x'"):
        small(node_weight={"a/xx": 2.0}).fit(X, Y)


def test_weights_that_are_all_zero():
    with pytest.raises(ValueError, match=r"(?i)sample weights"):
        small().fit(X, Y, sample_weight=np.zeros(60))


def test_optimisers_without_weight_decay():
    clf = small(optimizer=torch.optim.Rprop, weight_decay=0).fit(X, Y)
    assert isinstance(clf.net_.optimizer_, torch.optim.Rprop)


def test_validation_part_without_positives():
    only_root = Y * (np.arange(6) == 0)
    with (
        pytest.warns(UserWarning, match="5 of 6 nodes"),
        pytest.raises(ValueError, match="validation rows has a positive node"),
    ):
        small(early_stopping=True).fit(X, only_root)


def test_empty_class_warns_once():
    labels = Y * (np.arange(6) != TREE.index("a/x"))
    labels = TREE.close(labels)
    with pytest.warns(UserWarning, match=r"1 of 6 nodes .*'a/x'") as record:
        clf = small().fit(X, labels)
    assert len(record) == 1
    assert np.isfinite(clf.predict_proba(X)).all()


def test_parameters_without_effect_are_warned_about():
    for params, message in (
        (
            {"node_weight": None, "node_weight_power": 1.0},
            "power. .node_weight is None",
        ),
        (
            {"node_weight": {"a": 2.0}, "node_weight_floor": 0.1},
            "node_weight is no sch",
        ),
        ({"uncertainty": None, "focal_exponent": 2.0}, "focal_exponent. .uncertainty"),
        ({"mix": 0.0, "schedule": "linear"}, "schedule. .mix is 0"),
        ({"schedule": "linear", "schedule_exponent": 3.0}, "schedule is not 'power'"),
        ({"n_iter_no_change": 3}, "n_iter_no_change. .early_stopping is False"),
        ({"encoder_lr": 0.1}, "encoder_lr. .encoder is None"),
        ({"mix": 0.0, "uncertainty": "bma"}, "uncertainty. .mix is 0"),
        ({"mix": 0.0, "node_weight": "class-wise"}, "node_weight. .mix is 0"),
        ({"mix": 0.0, "node_weight_power": 0.9}, "node_weight_power. .mix is 0"),
        ({"mix": 0.0, "focal_floor": 0.7}, "focal_floor. .mix is 0"),
        ({"mix": 0.0, "prior_correction": False}, "prior_correction. .mix is 0"),
    ):
        with pytest.warns(UserWarning, match=f"no effect: .*{message}"):
            small(**params).fit(X, Y)


def test_no_threshold_decides_on_classes():
    classes = np.array(["a", "b"])[Y[:, 1]]
    with pytest.warns(UserWarning, match="no effect: `threshold` .y is 1-D"):
        small(None, threshold=0.9).fit(X, classes)


def test_a_node_that_weighs_nothing_is_told():
    with pytest.warns(UserWarning, match="node_weight_floor=0: .* positive rows"):
        clf = small(node_weight_floor=0).fit(X, Y)
    assert clf.node_weights_[TREE.scored].min() == 0


@pytest.mark.parametrize(
    "params",
    [
        {"n_estimators": 1, "uncertainty": "mutual_information"},
        {"ensemble": "dropout", "dropout": 0.0, "uncertainty": "epistemic_js"},
    ],
)
def test_a_loss_that_is_nothing_is_told(params):
    with pytest.warns(ConvergenceWarning, match="the loss is 0 in every epoch.*floor"):
        small(focal_floor=0, **params).fit(X, Y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"activation": torch.relu}, "`activation` .* make a module when it is called"),
        ({"activation": lambda: 1}, "`activation` .* gave 1"),
        ({"net_params": {"optimizer": "adam"}}, "`optimizer` a class of torch.optim"),
        ({"net_params": {"batch_size": None}}, "`batch_size` to be a whole number"),
        ({"net_params": {"callbacks": [1]}}, "`callbacks` of skorch, .* but got 1"),
        ({"net_params": {"max_epochs": 7}}, "`max_epochs` is a parameter of the cl"),
        ({"net_params": {"verbose": 1}}, "`verbose` is a parameter of the classifier"),
        ({"net_params": {"warm_start": True}}, "`warm_start` is a parameter of the"),
    ],
)
def test_what_nets_are_made_of(params, message):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(X, Y)


def test_weights_of_all_nodes_in_skorch_words():
    labels = TREE.close(Y * (np.arange(6) != TREE.index("a/x")))
    weights = 1 + np.arange(6.0)
    given = {"criterion__negative_weight": weights}
    with pytest.warns(UserWarning, match="no positive row"):
        clf = small(net_params=given).fit(X, labels)
    there = np.flatnonzero(labels.any(axis=0))
    np.testing.assert_array_equal(clf.net_.criterion_.negative_weight, weights[there])


def test_batches_that_are_never_full():
    drop = {"iterator_train__drop_last": True}
    with pytest.raises(ValueError, match="60 rows are fewer than a batch of 100"):
        small(batch_size=100, net_params=drop).fit(X, Y)
    assert small(batch_size=25, net_params=drop).fit(X, Y).n_iter_ == 3


def test_scoring_callbacks_of_skorch_are_refused():
    scoring = EpochScoring("average_precision", lower_is_better=False)
    for callbacks in ([scoring], [("score", scoring)]):
        with pytest.raises(ValueError, match="EpochScoring can't score this net"):
            small(net_params={"callbacks": callbacks}).fit(X, Y)


def test_ids_in_another_order_are_warned_about():
    ids = [f"g{k}" for k in range(60)]
    features = pd.DataFrame(X, index=ids)
    labels = pd.DataFrame(Y, columns=TREE.nodes, index=ids)
    small().fit(features, labels)
    with pytest.warns(UserWarning, match=r"in another order.*y.loc\[X.index\]"):
        small().fit(features, labels.sort_index())

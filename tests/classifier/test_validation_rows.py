"""Validation rows of the user's, the score that stops training, and its records."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import make_scorer, zero_one_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc.metrics import au_prc, get_scorer
from tests.classifier.common import TREE, make_data, small

X, Y = make_data()
X_VAL, Y_VAL = make_data(n_samples=30, seed=1)


def early(**params):
    return small(**{"early_stopping": True, "max_epochs": 6, **params})


def test_same_as_a_split_of_the_same_rows():
    by_split = early(validation_fraction=0.25).fit(X, Y)
    seed = by_split._split_seed
    train, valid = train_test_split(np.arange(60), test_size=0.25, random_state=seed)
    # What follows from all rows, the node weights, would differ.
    weights = by_split.node_weights_
    by_split = early(validation_fraction=0.25, node_weight=weights).fit(X, Y)
    given = early(node_weight=weights, prior_correction=False)
    given.fit(X[train], Y[train], X_val=X[valid], y_val=Y[valid])
    np.testing.assert_array_equal(
        given.decision_proba(X_VAL), by_split.decision_proba(X_VAL)
    )
    assert given.loss_curve_ == by_split.loss_curve_


def test_all_rows_are_trained_on():
    class Count:
        def fit_resample(self, X, y):
            self.n_rows_ = len(X)
            return X, y

        def get_params(self, deep=True):
            return {}

    with_val = early(sampler=Count()).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert with_val.sampler_.n_rows_ == 60
    assert early(sampler=Count()).fit(X, Y).sampler_.n_rows_ == 54


def test_best_score_is_that_of_the_model():
    clf = early(lr=0.05, max_epochs=12).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert clf.best_validation_score_ == pytest.approx(clf.score(X_VAL, Y_VAL))
    assert len(clf.validation_scores_) == clf.n_iter_ == len(clf.loss_curve_)
    recorded = [epoch["valid_au_prc"] for epoch in clf.history_]
    assert clf.validation_scores_ == recorded
    assert len(set(recorded)) > 1


def test_curves_without_early_stopping():
    clf = small().fit(X, Y)
    assert clf.loss_curve_ == [epoch["train_loss"] for epoch in clf.history_]
    assert clf.validation_scores_ is None
    assert clf.best_validation_score_ is None
    clf.partial_fit(X, Y)
    assert len(clf.loss_curve_) == clf.n_iter_ == 4


def test_nodes_that_no_training_row_has_count_in_the_score():
    labels = Y.copy()
    labels[:, TREE.index("a/x")] = 0
    with pytest.warns(UserWarning, match="no positive row"):
        clf = early().fit(X, labels, X_val=X_VAL, y_val=Y_VAL)
    assert clf._outputs.nodes is not None
    assert Y_VAL[:, TREE.index("a/x")].any()
    expected = au_prc(Y_VAL, clf.predict_proba(X_VAL), scored=TREE.scored)
    assert clf.best_validation_score_ == pytest.approx(expected)
    with pytest.warns(UserWarning, match="no positive row"):
        named = early(scoring="au_prc").fit(X, labels, X_val=X_VAL, y_val=Y_VAL)
    assert named.validation_scores_ == pytest.approx(clf.validation_scores_)


def test_weights_of_validation_rows():
    weight = np.linspace(0, 2, len(X_VAL))
    parts = {"X_val": X_VAL, "y_val": Y_VAL}
    clf = early().fit(X, Y, **parts, sample_weight_val=weight)
    expected = clf.score(X_VAL, Y_VAL, sample_weight=weight)
    assert clf.best_validation_score_ == pytest.approx(expected, abs=1e-6)
    assert clf.score(X_VAL, Y_VAL) != pytest.approx(expected, abs=1e-4)
    named = early(scoring="fmax").fit(X, Y, **parts, sample_weight_val=weight)
    scorer = get_scorer("fmax")
    expected = scorer(named, X_VAL, Y_VAL, sample_weight=weight)
    assert scorer(named, X_VAL, Y_VAL) != pytest.approx(expected, abs=1e-4)
    assert named.best_validation_score_ == pytest.approx(expected, abs=1e-6)


# -- scoring ---------------------------------------------------------------------------


def first_column(estimator, X, y):
    return float(-np.mean((estimator.predict_proba(X)[:, 1] - y[:, 1]) ** 2))


SCORINGS = {
    "valid_fmax": "fmax",
    "valid_au_prc": "au_prc",
    "valid_node_f1_macro": "node_f1_macro",  # of decisions
    "valid_neg_log_loss": "neg_log_loss",
    "valid_score": make_scorer(zero_one_loss, greater_is_better=False),
}


@pytest.mark.filterwarnings("ignore:The y_prob values do not sum:UserWarning")
@pytest.mark.parametrize("name", SCORINGS)
def test_scorers_see_what_the_classifier_answers(name):
    clf = early(scoring=SCORINGS[name]).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    expected = get_scorer(SCORINGS[name])(clf, X_VAL, Y_VAL)
    assert clf.best_validation_score_ == pytest.approx(expected, abs=1e-6)
    assert clf.validation_scores_ == [epoch[name] for epoch in clf.history_]


def number_of_epochs(estimator, X, y):
    return len(estimator.net_.history)


def minus_number_of_epochs(estimator, X, y):
    return -len(estimator.net_.history)


def test_higher_is_better():
    up = early(scoring=number_of_epochs, n_iter_no_change=2).fit(X, Y)
    assert up.n_iter_ == 6
    assert up.best_validation_score_ == 6
    down = early(scoring=minus_number_of_epochs, n_iter_no_change=2).fit(X, Y)
    assert down.n_iter_ == 3  # the first is the best, and two were no better
    assert down.best_validation_score_ == -1


def test_scorers_have_the_labels_of_fit_and_rows_without_warnings():
    kinds = []

    def look(estimator, X, y):
        kinds.append((type(y), list(y.columns), estimator.predict(X).shape))
        return 0.0

    columns = [f"f{number}" for number in range(X.shape[1])]
    frame = pd.DataFrame(X, columns=columns)
    labels = pd.DataFrame(Y, columns=TREE.nodes).iloc[:, ::-1]
    early(scoring=look, max_epochs=1).fit(frame, labels)
    assert kinds == [(pd.DataFrame, list(TREE.nodes)[::-1], (6, TREE.n_nodes))]


def test_columns_of_validation_labels_go_by_name():
    labels = pd.DataFrame(Y_VAL, columns=TREE.nodes)
    bare = early().fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    named = early().fit(X, Y, X_val=X_VAL, y_val=labels.iloc[:, ::-1])
    assert named.validation_scores_ == bare.validation_scores_
    sparse = early().fit(X, Y, X_val=sp.csr_array(X_VAL), y_val=sp.csr_array(Y_VAL))
    assert sparse.validation_scores_ == bare.validation_scores_


def test_one_class_per_row():
    y = np.array(["a/x", "a/y", "b/z", "b", "a"])[np.arange(len(X)) % 5]
    clf = early(scoring="accuracy").fit(X, y, X_val=X_VAL, y_val=y[:30])
    assert clf.best_validation_score_ == pytest.approx(clf.score(X_VAL, y[:30]))
    with pytest.raises(ValueError, match="were not among the classes"):
        early().fit(X, y, X_val=X_VAL[:1], y_val=["other"])


def test_images_on_disk(tmp_path):
    torch = pytest.importorskip("torch")
    images = np.lib.format.open_memmap(
        tmp_path / "images.npy", mode="w+", dtype=np.uint8, shape=(60, 1, 4, 4)
    )
    images[:] = np.random.default_rng(0).integers(0, 256, images.shape)
    clf = early(scoring="fmax", encoder=torch.nn.Conv2d(1, 2, 3)).fit(images, Y)
    assert len(clf.validation_scores_) == clf.n_iter_


def test_searches_and_pipelines_hand_them_on():
    rows = {"X_val": X_VAL, "y_val": Y_VAL}
    search = GridSearchCV(early(max_epochs=2), {"dropout": [0.1]}, cv=2).fit(
        X, Y, **rows
    )
    best = search.best_estimator_
    assert best.best_validation_score_ == pytest.approx(best.score(X_VAL, Y_VAL))
    with config_context(enable_metadata_routing=True):
        inner = early().set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("net", clone(inner))]
        pipeline = Pipeline(steps, transform_input=["X_val"]).fit(X, Y, **rows)
    net = pipeline["net"]
    assert net.best_validation_score_ == pytest.approx(pipeline.score(X_VAL, Y_VAL))


def test_warm_start_goes_on_with_others():
    clf = early(warm_start=True, max_epochs=2).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    clf.set_params(scoring="fmax").fit(X, Y)
    assert [("valid_au_prc" in e, "valid_fmax" in e) for e in clf.history_] == [
        *[(True, False)] * 2,
        *[(False, True)] * 2,
    ]
    assert len(clf.validation_scores_) == 2


# -- at the door -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"X_val": X_VAL}, "y_val is None"),
        ({"y_val": Y_VAL}, "X_val is None"),
        ({"sample_weight_val": [1.0]}, "Expected X_val and y_val with"),
        ({"X_val": X_VAL, "y_val": Y_VAL[:5]}, r"X_val, y_val.*inconsistent numbers"),
        ({"X_val": X_VAL[:, 1:], "y_val": Y_VAL}, r"X_val, y_val.*7 features"),
        ({"X_val": X_VAL * np.nan, "y_val": Y_VAL}, r"X_val, y_val.*NaN"),
        ({"X_val": X_VAL, "y_val": 1 - Y_VAL}, r"X_val, y_val"),
        ({"X_val": X_VAL, "y_val": 0 * Y_VAL}, "30 validation rows .* give others"),
    ],
)
def test_bad_validation_rows(given, error):
    clf = early()
    with pytest.raises(ValueError, match=error):
        clf.fit(X, Y, **given)
    assert not hasattr(clf, "classes_")


def test_validation_rows_without_early_stopping():
    with pytest.raises(ValueError, match="early_stopping is False"):
        small().fit(X, Y, X_val=X_VAL, y_val=Y_VAL)


def test_a_fitted_classifier_takes_validation_rows_of_other_data():
    clf = early().fit(X, Y)
    clf.fit(X[:, 1:], Y, X_val=X_VAL[:, 1:], y_val=Y_VAL)
    assert clf.n_features_in_ == 7


def test_unknown_scoring():
    with pytest.raises(ValueError, match=r"fmaxx.*fmax"):
        early(scoring="fmaxx").fit(X, Y)
    with pytest.warns(UserWarning, match=r"`scoring` \(early_stopping is False"):
        small(scoring="fmax").fit(X, Y)


@pytest.mark.parametrize("value", [np.nan, None, [1.0]])
def test_scores_that_are_none(value):
    with pytest.raises(ValueError, match="finite number, but got"):
        early(scoring=lambda *args: value).fit(X, Y)


def test_scoring_that_takes_no_weights():
    with pytest.raises(ValueError, match="`scoring` takes none"):
        early(scoring=first_column).fit(X, Y, sample_weight=np.ones(60))
    early(scoring=first_column).fit(X, Y)

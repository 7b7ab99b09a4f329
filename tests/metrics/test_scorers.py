"""Scorers by name in scikit-learn's own tools."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy, metrics
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.metrics import get_scorer, get_scorer_names

HIERARCHY = Hierarchy.from_edges([("r", "a"), ("r", "b"), ("a", "c")], unscored=["r"])


class Frequencies(ClassifierMixin, BaseEstimator):
    """Gives every row the nodes' training frequencies to some power."""

    def __init__(self, power=1.0, hierarchy=None):
        self.power = power
        self.hierarchy = hierarchy

    def fit(self, X, y):
        self.frequency_ = np.mean(y, axis=0) ** self.power
        self.classes_ = np.arange(len(self.frequency_))
        if self.hierarchy is not None:
            self.hierarchy_ = self.hierarchy
        return self

    def predict_proba(self, X):
        # The first feature tells where a row stands, so that rows differ.
        return np.clip(self.frequency_ + 0.3 * np.asarray(X)[:, :1], 0, 1)

    def predict(self, X):
        return (self.predict_proba(X) > 0.5).astype(int)


@pytest.fixture
def example(rng):
    y = HIERARCHY.close((rng.random((60, 4)) < 0.25).astype(int))
    y[:, 0] = 1
    return rng.normal(size=(60, 3)), y


def test_names():
    names = get_scorer_names()
    assert names == sorted(names)
    assert {"au_prc", "fmax", "neg_smin", "node_f1_macro"} <= set(names)
    assert not set(names) & set(sklearn.metrics.get_scorer_names())


def test_values_are_the_measures(example):
    X, y = example
    model = Frequencies(hierarchy=HIERARCHY).fit(X, y)
    proba, labels = model.predict_proba(X), model.predict(X)
    information = metrics.information_accretion(y, HIERARCHY)
    known = {"hierarchy": HIERARCHY}
    nodewise = metrics.node_precision_recall_f1
    hierarchical = metrics.hierarchical_precision_recall_f1(y, labels, **known)
    expected = {
        "au_prc": metrics.au_prc(y, proba, **known),
        "au_prc_macro": metrics.au_prc(y, proba, average="macro", **known),
        "au_prc_weighted": metrics.au_prc(y, proba, average="weighted", **known),
        "au_prc_davis_goadrich": metrics.au_prc(
            y, proba, interpolation="davis-goadrich", **known
        ),
        "fmax": metrics.fmax_score(y, proba, **known),
        "weighted_fmax": metrics.weighted_fmax_score(y, proba, information, **known),
        "neg_smin": -metrics.smin_score(y, proba, information, **known),
        "hierarchical_precision": hierarchical.precision,
        "hierarchical_recall": hierarchical.recall,
        "hierarchical_f1": hierarchical.f1,
    }
    for average in ("macro", "micro", "weighted"):
        scores = nodewise(y, labels, average=average, **known)
        for field in ("precision", "recall", "f1"):
            expected[f"node_{field}_{average}"] = getattr(scores, field)
    assert sorted(expected) == get_scorer_names()
    for name, value in expected.items():
        informed = name in ("weighted_fmax", "neg_smin")
        options = {"information": information} if informed else {}
        assert get_scorer(name, **options)(model, X, y) == pytest.approx(value), name


def test_options(example):
    X, y = example
    y[:, 3] = 0
    model = Frequencies().fit(X, y)
    scorer = get_scorer("node_recall_macro", present_only=True, hierarchy=HIERARCHY)
    expected = metrics.node_precision_recall_f1(
        y, model.predict(X), present_only=True, hierarchy=HIERARCHY
    )
    assert scorer(model, X, y) == expected.recall
    text = repr(scorer)
    assert text.startswith(
        "get_scorer('node_recall_macro', present_only=True, hierarch"
    )


def test_hierarchy_is_found_on_the_estimator(example):
    X, y = example
    scorer = get_scorer("au_prc")
    without = scorer(Frequencies().fit(X, y), X, y)
    model = Frequencies(hierarchy=HIERARCHY)
    pipeline = make_pipeline(StandardScaler(with_mean=False, with_std=False), model)
    search = GridSearchCV(model, {"power": [1.0]}, cv=2, scoring=scorer)
    expected = metrics.au_prc(y, model.fit(X, y).predict_proba(X), hierarchy=HIERARCHY)
    # The unscored r is in every row; with it the area is larger.
    assert expected < without
    for fitted in (model, pipeline.fit(X, y), search.fit(X, y)):
        assert scorer(fitted, X, y) == pytest.approx(expected)


def test_grid_search_picks_the_best(example):
    X, y = example
    scoring = {name: get_scorer(name) for name in ("au_prc", "node_f1_macro")}
    search = GridSearchCV(
        Frequencies(hierarchy=HIERARCHY),
        {"power": [0.0, 1.0]},
        cv=3,
        scoring=scoring,
        refit="au_prc",
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"power": 1.0}
    assert np.isfinite(search.cv_results_["mean_test_node_f1_macro"]).all()
    assert 0 < search.best_score_ <= 1


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5, random_state=0),
        KNeighborsClassifier(),
        MultiOutputClassifier(KNeighborsClassifier()),
        make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)),
        MLPClassifier((3,), solver="lbfgs", max_iter=5000, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_estimators_of_sklearn(example, model):
    X, y = example
    scores = cross_validate(
        model, X, y[:, 1:], scoring=get_scorer("au_prc"), cv=2, error_score="raise"
    )
    assert (scores["test_score"] > 0).all()


def test_node_that_training_never_had(example):
    # The forest gives one column of ones, for class 0, to such a node. As a score of
    # the node that would put all of its rows on top.
    X, y = example
    y_train = y.copy()
    y_train[:, 3] = 0
    forest = RandomForestClassifier(5, random_state=0).fit(X, y_train)
    assert forest.predict_proba(X)[3].shape == (60, 1)
    # r, the other way round, is in all rows; its one column is for class 1.
    proba = np.column_stack(
        [np.ones(60), *(forest.predict_proba(X)[j][:, 1] for j in (1, 2)), np.zeros(60)]
    )
    expected = metrics.au_prc(y, proba)
    assert get_scorer("au_prc")(forest, X, y) == pytest.approx(expected)


def test_names_of_sklearn_fall_through(example):
    X, y = example
    model = LogisticRegression().fit(X, y[:, 1])
    expected = sklearn.metrics.get_scorer("accuracy")(model, X, y[:, 1])
    assert get_scorer("accuracy")(model, X, y[:, 1]) == expected
    assert get_scorer(None) is None
    assert get_scorer(len) is len


def test_scorers_travel(example):
    X, y = example
    model = Frequencies(hierarchy=HIERARCHY).fit(X, y)
    scorer = get_scorer("node_f1_macro", present_only=True)
    copy = pickle.loads(pickle.dumps(scorer))
    assert copy(model, X, y) == scorer(model, X, y)


def test_sample_weight_is_passed_on(example):
    X, y = example
    model = Frequencies(hierarchy=HIERARCHY).fit(X, y)
    weights = np.arange(60)
    expected = metrics.au_prc(
        y, model.predict_proba(X), hierarchy=HIERARCHY, sample_weight=weights
    )
    assert get_scorer("au_prc")(model, X, y, sample_weight=weights) == expected


def test_unknown_name():
    with pytest.raises(ValueError, match=r"`scoring` to be one of au_prc,.*'au_prc'"):
        get_scorer("auprc")


def test_options_for_scorers_of_sklearn():
    with pytest.raises(
        ValueError, match=r"no options with scoring='accuracy', .*scored"
    ):
        get_scorer("accuracy", scored=None)


def test_estimator_without_probabilities(example):
    X, y = example
    model = MultiOutputClassifier(Perceptron()).fit(X, y[:, 1:])
    with pytest.raises(AttributeError, match="but MultiOutputClassifier has neither"):
        get_scorer("au_prc")(model, X, y[:, 1:])


def test_columns_of_a_classifier_follow_its_own_y():
    X, Y, hierarchy = make_hierarchical_multilabel(
        80, n_features=6, n_nodes=6, random_state=0
    )
    order = np.random.default_rng(0).permutation(6)
    frame = pd.DataFrame(Y, columns=hierarchy.nodes).iloc[:, order]
    clf = HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=1, hidden_layer_sizes=(8,), max_epochs=2, random_state=0
    )
    for labels in (Y, frame):
        clf.fit(X, labels)
        assert get_scorer("au_prc")(clf, X, labels) == pytest.approx(
            clf.score(X, labels)
        )


# -- weights of rows -----------------------------------------------------------------


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def every_scorer(y):
    information = metrics.information_accretion(y, HIERARCHY)
    for name in get_scorer_names():
        informed = name in ("weighted_fmax", "neg_smin")
        options = {"information": information} if informed else {}
        yield name, get_scorer(name, **options)


def test_weights_are_routed(example, routing):
    X, y = example
    weights = np.arange(60) % 3
    scoring = {
        name: scorer.set_score_request(sample_weight=True)
        for name, scorer in every_scorer(y)
    }
    options = {"cv": 2, "return_estimator": True, "error_score": "raise"}
    model = Frequencies(hierarchy=HIERARCHY)
    found = cross_validate(
        model, X, y, scoring=scoring, params={"sample_weight": weights}, **options
    )
    plain = cross_validate(model, X, y, scoring=dict(every_scorer(y)), **options)
    for name, scorer in every_scorer(y):
        for fold, test in enumerate(np.split(np.arange(60), 2)):
            fitted = found["estimator"][fold]
            # Weights say how often a row comes.
            rows = np.repeat(test, weights[test])
            expected = scorer(fitted, X[rows], y[rows])
            assert found[f"test_{name}"][fold] == pytest.approx(expected), name
    assert (found["test_au_prc"] != plain["test_au_prc"]).all()


def test_weights_decide_a_search(example, routing):
    X, y = example
    weights = np.where(np.arange(60) % 2, 0, 2)
    scorer = get_scorer("au_prc").set_score_request(sample_weight=True)
    search = GridSearchCV(
        Frequencies(hierarchy=HIERARCHY),
        {"power": [0.0, 1.0, 2.0]},
        cv=2,
        scoring=scorer,
        error_score="raise",
    ).fit(X, y, sample_weight=weights)
    test = np.arange(30)[weights[:30] > 0]
    fitted = Frequencies(1.0, HIERARCHY).fit(X[30:], y[30:])
    expected = get_scorer("au_prc")(fitted, X[test], y[test])
    assert search.cv_results_["split0_test_score"][1] == pytest.approx(expected)


def test_weights_that_nobody_asked_for(example, routing):
    X, y = example
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        cross_validate(
            Frequencies(hierarchy=HIERARCHY),
            X,
            y,
            scoring=get_scorer("au_prc"),
            params={"sample_weight": np.ones(60)},
        )


# -- what can't be scored ------------------------------------------------------------


@pytest.mark.parametrize("name", ["neg_smin", "weighted_fmax"])
def test_information_is_asked_for_at_once(name):
    with pytest.raises(ValueError, match=rf"option `information` .*{name}"):
        get_scorer(name)


@pytest.mark.parametrize("kind", [np.asarray, pd.Series, list])
def test_one_class_per_row(example, kind):
    X, y = example
    target = kind(np.array(list("ab"))[y[:, 1]])
    model = HierarchicalEnsembleClassifier(
        n_estimators=1, hidden_layer_sizes=(4,), max_epochs=1, random_state=0
    ).fit(X, target)
    for name in ("au_prc", "node_f1_macro"):
        with pytest.raises(ValueError, match=rf"'{name}' takes .* shape \(60,\).*f1_"):
            get_scorer(name)(model, X, target)


def test_values_per_node_beside_another_order(example):
    X, y = example
    frame = pd.DataFrame(y, columns=HIERARCHY.nodes)
    mixed = frame[["c", "r", "b", "a"]]
    forest = RandomForestClassifier(5, random_state=0).fit(X, mixed)
    proba = np.column_stack([one[:, -1] for one in forest.predict_proba(X)])
    proba = pd.DataFrame(proba, columns=mixed.columns)
    bits = metrics.information_accretion(frame, HIERARCHY)
    expected = metrics.smin_score(frame, proba, bits, hierarchy=HIERARCHY)
    for values in (bits, bits[mixed.columns], bits.to_dict()):
        scorer = get_scorer("neg_smin", hierarchy=HIERARCHY, information=values)
        assert scorer(forest, X, mixed) == pytest.approx(-expected)
    scorer = get_scorer("neg_smin", hierarchy=HIERARCHY, information=bits.to_numpy())
    with pytest.raises(ValueError, match=r"`information` has no names, .* of `y` are"):
        scorer(forest, X, mixed)


def test_a_forest_answers_in_the_columns_of_its_y(example):
    X, y = example
    mixed = pd.DataFrame(y, columns=HIERARCHY.nodes)[["c", "r", "b", "a"]]
    forest = RandomForestClassifier(5, random_state=0).fit(X, mixed)
    proba = np.column_stack([one[:, -1] for one in forest.predict_proba(X)])
    proba = pd.DataFrame(proba, columns=mixed.columns)[list(HIERARCHY.nodes)]
    expected = metrics.au_prc(y, proba.to_numpy(), hierarchy=HIERARCHY)
    scorer = get_scorer("au_prc", hierarchy=HIERARCHY)
    assert scorer(forest, X, mixed) == pytest.approx(expected)


def test_same_rows_in_another_order_warn(example):
    X, y = example
    X, y = pd.DataFrame(X), pd.DataFrame(y, columns=HIERARCHY.nodes)
    model = KNeighborsClassifier().fit(X, y)
    with pytest.warns(UserWarning, match="X and y have the same row ids"):
        get_scorer("au_prc", hierarchy=HIERARCHY)(model, X, y[::-1])


def test_unknown_option():
    with pytest.raises(ValueError, match=r"got 'present_onyl'.*'present_only'\?"):
        get_scorer("node_f1_macro", present_onyl=True)
    with pytest.raises(ValueError, match=r"got 'sample_weigth'.*'sample_weight'\?"):
        get_scorer("au_prc_macro", sample_weigth=[1])


def test_a_model_of_other_nodes(example):
    X, y = example
    other = Hierarchy.from_edges([("q", "s"), ("q", "t"), ("s", "u")])
    for hierarchy, message in ((other, "unknown: 'q', 's'"), (HIERARCHY, None)):
        model = HierarchicalEnsembleClassifier(
            hierarchy if message else None,
            n_estimators=1,
            hidden_layer_sizes=(4,),
            max_epochs=1,
            random_state=0,
        ).fit(X, hierarchy.close(y))
        scorer = get_scorer("au_prc", hierarchy=HIERARCHY)
        if message:
            with pytest.raises(ValueError, match=message):
                scorer(model, X, y)
        else:
            proba = model.predict_proba(X)
            expected = metrics.au_prc(y, proba, hierarchy=HIERARCHY)
            assert scorer(model, X, y) == expected

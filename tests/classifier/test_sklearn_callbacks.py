"""scikit-learn's own callbacks: progress bars, scores by epoch, an early end."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc.metrics import get_scorer
from tests.classifier.common import make_data, small

callback = pytest.importorskip("sklearn.callback")

X, Y = make_data()


class Recorder:
    """Note what it is told, and end training after some epochs."""

    def __init__(self, last=None, fail=None):
        self.last, self.fail = last, fail
        self.told, self.models = [], []

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.data = X, y, metadata
        self.told.append(f"begin {context.task_name} {context.max_subtasks}")

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.told.append(f"end {context.task_name}")
        self.models.append(fitted_estimator)
        if context.task_name == "epoch" and context.task_id == self.fail:
            raise RuntimeError("no more")
        return context.task_name == "epoch" and context.task_id == self.last


def test_a_task_for_the_fit_and_one_for_each_epoch():
    told = Recorder()
    clf = small(max_epochs=2).set_callbacks(told).fit(X, Y, sample_weight=np.ones(60))
    epoch = ["begin epoch 0", "end epoch"]
    begin, end = ["setup", "begin fit 2"], ["end fit", "teardown"]
    assert told.told == [*begin, *epoch, *epoch, *end]
    assert told.data[0] is X
    assert told.data[1] is Y
    assert told.data[2]["sample_weight"].shape == (60,)
    assert clf.n_iter_ == 2


def test_models_of_each_epoch_stay_as_they_were():
    told = Recorder()
    small(max_epochs=3).set_callbacks(told).fit(X, Y)
    *epochs, whole = told.models
    for number, model in enumerate(epochs, start=1):
        expected = small(max_epochs=number).fit(X, Y)
        np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(whole.predict_proba(X), epochs[2].predict_proba(X))


def test_a_callback_may_end_training():
    told = Recorder(last=1)
    clf = small(max_epochs=5).set_callbacks(told).fit(X, Y)
    assert clf.n_iter_ == 2
    assert told.told[-2:] == ["end fit", "teardown"]
    expected = small(max_epochs=2).fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


def test_the_last_epoch_of_early_stopping_is_told():
    told = Recorder()
    params = {"early_stopping": True, "n_iter_no_change": 1, "max_epochs": 50}
    scoring = {"scoring": lambda estimator, X, y: -len(estimator.net_.history)}
    clf = small(**params, **scoring).set_callbacks(told).fit(X, Y)
    assert clf.n_iter_ == told.told.count("end epoch") == 2


def test_callbacks_end_where_a_fit_fails():
    told = Recorder(fail=1)
    clf = small().set_callbacks(told)
    with pytest.raises(RuntimeError, match="no more"):
        clf.fit(X, Y)
    assert told.told[-1] == "teardown"
    assert not hasattr(clf, "net_")
    assert not [name for name in vars(clf) if "ctx" in name or "teardown" in name]
    with pytest.raises(ValueError, match="NaN"):
        clf.fit(X * np.nan, Y)


def test_same_model_with_callbacks_and_without():
    plain = small().fit(X, Y)
    watched = small().set_callbacks(Recorder()).fit(X, Y)
    np.testing.assert_array_equal(watched.predict_proba(X), plain.predict_proba(X))


def test_clones_and_copies_keep_callbacks():
    told = Recorder()
    clf = small(max_epochs=1).set_callbacks(told)
    clone(clf).fit(X, Y)
    assert "end fit" in told.told
    fitted = clf.fit(X, Y)
    for same in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(same.predict_proba(X), clf.predict_proba(X))


def test_scoring_monitor():
    monitor = callback.ScoringMonitor(scoring={"au_prc": get_scorer("au_prc")})
    clf = small(max_epochs=3).set_callbacks(monitor).fit(X, Y)
    rows = monitor.get_logs().data
    scores = [row["au_prc"] for row in rows if row["task_name"] == "epoch"]
    assert len(scores) == 3
    assert scores[-1] == pytest.approx(clf.score(X, Y))
    expected = [small(max_epochs=n).fit(X, Y).score(X, Y) for n in (1, 2)]
    assert scores[:2] == pytest.approx(expected)


def test_scoring_monitor_in_a_search():
    monitor = callback.ScoringMonitor(scoring=get_scorer("fmax"))
    clf = small(max_epochs=2).set_callbacks(monitor)
    GridSearchCV(clf, {"dropout": [0.1, 0.3]}, cv=2, refit=False).fit(X, Y)
    rows = monitor.get_logs().data
    assert len([row for row in rows if row["task_name"] == "epoch"]) == 8


def test_progress_bar(capsys):
    pytest.importorskip("rich")
    bar = callback.ProgressBar()
    pipeline = make_pipeline(StandardScaler(), small(max_epochs=2))
    pipeline.set_callbacks(bar).fit(X, Y)
    shown = capsys.readouterr().out
    assert "HierarchicalEnsembleClassifier" in shown
    assert "100%" in shown

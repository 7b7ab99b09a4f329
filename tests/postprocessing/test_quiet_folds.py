"""Callbacks of a network inside: folds leave the user's files alone."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, Checkpoint, TrainEndCheckpoint

from sklearn_hmlc._quiet import quiet_clone
from sklearn_hmlc.postprocessing import NodeThresholdClassifier
from tests.classifier.common import make_data, small

X, Y = make_data()
SAVED = []
EPOCHS = []


class Counted(Checkpoint):
    def save_model(self, net):
        SAVED.append(net)
        super().save_model(net)


class Count(Callback):
    def on_epoch_end(self, net, **kwargs):
        EPOCHS.append(net)


@pytest.mark.parametrize(
    ("params", "n_fits"),
    [({"cv": 2}, 3), ({"cv": 0.3}, 2), ({"cv": 0.3, "refit": False}, 1)],
)
def test_only_the_classifier_that_stays_writes_files(tmp_path, params, n_fits):
    given = [
        Counted(monitor=None, dirname=str(tmp_path)),
        TrainEndCheckpoint(dirname=str(tmp_path)),
        ("count", Count()),
    ]
    pipeline = make_pipeline(StandardScaler(), small(net_params={"callbacks": given}))
    SAVED.clear()
    EPOCHS.clear()
    NodeThresholdClassifier(pipeline, **params).fit(X, Y)
    assert len(SAVED) == 3  # the epochs of one fit
    assert len(EPOCHS) == 3 * n_fits  # callbacks that write nothing are there
    assert (tmp_path / "train_end_params.pt").exists()
    assert pipeline[-1].net_params["callbacks"] is given


@pytest.mark.parametrize(
    "monitor", ["train_loss_best", lambda net: len(net.history) == 2]
)
def test_folds_keep_the_epoch_that_a_checkpoint_would(tmp_path, monitor):
    best = Checkpoint(monitor=monitor, dirname=str(tmp_path), load_best=True)
    search = GridSearchCV(small(net_params={"callbacks": [best]}), {"lr": [1e-3]})
    quiet = quiet_clone(search).estimator
    expected = small(net_params={"callbacks": [best]}).fit(X, Y).predict_proba(X)
    for file in tmp_path.iterdir():
        file.unlink()
    np.testing.assert_array_equal(quiet.fit(X, Y).predict_proba(X), expected)
    assert not list(tmp_path.iterdir())


def test_nodes_that_the_rows_of_a_fold_lack_need_no_word():
    labels = Y.copy()
    labels[:, 1:] = 0
    labels[:6] = Y[:6]  # each node in one of these rows
    # Warnings are errors here.
    clf = NodeThresholdClassifier(small(), cv=KFold(2)).fit(X, labels)
    assert clf.thresholds_.shape == (6,)
    labels[:, 3:] = 0
    labels = small().hierarchy.close(labels)
    with pytest.warns(UserWarning, match="no positive row") as caught:
        clf.fit(X, labels)
    assert len(caught) == 1

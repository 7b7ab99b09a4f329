"""A training that was cut off goes on, and leaves what one does that was not."""

import numpy as np
import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier

from .runs import EPOCHS, KINDS, Log, classifier, data, learnt

FOLDS = {"thresholds", "search"}


def check_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name, strict=True)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "search"])
def test_goes_on_with_the_same_bits(tmp_path, kind):
    expected = KINDS[kind](None)
    for epoch in (1, 3):
        with pytest.raises(RuntimeError, match="stopped"):
            KINDS[kind](tmp_path, Log(fails_after=epoch))
    check_same(KINDS[kind](tmp_path), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_training_is_not_trained_again(tmp_path, kind):
    first = KINDS[kind](tmp_path / "folder", Log(tmp_path / "log"))
    log = (tmp_path / "log").read_text()
    check_same(KINDS[kind](tmp_path / "folder", Log(tmp_path / "log")), first)
    more = (tmp_path / "log").read_text().removeprefix(log)
    assert more == ("" if kind != "warm start" else f"{2 * EPOCHS - 1}\n")  # by parts
    check_same(first, KINDS[kind](None))


def test_an_epoch_that_is_kept_is_not_trained_again(tmp_path):
    X, Y, hierarchy = data()
    for epoch in (3, 5, None):
        log = Log(tmp_path / "log", fails_after=epoch)
        try:
            classifier(hierarchy, tmp_path / "folder", log).fit(X, Y)
        except RuntimeError:
            continue
    # The third and the fifth, which failed, twice.
    expected = [1, 2, 3, 3, 4, 5, 5, 6, 7, 8]
    assert [int(x) for x in (tmp_path / "log").read_text().split()] == expected


def test_between_checkpoints_nothing_is_written(tmp_path):
    X, Y, hierarchy = data()
    slow = {"checkpoint_every": 1000.0}
    with pytest.raises(RuntimeError, match="stopped"):
        classifier(hierarchy, tmp_path, Log(fails_after=3), **slow).fit(X, Y)
    log = Log(tmp_path / "log")
    fitted = classifier(hierarchy, tmp_path, log, **slow).fit(X, Y)
    assert len((tmp_path / "log").read_text().split()) == EPOCHS  # from the first one
    plain = classifier(hierarchy, None).fit(X, Y)
    check_same(learnt(fitted, X), learnt(plain, X))


def test_without_a_seed_it_goes_on_with_its_own(tmp_path):
    X, Y, hierarchy = data()
    own = {"random_state": None, "early_stopping": True}
    with pytest.raises(RuntimeError, match="stopped"):
        classifier(hierarchy, tmp_path, Log(fails_after=3), **own).fit(X, Y)
    np.random.seed(5)  # noqa: NPY002
    fitted = classifier(hierarchy, tmp_path, **own).fit(X, Y)
    draw = np.random.random()  # noqa: NPY002
    seed = fitted.__dict__["_split_seed"]
    # A finished training without a seed is no reason to return the same model again.
    np.random.seed(5)  # noqa: NPY002
    other = classifier(hierarchy, tmp_path, **own).fit(X, Y)
    assert np.random.random() == draw  # noqa: NPY002
    assert other.__dict__["_split_seed"] != seed
    assert not np.array_equal(other.predict_proba(X), fitted.predict_proba(X))


def test_ctrl_c_keeps_the_last_whole_epoch(tmp_path):
    X, Y, hierarchy = data()

    class Stop(Log):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 4 and not (tmp_path / "stopped").exists():
                (tmp_path / "stopped").touch()
                raise KeyboardInterrupt

    for _ in range(2):
        log = Stop(tmp_path / "log")
        slow = classifier(hierarchy, tmp_path, log, checkpoint_every=1000.0)
        try:
            slow.fit(X, Y)
        except KeyboardInterrupt:
            assert slow.n_iter_ == 3
    assert (tmp_path / "log").read_text().split() == list("12345678")
    check_same(learnt(slow, X), learnt(classifier(hierarchy, None).fit(X, Y), X))


def test_progress_begins_where_training_does(tmp_path, capsys):
    X, Y, hierarchy = data()
    with pytest.raises(RuntimeError, match="stopped"):
        classifier(hierarchy, tmp_path, Log(fails_after=4)).fit(X, Y)
    classifier(hierarchy, tmp_path, verbose=1).fit(X, Y)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("fit: 3/8 epochs, from a checkpoint")
    assert [line.split()[1] for line in lines[1:]] == [f"{k}/8" for k in range(4, 9)]


def test_partial_fit_leaves_no_files(tmp_path):
    X, Y, hierarchy = data()
    HierarchicalEnsembleClassifier(
        hierarchy, n_estimators=2, hidden_layer_sizes=(8,), checkpoint=tmp_path
    ).partial_fit(X, Y)
    assert list(tmp_path.iterdir()) == []

"""The version of the library, in pickles and in files."""

import copy
import json
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

from sklearn_hmlc import _versions
from sklearn_hmlc.io import (
    VersionWarning,
    _container,
    describe_model,
    load_model,
    save_model,
)

from .models import BINARIZER, HIERARCHY, SAMPLERS, X, Y, fitted, net

FILES = sorted((Path(__file__).parents[1] / "data").glob("*.hmlc"))
KINDS = {
    "classifier": net(),
    "binarizer": BINARIZER,
    "thresholds": fitted("thresholds")[0],
    "coherent": fitted("chain")[0],
    **{name: fitted(name)[0] for name in ("forest", "distances", "kernel", "voting")},
    **SAMPLERS,
}


@pytest.fixture
def by_another_version(monkeypatch):
    """Write by another version than the one that reads."""

    def write(model, dump=pickle.dumps):
        with monkeypatch.context() as patch:
            patch.setattr(_versions, "__version__", "0.0.7")
            return dump(model)

    return write


@pytest.mark.parametrize("kind", KINDS)
def test_pickles_of_another_version_warn(by_another_version, kind):
    model = KINDS[kind]
    written = by_another_version(model)
    name = type(model).__name__
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        again = pickle.loads(written)
    assert {warning.category for warning in given} == {VersionWarning}
    words = f"This {name} was written by sklearn_hmlc 0.0.7 and is read by"
    assert any(str(warning.message).startswith(words) for warning in given)
    assert again.get_params().keys() == model.get_params().keys()
    assert "_sklearn_hmlc_version" not in vars(again)


@pytest.mark.parametrize("kind", KINDS)
def test_same_version_and_copies_do_not(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for again in (
            pickle.loads(pickle.dumps(KINDS[kind])),
            copy.deepcopy(KINDS[kind]),
            clone(KINDS[kind]),
        ):
            assert "_sklearn_hmlc_version" not in vars(again)


def test_states_without_a_version_warn():
    state = {k: v for k, v in net().__getstate__().items() if not k.endswith("version")}
    with pytest.warns(VersionWarning, match="an older version"):
        net().__setstate__(state)


def test_who_ignores_those_of_scikit_learn_ignores_ours():
    assert issubclass(VersionWarning, InconsistentVersionWarning)


def test_files_of_another_version_are_read_in_silence(by_another_version, tmp_path):
    model = net().fit(X, Y)
    by_another_version(model, lambda model: save_model(model, tmp_path / "before"))
    with zipfile.ZipFile(tmp_path / "before") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    manifest["versions"]["sklearn_hmlc"] = "0.0.7"
    members["manifest.json"] = json.dumps(manifest).encode()
    _container.write(tmp_path / "model", members.items, force=False)
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.mark.filterwarnings("default::sklearn.exceptions.InconsistentVersionWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_older_versions(path):
    """Each format that was ever written, and what the model said of some rows then."""
    model, then = load_model(path), describe_model(path)["metadata"]
    rows = np.array(then["X"])
    np.testing.assert_allclose(model.predict_proba(rows), then["proba"], rtol=1e-5)
    assert model.predict(rows).tolist() == then["labels"]
    assert model[-1].hierarchy_ == HIERARCHY.from_edges(**then["hierarchy"])
    # All attributes are there, also those of later, and it can be trained further.
    assert model[-1].dropout_ == model[-1].dropout
    model[-1].partial_fit(model[:-1].transform(rows), then["labels"])


def test_older_networks_tell_their_dropout():
    """It was a number alone when the first format was written."""
    network = load_model(FILES[0])[-1]
    assert network.dropout_ == network.dropout == 0.7
    X = np.random.default_rng(0).normal(size=(40, network.n_features_in_))
    assert network.partial_fit(X, network.predict(X)).dropout_ == 0.7


def test_there_is_a_file_of_each_format():
    formats = {describe_model(path)["format"] for path in FILES}
    assert formats == set(range(1, _container.FORMAT + 1))


def test_parameters_that_are_newer_than_a_pickle():
    state = net().__reduce_ex__(2)[2]
    del state["scoring"]
    old = type(net()).__new__(type(net()))
    old.__setstate__(state)
    assert old.scoring is None
    assert old.get_params()["dropout"] == net().dropout

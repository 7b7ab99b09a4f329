"""`fetch_hmc` from a folder and from a local server; nothing leaves this machine."""

import functools
import hashlib
import http.server
import json
import threading

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import _hmc, fetch_hmc, read_arff

HEAD = """\
@relation toy
@attribute x real
@attribute c {u,v}
@attribute y real
@attribute class hierarchical a,a/b
@data
"""
PARTS = {"train": "1,u,2,a\n?,v,3,a/b\n", "valid": "4,?,5,a\n", "test": "7,u,8,a/b\n"}


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder `upstream` behind HTTP, a registry of it, and an empty cache."""
    upstream = tmp_path / "upstream"
    registry = {"toy_FUN": {}, "toy_GO": {}}
    for part, rows in PARTS.items():
        path = f"HMC_data/toy/toy_FUN.{part}.arff"
        content = (HEAD + rows).encode()
        (upstream / path).parent.mkdir(parents=True, exist_ok=True)
        (upstream / path).write_bytes(content)
        registry["toy_FUN"][part] = [path, f"sha256:{_hash('sha256', content)}"]
    blob = b"blob %d\0" % len(content) + content  # as git hashes a file
    registry["toy_GO"]["test"] = [path, f"git-blob:{_hash('sha1', blob)}"]
    monkeypatch.setattr(_hmc, "_registry", lambda: registry)
    monkeypatch.setattr(_hmc.pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("SKLEARN_HMLC_DATA", raising=False)
    server = _start_server(upstream)
    monkeypatch.setattr(_hmc, "BASE_URL", f"http://127.0.0.1:{server.server_port}/")
    yield server
    server.shutdown()
    server.server_close()


def _hash(name, content):
    return hashlib.new(name, content).hexdigest()


def _start_server(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            self.server.requests.append(self.path)
            if self.server.failures:
                self.server.failures -= 1
                self.send_error(503)
            else:
                super().do_GET()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=folder)
    )
    server.requests, server.failures, server.folder = [], 0, folder
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


# -- download --------------------------------------------------------------------------


def test_download_once(served, tmp_path, capsys):
    bunch = fetch_hmc("toy_FUN")
    path = tmp_path / "cache" / "sklearn_hmlc" / "HMC_data/toy/toy_FUN.train.arff"
    assert bunch.filenames == [str(path)]
    assert path.read_text() == HEAD + PARTS["train"]
    assert "100%" in capsys.readouterr().err
    fetch_hmc("toy_FUN")
    assert len(served.requests) == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_download_to_data_home(served, tmp_path):
    bunch = fetch_hmc("toy_FUN", data_home=tmp_path / "home")
    home = tmp_path / "home/HMC_data/toy/toy_FUN.train.arff"
    assert bunch.filenames == [str(home)]
    assert not (tmp_path / "cache").exists()


def test_git_hash(served):
    assert len(fetch_hmc("toy_GO", "test").data) == 1


def test_failed_download_is_tried_again(served):
    served.failures = 2
    assert len(fetch_hmc("toy_FUN", n_retries=2, delay=0).data) == 2
    assert len(served.requests) == 3


def test_server_error_in_the_end(served):
    served.failures = 2
    with pytest.raises(OSError, match=r"Could not download .*tries: 2; 503.*"):
        fetch_hmc("toy_FUN", n_retries=1, delay=0)


def test_offline(served, tmp_path, monkeypatch):
    monkeypatch.setattr(_hmc, "BASE_URL", "http://127.0.0.1:1/")
    with pytest.raises(OSError, match="Is there a network") as caught:
        fetch_hmc("toy_FUN", n_retries=1, delay=0)
    message = str(caught.value)
    assert "http://127.0.0.1:1/HMC_data/toy/toy_FUN.train.arff" in message
    assert str(tmp_path / "cache/sklearn_hmlc/HMC_data/toy/toy_FUN.train.ar") in message
    assert "SKLEARN_HMLC_DATA" in message


@pytest.mark.parametrize(("name", "kind"), [("toy_FUN", "sha256"), ("toy_GO", "git-")])
def test_downloaded_rubbish_is_not_kept(served, tmp_path, name, kind):
    served_file = served.folder / "HMC_data/toy/toy_FUN.test.arff"
    served_file.write_text("<html>Log in first</html>")
    with pytest.raises(OSError, match=f"not the published file.*{kind}"):
        fetch_hmc(name, "test", n_retries=0)
    cache = tmp_path / "cache/sklearn_hmlc/HMC_data/toy"
    assert list(cache.iterdir()) == []


def test_corrupted_file_in_the_cache(served, tmp_path):
    path = fetch_hmc("toy_FUN").filenames[0]
    with open(path, "a") as stream:
        stream.write("9,u,9,a\n")
    with pytest.raises(OSError, match=r"train.arff is not the published.*delete it"):
        fetch_hmc("toy_FUN")


def test_no_download(served, tmp_path):
    with pytest.raises(OSError, match=r"is missing; allow the download.*put the file"):
        fetch_hmc("toy_FUN", download_if_missing=False)
    assert served.requests == []


# -- the folder that the environment names ---------------------------------------------


def test_environment_folder_is_read(served, tmp_path, monkeypatch):
    monkeypatch.setenv("SKLEARN_HMLC_DATA", str(served.folder))
    bunch = fetch_hmc("toy_FUN", "all")
    assert served.requests == []
    assert all(name.startswith(str(served.folder)) for name in bunch.filenames)


def test_what_the_environment_folder_lacks_goes_to_the_cache(
    served, tmp_path, monkeypatch
):
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    monkeypatch.setenv("SKLEARN_HMLC_DATA", str(lacking))
    path = fetch_hmc("toy_FUN").filenames[0]
    assert path.startswith(str(tmp_path / "cache"))
    assert list(lacking.iterdir()) == []


def test_data_home_comes_before_the_environment(served, tmp_path, monkeypatch):
    monkeypatch.setenv("SKLEARN_HMLC_DATA", str(tmp_path / "none"))
    assert len(fetch_hmc("toy_FUN", data_home=served.folder).data) == 2
    with pytest.raises(OSError, match=r"SKLEARN_HMLC_DATA names .*none', which is no"):
        fetch_hmc("toy_FUN")


# -- what comes out --------------------------------------------------------------------


def test_several_subsets(served):
    bunch = fetch_hmc("TOY_fun", ("valid", "train"))
    assert bunch.data["x"].fillna(0).tolist() == [4, 1, 0]
    assert bunch.data.index.tolist() == [0, 1, 2]
    assert bunch.data["c"].cat.codes.tolist() == [-1, 0, 1]
    assert isinstance(bunch.target, sp.csr_array)
    assert bunch.target.toarray().tolist() == [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    assert bunch.subset.tolist() == ["valid", "train", "train"]
    assert bunch.target_names == ["root", "a", "a/b"]
    assert bunch.hierarchy == Hierarchy.from_codes(["a", "a/b"], root="root")
    assert bunch.DESCR.startswith("Data set toy_FUN, valid + train, from http")


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        ("test", ["test"]),
        (["test", "valid"], ["test", "valid"]),
        ("trainvalid", ["train", "train", "valid"]),
        ("all", ["train", "train", "valid", "test"]),
    ],
)
def test_subset(served, subset, expected):
    assert fetch_hmc("toy_FUN", subset).subset.tolist() == expected


def test_array_with_nominal_columns_encoded_in_place(served):
    bunch = fetch_hmc("toy_FUN", "trainvalid", as_frame=False)
    expected = [[1, 1, 0, 2], [np.nan, 0, 1, 3], [4, 0, 0, 5]]
    np.testing.assert_array_equal(bunch.data, expected)
    assert bunch.data.dtype == float
    assert bunch.feature_names == ["x", "c_u", "c_v", "y"]


def test_sparse_array():
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["u", "v", None]),
            "x": pd.arrays.SparseArray([0.0, 2.0, 0.0], fill_value=0.0),
        }
    )
    values, names = _hmc._as_array(frame)
    assert isinstance(values, sp.csr_array)
    assert names == ["c_u", "c_v", "x"]
    assert values.toarray().tolist() == [[1, 0, 0], [0, 1, 2], [0, 0, 0]]


def test_return_X_y(served):
    X, y = fetch_hmc("toy_FUN", return_X_y=True)
    assert X.shape == (2, 3)
    assert y.shape == (2, 3)


@pytest.mark.parametrize(("old", "new"), [("a,a/b", "a,a/c,a/b"), ("{u,v}", "{u,v,w}")])
def test_parts_that_do_not_fit_together(tmp_path, old, new):
    paths = [tmp_path / "one.arff", tmp_path / "two.arff"]
    paths[0].write_text(HEAD + PARTS["train"])
    paths[1].write_text((HEAD + PARTS["train"]).replace(old, new))
    with pytest.raises(ValueError, match=r"two.arff and .*one.arff declare other"):
        _hmc._concatenate({path.name: read_arff(path) for path in paths})


# -- bad parameters --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["toy", "toyfun", "toy_fnu"])
def test_unknown_name(served, name):
    with pytest.raises(
        ValueError, match=rf"no data set '{name}'. Did you mean .*toy_FUN"
    ):
        fetch_hmc(name)


def test_name_like_no_other():
    with pytest.raises(ValueError, match=r"no data set '12345'\. There are: cellcycle"):
        fetch_hmc("12345")


@pytest.mark.parametrize("subset", ["dev", ["train", "dev"], (), ("train", "train")])
def test_unknown_subset(served, subset):
    with pytest.raises(ValueError, match="toy_FUN has the parts train, valid, test;"):
        fetch_hmc("toy_FUN", subset)


def test_data_set_without_validation_part():
    with pytest.raises(ValueError, match="diatoms has the parts train, test; expected"):
        fetch_hmc("Diatoms", "valid")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("name", 3), ("subset", 3), ("data_home", 3), ("n_retries", -1), ("delay", -1)],
)
def test_bad_parameters(parameter, value):
    parameters = {"name": "diatoms", parameter: value}
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of fetch_hmc"):
        fetch_hmc(**parameters)


# -- the real registry and files -------------------------------------------------------


def test_registry_is_the_published_one(data_dir):
    published = json.loads((data_dir / "registry.json").read_text())
    ours = dict(file for parts in _hmc._registry().values() for file in parts.values())
    assert ours == {
        path: f"sha256:{entry['sha256']}"
        if entry["sha256"]
        else f"git-blob:{entry['git_blob_sha1']}"
        for path, entry in published.items()
    }


def test_git_hash_of_a_real_file(data_dir):
    published = json.loads((data_dir / "registry.json").read_text())
    path = "HMC_data/datasets_FUN/church_FUN/church_FUN.valid.arff"
    known = f"git-blob:{published[path]['git_blob_sha1']}"
    assert _hmc._checked(data_dir / path, known) == data_dir / path


@pytest.mark.parametrize("name", ["cellcycle_FUN", "church_fun", "pheno_GO"])
def test_real_data_from_the_environment_folder(name, data_dir):
    bunch = fetch_hmc(name, "all", download_if_missing=False)
    sizes = {"cellcycle_FUN": 3757, "church_fun": 3755, "pheno_GO": 1586}
    assert len(bunch.data) == bunch.target.shape[0] == sizes[name]
    assert bunch.hierarchy.is_closed(bunch.target)

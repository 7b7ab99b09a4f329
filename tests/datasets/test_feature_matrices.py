"""`read_features` of NumPy's files, HDF5, Parquet and AnnData."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_hmlc.datasets import read_features

X = np.array([[0.5, 1, 2], [3, 4, 5]], dtype=np.float32)
IDS = ["P1", "P2"]


def check(read, expected=X, names=("x0", "x1", "x2")):
    assert read.ids.tolist() == IDS
    assert read.feature_names == list(names)
    found = read.data.toarray() if sp.issparse(read.data) else np.asarray(read.data)
    np.testing.assert_array_equal(found, expected)


# -- NumPy -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["X", "embeddings", "anything"])
def test_npz_with_ids(tmp_path, key):
    np.savez(tmp_path / "x.npz", **{key: X, "ids": np.array(IDS)})
    read = read_features(tmp_path / "x.npz")
    check(read)
    assert read.data.dtype == np.float32


def test_npz_with_names(tmp_path):
    np.savez_compressed(
        tmp_path / "x.npz", data=X, ids=np.array([b"P1", b"P2"]), feature_names=[*"abc"]
    )
    check(read_features(tmp_path / "x.npz"), names="abc")
    dropped = read_features(tmp_path / "x.npz", drop=["b"])
    check(dropped, X[:, [0, 2]], names="ac")
    chosen = read_features(tmp_path / "x.npz", feature_names=["c", "a"])
    check(chosen, X[:, [2, 0]], names="ca")
    with pytest.raises(ValueError, match=r"In `drop`: .* no column 'd'; it has 'a'"):
        read_features(tmp_path / "x.npz", drop=["d"])
    options = {"drop": ["b", "d"], "feature_names": ["c", "a"]}
    check(read_features(tmp_path / "x.npz", **options), X[:, [2, 0]], names="ca")


def test_npz_with_a_vector_per_id(tmp_path):
    np.savez(tmp_path / "x.npz", P1=X[0].astype(np.float16), P2=X[1])
    read = read_features(tmp_path / "x.npz")
    check(read)


def test_npy_and_ids(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, X.astype(np.float16))
    read = read_features(path, ids=IDS)
    check(read)
    assert read.data.dtype == np.float32
    names = tmp_path / "ids.txt"
    names.write_text("P1\nP2\n\n")
    check(read_features(path, ids=names))
    with pytest.raises(ValueError, match=r"x\.npy has no ids; give them as `ids`"):
        read_features(path)
    with pytest.raises(ValueError, match="there are 3 ids, but 2 rows"):
        read_features(path, ids=[*IDS, "P3"])
    with pytest.raises(ValueError, match=r"the id 'P1' has come before"):
        read_features(path, ids=["P1", "P1"])


def test_sparse_npz_and_ids(tmp_path):
    sp.save_npz(tmp_path / "x.npz", sp.csc_array(X))
    read = read_features(tmp_path / "x.npz", ids=pd.Index(IDS))
    assert isinstance(read.data, sp.csr_array)
    check(read)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": X, "b": X, "ids": IDS}, r"one matrix beside the ids, .*'a', 'b'; name"),
        ({"a": X, "ids": ["P1"]}, "there are 1 ids, but 2 rows in 'a'"),
        ({"a": X}, "expected ids beside the matrix 'a'.* `ids`"),
        (
            {"a": X[0], "b": X[1, :2]},
            r"one length .*'a' has shape \(3,\) and 'b' \(2,\)",
        ),
        (
            {"a": X, "b": X[1]},
            r"'a' has shape \(2, 3\).*Of one vector per residue take",
        ),
        ({"a": X.astype(str), "ids": IDS}, "expected numbers, but got <U"),
        ({"a": X, "ids": [0.5, 1.5]}, r"ids as text or whole numbers, but got float64"),
        ({"a": X, "ids": np.array(IDS, dtype=object)}, r"Save ids and names as text"),
        ({}, "expected features, but it holds no data"),
    ],
)
def test_wrong_npz(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=rf"x\.npz: .*{message}"):
        read_features(tmp_path / "x.npz")


@pytest.mark.parametrize("name", ["x.npz", "x.npy", "x.h5", "x.parquet"])
@pytest.mark.parametrize("share", [0, 0.5, 0.95])
def test_files_that_are_cut(tmp_path, name, share):
    pytest.importorskip("h5py")
    pytest.importorskip("pyarrow")
    path = tmp_path / name
    write_all(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=rf"{name}: could not read it .*cut short"):
        read_features(path, **({"ids": IDS} if name == "x.npy" else {}))


def write_all(path):
    if path.suffix == ".npz":
        np.savez(path, X=X, ids=IDS)
    elif path.suffix == ".npy":
        np.save(path, X)
    elif path.suffix == ".h5":
        write_hdf5(path, {"X": X, "ids": np.array(IDS, dtype="S")})
    else:
        pd.DataFrame(X, index=IDS, columns=[*"abc"]).to_parquet(path)


# -- HDF5 ------------------------------------------------------------------------------


def write_hdf5(path, arrays):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file[key] = array


def test_hdf5_with_a_data_set_per_id(tmp_path):
    path = tmp_path / "per-protein.h5"
    write_hdf5(path, {"P1": X[0].astype(np.float16), "P2": X[1][None]})
    check(read_features(path))


def test_hdf5_with_a_matrix_and_ids(tmp_path):
    path = tmp_path / "x.hdf5"
    write_hdf5(path, {"features/X": X, "features/ids": np.array(IDS, dtype="S")})
    check(read_features(path))


@pytest.mark.parametrize("name", ["names", "genes", "keys", "index"])
def test_ids_that_are_called_like_ids(tmp_path, name):
    np.savez(tmp_path / "x.npz", **{name: X[0], "P2": X[1]})
    assert read_features(tmp_path / "x.npz").ids.tolist() == [name, "P2"]
    write_hdf5(tmp_path / "x.h5", {name: X[0], "P2": X[1]})
    read = read_features(tmp_path / "x.h5")
    rows = dict(zip(read.ids, read.data.tolist(), strict=True))
    assert rows == {name: X[0].tolist(), "P2": X[1].tolist()}


def test_cells_and_genes(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, genes=[*"abc"], index=IDS, X=X)
    check(read_features(path))
    np.savez(path, genes=[*"ab"], index=IDS, X=X)
    with pytest.raises(ValueError, match=r"one array of ids, .* 'genes', 'index'; nam"):
        read_features(path)
    np.savez(path, genes=[*"ab"], ids=IDS, X=X)
    check(read_features(path))
    np.savez(path, ids=[1, 2], X=X)
    assert read_features(path).ids.tolist() == ["1", "2"]
    np.savez(path, ids=[1, 2], a=X, b=X)
    with pytest.raises(ValueError, match="beside the ids, which are in 'ids', but it"):
        read_features(path)


def test_hdf5_with_a_matrix_per_id(tmp_path):
    path = tmp_path / "per-residue.h5"
    write_hdf5(path, {"P1": X, "P2": X[:1]})
    with pytest.raises(ValueError, match=r"'P1' has shape \(2, 3\) .*per residue take"):
        read_features(path)


# -- Parquet ---------------------------------------------------------------------------


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    frame = pd.DataFrame(X, columns=[*"abc"], index=pd.Index(IDS, name="protein"))
    frame.to_parquet(path)
    check(read_features(path), names="abc")
    frame.reset_index().to_parquet(path)
    check(read_features(path), names="abc")
    frame.assign(protein=IDS).reset_index(drop=True).to_parquet(path)
    check(read_features(path, id_column="protein"), names="abc")


def test_truth_values_and_dates_of_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    frame = pd.DataFrame({"id": [*"ABC"], "s": [True, None, False], "x": [1, 2, 3]})
    frame.to_parquet(path)
    read = read_features(path)
    np.testing.assert_array_equal(read.data, [[1, 1], [np.nan, 2], [0, 3]])
    days = pd.to_datetime(["2020-01-01", "2020-01-02", None])
    frame.assign(seen=days).to_parquet(path)
    with pytest.raises(ValueError, match=r"row of 'A': .* 'seen', .* numbers of dates"):
        read_features(path)


@pytest.mark.parametrize("ids", [["P1", None], [672, None], ["P1", np.nan]])
def test_parquet_without_some_ids(tmp_path, ids):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    frame = pd.DataFrame({"id": ids, "x": [0.5, 0.25]})
    for one in (frame, frame.set_index("id")):
        one.to_parquet(path)
        with pytest.raises(ValueError, match=r"x\.parquet: there is no id in row 2\."):
            read_features(path)


def test_given_ids_that_are_missing(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match=r"x\.npy: there is no id in row 1\."):
        read_features(tmp_path / "x.npy", ids=[None, "P2"])


def test_ids_in_an_index_without_a_name(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    frame = pd.DataFrame({"n": [1, 2], "g": [0.5, 0.25]}, index=["P1", "P2"])
    frame.to_parquet(path)
    check(read_features(path), [[1, 0.5], [2, 0.25]], names=["n", "g"])
    assert read_features(path, id_column="n").ids.tolist() == ["1", "2"]
    frame.rename_axis("who").to_parquet(path)
    assert read_features(path, id_column="who").ids.tolist() == IDS


def test_whole_numbers_in_an_index(tmp_path):
    """Ids, or what was left of row numbers when rows were left out."""
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    frame = pd.DataFrame({"n": [1, 2], "g": [0.5, 0.25]}, index=[672, 7157])
    frame.to_parquet(path)
    with pytest.raises(ValueError, match=r"\(672, 7157\): ids, or numbers of rows\?"):
        read_features(path)
    frame.rename_axis("id").to_parquet(path)
    assert read_features(path).ids.tolist() == ["672", "7157"]
    frame.assign(n=IDS).rename(columns={"n": "gene"}).to_parquet(path)
    check(read_features(path), [[0.5], [0.25]], names=["g"])


def test_several_indices(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    index = pd.MultiIndex.from_product([["human"], IDS])
    pd.DataFrame({"a": [1, 2]}, index=index).to_parquet(path)
    with pytest.raises(ValueError, match=r"index has 2 levels; .*`reset_index\(\)`"):
        read_features(path)


def test_parquet_without_ids(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    pd.DataFrame(X, columns=[*"abc"]).to_parquet(path)
    with pytest.raises(ValueError, match=r"text or whole numbers, but got float32"):
        read_features(path)


def test_parquet_with_lists(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    lists = [["PF2", "PF1"], []]
    pd.DataFrame({"id": IDS, "pfam": lists, "n": ["1", "2"]}).to_parquet(path)
    read = read_features(path)
    check(read, [[1, 1, 1], [0, 0, 2]], names=["PF1", "PF2", "n"])


def test_polars_parquet(tmp_path):
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    polars.DataFrame({"id": IDS, "a": [1, 2]}).write_parquet(path)
    check(read_features(path), [[1], [2]], names="a")


# -- AnnData ---------------------------------------------------------------------------


def test_object_like_anndata():
    data = SimpleNamespace(
        X=sp.csr_matrix(X),
        obs_names=pd.Index(IDS),
        var_names=pd.Index([*"abc"]),
        obs=pd.DataFrame({"symbol": ["A", "B"]}),
    )
    check(read_features(data), names="abc")
    assert read_features(data, id_column="symbol").ids.tolist() == ["A", "B"]
    with pytest.raises(ValueError, match=r"no column 'symbl'; .*Did you mean 'symbol'"):
        read_features(data, id_column="symbl")


def test_anndata(tmp_path):
    anndata = pytest.importorskip("anndata")
    path = tmp_path / "x.h5ad"
    obs, var = pd.DataFrame(index=IDS), pd.DataFrame(index=[*"abc"])
    anndata.AnnData(X, obs=obs, var=var).write_h5ad(path)
    check(read_features(path), names="abc")


# -- what is not installed -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("x.h5", "h5py", "features"),
        ("x.parquet", "pyarrow.parquet", "features"),
        ("x.h5ad", "anndata", "anndata"),
    ],
)
def test_extras(tmp_path, monkeypatch, name, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ImportError, match=rf"read_features needs .*\[{extra}\]"):
        read_features(tmp_path / name)

"""Whole files of strangers: with the right hash, but made to do harm."""

import contextlib
import io
import json
import os
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.preprocessing import FunctionTransformer

from sklearn_hmlc import LPROS, TRUSTED_TYPES
from sklearn_hmlc.experts import HierarchicalForestClassifier
from sklearn_hmlc.io import ModelFileError, _container, load_model, save_model
from sklearn_hmlc.io._trusted import all_trusted

from .models import X, Y, net


@pytest.fixture
def rewritten(tmp_path):
    """Write a model's file anew, of changed members, with the hash that it needs."""

    def rewrite(model, change):
        path = tmp_path / "model"
        save_model(model, path, force=True)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        change(members)
        _container.write(path, members.items, force=True)
        return path

    return rewrite


def schema(members, change):
    tree = json.loads(members["schema.json"])
    changed = change(tree)
    members["schema.json"] = json.dumps(tree if changed is None else changed).encode()


def node(module, name, loader, **more):
    return {"__module__": module, "__class__": name, "__loader__": loader, **more}


def test_the_file_is_read_if_nothing_is_changed(rewritten):
    path = rewritten(net().fit(X, Y), lambda members: None)
    assert load_model(path).n_iter_ == 2


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "mkdir"), ("posix", "mkdir"), ("builtins", "exec"), ("pickle", "loads")],
)
@pytest.mark.parametrize("loader", ["ConstructorFromReduceNode", "FunctionNode"])
def test_calls_of_other_code(rewritten, tmp_path, module, name, loader):
    proof = str(tmp_path / "proof")
    text = node("builtins", "str", "JsonNode", content=json.dumps(proof))
    arguments = node("builtins", "tuple", "TupleNode", content=[text])

    def change(tree):
        return {**tree, **node(module, name, loader, content=arguments)}

    path = rewritten(LPROS(), lambda members: schema(members, change))
    with pytest.raises(ModelFileError, match=f"not known to be safe: {module}.{name}"):
        load_model(path)
    assert not os.path.exists(proof)


def test_no_name_on_the_list_reads_writes_or_runs():
    verbs = ("load", "save", "read", "write", "fetch", "exec", "eval", "open", "dump")
    names = [name.rpartition(".")[2].lower() for name in all_trusted()]
    assert not [name for name in names if name.startswith(verbs)]


def test_a_net_of_skorch_is_never_unpickled(tmp_path):
    data = skops.io.dumps(net().fit(X, Y).net_)
    found = skops.io.get_untrusted_types(data=data)
    assert "sklearn_hmlc._net.HierarchicalNet" in found
    assert "sklearn_hmlc._net.HierarchicalNet" not in TRUSTED_TYPES


def test_garbage_in_the_tree(rewritten):
    rng = np.random.default_rng(0)
    model = net().fit(X, Y)

    def places(tree, found):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            found.append((tree, key))
            if isinstance(value, dict | list):
                places(value, found)
        return found

    def change(tree):
        found = places(tree, [])
        for k in rng.integers(0, len(found), 3):
            where, key = found[k]
            where[key] = [None, -1, "x", {}, [], 1e300][rng.integers(6)]

    for _ in range(30):
        path = rewritten(model, lambda members: schema(members, change))
        # ModelFileError is one; or a parameter is none, which shows when it is used.
        with contextlib.suppress(ValueError):
            load_model(path).predict(X)


@pytest.mark.parametrize(
    "change",
    [
        lambda members: members.pop("schema.json"),
        lambda members: members.pop("weights.safetensors"),
        lambda members: members.pop("manifest.json"),
        lambda members: members.update({"manifest.json": b"{}"}),
        lambda members: members.update({"manifest.json": b"[" * 100_000}),
        lambda members: members.update({"schema.json": b'{"a":' * 100_000}),
        lambda members: members.update({"weights.safetensors": b"\xff" * 64}),
    ],
)
def test_parts_that_are_missing_or_no_such_parts(rewritten, change):
    path = rewritten(net().fit(X, Y), change)
    with pytest.raises(ModelFileError, match="is whole, but can't be read"):
        load_model(path)


# -- sizes -----------------------------------------------------------------------------


def header(shape):
    file = io.BytesIO()
    entries = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, entries)
    return file.getvalue()


@pytest.mark.parametrize("shape", [(10**13,), (2**40, 2**40), (3,), ()])
def test_arrays_that_are_smaller_than_they_say(rewritten, shape):
    def change(members):
        name = next(name for name in members if name.endswith(".npy"))
        members[name] = header(shape) + b"\0" * 80

    with pytest.raises(ModelFileError, match="is no array of shape"):
        load_model(rewritten(net().fit(X, Y), change))


@pytest.mark.parametrize("name", ["schema.json", "1.npy"])
def test_bombs(tmp_path, monkeypatch, name):
    path = tmp_path / "bomb"
    with monkeypatch.context() as patch:
        patch.setattr(_container, "_JSON", (".json", ".npy"))  # compress both
        _container.write(path, {name: b" " * 10**7}.items, force=True)
    assert path.stat().st_size < 10**5
    monkeypatch.setattr(_container, "MOST_BYTES", 10**6)
    with pytest.raises(ModelFileError, match="unpacks to 10,000,000 bytes"):
        load_model(path)


def test_bombs_inside_arrays(rewritten):
    from scipy import sparse

    packed = io.BytesIO()
    sparse.save_npz(packed, sparse.csr_array((10**6, 10)))
    step = FunctionTransformer(kw_args={"x": sparse.csr_array((10**6, 10))})

    def change(members):
        name = next(name for name in members if name.endswith(".npz"))
        members[name] = packed.getvalue()

    assert load_model(rewritten(step, lambda members: None)).kw_args["x"].nnz == 0
    with pytest.raises(ModelFileError, match="unpacks to"):
        load_model(rewritten(step, change))


# -- trees -----------------------------------------------------------------------------


def loop(nodes):
    nodes["left_child" if "left_child" in nodes.dtype.names else "left"][0] = 0


def far_child(nodes):
    nodes["right_child" if "right_child" in nodes.dtype.names else "right"][0] = 10**6


def far_feature(nodes):
    nodes["feature" if "feature" in nodes.dtype.names else "feature_idx"][0] = 10**6


@pytest.mark.parametrize("change", [loop, far_child, far_feature])
@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(2, random_state=0),
        GradientBoostingClassifier(n_estimators=2),
        HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=2),
        HierarchicalForestClassifier(n_estimators=2, random_state=0),
    ],
)
def test_trees_that_lead_nowhere(rewritten, model, change):
    """As a walk through them would read memory that is not theirs, or never end."""
    model.fit(X, Y[:, 1])

    def change_nodes(members):
        for name, content in members.items():
            if name.endswith(".npy"):
                nodes = np.load(io.BytesIO(content))
                if {"left", "left_child"} & set(nodes.dtype.names or ()):
                    change(nodes)
                    file = io.BytesIO()
                    np.save(file, nodes)
                    members[name] = file.getvalue()

    assert load_model(rewritten(model, lambda members: None)).n_features_in_ == 12
    with pytest.raises(ModelFileError, match="a tree"):
        load_model(rewritten(model, change_nodes))

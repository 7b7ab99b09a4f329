"""Cut, altered, foreign and newer files: refused with a word, and never opened."""

import bz2
import gzip
import lzma
import os
import pickle
import re
import zlib

import joblib
import numpy as np
import pytest
import skops.io
import torch

from sklearn_hmlc import LPROS
from sklearn_hmlc.io import ModelFileError, describe_model, load_model, save_model

from .models import X, Y, net


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "model"
    save_model(net().fit(X, Y), path)
    return path.read_bytes()


def damaged(content, rng):
    """Return a file's content with bits flipped, cut, or with parts exchanged."""
    size = len(content)
    kind = rng.integers(6)
    start, stop = sorted(rng.integers(0, size, 2))
    if kind == 0:
        return content[:start]
    if kind == 1:
        return content[start:]
    if kind == 2:  # something is missing inside, or something else is there
        return content[:start] + content[stop:]
    if kind == 3:
        return content[:start] + rng.bytes(stop - start) + content[stop:]
    if kind == 4:  # two parts of the same length change places
        length = min(stop - start, size - stop)
        one, other = content[start : start + length], content[stop : stop + length]
        between = content[start + length : stop]
        return content[:start] + other + between + one + content[stop + length :]
    flipped = bytearray(content)
    # Anywhere, or in the first line, where a reader begins to believe.
    last = size if rng.integers(2) else 140
    for place in rng.integers(0, last, rng.integers(1, 4)):
        flipped[place] ^= 1 << rng.integers(8)
    return bytes(flipped)


def check_refused(content, n_files, path):
    rng = np.random.default_rng(0)
    others = 0
    while others < n_files:
        other = damaged(content, rng)
        if other == content:
            continue
        others += 1
        path.write_bytes(other)
        with pytest.raises(ModelFileError, match=re.escape(str(path))):
            load_model(path)
        with pytest.raises(ModelFileError):
            describe_model(path)


def test_damaged_files(content, tmp_path):
    check_refused(content, 100, tmp_path / "damaged")


@pytest.mark.slow
def test_1000_damaged_files(content, tmp_path):
    check_refused(content, 1000, tmp_path / "damaged")


def test_each_single_bit_of_the_first_line_and_of_the_end(content, tmp_path):
    path = tmp_path / "damaged"
    for place in [*range(140), *range(len(content) - 30, len(content))]:
        flipped = bytearray(content)
        flipped[place] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        with pytest.raises(ModelFileError):
            load_model(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c[:-1], "cut short: it has"),
        (lambda c: c[: len(c) // 2], "cut short: it has"),
        (lambda c: c[:100], "cut short in its first line"),
        (lambda c: c[:5], "cut short in its first line"),
        (lambda c: b"", "but it is empty"),
        (lambda c: c + b"\n", "altered after it was written: it has"),
        (lambda c: c[:-1] + bytes([c[-1] ^ 1]), "altered .* SHA-256"),
        (lambda c: c.replace(b"format 1,", b"format 2,", 1), "format 2, .* newer"),
        (lambda c: c.replace(b"format 1,", b"format 12,", 1), "format 12, .* newer"),
        (lambda c: c.replace(b"sha256", b"sha257", 1), "first line is damaged"),
        (lambda c: c.replace(b"\n", b"\r\n"), "first line is damaged"),
        (lambda c: b"<html>" + c, "something else"),
    ],
)
def test_errors_say_which(content, tmp_path, change, words):
    path = tmp_path / "other"
    path.write_bytes(change(content))
    with pytest.raises(ModelFileError, match=words):
        load_model(path)


# -- files of others -------------------------------------------------------------------


class Hostile:
    """What runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "pack", [bytes, zlib.compress, gzip.compress, bz2.compress, lzma.compress]
)
def test_pickles_are_not_opened(tmp_path, protocol, pack):
    path, proof = tmp_path / "model", tmp_path / "proof"
    path.write_bytes(pack(pickle.dumps(Hostile(proof), protocol)))
    with pytest.raises(ModelFileError, match="expected a model file of"):
        load_model(path)
    assert not proof.exists()


def test_words_for_files_of_others(tmp_path):
    path = tmp_path / "model"
    joblib.dump(LPROS(), path)
    with pytest.raises(
        ModelFileError, match=r"a pickle .* never opened here; .*joblib"
    ):
        load_model(path)
    skops.io.dump(LPROS(), path)
    with pytest.raises(ModelFileError, match=r"or of skops, .*TRUSTED_TYPES"):
        load_model(path)
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelFileError, match=r"`torch\.save`, which is a pickle"):
        load_model(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none")
    with pytest.raises(IsADirectoryError, match="got a folder"):
        load_model(tmp_path)
    with pytest.raises(ModelFileError, match="a device or a pipe"):
        load_model("/dev/zero")


# -- writing ---------------------------------------------------------------------------


def test_files_are_not_lost(tmp_path):
    path = tmp_path / "model"
    save_model(LPROS(0.1), path)
    with pytest.raises(ValueError, match=r"exists; name another file, or .*force=True"):
        save_model(LPROS(0.2), path)
    assert load_model(path).sampling_ratio == 0.1
    save_model(LPROS(0.2), path, force=True)
    assert load_model(path).sampling_ratio == 0.2
    with pytest.raises(ValueError, match="no folder"):
        save_model(LPROS(), tmp_path / "none" / "model")
    assert sorted(os.listdir(tmp_path)) == ["model"]


def test_models_are_kept_elsewhere_on_request(tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match=r"is in .*model-1"):
        save_model(LPROS(0.3), path, rescue=True)
    assert path.read_bytes() == b"precious"
    assert load_model(tmp_path / "model-1").sampling_ratio == 0.3
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    with pytest.raises(OSError, match="What was to be written there is in"):
        save_model(LPROS(0.4), tmp_path / "none" / "far", rescue=True)
    (kept,) = tmp_path.glob("hmlc-*-far")
    assert load_model(kept).sampling_ratio == 0.4


@pytest.mark.parametrize("model", [LPROS, "model", {"net": 1}, None])
def test_only_estimators(tmp_path, model):
    with pytest.raises(TypeError, match="Expected an estimator to save"):
        save_model(model, tmp_path / "model")


def test_metadata_is_json(tmp_path):
    with pytest.raises(TypeError, match="Expected `metadata` of strings"):
        save_model(LPROS(), tmp_path / "model", metadata={"x": {1, 2}})
    assert not (tmp_path / "model").exists()

"""Folders that are whole or absent."""

import os
from functools import partial

import pytest

from sklearn_hmlc._folders import check_place, whole_folder


def is_own(folder):
    return (folder / "mark").exists()


def fill(folder, text="new"):
    (folder / "inside").mkdir()
    (folder / "inside" / "data").write_text(text)
    (folder / "mark").touch()


def names(folder):
    return sorted(os.listdir(folder))


def write(path, force=False, text="new", error=None, meanwhile=None):
    with whole_folder(path, force=force, is_own=is_own) as folder:
        fill(folder, text)
        if meanwhile is not None:
            meanwhile()
        if error is not None:
            raise error


def test_a_folder_has_its_name_once_it_is_whole(tmp_path):
    with whole_folder(tmp_path / "x", force=False, is_own=is_own) as folder:
        fill(folder)
        assert not (tmp_path / "x").exists()
    assert names(tmp_path) == ["x"]
    assert (tmp_path / "x" / "inside" / "data").read_text() == "new"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_nothing_is_left_of_a_failure(tmp_path, error):
    write(tmp_path / "x", text="old")
    with pytest.raises(error):
        write(tmp_path / "x", force=True, error=error)
    assert names(tmp_path) == ["x"]
    assert (tmp_path / "x" / "inside" / "data").read_text() == "old"


def test_what_is_there_is_replaced_if_asked(tmp_path):
    write(tmp_path / "x", text="old")
    with pytest.raises(ValueError, match="exists; name another"):
        write(tmp_path / "x")
    assert (tmp_path / "x" / "inside" / "data").read_text() == "old"
    write(tmp_path / "x", force=True)
    assert (tmp_path / "x" / "inside" / "data").read_text() == "new"
    assert names(tmp_path) == ["x"]


def test_an_old_folder_comes_back_where_renaming_fails(tmp_path, monkeypatch):
    write(tmp_path / "x", text="old")
    rename, calls = os.rename, []

    def fails_once(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails_once)
    with pytest.raises(OSError, match="no"):
        write(tmp_path / "x", force=True)
    assert names(tmp_path) == ["x"]
    assert (tmp_path / "x" / "inside" / "data").read_text() == "old"


def test_things_of_the_users_stay(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one").touch()
    (tmp_path / "file").touch()
    for name in ("photos", "file"):
        with pytest.raises(ValueError, match="holds something else"):
            check_place(tmp_path / name, force=True, is_own=is_own)
    with pytest.raises(ValueError, match="there is no folder"):
        check_place(tmp_path / "no" / "x", force=True, is_own=is_own)
    assert names(tmp_path) == ["file", "photos"]


def test_a_folder_that_appears_meanwhile_stays(tmp_path):
    other = partial(write, tmp_path / "x", text="other")
    with pytest.raises(ValueError, match="exists; name another"):
        write(tmp_path / "x", meanwhile=other)
    assert (tmp_path / "x" / "inside" / "data").read_text() == "other"
    assert names(tmp_path) == ["x"]

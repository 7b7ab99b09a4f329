"""Long work is followed: by a bar on a terminal, by lines elsewhere."""

import sys

from sklearn_hmlc._cli import _progress
from sklearn_hmlc._cli._progress import followed


def test_quick_work_says_nothing(capsys):
    assert list(followed(iter("abc"), 3, "predict")) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_long_work_gets_a_line_now_and_then(capsys, monkeypatch):
    clock = iter([0, 10, 31, 40, 62])
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(clock))
    assert list(followed(range(4), 4, "predict")) == [0, 1, 2, 3]
    assert capsys.readouterr().err.splitlines() == [
        "predict: 2 of 4 blocks",
        "predict: 4 of 4 blocks",
    ]


def test_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(_progress, "_PATIENCE", 0)
    assert list(followed(range(2), 2, "predict")) == [0, 1]
    shown = capsys.readouterr().err
    assert shown.startswith("\rpredict:")
    assert "blocks" not in shown


def test_no_stream_to_follow_on(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(_progress, "_BETWEEN", 0)
    assert list(followed(range(2), 2, "predict")) == [0, 1]

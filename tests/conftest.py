"""Fixtures shared by all tests: where the real data and the golden numbers lie."""

import os
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from tests.golden import golden, golden_file  # noqa: F401 (fixtures)

# Figures are made, not shown.
os.environ.setdefault("MPLBACKEND", "Agg")

# Machines are noisy: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("default", deadline=None)
# By hand: `pytest tests/test_fuzz.py --hypothesis-profile=long`.
hypothesis.settings.register_profile("long", deadline=None, max_examples=5000)
hypothesis.settings.load_profile("default")


def _shared() -> Path | None:
    named = os.environ.get("SKLEARN_HMLC_DATA")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(named) if named else beside
    return folder if folder.is_dir() else None


@pytest.fixture
def data_dir(monkeypatch) -> Path:
    """Folder of the real data (laid out as upstream's), where fetchers find it, too.

    The test is skipped without.
    """
    folder = _shared()
    if folder is None:
        pytest.skip("real data not found; set SKLEARN_HMLC_DATA")
    monkeypatch.setenv("SKLEARN_HMLC_DATA", str(folder))
    return folder


@pytest.fixture
def golden_dir(data_dir) -> Path:
    """Folder of the golden numbers, beside the data."""
    folder = data_dir.parent / "golden"
    if not folder.is_dir():
        pytest.skip("golden numbers not found beside the data")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)

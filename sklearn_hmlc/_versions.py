"""The version of this library in pickles, and a warning where it differs.

Stage: below all estimators. In: an estimator's state. Out: the same with the version in
it; on the way back a warning, as scikit-learn's own estimators give it for theirs.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from inspect import signature
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from . import __version__

_KEY = "_sklearn_hmlc_version"

# Versions whose states load without a word: those of model files, which promise it.
_KNOWN: ContextVar[str | None] = ContextVar("known version", default=None)


class VersionWarning(InconsistentVersionWarning):
    """A model was written by another version of this library.

    Parameters
    ----------
    estimator_name : str
    current_version, original_version : str
    """

    def __init__(
        self, *, estimator_name: str, current_version: str, original_version: str
    ) -> None:
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=current_version,
            original_sklearn_version=original_version,
        )

    def __str__(self) -> str:
        return (
            f"This {self.estimator_name} was written by sklearn_hmlc "
            f"{self.original_sklearn_version} and is read by "
            f"{self.current_sklearn_version}: it may break, or predict otherwise. "
            "Fit it again, or install that version; files of `save_model` can be read "
            "by later versions."
        )


VersionWarning.__module__ = "sklearn_hmlc.io"  # where users find it


class Versioned:
    """Keeps the library's version in an estimator's state; before BaseEstimator."""

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()  # type: ignore[misc, assignment]
        return {**state, _KEY: __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        found = state.pop(_KEY, "an older version")
        if found not in (__version__, _KNOWN.get()):
            warnings.warn(
                VersionWarning(
                    estimator_name=type(self).__name__,
                    current_version=__version__,
                    original_version=found,
                ),
                stacklevel=2,
            )
        super().__setstate__(_newer_parameters(type(self)) | state)


def _newer_parameters(cls: type) -> dict[str, Any]:
    """Defaults, for parameters that an estimator of an older version lacks."""
    parameters = signature(cls).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


@contextlib.contextmanager
def known(version: str) -> Iterator[None]:
    """Read states of some version without a warning."""
    token = _KNOWN.set(version)
    try:
        yield
    finally:
        _KNOWN.reset(token)

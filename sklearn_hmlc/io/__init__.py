"""Models in files that run no code when they are read.

In: a fitted estimator. Out: one file, which says what it is and which is checked to the
last bit; and the estimator.
"""

from .._versions import VersionWarning
from ._container import ModelFileError
from ._model import describe_model, load_model, save_model
from ._trusted import TRUSTED_TYPES

__all__ = [
    "TRUSTED_TYPES",
    "ModelFileError",
    "VersionWarning",
    "describe_model",
    "load_model",
    "save_model",
]

"""The pipeline behind the commands, and the file that keeps it.

Stage: from a table with holes and text to the classifier's numbers. In: a DataFrame
(n_samples, n_columns). Out: a Pipeline, and a file of `sklearn_hmlc.io.save_model`, of
which any Python program can use the pipeline.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .. import __version__
from .. import io as models
from .._response import chain
from .._validation import mostly_zeros

#: Where the metadata of a model file have the facts below.
_METADATA = "hmlc fit"

#: What joblib files of earlier versions say they are.
_PICKLES = ("sklearn_hmlc model 1", "sklearn_hmlc model 2")

#: What model files tell of training; the first ones had less.
_FACTS = {
    "n_rows": None,
    "seen": None,
    "reading": None,
    "measured": None,
    "files": (),
    "information": None,
}


def make_model(classifier, nominal: Sequence[str] = (), data: Any = None) -> Pipeline:
    """Put the usual preparation before a classifier.

    The columns of text are one-hot encoded, missing numbers become the mean (0 where
    there is none), and all is standardised. Sparse ``data`` stay sparse: of next to
    nothing the classifier itself finds the scale, of more numbers are divided by their
    standard deviation.
    """
    impute = SimpleImputer(keep_empty_features=True)
    if sp.issparse(data):
        scale = [] if mostly_zeros(data) else [StandardScaler(with_mean=False)]
        return make_pipeline(impute, *scale, classifier)
    if not isinstance(data, pd.DataFrame | None):
        return make_pipeline(impute, StandardScaler(), classifier)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_pipeline(
        ColumnTransformer([("nominal", encoder, nominal)], remainder="passthrough"),
        impute,
        StandardScaler(),
        classifier,
    )


def network_of(pipeline: Any) -> Any:
    """Return the network in a fitted pipeline, alone or among other experts."""
    last = list(chain(pipeline))[-1]
    return getattr(last, "named_estimators_", {"network": last})["network"]


def save_model(path: Path, pipeline, facts: Mapping[str, Any], force: bool) -> None:
    """Write a fitted pipeline, see `sklearn_hmlc.io.save_model`.

    Should that fail, it is kept in another place, which the error names.

    Parameters
    ----------
    path : Path
    pipeline : estimator
        As `make_model` makes it, or with thresholds tuned around it.
    facts : mapping
        What is kept beside it: ``nominal`` (columns of text), ``train_counts`` (rows
        per node) and the others of `_FACTS`.
    force : bool
        Whether to replace the file if it exists.
    """
    metadata = {_METADATA: _as_json(dict(facts))}
    # Kept elsewhere if need be: what was trained for hours ends with this process.
    models.save_model(pipeline, path, metadata=metadata, force=force, rescue=True)


def load_model(path: Path, trust: bool = False) -> dict[str, Any]:
    """Read what `save_model` wrote.

    Parameters
    ----------
    path : Path
    trust : bool, default=False
        Whether to read joblib files, too, as earlier versions wrote them. To read one
        runs whatever code is in it.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is no model file, or a joblib file that is not trusted.
    """
    with path.open("rb") as file:
        is_pickle = file.read(1) == pickle.PROTO  # the first byte of what joblib writes
    if is_pickle:
        return _FACTS | _unpickled(path, trust)
    manifest = models.describe_model(path)
    if _METADATA not in manifest["metadata"]:
        raise ValueError(
            f"{path} is a model file, but not one of `hmlc fit`, and tells nothing "
            "of the rows that it expects; read it by `sklearn_hmlc.io.load_model`."
        )
    return {
        **_FACTS,
        **_from_json(manifest["metadata"][_METADATA]),
        "version": manifest["versions"]["sklearn_hmlc"],
        "pipeline": models.load_model(path),
    }


def _unpickled(path: Path, trust: bool) -> dict[str, Any]:
    if not trust:
        raise ValueError(
            f"{path} is a joblib file, which can run any code when it is read, and is "
            "not opened. If you trust whoever wrote it, say --trust."
        )
    try:
        content = joblib.load(path)
    except Exception as error:  # unpickling can raise anything
        raise _no_model(path, f"{type(error).__name__}: {error}") from error
    if not isinstance(content, dict) or content.get("format") not in _PICKLES:
        raise _no_model(path, "it holds something else")
    return content


# -- facts as JSON ---------------------------------------------------------------------


def _as_json(value: Any) -> Any:
    """Return facts as JSON can hold them, arrays with their dtype."""
    if isinstance(value, dict):
        return {name: _as_json(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "array": value.tolist()}
    if isinstance(value, list | tuple):
        return [_as_json(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_json(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"dtype", "array"}:
        return np.array(value["array"], dtype=value["dtype"])
    return {name: _from_json(part) for name, part in value.items()}


# -- looking into a model --------------------------------------------------------------


def unseen_texts(pipeline, data: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the texts of each column that training rows had not, where there are any.

    They are encoded as none of those that it had.
    """
    inner = next(part for part in chain(pipeline) if isinstance(part, Pipeline))
    _, encoder, names = inner[0].transformers_[0]
    if not len(names):
        return {}
    known = zip(names, encoder.categories_, strict=True)
    given = {name: (data[name].dropna(), values) for name, values in known}
    found = {
        name: texts[~texts.isin(values)] for name, (texts, values) in given.items()
    }
    return {name: texts for name, texts in found.items() if len(texts)}


def _no_model(path: Path, why: str) -> ValueError:
    return ValueError(
        f"{path} is no model file that hmlc {__version__} can read, or it is damaged "
        f"({why}). Write it again with `hmlc fit`."
    )

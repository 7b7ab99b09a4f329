"""The pipeline behind the commands, and the file that keeps it.

Stage: from a table with holes and text to the classifier's numbers. In: a DataFrame
(n_samples, n_columns). Out: a Pipeline, and a joblib file of a dict whose entry
``pipeline`` any Python program can use.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import scipy.sparse as sp
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .. import __version__
from .._files import write_whole
from .._response import chain, part_with
from .._rows import mostly_zeros

#: What a model file says it is; the number grows when its entries change.
_FORMAT = "sklearn_hmlc model 2"
_READABLE = (_FORMAT, "sklearn_hmlc model 1")

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


def save_model(path: Path, pipeline, facts: Mapping[str, Any], force: bool) -> None:
    """Write a fitted pipeline, whose training state is dropped for good.

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
    part_with(pipeline, "net_").net_.trim_for_prediction()
    content = {
        "format": _FORMAT,
        "version": __version__,
        "pipeline": pipeline,
        **facts,
    }
    write_whole(path, partial(joblib.dump, content), force=force, rescue=True)


def load_model(path: Path) -> dict:
    """Read what `save_model` wrote.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is no model file.
    """
    with path.open("rb") as file:
        if file.read(1) != pickle.PROTO:  # the first byte of what joblib writes
            raise _no_model(path, "it is no joblib file")
        file.seek(0)
        try:
            content = joblib.load(file)
        except Exception as error:  # unpickling can raise anything
            raise _no_model(path, f"{type(error).__name__}: {error}") from error
    if not isinstance(content, dict) or content.get("format") not in _READABLE:
        raise _no_model(path, "it holds something else")
    return _FACTS | content


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

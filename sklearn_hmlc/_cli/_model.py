"""The pipeline behind the commands, and the file that keeps it.

Stage: from a table with holes and text to the classifier's numbers. In: a DataFrame
(n_samples, n_columns). Out: a Pipeline, and a joblib file of a dict whose entry
``pipeline`` any Python program can use.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import joblib
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .. import __version__
from .._files import write_whole
from .._response import chain, part_with

#: What a model file says it is; the number grows when its entries change.
_FORMAT = "sklearn_hmlc model 1"


def make_model(classifier, nominal: Sequence[str] = ()) -> Pipeline:
    """Put the usual preparation before a classifier.

    The columns of text are one-hot encoded, missing numbers become the mean (0 where
    there is none), and all is standardised.
    """
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_pipeline(
        ColumnTransformer([("nominal", encoder, nominal)], remainder="passthrough"),
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        classifier,
    )


def save_model(path: Path, pipeline, nominal, train_counts, *, force: bool) -> None:
    """Write a fitted pipeline, whose training state is dropped for good.

    Should that fail, it is kept in another place, which the error names.

    Parameters
    ----------
    path : Path
    pipeline : estimator
        As `make_model` makes it, or with thresholds tuned around it.
    nominal : list of str
        Its columns of text.
    train_counts : ndarray of shape (n_nodes,)
        Training rows of each node.
    force : bool
        Whether to replace the file if it exists.
    """
    part_with(pipeline, "net_").net_.trim_for_prediction()
    content = {
        "format": _FORMAT,
        "version": __version__,
        "pipeline": pipeline,
        "nominal": nominal,
        "train_counts": train_counts,
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
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise _no_model(path, "it holds something else")
    return content


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

"""Rows with named features, whatever holds them: arrays, sparse arrays, frames.

Stage: at the door of `explain`. In: what the user calls ``X`` and ``baseline``. Out:
their features by name, single values, and rows of which one value is another's.
"""

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import Bunch

from .. import _frames as frames
from .._response import some_rows
from .._validation import check_unique, name_array, shorten


def take_out(X, ids, feature_names):
    """Take features, ids and names out of a Bunch, such as that of `read_features`."""
    if not isinstance(X, Bunch):
        return X, ids, feature_names
    if "data" not in X:
        raise TypeError(
            "Expected `X` with features, but got a Bunch without `data`: it has "
            f"{shorten(X)}."
        )
    ids = X.get("ids") if ids is None else ids
    names = X.get("feature_names") if feature_names is None else feature_names
    return X.data, ids, names


class Rows:
    """Rows of a table and the names of its features.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
    names : array-like of hashable of shape (n_features,) or None
        None: a frame's columns, else those of ``known``, else x0, x1, ...
    known : array-like or None
        Names that the model saw in its fit.

    Attributes
    ----------
    X : ndarray, csr_array or DataFrame
    names : list of hashable
    shape : (int, int)
    """

    def __init__(self, X, names=None, known=None):
        if sp.issparse(X):
            X = sp.csr_array(X)
        elif not frames.is_frame(X):
            X = _array(X)
        self.X = X
        columns = frames.columns(X, "X") if frames.is_frame(X) else None
        width = X.shape[1] if columns is None else len(columns)
        self.shape = (X.shape[0], width)
        self.names = _names(names, columns, known, width)

    def values(self, row, features):
        """Return some features of one row, as an array."""
        if sp.issparse(self.X):
            return self.X[[row]][:, features].toarray()[0]
        if not frames.is_frame(self.X):
            return self.X[row, features]
        one = nw.from_native(some_rows(self.X, [int(row)]), eager_only=True)
        return name_array([one[:, int(feature)][0] for feature in features])

    def beside(self, given):
        """Return these rows, and those that stand for features that say nothing.

        Both are `Rows`, and their values of one dtype, by feature in a frame: it holds
        a mean of whole numbers or booleans.

        Raises
        ------
        ValueError
            If the others have other features, or categories that these don't know.
        """
        given = self._others(given)
        if frames.is_frame(self.X):
            both = _frames_alike(self.X, given)
        else:
            kinds = [self.X.dtype, given.dtype]
            # Sparse booleans can't be taken from each other.
            kinds += [np.float32] if sp.issparse(self.X) else []
            dtype = np.result_type(*kinds)
            both = (X.astype(dtype, copy=False) for X in (self.X, given))
        return tuple(Rows(X, self.names) for X in both)

    def _others(self, given):
        """Return other rows with the same features, in the same container."""
        is_frame = frames.is_frame(self.X)
        if isinstance(given, pd.Series):
            given = given.to_frame().T.infer_objects()
        if not sp.issparse(given) and not frames.is_frame(given):
            given = np.atleast_2d(np.asarray(given, dtype=object if is_frame else None))
        columns = frames.columns(given, "baseline") if frames.is_frame(given) else None
        if columns is not None:
            given = _by_name(given, columns, frames.columns(self.X, "X"))
        width = given.shape[1] if columns is None else len(columns)
        if len(given.shape) != 2 or width != self.shape[1] or not given.shape[0]:
            raise ValueError(
                f"Expected `baseline` of shape (n_baselines, {self.shape[1]}), a value "
                f"per feature, but got shape {given.shape}."
            )
        if columns is not None and type(given) is not type(self.X):
            raise ValueError(
                f"Expected `baseline` of the same library as X, but got "
                f"{type(given).__module__} beside {type(self.X).__module__}."
            )
        if columns is not None:
            return given
        if sp.issparse(self.X):
            return sp.csr_array(given)
        given = given.toarray() if sp.issparse(given) else given
        return _as_frame(given, self.X) if is_frame else given

    # -- one value of another row ------------------------------------------------------

    def differing(self, row, other, other_row):
        """Return the features in which a row differs from one of another table."""
        if sp.issparse(self.X):
            return np.unique((self.X[[row]] - other.X[[other_row]]).nonzero()[1])
        every = np.arange(self.shape[1])
        mine, its = self.values(row, every), other.values(other_row, every)
        unlike = pd.isna(mine) != pd.isna(its)
        both = ~pd.isna(mine) & ~pd.isna(its)
        unlike[both] = mine[both] != its[both]
        return np.flatnonzero(unlike)

    def replaced(self, rows, features, other, other_rows):
        """Return copies of rows; of each one feature is another row's.

        ``rows``, ``features`` and ``other_rows`` are positions, of one length.
        """
        if sp.issparse(self.X):
            mine, its = self.X[rows, features], other.X[other_rows, features]
            change = (np.asarray(its) - np.asarray(mine)).ravel()
            places = np.arange(len(rows)), features
            block = self.X[rows] + sp.csr_array(
                (change, places), shape=(len(rows), self.shape[1])
            )
            block.eliminate_zeros()
            return block
        if not frames.is_frame(self.X):
            block = self.X[rows]
            block[np.arange(len(rows)), features] = other.X[other_rows, features]
            return block
        mine, its = _taken(self.X, rows), _taken(other.X, other_rows)
        columns = [
            mine[:, j].zip_with(_mask(mine, features != j), its[:, j])
            if (features == j).any()
            else mine[:, j]
            for j in range(self.shape[1])
        ]
        return mine.select(columns).to_native()


def _array(X):
    X = X.detach().cpu().numpy() if hasattr(X, "detach") else X
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(
            "Expected X of shape (n_samples, n_features), a table whose features can "
            f"be named, but got {type(X).__name__} of shape {X.shape}. One row is "
            "X[[0]]."
        )
    return X


def _names(given, columns, known, width):
    if given is None:
        given = columns
    if given is None and known is not None and len(known) == width:
        given = known
    if given is None:
        return [f"x{position}" for position in range(width)]
    names = given.tolist() if hasattr(given, "tolist") else list(given)
    if len(names) != width:
        raise ValueError(
            f"Expected `feature_names` of {width} features, but got {len(names)}."
        )
    check_unique(names, "`feature_names`")
    return names


def _by_name(given, columns, wanted):
    if wanted is None:
        raise ValueError(
            "Expected `baseline` as an array beside an X without names, but got a "
            "frame; give its values."
        )
    if set(columns) != set(wanted):
        odd = sorted(map(str, set(columns) ^ set(wanted)))
        raise ValueError(
            "Expected `baseline` with the columns of X, but these are in one of them "
            f"alone: {shorten(odd)}."
        )
    if columns == wanted:
        return given
    if nw.dependencies.is_pandas_dataframe(given):
        return given[wanted]
    return nw.from_native(given, eager_only=True).select(wanted).to_native()


def _as_frame(values, template):
    """Return an array as a frame of a template's kind, columns of their own dtypes."""
    plain = pd.DataFrame(np.asarray(values, dtype=object)).infer_objects()
    names = frames.columns(template, "X")
    columns = {name: plain[place].to_numpy() for place, name in enumerate(names)}
    return frames.table(columns, template)


def _frames_alike(mine, its):
    """Return two frames of the same columns with one dtype for both in each of them.

    Numbers of two dtypes become floats; all else is as in the first frame.
    """
    if nw.dependencies.is_pandas_dataframe(mine):
        return _pandas_alike(mine, its)
    mine, its = (nw.from_native(X, eager_only=True) for X in (mine, its))
    unlike = [name for name, dtype in mine.schema.items() if dtype != its.schema[name]]
    wide = [n for n in unlike if all(_is_number(X.schema[n]) for X in (mine, its))]
    mine = mine.with_columns(nw.col(name).cast(nw.Float64) for name in wide)
    its = its.with_columns(nw.col(name).cast(mine.schema[name]) for name in unlike)
    return mine.to_native(), its.to_native()


def _is_number(dtype):
    return dtype.is_numeric() or dtype == nw.Boolean


def _pandas_alike(mine, its):
    is_number = pd.api.types.is_numeric_dtype
    unlike = [name for name in mine.columns if mine[name].dtype != its[name].dtype]
    wide = [n for n in unlike if is_number(mine[n]) and is_number(its[n])]
    mine = mine.astype(dict.fromkeys(wide, np.float64))
    for name in unlike:
        _check_categories(mine[name], its[name])
    return mine, its.astype({name: mine[name].dtype for name in unlike})


def _check_categories(mine, its):
    if not isinstance(mine.dtype, pd.CategoricalDtype):
        return
    known = mine.cat.categories
    others = its[its.notna() & ~its.isin(known)]
    if len(others):
        raise ValueError(
            f"Expected `baseline` of the categories of X, but in column {mine.name!r} "
            f"it has {shorten(others)}, and X {shorten(known)}; give X all of them "
            "(`.cat.add_categories`)."
        )


def _taken(X, rows):
    part = some_rows(X, rows.tolist())
    if nw.dependencies.is_pandas_dataframe(part):
        part = part.reset_index(drop=True)
    return nw.from_native(part, eager_only=True)


def _mask(frame, values):
    """Return booleans as a series of the frame's library."""
    backend = frame.implementation
    return nw.new_series("mask", values.tolist(), nw.Boolean, backend=backend)

"""Frames of any library, through narwhals: what are the columns, and back into one.

Stage: beside the checks at the door. In: tables of pandas, polars, pyarrow or whatever
else narwhals knows. Out: names, NumPy arrays, and arrays in a frame of the same kind.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Hashable
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from ._words import check_unique


def is_frame(Y: Any) -> bool:
    """Tell a table with named columns from an array.

    Raises
    ------
    TypeError
        If it is a table that nothing can be read from yet, or of an unknown library.
    """
    if nw.dependencies.is_into_dataframe(Y):
        return True
    # Looked up on the class, since asking a lazy frame for its columns computes them.
    has = {*dir(type(Y)), *getattr(Y, "__dict__", ())}
    if {"columns", "to_numpy"} <= has:
        return True  # of another library, but complete
    if {"columns", "column_names"} & has:
        raise TypeError(
            f"Expected a frame of pandas, polars or pyarrow, but got "
            f"{type(Y).__module__}.{type(Y).__name__}; compute or convert it first "
            "(`.compute()`, `.collect()`, `.to_pandas()`)."
        )
    return False


def columns(Y: Any, name: str = "Y") -> list[Hashable] | None:
    """Names of the columns; None of what is no frame.

    Raises
    ------
    ValueError
        If a name comes twice.
    """
    if not is_frame(Y):
        return None
    # pyarrow's `columns` are the data.
    names = list(getattr(Y, "column_names", None) or Y.columns)
    check_unique(names, f"Columns of {name}")
    return names


def values(Y: Any, column: Hashable) -> list[Any]:
    """Values of one column of a frame."""
    if nw.dependencies.is_pandas_dataframe(Y):
        return Y[column].tolist()
    return nw.from_native(Y, eager_only=True)[column].to_list()


def array(Y: Any, column: Hashable) -> np.ndarray:
    """Values of one column of a frame as an array of its own dtype."""
    if nw.dependencies.is_pandas_dataframe(Y):
        return Y[column].to_numpy()
    return nw.from_native(Y, eager_only=True)[column].to_numpy()


def numbers(Y: Any, name: str = "Y") -> np.ndarray:
    """Values of a frame of numbers or booleans; what is missing becomes NaN.

    Raises
    ------
    ValueError
        If a column holds something else; the message has its name.
    """
    if nw.dependencies.is_pandas_dataframe(Y):
        return _pandas_numbers(Y, name)
    if not nw.dependencies.is_into_dataframe(Y):
        return np.asarray(Y.to_numpy())
    frame = nw.from_native(Y, eager_only=True)
    for column, dtype in frame.schema.items():
        if not (dtype.is_numeric() or dtype in (nw.Boolean, nw.Object)):
            raise _no_numbers(name, column, dtype)
    values = frame.to_numpy()
    # Where booleans or whole numbers have nulls, these are None or NaN.
    return values.astype(np.float64) if values.dtype == object else values


def _pandas_numbers(Y: Any, name: str) -> np.ndarray:
    for column, dtype in zip(Y.columns, Y.dtypes, strict=True):
        # Plain columns of objects are looked at value by value later.
        if dtype.kind not in "biuf" and not isinstance(dtype, np.dtype):
            raise _no_numbers(name, column, dtype)
    if any(dtype.kind not in "biuf" for dtype in Y.dtypes):
        return Y.to_numpy()
    if all(isinstance(dtype, np.dtype) for dtype in Y.dtypes):
        return Y.to_numpy()
    if Y.isna().to_numpy().any():
        return Y.to_numpy(dtype=np.float64, na_value=np.nan)
    return Y.to_numpy(dtype=np.result_type(*map(_numpy, Y.dtypes)))


def _no_numbers(name: str, column: Hashable, dtype: Any) -> ValueError:
    return ValueError(
        f"The columns of {name} must hold numbers or booleans, but column {column!r} "
        f"is of dtype {dtype}; use `{name}.astype(int)`."
    )


def _numpy(dtype: Any) -> np.dtype:
    """NumPy's form of one of pandas' own dtypes (Int64, Sparse[int], ...)."""
    dtype = getattr(dtype, "subtype", dtype)
    return np.dtype(getattr(dtype, "numpy_dtype", dtype))


def like(
    values: np.ndarray, template: Any, index: Any = None, keep_dtypes: bool = True
) -> Any:
    """Put columns into a frame of a template's kind, with its names and dtypes.

    A pandas frame gets the ``index``, or the template's where there are as many rows.
    Without ``keep_dtypes`` columns have the dtype of the values.
    """
    if nw.dependencies.is_pandas_dataframe(template):
        if index is None and len(values) == len(template):
            index = template.index
        same: Any = type(template)  # a subclass of pandas' own, perhaps
        frame = same(values, columns=template.columns, index=index)
        if not keep_dtypes:
            return frame
        frame = frame.astype(dict(template.dtypes))
        for place, dtype in enumerate(template.dtypes):
            if pd.api.types.is_object_dtype(dtype):
                own = template.iloc[:, place].to_numpy()
                frame.isetitem(place, typed(values[:, place], own))
        return frame
    if not nw.dependencies.is_into_dataframe(template):
        return pd.DataFrame(values, columns=list(template.columns), index=index)
    wrapped = nw.from_native(template, eager_only=True)
    data = {name: values[:, k] for k, name in enumerate(wrapped.columns)}
    plain = nw.from_dict(data, backend=wrapped.implementation)
    if not keep_dtypes:
        return plain.to_native()
    casts = [
        # Nothing can be cast to objects; whole numbers say the same.
        nw.col(name).cast(nw.Int64 if dtype == nw.Object else dtype)
        for name, dtype in wrapped.schema.items()
    ]
    return plain.select(casts).to_native()


def typed(labels: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return labels in a template's dtype; as numbers, where its objects are that."""
    objects = template.flat if template.dtype == object else ()
    if len(objects) and not any(type(x) is bool for x in objects):
        labels = labels.astype(np.int64)
    return labels.astype(template.dtype)


def table(columns: dict[str, Any], template: Any) -> Any:
    """Put named columns into a frame of a template's kind; pandas' if it is none."""
    if nw.dependencies.is_pandas_dataframe(template) or not (
        nw.dependencies.is_into_dataframe(template)
    ):
        return pd.DataFrame(columns)
    backend = nw.from_native(template, eager_only=True).implementation
    typed = {
        name: _typed(name, np.asarray(values), backend)
        for name, values in columns.items()
    }
    return nw.from_dict(typed).to_native()


def _typed(name: str, values: np.ndarray, backend: Any) -> Any:
    """Return values as a series of one type, which does not hang on how many there are.

    Raises
    ------
    ValueError
        If they are of several types.
    """
    if values.dtype.kind in "biuf":
        dtype = getattr(nw, _NARWHALS.get(values.dtype.name, values.dtype.name.title()))
        return nw.new_series(name, values.tolist(), dtype, backend=backend)
    kinds = {type(value) for value in values.tolist() if value is not None}
    if len(kinds) > 1:
        words = sorted(kind.__name__ for kind in kinds)
        raise ValueError(
            f"Expected values of one type in the column {name!r} of a table of "
            f"{backend.name.lower()}, but got {' and '.join(words)}. Make them text, "
            "or give a pandas frame."
        )
    dtype = nw.String if kinds <= {str} else None
    return nw.new_series(name, values.tolist(), dtype, backend=backend)


_NARWHALS = {"bool": "Boolean", "uint8": "UInt8", "uint16": "UInt16"}
_NARWHALS |= {"uint32": "UInt32", "uint64": "UInt64"}


def without_rows(Y: Any) -> Any:
    """Return a frame of the same kind, columns and dtypes, that holds no rows."""
    if nw.dependencies.is_pandas_dataframe(Y):
        return Y.iloc[:0].copy()
    if not nw.dependencies.is_into_dataframe(Y):
        return pd.DataFrame(np.asarray(Y.to_numpy()), columns=list(Y.columns)).head(0)
    return nw.from_native(Y, eager_only=True).head(0).clone().to_native()


def as_plain(template: Any) -> Any:
    """Return a frame without rows as plain data, for files that hold no objects.

    What is no frame, or one of another library, or would not come back as it was, is
    returned as it is.
    """
    if type(template) is pd.DataFrame:
        columns, dtypes = template.columns, [str(x) for x in template.dtypes]
        plain = {"pandas": columns.tolist(), "dtypes": dtypes}
        plain |= {"index": str(columns.dtype), "name": columns.name}
        if columns.nlevels > 1:
            plain["names"] = list(columns.names)
        try:
            again = from_plain(plain)
        except (TypeError, ValueError):
            return template
        same = _alike(again.columns, columns)
        return plain if same and again.dtypes.equals(template.dtypes) else template
    if nw.dependencies.is_polars_dataframe(template):
        file = io.BytesIO()
        template.write_ipc(file)
        return {"polars": file.getvalue()}
    if nw.dependencies.is_pyarrow_table(template):
        return {"pyarrow": template.schema.serialize().to_pybytes()}
    return template


def _alike(one: Any, other: Any) -> bool:
    """Tell whether names of columns are the same, be they numbers or a range."""
    levels = one.nlevels == other.nlevels and list(one.names) == list(other.names)
    return bool(levels and one.dtype == other.dtype and one.equals(other))


def from_plain(plain: Any) -> Any:
    """Return the frame without rows that `as_plain` was given."""
    if not isinstance(plain, dict):
        return plain
    if "pandas" in plain:
        index = _columns_from_plain(plain)
        columns = [pd.Series([], dtype=dtype) for dtype in plain["dtypes"]]
        frame = pd.DataFrame(dict(enumerate(columns)))
        frame.columns = index
        return frame
    if "polars" in plain:
        return _library("polars").read_ipc(io.BytesIO(plain["polars"]))
    schema = _library("pyarrow").py_buffer(plain["pyarrow"])
    return _library("pyarrow.ipc").read_schema(schema).empty_table()


def _columns_from_plain(plain: dict[str, Any]) -> pd.Index:
    names = plain["pandas"]
    if "names" in plain:
        return pd.MultiIndex.from_tuples(names, names=plain["names"])
    dtype, name = plain["index"], plain["name"]
    # Tuples are names as others are.
    return pd.Index(names, dtype=dtype, name=name, tupleize_cols=False)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        raise ImportError(
            f"This model was fitted on frames of {library}, and answers in these; "
            f"install {library}."
        ) from error


def row_names(X: Any) -> Any:
    """Row names of a pandas frame or Series, or a model's blocks; else None."""
    is_frame = nw.dependencies.is_pandas_dataframe(X)
    if is_frame or nw.dependencies.is_pandas_series(X):
        return X.index
    return getattr(X, "row_names", None)

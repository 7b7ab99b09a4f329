"""Arrays and options at the door of every measure.

Stage: first step of each public function. In: truth, predictions and scores as arrays,
SciPy sparse matrices or DataFrames of shape (n_samples, n_nodes). Out: boolean CSR
labels and dense float scores, columns in node order; what comes after trusts them.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_array, gen_batches

from ..hierarchy import Hierarchy, _labels

Node = Hashable
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.floating[Any]]

# Cells of an array at a time where one of all rows would take too much memory.
_BLOCK_CELLS = 10_000_000


def as_hierarchy(hierarchy: Hierarchy | None, *arrays: Any) -> Hierarchy:
    """Return the hierarchy, or a flat one that names the columns of the arrays.

    The names are those of the first DataFrame, so that others are matched with it;
    without one, the positions.
    """
    if hierarchy is not None:
        return as_given_hierarchy(hierarchy)
    for Y in arrays:
        if _labels.is_dataframe(Y):
            return Hierarchy.flat(Y.columns)
    return Hierarchy.flat(range(_shape(arrays[0], "y_true")[1]))


def as_given_hierarchy(hierarchy: Any) -> Hierarchy:
    """Return the hierarchy; raise if it is anything else."""
    if not isinstance(hierarchy, Hierarchy):
        raise TypeError(
            f"Expected `hierarchy` to be a Hierarchy, but got "
            f"{type(hierarchy).__name__}; make one with `Hierarchy.from_edges`."
        )
    return hierarchy


def as_labels(Y: Any, hierarchy: Hierarchy, name: str) -> sp.csr_array:
    """Return 0/1 labels as boolean CSR, columns in node order.

    Raises
    ------
    ValueError
        If the shape, the columns or the values do not fit, or there are no rows.
    """
    if _shape(Y, name)[0] == 0:
        raise ValueError(f"Expected `{name}` with at least one row, but got none.")
    if not _labels.is_dataframe(Y):
        Y = Y if sp.issparse(Y) else np.asarray(Y)
        _check_numbers(Y, name)
    try:
        return _labels.to_csr(hierarchy, Y)
    except (TypeError, ValueError) as error:
        raise ValueError(f"In `{name}`: {error}") from None


def as_scores(Y: Any, hierarchy: Hierarchy, name: str) -> FloatArray:
    """Return scores as a dense array, float32 kept and all else float64.

    Raises
    ------
    ValueError
        If the shape or the columns do not fit, or a score is not finite.
    """
    order = None
    if _labels.is_dataframe(Y):
        try:
            order = _labels.column_positions(hierarchy, Y.columns)
        except ValueError as error:
            raise ValueError(f"In `{name}`: {error}") from None
        Y = Y.to_numpy()
    if _shape(Y, name)[1] != hierarchy.n_nodes:
        raise ValueError(
            f"Expected `{name}` of shape (n_samples, {hierarchy.n_nodes}), one column "
            f"a node, but got shape {_shape(Y, name)}."
        )
    if sp.issparse(Y):
        Y = Y.toarray()
    try:
        scores = check_array(Y, dtype=(np.float64, np.float32), input_name=name)
    except (TypeError, ValueError) as error:
        raise ValueError(f"In `{name}`: {error}") from None
    return scores if order is None else scores[:, order]


def check_same_rows(y_true: Any, other: Any, name: str) -> None:
    """Raise unless both arrays have as many rows."""
    if y_true.shape[0] != other.shape[0]:
        raise ValueError(
            f"Expected `{name}` with as many rows as `y_true`, {y_true.shape[0]}, but "
            f"got {other.shape[0]}."
        )


def as_weights(sample_weight: Any, n_samples: int) -> FloatArray | None:
    """Return the rows' weights, or None where all count alike."""
    if sample_weight is None:
        return None
    try:
        weights = check_array(
            sample_weight, dtype=np.float64, ensure_2d=False, ensure_min_samples=0
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"In `sample_weight`: {error}") from None
    if weights.shape != (n_samples,) or (weights < 0).any():
        raise ValueError(
            f"Expected `sample_weight` of shape ({n_samples},), none below 0, but got "
            f"shape {weights.shape}, values {weights!r}."
        )
    return weights


def as_scored(scored: Any, hierarchy: Hierarchy) -> BoolArray:
    """Return which nodes count: the given mask, or else the hierarchy's.

    Raises
    ------
    ValueError
        If it is no boolean mask over the nodes, or no node is left.
    """
    mask = hierarchy.scored if scored is None else np.asarray(scored)
    if mask.dtype != bool or mask.shape != (hierarchy.n_nodes,):
        raise ValueError(
            f"Expected `scored` to be a boolean mask of shape ({hierarchy.n_nodes},), "
            f"but got {mask.dtype} of shape {mask.shape}."
        )
    if not mask.any():
        raise ValueError(
            "Expected at least one scored node, but got none; unscored nodes count in "
            "no measure."
        )
    return mask


def check_option(name: str, value: Any, options: Sequence[Any]) -> None:
    """Raise unless the value is one of the options; the message has the nearest."""
    if any(value is option for option in options) or (
        isinstance(value, str) and value in options
    ):
        return
    words = [option for option in options if isinstance(option, str)]
    near = difflib.get_close_matches(str(value), words, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(repr(option) for option in options)
    raise ValueError(
        f"Expected argument `{name}` to be one of {listed}, but got {value!r}.{hint}"
    )


def check_bool(name: str, value: Any) -> None:
    """Raise unless the value is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(
            f"Expected argument `{name}` to be True or False, but got {value!r}."
        )


def check_share(name: str, value: Any) -> None:
    """Raise unless the value is a number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(
            f"Expected argument `{name}` to be a number, but got {value!r}."
        )
    if not 0 <= value <= 1:
        raise ValueError(
            f"Expected argument `{name}` to be in [0, 1], but got {value!r}."
        )


def row_blocks(n_rows: int, width: int) -> Iterator[slice]:
    """Slices of rows, each of one row or of `_BLOCK_CELLS` cells at most."""
    return gen_batches(n_rows, max(1, _BLOCK_CELLS // max(width, 1)))


def weighted_mean(
    values: NDArray[Any], weights: NDArray[Any], undefined: float, what: str
) -> float:
    """Average with weights; a warning and a stated value where they sum to 0."""
    if weights.sum() == 0:
        warnings.warn(
            f"{what} is not defined: no scored node has a positive row in `y_true`; "
            f"it is set to {undefined}.",
            UndefinedMetricWarning,
            stacklevel=4,  # the caller of the public function
        )
        return float(undefined)
    return float(np.average(values, weights=weights))


def _check_numbers(Y: Any, name: str) -> None:
    if Y.dtype.kind not in "biuf":
        raise ValueError(
            f"Expected `{name}` of numbers, 0 and 1, but got dtype {Y.dtype}; turn "
            "node names into columns with `HierarchicalLabelBinarizer`."
        )


def _shape(Y: Any, name: str) -> tuple[int, ...]:
    try:
        shape = Y.shape if hasattr(Y, "shape") else np.shape(Y)
    except ValueError:
        raise ValueError(f"Expected `{name}` with rows of one length.") from None
    if len(shape) != 2:
        raise ValueError(
            f"Expected `{name}` of shape (n_samples, n_nodes), but got shape {shape}."
        )
    return tuple(shape)

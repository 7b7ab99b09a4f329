"""What users hand over, checked at the door: all checks in one place.

Stage: the first step of every public function. In: labels, scores, row weights, masks,
numbers by node and options, in whatever container. Out: boolean CSR labels, dense
scores, float arrays; columns in node order. What comes after trusts them.

The one rule for columns. Things with names (frames, Series, mappings) go by name. Bare
arrays are in node order or, after a fit on named columns, in the order of ``classes_``
(``bare`` below). A bare array beside a frame whose columns stand in another order is
refused, since nobody can know which order it has.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from numbers import Number
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import check_array

from . import _frames as frames
from ._on_disk import check_unmasked, is_on_disk, sparse_rows
from ._options import check_bool as check_bool
from ._options import check_option as check_option
from ._options import check_share as check_share
from ._words import Node as Node
from ._words import as_classes as as_classes
from ._words import as_list as as_list
from ._words import check_unique
from ._words import count as count
from ._words import did_you_mean as did_you_mean
from ._words import name_array as name_array
from ._words import plain as plain
from ._words import shorten as shorten
from ._words import to_python as to_python
from ._words import unknown as unknown

# Share of stored entries up to which sparse features are taken as mostly zeros.
_SPARSE = 1 / 32

# The hierarchy is built on these checks, so that its class can't be imported here.
Hierarchy = Any
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.floating[Any]]

# -- columns ---------------------------------------------------------------------------


def column_positions(
    hierarchy: Hierarchy, columns: Iterable[Node], name: str = "Y"
) -> NDArray[np.intp]:
    """For each node the position of its column; the columns must be the nodes.

    Raises
    ------
    ValueError
        If a column is no node, a node has no column, or a column comes twice.
    """
    names = list(columns)
    check_unique(names, f"Columns of {name}")
    where = {column: position for position, column in enumerate(names)}
    missing = [node for node in hierarchy.nodes if node not in where]
    others = [column for column in names if column not in hierarchy]
    if missing or others:
        advice = "Rename the columns, or use `hierarchy.subset` for fewer nodes."
        if {str(node) for node in missing} == {str(column) for column in others}:
            types = type(missing[0]).__name__, type(others[0]).__name__
            advice = (
                f"They differ in type alone: nodes are {types[0]}, names of columns "
                f"{types[1]}. Make the hierarchy with names of the columns' type."
            )
        raise ValueError(
            f"The columns of {name} must be the nodes of the hierarchy; without a "
            f"column: {shorten(missing)}; unknown: {shorten(others)}. {advice}"
        )
    return np.array([where[node] for node in hierarchy.nodes], dtype=np.intp)


def check_one_order(
    hierarchy: Hierarchy, sides: Mapping[str, Any], per_node: Mapping[str, Any]
) -> None:
    """Refuse what has no names beside a frame whose columns are not in node order.

    ``sides`` are the arrays of one call by their names, ``per_node`` its values per
    node, None where one is not given.
    """
    columns = {side: frames.columns(Y, side) for side, Y in sides.items()}
    bare = [side for side, names in columns.items() if names is None]
    for side, names in columns.items():
        for other in bare:
            advice = _advice(side, sides[side], other, sides[other])
            _check_order(names, hierarchy, side, other, advice)
    check_values_by_node(hierarchy, columns, per_node)


def check_order_of_values(
    spec: Any,
    hierarchy: Hierarchy,
    name: str,
    columns: Iterable[Node] | None,
    side: str = "y",
) -> None:
    """Refuse values per node without names beside columns not in node order."""
    if not goes_by_name(spec):
        advice = f"Give it names, such as by dict(zip(hierarchy.nodes, {name}))."
        _check_order(columns, hierarchy, side, name, advice)


def _advice(side: str, named: Any, bare: str, values: Any) -> str:
    """Say what to write where ``bare`` is in node order, and where it is not."""
    nodes = "list(hierarchy.nodes)"
    arrow = hasattr(named, "column_names")  # whose tables have no such brackets
    frame = (
        "pd.DataFrame.sparse.from_spmatrix" if sp.issparse(values) else "pd.DataFrame"
    )
    return (
        "If it is in the order of the nodes, as what `predict_dense`, `predict_sparse` "
        f"and `read_predictions` give, pass "
        f"{side}{f'.select({nodes})' if arrow else f'[{nodes}]'}. If it is in the "
        "order of the model's `classes_`, as what `predict_proba` gives, name its "
        f"columns: {frame}({bare}, columns=classifier.classes_)."
    )


def _check_order(
    columns: Iterable[Node] | None,
    hierarchy: Hierarchy,
    side: str,
    bare: str,
    advice: str,
) -> None:
    if columns is not None and list(columns) != list(hierarchy.nodes):
        raise ValueError(
            f"`{bare}` has no names, but the columns of `{side}` are named, in another "
            "order than the hierarchy's nodes, so that nobody knows which node is "
            f"which in `{bare}`. {advice}"
        )


def check_values_by_node(
    hierarchy: Hierarchy,
    columns: Mapping[str, list[Node] | None],
    by_node: Mapping[str, Any],
) -> None:
    """Refuse a bare value per node beside columns that are named in another order.

    ``columns`` has the names of the columns of each side, or None, by what the side is
    called; ``by_node`` what has a value per node, by its name; None is nothing.
    """
    for side, names in columns.items():
        for name, spec in by_node.items():
            if spec is not None:
                check_order_of_values(spec, hierarchy, name, names, side)


def check_same_ids(
    X: Any, y: Any, names: tuple[str, str] = ("X", "y"), stacklevel: int = 3
) -> None:
    """Warn where rows of both sides have the same ids in another order.

    Those with ids are pandas frames and Series, and blocks of a model. ``names`` are
    what the user calls them; ``stacklevel`` is that of the warning, seen from here.
    """
    ids, others = frames.row_names(X), frames.row_names(y)
    if ids is None or others is None or ids.equals(others):
        return
    if len(ids) == len(others) and set(ids) == set(others):
        one, other = names
        align = f"{other} = {other}.loc[{one}.index]"
        if not hasattr(y, "loc"):
            align = f"{one} = {one}.loc[{other}.ids]"
        warnings.warn(
            f"{one} and {other} have the same row ids (index), but in another order; "
            f"rows go together by position. Align them first: `{align}`.",
            UserWarning,
            stacklevel=stacklevel,
        )


def canonical(X: Any) -> Any:
    """Return a sparse X without duplicates and stored zeros: it has one form."""
    if not sp.issparse(X) or (X.has_canonical_format and X.data.all()):
        return X
    X = X.copy()  # the user's stays as it is
    X.sum_duplicates()
    X.eliminate_zeros()
    return X


def mostly_zeros(X: Any) -> bool:
    """Tell a sparse X of which next to nothing is stored."""
    return bool(sp.issparse(X) and X.nnz <= _SPARSE * math.prod(X.shape))


# -- labels ----------------------------------------------------------------------------


def as_labels(
    Y: Any, hierarchy: Hierarchy, name: str = "Y", bare: Iterable[Node] | None = None
) -> sp.csr_array:
    """Return 0/1 labels as a new boolean CSR array, columns in node order.

    Parameters
    ----------
    Y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
    hierarchy : Hierarchy
    name : str
        What the user calls ``Y``, for messages.
    bare : iterable of hashable, default=None
        Names of the columns where ``Y`` has none. None: the nodes in their order.

    Raises
    ------
    ValueError
        If ``Y`` is not 2-D, has other columns than nodes, or holds anything but 0 and
        1.
    """
    order = _order(Y, hierarchy, name, bare)
    values = _label_values(Y, name)
    _check_width(values.shape, hierarchy, name)
    _check_binary(values.data if sp.issparse(values) else values, name)
    labels = sp.csr_array(values.astype(bool))  # a copy
    labels.sum_duplicates()
    labels.eliminate_zeros()
    return labels if order is None else labels[:, order]


def like(
    labels: Any, hierarchy: Hierarchy, template: Any, bare: Iterable[Node] | None = None
) -> Any:
    """Put labels in node order into the container, dtype and columns of a template.

    ``labels`` are an array or CSR of booleans; ``bare`` as in `as_labels`.
    """
    where = _order(template, hierarchy, "Y", bare)
    if where is not None:
        labels = labels[:, np.argsort(where)]
    if sp.issparse(template):
        labels = sp.csr_array(labels).astype(template.dtype)
        container = sp.csr_array if isinstance(template, sp.sparray) else sp.csr_matrix
        return container(labels).asformat(template.format)
    labels = labels.toarray() if sp.issparse(labels) else labels
    if frames.is_frame(template):
        return frames.like(labels, template)
    if isinstance(template, list):
        return labels.astype(np.asarray(template).dtype).tolist()
    return frames.typed(labels, np.asarray(template))


def _order(
    Y: Any, hierarchy: Hierarchy, name: str, bare: Iterable[Node] | None
) -> NDArray[np.intp] | None:
    """Position of each node's column, or None where columns are in node order."""
    columns = frames.columns(Y, name)
    given = bare if columns is None else columns
    if given is None:
        return None
    order = column_positions(hierarchy, given, name)
    return None if (np.diff(order) == 1).all() else order


def _check_width(shape: tuple[int, ...], hierarchy: Hierarchy, name: str) -> None:
    if len(shape) != 2 or shape[1] != hierarchy.n_nodes:
        raise ValueError(
            f"Expected {name} of shape (n_samples, {hierarchy.n_nodes}), one column "
            f"per node, but got shape {shape}."
        )


def _label_values(Y: Any, name: str) -> Any:
    """Return a CSR array of sparse labels, a plain array of all others."""
    check_unmasked(Y)
    if sp.issparse(Y):
        return sp.csr_array(Y)
    if frames.is_frame(Y):
        return frames.numbers(Y, name)
    if is_on_disk(Y) and len(Y.shape) == 2:
        return sparse_rows(Y, lambda block: _check_binary(block, name))
    try:
        return np.asarray(Y)
    except ValueError as error:
        raise ValueError(
            f"Expected {name} as a rectangular array of 0 and 1, but its rows differ "
            "in length; for lists of node names use HierarchicalLabelBinarizer."
        ) from error


def _check_binary(values: np.ndarray, name: str) -> None:
    if values.dtype.kind in "biuf":
        valid = (values == 0) | (values == 1)
    else:
        valid = np.array([_is_binary(x) for x in values.ravel().tolist()], dtype=bool)
    if valid.all():
        return
    first = to_python(values.ravel()[np.argmin(valid)])
    hint = ""
    if isinstance(first, str):
        hint = " For node names use HierarchicalLabelBinarizer."
    raise ValueError(
        f"{name} must hold only 0 and 1 (or False and True), but has {first!r}.{hint}"
    )


def _is_binary(value: Any) -> bool:
    return isinstance(value, Number) and value in (0, 1)


# -- scores ----------------------------------------------------------------------------


def as_scores(
    Y: Any,
    hierarchy: Hierarchy,
    name: str = "scores",
    bare: Iterable[Node] | None = None,
) -> FloatArray:
    """Return scores as a dense array in node order, float32 kept and all else float64.

    Parameters are those of `as_labels`; a list of arrays (n_samples, 2), one per node,
    as some of scikit-learn's classifiers give, does too.

    Raises
    ------
    ValueError
        If the shape or the columns do not fit, a score is not finite, or an array of a
        list has other columns than those of the classes 0 and 1.
    """
    order = _order(Y, hierarchy, name, bare)
    check_unmasked(Y)
    if frames.is_frame(Y):
        Y = frames.numbers(Y, name)
    elif is_list_of_probabilities(Y):
        Y = positive_columns(Y, name)
    if sp.issparse(Y):
        Y = Y.toarray()
    try:
        shape = np.shape(Y)
    except ValueError:
        raise ValueError(f"Expected {name} with rows of one length.") from None
    _check_width(shape, hierarchy, name)
    try:
        scores = check_array(
            Y, dtype=(np.float64, np.float32), ensure_min_samples=0, input_name=name
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"In `{name}`: {error}") from None
    return scores if order is None else scores[:, order]


def as_probabilities(Y: Any, hierarchy: Hierarchy, name: str) -> FloatArray:
    """Return scores, as `as_scores` does, that all lie in [0, 1]."""
    proba = as_scores(Y, hierarchy, name)
    if proba.min(initial=0) < 0 or proba.max(initial=1) > 1:
        raise ValueError(
            f"Expected `{name}` of probabilities in [0, 1], but got values from "
            f"{proba.min():g} to {proba.max():g}."
        )
    return proba


def is_list_of_probabilities(Y: Any) -> bool:
    """Tell a list of arrays (n_samples, n_classes), one per node, from one of rows."""
    return (
        isinstance(Y, list)
        and len(Y) > 0
        and all(isinstance(one, np.ndarray) and one.ndim == 2 for one in Y)
    )


def positive_columns(Y: list[np.ndarray], name: str) -> np.ndarray:
    """The column of class 1 of each array."""
    for position, one in enumerate(Y):
        if one.shape[1] != 2:
            raise ValueError(
                f"Expected `{name}` to be a list of arrays (n_samples, 2), one per "
                f"node, but that at position {position} has shape {one.shape}, so that "
                "nobody knows which of its columns is class 1 (a forest gives one "
                "column where all training rows agree). The classifier's `classes_` "
                "tells: score with `get_scorer`, wrap it in `CoherentClassifier`, or "
                "make one array (n_samples, n_nodes) of the columns of class 1."
            )
    return np.column_stack([one[:, 1] for one in Y])


# -- rows ------------------------------------------------------------------------------


def as_row_weights(
    sample_weight: Any, n_samples: int, dtype: Any = np.float64
) -> FloatArray | None:
    """Return what rows count, finite and >= 0, or None where all count alike."""
    if sample_weight is None:
        return None
    try:
        weights = check_array(
            sample_weight, dtype=dtype, ensure_2d=False, ensure_min_samples=0
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"In `sample_weight`: {error}") from None
    if weights.shape != (n_samples,):
        raise ValueError(
            f"Expected `sample_weight` of shape ({n_samples},), one per row, but got "
            f"shape {weights.shape}."
        )
    if (weights < 0).any():
        raise ValueError(
            f"Expected `sample_weight` >= 0, but got {weights.min():g}; negative "
            "values have no meaning here."
        )
    return weights


def check_same_rows(y_true: Any, other: Any, name: str) -> None:
    """Raise unless both arrays have as many rows."""
    if y_true.shape[0] != other.shape[0]:
        raise ValueError(
            f"Expected `{name}` with as many rows as `y_true`, {y_true.shape[0]}, but "
            f"got {other.shape[0]}."
        )


# -- nodes -----------------------------------------------------------------------------


def goes_by_name(spec: Any) -> bool:
    """Tell a mapping or Series, whose values have names, from an array."""
    return isinstance(spec, Mapping) or (
        hasattr(spec, "to_dict") and hasattr(spec, "items")
    )


def values_by_name(spec: Any, name: str) -> dict[Node, Any]:
    """Return a mapping or Series as a dict; raise where a Series has a name twice."""
    pairs = list(spec.items())
    check_unique([node for node, _ in pairs], f"In `{name}` names")
    return dict(pairs)


def every_node(spec: Any, hierarchy: Hierarchy, name: str) -> NDArray[Any]:
    """Return one value per node as an array in node order, of whatever dtype.

    A mapping or Series goes by name and must have every node; it may have others. An
    array comes back as it is.

    Raises
    ------
    ValueError
        If a node has no value, or a name comes twice.
    """
    if not goes_by_name(spec):
        return np.asarray(spec)
    values = values_by_name(spec, name)
    missing = [node for node in hierarchy.nodes if node not in values]
    if missing:
        raise ValueError(
            f"Expected `{name}` for every node, but there is none for "
            f"{shorten(missing)}."
        )
    return np.asarray([values[node] for node in hierarchy.nodes])


def as_train_counts(
    y_train: Any, train_counts: Any, hierarchy: Hierarchy
) -> NDArray[Any] | None:
    """Return training rows per node, from labels or counts; None without either.

    Raises
    ------
    ValueError
        If both are given, or there is not a number of 0 or more for every node.
    """
    if y_train is not None and train_counts is not None:
        raise ValueError(
            "Expected `y_train` or `train_counts`, but got both; leave one out."
        )
    if y_train is not None:
        return np.asarray(as_labels(y_train, hierarchy, "y_train").sum(axis=0))
    if train_counts is None:
        return None
    return not_negative(train_counts, hierarchy, "train_counts")


def not_negative(spec: Any, hierarchy: Hierarchy, name: str) -> NDArray[Any]:
    """Return a number of 0 or more for every node, in node order."""
    values = every_node(spec, hierarchy, name)
    fits = values.shape == (hierarchy.n_nodes,) and values.dtype.kind in "iuf"
    if not fits or not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(
            f"Expected `{name}` of {hierarchy.n_nodes} finite numbers, none below 0, "
            f"one per node, but got {values.dtype} of shape {values.shape}."
        )
    return values


def as_scored(scored: Any, hierarchy: Hierarchy) -> BoolArray:
    """Return which nodes count: the given mask, or else the hierarchy's.

    A mapping or Series of booleans goes by name.

    Raises
    ------
    ValueError
        If it is no boolean mask over the nodes, or no node is left.
    """
    mask = hierarchy.scored
    if scored is not None:
        mask = every_node(scored, hierarchy, "scored")
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


def by_node(
    spec: Any,
    hierarchy: Hierarchy,
    rest: float,
    parameter: str,
    columns: Iterable[Node] | None = None,
) -> FloatArray:
    """Return numbers by node as an array of shape () or (n_nodes,), in node order.

    Parameters
    ----------
    spec : number, array-like, mapping or Series
        A mapping or Series goes by name, and nodes that it lacks get ``rest``. An array
        is in node order.
    hierarchy : Hierarchy
    rest : float
    parameter : str
        What the user calls it, for messages.
    columns : iterable of hashable, default=None
        Names of the user's columns. An array is refused where their order is another.

    Raises
    ------
    ValueError
        If a name is no node or comes twice, a value is no number, or the shape does not
        fit.
    """
    if not goes_by_name(spec):
        values = as_numbers(spec, parameter)
        if values.shape not in ((), (hierarchy.n_nodes,)):
            raise ValueError(
                f"Expected `{parameter}` to be a number or of shape "
                f"({hierarchy.n_nodes},), one per node, but got shape {values.shape}."
            )
        if values.ndim:
            check_order_of_values(spec, hierarchy, parameter, columns)
        return values
    values = np.full(hierarchy.n_nodes, rest)
    for node, value in values_by_name(spec, parameter).items():
        try:
            position = hierarchy.index(node)
        except KeyError as error:
            raise ValueError(f"In `{parameter}`: {error.args[0]}") from None
        values[position] = as_numbers(value, parameter, f" for node {node!r}")
    return values


def as_thresholds(
    spec: Any, hierarchy: Hierarchy, columns: Iterable[Node] | None = None
) -> FloatArray:
    """Return decision thresholds in [0, 1], as `by_node` does; the rest is 0.5.

    Infinity is one too: from there on a node is never predicted, not even at 1.
    """
    thresholds = by_node(spec, hierarchy, 0.5, "threshold", columns)
    bad = ~(((thresholds >= 0) & (thresholds <= 1)) | (thresholds == np.inf))
    if bad.any():
        raise ValueError(
            "Expected thresholds in [0, 1], but got "
            f"{np.atleast_1d(thresholds)[np.atleast_1d(bad)][0]}."
        )
    return thresholds


def as_numbers(value: Any, parameter: str, where: str = "") -> FloatArray:
    """Return numbers as float64; ``where`` ends the message."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"In `{parameter}`: expected numbers, but got {value!r}{where}."
        ) from error

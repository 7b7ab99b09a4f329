"""What any fitted model answers: who is inside, its hierarchy, its columns.

Stage: between a model and whoever asks it: scorers, displays, meta-estimators. In: an
estimator, alone or inside pipelines (imbalanced-learn's with samplers too), searches
and wrappers. Out: an `Answer` of shape (n_samples, n_nodes) and the names of its
columns, where the model knows any.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.special import expit
from sklearn.frozen import FrozenEstimator
from sklearn.utils import _safe_indexing

from . import _frames as frames
from ._on_disk import check_stored, is_dataset, is_on_disk, read_rows
from ._validation import Node, as_labels, as_scores, column_positions, shorten
from .hierarchy import Hierarchy

# Formats of SciPy in which rows can't be indexed, of matrices or of arrays.
_WITHOUT_ROWS = ("bsr", "coo", "dia")


class Answer(NamedTuple):
    """What a model says of rows.

    ``values`` has shape (n_samples, n_nodes); ``names`` are those of its columns, or
    None for a model that knows none: its columns are those of the ``y`` it was fitted
    on. ``of_classes`` says that ``y`` was 1-D: the columns are its classes, of which
    each row has one, and no nodes.
    """

    values: Any
    names: list[Node] | None
    of_classes: bool = False


# -- who is inside ---------------------------------------------------------------------


def chain(estimator: Any) -> Iterator[Any]:
    """Yield an estimator, what lies inside it, and so on, from the outside in.

    Through searches, pipelines and meta-estimators; what is fitted goes before what it
    was made from.
    """
    while estimator is not None:
        yield estimator
        estimator = _inside(estimator)


def _inside(estimator: Any) -> Any:
    if _is_pipeline(estimator):
        return estimator.steps[-1][1]
    for name in ("best_estimator_", "estimator_", "estimator"):
        inner = getattr(estimator, name, None)
        if inner is not None and hasattr(inner, "get_params"):
            return inner
    return None


def _is_pipeline(estimator: Any) -> bool:
    return hasattr(estimator, "steps") and hasattr(estimator, "named_steps")


def hierarchy_of(estimator: Any) -> Hierarchy | None:
    """Return the hierarchy that a model, or the model inside it, was fitted with."""
    for part in chain(estimator):
        for name in ("hierarchy_", "hierarchy"):
            hierarchy = getattr(part, name, None)
            if isinstance(hierarchy, Hierarchy):
                return hierarchy
    return None


def own_hierarchy(estimator: Any) -> Hierarchy | None:
    """Return the hierarchy that an unfitted model, or the one inside it, was given."""
    for part in chain(estimator):
        if isinstance(getattr(part, "hierarchy", None), Hierarchy):
            return part.hierarchy
        if hasattr(part, "hierarchy"):  # without one of its own, but maybe experts
            for _, expert in getattr(part, "estimators", ()):
                own = own_hierarchy(expert)
                if own is not None:
                    return own
    return None


def knows_hierarchies(estimator: Any) -> bool:
    """Tell whether a model, or the model inside it, takes a hierarchy at all."""
    return any(hasattr(part, "hierarchy") for part in chain(estimator))


def part_with(estimator: Any, attribute: str) -> Any:
    """Return the outermost part that has an attribute.

    Raises
    ------
    AttributeError
        If there is none; the message has the name of the innermost part.
    """
    parts = list(chain(estimator))
    for part in parts:
        if hasattr(part, attribute):
            return part
    innermost = parts[-1] if parts else estimator
    raise AttributeError(
        f"Expected an estimator with `{attribute}`, but {type(innermost).__name__} has "
        "none."
    )


def names_of(estimator: Any) -> list[Node] | None:
    """Names of a model's columns, or None where it knows none.

    They are the ``classes_`` of the outermost part that has a hierarchy. Numbers of
    columns name nothing: those of scikit-learn's own classifiers, and of a flat
    hierarchy that was made for a bare ``y``.
    """
    part = _part_with_hierarchy(estimator)
    classes = getattr(part, "classes_", None)
    numbered = getattr(getattr(part, "_target", None), "numbered", False)
    return None if classes is None or numbered else list(classes.tolist())


def _part_with_hierarchy(estimator: Any) -> Any:
    parts = (part for part in chain(estimator) if hasattr(part, "hierarchy_"))
    return next(parts, None)


def node_names(names: list[Node] | None, hierarchy: Hierarchy) -> list[Node] | None:
    """Return names of a model's columns, or None where they are mere positions.

    So they are where it was fitted on bare columns, without this hierarchy. Other names
    that are no nodes come back, for the checks to refuse.
    """
    if names is None or any(name in hierarchy for name in names):
        return names
    return None if names == list(range(len(names))) else names


def held_out_part(estimator: Any) -> Any:
    """Return the part whose held-out probabilities are those of the whole, or None.

    Itself or, of a pipeline, the last step. Searches chose by the same rows, what is
    frozen has seen others, a sampler has made others, and wrappers have made something
    else of the probabilities.
    """
    while _is_pipeline(estimator):
        if any(hasattr(step, "fit_resample") for _, step in estimator.steps[:-1]):
            return None
        estimator = estimator.steps[-1][1]
    if isinstance(estimator, FrozenEstimator):  # answers as what is inside
        return None
    return estimator if hasattr(estimator, "held_out_proba") else None


# -- what it says ----------------------------------------------------------------------


def ask(estimator: Any, X: Any, method: str, **options: Any) -> Answer:
    """Call a method, wherever inside it is, on rows.

    Parameters
    ----------
    estimator : fitted estimator
    X : what the estimator takes
    method : str
        "predict_proba" does with ``decision_function`` alone, whose values go through
        the logistic function.
    **options : dict
        Further arguments of the method.
    """
    if method == "predict_proba" and not options:
        values, names = _probabilities(estimator, X), names_of(estimator)
    else:
        values = _call(estimator, X, method, options)
        names = _names_inside(estimator, part_with(estimator, method))
    target = getattr(_part_with_hierarchy(estimator), "_target", None)
    single = getattr(target, "single", False)
    return Answer(_one_array(values, estimator), names, single)


def held_out_answer(estimator: Any, n_rows: int) -> Answer:
    """Return what a fitted model says of the rows of its fit, without them.

    Raises
    ------
    ValueError
        If it has no such probabilities, or of other rows.
    """
    part = held_out_part(estimator)
    if part is None:
        raise ValueError(
            f"Expected an estimator with `held_out_proba`, alone or as the last step "
            f"of a pipeline without samplers, but got {type(estimator).__name__}."
        )
    values = np.asarray(part.held_out_proba())
    if len(values) != n_rows:
        raise ValueError(
            f"Expected `held_out_proba` of {type(part).__name__} to have one row for "
            f"each of the {n_rows} rows of `fit`, but got {len(values)}."
        )
    target = getattr(part, "_target", None)
    return Answer(values, names_of(part), getattr(target, "single", False))


def _call(estimator: Any, X: Any, method: str, options: dict[str, Any]) -> Any:
    """Hand rows down, through a pipeline's transformers, to the one with the method."""
    part_with(estimator, method)  # raises where there is none
    while not hasattr(estimator, method):
        if _is_pipeline(estimator):
            X = _transformed(estimator, X)
        estimator = _inside(estimator)
    return getattr(estimator, method)(X, **options)


def _names_inside(estimator: Any, part: Any) -> list[Node] | None:
    """Names of the columns of a part that was asked in place of the whole.

    A wrapper may have fitted it on columns in another order than its own. Where the
    part numbers its columns, the wrapper's names are right if both are in node order.

    Raises
    ------
    ValueError
        If the part has no names, and the wrapper another order than the nodes.
    """
    whole, inner = names_of(estimator), names_of(part)
    if whole is None or (inner is not None and set(inner) == set(whole)):
        return inner
    hierarchy = hierarchy_of(estimator)
    if hierarchy is not None and whole != list(hierarchy.nodes):
        raise ValueError(
            f"Expected {type(part).__name__} inside {type(estimator).__name__} to name "
            "its columns, but it does not, and the labels of `fit` were in another "
            "order than the hierarchy's nodes. Fit on columns in node order."
        )
    return whole


def _transformed(pipeline: Any, X: Any) -> Any:
    """Rows as the last step sees them in prediction, where samplers do nothing."""
    for _, step in pipeline.steps[:-1]:
        if step not in (None, "passthrough") and not hasattr(step, "fit_resample"):
            X = step.transform(X)
    return X


def _probabilities(estimator: Any, X: Any) -> Any:
    if hasattr(estimator, "predict_proba"):
        try:
            return estimator.predict_proba(X)
        except AttributeError:
            # OneVsRestClassifier has the method if only its first model has it.
            if not hasattr(estimator, "decision_function"):
                raise
    if not hasattr(estimator, "decision_function"):
        raise AttributeError(
            "Expected an estimator with `predict_proba` or `decision_function`, but "
            f"{type(estimator).__name__} has neither."
        )
    margins = estimator.decision_function(X)
    if isinstance(margins, list):  # one array per node
        margins = np.column_stack(margins)
    values = expit(np.asarray(margins, dtype=np.float64))
    for part in chain(estimator):
        for column, one in enumerate(getattr(part, "estimators_", ())):
            if type(one).__name__ == "_ConstantPredictor":
                values[:, column] = one.y_[0]  # no margin, but the only class
    return values


def _one_array(values: Any, estimator: Any) -> Any:
    """From whatever multi-label classifiers return to (n_samples, n_columns)."""
    if isinstance(values, list):
        pairs = zip(values, _classes_of_each(estimator, len(values)), strict=True)
        return np.column_stack([_of_positive(*pair) for pair in pairs])
    if sp.issparse(values):
        return values.toarray()
    if frames.is_frame(values):
        return values
    values = np.asarray(values)
    if (
        values.ndim == 2
        and values.shape[1] == 1
        and _part_with_hierarchy(estimator) is None
    ):
        # Of a single node, where training rows had but one of the classes; what has a
        # hierarchy answers for nodes.
        return _of_positive(values, _only_class(estimator))[:, np.newaxis]
    return values


def _only_class(estimator: Any) -> Any:
    """Return the class of all training rows, or [1] where there is no such thing."""
    for part in chain(estimator):
        classes = getattr(part, "classes_", None)
        if classes is not None and np.shape(classes) == (1,):
            return classes
    return np.array([1])


def _classes_of_each(estimator: Any, n_nodes: int) -> Any:
    for part in chain(estimator):
        classes = getattr(part, "classes_", None)
        if isinstance(classes, list) and len(classes) == n_nodes:
            return classes
    return [np.array([0, 1])] * n_nodes


def _of_positive(proba: Any, classes: Any) -> Any:
    """The column of class 1; 0 where training rows had no positive."""
    proba = np.asarray(proba)
    if proba.ndim == 1:  # decisions or margins, one array per node
        return proba
    where = np.flatnonzero(np.asarray(classes).astype(float) == 1)
    return proba[:, where[0]] if len(where) else np.zeros(len(proba))


# -- in node order ---------------------------------------------------------------------


def in_columns(values: Any, n_columns: int, estimator: Any) -> Any:
    """Return scores of shape (n_samples, n_columns), or raise."""
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if n_columns == 1 and values.shape[1] == 2:
        values = values[:, 1:]
    if values.ndim != 2 or values.shape[1] != n_columns:
        raise ValueError(
            f"Expected {type(estimator).__name__} to give scores of {n_columns} nodes, "
            f"but got shape {values.shape}. Is it a multi-label classifier?"
        )
    return values


def in_nodes(answer: Answer, target: Any, estimator: Any) -> np.ndarray:
    """Return a model's scores in node order, by the names it has for its columns.

    Columns without names, or with mere positions, are those of ``y``.

    Raises
    ------
    ValueError
        If the model's names are others than the nodes.
    """
    hierarchy = target.hierarchy
    values = in_columns(answer.values, hierarchy.n_nodes, estimator)
    names = node_names(answer.names, hierarchy)
    if names is None or answer.of_classes:
        return as_scores(target.in_node_order(values), hierarchy)
    what = f"{type(estimator).__name__}'s scores"
    return as_scores(values, hierarchy, what, bare=names)


# -- some rows at a time ---------------------------------------------------------------


def some_rows(X: Any, rows: Any) -> Any:
    """Return some rows of features or labels, in their container.

    ``rows`` is a slice or an array of positions; of a torch Dataset it is a view, and
    of sparse ones without indexing a CSR.
    """
    if is_dataset(X):
        positions = range(len(X))[rows] if isinstance(rows, slice) else rows
        return sys.modules["torch.utils.data"].Subset(X, positions)
    if is_on_disk(X) and not isinstance(X, np.ndarray):
        check_stored(X)
        return read_rows(X, rows)
    return _safe_indexing(with_rows(X), rows)


def with_rows(X: Any) -> Any:
    """Return X in a form whose rows can be taken: sparse ones without indexing as CSR.

    What is asked for block after block is changed once, before.
    """
    return X.tocsr() if sp.issparse(X) and X.format in _WITHOUT_ROWS else X


# -- side by side with the truth -------------------------------------------------------


def named_sides(
    y_true: Any, names: list[Node] | None, hierarchy: Hierarchy
) -> dict[str, list[Node] | None]:
    """Names of the columns that a bare value per node stands beside, by side.

    They are those of ``y_true`` or, where it has none, of the model.
    """
    columns = frames.columns(y_true, "y")
    if columns is not None:
        return {"y": columns}
    return {"estimator.predict_proba": node_names(names, hierarchy)}


def classes_beside_nodes() -> ValueError:
    """Return the error that a model of classes has no answers of nodes."""
    return ValueError(
        "The model was fitted on one class per row (1-D y), so that its answers are "
        "not those of nodes, but y has one column per node. Fit it on columns too "
        "(`HierarchicalLabelBinarizer` makes them), or measure classes, with one of "
        "scikit-learn's scorers such as 'accuracy'."
    )


def in_node_order(
    y_true: Any, answer: Answer, hierarchy: Hierarchy | None, scores: bool
) -> tuple[Any, Any]:
    """Return truth and answer as arrays in node order, whoever of them has names.

    A model that knows no names answers in the columns of the ``y`` it was fitted on;
    as everywhere in scikit-learn, these are the columns of ``y_true``. A bare
    ``y_true`` is in the order of the model's names, where it has any.

    Without a hierarchy both come back as they are. ``y_true`` may be None.

    Raises
    ------
    ValueError
        If truth or answer do not fit the hierarchy, a bare truth is not closed in the
        order of the model's names, or the truth has nodes, but the model was fitted on
        one class per row: what its probability leaves after its children's is not a
        node's.
    """
    values, names, of_classes = answer
    if of_classes and y_true is not None:
        raise classes_beside_nodes()
    if hierarchy is None:
        return y_true, values
    names = node_names(names, hierarchy) or frames.columns(values)
    if names is not None:
        column_positions(hierarchy, names, "the model's answer")
    truth_names = frames.columns(y_true)
    truth = y_true
    if y_true is not None:
        truth = as_labels(y_true, hierarchy, "y_true", bare=names)
        if truth_names is None and names not in (None, list(hierarchy.nodes)):
            _check_order(truth, names, hierarchy)
    read = as_scores if scores else as_labels
    return truth, read(values, hierarchy, "y_pred", bare=names or truth_names)


def _check_order(truth: Any, names: list[Node], hierarchy: Hierarchy) -> None:
    """Raise where labels that aren't closed tell of columns in another order."""
    try:
        hierarchy.check_closed(truth)
    except ValueError as error:
        raise ValueError(f"{error}{order_hint(names)}") from None


def order_hint(names: list[Node] | None) -> str:
    """Say in which order columns without names are read, in an error."""
    if names is None:
        return (
            " Columns without names must be in node order; scikit-learn's "
            "`cross_val_predict` drops the names of frames."
        )
    return (
        " Columns without names are taken for those of the frame in `fit`, in its "
        f"order (`classes_`): {shorten(names)}. Give a frame if yours are in another."
    )

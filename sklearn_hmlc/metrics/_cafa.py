"""The measures of CAFA: Fmax, weighted Fmax, Smin and coverage.

Stage: quality of scores, for protein function and the like. In: truth and scores of
shape (n_samples, n_nodes). Out: a number per namespace, or their mean. At a
threshold ``t`` row ``r`` has the predicted nodes ``P = {i : score[r, i] >= t}`` beside
its true ones ``T``. Over the rows with a true node in the namespace

    pr(t) = mean of |P & T| / |P|  over those rows that have a prediction
    rc(t) = mean of |P & T| / |T|
    Fmax  = max over t of  2 pr rc / (pr + rc)
    ru(t) = mean of the sum of ia over T - P,   mi(t) = the same over P - T
    Smin  = min over t of  sqrt(ru ** 2 + mi ** 2)
    cov(t) = share of rows that have a prediction

The weighted Fmax sums ``ia`` where Fmax counts nodes. Source: Radivojac et al. (2013),
Clark and Radivojac (2013), Jiang et al. (2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import _validation as check
from .._scores import Scores
from .._validation import BoolArray, FloatArray, Node
from ..hierarchy import Hierarchy
from . import _inputs as inputs
from ._namespaces import nodes_by_namespace

# Rounding may take means of probabilities so far out of [0, 1].
_ROUNDING = 1e-6


def fmax_score(
    y_true: Any,
    y_score: Any,
    *,
    hierarchy: Hierarchy | None = None,
    namespaces: Iterable[Node] | None = None,
    average: str | None = "macro",
    thresholds: Any = None,
    sample_weight: Any = None,
) -> Any:
    """Largest F1 over thresholds, row by row, as CAFA defines it.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1, closed under the hierarchy.
    y_score : array-like, sparse matrix, DataFrame or blocks of shape \
(n_samples, n_nodes)
        Coherent scores, larger = more likely. Absent entries of sparse ones are 0.
        Blocks of rows do too: what `sklearn_hmlc.predictions.iter_proba` returns, an
        iterator, or a function that returns one. Of what
        `sklearn_hmlc.predictions.read_predictions` returns rows go by their ids.
    hierarchy : Hierarchy, default=None
        Names the columns, the unscored nodes and the namespaces. None: that of a
        model's blocks, if they have one; else all columns count, in one namespace.
    namespaces : iterable of hashable, default=None
        Nodes at the top of the namespaces; each has what lies below. None: see Notes.
    average : {"macro"} or None, default="macro"
        "macro": the mean over namespaces. None: one value per namespace.
    thresholds : array-like of shape (n_thresholds,), default=None
        Ascending; None: 0.01, 0.02, ..., 1.00, for scores in [0, 1] alone.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in all means over rows.

    Returns
    -------
    score : float or dict
        In [0, 1], larger is better; with ``average=None`` namespace -> score.

    Raises
    ------
    ValueError
        If no row has a true node in any namespace, `thresholds` do not ascend or are
        missing for scores outside [0, 1], or an array does not fit.

    Warns
    -----
    UserWarning
        If nodes lie below several namespaces' tops, and nothing says which is theirs.

    See Also
    --------
    weighted_fmax_score : Nodes count by their information.
    smin_score : A distance in place of the F1.
    coverage_score : How many rows have a prediction at all.

    Notes
    -----
    A node counts as predicted where its score is at least the threshold. Rows without a
    true node in a namespace do not count there, and namespaces without such rows are
    left out. The F1 is 0 at a threshold where no row has a prediction.

    Without `namespaces`, each unscored root is the top of one; where its children are
    all unscored too (a virtual root above the roots of the Gene Ontology) these are the
    tops. What lies below the other roots makes up one more, ``"all"``, or one for each
    namespace of theirs.

    A term may be part of a term of another namespace, and so lie below both tops. Where
    the hierarchy knows the nodes' namespaces (``hierarchy.namespaces``), each node
    counts in its own alone, as in CAFA; else in each that it lies below, with a
    warning.

    References
    ----------
    .. [1] P. Radivojac et al., "A large-scale evaluation of computational protein
       function prediction", Nature Methods 10, 2013.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import fmax_score
    >>> round(fmax_score([[1, 1, 0], [1, 0, 0]], [[0.9, 0.4, 0.5], [0.8, 0.1, 0.1]]), 3)
    0.909
    """
    return _by_namespace(
        _best_f1,
        y_true,
        y_score,
        per_node={},
        hierarchy=hierarchy,
        namespaces=namespaces,
        average=average,
        thresholds=thresholds,
        sample_weight=sample_weight,
    )


def weighted_fmax_score(
    y_true: Any,
    y_score: Any,
    information: Any,
    *,
    hierarchy: Hierarchy | None = None,
    namespaces: Iterable[Node] | None = None,
    average: str | None = "macro",
    thresholds: Any = None,
    sample_weight: Any = None,
) -> Any:
    """Fmax in which each node counts by its information.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1, closed under the hierarchy.
    y_score : array-like, sparse matrix, DataFrame or blocks of shape \
(n_samples, n_nodes)
        Coherent scores, larger = more likely; as in `fmax_score`.
    information : array-like of shape (n_nodes,), mapping or Series
        Information per node in bits, none below 0: from `information_accretion`.
    hierarchy : Hierarchy, default=None
        As in `fmax_score`.
    namespaces : iterable of hashable, default=None
        As in `fmax_score`.
    average : {"macro"} or None, default="macro"
        As in `fmax_score`.
    thresholds : array-like of shape (n_thresholds,), default=None
        As in `fmax_score`.
    sample_weight : array-like of shape (n_samples,), default=None
        As in `fmax_score`.

    Returns
    -------
    score : float or dict
        In [0, 1], larger is better; with ``average=None`` namespace -> score.

    Raises
    ------
    ValueError
        As in `fmax_score`, and if `information` does not fit, or has no names beside a
        frame whose columns are not in node order.

    See Also
    --------
    fmax_score : All nodes count alike.

    Notes
    -----
    Only nodes with information above 0 count. So a row whose true nodes have none does
    not count, where the evaluator of CAFA takes its recall as 0.

    References
    ----------
    .. [1] Y. Jiang et al., "An expanded evaluation of protein function prediction
       methods shows an improvement in accuracy", Genome Biology 17, 2016.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import weighted_fmax_score
    >>> y_true, y_score = [[1, 1, 0]], [[0.9, 0.4, 0.5]]
    >>> round(weighted_fmax_score(y_true, y_score, [0.0, 3.0, 1.0]), 3)
    0.857
    """
    return _by_namespace(
        _best_f1,
        y_true,
        y_score,
        per_node={"information": information},
        hierarchy=hierarchy,
        namespaces=namespaces,
        average=average,
        thresholds=thresholds,
        sample_weight=sample_weight,
    )


def smin_score(
    y_true: Any,
    y_score: Any,
    information: Any,
    *,
    hierarchy: Hierarchy | None = None,
    namespaces: Iterable[Node] | None = None,
    average: str | None = "macro",
    thresholds: Any = None,
    sample_weight: Any = None,
) -> Any:
    """Smallest semantic distance over thresholds: information missed and made up.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1, closed under the hierarchy.
    y_score : array-like, sparse matrix, DataFrame or blocks of shape \
(n_samples, n_nodes)
        Coherent scores, larger = more likely; as in `fmax_score`.
    information : array-like of shape (n_nodes,), mapping or Series
        Information per node in bits, none below 0: from `information_accretion`.
    hierarchy : Hierarchy, default=None
        As in `fmax_score`.
    namespaces : iterable of hashable, default=None
        As in `fmax_score`.
    average : {"macro"} or None, default="macro"
        As in `fmax_score`.
    thresholds : array-like of shape (n_thresholds,), default=None
        As in `fmax_score`.
    sample_weight : array-like of shape (n_samples,), default=None
        As in `fmax_score`.

    Returns
    -------
    score : float or dict
        In bits, 0 is best; with ``average=None`` namespace -> score.

    Raises
    ------
    ValueError
        As in `fmax_score`, and if `information` does not fit, or has no names beside a
        frame whose columns are not in node order.

    See Also
    --------
    information_accretion : The information of nodes.

    Notes
    -----
    The means run over the rows that have a true node, be it without information.

    References
    ----------
    .. [1] W. T. Clark and P. Radivojac, "Information-theoretic evaluation of predicted
       ontological annotations", Bioinformatics 29, 2013.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import smin_score
    >>> smin_score([[1, 1, 0]], [[0.9, 0.4, 0.5]], [0.0, 3.0, 1.0])
    1.0
    """
    return _by_namespace(
        _least_distance,
        y_true,
        y_score,
        per_node={"information": information},
        hierarchy=hierarchy,
        namespaces=namespaces,
        average=average,
        thresholds=thresholds,
        sample_weight=sample_weight,
    )


def coverage_score(
    y_true: Any,
    y_score: Any,
    *,
    hierarchy: Hierarchy | None = None,
    namespaces: Iterable[Node] | None = None,
    average: str | None = "macro",
    threshold: float = 0.01,
    sample_weight: Any = None,
) -> Any:
    """Share of the rows that have a prediction at all.

    Parameters
    ----------
    y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
        Labels, 0 and 1, closed under the hierarchy.
    y_score : array-like, sparse matrix, DataFrame or blocks of shape \
(n_samples, n_nodes)
        Coherent scores, larger = more likely; as in `fmax_score`.
    hierarchy : Hierarchy, default=None
        As in `fmax_score`.
    namespaces : iterable of hashable, default=None
        As in `fmax_score`.
    average : {"macro"} or None, default="macro"
        As in `fmax_score`.
    threshold : float, default=0.01
        A score that is at least as large is a prediction, > 0.
    sample_weight : array-like of shape (n_samples,), default=None
        As in `fmax_score`.

    Returns
    -------
    share : float or dict
        In [0, 1]; with ``average=None`` namespace -> share.

    Raises
    ------
    ValueError
        If no row has a true node in any namespace, an array does not fit, or
        `threshold` is no finite number above 0.

    See Also
    --------
    fmax_score : Counts a row without a prediction in its recall alone.

    Notes
    -----
    Rows and namespaces count as in `fmax_score`: those with a true node. Whether a
    prediction is right makes no difference.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import coverage_score
    >>> coverage_score([[1, 1, 0], [1, 0, 0]], [[0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    0.5
    """
    if not (isinstance(threshold, Real) and 0 < threshold < np.inf):
        raise ValueError(
            "Expected `threshold` to be a finite number above 0, but got "
            f"{threshold!r}."
        )
    return _by_namespace(
        _share_predicted,
        y_true,
        y_score,
        per_node={},
        hierarchy=hierarchy,
        namespaces=namespaces,
        average=average,
        thresholds=[threshold],
        sample_weight=sample_weight,
    )


# -- one namespace after the other -----------------------------------------------------


def _by_namespace(
    measure: Callable[[_Sums, FloatArray], float],
    y_true: Any,
    y_score: Any,
    *,
    per_node: Mapping[str, Any],
    hierarchy: Hierarchy | None,
    namespaces: Iterable[Node] | None,
    average: str | None,
    thresholds: Any,
    sample_weight: Any,
) -> Any:
    """Check the arguments, then measure one namespace after the other.

    ``per_node`` holds the nodes' ``information``, or nothing where all count alike.
    """
    check.check_option("average", average, ("macro", None))
    names, truth, scores, weights = inputs.side_by_side(
        y_true,
        y_score,
        "y_score",
        hierarchy,
        scores=True,
        sample_weight=sample_weight,
        per_node=per_node,
        stacklevel=3,
    )
    value: FloatArray = np.ones(names.n_nodes)
    if per_node:
        value = check.not_negative(per_node["information"], names, "information")
        value = value.astype(float)
    weights = inputs.relative(weights)
    if weights is None:
        weights = np.ones(truth.shape[0])
    bounded = names.scored if thresholds is None else None
    cuts = _as_thresholds(thresholds)
    spaces = nodes_by_namespace(names, namespaces)
    found = {
        name: measure(sums, weights[rows])
        for name, (rows, sums) in _sums(
            truth, scores, value, spaces, cuts, bounded
        ).items()
    }
    found = {name: score for name, score in found.items() if not np.isnan(score)}
    if not found:
        raise ValueError(
            "Expected a row with a true node in some namespace, but no row of `y_true` "
            "has a scored one (with information above 0, where that counts)."
        )
    return found if average is None else float(np.mean(list(found.values())))


# -- thresholds ------------------------------------------------------------------------


class _Sums(NamedTuple):
    """Nodes per row, counted or summed by information.

    ``hit`` and ``predicted`` have shape (n_rows, n_thresholds), ``positive`` (n_rows,).
    """

    hit: FloatArray
    predicted: FloatArray
    positive: FloatArray


def _sums(
    truth: sp.csr_array,
    scores: Scores,
    values: FloatArray,
    spaces: Mapping[Node, NDArray[np.intp]],
    thresholds: FloatArray,
    bounded: BoolArray | None,
) -> dict[Node, tuple[NDArray[np.intp], _Sums]]:
    """Sum the nodes' values, some rows at a time, in one pass over the scores.

    Returns, by namespace, the rows with a true node there and their sums; namespaces
    without such rows are left out. ``bounded`` marks nodes whose scores must be in
    [0, 1]; None: none.
    """
    parts: dict[Node, list[Any]] = {name: [] for name in spaces}
    for where, block in scores.blocks():
        if bounded is not None:
            _check_range(block if bounded.all() else block[:, bounded])
        cuts = thresholds.astype(block.dtype)
        labels = truth[where]
        for name, nodes in spaces.items():
            inside = labels[:, nodes]
            rows = np.flatnonzero(np.diff(inside.indptr))
            sums = _block_sums(
                inside[rows].toarray(), block[np.ix_(rows, nodes)], values[nodes], cuts
            )
            parts[name].append((rows + where.start, *sums))
    joined = {
        name: [np.concatenate(column) for column in zip(*blocks, strict=True)]
        for name, blocks in parts.items()
    }
    return {
        name: (rows, _Sums(*sums))
        for name, (rows, *sums) in joined.items()
        if len(rows)
    }


def _block_sums(
    truth: BoolArray, scores: FloatArray, values: FloatArray, thresholds: FloatArray
) -> _Sums:
    rows, nodes = np.nonzero(scores >= thresholds[0])
    # The last threshold that a score reaches; it reaches all before that too. So each
    # score is put into one cell (row, threshold), and the sums from the last threshold
    # backwards are those of all scores that reach a threshold.
    last = np.searchsorted(thresholds, scores[rows, nodes], side="right") - 1
    cell = rows * len(thresholds) + last
    shape = (len(scores), len(thresholds))

    def reached(value: FloatArray) -> FloatArray:
        sums = np.bincount(cell, weights=value, minlength=shape[0] * shape[1])
        from_last = sums.reshape(shape)[:, ::-1].astype(float)
        return np.cumsum(from_last, axis=1)[:, ::-1]

    value = values[nodes]
    return _Sums(
        hit=reached(value * truth[rows, nodes]),
        predicted=reached(value),
        positive=truth @ values,
    )


def _best_f1(sums: _Sums, weights: FloatArray) -> float:
    """Fmax; NaN where no row has anything to be found."""
    rows = sums.positive > 0
    if not rows.any():
        return np.nan
    hit, weights = sums.hit[rows], weights[rows]
    precision = _row_mean(hit, sums.predicted[rows], weights)
    recall = np.average(hit / sums.positive[rows, np.newaxis], axis=0, weights=weights)
    total = precision + recall
    f1 = np.divide(
        2 * precision * recall, total, out=np.zeros_like(total), where=total > 0
    )
    return float(f1.max())


def _row_mean(above: FloatArray, below: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean ratio over the rows with something to divide by; 0 where none has."""
    ratio = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    total = weights @ (below > 0)
    return np.divide(weights @ ratio, total, out=np.zeros_like(total), where=total > 0)


def _least_distance(sums: _Sums, weights: FloatArray) -> float:
    missed = np.average(
        sums.positive[:, np.newaxis] - sums.hit, axis=0, weights=weights
    )
    made_up = np.average(sums.predicted - sums.hit, axis=0, weights=weights)
    return float(np.hypot(missed, made_up).min())


def _share_predicted(sums: _Sums, weights: FloatArray) -> float:
    return float(np.average(sums.predicted[:, 0] > 0, weights=weights))


def _as_thresholds(thresholds: Any) -> FloatArray:
    if thresholds is None:
        return np.arange(1, 101) / 100
    cuts = np.asarray(thresholds)
    numeric = cuts.ndim == 1 and cuts.size > 0 and cuts.dtype.kind in "iuf"
    if not numeric or not (np.diff(cuts) > 0).all() or not np.isfinite(cuts).all():
        raise ValueError(
            f"Expected `thresholds` to be ascending finite numbers, but got "
            f"{thresholds!r}."
        )
    return cuts.astype(float)


def _check_range(scores: FloatArray) -> None:
    # Scores that near to 0 or to 1 are on the same side of all thresholds.
    low, high = -_ROUNDING, 1 + _ROUNDING
    if scores.min(initial=0) < low or scores.max(initial=1) > high:
        outside = scores[(scores < low) | (scores > high)]
        raise ValueError(
            "Expected `y_score` in [0, 1] without `thresholds`, which then are 0.01, "
            f"0.02, ..., 1.00, but got {outside.flat[0]:g}. Give probabilities, or "
            "thresholds on the scores' own scale, such as thresholds=np.unique("
            "np.quantile(y_score, np.arange(1, 101) / 100))."
        )

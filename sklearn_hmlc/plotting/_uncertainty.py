"""`UncertaintyDisplay`: whether the model is unsure where it is wrong.

Stage: predictions to a figure. In: truth, predicted labels and uncertainty of shape
(n_samples, n_nodes). Out: the share of right decisions by uncertainty, one curve per
depth of the hierarchy. A decision is a pair (row, scored node).
"""

import numpy as np
import pandas as pd

from .. import _validation as check
from .._naming import common_hierarchy
from . import _models, _style

# Depths at which groups begin: one per color, the last with all deeper nodes.
_DEPTHS = range(len(_style.COLORS))


class UncertaintyDisplay:
    """Share of right decisions against uncertainty, by depth.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    table : DataFrame
        One row per point, with the columns ``depth`` (name of the group of nodes),
        ``uncertainty`` (mean over the bin), ``accuracy`` (share of right decisions in
        the bin) and ``n_decisions``.
    measure : str, default=None
        Name of the measure of uncertainty, for the label.

    Attributes
    ----------
    ax_ : Axes
        The Axes with the curves.
    figure_ : Figure
        The figure.
    line_ : dict
        Depth -> its `matplotlib.lines.Line2D`.
    hollow_ : dict
        Depth -> the `matplotlib.lines.Line2D` of its points of few decisions, where it
        has any.
    intervals_ : dict
        Depth -> the `matplotlib.collections.LineCollection` of the intervals of these
        points, in which the share lies with a confidence of 95 % (Wilson's).

    See Also
    --------
    sklearn_hmlc.uncertainty.get_measure : The measures.

    Notes
    -----
    A useful measure gives curves that fall from 1. For probabilities p that are
    calibrated and decided at 0.5, the share of right decisions is max(p, 1 - p), which
    is 1 - u / 2 for the measure "bma".

    Examples
    --------
    .. plot::
       :include-source:
       :alt: The share of right decisions falls with uncertainty, at each depth.

       >>> import numpy as np
       >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
       >>> from sklearn_hmlc.plotting import UncertaintyDisplay
       >>> _, Y, hierarchy = make_hierarchical_multilabel(
       ...     200, n_nodes=12, random_state=0
       ... )
       >>> rng = np.random.default_rng(0)
       >>> unsure = rng.random(Y.shape) ** 2
       >>> predicted = np.where(rng.random(Y.shape) < unsure / 2, 1 - Y, Y)
       >>> display = UncertaintyDisplay.from_predictions(
       ...     Y, predicted, unsure, hierarchy=hierarchy, n_bins=5
       ... )
       >>> display.table.columns.tolist()
       ['depth', 'uncertainty', 'accuracy', 'n_decisions']
    """

    def __init__(self, table, *, measure=None):
        self.table = table
        self.measure = measure

    def plot(self, ax=None, *, few=30, curve_kwargs=None):
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw. None: a new figure with room for the legend.
        few : int, default=30
            Points of fewer decisions are hollow and have an interval: their share is a
            rough one.
        curve_kwargs : dict, default=None
            Keyword arguments for `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : UncertaintyDisplay
            The object itself.
        """
        (self.ax_,) = _style.panels(ax, "UncertaintyDisplay.plot", 1, (7, 4.2))
        self.figure_ = self.ax_.figure
        self.line_, self.hollow_, self.intervals_ = {}, {}, {}
        groups = self.table.groupby("depth", sort=False)
        for position, (depth, points) in enumerate(groups):
            style = {**_style.line_style(position), **(curve_kwargs or {})}
            self._draw(depth, points, few, style)
        measure = "" if self.measure is None else f" ({_style.shown(self.measure)})"
        _style.verbatim(self.ax_.set_xlabel(f"Uncertainty{measure}"))
        self.ax_.set_ylabel("Share of right decisions")
        self.ax_.set_xlim(left=0)
        _style.despine(self.ax_)
        keys = [_style.hollow_marker(f"fewer than {few} decisions")]
        keys = keys if self.hollow_ else []
        _style.legend_outside(self.ax_, *keys, title="Depth of the node")
        return self

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, measure="gmu", hierarchy=None, **options
    ):
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted `HierarchicalEnsembleClassifier`, or a pipeline or search around
            one.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features of the test rows.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels of the test rows.
        measure : str or callable, default="gmu"
            See `sklearn_hmlc.uncertainty.get_measure`.
        hierarchy : Hierarchy, default=None
            None: the estimator's ``hierarchy_``.
        **options : dict
            ``scored``, ``bins``, ``n_bins``, ``strategy``, ``ax``, ``few`` and
            ``curve_kwargs`` of `from_predictions`.

        Returns
        -------
        display : UncertaintyDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_estimator")
        hierarchy = _models.find_hierarchy({None: estimator}, hierarchy)
        hierarchy = common_hierarchy(hierarchy, {"y": y})
        _models.check_scored({None: estimator}, y, hierarchy, options.get("scored"))
        asked = {None: estimator}, X, y
        _, unsure = _models.answers(
            *asked, "predict_uncertainty", hierarchy, measure=measure
        )
        truth, predicted = _models.answers(*asked, "predict", hierarchy)
        return cls.from_predictions(
            truth,
            predicted[None],
            unsure[None],
            hierarchy=hierarchy,
            measure=getattr(measure, "__name__", measure),
            **options,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        uncertainty,
        *,
        hierarchy=None,
        scored=None,
        bins=None,
        n_bins=10,
        strategy="uniform",
        measure=None,
        ax=None,
        few=30,
        curve_kwargs=None,
    ):
        """Draw the curves of predictions.

        Parameters
        ----------
        y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels of the test rows.
        y_pred : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Predicted labels.
        uncertainty : array-like or DataFrame of shape (n_samples, n_nodes)
            Larger = less sure, none below 0.
        hierarchy : Hierarchy, default=None
            Names the columns, the unscored nodes and the depths. None: all nodes are
            roots.
        scored : array-like of bool of shape (n_nodes,), default=None
            Nodes that count. None: those that the hierarchy scores, or all.
        bins : sequence of int, default=None
            Ascending depths at which a group of nodes begins. None: 0 to 5 by
            themselves, 6 and deeper together.
        n_bins : int, default=10
            Most points of a curve; bins without decisions have none.
        strategy : {"uniform", "quantile"}, default="uniform"
            Whether bins of uncertainty have the same width or as many decisions each.
        measure : str, default=None
            Name of the measure, for the label.
        ax, few, curve_kwargs
            See `plot`.

        Returns
        -------
        display : UncertaintyDisplay
            Drawn.

        Raises
        ------
        ValueError
            If an array or an option does not fit, or an uncertainty is below 0.
        """
        _style.pyplot(f"{cls.__name__}.from_predictions")
        check.check_option("strategy", strategy, ("uniform", "quantile"))
        if not isinstance(n_bins, int | np.integer) or n_bins < 1:
            raise ValueError(f"Expected `n_bins` of 1 or more, but got {n_bins!r}.")
        given = {"y_true": y_true, "y_pred": y_pred, "uncertainty": uncertainty}
        hierarchy = common_hierarchy(hierarchy, given, {"scored": scored})
        truth = check.as_labels(y_true, hierarchy, "y_true")
        predicted = check.as_labels(y_pred, hierarchy, "y_pred")
        unsure = check.as_scores(uncertainty, hierarchy, "uncertainty")
        check.check_same_rows(truth, predicted, "y_pred")
        check.check_same_rows(truth, unsure, "uncertainty")
        if truth.shape[0] == 0:
            raise ValueError("Expected at least one row, but got none.")
        if unsure.min() < 0:
            raise ValueError(
                f"Expected `uncertainty` of 0 or more, but got {unsure.min():g}."
            )
        nodes = check.as_scored(scored, hierarchy)
        groups = _by_depth(hierarchy.depth, nodes, _DEPTHS if bins is None else bins)
        edges = _edges(unsure[:, nodes], n_bins, strategy)
        wrong = truth != predicted
        table = _points(groups, wrong, unsure, edges)
        return cls(table, measure=measure).plot(ax, few=few, curve_kwargs=curve_kwargs)

    def _draw(self, depth, points, few, style):
        x, y = points.uncertainty.to_numpy(), points.accuracy.to_numpy()
        thin = points.n_decisions.to_numpy() < few
        (self.line_[depth],) = self.ax_.plot(
            x, y, **{"markevery": np.flatnonzero(~thin).tolist(), **style}
        )
        if "label" not in style:
            label = f"{depth} ({points.n_decisions.sum():,} decisions)"
            _style.name(self.line_[depth], label)
        if thin.any():
            hollow = {**style, "linestyle": "none", "markerfacecolor": _style.paper()}
            hollow["label"] = "_nolegend_"
            n = points.n_decisions.to_numpy()[thin]
            low, high = wilson_interval(y[thin], n)
            color = self.line_[depth].get_color()
            self.intervals_[depth] = self.ax_.vlines(
                x[thin], low, high, color=color, linewidth=1, alpha=0.5
            )
            (self.hollow_[depth],) = self.ax_.plot(x[thin], y[thin], **hollow)


def wilson_interval(share, n, z=1.96):
    """Return the ends of Wilson's interval of shares of n decisions, 95 % wide.

    It stays in [0, 1], and has a width where a share is 0 or 1. Source: E. B. Wilson,
    "Probable inference, the law of succession, and statistical inference", JASA 22,
    1927.
    """
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    spread = np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) * z / (1 + z**2 / n)
    return middle - spread, middle + spread


def _by_depth(depth, nodes, ends):
    """Name -> positions of the nodes from one lower end of depths to the next."""
    ends = np.asarray(ends)
    if ends.ndim != 1 or ends.dtype.kind not in "iu" or not (np.diff(ends) > 0).all():
        raise ValueError(
            f"Expected `bins` to be ascending whole numbers, but got {ends.tolist()}."
        )
    groups = {}
    for low, high in zip(ends, [*ends[1:], None], strict=True):
        if high is None:
            name, inside = f"{low}+", depth >= low
        else:
            name = f"{low}" if high - low == 1 else f"{low}-{high - 1}"
            inside = (depth >= low) & (depth < high)
        if (nodes & inside).any():
            groups[name] = np.flatnonzero(nodes & inside)
    if not groups:
        raise ValueError(
            "Expected `bins` that hold a scored node, but none lies as deep; lower the "
            "first end."
        )
    return groups


def _edges(unsure, n_bins, strategy):
    """Inner edges of the bins; a value on an edge belongs to the bin above."""
    if strategy == "uniform":
        return np.linspace(0, unsure.max(), n_bins + 1)[1:-1]
    return np.unique(np.quantile(unsure, np.linspace(0, 1, n_bins + 1)[1:-1]))


def _points(groups, wrong, unsure, edges):
    """Return the table, bin by bin, of all groups."""
    tables = []
    for depth, nodes in groups.items():
        errors = wrong[:, nodes].toarray().ravel()
        values = unsure[:, nodes].ravel()
        cells = pd.DataFrame({"uncertainty": values, "accuracy": ~errors})
        grouped = cells.groupby(np.searchsorted(edges, values, side="right"))
        table = grouped.mean()
        table.insert(0, "depth", depth)
        table["n_decisions"] = grouped.size()
        tables.append(table)
    return pd.concat(tables, ignore_index=True)

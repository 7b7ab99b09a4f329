"""`HierarchyDisplay`: what a model says of one row, node by node.

Stage: one row's predictions to a figure. In: probabilities of shape (n_nodes,), and
where they are known labels, predicted labels and uncertainty. Out: the hierarchy as an
outline, beside each node its probability, marked by how it was decided, and how unsure
the model is.
"""

import numpy as np
import pandas as pd

from .._response import chain
from . import _models, _style
from ._one_row import below_node, most_telling, one_row, one_row_table
from ._outline import draw_outline, outline, outline_width

_GREY = "0.5"
_INSET = (0.7, 0, 0.3, 1)  # where the uncertainty stands, in shares of the Axes

# (true, predicted), or (None, predicted) without truth -> label, color, marker, filled.
_OUTCOMES = {
    (True, True): ("true, predicted", _style.COLORS[2], "o", True),
    (True, False): ("true, missed", _style.COLORS[3], "D", False),
    (False, True): ("not true, predicted", _style.COLORS[1], "s", True),
    (False, False): ("not true, not predicted", _GREY, "o", False),
    (None, True): ("predicted", _style.COLORS[0], "o", True),
    (None, False): ("not predicted", _GREY, "o", False),
}


class HierarchyDisplay:
    """One row's probabilities beside the outline of the hierarchy.

    Use `from_estimator` or `from_predictions` to make one; they choose the nodes.

    Parameters
    ----------
    hierarchy : Hierarchy
        The nodes to show; readable up to about 100.
    table : DataFrame of shape (n_nodes, n_columns)
        The nodes' ``proba`` and ``predicted``, and where they are known ``true`` and
        ``uncertainty``, in the hierarchy's order.
    measure : str, default=None
        Name of the measure of uncertainty, for its label.
    labels : mapping, default=None
        Node -> text to show beside its name.
    title : str, default=None
        What stands above the probabilities.

    Attributes
    ----------
    ax_ : Axes
        The Axes with the probabilities; the outline stands to its left.
    uncertainty_ax_ : Axes or None
        The Axes with the uncertainty.
    figure_ : Figure
        The figure.
    nodes_ : tuple of hashable
        The nodes from top (y = 0) to bottom. Names of unscored nodes are grey.
    points_ : dict
        Outcome, as in the legend -> its `matplotlib.lines.Line2D`.
    bars_ : BarContainer or None
        The bars of uncertainty.

    Examples
    --------
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.plotting import HierarchyDisplay
    >>> hierarchy = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    >>> display = HierarchyDisplay.from_predictions(
    ...     [0.9, 0.2, 0.7], hierarchy=hierarchy, y_true=[1, 1, 0]
    ... )
    >>> display.nodes_
    ('animal', 'cat', 'dog')
    >>> sorted(display.points_)
    ['not true, predicted', 'true, missed', 'true, predicted']
    """

    def __init__(self, hierarchy, table, *, measure=None, labels=None, title=None):
        self.hierarchy = hierarchy
        self.table = table
        self.measure = measure
        self.labels = labels
        self.title = title

    def plot(self, ax=None):
        """Draw the outline and the probabilities.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw the probabilities; leave room on its left for the outline.
            None: a new figure, as high as the number of nodes asks for.

        Returns
        -------
        display : HierarchyDisplay
            The object itself.
        """
        _style.pyplot("HierarchyDisplay.plot")
        lines = outline(self.hierarchy, self.labels or {})
        size = outline_width(lines) / 72 + 6, 0.8 + 0.19 * max(len(lines), 5)
        (self.ax_,) = _style.panels(ax, "HierarchyDisplay.plot", 1, size)
        self.figure_ = self.ax_.figure
        order = [line.node for line in lines]
        self.nodes_ = tuple(self.hierarchy.nodes[node] for node in order)
        scored = self.hierarchy.scored[order]
        draw_outline(self.ax_, lines, np.where(scored, "black", _GREY))
        table = self.table.iloc[order].reset_index(drop=True)
        self._draw_points(table)
        self._draw_uncertainty(table)
        _style.legend_outside(self.ax_)
        return self

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, measure="gmu", hierarchy=None, **options
    ):
        """Draw what a fitted estimator says of one row.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier, pipeline or search with ``predict_proba``.
        X : array-like or sparse matrix of shape (1, n_features)
            Features of the row, for instance ``X_test[[3]]``.
        y : array-like, sparse matrix or DataFrame of shape (1, n_nodes), default=None
            Its labels.
        measure : str, callable or None, default="gmu"
            See `sklearn_hmlc.uncertainty.get_measure`; for estimators that have
            ``predict_uncertainty``. None: no uncertainty.
        hierarchy : Hierarchy, default=None
            None: the estimator's ``hierarchy_``.
        **options : dict
            ``node``, ``max_nodes``, ``labels`` and ``ax`` of `from_predictions`.

        Returns
        -------
        display : HierarchyDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_estimator")
        hierarchy = _models.find_hierarchy({None: estimator}, hierarchy)
        hierarchy = _models.as_given_hierarchy(hierarchy)
        y = None if y is None else one_row(y, "y")

        def say(method, **given):
            asked = {None: estimator}, X, y, method, hierarchy
            truth, values = _models.answers(*asked, **given)
            return truth, values[None]

        parts = chain(estimator)
        if measure is not None and any(_is_unsure(part) for part in parts):
            _, options["uncertainty"] = say("predict_uncertainty", measure=measure)
            options["measure"] = getattr(measure, "__name__", measure)
        _, proba = say("predict_proba")
        truth, labels = say("predict")
        return cls.from_predictions(
            proba, hierarchy=hierarchy, y_pred=labels, y_true=truth, **options
        )

    @classmethod
    def from_predictions(
        cls,
        y_score,
        *,
        hierarchy,
        y_pred=None,
        y_true=None,
        uncertainty=None,
        measure=None,
        node=None,
        max_nodes=40,
        labels=None,
        ax=None,
    ):
        """Draw one row's predictions.

        Parameters
        ----------
        y_score : array-like, DataFrame or Series of shape (n_nodes,) or (1, n_nodes)
            Probabilities.
        hierarchy : Hierarchy
            The label graph.
        y_pred : as `y_score`, or sparse matrix, default=None
            Predicted labels. None: the nodes with a probability of 0.5 or more.
        y_true : as `y_pred`, default=None
            Labels.
        uncertainty : as `y_score`, default=None
            How unsure the model is of each node.
        measure : str, default=None
            Name of the measure of uncertainty, for its label.
        node : hashable, default=None
            Show this node and what lies below it. None: the whole hierarchy.
        max_nodes : int, default=40
            Most nodes to show: those that are true, then the most probable ones.
        labels : mapping, default=None
            Node -> text to show beside its name, a term's description for instance.
        ax : Axes, default=None
            See `plot`.

        Returns
        -------
        display : HierarchyDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is more than one row, or an array or an option does not fit.
        KeyError
            If `node` is no node.
        """
        _style.pyplot(f"{cls.__name__}.from_predictions")
        hierarchy = _models.as_given_hierarchy(hierarchy)
        table = one_row_table(hierarchy, y_score, y_pred, y_true, uncertainty)
        below = table if node is None else below_node(table, hierarchy, node)
        shown = most_telling(below, max_nodes)
        n_shown, n_all = len(shown), len(below)
        display = cls(
            hierarchy.subset(shown.index),
            shown,
            measure=measure,
            labels=labels,
            title=None if n_shown == n_all else f"{n_shown} of {n_all} nodes",
        )
        return display.plot(ax)

    def _draw_points(self, table):
        ax = self.ax_
        ax.hlines(table.index, 0, table.proba, color="0.8", linewidth=1)
        true = table.true if "true" in table else pd.Series([None] * len(table))
        self.points_ = {}
        for key, (label, color, marker, filled) in _OUTCOMES.items():
            chosen = [pair == key for pair in zip(true, table.predicted, strict=True)]
            if any(chosen):
                points = table.proba[chosen]
                (self.points_[label],) = ax.plot(
                    points, points.index, linestyle="none", marker=marker, color=color,
                    markerfacecolor=color if filled else "white", label=label,
                )  # fmt: skip
        ax.set_xlim(0, 1.02)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        ax.set_ylim(len(table) - 0.4, -0.6)
        ax.set_yticks([])
        _axis_on_top(ax, "Probability")
        ax.set_title(self.title, loc="left", fontsize="medium")

    def _draw_uncertainty(self, table):
        self.uncertainty_ax_ = self.bars_ = None
        if "uncertainty" not in table:
            return
        # Inside the Axes, where every layout has room: the probabilities move together.
        self.ax_.set_xlim(0, 1.02 / (_INSET[0] - 0.08))
        self.uncertainty_ax_ = self.ax_.inset_axes(_INSET, sharey=self.ax_)
        self.bars_ = self.uncertainty_ax_.barh(
            table.index, table.uncertainty, height=0.6, color="0.6"
        )
        self.uncertainty_ax_.tick_params(left=False, labelleft=False)
        measure = "" if self.measure is None else f" ({self.measure})"
        _axis_on_top(self.uncertainty_ax_, f"Uncertainty{measure}")


def _is_unsure(part):
    return hasattr(part, "predict_uncertainty")


def _axis_on_top(ax, label):
    """Put the x axis where reading begins."""
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(label, loc="left")
    ax.spines[["right", "bottom"]].set_visible(False)
    ax.spines["top"].set_bounds(*ax.get_xlim())

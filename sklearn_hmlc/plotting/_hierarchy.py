"""`HierarchyDisplay`: what a model says of one row, node by node.

Stage: one row's predictions to a figure. In: probabilities of shape (n_nodes,), and
where they are known labels, predicted labels, what these were decided on, and
uncertainty. Out: the hierarchy as an outline, beside each scored node its probability,
marked by how it was decided, the value that met the threshold, and how unsure the model
is.
"""

from itertools import compress

import numpy as np
import pandas as pd

from .. import _frames as frames
from .._naming import given_hierarchy
from .._response import chain, names_of
from . import _models, _style
from ._one_row import below_node, most_telling, one_row, one_row_table
from ._outline import draw_outline, outline, outline_width

_GREY = "0.5"
_SAME = 1e-3  # nobody sees a smaller difference
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
        The nodes to show, less the unscored ones; readable up to about 100.
    table : DataFrame of shape (n_nodes, n_columns)
        The nodes' ``proba`` and ``predicted``, and where they are known ``true``,
        ``uncertainty``, ``decision`` (the value that was decided on) and ``threshold``,
        in the hierarchy's order.
    measure : str, default=None
        Name of the measure of uncertainty, for its label.
    labels : mapping, default=None
        Node -> text to show beside its name. None: the hierarchy's own titles.
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
        The nodes from top (y = 0) to bottom.
    points_ : dict
        Outcome, as in the legend -> its `matplotlib.lines.Line2D`.
    decided_on_ : Line2D or None
        The values that were decided on.
    thresholds_ : Line2D or None
        The thresholds that these had to reach.
    bars_ : BarContainer or None
        The bars of uncertainty.

    Notes
    -----
    A classifier with ``decision_proba`` decides on other values than its probabilities.
    Where each node has a threshold of its own, a node that does not reach it is
    predicted all the same if one below it is.

    Examples
    --------
    .. plot::
       :include-source:
       :alt: Probabilities of animal, cat and dog, marked by whether they are right.

       >>> from sklearn_hmlc import Hierarchy
       >>> from sklearn_hmlc.plotting import HierarchyDisplay
       >>> hierarchy = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
       >>> display = HierarchyDisplay.from_predictions(
       ...     [0.9, 0.2, 0.7], hierarchy=hierarchy, y_true=[1, 1, 0], threshold=0.5,
       ...     uncertainty=[0.1, 0.2, 0.6], title="Tom",
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
        scored = compress(self.hierarchy.nodes, self.hierarchy.scored)
        hierarchy = self.hierarchy.subset(scored)
        lines = outline(hierarchy, self._labels())
        size = outline_width(lines) / 72 + 6, 0.8 + 0.19 * max(len(lines), 5)
        (self.ax_,) = _style.panels(ax, "HierarchyDisplay.plot", 1, size)
        self.figure_ = self.ax_.figure
        self.nodes_ = tuple(hierarchy.nodes[line.node] for line in lines)
        draw_outline(self.ax_, lines)
        rows = self.hierarchy.index(list(self.nodes_))
        table = self.table.iloc[rows].reset_index(drop=True)
        self._draw_points(table)
        self._draw_decisions(table)
        self._draw_uncertainty(table)
        _style.legend_outside(self.ax_)
        _style.set_titles([self.ax_], [self.title or ""], fontsize="medium")
        return self

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, measure="gmu", hierarchy=None, **options
    ):
        """Draw what a fitted estimator says of one row.

        What the decisions were made on is drawn, too, where the estimator tells it: by
        ``decision_proba``, and by ``thresholds_`` or ``threshold``.

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
            ``node``, ``max_nodes``, ``labels``, ``title`` and ``ax`` of
            `from_predictions`. The title is the row's name, where `X` is a pandas
            frame.

        Returns
        -------
        display : HierarchyDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_estimator")
        hierarchy = _models.find_hierarchy({None: estimator}, hierarchy)
        hierarchy = given_hierarchy(hierarchy)
        y = None if y is None else one_row(y, "y")

        def say(method, **given):
            asked = {None: estimator}, X, y, method, hierarchy
            truth, values = _models.answers(*asked, **given)
            return truth, values[None]

        decider = _decider(estimator)
        if measure is not None and _knows_uncertainty(estimator, decider, hierarchy):
            _, options["uncertainty"] = say("predict_uncertainty", measure=measure)
            options["measure"] = getattr(measure, "__name__", measure)
        _, proba = say("predict_proba")
        truth, labels = say("predict")
        if hasattr(decider, "decision_proba"):
            _, decided_on = say("decision_proba")
            if not np.allclose(decided_on, proba, atol=_SAME):
                options.setdefault("decision_score", decided_on)
        options.setdefault("threshold", _thresholds_of(decider))
        names = frames.row_names(X)
        if names is not None and len(names) == 1:
            options.setdefault("title", names[0])
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
        decision_score=None,
        threshold=None,
        measure=None,
        node=None,
        max_nodes=40,
        labels=None,
        title=None,
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
            Predicted labels. None: the nodes whose `decision_score`, or else `y_score`,
            reaches the `threshold`, or else 0.5.
        y_true : as `y_pred`, default=None
            Labels.
        uncertainty : as `y_score`, default=None
            How unsure the model is of each node.
        decision_score : as `y_score`, default=None
            The values in [0, 1] that were decided on, where these are not `y_score`.
        threshold : float, array-like of shape (n_nodes,), mapping or Series, \
default=None
            What they had to reach: one number, or one per node, an array in node order.
            Nodes that a mapping lacks have 0.5.
        measure : str, default=None
            Name of the measure of uncertainty, for its label.
        node : hashable, default=None
            Show this node and what lies below it. None: the whole hierarchy.
        max_nodes : int, default=40
            Most nodes to show: those that are true, then the most probable ones.
            Unscored nodes are left out.
        labels : mapping, default=None
            Node -> text to show beside its name. None: the hierarchy's own titles,
            where it has any.
        title : hashable, default=None
            Name of the row, which stands above. None: none.
        ax : Axes, default=None
            See `plot`.

        Returns
        -------
        display : HierarchyDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is more than one row, an array or an option does not fit, or no
            scored node is left.
        KeyError
            If `node` is no node.
        """
        _style.pyplot(f"{cls.__name__}.from_predictions")
        hierarchy = given_hierarchy(hierarchy)
        table = one_row_table(
            hierarchy,
            threshold,
            y_score=y_score,
            y_pred=y_pred,
            y_true=y_true,
            uncertainty=uncertainty,
            decision_score=decision_score,
        )
        below = table if node is None else below_node(table, hierarchy, node)
        shown = most_telling(below, max_nodes)
        n_shown, n_all = len(shown), len(below)
        titles = [] if title is None else [_style.shown(title)]
        if n_shown < n_all:
            titles.append(f"{n_shown} of {n_all} nodes")
        display = cls(
            hierarchy.subset(shown.index),
            shown,
            measure=measure,
            labels=hierarchy.names if labels is None else labels,
            title=": ".join(titles) or None,
        )
        return display.plot(ax)

    def _labels(self):
        return self.hierarchy.names if self.labels is None else self.labels

    def _draw_points(self, table):
        ax = self.ax_
        ax.hlines(table.index, 0, table.proba, color="0.6", linewidth=1)
        true = table.true if "true" in table else pd.Series([None] * len(table))
        self.points_ = {}
        for key, (label, color, marker, filled) in _OUTCOMES.items():
            chosen = [pair == key for pair in zip(true, table.predicted, strict=True)]
            if any(chosen):
                points = table.proba[chosen]
                (self.points_[label],) = ax.plot(
                    points, points.index, linestyle="none", marker=marker, color=color,
                    markerfacecolor=color if filled else _style.paper(),
                )  # fmt: skip
                _style.name(self.points_[label], label)
        ax.set_xlim(0, 1.02)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        ax.set_ylim(len(table) - 0.4, -0.6)
        ax.set_yticks([])
        _axis_on_top(ax, "Probability")

    def _draw_decisions(self, table):
        self.decided_on_ = self.thresholds_ = None
        style = {"linestyle": "none", "color": _style.ink(), "zorder": 3}
        if "decision" in table:
            ends = table.proba, table.decision
            self.ax_.hlines(table.index, *ends, "0.5", linestyle=":", linewidth=1)
            (self.decided_on_,) = self.ax_.plot(
                table.decision, table.index, marker="x", markersize=4, **style
            )
            _style.name(self.decided_on_, "value decided on")
        if "threshold" in table:
            # Some are out of reach, above 1.
            inside = table.threshold.where(table.threshold.between(0, 1))
            (self.thresholds_,) = self.ax_.plot(
                inside, table.index, marker="|", markersize=9, **style
            )
            _style.name(self.thresholds_, "threshold")

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
        measure = "" if self.measure is None else f" ({_style.shown(self.measure)})"
        _axis_on_top(self.uncertainty_ax_, f"Uncertainty{measure}")


def _decider(estimator):
    """Return the outermost part that decides on nodes, or None."""
    for part in chain(estimator):
        if hasattr(part, "hierarchy_") or hasattr(part, "decision_proba"):
            return part
    return None


def _knows_uncertainty(estimator, decider, hierarchy):
    """Tell whether there is a `predict_uncertainty`, about all nodes.

    A classifier inside a wrapper may know some of the columns alone, without names.
    """
    for part in chain(estimator):
        if hasattr(part, "predict_uncertainty"):
            names = names_of(part) or ()
            alike = part is decider or set(names) == set(hierarchy.nodes)
            return alike and len(names) == hierarchy.n_nodes
    return False


def _thresholds_of(decider):
    """Return a number, or numbers by node; None where they are not known."""
    thresholds = getattr(decider, "thresholds_", getattr(decider, "threshold", None))
    return None if isinstance(thresholds, str) else thresholds


def _axis_on_top(ax, label):
    """Put the x axis where reading begins."""
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    _style.verbatim(ax.set_xlabel(label, loc="left"))
    ax.spines[["right", "bottom"]].set_visible(False)
    ax.spines["top"].set_bounds(*ax.get_xlim())

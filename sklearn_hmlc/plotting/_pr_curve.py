"""`PooledPRCurveDisplay`: the precision-recall curve over all rows and nodes at once.

Stage: scores to a figure. In: truth and scores of shape (n_samples, n_nodes). Out: one
curve per model. Its points are the distinct scores of positive pairs (row, node), the
only ones at which recall moves; the area under the steps is AU(PRC).
"""

import numpy as np

from .. import _validation as check
from .._naming import common_hierarchy
from ..metrics import pooled_pr_curve
from . import _models, _style


class PooledPRCurveDisplay:
    """Precision against recall, pooled over all scored nodes.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    precision : list of ndarray of shape (n_thresholds,)
        Precision at each threshold, one array per model.
    recall : list of ndarray of shape (n_thresholds,)
        Recall at each threshold, ascending, one array per model.
    area : list of float
        The pooled area, AU(PRC), of each model.
    name : list of str or None
        Names of the models. Curves of one name are runs of one model, such as seeds.
    chance_level : tuple (precision, recall, area), default=None
        The curve of scores that know how frequent each node is, and nothing of rows.

    Attributes
    ----------
    ax_ : Axes
        The Axes with the curves.
    figure_ : Figure
        The figure.
    line_ : list of Line2D
        The curves.
    chance_level_ : Line2D or None
        The curve of the nodes' frequencies, where it was asked for.

    See Also
    --------
    sklearn_hmlc.metrics.au_prc : The area.
    sklearn.metrics.PrecisionRecallDisplay : The same for one binary column.

    Notes
    -----
    Precision holds from the last recall up to its own (steps before each point), so
    that what lies below the drawn curve is
    ``au_prc(average="pooled", interpolation="step")``.

    The chance level scores every row alike, with each node's share of the rows. Over a
    hierarchy it lies far above the share of positive pairs, since the nodes near the
    roots are in most rows.

    Examples
    --------
    .. plot::
       :include-source:
       :alt: Precision-recall curves of two scores, and of the nodes' frequencies.

       >>> import numpy as np
       >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
       >>> from sklearn_hmlc.plotting import PooledPRCurveDisplay
       >>> _, Y, _ = make_hierarchical_multilabel(300, n_nodes=30, random_state=0)
       >>> noise = np.random.default_rng(0).random(Y.shape)
       >>> scores = {"mine": Y + 1.5 * noise, "noisy": Y + 4 * noise}
       >>> display = PooledPRCurveDisplay.from_predictions(
       ...     Y, scores, plot_chance_level=True
       ... )
       >>> display.line_[0].get_label()
       'mine (AU(PRC) = ...)'
    """

    def __init__(self, precision, recall, area, name, *, chance_level=None):
        self.precision = precision
        self.recall = recall
        self.area = area
        self.name = name
        self.chance_level = chance_level

    def plot(self, ax=None, *, plot_chance_level=False, curve_kwargs=None):
        """Draw the curves.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; curves that are there already keep their styles. None: a new
            figure with room for the legend.
        plot_chance_level : bool, default=False
            Whether to draw the curve of the nodes' frequencies, dashed.
        curve_kwargs : dict, default=None
            Keyword arguments for `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : PooledPRCurveDisplay
            The object itself.

        Raises
        ------
        ValueError
            If the chance level is asked for but ``chance_level`` is None.
        """
        if plot_chance_level and self.chance_level is None:
            raise ValueError(
                "Expected `chance_level` with plot_chance_level=True, but got None."
            )
        (self.ax_,) = _style.panels(ax, "PooledPRCurveDisplay.plot", 1, (7, 4.2))
        self.figure_ = self.ax_.figure
        before = len(self.ax_.lines)
        self.line_ = [
            self._draw(which, before + self._position(which), curve_kwargs or {})
            for which in range(len(self.recall))
        ]
        self.chance_level_ = self._draw_chance() if plot_chance_level else None
        self.ax_.set(
            xlabel="Recall (pooled)",
            ylabel="Precision (pooled)",
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.01),
        )
        _style.despine(self.ax_)
        _style.legend_outside(self.ax_)
        return self

    @classmethod
    def from_estimator(cls, estimator, X, y, *, hierarchy=None, name=None, **options):
        """Draw the curves of fitted estimators.

        Parameters
        ----------
        estimator : estimator, list of estimators, or mapping of str to these
            A fitted classifier, pipeline or search with ``predict_proba``; or several,
            by name. A list has runs of one model, such as fits with several seeds: a
            thin curve each, and the mean of their areas.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features of the test rows.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels of the test rows.
        hierarchy : Hierarchy, default=None
            None: the estimator's ``hierarchy_``, where it has one.
        name : str, default=None
            Name of a single estimator. None: its class's.
        **options : dict
            ``scored``, ``y_train``, ``train_counts``, ``ax``, ``plot_chance_level`` and
            ``curve_kwargs`` of `from_predictions`.

        Returns
        -------
        display : PooledPRCurveDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_estimator")
        models = _models.estimators_by_name(estimator, name)
        hierarchy = _models.find_hierarchy(models, hierarchy)
        hierarchy = common_hierarchy(hierarchy, {"y": y})
        _models.check_scored(models, y, hierarchy, options.get("scored"))
        truth, scores = _models.answers(models, X, y, "predict_proba", hierarchy)
        options = _models.by_node(models, y, hierarchy, options)
        return cls.from_predictions(truth, scores, hierarchy=hierarchy, **options)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_score,
        *,
        hierarchy=None,
        scored=None,
        y_train=None,
        train_counts=None,
        name=None,
        ax=None,
        plot_chance_level=False,
        curve_kwargs=None,
    ):
        """Draw the curves of scores.

        Parameters
        ----------
        y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels of the test rows.
        y_score : array-like, sparse matrix or DataFrame of shape \
(n_samples, n_nodes), or mapping of str to these
            Scores, larger = more likely; or those of several models, by name.
        hierarchy : Hierarchy, default=None
            Names the columns and the unscored nodes.
        scored : array-like of bool of shape (n_nodes,), default=None
            Nodes that count. None: those that the hierarchy scores, or all.
        y_train : as `y_true`, of shape (n_train, n_nodes), default=None
            Labels of the training rows, whose frequencies make the chance level. None,
            without `train_counts` too: those of `y_true`.
        train_counts : array-like of shape (n_nodes,), mapping or Series, default=None
            Training rows per node, in the place of `y_train`.
        name : str, default=None
            Name of a single model.
        ax, plot_chance_level, curve_kwargs
            See `plot`.

        Returns
        -------
        display : PooledPRCurveDisplay
            Drawn.

        Raises
        ------
        ValueError
            If an array does not fit, or no scored node has a positive row.
        """
        _style.pyplot(f"{cls.__name__}.from_predictions")
        models = _models.by_name(y_score, name)
        sides = {"y_true": y_true, **_models.sides("y_score", models)}
        sides["y_train"] = y_train
        per_node = {"scored": scored, "train_counts": train_counts}
        hierarchy = common_hierarchy(hierarchy, sides, per_node)
        truth = check.as_labels(y_true, hierarchy, "y_true")
        mask = check.as_scored(scored, hierarchy)
        if truth[:, mask].nnz == 0:
            raise ValueError(
                "Expected a node with a positive row in `y_true`, but none of the "
                "scored nodes has one."
            )
        curves = [
            pooled_pr_curve(
                truth,
                check.as_scores(given, hierarchy, "y_score"),
                hierarchy=hierarchy,
                scored=mask,
            )
            for given in models.values()
        ]
        training = check.as_train_counts(y_train, train_counts, hierarchy)
        display = cls(
            [curve.precision for curve in curves],
            [curve.recall for curve in curves],
            [float(curve.area) for curve in curves],
            [_models.name_of(key) for key in models],
            chance_level=_curve_of_frequencies(truth, training, mask),
        )
        return display.plot(
            ax, plot_chance_level=plot_chance_level, curve_kwargs=curve_kwargs
        )

    def _position(self, which):
        """Where the curve's model stands among the models."""
        before = list(dict.fromkeys(self.name[:which]))
        name = self.name[which]
        return before.index(name) if name in before else len(before)

    def _draw(self, which, position, given):
        name = self.name[which]
        runs = [
            area for area, own in zip(self.area, self.name, strict=True) if own == name
        ]
        area = f"AU(PRC) = {np.mean(runs):.3f}"
        if len(runs) > 1:
            area += f" ± {np.std(runs, ddof=1):.3f}, {len(runs)} runs"
            given = {"alpha": 0.6, "linewidth": 1, **given}
            if which != self.name.index(name):
                given = {"label": "_nolegend_", **given}
        style = _style.line_style(position, **{"markevery": 0.1, **given})
        points = self.precision[which], self.recall[which]
        line = _draw_steps(self.ax_, *points, **style)
        if "label" not in given:
            _style.name(line, area if name is None else f"{name} ({area})")
        return line

    def _draw_chance(self):
        *points, area = self.chance_level
        style = {"color": _style.ink(), "linestyle": "--", "linewidth": 1}
        line = _draw_steps(self.ax_, *points, **style)
        _style.name(line, f"Node frequencies (AU(PRC) = {area:.3f})")
        return line


def _draw_steps(ax, precision, recall, **style):
    """Draw a curve whose first step begins at recall 0."""
    x, y = np.append(0.0, recall), np.append(precision[0], precision)
    return ax.plot(x, y, **{"drawstyle": "steps-pre", **style})[0]


# -- the chance level ------------------------------------------------------------------


def _curve_of_frequencies(truth, counts, mask):
    """Precision, recall and area where each node's frequency is its score."""
    positives = np.asarray(truth.sum(axis=0))[mask].astype(np.float64)
    counts = positives if counts is None else counts[mask]
    order = np.argsort(-counts, kind="stable")
    true = np.cumsum(positives[order])
    pairs = truth.shape[0] * np.arange(1, len(order) + 1)
    # Nodes of one frequency are reached together; only positives move recall.
    last = np.append(np.diff(counts[order]) != 0, True)
    true, pairs = true[last], pairs[last]
    gain = np.diff(true, prepend=0)
    true, pairs, gain = true[gain > 0], pairs[gain > 0], gain[gain > 0]
    precision, recall = true / pairs, true / true[-1]
    return precision, recall, float(gain @ precision / true[-1])

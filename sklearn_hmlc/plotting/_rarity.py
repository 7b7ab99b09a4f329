"""`RarityDisplay`: how well nodes are found, by how rare or how deep they are.

Stage: reports to a figure. In: one `sklearn_hmlc.metrics.rarity_report` per model. Out:
one panel per measure, in it one bar per group of nodes and model.
"""

import numpy as np

from .. import _validation as check
from .._naming import common_hierarchy
from ..metrics import rarity_report
from . import _models, _style

_LABELS = {"precision": "Precision", "recall": "Recall", "f1": "F1", "auprc": "AUPRC"}
_GROUPS = {
    "training rows": "Training rows per node",
    "rarest nodes": "Rarest nodes, share of those present",
    "depth": "Depth of the node",
}


class RarityDisplay:
    """Measures of quality by the frequency of nodes, models side by side.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    reports : DataFrame or mapping of str to DataFrame or list of DataFrame
        A `sklearn_hmlc.metrics.rarity_report`; or those of several models, by name, all
        with the same groups. A list has those of several runs, such as seeds, of which
        the mean is shown, and the range from the least to the most.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes of shape (n_metrics,)
        One panel per measure; with one measure the Axes itself.
    figure_ : Figure
        The figure.
    bars_ : dict
        (measure, name of the model) -> the `matplotlib.container.BarContainer`.
    intervals_ : dict
        (measure, name of the model) -> the `matplotlib.container.ErrorbarContainer` of
        the intervals of a model with one report, where the report has them.
    ranges_ : dict
        (measure, name of the model) -> the `matplotlib.container.ErrorbarContainer` of
        a model with several runs.

    See Also
    --------
    sklearn_hmlc.metrics.rarity_report : The numbers, and what the groups and intervals
        are.

    Examples
    --------
    .. plot::
       :include-source:
       :alt: Bars of recall by training rows per node.

       >>> import numpy as np
       >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
       >>> from sklearn_hmlc.plotting import RarityDisplay
       >>> _, Y, _ = make_hierarchical_multilabel(900, n_nodes=60, random_state=0)
       >>> rng = np.random.default_rng(0)
       >>> found = rng.random(Y.shape) < Y.mean(axis=0) ** 0.3
       >>> predictions = {"finds common nodes": Y * found, "finds none": Y * 0}
       >>> display = RarityDisplay.from_predictions(
       ...     Y, predictions, y_train=Y, metric="recall"
       ... )
       >>> display.ax_.get_ylabel()
       'Recall'
    """

    def __init__(self, reports):
        self.reports = reports

    def plot(
        self,
        ax=None,
        *,
        metric=("recall", "precision", "f1"),
        few=30,
        bar_kwargs=None,
    ):
        """Draw the bars.

        Parameters
        ----------
        ax : Axes or array-like of Axes of shape (n_metrics,), default=None
            Where to draw. None: a new figure with room for the legend.
        metric : {"recall", "precision", "f1", "auprc"} or list of these, \
default=("recall", "precision", "f1")
            What to show, in one panel each.
        few : int, default=30
            Bars of groups with fewer positive (row, node) pairs are hollow: their
            measure is a rough one.
        bar_kwargs : dict, default=None
            Keyword arguments for `matplotlib.axes.Axes.bar`.

        Returns
        -------
        display : RarityDisplay
            The object itself.

        Raises
        ------
        ValueError
            If a measure is unknown or in no report, the reports' groups differ, or
            `ax` does not fit.
        """
        given = _models.by_name(self.reports)
        runs = _models.separate(given)
        metrics = _check_metrics(metric, runs)
        groups = _check_groups(runs)
        reports = {name: _mean(report) for name, report in given.items()}
        size = max(6.4, 2.5 + 0.75 * len(groups)), 1.8 + 1.8 / len(metrics)
        axes = _style.panels(ax, "RarityDisplay.plot", len(metrics), size)
        self.bars_, self.intervals_, self.ranges_ = {}, {}, {}
        for panel, one in zip(axes, metrics, strict=True):
            self._draw(panel, one, reports, few, bar_kwargs or {})
            self._draw_intervals(panel, one, given)
            self._draw_ranges(panel, one, given)
            _label(panel, one, groups)
        what = _GROUPS.get(groups.index.name, groups.index.name)
        _style.verbatim(axes[-1].set_xlabel(f"{_style.shown(what)} (n = nodes)"))
        for panel in axes:  # one scale, so that panels can be compared
            panel.set_ylim(0, max(one.get_ylim()[1] for one in axes))
        hollow = any(
            (report.loc[_has_few(report, few), metrics] > 0).any(axis=None)
            for report in reports.values()
        )
        keys = [_style.hollow_bar(f"fewer than {few} positives")] if hollow else []
        _style.legend_outside(axes[0], *keys)
        self.ax_, self.figure_ = _style.one_or_all(axes), axes[0].figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        hierarchy=None,
        metric=("recall", "precision", "f1"),
        name=None,
        **options,
    ):
        """Draw the measures of fitted estimators.

        Parameters
        ----------
        estimator : estimator, list of estimators, or mapping of str to these
            A fitted classifier, pipeline or search; or several, by name. A list has
            runs of one model, such as fits with several seeds: bars are their mean.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features of the test rows.
        y : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels of the test rows.
        hierarchy : Hierarchy, default=None
            None: the estimator's ``hierarchy_``, where it has one.
        metric : str or list of str, default=("recall", "precision", "f1")
            See `plot`.
        name : str, default=None
            Name of a single estimator. None: its class's.
        **options : dict
            Further arguments of `from_predictions`.

        Returns
        -------
        display : RarityDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_estimator")
        models = _models.estimators_by_name(estimator, name)
        known = _models.find_hierarchy(models, hierarchy)
        columns = common_hierarchy(known, {"y": y})
        _models.check_scored(models, y, columns, options.get("scored"))
        truth, labels = _models.answers(models, X, y, "predict", columns)
        scores = None
        if "auprc" in _as_tuple(metric):
            _, scores = _models.answers(models, X, y, "predict_proba", columns)
        # Without a hierarchy there are no depths: the report says so.
        by_depth = options.get("by") == "depth"
        return cls.from_predictions(
            truth,
            labels,
            y_score=scores,
            hierarchy=known if by_depth else columns,
            metric=metric,
            **_models.by_node(models, y, columns, options),
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        y_score=None,
        metric=("recall", "precision", "f1"),
        name=None,
        ax=None,
        few=30,
        interval=0.95,
        bar_kwargs=None,
        **report_options,
    ):
        """Draw the measures of predictions.

        Parameters
        ----------
        y_true : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes)
            Labels of the test rows.
        y_pred : array-like, sparse matrix or DataFrame of shape (n_samples, n_nodes), \
or mapping of str to these
            Predicted labels; or those of several models, by name.
        y_score : as `y_pred`, default=None
            Scores, for ``metric="auprc"``.
        metric : str or list of str, default=("recall", "precision", "f1")
            See `plot`.
        name : str, default=None
            Name of a single model. None: no legend.
        ax, few, bar_kwargs
            See `plot`.
        interval : float, default=0.95
            Confidence of the intervals that bars of a single run have, see
            `sklearn_hmlc.metrics.rarity_report`. None: no intervals.
        **report_options : dict
            Further arguments of `sklearn_hmlc.metrics.rarity_report`: ``y_train`` or
            ``train_counts``, ``hierarchy``, ``scored``, ``by``, ``bins``, ...

        Returns
        -------
        display : RarityDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_predictions")
        models = _models.by_name(y_pred, name)
        scores = _models.by_name(y_score, name) if y_score is not None else {}
        arrays = {
            "y_true": y_true,
            **_models.sides("y_pred", models),
            **_models.sides("y_score", scores),
            "y_train": report_options.get("y_train"),
        }
        common_hierarchy(report_options.get("hierarchy"), arrays)
        reports = {
            name: rarity_report(
                y_true,
                labels,
                scores.get(name),
                # Of several runs the range is shown.
                interval=None if isinstance(name, _models.Run) else interval,
                **report_options,
            )
            for name, labels in models.items()
        }
        display = cls(_models.together(reports))
        return display.plot(ax, metric=metric, few=few, bar_kwargs=bar_kwargs)

    def _draw(self, ax, metric, reports, few, given):
        n_models = len(reports)
        width = 0.8 / n_models
        for position, (name, report) in enumerate(reports.items()):
            middle = np.arange(len(report)) + (position - (n_models - 1) / 2) * width
            style = _style.bar_style(position, **given)
            heights = report[metric].mask(_is_empty(report))
            bars = ax.bar(middle, heights, 0.9 * width, **style)
            self.bars_[metric, name] = bars
            for bar, thin in zip(bars, _has_few(report, few), strict=True):
                if thin:
                    _style.make_hollow(bar)
            if name is not None and "label" not in given:
                _style.name(bars, name)
        self._say_no_data(ax, metric, reports)

    def _draw_intervals(self, ax, metric, given):
        """Draw the intervals of models with one report that has them."""
        for name, report in given.items():
            ends = [f"{metric}_low", f"{metric}_high"]
            if isinstance(report, list) or not set(ends) <= set(report):
                continue
            low, high = (report[end].mask(_is_empty(report)) for end in ends)
            self.intervals_[metric, name] = self._draw_ends(
                ax, (metric, name), report[metric], low, high
            )

    def _draw_ranges(self, ax, metric, given):
        """Draw from the least to the most of the runs of a model."""
        for name, report in given.items():
            if not isinstance(report, list):
                continue
            mean, least, most = _models.mean_and_range(report)
            some = ~_is_empty(mean) & (most[metric] > least[metric])
            mean, least, most = (x[metric].where(some) for x in (mean, least, most))
            self.ranges_[metric, name] = self._draw_ends(
                ax, (metric, name), mean, least, most, capsize=3
            )

    def _draw_ends(self, ax, key, middle, low, high, **style):
        bars = self.bars_[key]
        places = [bar.get_x() + bar.get_width() / 2 for bar in bars]
        # A mean's interval may end at the mean itself, less rounding.
        beside = [(middle - low).clip(lower=0), (high - middle).clip(lower=0)]
        return ax.errorbar(
            places, middle, beside, color=_style.ink(), linestyle="none", linewidth=1,
            label="_nolegend_", **style,
        )  # fmt: skip

    def _say_no_data(self, ax, metric, reports):
        missing = np.all(
            [_is_missing(report, metric) for report in reports.values()], axis=0
        )
        for where in np.flatnonzero(missing):
            ax.text(
                where, 0, "no data", color="0.4", fontsize=7, ha="center", va="bottom"
            )


def _mean(report):
    return _models.mean_and_range(report)[0] if isinstance(report, list) else report


def _is_empty(report):
    """Tell the groups without a positive test row: no measure says anything there."""
    return (report["n_present"] == 0).to_numpy()


def _is_missing(report, metric):
    return _is_empty(report) | report[metric].isna().to_numpy()


def _has_few(report, few):
    return (report["support"] < few).to_numpy() & ~_is_empty(report)


def _check_metrics(metric, reports):
    metrics = list(_as_tuple(metric))
    if not metrics:
        raise ValueError("Expected `metric` to name a measure, but it is empty.")
    for one in metrics:
        check.check_option("metric", one, tuple(_LABELS))
        if any(one not in report for report in reports.values()):
            raise ValueError(
                f"Expected reports with the column {one!r}; give the scores, "
                "`y_score`, of every model."
            )
    return metrics


def _check_groups(reports):
    """Return one report for the groups that all have."""
    first, *others = reports.values()
    for other in others:
        if not other[["n_nodes"]].equals(first[["n_nodes"]]):
            raise ValueError("Expected reports with the same groups of nodes.")
    return first


def _label(ax, metric, groups):
    ticks = [
        f"{_style.shown(group)}\nn = {n}"
        for group, n in zip(groups.index, groups.n_nodes, strict=True)
    ]
    ax.set_xticks(np.arange(len(groups)), ticks, usetex=False, parse_math=False)
    ax.set_ylabel(_LABELS[metric])
    ax.set_xlim(-0.6, len(groups) - 0.4)  # groups without data have room, too
    ax.set_ylim(bottom=0)
    _style.despine(ax)


def _as_tuple(metric):
    return tuple(metric) if isinstance(metric, list | tuple) else (metric,)

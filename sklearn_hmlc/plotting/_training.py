"""`TrainingDisplay`: how loss and validation score went, epoch by epoch.

Stage: after training. In: ``history_``, a list with one dict per epoch. Out: one panel
per quantity. Records named ``train_x`` and ``valid_x`` share the panel ``x``; what else
was recorded (durations, counts, which epochs were best) is left out.
"""

from collections.abc import Mapping

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._response import chain, part_with
from . import _models, _style

_LABELS = {"loss": "Loss", "au_prc": "AU(PRC)"}
_MOST_VALUES = 3  # of first epochs beyond a panel, written beside their marks
_PARTS = {"train": "training", "valid": "validation"}


class TrainingDisplay:
    """Training history: loss and scores of the training and the validation part.

    Use `from_estimator` to make one from a fitted classifier.

    Parameters
    ----------
    histories : list of dict, or mapping of str to list of dict or list of these
        What each epoch recorded; or the histories of several models, by name. A list of
        histories has those of several runs of a model, such as seeds: thin lines.
    kept : int, or mapping of str to int or list of int, default=None
        The epoch, counted from 1, whose weights were kept, by early stopping; those of
        several models by name, None for models that kept the last one.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes of shape (n_quantities,)
        One panel per quantity; with one quantity the Axes itself.
    figure_ : Figure
        The figure.
    line_ : dict
        (record, name of the model) -> its `matplotlib.lines.Line2D`; of several runs
        (record, (name, number of the run)).
    kept_ : dict
        As ``line_``: the mark of the epoch whose weights were kept.
    clipped_ : list of Line2D
        Markers at the edge of a panel, for values of a first epoch that lie beyond it;
        the number stands beside them.

    Notes
    -----
    Where the first epoch's values would leave less than a third of a panel to those
    after the first tenth of the epochs, the panel shows the latter.

    Examples
    --------
    .. plot::
       :include-source:
       :alt: Training and validation loss by epoch, with a ring at the best one.

       >>> from sklearn_hmlc.plotting import TrainingDisplay
       >>> history = [
       ...     {"train_loss": 2 / k, "valid_loss": 2 / k + k / 20} for k in range(1, 13)
       ... ]
       >>> display = TrainingDisplay({"mine": history}, kept={"mine": 6}).plot()
       >>> display.line_["train_loss", "mine"].get_ydata()[:2]
       array([2., 1.])
    """

    def __init__(self, histories, *, kept=None):
        self.histories = histories
        self.kept = kept

    def plot(self, ax=None, *, curve_kwargs=None):
        """Draw the curves.

        Parameters
        ----------
        ax : Axes or array-like of Axes of shape (n_quantities,), default=None
            Where to draw. None: a new figure with room for the legend.
        curve_kwargs : dict, default=None
            Keyword arguments for `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : TrainingDisplay
            The object itself.

        Raises
        ------
        ValueError
            If nothing named ``train_...`` or ``valid_...`` was recorded, or `ax` does
            not fit.
        """
        histories = _models.by_name(self.histories)
        histories = _models.separate(histories, _are_runs)
        quantities = _quantities(histories)
        size = 7, 2 + 1.6 / len(quantities)
        axes = _style.panels(ax, "TrainingDisplay.plot", len(quantities), size)
        kept = self.kept if isinstance(self.kept, Mapping) else {None: self.kept}
        kept = _models.separate(kept)
        self.line_, self.kept_, self.clipped_ = {}, {}, []
        for panel, (quantity, records) in zip(axes, quantities.items(), strict=True):
            for record in records:
                self._draw(panel, record, histories, curve_kwargs or {})
                self._mark_kept(panel, record, kept)
            self._leave_out_the_first(panel, records, histories)
            label = _LABELS.get(quantity, _style.shown(quantity))
            _style.verbatim(panel.set_ylabel(label))
            panel.xaxis.get_major_locator().set_params(integer=True)
            _style.despine(panel)
            marked = any(record in records for record, _ in self.kept_)
            keys = [_style.ring_marker("epoch that was kept")] if marked else []
            _style.legend_outside(panel, *keys)
        axes[-1].set_xlabel("Epoch")
        self.ax_, self.figure_ = _style.one_or_all(axes), axes[0].figure
        return self

    @classmethod
    def from_estimator(cls, estimator, *, name=None, ax=None, curve_kwargs=None):
        """Draw the history of fitted estimators.

        Parameters
        ----------
        estimator : estimator, list of estimators, or mapping of str to these
            A fitted `HierarchicalEnsembleClassifier`, or a pipeline or search around
            one; or several, by name. A list has runs of one model, such as fits with
            several seeds.
        name : str, default=None
            Name of a single estimator. None: no name in the legend.
        ax, curve_kwargs
            See `plot`.

        Returns
        -------
        display : TrainingDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_estimator")
        models = _models.separate(_models.by_name(estimator, name))
        histories = {name: _history(one) for name, one in models.items()}
        kept = {name: _kept_epoch(one) for name, one in models.items()}
        histories, kept = map(_models.together, (histories, kept))
        return cls(histories, kept=kept).plot(ax, curve_kwargs=curve_kwargs)

    def _draw(self, ax, record, histories, given):
        part = record.partition("_")[0]
        names = list(dict.fromkeys(map(_models.name_of, histories)))
        for key, history in histories.items():
            epochs = [k for k, epoch in enumerate(history, 1) if record in epoch]
            if not epochs:
                continue
            values = np.array([history[k - 1][record] for k in epochs], dtype=float)
            linestyle = {"train": "--", "valid": "-"}[part]
            name = _models.name_of(key)
            style = _style.line_style(names.index(name), linestyle=linestyle)
            if isinstance(key, _models.Run):
                style |= {"linewidth": 1, "alpha": 0.6, "markersize": 3}
            (line,) = ax.plot(epochs, values, **{**style, **given})
            later = isinstance(key, _models.Run) and key.number > 0
            if later:
                line.set_label("_nolegend_")
            elif "label" not in given:
                label = _PARTS[part] if name is None else f"{name}, {_PARTS[part]}"
                _style.name(line, label)
            self.line_[record, key] = line

    def _mark_kept(self, ax, record, kept):
        """Put a ring around the epoch whose weights the models have."""
        for name, epoch in kept.items():
            line = self.line_.get((record, name))
            if epoch is None or line is None:
                continue
            x, y = line.get_data()
            at = np.flatnonzero(np.asarray(x) == epoch)
            (self.kept_[record, name],) = ax.plot(
                np.asarray(x)[at], np.asarray(y)[at], **_style.RING
            )

    def _leave_out_the_first(self, ax, records, histories):
        """Fit the y axis to the later epochs where the first would flatten them."""
        keys = [(record, name) for record in records for name in histories]
        lines = [self.line_[key] for key in keys if key in self.line_]
        limits = _limits_of_later([line.get_data() for line in lines])
        if limits is None:
            return
        ax.set_ylim(limits)
        for edge, sign in zip(limits, (-1, 1), strict=True):
            out = [line for line in lines if sign * (line.get_ydata()[0] - edge) > 0]
            self._mark_beyond(ax, edge, sign, out)

    def _mark_beyond(self, ax, edge, sign, lines):
        """Point from the edge of a panel at the first values of lines beyond it."""
        for line in lines:
            style = {"color": line.get_color(), "marker": "^" if sign > 0 else "v"}
            epoch = line.get_xdata()[0]
            self.clipped_ += ax.plot(epoch, edge, clip_on=False, markersize=7, **style)
        if lines:
            values = sorted({float(f"{line.get_ydata()[0]:.3g}") for line in lines})
            text = ", ".join(f"{value:.3g}" for value in values)
            if len(values) > _MOST_VALUES:
                text = f"{values[0]:.3g} to {values[-1]:.3g}"
            # Above or, since ticks are below, beside the marker.
            ax.annotate(
                text, (epoch, edge), (-4, 5) if sign > 0 else (7, 0),
                textcoords="offset points", fontsize=8, va="bottom",
            )  # fmt: skip


def _limits_of_later(curves):
    """Limits for what comes after the first tenth, or None where all has room."""
    n_epochs = max(int(x[-1]) for x, _ in curves)
    begun = 1 + n_epochs // 10
    first = np.concatenate([y[:1] for _, y in curves])
    later = np.concatenate([y[x > begun] for x, y in curves])
    first, later = first[np.isfinite(first)], later[np.isfinite(later)]
    if len(first) == 0 or len(later) < 2:
        return None
    low, high = later.min(), later.max()
    span = high - low
    every = max(high, first.max()) - min(low, first.min())
    if span == 0 or every <= 3 * span:
        return None
    return low - 0.1 * span, high + 0.1 * span


def _are_runs(history):
    """Tell a list of histories from one history, a list of dicts."""
    return len(history) > 0 and not isinstance(history[0], Mapping)


def _quantities(histories):
    """Quantity -> its records, each in the order in which they were recorded."""
    quantities = {}
    for history in histories.values():
        for record in [name for epoch in history for name in epoch]:
            part, _, quantity = record.partition("_")
            measured = all(_is_measured(epoch.get(record, 0.0)) for epoch in history)
            if part in _PARTS and measured:
                quantities.setdefault(quantity, {})[record] = None
    if not quantities:
        raise ValueError(
            "Expected a history with records named 'train_...' or 'valid_...', but "
            "found none; was the estimator fitted?"
        )
    return quantities


def _history(estimator):
    *_, innermost = chain(estimator)
    check_is_fitted(innermost)
    return part_with(estimator, "history_").history_


def _kept_epoch(estimator):
    """Return the epoch whose weights early stopping has kept, or None."""
    net = getattr(part_with(estimator, "history_"), "net_", None)
    for _, callback in getattr(net, "callbacks_", ()):
        epoch = getattr(callback, "best_epoch_", 0)
        if epoch and getattr(callback, "load_best", False):
            return int(epoch)
    return None


def _is_measured(value):
    return isinstance(value, float | np.floating)

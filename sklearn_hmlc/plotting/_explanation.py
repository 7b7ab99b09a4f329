"""`ExplanationDisplay`: which features have made a node's probability what it is.

Stage: attributions to a figure. In: what `sklearn_hmlc.inspection.explain` returns.
Out: one panel per row and node, with a bar per feature, the largest on top.
"""

import numbers

import numpy as np
import pandas as pd

from .. import _frames as frames
from . import _style

_LIFTS, _LOWERS, _OTHERS = _style.COLORS[0], _style.COLORS[1], "0.7"
_LONGEST = 40  # letters of a feature and its value
_MOST_PANELS = 12


class ExplanationDisplay:
    """Attributions as bars: what has raised a node's probability, what lowered it.

    Use `from_estimator` to make one.

    Parameters
    ----------
    explanation : Bunch
        What `sklearn_hmlc.inspection.explain` returns, of at most 12 pairs of a row and
        a node.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes of shape (n_pairs,)
        One panel per row and node; with one pair the Axes itself.
    figure_ : Figure
        The figure.
    bars_ : dict
        (id, node) -> the `matplotlib.container.BarContainer`, bars from top to bottom;
        the last is that of all other features, where there are any.

    See Also
    --------
    sklearn_hmlc.inspection.explain : The numbers, and how they are computed.

    Examples
    --------
    .. plot::
       :include-source:
       :alt: Bars of the features that raise and lower a node's probability.

       >>> from sklearn_hmlc import HierarchicalEnsembleClassifier
       >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
       >>> from sklearn_hmlc.plotting import ExplanationDisplay
       >>> X, Y, hierarchy = make_hierarchical_multilabel(
       ...     n_samples=60, n_features=5, n_nodes=6, random_state=0
       ... )
       >>> model = HierarchicalEnsembleClassifier(hierarchy, max_epochs=2).fit(X, Y)
       >>> display = ExplanationDisplay.from_estimator(model, X[[0]], "node_1", k=3)
       >>> len(display.bars_[0, "node_1"])
       4
    """

    def __init__(self, explanation):
        self.explanation = explanation

    def plot(self, ax=None, *, bar_kwargs=None):
        """Draw the bars.

        Parameters
        ----------
        ax : Axes or array-like of Axes of shape (n_pairs,), default=None
            Where to draw. None: a new figure, whose panels share their scale.
        bar_kwargs : dict, default=None
            Keyword arguments for `matplotlib.axes.Axes.barh`.

        Returns
        -------
        display : ExplanationDisplay
            The object itself.

        Raises
        ------
        ValueError
            If there are more than 12 pairs of a row and a node, or `ax` does not fit.
        """
        _style.pyplot("ExplanationDisplay.plot")
        pairs = _pairs(self.explanation)
        if not 1 <= len(pairs) <= _MOST_PANELS:
            raise ValueError(
                f"Expected 1 to {_MOST_PANELS} pairs of a row and a node, a panel "
                f"each, but got {len(pairs)}; draw some of the rows, such as X[[0]]."
            )
        most = max(len(lines) for _, lines in pairs)
        size = 7, 1.3 + 0.24 * (most + 1)
        axes = _style.panels(ax, "ExplanationDisplay.plot", len(pairs), size)
        self.bars_ = {}
        for panel, (said, lines) in zip(axes, pairs, strict=True):
            key = said["id"], said["node"]
            self.bars_[key] = _draw(panel, said, lines, bar_kwargs or {})
            _style.despine(panel)
        what = {"probability": "the probability", "logit": "the log odds"}
        what = what[self.explanation.scale]
        if self.explanation.response_method == "decision_proba":
            what += " that is decided on"
        axes[-1].set_xlabel(f"Attribution: what the feature adds to {what}")
        _style.set_titles(axes, [_title(said) for said, _ in pairs], fontsize=10)
        self.ax_, self.figure_ = _style.one_or_all(axes), axes[0].figure
        return self

    @classmethod
    def from_estimator(
        cls, estimator, X, node, *, k=10, ax=None, bar_kwargs=None, **options
    ):
        """Explain nodes of rows, and draw it.

        Parameters
        ----------
        estimator : fitted estimator
            As in `sklearn_hmlc.inspection.explain`.
        X : array-like, sparse matrix, DataFrame or Bunch of shape \
(n_samples, n_features)
            The row to explain, for instance ``X_test[[3]]``; or several.
        node : hashable or list of hashable
            The node to explain, or several.
        k : int, default=10
            Bars of features in a panel; the others share one.
        ax, bar_kwargs
            See `plot`.
        **options : dict
            Further arguments of `explain`: ``method``, ``scale``, ``baseline``,
            ``feature_names``, ``ids``, ...

        Returns
        -------
        display : ExplanationDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_estimator")
        from ..inspection import explain  # with torch, which no other figure needs

        explanation = explain(estimator, X, node, k=k, **options)
        return cls(explanation).plot(ax, bar_kwargs=bar_kwargs)


def _pairs(explanation):
    """Return (what was said, lines) of each row and node."""
    table, responses = (_pandas(explanation[name]) for name in ("table", "responses"))
    own = dict(list(table.groupby(["id", "node"], sort=False)))
    return [
        (said, own.get((said["id"], said["node"]), table.iloc[:0]))
        for said in responses.to_dict("records")
    ]


def _pandas(table):
    names = frames.columns(table)
    return pd.DataFrame({name: frames.values(table, name) for name in names})


def _draw(ax, said, lines, given):
    """Draw a bar per feature, from top to bottom, and one for all others."""
    labels = [
        _label(feature, value)
        for feature, value in zip(lines["feature"], lines["value"], strict=True)
    ]
    lengths = lines["attribution"].to_numpy(dtype=float)
    colors = [_LIFTS if length > 0 else _LOWERS for length in lengths]
    others = said["attributed"] - lengths.sum()
    if abs(others) > 1e-9 * max(1, np.abs(lengths).max(initial=0)):
        labels.append("all other features")
        lengths = np.append(lengths, others)
        colors.append(_OTHERS)
    places = np.arange(len(labels))
    bars = ax.barh(places, lengths, **{"color": colors, "height": 0.7, **given})
    ax.axvline(0, color=_style.ink(), linewidth=0.8)
    ax.set_yticks(places, labels, usetex=False, parse_math=False)
    ax.set_ylim(max(len(labels), 1) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.1)
    return bars


def _label(feature, value):
    name = _style.shown(feature)
    text = f"{value:.3g}" if isinstance(value, numbers.Real) else _style.shown(value)
    room = max(_LONGEST - len(text) - 3, 8)
    name = name if len(name) <= room else f"{name[: room - 1]}…"
    return f"{name} = {text[:_LONGEST]}"


def _title(said):
    node = _style.shown(said["node"])
    name = said.get("name")
    if name is not None and _style.shown(name) != node:
        node += f" {_style.shown(name)}"
    change = f"{said['response']:.3g} (baseline {said['baseline']:.3g})"
    return f"{_style.shown(said['id'])}: {node}\n{change}"

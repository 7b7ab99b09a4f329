"""`CriticalDifferenceDisplay`: average ranks of methods, and which ones differ.

Stage: after a comparison over data sets. In: what `sklearn_hmlc.metrics.compare`
found. Out: Demsar's diagram, drawn by scikit-posthocs: methods along an axis of ranks,
the best on the left, bars below it that join those which do not differ significantly,
and the critical difference above it.

Source: J. Demsar, "Statistical comparisons of classifiers over multiple data sets",
JMLR 7, 2006.
"""

import math
from itertools import chain

import numpy as np
import pandas as pd

from .._optional import optional
from ..metrics import compare
from . import _style

# Inches that the axis of ranks has at least, with its own name.
_RULER_WIDTH = 4.5
_MARGIN = 0.3  # beside the names, both sides together


class CriticalDifferenceDisplay:
    """Critical difference diagram of methods over data sets.

    Parameters
    ----------
    comparison : Comparison
        What `sklearn_hmlc.metrics.compare` found.

    Attributes
    ----------
    ax_ : Axes
        The Axes with the diagram.
    figure_ : Figure
        The figure.
    artists_ : dict
        ``markers``, ``elbows`` and ``labels``, one per method: on the left from the
        best, then on the right from the worst; and ``crossbars``, one per group of
        methods that do not differ.
    ruler_ : Line2D
        The line as long as the critical difference.

    See Also
    --------
    sklearn_hmlc.metrics.compare : The tests.

    Notes
    -----
    Methods are joined where Nemenyi's test finds no difference at the comparison's
    ``alpha``, that is where ranks lie within the critical difference.

    References
    ----------
    .. [1] J. Demsar, "Statistical comparisons of classifiers over multiple data sets",
       JMLR 7, 2006.

    Examples
    --------
    .. plot::
       :include-source:
       :alt: Critical difference diagram of three methods.

       >>> import pandas as pd
       >>> from sklearn_hmlc.plotting import CriticalDifferenceDisplay
       >>> results = pd.DataFrame(
       ...     [[0.9, 0.8, 0.1], [0.8, 0.7, 0.2], [0.7, 0.6, 0.1]],
       ...     columns=["ensemble", "forest", "guess"],
       ... )
       >>> display = CriticalDifferenceDisplay.from_results(results)
       >>> round(display.comparison.critical_difference, 3)
       1.914
    """

    def __init__(self, comparison):
        self.comparison = comparison

    def plot(self, ax=None):
        """Draw the diagram.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : CriticalDifferenceDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib or scikit-posthocs is not installed.
        """
        ranks = self.comparison.average_ranks
        size = 8, 1.2 + 0.25 * len(ranks)
        caller = "CriticalDifferenceDisplay.plot"
        (self.ax_,) = _style.panels(ax, caller, 1, size)
        self.figure_ = self.ax_.figure
        posthocs = optional("scikit_posthocs", caller, "compare")
        self.artists_ = posthocs.critical_difference_diagram(
            *_by_position(self.comparison),
            alpha=self.comparison.alpha,
            ax=self.ax_,
            label_fmt_left="{label}",
            label_fmt_right="{label}",
            elbow_props={"color": _style.ink(), "linewidth": 1, "clip_on": False},
            marker_props={"color": _style.COLORS[0], "s": 25},
            crossbar_props={"color": _style.COLORS[3], "linewidth": 3},
            text_h_margin=0.03 * len(ranks),
        )
        for line in chain.from_iterable(map(np.atleast_1d, self.artists_["crossbars"])):
            # Through the points from left to right, whatever the order of a set is:
            # the same figure each time.
            line.set_xdata(np.sort(line.get_xdata()))
        for text in self.artists_["labels"]:
            self._name(text, int(text.get_text()))
        self._draw_ruler()
        if ax is None:
            self._make_room()
        return self

    @classmethod
    def from_results(
        cls, results, *, higher_is_better=True, alpha=0.05, p_adjust=None, ax=None
    ):
        """Compare methods and draw the diagram.

        Parameters
        ----------
        results : DataFrame or array-like of shape (n_datasets, n_methods)
            One number per data set and method, none missing.
        higher_is_better, alpha, p_adjust
            See `sklearn_hmlc.metrics.compare`.
        ax : Axes, default=None
            Where to draw. None: a new figure.

        Returns
        -------
        display : CriticalDifferenceDisplay
            Drawn.
        """
        _style.pyplot(f"{cls.__name__}.from_results")
        comparison = compare(
            results, higher_is_better=higher_is_better, alpha=alpha, p_adjust=p_adjust
        )
        return cls(comparison).plot(ax)

    def _name(self, text, position):
        """Have a text say the name and rank of the method at a position."""
        ranks = self.comparison.average_ranks
        name = _style.shown(ranks.index[position])
        rank = f"({ranks.iloc[position]:.2f})"
        left = text.get_horizontalalignment() == "right"
        said = f"{name} {rank}\N{NO-BREAK SPACE}", f"\N{NO-BREAK SPACE}{rank} {name}"
        text.set(text=said[0 if left else 1], color=_style.ink())
        _style.verbatim(text)

    def _make_room(self):
        """Make a figure of ours as wide as the names on both sides need."""
        texts = self.artists_["labels"]
        sides = {"left": [0], "right": [0]}
        for text in texts:
            width = text.get_window_extent().width / self.figure_.dpi
            sides[text.get_horizontalalignment()].append(width)
        needed = _RULER_WIDTH + max(sides["left"]) + max(sides["right"]) + _MARGIN
        self.figure_.set_figwidth(max(self.figure_.get_figwidth(), needed))

    def _draw_ruler(self):
        """Draw the critical difference from rank 1 on; whole ranks on the axis."""
        length = self.comparison.critical_difference
        n_methods = len(self.comparison.average_ranks)
        style = {
            "color": _style.ink(),
            "linewidth": 1.5,
            "marker": "|",
            "clip_on": False,
        }
        (self.ruler_,) = self.ax_.plot([1, 1 + length], [1.6, 1.6], **style)
        text = f"CD = {length:.2f} (alpha = {self.comparison.alpha:g})"
        self.ax_.text(1 + length / 2, 2, text, ha="center", va="bottom")
        last = max(n_methods, math.ceil(1 + length))
        self.ax_.set_xlim(1, last)
        self.ax_.set_xticks(range(1, n_methods + 1))
        self.ax_.annotate(
            "Average rank",
            (0, 0),
            (-8, 0),
            xycoords=self.ax_.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            va="center",
        )


def _by_position(comparison):
    """Return ranks and p-values by position among the ranks.

    Names that are tuples would be taken for the levels of an index.
    """
    ranks, pvalues = comparison.average_ranks, comparison.nemenyi_pvalues
    order = pvalues.index.get_indexer(ranks.index)
    pvalues = pvalues.to_numpy()[np.ix_(order, order)]
    return pd.Series(ranks.to_numpy()), pd.DataFrame(pvalues)

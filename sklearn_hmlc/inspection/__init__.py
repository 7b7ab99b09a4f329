"""Why a node was predicted, and which rows to look at next.

In: any fitted estimator and rows. Out: tidy tables with the names of rows, nodes and
features. `sklearn_hmlc.plotting.ExplanationDisplay` draws an explanation.
"""

from ._explain import explain
from ._rank import rank_rows

__all__ = ["explain", "rank_rows"]

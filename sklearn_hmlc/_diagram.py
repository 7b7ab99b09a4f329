"""How a classifier with a hierarchy shows in scikit-learn's diagrams.

Stage: display. In: the classifier, fitted or not. Out: HTML, or the block that stands
for it inside a pipeline.
"""

from __future__ import annotations

from sklearn.utils import estimator_html_repr
from sklearn.utils._repr_html.estimator import _VisualBlock

from ._words import count


def html_of(estimator):
    """Return scikit-learn's diagram with the hierarchy below it."""
    hierarchy = _hierarchy_of(estimator)
    summary = "" if hierarchy is None else hierarchy._repr_html_()
    return estimator_html_repr(estimator) + summary


def block_of(estimator):
    """Return the estimator's block, with the hierarchy's sizes."""
    if estimator.sampler is not None:  # has a box of its own, inside
        names = [f"sampler: {type(estimator.sampler).__name__}"]
        return _VisualBlock("parallel", [estimator.sampler], names=names)
    hierarchy, caption = _hierarchy_of(estimator), ""
    if hierarchy is not None:
        depth = hierarchy.depth.max(initial=0)
        caption = f"{count(hierarchy.n_nodes, 'node')}, depth {depth}"
    return _VisualBlock(
        "single",
        estimator,
        names=type(estimator).__name__,
        name_details=str(estimator),
        name_caption=caption,
    )


def _hierarchy_of(estimator):
    return getattr(estimator, "hierarchy_", estimator.hierarchy)

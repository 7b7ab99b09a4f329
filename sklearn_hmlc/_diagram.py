"""What a notebook shows of a classifier: its diagram, with the hierarchy in it.

Stage: beside the classifier. In: the classifier, fitted or not. Out: HTML, or a box in
scikit-learn's diagrams.
"""

from sklearn.utils import estimator_html_repr
from sklearn.utils._repr_html.estimator import _VisualBlock

from ._validation import count


def _hierarchy_of(estimator):
    return getattr(estimator, "hierarchy_", estimator.hierarchy)


def html_with_hierarchy(estimator):
    """Return scikit-learn's diagram with the hierarchy below it."""
    hierarchy = _hierarchy_of(estimator)
    summary = "" if hierarchy is None else hierarchy._repr_html_()
    return estimator_html_repr(estimator) + summary


def block_with_sizes(estimator):
    """Tell the hierarchy's sizes in scikit-learn's diagrams, of pipelines too."""
    hierarchy = _hierarchy_of(estimator)
    caption = ""
    if hierarchy is not None:
        depth = hierarchy.depth.max(initial=0)
        caption = f"{count(hierarchy.n_nodes, 'node')}, depth {depth}"
    if estimator.sampler is not None:  # has a box of its own, inside
        names = [f"sampler: {type(estimator.sampler).__name__}"]
        return _VisualBlock("parallel", [estimator.sampler], names=names)
    return _VisualBlock(
        "single",
        estimator,
        names=type(estimator).__name__,
        name_details=str(estimator),
        name_caption=caption,
    )

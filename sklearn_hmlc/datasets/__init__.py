"""Raw files to a `Hierarchy` with ``X`` and ``Y``; benchmarks and synthetic data.

What comes out is a `sklearn.utils.Bunch` with ``data``, ``target`` (closed labels) and
``hierarchy``, or for the generator a tuple of the three. Annotations and features are
read apart, each with the ids of its rows, and then matched by id.
"""

from ._align import AlignReport, align
from ._annotations import AnnotationReport, read_annotations
from ._arff import UNSCORED_ROOTS, read_arff
from ._evidence import EVIDENCE
from ._features import FeatureReport, read_features
from ._hmc import fetch_hmc
from ._labels import labels
from ._synthetic import make_hierarchical_multilabel

__all__ = [
    "EVIDENCE",
    "UNSCORED_ROOTS",
    "AlignReport",
    "AnnotationReport",
    "FeatureReport",
    "align",
    "fetch_hmc",
    "labels",
    "make_hierarchical_multilabel",
    "read_annotations",
    "read_arff",
    "read_features",
]

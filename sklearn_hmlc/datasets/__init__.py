"""Raw files to a `Hierarchy` with ``X`` and ``Y``; benchmarks and synthetic data.

What comes out is a `sklearn.utils.Bunch` with ``data``, ``target`` (closed labels) and
``hierarchy``, or for the generator a tuple of the three.
"""

from ._arff import UNSCORED_ROOTS, read_arff
from ._hmc import fetch_hmc
from ._synthetic import make_hierarchical_multilabel

__all__ = [
    "UNSCORED_ROOTS",
    "fetch_hmc",
    "make_hierarchical_multilabel",
    "read_arff",
]

"""The label graph: which node lies above which, and what that asks of labels.

NumPy and SciPy only. Everything else in the package imports from here.
"""

from ._binarizer import HierarchicalLabelBinarizer
from ._hierarchy import Hierarchy

__all__ = ["HierarchicalLabelBinarizer", "Hierarchy"]

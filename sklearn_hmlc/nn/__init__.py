"""Networks and the max constraint: plain torch modules, usable in anybody's code.

Tensors a user can see have the layout (M, B, C): members, rows, nodes.
"""

from ._encoder import EncodedHeads, encoded_width
from ._max_constraint import MaxConstraint
from ._mlp import (
    ACTIVATIONS,
    ENSEMBLES,
    DropoutMLP,
    EnsembleLinear,
    LastLayerMLP,
    MultiHeadMLP,
)
from ._sparse_input import RowAdam, SparseInputLinear

__all__ = [
    "ACTIVATIONS",
    "ENSEMBLES",
    "DropoutMLP",
    "EncodedHeads",
    "EnsembleLinear",
    "LastLayerMLP",
    "MaxConstraint",
    "MultiHeadMLP",
    "RowAdam",
    "SparseInputLinear",
    "encoded_width",
]

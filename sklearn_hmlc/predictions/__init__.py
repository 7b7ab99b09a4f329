"""Predictions with names: tables, blocks in bounded memory, and files.

In: any fitted estimator and rows. Out: tidy tables for people, blocks and sparse arrays
for measures, prediction files for others.
"""

from ._blocks import ProbaBlocks, iter_proba, predict_dense, predict_sparse
from ._table import predict_frame, predict_top

__all__ = [
    "ProbaBlocks",
    "iter_proba",
    "predict_dense",
    "predict_frame",
    "predict_sparse",
    "predict_top",
]

"""Predictions with names: tables, blocks in bounded memory, and files.

In: any fitted estimator and rows. Out: tidy tables for people, blocks and sparse arrays
for measures, prediction files for others.
"""

from ._blocks import ProbaBlocks, iter_proba, predict_dense, predict_sparse
from ._read import Predictions, read_predictions
from ._table import predict_frame, predict_top
from ._write import write_predictions

__all__ = [
    "Predictions",
    "ProbaBlocks",
    "iter_proba",
    "predict_dense",
    "predict_frame",
    "predict_sparse",
    "predict_top",
    "read_predictions",
    "write_predictions",
]

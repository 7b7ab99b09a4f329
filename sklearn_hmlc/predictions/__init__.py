"""Predictions with names: tables, blocks in bounded memory, and files.

In: any fitted estimator and rows. Out: tidy tables for people, blocks and sparse arrays
for measures, prediction files for others.
"""

from .._scores import Predictions
from ._blocks import (
    PredictionBlocks,
    iter_proba,
    iter_uncertainty,
    predict_dense,
    predict_labels,
    predict_sparse,
)
from ._partitions import predict_partitions
from ._read import read_predictions
from ._table import predict_frame, predict_top
from ._write import write_predictions

__all__ = [
    "PredictionBlocks",
    "Predictions",
    "iter_proba",
    "iter_uncertainty",
    "predict_dense",
    "predict_frame",
    "predict_labels",
    "predict_partitions",
    "predict_sparse",
    "predict_top",
    "read_predictions",
    "write_predictions",
]

"""Measures of rows that were held out, beside those of a naive method.

Stage: after training. In: a model and rows that it has not seen. Out: `Measured`, for
the screen and for the model file.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .._validation import count
from ..predictions import iter_proba, predict_labels
from . import _report
from ._baselines import (
    NAIVE,
    NEIGHBORS,
    frequencies,
    naive_blocks,
    naive_sparse,
)
from ._neighbors import neighbors
from ._progress import followed
from ._tables import Table

MODEL = "model"
_COUNTS = ["n_nodes", "n_present", "support"]

# Probabilities of more pairs than these lie on the disk (1 GB of float32).
_MOST_CELLS = 2**28


@dataclass(frozen=True)
class Measured:
    """Measures by method, and those of the model by how rare nodes are.

    ``spread`` has their standard deviations over folds.
    """

    n_rows: int
    overall: pd.DataFrame
    rarity: pd.DataFrame
    spread: pd.DataFrame | None = None
    n_folds: int = 1

    def title(self) -> str:
        """Say what was measured on."""
        rows = f"{count(self.n_rows, 'row')} held out"
        if self.spread is None:
            return f"Measures of {rows}"
        return f"Measures, mean ± standard deviation of {self.n_folds} folds ({rows})"

    def text(self) -> str:
        """Return the tables for the screen."""
        return (
            f"{self.title()}\n{_report.overall_text(self.overall, self.spread)}\n\n"
            f"By training rows per node\n{_report.groups_text(self.rarity)}"
        )

    def plain(self) -> dict[str, Any]:
        """Return the same in dicts and lists, for the model file."""
        return {
            "n_rows": self.n_rows,
            "n_folds": self.n_folds,
            "overall": self.overall.to_dict(),
            "spread": None if self.spread is None else self.spread.to_dict(),
            "rarity": self.rarity.reset_index().to_dict("list"),
        }


def from_plain(plain: dict[str, Any]) -> Measured:
    """Return what `Measured.plain` gave."""
    rarity = pd.DataFrame(plain["rarity"])
    spread = plain["spread"]
    return Measured(
        plain["n_rows"],
        pd.DataFrame(plain["overall"]),
        rarity.set_index(rarity.columns[0]),
        None if spread is None else pd.DataFrame(spread),
        plain["n_folds"],
    )


def measure_held_out(
    model: Any,
    train: Table,
    test: Table,
    information: np.ndarray | None = None,
    *,
    quiet: bool = True,
) -> Measured:
    """Measure a model's answers to rows that it has not seen, and those of baselines.

    These are the rows' nearest neighbours among the rows to train on, and the
    frequencies of nodes.
    """
    counts = train.target.sum(axis=0)
    shares = {
        "train_counts": counts,
        "hierarchy": train.hierarchy,
        "information": information,
    }
    with _answers(model, test, quiet) as (decided, proba):
        report = _report.measure(test.target, decided, proba, **shares)
    overall = pd.DataFrame({MODEL: report.overall})
    near = neighbors(train.hierarchy, train.data, train.nominal)
    with _answers(near.fit(train.data, train.target), test, quiet) as answers:
        overall[NEIGHBORS] = _report.overall_measures(test.target, *answers, **shares)
    n_rows = test.target.shape[0]
    naive = frequencies(counts, train.target.shape[0], train.hierarchy)
    overall[NAIVE] = _report.overall_measures(
        test.target,
        naive_sparse(naive, n_rows, 0.5) > 0,
        naive_blocks(naive, n_rows),
        **shares,
    )
    return Measured(n_rows, overall, report.rarity)


@contextlib.contextmanager
def _answers(model: Any, test: Table, quiet: bool) -> Iterator[tuple[Any, Any]]:
    """Yield decisions, and probabilities in memory or in a file that goes."""
    blocks = iter_proba(model, test.data)
    with tempfile.TemporaryFile() as file:
        proba = (
            np.empty(blocks.shape, dtype=np.float32)
            if np.prod(blocks.shape) <= _MOST_CELLS
            else np.memmap(file, dtype=np.float32, mode="w+", shape=blocks.shape)
        )
        start = 0
        for block in blocks if quiet else followed(blocks, len(blocks), "predict"):
            proba[start : start + len(block)] = block
            start += len(block)
        yield predict_labels(model, test.data), proba


def mean_over_folds(found: Sequence[Measured]) -> Measured:
    """Return means and standard deviations of the measures of several folds."""
    overall = pd.concat([one.overall for one in found], keys=range(len(found)))
    by_measure = overall.groupby(level=1, sort=False)
    rarity = pd.concat([one.rarity for one in found])
    order = list(dict.fromkeys(rarity.index))
    means = rarity.groupby(level=0).mean().loc[sorted(order, key=_first_number)]
    means[_COUNTS] = means[_COUNTS].round()
    return Measured(
        sum(one.n_rows for one in found),
        by_measure.mean(),
        means.astype(dict.fromkeys(_COUNTS, int)),
        by_measure.std(ddof=1),
        len(found),
    )


def _first_number(group: str) -> float:
    """Return where a group such as "5-9" or "1000+" begins."""
    return float(str(group).split("-")[0].rstrip("+"))

"""The cells as numbers to compare: means over seeds, methods side by side."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from statsmodels.stats.multitest import multipletests

from ._experiment import FUN, GO, OTHER
from ._methods import MAIN, METHODS

GENES = [*FUN, *GO]
ALL = [*GENES, *OTHER]
KEYS = ["data", "seed", "method"]


class Study:
    """Results of one profile.

    Parameters
    ----------
    cells : DataFrame
        One line per data set, seed and method.
    """

    def __init__(self, cells):
        self.cells = cells.sort_values(KEYS)
        self.values = self.cells.set_index(KEYS)

    @classmethod
    def read(cls, path):
        """Read the lines of a CSV file, in whatever order they came."""
        return cls(pd.read_csv(path))

    def table(self, measure, methods, data):
        """Means over the seeds that all methods have, (data sets, methods).

        Of the data sets in which there are such seeds.
        """
        table = self.values[measure].unstack("method").reindex(columns=list(methods))
        mean = table.dropna().groupby("data").mean()
        return mean.reindex([name for name in data if name in mean.index])

    def seeds(self, method, data):
        """Least and most seeds of a method on these data sets."""
        rows = self.cells[self.cells["method"] == method]
        counts = rows.groupby("data").size().reindex(data, fill_value=0)
        return counts.min(), counts.max()

    def compared(self, measure, method, against, data):
        """Compare two methods over data sets."""
        table = self.table(measure, [method, against], data)
        first, second = table[method].to_numpy(), table[against].to_numpy()
        same = np.array_equal(first, second)
        p = (
            1.0
            if same or not len(table)
            else wilcoxon(first, second, zero_method="zsplit").pvalue
        )
        means = (first.mean(), second.mean()) if len(table) else (np.nan, np.nan)
        return Compared(measure, method, against, *means, p, first, second)


@dataclass
class Compared:
    """Two methods by one measure: means over data sets, and values on each of them."""

    measure: str
    method: str
    against: str
    mean: float
    other: float
    p: float
    values: np.ndarray
    others: np.ndarray

    @property
    def ratio(self):
        """Ratio of the means."""
        if self.mean == self.other:
            return 1.0
        return self.mean / self.other if self.other else np.inf

    @property
    def wins(self):
        """Data sets on which the method is ahead."""
        return int((self.values > self.others).sum())

    @property
    def n(self):
        """Number of data sets."""
        return len(self.values)

    def __str__(self):
        """Say it in numbers."""
        return (
            f"{self.measure}: {self.method} {number(self.mean)}, {self.against} "
            f"{number(self.other)} (x{self.ratio:.2f}, ahead on {self.wins} of "
            f"{self.n}, p {self.p:.3f})"
        )


def holm(compared):
    """Adjust the p-values of some comparisons for their number."""
    if not compared:
        return compared
    adjusted = multipletests([one.p for one in compared], method="holm")[1]
    for one, p in zip(compared, adjusted, strict=True):
        one.p = float(p)
    return compared


def number(value):
    """Three digits behind the point, as the field writes shares."""
    text = f"{value:.3f}"
    return text.removeprefix("0") if text.startswith("0.") else text


__all__ = ["ALL", "FUN", "GENES", "GO", "MAIN", "METHODS", "OTHER", "Study"]

"""Experts on all rows, and what each says of rows that it has not seen.

Stage: inside the fit of a mean. In: unfitted experts by name, rows and labels. Out: the
fitted experts, and float32 arrays (n_rows, n_nodes) in node order, of the rows that
count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone

from .._folds import Splits
from .._inner_fit import fit_on, inner_labels, take
from .._parallel import Shared, in_parallel
from .._response import Answer, ask, held_out_answer, held_out_part, in_nodes
from ..metrics import coherence_violations

# Training rows that are asked for whether an expert is coherent.
_ASKED = 256
# What rounding may put a child above its parent.
_ROUNDING = 1e-5


@dataclass
class Task:
    """What there is to learn: the same for all experts, but for parameters of `fit`.

    Attributes
    ----------
    X, y
        As the user gave them.
    labels : csr_array of bool of shape (n_samples, n_nodes)
    target : IndicatorTarget or SingleTarget
    rows : ndarray of int or None
        The rows that count; None: all.
    params : dict of str to dict
        Parameters of each expert's fit.
    """

    X: Any
    y: Any
    labels: sp.csr_array
    target: Any
    rows: np.ndarray | None
    params: dict[str, dict[str, Any]]

    @property
    def positions(self) -> np.ndarray:
        """The rows that count."""
        return np.arange(self.labels.shape[0]) if self.rows is None else self.rows

    def fit(
        self, name: str, expert: Any, rows: np.ndarray | None, quiet: bool = False
    ) -> Any:
        """Fit an expert on some rows."""
        y = inner_labels(expert, self.y, self.labels, self.target)
        return fit_on(expert, self.X, y, rows, self.params[name], quiet=quiet)

    def fitted(self, name: str, expert: Any) -> Any:
        """Fit an expert on all rows that count, and see that it is coherent."""
        fitted = self.fit(name, expert, self.rows)
        self._ask(name, fitted, self.positions[:_ASKED])
        return fitted

    def answers_of_fold(
        self, name: str, expert: Any, train: np.ndarray, test: np.ndarray
    ) -> np.ndarray:
        """Fit an expert on some rows, and ask it about others."""
        fitted = self.fit(name, expert, train, quiet=True)
        return self._ask(name, fitted, test)

    def _ask(self, name: str, fitted: Any, rows: np.ndarray) -> np.ndarray:
        return self.checked(name, node_proba(fitted, take(self.X, rows), self.target))

    def checked(self, name: str, proba: np.ndarray) -> np.ndarray:
        """Return what an expert says, or raise if it isn't coherent.

        Rows held out are looked at as well: what knows its training rows by heart is
        coherent there.
        """
        if coherence_violations(proba, self.target.hierarchy, tolerance=_ROUNDING):
            raise ValueError(
                f"Expected coherent probabilities, but {name!r} gives nodes more than "
                "their parents; put it into a CoherentClassifier."
            )
        return proba


def node_proba(fitted: Any, X: Any, target: Any) -> np.ndarray:
    """Probabilities of a fitted expert, float32 in node order."""
    return _as_proba(ask(fitted, X, "predict_proba"), target, fitted)


def own_held_out(fitted: Any, n_rows: int, target: Any) -> np.ndarray:
    """Held-out probabilities of an expert's own, float32 in node order, or raise."""
    return _as_proba(held_out_answer(fitted, n_rows), target, fitted)


def _as_proba(answer: Answer, target: Any, fitted: Any) -> np.ndarray:
    proba = in_nodes(answer, target, fitted)
    if proba.size and not (proba.min() >= 0 and proba.max() <= 1):
        raise ValueError(
            f"Expected probabilities in [0, 1], but {type(fitted).__name__} gives "
            f"values from {proba.min():g} to {proba.max():g}."
        )
    return proba.astype(np.float32, copy=False)


def own_of_each(
    task: Task, experts: dict[str, Any], fitted: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Held-out probabilities of those experts that have some themselves."""
    found = {}
    for name, expert in experts.items():
        # What is frozen has seen other rows.
        if held_out_part(expert) is None:
            continue
        try:
            found[name] = own_held_out(fitted[name], len(task.positions), task.target)
        except ValueError:
            continue  # it has none with these parameters
    return {name: task.checked(name, proba) for name, proba in found.items()}


def on_all_rows(task: Task, experts: dict[str, Any], **how: Any) -> dict[str, Any]:
    """Fit experts on all rows that count, see `Task.fitted`."""
    fits = in_parallel(Task.fitted, Shared(task), experts.items(), **how)
    return dict(zip(experts, fits, strict=True))


def by_folds(
    task: Task, experts: dict[str, Any], splits: Splits, **how: Any
) -> dict[str, np.ndarray]:
    """Held-out probabilities of some experts by folds."""
    check_partition(splits, task.positions)
    jobs = [(name, *split) for name in experts for split in splits]
    calls = [(name, clone(experts[name]), *split) for name, *split in jobs]
    answers = in_parallel(Task.answers_of_fold, Shared(task), calls, **how)
    shape = len(task.positions), task.target.hierarchy.n_nodes
    whole = {name: np.empty(shape, dtype=np.float32) for name in experts}
    for (name, _, test), answer in zip(jobs, answers, strict=True):
        whole[name][np.searchsorted(task.positions, test)] = answer
    return whole


def check_partition(splits: Splits, positions: np.ndarray) -> None:
    """Raise unless folds hold out every row once."""
    held_out = np.sort(np.concatenate([test for _, test in splits]))
    if not np.array_equal(held_out, positions):
        raise ValueError(
            f"Expected `cv` to hold out each of the {len(positions)} rows once, but "
            f"it holds out {len(np.unique(held_out))} of them, in {len(held_out)} "
            "tests; give folds such as KFold or GroupKFold."
        )

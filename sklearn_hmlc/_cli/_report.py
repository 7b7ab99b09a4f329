"""Measures of predictions as tables on the screen, CSV files and figures.

Stage: the last one. In: truth and probabilities of shape (n_samples, n_nodes). Out:
`Report`, and what is printed and drawn of it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pandas as pd

from .._files import write_whole
from ..metrics import (
    au_prc,
    fmax_score,
    node_precision_recall_f1,
    rarity_report,
    smin_score,
    weighted_fmax_score,
)

NO_FIGURES = (
    "No figures, which need matplotlib: install it with `pip install "
    "sklearn-hmlc[plot]`."
)
COMPRESSIONS = {".gz": "gzip", ".xz": "xz", ".bz2": "bz2", ".zip": "zip"}
RAREST = "recall, rarest quarter of nodes"
SECONDS = "training seconds"
CAFA_MEASURES = ("Fmax", "weighted Fmax", "Smin")
# As CAFA's evaluator makes them: scores such as 0.07 may lie on one, or just below.
CAFA_THRESHOLDS = np.arange(0.01, 1, 0.01)


class Report(NamedTuple):
    """A model's measures.

    ``overall`` is a Series by the measure's name; ``rarity`` and ``depth`` are
    `sklearn_hmlc.metrics.rarity_report`s.
    """

    overall: pd.Series
    rarity: pd.DataFrame
    depth: pd.DataFrame


def measure(
    truth, decided, proba, *, train_counts, hierarchy, information=None
) -> Report:
    """Compare a model's decisions and probabilities with the truth.

    With ``information`` (bits per node) the measures of CAFA are among them.
    """

    def by(groups):
        return rarity_report(
            truth,
            decided,
            proba,
            train_counts=train_counts,
            by=groups,
            hierarchy=hierarchy,
            interval=0.95,
        )

    overall = overall_measures(
        truth,
        decided,
        proba,
        train_counts=train_counts,
        hierarchy=hierarchy,
        information=information,
    )
    return Report(overall, by("frequency"), by("depth"))


def overall_measures(
    truth, decided, scores, *, train_counts, hierarchy, information=None
) -> pd.Series:
    """Return the measures over all nodes; scores may come in blocks."""
    macro = node_precision_recall_f1(truth, decided, hierarchy=hierarchy)
    rarest = rarity_report(
        truth, decided, train_counts=train_counts, by="rarest", hierarchy=hierarchy
    ).recall
    overall = {
        "macro precision": macro.precision,
        "macro recall": macro.recall,
        "macro F1": macro.f1,
        RAREST: rarest["25 %"],
        "recall, rarest half of nodes": rarest["50 %"],
        "AU(PRC)": au_prc(truth, scores, hierarchy=hierarchy),
    }
    if information is not None:
        overall |= cafa_measures(truth, scores, hierarchy, information)
    return pd.Series(overall, name="value").rename_axis("measure")


def cafa_measures(truth, scores, hierarchy, information, average="macro") -> dict:
    """Return the measures of CAFA, at the thresholds of its evaluator.

    With ``average=None`` each is a dict by the top of a namespace. NaN where no row has
    a node that counts.
    """
    options = {
        "hierarchy": hierarchy,
        "average": average,
        "thresholds": CAFA_THRESHOLDS,
    }
    present = (truth.sum(axis=0) > 0) & hierarchy.scored
    telling = present & (np.asarray(information) > 0)
    nothing = np.nan if average else {}
    found = dict.fromkeys(CAFA_MEASURES, nothing)
    if present.any():
        found["Fmax"] = fmax_score(truth, scores, **options)
    if telling.any():
        found["weighted Fmax"] = weighted_fmax_score(
            truth, scores, information, **options
        )
        found["Smin"] = smin_score(truth, scores, information, **options)
    return found


def describe(truth, hierarchy) -> str:
    """Say what the measures are about."""
    present = (truth.sum(axis=0) > 0)[hierarchy.scored].sum()
    return (
        f"Tested on {truth.shape[0]} rows, which have {present} of the "
        f"{hierarchy.scored.sum()} nodes.\n"
        "Decisions are those of the model's `predict`; macro is the mean over nodes."
    )


# -- on the screen ---------------------------------------------------------------------


def overall_text(overall: pd.DataFrame, spread: pd.DataFrame | None = None) -> str:
    """Return a table, one line per measure; ``spread`` are standard deviations."""
    text = overall.map("{:.3f}".format)
    if spread is not None:
        text = text + " ± " + spread.map("{:.3f}".format)
    if SECONDS in overall.index:
        text.loc[SECONDS] = overall.loc[SECONDS].map("{:.1f}".format)
    # A single model needs no name above its column.
    return text.rename_axis(None).to_string(header=text.shape[1] > 1)


def groups_text(report: pd.DataFrame) -> str:
    """Return a table of 80 columns at most, one line per group of nodes.

    Files have intervals and mean training rows, too.
    """
    wide = [name for name in report if name.endswith(("_low", "_high"))]
    shown = report.drop(columns=[*wide, "train_rows"], errors="ignore")
    return shown.reset_index().to_string(
        index=False, float_format="{:.3f}".format, na_rep="-"
    )


# -- in files --------------------------------------------------------------------------


def can_draw() -> bool:
    """Tell whether matplotlib is there."""
    return importlib.util.find_spec("matplotlib") is not None


def groups_figure(reports: Mapping[str | None, pd.DataFrame]):
    """Draw recall and precision by group of nodes, models side by side."""
    from ..plotting import RarityDisplay

    figure = _figure((9, 6))
    axes = figure.subplots(2, sharex=True)
    RarityDisplay(reports).plot(axes, metric=("recall", "precision"))
    return figure


def curve_figure(truth, proba, hierarchy):
    """Draw the pooled precision-recall curve."""
    from ..plotting import PooledPRCurveDisplay

    figure = _figure((7, 5))
    PooledPRCurveDisplay.from_predictions(
        truth, proba, hierarchy=hierarchy, ax=figure.subplots(), plot_chance_level=True
    )
    return figure


def _figure(size: tuple[float, float]):
    # No pyplot: nothing here is shown, and there may be no screen.
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


def file_names(names: Iterable[str]) -> list[str]:
    """Return the files of a report; without figures where nothing can be drawn."""
    return [name for name in names if can_draw() or not name.endswith(".png")]


def write_report(folder: Path, parts: Mapping[str, Any], *, force: bool) -> list[Path]:
    """Write tables (.csv) and what functions draw (.png), by the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in file_names(parts)]
    for path in paths:
        part = parts[path.name]
        if callable(part):
            save = partial(part().savefig, dpi=150, format="png")
            write_whole(path, save, force=force)
        else:
            write_table(part, path, force=force, float_format="%.6g")
    return paths


def write_table(
    table: pd.DataFrame | pd.Series, path: Path, *, force: bool, **options
) -> None:
    """Write a table as CSV, compressed by the file's ending; ``options`` as pandas'."""

    def write(file: BinaryIO) -> None:
        table.to_csv(file, compression=_compression(path), **options)

    write_whole(path, write, force=force)


def _compression(path: Path) -> dict | None:
    method = COMPRESSIONS.get(path.suffix.lower())
    if method is None:
        return None
    own = {"archive_name": path.stem} if method == "zip" else {}
    return {"method": method, **own}


def files_text(paths: Iterable[Path]) -> str:
    """Say which files were written, and what figures need where they lack."""
    lines = ["Files:", *(f"  {path}" for path in paths)]
    return "\n".join(lines if can_draw() else [*lines, NO_FIGURES])

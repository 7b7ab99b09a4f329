"""``hmlc evaluate``: measures of a model on labelled rows, or of prediction files.

Stage: after prediction. Out: tables on the screen, and in files with figures.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from .._files import check_free_folder
from . import _prediction_files, _report
from ._apart import check_apart
from ._say import say, warn
from ._seen import has_ids, hash_rows, warning_of
from ._tables import Table
from ._unasked import OF_PREDICTIONS, refuse

#: What is written of a model.
FILES = ("overall.csv", "rarity.csv", "depth.csv")
FILES += ("rarity.png", "depth.png", "pr_curve.png")


def evaluate(args: Any) -> None:
    """Print measures; write tables and figures."""
    if args.predictions is not None or args.truth is not None:
        _prediction_files.evaluate(args)
        return
    if args.model is None:
        raise ValueError(
            "Expected MODEL and DATA, or --ontology, --truth and --predictions."
        )
    refuse(args, OF_PREDICTIONS, "for files given by --truth and --predictions")
    _evaluate_model(args)


def _evaluate_model(args: Any) -> None:
    """Print measures by rarity and depth."""
    if args.out is not None:
        names = _report.file_names(FILES)
        check_apart(args, [args.out / name for name in names], ["out"])
        check_free_folder(args.out, names, args.force)
    from ._asked import read_model, rows_of  # torch comes with it

    model = read_model(args.model, args.trust)
    table, _ = rows_of(args, model, labelled=True)
    pipeline = model["pipeline"]
    proba = pipeline.predict_proba(table.data)
    report = _report.measure(
        table.target,
        pipeline.predict(table.data),
        proba,
        train_counts=model["train_counts"],
        hierarchy=table.hierarchy,
    )
    paths = [] if args.out is None else _write(report, table, proba, args)
    say(_report.describe(table.target, table.hierarchy))
    say(f"\n{_report.overall_text(report.overall.to_frame())}")
    say(f"\nBy training rows per node\n{_report.groups_text(report.rarity)}")
    say(f"\nBy depth of nodes\n{_report.groups_text(report.depth)}")
    if paths:
        say(f"\n{_report.files_text(paths)}")
    seen = warning_of(hash_rows(table), model["seen"], has_ids(table))
    if seen is not None:
        warn(f"{seen}; the measures of new rows are likely lower.")


def _write(report: _report.Report, table: Table, proba: Any, args: Any) -> list[Path]:
    figures = (
        partial(_report.groups_figure, {None: report.rarity}),
        partial(_report.groups_figure, {None: report.depth}),
        partial(_report.curve_figure, table.target, proba, table.hierarchy),
    )
    parts = dict(zip(FILES, (*report, *figures), strict=True))
    return _report.write_report(args.out, parts, force=args.force)

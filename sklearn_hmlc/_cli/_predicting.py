"""``hmlc predict``: a model file and new rows to a file of predictions.

Stage: after training. The rows are read as those of training were.
"""

from __future__ import annotations

from typing import Any

from .._files import check_free, check_packed, is_stdout
from .._response import hierarchy_of
from .._validation import count
from ._apart import check_apart
from ._asked import read_model, rows_of
from ._say import say, tell
from ._seen import has_ids, hash_rows, warning_of
from ._writing import write_predictions


def predict(args: Any) -> None:
    """Write the probabilities of the nodes, or the decisions about them."""
    check_packed(args.out)
    check_apart(args, [args.out], ["out"])
    check_free(args.out, args.force)
    model = read_model(args.model, args.trust)
    format = args.format or ("wide" if model["reading"] is None else "long")
    _check_options(args, format)
    table, report = rows_of(args, model, labelled=False)
    pipeline = model["pipeline"]
    write_predictions(
        args.out,
        pipeline,
        table.data,
        table.row_ids,
        format=format,
        top=args.top,
        min_proba=args.min_proba,
        decisions=args.decisions,
        force=args.force,
    )
    say_here = tell if is_stdout(args.out) else say
    if report is not None:
        say_here(f"Features: {report!r}")
    seen = warning_of(hash_rows(table), model["seen"], has_ids(table))
    if seen is not None and has_ids(table):
        say_here(f"Seen: {seen}; their probabilities are surer than those of new rows.")
    nodes = int(hierarchy_of(pipeline).scored.sum())
    rows = count(len(table.row_ids), "row")
    say_here(f"Predicted {count(nodes, 'node')} for {rows}: {args.out}")


def _check_options(args: Any, format: str) -> None:
    if not 0 <= args.min_proba <= 1:
        raise ValueError(f"Expected --min-proba in [0, 1], but got {args.min_proba:g}.")
    chosen = {"--min-proba": args.min_proba, "--top": args.top}
    for flag, given in chosen.items():
        if given and format not in ("long", "cafa"):
            raise ValueError(f"{flag} needs --format long or cafa.")
        if given and args.decisions:
            raise ValueError(
                f"{flag} does not go with --decisions; the model's threshold was "
                "chosen by `hmlc fit --threshold`."
            )
    if args.decisions and format == "cafa":
        raise ValueError("--decisions needs --format wide or long.")

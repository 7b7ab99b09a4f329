"""``hmlc fit --valid``: labelled rows that tell when to stop, and are not trained on.

Stage: between files and training. In: the arguments and the rows to train on. Out: a
`Table` with the same columns and nodes, and pipelines that were trained with it.
"""

from __future__ import annotations

import warnings
from argparse import Namespace
from dataclasses import replace
from typing import Any

from .._validation import count
from . import _csv
from ._columns import check_numbers
from ._defaults import STRATEGIES
from ._seen import has_ids, hash_rows, remembered, warning_of
from ._tables import Table, kind_of, read_table


def check_valid(args: Any) -> None:
    """Refuse options beside which validation rows would have no use."""
    if args.valid is None:
        if args.valid_labels is not None:
            raise ValueError("--valid-labels needs --valid.")
        return
    reasons = {
        "--folds": args.folds is not None and "it makes its rows to test on itself",
        "--threshold": args.threshold in STRATEGIES
        and "to tune thresholds, models are trained on parts of the rows",
        "--model-kind": args.model_kind == "best"
        and "forest and kernel do not stop early, and weights come from folds",
    }
    for flag, reason in reasons.items():
        if reason:
            raise ValueError(
                f"--valid does not go with {flag} {_value(args, flag)}: {reason}. Give "
                "its file as DATA, or leave one of the options out."
            )


def _value(args: Any, flag: str) -> Any:
    return getattr(args, flag.removeprefix("--").replace("-", "_"))


def read_valid(args: Any, train: Table) -> Table | None:
    """Read the validation rows as those to train on were read; None without any."""
    if args.valid is None:
        return None
    try:
        return _read(args, train)
    except ValueError as error:
        raise ValueError(
            f"In the rows of --valid: {error}{_what_is_meant(args, str(error))}"
        ) from error


def _what_is_meant(args: Any, words: str) -> str:
    """Say what an error means that is in the words of the rows to train on."""
    called = {"DATA": args.valid, "--labels": args.valid_labels, "MODEL": args.data}
    meant = [
        f"{word} is {', '.join(map(str, files))}"
        for word, files in called.items()
        if files and word in words
    ]
    return f" (Here {' and '.join(meant)}.)" if meant else ""


def _read(args: Any, train: Table) -> Table:
    valid = read_table(
        _as_read(args), labelled=True, hierarchy=train.hierarchy, nominal=train.nominal
    )
    names = list(train.data.columns)
    _csv.check_columns(valid.data.columns, names, "--valid", "the rows to train on")
    check_numbers(valid.data, train.nominal)
    return replace(valid, data=valid.data[names])


def _as_read(args: Any) -> Namespace:
    """Return the files in the words of those to train on, of whatever kind."""
    if kind_of(args.valid[0]) == "arff":
        return Namespace(data=args.valid, index=False, labels=args.valid_labels)
    # Rows with ids may have their labels in the same file as the others.
    labels = args.valid_labels or (args.labels if args.index else None)
    if labels is None:
        raise ValueError(
            "their labels are missing; give them by --valid-labels, or let ids tell "
            "which of --labels they are (--index)."
        )
    return Namespace(data=args.valid, index=args.index, labels=labels)


def describe_valid(args: Any, valid: Table) -> str:
    """Say what was read."""
    n_rows = valid.target.shape[0]
    files = ", ".join(map(str, args.valid))
    return f"Validation: {count(n_rows, 'row')} of {files}, by which training stops"


def fit_with(pipeline: Any, train: Table, valid: Table) -> Any:
    """Train a pipeline whose last step stops by rows that the others prepare."""
    seen = warning_of(hash_rows(valid), remembered(train), has_ids(valid))
    if seen is not None:
        warnings.warn(f"--valid: {seen}, too; by them it stops too late.", stacklevel=2)
    prepare, classifier = pipeline[:-1], pipeline[-1]
    X = prepare.fit_transform(train.data)
    X_val = prepare.transform(valid.data)
    classifier.fit(X, train.target, X_val=X_val, y_val=valid.target)
    return pipeline

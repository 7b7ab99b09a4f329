"""``hmlc fit``: labelled files to a model file.

Stage: the whole way. Rows that are held out are set apart first, so that neither nodes,
preparation, thresholds nor weights are chosen by them.
"""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, train_test_split

from .. import HierarchicalEnsembleClassifier, make_rare_node_ensemble
from .._checkpoints import holds_training, remove_trainings
from .._files import check_free, check_packed, is_stdout
from .._validation import count, name_array, shorten
from ..metrics import information_accretion
from ..postprocessing import NodeThresholdClassifier
from ._apart import check_apart
from ._defaults import AUTO, FOLDS, PARAMETERS, STRATEGIES
from ._held_out import Measured, mean_over_folds, measure_held_out
from ._model import make_model, network_of, save_model
from ._say import say, tell
from ._seen import remembered
from ._sources import GeneRows, describe_rows, read_rows
from ._tables import Table
from ._valid import check_valid, describe_valid, fit_with, read_valid
from ._writing import write_predictions


def fit(args: Any) -> None:
    """Train on labelled files and write the model."""
    _check_options(args)
    outputs = [args.model]
    if args.test_predictions is not None:
        outputs.append(args.test_predictions)
        check_packed(args.test_predictions)
    check_apart(args, outputs, ["model", "test_predictions"])
    for path in outputs:
        check_free(path, args.force)
    say_here = tell if any(map(is_stdout, outputs)) else say
    source = read_rows(args)
    if not args.quiet:
        say_here("\n".join(source.describe()))
    measured = None
    if args.folds is not None:
        measured = _over_folds(args, source)
    train, test = _parts(args, source)
    valid = read_valid(args, train)
    if not args.quiet:
        say_here("\n".join(_describe_parts(source, train, test)))
        if valid is not None:
            say_here(describe_valid(args, valid))
    start = time.perf_counter()
    model = _train(args, train, "model", valid)
    seconds = time.perf_counter() - start
    try:
        if test is not None:
            measured = _measure(args, source, model, train, test)
    finally:  # what was trained is kept, whatever became of the measures
        facts = _facts(args, source, train, measured)
        save_model(args.model, model, facts, args.force)
        _remove_checkpoints(args)
    if test is not None and args.test_predictions is not None:
        _write_test(args, model, test)
    if measured is not None:
        say_here(f"\n{measured.text()}\n")
    if not args.quiet:
        epochs = count(network_of(model).n_iter_, "epoch")
        say_here(f"Trained in {seconds:.1f} s, {epochs}\nModel: {args.model}")


def _check_options(args: Any) -> None:
    tuned = args.threshold in STRATEGIES or args.model_kind == "best"
    if args.threshold_folds is not None and not tuned:
        raise ValueError(
            "--threshold-folds tunes thresholds; it needs --threshold prevalence or f1."
        )
    if args.test_predictions is not None and args.test_fraction is None:
        raise ValueError("--test-predictions needs --test-fraction.")
    check_valid(args)
    _check_checkpoint(args)
    for flag in ("format", "top"):
        if getattr(args, flag) is not None and args.test_predictions is None:
            raise ValueError(f"--{flag} needs --test-predictions.")
    if args.format == "wide" and args.top is not None:
        raise ValueError("--top needs --format long or cafa.")


def _check_checkpoint(args: Any) -> None:
    if args.checkpoint is None:
        if args.resume:
            raise ValueError("--resume needs --checkpoint.")
        return
    if not args.resume and holds_training(args.checkpoint):
        raise ValueError(
            f"{args.checkpoint} has checkpoints of an earlier training; go on with it "
            "by --resume, name another folder, or delete it."
        )


def _remove_checkpoints(args: Any) -> None:
    """Remove those of this command alone; the folder may have others."""
    if args.checkpoint is not None:
        for name in ("model", *(f"fold-{k + 1}" for k in range(args.folds or 0))):
            remove_trainings(args.checkpoint / name)


def _facts(
    args: Any, source: Any, train: Table, measured: Measured | None
) -> dict[str, Any]:
    """Return what the model file tells beside the pipeline."""
    facts = {
        "nominal": train.nominal,
        "train_counts": train.target.sum(axis=0),
        "n_rows": train.target.shape[0],
        "seen": remembered(train),
        "reading": source.reading,
        "measured": None if measured is None else measured.plain(),
        "files": [str(path) for path in _files(args)],
    }
    if isinstance(source, GeneRows):
        facts["information"] = _information(train)
    return facts


def _files(args: Any) -> list[Any]:
    names = ("ontology", "annotations", "features")
    given = [getattr(args, name) for name in names]
    given = [path for path in given if path is not None]
    return [*args.data, *given, *(args.valid or [])]


def _information(table: Table) -> np.ndarray:
    return np.asarray(information_accretion(table.target, table.hierarchy))


# -- rows ------------------------------------------------------------------------------


def _parts(args: Any, source: Any) -> tuple[Table, Table | None]:
    """Return the rows to train on and, where some are held out, these."""
    if args.test_fraction is None:
        return source.table(), None
    if math.ceil(args.test_fraction * len(source)) >= len(source):
        raise ValueError(
            f"--test-fraction {args.test_fraction:g} leaves no row to train on of "
            f"{count(len(source), 'row')} with both features and labels."
        )
    train, test = train_test_split(
        np.arange(len(source)),
        test_size=args.test_fraction,
        random_state=args.random_state,
    )
    return _checked(source.split(np.sort(train), np.sort(test)))


def _checked(parts: tuple[Table, Table]) -> tuple[Table, Table]:
    if not parts[1].target.shape[0]:
        raise ValueError(
            "No row that was held out has a node that is learnt; lower --min-count."
        )
    return parts


def _describe_parts(source: Any, train: Table, test: Table | None) -> list[str]:
    lines = []
    if isinstance(source, GeneRows):
        lines.append(f"Rows: {source.report!r}")
    if test is not None:
        lines.append(
            f"Held out: {count(test.target.shape[0], 'row')}; trained on "
            f"{train.target.shape[0]:,}"
        )
    return [*lines, *describe_rows(train)]


def _over_folds(args: Any, source: Any) -> Measured:
    """Measure models of all folds but one on the one left out."""
    if args.folds > len(source):
        raise ValueError(
            f"--folds {args.folds} needs as many rows, but there are {len(source)}."
        )
    found = []
    folds = KFold(args.folds, shuffle=True, random_state=args.random_state)
    for number, (rows, rest) in enumerate(folds.split(np.arange(len(source))), 1):
        if not args.quiet:
            tell(f"Fold {number} of {args.folds}")
        train, test = _checked(source.split(rows, rest))
        model = _train(args, train, f"fold-{number}")
        found.append(_measure(args, source, model, train, test))
    return mean_over_folds(found)


def _measure(args: Any, source: Any, model: Any, train: Table, test: Table) -> Measured:
    information = _information(train) if isinstance(source, GeneRows) else None
    return measure_held_out(model, train, test, information, quiet=args.quiet)


def _write_test(args: Any, model: Any, test: Table) -> None:
    write_predictions(
        args.test_predictions,
        model,
        test.data,
        test.row_ids,
        format=args.format or "long",
        top=args.top,
        force=args.force,
        quiet=args.quiet,
    )


# -- the model -------------------------------------------------------------------------


def _train(args: Any, table: Table, name: str, valid: Table | None = None) -> Any:
    """Train a model; its checkpoints are in a folder of this name."""
    model = _make(args, table, name)
    if valid is not None:
        return fit_with(model, table, valid)
    with warnings.catch_warnings():
        if isinstance(model, NodeThresholdClassifier):
            # Nodes that the rows of a fold lack need no warning; those of all rows do.
            _warn_empty(table)
            warnings.filterwarnings("ignore", ".* no positive row")
        return model.fit(table.data, table.target)


def _warn_empty(table: Table) -> None:
    empty = table.hierarchy.scored & (table.target.sum(axis=0) == 0)
    if empty.any():
        names = name_array(table.hierarchy.nodes)[empty]
        warnings.warn(
            f"{len(names)} of {len(empty)} nodes have no positive row, so that nothing "
            f"is learnt about them: {shorten(names)}.",
            stacklevel=2,
        )


def _make(args: Any, table: Table, name: str) -> Any:
    """Make the pipeline, and around it the tuning of thresholds if it is wanted."""
    tuned = args.threshold in STRATEGIES
    folds = args.threshold_folds or FOLDS
    n_rows = table.target.shape[0]
    best = args.model_kind == "best"
    if (tuned or best) and folds > n_rows:
        raise ValueError(
            f"--threshold-folds {folds} needs as many rows, but DATA has {n_rows}."
        )
    if best and not tuned and args.threshold != PARAMETERS["threshold"]:
        raise ValueError(
            "--model-kind best tunes its thresholds; --threshold takes prevalence or "
            f"f1 beside it, but got {args.threshold}."
        )
    own: dict[str, Any] = {"threshold": 0.5} if tuned else {}
    if args.valid is not None:
        own["early_stopping"] = True
    if args.checkpoint is not None:
        own["checkpoint"] = args.checkpoint / name
    classifier = _classifier(args, table, **own)
    if best:
        return _best(args, table, classifier, folds)
    pipeline = make_model(classifier, table.nominal, table.data)
    if not tuned:
        return pipeline
    return NodeThresholdClassifier(
        pipeline,
        strategy=args.threshold,
        cv=folds,
        random_state=args.random_state,
    )


def _best(args: Any, table: Table, network: Any, folds: int) -> Any:
    """Make the recipe of the library, behind the preparation of all models."""
    model = make_rare_node_ensemble(
        table.hierarchy,
        random_state=args.random_state,
        network=network.set_params(hierarchy=None),
        cv=folds,
        strategy=args.threshold if args.threshold in STRATEGIES else "f1",
    )
    experts = model.estimator["experts"]
    return model.set_params(estimator=make_model(experts, table.nominal, table.data))


def _classifier(args: Any, table: Table, **own: Any) -> HierarchicalEnsembleClassifier:
    """Make the classifier from the options that have its parameters' names."""
    known = HierarchicalEnsembleClassifier().get_params()
    options = {name: value for name, value in vars(args).items() if name in known}
    if options["hidden_layer_sizes"] == [AUTO]:
        options["hidden_layer_sizes"] = AUTO
    return HierarchicalEnsembleClassifier(
        table.hierarchy, verbose=int(not args.quiet), **options | own
    )

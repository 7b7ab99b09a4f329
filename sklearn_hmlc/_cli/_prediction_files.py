"""Files of predictions beside annotations: the measures of CAFA.

Stage: ``hmlc evaluate`` with ``--predictions``. In: an ontology or path codes, who has
which term, and files of scores, of any method. Out: tables on the screen and in a file.
Truth and scores stay sparse.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import Bunch

from .._files import check_free_folder
from .._reading import read_lines
from .._response import hierarchy_of
from .._validation import count, shorten
from ..datasets import labels, read_features
from ..hierarchy import Hierarchy
from ..metrics import au_prc, coverage_score, information_accretion
from ..predictions import read_predictions
from . import _report
from ._apart import check_apart
from ._baselines import (
    NAIVE,
    NEIGHBORS,
    frequencies,
    naive_blocks,
    naive_sparse,
)
from ._ontology import read_ontology, read_truth
from ._path_codes import hierarchy_of_codes
from ._say import ANNOTATION_FLAGS, FEATURE_FLAGS, in_flags, in_words, say, warn
from ._seen import hash_ids, warning_of
from ._unasked import OF_ROWS, refuse

FILES = ("measures.csv",)

_AU_PRC, _COVERAGE = "AU(PRC)", "coverage"


def evaluate(args: Any) -> None:
    """Print the measures of each file, and of a naive method where that is known."""
    _check_options(args)
    if args.out is not None:
        check_apart(args, [args.out / name for name in FILES], ["out"])
        check_free_folder(args.out, FILES, args.force)
    model = None if args.model is None else _read_model(args)
    annotations = _read_annotations(args, model)
    truth = _labels(args, annotations["truth"])
    scores = {_title(path): _read(path, truth) for path in args.predictions}
    if args.predicted_only:
        rows = np.flatnonzero(sum(np.diff(one.indptr) for one in scores.values()))
        truth.update(target=truth.target[rows], ids=truth.ids[rows])
        for name in scores:  # one by one, since each takes much memory
            scores[name] = scores[name][rows]
    train = _train_labels(args, annotations, truth)
    information, source = _information(args, truth, train, model)
    tables = {name: _measures(truth, one, information) for name, one in scores.items()}
    shares = _naive(truth.hierarchy, train, model)
    if args.features is not None:
        name, near = _neighbors(args, train, truth, shares)
        tables[name] = _measures(truth, near, information)
    if shares is not None:
        tables[NAIVE] = _measures_of_naive(truth, shares, information)
    say(f"Truth: {truth.report!r}")
    say(f"{count(len(truth.ids), 'row')}, {truth.hierarchy!r}\nInformation: {source}")
    _show(tables)
    if shares is None:
        say("\nA naive method beside needs --train-annotations, or MODEL.")
    if args.out is not None:
        _write(args, tables)
    _warn(args, truth, scores, model)


def _check_options(args: Any) -> None:
    if args.predictions is None or args.truth is None:
        raise ValueError(
            "--predictions and --truth go together: what is predicted, and what is "
            "known of the same rows."
        )
    if args.features is not None and args.train_annotations is None:
        raise ValueError(
            "--features, for the nearest neighbours, needs --train-annotations."
        )
    refuse(args, OF_ROWS, "for a model's DATA, not beside --predictions")
    if len(set(args.predictions)) < len(args.predictions):
        raise ValueError("Expected each file of --predictions once.")


# -- files -----------------------------------------------------------------------------


def _title(path: Path) -> str:
    """Return what a file is called beside the baselines, which have names too."""
    return f"./{path}" if str(path) in (NAIVE, NEIGHBORS) else str(path)


def _read_annotations(args: Any, model: dict | None) -> dict[str, Bunch]:
    """Return what is known of rows, "truth" and "train", over one hierarchy."""
    ontology = read_ontology(args)
    paths = {"truth": args.truth, "train": args.train_annotations}
    found = {
        name: read_truth(args, path, ontology)
        for name, path in paths.items()
        if path is not None
    }
    if ontology is None:
        known = [annotations.hierarchy for annotations in found.values()]
        if model is not None:
            known.append(hierarchy_of(model["pipeline"]))
            _check_common(known[-1], found["truth"].hierarchy)
        every = hierarchy_of_codes(known, args.predictions)
        _tell_of_others(every, known[0])
        for annotations in found.values():
            annotations.hierarchy = every
    return found


def _tell_of_others(every: Hierarchy, of_truth: Hierarchy) -> None:
    others = [node for node in every.nodes if node not in of_truth]
    if others:
        say(
            f"Path codes: {count(len(every), 'node')}, of which the truth has all but "
            f"{len(others):,}: {shorten(others)}. To predict these is wrong."
        )


def _labels(args: Any, annotations: Bunch) -> Bunch:
    """Return closed labels over all terms: what nobody has may be predicted."""
    with in_words(ANNOTATION_FLAGS):
        found = labels(annotations, min_count=0, namespaces=args.namespaces)
    return Bunch(**found, report=annotations.report)


def _read(path: Path, truth: Bunch) -> sp.csr_array:
    """Return the scores of a file for the rows of the truth, as CAFA counts them."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = read_predictions(
            path,
            truth.hierarchy,
            ids=truth.ids.tolist(),
            unknown_nodes="drop",
            propagate=True,
        )
    for warning in told:
        warn(in_flags(str(warning.message), {"ids": "--truth"}))
    return found.scores


def _read_model(args: Any) -> dict[str, Any]:
    from ._asked import read_model  # torch comes with it, which takes memory

    return read_model(args.model, args.trust)


def _neighbors(
    args: Any, train: Bunch, truth: Bunch, shares: np.ndarray
) -> tuple[str, sp.csr_array]:
    """Return what the nearest rows to train on say of the rows of the truth."""
    from ._neighbors import neighbor_scores  # as above

    with in_words(FEATURE_FLAGS):
        features = read_features(args.features, id_column=args.features_id_column)
    return NEIGHBORS, neighbor_scores(features, train, truth.ids, shares)


def _train_labels(
    args: Any, annotations: dict[str, Bunch], truth: Bunch
) -> Bunch | None:
    """Return the labels of the annotations to train on, rows of the truth aside."""
    if "train" not in annotations:
        return None
    found = _labels(args, annotations["train"])
    rows = np.flatnonzero(~found.ids.isin(truth.ids))
    if not len(rows):
        raise ValueError(
            f"{args.train_annotations} has no row to train on: all of its ids are in "
            "the truth. Say --predicted-only, or give other annotations."
        )
    return Bunch(
        target=found.target[rows], ids=found.ids[rows], hierarchy=found.hierarchy
    )


def _read_information(path: Path, hierarchy: Hierarchy) -> np.ndarray:
    """Read two columns, term and bits; 0 for terms that are not in the file."""
    told: dict[str, float] = {}
    for number, line in _numbered(path):
        cells = line.split()
        value = _bits(cells[1]) if len(cells) == 2 else math.nan
        if not 0 <= value < math.inf:
            raise ValueError(
                f"{path}, line {number}: expected a term and its information in bits, "
                f"0 or more, but got {line[:80]!r}."
            )
        told[cells[0]] = value
    # A term's own line counts before that of one that was merged into it.
    names = dict(hierarchy.alternatives) | {node: node for node in hierarchy.nodes}
    found = {node: told[name] for name, node in names.items() if name in told}
    if not found:
        raise ValueError(f"{path}: it has none of the terms of the ontology.")
    bits = np.zeros(hierarchy.n_nodes)
    bits[hierarchy.index(list(found))] = list(found.values())
    return bits


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    for first, lines in read_lines(path):
        for number, line in enumerate(lines, first):
            if line.strip():
                yield number, line


def _bits(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


# -- what a naive method knows ---------------------------------------------------------


def _information(
    args: Any, truth: Bunch, train: Bunch | None, model: dict | None
) -> tuple[np.ndarray, str]:
    """Return how much each term tells, in bits, and where that is from."""
    hierarchy = truth.hierarchy
    if args.information is not None:
        found = _read_information(args.information, hierarchy)
        return found, f"{args.information}"
    if train is not None:
        rows = count(len(train.ids), "row")
        words = f"{rows} of {args.train_annotations} that are not in the truth"
        return np.asarray(information_accretion(train.target, hierarchy)), words
    if model is not None and model["information"] is not None:
        own = hierarchy_of(model["pipeline"])
        return _by_name(own, model["information"], hierarchy), f"{args.model}"
    found = np.asarray(information_accretion(truth.target, hierarchy))
    return found, "the frequencies of terms in the truth itself"


def _naive(
    hierarchy: Hierarchy, train: Bunch | None, model: dict | None
) -> np.ndarray | None:
    """Return how frequent terms are in training; None where nobody knows."""
    if train is not None:
        return frequencies(train.target.sum(axis=0), len(train.ids), hierarchy)
    if model is None or model["n_rows"] is None:
        return None
    own = hierarchy_of(model["pipeline"])
    shares = frequencies(model["train_counts"], model["n_rows"], own)
    return _by_name(own, shares, hierarchy)


def _by_name(own: Hierarchy, values: Any, hierarchy: Hierarchy) -> np.ndarray:
    """Put one number per node into the order of another hierarchy; 0 where new."""
    _check_common(own, hierarchy)
    known: Mapping[Any, float] = dict(zip(own.nodes, values, strict=True))
    return np.array([known.get(node, 0.0) for node in hierarchy.nodes], dtype=float)


def _check_common(own: Hierarchy, hierarchy: Hierarchy) -> None:
    if set(own.nodes).isdisjoint(hierarchy.nodes):
        raise ValueError(
            f"MODEL knows none of the terms of --truth ({shorten(hierarchy.nodes, 3)}),"
            f" but {shorten(own.nodes, 3)}; name a model of these terms, or none."
        )


# -- measures --------------------------------------------------------------------------


def _measures_of_naive(
    truth: Bunch, shares: np.ndarray, information: np.ndarray
) -> pd.DataFrame:
    n_rows = len(truth.ids)
    # Below the lowest threshold scores count in AU(PRC) alone.
    likely = naive_sparse(shares, n_rows, _report.CAFA_THRESHOLDS[0])
    return _measures(truth, likely, information, naive_blocks(shares, n_rows))


def _measures(
    truth: Bunch,
    scores: sp.csr_array,
    information: np.ndarray,
    every: Any = None,
) -> pd.DataFrame:
    """Return measures (rows) by namespace (columns); "mean" is over namespaces.

    ``every`` are all scores, where `scores` are the larger ones.
    """
    hierarchy = truth.hierarchy
    found = _report.cafa_measures(
        truth.target, scores, hierarchy, information, average=None
    )
    if found["Fmax"]:
        found[_COVERAGE] = coverage_score(
            truth.target,
            scores,
            hierarchy=hierarchy,
            average=None,
            threshold=_report.CAFA_THRESHOLDS[0],
        )
    table = pd.DataFrame(
        {
            name: {_name(top, hierarchy): value for top, value in by_top.items()}
            for name, by_top in found.items()
        }
    ).T
    table["mean"] = table.mean(axis=1)
    table.loc[_AU_PRC] = math.nan
    table.loc[_AU_PRC, "mean"] = au_prc(
        truth.target, scores if every is None else every, hierarchy=hierarchy
    )
    return table


def _name(top: Any, hierarchy: Hierarchy) -> str:
    return str(hierarchy.namespaces.get(top, "all" if top == "all" else top))


def _show(tables: dict[str, pd.DataFrame]) -> None:
    means = pd.DataFrame({name: table["mean"] for name, table in tables.items()})
    spaces = [name for name in next(iter(tables.values())).columns if name != "mean"]
    title = "Mean over namespaces" if len(spaces) > 1 else spaces[0]
    say(f"\n{title}\n{_text(means)}")
    for space in spaces if len(spaces) > 1 else []:
        part = {name: table[space] for name, table in tables.items() if space in table}
        say(f"\n{space}\n{_text(pd.DataFrame(part).dropna(how='all'))}")


def _text(table: pd.DataFrame) -> str:
    return table.to_string(float_format="{:.3f}".format, na_rep="-")


def _write(args: Any, tables: dict[str, pd.DataFrame]) -> None:
    table = pd.concat(tables, names=["method", "measure"])
    paths = _report.write_report(args.out, {FILES[0]: table}, force=args.force)
    say(f"\nFiles:\n  {paths[0]}")


def _warn(
    args: Any, truth: Bunch, scores: dict[str, sp.csr_array], model: dict | None
) -> None:
    if model is not None:
        seen = warning_of(hash_ids(truth.ids), model["seen"], True)
        if seen is not None:
            warn(f"{seen}; the measures of new rows are likely lower.")
    for name, one in scores.items():
        missing = int((np.diff(one.indptr) == 0).sum())
        if missing and not args.predicted_only:
            warn(
                f"{name} has no prediction for {missing:,} of "
                f"{count(len(truth.ids), 'row')} of the truth, which count as missed; "
                "--predicted-only leaves them out."
            )

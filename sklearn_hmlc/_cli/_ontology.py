"""Ontology, annotations and features on disk -> rows with ids, labels, hierarchy.

Stage: before the model. In: paths and options, in the words of `Hierarchy.from_obo`,
`read_annotations`, `labels` and `read_features`. Out: `GeneRows`, which give a `Table`
whose nodes are chosen by the rows to train on.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from .._validation import count, shorten
from ..datasets import align, labels, read_annotations, read_features
from ..hierarchy import Hierarchy
from ._say import ANNOTATION_FLAGS, FEATURE_FLAGS, in_words
from ._tables import Table

#: Options of `read_features` that a model file keeps, by those of ``hmlc fit``.
_READING = {
    "features_id_column": "id_column",
    "features_header": "header",
    "drop": "drop",
    "list_columns": "list_columns",
    "list_sep": "list_sep",
    "on_error": "on_error",
}


class GeneRows:
    """The rows that have both features and annotations.

    ``ids`` are in the order of the features.
    """

    def __init__(self, args: Any) -> None:
        self.args = args
        self.ontology = read_ontology(args)
        self.annotations = read_truth(args, args.annotations, self.ontology)
        options = {name: getattr(args, flag) for flag, name in _READING.items()}
        with in_words(FEATURE_FLAGS):
            self.features = read_features(args.features, **options)
        self.reading = options | {
            "feature_names": self.features.feature_names,
            "item_names": self.features.item_names,
        }
        self.ids = self._common()
        self.report: Any = None

    def __len__(self) -> int:
        return len(self.ids)

    def _common(self) -> pd.Index:
        """Ids with features and a term in the wanted namespaces."""
        known = self.annotations.ids
        spaces = self.args.namespaces
        if spaces is not None and not self.args.across_namespaces:
            table, names = self.annotations.table, self.annotations.hierarchy.namespaces
            inside = np.array([names.get(node) in spaces for node in table["node"]])
            known = pd.Index(table["id"][inside].unique(), dtype=object)
        return self.features.ids[self.features.ids.isin(known)]

    def split(self, train: np.ndarray, test: np.ndarray) -> tuple[Table, Table]:
        """Return rows to train on, which choose the nodes, and rows to test on."""
        table = self.table(self.ids[train])
        parts = [
            table.take(np.flatnonzero(table.ids.isin(self.ids[rows])))
            for rows in (train, test)
        ]
        return tuple(replace(part, n_given=self._n_given(part)) for part in parts)

    def table(self, count_on: pd.Index | None = None) -> Table:
        """Return all rows, with the nodes that enough of some ids have."""
        if count_on is None and len(self.ids):
            count_on = self.ids
        with in_words(ANNOTATION_FLAGS):
            Y = labels(
                self.annotations,
                min_count=self.args.min_count,
                namespaces=self.args.namespaces,
                count_on=count_on,
            )
        both = _align(self.features, Y)
        self.report = both.report
        table = Table(both.data, [], both.target, both.hierarchy, ids=both.ids)
        return replace(table, n_given=self._n_given(table))

    def _n_given(self, table: Table) -> int:
        """Count the labels that the annotations name, which no ancestors are."""
        named = self.annotations.table[["id", "node"]]
        nodes = set(table.hierarchy.nodes)
        inside = [node in nodes for node in named["node"]]
        named = named[named["id"].isin(table.ids) & np.array(inside)]
        return len(named.drop_duplicates())

    def describe(self) -> list[str]:
        """Say what was read."""
        facts = self.annotations.hierarchy
        source = self.args.ontology or self.args.annotations
        return [
            f"Ontology: {source}: {facts!r}",
            f"Annotations: {self.annotations.report!r}",
            f"Features: {self.features.report!r}",
        ]


def _align(features: Bunch, Y: Bunch) -> Bunch:
    try:
        return align(features, Y)
    except ValueError as error:
        message = str(error).replace("both X (", "both --features (", 1)
        raise ValueError(
            message.replace("and Y (", "and --annotations (", 1).replace(
                "`id_column`", "--id-column"
            )
        ) from error


def read_ontology(args: Any) -> Hierarchy | None:
    """Read the ontology; None where the terms are path codes."""
    if args.ontology is None:
        return None
    with in_words(ANNOTATION_FLAGS):
        return Hierarchy.from_obo(args.ontology, args.relations, args.across_namespaces)


def read_truth(args: Any, path: Path, hierarchy: Hierarchy | None) -> Bunch:
    """Read annotations by the options that are common to all commands."""
    with in_words(ANNOTATION_FLAGS):
        return read_annotations(
            path,
            hierarchy,
            evidence=_evidence(args.evidence),
            qualifiers=args.qualifiers,
            taxon=args.taxon,
            id_column=args.id_column,
            term_column=args.term_column,
            header=args.header,
            on_error=args.on_error,
        )


def _evidence(words: list[str]) -> str | list[str]:
    """Return the name of a set of codes, or codes."""
    sets = [word for word in words if word in ("experimental", "curated", "all")]
    if sets and len(words) > 1:
        raise ValueError(
            f"Expected --evidence with {sets[0]} alone, or with codes, but got "
            f"{shorten(words)}."
        )
    return words[0] if sets else words


def read_like_training(path: Path, reading: dict[str, Any]) -> Bunch:
    """Read features of new rows into the columns that a model was trained on."""
    options = {name: reading[name] for name in _READING.values()}
    names = {name: reading[name] for name in ("feature_names", "item_names")}
    with in_words(FEATURE_FLAGS):
        return read_features(path, feature_names=names, **options)


def describe_labels(table: Table) -> str:
    """Say how many labels rows have, and how many of them are ancestors."""
    n_rows, n_nodes = table.target.shape
    given = ""
    if table.n_given is not None:
        added = table.target.nnz - table.n_given
        given = f" ({table.n_given / n_rows:.1f} given, {added / n_rows:.1f} ancestors)"
    return (
        f"Labels: {count(n_nodes, 'node')}, {table.target.nnz / n_rows:.1f} per row"
        f"{given}"
    )

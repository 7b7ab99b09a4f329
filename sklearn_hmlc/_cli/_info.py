"""``hmlc info``: what a model file is.

Stage: beside the flow. In: a model file. Out: some lines on the screen.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from .. import HierarchicalEnsembleClassifier
from .._response import chain, hierarchy_of, part_with
from .._validation import count, shorten
from ..hierarchy import Hierarchy
from ..postprocessing import NodeThresholdClassifier
from ._held_out import from_plain
from ._model import load_model, network_of
from ._say import say

# Parameters that are told in lines of their own, or are of no interest.
_TOLD = {"hierarchy", "threshold", "verbose", "device"}


def info(args: Any) -> None:
    """Print what a model was trained on and how."""
    model = load_model(args.model, args.trust)
    pipeline = model["pipeline"]
    lines = {
        "Model": f"{args.model}, {_size(args.model)}, of version {model['version']}",
        "Files": ", ".join(model["files"]),
        "Hierarchy": _hierarchy_words(hierarchy_of(pipeline)),
        "Features": _feature_words(model),
        "Trained on": _row_words(model),
        "Classifier": _parameter_words(pipeline),
        "Thresholds": _threshold_words(pipeline),
        "Sizes": _size_words(pipeline),
        "Epochs": str(network_of(pipeline).n_iter_),
        "Experts": _expert_words(pipeline),
        "Shrinkage": _shrinkage_words(pipeline),
    }
    width = max(map(len, lines)) + 1
    for name, words in lines.items():
        if words:
            say(_wrapped(f"{name + ':':{width}} ", words))
    if model["measured"] is not None:
        say(f"\n{from_plain(model['measured']).text()}")


def _wrapped(start: str, words: str) -> str:
    """Put what is long below each other on a terminal; in a pipe a line is a line."""
    if not sys.stdout.isatty():
        return start + words
    first, *table = words.splitlines()
    width = max(shutil.get_terminal_size().columns, 2 * len(start))
    lines = textwrap.wrap(
        first,
        width,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join([*lines, *table])


def _size(path: Path) -> str:
    size = os.path.getsize(path)
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def _hierarchy_words(hierarchy: Hierarchy) -> str:
    unscored = hierarchy.unscored
    scored = f"; not scored: {shorten(unscored)}" if unscored else ""
    return f"{hierarchy!r}{scored}"


def _feature_words(model: dict[str, Any]) -> str:
    if model["reading"] is not None:
        names = model["reading"]["feature_names"]
    else:
        part = part_with(model["pipeline"], "feature_names_in_")
        names = part.feature_names_in_.tolist()
    return f"{count(len(names), 'column')}: {shorten(names)}"


def _row_words(model: dict[str, Any]) -> str:
    counts = model["train_counts"]
    has_rows = f"{count(int((counts > 0).sum()), 'node')} have any of them"
    if model["n_rows"] is None:
        return has_rows
    return f"{count(model['n_rows'], 'row')}; {has_rows}"


def _parameter_words(pipeline: Any) -> str:
    """Tell the parameters that differ from their defaults."""
    classifier = network_of(pipeline)
    defaults = HierarchicalEnsembleClassifier().get_params(deep=False)
    params = classifier.get_params(deep=False)
    other = [
        f"{name}={value!r}"
        for name, value in params.items()
        if name not in _TOLD and value != defaults[name]
    ]
    return f"{type(classifier).__name__}({', '.join(other)})"


def _size_words(pipeline: Any) -> str:
    """Tell the sizes in use, among them those that "auto" stood for."""
    trained = network_of(pipeline)
    widths = " ".join(map(str, trained.hidden_layer_sizes_))
    return (
        f"hidden layers {widths}, dropout {trained.net_.module__dropout:g}, batches of "
        f"{trained.batch_size_}, learning rate {trained.lr_:.2g}"
    )


def _expert_words(pipeline: Any) -> str:
    """Tell who is in the mean, with which weight, and how good held-out rows say."""
    mean = list(chain(pipeline))[-1]
    if not hasattr(mean, "named_estimators_"):
        return ""
    table = mean.summary()
    return f"weights and AU(PRC) on rows held out\n{table.to_string()}"


def _shrinkage_words(pipeline: Any) -> str:
    """Tell how far the rare nodes of a mean lean on their parents."""
    strength = getattr(list(chain(pipeline))[-1], "shrinkage_", 0)
    words = f"what its parents say is worth {strength:g} of a node's own rows"
    return words if strength else ""


def _threshold_words(pipeline: Any) -> str:
    tuned = next(
        (part for part in chain(pipeline) if isinstance(part, NodeThresholdClassifier)),
        None,
    )
    if tuned is None:
        return f"{network_of(pipeline).threshold}"
    low, middle, high = np.quantile(tuned.thresholds_, [0, 0.5, 1])
    return (
        f"one per node by {tuned.strategy!r}, from {low:.3g} to {high:.3g}, median "
        f"{middle:.3g}"
    )

"""Seconds and memory of training on the whole Gene Ontology, on a plain CPU.

Human genes with protein domains (see `molecular_function`), each part in a process of
its own, whose highest memory is measured (RssAnon: without pages of mapped files).

- namespaces: all three, experimental evidence, terms with at least 10 rows; a whole
  `fit` with the defaults.
- whole: all evidence, all terms. ``--epochs`` epochs are trained (None: all that the
  defaults take), and the rest is extrapolated.
- step: what a training step costs beside flat binary cross entropy on the same net, as
  the mean ratio of steps that take turns.

    python -m benchmarks.ontology.scale [namespaces] [whole] [step] [--epochs N]
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from skorch.callbacks import Callback

from benchmarks.speed.predictions import Memory
from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.datasets import align, labels, read_annotations, read_features

RESULT = Path(__file__).parents[1] / "results" / "ontology" / "scale.json"
# Steps of each kind that are timed.
N_STEPS = 12


def rows(evidence, min_count):
    """Domains and labels of the genes that have both."""
    folder = Path(os.environ["SKLEARN_HMLC_DATA"]) / "human_go"
    hierarchy = Hierarchy.from_obo(folder / "go-2022-07-01.obo")
    annotations = read_annotations(
        folder / "human-2022.gaf.gz", hierarchy, evidence=evidence
    )
    features = read_features(folder / "pfam.tsv")
    known = features.ids.intersection(annotations.ids, sort=False)
    Y = labels(annotations, min_count=min_count, count_on=known)
    return align(features, Y)


class StopAfter(Callback):
    """Ctrl-C after some epochs; what was trained until then is a fitted model."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_begin(self, net, **_):
        if len(net.history) > self.epochs:
            raise KeyboardInterrupt


def fit(evidence, min_count, epochs):
    """Fit with the defaults, all their epochs or some; return what it took."""
    both = rows(evidence, min_count)
    stop = {} if epochs is None else {"callbacks": [StopAfter(epochs)]}
    model = HierarchicalEnsembleClassifier(
        both.hierarchy, random_state=0, net_params=stop
    )
    memory, before, cpu = Memory(), time.perf_counter(), time.process_time()
    with contextlib.suppress(KeyboardInterrupt):
        model.fit(both.data, both.target)
    seconds, cpu = time.perf_counter() - before, time.process_time() - cpu
    share = model.max_epochs_ / model.n_iter_
    return {
        "rows": len(both.ids),
        "nodes": both.hierarchy.n_nodes,
        "epochs": model.max_epochs_,
        "epochs_run": model.n_iter_,
        "minutes": seconds * share / 60,
        "cpu_minutes": cpu * share / 60,
        "mb_highest": memory.highest,
    }


class FlatBCE(torch.nn.Module):
    """Plain binary cross entropy of unconstrained outputs."""

    def forward(self, logits, y):
        target = y.to(logits.dtype).expand_as(logits)
        total = F.binary_cross_entropy_with_logits(logits, target, reduction="sum")
        return total / (logits.shape[0] * logits.shape[1])


def step():
    """Mean ratio of a step with the library's loss to one with the flat one."""
    both = rows("all", 1)
    model = HierarchicalEnsembleClassifier(
        both.hierarchy, random_state=0, net_params={"callbacks": [Keep()]}
    )
    with contextlib.suppress(KeyboardInterrupt):
        model.fit(both.data, both.target)
    net, batch = Keep.kept["net"], Keep.kept["batch"]
    losses = {"flat": FlatBCE(), "library": net.criterion_}
    seconds = {name: [] for name in losses}
    for _ in range(N_STEPS):
        for name, loss in losses.items():
            net.criterion_ = loss
            before = time.perf_counter()
            net.train_step(batch)
            seconds[name].append(time.perf_counter() - before)
    flat, own = (np.array(seconds[name][2:]) for name in losses)
    return {
        "rows": len(batch[1][0]),
        "nodes": both.hierarchy.n_nodes,
        "flat_s": flat.mean(),
        "library_s": own.mean(),
        "ratio": (own / flat).mean(),
        "ratio_sd": (own / flat).std(),
    }


class Keep(Callback):
    """Keeps the net and its first batch, and stops."""

    kept: ClassVar[dict] = {}  # of the class, since callbacks are cloned

    def on_batch_begin(self, net, batch=None, **_):
        self.kept.update(net=net, batch=batch)
        raise KeyboardInterrupt


WORK = {
    "namespaces": lambda epochs: fit("experimental", 10, epochs),
    "whole": lambda epochs: fit("all", 1, epochs),
    "step": lambda _: step(),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*WORK, []], default=[])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--one", action="store_true", help="in this process")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(WORK[args.parts[0]](args.epochs)))
        return
    found = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for part in args.parts or WORK:
        command = [sys.executable, "-m", "benchmarks.ontology.scale", part, "--one"]
        if args.epochs:
            command += ["--epochs", str(args.epochs)]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[part] = {
            name: float(f"{value:.4g}") if isinstance(value, float) else value
            for name, value in json.loads(answer.stdout.splitlines()[-1]).items()
        }
        print(part, found[part], flush=True)
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""What a training step and an epoch take on a GPU, in float32 and in bfloat16.

- step: the library's loss beside flat binary cross entropy on the same network, on
  random rows in the shapes of real data sets; steps take turns.
- waits: a step of the classifier's own, in which torch raises where the host waits for
  the device.
- epoch: the second epoch of a `fit` with the defaults on a whole ontology: the Gene
  Ontology with human genes where SKLEARN_HMLC_DATA names the folder of the data, else a
  random one of its size; and the highest memory on the device.

    python benchmarks/speed/gpu.py [--quick] [--out FILE.csv] [--device cuda:1]

Where there is no such device it says so, and that is no error.
"""

import argparse
import contextlib
import csv
import os
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.speed.training_step import (
    SHAPES,
    FlatBCE,
    hierarchy_of,
    network,
    random_rows,
    take_turns,
)
from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.losses import HierarchicalFocalLoss, node_weights

RESULT = Path(__file__).parents[1] / "results" / "gpu.csv"
PRECISIONS = ("float32", "bf16")


def computing_in(precision, device):
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def wait_for(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# -- steps -----------------------------------------------------------------------------


def make_step(net, loss, x, y, precision):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, fused=True)

    def step():
        optimizer.zero_grad()
        with computing_in(precision, x.device):
            logits = net(x)
        loss(logits.float(), y).backward()
        optimizer.step()
        wait_for(x.device)

    return step


def step_ratios(name, device, n_rounds):
    """Seconds of each step, as multiples of flat BCE in float32."""
    hierarchy = hierarchy_of(name)
    x, y = random_rows(hierarchy, SHAPES[name][-1], np.random.default_rng(0))
    weight = node_weights(y.numpy(), floor=None, power=0.5)
    steps = {}
    for precision in PRECISIONS:
        losses = {
            "flat BCE": FlatBCE(),
            "hierarchical focal loss": HierarchicalFocalLoss(
                hierarchy, node_weight=weight
            ),
        }
        for label, loss in losses.items():
            parts = network(name, hierarchy).to(device), loss.to(device)
            rows = x.to(device), y.to(device)
            steps[f"{label}, {precision}"] = make_step(*parts, *rows, precision)
    seconds = take_turns(steps, n_rounds)
    base = seconds["flat BCE, float32"]
    for label, value in seconds.items():
        yield f"step, {name} shapes", label, value, value / base


def waits(device):
    """1 where the host waits for the device within a step of the classifier's, else 0.

    The first step of a network may wait, as memory is taken.
    """
    hierarchy = hierarchy_of("cellcycle_FUN")
    x, y = random_rows(hierarchy, 64, np.random.default_rng(0))
    for precision in PRECISIONS:
        net = small(hierarchy, device, precision).fit(x.numpy(), y.numpy()).net_
        batch = x.clone(), (y,)
        net.train_step(batch)
        wait_for(device)
        found = 0.0
        torch.cuda.set_sync_debug_mode("error")
        try:
            net.train_step(batch)
        except RuntimeError as error:
            found = 1.0
            print(f"waits: {error}")
        finally:
            torch.cuda.set_sync_debug_mode("default")
        yield "waits within a step", precision, found, found


def small(hierarchy, device, precision):
    return HierarchicalEnsembleClassifier(
        hierarchy,
        max_epochs=1,
        device=device,
        precision=precision,
        random_state=0,
        warm_start=True,  # the optimiser stays
    )


# -- a whole ontology ------------------------------------------------------------------


def whole_ontology(quick):
    """Rows and labels of human genes, or random ones of the same size."""
    if quick:
        from sklearn_hmlc.datasets import make_hierarchical_multilabel

        return make_hierarchical_multilabel(1000, 50, 300, random_state=0)
    if os.environ.get("SKLEARN_HMLC_DATA"):
        from benchmarks.ontology.scale import rows

        both = rows("all", 1)
        return both.data, both.target, both.hierarchy
    from benchmarks.speed import predictions

    hierarchy = predictions.make_hierarchy()
    return predictions.make_rows(), predictions.make_labels(hierarchy), hierarchy


def epochs(device, quick):
    """Seconds of an epoch, after one that warms up, and GB on the device."""
    X, Y, hierarchy = whole_ontology(quick)
    found = {}
    for precision in PRECISIONS:
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        model = HierarchicalEnsembleClassifier(
            hierarchy, max_epochs=2, device=device, precision=precision, random_state=0
        ).fit(X, Y)
        memory = 0
        if device.type == "cuda":
            memory = torch.cuda.max_memory_allocated(device) / 2**30
        found[precision] = model.history_[-1]["dur"], memory
    for precision, (seconds, memory) in found.items():
        what = f"epoch, {Y.shape[0]} rows, {Y.shape[1]} nodes"
        yield what, precision, seconds, seconds / found["float32"][0]
        yield "peak GB on the device", precision, memory, memory


# -- all of it -------------------------------------------------------------------------


def found_device(name):
    """Return the device, or None, with a word, where there is none."""
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("There is no CUDA device here; nothing was measured.")
        return None
    return device


def measured(device, quick):
    n_rounds = 3 if quick else 30
    for name in ("cellcycle_FUN",) if quick else SHAPES:
        yield from step_ratios(name, device, n_rounds)
    if device.type == "cuda":
        yield from waits(device)
    yield from epochs(device, quick)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few and small steps")
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args()
    device = found_device(args.device)
    if device is None:
        return
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["device", "what", "variant", "value", "ratio"])
        for what, label, value, ratio in measured(device, args.quick):
            writer.writerow([name, what, label, f"{value:.4g}", f"{ratio:.3f}"])
            file.flush()
            print(f"{what:36s} {label:34s} {value:9.4f} {ratio:9.3f}", flush=True)


if __name__ == "__main__":
    main()

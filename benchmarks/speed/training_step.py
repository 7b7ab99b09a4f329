"""What coherence and weights cost: ratios of training steps within one run.

Random features and closed random labels of the shapes of real data sets; steps of the
variants take turns, so that a noisy machine slows all of them alike.

    python benchmarks/speed/training_step.py [--quick] [--out FILE.csv]

Set SKLEARN_HMLC_DATA to the folder of the real data for their hierarchies; without it
synthetic ones of the same size stand in.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy
from sklearn_hmlc.datasets import fetch_hmc, make_hierarchical_multilabel
from sklearn_hmlc.losses import HierarchicalFocalLoss, node_weights
from sklearn_hmlc.nn import MaxConstraint, MultiHeadMLP

RESULTS = Path(__file__).parents[1] / "results" / "training_step.csv"
# Name: data set, synthetic stand-in (kind, nodes), hidden width, members, batch.
SHAPES = {
    "cellcycle_FUN": ("tree", 500, 500, 10, 64),
    "cellcycle_GO": ("dag", 4126, 1000, 10, 64),
}
N_FEATURES = 77


def real_data():
    folder = os.environ.get("SKLEARN_HMLC_DATA")
    return Path(folder) if folder else None


def hierarchy_of(name):
    if real_data():
        return fetch_hmc(name, subset="test").hierarchy
    kind, n_nodes, *_ = SHAPES[name]
    return make_hierarchical_multilabel(n_nodes, 5, n_nodes, kind=kind, random_state=0)[
        2
    ]


def random_rows(hierarchy, n_rows, rng):
    labels = hierarchy.close(rng.random((n_rows, hierarchy.n_nodes)) < 4e-3)
    x = rng.normal(size=(n_rows, N_FEATURES)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(labels)


# -- the three losses ----------------------------------------------------------------


class FlatBCE(torch.nn.Module):
    """The same heads without a hierarchy, plain binary cross entropy."""

    def forward(self, logits, y):
        target = y.to(logits.dtype).expand_as(logits)
        n_members, n_rows, _ = logits.shape
        total = F.binary_cross_entropy_with_logits(logits, target, reduction="sum")
        return total / (n_members * n_rows)


class DenseLoss(torch.nn.Module):
    """The dense formula: a (B, C, C) product for each member and label."""

    def __init__(self, hierarchy, node_weight):
        super().__init__()
        reach = np.eye(hierarchy.n_nodes, dtype=bool)
        for parents, children in hierarchy.levels:
            np.logical_or.at(reach, parents, reach[children])
        self.reach = torch.from_numpy(reach).float()
        self.node_weight = torch.from_numpy(node_weight).float()
        self.scored = torch.tensor(hierarchy.scored)

    def constrained(self, p):
        return (self.reach * p[:, None]).max(dim=2).values

    def forward(self, logits, y):
        p = torch.sigmoid(logits)
        target = y.float()
        with torch.no_grad():
            margin = (2 * p.mean(0) - 1).abs()
            gate = 1 - torch.exp(-margin / (2 * p.std(0) + 1e-10))
            focal = 0.25 + 1 - gate * margin
            weight = torch.where(y, self.node_weight, 1.0) * focal * self.scored
        total = 0
        for member in p:
            positive = self.constrained(target * member)
            q = torch.where(y, positive, self.constrained(member))
            total = total + F.binary_cross_entropy(q, target, weight, reduction="sum")
        return total / (len(p) * len(y))


# -- timing --------------------------------------------------------------------------


def make_step(net, loss, x, y):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, fused=True)

    def step():
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()

    return step


def take_turns(functions, n_rounds):
    """Median seconds of each function; they take turns, after one warm-up each."""
    seconds = {name: [] for name in functions}
    for turn in range(n_rounds + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def network(name, hierarchy, n_heads=None):
    _, _, hidden, n_members, _ = SHAPES[name]
    return MultiHeadMLP(
        N_FEATURES,
        hierarchy.n_nodes,
        n_heads=n_heads or n_members,
        hidden_layer_sizes=(hidden, hidden),
    )


def losses_for(hierarchy, y):
    weight = node_weights(y.numpy(), floor=None, power=0.5)
    return {
        "flat BCE": FlatBCE(),
        "hierarchical focal loss": HierarchicalFocalLoss(hierarchy, node_weight=weight),
        "dense formula": DenseLoss(hierarchy, weight),
    }


def step_ratios(name, n_rounds, dense):
    """Seconds a step of each loss, and how often each takes that of flat BCE."""
    hierarchy = hierarchy_of(name)
    x, y = random_rows(hierarchy, SHAPES[name][-1], np.random.default_rng(0))
    losses = losses_for(hierarchy, y)
    agree(hierarchy, losses, x, y)
    steps = {
        label: make_step(network(name, hierarchy), losses[label], x, y)
        for label in ("flat BCE", "hierarchical focal loss")
    }
    seconds = take_turns(steps, n_rounds)
    if dense:
        step = make_step(network(name, hierarchy), losses["dense formula"], x, y)
        seconds |= take_turns({"dense formula": step}, 2)
    base = seconds["flat BCE"]
    for label, value in seconds.items():
        yield f"step, {name} shapes", label, value, value / base


def agree(hierarchy, losses, x, y):
    """The dense formula computes the same number; a race between equals."""
    if hierarchy.n_nodes > 1000:
        return
    torch.manual_seed(0)
    logits = network("cellcycle_FUN", hierarchy)(x).detach()
    ours, dense = (
        losses[label](logits, y).item()
        for label in ("hierarchical focal loss", "dense formula")
    )
    if abs(ours / dense - 1) > 1e-4:
        raise RuntimeError(f"The losses disagree: {ours} and {dense}.")


# -- fit against a bare loop -----------------------------------------------------------


def fit_ratio(n_rounds, batch_size, n_heads, n_epochs=2, n_rows=2476):
    """Seconds of the classifier's `fit` over those of the same steps, bare."""
    hierarchy = hierarchy_of("cellcycle_FUN")
    x, y = random_rows(hierarchy, n_rows, np.random.default_rng(0))
    points, labels = x.numpy(), y.numpy()
    weight = node_weights(labels, floor=None, power=0.5, scored=hierarchy.scored)

    def bare():
        net = network("cellcycle_FUN", hierarchy, n_heads)
        loss = HierarchicalFocalLoss(hierarchy, node_weight=weight)
        optimizer = torch.optim.Adam(
            net.parameters(), lr=1e-4, weight_decay=1e-5, fused=True
        )
        for _ in range(n_epochs):
            for rows in torch.randperm(n_rows).split(batch_size):
                optimizer.zero_grad()
                loss(net(x[rows]), y[rows]).backward()
                optimizer.step()

    classifier = HierarchicalEnsembleClassifier(
        hierarchy,
        n_estimators=n_heads,
        hidden_layer_sizes=(500, 500),
        batch_size=batch_size,
        max_epochs=n_epochs,
        random_state=0,
    )
    seconds = take_turns(
        {"bare loop": bare, "fit": lambda: classifier.fit(points, labels)}, n_rounds
    )
    for label, value in seconds.items():
        what = f"2 epochs, batch {batch_size}, {n_heads} heads"
        yield what, label, value, value / seconds["bare loop"]


# -- the max constraint by edges -----------------------------------------------------


def gene_ontology():
    """The whole ontology: is_a and part_of edges of the OBO file."""
    edges, term = [], None
    for line in (real_data() / "human_go" / "go-2022-07-01.obo").open():
        if line.startswith("id: "):
            term = line.split()[1]
        elif line.startswith("is_a: "):
            edges.append((line.split()[1], term))
        elif line.startswith("relationship: part_of "):
            edges.append((line.split()[2], term))
    return Hierarchy.from_edges(edges)


def edge_scaling(n_rounds, n_columns=64):
    """Seconds of a pass with gradient, and per edge as a multiple of the smallest."""
    whole = gene_ontology()
    rng = np.random.default_rng(0)
    functions, n_edges = {}, {}
    for share in (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1):
        part = ancestors_closed(whole, share, rng)
        label = f"{part.n_nodes} nodes, {part.n_edges} edges"
        functions[label] = constraint_pass(part, n_columns)
        n_edges[label] = part.n_edges
    seconds = take_turns(functions, n_rounds)
    smallest = next(iter(seconds))
    for label, value in seconds.items():
        per_edge = value / n_edges[label]
        ratio = per_edge / (seconds[smallest] / n_edges[smallest])
        yield "max constraint, cost an edge", label, value, ratio


def ancestors_closed(whole, share, rng):
    if share == 1:
        return whole
    chosen = rng.random((1, whole.n_nodes)) < share / 2
    kept = whole.close(chosen)[0]
    return whole.subset([whole.nodes[node] for node in np.flatnonzero(kept)])


def constraint_pass(hierarchy, n_columns):
    constraint = MaxConstraint(hierarchy)
    x = torch.randn(1, n_columns, hierarchy.n_nodes, requires_grad=True)
    y = torch.zeros(n_columns, hierarchy.n_nodes, dtype=torch.bool)
    return lambda: constraint(x, y).sum().backward()


# -- memory --------------------------------------------------------------------------


def peak_memory(name, label):
    """Peak memory of some steps in a process of their own, in GB."""
    command = [sys.executable, __file__, "--memory-of", name, label]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout)


def run_for_memory(name, label):
    hierarchy = hierarchy_of(name)
    x, y = random_rows(hierarchy, SHAPES[name][-1], np.random.default_rng(0))
    weight = node_weights(y.numpy(), floor=None, power=0.5)
    loss = (
        FlatBCE()
        if label == "flat BCE"
        else HierarchicalFocalLoss(hierarchy, node_weight=weight)
    )
    step = make_step(network(name, hierarchy), loss, x, y)
    for _ in range(3):
        step()
    print(high_water_mark())


def high_water_mark():
    """Peak resident memory of this program in GB (not its parent's, as getrusage)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 2**20
    raise RuntimeError("The kernel tells no peak memory; run this on Linux.")


def memory_rows(name):
    peaks = {
        label: peak_memory(name, label)
        for label in ("flat BCE", "hierarchical focal loss")
    }
    for label, value in peaks.items():
        yield f"peak GB, {name} shapes", label, value, value / peaks["flat BCE"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--memory-of", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory_of:
        run_for_memory(*args.memory_of)
        return
    n_rounds = 3 if args.quick else 15
    parts = [
        step_ratios("cellcycle_FUN", 2 * n_rounds, dense=True),
        step_ratios("cellcycle_GO", n_rounds, dense=False),
        memory_rows("cellcycle_FUN"),
        memory_rows("cellcycle_GO"),
        fit_ratio(max(n_rounds // 3, 2), batch_size=32, n_heads=10),
        # The paper's batch; small steps show what the loop does besides.
        fit_ratio(max(n_rounds // 3, 2), batch_size=4, n_heads=1),
        fit_ratio(max(n_rounds // 5, 2), batch_size=4, n_heads=10, n_rows=800),
    ]
    if real_data():
        parts.append(edge_scaling(n_rounds))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "variant", "value", "ratio"])
        for part in parts:
            for what, label, value, ratio in part:
                writer.writerow([what, label, f"{value:.4g}", f"{ratio:.3f}"])
                print(f"{what:32s} {label:28s} {value:9.4f} {ratio:9.3f}", flush=True)


if __name__ == "__main__":
    main()

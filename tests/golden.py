"""The golden numbers: what the published reference computed on random hierarchies."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_hmlc import Hierarchy

NAMES = ("tree_C40_H1", "tree_C60_H5", "dag_C50_H4", "dag_C120_H10")

# Our name of a measure -> the reference's.
MODES = {
    "bma": "mean",
    "gmu": "pcs",
    "predictive": "predictive",
    "aleatoric": "aleatoric",
    "epistemic_js": "epistemic",
    "epistemic_kl": "epistemic_kl",
}


class Golden:
    """One file, with its hierarchy and its logits and labels as tensors."""

    def __init__(self, path):
        self.numbers = dict(np.load(path))
        n_nodes = self.numbers["logits"].shape[-1]
        self.hierarchy = Hierarchy.from_edges(
            self.numbers["edges"], nodes=range(n_nodes)
        )
        # The files' numbering is topological, so no columns need to move.
        assert self.hierarchy.nodes == tuple(range(n_nodes))
        self.logits = torch.tensor(self.numbers["logits"])
        self.y = torch.tensor(self.numbers["y"])

    def __getitem__(self, key):
        return self.numbers[key]

    def __contains__(self, key):
        return key in self.numbers


HERE = Path(__file__).parent / "data"


@pytest.fixture(params=NAMES)
def golden_file(request):
    """A file of numbers: the two small ones in every clone, the others by the data."""
    here = HERE / f"{request.param}.npz"
    if here.exists():
        return here
    return request.getfixturevalue("golden_dir") / here.name


@pytest.fixture
def golden(golden_file):
    return Golden(golden_file)

"""What the options of ``hmlc`` may be, and are if they are not given.

Stage: the door. The library has all of this too; it is said again here, and compared
with it by the tests, since importing the library takes seconds that ``--help`` and a
mistyped option should not.
"""

from __future__ import annotations

from typing import NamedTuple

#: What suits the rows.
AUTO = "auto"

#: Parameters of the classifier that ``hmlc fit`` has options for.
PARAMETERS = {
    "n_estimators": 5,
    "ensemble": "heads",
    "hidden_layer_sizes": AUTO,
    "dropout": AUTO,
    "threshold": 0.5,
    "max_epochs": AUTO,
    "batch_size": AUTO,
    "lr": AUTO,
    "early_stopping": False,
    "checkpoint": None,
    "checkpoint_every": 5.0,
    "uncertainty": "gmu",
    "node_weight": "binary",
    "node_weight_power": 0.5,
}
ENSEMBLES = ("dropout", "heads", "last_layer")
MEASURES = (
    *("bma", "gmu", "mutual_information", "predictive", "aleatoric"),
    *("epistemic_kl", "epistemic_js"),
)
SCHEMES = ("binary", "class-wise")
STRATEGIES = ("prevalence", "f1")
#: The network alone, or what `make_rare_node_ensemble` makes.
KINDS = ("network", "best")
FORMATS = ("long", "cafa", "wide")

#: Edges of an ontology whose upper end is an ancestor.
RELATIONS = ("is_a", "part_of")
#: Evidence of the annotations that are read.
EVIDENCE = "experimental"
EVIDENCE_SETS = ("experimental", "curated", "all")

#: In place of a file of edges: the names of nodes are paths, such as 01/01/03.
CODES = "codes"

#: How many folds tune thresholds.
FOLDS = 5


class Size(NamedTuple):
    """How large the demo's data and networks are."""

    n_samples: int
    n_nodes: int
    heads: int
    epochs: int
    hidden: tuple[int, ...]
    dropout: float
    lr: float


FULL = Size(4000, 200, 10, 20, hidden=(500, 500), dropout=0.7, lr=1e-3)
QUICK = Size(1500, 60, 3, 10, hidden=(200, 200), dropout=0.5, lr=3e-3)

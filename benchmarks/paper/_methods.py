"""What is compared: each method as parameters of public estimators.

All are networks of one size and, but for those that say otherwise, with one budget:
four members (where nothing else is said), two hidden layers of 300, dropout 0.7, Adam
at 3e-3 (for heads on valid rows better than 1e-3 and 2e-3, in half the epochs), batches
of 64 rows.
"""

from sklearn_hmlc import LPROS, HierarchicalEnsembleClassifier, paper_defaults
from sklearn_hmlc.over_sampling import HROSPD, MLROS
from sklearn_hmlc.postprocessing import CoherentClassifier
from sklearn_hmlc.uncertainty import MEASURES

BUDGET = {
    "n_estimators": 4,
    "hidden_layer_sizes": (300, 300),
    "batch_size": 64,
    "lr": 3e-3,
}

# The three ways to weigh a node, and none.
NONE = {"node_weight": None}
PUBLISHED = {  # on negatives, counted over subtrees
    name: value
    for name, value in paper_defaults().items()
    if name.startswith("node_weight")
}
FULL = {  # on positives, as the paper's words have it
    "node_weight": "binary",
    "node_weight_power": 1.0,
    "node_weight_floor": 0.25,
}
CLASS_WISE = {**FULL, "node_weight": "class-wise"}
TEMPERED = {}  # the library's defaults

UNFOCUSED = {"uncertainty": None}
SAMPLERS = {"LPROS": LPROS, "MLROS": MLROS, "HROSPD": HROSPD}
BASELINE, HEADS, DEFAULTS = "one head", "heads", "defaults"
# The budget was chosen for heads without weights, on valid rows. Losses with weights
# learn best at a lower rate; so these have a rate and a number of epochs of their own.
OWN_BUDGET = ("defaults, own budget", "published + gmu, own budget")
OWN_RATE = 1e-3


def _methods():
    """Yield (name, parameters beyond the budget)."""
    plain = {**NONE, **UNFOCUSED}
    yield "flat BCE", {**plain, "n_estimators": 1}
    yield BASELINE, {**plain, "n_estimators": 1}
    yield HEADS, plain
    yield DEFAULTS, {}
    weights = {
        "published": PUBLISHED,
        "class-wise on positives": CLASS_WISE,
        "binary on positives": FULL,
        "tempered": TEMPERED,
    }
    for name, params in weights.items():
        yield f"weights {name}", {**params, **UNFOCUSED}
    for measure in MEASURES:
        yield f"focal {measure}", {**NONE, "uncertainty": measure}
    for measure in MEASURES:
        yield f"published + {measure}", {**PUBLISHED, "uncertainty": measure}
    for mix in (0.25, 0.5, 0.75):
        yield f"published + gmu, mix {mix}", {**PUBLISHED, "mix": mix}
    for schedule in ("linear", "power", "alternating"):
        yield f"published + gmu, {schedule}", {**PUBLISHED, "schedule": schedule}
    for members in (2, 5, 10):
        yield f"published + gmu, M {members}", {**PUBLISHED, "n_estimators": members}
    yield "published + gmu, dropout", {**PUBLISHED, "ensemble": "dropout"}
    yield "defaults, dropout", {"ensemble": "dropout"}
    for sampler in SAMPLERS:
        yield sampler, {**plain, "sampler": sampler}
        yield f"{sampler} + published + gmu", {**PUBLISHED, "sampler": sampler}
        yield f"{sampler} + defaults", {"sampler": sampler}


METHODS = dict(_methods())
METHODS["binary on positives + gmu"] = FULL
for _name in OWN_BUDGET:
    METHODS[_name] = {**METHODS[_name.removesuffix(", own budget")], "lr": OWN_RATE}


def budget_of(method):
    """Return the method for which a method's number of epochs was chosen."""
    return method if method in OWN_BUDGET else HEADS


# For the large data sets, and what the quick profile runs.
MAIN = [
    "flat BCE",
    BASELINE,
    HEADS,
    "weights published",
    "focal gmu",
    "published + gmu",
    "published + bma",
    "binary on positives + gmu",
    DEFAULTS,
    "LPROS",
    "LPROS + published + gmu",
    "LPROS + defaults",
    *OWN_BUDGET,
]


def make(method, hierarchy, max_epochs, seed):
    """Return the method's estimator, to be fitted on scaled features."""
    params = {**BUDGET, **METHODS[method]}
    if "sampler" in params:
        sampler = SAMPLERS[params["sampler"]]
        # Pipelines of scikit-learn's own take no sampler; the classifier does.
        params["sampler"] = sampler(hierarchy=hierarchy)
    params |= {"max_epochs": max_epochs, "random_state": seed}
    if method == "flat BCE":
        return CoherentClassifier(HierarchicalEnsembleClassifier(**params), hierarchy)
    return HierarchicalEnsembleClassifier(hierarchy, **params)

"""Who is compared: this library's recipe and its parts, and what people pick instead.

Parameters are those that each author recommends or sets by default; nothing was tuned
on test rows. Peers that know no hierarchy stand in `CoherentClassifier`, which makes
their probabilities obey it (the maximum over descendants).
"""

from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, make_rare_node_ensemble
from sklearn_hmlc._recipe import POOLED
from sklearn_hmlc.experts import (
    HierarchicalForestClassifier,
    KernelHierarchyClassifier,
)
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier

from ._boomer import Boomer
from ._clus import ClusForest


def standardized(estimator):
    """Medians for what is missing, mean 0 and variance 1."""
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    return make_pipeline(impute, StandardScaler(), estimator)


def network(hierarchy, seed, **params):
    return standardized(
        HierarchicalEnsembleClassifier(hierarchy, random_state=seed, **params)
    )


PLAIN = {"node_weight": None, "uncertainty": None}


def recipe(hierarchy, seed):
    return make_rare_node_ensemble(hierarchy, random_state=seed)


def recipe_without_shrinkage(hierarchy, seed):
    """The recipe with rare nodes left to themselves: what leaning on parents brings."""
    return make_rare_node_ensemble(hierarchy, shrinkage=0, random_state=seed)


def defaults(hierarchy, seed):
    return network(hierarchy, seed)


def one_head(hierarchy, seed):
    """A coherent head as it is published: no weights, decisions at 0.5."""
    return network(hierarchy, seed, n_estimators=1, **PLAIN)


def tuned_heads(hierarchy, seed):
    """Five heads without weights, thresholds tuned as the recipe's."""
    heads = network(hierarchy, seed, **PLAIN)
    return NodeThresholdClassifier(
        heads, hierarchy, strategy="f1", pooled=POOLED, random_state=seed
    )


def forest(hierarchy, seed):
    return HierarchicalForestClassifier(hierarchy, random_state=seed)


def kernel(hierarchy, seed):
    return standardized(KernelHierarchyClassifier(hierarchy, random_state=seed))


def random_forest(hierarchy, seed):
    trees = RandomForestClassifier(200, min_samples_leaf=3, random_state=seed)
    return CoherentClassifier(standardized(trees), hierarchy)


def extra_trees(hierarchy, seed):
    trees = ExtraTreesClassifier(200, min_samples_leaf=3, random_state=seed)
    return CoherentClassifier(standardized(trees), hierarchy)


def neighbors(hierarchy, _):
    nearest = KNeighborsClassifier(30, weights="distance")
    return CoherentClassifier(standardized(nearest), hierarchy)


def mlp(hierarchy, seed):
    layers = MLPClassifier((500, 500), early_stopping=True, random_state=seed)
    return CoherentClassifier(standardized(layers), hierarchy)


def logistic_regression(hierarchy, _):
    one = OneVsRestClassifier(LogisticRegression(solver="liblinear"))
    return CoherentClassifier(standardized(one), hierarchy)


def boosting(hierarchy, seed):
    from lightgbm import LGBMClassifier

    one = LGBMClassifier(n_estimators=50, random_state=seed, n_jobs=1, verbose=-1)
    return CoherentClassifier(OneVsRestClassifier(one), hierarchy)


METHODS = {
    "recipe": recipe,
    "recipe, shrinkage 0": recipe_without_shrinkage,
    "network": defaults,
    "forest": forest,
    "kernel": kernel,
    "one head": one_head,
    "five heads, tuned": tuned_heads,
    "Clus forest": ClusForest,
    "random forest": random_forest,
    "extra trees": extra_trees,
    "30 neighbours": neighbors,
    "MLP": mlp,
    "logistic regression": logistic_regression,
    "LightGBM": boosting,
    "BOOMER": Boomer,
}
OURS = (
    *("recipe", "recipe, shrinkage 0", "network", "forest", "kernel", "one head"),
    "five heads, tuned",
)
# Hours on the larger sets.
SLOW = ("LightGBM", "BOOMER")

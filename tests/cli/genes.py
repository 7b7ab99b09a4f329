"""A small piece of the Gene Ontology with annotations and domains, and its commands."""

from pathlib import Path

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import read_annotations, read_features

FOLDER = Path(__file__).parents[1] / "data" / "ontology"
OBO = str(FOLDER / "go_excerpt.obo")
GAF = str(FOLDER / "go_excerpt.gaf")
DOMAINS = str(FOLDER / "go_excerpt_domains.tsv")

FILES = ["--ontology", OBO, "--annotations", GAF, "--features", DOMAINS]
TINY = ["--heads", "2", "--hidden", "8", "--epochs", "2", "--quiet"]
PARAMS = {
    "n_estimators": 2,
    "hidden_layer_sizes": (8,),
    "max_epochs": 2,
    "random_state": 0,
}


def read():
    """Annotations and features, by the functions of the library."""
    annotations = read_annotations(GAF, Hierarchy.from_obo(OBO))
    return annotations, read_features(DOMAINS)


def common():
    """Ids of the rows that have both, in the order of the features."""
    annotations, features = read()
    return features.ids[features.ids.isin(annotations.ids)]

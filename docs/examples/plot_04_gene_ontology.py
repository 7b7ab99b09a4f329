"""
Gene functions from OBO and GAF
===============================

From an ontology, annotations and protein domains to a ranked table of functions with
their names. The files are excerpts that come with the source of the library: a few
terms of the Gene Ontology and a dozen human genes. Whole ones are read in the same way
(``go-basic.obo``, ``goa_human.gaf.gz``). This needs the extra ``ontology``.
"""

import os
from pathlib import Path

import sklearn_hmlc
from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import align, labels, read_annotations, read_features

source = Path(sklearn_hmlc.__file__).parents[1]
folder = Path(os.path.relpath(source / "tests/data/ontology"))  # or yours
go = Hierarchy.from_obo(folder / "go_excerpt.obo")
go

# %%
# Of the annotations, those from experiments and the like are kept. The report says what
# became of every line.

annotations = read_annotations(folder / "go_excerpt.gaf", go)
print(annotations.report)

# %%
# Features are lists of domains here; tables of numbers and embeddings are read by the
# same function. Two genes are kept aside. Terms that fewer than two of the others have
# can't be learnt.

aside = ["3806", "388555"]
domains = read_features(folder / "go_excerpt_domains.tsv")
known = domains.ids.intersection(annotations.ids).difference(aside)
genes = align(domains, labels(annotations, min_count=2, count_on=known))
print(domains.report)
print(genes.report)
print(genes.data.shape, genes.target.shape)

# %%
# Ten genes to learn from are far too few for a model that is any good. What this shows
# is the way, and that all has names in the end:

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.predictions import predict_top

model = HierarchicalEnsembleClassifier(
    genes.hierarchy, n_estimators=5, hidden_layer_sizes=(50,), random_state=0
)
new = genes.ids.isin(aside)
model.fit(genes.data[~new], genes.target[~new])
predict_top(model, genes.data[new], k=4, ids=genes.ids[new], most_specific=True)

# %%
# The first of the two, with what is known of it:

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import HierarchyDisplay

display = HierarchyDisplay.from_estimator(
    model, genes.data[new][[0]], genes.target[new][[0]]
)
plt.show()

# %%
# The command line does all of this too, and measures rows that were held out; see
# :doc:`/user_guide/command_line`. Files for CAFA are written by
# `sklearn_hmlc.predictions.write_predictions`.

"""
Your own CSV files
==================

Two tables are enough: one of features and one of labels, with the same ids. The labels
here are path codes such as ``plant/tree/oak``, from which the hierarchy follows. The
script writes two such files, so that there is something to read; put the paths of yours
in their place.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from sklearn_hmlc.datasets import align, labels, read_annotations, read_features

SPECIES = [
    "plant/tree/oak",
    "plant/tree/birch",
    "plant/herb/mint",
    "animal/bird/owl",
    "animal/bird/crane",
    "animal/insect/bee",
]
rng = np.random.default_rng(0)
site = [f"site{number}" for number in range(400)]
habitat = rng.normal(size=(400, 8)).round(3)
affinity = habitat @ rng.normal(size=(8, 6)) + rng.normal(size=(400, 6))
seen = affinity > [1, 1, 2, 2, 3, 1]
folder = TemporaryDirectory()
features_file, labels_file = (
    Path(folder.name, name) for name in ("habitat.csv", "seen.csv")
)
pd.DataFrame(habitat, site).add_prefix("x").rename_axis("site").to_csv(features_file)
pd.DataFrame(
    {
        "site": site,
        "species": [
            ";".join(name for name, yes in zip(SPECIES, row, strict=True) if yes)
            for row in seen
        ],
    }
).query("species != ''").to_csv(labels_file, index=False)
print(labels_file.read_text()[:120])

# %%
# Reading
# -------
#
# Whatever is read says what became of it. `~sklearn_hmlc.datasets.align` puts both
# tables into one order by their ids, and says which ids only one of them has.

features = read_features(features_file)
annotations = read_annotations(labels_file, id_column="site", term_column="species")
print(features.report)
print(annotations.report)
sites = align(features, labels(annotations))
print(sites.report)
sites.hierarchy

# %%
# Fitting
# -------
#
# The last 50 sites are kept aside. The classifier is the last step of a pipeline, as
# networks need features on one scale.

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier

model = make_pipeline(
    StandardScaler(),
    HierarchicalEnsembleClassifier(
        sites.hierarchy, n_estimators=4, hidden_layer_sizes=(50,), random_state=0
    ),
)
model.fit(sites.data[:-50], sites.target[:-50])
print(f"AU(PRC): {model.score(sites.data[-50:], sites.target[-50:]):.3f}")

# %%
# What is where?
# --------------
#
# The most specific nodes of each row, the best first, with names. ``decision`` is what
# ``predict`` says; its values are other ones than the probabilities, see
# :ref:`sphx_glr_gallery_plot_06_two_answers.py`.

from sklearn_hmlc.predictions import predict_top

new, new_ids = sites.data[-50:], sites.ids[-50:]
ranked = predict_top(model, new, k=3, ids=new_ids, most_specific=True)
ranked.head(6)

# %%
# And a picture of one site:

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import HierarchyDisplay

HierarchyDisplay.from_estimator(model, new.iloc[:1], sites.target[[-50]])
plt.show()

# %%
folder.cleanup()  # of the made-up files

"""
FunCat from an ARFF file
========================

The benchmarks of the field, yeast genes with functions of the FunCat among them, are
ARFF files in the dialect of Clus: one attribute declares the hierarchy, ``@`` separates
the labels of a row. The script writes a small one. For a real one, call
``fetch_hmc("cellcycle_FUN")``, which downloads it once.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sklearn_hmlc.datasets import read_arff

CODES = ["01", "01/01", "01/03", "10", "10/01", "10/03", "20", "20/01", "20/09"]
LEAVES = [code for code in CODES if "/" in code]
rng = np.random.default_rng(0)
n_genes = 600
strand = rng.integers(2, size=n_genes)
expression = rng.normal(size=(n_genes, 6))
score = expression @ rng.normal(size=(6, 6)) + rng.normal(size=(n_genes, 6))
has = score > [1, 2, 2.5, 1.5, 3, 4]
has[np.arange(n_genes), (score - [1, 2, 2.5, 1.5, 3, 4]).argmax(axis=1)] = True

lines = ["@relation genes", "@attribute strand {w,c}"]
lines += [f"@attribute expression{number} numeric" for number in range(6)]
lines += [f"@attribute class hierarchical {','.join(CODES)}", "@data"]
for gene in range(n_genes):
    numbers = ",".join(f"{value:.2f}" for value in expression[gene])
    names = "@".join(np.array(LEAVES)[has[gene]])
    lines.append(f"{'wc'[strand[gene]]},{numbers},{names}")
lines[20] = lines[20].replace(lines[20].split(",")[1], "?", 1)  # a missing value
with TemporaryDirectory() as folder:
    path = Path(folder, "genes.arff")
    path.write_text("\n".join(lines))
    genes = read_arff(path)

# %%
# Features are a frame, in which nominal columns are categories and missing values NaN.
# Labels are closed: whoever has ``01/03`` has ``01``.

genes.data.head(3)

# %%

print(genes.hierarchy)
print(genes.target_names)

# %%
# So the pipeline encodes, fills gaps and scales. This is the one to use for the real
# files as well:

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier

X_train, X_test, Y_train, Y_test = train_test_split(
    genes.data, genes.target, random_state=0
)
model = make_pipeline(
    make_column_transformer(
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_include="category"),
        ),
        remainder="passthrough",
    ),
    SimpleImputer(keep_empty_features=True),
    StandardScaler(),
    HierarchicalEnsembleClassifier(
        genes.hierarchy, n_estimators=4, hidden_layer_sizes=(50,), random_state=0
    ),
)
model.fit(X_train, Y_train)

# %%
# A gene of the test rows. The root of the FunCat says nothing of a gene and is not
# scored, so it is not in the picture.

import matplotlib.pyplot as plt

from sklearn_hmlc.plotting import HierarchyDisplay

HierarchyDisplay.from_estimator(model, X_test[:1], Y_test[[0]])
plt.show()

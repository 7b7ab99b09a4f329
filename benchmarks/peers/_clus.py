"""Clus's random forest of predictive clustering trees, as a program beside this one.

CLUS_JAR names its jar (``pip download pyclus`` ships one; GPL), which is run by Java:
rows go in and probabilities come out as ARFF files. Its settings are those of its
authors for hierarchies: weights of .75 per level, at least 5 rows in a leaf.
"""

import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

# What Clus copies by reflection, which Java 17 asks to be allowed.
OPENS = [
    f"--add-opens=java.base/java.{name}=ALL-UNNAMED"
    for name in ("io", "lang", "lang.reflect", "math", "net", "text", "util")
]

SETTINGS = """[General]
Verbose = 0
RandomSeed = {seed}
[Data]
File = train.arff
TestSet = test.arff
[Attributes]
Descriptive = 1-{n_features}
Target = {target}
[Hierarchical]
Type = {kind}
WType = ExpAvgParentWeight
WParam = 0.75
HSeparator = /
[Model]
MinimalWeight = 5
[Ensemble]
Iterations = {n_trees}
EnsembleMethod = RForest
[Output]
WritePredictions = Test
"""


class ClusForest:
    """A forest that is grown when it predicts: training and test rows in one run."""

    def __init__(self, hierarchy, seed, n_trees=100):
        self.hierarchy, self.seed, self.n_trees = hierarchy, seed, n_trees

    def fit(self, X, Y):
        self.X, self.Y = X, Y
        return self

    def predict_proba(self, X):
        names = [f"n{node}" for node in range(self.hierarchy.n_nodes)]
        with TemporaryDirectory() as folder:
            folder = Path(folder)
            self._write(folder / "train.arff", names, self.X, self.Y)
            # Labels of test rows are asked for, and are no matter for predictions.
            none = self.Y[np.zeros(len(X), dtype=int)]
            self._write(folder / "test.arff", names, X, none)
            (folder / "exp.s").write_text(
                SETTINGS.format(
                    seed=self.seed,
                    n_features=X.shape[1],
                    target=X.shape[1] + 1,
                    kind="DAG",
                    n_trees=self.n_trees,
                )
            )
            jar = os.environ["CLUS_JAR"]
            subprocess.run(
                ["java", *OPENS, "-Xmx8g", "-jar", jar, "-forest", "exp.s"],
                cwd=folder,
                check=True,
                capture_output=True,
            )
            return self._read(folder / "exp.test.pred.arff", names)

    def predict(self, X):
        return self.predict_proba(X) >= 0.5

    def _write(self, path, names, X, Y):
        specific = self.hierarchy.most_specific(Y)
        edges = [("root", names[k]) for k in self._roots()]
        edges += [(names[a], names[b]) for a, b in self._edges()]
        pairs = ",".join("/".join(edge) for edge in edges)
        with path.open("w") as file:
            file.write("@relation rows\n")
            file.writelines(f"@attribute f{k} numeric\n" for k in range(X.shape[1]))
            file.write(f"@attribute class hierarchical {pairs}\n@data\n")
            for row, numbers in enumerate(X):
                own = specific.indices[specific.indptr[row] : specific.indptr[row + 1]]
                values = ["?" if np.isnan(x) else f"{x:.9g}" for x in numbers]
                labels = "@".join(names[k] for k in own)
                file.write(",".join([*values, labels or "root"]) + "\n")

    def _roots(self):
        return [
            k
            for k, node in enumerate(self.hierarchy.nodes)
            if not self.hierarchy.parents(node)
        ]

    def _edges(self):
        for parents, children in self.hierarchy.levels:
            yield from zip(parents.tolist(), children.tolist(), strict=True)

    def _read(self, path, names):
        columns, rows, data = [], [], False
        for line in path.read_text().splitlines():
            if line.lower().startswith("@attribute"):
                columns.append(line.split(None, 1)[1].rsplit(None, 1)[0].strip())
            elif line.lower().startswith("@data"):
                data = True
            elif data and line:
                rows.append(line.split(","))
        column = {}
        for number, name in enumerate(columns):
            found = re.match(r"Forest.*-p-(\S+)", name)
            if found:
                column[found[1]] = number
        wanted = [column[name] for name in names]
        return np.array([[float(row[k]) for k in wanted] for row in rows])

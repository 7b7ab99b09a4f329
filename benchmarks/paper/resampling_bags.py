"""Bags of label sets on gene data, and what LPROS can add for each ``labelset``.

Training rows (train and valid) of cellcycle_FUN and cellcycle_GO, a quarter more rows
asked for. Run: ``python benchmarks/paper/resampling_bags.py``.
"""

import csv
import warnings
from pathlib import Path

import numpy as np

from sklearn_hmlc.datasets import fetch_hmc
from sklearn_hmlc.over_sampling import LPROS, SamplingWarning

DATASETS = ("cellcycle_FUN", "cellcycle_GO")
LABELSETS = ("all", "leaves", 1, 2, 3, 4, 5)
# The second lets a bag grow to 3 rows: what is left to try where the mean is below 2.
MAX_BAGS = ("mean", 3)
RESULT = Path(__file__).parents[1] / "results" / "resampling_bags.csv"


def describe(name, data, sampler):
    """Fit a sampler and put its bags and clones in a row of the table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplingWarning)
        sampler.fit(data.data, data.target)
    sizes = np.bincount(sampler.bags_)
    limit = sizes.mean() if sampler.max_bag == "mean" else sampler.max_bag
    minority = sizes[sizes < limit]
    return {
        "dataset": name,
        "labelset": sampler.labelset,
        "max_bag": sampler.max_bag,
        "rows": sizes.sum(),
        "bags": len(sizes),
        "mean_rows_a_bag": f"{sizes.mean():.2f}",
        "largest_bag": sizes.max(),
        "minority_bags": len(minority),
        "of_a_single_row": np.count_nonzero(minority == 1),
        "clones_asked": sampler.n_requested_,
        "clones_added": sampler.n_added_,
        "rows_cloned": len(np.unique(sampler.sample_indices_[sizes.sum() :])),
    }


def main():
    rows = []
    for name in DATASETS:
        data = fetch_hmc(name, subset=("train", "valid"))
        for max_bag in MAX_BAGS:
            for labelset in LABELSETS:
                sampler = LPROS(
                    labelset=labelset,
                    hierarchy=data.hierarchy,
                    max_bag=max_bag,
                    random_state=0,
                )
                rows.append(describe(name, data, sampler))
                print(*rows[-1].values(), sep="\t")
    with RESULT.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

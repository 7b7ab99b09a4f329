"""scikit-learn's own checks over the mean of experts."""

from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_hmlc.experts import CoherentVotingClassifier, NeighborsHierarchyClassifier
from sklearn_hmlc.postprocessing import CoherentClassifier

ROWS = NeighborsHierarchyClassifier(n_neighbors=3)
SCALED = make_pipeline(StandardScaler(with_mean=False), ROWS)
BY_FOLDS = CoherentClassifier(KNeighborsClassifier(3))

# Chosen weights stand on probabilities of rows held out, by leaving one of two equal
# rows out or by folds of so many rows: two rows of weight 1 are not one of weight 2.
OF_CHOSEN_WEIGHTS = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "folds and leave-one-out see a row of weight 2 and two rows in other ways"
    )
    for kind in ("dense", "sparse")
}


@parametrize_with_checks(
    [
        CoherentVotingClassifier([("one", SCALED), ("two", BY_FOLDS)]),
        CoherentVotingClassifier([("one", ROWS), ("two", ROWS)], weights=[2, 1]),
    ],
    expected_failed_checks=lambda estimator: (
        OF_CHOSEN_WEIGHTS if estimator.weights == "auto" else {}
    ),
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)

"""scikit-learn's own checks over the experts."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_hmlc.experts import NeighborsHierarchyClassifier

ESTIMATORS = [
    NeighborsHierarchyClassifier(n_neighbors=3),
    NeighborsHierarchyClassifier(n_neighbors=3, metric="euclidean"),
    NeighborsHierarchyClassifier(n_neighbors=3, metric="nan_euclidean"),
]

EXPECTED_FAILURES = {}


@parametrize_with_checks(
    ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED_FAILURES
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)

"""scikit-learn's own checks over the experts."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_hmlc.experts import (
    KernelHierarchyClassifier,
    NeighborsHierarchyClassifier,
)

ESTIMATORS = [
    NeighborsHierarchyClassifier(n_neighbors=3),
    NeighborsHierarchyClassifier(n_neighbors=3, metric="euclidean"),
    NeighborsHierarchyClassifier(n_neighbors=3, metric="nan_euclidean"),
    KernelHierarchyClassifier(alphas=(0.1, 1.0)),
    KernelHierarchyClassifier(kernel="linear", alphas=[0.1]),
    KernelHierarchyClassifier(n_components=8, random_state=0),
]

EXPECTED_FAILURES = {
    "check_classifiers_multilabel_output_format_predict_proba": (
        "it expects probabilities above 0, and scores below 0 become 0"
    ),
}


def expected_failures(estimator):
    return EXPECTED_FAILURES if estimator.get_params().get("kernel") == "linear" else {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)

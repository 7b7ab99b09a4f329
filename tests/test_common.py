"""scikit-learn's own checks over the estimator."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_hmlc import HierarchicalEnsembleClassifier

EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "training draws mini-batches at random, so a row of weight 2 and two rows of "
        "weight 1 give different nets"
    ),
    "check_sample_weight_equivalence_on_sparse_data": (
        "training draws mini-batches at random, so a row of weight 2 and two rows of "
        "weight 1 give different nets"
    ),
}


def small_classifier(**params):
    """Return a classifier that trains in a blink and still learns blobs."""
    settings = {
        "n_estimators": 2,
        "hidden_layer_sizes": (32,),
        "dropout": 0.0,
        "lr": 0.01,
        "max_epochs": 20,
    }
    return HierarchicalEnsembleClassifier(**{**settings, **params})


@parametrize_with_checks(
    [small_classifier()], expected_failed_checks=lambda estimator: EXPECTED_FAILURES
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)

"""scikit-learn's own checks over the forest."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_hmlc.experts import HierarchicalForestClassifier

FORESTS = [
    HierarchicalForestClassifier(n_estimators=10, min_samples_leaf=1),
    HierarchicalForestClassifier(
        n_estimators=10, min_samples_leaf=1, splitter="best", bootstrap=True
    ),
]

ZEROS = {
    "check_classifiers_multilabel_output_format_predict_proba": (
        "it expects probabilities above 0 and below 1, and leaves of a single row have "
        "just these two"
    ),
}
DRAWN = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "bootstrap samples are drawn, so a row of weight 2 and two rows of weight 1 "
        "are not drawn alike"
    )
    for kind in ("dense", "sparse")
}


def expected_failures(forest):
    return {**ZEROS, **DRAWN} if forest.bootstrap else ZEROS


@parametrize_with_checks(FORESTS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)

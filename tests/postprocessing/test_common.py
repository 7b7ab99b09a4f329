"""scikit-learn's own checks over the meta-estimators."""

from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier

INNER = KNeighborsClassifier(3)


EXPECTED_FAILURES = {
    "check_classifiers_multilabel_output_format_predict_proba": (
        "it expects probabilities above 0, and nearest neighbours give 0 as well"
    ),
}


@parametrize_with_checks(
    [CoherentClassifier(INNER), NodeThresholdClassifier(INNER, cv=2)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)

"""imbalanced-learn's and scikit-learn's own checks over every sampler."""

import warnings

import pytest
from imblearn.base import is_sampler
from imblearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    estimator_checks_generator,
)
from sklearn.utils.estimator_checks import (
    _get_check_estimator_ids,
)
from sklearn.utils.estimator_checks import (
    estimator_checks_generator as sklearn_checks_generator,
)

from sklearn_hmlc import Hierarchy, over_sampling
from sklearn_hmlc.over_sampling import (
    HROSPD,
    LPROS,
    MLROS,
    BaseMultiLabelSampler,
    SamplingWarning,
)

SAMPLERS = [
    LPROS(random_state=0),
    LPROS(max_bag=2000, random_state=0),
    MLROS(random_state=0),
    HROSPD(random_state=0),
]
# Their checks' classes, which must be nodes, are 0 to 2 and 0 to 3.
IMBLEARN_HROSPD = HROSPD(Hierarchy.flat(range(3)), random_state=0)
SKLEARN_HROSPD = HROSPD(Hierarchy.flat(range(4)), random_state=0)


def expected_failed_checks(sampler):
    if isinstance(sampler, HROSPD) and sampler.hierarchy is None:
        return {}  # without the hierarchy it refuses multi-label y
    return {
        "check_target_type": (
            "it asserts that multi-label y raises, which is what these samplers are for"
        )
    }


def _checks(generator, samplers):
    """List what `parametrize_with_checks` of either library would run."""
    return [
        check
        for sampler in samplers
        for check in generator(
            sampler,
            expected_failed_checks=expected_failed_checks(sampler),
            mark="xfail",
        )
    ]


@pytest.fixture(autouse=True)
def _ignore_shortfall():
    """The checks' data sets often leave no room for a quarter more rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplingWarning)
        yield


def test_every_public_sampler_is_checked():
    public = {
        value
        for value in vars(over_sampling).values()
        if isinstance(value, type) and issubclass(value, BaseMultiLabelSampler)
    }
    assert {type(sampler) for sampler in SAMPLERS} == public - {BaseMultiLabelSampler}
    assert all(is_sampler(sampler) for sampler in SAMPLERS)


@pytest.mark.parametrize(
    ("estimator", "check"),
    _checks(estimator_checks_generator, [*SAMPLERS, IMBLEARN_HROSPD]),
    ids=_get_check_estimator_ids,
)
def test_imbalanced_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"),
    _checks(sklearn_checks_generator, [*SAMPLERS, SKLEARN_HROSPD]),
    ids=_get_check_estimator_ids,
)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=_get_check_estimator_ids)
@pytest.mark.parametrize(
    "check", [check_param_validation, check_dataframe_column_names_consistency]
)
def test_checks_that_imbalanced_learn_runs_apart(sampler, check):
    check(type(sampler).__name__, sampler)
